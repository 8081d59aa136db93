"""Claims about a labeler used by several threads at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from headlines import HeadlineLabeler
from headlines.model.state import LabelerState

THREADS = 4


@pytest.fixture(autouse=True)
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def _rows(labeler: HeadlineLabeler, texts: Sequence[str]) -> list[dict[str, Any]]:
    return [prediction.to_row(99) for prediction in labeler.label(texts)]


def _explained(labeler: HeadlineLabeler, texts: Sequence[str]) -> list[str]:
    return [str(labeler.explain(text)) for text in texts[:5]]


def _clusters(labeler: HeadlineLabeler, texts: Sequence[str]) -> list[dict[str, Any]]:
    return [row.to_row() for row in labeler.cluster(texts)]


@pytest.mark.slow
@pytest.mark.parametrize(("work", "labelers"), [(_rows, 12), (_explained, 2), (_clusters, 1)])
def test_a_fresh_labeler_says_the_same_in_every_thread_and_ever_after(
    work: Callable[[HeadlineLabeler, Sequence[str]], Any],
    labelers: int,
    labeler: HeadlineLabeler,
    made_headlines: list[str],
) -> None:
    texts = made_headlines[:150]
    expected = work(labeler, texts)
    barrier = Barrier(THREADS)

    def together(fresh: HeadlineLabeler) -> Any:
        barrier.wait()
        return work(fresh, texts)

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(labelers):
            fresh = HeadlineLabeler(LabelerState(labeler.state.payload, labeler.embedder))
            for answer in pool.map(together, [fresh] * THREADS):
                assert answer == expected
            assert work(fresh, texts) == expected
