# Everything is run through the environment in .venv, which `make setup` makes; nothing else has to be installed first.
PYTHON_ENV := .venv/bin
JOBS ?= 2
ARGS ?=
BENCH_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-all bench bench-peers requirements docs

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with Amends in it (finds or provides Python >= 3.12); quick where nothing changed
	@scripts/setup.sh

demo: setup ## simulate a shop with a leak, count who was exposed, write the report and show it (ARGS=--no-serve)
	@$(PYTHON_ENV)/amends demo $(ARGS)

check: setup ## form: ruff, types, import contracts, generated documentation
	$(PYTHON_ENV)/ruff check .
	$(PYTHON_ENV)/ruff format --check .
	$(PYTHON_ENV)/mypy --strict src scripts
	$(PYTHON_ENV)/lint-imports --no-logo
	$(PYTHON_ENV)/python scripts/make_errors_page.py --check
	$(PYTHON_ENV)/python scripts/make_formats_page.py --check

test: setup ## the tests that are not slow (JOBS=2 ARGS=tests/count)
	@$(PYTHON_ENV)/pytest -q -n $(JOBS) -m "not slow" $(ARGS)

test-all: setup ## all tests
	@$(PYTHON_ENV)/pytest -q -n $(JOBS) $(ARGS)

bench: setup bench-peers ## measure every room beside its peers, and the size of a core-only install (BENCH_ARGS=--quick)
	@BENCH_ARGS='$(BENCH_ARGS)' scripts/bench.sh

bench-peers:
	@scripts/install-bench-peers.sh

requirements: setup ## pin requirements/*.txt again after a change of pyproject.toml (ARGS=--upgrade)
	@scripts/requirements.sh $(ARGS)

docs: setup ## write the generated pages again (docs/errors.md, docs/formats.md)
	@$(PYTHON_ENV)/python scripts/make_errors_page.py
	@$(PYTHON_ENV)/python scripts/make_formats_page.py
