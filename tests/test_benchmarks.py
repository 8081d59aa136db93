"""Claims of the programs in benchmarks/: they fit the package, and draw and measure rightly."""

from __future__ import annotations

import ast
import importlib
import random
from collections import Counter
from pathlib import Path

import numpy as np
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


def test_a_day_has_as_many_headlines_as_were_asked_for_each_once_and_of_its_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    days = importlib.import_module("benchmarks.days")
    of = {f"story {s}": [f"{s} {n}" for n in range(3 + s % 9)] for s in range(40)}
    for size in (1, 60, 250):  # more than nine of each story, at last
        found = days.draw(of, size, random.Random(size))
        assert len(set(found)) == size
        assert all(text in of[story] for text, story in found)
    sizes = Counter(Counter(story for _, story in days.draw(of, 60, random.Random(0))).values())
    assert max(sizes) <= 9
    assert 0.3 < (sizes[1] + sizes[2]) / sizes.total() < 0.8


def test_b_cubed_is_what_its_definition_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    days = importlib.import_module("benchmarks.days")
    truth, labels = list("aaabbc"), np.array([0, 0, 1, 1, 1, 2])
    precision = (1 + 1 + 1 / 3 + 2 / 3 + 2 / 3 + 1) / 6
    recall = (2 / 3 + 2 / 3 + 1 / 3 + 1 + 1 + 1) / 6
    expected = 2 * precision * recall / (precision + recall)
    assert days.b_cubed(truth, labels) == pytest.approx(expected)
    assert days.b_cubed(truth, labels, 3) == pytest.approx(2 * (7 / 9) * (5 / 9) / (12 / 9))


def test_answers_needed_are_where_the_curve_first_reaches_the_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    review = importlib.import_module("benchmarks.review")
    curve = np.array([0.5, 0.6, 0.8, 0.7])
    assert review.needed(curve, 0.7, range(0, 40, 10)) == pytest.approx(15)
    assert review.needed(curve, 0.4, range(0, 40, 10)) == 0
    assert review.needed(curve, 0.9, range(0, 40, 10)) is None


def test_each_headline_is_in_one_read_pair_and_each_band_is_halved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    common = importlib.import_module("benchmarks.common")
    pairs = common.records(ROOT / "benchmarks" / "near_duplicates.tsv")
    hashes = [pair[side] for pair in pairs for side in "ab"]
    assert len(set(hashes)) == 2 * len(pairs)
    assert all(len(h) == 64 and int(h, 16) >= 0 for h in hashes)
    assert {pair[reading] for pair in pairs for reading in ("copy", "again")} == {"yes", "no"}
    halves = Counter((pair["band"], pair["split"]) for pair in pairs)
    assert all(abs(halves[b, "choose"] - halves[b, "report"]) <= 1 for b, _ in halves)


def test_a_pair_is_in_the_band_of_what_alone_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    copies = importlib.import_module("benchmarks.research.copies")

    def band(a: str, b: str) -> str | None:
        found: str | None = copies.band(copies.Row("", a, ""), copies.Row("", b, ""))
        return found

    assert band("Ship sinks off anti-war coast", "Ship sinks off antiwar coast.") == "same letters"
    assert band("Storm kills 2 people in Spain", "Storm kills 22 people in Spain") == "number"
    assert band("What we know of the Paris fire", "What we know of the Oslo fire") == "name"
    assert band("Storm batters coast of Spain", "Storm batters the coast of Spain") == ".6 to .8"
    assert band("Storm batters coast of Spain", "Bank raises rates again") is None
