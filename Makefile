PYTHON ?= python
# Two processes, a file's tests in one of them, so that what a module trains is trained once.
WORKERS ?= -n 2 --dist loadfile

.PHONY: check docs imports lint tables test test-fast types

check: lint types imports

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

imports:
	$(PYTHON) -c "from importlinter.cli import lint_imports_command as lint; lint()"

types:
	$(PYTHON) -m mypy

test:
	$(PYTHON) -m pytest $(WORKERS) --cov --cov-report=term --cov-fail-under=95

test-fast:
	$(PYTHON) -m pytest $(WORKERS) -m "not slow"

tables:
	$(PYTHON) -m cogapp -r -U -P -I . README.md CONTRIBUTING.md benchmarks/README.md \
		$(shell find docs -name '*.md')

docs:
	$(PYTHON) -m sphinx -q -W --keep-going docs docs/_build/html
