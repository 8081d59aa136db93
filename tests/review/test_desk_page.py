"""Claims about the desk's page, in a real browser, by keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import DATA, SEEDS, barriers, write
from desks import FEED, TOPICS, DeskProcess, desk_at, kept
from playwright.sync_api import expect

from headlines.feeds.headline import Headline

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]

WIDE = "document.documentElement.scrollWidth > innerWidth"


def shown(page: Page) -> str:
    return page.locator("#headline").inner_text()


def press(page: Page, key: str, said: str) -> None:
    page.keyboard.press(key)
    expect(page.locator("#said")).to_have_text(said)


def done(page: Page, desk: DeskProcess) -> tuple[int, str, str]:
    page.keyboard.press("d")
    expect(page.locator("#empty-title")).to_have_text("Done")
    return desk.ended()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (800, "light"), (1600, "dark")])
def test_a_whole_review_is_done_by_keyboard(
    width: int, scheme: str, tmp_path: Path, visit: Visit
) -> None:
    write(tmp_path / "feed.txt", FEED)
    with desk_at(tmp_path, "feed.txt", "--corrections", "c.csv", "--json") as desk:
        page = visit(desk.url, width=width, color_scheme=scheme)
        expect(page.locator("#asked")).to_be_visible()
        assert page.url == desk.url.partition("?")[0]
        assert not page.evaluate(WIDE)
        assert barriers(page) == []

        first = shown(page)
        press(page, "3", "Kept as courts. u takes it back.")
        assert shown(page) != first
        second = shown(page)
        press(page, "s", "Skipped. u takes it back.")
        third = shown(page)
        press(page, "5", "Kept as military. u takes it back.")
        for before in (third, second):
            page.keyboard.press("u")
            expect(page.locator("#headline")).to_have_text(before)
        agreed = page.locator("#topics .first bdi").inner_text()
        page.keyboard.press("+")
        further = next(i for i, topic in enumerate(TOPICS, 1) if topic != agreed)
        page.keyboard.press(str(further))
        page.keyboard.press("+")
        both = f"{agreed}, {TOPICS[further - 1]}"
        press(page, "Enter", f"Kept as {both}. u takes it back.")

        page.keyboard.press("/")
        page.keyboard.type("wildfires")
        expect(page.locator("#found button")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator("#headline")).to_have_text("Wildfires Spread Across Siberia")
        press(page, "0", "Kept as disasters. u takes it back.")
        expect(page.locator("#progress")).to_contain_text("3 answered · 7 left")
        code, said, _ = done(page, desk)
    assert code == 0
    assert kept(tmp_path / "c.csv") == {
        first: "courts", second: agreed, "Wildfires Spread Across Siberia": "disasters",
    }  # fmt: skip
    told = json.loads(said)
    assert (told["answers"], told["undone"], told["skipped"]) == (3, 1, 0)
    assert told["compared"] == 3


def test_focus_is_seen_and_buttons_do_what_their_keys_do(tmp_path: Path, visit: Visit) -> None:
    write(tmp_path / "feed.txt", FEED)
    with desk_at(tmp_path, "feed.txt", "--corrections", "c.csv") as desk:
        page = visit(desk.url)
        expect(page.locator("#asked")).to_be_visible()
        first = shown(page)
        page.keyboard.press("Tab")
        width = "getComputedStyle(document.activeElement).outlineWidth"
        assert page.evaluate(width) == "3px"
        page.keyboard.press("Enter")  # of the button that has the focus, not of the machine's topic
        expect(page.locator("#said")).to_have_text("Kept as sanctions. u takes it back.")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#headline")).to_have_text(first)
        for name in ("Also", "Skip", "Search", "New topic", "Keys", "Done", "Agree"):
            assert page.get_by_role("button", name=name).count() >= 1
        assert kept(tmp_path / "c.csv") == {}


@pytest.mark.slow
def test_a_feed_of_hostile_headlines_is_shown_as_text(tmp_path: Path, visit: Visit) -> None:
    lines = (DATA / "hostile_headlines.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {Headline.parse(json.loads(line)["headline"]).headline for line in lines}
    write(tmp_path / "feed.jsonl", [json.dumps({"headline": text}) for text in sorted(texts)])
    with desk_at(tmp_path, "feed.jsonl", "--corrections", "c.csv") as desk:
        page = visit(desk.url, width=400)
        expect(page.locator("#asked")).to_be_visible()
        seen = set()
        while page.locator("#asked").is_visible():
            text = page.locator("#headline").text_content() or ""
            seen.add(text)
            assert page.locator("#headline > *, #asked script, #asked img, #asked svg").count() == 0
            assert not page.evaluate(WIDE), text
            if len(text) > 10_000:  # it scrolls, and its topics stay in sight
                assert barriers(page) == []
                assert page.locator("#topics button").first.is_visible()
                assert page.locator("#topics").bounding_box()["y"] < 900
            page.keyboard.press("1")
            expect(page.locator("#progress")).to_contain_text(f"{len(seen)} answered")
        assert page.evaluate("typeof window.hit") == "undefined"
        done(page, desk)
    assert set(kept(tmp_path / "c.csv")) == seen == texts


def test_a_new_topic_begins_with_the_headlines_of_its_story(tmp_path: Path, visit: Visit) -> None:
    whales = ["Whale Seen Off Lighthouse Point", "Whale Off Lighthouse Point Draws Crowds",
              "Lighthouse Point Whale Swims Back to Sea"]  # fmt: skip
    write(tmp_path / "feed.txt", [*FEED, *whales])
    topics = write(tmp_path / "topics.toml", (SEEDS / "topics.toml").read_bytes())
    with desk_at(tmp_path, "feed.txt", "--corrections", "c.csv", "--topics", "topics.toml") as desk:
        page = visit(desk.url, width=800)
        expect(page.locator("#asked")).to_be_visible()
        page.keyboard.press("?")
        assert barriers(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("whale crowds")
        expect(page.locator("#found button")).to_have_count(1)
        assert barriers(page) == []
        page.keyboard.press("Enter")
        expect(page.locator("#headline")).to_have_text(whales[1])
        page.keyboard.press("n")
        assert barriers(page) == []
        page.keyboard.type("whales")
        page.keyboard.press("Tab")
        page.keyboard.type("Whales & their watchers")
        page.get_by_role("button", name="Add the topic").click()
        expect(page.locator("#said")).to_have_text("A new topic: whales, with 3 headlines.")
        expect(page.locator("#topics")).to_contain_text("whales")
        done(page, desk)
    assert 'name = "whales"\ndefinition = "Whales & their watchers"' in topics.read_text()
    names = ("courts", "whales")
    assert kept(tmp_path / "c.csv", names) == dict.fromkeys(whales, "whales")


def test_built_in_topics_are_not_added_to_and_the_page_says_what_to_do(
    tmp_path: Path, visit: Visit
) -> None:
    write(tmp_path / "feed.txt", FEED)
    with desk_at(tmp_path, "feed.txt", "--corrections", "c.csv") as desk:
        page = visit(desk.url)
        expect(page.locator("#asked")).to_be_visible()
        page.keyboard.press("n")
        expect(page.locator("#add-refused")).to_contain_text("Copy seeds/topics.toml")
        assert not page.locator("#add-name").is_visible()


def test_a_row_that_another_program_left_cut_is_told_and_answers_go_on(
    tmp_path: Path, visit: Visit
) -> None:
    write(tmp_path / "feed.txt", FEED)
    with desk_at(tmp_path, "feed.txt", "--corrections", "c.csv") as desk:
        page = visit(desk.url)
        expect(page.locator("#asked")).to_be_visible()
        press(page, "1", "Kept as sanctions. u takes it back.")
        with (tmp_path / "c.csv").open("a", encoding="utf-8") as file:
            file.write('"Rain, sn')
        page.keyboard.press("2")
        expect(page.locator("#fault")).to_contain_text("c.csv: line 3")
        expect(page.locator("#progress")).to_contain_text("2 answered · 8 left")
