"""A teacher: a classifier over a stronger embedder's vectors, which labels what nobody read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from headlines.classification.logistic import Design, fit_logistic
from headlines.classification.task import balanced
from headlines.embedding.embedder import Embedder
from headlines.embedding.threads import one_thread
from headlines.embedding.vocabulary import word_checksums
from headlines.errors import EmbedderError
from headlines.feeds.headline import Headline
from headlines.model.duplicates import near_duplicate_groups
from headlines.model.examples import TrainingSet, distinct_sample
from headlines.model.taught import MAX_TAUGHT, Taught

C = 10.0
"""Inverse strength of the penalty: itself it is right more often with 3, but its pupil less."""

MOST_LEFT_OUT = 0.25
"""Share of the examples up to which those that calibrate are kept from the teacher. What it learns
of them it would tell of their neighbours, and a model that never saw them would seem surer of them
than it is of others."""


def teach(
    known: TrainingSet,
    topics: Sequence[str],
    texts: Mapping[str, str],
    feed: Sequence[Headline],
    teacher: Embedder,
    embedder: Embedder,
    random_state: int,
) -> Taught | None:
    """Have a feed's headlines labelled by a classifier that sees the teacher's vectors.

    It learns from the examples of a training set whose text is at hand (`texts`, by id), but for
    those that probabilities are calibrated on, where these are few beside the others. Of the feed,
    what comes close to a labelled headline, held out or not, is left out: its label would
    otherwise be taught in another's name. None where nothing is left of it.
    """
    examples = [e for e in known.training if e.id in texts]
    others = [e for e in examples if not e.drawn]
    enough = len(others) >= (1 - MOST_LEFT_OUT) * len(examples)
    if enough and {e.topic for e in others} == {*topics}:
        examples = others
    if {e.topic for e in examples} != {*topics}:
        missing = sorted(set(topics) - {e.topic for e in examples})
        raise EmbedderError(
            f"the teacher can't learn the topic {missing[0]!r}: it has no example whose text is "
            "at hand; give examples in the topics file, or leave the teacher out"
        )
    chosen = distinct_sample([h.text for h in feed], MAX_TAUGHT, random_state)
    labelled = [e.words for e in known.examples]
    groups = near_duplicate_groups([*labelled, *map(word_checksums, chosen)])
    close = np.isin(groups[len(labelled) :], groups[: len(labelled)])
    chosen = [text for text, known_too in zip(chosen, close.tolist(), strict=True) if not known_too]
    if not chosen:
        return None
    y = np.array([topics.index(e.topic) for e in examples])
    with one_thread():
        learned = Design.of(teacher.vectors([texts[e.id] for e in examples]))
        model = fit_logistic(learned, np.eye(len(topics))[y], balanced(y, np.ones(len(y))), C)
        shares = Design.of(teacher.vectors(chosen)).probabilities(model)
    return Taught.of(embedder.terms(chosen), embedder.words(chosen), shares)
