"""Claims about embedders used by several threads at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest

from headlines.embedding.embedder import WordRows
from headlines.embedding.static import StaticEmbedder
from headlines.embedding.vocabulary import Vocabulary

THREADS = 4


@pytest.fixture(autouse=True)
def _switching_often() -> Iterator[None]:
    """Let threads change so often that what can go wrong between them does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder()


@pytest.fixture(scope="module")
def texts(made_headlines: list[str]) -> list[str]:
    """Headlines of known and unknown words, most of them in one text alone."""
    rng = np.random.default_rng(0)
    entries = StaticEmbedder()._weights.vocabulary.entries
    words = [entry for entry in entries if entry.isalpha()]
    unknown = ["".join(rng.choice(list("bcdfgklmnprstvzaeiou"), 9)) for _ in range(200)]
    chosen = rng.permutation(words)[:2000].tolist() + unknown
    rng.shuffle(chosen)
    return [*made_headlines[:100], *(" ".join(chosen[i : i + 8]) for i in range(0, 2200, 8))]


def together(work: Callable[[int], Any]) -> list[Any]:
    """Have threads do a piece of work at the same moment; give what each found."""
    found: list[Any] = [None] * THREADS
    barrier = Barrier(THREADS)

    def run(thread: int) -> None:
        barrier.wait()
        found[thread] = work(thread)

    threads = [Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_folded_weights_are_right_for_every_thread_and_ever_after(
    embedder: StaticEmbedder, texts: Sequence[str]
) -> None:
    rng = np.random.default_rng(1)
    weights = np.rint(rng.normal(size=(embedder.n_features, 12)) * 1000)
    words = np.arange(0, embedder.n_terms, 3)
    own = WordRows(words, np.rint(rng.normal(size=(len(words), 12)) * 1000))
    expected = [values.tobytes() for values in embedder.fold(weights, own)(texts)]
    for _ in range(40):
        fold = embedder.fold(weights, own)
        orders = [np.roll(np.arange(len(texts)), shift) for shift in (0, 0, 60, 200)]
        answers = together(lambda i: fold([texts[j] for j in orders[i]]))  # noqa: B023 - done before the next
        for order, answer in zip(orders, answers, strict=True):
            assert [values[np.argsort(order)].tobytes() for values in answer] == expected
        assert [values.tobytes() for values in fold(texts)] == expected


def test_a_vocabulary_reads_the_same_in_every_thread(
    embedder: StaticEmbedder, texts: Sequence[str]
) -> None:
    entries = embedder._weights.vocabulary.entries
    expected = [array.tobytes() for array in Vocabulary(entries).encode(texts)]
    for _ in range(3):
        fresh = Vocabulary(entries)
        for answer in together(lambda _: fresh.encode(texts)):  # noqa: B023 - done before the next
            assert [array.tobytes() for array in answer] == expected


def test_a_fresh_embedder_gives_every_thread_the_same_vectors(
    embedder: StaticEmbedder, texts: Sequence[str]
) -> None:
    expected = embedder.transform(texts).tobytes()
    fresh = StaticEmbedder()
    assert [X.tobytes() for X in together(lambda _: fresh.transform(texts))] == [expected] * THREADS
