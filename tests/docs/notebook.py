"""Notebooks as somebody runs them: cell after cell, in a kernel of their own.

``python tests/docs/notebook.py NOTEBOOK...`` runs notebooks where they lie and writes what came
out into them, in the place of what they showed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent.parent
ABOUT = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""What a notebook says of itself, whatever Python ran it."""


def run(notebook: NotebookNode, folder: Path) -> None:
    """Run a notebook's cells in a folder; an error in one of them is raised."""
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        timeout=300,
        record_timing=False,
    )
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"})
    notebook.metadata = nbformat.from_dict(ABOUT)


def keep_html(notebook: NotebookNode) -> None:
    """Of outputs that have HTML keep that alone: others have numbers with all their digits."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", ()):
                output.data.pop("text/plain", None)


def main(places: list[str]) -> None:
    """Write what comes out into notebooks."""
    for place in map(Path, places):
        notebook = nbformat.read(place, as_version=4)
        run(notebook, place.parent)
        keep_html(notebook)
        nbformat.write(notebook, place)


if __name__ == "__main__":
    main(sys.argv[1:])
