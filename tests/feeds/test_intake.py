"""Claims about headlines that come from Python: lists, columns and frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest

from headlines import Headline, HeadlineLabeler, StaticEmbedder, read_feed
from headlines.errors import FeedError
from headlines.feeds.columns import column_among
from headlines.feeds.intake import as_headlines, checked_items

TEXTS = ["EU Approves New Sanctions Against Russia", "[Russia] - Drone Hits Oil Depot"]
FRAMES = pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])

TAKERS: dict[str, Callable[[HeadlineLabeler, Any], list[Any]]] = {
    "read_feed": lambda _, texts: [h.text for h in read_feed(texts)],
    "label": lambda labeler, texts: [p.to_row() for p in labeler.label(texts)],
    "predict": lambda labeler, texts: [list(found) for found in labeler.predict(texts)],
    "cluster": lambda labeler, texts: [c.to_row() for c in labeler.cluster(texts)],
    "probabilities_of": lambda labeler, texts: labeler.probabilities_of(texts).tolist(),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize(
    "given",
    [
        lambda texts: iter(texts),
        pd.Series,
        pl.Series,
        lambda texts: pd.Series(texts, dtype="string"),
        lambda texts: [Headline.parse(texts[0]), texts[1]],
        as_headlines,
    ],
    ids=["iterator", "pandas column", "polars column", "pandas strings", "mixed", "headlines"],
)
def test_every_entrance_takes_strings_headlines_and_columns_alike(
    labeler: HeadlineLabeler, given: Callable[[list[str]], Any], taker: str
) -> None:
    take = TAKERS[taker]
    assert take(labeler, given(TEXTS)) == take(labeler, TEXTS)


@FRAMES
@pytest.mark.parametrize("taker", sorted(TAKERS.keys() - {"label"}))
def test_every_entrance_reads_the_headline_column_of_a_frame(
    labeler: HeadlineLabeler, frame: type, taker: str
) -> None:
    """Not the names of its columns."""
    take = TAKERS[taker]
    data = frame({"n": [1, 2], "Headline": TEXTS})
    assert take(labeler, data) == take(labeler, TEXTS)


def test_a_frame_may_have_columns_whose_names_are_no_strings(labeler: HeadlineLabeler) -> None:
    found = labeler.label(pd.DataFrame({0: [1, 2], "headline": TEXTS}))
    assert list(found.columns) == [0, "headline", "topic", "probability"]
    assert list(found["topic"]) == labeler.predict(TEXTS)[0]
    assert len(read_feed(pd.DataFrame({"a": [1, 2], 0: TEXTS}), column="0")) == 2


@FRAMES
@pytest.mark.parametrize("taker", sorted(TAKERS))
def test_a_frame_without_headlines_is_refused_with_its_columns(
    labeler: HeadlineLabeler, frame: type, taker: str
) -> None:
    with pytest.raises((ValueError, FeedError), match=r"the columns are n, m; rename one, or give"):
        TAKERS[taker](labeler, frame({"n": [1], "m": [2]}))


@pytest.mark.parametrize("taker", sorted(TAKERS.keys() - {"read_feed"}))
def test_what_is_no_headline_is_refused_with_its_place(
    labeler: HeadlineLabeler, taker: str
) -> None:
    for texts in (
        [*TEXTS, None],
        pd.Series([*TEXTS, None]),
        pl.DataFrame({"text": [*TEXTS, None]}),
    ):
        with pytest.raises(TypeError, match=r"headline 2 is .*expected a string; drop or fill"):
            TAKERS[taker](labeler, texts)
    with pytest.raises(TypeError, match=r"got one string; wrap it in a list"):
        TAKERS[taker](labeler, TEXTS[0])


def test_a_feed_sets_aside_what_is_no_headline() -> None:
    feed = read_feed([TEXTS[0], None])
    assert [(q.line, q.reason) for q in feed.report.quarantined] == [
        (2, "NoneType, expected a string")
    ]


def test_a_headline_in_a_feed_keeps_what_was_published_with_it() -> None:
    told = Headline("Floods Hit Siberia", "Floods Hit Siberia", publisher="TASS", date="2025-01-02")
    [again] = read_feed([told])
    assert (again.publisher, again.date) == ("TASS", "2025-01-02")


@FRAMES
def test_an_embedder_reads_a_frame_too(frame: type) -> None:
    embedder = StaticEmbedder()
    found = embedder.transform(frame({"n": [1, 2], "title": TEXTS}))
    assert found.tobytes() == embedder.transform(TEXTS).tobytes()


def test_the_first_of_the_usual_names_is_the_column() -> None:
    assert column_among([0, "Text", "TITLE", "title"]) == "TITLE"
    assert column_among(["Text", "Körper"], "körper") == "Körper"


def test_subclasses_of_strings_are_strings() -> None:
    class Title(str):
        __slots__ = ()

    assert checked_items([Title("a"), "b"], str) == ["a", "b"]
