"""Claims about the classifier and the clusterer as scikit-learn estimators."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import check_param_validation, parametrize_with_checks

from headlines import HeadlineClusterer, TopicClassifier
from headlines.clustering.whitening import Whitening
from headlines.model.scorer import TopicScorer, probabilities_of

RATIOS_ONLY = "only the ratios of weights count, so that a weight of 2 isn't the sample twice"


def _expected_to_fail(estimator: Any) -> dict[str, str]:
    if not isinstance(estimator, TopicClassifier):
        return {}
    return dict.fromkeys(
        (
            "check_sample_weight_equivalence_on_dense_data",
            "check_sample_weight_equivalence_on_sparse_data",
        ),
        RATIOS_ONLY,
    )


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@parametrize_with_checks(
    [TopicClassifier(), HeadlineClusterer()], expected_failed_checks=_expected_to_fail
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", [TopicClassifier(), HeadlineClusterer()], ids=str)
def test_every_parameter_has_a_range_that_scikit_learn_can_check(estimator: Any) -> None:
    check_param_validation(type(estimator).__name__, estimator)


TINY, INF, NAN = 1e-9, float("inf"), float("nan")
POSITIVE = ([TINY, 1, np.float32(2)], [0, -TINY, INF, NAN, "1", None])
FROM_1 = ([1, 10**9, np.int64(3)], [0, -1, 2.5, 1.0, INF, NAN, "3", None])
FROM_0 = ([0, 1], [-1, 2.5, INF, NAN, "3", None])
WEIGHT = ([0, 1.5], [-TINY, INF, NAN, "1", None])
UNTIL_100 = ([TINY, 100], [0, 100.1, INF, NAN, "1", None])
SHARE = ([0, 1, 0.5], [-TINY, 1 + TINY, INF, NAN, "0.5", None])
SEED = ([0, 2**32 - 1, None, np.random.RandomState(0)], [-1, 2**32, 0.5, NAN, "0"])
EDGES = [
    (TopicClassifier, "C", (POSITIVE[0], [v for v in POSITIVE[1] if v is not None])),
    (TopicClassifier, "n_neighbors", FROM_1),
    (TopicClassifier, "rounds", FROM_0),
    (TopicClassifier, "sharpness", UNTIL_100),
    (TopicClassifier, "unlabelled_weight", WEIGHT),
    (TopicClassifier, "random_state", SEED),
    (HeadlineClusterer, "n_neighbors", FROM_1),
    (HeadlineClusterer, "resolution", POSITIVE),
    (HeadlineClusterer, "theme_resolution", POSITIVE),
    (HeadlineClusterer, "noise", SHARE),
    (HeadlineClusterer, "whitening", ([Whitening(np.zeros(32), np.eye(32)), None], ["news", 1])),
    (HeadlineClusterer, "random_state", SEED),
]
INSIDE = [(kind, name, value) for kind, name, (inside, _) in EDGES for value in inside]
OUTSIDE = [(kind, name, value) for kind, name, (_, outside) in EDGES for value in outside]


def _fitted(estimator: Any) -> Any:
    X, y = _blobs(40, 4)
    if isinstance(estimator, TopicClassifier):
        return estimator.fit(X[:20], y[:20], X[20:])
    return estimator.fit(X)


def test_the_edges_that_are_tried_are_those_of_every_parameter() -> None:
    tried = {(kind, name) for kind, name, _ in EDGES}
    kinds: tuple[Any, ...] = (TopicClassifier, HeadlineClusterer)
    assert tried == {(kind, name) for kind in kinds for name in kind().get_params()}


@pytest.mark.parametrize(("kind", "name", "value"), INSIDE)
def test_parameters_just_inside_their_range_fit(kind: Any, name: str, value: Any) -> None:
    found = _fitted(kind(**{name: value}))
    learned = found.coef_ if kind is TopicClassifier else found.probabilities_
    assert np.isfinite(learned).all()


@pytest.mark.parametrize(("kind", "name", "value"), OUTSIDE)
def test_parameters_out_of_their_range_are_errors_that_name_them(
    kind: Any, name: str, value: Any
) -> None:
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of {kind.__name__}"):
        _fitted(kind(**{name: value}))


def test_whitening_of_other_vectors_is_refused() -> None:
    with pytest.raises(ValueError, match="whitening is of 3 features, X has 32"):
        _fitted(HeadlineClusterer(whitening=Whitening(np.zeros(3), np.eye(3))))


def _blobs(n: int = 300, groups: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % groups
    return rng.normal(size=(groups, 32))[y] + 0.3 * rng.normal(size=(n, 32)), y


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X_unlabelled": np.ones((3, 7))}, "X_unlabelled has 7 features, X has 2"),
        ({"X_unlabelled": [[np.nan, 1.0]]}, "NaN"),
        ({"groups": [1]}, "groups has shape"),
        ({"groups": [0.5, 1.0, 2.0, np.nan]}, "groups holds float64, expected integer or str_"),
        ({"representative": [True]}, "representative has shape"),
        ({"representative": [0, 1, 2, 3]}, "representative holds int64, expected bool"),
        ({"graph": np.eye(4)}, "graph is of ndarray, expected a sparse matrix"),
        ({"graph": sparse.eye(3).tocsr()}, r"graph is of shape \(3, 3\)"),
        ({"graph": -sparse.eye(4).tocsr()}, "graph has a weight of -1"),
        ({"graph": np.nan * sparse.eye(4).tocsr()}, "graph contains NaN"),
        ({"sample_weight": [1.0]}, "sample_weight.shape"),
        ({"sample_weight": [1, 1, 1, -1]}, "Negative values"),
        ({"sample_weight": [1, 1, np.nan, 1]}, "NaN"),
        ({"sample_weight": [1, 1, 0, 0]}, "y has one class"),
        ({"target_error": 0}, "target_error is 0"),
        ({"target_error": np.nan}, "target_error is nan"),
    ],
)
def test_faulty_arguments_of_fit_are_value_errors(change: dict[str, Any], message: str) -> None:
    X = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]
    with pytest.raises(ValueError, match=message):
        TopicClassifier().fit(X, [0, 0, 1, 1], **change)


def test_two_classes_work_like_many() -> None:
    X, y = _blobs(groups=2)
    model = TopicClassifier().fit(X, y)
    assert model.coef_.shape == (2, 32)
    assert model.decision_function(X).shape == (300,)
    assert model.score(X, y) == 1


def test_logarithms_of_probabilities_are_finite_where_these_are_nought() -> None:
    X, y = _blobs()
    model = TopicClassifier().fit(X, y)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    far = model.predict_log_proba(X * 1e6)
    assert (model.predict_proba(X * 1e6) == 0).any()
    assert np.isfinite(far).all()


def _same(one: TopicClassifier, other: TopicClassifier, exactly: bool = True) -> bool:
    pairs = [(one.coef_, other.coef_), (one.intercept_, other.intercept_)]
    if exactly:
        return all(np.array_equal(a, b) for a, b in pairs)
    return all(np.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in pairs)


def _noisy(n: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Vectors that overlap, unlabelled ones, and weights."""
    rng = np.random.default_rng(1)
    y = np.arange(n) % 3
    X = np.eye(3)[y] + 0.5 * rng.normal(size=(n, 3))
    return X, y, X[::2] + 0.1, rng.choice([0.5, 1.0, 2.0], n)


def test_only_the_ratios_of_weights_count() -> None:
    X, y, U, weight = _noisy()
    plain = TopicClassifier().fit(X, y, U)
    assert _same(plain, TopicClassifier().fit(X, y, U, sample_weight=np.ones(len(y))))
    weighted = TopicClassifier().fit(X, y, U, sample_weight=weight)
    assert _same(weighted, TopicClassifier().fit(X, y, U, sample_weight=4 * weight))
    assert _same(weighted, TopicClassifier().fit(X, y, U, sample_weight=0.3 * weight), False)
    assert not _same(weighted, plain, False)


def test_a_sample_without_weight_is_left_out() -> None:
    X, y, U, weight = _noisy()
    weight[::5] = 0
    kept = np.flatnonzero(weight)
    graph = sparse.random(180, 180, 0.1, "csr", random_state=0)
    graph = graph + graph.T
    both = np.append(kept, np.arange(120, 180))
    for whole, part in ((None, None), (graph, graph[both][:, both])):
        found = TopicClassifier().fit(X, y, U, graph=whole, sample_weight=weight)
        without = TopicClassifier().fit(X[kept], y[kept], U, graph=part, sample_weight=weight[kept])
        assert _same(found, without)
        assert np.array_equal(found.held_out_logits_[kept], without.held_out_logits_)
        assert np.isnan(found.held_out_logits_[weight == 0]).all()


def test_a_heavy_sample_outweighs_its_contradictions() -> None:
    X = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4)
    y = np.array([0, 1, 1, 1, 1, 1, 1, 1])
    weight = np.where(y == 0, 20.0, 1.0)
    assert TopicClassifier().fit(X, y).predict(X[:1]) == 1
    assert TopicClassifier().fit(X, y, sample_weight=weight).predict(X[:1]) == 0


def test_samples_of_a_group_are_held_out_together() -> None:
    """Each pair of twins has a direction and a class of its own drawing: nothing else tells it."""
    y = np.repeat(np.random.default_rng(0).integers(0, 2, 40), 2)
    X = np.repeat(np.eye(40), 2, axis=0)
    pairs = np.repeat(np.arange(40), 2)
    own = np.arange(80), y
    apart = probabilities_of(TopicClassifier().fit(X, y).held_out_logits_)[own]
    together = probabilities_of(TopicClassifier().fit(X, y, groups=pairs).held_out_logits_)[own]
    assert (apart > 0.5).mean() > 0.8  # its twin gave it away
    assert (together > 0.5).mean() < 0.7


def test_learning_tells_its_steps_to_those_who_listen(caplog: pytest.LogCaptureFixture) -> None:
    X, y = _blobs()
    TopicClassifier(rounds=2).fit(X[:100], y[:100], X[100:])
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, "headlines"):
        TopicClassifier(rounds=2).fit(X[:100], y[:100], X[100:])
    assert {r.name for r in caplog.records} == {"headlines.classification.classifier"}
    first, *others = caplog.messages
    assert "6 classes from 100 labelled and 200 unlabelled samples; 5 folds" in first
    assert [m.split(":")[0] for m in others[:6]] == [f"model {i} of 6" for i in range(1, 7)]
    assert others[6].startswith("round 1 of 2: ")


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
