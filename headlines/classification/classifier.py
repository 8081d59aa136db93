"""The topic classifier: a scikit-learn estimator over vectors."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GroupKFold
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_is_fitted,
    validate_data,
)

from headlines.classification.logistic import Design, LinearModel, fit_logistic
from headlines.classification.task import Task, per_sample, stacked
from headlines.embedding.threads import one_thread
from headlines.model.certainty import Calibration, Threshold, threshold_for
from headlines.model.scorer import probabilities_of
from headlines.model.trial import Trial
from headlines.neighbours import checked_graph, neighbour_graph, normalised_graph, whole_vectors

logger = logging.getLogger(__name__)
Floats = NDArray[np.float64]
Places = NDArray[np.int64]

NEIGHBOURS_SHARE, SPREADS = 0.5, 20
"""Share of a sample's probabilities that comes from its neighbours, and how often it is taken."""

MASS_KEPT = 0.4
"""How far the classes' shares among unlabelled samples may leave those among labelled ones:
at 0 they are made equal, at 1 they are what the model says. A model of few labels says that most
samples are of one class, and what it says it would then learn."""

STEPS_A_ROUND = 20
"""Steps of the solver in a round: it starts near its goal."""

LABELS_PER_C, MIN_C, MAX_C = 160, 1.0, 10.0
"""C by default: the quotient of the first and the labels of a class, between the others."""

MAX_FOLDS = 5
"""Parts that the samples to calibrate on are held out in, one after the other."""


class TopicClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Logistic regression that also learns from unlabelled samples, and knows how sure it is.

    Classes weigh by the root of their size. Unlabelled samples are given probabilities by
    the model of the round before, smoothed over the graph of nearest neighbours, drawn to the
    classes' shares among the labelled samples, and sharpened; the next round learns from them too.
    However many rounds, the result is one linear model. Probabilities are calibrated on samples
    that a model of the same kind wasn't trained on, and the first round that doesn't tell these
    better than the one before is undone and the last: unlabelled samples may be left out whole.

    Parameters
    ----------
    C : float, optional
        Inverse strength of the L2 penalty, for vectors scaled to a mean square length of 1. By
        default the more labels a class has, the smaller: 10 up to 16 labels, 1 from 160.
    n_neighbors : int, default 10
        Neighbours of a sample in the graph.
    rounds : int, default 6
        Rounds of learning from unlabelled samples at most, or 0.
    sharpness : float, default 2.0
        Power that smoothed probabilities are raised to: above 0, at most 100.
    unlabelled_weight : float, default 0.5
        Weight of an unlabelled sample, or 0; a labelled one has 1 on average.
    random_state : int, RandomState instance or None, default 0
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
        group; NaN where it has no weight, or where there were too few to hold out.
    threshold_ : Threshold or None
        Where to abstain for the `target_error` of `fit`.
    trial_ : Trial or None
        How labelled samples are told by models that hadn't seen them, without and with the
        unlabelled ones; None where there were none to learn from.
    learned_from_unlabelled_ : bool
        Whether these are in the model.

    References
    ----------
    Zhu, Ghahramani, Lafferty 2003, Semi-supervised learning using Gaussian fields and harmonic
    functions (class mass normalisation, which is taken part of the way).
    Zhou, Bousquet, Lal, Weston, Schölkopf 2004, Learning with local and global consistency.

    Examples
    --------
    >>> X = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]
    >>> TopicClassifier().fit(X, ["sport", "sport", "courts", "courts"]).predict([[1.0, 0.2]])
    array(['sport'], dtype='<U6')
    """

    _parameter_constraints: ClassVar[dict[str, Sequence[Any]]] = {
        "C": [Interval(Real, 0, None, closed="neither"), None],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "rounds": [Interval(Integral, 0, None, closed="left")],
        "sharpness": [Interval(Real, 0, 100, closed="right")],
        "unlabelled_weight": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        C: float | None = None,
        *,
        n_neighbors: int = 10,
        rounds: int = 6,
        sharpness: float = 2.0,
        unlabelled_weight: float = 0.5,
        random_state: int | np.random.RandomState | None = 0,
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
        taught: tuple[ArrayLike, ArrayLike] | None = None,
        graph: sparse.csr_matrix | None = None,
        groups: ArrayLike | None = None,
        representative: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        target_error: float | None = None,
    ) -> Self:
        """Learn from labelled and, where there are any, unlabelled vectors.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)
        y : array-like, shape (n_samples,)
            Two or more different labels.
        X_unlabelled : array-like of float, shape (n_unlabelled, n_features), optional
        taught : pair of array-like of float, optional
            Vectors of further samples, shape (n_taught, n_features), and the share of each class
            in each of them, (n_taught, n_classes), as a better classifier sees it.
        graph : sparse matrix of float, shape (n_samples + n_taught + n_unlabelled,) * 2, optional
            Who is whose neighbour, in this order; by cosine of the vectors by default.
        groups : array-like of int or str, shape (n_samples,), optional
            Samples of a group, as near-duplicates are, are held out together.
        representative : array-like of bool, shape (n_samples,), optional
            Samples that look like what will be predicted; the others, as written examples are,
            teach but don't calibrate. All by default.
        sample_weight : array-like of float, shape (n_samples,), optional
            How much a sample teaches beside others: only ratios count, and 0 leaves it out.
            Calibration counts each of the others once.
        target_error : float, optional
            Between 0 and 1: learn where to abstain so that the error among answers stays there
            or below (`threshold_`).

        Raises
        ------
        ValueError
            When a parameter is out of its range, X holds NaN, an argument has another length or
            type, or y has a single class.
        """
        self._validate_params()
        if target_error is not None and not 0 < target_error < 1:
            raise ValueError(f"target_error is {target_error!r}, expected a number between 0 and 1")
        vectors, labels = validate_data(self, X, y, dtype=np.float64, accept_sparse="csr")
        weight = _check_sample_weight(sample_weight, vectors, ensure_non_negative=True)
        task = self._task(
            vectors, labels, X_unlabelled, taught, graph, groups, representative, weight
        )
        with one_thread():  # the number of threads changes the last bits of a product
            model, held_out = self._learn_in_rounds(task)
        own = task.representative
        self._calibrate(model, held_out[own], task.y[own], target_error)
        self.held_out_logits_: Floats = np.full((len(labels), len(self.classes_)), np.nan)
        self.held_out_logits_[weight > 0] = self.calibration_(held_out)
        return self

    def decision_function(self, X: ArrayLike) -> Floats:
        """Give the logits, shape (n_samples, n_classes); for two classes their difference."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Give probabilities, shape (n_samples, n_classes), in the order of `classes_`."""
        return probabilities_of(self._logits(X))

    def predict_log_proba(self, X: ArrayLike) -> Floats:
        """Give the logarithms of probabilities, finite however small these are."""
        return np.asarray(log_softmax(self._logits(X), axis=1))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Give the most probable class of each sample, shape (n_samples,)."""
        best = self._logits(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def answered(self, X: ArrayLike) -> NDArray[np.bool_]:
        """Tell which samples are sure enough for the `target_error` of `fit`."""
        logits = self._logits(X)
        if self.threshold_ is None:
            raise ValueError("no target error is known: give fit a target_error")
        return np.asarray(probabilities_of(logits).max(axis=1) >= self.threshold_.probability)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _logits(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        vectors: Any = validate_data(self, X, dtype=np.float64, accept_sparse="csr", reset=False)
        return np.asarray(vectors @ self.coef_.T + self.intercept_)

    def _task(
        self,
        vectors: Any,
        y: NDArray[Any],
        X_unlabelled: ArrayLike | None,
        taught: tuple[ArrayLike, ArrayLike] | None,
        graph: Any,
        groups: ArrayLike | None,
        representative: ArrayLike | None,
        weight: Floats,
    ) -> Task:
        """Check the arguments of `fit`, and put together what is learned from."""
        n = len(y)
        # Twice each, or one label a topic would be taken for a regression by mistake.
        check_classification_targets(np.repeat(np.unique(y), 2))
        groups = np.arange(n) if groups is None else groups
        groups = per_sample("groups", groups, n, np.integer, np.str_)
        representative = np.ones(n, dtype=np.bool_) if representative is None else representative
        representative = per_sample("representative", representative, n, np.bool_)
        others, shares = taught or (None, None)
        every = stacked("X_unlabelled", stacked("taught", vectors, others), X_unlabelled)
        if graph is not None:
            graph = checked_graph(graph, every.shape[0])
        if not weight.all():
            kept = np.flatnonzero(weight)
            y, weight = y[kept], weight[kept]
            groups, representative = groups[kept], representative[kept]
            places = np.append(kept, np.arange(n, every.shape[0]))
            every, graph = every[places], None if graph is None else graph[places][:, places]
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class, {self.classes_.tolist()}: a classifier needs 2 classes or "
                "more; label headlines of another topic too"
            )
        truth = np.eye(len(self.classes_))[numbers]
        if shares is not None:
            truth = np.vstack([truth, check_array(shares)])
        return Task(
            truth=truth,
            vectors=every,
            design=Design.of(every),
            labelled=Design.of(every[: len(truth)]),
            y=numbers.astype(np.int64),
            n_classes=len(self.classes_),
            weight=weight,
            groups=groups,
            representative=representative,
            graph=graph,
        )

    def _folds(self, task: Task) -> list[Places]:
        """Give what to hold out, folds that leave a topic without a sample aside."""
        groups, calibrating = task.groups, task.representative
        count = min(MAX_FOLDS, len(np.unique(groups[calibrating])))
        if count < 2:
            return []
        parts = GroupKFold(count, shuffle=True, random_state=self.random_state)
        return [
            held
            for rest, held in parts.split(groups, groups=groups)
            if calibrating[held].any() and len(np.unique(task.y[rest])) == task.n_classes
        ]

    def _learn_in_rounds(self, task: Task) -> tuple[LinearModel, Floats]:
        """Learn until a round doesn't help; give the model and the logits of what was held out."""
        folds = self._folds(task)
        held = [np.arange(0), *folds]
        models, own = self._learn(task, held), task.representative
        logits = _held_out(task, folds, models[1:])
        trials = []
        for taught in self._rounds(task, held, models):
            told = _held_out(task, folds, taught[1:])
            trials.append(Trial.of(logits[own], told[own], task.y[own]))
            if not trials[-1].helped:
                break
            models, logits = taught, told
        self.trial_: Trial | None = Trial.whole(trials)
        self.learned_from_unlabelled_: bool = self.trial_ is not None and self.trial_.helped
        return models[0], logits

    def _learn(self, task: Task, held_out: Sequence[Places]) -> list[LinearModel]:
        """Fit a model to each set of labelled samples that is left when some are held out."""
        n, total = len(task.truth), task.vectors.shape[0]
        logger.info(
            "learning %d classes from %d labelled and %d unlabelled samples; %d folds to calibrate",
            task.n_classes, n, total - n, len(held_out) - 1,
        )  # fmt: skip
        models = []
        for number, held in enumerate(held_out, 1):
            weight = task.weight_without(held)
            models.append(fit_logistic(task.labelled, task.truth, weight, self._strength(task)))
            logger.info("model %d of %d: %d steps", number, len(held_out), models[-1].steps)
        return models

    def _strength(self, task: Task) -> float:
        """Give C, by the labels of a class where it isn't set: a fold's is that of all."""
        if self.C is not None:
            return self.C
        if len(task.truth) > len(task.y):  # a teacher's many samples steady the model
            return MAX_C
        return strength(len(task.y) / task.n_classes)

    def _rounds(
        self, task: Task, held_out: Sequence[Places], models: list[LinearModel]
    ) -> Iterator[list[LinearModel]]:
        """Fit the models to unlabelled samples too, where there are any, again and again."""
        n, total = len(task.truth), task.vectors.shape[0]
        if total == n or not self.rounds or not self.unlabelled_weight:
            return
        graph = task.graph
        if graph is None:
            dense = task.vectors.toarray() if sparse.issparse(task.vectors) else task.vectors
            graph = neighbour_graph(whole_vectors(dense), self.n_neighbors)
        weight = np.full(total, self.unlabelled_weight)
        kept = [np.setdiff1d(np.arange(total), held) for held in held_out]
        edges = [normalised_graph(graph[places][:, places]) for places in kept]
        targets = np.full((total, task.n_classes), 1 / task.n_classes)
        for number in range(1, self.rounds + 1):
            taught = []
            for i, model in enumerate(models):
                shares, places = task.design.probabilities(model), kept[i]
                shares[:n] = task.truth
                targets[places] = self._spread(edges[i], shares[places], len(places) - total + n)
                targets[:n] = task.truth
                weight[:n] = task.weight_without(held_out[i])
                C, most = self._strength(task), STEPS_A_ROUND
                taught.append(
                    fit_logistic(task.design, targets, weight, C, start=model, max_steps=most)
                )
            models = taught
            logger.info("round %d of %d: %d steps", number, self.rounds, models[0].steps)
            yield models

    def _spread(self, edges: sparse.csr_matrix, shares: Floats, n: int) -> Floats:
        """Smooth probabilities over the graph, n of them labels, keep class masses and sharpen."""
        smoothed = shares
        for _ in range(SPREADS):
            smoothed = NEIGHBOURS_SHARE * (edges @ smoothed) + (1 - NEIGHBOURS_SHARE) * shares
        smoothed = np.maximum(smoothed, 1e-12)
        smoothed /= smoothed.sum(axis=1, keepdims=True)
        mass, due = smoothed[n:].mean(axis=0), shares[:n].mean(axis=0)
        sharp = (smoothed * (due / mass) ** (1 - MASS_KEPT)) ** self.sharpness
        return np.asarray(sharp / sharp.sum(axis=1, keepdims=True))

    def _calibrate(
        self, model: LinearModel, held_out: Floats, y: Places, target_error: float | None
    ) -> None:
        """Learn from held-out logits how far to trust the model, and set what was learned."""
        folded = ~np.isnan(held_out[:, 0])
        calibration = Calibration.fit(held_out[folded], y[folded])
        self.calibration_ = calibration
        self.coef_: Floats = model.coef * calibration.scale
        self.intercept_: Floats = model.intercept * calibration.scale + calibration.shift
        self.n_iter_ = max(1, model.steps)
        self.threshold_: Threshold | None = None
        if target_error is not None:
            scores = probabilities_of(calibration(held_out)[folded])
            right = scores.argmax(axis=1) == y[folded]
            self.threshold_ = threshold_for(target_error, scores.max(axis=1), right)


def strength(labels: float, least: float = MIN_C) -> float:
    """Give C by how many labels a class has on average."""
    return min(MAX_C, max(least, LABELS_PER_C / labels))


def _held_out(task: Task, folds: Sequence[Places], models: Sequence[LinearModel]) -> Floats:
    """Give the logits of labelled samples, each by the model that was fitted without it."""
    logits = np.full((len(task.y), task.n_classes), np.nan)
    for held, model in zip(folds, models, strict=True):
        logits[held] = task.labelled.logits(model)[held]
    return logits
