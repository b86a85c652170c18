"""What is seen in a notebook beside figures and tables: the playground, in ipywidgets."""
