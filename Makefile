# Maestro Conductor: `make up` for a newcomer, `make check` while working, `make test` before landing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The system's certificates: many networks have an authority of their own.
export UV_SYSTEM_CERTS ?= true
# Some machines forbid Python to keep what it compiled; each start of a tool would compile its libraries anew.
unexport PYTHONDONTWRITEBYTECODE
UV_VERSION := 0.13.9
FAST := "not (real or opa or postgres or browser or crash or slow or timed)"
# Two at a time; what holds a limit in milliseconds runs alone; each of two that need a control plane has one of its own.
SYSTEMS := real or browser or crash
TWO := --numprocesses 2 --dist worksteal
# Ends the control planes of the tests, however these end.
PLANES := trap '$(BIN)/python -m tests.real.take_down' EXIT; trap 'exit 130' INT TERM;
TOGETHER := tests/unit tests/house tests/contracts tests/notebooks tests/pages tests/security

.PHONY: help install up down check lint types imports unit test real browser crash bench pair lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $$($(PYTHON) --version) was found. Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $(STAMP)

install: $(STAMP) ## Make .venv from the pinned lock file

up: install ## Start the workbench and what it needs; prints one URL
	@$(BIN)/conductor up

down: install ## Stop what `make up` started
	@$(BIN)/conductor down

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

unit: install
	$(BIN)/pytest -q --numprocesses 3 --dist worksteal --hypothesis-profile quick -m $(FAST) tests/unit tests/house

check: lint types imports unit ## The fast part: lint, types, imports, unit and house tests

test: lint types imports ## Everything: lint, types, unit, contracts, pages, notebooks, browser, real systems, house
	$(BIN)/conductor local build
	$(BIN)/pytest -q $(TWO) --durations=15 -m "not ($(SYSTEMS) or timed)" $(TOGETHER)
	$(BIN)/pytest -q -m timed tests
	$(PLANES) $(BIN)/pytest -q $(TWO) --durations=25 -m "$(SYSTEMS)" $(TOGETHER) tests/real tests/crash tests/browser

real: install
	$(PLANES) $(BIN)/pytest -m real tests

browser: install
	$(PLANES) $(BIN)/pytest tests/browser

crash: install ## Kill the worker 200 times at random points of deploys, 100 times in the middle of applies
	$(PLANES) CONDUCTOR_CRASH_KILLS=200 $(BIN)/pytest -q -s tests/crash/test_worker_kills.py
	$(PLANES) CONDUCTOR_CRASH_APPLY_KILLS=100 $(BIN)/pytest -q -s tests/crash/test_environment_kills.py

bench: install ## Print the measured ratios
	$(BIN)/python -m tests.bench.bench_ledger
	$(BIN)/python -m tests.bench.bench_audit
	$(BIN)/python -m tests.bench.bench_delivery
	$(PLANES) $(BIN)/python -m tests.bench.bench_releases
	$(BIN)/python -m tests.bench.bench_environments

pair: install ## Write each notebook's .ipynb from its .py
	JUPYTER_DATA_DIR=$(VENV)/jupyter $(BIN)/jupytext --sync notebooks/*.py

lock: install ## Pin the dependencies anew
	$(BIN)/uv pip compile --quiet pyproject.toml --extra s3 --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --upgrade -o requirements.lock

clean: ## Remove .venv and caches of this checkout
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis test-artifacts
