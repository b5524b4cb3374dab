# `make` alone lists what there is.
PYTHON ?= python3
JOBS ?= 2
# VARIANT=onedl: the maintained forks, in an environment of their own.
VARIANT ?=
ifeq ($(VARIANT),onedl)
VENV ?= .venv-onedl
RUNTIME := onedl.txt dev.txt
UNBUILT :=
NO_DEPS := onedl-no-deps.txt
else ifeq ($(VARIANT),)
VENV ?= .venv
RUNTIME := runtime.txt dev.txt docs.txt
UNBUILT := no-build-isolation.txt
NO_DEPS := no-deps.txt
else
$(error VARIANT=$(VARIANT) is not known: leave it out, or give onedl)
endif

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
STAMP := $(VENV)/.installed
# Each process takes tests that follow each other, so that what a module's tests share is made once.
PYTEST = OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --dist worksteal
SOURCES := mmseg_tome benchmarks demo configs docs tools tests setup.py

.DEFAULT_GOAL := help
.PHONY: help install test test-all release-check lint format docs check-workflows demo demo-pose model-index docs-tables clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18
	@echo
	@echo 'Variables: PYTHON=python3.12 (makes the environment), VENV=.venv, JOBS=2 (test processes),'
	@echo '           VARIANT=onedl (the maintained forks, in .venv-onedl),'
	@echo '           DATASET=… DATA=folder OUT=folder (make demo, demo-pose), ARGS="-k merging" (make test)'

install: $(STAMP) ## make .venv with the pinned set of versions and this package, editable
	@$(PY) -m pip list --format=freeze | grep -E '^(torch|(onedl-)?mm(engine|segmentation)|mmpose|mmseg_tome)=='

# requirements/ is installed in this order for the reasons its files give.
$(STAMP): $(addprefix requirements/,build.txt $(RUNTIME) $(UNBUILT) $(NO_DEPS)) setup.py
	@command -v $(PYTHON) >/dev/null || { echo 'make install: `$(PYTHON)` is not on PATH.' >&2; exit 1; }
	@$(PYTHON) tools/dev/check_machine.py $(VENV) $(VARIANT)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -r requirements/build.txt
	$(PIP) install $(addprefix -r requirements/,$(RUNTIME))
	$(if $(UNBUILT),$(PIP) install --no-deps --no-build-isolation -r requirements/$(UNBUILT))
	$(PIP) install --no-deps -r requirements/$(NO_DEPS)
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@# yapf writes a cache at its first import, over which the tests' processes would stumble.
	@$(PY) -c 'import yapf'
	@touch $@

test: $(STAMP) ## run the tests; ARGS="…" goes to pytest
	$(PYTEST) $(ARGS)

test-all: $(STAMP) ## run the slow ones too, which make environments of their own
	$(PYTEST) -m 'slow or not slow' $(ARGS)

release-check: $(STAMP) ## build wheel and sdist in dist/, and say what keeps them from a release
	$(PY) tools/dev/release_check.py

lint: $(STAMP) ## check style, formatting and types
	$(PY) -m ruff check $(SOURCES)
	$(PY) -m ruff format --check $(SOURCES)
	$(PY) -m mypy

format: $(STAMP) ## fix style and formatting
	$(PY) -m ruff check --fix $(SOURCES)
	$(PY) -m ruff format $(SOURCES)

docs: $(STAMP) ## build the documentation in build/docs; a broken link or an undocumented name fails
	rm -rf docs/api/generated
	$(PY) -W ignore -m sphinx -W --keep-going --quiet --fresh-env docs build/docs
	@echo 'build/docs/index.html'

check-workflows: $(STAMP) ## check .github/ and CITATION.cff against their schemas
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.github-issue-forms \
		$(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(PY) -m check_jsonschema --builtin-schema vendor.citation-file-format --default-filetype yaml CITATION.cff

demo: $(STAMP) ## train, merge and compare in minutes; DATASET=camvid DATA=folder for your own images
	$(PY) tools/demo.py $(if $(DATASET),--dataset $(DATASET)) $(if $(DATA),--data $(DATA)) \
		$(if $(OUT),--out $(OUT))

demo-pose: $(STAMP) ## the same for human pose, on athletes that it generates
	$(PY) tools/demo.py --dataset athletes $(if $(DATA),--data $(DATA)) $(if $(OUT),--out $(OUT))

model-index: $(STAMP) ## list every config in model-index.yml, for `mim search`
	$(PY) tools/dev/write_model_index.py

docs-tables: $(STAMP) ## write the tables and plots of README.md and docs/ from benchmarks/results
	$(PY) -m benchmarks.render_docs

clean: ## remove caches and build leftovers; never results or the environment
	rm -rf build dist docs/api/generated *.egg-info .pytest_cache .ruff_cache .hypothesis
	find mmseg_tome benchmarks demo configs tools tests -name __pycache__ -type d -prune -exec rm -rf {} +
