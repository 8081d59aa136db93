"""Whether a text is news of the topics at all: a background logit that folds like the topics'."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.classification.classifier import grouped_folds
from headlines.classification.logistic import LinearModel, fit_logistic
from headlines.files import SEEDS
from headlines.threads import one_thread

__all__ = ["background_texts", "fit_domain"]

Floats = NDArray[np.float64]

REFUSED = 0.95
"""Share of other text that is refused, judged by models that didn't see it."""

LOST = 0.04
"""Share of the labelled headlines that may be refused at most."""

FOLDS = 5
C = 3.0
"""Inverse strength of the penalty; chosen on sections of another paper, see benchmarks."""


def background_texts() -> list[str]:
    """Read texts that are no news: recipes, code, chat, other languages, gibberish."""
    lines = (SEEDS / "background.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t", 1)[1] for line in lines[1:]]


def fit_domain(
    X: Any,
    background: Any,
    representative: NDArray[np.bool_],
    groups: NDArray[np.int64],
) -> LinearModel:
    """Learn to tell labelled headlines from other text.

    Parameters
    ----------
    X : ndarray or csr_matrix of float64, shape (n, n_features)
        Labelled headlines.
    background : ndarray or csr_matrix of float64, shape (m, n_features)
        Text that is no news.
    representative : ndarray of bool, shape (n,)
        Those of X that the threshold is learned from.
    groups : ndarray of int64, shape (n,)
        Headlines of a group are held out together.

    Returns
    -------
    LinearModel
        Of one row, above 0 for news: below it are `REFUSED` of the other texts, or fewer where
        these would be more than `LOST` of the representative headlines; each is judged by a
        model that wasn't trained on it.
    """
    stack = sparse.vstack if sparse.issparse(X) else np.vstack
    n, m = X.shape[0], background.shape[0]
    everything = stack([X, background])
    headlines = grouped_folds(groups, min(FOLDS, len(np.unique(groups))), 0)
    others = grouped_folds(np.arange(m), FOLDS, 0)
    folds = [held for _, held in headlines] + [n + held for _, held in others]
    inside = np.ones((n + m, 1 + len(folds)))
    for i, held in enumerate(folds):
        inside[held, 1 + i] = 0
    # Both sides weigh the same in each model.
    sides = np.repeat(np.eye(2), [n, m], axis=0)
    weight = inside * (sides @ (inside.sum(axis=0) / (2 * (sides.T @ inside))))
    with one_thread():
        model, *judges = fit_logistic(everything, sides[:, None, :], weight, C)
    margins = np.zeros(n + m)
    for held, judge in zip(folds, judges, strict=True):
        logits = judge.logits(everything[held])
        margins[held] = logits[:, 0] - logits[:, 1]
    of_headlines, of_others = margins[:n], margins[n:]
    bound = min(
        float(np.quantile(of_others, REFUSED)),
        float(np.quantile(of_headlines[representative], LOST)),
    )
    return LinearModel(
        (model.coef[0] - model.coef[1])[None, :],
        np.array([model.intercept[0] - model.intercept[1] - bound]),
        model.steps,
    )
