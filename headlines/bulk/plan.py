"""The plan of a job: what it asks, and the chunks of its inputs that are each labelled at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headlines import __version__
from headlines.errors import FeedError
from headlines.feeds.columns import Layout
from headlines.feeds.reader import FeedReader
from headlines.feeds.spans import Span, Told, spans_of
from headlines.labeling.panel import Question

CHUNK_BYTES = 4 << 20
"""Bytes of its inputs that a chunk has at least, where so many are left: some seconds of work."""

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
        Where the parts go; workers on other machines have to see it under the same name.
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
    layout: Layout = Layout()

    def described(self, sources: Sequence[str]) -> dict[str, Any]:
        """Tell as plain data what makes two jobs one: the inputs as they are by now, too."""
        said = asdict(self)
        del said["folder"]
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


def chunks_of(
    order: Order, sources: Sequence[str], size: int = CHUNK_BYTES
) -> Iterator[Chunk]:
    """Cut files into chunks, small ones together; raises FeedError when one can't be read."""
    held: list[Span] = []
    number = 0
    for span in _spans(order, sources, size):
        if held and (
            sum(s.size for s in held) + span.size > 2 * size or len(held) == MAX_SPANS
        ):
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
        if not os.path.isfile(source):
            why = "is no file" if os.path.lexists(source) else "can't be read (no such file)"
            raise FeedError(
                f"{source}: {why}; a job in parts reads files, each part in its turn: save what "
                "comes in as one, and name it"
            )
        reader = FeedReader(source, format=order.format, layout=order.layout)
        yield from spans_of(source, reader.told, size)
