"""Whether a text is news of the topics at all: a background logit that folds like the topics'.

Other text is taught by `seeds/background.tsv`, and news of other topics by the examples that were
written for seeds/world.toml. Whose topics are about sport must not have sport refused: a topic of
the world that the user's texts are taken for is left out or, where it is most of one of the user's
topics, stands for headlines of these that nobody labelled.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.model_selection import GroupKFold

from headlines.classification.logistic import Design, LinearModel, fit_logistic
from headlines.embedding.threads import one_thread
from headlines.feeds.headline import Headline
from headlines.files import SEEDS
from headlines.topics.taxonomy import Taxonomy

logger = logging.getLogger(__name__)
Floats = NDArray[np.float64]
Places = NDArray[np.int64]

TEXT_REFUSED, NEWS_REFUSED = 0.95, 0.85
"""Shares of other text and of other topics' examples that are refused, judged by models that
didn't see them: what refuses more of the latter refuses politics and business of other countries
too."""

MAX_LOST = 0.02
"""Share of the labelled headlines that may be refused at most; a small sample of them says that
few are where 3 % will be."""

MAX_UNREAD_LOST = 0.1
"""The same of phrases and written examples, where there is nothing else to judge by: they are
harder than headlines of a feed, but where the user's topics are all of the world's."""

OTHER_BELOW, OWN_FROM = 0.2, 0.6
"""Share of one topic's texts that is taken for a topic of the world: it is another one where that
is below the first for all of them, and the user's own from the second for one of them."""

OWN_WEIGHT = 0.1
"""Weight of such an example beside a labelled headline."""

MAX_FOLDS = 5
"""Parts of either side that are held out, one after the other."""

C = 0.3
"""Inverse strength of the penalty; a model of few phrases loses real headlines with a larger one,
see benchmarks."""

C_OF_WORLD = 10.0
"""The same of the model that tells the topics of the world from each other."""


def background_texts() -> list[str]:
    """Read texts that are no news: recipes, code, chat, other languages, gibberish."""
    lines = (SEEDS / "background.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t", 1)[1] for line in lines[1:]]


def world_examples() -> tuple[list[str], Places]:
    """Read headlines that were written for 17 topics of any news, and the number of each one's."""
    topics = Taxonomy.load(SEEDS / "world.toml").topics
    texts = [Headline.parse(example).text for topic in topics for example in topic.examples]
    return texts, np.repeat(np.arange(len(topics)), [len(topic.examples) for topic in topics])


def fit_domain(
    X: Any,
    y: Places,
    groups: Places,
    drawn: NDArray[np.bool_],
    background: Any,
    world: tuple[Any, Places],
) -> LinearModel:
    """Learn to tell the user's topics from other text and other news.

    X, shape (n, n_features), holds labelled texts, y their topics by number; background, (m,
    n_features), text that is no news, and world headlines of the topics of any news, and these by
    number. The model has one row and is above 0 for the user's topics: below are `TEXT_REFUSED` of
    the background and `NEWS_REFUSED` of the other topics, or fewer where these would be more than
    `MAX_LOST` of the labelled headlines that were drawn; each is judged by a model that wasn't
    trained on it, nor on any of its group.
    """
    stack = sparse.vstack if sparse.issparse(X) else np.vstack
    with one_thread():
        own, other = _own_and_other(X, y, *world)
        n, m = X.shape[0] + len(own), background.shape[0] + len(other)
        design = Design.of(stack([X, world[0][own], background, world[0][other]]))
        sides = np.repeat(np.eye(2), [n, m], axis=0)
        weight = np.ones(n + m)
        weight[X.shape[0] : n] = OWN_WEIGHT
        # Both kinds of others weigh the same, and so do both sides in each model.
        weight[n + background.shape[0] :] = background.shape[0] / max(1, len(other))
        model = fit_logistic(design, sides, _even(sides, weight), C)
        margins = np.zeros(n + m)
        alone = groups.max(initial=-1) + 1 + np.arange(len(own))
        parts = [*_parts(np.append(groups, alone)), *(n + p for p in _parts(np.arange(m)))]
        for held in parts:
            inside = weight.copy()
            inside[held] = 0
            judge = fit_logistic(design, sides, _even(sides, inside), C)
            logits = design.logits(judge)[held]
            margins[held] = logits[:, 0] - logits[:, 1]
    logger.debug("news or not: %d headlines, %d other texts, %d of other news", n, m, len(other))
    text, news = np.split(margins[n:], [background.shape[0]])
    wanted = max(_below(text, TEXT_REFUSED), _below(news, NEWS_REFUSED))
    if drawn.any():
        most = _below(margins[: X.shape[0]][drawn], MAX_LOST)
    else:
        most = _below(margins[:n], MAX_UNREAD_LOST if len(other) else MAX_LOST)
    return LinearModel(
        coef=(model.coef[0] - model.coef[1])[None, :],
        intercept=np.array([model.intercept[0] - model.intercept[1] - min(wanted, most)]),
        steps=model.steps,
    )


def _own_and_other(X: Any, y: Places, world: Any, topics: Places) -> tuple[Places, Places]:
    """Give the places of the world's examples that are of the user's topics, and of no such."""
    numbers = np.eye(topics.max() + 1)
    model = fit_logistic(Design.of(world), numbers[topics], np.ones(len(topics)), C_OF_WORLD)
    taken = numbers[np.asarray(X @ model.coef.T + model.intercept).argmax(axis=1)]
    share = np.max([taken[y == k].mean(axis=0) for k in np.unique(y)], axis=0)[topics]
    return np.flatnonzero(share >= OWN_FROM), np.flatnonzero(share < OTHER_BELOW)


def _below(margins: Floats, share: float) -> float:
    """Give the bound that at most such a share is below."""
    return float(np.quantile(margins, share, method="lower")) if len(margins) else -np.inf


def _even(sides: Floats, weight: Floats) -> Floats:
    """Scale weights so that both sides weigh the same."""
    return np.asarray(weight * (sides @ (np.count_nonzero(weight) / (2 * (sides.T @ weight)))))


def _parts(groups: Places) -> list[Places]:
    """Part samples so that each is held out once and groups stay whole, while there are two."""
    count = min(MAX_FOLDS, len(np.unique(groups)))
    if count < 2:
        return [np.arange(len(groups))]
    parts = GroupKFold(count, shuffle=True, random_state=0)
    return [held for _, held in parts.split(groups, groups=groups)]
