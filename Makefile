# Every target sets up what it needs, once. A stamp in .venv is named after the contents of the locks and of what the
# set-up copies for JupyterLab (PAGE): while they stay the same, a second call starts at once. The set-up itself is
# tools/bootstrap.py.
#
#   LESSON=02          another lesson                   ARGS="..."  arguments for what the target runs
#   WORKERS=1          processes that run the tests beside each other
#   VENV=/x/.venv      the environment of another clone
#   BUILD=cpu|gpu      not what the machine suggests    PYTHON=...  the Python of the environment (3.11, 3.12 or 3.13)

LESSON ?= 01
WORKERS ?= 2
SUBMITTED ?= submitted
ifdef PYTHON
NAMED := $(shell "$(PYTHON)" -c "import sys; print('%d.%d' % sys.version_info[:2])" 2>/dev/null)
$(if $(NAMED),,$(error PYTHON must be a Python that starts, got $(PYTHON). Name another, for example PYTHON=python3.12))
endif
FOUND = $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c "" 2>/dev/null && command -v $$p && break; done)
export BUILD

PAGE := $(wildcard vllm_course/lab/*/*.json vllm_course/lab/extension/static/*)
LOCKS := $(sort $(filter-out requirements/book.txt,$(wildcard requirements/*.txt)))
KEY := $(shell { cat pyproject.toml $(LOCKS) $(PAGE); pwd; } | sha256sum | cut -c1-12)-$(or $(BUILD),auto)
STAMP := $(KEY)$(addprefix -,$(NAMED))
VENV ?= .venv
ifeq ($(abspath $(VENV)),$(CURDIR)/.venv)
LEARNER := .venv/.ready-learner-$(STAMP)
MAINTAINER := .venv/.ready-maintainer-$(STAMP)
BROWSER := .venv/.ready-browser-$(STAMP)
else
LEARNER := learner-fits
MAINTAINER := maintainer-fits
BROWSER := browser-fits
endif
BOOK := .venv-book/.ready-$(shell sha256sum requirements/book.txt | cut -c1-12)
RUN := $(VENV)/bin/python
START = $(or $(PYTHON),$(FOUND),$(error Python must be 3.11, 3.12 or 3.13, got none on PATH. Install one, or name it: PYTHON=/path/to/python3.11))
BOOTSTRAP = $(START) -m tools.bootstrap $(if $(NAMED),--named)

FOLDER := $(wildcard lessons/$(LESSON)-*)
NAME := $(subst -,_,$(patsubst $(LESSON)-%,%,$(notdir $(FOLDER))))
SCRIPT := $(firstword $(wildcard $(FOLDER)/$(NAME).py) $(sort $(wildcard $(FOLDER)/*.py)))
CONTENTS := $(wildcard lessons solutions exercises tests)

.PHONY: help lesson lab progress test test-browser lint notebooks exercises mutants new-lesson models bench doctor lock
.PHONY: book clean known-lesson grade class-rehearsal hub-rehearsal learner-fits maintainer-fits browser-fits
.NOTPARALLEL:

help:       ## List the targets
	@sed -n 's/^\([a-z-]*:\).*## /  make \1 /p' Makefile | sed 's/: */\t/' | expand -t 24

lesson:     known-lesson $(LEARNER) ## Run a lesson's script on the shipped model: make lesson LESSON=02 ARGS="--help"
	@$(RUN) $(SCRIPT) $(ARGS)

lab:        known-lesson $(LEARNER) ## Open a lesson's notebook in JupyterLab
	@$(RUN) -m jupyter lab --LabApp.default_url=/lab/tree/$(FOLDER)/$(NAME).ipynb $(ARGS)

doctor:     ## Check machine, environment and models, before the set-up too, and say what to do
	@$(START) -m tools.doctor --venv "$(VENV)" $(ARGS)

progress:   $(LEARNER) ## Show what you have passed and ticked: make progress ARGS="--csv"
	@$(RUN) -m vllm_course.cli progress $(ARGS)

.PHONY: review
review:     $(LEARNER) ## Ask again what you missed in a quiz, when it is due: make review ARGS=--json
	@$(RUN) -m vllm_course.cli review $(ARGS)

.PHONY: certificate
certificate: $(LEARNER) ## Write a certificate: make certificate ARGS='--name "Ada Lovelace"'
	@$(RUN) -m vllm_course.cli certificate $(ARGS)

test:       $(MAINTAINER) ## Run every notebook and every test
	@$(RUN) -m pytest --nbval --numprocesses $(WORKERS) $(CONTENTS) $(ARGS)

test-browser: $(BROWSER) $(BOOK) ## Drive the course in JupyterLab, and its book, with Chromium: ARGS="--screenshots shots"
	@$(RUN) -m pytest --numprocesses $(WORKERS) tests/browser $(ARGS)

lint:       $(MAINTAINER) ## Check style and formatting, notebooks included
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check .

notebooks:  $(MAINTAINER) ## Execute the notebooks of lessons/ and solutions/ anew, in place
	@$(RUN) -m tools.run_notebooks $(ARGS)

exercises:  $(MAINTAINER) ## Derive exercises/ from solutions/
	@$(RUN) -m tools.derive_exercises $(ARGS)

mutants:    $(MAINTAINER) ## Break the solutions by machine and list what their checks miss: make mutants ARGS=3.9
	@$(RUN) -m tools.mutants $(ARGS)

grade:      known-lesson $(MAINTAINER) ## Grade what a class handed in: make grade LESSON=01 SUBMITTED=submitted
	@$(RUN) -m tools.grading "$(LESSON)" --submitted "$(SUBMITTED)" $(ARGS)

class-rehearsal: $(MAINTAINER) ## Grade a class of five that the course makes up
	@$(RUN) -m tools.grading.rehearsal $(ARGS)

new-lesson: $(MAINTAINER) ## Write the skeleton of a lesson: make new-lesson NN=04 SLUG=sampling-strategies
	@$(RUN) -m tools.new_lesson "$(NN)" "$(SLUG)" $(ARGS)

models:     $(MAINTAINER) ## Train the shipped models again
	@$(RUN) -m tools.training.build_models $(ARGS)

hub-rehearsal: $(LEARNER) ## Try teaching/jupyterhub_config.py with four learners at once, where JupyterHub is installed
	@$(RUN) -m tools.hub_rehearsal $(ARGS)

book:       $(BOOK) ## Build the course as a site in build/book, and serve it: make book ARGS=--serve
	@.venv-book/bin/python -m tools.book $(ARGS)

.PHONY: epub
epub:       $(BOOK) ## Write the course as an e-book, build/vllm-course.epub
	@.venv-book/bin/python -m tools.book --epub $(ARGS)

bench:      $(MAINTAINER) ## Measure the course against its budgets
	@$(RUN) -m tools.bench $(ARGS)

lock:       ## Write requirements/ from pyproject.toml: make lock ARGS=--upgrade
	@$(START) -m tools.lock $(ARGS)

clean:      ## Remove the environment and caches
	rm -rf .venv .venv-book .uv build/book build/vllm-course.epub build/.book .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

known-lesson:
	$(if $(FOLDER),,$(error LESSON must be one of $(patsubst lessons/%/,%,$(wildcard lessons/*/)), got $(LESSON). Give its number: make $(MAKECMDGOALS) LESSON=01))
	@:

learner-fits maintainer-fits browser-fits:
	@$(START) -m tools.bootstrap $(@:-fits=) --venv $(VENV)

.venv/.ready-learner-$(STAMP):
	@$(BOOTSTRAP) learner --key $(KEY)

.venv/.ready-maintainer-$(STAMP):
	@$(BOOTSTRAP) maintainer --key $(KEY)

.venv/.ready-browser-$(STAMP):
	@$(BOOTSTRAP) browser --key $(KEY)

$(BOOK):
	@$(START) -m tools.book.environment $@
