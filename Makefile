PYTHON ?= python
# Two processes, a file's tests in one of them, so that what a module trains is trained once.
WORKERS ?= -n 2 --dist loadfile

.PHONY: browser check docs imports lint tables test test-fast types

check: lint types imports

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

imports:
	$(PYTHON) -c "from importlinter.cli import lint_imports_command as lint; lint()"

types:
	$(PYTHON) -m mypy

# Pages are tested in the system's Chromium, which is installed where that may be done.
browser:
	@command -v chromium >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
			--no-install-recommends chromium fonts-dejavu-core fonts-noto-color-emoji >/dev/null; \
	else echo "no chromium: install it, or the tests of pages are left out"; fi

test: browser
	$(PYTHON) -m pytest $(WORKERS) --cov --cov-report=term --cov-fail-under=95

test-fast:
	$(PYTHON) -m pytest $(WORKERS) -m "not slow"

tables:
	$(PYTHON) -m cogapp -r -U -P -I . README.md CONTRIBUTING.md benchmarks/README.md \
		$(shell find docs -name '*.md')

docs:
	$(PYTHON) -m sphinx -q -W --keep-going docs docs/_build/html
