"""A labeler's state: its file to and from plain data, and what a later model is judged by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import Embedder
from headlines.embedding.joined import load_embedder_of
from headlines.errors import ModelError
from headlines.evaluation import evaluate
from headlines.model.certainty import Certainty
from headlines.model.examples import HOLDOUT_RULE, Example, Reference, TrainingSet
from headlines.model.scorer import TopicScorer, probabilities_of
from headlines.model.taught import Taught
from headlines.model.trial import Trial
from headlines.persistence.folder import ModelVersion
from headlines.persistence.modelfile import Manifest, versions, write_model
from headlines.persistence.plaindata import content_hash
from headlines.persistence.registry import ModelRegistry
from headlines.persistence.schema import LABELER, LabelerData


class LabelerState:
    """What a labeler learned and keeps: all that is in its file.

    `payload` is the file's plain data, `embedder` the one that it was trained for. Raises
    ModelError when the data isn't a labeler's, or was learned with another embedder.
    """

    def __init__(self, payload: LabelerData, embedder: Embedder) -> None:
        self.embedder = embedder
        self.payload = payload
        try:
            self.topics: tuple[str, ...] = tuple(payload["topics"])
            self.scorer = TopicScorer.from_plain(payload["scorer"])
            self.certainty = Certainty.from_plain(payload["certainty"])
            self.trial  # noqa: B018 # malformed data is told at once
            name, wanted = payload["embedder"]["name"], payload["embedder"]["fingerprint"]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"not a labeler ({error!r}); train the model again") from None
        if embedder.fingerprint != wanted:
            raise ModelError(
                f"trained for the embedder {name!r} with fingerprint {wanted}, but here it is "
                f"{embedder.fingerprint}; train the model again with this embedder"
            )
        shape, expected = self.scorer.weights.shape, (embedder.n_features, len(self.topics) + 1)
        if shape != expected:
            raise ModelError(
                f"weights of shape {shape}, expected {expected}; train the model again"
            )
        words = self.scorer.own.words
        if embedder.terms_are_words and len(words) and int(words[-1]) >= embedder.n_terms:
            raise ModelError(
                f"weights for word {int(words[-1])}, the embedder has {embedder.n_terms}; "
                "train the model again"
            )

    def __reduce__(self) -> tuple[type[Self], tuple[LabelerData, Embedder]]:
        return type(self), (self.payload, self.embedder)

    @classmethod
    def learned(
        cls,
        training_set: TrainingSet,
        topics: Sequence[str],
        scorer: TopicScorer,
        certainty: Certainty,
        trial: Trial | None,
        *,
        embedder: Embedder,
        name: str | Path | Embedder,
        feed: Sequence[str],
        kept_out: Collection[str],
        taught: Taught | None,
        random_state: int,
        codes: Sequence[str] = (),
    ) -> LabelerState:
        """Put together what was learned.

        `name` is what the embedder was asked for by: `load_embedder_of` finds it again. Of `feed`,
        headlines that may be none, a sample is kept as the reference; the trial tells whether
        they were learned from, but for those `kept_out`, `taught` what a teacher said of them.
        `codes` are those of the topics, empty where one has none.
        """
        payload: LabelerData = {
            "kind": LABELER,
            "topics": list(topics),
            "embedder": {"name": _name_of(name), "fingerprint": embedder.fingerprint},
            "scorer": scorer.to_plain(),
            "certainty": certainty.to_plain(),
            "training": training_set.to_plain(topics),
            "random_state": random_state,
        }
        if feed:
            payload["reference"] = Reference.of(feed, embedder, random_state, kept_out).to_plain()
        if any(codes):
            payload["codes"] = list(codes)
        if trial is not None:
            payload["trial"] = trial.to_plain()
        if taught is not None:
            payload["taught"] = taught.to_plain()
        return cls(payload, embedder)

    @classmethod
    def load(
        cls, ref: str | Path | None, registry: str | Path | None, key: str | Path | None
    ) -> LabelerState:
        """Read a model and load its embedder; see `HeadlineLabeler.load`."""
        payload, manifest, version = ModelRegistry(registry).read(ref, key=key)
        return cls._of(payload, manifest, version.path)

    @classmethod
    def of_version(cls, version: ModelVersion, key: str | Path | None = None) -> LabelerState:
        """Read a version as `load` does, whichever it is."""
        return cls._of(*version.read(key), version.path)

    @classmethod
    def _of(cls, payload: LabelerData, manifest: Manifest, path: Path) -> LabelerState:
        said = {"topics": manifest.topics, "embedder": manifest.embedder}
        if said != {key: payload.get(key) for key in said}:
            raise ModelError(f"{path}: the manifest tells of another model; restore the two files")
        try:
            return cls(payload, load_embedder_of(**payload["embedder"]))
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None

    def save(self, path: str | Path) -> Manifest:
        """Write the file and its manifest; see `HeadlineLabeler.save`."""
        known = self.training_set
        trained = known.training
        tried = {} if self.trial is None else {"learned_from_feed": self.trial.helped}
        return write_model(
            path,
            self.payload,
            topics=list(self.topics),
            embedder=dict(self.payload["embedder"]),
            training={
                "labels": sum(not e.written for e in trained),
                "examples": sum(e.written for e in trained),
                "sha256": content_hash(self.payload["training"]),
                "random_state": self.payload["random_state"],
                **tried,
            },
            holdout={"rule": HOLDOUT_RULE, "ids": [e.id for e in known.holdout]},
            scores=self.holdout_scores(),
            versions=versions(),
        )

    @property
    def codes(self) -> dict[str, str]:
        """The codes of those topics that have one."""
        codes = self.payload.get("codes", [""] * len(self.topics))
        return {topic: code for topic, code in zip(self.topics, codes, strict=True) if code}

    @cached_property
    def content(self) -> str:
        """SHA-256 of the model's content, by its values."""
        return content_hash(self.payload)

    @property
    def model(self) -> str:
        """Its first 12 digits, which name the model."""
        return self.content[:12]

    @cached_property
    def training_set(self) -> TrainingSet:
        """What the model learned from, without the texts."""
        return TrainingSet.from_plain(self.payload["training"], self.topics)

    @cached_property
    def reference(self) -> Reference | None:
        """Headlines of the feed that it was trained on; None when it was trained without one."""
        plain = self.payload.get("reference")
        return None if plain is None else Reference.from_plain(plain)

    @cached_property
    def trial(self) -> Trial | None:
        """Whether the feed that it was trained on helped; None where none was tried."""
        plain = self.payload.get("trial")
        return None if plain is None else Trial.from_plain(plain)

    @cached_property
    def taught(self) -> Taught | None:
        """What a teacher said of headlines; None when the model had no teacher."""
        plain = self.payload.get("taught")
        return None if plain is None else Taught.from_plain(plain, len(self.topics))

    def logits_of_terms(
        self, terms: Sequence[Sequence[int]], words: Sequence[Sequence[int]]
    ) -> NDArray[np.float64]:
        """Give the logits of headlines that are kept as `Embedder.terms` and `Embedder.words`.

        Shape (n, n_topics + 1); the last column is 0 or more for news of the topics.
        """
        return self.scorer.logits(*self.embedder.sums_of_terms(terms), words)

    def probabilities_of_examples(self, examples: Sequence[Example]) -> NDArray[np.float64]:
        """Give the topics' probabilities, shape (n, n_topics), for headlines kept without texts."""
        words = [TrainingSet.words_of(e, self.embedder) for e in examples]
        return probabilities_of(self.logits_of_terms([e.terms for e in examples], words)[:, :-1])

    @property
    def cross_fitted(self) -> dict[str, str | None]:
        """The topic that each example trained on is given by what was learned from the others.

        By id; None where that wasn't asked, as in models of earlier versions. Raises ModelError
        when there are not as many answers as examples.
        """
        trained, answers = self.training_set.training, self.certainty.answers
        if answers is None:
            return dict.fromkeys(e.id for e in trained)
        if len(answers) != len(trained):
            said = f"{len(answers)} answers to {len(trained)} examples"
            raise ModelError(f"certainty: malformed ({said}); train the model again")
        topics = [*self.topics, None]  # -1 is the last
        return {e.id: topics[i] for e, i in zip(trained, answers.tolist(), strict=True)}

    def holdout_scores(self) -> dict[str, float | int]:
        """Score the model on the labels that it never trained on; empty when there are none."""
        held = self.training_set.holdout
        if not held:
            return {}
        best = self.probabilities_of_examples(held).argmax(axis=1)
        predicted = [self.topics[i] for i in best]
        return evaluate(predicted, [e.topic for e in held], [e.also for e in held]).summary()


def _name_of(embedder: str | Path | Embedder) -> str:
    if not isinstance(embedder, Embedder):
        return str(embedder)
    given = embedder.get_params()
    return str(given.get("name") or given.get("path") or "static")
