"""Claims about titles: the quick looks never change what comes out."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from conftest import write
from hypothesis import given, settings
from hypothesis import strategies as st

from headlines import HeadlineLabeler
from headlines.feeds.account import BLOCK_HEADLINES as BLOCK
from headlines.feeds.block import Titles, texts_of
from headlines.feeds.cleaning import _without_the_rest, cleaned, is_sound
from headlines.feeds.headline import Headline
from headlines.feeds.marks import _LONE, SIGNS, spelled_out
from headlines.feeds.reader import FeedReader
from headlines.labeling.jsonl import lines_of_block
from headlines.textarray import Texts

ADMITTED = re.findall(f"[{_LONE}{SIGNS}]", "".join(map(chr, range(0x80, 0x2100))))

FURNITURE = [
    "1.", "12)", "(3)", "#4", "•", "*", "-", ">", "[x]", "10:45", "10.45 Uhr", "[10:45]", "AM",
    "2024-05-01", "01.05.2024:", "May 1, 2024", "Wednesday, September 1, 2024", "4 hours ago", "|",
    "·", "2h", "2h ago", "3 min read", "(Updated)", "[VIDEO]", "live", "Photos",
    "https://x.org/a", "\u200b",
    "t.co/a1", "www.x.org", "**", "*so*", "_so_", "~~", "`code`", "[a](https://x.org)", "<b>",
    "</b>", "<br>", "<!--", "-->", "<![CDATA[", "]]>", "[[A|B]]", "&lt;", "&amp;amp;", "&#8203;",
    "&shy", "#", "FC", "Köln", "5", "10:10", "Campaign", "\t", "Reuters", "just now", "\u200d",
    "\ufe0f", "👩", "👧", "می", "\u200c", "\\u2019", "an hour ago", "a)", "---", "=", "via",
    "read more:", ":", "$AAPL", "<2%",
]  # fmt: skip

AROUND = [
    "|", "Live:", "BREAKING", ":", "::", "·", "»", "«", "/", "Reuters", "(AP)", "bbc.com",
    "UPDATE 1-Oil", "-", "Opinion |", "World", "News", "｜", "known", "so", "far",
]  # fmt: skip

titles = st.one_of(
    st.text(),
    st.text("abZ0 .,-–—[]&;’“£éâ€\x1b\t\u00a0\u0301", max_size=40),
    st.lists(
        st.sampled_from(
            ["[Russia] -", "Arms", "spending", "hits £5m", "record", "–", "Bloomberg", "--", " ",
             "&amp;", "EU’s", "“new”", "café", "cafÃ©", "…", "x\x02", "Ｆull", "The", "Moscow",
             *FURNITURE, *AROUND]
        ),
        max_size=9,
    ).map(" ".join),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(titles, max_size=8))
def test_many_titles_are_read_as_each_is(published: list[str]) -> None:
    found = Titles.parse(published)
    for i, title in enumerate(published):
        headline = Headline.parse(title)
        assert found.headlines[i] == headline.headline
        assert found.texts[i] == headline.text
        assert found.ids[i] == headline.id
        parts = {"section": None, "attribution": None, "publisher": None, "date": None}
        parts = {**parts, "fields": {}, **found.parts.get(i, {})}
        assert parts == {name: getattr(headline, name) for name in parts}


@given(st.lists(st.text(), max_size=6), st.dictionaries(st.integers(0, 5), st.text("abé€ ")))
def test_texts_with_some_replaced_are_those_texts_joined(
    strings: list[str], others: dict[int, str]
) -> None:
    others = {place: others[place] for place in sorted(others) if place < len(strings)}
    found = Texts.of(strings).replaced(others)
    expected = Texts.of([others.get(i, text) for i, text in enumerate(strings)])
    assert found[:] == expected[:]
    assert found.joined == expected.joined
    assert found.ends.tolist() == expected.ends.tolist()
    assert len(found.joined.split(b"\n")) == len(strings) + 1


@settings(max_examples=300)
@given(st.lists(titles, max_size=8))
def test_the_texts_to_embed_are_those_of_the_headlines(published: list[str]) -> None:
    assert list(texts_of(published)) == [Headline.parse(title).text for title in published]


def test_what_looks_sound_has_nothing_to_repair() -> None:
    around = ["", " ", "a", "Z", "0", ".", "-", "'", '"', "$", "(", "A ", " C", "s"]
    for before, first, between, second, after in itertools.product(
        around[::3], ADMITTED, ["", " ", "a"], ["", *ADMITTED[::3]], around[1::3]
    ):
        title = f"x{before}{first}{between}{second}{after}x"
        if is_sound(title):
            assert _without_the_rest(spelled_out(title)).headline == title


@settings(max_examples=1000)
@given(titles)
def test_a_glance_calls_no_title_sound_that_is_cleaned(title: str) -> None:
    if is_sound(title):
        found = _without_the_rest(spelled_out(title))
        assert (found.headline, found.told) == (title, {})


@settings(max_examples=1000)
@given(titles)
def test_cleaning_twice_is_cleaning_once(title: str) -> None:
    once = cleaned(title)
    twice = cleaned(once.headline)
    assert (twice.headline, twice.is_title) == (once.headline, once.is_title)


@given(st.lists(titles, max_size=30))
@settings(max_examples=40)
def test_predict_gives_what_label_gives(labeler: HeadlineLabeler, published: list[str]) -> None:
    topics, probabilities = labeler.predict(published)
    predictions = labeler.label(published)
    assert topics == [p.topic for p in predictions]
    assert probabilities.tolist() == [p.probability for p in predictions]


@given(
    st.lists(titles, min_size=1, max_size=30), st.integers(1, 12), st.sampled_from([0, 0.3, 0.9])
)
@settings(max_examples=60)
def test_a_block_is_written_as_its_rows_are(
    labeler: HeadlineLabeler,
    tmp_path_factory: pytest.TempPathFactory,
    found: list[str],
    top: int,
    below: float,
) -> None:
    path = tmp_path_factory.mktemp("block") / "feed.jsonl"
    rows = [{"headline": t, "date": "2026-11-23" if i % 3 else None} for i, t in enumerate(found)]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *rows]))
    for block in FeedReader(path).blocks():
        predictions = labeler.label_block(block, abstain_below=below)
        expected = "".join(
            json.dumps(p.to_row(top), ensure_ascii=False) + "\n" for p in predictions
        )
        assert lines_of_block(predictions, top) == expected.encode("utf-8", "backslashreplace")
        plain = labeler.label_block(list(block), abstain_below=below)
        assert lines_of_block(plain, top) == lines_of_block(predictions, top)
        counted = predictions.shares_of_topics()
        assert sum(counted.values()) == len(block)
        assert all(sum(p.topic == t for p in predictions) == n for t, n in counted.items())
        why = Counter(p.abstained.split(" between")[0] for p in predictions if p.abstained)
        assert predictions.shares_of_reasons() == why


def test_a_long_list_is_read_in_blocks_with_its_line_numbers(tmp_path: Path) -> None:
    lines = [f"Headline number {i} of many" if i % 5 else "" for i in range(3 * BLOCK)]
    lines[-1] = "The last of many headlines"
    lines[10] = lines[2 * BLOCK + 2]
    path = write(tmp_path / "list.txt", "\r\n".join(lines))
    reader = FeedReader(path, format="text")
    found = list(reader)
    assert [(h.line, h.headline) for h in found] == [(i, t) for i, t in enumerate(lines, 1) if t]
    assert [h.line for h in found if h.duplicate_of] == [2 * BLOCK + 3]
    assert reader.report.lines == len(lines)
    sizes = [len(block) for block in reader.blocks()]
    assert sum(sizes) == len(found)
    assert len(sizes) >= 3
    assert max(sizes) <= BLOCK
