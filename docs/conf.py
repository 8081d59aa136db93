"""How Sphinx builds the documentation: no network, and a warning is an error."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

project = "headlines"
author = "The headlines authors"
copyright = "2026, The headlines authors"

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]
default_role = "py:obj"  # what docstrings write in single backticks: a link where it is one

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the numpydoc sections say it
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False  # autodoc does

html_theme = "furo"
html_title = "headlines"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
pygments_style = "friendly"  # what is typed stands out from what comes out

ELSEWHERE = {  # pages that are files of other folders
    "benchmarks": ["benchmarks/README.md"],
    "shipped-model": ["models/README.md", "seeds/README.md"],
    "changelog": ["CHANGELOG.md"],
    "contributing": ["CONTRIBUTING.md"],
}
MOVED = {"../seeds/README.md": "#what-the-shipped-model-learns-from"}


def _read_elsewhere(app: Any, name: str, source: list[str]) -> None:
    """Put the files of other folders into their page, their links pointing where they did."""
    for path in ELSEWHERE.get(name, ()):
        folder = Path("..", path).parent.as_posix()

        def moved(match: re.Match[str], folder: str = folder) -> str:
            return f"]({MOVED.get(match[1], f'{folder}/{match[1]}')})"

        text = (ROOT / path).read_text(encoding="utf-8")
        if "\n# " in source[0]:  # one title a page
            text = re.sub(r"^#", "##", text, flags=re.MULTILINE)
        source[0] += "\n" + re.sub(r"\]\((?![a-z]+:|#)([^)]+)\)", moved, text)


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("source-read", _read_elsewhere)
