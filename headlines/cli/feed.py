"""`headlines feed check`: what would be read from an input, before anything is labelled."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headlines.cli import common, inputs

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.feeds.headline import Headline
    from headlines.feeds.reader import FeedReader

FIRST_SHOWN = 5
CHANGED_SHOWN = 10

TAKEN_APART = ("section", "attribution", "publisher", "date", "language")
"""What a row of the table tells beside the headline and the text."""


def add_parser(verbs: Verbs) -> None:
    """Add the command and its options."""
    group = common.add_group(verbs, "feed", "Look at a feed before it is labelled.")
    command = common.add_command(
        group, "check", check, "Show what would be read from an input, and what would be left out.",
        "feed check seeds/feed.txt",
        "feed check export.csv --column 6 --no-header",
    )  # fmt: skip
    command.add_argument("input", nargs="+", metavar="INPUT", help=inputs.INPUT)
    inputs.add_reading_options(command)
    help = "rows to show, and twice as many of those that cleaning changes (default: 5)"
    command.add_argument("--rows", type=common.whole, default=FIRST_SHOWN, metavar="N", help=help)


@dataclass
class Sample:
    """Some rows of a feed, cleaned beside raw."""

    most: int
    first: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    copy: dict[str, Any] | None = None
    changes: int = 0
    columns: Counter[str] = field(default_factory=Counter)

    def add(self, raw: str, headline: Headline) -> None:
        """Look at one more row."""
        self.columns.update(headline.fields.keys())
        changed = not raw == headline.headline == headline.text
        self.changes += changed
        if len(self.first) < self.most:
            self.first.append(_row(raw, headline))
        elif changed and len(self.changed) < 2 * self.most:
            self.changed.append(_row(raw, headline))
        if headline.duplicate_of is not None and self.copy is None:
            self.copy = _row(raw, headline)


def _row(raw: str, headline: Headline) -> dict[str, Any]:
    said = {name: getattr(headline, name) for name in TAKEN_APART}
    told = {name: value for name, value in said.items() if value is not None}
    row = {"line": headline.line, "raw": raw, "headline": headline.headline}
    return row | {"text": headline.text} | told | {"fields": dict(headline.fields)}


def check(options: argparse.Namespace) -> int:
    """Show what would be read from each input."""
    found = []
    for reader in inputs.readers(options, inputs.sources_of(options)):
        sample = Sample(options.rows)
        for block in reader.blocks():
            for raw, headline in zip(block.published, block, strict=True):
                sample.add(raw, headline)
        found.append(_told(reader, sample))
        if not options.json:
            _show(found[-1])
    if options.json:
        common.say_json({"inputs": found})
    return common.DONE if all(told["headlines"] for told in found) else common.FAULT


def _told(reader: FeedReader, sample: Sample) -> dict[str, Any]:
    report = reader.report
    kinds = report.kinds
    return report.to_row() | {
        "headlines": kinds.get("headline", 0) + kinds.get("duplicate", 0),
        "carried": dict(sample.columns),
        "cleaned": sample.changes,
        "rows": sample.first,
        "cleaned_rows": sample.changed,
        "copy": sample.copy,
    }


def _show(told: dict[str, Any]) -> None:
    say = common.say
    counts = ", ".join(f"{count} {kind}" for kind, count in told["kinds"].items())
    say(f"{told['source']}: {told['lines']} lines: {counts or 'empty'}")
    for name in ("format", "encoding", "column", "delimiter"):
        if told.get(name) is not None:
            say(
                f"  {name:<10} {told[name]!r}"
                if name == "delimiter"
                else f"  {name:<10} {told[name]}"
            )
    for name in ("languages", "carried"):
        if told[name]:
            listed = ", ".join(f"{key} {count}" for key, count in told[name].items())
            _say_cut(f"  {name:<10} {listed}")
    for title, rows in (
        ("the first headlines", told["rows"]),
        (f"others of the {told['cleaned']} that were cleaned", told["cleaned_rows"]),
        ("a copy of an earlier headline", [told["copy"]] if told["copy"] else []),
    ):
        if rows:
            say(title)
        for row in rows:
            _show_row(row)
    kinds, examples = told["kinds"], told["left_out"]
    left_out = [(kinds[kind], kind, example) for kind, example in examples.items()]
    left_out += [(row["rows"], row["reason"], row["example"]) for row in told["unread"]]
    if left_out:
        say("left out, with an example each")
    for count, why, example in left_out:
        _say_cut(f"{count:>7}  {why}")
        if example:
            _say_cut(f"{'':>11}line {example['line']}: {example['raw']}")


def _show_row(row: dict[str, Any]) -> None:
    _say_cut(f"{row['line'] or '-':>7}  raw        {row['raw']}")
    if row["headline"] != row["raw"]:
        _say_cut(f"         headline   {row['headline']}")
    if row["text"] != row["headline"]:
        _say_cut(f"         text       {row['text']}")
    said = {name: row[name] for name in TAKEN_APART if name in row} | row["fields"]
    if said:
        listed = ", ".join(
            f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for name, value in said.items()
        )
        _say_cut(f"         fields     {listed}")


def _say_cut(line: str) -> None:
    from headlines.cli.terminal import cut, terminal_width

    common.say(cut(line, terminal_width()))
