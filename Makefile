# The README's two commands are `make run` and `make test`; both set up first.

PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
READY = $(VENV)/ready

.PHONY: run test soak bench bench-path lint docs picture clean

run: $(READY)
	$(BIN)/twistd -n --pidfile= bridge --demo

test: $(READY)
	$(BIN)/pytest -q -rsR -n 2 --dist loadfile --no-loadscope-reorder

soak: $(READY)
	$(BIN)/pytest -q -m slow

# Debian's Python is what many users have; PYTHONS has others, or none.
PYTHONS ?= $(wildcard /usr/bin/python3)

bench: $(READY)
	$(BIN)/python -m bench --write docs $(if $(PYTHONS),--python $(PYTHONS))

bench-path: $(READY)
	$(BIN)/python -m bench.path --write docs

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/bridgectl schema --markdown > docs/configuration.md
	$(BIN)/python -m bridge.manual docs/man

# The README's: Chromium and five minutes, as root or with user namespaces.
picture: $(READY)
	$(BIN)/python -m tests.e2e.picture docs/pictures
	$(BIN)/python -m tests.e2e.picture_top docs/pictures

# Made anew when the dependencies change.
$(READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	touch $@

clean:
	rm -rf $(VENV) bench/build build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
