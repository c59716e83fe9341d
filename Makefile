# Everything a contributor or a newcomer needs. `make run` and `make test` set themselves up from nothing but Python.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help run test check fix generate bench faults lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

run: $(READY) ## start the embedded stack and show an event's way, live (ONCE=1 ends after the balance)
	@$(BIN)/router dev --example $(if $(ONCE),--once)

test: $(READY) check ## run every check and every test, on a real broker, registry and Postgres
	@$(BIN)/python -m pytest

check: $(READY) ## lint, formatting, types, import contracts, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m router.cli.generate --check

fix: $(READY) ## repair what lint and formatting can repair, write the generated files anew
	@$(BIN)/python -m router.cli.generate
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

generate: $(READY) ## write the files generated from the taxonomy and the configuration models
	@$(BIN)/python -m router.cli.generate

bench: $(READY) ## run the benchmarks beside their peers (ONLY=ingress,http_sink,postgres_sink)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

faults: $(READY) ## kill, pause and poison everything, and count what was lost, doubled or reordered
	@$(BIN)/python -m tests.faults $(if $(ONLY),--only $(ONLY)) $(if $(SEEDS),--seeds $(SEEDS))

lock: $(READY) ## resolve the dependencies anew (hashes, no addresses)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
		--extra stack --group develop pyproject.toml -o requirements.lock --upgrade
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.12 \
		helm/image/build.in -o helm/image/build.lock --upgrade

clean: ## remove the virtual environment and what was built
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache
