"""Run the command line as ``python -m headlines``."""

from headlines.cli.main import entry

if __name__ == "__main__":
    entry()
