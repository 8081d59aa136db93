"""Intake: what a retraining run reads, and the hash of each file that it was read from."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

from headlines.errors import ConfigError, FeedError, short
from headlines.feeds import fetching
from headlines.feeds.headline import Headline
from headlines.feeds.reader import read_feed
from headlines.feeds.report import Quarantined
from headlines.labeling.labeler import HeadlineLabeler
from headlines.retraining.config import RetrainConfig
from headlines.topics.labels import Conflict, GoldLabel, ids_by_hash, merge_corrections, read_labels
from headlines.topics.taxonomy import Taxonomy

log = logging.getLogger(__name__)

Content: TypeAlias = IO[bytes]


@dataclass(frozen=True)
class Source:
    """A file that was read, or an address that was fetched, and what stood in it."""

    kind: str  # the configuration's key
    path: Path | str
    sha256: str
    bytes: int

    @classmethod
    def of(cls, kind: str, path: Path | str, fetched: Content | None = None) -> Source:
        """Hash a file, or what an address gave; raises ConfigError when it can't be read."""
        if fetched is not None:
            content = fetched.read()
            fetched.seek(0)
            return cls(kind, path, hashlib.sha256(content).hexdigest(), len(content))
        try:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256")
                size = file.tell()
        except OSError as error:
            none = "; an empty file is one without any" if kind == "corrections" else ""
            raise ConfigError(
                f"{kind}: {path}: can't be read ({error.strerror}); check the path{none}"
            ) from None
        return cls(kind=kind, path=path, sha256=digest.hexdigest(), bytes=size)

    def to_row(self) -> dict[str, Any]:
        """Give it as one JSON object."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True)
class Intake:
    """What a configuration names, read."""

    sources: tuple[Source, ...]
    taxonomy: Taxonomy
    headlines: tuple[Headline, ...]  # of all feeds
    quarantined: tuple[Quarantined, ...]  # rows of the feeds that could not be read
    labels: list[GoldLabel]  # with the corrections merged in
    conflicts: tuple[Conflict, ...]  # labels that these overruled
    by_hash: frozenset[str]  # ids of headlines that are labelled by their hash, at hand or not
    origins: frozenset[str]  # files of labels and corrections, as `GoldLabel.origin` has them

    @classmethod
    def read(cls, config: RetrainConfig) -> Intake:
        """Read all files and addresses.

        Raises ConfigError when one can't be read, or a file changes meanwhile.
        """
        fetched = {feed: _fetched(config, feed) for feed in config.feeds if isinstance(feed, str)}
        named: dict[str, Sequence[Path | str]] = {
            "topics": [config.topics] if config.topics else [],
            "labels": config.labels,
            "corrections": config.corrections,
            "feeds": config.feeds,
        }
        sources = tuple(
            Source.of(kind, path, fetched.get(str(path)))
            for kind, paths in named.items()
            for path in paths
        )
        taxonomy = Taxonomy.load(config.topics)
        headlines: list[Headline] = []
        quarantined: list[Quarantined] = []
        for path in config.feeds:
            log.info("reading %s", path)
            try:
                feed = read_feed(fetched.get(str(path), path))
            except FeedError as error:
                raise ConfigError(f"feeds: {error}") from None
            headlines += feed.headlines
            quarantined += feed.report.quarantined
            log.info("%s", feed.report)

        def beside(path: Path) -> str:
            return _beside(config, path)

        names, was = taxonomy.names, taxonomy.was
        labels = read_labels(config.labels, names, headlines, was=was, origin=beside)
        labels, conflicts = merge_corrections(
            labels, config.corrections, names, headlines, was=was, origin=beside
        )
        for conflict in conflicts:
            log.info(
                "%s: %r is %s now, %s in %s", conflict.where_later, conflict.headline,
                conflict.later, conflict.earlier, conflict.where_earlier,
            )  # fmt: skip
        labelled = [*config.labels, *config.corrections]
        for source in sources:
            if isinstance(source.path, Path) and Source.of(source.kind, source.path) != source:
                raise ConfigError(
                    f"{source.kind}: {source.path}: changed while it was read; write such files "
                    "beside their place and rename them"
                )
        return cls(
            sources=sources,
            taxonomy=taxonomy,
            headlines=tuple(headlines),
            quarantined=tuple(quarantined),
            labels=labels,
            conflicts=tuple(conflicts),
            by_hash=frozenset(ids_by_hash(labelled)),
            origins=frozenset(_beside(config, path) for path in labelled),
        )

    def withdrawn_of(self, champion: HeadlineLabeler | None) -> set[str]:
        """Give the ids of labels that the champion knows and their file, read today, hasn't got.

        A label whose file isn't named any more stays, as one that came from Python does.
        """
        if champion is None:
            return set()
        standing = self.by_hash.union(label.headline.id for label in self.labels)
        known = champion.state.training_set.examples
        return {e.id for e in known if e.origin in self.origins and e.id not in standing}


def _beside(config: RetrainConfig, path: str | Path) -> str:
    """Give the place of a file from the registry's: the same on any machine that has both."""
    return Path(os.path.relpath(path, config.registry)).as_posix()


def _fetched(config: RetrainConfig, address: str) -> Content:
    """Ask an address for its feed, where the configuration says so; raises ConfigError."""
    if not config.fetch:
        raise ConfigError(
            f"feeds: {short(address)}: is asked for nothing unless you say so; write fetch = true, "
            "above the tables"
        )
    log.info("fetching %s", address)
    try:
        return fetching.fetched(address)
    except FeedError as error:
        raise ConfigError(f"feeds: {error}") from None
