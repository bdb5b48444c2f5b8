# Two commands: `make run` serves the product with its demo, `make test` checks everything. Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin
export FLASK_APP := wsgi
export CUSTOM_COMPILE_COMMAND := make requirements
COMPILE := --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: run test test-all bench lint requirements clean

run: .venv/ready
	exec $(BIN)/flask serve

test: .venv/ready-dev lint
	$(BIN)/pytest -q -n 2 --dist worksteal -m "not slow"

# What takes longer than a change should wait for: the races in full; then, one at a time, what measures: faults, speed, bench.
test-all: .venv/ready-dev
	$(BIN)/pytest -q -m slow -n 2 tests/races tests/properties
	$(BIN)/pytest -q -m slow --ignore tests/races --ignore tests/properties

bench: .venv/ready-dev
	$(BIN)/python -m bench

lint: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

requirements: .venv/ready-dev
	$(BIN)/pip-compile $(COMPILE) requirements.in
	$(BIN)/pip-compile $(COMPILE) requirements-dev.in

.venv/ready: requirements.txt
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -r requirements.txt
	touch $@

.venv/ready-dev: requirements-dev.txt .venv/ready
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf .venv var
