"""Whether a text is news of the topics at all: a background logit that folds like the topics'."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.model_selection import GroupKFold

from headlines.classification.logistic import Design, LinearModel, fit_logistic
from headlines.embedding.threads import one_thread
from headlines.files import SEEDS

logger = logging.getLogger(__name__)

TARGET_REFUSED = 0.95
"""Share of other text that is refused, judged by models that didn't see it."""

MAX_LOST = 0.04
"""Share of the labelled headlines that may be refused at most."""

MAX_FOLDS = 5
"""Parts of either side that are held out, one after the other."""

C = 3.0
"""Inverse strength of the penalty; chosen on sections of another paper, see benchmarks."""


def background_texts() -> list[str]:
    """Read texts that are no news: recipes, code, chat, other languages, gibberish."""
    lines = (SEEDS / "background.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t", 1)[1] for line in lines[1:]]


def fit_domain(
    X: Any, background: Any, representative: NDArray[np.bool_], groups: NDArray[np.int64]
) -> LinearModel:
    """Learn to tell labelled headlines from other text.

    X, shape (n, n_features), holds labelled headlines and background, (m, n_features), text that
    is no news. The model has one row and is above 0 for news: below are `TARGET_REFUSED` of the
    other texts, or fewer where these would be more than `MAX_LOST` of the representative
    headlines; each is judged by a model that wasn't trained on it, nor on any of its group.
    """
    stack = sparse.vstack if sparse.issparse(X) else np.vstack
    n, m = X.shape[0], background.shape[0]
    design = Design.of(stack([X, background]))
    # Both sides weigh the same in each model.
    sides = np.repeat(np.eye(2), [n, m], axis=0)
    margins = np.zeros(n + m)
    with one_thread():
        model = fit_logistic(design, sides, _even(sides, np.ones(n + m)), C)
        for held in [*_parts(groups), *(n + held for held in _parts(np.arange(m)))]:
            inside = np.ones(n + m)
            inside[held] = 0
            judge = fit_logistic(design, sides, _even(sides, inside), C)
            logits = design.logits(judge)[held]
            margins[held] = logits[:, 0] - logits[:, 1]
    of_headlines, of_others = margins[:n], margins[n:]
    logger.debug("news or not: %d headlines, %d other texts", n, m)
    bound = min(
        float(np.quantile(of_others, TARGET_REFUSED)),
        float(np.quantile(of_headlines[representative], MAX_LOST)),
    )
    return LinearModel(
        coef=(model.coef[0] - model.coef[1])[None, :],
        intercept=np.array([model.intercept[0] - model.intercept[1] - bound]),
        steps=model.steps,
    )


def _even(sides: NDArray[np.float64], inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give weights with which both sides, of those inside, weigh the same."""
    return np.asarray(inside * (sides @ (inside.sum() / (2 * (sides.T @ inside)))))


def _parts(groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Part samples so that each is held out once and groups stay whole, while there are two."""
    count = min(MAX_FOLDS, len(np.unique(groups)))
    if count < 2:
        return [np.arange(len(groups))]
    parts = GroupKFold(count, shuffle=True, random_state=0)
    return [held for _, held in parts.split(groups, groups=groups)]
