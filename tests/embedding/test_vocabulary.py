"""Claims about the words of a text: the fast path gives what the plain one does, to the bit."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headlines.embedding.vocabulary import MAX_TOKENS, Vocabulary, tokenize, wordpieces
from headlines.files import MODELS
from headlines.textarray import KeyTable

SHIPPED = (MODELS / "embedder" / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[:-1]

# Texts that meet the fast path's corners: its own marks, words around 8, 16 and 32 bytes,
# digits, quotes, accents, signs that don't fold to ASCII, and anything else at all.
words = st.one_of(
    st.sampled_from(SHIPPED),
    st.text(string.ascii_letters + string.digits, min_size=1, max_size=40),
    st.sampled_from(["\x01", "\x02", "\x00", "_", "–", "’s", "é", "İ", "ß", "£", "株価", "\u0301"]),
    st.text(max_size=8),
)
texts = st.one_of(st.text(), st.lists(words, max_size=30).map(" ".join), words)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(SHIPPED)


@settings(max_examples=400)
@given(st.lists(texts, max_size=12))
@example(["", "\x02", "a\x01b", " ", "x" * 600, "word " * 600, "'" * 513])
@example(["internationalisation of counterrevolutionaries", "abcdefgh" * 4, "abcdefgh" * 4 + "i"])
def test_a_chunk_gives_the_ids_that_each_text_gives(found: list[str]) -> None:
    vocabulary = Vocabulary(SHIPPED)
    ids, counts = vocabulary.encode(found)
    expected = [vocabulary.ids(text) for text in found]
    assert counts.tolist() == [len(part) for part in expected]
    assert ids.tolist() == [i for part in expected for i in part]


@settings(max_examples=50)
@given(st.lists(st.text("abcdefgh", min_size=1, max_size=36), min_size=1, unique=True), st.data())
def test_long_words_are_never_taken_for_one_another(
    entries: list[str], data: st.DataObject
) -> None:
    vocabulary = Vocabulary(entries)
    word = data.draw(st.sampled_from(entries))
    asked = [word, word + "a", word[:-1], word[:8], word[::-1]]
    ids, _ = vocabulary.encode(asked)
    assert ids.tolist() == [i for text in asked for i in vocabulary.ids(text)]
    assert ids[0] == entries.index(word)


def test_the_shipped_headlines_give_the_same_ids(
    vocabulary: Vocabulary, made_headlines: list[str]
) -> None:
    expected = [vocabulary.ids(text) for text in made_headlines]
    for size in (1, 7, 2000):
        found = []
        for start in range(0, len(made_headlines), size):
            ids, counts = vocabulary.encode(made_headlines[start : start + size])
            found += [part.tolist() for part in np.split(ids, np.cumsum(counts)[:-1])]
        assert found == expected


def test_unknown_words_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Vocabulary, "MAX_REMEMBERED", 2)
    vocabulary = Vocabulary(["a", "##b", "##c"])
    for text in ("ab", "abb", "abc", "acc"):
        assert vocabulary.encode([text])[0].tolist() == vocabulary.ids(text)
    assert len(vocabulary._pieces) == 2


def test_unknown_words_are_cut_into_pieces() -> None:
    vocabulary = {"drone": 0, "##swarm": 1, "##s": 2, "##warm": 3}
    assert wordpieces("droneswarm", vocabulary) == [0, 1]
    assert wordpieces("dronex", vocabulary) == []
    assert wordpieces("drones" * 20, vocabulary) == []


@given(st.text())
def test_tokenising_folds_case_and_quotes(text: str) -> None:
    tokens = tokenize(text)
    assert len(tokens) <= MAX_TOKENS
    assert all(token and not token.isspace() for token in tokens)
    assert tokenize(text.replace("’", "'")) == tokens


@given(
    st.lists(st.integers(1, 2**64 - 1), unique=True, max_size=200),
    st.lists(st.integers(1, 2**64 - 1), max_size=50),
)
def test_a_table_finds_what_was_added_and_nothing_else(held: list[int], others: list[int]) -> None:
    table = KeyTable(len(held))
    half = len(held) // 2
    for part in (slice(0, half), slice(half, None)):
        keys = np.array(held[part], dtype=np.uint64)
        table.add(keys, np.arange(len(held), dtype=np.int32)[part])
    asked = held + others
    expected = [held.index(key) if key in held else -1 for key in asked]
    assert table.find(np.array(asked, dtype=np.uint64)).tolist() == expected
    assert len(table) == len(held)


def test_a_table_is_right_when_every_key_wants_the_same_slot() -> None:
    # Keys that the multiplication sends to the last slot, so that the search wraps round.
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    keys = np.array([(2**64 - 1 - i) * inverse % 2**64 for i in range(8)], dtype=np.uint64)
    table = KeyTable(8)
    table.add(keys, np.arange(8, dtype=np.int32))
    assert table.find(keys).tolist() == list(range(8))
    assert table.find(keys + np.uint64(1)).tolist() == [-1] * 8
