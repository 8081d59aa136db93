"""Claims of the programs in benchmarks/: what they import of the package is there."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
from conftest import ROOT

PROGRAMS = [
    path
    for path in sorted((ROOT / "benchmarks").rglob("*.py"))
    if path.name not in ("__init__.py", "common.py", "figures.py", "tables.py", "peers.py")
]


def _imported(path: Path) -> list[tuple[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("headlines")
        for alias in node.names
        if node.module
    ]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_what_a_program_imports_of_the_package_is_there(path: Path) -> None:
    for module, name in _imported(path):
        if not hasattr(importlib.import_module(module), name):
            importlib.import_module(f"{module}.{name}")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_each_program_is_listed_with_its_claim(path: Path) -> None:
    named = str(path.relative_to(ROOT / "benchmarks"))
    listed = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert f"| `{named}` |" in listed
