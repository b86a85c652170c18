"""What nbgrader must know of this course. It reads this file where it is called, which is the course's top folder."""

import os
import sys

c = get_config()  # noqa: F821  nbgrader defines it

c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.ignore.extend(["*.py", "*.sh"])  # scripts beside a notebook in solutions/ are solutions, too
c.ClearSolutions.code_stub = {"python": "# your code here"}
c.ExecutePreprocessor.timeout = 600  # seconds a cell; with the default of 30, load_model may be cut off

# A check that does not pass must raise an error: without one, feedback says nothing, and what learners pass would be
# written into the progress of whoever grades. Only here, because JupyterLab reads this file as well.
if "autograde" in sys.argv:
    os.environ["VLLM_COURSE_STRICT"] = "1"
