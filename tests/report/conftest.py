"""What tests of the report share: pages made of small feeds, by the shipped model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headlines import Headline, HeadlineLabeler, read_feed
from headlines.report.report import Report
from tests.conftest import DATA, SEEDS


@pytest.fixture(scope="session")
def seed_report(labeler: HeadlineLabeler) -> Report:
    feed = read_feed(SEEDS / "feed.txt")
    return Report.of(labeler, feed.headlines, title="The demo feed", inputs=[feed.report])


@pytest.fixture(scope="session")
def hostile() -> list[Headline]:
    """Hostile headlines, as a feed's rows give them: with a publisher and a link as bad."""
    found = []
    lines = (DATA / "hostile_headlines.jsonl").read_text(encoding="utf-8").splitlines()
    for text in (json.loads(line)["headline"] for line in lines):
        address = f"https://example.org/?q={text}" if len(found) % 2 else "javascript:hit=1"
        found.append(
            Headline(text, text, publisher=text, date="2024-06-01", fields={"url": address})
        )
    return found


@pytest.fixture
def seed_page(seed_report: Report, tmp_path: Path) -> str:
    """The address of the demo feed's page."""
    return page_of(seed_report, tmp_path / "report.html")


def page_of(report: Report, path: Path) -> str:
    path.write_text(report.to_html(), encoding="utf-8")
    return path.as_uri()
