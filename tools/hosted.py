"""Set the course up on Colab or Kaggle, from a notebook's first cell: %run vllm-course/tools/hosted.py 01

The first run installs vLLM's CPU build beside what the notebook itself runs on, and restarts the kernel. The second
sets the working folder to the lesson's, and keeps the progress on Google Drive where that is mounted.
Standard library only: the cell runs this file before anything is installed.
"""

import os
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
DRIVE = Path("/content/drive/MyDrive")
HOME = "VLLM_COURSE_HOME"


def main(arguments, restart, course=COURSE, drive=DRIVE):
    """Install and restart, or, when that is done, prepare for a lesson.

    Args:
        arguments: The lesson's number, 01 where it is missing.
        restart: Called after the installation; starts the kernel anew.
        course: Folder of the course.
        drive: Where Google Drive would be.

    Returns:
        0, or 1 for a mistake that is explained.
    """
    lesson = next(course.glob(f"lessons/{(arguments or ['01'])[0]}-*"), None)
    if lesson is None:
        there = ", ".join(sorted(folder.name[:2] for folder in course.glob("lessons/[0-9][0-9]-*")))
        print(f"lesson must be one of {there}, got {arguments[0]}. Write, for example: %run {Path(__file__)} 01")
        return 1
    ready = course / ".uv" / "hosted-ready"
    if not ready.exists():
        set_up = [sys.executable, "-m", "tools.bootstrap", "learner", "--here", "--hosted"]
        if subprocess.run(set_up, cwd=course, env={**os.environ, "BUILD": "cpu"}).returncode:
            return 1  # the set-up has said why
        ready.parent.mkdir(exist_ok=True)
        ready.touch()
        print("Installed. The kernel restarts now, once. Run this cell again.", flush=True)
        restart()
        return 0
    os.chdir(lesson)
    if drive.is_dir() and not os.environ.get(HOME):
        os.environ[HOME] = str(drive / "vllm-course")
    print(f"Ready: working folder {lesson}, progress in {os.environ.get(HOME) or 'this machine: it goes with it'}.")
    return 0


if __name__ == "__main__":
    main(sys.argv[1:], lambda: get_ipython().kernel.do_shutdown(restart=True))  # noqa: F821, IPython brings it along
