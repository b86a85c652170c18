# Every target sets up what it needs, once. A stamp in .venv is named after the contents of the locks and of what the
# set-up copies for JupyterLab (PAGE): while they stay the same, a second call starts at once. The set-up itself is
# tools/bootstrap.py.
#
#   LESSON=02          another lesson                   ARGS="..."  arguments for what the target runs
#   WORKERS=1          processes that run the tests beside each other
#   BUILD=cpu|gpu      not what the machine suggests    PYTHON=...  the Python that starts the set-up

LESSON ?= 01
WORKERS ?= 2
PYTHON = $(shell for p in python3.11 python3; do $$p -c "" 2>/dev/null && command -v $$p && break; done)
export BUILD

PAGE := $(wildcard vllm_course/lab/*/*.json vllm_course/lab/extension/static/*)
KEY := $(shell { cat pyproject.toml requirements/*.txt $(PAGE); pwd; } | sha256sum | cut -c1-12)-$(or $(BUILD),auto)
LEARNER := .venv/.ready-learner-$(KEY)
MAINTAINER := .venv/.ready-maintainer-$(KEY)
BROWSER := .venv/.ready-browser-$(KEY)
RUN := .venv/bin/python
BOOTSTRAP = $(or $(PYTHON),$(error Python must be 3.11, got none on PATH. Install it, or name it: PYTHON=/path/to/python3.11)) -m tools.bootstrap

FOLDER := $(wildcard lessons/$(LESSON)-*)
NAME := $(subst -,_,$(patsubst $(LESSON)-%,%,$(notdir $(FOLDER))))
CONTENTS := $(wildcard lessons solutions exercises tests)

.PHONY: help lesson lab progress test test-browser lint notebooks exercises mutants new-lesson models bench doctor lock
.PHONY: clean known-lesson
.NOTPARALLEL:

help:       ## List the targets
	@sed -n 's/^\([a-z-]*:\).*## /  make \1 /p' Makefile | sed 's/: */\t/' | expand -t 20

lesson:     known-lesson $(LEARNER) ## Run a lesson's script on the shipped model: make lesson LESSON=02 ARGS="--help"
	@$(RUN) $(FOLDER)/$(NAME).py $(ARGS)

lab:        known-lesson $(LEARNER) ## Open a lesson's notebook in JupyterLab
	@$(RUN) -m jupyter lab --LabApp.default_url=/lab/tree/$(FOLDER)/$(NAME).ipynb $(ARGS)

doctor:     $(LEARNER) ## Check machine, environment and models, and say what to do
	@$(RUN) -m vllm_course.cli doctor $(ARGS)

progress:   $(LEARNER) ## Show what you have passed and ticked: make progress ARGS="--csv"
	@$(RUN) -m vllm_course.cli progress $(ARGS)

test:       $(MAINTAINER) ## Run every notebook and every test
	@$(RUN) -m pytest --nbval --numprocesses $(WORKERS) $(CONTENTS) $(ARGS)

test-browser: $(BROWSER) ## Drive the course in JupyterLab with Chromium: ARGS="--screenshots shots"
	@$(RUN) -m pytest --numprocesses $(WORKERS) tests/browser $(ARGS)

lint:       $(MAINTAINER) ## Check style and formatting, notebooks included
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check .

notebooks:  $(MAINTAINER) ## Execute the notebooks of lessons/ and solutions/ anew, in place
	@$(RUN) -m tools.run_notebooks $(ARGS)

exercises:  $(MAINTAINER) ## Derive exercises/ from solutions/
	@$(RUN) -m tools.derive_exercises $(ARGS)

mutants:    $(MAINTAINER) ## Break the solutions by machine and list what their checks miss: make mutants ARGS=3.9
	@$(RUN) -m tools.mutants $(ARGS)

new-lesson: $(MAINTAINER) ## Write the skeleton of a lesson: make new-lesson NN=04 SLUG=sampling-strategies
	@$(RUN) -m tools.new_lesson "$(NN)" "$(SLUG)" $(ARGS)

models:     $(MAINTAINER) ## Train the shipped models again
	@$(RUN) -m tools.training.build_models $(ARGS)

bench:      $(MAINTAINER) ## Measure the course against its budgets
	@$(RUN) -m tools.bench $(ARGS)

lock:       ## Write requirements/ from pyproject.toml: make lock ARGS=--upgrade
	@$(subst bootstrap,lock,$(BOOTSTRAP)) $(ARGS)

clean:      ## Remove the environment and caches
	rm -rf .venv .uv .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

known-lesson:
	$(if $(FOLDER),,$(error LESSON must be one of $(patsubst lessons/%/,%,$(wildcard lessons/*/)), got $(LESSON). Give its number: make $(MAKECMDGOALS) LESSON=01))
	@:

$(LEARNER):
	@$(BOOTSTRAP) learner --key $(KEY)

$(MAINTAINER):
	@$(BOOTSTRAP) maintainer --key $(KEY)

$(BROWSER):
	@$(BOOTSTRAP) browser --key $(KEY)
