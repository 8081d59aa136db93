PYTHON ?= python

.PHONY: check test lint types

check: lint types

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m mypy

test:
	$(PYTHON) -m pytest --cov --cov-report=term --cov-fail-under=95
