# The two commands of the README are `make run` and `make test`; `make help` says all.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
INSTALLED := $(VENV)/.installed
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

CHECKERS := var/node/.installed

# Else every process of the suite, and every one that a test starts, compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run dev test test-fast test-long attack faults bench check audit modules privacy lock install node

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: $(INSTALLED) ## Serve the site with its worker: PORT=8001 make run
	@$(PY) -m newsreader.local_env --port $(PORT)
	@exec env PORT=$(PORT) $(PY) manage.py serve --prepare

dev: $(INSTALLED) ## Serve it to who is changing it: starts again when code changes, keeps no page, shows errors
	@$(PY) -m newsreader.local_env --port $(PORT)
	@exec env PORT=$(PORT) DEBUG=on $(PY) manage.py serve --prepare --reload

# ARGS narrows it: make test ARGS="tests/comments -k flood"
test: $(INSTALLED) ## Run the whole suite: make test ARGS="tests/comments -k flood" DATABASE_URL=postgres://…
	@$(PY) -m newsreader.local_env
	@$(PY) -m pytest -n auto --dist worksteal $(ARGS)

test-fast: $(INSTALLED) ## Run what needs neither database nor browser, in under a minute
	@$(PY) -m newsreader.local_env
	@$(PY) -m pytest -n auto --dist worksteal -m "not slow and not database and not browser" $(ARGS)

# Every page, form and state of which the whole suite looks at a sample, and ten times as many examples for each property:
# by night, or after a change to all of them.
test-long: $(INSTALLED) ## Run what the whole suite holds a sample of: every form of the desk, every page of an account …
	@$(PY) -m newsreader.local_env
	@$(PY) -m pytest -n auto --dist worksteal -m "long or hypothesis" --hypothesis-profile thorough $(ARGS)

# Every string of the lists of attacks through every page, field, header and parser, and a table of what came of it.
# MOST=100 takes a hundred strings of each list, ARGS="-k on_the_desk" one way in which texts get to their surfaces.
attack: $(INSTALLED) ## Send every string of every list of attacks: make attack MOST=100 ARGS="-k on_the_desk"
	@$(PY) -m newsreader.local_env
	@ATTACK_MOST=$(MOST) $(PY) -m pytest tests/attack/every_list.py -n auto --dist worksteal -q --show-capture=no $(ARGS)

# A site of its own on loopback; what an uninstalled part or missing root keeps from being played is said.
faults: $(INSTALLED) ## Break every part of a running site in turn, and print what came of it: make faults ARGS="--only redis"
	@$(PY) -m newsreader.local_env
	@$(PY) -m tests.faults $(ARGS)

# On SQLite and PostgreSQL (DATABASE_URL names a server; else 127.0.0.1 is tried). CONTRIBUTING.md says how to read it.
bench: $(INSTALLED) ## Measure what each kind of request costs: make bench ARGS="--quick --against HEAD~1"
	@$(PY) -m tests.bench.speed $(ARGS)

check: $(INSTALLED) ## Lint, format, types, contracts between rooms, migrations and what they would stop
	@$(PY) -m newsreader.local_env
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	PYTHONPATH=. DJANGO_SETTINGS_MODULE=tests.settings $(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	PYTHONPATH=. DJANGO_SETTINGS_MODULE=tests.settings $(PY) -m newsreader.operations.migration_rules

# STRICT=1 fails if anything is known, or if there is no list; ADVISORIES=all.zip takes a list that is there already.
audit: $(INSTALLED) ## Compare all dependencies with a list of known vulnerabilities
	@$(PY) -m tests.advisories $(if $(STRICT),--strict)

modules: $(INSTALLED) ## Write docs/modules.md anew: every module and what it is for
	@PYTHONPATH=. DJANGO_SETTINGS_MODULE=tests.settings $(PY) -m tests.module_index

privacy: $(INSTALLED) ## Write docs/privacy.md anew: every field that holds people, and how it is erased
	@PYTHONPATH=. DJANGO_SETTINGS_MODULE=tests.settings $(PY) -m tests.personal_data.document

# Compile requirements anew from pyproject.toml: names, versions and hashes, no addresses.
lock: $(INSTALLED) ## Compile requirements/ anew from pyproject.toml
	$(COMPILE) --upgrade pyproject.toml -o requirements/run.txt
	$(COMPILE) --upgrade pyproject.toml --group dev -o requirements/dev.txt
	$(COMPILE) --upgrade --no-annotate --group tools -o requirements/tools.txt

install: $(INSTALLED) ## Make .venv/ from requirements/

# What checks our pages and feeds besides: the Nu HTML checker (wants java) and a reader of feeds.
node: $(CHECKERS) ## Install the checkers of pages and feeds, which want npm and java

$(CHECKERS): requirements/package.json
	@mkdir -p var/node && cp requirements/package.json var/node/
	@npm install --prefix var/node --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# uv where it can be had, since it is many times faster; else pip, with the same hashes. Modules are compiled when they
# are first needed: two thirds of them never are.
$(INSTALLED): requirements/dev.txt requirements/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Python 3.11 or newer is needed: install it, or name it (PYTHON=python3.12 make run)." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Installing into $(VENV)/ …"
	@$(PYTHON) -m venv $(VENV)
	@if $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt; then \
	  $(UV) pip sync --quiet --python $(PY) --require-hashes requirements/tools.txt requirements/dev.txt; \
	else $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt; fi
	@touch $@
