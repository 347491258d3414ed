# Every target works from a fresh clone; `make help` lists them.
# Needed on the system: Python 3.11 or 3.12 with venv, git, make.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := $(CURDIR)/.venv/bin
READY := .venv/.ready
PYTEST := $(BIN)/python -m pytest -q

# the oldest name last: a plain python3 is taken only where it is 3.11 or 3.12
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null \
  && { echo $$p; break; }; done)

export PATH := $(BIN):$(PATH)
export XDG_CACHE_HOME := $(CURDIR)/.cache
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export VVM_BINARY_PATH := $(CURDIR)/.cache/vvm
export WATERLINE_HOME ?= $(CURDIR)/.waterline
export APE_DATA_FOLDER := $(WATERLINE_HOME)/ape
ifeq ($(shell uname),Linux)
export ETH_HASH_BACKEND := pysha3
endif
# else each start of a program compiles its libraries again, which takes longer than all else it does
unexport PYTHONDONTWRITEBYTECODE
# a test run never touches the operator's keystores, chain or journals
TRIAL := WATERLINE_HOME=$(CURDIR)/.cache/trial APE_DATA_FOLDER=$(CURDIR)/.cache/trial/ape

.PHONY: help setup demo test test-fast test-unit test-contracts test-oracle test-chain test-system \
  test-city test-nodes check lint types contracts bench soak soak-models soak-kills soak-faults soak-audit soak-tests \
  mutants clean folders ready lock

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## install everything into .venv

$(READY): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Python 3.11 or 3.12 is needed; found: $$(python3 --version 2>&1)." >&2; \
	  echo "On Debian or Ubuntu: apt-get install python3.11 python3.11-venv" >&2; exit 1; fi
	@if [ ! -x .venv/bin/python ]; then \
	  echo "setup: .venv with $$($(PYTHON) --version)"; \
	  $(PYTHON) -m venv .venv >.venv-failed 2>&1 || { \
	    cat .venv-failed >&2; rm -rf .venv .venv-failed; \
	    echo "setup: $(PYTHON) has no venv; on Debian or Ubuntu:" \
	      "apt-get install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" >&2; \
	    exit 1; }; rm -f .venv-failed; fi
	@echo "setup: packages of requirements.lock"
	@mkdir -p .cache/vvm && awk '/^uv==/ {on = 1} on && /^    #/ {exit} on' requirements.lock >.cache/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .cache/uv.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $(READY)
	@echo "setup: done, .venv/bin/waterline is there"

demo: setup ## a small city on a real 3-signer chain, from nothing to a summary
	@$(BIN)/waterline demo

# the longest first, four at a time on two processors: the first two mostly wait for blocks
test: ready ## check and every test but what only `make soak` runs
	@$(MAKE) -j4 --output-sync=target test-city test-nodes test-oracle test-contracts test-chain test-unit check

test-fast: setup test-unit ## tests without contracts or a chain

test-unit: setup folders
	@echo "== unit"
	@$(TRIAL) $(PYTEST) tests/unit

test-contracts: setup folders
	@echo "== contracts and models"
	@$(TRIAL) $(PYTEST) -p boa_test tests/contracts tests/stateful

FED := $(wildcard $(addprefix tests/chain/test_,oracle_*.py witnesses*.py) \
  $(addsuffix .py,$(addprefix tests/chain/test_,households_heard moving_lanes replacing roll_over shared_journal)))
test-oracle: setup folders
	@echo "== the oracle on a chain"
	@$(TRIAL) $(PYTEST) $(FED)

test-chain: setup folders
	@echo "== London rules, what is shown of a chain"
	@$(TRIAL) $(PYTEST) tests/chain $(FED:%=--ignore=%)

CITY := $(addprefix tests/system/test_,city.py city_simulated.py readme.py bench_city.py bench_relay.py crash.py faults.py)
test-city: setup folders
	@echo "== cities and benches on a real chain"
	@$(TRIAL) $(PYTEST) $(CITY)

test-nodes: setup folders
	@echo "== real chains, buses and databases that fail"
	@$(TRIAL) $(PYTEST) tests/system $(CITY:%=--ignore=%)

test-system: test-nodes test-city ## every test on a real chain

check: setup folders ## format, lint, types, contracts, imports, secrets, words
	@$(MAKE) -j2 --output-sync=target contracts types lint
	@$(BIN)/python -m checks

lint: setup
	@echo "== lint"
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .

types: setup
	@echo "== types"
	@$(BIN)/mypy --no-error-summary

contracts: setup folders
	@echo "== contracts compile"
	@$(TRIAL) $(BIN)/ape compile --force >.cache/compile.log 2>&1 || { cat .cache/compile.log >&2; exit 1; }

bench: setup folders ## gas of a reading, both intake formats
	@$(BIN)/waterline bench gas

soak: setup folders ready ## models, kills, faults, audited changes and the long tests: hours instead of minutes
	@$(MAKE) -j2 --output-sync=target soak-models soak-kills soak-faults soak-audit soak-tests

# rules with many examples, of which `make test` tries fewer
PROPERTIES := $(addprefix tests/contracts/test_,applications_clocks.py authority_posts.py permits_right.py)

soak-models:
	@$(TRIAL) HYPOTHESIS_PROFILE=soak $(PYTEST) --timeout=7200 -p boa_test tests/stateful $(PROPERTIES)

soak-kills:
	@$(BIN)/waterline bench crash --kills 1000

soak-faults:
	@$(BIN)/waterline bench faults

soak-audit:
	@$(TRIAL) HYPOTHESIS_PROFILE=soak $(PYTEST) --timeout=7200 tests/chain/test_audit_tampered.py

# what is marked `soak`: larger samples of what `make test` runs, and benchmarks as a whole
soak-tests:
	@$(TRIAL) HYPOTHESIS_PROFILE=soak $(PYTEST) --timeout=7200 -m soak tests/unit tests/chain tests/system

SAMPLE ?= 40
mutants: setup folders ## small faults put into the contracts: do the tests notice? SAMPLE=0 all, CONTRACT="A B"
	@$(TRIAL) $(BIN)/python -m checks.mutants --sample $(SAMPLE) $(addprefix --contract ,$(CONTRACT))

clean: ## remove what was installed, built and cached; keystores and journals stay
	@rm -rf .venv .build .cache .hypothesis .mypy_cache .ruff_cache .pytest_cache *.egg-info
	@find . -name __pycache__ -type d -not -path './.waterline/*' -prune -exec rm -rf {} +

# built and compiled once, before lanes that would each do so
ready: setup folders
	@$(TRIAL) $(BIN)/waterline devnet build >.cache/ready.log 2>&1 || { cat .cache/ready.log >&2; exit 1; }
	@$(BIN)/python -c "from scripts._compiled import compiled; compiled()"

folders:
	@mkdir -p .cache/trial/ape $(VVM_BINARY_PATH)

lock: $(READY) ## compile requirements.lock again from pyproject.toml
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --group dev pyproject.toml -o requirements.lock
