# Zhike. `make demo` shows it, `make test` proves it; both set everything up by themselves.
#
#   DATABASE=postgresql make crash-inbound      the same on PostgreSQL, which the run starts by itself
#   PROCESSES=split make crash-inbound          two web and two worker processes
#   PYTHON=/opt/python3.12/bin/python3 make …   another Python for the virtual environment

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKS := requirements/run.txt requirements/test.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# A process of tests a core, up to four; the files are begun in the order of their names.
AT_ONCE := -n logical --maxprocesses 4 --no-loadscope-reorder
# The first of these that is new enough; looked for only when the environment is made.
PYTHON = $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: help venv demo test lint types imports fmt unit bad-input screenshots bench-inbound bench-people bench-campaign \
	crash-inbound system-packages lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY) ## Make the virtual environment with the pinned packages and the zhike command

$(READY): $(LOCKS) .ci/install_command.py
	@test -n "$(PYTHON)" || { echo "Zhike needs Python 3.11 or newer; name one with PYTHON=… make $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) (once, and again when the locks change)"
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements/run.txt -r requirements/test.txt
	$(BIN)/python .ci/install_command.py
	@touch $@

demo: $(READY) ## Sandbox, sample content and bot together; SCRIPT=1 plays a day and ends with the transcript
	$(BIN)/zhike demo $(if $(filter-out 0,$(SCRIPT)),--script)

test: $(READY) system-packages lint types imports ## Everything that must hold: lint, types, imports, all tests on both databases
	$(BIN)/python -m pytest -q $(AT_ONCE)

lint: $(READY) ## Style and format, without changing anything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy --strict
	$(BIN)/mypy

imports: $(READY) ## The direction of imports and the walls between rooms
	$(BIN)/lint-imports

fmt: $(READY) ## Format and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: $(READY) ## The quick tests: no sockets, no browser, no second process
	$(BIN)/python -m pytest -q tests/unit tests/docs tests/architecture

bad-input: $(READY) ## Forged, stale, broken and mutated callbacks: each a clear 4xx, nothing stored
	$(BIN)/python -m pytest -q tests/unit/bot/channels tests/scenario/bad_input

screenshots: $(READY) system-packages ## Pictures of the phone page and the console at a desk and on a phone, into screenshots/
	$(BIN)/python tests/browser/screenshots.py
	$(BIN)/python -m tests.browser.console.pictures screenshots

bench-inbound: $(READY) system-packages ## Callbacks per second against a bare server; last line: the figures as JSON
	$(BIN)/python tests/bench/inbound.py

bench-people: $(READY) ## Pages staff look at, a million customers, five million messages, SQLite; last line: JSON
	$(BIN)/python tests/bench/people.py

bench-campaign: $(READY) ## A segment of a million customers counted and made an audience, SQLite; last line: JSON
	$(BIN)/python tests/bench/campaign.py

crash-inbound: $(READY) ## 20 kills under load, judged by the sandbox's record; PROCESSES=split; last line: JSON
	$(BIN)/python tests/crash/inbound.py $(if $(PROCESSES),--processes $(PROCESSES))

system-packages: # Chromium, fonts and wrk where this may install them, otherwise one sentence
	@.ci/system_packages

lock: ## Pin all packages anew, with hashes and without addresses
	$(PYTHON) -m venv .build/lock
	.build/lock/bin/python -m pip --disable-pip-version-check --no-input install --quiet pip-tools
	cd requirements && for part in run test; do \
		../.build/lock/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
			--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
			--output-file $$part.txt $$part.in; done

clean: ## Remove the virtual environment, caches, pictures and the demo's data
	rm -rf $(VENV) .zhike .build screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
