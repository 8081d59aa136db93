"""Intake: what a retraining run reads, and the hash of each file that it was read from."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headlines.errors import ConfigError, FeedError
from headlines.feeds.headline import Headline
from headlines.feeds.reader import read_feed
from headlines.feeds.report import Quarantined
from headlines.files import replacing
from headlines.retraining.config import RetrainConfig
from headlines.topics.labels import Conflict, GoldLabel, merge_corrections, read_labels
from headlines.topics.taxonomy import Taxonomy

__all__ = ["Intake", "Source"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A file that was read, and what stood in it.

    Attributes
    ----------
    kind : {"topics", "labels", "corrections", "feeds"}
    path : Path
    sha256 : str
    bytes : int
    """

    kind: str
    path: Path
    sha256: str
    bytes: int

    @classmethod
    def of(cls, kind: str, path: Path) -> Source:
        """Hash a file; raises ConfigError when it can't be read."""
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("rb") as file:
                while part := file.read(1 << 20):
                    digest.update(part)
                    size += len(part)
        except OSError as error:
            raise ConfigError(f"{kind}: {path}: can't be read ({error.strerror})") from None
        return cls(kind, path, digest.hexdigest(), size)

    def to_row(self) -> dict[str, Any]:
        """Give it as one JSON object."""
        return {
            "kind": self.kind,
            "path": str(self.path),
            "sha256": self.sha256,
            "bytes": self.bytes,
        }


@dataclass(frozen=True)
class Intake:
    """What a configuration names, read.

    Attributes
    ----------
    sources : tuple of Source
    taxonomy : Taxonomy
    headlines : tuple of Headline
        Of all feeds.
    quarantined : tuple of Quarantined
        Rows of the feeds that could not be read.
    labels : list of GoldLabel
        With the corrections merged in.
    conflicts : tuple of Conflict
        Labels that these overruled.
    """

    sources: tuple[Source, ...]
    taxonomy: Taxonomy
    headlines: tuple[Headline, ...]
    quarantined: tuple[Quarantined, ...]
    labels: list[GoldLabel]
    conflicts: tuple[Conflict, ...]

    @classmethod
    def read(cls, config: RetrainConfig) -> Intake:
        """Read all files of a configuration.

        Raises
        ------
        ConfigError
            When a file can't be read or changes meanwhile.
        TaxonomyError
            When topics or labels are at fault.
        """
        named = [("topics", path) for path in [config.topics] if path is not None]
        named += [("labels", path) for path in config.labels]
        named += [("corrections", path) for path in config.corrections]
        named += [("feeds", path) for path in config.feeds]
        sources = tuple(Source.of(kind, path) for kind, path in named)
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
        return cls(sources, taxonomy, tuple(headlines), tuple(quarantined), labels,
                   tuple(conflicts))  # fmt: skip

    def write_quarantine(self, path: Path) -> None:
        """Keep the rows that could not be read, for a person to look at."""
        if not self.quarantined:
            return
        with replacing(path) as file:
            for q in self.quarantined:
                row = {"source": q.source, "line": q.line, "reason": q.reason, "raw": q.raw}
                file.write((json.dumps(row) + "\n").encode())
        log.warning("%d row(s) could not be read and went to %s", len(self.quarantined), path)
