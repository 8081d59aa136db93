"""Multinomial logistic regression on soft targets: a share of each class for every sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.scoring import probabilities_of

__all__ = ["LinearModel", "fit_logistic"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LinearModel:
    """Logits as a linear function of vectors.

    Attributes
    ----------
    coef : ndarray of float64, shape (n_classes, n_features)
    intercept : ndarray of float64, shape (n_classes,)
    steps : int
        Steps that the solver took.
    """

    coef: Floats
    intercept: Floats
    steps: int = 0

    def logits(self, X: Any) -> Floats:
        """Give the logits of n vectors, shape (n, n_classes)."""
        return np.asarray(X @ self.coef.T + self.intercept)

    def probabilities(self, X: Any) -> Floats:
        """Give the probability of each class, shape (n, n_classes)."""
        return probabilities_of(self.logits(X))


def fit_logistic(
    X: Any,
    targets: Floats,
    weight: Floats,
    C: float,
    *,
    start: LinearModel | None = None,
    max_steps: int = 300,
) -> LinearModel:
    """Fit weights that give each sample its target shares.

    Parameters
    ----------
    X : ndarray or csr_matrix of float64, shape (n, n_features)
    targets : ndarray of float64, shape (n, n_classes)
        Rows that add up to 1.
    weight : ndarray of float64, shape (n,)
    C : float
        Inverse strength of the L2 penalty, for vectors scaled to a mean square length of 1.
    start : LinearModel, optional
        Where the solver starts; the minimum is the same.
    max_steps : int, default 300

    Returns
    -------
    LinearModel

    Notes
    -----
    L-BFGS (Liu and Nocedal 1989). The intercepts aren't penalised; of the equivalent solutions
    the one whose intercepts add up to 0 is given.
    """
    from scipy.optimize import minimize

    n_features, n_classes = X.shape[1], targets.shape[1]
    squares = X.multiply(X).sum() if sparse.issparse(X) else np.sum(X * X)
    scale = float(np.sqrt(squares / X.shape[0])) or 1.0
    blocks = _blocks(X, scale)
    weighted = weight[:, None] * targets

    def objective(flat: Floats) -> tuple[float, Floats]:
        coef = flat[:-n_classes].reshape(n_features, n_classes)
        logits = np.tile(flat[-n_classes:], (X.shape[0], 1))
        for columns, block, _ in blocks:
            logits += block @ coef[columns]
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        total = shares.sum(axis=1, keepdims=True)
        loss = float((weighted * (np.log(total) - logits)).sum())
        shares *= weight[:, None] / total
        shares -= weighted
        gradient = np.empty_like(flat)
        slopes = gradient[:-n_classes].reshape(n_features, n_classes)
        for columns, _, turned in blocks:
            slopes[columns] = turned @ shares
        slopes *= C
        slopes += coef
        gradient[-n_classes:] = C * shares.sum(axis=0)
        return C * loss + 0.5 * float(np.vdot(coef, coef)), gradient

    flat = np.zeros(n_classes * (n_features + 1))
    if start is not None:
        flat = np.concatenate([start.coef.T.ravel() * scale, start.intercept])
    found = minimize(
        objective,
        flat,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_steps, "maxcor": 10, "ftol": 1e-8, "gtol": 1e-5 * C},
    )
    coef = np.ascontiguousarray(found.x[:-n_classes].reshape(n_features, n_classes).T) / scale
    intercept = found.x[-n_classes:]
    return LinearModel(coef, intercept - intercept.mean(), int(found.nit))


def _blocks(X: Any, scale: float) -> list[tuple[Any, Any, Any]]:
    """Give columns, their scaled values and these turned; columns mostly filled as one array."""
    if not sparse.issparse(X):
        return [(slice(None), X / scale, X.T / scale)]
    filled = np.bincount(X.indices, minlength=X.shape[1]) > X.shape[0] / 2
    first, second = np.flatnonzero(filled), np.flatnonzero(~filled)
    dense, rest = X[:, first].toarray() / scale, (X[:, second] / scale).tocsr()
    return [(first, dense, dense.T), (second, rest, rest.T.tocsr())]
