"""What a classifier learns from: labelled samples, those of a teacher, and unlabelled ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils.validation import check_array

from headlines.classification.logistic import Design

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

TAUGHT_WEIGHT = 0.5
"""Weight of a sample that a teacher labelled; one that a person labelled has 1 on average."""


@dataclass(frozen=True)
class Task:
    """What is learned from: labelled samples, those of a teacher, then unlabelled ones."""

    truth: Floats  # shares of the classes in labelled samples, all of one, and in a teacher's
    vectors: Any  # an array or a csr_matrix
    design: Design  # the same for the solver
    labelled: Design  # without the unlabelled ones, which then change no digit
    y: Places
    n_classes: int
    weight: Floats
    groups: NDArray[Any]
    representative: NDArray[np.bool_]
    graph: sparse.csr_matrix | None

    def weight_without(self, held: Places) -> Floats:
        """Give the weights of labelled and taught samples where some are held out."""
        known = np.setdiff1d(np.arange(len(self.y)), held)
        weight = np.full(len(self.truth), TAUGHT_WEIGHT)
        weight[held] = 0
        weight[known] = balanced(self.y[known], self.weight[known])
        return weight


def stacked(name: str, vectors: Any, more: ArrayLike | None) -> Any:
    """Put further vectors below."""
    if more is None:
        return vectors
    others = check_array(more, dtype=np.float64, accept_sparse="csr", ensure_min_samples=0)
    if others.shape[1] != vectors.shape[1]:
        raise ValueError(f"{name} has {others.shape[1]} features, X has {vectors.shape[1]}")
    if sparse.issparse(vectors) or sparse.issparse(others):
        return sparse.vstack([vectors, others]).tocsr()
    return np.vstack([vectors, others])


def balanced(y: Places, weight: Floats) -> Floats:
    """Give weights that fall with the root of a class's weight; 1 on average."""
    balanced = weight / np.sqrt(np.bincount(y, weight))[y]
    return np.asarray(balanced / balanced.mean())


def per_sample(name: str, values: ArrayLike, n: int, *types: Any) -> NDArray[Any]:
    """Give an argument of `fit` that has a value of some types for each of n samples."""
    column = np.asarray(values)
    if column.shape != (n,):
        raise ValueError(f"{name} has shape {column.shape}, expected {(n,)}: one for each sample")
    if not any(np.issubdtype(column.dtype, type_) for type_ in types):
        expected = " or ".join(type_.__name__ for type_ in types)
        raise ValueError(f"{name} holds {column.dtype}, expected {expected}")
    return column
