"""What answer cells try instead of an answer. Each must get no points, and must cost the exercises after it nothing."""

PASSED = "class R:\n    passed = True\n"
REPLACE = "import vllm_course.checks as c\n"
ENDS = {
    "end the process": "import os\nos._exit(0)",
    "leave the notebook": "exit()",
    "answer for the kernel": "kernel = get_ipython().kernel\nkernel.requests = lambda **o: ['passed', '', '']",
    "end the process later": "import os, threading\nthreading.Timer(0.5, os._exit, [0]).start()",
    "kill the process": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
}
BLOCKS = {
    "loop for ever": "while True:\n    pass",
    "loop for ever in the answer": "def nucleus_size(candidates, top_p):\n    while True:\n        pass",
}
TRICKS = {
    "define check": f"{PASSED}check = lambda *a: R()",
    "patch check in the package": f"{PASSED}{REPLACE}c.check = c.judge = lambda *a: R()",
    "patch find": f"{REPLACE}c.find = lambda number: None\nc.exercises.find = c.find",
    "patch require": "import vllm_course.checks as c, vllm_course.checks.verdict as v, vllm_course.checks.shapes as s\n"
    "c.require = v.require = s.require = lambda *a: None",
    "change the code of require": "from vllm_course.checks import require\n"
    "require.__code__ = (lambda condition, hint_that_fits: None).__code__",
    "change the code of judge": f"{REPLACE}def passes(found, answers):\n    return Result(found.number, 'passed')\n"
    "c.judge.__code__ = passes.__code__",
    "empty the exercise": f"{REPLACE}from dataclasses import replace\n"
    "found = c.find('1.7')\nc.exercises._exercises['1.7'] = replace(found, checker=lambda *a: None)",
    "change a class": f"{REPLACE}c.Result.passed = True\nc.Result.status = 'passed'\n"
    "c.verdict.NotYet.__init__ = lambda self, hint: None",
    "replace a module": "import sys, types\nfake = types.ModuleType('vllm_course.checks')\n"
    f"{PASSED}fake.check = fake.judge = lambda *a: R()\nsys.modules['vllm_course.checks'] = fake",
    "replace builtins": "import builtins\nbuiltins.all = builtins.any = lambda *a: True\n"
    "builtins.isinstance = lambda *a: True\nbuiltins.abs = lambda *a: 0",
    "replace eval": "import builtins\nbuiltins.eval = lambda *a: min\nbuiltins.compile = None",
    "change the data of checks": "import vllm_course.checks.trying as t\n"
    "t.KINDS.update({k: lambda v: True for k in t.KINDS})",
    "patch the standard library": "import math, inspect\nmath.isclose = lambda *a, **o: True\n"
    "inspect.signature = lambda *a: None",
    "replace numpy": "import numpy as np\nnp.isclose = np.allclose = lambda *a, **o: True",
    "change variables": "import os\nfor name in list(os.environ):\n"
    "    if name.startswith('VLLM_COURSE'):\n        del os.environ[name]\n"
    "os.environ['VLLM_COURSE_STRICT'] = '1'",
    "leave": "import sys\nsys.exit(0)",
    "at the end": "import atexit\natexit.register(print, 'passed')",
    "fork": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)",
    "change the folder": "import os\nos.chdir('/')",
    "import from the folder": "import pathlib, sys\npathlib.Path('vllm_course.py').write_text('check = print')\n"
    "pathlib.Path('numpy.py').write_text('isclose = print')\nsys.modules.pop('vllm_course')\nimport vllm_course",
    "hook the shell": "shell = get_ipython()\nshell.input_transformers_post.append(lambda lines: ['pass'])\n"
    "shell.run_cell = shell.run_cell_async = lambda *a, **o: None",
    "hook the end of a cell": "def clear(*a):\n    globals().update(nucleus_size=None)\n\n\n"
    "get_ipython().events.register('post_run_cell', clear)",
    "silence errors": "get_ipython().showtraceback = lambda *a, **o: None\nget_ipython()._showtraceback = print",
    "stand for everything": "from unittest.mock import MagicMock\nnucleus_size = MagicMock()",
    "equal everything": "class E(float):\n    __eq__ = lambda *a: True\n"
    "    __ne__ = lambda *a: False\n    __hash__ = None\n"
    "nucleus_size = lambda c, p: E(1)",
    "change the check that calls it": "def nucleus_size(candidates, top_p):\n"
    "    import vllm_course.checks.verdict as v\n"
    "    import vllm_course.checks.shapes as s\n    v.require = s.require = lambda *a: None\n    return 0",
    "change the caller's names": "def nucleus_size(candidates, top_p):\n    import sys\n    frame = sys._getframe()\n"
    "    while frame:\n        if 'require' in frame.f_globals:\n"
    "            frame.f_globals['require'] = lambda *a: None\n"
    "            frame.f_globals['exactly'] = lambda *a: None\n        frame = frame.f_back\n    return 1",
    "write progress": "from vllm_course import progress\nprogress.record_attempt('1.7', 'passed', '', 'x')",
    "edit the checks": "import pathlib, vllm_course.paths as p\n"
    "file = p.root() / 'checks' / 'lesson_01.py'\nfile.write_text(file.read_text().replace('require(', 'print('))",
}
