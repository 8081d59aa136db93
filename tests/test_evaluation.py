"""Claims about scores and near-duplicates."""

from __future__ import annotations

import pytest

from headlines.evaluation import evaluate
from headlines.model.duplicates import near_duplicate_groups


def test_scores_are_those_of_the_definition() -> None:
    found = evaluate(["a", "b", None, "b"], ["a", "a", "b", "b"], [(), ("b",), (), ()])
    assert (found.n, found.accuracy, found.lenient) == (4, 0.5, 0.75)
    scores = {t.topic: (t.precision, t.recall, t.f1, t.support) for t in found.topics}
    assert scores["a"] == (1.0, 0.5, pytest.approx(2 / 3), 2)
    assert scores["b"] == (0.5, 0.5, 0.5, 2)
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5) / 2)
    assert 0 <= found.interval[0] <= 0.5 <= found.interval[1] <= 1
    assert found.summary()["accuracy"] == 0.5


def test_nothing_to_score_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="0 predictions"):
        evaluate([], [])


def test_near_duplicates_are_grouped_through_others() -> None:
    words = [[1, 2, 3, 4], [9], [1, 2, 3, 5], [2, 3, 5, 6], [], [7, 8]]
    groups = near_duplicate_groups(words).tolist()
    assert groups[0] == groups[2] == groups[3]
    assert len(set(groups)) == 4
