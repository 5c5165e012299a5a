# Everything a developer does here, one line each. `make help` prints this list.
# PYTHON=/path/to/python3.12 picks an interpreter; otherwise the first Python >= 3.11 found is used.
SHELL := /bin/sh
BIN := .venv/bin
BASE := requirements/base.txt requirements/build.txt requirements/install.sh pyproject.toml
.DEFAULT_GOAL := help
.PHONY: help setup demo test quick lint format types imports deps slow bench docs screenshots lock clean notebook
.PHONY: page page-mend page-if-node
.PHONY: servers servers-install servers-stop servers-status servers-lock cluster cluster-stop nifi nifi-stop
.PHONY: reference reference-kill reference-stop
SERVERS := $(if $(PYTHON),$(PYTHON),python3) -m servers
ONLY ?=
PORTS ?=
FOLDER ?= .servers
DATA ?=
EVERY ?=
DUPLICATES ?=

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

setup: .venv/dev.stamp ## make .venv with everything a developer needs
	@echo ".venv is ready"

demo: .venv/base.stamp ## watch a made-up shop live, on a page and in the terminal; Ctrl-C ends it
	@$(BIN)/starwatch demo

test: lint types imports deps page-if-node quick slow-if-servers ## set up, check all, run the fast tests; all tests while `make servers` run

quick: .venv/dev.stamp ## the fast tests alone
	$(BIN)/pytest -n auto --maxprocesses 4 -m "not slow"

lint: .venv/dev.stamp ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet

format: .venv/dev.stamp ## ruff: mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: .venv/dev.stamp ## mypy, strict
	$(BIN)/mypy

imports: .venv/dev.stamp ## import-linter: which folder may import which
	$(BIN)/lint-imports

page: tests/js/node_modules/installed.stamp ## the page's modules: types, rules, format, unit tests (Node.js)
	@cd tests/js && npm run -s types && npm run -s lint && npm run -s format && npm run -s unit

page-mend: tests/js/node_modules/installed.stamp ## mend what can be mended in them
	@cd tests/js && npm run -s mend

page-if-node:
	@if command -v npm >/dev/null; then $(MAKE) -s page; \
	else echo "no Node.js here: the page's modules are not checked (make page)"; fi

deps: .venv/dev.stamp ## deptry: what is imported is declared, what is declared is imported
	$(BIN)/deptry src

slow: .venv/dev.stamp ## the slower tests alone
	$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal -m slow || test $$? -eq 5

slow-if-servers: # FAST=1 leaves them out even then
	@if [ -n "$(FAST)" ]; then :; \
	elif $(SERVERS) status --folder $(FOLDER) >/dev/null 2>&1; then $(MAKE) slow; \
	else echo "Without the slower tests: make slow runs them, make test too while make servers run"; fi

bench: .venv/dev.stamp ## run the benchmarks and print their table
	$(BIN)/python -m benchmarks

docs: .venv/dev.stamp ## write docs/cli.md from the commands themselves
	$(BIN)/python docs/make_cli.py

notebook: .venv/dev.stamp ## run docs/notebooks from top to bottom and write what they print
	@$(BIN)/python docs/make_notebook.py

screenshots: .venv/dev.stamp ## take pictures of every view into build/screenshots; three go into docs/images
	@PYTHONPATH=. $(BIN)/python docs/make_screenshots.py build/screenshots

lock: .venv/dev.stamp ## write requirements/ anew from pyproject.toml; UPGRADE=1 takes newer versions
	@sh requirements/lock.sh $(UPGRADE)

servers: ## start Mosquitto, Kafka, PostgreSQL and Redis on loopback; ONLY="redis" PORTS="redis=16379"
	@$(SERVERS) start $(ONLY) $(PORTS:%=--port=%) --folder $(FOLDER)

servers-install: ## install what they need, Flink, NiFi, Prometheus and Chromium, from package registries
	@$(SERVERS) install $(ONLY)

servers-stop: ## stop them; their data stays in .servers/
	@$(SERVERS) stop $(ONLY) --folder $(FOLDER)

servers-status: ## which of them run, and where
	@$(SERVERS) status $(ONLY) --folder $(FOLDER)

servers-lock: ## write the checksums of the jars of Kafka, Flink and NiFi anew from their pom.xml
	@$(SERVERS) lock

cluster: ## start Kafka and Flink on loopback; PORTS="flink=18081"
	@$(SERVERS) start kafka flink $(PORTS:%=--port=%) --folder $(FOLDER)

cluster-stop: ## stop both; data, checkpoints and savepoints stay in .servers/
	@$(SERVERS) stop kafka flink --folder $(FOLDER)

nifi: ## start NiFi on loopback; PORTS="nifi=18080"
	@$(SERVERS) start nifi $(PORTS:%=--port=%) --folder $(FOLDER)

nifi-stop: ## stop it; its flow and its queues stay in .servers/
	@$(SERVERS) stop nifi --folder $(FOLDER)

reference: setup ## the pipeline of 2021 whole, replay to page; DATA=ratings.csv, EVERY=1s, DUPLICATES=content, PORTS="kafka=19092"
	@$(BIN)/python -m servers.reference start $(DATA:%=--data=%) $(EVERY:%=--every=%) $(DUPLICATES:%=--duplicates=%) $(PORTS:%=--port=%)

reference-kill: ## kill -9 a stage of it: ONLY=nifi; `make reference` brings it back
	@$(BIN)/python -m servers.reference kill $(ONLY)

reference-stop: ## stop all of it
	@$(BIN)/python -m servers.reference stop

clean: ## remove .venv, caches and builds
	rm -rf .venv tests/js/node_modules dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests docs -name __pycache__ -type d -exec rm -rf {} +

.venv/base.stamp: $(BASE)
	@PYTHON="$(PYTHON)" sh requirements/install.sh base

.venv/dev.stamp: $(BASE) requirements/dev.txt
	@PYTHON="$(PYTHON)" sh requirements/install.sh dev

tests/js/node_modules/installed.stamp: tests/js/package-lock.json
	@sh tests/js/install.sh
