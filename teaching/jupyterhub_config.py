"""JupyterHub for a class: one installed course for all, and a copy of the notebooks for each learner.

    COURSE_REPOSITORY=https://... .venv/bin/jupyterhub -f teaching/jupyterhub_config.py

teaching/jupyterhub.md says how to get there, and what to change for your machine.
"""

import os
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]  # the installed course: learners read it, and nobody writes to it
COMMANDS = Path(sys.executable).parent  # of its environment, in which this Hub runs too
REPOSITORY = os.environ["COURSE_REPOSITORY"]  # where learners' copies come from: an address that git can clone
BRANCH = os.environ.get("COURSE_BRANCH", "main")

# Run by each learner's server as it starts, in the learner's home folder. nbgitpuller keeps what the learner changed.
# Without a network, yesterday's copy will do.
START = """
"$1/gitpuller" "$COURSE_REPOSITORY" "$COURSE_BRANCH" vllm-course || echo "The copy of the course was not updated." >&2
cd vllm-course || { echo "The course must be there once, got none. Is COURSE_REPOSITORY right?" >&2; exit 1; }
commands=$1
shift
exec "$commands/jupyter-labhub" "$@"
"""

c = get_config()  # noqa: F821, JupyterHub brings it along

# Who may come in. Choose an authenticator of yours: https://jupyterhub.readthedocs.io says which there are.
c.Authenticator.allow_all = True
c.Authenticator.admin_users = set()

# What each learner gets.
c.Spawner.cmd = ["bash", "-c", START, "vllm-course", str(COMMANDS)]
c.Spawner.environment = {
    "PATH": f"{COMMANDS}:{os.environ['PATH']}",  # so that `python` and `vllm-course` are the course's
    "COURSE_REPOSITORY": REPOSITORY,
    "COURSE_BRANCH": BRANCH,
}
c.Spawner.default_url = "/lab/tree/lessons/01-basic-inference/basic_inference.ipynb"
c.Spawner.start_timeout = 120  # seconds; the first copy takes longest
c.Spawner.http_timeout = 120
c.Spawner.args = [
    # A kernel holds an engine and its memory: one that nobody used for half an hour ends, also behind an open tab.
    "--MappingKernelManager.cull_idle_timeout=1800",
    "--MappingKernelManager.cull_connected=True",
]

# One learner with one notebook takes up to 1.2 GB. A second notebook takes as much again.
# The limits hold with a spawner that can keep them: systemd, Docker, Kubernetes. The default one cannot.
c.Spawner.mem_limit = "3G"
c.Spawner.cpu_limit = 2.0
c.JupyterHub.active_server_limit = 20  # memory of the machine divided by 1.2 GB, and a fifth less

# Servers that nobody has used for an hour end. The notebooks and the progress stay.
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    }
]
c.JupyterHub.services = [
    {"name": "idle-culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}
]
