"""The labeler: headlines in, predictions out; the one object that a user loads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import Embedder
from headlines.embedding.static import CHUNK
from headlines.errors import HeadlinesError
from headlines.evaluation import Evaluation, evaluate
from headlines.feeds.dates import iso_date
from headlines.feeds.headline import Headline
from headlines.feeds.intake import as_headlines, checked_items
from headlines.labeling.answers import Answers
from headlines.labeling.explanation import Explainer, Explanation
from headlines.labeling.prediction import Prediction, PredictionBlock, Predictions
from headlines.model.scorer import probabilities_of
from headlines.model.state import LabelerState
from headlines.persistence.modelfile import Manifest
from headlines.topics.labels import GoldLabel
from headlines.topics.taxonomy import Taxonomy

if TYPE_CHECKING:
    from headlines.clustering.clustered_feed import ClusteredFeed
    from headlines.clustering.history import EarlierClusters


class HeadlineLabeler:
    """An embedder and a trained classifier: texts to topics with probabilities.

    Made by `load` or `train`, not by its constructor.

    Attributes
    ----------
    topics : tuple of str
    codes : dict of str to str
        The codes of those topics whose topics file gives one, as of IPTC's Media Topics.
    embedder : Embedder
    certainty : Certainty
        What is known of the model's answers to headlines that it wasn't trained on.
    state : LabelerState
        What the model learned and keeps.
    model : str
        First 12 digits of the SHA-256 of the model's content.

    Examples
    --------
    >>> labeler = HeadlineLabeler.load()
    >>> labeler.label(["EU Approves New Round of Sanctions Against Russia"])[0].topic
    'sanctions'
    """

    def __init__(self, state: LabelerState) -> None:
        self.state = state
        self.embedder = state.embedder
        self.topics = state.topics
        self.codes = state.codes
        self.certainty = state.certainty
        self._answers = Answers(state)

    def __reduce__(self) -> tuple[type[Self], tuple[LabelerState]]:
        return type(self), (self.state,)

    def __repr__(self) -> str:
        return f"HeadlineLabeler(model={self.model!r}, topics={list(self.topics)})"

    @classmethod
    def load(
        cls,
        ref: str | Path | None = None,
        *,
        registry: str | Path | None = None,
        require_signature: str | Path | None = None,
    ) -> Self:
        """Load a model.

        Parameters
        ----------
        ref : str or Path, optional
            The name of a model in `registry` (``champion``, ``world``), the number of a version
            there, a ``.joblib`` file, a folder that holds one, or a registry's folder (its
            champion). The champion of `registry` by default.
        registry : str or Path, optional
            A registry's folder; the shipped models by default.
        require_signature : str or Path, optional
            A public key (a file, or the key itself), by which the model has to be signed.

        Raises
        ------
        ModelError
            When there is no such model, a byte of it was changed, its format is newer, it isn't
            signed as required, or the embedder at hand isn't the one that it was trained for.
        """
        return cls(LabelerState.load(ref, registry, require_signature))

    @classmethod
    def train(
        cls,
        taxonomy: Taxonomy,
        labels: Sequence[GoldLabel] = (),
        *,
        unlabelled: Iterable[str | Headline] = (),
        embedder: str | Path | Embedder = "static",
        teacher: str | Path | Embedder | None = None,
        earlier: HeadlineLabeler | None = None,
        withdrawn: Collection[str] = (),
        random_state: int = 0,
    ) -> Self:
        """Train a labeler on a topics file's examples and on gold labels.

        Parameters
        ----------
        taxonomy : Taxonomy
        labels : sequence of GoldLabel, optional
            One fifth of them is held out (`HOLDOUT_RULE`).
        unlabelled : iterable of str or Headline, optional
            Of the feeds that will be labelled; up to 5,000 teach, but one in five of 250 or more.
        embedder : str, Path or Embedder, default "static"
            By name as for `load_embedder`, or itself.
        teacher : str, Path or Embedder, optional
            A stronger embedder: what a classifier of its vectors says of up to 10,000 of the
            unlabelled headlines is learned, and kept for later models. Labelling doesn't need it.
        earlier, withdrawn : HeadlineLabeler, optional; collection of str, optional
            A model whose labels are kept where these don't overrule them; ids of those that aren't.
        random_state : int, default 0

        Raises
        ------
        TaxonomyError
            When a topic has nothing to learn from.
        """
        from headlines.classification.training import train

        return cls(
            train(
                taxonomy,
                labels,
                as_headlines(unlabelled),
                embedder=embedder,
                teacher=teacher,
                earlier=None if earlier is None else earlier.state,
                withdrawn=withdrawn,
                random_state=random_state,
            )
        )

    @property
    def model(self) -> str:
        """First 12 digits of the SHA-256 of the model's content."""
        return self.state.model

    def save(self, path: str | Path) -> Manifest:
        """Write the model as a joblib file of plain data, its manifest beside it.

        Parameters
        ----------
        path : str or Path
            ``NAME.joblib``; the manifest is ``NAME.manifest.json``.

        Raises
        ------
        OutputError
            When a file can't be written.
        """
        return self.state.save(path)

    def probabilities_of(
        self, texts: Iterable[str | Headline], *, several: bool = False
    ) -> NDArray[np.float64]:
        """Give the probability of every topic, abstention off.

        The n rows are those of `texts`, the columns those of `topics`. A row adds up to 1, or, with
        `several`, to how many topics apply: each column is then the probability that its topic
        applies, be it first or further, where labels named enough further topics to learn that.
        """
        logits, _ = self._answers.logits([h.text for h in as_headlines(texts)], any_text=True)
        shares = probabilities_of(logits)
        return self.certainty.likely(logits, shares) if several else shares

    @overload
    def label(
        self,
        texts: Iterable[str | Headline],
        *,
        abstain_below: float = ...,
        target_error: float | None = ...,
        any_text: bool = ...,
    ) -> list[Prediction]: ...
    @overload
    def label(
        self,
        texts: Any,
        *,
        abstain_below: float = ...,
        target_error: float | None = ...,
        any_text: bool = ...,
    ) -> Any: ...
    def label(
        self,
        texts: Any,
        *,
        abstain_below: float = 0.0,
        target_error: float | None = None,
        any_text: bool = False,
    ) -> Any:
        """Give each headline its topic.

        Parameters
        ----------
        texts : iterable of str or Headline, or data frame
            n headlines; strings are read by `Headline.parse`, each for itself. Of a pandas or
            polars frame the column `headline`, `title` or `text` is read.
        abstain_below : float, default 0.0
            Probability, 0 to 1, below which no topic is given.
        target_error : float, optional
            Above 0, below 1: abstain so that the error among topics given stays there or below
            (`Certainty.threshold_for`).
        any_text : bool, default False
            Give a topic to text that is no news of these topics too.

        Returns
        -------
        list of Prediction, or data frame
            n predictions in the order of the input, the same for a headline in any batch. For
            a frame, a copy with the columns `topic` and `probability` added or replaced.

        Raises
        ------
        TypeError
            When an item is neither a string nor a Headline.
        ValueError
            When a frame has no column of headlines.
        """
        threshold = self._answers.threshold(abstain_below, target_error)
        if hasattr(texts, "columns"):
            return self._answers.frame(texts, threshold, any_text)
        headlines = as_headlines(texts)
        result = Predictions()
        for start in range(0, len(headlines), CHUNK):
            result += self._answers.block(headlines[start : start + CHUNK], threshold, any_text)
        return result

    def predict(
        self,
        texts: Iterable[str | Headline],
        *,
        abstain_below: float = 0.0,
        target_error: float | None = None,
        any_text: bool = False,
    ) -> tuple[list[str | None], NDArray[np.float64]]:
        """Give the topics and probabilities alone: what `label` gives, at several times its speed.

        Parameters
        ----------
        texts : iterable of str or Headline, or data frame
            n headlines, taken as `label` takes them.
        abstain_below, target_error, any_text
            As for `label`.

        Returns
        -------
        topics : list of str or None
            n topics; None when the labeler abstained.
        probabilities : ndarray of float64, shape (n,)
            Of the most probable topic, rounded to 6 digits.

        Examples
        --------
        >>> topics, probabilities = HeadlineLabeler.load().predict(["Drone Hits Oil Depot"])
        >>> topics
        ['drones']
        """
        threshold = self._answers.threshold(abstain_below, target_error)
        return self._answers.predicted(checked_items(texts, str, Headline), threshold, any_text)

    def label_block(
        self,
        headlines: Sequence[Headline],
        *,
        abstain_below: float = 0.0,
        target_error: float | None = None,
        any_text: bool = False,
    ) -> PredictionBlock:
        """Do as `label` for a `HeadlineBlock` or some thousands of headlines, giving one block."""
        threshold = self._answers.threshold(abstain_below, target_error)
        return self._answers.block(headlines, threshold, any_text)

    def evaluate(self, labels: Sequence[GoldLabel]) -> tuple[Evaluation, list[GoldLabel]]:
        """Score the model on those labels that it wasn't trained on, abstention off.

        Returns
        -------
        evaluation : Evaluation
            Near-duplicates are drawn together by its bootstrap.
        unseen : list of GoldLabel
            The labels scored, in their order.

        Raises
        ------
        HeadlinesError
            When it was trained on all of them.
        """
        unseen, groups = self.state.training_set.unseen(labels)
        if not unseen:
            raise HeadlinesError(
                f"the model was trained on all {len(labels)} labels, or on near-duplicates of "
                "them; give labels that it hasn't seen"
            )
        predictions = self.label([label.headline for label in unseen], any_text=True)
        evaluation = evaluate(
            [p.topic for p in predictions],
            [label.topic for label in unseen],
            [label.also for label in unseen],
            probabilities=[dict(p.topics) for p in predictions],
            groups=groups,
            dates=[iso_date(label.headline.date) for label in unseen],
        )
        return evaluation, unseen

    def explain(self, text: str | Headline, *, neighbours: int = 3) -> Explanation:
        """Tell why a headline gets its topic.

        Parameters
        ----------
        text : str or Headline
        neighbours : int, default 3
            Labelled headlines to show.

        Examples
        --------
        >>> found = HeadlineLabeler.load().explain("EU Approves New Sanctions Against Russia")
        >>> found.topic, max(found.words, key=lambda w: w.effect).word
        ('sanctions', 'Sanctions')
        """
        [headline] = as_headlines([text])
        return self._explainer.explain(headline, neighbours)

    def same_story(self, a: str | Headline, b: str | Headline) -> float:
        """Give the probability that two headlines tell one story.

        It is that of headlines that stand in one day's feed and are near (`PairScorer`). Their
        dates count where both have one.

        Parameters
        ----------
        a, b : str or Headline
            Strings are read by `Headline.parse`; which one comes first doesn't matter.

        Returns
        -------
        float
            From 0 to 1.

        Raises
        ------
        EmbedderError
            When it wasn't learned for the labeler's embedder: the package has it for the built-in
            one.

        Examples
        --------
        >>> labeler = HeadlineLabeler.load()
        >>> oil = "Drone sets oil depot in Tver on fire"
        >>> labeler.same_story(oil, "Oil depot burns in Tver after drone attack") > 0.9
        True
        >>> labeler.same_story(oil, "Oil prices rise as OPEC cuts output") < 0.1
        True
        """
        from headlines.clustering.pairs import PairScorer

        pairs = PairScorer.of(self.embedder.fingerprint)
        told = pairs.read(as_headlines([a, b]), self.embedder)
        return float(pairs.probabilities(told, [0], [1])[0])

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(
            topics=self.topics,
            embedder=self.embedder,
            scorer=self.state.scorer,
            products=self._answers.products,
            examples=self.state.training_set.examples,
        )

    def cluster(
        self,
        texts: Iterable[str | Headline],
        *,
        level: str = "theme",
        resolution: float | None = None,
        noise: float = 0.0,
        random_state: int = 0,
        previous: str | Path | EarlierClusters | None = None,
        edits: str | Path | None = None,
        memory: str | Path | None = None,
        remember_days: int = 30,
        day: str | None = None,
    ) -> ClusteredFeed:
        """Find the clusters of a feed; its themes gather by topics, its stories don't.

        Parameters
        ----------
        texts : iterable of str or Headline, or data frame
            n headlines, taken as `label` takes them; copies share their cluster.
        level : {"theme", "story"}, default "theme"
        resolution : float, optional
            Larger values give more and smaller clusters of that level.
        noise : float, default 0.0
            Strength, 0 to 1, below which a headline is in no story (-1).
        random_state : int, default 0
        previous : path or EarlierClusters, optional
            JSON lines of an earlier run, whose clusters stand; new headlines may join them.
        edits : path, optional
            An editor's renames, merges and splits (`ClusterEdits.read`).
        memory : path, optional
            A file that keeps the headlines of earlier days, instead; made where it is missing.
        remember_days : int, default 30
            Days after which a headline that wasn't seen again is dropped from it.
        day : str, optional
            YYYY-MM-DD; by default the latest of the headlines' dates, or today (UTC).

        Returns
        -------
        ClusteredFeed
            `ClusteredHeadline` in the order of the input, with the clusters.

        Raises
        ------
        HeadlinesError
            When a file can't be read, or another run holds the memory.
        ValueError
            When there are both `previous` and `memory`, or a value is out of range.
        """
        from headlines.clustering.clustered_feed import cluster_files
        from headlines.clustering.settlement import refuse_too_many
        from headlines.clustering.topicality import Topicality

        headlines = as_headlines(texts)
        refuse_too_many(headlines, self.embedder)
        return cluster_files(
            headlines, self.embedder, level, resolution, noise, random_state,
            previous=previous, edits=edits, memory=memory, remember_days=remember_days, day=day,
            topics=lambda some: Topicality(self.topics, self._answers.shares(some)),
        )  # fmt: skip
