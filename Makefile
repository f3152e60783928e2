# Everything a developer runs, and all that CI runs. `make` alone lists the targets.
# A first run makes its own virtual environment; no root, nothing but Python 3.11+ and an index.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Tests start interpreters by the hundred: where bytecode is not kept, each compiles the package anew.
export PYTHONDONTWRITEBYTECODE :=

bin := $(VENV)/bin
wheel_venv := $(VENV)-wheel

# One seed for test order, for Python's random and for Hypothesis: `make test SEED=...` repeats a run.
ifndef SEED
SEED := $(shell date +%s)
endif
# Of the installed wheel: what is in it, its public surface, and all that reads its data files.
wheel_tests := tests/package tests/seed tests/docs tests/contract \
  tests/unit/cli tests/unit/embedding tests/unit/memory tests/unit/tokens
# What keeps memory safe: crashes, damage, forgetting, isolation, hostile input (docs/reliability.md).
safety_tests := tests/crash tests/migration tests/property tests/contract tests/package/test_patterns.py \
  tests/unit/store tests/unit/screening tests/unit/test_forks.py tests/unit/memory/test_fencing.py \
  $(patsubst %,tests/unit/manager/test_%.py,async clock consolidating doctoring export forgetting \
  hearing inputs logs model_change promises provider_faults recording recovering saving sweeping)
# One worker more than there are cores: many tests wait for processes of their own.
workers := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
pytest := -m pytest -n $(workers) --dist worksteal
seeded := -p no:cacheprovider --randomly-seed=$(SEED) --hypothesis-seed=$(SEED)

.PHONY: help venv demo serve test test-safety test-system docs check format wheel test-wheel soak clean \
  bench-data bench-quality bench-ablation bench-calibrate \
  bench-service bench-speed bench-llm bench-scale

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 17

# --- environment -------------------------------------------------------------------------------

$(bin)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Python 3.11 or newer is needed, $(PYTHON) is not; try: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.stamp: pyproject.toml | $(bin)/python
	@echo 'Installing the package into $(VENV) ...'
	@$(bin)/python -m pip install -qq --upgrade 'pip>=25.1'
	@$(bin)/python -m pip install -qq --editable .
	@touch $@

$(VENV)/server.stamp: $(VENV)/core.stamp
	@echo 'Installing what the service needs ...'
	@$(bin)/python -m pip install -qq --editable '.[server,mcp]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/core.stamp
	@echo 'Installing what the tests need ...'
	@$(bin)/python -m pip install -qq --group test
	@touch $@

$(VENV)/check.stamp: $(VENV)/test.stamp
	@echo 'Installing what the checks need ...'
	@$(bin)/python -m pip install -qq --group check
	@touch $@

$(VENV)/docs.stamp: $(VENV)/core.stamp
	@echo 'Installing what the documentation needs ...'
	@$(bin)/python -m pip install -qq --group docs
	@touch $@

$(VENV)/system.stamp: $(VENV)/test.stamp
	@tools/install_system.sh
	@echo 'Installing what the tests in a browser need ...'
	@$(bin)/python -m pip install -qq --group system
	@touch $@

venv: $(VENV)/check.stamp  ## Make the development environment (.venv)

# --- what a newcomer runs ----------------------------------------------------------------------

demo: $(VENV)/core.stamp  ## Show in a minute what this package is for
	@$(bin)/context-manager demo
	@echo '  (. $(bin)/activate puts it on the path)'

serve: $(VENV)/server.stamp  ## Serve memory over HTTP at http://127.0.0.1:8000 (ARGS="--port ...")
	@$(bin)/context-manager serve $(ARGS)

test: $(VENV)/test.stamp  ## Run the tests
	$(bin)/python $(pytest) $(seeded) $(ARGS)

test-system: $(VENV)/system.stamp  ## Run the tests in a browser (as root it installs Chromium)
	$(bin)/python $(pytest) $(seeded) -m system tests/system $(ARGS)

docs: $(VENV)/docs.stamp  ## Build the documentation into site/; any warning is an error
	NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs build --quiet --strict

test-safety: $(VENV)/test.stamp  ## Only what keeps memory safe: crashes, damage, forgetting, isolation
	$(bin)/python $(pytest) $(seeded) $(safety_tests) $(ARGS)

# --- checks ------------------------------------------------------------------------------------

check: $(VENV)/check.stamp  ## Formatting, lint, types, layers, then the tests of the built wheel
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports
	@$(MAKE) --no-print-directory test-wheel

format: $(VENV)/check.stamp  ## Format the code and mend what can be mended
	$(bin)/ruff format .
	$(bin)/ruff check --fix .

wheel: $(VENV)/check.stamp  ## Build sdist and wheel, and check what is in them
	@rm -rf dist
	$(bin)/python -m build --outdir dist . > /dev/null
	$(bin)/python tools/check_wheel.py dist

test-wheel: wheel  ## Run tests against the installed wheel, in an environment of its own
	@rm -rf $(wheel_venv)
	@$(bin)/python -m venv $(wheel_venv)
	@$(wheel_venv)/bin/python -m pip install -qq --upgrade 'pip>=25.1'
	@$(wheel_venv)/bin/python -m pip install -qq dist/*.whl --group test
	CONTEXT_MANAGER_TESTED=wheel $(wheel_venv)/bin/python $(pytest) $(seeded) $(wheel_tests) $(ARGS)

.PHONY: audit
audit: wheel  ## Ask the advisory database about what the wheel brings along (needs network)
	@rm -rf $(VENV)-audit
	@$(bin)/python -m venv $(VENV)-audit
	@$(VENV)-audit/bin/python -m pip install -qq "$$(echo dist/*.whl)[server,openai,anthropic]" pip-audit
	$(VENV)-audit/bin/pip-audit --desc on

soak: $(VENV)/test.stamp  ## Long runs: ten times the property examples, and what is marked so
	$(bin)/python $(pytest) $(seeded) --hypothesis-profile=soak -m 'not system' tests/property $(ARGS)
	$(bin)/python $(pytest) $(seeded) -m soak --ignore=tests/property $(ARGS)

# --- measurements ------------------------------------------------------------------------------

# The data is not ours to carry along: CONTEXT_MANAGER_DATA names a folder that holds data/.
# What is measured is kept outside this tree; only the tables go into docs/benchmarks.md.
BENCH ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/context-manager-bench
conversations = $(sort $(wildcard $(CONTEXT_MANAGER_DATA)/data/locomo/*.json)) \
  $(sort $(wildcard $(CONTEXT_MANAGER_DATA)/data/beam/*.json))
audit = $(firstword $(wildcard $(CONTEXT_MANAGER_DATA)/data/locomo_audit/*.json))

bench-data:
	@test -n "$(strip $(conversations))" || { \
	  echo 'CONTEXT_MANAGER_DATA must name a folder with data/locomo/ or data/beam/ in it' >&2; exit 1; }
	@mkdir -p $(BENCH)

bench-quality: $(VENV)/core.stamp bench-data  ## Evidence in the prompt per token, against baselines
	@rm -f $(BENCH)/quality.db $(BENCH)/quality.db-*
	$(bin)/python -m bench.quality $(conversations) $(if $(audit),--audit $(audit)) \
	  --store $(BENCH)/quality.db --out $(BENCH)/quality.jsonl --page docs/benchmarks.md

bench-ablation: $(VENV)/core.stamp bench-data  ## What each idea of ranking adds
	$(bin)/python -m bench.ablation $(conversations) --store $(BENCH)/quality.db \
	  --page docs/benchmarks.md

bench-calibrate: $(VENV)/core.stamp bench-data  ## Fit the constants of calibrated relevance anew
	$(bin)/python -m bench.calibrate $(conversations) --store $(BENCH)/quality.db

bench-llm: $(VENV)/core.stamp bench-data  ## Tokens of a model per token said, and its cap
	$(bin)/python -m bench.llm_share $(filter %/locomo_dev.json,$(conversations)) --page docs/llm.md

chat = $(firstword $(wildcard $(CONTEXT_MANAGER_DATA)/data/irc/*.txt.gz))

bench-speed: $(VENV)/core.stamp  ## How long things take, as ratios to bare floors
	$(bin)/python -m bench.speed --full $(if $(chat),--replay $(chat)) --page docs/benchmarks.md $(ARGS)

# DSN names an empty PostgreSQL database with pgvector.
bench-scale: $(VENV)/test.stamp  ## Many users and processes on one PostgreSQL (DSN=postgresql://...)
	@test -n "$(DSN)" || { echo 'DSN must name an empty PostgreSQL database' >&2; exit 1; }
	$(bin)/python -m bench.scale "$(DSN)" --page docs/benchmarks.md $(ARGS)

bench-service: $(VENV)/server.stamp  ## The service under load for ten minutes
	$(bin)/python -m bench.service --page docs/benchmarks.md $(ARGS)

clean:  ## Remove what was made here, the environment too
	rm -rf $(VENV) $(wheel_venv) dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache
