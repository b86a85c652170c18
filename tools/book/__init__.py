"""The course as a book, `make book`: a site that Sphinx makes from the committed pages and notebooks; nothing is run.

`outline` says which pages there are and in which order. `staging` copies them into a hidden folder and fixes by rule
what a site reads in another way than JupyterLab and GitHub. `__main__` has Sphinx build the copies into build/book.
What it needs is in an environment of its own, .venv-book, which `environment` makes from requirements/book.txt.
"""
