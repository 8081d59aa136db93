"""Whether a text is news of the topics at all: a background logit that folds like the topics'."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from headlines.classification import grouped_folds
from headlines.logistic import LinearModel, fit_logistic
from headlines.taxonomy import SEEDS

__all__ = ["ABSTAINED", "background_texts", "fit_domain"]

Floats = NDArray[np.float64]

ABSTAINED = 0.04
"""Share of the labelled headlines that may be taken for other text."""

FOLDS = 5


def background_texts(path: str | Path | None = None) -> list[str]:
    """Read texts that are no news: recipes, code, chat, other languages, gibberish.

    Parameters
    ----------
    path : str or Path, optional
        A file of lines ``kind TAB text``; the shipped one by default, written for this purpose.

    Returns
    -------
    list of str
    """
    path = Path(path) if path is not None else SEEDS / "background.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t", 1)[1] for line in lines[1:]]


def fit_domain(
    X: Floats,
    background: Floats,
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
        Of one row, above 0 for all but `ABSTAINED` of the representative headlines, each
        judged by a model that wasn't trained on it.
    """

    def fit(places: NDArray[np.int64]) -> LinearModel:
        stacked = sparse.vstack if sparse.issparse(X) else np.vstack
        both = stacked([X[places], background])
        n, m = len(places), background.shape[0]
        targets = np.repeat(np.eye(2), [n, m], axis=0)
        weights = np.repeat([(n + m) / (2 * n), (n + m) / (2 * m)], [n, m])
        return fit_logistic(both, targets, weights, 10.0)

    with threadpool_limits(1):
        n = X.shape[0]
        margins = np.zeros(n)
        folds = min(FOLDS, len(np.unique(groups)))
        for rest, held in grouped_folds(groups, folds, 0):
            logits = fit(rest).logits(X[held])
            margins[held] = logits[:, 0] - logits[:, 1]
        model = fit(np.arange(n))
    bound = float(np.quantile(margins[representative], ABSTAINED))
    return LinearModel(
        (model.coef[0] - model.coef[1])[None, :],
        np.array([model.intercept[0] - model.intercept[1] - bound]),
        model.steps,
    )
