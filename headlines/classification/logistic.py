"""Multinomial logistic regression on soft targets: a share of each class for every sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.model.scorer import probabilities_of

Floats = NDArray[np.float64]

TOLERANCE = 1e-5
"""Share of the loss that a step has to take off it for the solver to go on."""

EVEN = 10.0
"""Samples that an even chance of all classes counts for. Of a dozen phrases a topic one can't tell
how common it is, and an intercept left to itself takes short phrases for rare topics."""


@dataclass(frozen=True)
class LinearModel:
    """Logits as a linear function of vectors."""

    coef: Floats  # shape (n_classes, n_features)
    intercept: Floats  # shape (n_classes,)
    steps: int = 0  # that the solver took


@dataclass(frozen=True)
class Design:
    """Vectors as the solver wants them: columns mostly filled as one array, the others sparse.

    In float32: most of the time goes into reading them, and no digit behind tells anything.
    """

    blocks: list[tuple[Any, Any, Any]]  # columns, their values over `scale`, and these turned
    shape: tuple[int, int]
    scale: float  # root of the mean square length of the vectors

    @classmethod
    def of(cls, X: Any) -> Self:
        """Part an array or csr_matrix, shape (n, n_features)."""
        squares = X.multiply(X).sum() if sparse.issparse(X) else np.vdot(X, X)
        scale = float(np.sqrt(squares / X.shape[0])) or 1.0
        if not sparse.issparse(X):
            dense = (X / scale).astype(np.float32)
            return cls([(slice(None), dense, dense.T)], X.shape, scale)
        filled = np.bincount(X.indices, minlength=X.shape[1]) > X.shape[0] / 2
        first, second = np.flatnonzero(filled), np.flatnonzero(~filled)
        dense = X[:, first].astype(np.float32).toarray()
        rest = X[:, second].astype(np.float32).tocsr()
        dense /= np.float32(scale)
        rest.data /= np.float32(scale)
        blocks = [(first, dense, dense.T), (second, rest, rest.T.tocsr())]
        return cls(blocks, X.shape, scale)

    def logits(self, model: LinearModel) -> Floats:
        """Give the logits of the vectors, shape (n, n_classes)."""
        products = self.products((model.coef.T * self.scale).astype(np.float32))
        return np.asarray(products + model.intercept)

    def probabilities(self, model: LinearModel) -> Floats:
        """Give the probability of each class, shape (n, n_classes)."""
        return probabilities_of(self.logits(model))

    def products(self, coef: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiply the scaled vectors with weights, shape (n_features, n_classes)."""
        of, block, _ = self.blocks[0]
        found: NDArray[np.float32] = block @ coef[of]
        for of, block, _ in self.blocks[1:]:
            found += block @ coef[of]
        return found


def fit_logistic(
    design: Design,
    targets: Floats,
    weight: Floats,
    C: float,
    *,
    start: LinearModel | None = None,
    max_steps: int = 300,
    tolerance: float = TOLERANCE,
) -> LinearModel:
    """Fit weights that give each sample its target shares.

    Targets, (n, n_classes), are shares that add up to 1; a weight, (n,), of 0 keeps a sample out.
    C is the inverse strength of the L2 penalty, for vectors scaled to a mean square length of 1.

    L-BFGS (Liu and Nocedal 1989); the minimum is the same from any start. Intercepts are penalised
    by `EVEN`, which doesn't hold them where samples are many.
    """
    from scipy.optimize import minimize

    n_features, n_classes = design.shape[1], targets.shape[1]
    own = weight[:, None].astype(np.float32)
    flat = np.zeros((n_features + 1) * n_classes)
    if start is not None:
        flat = np.concatenate([(start.coef.T * design.scale).ravel(), start.intercept])
    found = minimize(
        _Objective(design, (weight[:, None] * targets).astype(np.float32), own, C),
        flat,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_steps, "maxcor": 10, "ftol": tolerance, "gtol": 1e-5 * C},
    )
    coef = found.x[:-n_classes].reshape(n_features, n_classes) / design.scale
    intercept = found.x[-n_classes:]
    return LinearModel(np.ascontiguousarray(coef.T), intercept - intercept.mean(), int(found.nit))


@dataclass(frozen=True)
class _Objective:
    """What is minimised, and its gradient, as a function of all weights and intercepts."""

    design: Design
    weighted: NDArray[np.float32]  # targets times weight, shape (n, n_classes)
    weight: NDArray[np.float32]  # shape (n, 1)
    C: float

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        n_classes = self.weighted.shape[1]
        coef = flat[:-n_classes].reshape(-1, n_classes)
        logits = self.design.products(coef.astype(np.float32))
        logits += flat[-n_classes:].astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        loss = -np.einsum("ij,ij->i", self.weighted, logits).sum(dtype=np.float64)
        shares = np.exp(logits, out=logits)
        total = shares.sum(axis=1, keepdims=True)
        loss += (self.weight * np.log(total)).sum(dtype=np.float64)
        shares *= self.weight / total
        slope = np.subtract(shares, self.weighted, out=shares)
        gradient = np.empty_like(flat)
        slopes = gradient[:-n_classes].reshape(-1, n_classes)
        for of, _, turned in self.design.blocks:
            slopes[of] = turned @ slope
        slopes *= self.C
        slopes += coef
        intercept = flat[-n_classes:]
        loss += 0.5 * EVEN * float(np.vdot(intercept, intercept))
        gradient[-n_classes:] = self.C * (slope.sum(axis=0, dtype=np.float64) + EVEN * intercept)
        return self.C * float(loss) + 0.5 * float(np.vdot(coef, coef)), gradient
