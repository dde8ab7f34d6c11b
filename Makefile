# Everything here does its own set-up: it needs Python 3.11 or later with venv, and make. PYTHON=python3.13 chooses another.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python -m

.NOTPARALLEL:
.PHONY: demo test check suite campaign bench docs clean

demo: $(VENV)/ready
	$(VENV)/bin/python examples/demo.py

# All checks on this Python, then the test suite on each other supported one that can be found.
test:
	@$(PYTHON) tools/test_all.py $(PYTHON)

check: $(VENV)/ready-lint docs
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy

suite: $(VENV)/ready-test
	$(RUN) pytest -m "not campaign"

campaign: $(VENV)/ready-test $(VENV)/ready-bench
	$(RUN) pytest -m campaign

bench: $(VENV)/ready-bench
	$(RUN) benchmarks

docs: $(VENV)/ready-docs
	$(RUN) sphinx -W --keep-going --quiet docs docs/_build

clean:
	rm -rf .venv .venv-* docs/_build dist .*_cache .hypothesis

# Installed again whenever pyproject.toml has changed. A dependency group needs a newer pip than 3.11 and 3.12 come with.
$(VENV)/ready: pyproject.toml
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(RUN) pip install --quiet --editable .
	@touch $@

$(VENV)/ready-%: $(VENV)/ready
	$(RUN) pip install --quiet --group $*
	@touch $@
