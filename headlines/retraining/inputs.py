"""Intake: what a retraining run reads, and the hash of each file that it was read from."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headlines.errors import ConfigError, FeedError
from headlines.feeds.headline import Headline
from headlines.feeds.reader import read_feed
from headlines.feeds.report import Quarantined
from headlines.retraining.config import RetrainConfig
from headlines.topics.labels import Conflict, GoldLabel, merge_corrections, read_labels
from headlines.topics.taxonomy import Taxonomy

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A file that was read, and what stood in it."""

    kind: str  # the configuration's key
    path: Path
    sha256: str
    bytes: int

    @classmethod
    def of(cls, kind: str, path: Path) -> Source:
        """Hash a file; raises ConfigError when it can't be read."""
        try:
            with path.open("rb") as file:
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

    @classmethod
    def read(cls, config: RetrainConfig) -> Intake:
        """Read all files; raises ConfigError when one can't be read or changes meanwhile."""
        named = {
            "topics": [config.topics] if config.topics else [],
            "labels": config.labels,
            "corrections": config.corrections,
            "feeds": config.feeds,
        }
        sources = tuple(Source.of(kind, path) for kind, paths in named.items() for path in paths)
        taxonomy = Taxonomy.load(config.topics)
        headlines: list[Headline] = []
        quarantined: list[Quarantined] = []
        for path in config.feeds:
            try:
                feed = read_feed(path)
            except FeedError as error:
                raise ConfigError(f"feeds: {error}") from None
            headlines += feed.headlines
            quarantined += feed.report.quarantined
            log.info("%s", feed.report)
        labels = read_labels(config.labels, taxonomy.names, headlines)
        labels, conflicts = merge_corrections(labels, config.corrections, taxonomy.names, headlines)
        for conflict in conflicts:
            log.info(
                "%s: %r is %s now, %s in %s", conflict.where_later, conflict.headline,
                conflict.later, conflict.earlier, conflict.where_earlier,
            )  # fmt: skip
        for source in sources:
            if Source.of(source.kind, source.path) != source:
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
        )
