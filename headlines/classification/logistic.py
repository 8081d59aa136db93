"""Multinomial logistic regression on soft targets: a share of each class for every sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.model.scorer import probabilities_of

Floats = NDArray[np.float64]

EVEN = 10.0
"""Samples that an even chance of all classes counts for. Of a dozen phrases a topic one can't tell
how common it is, and an intercept left to itself takes short phrases for rare topics."""


@dataclass(frozen=True)
class LinearModel:
    """Logits as a linear function of vectors."""

    coef: Floats  # shape (n_classes, n_features)
    intercept: Floats  # shape (n_classes,)
    steps: int = 0  # that the solver took

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
    start: Sequence[LinearModel] | None = None,
    max_steps: int = 300,
) -> list[LinearModel]:
    """Fit weights that give each sample its target shares: m models at once.

    The models share nothing but their passes over X, an array or csr_matrix (n, n_features),
    which take most of the time. Targets, (n, m, n_classes) or (n, 1, n_classes), are shares that
    add up to 1; a weight, (n, m), of 0 keeps a sample out of a model. C is the inverse strength
    of the L2 penalty, for vectors scaled to a mean square length of 1.

    L-BFGS (Liu and Nocedal 1989); the minimum is the same from any start. Intercepts are penalised
    by `EVEN`, which doesn't hold them where samples are many.
    """
    from scipy.optimize import minimize

    n, n_features = X.shape
    m, n_classes = weight.shape[1], targets.shape[2]
    columns = m * n_classes
    squares = X.multiply(X).sum() if sparse.issparse(X) else np.sum(X * X)
    scale = float(np.sqrt(squares / n)) or 1.0
    flat = np.zeros(columns * (n_features + 1))
    if start is not None:
        coef = np.vstack([model.coef for model in start]).T * scale
        flat = np.concatenate([coef.ravel(), *(model.intercept for model in start)])
    found = minimize(
        _Objective(_blocks(X, scale), weight[:, :, None] * targets, weight[:, :, None], C),
        flat,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_steps, "maxcor": 10, "ftol": 1e-8, "gtol": 1e-5 * C},
    )
    coefs = found.x[:-columns].reshape(n_features, m, n_classes) / scale
    intercepts = found.x[-columns:].reshape(m, n_classes)
    intercepts -= intercepts.mean(axis=1, keepdims=True)
    return [
        LinearModel(np.ascontiguousarray(coefs[:, i].T), intercepts[i], int(found.nit))
        for i in range(m)
    ]


@dataclass(frozen=True)
class _Objective:
    """What is minimised, and its gradient, as a function of all weights and intercepts."""

    blocks: list[tuple[Any, Any, Any]]
    weighted: Floats  # targets times weight, shape (n, m, n_classes)
    weight: Floats  # shape (n, m, 1)
    C: float

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        n, m, n_classes = self.weighted.shape
        columns = m * n_classes
        coef = flat[:-columns].reshape(-1, columns)
        logits = np.tile(flat[-columns:], (n, 1))
        for of, block, _ in self.blocks:
            logits += block @ coef[of]
        logits = logits.reshape(n, m, n_classes)
        logits -= logits.max(axis=2, keepdims=True)
        shares = np.exp(logits)
        total = shares.sum(axis=2, keepdims=True)
        loss = float((self.weighted * (np.log(total) - logits)).sum())
        shares *= self.weight / total
        shares -= self.weighted
        slope = shares.reshape(n, columns)
        gradient = np.empty_like(flat)
        slopes = gradient[:-columns].reshape(-1, columns)
        for of, _, turned in self.blocks:
            slopes[of] = turned @ slope
        slopes *= self.C
        slopes += coef
        intercepts = flat[-columns:]
        loss += 0.5 * EVEN * float(np.vdot(intercepts, intercepts))
        gradient[-columns:] = self.C * (slope.sum(axis=0) + EVEN * intercepts)
        return self.C * loss + 0.5 * float(np.vdot(coef, coef)), gradient


def _blocks(X: Any, scale: float) -> list[tuple[Any, Any, Any]]:
    """Give columns, their scaled values and these turned; columns mostly filled as one array."""
    if not sparse.issparse(X):
        return [(slice(None), X / scale, X.T / scale)]
    filled = np.bincount(X.indices, minlength=X.shape[1]) > X.shape[0] / 2
    first, second = np.flatnonzero(filled), np.flatnonzero(~filled)
    dense, rest = X[:, first].toarray() / scale, (X[:, second] / scale).tocsr()
    return [(first, dense, dense.T), (second, rest, rest.T.tocsr())]
