"""What a model learns from: labelled headlines as numbers, one fifth of them held out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import Embedder
from headlines.embedding.vocabulary import word_checksums
from headlines.errors import ModelError, TaxonomyError, short
from headlines.feeds.headline import Headline
from headlines.model.duplicates import near_duplicate_groups
from headlines.persistence.plaindata import pack, pack_rows, unpack, unpack_rows
from headlines.persistence.schema import PackedArray, ReferenceData, TrainingData
from headlines.topics.labels import GoldLabel
from headlines.topics.taxonomy import Taxonomy

_ID = re.compile(r"[0-9a-f]{16}")
REFERENCE_HEADLINES = 2000

MIN_FEED_TO_KEEP_OUT, KEPT_OUT = 250, 5
"""Distinct headlines of a feed from which one in so many isn't learned from."""

MAX_TERMS = 8_000_000
"""Words and terms of all examples together: of 20,000 headlines with a transformer's vectors."""

MAX_REFERENCE = 2_000_000
"""The same of the reference."""

FEW_LABELS = 10
"""Labels of a topic below which little can be learned from them."""

HOLDOUT_RULE = (
    "gold labels whose near-duplicate group (Jaccard similarity of words 0.6 or more) has, as "
    "the smallest of its ids, a number divisible by 5; a headline once held out stays so; of a "
    "topic whose labels would all be held out anew, the group with the smallest id isn't"
)


@dataclass(frozen=True)
class Example:
    """One labelled headline as a model keeps it: no text, but what it was embedded from.

    `terms` are what `Embedder.sums` adds up: vocabulary entries of a static embedder, or one
    transformer vector.
    """

    id: str  # the headline's
    topic: str
    also: tuple[str, ...]
    written: bool  # as an example for its topic, not published: trained on, never tested on
    held_out: bool  # tested on, never trained on
    words: tuple[int, ...]  # as 32-bit checksums, for finding near-duplicates
    terms: tuple[int, ...]
    drawn: bool = True  # it came as headlines come: what probabilities are calibrated on
    text: str | None = None  # where the model may quote it; None where only its hash was published
    origin: str | None = None  # the file that its label stood in, as a job names it


@dataclass(frozen=True)
class TrainingSet:
    """Labelled headlines, sorted by id, and the fingerprint of the embedder of their `terms`."""

    examples: tuple[Example, ...]
    fingerprint: str

    @classmethod
    def build(
        cls,
        taxonomy: Taxonomy,
        labels: Sequence[GoldLabel],
        embedder: Embedder,
        earlier: TrainingSet | None = None,
        withdrawn: Collection[str] = (),
    ) -> TrainingSet:
        """Gather the topics' examples and phrases, gold labels, and what a model knew before.

        Of `labels`, one overrules an example and what was known before. Of `earlier`, the model
        that is to be replaced, the hold-out stays, and gold labels are kept where the embedder
        reads their terms and their topic still exists, under whatever name, but for those of the
        headlines whose ids are `withdrawn`. Raises TaxonomyError when a topic has nothing to learn
        from.
        """
        found = _embedded(taxonomy, labels, embedder)
        held: set[str] = set()
        trained: set[str] = set()
        if earlier is not None:
            held = {e.id for e in earlier.holdout}
            trained = {e.id for e in earlier.training if not e.written}
            if embedder.reads_terms_of(earlier.fingerprint):
                labelled = {i for i, e in found.items() if not e.written}
                left_out = labelled.union(withdrawn)
                found |= {
                    # Written examples are the topics file's own: one deleted there is forgotten.
                    e.id: replace(e, topic=topic, also=_named_now(e.also, topic, taxonomy))
                    for e in earlier.examples
                    if not e.written and e.id not in left_out
                    and (topic := taxonomy.now(e.topic)) is not None
                }  # fmt: skip
        examples = _hold_out([found[i] for i in sorted(found)], held, trained)
        learned = {e.topic for e in examples if not e.held_out}
        if empty := [name for name in taxonomy.names if name not in learned]:
            raise TaxonomyError(
                f"{taxonomy.source}: topic {empty[0]!r} has no example and no label to learn "
                "from; add examples = [...] to it, or label headlines with it"
            )
        return cls(tuple(examples), embedder.fingerprint)

    @staticmethod
    def words_of(example: Example, embedder: Embedder) -> Sequence[int]:
        """Give the words of an example as `Embedder.words` gives them for texts."""
        return example.terms if embedder.terms_are_words else example.words

    @property
    def training(self) -> list[Example]:
        """What is trained on."""
        return [e for e in self.examples if not e.held_out]

    def few_labels(self, topics: Sequence[str]) -> dict[str, int]:
        """Count the labels that are learned from, of topics with `FEW_LABELS` texts of no kind."""
        counts = Counter((e.topic, e.written) for e in self.training)
        both = {t: (counts[t, False], counts[t, True]) for t in topics}
        return {topic: kinds[0] for topic, kinds in both.items() if max(kinds) < FEW_LABELS}

    @property
    def groups(self) -> NDArray[np.int64]:
        """The near-duplicate group of each example that is trained on, by number."""
        return near_duplicate_groups([e.words for e in self.training])

    @property
    def holdout(self) -> list[Example]:
        """What is tested on."""
        return [e for e in self.examples if e.held_out]

    def unseen(self, labels: Sequence[GoldLabel]) -> tuple[list[GoldLabel], list[int]]:
        """Give the labels that are no near-duplicates of what is trained on, and their groups.

        The groups are near-duplicate groups by number, one for each label given.
        """
        trained = self.training
        ids = {e.id for e in trained}
        others = [label for label in labels if label.headline.id not in ids]
        own = [word_checksums(label.headline.text) for label in others]
        groups = near_duplicate_groups([*(e.words for e in trained), *own]).tolist()
        learned, theirs = set(groups[: len(trained)]), groups[len(trained) :]
        kept = [i for i, group in enumerate(theirs) if group not in learned]
        return [others[i] for i in kept], [theirs[i] for i in kept]

    def to_plain(self, topics: Sequence[str]) -> TrainingData:
        """Give the set as plain data for a model file; raises ModelError when it is too large."""
        size = sum(len(e.words) + len(e.terms) for e in self.examples)
        if size > MAX_TERMS:  # what `from_plain` would refuse
            raise ModelError(
                f"{len(self.examples):,} labels have {size:,} words and terms, a model keeps at "
                f"most {MAX_TERMS:,}; give fewer labels, or use the built-in embedder"
            )
        number = {name: i for i, name in enumerate(topics)}
        return {
            "fingerprint": self.fingerprint,
            "ids": [e.id for e in self.examples],
            "topics": pack(np.array([number[e.topic] for e in self.examples], dtype=np.int32)),
            "also": [list(e.also) for e in self.examples],
            "written": pack(np.array([e.written for e in self.examples], dtype=np.bool_)),
            "held_out": pack(np.array([e.held_out for e in self.examples], dtype=np.bool_)),
            "words": pack_rows([e.words for e in self.examples], np.uint32),
            "terms": pack_rows([e.terms for e in self.examples], np.int32),
            "drawn": pack(np.array([e.drawn for e in self.examples], dtype=np.bool_)),
            "texts": [e.text for e in self.examples],
            "origins": [e.origin for e in self.examples],
        }

    @classmethod
    def from_plain(cls, plain: TrainingData, topics: Sequence[str]) -> TrainingSet:
        """Read the set from a model file's data; raises ModelError when it is malformed."""
        where = "training state"
        try:
            ids = list(plain["ids"])
            if len(set(ids)) < len(ids) or not all(map(_ID.fullmatch, ids)):
                raise ValueError("ids that are no headlines' ids, or one of them twice")
            numbers = _column(plain["topics"], where, len(ids), "i")
            if numbers.min(initial=0) < 0:
                raise ValueError("a topic's number below 0")
            words, terms = unpack_rows([plain["words"], plain["terms"]], where, MAX_TERMS, len(ids))
            columns = {
                "id": ids,
                "topic": [topics[i] for i in numbers.tolist()],
                "also": [tuple(a) for a in plain["also"]],
                "written": _column(plain["written"], where, len(ids), "b").tolist(),
                "held_out": _column(plain["held_out"], where, len(ids), "b").tolist(),
                "drawn": _column(plain["drawn"], where, len(ids), "b").tolist(),
                "words": words,
                "terms": terms,
                "text": list(plain["texts"]),
                "origin": list(plain.get("origins", [None] * len(ids))),
            }
            examples = (
                Example(**dict(zip(columns, values, strict=True)))
                for values in zip(*columns.values(), strict=True)
            )
            return cls(tuple(examples), str(plain["fingerprint"]))
        except (KeyError, IndexError, ValueError, TypeError) as error:
            said = f"malformed ({short(str(error))}); train the model again"
            raise ModelError(f"{where}: {said}") from None


@dataclass(frozen=True)
class Reference:
    """Headlines of the feed that a model was trained on, against which drift is measured.

    A sample of the distinct ones, as `Embedder.terms` and `Embedder.words` give them.
    """

    terms: tuple[tuple[int, ...], ...]
    words: tuple[tuple[int, ...], ...]
    unseen: tuple[bool, ...] = ()  # whether it wasn't learned from; empty where that isn't known

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        embedder: Embedder,
        random_state: int,
        kept_out: Collection[str] = (),
    ) -> Reference:
        """Take a sample of a feed's distinct texts, some of which weren't learned from."""
        distinct = distinct_sample(texts, REFERENCE_HEADLINES, random_state)
        terms = tuple(tuple(some) for some in embedder.terms(distinct))
        own = terms if embedder.terms_are_words else embedder.words(distinct)
        unseen = tuple(text in kept_out for text in distinct) if kept_out else ()
        return cls(terms, tuple(tuple(some) for some in own), unseen)

    def to_plain(self) -> ReferenceData:
        """Give it as plain data for a model file; words that are the terms are left out."""
        words = () if self.words == self.terms else self.words
        plain: ReferenceData = {
            "terms": pack_rows(self.terms, np.int32),
            "words": pack_rows(words, np.int64),
        }
        if self.unseen:
            plain["unseen"] = pack(np.array(self.unseen, dtype=np.bool_))
        return plain

    @classmethod
    def from_plain(cls, plain: ReferenceData) -> Reference:
        """Read it from a model file's data; raises ModelError when it is malformed."""
        try:
            both = [plain["terms"], plain["words"]]
            terms, words = map(tuple, unpack_rows(both, "reference", MAX_REFERENCE))
            if words and len(words) != len(terms):
                raise ValueError(f"{len(words)} rows of words for {len(terms)} of terms")
            unseen = ()
            if "unseen" in plain:
                unseen = tuple(_column(plain["unseen"], "reference", len(terms), "b").tolist())
            return cls(terms, words or terms, unseen)
        except (KeyError, TypeError, ValueError) as error:
            said = f"malformed ({short(str(error))}); train the model again"
            raise ModelError(f"reference: {said}") from None


def kept_out(headlines: Sequence[Headline]) -> frozenset[str]:
    """Give the texts of a feed that aren't learned from: what a model says of these is unbiased.

    One text in `KEPT_OUT`, told by the headline's id; none where the feed is too small to spare
    any.
    """
    if len({h.text for h in headlines}) < MIN_FEED_TO_KEEP_OUT:
        return frozenset()
    return frozenset(h.text for h in headlines if int(h.id, 16) % KEPT_OUT == KEPT_OUT - 1)


def few_labels_told(few: Mapping[str, int]) -> str:
    """Say which topics have few labels to learn from."""
    some = sorted(few.items(), key=lambda item: item[1])[:5]
    names = ", ".join(f"{topic} ({n})" for topic, n in some)
    others = f" and {len(few) - len(some)} more" if len(few) > len(some) else ""
    return (
        f"topics with fewer than {FEW_LABELS} labels to learn from: {names}{others}; "
        "label more headlines of them"
    )


def _embedded(
    taxonomy: Taxonomy, labels: Sequence[GoldLabel], embedder: Embedder
) -> dict[str, Example]:
    """Give the topics' examples and phrases, overruled by labels, by id."""
    given: dict[str, tuple[GoldLabel, bool]] = {}
    for topic in taxonomy.topics:
        for text in topic.texts:
            written = GoldLabel(Headline.parse(text), topic.name)
            given[written.headline.id] = (written, True)
    for label in labels:
        given[label.headline.id] = (label, False)
    terms = embedder.terms([label.headline.text for label, _ in given.values()])
    return {
        id: Example(
            id=id,
            topic=label.topic,
            also=label.also,
            written=is_written,
            held_out=False,
            words=tuple(word_checksums(label.headline.text)),
            terms=tuple(own),
            drawn=label.drawn and not is_written,
            text=label.headline.headline if label.quotable else None,
            origin=label.origin,
        )
        for (id, (label, is_written)), own in zip(given.items(), terms, strict=True)
    }


def _named_now(also: Sequence[str], topic: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Give further topics by the names that they have today; a merged one isn't named twice."""
    names = [name for name in map(taxonomy.now, also) if name is not None and name != topic]
    return tuple(dict.fromkeys(names))


def _hold_out(examples: Sequence[Example], held: set[str], trained: set[str]) -> list[Example]:
    """Apply `HOLDOUT_RULE`, what was held out or trained on before going first."""
    groups = near_duplicate_groups([e.words for e in examples]).tolist()
    gold: dict[int, list[str]] = {}
    for example, group in zip(examples, groups, strict=True):
        if not example.written:
            gold.setdefault(group, []).append(example.id)
    before = {group for group, ids in gold.items() if held.intersection(ids)}
    anew = {
        group
        for group, ids in gold.items()
        if not trained.intersection(ids) and group not in before and int(min(ids), 16) % 5 == 0
    }
    labelled: dict[str, list[tuple[Example, int]]] = {}
    for example, group in zip(examples, groups, strict=True):
        if not example.written:
            labelled.setdefault(example.topic, []).append((example, group))
    for _, own in sorted(labelled.items()):
        left = [e for e, g in own if e.id in trained or g not in before | anew]
        if not left and (given := [g for _, g in own if g in anew]):
            anew.remove(min(given, key=lambda group: min(gold[group])))
    held_groups = before | anew
    # A written twin of a held-out headline is left out altogether: it would give it away.
    return [
        replace(e, held_out=e.id in held or (group in held_groups and e.id not in trained))
        for e, group in zip(examples, groups, strict=True)
        if not (e.written and group in held_groups)
    ]


def _column(packed: PackedArray, where: str, length: int, kinds: str) -> NDArray[Any]:
    """Read an array that has to have one dimension, a length and one of some kinds of dtype."""
    array = unpack(packed, where)
    if array.shape != (length,) or array.dtype.kind not in kinds:
        raise ValueError(f"an array {array.dtype} of shape {array.shape}, expected {length} values")
    return array


def sampled_places(n: int, most: int, random_state: int | np.random.Generator) -> NDArray[np.int64]:
    """Draw so many of n places at most, in their order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(random_state).choice(n, most, replace=False))


def distinct_sample(texts: Sequence[str], most: int, random_state: int) -> list[str]:
    """Draw so many of the distinct texts at most, in the order in which they came."""
    distinct = list(dict.fromkeys(texts))
    return [distinct[i] for i in sampled_places(len(distinct), most, random_state).tolist()]
