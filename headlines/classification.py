"""The topic classifier: a scikit-learn estimator over vectors."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

__all__ = ["TopicClassifier"]


class TopicClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Multinomial logistic regression whose classes weigh the same, whatever their size.

    Parameters
    ----------
    C : float, default 10.0
        Inverse strength of the L2 penalty, for vectors scaled to a mean square length of 1.
    random_state : int, default 0
        Seed of the solver.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of float64, shape (n_classes, n_features)
        Weights over the vectors as given.
    intercept_ : ndarray of float64, shape (n_classes,)

    Examples
    --------
    >>> X = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]
    >>> TopicClassifier().fit(X, ["sport", "sport", "courts", "courts"]).predict([[1.0, 0.2]])
    array(['sport'], dtype='<U6')
    """

    def __init__(self, C: float = 10.0, *, random_state: int = 0) -> None:
        self.C = C
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from labelled vectors.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)
        y : array-like, shape (n_samples,)
            Two or more different labels.

        Returns
        -------
        TopicClassifier

        Raises
        ------
        ValueError
            When X holds NaN, lengths differ, or y has a single class.
        """
        checked = validate_data(self, X, y, dtype=np.float64)
        vectors: NDArray[np.float64] = checked[0]
        y = checked[1]
        check_classification_targets(y)
        if not self.C > 0:
            raise ValueError(f"C is {self.C!r}, expected a number above 0")
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class, {self.classes_[0]!r}: a classifier needs 2 classes or more; "
                "label headlines of another topic too"
            )
        scale = float(np.sqrt(np.mean(np.sum(vectors * vectors, axis=1)))) or 1.0
        model = LogisticRegression(
            C=self.C,
            class_weight="balanced",
            max_iter=5000,
            tol=1e-6,
            random_state=self.random_state,
        )
        with threadpool_limits(1):  # the number of threads changes the last bits of a product
            model.fit(vectors / scale, y)
        coef, intercept = model.coef_ / scale, model.intercept_
        if len(self.classes_) == 2:  # one row of log-odds becomes one row a class
            coef, intercept = np.vstack([-coef, coef]) / 2, np.hstack([-intercept, intercept]) / 2
        self.coef_: NDArray[np.float64] = coef
        self.intercept_: NDArray[np.float64] = intercept
        self.n_iter_ = int(np.max(model.n_iter_))
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Give the logits, shape (n_samples, n_classes); for two classes their difference."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Give probabilities, shape (n_samples, n_classes), in the order of `classes_`."""
        logits = self._logits(X)
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Give the most probable class of each sample, shape (n_samples,)."""
        best = self._logits(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _logits(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        vectors: NDArray[np.float64] = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(vectors @ self.coef_.T + self.intercept_)
