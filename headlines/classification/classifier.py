"""The topic classifier: a scikit-learn estimator over vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from headlines.classification.logistic import LinearModel, fit_logistic
from headlines.model.certainty import Calibration, Threshold, threshold_for
from headlines.model.scorer import probabilities_of
from headlines.neighbours import neighbour_graph, whole_vectors
from headlines.threads import one_thread

__all__ = ["TopicClassifier", "grouped_folds"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

SPREAD, SPREADS = 0.5, 20
"""Share of a sample's probabilities that comes from its neighbours, and how often it is taken."""

STEPS = 20
"""Steps of the solver in a round: the targets change again in the next one."""

FOLDS = 5


class TopicClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Logistic regression that also learns from unlabelled samples, and knows how sure it is.

    Classes weigh by the root of their size. Unlabelled samples are given probabilities by
    the model of the round before, smoothed over the graph of nearest neighbours and sharpened;
    the next round learns from them too. However many rounds, the result is one linear model.
    Probabilities are calibrated on samples that a model of the same kind wasn't trained on.

    Parameters
    ----------
    C : float, default 10.0
        Inverse strength of the L2 penalty, for vectors scaled to a mean square length of 1.
    n_neighbors : int, default 10
        Neighbours of a sample in the graph.
    rounds : int, default 6
        Rounds of learning from unlabelled samples.
    sharpness : float, default 2.0
        Power that smoothed probabilities are raised to.
    unlabelled_weight : float, default 0.5
        Weight of an unlabelled sample; a labelled one has 1 on average.
    random_state : int, default 0
        Seed of the folds that calibrate.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of float64, shape (n_classes, n_features)
        Weights over the vectors as given, calibration included.
    intercept_ : ndarray of float64, shape (n_classes,)
    calibration_ : Calibration
        Method, and how many labels it was learned from.
    held_out_logits_ : ndarray of float64, shape (n_samples, n_classes)
        Calibrated logits of the labelled samples, each from a model that hadn't seen it or its
        group; NaN where it doesn't represent, or where there were too few to fold.
    threshold_ : Threshold or None
        Where to abstain for the `target_error` of `fit`.

    References
    ----------
    Zhou, Bousquet, Lal, Weston, Schölkopf 2004, Learning with local and global consistency.

    Examples
    --------
    >>> X = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]
    >>> TopicClassifier().fit(X, ["sport", "sport", "courts", "courts"]).predict([[1.0, 0.2]])
    array(['sport'], dtype='<U6')
    """

    def __init__(
        self,
        C: float = 10.0,
        *,
        n_neighbors: int = 10,
        rounds: int = 6,
        sharpness: float = 2.0,
        unlabelled_weight: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.n_neighbors = n_neighbors
        self.rounds = rounds
        self.sharpness = sharpness
        self.unlabelled_weight = unlabelled_weight
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_unlabelled: ArrayLike | None = None,
        *,
        graph: sparse.csr_matrix | None = None,
        groups: ArrayLike | None = None,
        representative: ArrayLike | None = None,
        target_error: float | None = None,
    ) -> Self:
        """Learn from labelled and, where there are any, unlabelled vectors.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)
        y : array-like, shape (n_samples,)
            Two or more different labels.
        X_unlabelled : array-like of float, shape (n_unlabelled, n_features), optional
        graph : csr_matrix of float, shape (n_samples + n_unlabelled,) * 2, optional
            Who is whose neighbour, labelled samples first; by cosine of the vectors by default.
        groups : array-like of int, shape (n_samples,), optional
            Samples of a group, as near-duplicates are, are held out together.
        representative : array-like of bool, shape (n_samples,), optional
            Samples that look like what will be predicted; the others, as written examples are,
            teach but don't calibrate. All by default.
        target_error : float, optional
            Between 0 and 1: learn where to abstain so that the error among answers stays there
            or below (`threshold_`).

        Returns
        -------
        TopicClassifier

        Raises
        ------
        ValueError
            When X holds NaN, lengths differ, or y has a single class.
        """
        vectors, numbers = self._checked(X, y)
        n, n_classes = vectors.shape[0], len(self.classes_)
        everything = vectors
        if X_unlabelled is not None:
            others = check_array(
                X_unlabelled, dtype=np.float64, accept_sparse="csr", ensure_min_samples=0
            )
            if others.shape[1] != vectors.shape[1]:
                raise ValueError(
                    f"X_unlabelled has {others.shape[1]} features, X has {vectors.shape[1]}"
                )
            if sparse.issparse(vectors) or sparse.issparse(others):
                everything = sparse.vstack([vectors, others]).tocsr()
            else:
                everything = np.vstack([vectors, others])
        calibrating = np.ones(n, dtype=np.bool_)
        if representative is not None:
            calibrating = np.asarray(representative, dtype=np.bool_)
        grouped = np.arange(n) if groups is None else np.asarray(groups)
        for name, given in (("groups", grouped), ("representative", calibrating)):
            if given.shape != (n,):
                raise ValueError(f"{name} has shape {given.shape}, expected {(n,)}")
        with one_thread():  # the number of threads changes the last bits of a product
            if everything.shape[0] > n and self.rounds and graph is None:
                dense = everything.toarray() if sparse.issparse(everything) else everything
                graph = neighbour_graph(whole_vectors(dense), self.n_neighbors)
            task = _Task(everything, numbers, n_classes, graph)
            folds = self._folds(task, calibrating, grouped)
            model, *others = self._learn(task, [np.arange(0), *(fold.held for fold in folds)])
        held_out = np.full((n, n_classes), np.nan)
        for fold, other in zip(folds, others, strict=True):
            held_out[fold.tested] = other.logits(vectors[fold.tested])
        folded = ~np.isnan(held_out[:, 0])
        calibration = Calibration.fit(held_out[folded], numbers[folded])
        self.calibration_ = calibration
        self.held_out_logits_: Floats = calibration(held_out)
        self.coef_: Floats = model.coef * calibration.scale
        self.intercept_: Floats = model.intercept * calibration.scale + calibration.shift
        self.n_iter_ = max(1, model.steps)
        self.threshold_: Threshold | None = None
        if target_error is not None:
            scores = probabilities_of(self.held_out_logits_[folded])
            right = scores.argmax(axis=1) == numbers[folded]
            self.threshold_ = threshold_for(target_error, scores.max(axis=1), right)
        return self

    def _checked(self, X: ArrayLike, y: ArrayLike) -> tuple[Any, NDArray[np.int64]]:
        checked = validate_data(self, X, y, dtype=np.float64, accept_sparse="csr")
        # Twice each, or one label a topic would be taken for a regression by mistake.
        check_classification_targets(np.repeat(np.unique(checked[1]), 2))
        for name in ("C", "sharpness"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected a number above 0")
        self.classes_, numbers = np.unique(checked[1], return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class, {self.classes_[0]!r}: a classifier needs 2 classes or more; "
                "label headlines of another topic too"
            )
        return checked[0], numbers.astype(np.int64)

    def _learn(self, task: _Task, held_out: Sequence[Places]) -> list[LinearModel]:
        """Fit a model for each set of labelled samples that is to be held out."""
        n, total = len(task.y), task.vectors.shape[0]
        weight = np.zeros((total, len(held_out)))
        weight[n:] = self.unlabelled_weight
        kept = []
        for i, held in enumerate(held_out):
            known = np.setdiff1d(np.arange(n), held)
            weight[known, i] = _balanced(task.y[known], task.n_classes)
            kept.append(np.setdiff1d(np.arange(total), held))
        truth = np.eye(task.n_classes)[task.y][:, None, :]
        models = fit_logistic(task.vectors[:n], truth, weight[:n], self.C)
        if task.graph is None:
            return models
        edges = [_normalised(task.graph[places][:, places]) for places in kept]
        targets = np.full((total, len(models), task.n_classes), 1 / task.n_classes)
        for _ in range(self.rounds):
            for i, (model, places) in enumerate(zip(models, kept, strict=True)):
                shares = model.probabilities(task.vectors)
                shares[:n] = truth[:, 0]
                shares = smoothed = shares[places]
                for _ in range(SPREADS):
                    smoothed = SPREAD * (edges[i] @ smoothed) + (1 - SPREAD) * shares
                sharp = np.maximum(smoothed, 1e-12) ** self.sharpness
                targets[places, i] = sharp / sharp.sum(axis=1, keepdims=True)
            targets[:n] = truth
            models = fit_logistic(
                task.vectors, targets, weight, self.C, start=models, max_steps=STEPS
            )
        return models

    def _folds(
        self, task: _Task, calibrating: NDArray[np.bool_], groups: NDArray[Any]
    ) -> list[_Fold]:
        """Give the folds to calibrate on, those that leave a topic without a sample aside."""
        count = min(FOLDS, len(np.unique(groups[calibrating])))
        if count < 2:
            return []
        return [
            _Fold(held, held[calibrating[held]])
            for rest, held in grouped_folds(groups, count, self.random_state)
            if calibrating[held].any() and len(np.unique(task.y[rest])) == task.n_classes
        ]

    def decision_function(self, X: ArrayLike) -> Floats:
        """Give the logits, shape (n_samples, n_classes); for two classes their difference."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Give probabilities, shape (n_samples, n_classes), in the order of `classes_`."""
        return probabilities_of(self._logits(X))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Give the most probable class of each sample, shape (n_samples,)."""
        best = self._logits(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def answered(self, X: ArrayLike) -> NDArray[np.bool_]:
        """Tell which samples are sure enough for the `target_error` of `fit`."""
        logits = self._logits(X)
        if self.threshold_ is None:
            raise ValueError("no target error is known: give fit a target_error")
        return np.asarray(probabilities_of(logits).max(axis=1) >= self.threshold_.probability)

    def _logits(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        vectors: Any = validate_data(self, X, dtype=np.float64, accept_sparse="csr", reset=False)
        return np.asarray(vectors @ self.coef_.T + self.intercept_)


@dataclass(frozen=True)
class _Task:
    """What is learned from: labelled vectors, then unlabelled ones, and what joins them."""

    vectors: Any  # an array or a csr_matrix
    y: NDArray[np.int64]
    n_classes: int
    graph: sparse.csr_matrix | None


@dataclass(frozen=True)
class _Fold:
    """Labelled samples held out of a model, and those of them that it is tested on."""

    held: Places
    tested: Places


def grouped_folds(
    groups: NDArray[Any], folds: int, random_state: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Hold out one part of the samples after the other, groups kept whole.

    Parameters
    ----------
    groups : ndarray, shape (n,)
        The group of each sample.
    folds : int
        At most the number of groups.
    random_state : int

    Yields
    ------
    rest, held : ndarray of int64
        Places of the samples to learn from, and of those held out.
    """
    _, number = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(random_state).permutation(int(number.max()) + 1)
    fold = (order % folds)[number.reshape(-1)]
    for part in range(folds):
        yield np.flatnonzero(fold != part), np.flatnonzero(fold == part)


def _balanced(y: NDArray[np.int64], n_classes: int) -> Floats:
    """Weights that fall with the root of a class's size; 1 on average."""
    counts = np.bincount(y, minlength=n_classes)
    weights = (1 / np.sqrt(np.maximum(counts, 1)))[y]
    return np.asarray(weights / weights.mean())


def _normalised(graph: sparse.csr_matrix) -> sparse.csr_matrix:
    """Divide every edge by the roots of the weights at its two ends."""
    degree = np.asarray(graph.sum(axis=1)).ravel()
    root = sparse.diags(1 / np.sqrt(np.maximum(degree, 1e-12)))
    return (root @ graph @ root).tocsr()
