"""The plan of a job: what it asks, and the chunks of its inputs that are each labelled at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from headlines import __version__
from headlines.errors import FeedError
from headlines.feeds.columns import Layout
from headlines.feeds.reader import FeedReader
from headlines.feeds.spans import Span, Told, spans_of
from headlines.labeling.panel import Question

MIN_CHUNK_BYTES, MAX_CHUNK_BYTES = 1 << 18, 4 << 20
"""Bounds on the bytes of inputs that a chunk has at least: up to a second of work or so."""

CHUNKS = 64
"""Into how many chunks a job of a size between is cut, whoever works on it."""

MAX_SPANS = 1000
"""Inputs, or parts of them, of one chunk."""

LINES, TABLE = "lines", "table"
"""What a part holds: lines of JSON, or a table of Arrow's."""


@dataclass(frozen=True)
class Order:
    """What a job asks: the same of every chunk.

    Attributes
    ----------
    question : Question
    models : tuple of str
        The contents of the models that it is put to, by their digests.
    folder : str
        Where the parts go. Workers on other machines have to see it, the inputs and the models
        under the same names: `question` has whole paths.
    kind : str
        `LINES` or `TABLE`.
    format : str or None
        Of the inputs; None where each tells its own.
    layout : Layout
        Of the inputs.
    """

    question: Question
    models: tuple[str, ...]
    folder: str
    kind: str = LINES
    format: str | None = None
    layout: Layout = field(default_factory=Layout)

    def described(self, sources: Sequence[str]) -> dict[str, Any]:
        """Tell as plain data what makes two jobs one: the inputs as they are by now, too."""
        said = asdict(self)
        del said["folder"], said["question"]["signed_by"]
        said["question"]["models"] = [name for name, _ in self.question.models]
        stats = [(source, os.stat(source)) for source in sources]
        said["inputs"] = [[source, stat.st_size, stat.st_mtime_ns] for source, stat in stats]
        said["version"] = __version__
        plain: dict[str, Any] = json.loads(json.dumps(said))
        return plain

    def path(self, number: int, ending: str) -> Path:
        """Name a file of a chunk's part."""
        return Path(self.folder, f"part-{number:06d}.{ending}")


@dataclass(frozen=True)
class Chunk:
    """What one worker labels at once: spans of inputs, in their order."""

    number: int  # from 0
    spans: tuple[Span, ...]

    @property
    def size(self) -> int:
        """Bytes, as far as they are known."""
        return sum(span.size for span in self.spans)

    def to_plain(self) -> list[dict[str, Any]]:
        """Give the spans as plain data."""
        plain = [asdict(span) for span in self.spans]
        for span in plain:
            if span["told"] is not None:
                span["told"]["end"] = span["told"]["end"].decode()
        return plain

    @classmethod
    def from_plain(cls, number: int, plain: Iterable[Mapping[str, Any]]) -> Chunk:
        """Read what `to_plain` gives."""
        spans = []
        for span in plain:
            told = span["told"]
            if told is not None:
                told = Told(told["format"], told["encoding"], told["end"].encode())
            spans.append(Span(**{**span, "told": told}))
        return cls(number, tuple(spans))


def check_files(sources: Sequence[str]) -> None:
    """Raise FeedError where an input isn't a file, whose parts can be read again."""
    for source in sources:
        if not os.path.isfile(source):
            why = "is no file" if os.path.lexists(source) or source == "-" else "isn't there"
            raise FeedError(
                f"{source}: {why}; parts of a job read files: save what comes in as one, name it"
            )


def chunks_of(order: Order, sources: Sequence[str]) -> Iterator[Chunk]:
    """Cut files into chunks, small ones together; raises FeedError when one can't be read."""
    total = sum(os.path.getsize(source) for source in sources)
    size = min(MAX_CHUNK_BYTES, max(MIN_CHUNK_BYTES, total // CHUNKS))
    held: list[Span] = []
    number = 0
    for span in _spans(order, sources, size):
        if held and (sum(s.size for s in held) + span.size > 2 * size or len(held) == MAX_SPANS):
            yield Chunk(number, tuple(held))
            number, held = number + 1, []
        held.append(span)
        if sum(s.size for s in held) >= size:
            yield Chunk(number, tuple(held))
            number, held = number + 1, []
    if held:
        yield Chunk(number, tuple(held))


def _spans(order: Order, sources: Sequence[str], size: int) -> Iterator[Span]:
    for source in sources:
        reader = FeedReader(source, format=order.format, layout=order.layout)
        yield from spans_of(source, reader.told, size)
