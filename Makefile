# What a newcomer types. Nothing but Python 3.11+ and make is needed; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := portal accounts kb tickets
# Two at a time: each keeps a database and a browser of its own.
PYTEST := $(BIN)/pytest -n 2 --dist worksteal
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url pyproject.toml

.PHONY: help run test check lint types layers templates migrations catalogues bench fire messages requirements clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.runtime  ## set everything up and serve the portal (PORT=8000)
	@exec $(BIN)/python manage.py serve

test: $(VENV)/.development  ## run the tests
	@$(PYTEST)

check: $(VENV)/.development lint types layers templates migrations catalogues  ## all that must be green, tests included
	@$(PYTEST)

lint: $(VENV)/.development  ## format and lint
	@$(BIN)/ruff format --check $(CODE) tests manage.py
	@$(BIN)/ruff check $(CODE) tests manage.py

types: $(VENV)/.development  ## strict types
	@$(BIN)/mypy $(CODE) manage.py

layers: $(VENV)/.development  ## who may import whom
	@$(BIN)/lint-imports

templates: $(VENV)/.development  ## lint of templates
	@$(BIN)/djlint --quiet --lint templates

migrations: $(VENV)/.development  ## no model without its migration
	@$(BIN)/python manage.py makemigrations --check --dry-run

catalogues: $(VENV)/.development  ## Russian and English are complete
	@$(BIN)/python manage.py check_catalogues

bench: $(VENV)/.development  ## speed as multiples of the floor, and search quality
	@$(BIN)/python -m tests.bench

fire: $(VENV)/.development  ## faults and load that take minutes (DURATION=300)
	@FIRE=1 $(BIN)/pytest tests/fire

messages: $(VENV)/.development  ## collect texts into the catalogues and compile them
	@$(BIN)/python manage.py collect_messages

requirements: $(VENV)/.development  ## pin what pyproject.toml asks for, with hashes
	@$(COMPILE) -o requirements.txt
	@$(COMPILE) --group dev -c requirements.txt -o requirements-dev.txt

clean:  ## forget the installation and its data
	rm -rf $(VENV) var

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed; name it like this: make PYTHON=python3.11 run")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the portal needs (once, about half a minute)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing what development needs (once)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime
