# `make` alone lists the targets. Everything is installed into .venv, nothing into the system.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: $(PYTHON) was not found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install --disable-pip-version-check --progress-bar on --require-hashes -r requirements.lock
	$(RUN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/installed ## run the platform on this machine and play a day (ONCE=1: end by itself)
	$(RUN)/nahbar demo $(if $(ONCE),--once)

test: $(VENV)/installed ## run the whole test suite
	$(RUN)/python -m pytest -n 4 --dist worksteal $(ARGS)

pictures: $(VENV)/installed ## keep pictures of every page, on phone and desktop, in .nahbar/screenshots
	PICTURES=1 $(RUN)/python -m pytest -n 2 tests/browser $(ARGS)

check: $(VENV)/installed ## lint, types, import rules
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

fmt: $(VENV)/installed ## format the code
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

bench: $(VENV)/installed ## measure, as ratios against a baseline of the same run
	$(RUN)/python -m tests.benchmarks

chaos: $(VENV)/installed ## a long seeded fault run: make chaos SEED=7 MINUTES=10
	$(RUN)/python -m tests.chaos --seed $(or $(SEED),1) --minutes $(or $(MINUTES),5)

docs: $(VENV)/installed ## write what follows from the code: tables, containers, gateway
	$(RUN)/python -m deploy.docs

lock: ## renew requirements.lock (everything) and deploy/requirements.lock (the container image)
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra local --extra dev pyproject.toml -o requirements.lock
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra build --constraints requirements.lock pyproject.toml -o deploy/requirements.lock
	rm -rf .venv-lock

.PHONY: help demo test pictures check fmt bench chaos docs lock
