"""What the commands that read feeds do: arguments to calls, results to rows; compute nothing."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from headlines.feeds.block import HeadlineBlock
from headlines.feeds.headline import Headline
from headlines.feeds.reader import FeedReader
from headlines.feeds.report import FeedReport, no_headlines
from headlines.files import replacing

if TYPE_CHECKING:
    pass

__all__ = [
    "DONE",
    "FAULT",
    "INTERRUPTED",
    "LOCKED",
    "REFUSED",
    "USAGE",
    "headlines_of",
    "note",
    "print_summary",
]

DONE, FAULT, USAGE, REFUSED, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 130


def note(text: str) -> None:
    """Tell a person something, on stderr."""
    print(f"headlines: {text}", file=sys.stderr)


@contextlib.contextmanager
def _reading(
    options: argparse.Namespace,
) -> Iterator[tuple[Iterator[HeadlineBlock], list[FeedReport]]]:
    """Give the headlines of all inputs; at the end, write what could not be read aside."""
    reports: list[FeedReport] = []

    def blocks() -> Iterator[HeadlineBlock]:
        reader = None
        for source in options.input:
            reader = FeedReader(
                source, format=options.input_format, column=options.column, after=reader
            )
            count = 0
            try:
                for block in reader.blocks():
                    count += len(block)
                    yield block
            finally:
                reports.append(reader.report)
            if not count:
                raise no_headlines(reader.report)

    try:
        yield blocks(), reports
    finally:
        _write_quarantine(options, reports)


def _write_quarantine(options: argparse.Namespace, reports: Sequence[FeedReport]) -> None:
    rows = [q for report in reports for q in report.quarantined]
    if not rows:
        return
    to_file = options.output not in (None, "-")
    path = f"{options.output}.quarantine.jsonl" if to_file else "headlines.quarantine.jsonl"
    path = options.quarantine or path
    with replacing(path) as file:
        for q in rows:
            row = {"source": q.source, "line": q.line, "reason": q.reason, "raw": q.raw}
            file.write((json.dumps(row) + "\n").encode())
    note(
        f"{len(rows)} row(s) could not be read and went to {path}; the first: {rows[0].source}, "
        f"line {rows[0].line}: {rows[0].reason}"
    )


def _summary(
    options: argparse.Namespace, summary: dict[str, Any], reports: Sequence[FeedReport]
) -> None:
    if options.json:
        summary["inputs"] = [
            {"source": r.source, "format": r.format, "encoding": r.encoding, "lines": dict(r.kinds)}
            for r in reports
        ]
        print(json.dumps(summary, ensure_ascii=False), file=sys.stderr)
        return
    for report in reports:
        note(str(report))


def _progress(blocks: Iterable[HeadlineBlock], unit: str) -> Iterator[HeadlineBlock]:
    """A progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield from blocks
        return
    from tqdm import tqdm

    with tqdm(unit=f" {unit}", file=sys.stderr, delay=1, leave=False) as bar:
        for block in blocks:
            yield block
            bar.update(len(block))


def headlines_of(paths: Sequence[str]) -> Iterator[Headline]:
    """Read several feeds and tell what became of their lines."""
    for path in paths:
        reader = FeedReader(path)
        yield from reader
        note(str(reader.report))


def print_summary(options: argparse.Namespace, summary: dict[str, Any]) -> None:
    """Print what a command found, as lines or, with ``--json``, as JSON."""
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
        return
    for key, value in summary.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items()) or "-"
        print(f"{key}: {value}")
