"""Whitening: directions in which the headlines of one story differ count less."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.threads import one_thread
from headlines.files import MODELS
from headlines.neighbours import STEPS, Floats, Places, blocks, whole_vectors

SHRINKAGE = 0.1
"""Share of an even spread in the covariance that whitening takes out; more with few points."""

MAX_POINTS = 20_000
"""Points whose neighbours show that covariance."""

NEAREST = 3
"""Nearest points of each, by which it is learned how near points differ."""

WHOLE = 2.0**20
"""The largest number of the matrix."""

NEWS = 100
"""Headlines of news in general whose mean stands beside that of a feed."""


@dataclass(frozen=True)
class Whitening:
    """A linear map under which near neighbours differ alike in every direction.

    Headlines of one story differ in how they are told. Directions along which near neighbours
    differ much say little about what sets stories apart, and count less. The mean and the matrix
    hold whole numbers, so that products are exact for any batch. As in Hatch, Kajarekar, Stolcke
    2006, Within-class covariance normalization for SVM-based speaker recognition, Interspeech;
    here nearest neighbours stand for classes.

    A feed of a day is too small to show it. For the embedders that the package knows it was
    learned from news in general (`of_news`), once; others learn it from the feed at hand.
    """

    mean: Floats = field(repr=False)  # shape (n_features,)
    matrix: Floats = field(repr=False)  # shape (n_features, n_features)

    @classmethod
    def of(cls, points: NDArray[Any], near: Places) -> Whitening:
        """Learn it from points (n, n_features) and the nearest few of each, shape (n, k)."""
        of = points[:MAX_POINTS].astype(np.float64) / STEPS
        features = of.shape[1]
        with one_thread():  # sums that are not exact: always in the same order
            covariance = np.zeros((features, features))
            for j in range(near.shape[1]):
                apart = of - points[near[: len(of), j]] / STEPS
                covariance += apart.T @ apart
        return cls.taking_out(covariance, of.mean(axis=0), len(of))

    @classmethod
    def taking_out(cls, covariance: Floats, mean: Floats, n: int) -> Whitening:
        """Make it of the covariance of what sets near points apart, as n points show it."""
        features = len(covariance)
        spread = np.trace(covariance) / features
        even = np.eye(features) * (spread if spread > 0 else 1.0)
        share = max(SHRINKAGE, features / (features + n))
        with one_thread():
            values, vectors = np.linalg.eigh((1 - share) * covariance + share * even)
            matrix = (vectors / np.sqrt(values)) @ vectors.T
        return cls(np.rint(mean * STEPS), np.rint(matrix / np.abs(matrix).max() * WHOLE))

    @classmethod
    def read(cls, folder: Path) -> Whitening | None:
        """Read ``whitening.i32`` of a folder: a row of means over a square; None without one."""
        if not (folder / "whitening.i32").is_file():
            return None
        numbers = np.fromfile(folder / "whitening.i32", dtype="<i4").astype(np.float64)
        rows = numbers.reshape(-1, int(np.sqrt(len(numbers))))
        return cls(rows[0], rows[1:])

    def write(self, folder: Path) -> None:
        """Write what `read` reads."""
        rows = np.concatenate([self.mean[None], self.matrix])
        (folder / "whitening.i32").write_bytes(rows.astype("<i4").tobytes())

    @classmethod
    def of_news(cls, fingerprint: str) -> Whitening | None:
        """Give what was learned from news for the embedder with this fingerprint, or None."""
        return _of_news(fingerprint)

    def centred_on(self, points: NDArray[Any]) -> Whitening:
        """Give it with the mean of these points, (n, n_features), and of `NEWS` others of news.

        What all of a feed shares, as its subject or long texts do, brings nothing nearer in it.
        """
        total = np.zeros(points.shape[1])
        for rows in blocks(len(points), 8192):
            total += points[rows].sum(axis=0, dtype=np.float64)  # exact: whole numbers
        return replace(self, mean=np.rint((NEWS * self.mean + total) / (NEWS + len(points))))

    def __call__(self, points: NDArray[Any]) -> NDArray[np.float32]:
        """Map points, shape (n, n_features), to whole vectors of the same shape."""
        result = np.empty(points.shape, dtype=np.float32)  # holds 24 bits
        for rows in blocks(len(points), 8192):
            result[rows] = whole_vectors((points[rows] - self.mean) @ self.matrix)
        return result


def nearest_others(near: Places) -> Places:
    """Give the few nearest of each point, itself aside, shape (n, few or fewer)."""
    own = near == np.arange(len(near))[:, None]
    order = np.argsort(own, axis=1, kind="stable")[:, :NEAREST]
    return np.take_along_axis(near, order, axis=1)


@functools.cache
def _of_news(fingerprint: str) -> Whitening | None:
    return Whitening.read(MODELS / "stories" / fingerprint)
