"""Claims about copies: which headlines are told to be others published again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import SEEDS, write
from hypothesis import given
from hypothesis import strategies as st

from headlines import StaticEmbedder
from headlines.copies import history
from headlines.copies.keys import KEPT, SharedKeys
from headlines.copies.register import CopyRegister, First, Mark
from headlines.copies.rule import are_copies, cosines, how_far, in_bytes, share_alone
from headlines.copies.wording import Wording
from headlines.errors import HeadlinesError, LockedError
from headlines.feeds.block import HeadlineBlock
from headlines.feeds.reader import FeedReader
from headlines.persistence.locking import held_file

if TYPE_CHECKING:
    import subprocess

Run = Callable[..., "subprocess.CompletedProcess[str]"]

STORM = "Storm kills two in Manila"
FEED = [
    STORM,
    "Storm Kills 2 in Manila",
    "Storm kills 22 in Manila",
    "Court jails poet over war verse",
    "Storm kills two in Manila | Reuters",
    "Floods hit Siberia",
    "Court jails a poet over his war verse",
]
COPIES = [False, True, False, False, True, False, True]


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder()


def blocks_of(lines: Sequence[str], name: str = "feed") -> Iterator[HeadlineBlock]:
    stream = io.BytesIO("\n".join([*lines, ""]).encode())
    stream.name = name
    yield from FeedReader(stream, format="text").blocks()


def in_one(lines: Sequence[str], name: str = "feed") -> HeadlineBlock:
    [block] = blocks_of(lines, name)
    return block


def marked(register: CopyRegister, lines: Sequence[str], name: str = "feed") -> list[Mark]:
    return [mark for block in blocks_of(lines, name) for mark in register.mark(block)]


def places(marks: Sequence[Mark]) -> list[int | None]:
    return [mark.first.line if mark.is_copy else None for mark in marks]


# ------------------------------------------------------------------ the wording and the rule


def one_text(embedder: StaticEmbedder, a: str, b: str) -> bool:
    wordings = [Wording.of(a), Wording.of(b)]
    vectors = in_bytes(embedder.vectors([wording.text for wording in wordings]))
    return are_copies(*wordings, float(cosines(vectors[:1], vectors[1])[0]))


@pytest.mark.parametrize(
    "other",
    [
        "STORM KILLS TWO IN MANILA",
        "Live updates: Storm kills two in Manila",
        "Storm kills 2 in Manila",
        "Storm has killed two in Manila",
        "Two in Manila: storm kills",
    ],
)
def test_another_spelling_of_a_headline_is_a_copy(embedder: StaticEmbedder, other: str) -> None:
    assert one_text(embedder, STORM, other)


@pytest.mark.parametrize(
    "other",
    [
        "Storm kills 22 in Manila",
        "Storm kills no two in Manila",
        "Storm kills two in Hanoi",
        "Storm kills two in Manila, president cancels summit in Tokyo",
        "Manila shuts schools after deadly storm",
    ],
)
def test_what_tells_something_else_is_no_copy(embedder: StaticEmbedder, other: str) -> None:
    assert not one_text(embedder, STORM, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Raises $1,500", "Raises $1500"),
        ("Raises $1B", "Raises $1 billion"),
        ("Lost on 2nd March", "Lost on March 2"),
        ("COVID-19 spreads", "Covid spreads"),
        ("Can't go on", "Can not go on"),
        ("Storm kills five", "Storm kills 5"),
        ("Her 2nd final in a row", "Her second final in a row"),
    ],
)
def test_numbers_and_negations_are_read_in_one_form(one: str, other: str) -> None:
    assert Wording.of(one).numbers == Wording.of(other).numbers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rates for March 27", "Rates for May 27"),
        ("Minister will resign", "Minister won’t resign"),
        ("Part I", "Part II"),
    ],
)
def test_another_date_negation_or_part_is_another_number(one: str, other: str) -> None:
    assert Wording.of(one).numbers != Wording.of(other).numbers


def share(a: str, b: str) -> tuple[float, bool]:
    return share_alone(Wording.of(a), Wording.of(b))


def test_words_count_that_one_headline_has_alone() -> None:
    assert share("N.Y. web site sues U.S. firm", "New York website sues US firm") == (0, False)
    assert share("Search of web site ends", "Search of the website ends") == (0, False)
    assert share("Ice storm hits the coast", "Ice storm hits Kherson")[0] > 0.2
    assert share("The star Hanna is irate today", "The star Haley is irate today")[1]


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_and_no_farther_one_way_than_the_other(a: str, b: str) -> None:
    one, other = Wording.of(a), Wording.of(b)
    assert how_far(one, one, 1.0) == 0
    assert (one.numbers != other.numbers) <= (how_far(one, other, 1.0) > 1)
    assert len(one.words) == len(one.is_name) == len(one.rarity)


def test_lines_made_to_be_slow_take_no_time(embedder: StaticEmbedder) -> None:
    """Strange words that begin alike, five of them in every line: all are compared."""
    shared = " ".join(f"zz{sign * 30}" for sign in "vwxyz")
    lines = [
        f"storm {shared} "
        + " ".join(f"q{'jkvwxz'[n % 6]}{a}{chr(97 + n % 26)}x" for a in "abcdefg" * 8)
        for n in range(300)
    ]
    start = process_time()
    assert sum(mark.is_copy for mark in marked(CopyRegister(embedder), lines)) < 300
    assert process_time() - start < 20


# ------------------------------------------------------------------ the keys


@given(st.lists(st.lists(st.integers(1, 6), max_size=4), max_size=120), st.integers(0, 60))
def test_the_last_of_a_key_are_found_however_they_were_sorted(
    owned: list[list[int]], every: int
) -> None:
    keys, plain = SharedKeys(), {key: [] for key in range(1, 8)}
    for place, some in enumerate(owned):
        keys.add(some, place)
        for key in some:
            plain[key].append(place)
        if every and place % every == 0:
            keys.settle(all=True)
    bounds, found = keys.sorted_places(np.arange(1, 8, dtype=np.uint64))
    for key, (start, end) in zip(range(1, 8), pairwise(bounds), strict=True):
        assert (found[start:end] + keys.waiting(key))[-KEPT:] == plain[key][-KEPT:]


# ------------------------------------------------------------------ the register


def test_a_copy_is_of_the_first_of_its_group(embedder: StaticEmbedder) -> None:
    marks = marked(CopyRegister(embedder), FEED)
    assert [mark.is_copy for mark in marks] == COPIES
    assert places(marks) == [None, 1, None, None, 1, None, 4]


def test_no_chain_of_small_changes_joins_two_headlines(embedder: StaticEmbedder) -> None:
    lines = [
        "Storm kills two in Manila",
        "Big storm kills two in Manila",
        "Big late storm kills two in Manila suburbs",
        "Big late winter storm kills two fishermen in Manila suburbs after warning",
    ]
    marks = marked(CopyRegister(embedder), lines)
    assert places(marks)[:2] == [None, 1]
    assert not marks[-1].is_copy


def test_feeds_are_publishers_or_else_inputs(embedder: StaticEmbedder) -> None:
    register = CopyRegister(embedder)
    counts = [marked(register, [STORM], name)[0].feeds for name in ("a.txt", "a.txt", "b.txt")]
    [by_title] = marked(register, ["Storm kills two in Manila | Reuters"], "b.txt")
    assert [*counts, by_title.feeds] == [1, 1, 2, 3]
    assert by_title.first.feeds == ["a.txt", "Reuters", "b.txt"]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_marks_do_not_depend_on_the_blocks(
    embedder: StaticEmbedder, made_headlines: list[str], size: int
) -> None:
    half = made_headlines[:300]
    lines = [*half, *(line.upper() for line in half[::3]), *(f"{line} today" for line in half)]
    whole = marked(CopyRegister(embedder), lines)
    block, register = in_one(lines), CopyRegister(embedder)
    parts = [range(start, min(start + size, len(block))) for start in range(0, len(block), size)]
    cut = [mark for part in parts for mark in register.mark(block.chosen(part))]
    assert places(cut) == places(whole)
    assert 100 < sum(mark.is_copy for mark in whole) < 500


@pytest.mark.parametrize("size", [1, 50])
def test_what_is_forgotten_is_no_copy_and_is_told_of(embedder: StaticEmbedder, size: int) -> None:
    told: list[First] = []
    register = CopyRegister(embedder, done=told.append, most=10)
    words = "one lion,a rare zebra,my tall giraffe,grey hippo,the okapi,wild gnu,old yak,a lynx"
    lines = [f"{name} escapes zoo" for name in words.split(",")]
    block = in_one(
        [STORM, STORM, *lines, "Quake hits Chile", "Tax cut passes", STORM, "the okapi escapes zoo"]
    )
    marks = [
        mark
        for start in range(0, len(block), size)
        for mark in register.mark(block.chosen(range(start, min(start + size, len(block)))))
    ]
    assert [mark.is_copy for mark in marks[:2]] == [False, True]
    assert not marks[-2].is_copy  # its first was forgotten
    assert marks[-1].is_copy
    assert [first.headline for first in told] == [STORM]
    register.close()
    assert [first.copies for first in told] == [1, 1]


def test_headlines_that_no_word_of_is_known_are_copies_by_their_letters(
    embedder: StaticEmbedder,
) -> None:
    lines = ["株価が急落", "株価が急落 ", "株価が急騰", "!!!", "???"]
    assert places(marked(CopyRegister(embedder), lines)) == [None, 1, None, None, None]


# ------------------------------------------------------------------ the history


def test_tomorrow_knows_today(embedder: StaticEmbedder, tmp_path: Path) -> None:
    path = tmp_path / "seen"
    today = history.opened(path, embedder)
    first = marked(today, FEED, "monday.txt")
    history.write(path, today)
    tomorrow = history.opened(path, embedder)
    marks = marked(tomorrow, ["Two killed in Manila storm", "STORM KILLS TWO IN MANILA"], "tuesday")
    assert [(m.first.source, m.first.line, m.feeds) for m in marks[1:]] == [("monday.txt", 1, 3)]
    assert marks[1].first.headlines == first[0].first.headlines + sum(m.is_copy for m in marks)


def test_one_run_and_two_with_a_history_mark_the_same(
    embedder: StaticEmbedder, made_headlines: list[str], tmp_path: Path
) -> None:
    lines = [*made_headlines[:200], *(f"{line} today" for line in made_headlines[100:300])]
    path = tmp_path / "seen"
    whole = [m.first.headline for m in marked(CopyRegister(embedder), lines)]
    found = []
    for part in (lines[:150], lines[150:]):
        register = history.opened(path, embedder)
        found += [mark.first.headline for mark in marked(register, part)]
        history.write(path, register)
    assert found == whole


def test_a_history_is_the_same_bytes_for_the_same_headlines(
    embedder: StaticEmbedder, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        register = CopyRegister(embedder)
        marked(register, FEED)
        history.write(tmp_path / name, register)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.fixture
def written(embedder: StaticEmbedder, tmp_path: Path) -> Path:
    register = CopyRegister(embedder)
    marked(register, FEED)
    history.write(tmp_path / "seen", register)
    return tmp_path / "seen"


def changed(path: Path, name: str, content: bytes, **more: int) -> None:
    with zipfile.ZipFile(path) as file:
        parts = {part: file.read(part) for part in file.namelist()} | {name: content}
    with zipfile.ZipFile(path, "w", **more) as file:
        for part, said in parts.items():
            file.writestr(part, said)


def test_any_damaged_byte_of_a_history_is_an_error_or_harmless(
    embedder: StaticEmbedder, written: Path
) -> None:
    whole = written.read_bytes()
    refusals: list[str] = []
    for place in range(0, len(whole), 7):
        written.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            held = history.opened(written, embedder)
        except HeadlinesError as error:
            refusals.append(str(error))
        else:
            assert [first.headline for first in held.firsts][:1] == [STORM]
    assert all(str(written) in told for told in refusals)
    assert len(refusals) > len(whole) / 14


@pytest.mark.parametrize("content", [b"", b"id,headline\n", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_history_is_refused(
    embedder: StaticEmbedder, tmp_path: Path, content: bytes
) -> None:
    path = write(tmp_path / "seen", content)
    with pytest.raises(HeadlinesError, match=r"is damaged, or no history .* move it away"):
        history.opened(path, embedder)


def test_a_history_of_another_format_is_refused(embedder: StaticEmbedder, written: Path) -> None:
    changed(written, "about.json", b'{"history": 2}')
    with pytest.raises(HeadlinesError, match=r"of format 2, and this version reads 1"):
        history.opened(written, embedder)


@pytest.mark.parametrize(
    "about", [b"[]", b'{"history": 1}', b'{"history": 1, "words": 1, "headlines": Infinity}', b"x"]
)
def test_a_history_that_says_nothing_of_itself_is_refused(
    embedder: StaticEmbedder, written: Path, about: bytes
) -> None:
    changed(written, "about.json", about)
    with pytest.raises(HeadlinesError, match="is damaged, or no history"):
        history.opened(written, embedder)


def test_keys_of_a_history_that_name_no_headline_are_refused(
    embedder: StaticEmbedder, written: Path
) -> None:
    register = history.opened(written, embedder)
    keys, owners = register.keys.entries()
    for bad in (owners + 100, owners - 100):
        changed(written, "places.i32", bad.astype("<i4").tobytes())
        with pytest.raises(HeadlinesError, match="aren't in order"):
            history.opened(written, embedder)
    changed(written, "keys.u64", keys[::-1].tobytes())
    with pytest.raises(HeadlinesError, match="aren't in order"):
        history.opened(written, embedder)


def test_a_packed_history_is_refused(embedder: StaticEmbedder, written: Path) -> None:
    changed(written, "x", b"", compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(HeadlinesError, match="isn't as it was written"):
        history.opened(written, embedder)


def test_a_history_of_another_list_of_words_finds_its_keys_anew(
    embedder: StaticEmbedder, written: Path
) -> None:
    with zipfile.ZipFile(written) as file:
        about = json.loads(file.read("about.json"))
    changed(written, "about.json", json.dumps(about | {"words": 1}).encode())
    changed(written, "keys.u64", b"")
    changed(written, "places.i32", b"")
    marks = marked(history.opened(written, embedder), ["Storm has killed two in Manila"])
    assert places(marks) == [1]


# ------------------------------------------------------------------ the command


def rows_of(told: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in told.splitlines()]


def test_label_marks_copies_across_inputs(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", FEED[:4])
    write(tmp_path / "b.txt", FEED[4:])
    done = run("label", "a.txt", "b.txt", "--dedupe", "mark", "--copies", "groups.jsonl")
    rows = rows_of(done.stdout)
    assert [row["copy_of"] is not None for row in rows] == COPIES
    told = [(row["first_source"], row["first_line"], row["feeds"]) for row in rows]
    assert told[1] == ("a.txt", 1, 1)
    assert told[6] == ("a.txt", 4, 2)
    assert "3 of 7 are copies of 2 headlines" in done.stderr
    groups = rows_of((tmp_path / "groups.jsonl").read_text())
    assert [(g["headline"], g["headlines"], g["copies"]) for g in groups] == [
        (FEED[0], 3, 2),
        (FEED[3], 2, 1),
    ]
    assert groups[0]["feeds"] == ["a.txt", "Reuters"]


def test_label_drops_copies_and_counts_them(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", FEED)
    done = run("label", "a.txt", "--dedupe", "drop", "--json")
    assert [row["line"] for row in rows_of(done.stdout)] == [1, 3, 4, 6]
    [summary] = rows_of(done.stderr)
    assert summary["headlines"] == 4
    assert summary["dedupe"] == {"headlines": 7, "copies": 3, "groups": 2, "left_out": 3}


def test_rows_without_dedupe_say_nothing_of_it(run: Run) -> None:
    done = run("label", STORM)
    assert "copy_of" not in done.stdout


def test_label_knows_the_headlines_of_earlier_runs(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "monday.txt", FEED)
    write(tmp_path / "tuesday.txt", ["Storm has killed two in Manila", "Snow falls in Cairo"])
    first = ("--dedupe", "mark", "--history", "seen")
    assert run("label", "monday.txt", *first).returncode == 0
    rows = rows_of(run("label", "tuesday.txt", *first).stdout)
    assert [row["first_source"] for row in rows] == ["monday.txt", None]
    again = run("label", "tuesday.txt", "--dedupe", "drop", "--history", "seen")
    assert again.stdout == ""
    assert "2 of 2 are copies of 2 headlines; they were left out" in again.stderr


def test_a_run_that_fails_leaves_the_history_as_it_was(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", FEED)
    options = ("--dedupe", "mark", "--history", "seen", "--copies", "groups.jsonl")
    run("label", "a.txt", *options)
    before = [(tmp_path / name).read_bytes() for name in ("seen", "groups.jsonl")]
    done = run("label", "a.txt", "missing.txt", *options)
    assert done.returncode == 1
    assert [(tmp_path / name).read_bytes() for name in ("seen", "groups.jsonl")] == before


def test_two_runs_cannot_hold_a_history(tmp_path: Path) -> None:
    with (
        held_file(tmp_path / "seen", "history"),
        pytest.raises(LockedError, match="holds the lock"),
        held_file(tmp_path / "seen", "history"),
    ):
        pass


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--history", "seen"), "--history is for --dedupe; add --dedupe mark or drop"),
        (("--copies", "seen"), "--copies is for --dedupe; add --dedupe mark or drop"),
        (("--dedupe", "mark", "--history", "a.txt"), "a.txt: is damaged, or no history"),
        (("--dedupe", "mark", "--copies", "a.txt"), "a.txt: is an input too"),
        (
            ("--dedupe", "mark", "--history", "x", "--copies", "x"),
            "x: is --history too; name another file with --copies",
        ),
        (("--dedupe", "mark", "--history", "/dev/null"), "is no file that can be read again"),
    ],
)
def test_what_cannot_be_is_refused(
    run: Run, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    write(tmp_path / "a.txt", FEED)
    done = run("label", "a.txt", *options)
    assert done.returncode == 1
    assert said in done.stderr
    assert (tmp_path / "a.txt").read_text().splitlines() == FEED


def test_copies_are_told_of_lines_that_are_followed(run: Run) -> None:
    lines = "".join(f"{line}\n" for line in FEED)
    done = run("label", "-", "--follow", "--dedupe", "mark", stdin=lines)
    assert [row["copy_of"] is not None for row in rows_of(done.stdout)] == COPIES


def test_the_seed_feed_has_no_copies(run: Run) -> None:
    done = run("label", SEEDS / "feed.txt", "--dedupe", "mark")
    assert "none of 118 headlines is a copy" in done.stderr
