# `make run` starts the portal on this machine, `make test` runs its suite. Needs Python 3.11+, pip and make.
PYTHON ?= python3
PORT ?= 8000
VENV ?= .venv
VENV_SPID ?= .venv-spid
NODE_CLIENTS ?= .venv-clients
BENCH ?= run
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where the environment sets it, each process of the tests compiled the portal and the tests again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-processes test-browser test-spid test-clients proxies clients italy benchmark check lint types imports migrations-check format modules letters clean lock

help:
	@echo "make run           try the portal on http://127.0.0.1:$(PORT)/ (PORT= changes it; Ctrl-C stops it)"
	@echo "make test          the suite; with DATABASE_URL and REDIS_URL set, on PostgreSQL and Redis"
	@echo "make test-processes  tests that start real commands, servers, workers and proxies, and the generated ones"
	@echo "make test-browser  the journeys in a real Chromium (needs chromium on this machine)"
	@echo "make test-spid     the official test of SPID and CIE (needs xmlsec1 and openssl on this machine)"
	@echo "make test-clients  the web service called by SOAP stacks of other people, those that this machine has"
	@echo "make clients       installs the SOAP clients of Node and suds for the tests, which skip them otherwise (needs npm)"
	@echo "make proxies       installs Traefik and Envoy for the tests, which skip them otherwise (90 MB)"
	@echo "make italy         a day of 20,000 pharmacies in minutes (needs postgresql and redis-server; docs/italy.md)"
	@echo "make benchmark     the gate beside two floors: by hand, on a quiet machine (docs/performance.md)"
	@echo "make check         lint, types, import contract, migrations"
	@echo "make modules       writes docs/modules.md, the index of every module, after a module came, went or changed its first sentence"
	@echo "make letters       writes letters.html: every letter of the portal at 600 and 320 px, light and dark"
	@echo "make clean         forgets the data of make run; the environment stays"

# Quick: the lock file names every dependency, and Python compiles a module when it is first imported (most never are).
define install
	@"$(PYTHON)" -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || { echo "Making the environment $(VENV) ..."; "$(PYTHON)" -m venv $(VENV); }
	@echo "Installing the $$(grep -c '^[a-zA-Z].*==' $<) packages of $< into $(VENV): a minute or two, once ..."
	@if command -v uv >/dev/null 2>&1; then uv pip install -q --python $(BIN)/python --require-hashes -r $<; \
	else $(BIN)/python -m pip install -q --require-hashes --no-deps --no-compile --only-binary :all: -r $<; fi
	@touch $@
endef

$(VENV)/.run: requirements/run.txt
	$(install)
$(VENV)/.test: requirements/test.txt
	$(install)
$(VENV)/.dev: requirements/dev.txt
	$(install)
$(VENV)/.proxies: requirements/proxies.txt
	$(install)
$(VENV)/.clients: requirements/clients.txt
	$(install)

run: $(VENV)/.run
	@echo "Starting on port $(PORT) ..."
	@$(BIN)/python manage.py up --port "$(PORT)"

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto -m "not browser and not processes and not clients"

test-processes: $(VENV)/.test
	$(BIN)/python -m pytest -n auto -m processes

test-browser: $(VENV)/.test
	$(BIN)/python -m pytest -m browser

# The tool pins old versions, so it has an environment of its own; it is published as source only, so wheels are not required.
$(VENV_SPID)/.installed: requirements/spid.txt
	@command -v xmlsec1 >/dev/null 2>&1 && command -v openssl >/dev/null 2>&1 || { echo "The official tool needs two programs: apt-get install xmlsec1 openssl"; exit 1; }
	@test -x $(VENV_SPID)/bin/python || "$(PYTHON)" -m venv $(VENV_SPID)
	@echo "Installing $< ..."
	@$(VENV_SPID)/bin/python -m pip install -q --require-hashes -r $<
	@touch $@

test-spid: $(VENV)/.test $(VENV_SPID)/.installed
	VENV_SPID=$(VENV_SPID) $(BIN)/python -m tests.conformance.spid

proxies: $(VENV)/.test $(VENV)/.proxies

$(NODE_CLIENTS)/.installed: tests/clients/package-lock.json
	@command -v npm >/dev/null 2>&1 || { echo "npm is needed: apt-get install nodejs npm"; exit 1; }
	@mkdir -p $(NODE_CLIENTS)
	@cp tests/clients/package.json tests/clients/package-lock.json $(NODE_CLIENTS)
	@cd $(NODE_CLIENTS) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

clients: $(VENV)/.test $(VENV)/.clients $(NODE_CLIENTS)/.installed

test-clients: $(VENV)/.test $(VENV)/.clients
	$(BIN)/python -m pytest -m clients tests/clients

italy: $(VENV)/.run
	$(BIN)/python -m tests.day $(KNOBS)

benchmark: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks.$(BENCH) $(KNOBS)

check: lint types imports migrations-check

lint: $(VENV)/.dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: $(VENV)/.dev
	$(BIN)/python -m mypy

imports: $(VENV)/.dev
	$(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

migrations-check: $(VENV)/.dev
	$(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.dev
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

modules: $(VENV)/.test
	$(BIN)/python -m tests.house.modules

letters: $(VENV)/.run
	@$(BIN)/python manage.py letters_gallery letters.html

lock:
	sh requirements/lock.sh

clean:
	rm -rf var
