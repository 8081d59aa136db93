"""Claims of examples/: each program runs and shows what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT

sys.path.insert(0, str(Path(__file__).parent))
import notebook

SHOWN = {
    "label_a_frame.py": ["courts", "are worth a look", "a target error of 0.2"],
    "topics_from_50_labels.py": [
        "from 50 labels",
        "labels that it never saw",
        "town.joblib, town.manifest.json",
    ],
    "stories_day_after_day.py": ["monday: 52 headlines", "born: Lighthouse Point Whale"],
    "custom_embedder.py": ["Trigrams(size=1024): right on", "sport", "stories in 52 headlines"],
}


def test_all_of_them_are_tested() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(SHOWN)


@pytest.mark.slow
@pytest.mark.parametrize("program", SHOWN)
def test_an_example_runs_and_shows_what_it_says(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / program)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for text in SHOWN[program]:
        assert text in done.stdout, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("place", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda p: p.name)
def test_a_notebook_shows_what_comes_out_of_it(place: Path) -> None:
    kept = nbformat.read(place, as_version=4)
    anew = deepcopy(kept)
    notebook.run(anew, place.parent)
    notebook.keep_html(anew)
    for was, now in zip(kept.cells, anew.cells, strict=True):
        assert was == now, f"python tests/docs/notebook.py examples/{place.name} writes it anew"
    assert kept.metadata == anew.metadata
