"""The earlier report: what a page told of a feed, read out of it again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from headlines.clustering.history import EarlierClusters
from headlines.errors import HeadlinesError

VERSION = 1
"""Of the data in a page."""

_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def data_for_page(data: Mapping[str, Any]) -> str:
    """Give data as JSON that stands in a page's script: no sign of it ends the script."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@dataclass(frozen=True)
class EarlierReport:
    """What is compared with today's feed."""

    day: str | None  #: that the report was of
    topics: Mapping[str, int] | None  #: headlines of each topic; None where only rows were given
    clusters: EarlierClusters

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a report's page, or the JSON lines of ``headlines cluster``.

        Raises HeadlinesError when it is neither.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise HeadlinesError(
                f"{path}: can't be read ({why}); give the .html of an earlier `headlines report`"
            ) from None
        if text.lstrip()[:1] != "<":
            try:
                return cls(None, None, EarlierClusters.read(path))
            except HeadlinesError as error:
                raise HeadlinesError(f"{error}, or the .html of `headlines report`") from None
        try:
            return cls._of(json.loads(_DATA.findall(text)[-1]))
        except (IndexError, KeyError, TypeError, ValueError):
            raise HeadlinesError(
                f"{path}: has no data of a report of version {VERSION}; give the .html that "
                "`headlines report` wrote, or the .jsonl of `headlines cluster`"
            ) from None

    @classmethod
    def _of(cls, data: Any) -> Self:
        if data["version"] != VERSION:
            raise ValueError("of another version")
        rows = data["headlines"]
        keys = [str(key) for key in rows["id"]]
        stories = dict(zip(keys, map(int, rows["story"]), strict=True))
        texts = dict(zip(keys, map(str, rows["headline"]), strict=True))
        # A story of one headline is called by it, unless the page says otherwise.
        names = {number: texts[key] for key, number in stories.items()}
        names |= {int(n): str(name) for n, name, *_ in [*data["stories"], *data["alone"]]}
        clusters = EarlierClusters(
            cluster=stories,
            story=stories,
            theme=dict(zip(keys, map(int, rows["theme"]), strict=True)),
            texts=texts,
            strength=dict(zip(keys, map(float, rows["strength"]), strict=True)),
            names=names,
        )
        topics = [str(topic) for topic in data["topics"]]
        counts = dict.fromkeys(topics, 0)
        for place in map(int, rows["topic"]):
            if place >= 0:
                counts[topics[place]] += 1
        return cls(None if data["day"] is None else str(data["day"]), counts, clusters)
