"""Reports of small feeds, and their pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from conftest import DATA, SEEDS

from headlines import Headline, HeadlineLabeler, read_feed
from headlines.report.report import Report

DAY = (
    "Drone Hits Oil Depot in Tver",
    "Oil Depot in Tver Burns After Drone Attack",
    "EU Approves New Sanctions on Moscow",
    "Court in Moscow Jails Rapper for Nine Years",
    "Floods Hit Siberia",
)
NEXT_DAY = (
    "Tver Oil Depot Still Burning After Drone Attack",
    "Drone Hits Oil Depot in Tver",
    "Snow Falls in Sochi",
)


def dated(texts: Sequence[str], day: str) -> list[Headline]:
    return [replace(Headline.parse(text), date=day) for text in texts]


def report_of_demo_feed(labeler: HeadlineLabeler) -> Report:
    feed = read_feed(SEEDS / "feed.txt")
    return Report.of(labeler, feed.headlines, title="The demo feed", inputs=[feed.report])


def hostile_headlines() -> list[Headline]:
    """Hostile headlines, as a feed's rows give them: with a publisher and a link as bad."""
    found = []
    lines = (DATA / "hostile_headlines.jsonl").read_text(encoding="utf-8").splitlines()
    for text in (json.loads(line)["headline"] for line in lines):
        address = f"https://example.org/?q={text}" if len(found) % 2 else "javascript:hit=1"
        found.append(
            Headline(text, text, publisher=text, date="2024-06-01", fields={"url": address})
        )
    return found


def page_of(report: Report, path: Path) -> str:
    """Write a report's page; give its address."""
    path.write_text(report.to_html(), encoding="utf-8")
    return path.as_uri()
