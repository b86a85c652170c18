"""Grade what a class handed in: `python -m tools.grading 01`, or `make grade LESSON=01`.

`__main__` is the command. `nbgrader` takes the steps that nbgrader knows, and `execute` runs a submission: answer cells
in a kernel of our own (`kernel`), which judges with what it kept before the first answer ran (`guard`). `files` puts
back what an answer did to files, `report` writes the table. `rehearsal` is a class of five, to try all of it.
"""
