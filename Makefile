# `make` alone prints the targets. Everything sets itself up: Python 3.11 and make are enough.

PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
NPM := data/local/npm
NPM_LOCK := tests/npm/package-lock.json

# Without compiled code each of the hundreds of processes that tests start would compile it anew.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types imports format bench up sample screenshots lock clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make the environment from the lock (the other targets do it by themselves)

# --no-deps: the lock is complete, and pip cannot check hashes of packages with extras otherwise
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Do the main job on sample data: load, select, render, send to sandbox carriers
	$(BIN)/rollcall demo

# More processes than cores: those of the end-to-end tests wait for most of their time. By itself xdist leaves files of
# few tests to the end, and the slowest of all have one.
test: $(READY) $(NPM)/.ready ## Run all tests, in three processes
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

# What tests take from npm (Kannel's message centre, axe-core): without it they fail and say so, and all others run.
$(NPM)/.ready: $(NPM_LOCK)
	@mkdir -p -m 700 data/local && mkdir -p $(NPM)
	@cp $(NPM_LOCK) $(dir $(NPM_LOCK))package.json $(NPM)/
	@npm ci --prefix $(NPM) --ignore-scripts --no-audit --no-fund --loglevel error && touch $@ || echo \
	    "No npm, no tests of the Kannel route and of accessibility: install nodejs and npm (.ci/run does)"

check: lint types imports ## What CI checks besides tests

lint: $(READY) ## Format and lint rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY) ## Strict types
	$(BIN)/mypy
	cd data/sample && ../../$(BIN)/mypy --config-file ../../pyproject.toml generate.py generator

imports: $(READY) ## Imports go down only
	$(BIN)/lint-imports

format: $(READY) ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## Measure loading, selecting and sending (docs/performance.md)
	$(BIN)/python -m benchmarks.load_source
	$(BIN)/python -m benchmarks.countries
	$(BIN)/python -m benchmarks.selection
	$(BIN)/python -m benchmarks.find
	$(BIN)/python -m benchmarks.overview
	$(BIN)/python -m benchmarks.views
	$(BIN)/python -m benchmarks.http_routes
	$(BIN)/python -m benchmarks.bulk_routes
	$(BIN)/python -m benchmarks.send
	$(BIN)/python -m benchmarks.send_memory
	$(BIN)/python -m benchmarks.smtp
	$(BIN)/python -m benchmarks.receipts
	$(BIN)/python -m benchmarks.portal
	$(BIN)/python -m benchmarks.routing
	$(BIN)/python -m benchmarks.orchestration

up: $(READY) ## Start all of it: Prefect, dispatcher, portal, mailboxes; DEMO=1 with sample data; Ctrl-C ends it
	@$(BIN)/rollcall up $(if $(filter 1 yes true,$(DEMO)),--demo)

sample: $(READY) ## Make the sample data again (same seed, same bytes)
	$(BIN)/python data/sample/generate.py

screenshots: $(READY) ## Take pictures of the dashboards' views for the documentation (wants chromium)
	$(BIN)/python -m tests.screenshots

lock: $(READY) ## Resolve the lock anew
	$(BIN)/uv pip compile --quiet --upgrade --no-strip-extras --generate-hashes \
	    --extra dev --python-version 3.11 pyproject.toml -o requirements.lock

clean: ## Remove the environment and what tools left behind; data/local stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
