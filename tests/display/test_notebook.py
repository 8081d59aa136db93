"""A claim of results in a notebook: a kernel gives their tables to whoever shows it."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, SEEDS

sys.path.insert(0, str(ROOT / "tests" / "docs"))
from notebook import run

BEGIN = f"""
from headlines import HeadlineLabeler, evaluate, read_feed, retrain
from headlines.retraining.config import RetrainConfig
feed = read_feed({str(SEEDS / "feed.txt")!r})
labeler = HeadlineLabeler.load()
found = labeler.label(feed)
gold = [one.topic or "none" for one in found]
"""

SHOWN = {
    "feed": ["389 lines (page, utf-8)", "EU Approves 18th Round of Sanctions", "and 98 more"],
    "feed.report": ["389 lines (page, utf-8)", "boilerplate", "article text"],
    "found": ["118 headlines, 117 with a topic", "sanctions", "and 98 more"],
    "found[:2]": ["2 headlines, 2 with a topic"],
    "found[0]": ["probability", "courts", "and 8 more"],
    "labeler.label_block(feed.headlines)": ["118 headlines, 117 with a topic"],
    "labeler.explain('Drone Hits Oil Depot')": ["speak for", "<span", "Depot", "similarity"],
    "labeler.cluster(feed)": ["in 12 themes", "Stories to look at", "may be several"],
    "evaluate(gold, gold)": ["118 headlines scored", "95 % interval", "precision", "drones"],
    "retrain(RetrainConfig.read('retrain.toml'), dry_run=True, first_run=True)": [
        "would promote",
        "no champion",
    ],
}
"""What is shown, and what stands in it."""


@pytest.mark.slow
def test_a_kernel_shows_every_result_as_html_and_in_a_few_words(tmp_path: Path) -> None:
    topics = [f"[[topic]]\nname = '{name}'\nphrases = ['{name}']\n" for name in ("war", "trade")]
    (tmp_path / "topics.toml").write_text("".join(topics))
    (tmp_path / "retrain.toml").write_text("registry = 'models'\ntopics = 'topics.toml'\n")
    cells = [nbformat.v4.new_code_cell(code) for code in (BEGIN, *SHOWN)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    run(notebook, tmp_path)
    for cell in notebook.cells[1:]:
        [output] = cell.outputs
        missing = [told for told in SHOWN[cell.source] if told not in output.data["text/html"]]
        assert not missing, cell.source
        assert len(output.data["text/plain"]) < 10_000, cell.source  # it is kept beside it
