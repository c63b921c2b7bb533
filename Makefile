# `make help` explains every target.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# Desktops export LANGUAGE for other purposes: only a value given to make itself counts.
ifneq ($(origin LANGUAGE),command line)
LANGUAGE := ja
endif
# Some shells export it; each of the tests' processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
FRESH ?= 0
COUNTER ?= shop
PYTEST ?=
QUICK := not (postgres or database or server or screen or process)
# Screens and databases are waited for half of the time: two processes for each core.
WORKERS ?= $(shell echo $$(($$(nproc) * 2)))

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: ## Start the demo in this terminal, or join it from a second; without one it plays by itself (LANGUAGE=en, FRESH=1, COUNTER=library)
	@tools/set-up demo
	@.venv/bin/jichipoint-demo --folder var/demo --language "$(LANGUAGE)" --counter "$(COUNTER)" $(if $(filter 1,$(FRESH)),--fresh)

test: ## Run every test (PYTEST='-k name' or PYTEST='-m "not postgres"' for some)
	@tools/set-up dev
	@.venv/bin/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST)

quick: ## Lint, and the tests that need no server, screen, database or other program (a minute)
	@$(MAKE) --no-print-directory lint
	@.venv/bin/python -m pytest -q -n $$(nproc) --dist worksteal -m "$(QUICK)" $(PYTEST)

lint: ## Check style, types, imports, protobuf definitions and translations
	@tools/set-up dev
	@tools/set-up-generator
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@tools/lint-proto

proto: ## Make the stubs from the protobuf definitions
	@tools/set-up-generator
	@proto/generate

licences: ## Write the page of the packages' licences from what is installed
	@tools/set-up dev
	@.venv/bin/python tools/licences.py

api-page: ## Write the reference of docs/api.md from the protobuf definitions and the reasons
	@tools/set-up dev
	@.venv/bin/python tools/api_page.py

requirements: ## Write the page that says where each requirement is built and tested
	@tools/set-up dev
	@.venv/bin/python tools/requirements.py

texts: ## Collect and compile the counter's translations
	@tools/set-up dev
	@.venv/bin/python tools/texts.py

pictures: ## Draw the screens for README and docs from the application
	@tools/set-up dev
	@.venv/bin/python tools/pictures.py

snapshots: ## Accept the screens as they are now (look at each picture first)
	@tools/set-up dev
	@.venv/bin/python -m pytest -n $(WORKERS) --dist worksteal tests/counter_tui --snapshot-update

golden: ## Write the golden files of the slips anew (look at what changed)
	@tools/set-up dev
	@.venv/bin/python -m tests.counter_tui.slips.make_golden

bench: ## Measure the booking path and start-up; ratios from one run
	@tools/set-up dev
	@.venv/bin/python -m tests.bench

simulate: ## Run the deterministic simulation (SEEDS=1000)
	@tools/set-up dev
	@SEEDS=$(or $(SEEDS),1000) .venv/bin/python -m pytest -n auto --dist worksteal tests/simulation -k test_seeds --timeout 0

crash-test: ## Kill real servers under load, 50 times on each engine (KILLS=50)
	@tools/set-up dev
	@KILLS=$(or $(KILLS),50) .venv/bin/python -m pytest tests/crash -s -q --timeout 0

failover-test: ## Let PostgreSQL fail over under load, 20 times (ROUNDS=20)
	@tools/set-up dev
	@ROUNDS=$(or $(ROUNDS),20) .venv/bin/python -m pytest tests/failover -s -q --timeout 0

deep: ## Run the tests with their large sizes (long)
	@tools/set-up dev
	@HYPOTHESIS_PROFILE=deep .venv/bin/python -m pytest -n auto --dist worksteal --timeout 0 $(PYTEST)

constraints: ## Write constraints.txt anew from pyproject.toml
	@.venv/bin/python -m pip install --quiet uv
	@.venv/bin/uv pip compile --quiet --upgrade --universal --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --extra dev pyproject.toml -o constraints.txt

clean: ## Remove what the other targets made, the demo's ledger too
	@rm -rf .venv .venv-proto var .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: help run test quick lint licences proto api-page requirements texts pictures snapshots golden bench simulate crash-test failover-test deep constraints clean
