"""Claims about JSON: where the headlines are, what is carried, and what breaks alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import write

from headlines.errors import FeedError
from headlines.feeds.columns import Layout
from headlines.feeds.objects import json_records, jsonl_records
from headlines.feeds.records import Record

ITEMS = [{"title": f"Floods Hit Town {i}", "url": f"u{i}"} for i in range(3)]
TITLES = [item["title"] for item in ITEMS]


def _read(value: Any, column: str | None = None) -> list[Record]:
    text = value if isinstance(value, str) else json.dumps(value)
    return list(json_records(text, Layout(column=column), "x.json"))


def _titles(value: Any, column: str | None = None) -> list[str]:
    return [record.text for record in _read(value, column) if record.kind == "headline"]


def _reasons(value: Any, column: str | None = None) -> list[str]:
    return [record.reason for record in _read(value, column) if record.kind == "quarantined"]


SHAPES: dict[str, Any] = {
    "a list": ITEMS,
    "a list of texts": TITLES,
    "a wrapper with a title": {"title": "The Paper", "items": ITEMS},
    "a wrapper, of any key": {"copyright": "c", "meine_liste": ITEMS},
    "wrappers in wrappers": {"response": {"title": "The Paper", "docs": ITEMS}},
    "a list of wrappers": [{"title": "A", "items": ITEMS[:1]}, {"title": "B", "items": ITEMS[1:]}],
    "items with the headline inside": {"data": {"children": [{"data": item} for item in ITEMS]}},
    "edges and nodes": {"data": {"posts": {"edges": [{"node": item} for item in ITEMS]}}},
    "hits with a source": {"hits": {"hits": [{"_id": 1, "_source": item} for item in ITEMS]}},
    "a title that is an object": [{"title": {"rendered": title}} for title in TITLES],
    "a headline with a kicker": [{"headline": {"kicker": "K", "main": title}} for title in TITLES],
    "texts alone in lists": {
        "rss": {"channel": [{"title": ["P"], "item": [{"title": [t]} for t in TITLES]}]}
    },
    "columns": {"title": TITLES, "url": ["a", "b", "c"]},
    "columns by row": {"title": dict(zip("ab", TITLES[:2], strict=True)) | {"c": TITLES[2]}},
    "columns beside data": {"columns": ["n", "title"], "data": [[1, title] for title in TITLES]},
    "rows with a header": {"values": [["Title", "URL"], *([t, "u"] for t in TITLES)]},
    "items by their ids": dict(zip("abc", ITEMS, strict=True)),
    "sections": {"world": ITEMS[:1], "sports": ITEMS[1:]},
    "comments of items": {"hits": [{**item, "children": [{"text": "So true"}]} for item in ITEMS]},
}  # fmt: skip


@pytest.mark.parametrize("value", SHAPES.values(), ids=SHAPES)
def test_the_headlines_are_found_where_services_put_them(value: Any) -> None:
    assert _titles(value) == TITLES
    assert _reasons(value) == []
    assert _titles(json.dumps(value, indent=2)) == TITLES


@pytest.mark.parametrize(
    ("others", "name"),
    [
        ({"categories": [{"title": f"Section {i}"} for i in range(9)]}, "categories"),
        ({"related": ITEMS}, "related"),
        ({"live": [{"title": "Blog", "id": 1}]}, "live"),
    ],
)
def test_a_second_list_is_set_aside_and_named(others: dict[str, Any], name: str) -> None:
    records = _read({**others, "articles": ITEMS})
    assert [r.text for r in records if r.kind == "headline"] == TITLES
    aside = [r for r in records if r.kind == "quarantined"]
    assert len(aside) == len(others[name])
    assert aside[0].reason == f"in {name}, and articles was read; name it (--field)"
    assert [r.line for r in records] == list(range(1, len(records) + 1))


def test_what_stands_around_a_headline_is_laid_flat() -> None:
    [record] = _read({"children": [{"kind": "t3", "id": 1, "data": {"title": "A", "id": 2}}]})
    assert record.fields == {"id": 2, "kind": "t3", "outer_id": 1}
    [record] = _read([{"headline": {"main": "A", "kicker": None}, "tags": ["x", {"y": 1}]}])
    assert record.fields == {"tags": ["x", {"y": 1}], "headline.kicker": None}
    assert [r.fields for r in _read({"uk": ITEMS[:1], "us": ITEMS[:1]})] == [
        {"url": "u0", "section": "uk"}, {"url": "u0", "section": "us"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [
        ({"title": "P", "items": [{"title": "A", "name": "N"}]}, "name", ["N"]),
        ({"title": "P", "items": [{"title": "A"}]}, "title", ["A"]),
        ([{"kind": 1, "data": {"title": "A", "selftext": "S"}}], "data.selftext", ["S"]),
        ([{"kind": 1, "data": {"title": "A", "selftext": "S"}}], "selftext", ["S"]),
        ({"a": {"b": [{"c": {"d": "A"}}, {"c": {"d": "B"}}]}}, "a.b.c.d", ["A", "B"]),
        ({"a": [{"b": ["A", "B"]}, {"b": ["C"]}]}, "a.b", ["A", "B", "C"]),
        ([{"a.b": "A"}, {"a": {"b": "B"}}], "A.B", ["A", "B"]),
        ({"articles": [{"title": "A"}], "related": [{"teaser": "R"}]}, "related.teaser", ["R"]),
    ],
)
def test_a_field_is_named_with_dots(value: Any, column: str, expected: list[str]) -> None:
    assert _titles(value, column) == expected


def test_a_field_that_no_item_has_is_told() -> None:
    assert _reasons(ITEMS, "nope") == ["no key 'nope' among the keys title, url"] * 3


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"headline": ["A", "B"]}, "headline is a list of 2, expected a string"),
        ({"title": None, "image": {"title": "A"}}, "title is null, expected a string"),
        ({"image": {"title": "A"}}, "no headline among the keys image"),
        ({"print_headline": "A", "abstract": "B", "snippet": "C", "selftext": "D"}, "no headline"),
        (["A", "B"], "JSON of type list, expected a string or an object"),
        (5, "JSON of type int, expected a string or an object"),
    ],
)
def test_an_item_without_a_headline_is_set_aside_alone(item: Any, reason: str) -> None:
    value = [ITEMS[0], item, ITEMS[1]]
    assert _titles(value) == TITLES[:2]
    [told] = _reasons(value)
    assert told.startswith(reason)


def test_a_key_that_stands_twice_loses_nothing() -> None:
    twice = '{"title": "A", "title": "B"}'
    text = f'[{twice}, {{"title": "C", "n": 1, "n": 2}}, {{"title": "D", "title": "D"}}]'
    assert _titles(text) == ["C", "D"]
    assert _read(text)[1].fields == {"n": [1, 2]}
    assert _reasons(text) == ["title is a list of 2, expected a string"]
    [record] = jsonl_records([(7, twice)], Layout())
    assert (record.kind, record.line) == ("quarantined", 7)


def test_numbers_that_json_has_no_words_for_are_kept() -> None:
    digits = "9" * 5000
    [record] = _read(f'[{{"title": "A", "x": NaN, "y": -Infinity, "n": {digits}}}]')
    assert record.fields == {"x": "NaN", "y": "-Infinity", "n": digits}


BROKEN: Mapping[str, tuple[str, list[str], str]] = {
    "cut off": (json.dumps(ITEMS)[:-20], TITLES[:2], "and nothing whole follows"),
    "cut off between": (json.dumps(ITEMS).rstrip("]"), TITLES, "the list isn't closed"),
    "cut off in a wrapper": (
        json.dumps({"a": {"docs": ITEMS}}, indent=1)[:-30], TITLES[:2], "and nothing whole follows",
    ),
    "a quote lost": (json.dumps(ITEMS).replace('Town 1"', "Town 1"), TITLES[::2], "not JSON"),
    "a quote within": (
        json.dumps({"x": 1, "docs": ITEMS}, indent=2).replace("Town 1", 'Town "1'), TITLES[::2],
        "not JSON",
    ),
    "a broken byte": (
        json.dumps(ITEMS).replace("Town 1", "Town \udce9 1"), TITLES[::2], "no text in",
    ),
    "a quote within a text": ('["A "true" one", "Two", "Three"]', ["Two", "Three"], "a quote"),
    "texts cut off": ('["One", "Two", "Thr', ["One", "Two"], "and nothing whole follows"),
    "a broken byte in another field": (
        json.dumps(ITEMS, ensure_ascii=False).replace("u1", "\udcff"), TITLES[::2], "no text in",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "kept", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_item_is_set_aside_alone(text: str, kept: list[str], reason: str) -> None:
    assert _titles(text) == kept
    [told] = _reasons(text)
    assert reason in told


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + "\n".join(map(json.dumps, ITEMS)),
        "".join(map(json.dumps, ITEMS)),
        "\n".join(json.dumps(item, indent=1) for item in ITEMS),
        "\n".join(json.dumps({"articles": [item]}) for item in ITEMS),
        json.dumps(ITEMS[:1]) + "\n" + json.dumps(ITEMS[1:], indent=1),
        json.dumps(ITEMS).replace("]", ",]"),
        json.dumps(ITEMS).replace("[", "[ // all of them\n").replace("}, {", "}, /* and */ {"),
        f"var items = {json.dumps(ITEMS)};",
    ],
)
def test_json_that_is_nearly_json_is_read(text: str) -> None:
    assert _titles(text) == TITLES
    assert _reasons(text) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("5", "JSON of type int"),
        ("[" * 100_000, "nested too deeply"),
        (str(ITEMS), "line 1: not JSON"),
        ('{"a": 1, "b": {"c": 2}}', "JSON with the keys a, b, no list of headlines"),
        ("var x = y;", "not JSON .* near 'var x = y;'"),
    ],
)
def test_what_is_no_list_of_headlines_is_refused(text: str, told: str) -> None:
    with pytest.raises(FeedError, match=told) as caught:
        _read(text)
    assert len(str(caught.value)) < 300


def test_the_end_of_the_last_line_is_no_line_of_its_own() -> None:
    assert len(_read("".join(f"{json.dumps(item)}\n" for item in ITEMS))) == 3


def test_an_empty_list_in_a_wrapper_gives_nothing_of_the_wrapper() -> None:
    assert _read({"title": "The Paper", "items": []}) == []


def test_one_object_is_one_headline() -> None:
    [record] = _read({"headline": "A", "tags": ["x", "y"], "authors": [{"name": "N"}]})
    assert (record.text, list(record.fields)) == ("A", ["tags", "authors"])


def test_a_json_feed_tells_whose_its_items_are() -> None:
    version = "https://jsonfeed.org/version/1.1"
    items = [{"id": "1", "title": "A"}, {"id": "2", "title": "B", "language": "fr"}]
    records = _read({"version": version, "title": "Paper", "language": "de", "items": items})
    assert [r.fields["publisher"] for r in records] == ["Paper", "Paper"]
    assert [r.fields["language"] for r in records] == ["de", "fr"]


def test_hostile_json_costs_little(tmp_path: Path) -> None:
    for text in (
        '[{"a": ' * 20_000,
        '[{"title":"' + "x" * 10**6,
        '{"a":[{' * 20_000,
        "[/*" * 10**5,
    ):
        with pytest.raises(FeedError):
            _read(write(tmp_path / "hostile.json", text).read_text())
