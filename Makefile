PYTHON ?= python

.PHONY: check imports lint tables test types

check: lint types imports

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

imports:
	$(PYTHON) -c "from importlinter.cli import lint_imports_command as lint; lint()"

types:
	$(PYTHON) -m mypy

test:
	$(PYTHON) -m pytest --cov --cov-report=term --cov-fail-under=95

tables:
	$(PYTHON) -m cogapp -r -U -P -I . README.md benchmarks/README.md \
		$(shell find docs -name '*.md')
