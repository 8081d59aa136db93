"""Retraining: from a configuration file to a new champion, or a reason why not."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from headlines.errors import ConfigError, FeedError
from headlines.feed import read_feed
from headlines.gate import Decision, Gate
from headlines.headline import Headline
from headlines.labeling import HeadlineLabeler
from headlines.registry import ModelRegistry
from headlines.taxonomy import GoldLabel, Taxonomy, read_labels

__all__ = ["RetrainConfig", "RetrainResult", "retrain"]


class RetrainConfig(BaseModel):
    """What a nightly run does; paths are relative to the configuration file.

    Attributes
    ----------
    registry : Path
        Folder of the model's versions.
    labels : list of Path
        CSV files of gold labels.
    topics : Path, optional
        The topics file; the built-in topics by default.
    feeds : list of Path
        Recent headlines: unlabelled, they teach too, and tell how many topics change.
    embedder : str
        ``static``, ``minilm``, a folder or a hub name.
    margin : float
        Loss of hold-out accuracy that still counts as not worse.
    minimum_holdout : int
        Held-out labels below which the gate can't tell.
    when_unsure : {"keep", "promote"}
        What happens when it can't.
    random_state : int
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    registry: Path
    labels: list[Path] = Field(default_factory=list)
    topics: Path | None = None
    feeds: list[Path] = Field(default_factory=list)
    embedder: str = "static"
    margin: float = Field(default=0.02, ge=0, le=1)
    minimum_holdout: int = Field(default=20, ge=1)
    when_unsure: Literal["keep", "promote"] = "keep"
    random_state: int = 0

    @classmethod
    def read(cls, path: str | Path) -> RetrainConfig:
        """Read a configuration.

        Raises
        ------
        ConfigError
            When the file can't be read or a value isn't what it should be.
        """
        path = Path(path)
        try:
            config = cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise ConfigError(f"{path}: can't be read ({error.strerror})") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not TOML: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ConfigError(
                f"{path}: {key}: {first['msg']}, got {first['input']!r}; the keys are "
                f"{', '.join(cls.model_fields)}"
            ) from None
        base = path.parent
        return config.model_copy(
            update={
                "registry": base / config.registry,
                "labels": [base / p for p in config.labels],
                "topics": base / config.topics if config.topics is not None else None,
                "feeds": [base / p for p in config.feeds],
            }
        )


@dataclass(frozen=True)
class RetrainResult:
    """What a run did.

    Attributes
    ----------
    version : str or None
        Name of the version written; None in a dry run.
    decision : Decision
        Whether the candidate became the champion, and why.
    labels : int
        Gold labels that the candidate knows, held-out ones included.
    holdout : int
        Of these, held out.
    headlines : int
        Headlines in the feeds.
    unreadable : int
        Rows of the feeds that could not be read.
    forgotten : int
        Labels that the champion knew and the candidate can't use: their topic is gone, or they
        were kept for another embedder and their text isn't at hand.
    churn : float or None
        Share of the feeds' headlines whose topic changes; None without feeds or champion.
    """

    version: str | None
    decision: Decision
    labels: int
    holdout: int
    headlines: int
    unreadable: int
    forgotten: int
    churn: float | None

    def to_row(self) -> dict[str, Any]:
        """Give the result as one JSON object."""
        return {
            "version": self.version,
            "promoted": self.decision.accepted,
            "reason": self.decision.reason,
            "scores": {k: round(v, 4) for k, v in self.decision.scores.items()},
            "labels": self.labels,
            "holdout": self.holdout,
            "headlines": self.headlines,
            "unreadable": self.unreadable,
            "forgotten": self.forgotten,
            "churn": self.churn,
        }


def retrain(config: RetrainConfig, *, dry_run: bool = False) -> RetrainResult:
    """Train a candidate, compare it with the champion, and promote it when it isn't worse.

    Parameters
    ----------
    config : RetrainConfig
    dry_run : bool, default False
        Decide, but write nothing.

    Returns
    -------
    RetrainResult

    Raises
    ------
    LockedError
        When another run is writing to the registry.
    HeadlinesError
        When an input, the champion or the registry is at fault.
    """
    registry = ModelRegistry(config.registry)
    if dry_run:
        return _run(config, registry, write=False)
    with registry.lock():
        return _run(config, registry, write=True)


def _run(config: RetrainConfig, registry: ModelRegistry, *, write: bool) -> RetrainResult:
    taxonomy = Taxonomy.load(config.topics)
    headlines, unreadable = _read_feeds(config.feeds)
    labels = read_labels(config.labels, taxonomy.names, headlines)
    version = registry.champion_or_none()
    champion = HeadlineLabeler.load(version.path) if version is not None else None
    candidate = HeadlineLabeler.train(
        taxonomy,
        labels,
        unlabelled=headlines,
        embedder=config.embedder,
        earlier=champion,
        random_state=config.random_state,
    )
    held = candidate.training_set.holdout
    same = champion is not None and (
        champion.embedder.fingerprint == candidate.embedder.fingerprint
    )
    gate = Gate(config.margin, config.minimum_holdout, config.when_unsure)
    if champion is not None and not same:
        # Kept examples are numbers of one embedder: the texts at hand are what both can read.
        ids = {e.id for e in held}
        shared = [label for label in labels if label.headline.id in ids]
        gold = [label.topic for label in shared]
        decision = gate.decide(_topics(candidate, shared), _topics(champion, shared), gold)
    else:
        decision = gate.decide(
            candidate.topics_of_examples(held),
            champion.topics_of_examples(held) if champion is not None else None,
            [e.topic for e in held],
        )
    churn = None
    if champion is not None and headlines:
        pairs = zip(champion.label(headlines), candidate.label(headlines), strict=True)
        churn = round(sum(a.topic != b.topic for a, b in pairs) / len(headlines), 4)
    name = None
    if write:
        path = registry.next_path()
        candidate.save(path)
        name = path.parent.name
        if decision.accepted:
            registry.promote(name)
    known = {e.id for e in candidate.training_set.examples if not e.written}
    before = champion.training_set.examples if champion is not None else ()
    return RetrainResult(
        version=name,
        decision=decision,
        labels=len(known),
        holdout=len(held),
        headlines=len(headlines),
        unreadable=unreadable,
        forgotten=len({e.id for e in before if not e.written} - known),
        churn=churn,
    )


def _topics(labeler: HeadlineLabeler, labels: list[GoldLabel]) -> list[str | None]:
    return [p.topic for p in labeler.label([label.headline for label in labels])]


def _read_feeds(feeds: list[Path]) -> tuple[list[Headline], int]:
    """Give the feeds' headlines and the number of rows that could not be read."""
    headlines: list[Headline] = []
    unreadable = 0
    for path in feeds:
        try:
            feed = read_feed(path)
        except FeedError as error:
            raise ConfigError(f"feeds: {error}") from None
        headlines += feed.headlines
        unreadable += len(feed.report.quarantined)
    return headlines, unreadable
