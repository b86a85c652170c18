"""The course page in JupyterLab: what the server answers, the page itself, and settings for learners."""
