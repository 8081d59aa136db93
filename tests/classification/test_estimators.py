"""Claims about the classifier and the clusterer as scikit-learn estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from headlines import HeadlineClusterer, TopicClassifier
from headlines.model.scorer import TopicScorer, probabilities_of


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@parametrize_with_checks([TopicClassifier(), HeadlineClusterer()])
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def _blobs(n: int = 300, groups: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % groups
    return rng.normal(size=(groups, 32))[y] + 0.3 * rng.normal(size=(n, 32)), y


def test_parameters_out_of_range_are_value_errors() -> None:
    with pytest.raises(ValueError, match="C is -1"):
        TopicClassifier(C=-1).fit(np.eye(4), [0, 0, 1, 1])


def test_two_classes_work_like_many() -> None:
    X, y = _blobs(groups=2)
    model = TopicClassifier().fit(X, y)
    assert model.coef_.shape == (2, 32)
    assert model.decision_function(X).shape == (300,)
    assert model.score(X, y) == 1


def test_the_scorer_agrees_with_the_classifier_and_not_with_the_batch() -> None:
    """Rounded to whole numbers, a score is the same in any batch and close to the real one."""
    X, y = _blobs()
    values = np.rint(X * 2**20)
    model = TopicClassifier().fit(values / 2**20, y)
    scorer = TopicScorer.from_linear(model.coef_, model.intercept_, 2.0**-20)
    counts = np.ones(300, dtype=np.int64)
    found = probabilities_of(scorer.logits(values, counts, [[]] * 300))
    np.testing.assert_allclose(found, model.predict_proba(values / 2**20), atol=1e-4)
    alone = [
        probabilities_of(scorer.logits(values[i : i + 1], counts[:1], [[]])) for i in range(300)
    ]
    assert np.concatenate(alone).tobytes() == found.tobytes()
    bound = np.abs(scorer.weights).max() * 2**27 * 32
    assert bound < 2**53
