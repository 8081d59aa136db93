"""The report's page in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import barriers
from reports import DAY, NEXT_DAY, dated, hostile_headlines, page_of, report_of_demo_feed

from headlines import Headline, HeadlineLabeler
from headlines.errors import shown
from headlines.report.report import Report

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]


@pytest.fixture(scope="module")
def seed_report(labeler: HeadlineLabeler) -> Report:
    return report_of_demo_feed(labeler)


@pytest.fixture
def seed_page(seed_report: Report, tmp_path: Path) -> str:
    """The address of the demo feed's page."""
    return page_of(seed_report, tmp_path / "report.html")


@pytest.fixture(scope="module")
def hostile() -> list[Headline]:
    return hostile_headlines()


def told(page: Page) -> str:
    """What the page says of how many headlines it shows."""
    return page.locator("#shown").filter(has_text="of").inner_text()


def visible(page: Page) -> int:
    return int(
        page.evaluate("() => document.querySelectorAll('#themes li.h:not([hidden])').length")
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 800, 1600])
def test_the_page_fits_every_width_and_bars_nobody(
    seed_page: str, visit: Visit, width: int, scheme: str
) -> None:
    page = visit(seed_page, width, color_scheme=scheme)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert barriers(page) == []


def test_all_parts_open_bar_nobody(seed_page: str, visit: Visit) -> None:
    page = visit(seed_page)
    page.evaluate("() => document.querySelectorAll('details').forEach((part) => part.open = true)")
    assert barriers(page) == []


def test_a_search_leaves_the_headlines_that_have_the_words(
    seed_page: str, seed_report: Report, visit: Visit
) -> None:
    page = visit(seed_page)
    page.keyboard.press("Tab")  # to the link that skips
    page.keyboard.press("Tab")
    page.keyboard.type("Lavrov korea")
    titles = [headline.headline for headline in seed_report.found]
    expected = [title for title in titles if "Lavrov" in title and "Korea" in title]
    assert told(page) == f"{len(expected)} of 118 headlines"
    items = page.locator("#themes li.h:not([hidden]) bdi:first-child").all_inner_texts()
    assert sorted(items) == sorted(expected)
    page.keyboard.press("Escape")
    page.locator("#reset").wait_for(state="hidden")
    assert visible(page) == 118


def test_a_topic_is_chosen_by_keyboard_and_its_count_is_right(
    seed_page: str, seed_report: Report, visit: Visit
) -> None:
    page = visit(seed_page)
    button = page.get_by_role("button", name="drones", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    drones = next(topic.headlines for topic in seed_report.topics if topic.topic == "drones")
    assert told(page) == f"{drones} of 118 headlines"
    assert button.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Enter")
    assert visible(page) == 118


def test_a_search_for_nothing_says_so(seed_page: str, visit: Visit) -> None:
    page = visit(seed_page)
    page.fill("#search", "xylophone")
    page.locator("#nothing").wait_for()
    page.get_by_role("button", name="Show all").last.click()
    assert visible(page) == 118


def test_the_map_is_walked_by_keys_to_a_story(seed_page: str, visit: Visit) -> None:
    page = visit(seed_page)
    page.locator("#canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    at = page.locator("#at").inner_text()
    assert at
    page.keyboard.press("Enter")
    shown_items = page.locator("#themes li.h:not([hidden])").all_inner_texts()
    assert any(item.split("\n")[0] in at or at.split(" (")[0] in item for item in shown_items)
    first = visible(page)
    for key in ("Escape", "+", "0", "ArrowLeft", " "):
        page.keyboard.press(key)
    assert visible(page) < 118
    assert first < 118


def test_a_click_on_the_map_shows_the_story(
    seed_page: str, seed_report: Report, visit: Visit
) -> None:
    page = visit(seed_page)
    story = seed_report.stories[0]
    x, y = page.evaluate("(i) => [px(rows.x[i]), py(rows.y[i])]", story.places[0])
    page.locator("#canvas").click(position={"x": x, "y": y})
    assert told(page) == f"{len(story.places)} of 118 headlines"


def test_a_lasso_around_the_map_takes_all_that_lies_inside(seed_page: str, visit: Visit) -> None:
    page = visit(seed_page, 1600)
    page.locator("#map").scroll_into_view_if_needed()
    page.get_by_role("button", name="Lasso").click()
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    left, top, middle = box["x"] + 1, box["y"] + 1, box["x"] + box["width"] / 2
    bottom = box["y"] + box["height"] - 1
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((middle, top), (middle, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    expected = page.evaluate("() => rows.x.filter((x) => px(x) < width / 2).length")
    assert told(page) == f"{expected} of 118 headlines"
    assert 0 < expected < 118


def test_the_map_is_zoomed_moved_and_tells_what_the_pointer_is_at(
    seed_page: str, visit: Visit
) -> None:
    page = visit(seed_page)
    canvas = page.locator("#canvas")
    canvas.scroll_into_view_if_needed()
    page.get_by_role("button", name="Zoom in").click()
    x, y = page.evaluate("() => [px(rows.x[0]), py(rows.y[0])]")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 340, box["y"] + 220, steps=3)
    page.mouse.up()
    moved = page.evaluate("() => [px(rows.x[0]), py(rows.y[0])]")
    assert moved != [x, y]
    page.get_by_role("button", name="Whole map").click()
    x, y = page.evaluate("() => [px(rows.x[0]), py(rows.y[0])]")
    canvas.hover(position={"x": x, "y": y})
    assert page.locator("#tip").inner_text().startswith(page.evaluate("() => textOf(0)")[:20])


def test_a_link_to_a_story_opens_what_it_lies_in(
    seed_page: str, seed_report: Report, visit: Visit
) -> None:
    number = seed_report.stories[-1].number
    page = visit(f"{seed_page}#story-{number}")
    assert page.locator(f"#story-{number} li").first.is_visible()


def test_new_headlines_are_shown_alone(
    labeler: HeadlineLabeler, visit: Visit, tmp_path: Path
) -> None:
    from headlines.report.earlier import EarlierReport

    page_of(Report.of(labeler, dated(DAY, "2024-06-01")), tmp_path / "first.html")
    earlier = EarlierReport.read(tmp_path / "first.html")
    second = Report.of(labeler, dated(NEXT_DAY, "2024-06-02"), earlier=earlier)
    page = visit(page_of(second, tmp_path / "second.html"))
    page.get_by_label("new alone").check()
    assert told(page) == "2 of 3 headlines"
    assert barriers(page) == []


def test_the_page_can_be_read_without_its_program(seed_page: str, visit: Visit) -> None:
    page = visit(seed_page, java_script_enabled=False)
    assert page.locator("#themes li.h").count() == 118
    assert page.locator("noscript p").is_visible()


def test_the_page_prints(seed_page: str, visit: Visit) -> None:
    page = visit(seed_page)
    assert page.pdf(format="A4")[:5] == b"%PDF-"


# ------------------------------------------------------------------ hostile headlines


class Elements(HTMLParser):
    """Collects what a page is made of, and the texts in its `bdi` elements."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.addresses += [value or "" for name, value in attrs if name == "href"]
        self.inside = tag == "bdi"
        if self.inside:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[-1] += data


def elements_of(report: Report) -> Elements:
    found = Elements()
    found.feed(report.to_html())
    return found


def test_hostile_headlines_bring_no_element_and_no_attribute(
    labeler: HeadlineLabeler, hostile: list[Headline], seed_report: Report
) -> None:
    report = Report.of(labeler, hostile, title=hostile[0].headline)
    found, plain = elements_of(report), elements_of(seed_report)
    assert found.names <= plain.names | {"a", "time", "caption"}
    assert not {name for name in found.attributes - plain.attributes if name.startswith("on")}
    assert not [a for a in found.addresses if not a.startswith(("#", "https://example.org/?q="))]
    for headline in hostile:
        text = shown(headline.headline)
        assert any(shown_text[:400] == text[:400] for shown_text in found.texts), text[:80]


def test_hostile_headlines_are_text_in_a_browser(
    labeler: HeadlineLabeler, hostile: list[Headline], visit: Visit, tmp_path: Path
) -> None:
    page = visit(
        page_of(Report.of(labeler, hostile, title=hostile[0].headline), tmp_path / "h.html")
    )
    page.evaluate("() => document.querySelectorAll('details').forEach((part) => part.open = true)")
    assert page.locator("#themes li.h").count() == len(hostile)
    assert page.evaluate("() => window.hit") is None
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 800
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.locator("#canvas").press(key)
    page.keyboard.press("Escape")
    page.fill("#search", "<script>window.hit=1</script> Minister")
    assert told(page) == f"1 of {len(hostile)} headlines"
    assert barriers(page) == []
