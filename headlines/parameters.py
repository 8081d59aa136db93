"""Parameters of estimators, and arguments of `fit`: what they are checked against."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import Interval

__all__ = ["SEED", "Number", "per_sample"]


class Number(Interval):  # type: ignore[misc] # sklearn is untyped
    """Numbers of an interval; True and False, which Python takes for 1 and 0, are none."""

    def is_satisfied_by(self, value: object) -> bool:
        """Tell whether a value is such a number; scikit-learn's validation asks."""
        return not isinstance(value, bool) and bool(super().is_satisfied_by(value))


SEED: Sequence[Any] = [Number(Integral, 0, 2**32 - 1, closed="both"), np.random.RandomState, None]
"""What may be a `random_state`."""


def per_sample(name: str, values: ArrayLike, n: int, *types: Any) -> NDArray[Any]:
    """Give an argument of `fit` that has a value of some types for each of n samples."""
    column = np.asarray(values)
    if column.shape != (n,):
        raise ValueError(f"{name} has shape {column.shape}, expected {(n,)}: one for each sample")
    if not any(np.issubdtype(column.dtype, type_) for type_ in types):
        expected = " or ".join(type_.__name__ for type_ in types)
        raise ValueError(f"{name} holds {column.dtype}, expected {expected}")
    return column
