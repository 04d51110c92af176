# Every target is one line of work; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help install run test test-slow lint fmt bench bench-settlement contracts clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

install: $(VENV)/.installed ## set up .venv with the locked packages

$(VENV)/.installed: pyproject.toml constraints.txt
	@scripts/install-venv "$(PYTHON)" "$(VENV)"

run: install ## start the devnet: make run ARGS="--demo"
	@exec $(BIN)/entresol devnet $(ARGS)

test: install ## run the tests that need nothing but Python
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow" --ignore tests/ledgers $(ARGS)

test-slow: install ## fault loops, and tests against foreign ledgers and clients (scripts/install-ledgers first)
	@$(BIN)/python -m pytest -m "slow" --ignore tests/ledgers $(ARGS) && $(BIN)/python -m pytest tests/ledgers $(ARGS)

lint: install ## ruff, format check, mypy --strict, import contracts
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

fmt: install ## format and mend what can be mended
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: install ## load generator against a fresh node, beside anvil where it is installed
	@$(BIN)/python scripts/bench.py $(ARGS)

contracts: ## recompile the Solidity contracts with npm solc
	@scripts/compile-contracts

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
