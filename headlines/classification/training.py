"""Learning: labelled headlines and unlabelled ones to a scorer, and how sure it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.classification.background import background_texts, fit_domain, world_examples
from headlines.classification.classifier import TopicClassifier, strength
from headlines.classification.teacher import teach
from headlines.embedding.embedder import Embedder, WordRows, words_among
from headlines.embedding.joined import load_embedder
from headlines.feeds.headline import Headline
from headlines.model.certainty import Applying, Certainty
from headlines.model.examples import Example, TrainingSet, distinct_sample, kept_out, sampled_places
from headlines.model.scorer import TopicScorer, probabilities_of
from headlines.model.state import LabelerState
from headlines.model.taught import Taught
from headlines.model.trial import Trial
from headlines.neighbours import neighbour_graph, whole_vectors
from headlines.topics.labels import GoldLabel
from headlines.topics.taxonomy import Taxonomy

Floats = NDArray[np.float64]
Terms = Sequence[Sequence[int]]

WORDS = 1.2
"""Length of a headline's words, each counting for itself, beside that of its vector."""

MAX_UNLABELLED = 5000
"""Unlabelled headlines from which the graph of neighbours is made; a sample of more."""

MIN_C_OF_WORDS = 5.0
"""Least C where words count beside the vector: with 2,000 labels of eleven topics 1 lost .038."""

MAX_NEIGHBOURS = 15_000
"""Headlines beside the feed's that may be neighbours in the graph; a sample of more."""

FEW_UNLABELLED_WEIGHT, MANY_UNLABELLED_WEIGHT = 0.5, 0.1
"""Weight of an unlabelled headline beside few labelled ones, and beside many."""

MANY_LABELS = 1000
"""Labelled headlines that are many."""

DEFAULT_ALSO = 0.25
"""Probability from which a further topic is named, where too few labels name one."""

MIN_ALSO_LABELS = 20
"""Labels with further topics, below which how likely a topic applies isn't learned."""


def learn(
    known: TrainingSet,
    topics: Sequence[str],
    embedder: Embedder,
    *,
    unlabelled: Sequence[str] = (),
    taught: Taught | None = None,
    random_state: int = 0,
) -> tuple[TopicScorer, Certainty, Trial | None]:
    """Learn topics, each with an example or more, from a training set and unlabelled headlines.

    The embedder is the one that the training set's terms belong to; unlabelled headlines are of
    the kind that will be labelled, and where they don't help the model is as if there were none:
    the trial tells. Those that a teacher labelled are learned from as they are. The scorer is
    calibrated; its last column is above 0 for news.
    """
    examples, groups = known.training, known.groups
    number = {topic: i for i, topic in enumerate(topics)}
    y = np.array([number[e.topic] for e in examples])
    drawn = np.array([e.drawn for e in examples])
    representative = drawn if drawn.any() else ~drawn
    labelled = _Texts([e.terms for e in examples], [known.words_of(e, embedder) for e in examples])
    feed = _Texts.of(distinct_sample(unlabelled, MAX_UNLABELLED, random_state), embedder)
    features = _Features.of(labelled, feed, embedder)
    X, U = features(labelled), features(feed)
    told = _Texts(taught.terms, taught.words) if taught is not None else _Texts((), ())
    T = None if taught is None else (features(told), taught.shares)
    graph = None
    few = len(examples) < MANY_LABELS
    weight = FEW_UNLABELLED_WEIGHT if few else MANY_UNLABELLED_WEIGHT
    C = strength(len(examples) / len(topics), MIN_C_OF_WORDS) if taught is None else None
    classifier = TopicClassifier(C, unlabelled_weight=weight, random_state=random_state)
    if feed.terms:
        vectors = np.vstack([features.vectors(some) for some in (labelled, told, feed)])
        graph = _graph(vectors, len(feed.terms), classifier.n_neighbors, random_state)
    classifier.fit(X, y, U, taught=T, graph=graph, groups=groups, representative=representative)
    trial = classifier.trial_
    if trial is not None and not trial.helped:
        without = learn(known, topics, embedder, taught=taught, random_state=random_state)
        return *without[:2], trial
    background = features(_Texts.of(background_texts(), embedder))
    texts, topic = world_examples()
    world = (features(_Texts.of(texts, embedder)), topic)
    domain = fit_domain(X, y, groups, drawn, background, world)
    coef = np.vstack([classifier.coef_, domain.coef])
    intercept = np.append(classifier.intercept_, domain.intercept)
    scorer = TopicScorer.from_linear(
        coef[:, : embedder.n_features] / features.length,
        intercept,
        embedder.unit,
        features.own_rows(coef[:, embedder.n_features :]),
    )
    return scorer, _certainty(classifier, y, examples, number), trial


def _graph(vectors: Floats, feed: int, n_neighbors: int, random_state: int) -> sparse.csr_matrix:
    """Join vectors, the last of which are the feed's; of many others a sample is joined."""
    others = len(vectors) - feed
    sampled = sampled_places(others, MAX_NEIGHBOURS, random_state)
    places = np.append(sampled, np.arange(others, len(vectors)))
    found = neighbour_graph(whole_vectors(vectors[places]), n_neighbors).tocoo()
    edges = (found.data, (places[found.row], places[found.col]))
    return sparse.csr_matrix(edges, shape=(len(vectors), len(vectors)))


@dataclass(frozen=True)
class _Texts:
    """Texts as numbers: what their vectors are made of, and their words."""

    terms: Terms
    words: Terms

    @classmethod
    def of(cls, texts: Sequence[str], embedder: Embedder) -> _Texts:
        return cls(embedder.terms(texts), embedder.words(texts))


@dataclass(frozen=True)
class _Features:
    """What a classifier sees of a headline: its mean vector, and the words that it knows.

    Each word has a feature of its own, weighted by how rare it is (inverse document frequency)
    and divided, as the vector is, by the number of terms.
    """

    embedder: Embedder
    length: float
    words: NDArray[np.int64]
    rarity: Floats

    @classmethod
    def of(cls, labelled: _Texts, feed: _Texts, embedder: Embedder) -> _Features:
        n = len(labelled.terms)
        nothing = cls(embedder, 1.0, np.zeros(0, dtype=np.int64), np.zeros(0))
        length = _root_mean_square(nothing.vectors(labelled))
        words = np.unique([i for some in labelled.words for i in some]).astype(np.int64)
        if not len(words):
            return cls(embedder, length, words, np.zeros(0))
        texts = [*labelled.words, *feed.words]
        seen = np.concatenate([np.unique(np.array(some, dtype=np.int64)) for some in texts])
        seen = seen[np.isin(seen, words)]
        frequency = np.bincount(np.searchsorted(words, seen), minlength=len(words))
        rarity = np.log((1 + len(texts)) / frequency)
        plain = cls(embedder, length, words, rarity)._own(labelled)
        mean = float(np.sqrt(plain.multiply(plain).sum() / n)) or 1.0
        return cls(embedder, length, words, rarity * (WORDS / mean))

    def __call__(self, texts: _Texts) -> sparse.csr_matrix:
        vectors = sparse.csr_matrix(self.vectors(texts) / self.length)
        return sparse.hstack([vectors, self._own(texts)]).tocsr()

    def vectors(self, texts: _Texts) -> Floats:
        values, counts = self.embedder.sums_of_terms(texts.terms)
        return np.asarray(values / np.maximum(counts, 1)[:, None] * self.embedder.unit)

    def _own(self, texts: _Texts) -> sparse.csr_matrix:
        counts = self.embedder.sums_of_terms(texts.terms)[1]
        rows, place = words_among(self.words, texts.words)
        values = self.rarity[place] / np.maximum(counts[rows], 1)
        shape = (len(texts.words), len(self.words))
        return sparse.csr_matrix((values, (rows, place)), shape=shape)

    def own_rows(self, coef: Floats) -> WordRows:
        return WordRows(self.words, coef.T * self.rarity[:, None])


def _root_mean_square(vectors: Floats) -> float:
    return float(np.sqrt(np.mean(np.sum(vectors * vectors, axis=1)))) or 1.0


def _certainty(
    classifier: TopicClassifier,
    y: NDArray[np.int64],
    examples: Sequence[Example],
    number: Mapping[str, int],
) -> Certainty:
    """Gather what cross-fitting told, of single topics from headlines that came as they come."""
    logits = classifier.held_out_logits_
    held = ~np.isnan(logits[:, 0])
    folded = np.flatnonzero(held & [e.drawn for e in examples])
    shares = probabilities_of(logits[folded])
    right = shares.argmax(axis=1) == y[folded]
    labelled = np.flatnonzero(held & [not e.written for e in examples])
    several = np.eye(len(number), dtype=np.bool_)[y[labelled]]
    for row, place in enumerate(labelled.tolist()):
        several[row, [number[t] for t in examples[place].also if t in number]] = True
    applying, also_from = learn_further(logits[labelled], several)
    bounds = np.full(len(number), also_from)
    answers = np.where(held, np.nan_to_num(logits).argmax(axis=1), -1).astype(np.int32)
    method = classifier.calibration_.method
    return Certainty(shares.max(axis=1), right, bounds, method, applying, answers)


def learn_further(logits: Floats, applies: NDArray[np.bool_]) -> tuple[Applying | None, float]:
    """Learn how likely each topic applies, and from which probability a further one is named.

    Of cross-fitted logits and what applies, both of shape (n, n_topics). The set of all topics
    named, the first among them, then has the highest F1 over all headlines.
    """
    if (applies.sum(axis=1) > 1).sum() < MIN_ALSO_LABELS:
        return None, DEFAULT_ALSO
    applying = Applying.fit(logits, applies)
    likely = applying(logits, probabilities_of(logits))
    likely[np.arange(len(likely)), logits.argmax(axis=1)] = 1.0  # which is named anyway
    steps = np.arange(0.05, 0.95, 0.01)
    named = (likely >= step for step in steps)
    scores = [2 * (n & applies).sum() / (n.sum() + applies.sum()) for n in named]
    return applying, round(float(steps[int(np.argmax(scores))]), 2)


def train(
    taxonomy: Taxonomy,
    labels: Sequence[GoldLabel],
    feed: Sequence[Headline],
    *,
    embedder: str | Path | Embedder,
    teacher: str | Path | Embedder | None,
    earlier: LabelerState | None,
    withdrawn: Collection[str],
    random_state: int,
) -> LabelerState:
    """Train a labeler; see `HeadlineLabeler.train`."""
    name = embedder
    embedder = embedder if isinstance(embedder, Embedder) else load_embedder(embedder)
    known = earlier.training_set if earlier is not None else None
    training_set = TrainingSet.build(taxonomy, labels, embedder, known, withdrawn)
    labelled = {e.id for e in training_set.examples}
    # A held-out headline teaches nothing, not even without its label.
    apart = kept_out(feed)
    others = [h for h in feed if h.id not in labelled and h.text not in apart]
    taught = _kept(earlier, embedder, taxonomy)
    if teacher is not None:
        teacher = teacher if isinstance(teacher, Embedder) else load_embedder(teacher)
        texts = {h.id: h.text for h in _labelled_headlines(taxonomy, labels)}
        told = teach(training_set, taxonomy.names, texts, others, teacher, embedder, random_state)
        taught = told or taught
        others = []
    scorer, certainty, trial = learn(
        training_set,
        taxonomy.names,
        embedder,
        unlabelled=[h.text for h in others],
        taught=taught,
        random_state=random_state,
    )
    return LabelerState.learned(
        training_set,
        taxonomy.names,
        scorer,
        certainty,
        trial,
        embedder=embedder,
        name=name,
        feed=[h.text for h in feed],
        kept_out=apart,
        taught=taught,
        random_state=random_state,
        codes=taxonomy.codes,
    )


def _kept(earlier: LabelerState | None, embedder: Embedder, taxonomy: Taxonomy) -> Taught | None:
    """Give what an earlier model's teacher said, if of these topics and read by the embedder."""
    if earlier is None or earlier.taught is None:
        return None
    if not embedder.reads_terms_of(earlier.training_set.fingerprint):
        return None
    own = [taxonomy.now(topic) or topic for topic in earlier.topics]
    return earlier.taught.for_topics(own, taxonomy.names)


def _labelled_headlines(taxonomy: Taxonomy, labels: Sequence[GoldLabel]) -> Iterator[Headline]:
    for topic in taxonomy.topics:
        yield from map(Headline.parse, topic.texts)
    for label in labels:
        yield label.headline
