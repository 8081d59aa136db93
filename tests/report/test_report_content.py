"""What a report tells of a feed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from reports import DAY, NEXT_DAY, dated, page_of, report_of_demo_feed

from headlines import Headline, HeadlineLabeler
from headlines.errors import HeadlinesError
from headlines.report.earlier import EarlierReport
from headlines.report.periods import MAX_PERIODS, Periods
from headlines.report.report import Report


@pytest.fixture(scope="module")
def seed_report(labeler: HeadlineLabeler) -> Report:
    return report_of_demo_feed(labeler)


@pytest.fixture
def seed_page(seed_report: Report, tmp_path: Path) -> str:
    """The address of the demo feed's page."""
    return page_of(seed_report, tmp_path / "report.html")


@pytest.fixture
def two_days(labeler: HeadlineLabeler, tmp_path: Path) -> Report:
    """The second day's report, held against the page of the first."""
    page_of(Report.of(labeler, dated(DAY, "2024-06-01")), tmp_path / "first.html")
    earlier = EarlierReport.read(tmp_path / "first.html")
    return Report.of(labeler, dated(NEXT_DAY, "2024-06-02"), earlier=earlier)


def test_topics_and_themes_count_every_headline(seed_report: Report) -> None:
    assert sum(told.headlines for told in seed_report.topics) == 118
    places = [
        place
        for theme in seed_report.themes
        for story in (*theme.stories, *theme.alone)
        for place in story.places
    ]
    assert sorted(places) == list(range(118))


def test_a_topics_typical_headline_has_that_topic(seed_report: Report) -> None:
    for told in seed_report.topics:
        assert seed_report.predictions[told.typical].topic == told.topic


def test_the_closest_topics_are_told_first(seed_report: Report) -> None:
    leads = []
    for place in seed_report.doubts.unsure:
        (_, first), (_, second) = seed_report.predictions[place].topics[:2]
        leads.append(first - second)
    assert leads == sorted(leads)
    assert 0 < len(leads) <= 12
    assert leads[-1] < 0.25


def test_a_report_is_the_same_bytes_each_time(labeler: HeadlineLabeler) -> None:
    pages = {Report.of(labeler, dated(DAY, "2024-06-01")).to_html() for _ in range(2)}
    assert len(pages) == 1


def test_what_is_new_since_the_earlier_page_is_told(two_days: Report) -> None:
    assert two_days.since is not None
    assert two_days.since.when == "2024-06-01"
    assert two_days.since.headlines == (0, 2)
    assert [change.name for change in two_days.since.grown] == []
    assert {change.after for change in two_days.since.over} == {0}
    assert "Snow Falls in Sochi" in [change.name for change in two_days.since.new]


def test_a_story_keeps_the_number_that_the_earlier_page_gave(two_days: Report) -> None:
    assert two_days.found[0].story == two_days.found[1].story == 0


def test_topics_are_held_against_the_earlier_page(two_days: Report) -> None:
    drones = next(told for told in two_days.topics if told.topic == "drones")
    assert (drones.headlines, drones.before, drones.change) == (2, 2, 0)


def test_rows_of_cluster_are_an_earlier_report_without_topics(
    labeler: HeadlineLabeler, tmp_path: Path
) -> None:
    import json

    rows = labeler.cluster(DAY, level="story")
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row.to_row()) for row in rows))
    earlier = EarlierReport.read(tmp_path / "rows.jsonl")
    told = Report.of(labeler, list(NEXT_DAY), earlier=earlier)
    assert told.since is not None
    assert told.since.when == "the earlier report"
    assert {topic.before for topic in told.topics} == {None}


def test_an_earlier_page_gives_back_its_clusters(seed_report: Report, seed_page: str) -> None:
    earlier = EarlierReport.read(Path(seed_page.removeprefix("file://"))).clusters
    assert earlier.story == {h.id: h.story for h in seed_report.found}
    assert earlier.theme == {h.id: h.theme for h in seed_report.found}
    assert earlier.texts == {h.id: h.headline for h in seed_report.found}
    assert earlier.names == {c.cluster: c.name for c in seed_report.found.stories}
    assert earlier.strength == {h.id: h.strength for h in seed_report.found}


@pytest.mark.parametrize("text", ["<html></html>", '<script type="application/json" id="data">1'])
def test_a_page_that_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.html").write_text(text)
    with pytest.raises(HeadlinesError, match=r"x\.html: has no data of a report"):
        EarlierReport.read(tmp_path / "x.html")


def test_a_feed_is_no_earlier_report(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("Floods Hit Siberia\n")
    with pytest.raises(HeadlinesError, match=r"line 1: .*\.jsonl .*, or the \.html of"):
        EarlierReport.read(tmp_path / "x.txt")


def test_a_report_of_another_version_is_refused(seed_page: str, tmp_path: Path) -> None:
    text = Path(seed_page.removeprefix("file://")).read_text()
    (tmp_path / "x.html").write_text(text.replace('{"version":1', '{"version":9'))
    with pytest.raises(HeadlinesError, match="no data of a report of version 1"):
        EarlierReport.read(tmp_path / "x.html")


def test_a_missing_earlier_report_is_told(tmp_path: Path) -> None:
    with pytest.raises(HeadlinesError, match=r"gone\.html: can't be read"):
        EarlierReport.read(tmp_path / "gone.html")


@pytest.mark.parametrize("texts", [[], ["Floods Hit Siberia"], ["Floods Hit Siberia"] * 3, ["…"]])
def test_the_smallest_feeds_have_a_report(labeler: HeadlineLabeler, texts: list[str]) -> None:
    told = Report.of(labeler, texts)
    assert "</html>" in told.to_html()
    counted = "1 headline:" if len(texts) == 1 else f"{len(texts)} headlines:"
    assert counted in told.to_markdown()


def test_a_memory_tells_what_is_new(labeler: HeadlineLabeler, tmp_path: Path) -> None:
    memory = tmp_path / "stories.memory"
    Report.of(labeler, dated(DAY, "2024-06-01"), memory=memory)
    told = Report.of(labeler, dated(NEXT_DAY, "2024-06-02"), memory=memory)
    assert told.day == "2024-06-02"
    assert told.since is not None
    assert told.since.when == "earlier days"
    assert told.since.headlines is None
    assert "New since earlier days" in told.to_html()


def test_markdown_has_no_mark_of_a_headline(labeler: HeadlineLabeler) -> None:
    text = "# *Loud* [link](http://x.org) <b> | `x`"
    told = Report.of(labeler, [Headline(text, text)]).to_markdown()
    assert r"\# \*Loud\* \[link\](http://x.org) \<b\> \| \`x\`" in told


# ------------------------------------------------------------------ periods


def periods_of(*days: str | None) -> Periods:
    return Periods.of([replace(Headline.parse("x"), date=day) for day in days])


def test_days_without_headlines_are_periods_too() -> None:
    found = periods_of("2024-06-01", "2024-06-03T10:00:00Z", None, "soon")
    assert found.unit == "day"
    assert found.starts == (date(2024, 6, 1), date(2024, 6, 2), date(2024, 6, 3))
    assert found.places == (0, 2, None, None)


@pytest.mark.parametrize(
    ("last", "unit", "starts"),
    [
        ("2024-03-01", "week", 10),
        ("2025-12-31", "month", 24),
        ("2030-12-31", "year", 7),
        ("2200-01-01", "year", MAX_PERIODS),
    ],
)
def test_long_times_are_told_in_longer_periods(last: str, unit: str, starts: int) -> None:
    found = periods_of("2024-01-01", last)
    assert found.unit == unit
    assert len(found.starts) <= starts


def test_a_wrong_date_among_a_hundred_makes_no_years_of_a_week() -> None:
    days = [f"2024-06-{day:02}" for day in range(1, 8)] * 20
    found = periods_of(*days, "1970-01-01", "2099-01-01")
    assert found.unit == "day"
    assert len(found.starts) == 7
    assert found.places[-2:] == (None, None)


def test_a_feed_without_dates_has_no_periods() -> None:
    assert periods_of(None, None).starts == ()
