"""What became of every line of an input: the counts, and the rows that can't be read."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from headlines.display.table import html_table
from headlines.errors import FeedError, short
from headlines.feeds.columns import Layout
from headlines.files import replacing


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that could not be read, kept for a person to look at."""

    source: str
    line: int
    reason: str
    raw: str
    layout: Layout | None = None  # of the table that it is a row of

    def to_row(self) -> dict[str, Any]:
        """Give it as a row, which can be fed back in when `raw` is mended."""
        row = asdict(self)
        return row if self.layout else {k: v for k, v in row.items() if k != "layout"}


@dataclass(frozen=True)
class FeedReport:
    """What became of every line of an input.

    Attributes
    ----------
    source, format, encoding : str
        The input's name and how it was read.
    kinds : mapping of str to int
        Number of lines (rows of a JSON array) of each `LineKind`; they add up to `lines`.
    quarantined : tuple of Quarantined
        The rows that could not be read; of a stream, an example of each reason.
    reasons : mapping of str to int
        How many rows could not be read, for each reason.
    languages : mapping of str to int
        Headlines that aren't English or that the input says the language of, by its code.
    left_out : mapping of str to (int, str)
        The first line of each kind that holds no headline, with its number.
    page : mapping of int to str
        For a web page's text the kind of every line by its number; empty for other formats.
    layout : Layout
        How a table was read: the column of headlines, the delimiter, whether it has a header.

    Examples
    --------
    >>> from headlines import read_feed
    >>> report = read_feed(["Floods Hit Siberia", "", "floods hit Siberia"]).report
    >>> print(report)
    <stream>: 3 lines (text, utf-8): 1 headline, 1 duplicate, 1 blank
    >>> report.kinds["duplicate"]
    1
    """

    source: str
    format: str
    encoding: str
    kinds: Mapping[str, int]
    quarantined: tuple[Quarantined, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    page: Mapping[int, str] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)

    @property
    def lines(self) -> int:
        """Number of lines that the input had."""
        return sum(self.kinds.values())

    def to_row(self) -> dict[str, Any]:
        """Give the report as plain data, with an example of all that was left out."""
        examples = {row.reason: _example(row.line, row.raw) for row in self.quarantined}
        return {
            "source": self.source,
            "format": self.format,
            "encoding": self.encoding,
            "column": self.layout.column,
            "delimiter": self.layout.delimiter,
            "header": self.layout.header,
            "lines": self.lines,
            "kinds": {kind: count for kind, count in self.kinds.items() if count},
            "languages": dict(self.languages),
            "left_out": {kind: _example(*row) for kind, row in self.left_out.items()},
            "unread": [
                {"reason": reason, "rows": count, "example": examples.get(reason)}
                for reason, count in self.reasons.items()
            ],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> FeedReport:
        """Read what `dataclasses.asdict` gives of one, after a way through JSON too."""
        rows = [{**row, "layout": _layout(row["layout"])} for row in plain["quarantined"]]
        left_out = {kind: (line, raw) for kind, (line, raw) in plain["left_out"].items()}
        told = {
            "quarantined": tuple(Quarantined(**row) for row in rows),
            "left_out": left_out,
            "page": {int(line): kind for line, kind in plain["page"].items()},
            "layout": _layout(plain["layout"]),
        }
        return cls(**{**plain, **told})

    def __str__(self) -> str:
        parts = ", ".join(f"{count} {kind}" for kind, count in self.kinds.items() if count)
        others = ", ".join(f"{short(code, 40)} {n}" for code, n in self._languages_shown())
        others = f"; other languages: {others}" if others else ""
        return f"{self._how_read()}: {parts or 'empty'}{others}"

    def _how_read(self) -> str:
        how = f"{self.format}, {self.encoding}"
        if self.layout.column is not None:
            how += f", column {short(self.layout.column, 40)!r}"
        if self.layout.delimiter not in (None, ",", "\t"):
            how += f", delimiter {self.layout.delimiter!r}"
        if self.layout.header is False:
            how += ", no header"
        return f"{self.source}: {self.lines} lines ({how})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        kinds = [
            (kind, count, *self.left_out.get(kind, (None, None)))
            for kind, count in self.kinds.items()
            if count and kind != "quarantined"
        ]
        examples = {row.reason: (row.line, row.raw) for row in self.quarantined}
        unread = [
            (f"not read: {reason}", count, *examples.get(reason, (None, None)))
            for reason, count in self.reasons.items()
        ]
        spoken = [(f"language: {code}", n, None, None) for code, n in self._languages_shown()]
        head = ["what", "lines", "line of an example", "example"]
        return html_table(head, [*kinds, *unread, *spoken], self._how_read())

    def _languages_shown(self) -> Iterator[tuple[str, int]]:
        """Give the languages other than English, those of most headlines first."""
        counts = Counter({c: n for c, n in self.languages.items() if not _is_english(c)})
        yield from counts.most_common(MAX_LANGUAGES)
        if further := sum(n for _, n in counts.most_common()[MAX_LANGUAGES:]):
            yield "others", further


def _layout(plain: Mapping[str, Any] | None) -> Any:
    return plain and Layout(**{**plain, "columns": tuple(plain["columns"])})


def joined(source: str, reports: Sequence[FeedReport]) -> FeedReport:
    """Give one report on what came from several parts of an input, as the members of an archive."""
    if len(reports) == 1:
        return reports[0]

    def added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
        total: Counter[str] = Counter()
        for some in counts:
            total.update(some)
        return dict(total)

    examples: dict[str, Quarantined] = {}
    for row in (row for report in reports for row in report.quarantined):
        examples.setdefault(row.reason, row)
    return FeedReport(
        source=source,
        format=" and ".join(sorted({report.format for report in reports})),
        encoding=" and ".join(sorted({report.encoding for report in reports})),
        kinds=added(report.kinds for report in reports),
        quarantined=tuple(examples.values()),
        reasons=added(report.reasons for report in reports),
        languages=dict(sorted(added(report.languages for report in reports).items())),
        left_out={k: row for report in reversed(reports) for k, row in report.left_out.items()},
    )


def _is_english(language: str) -> bool:
    """Say whether an input's word for a language is one for English."""
    return re.split("[-_]", language.strip().casefold())[0] in ("en", "eng", "english")


MAX_LANGUAGES = 8
"""Languages that the line on an input names; `to_row` has them all."""


def _example(line: int, raw: str) -> dict[str, object]:
    return {"line": line, "raw": raw[:MAX_EXAMPLE]}


MAX_EXAMPLE = 500
"""Characters of an example in a report; the quarantine has the whole row."""


def no_headlines(report: FeedReport) -> FeedError:
    """Say of an input that nothing in it was a headline, and what was there instead."""
    bad = report.quarantined
    why = f"; line {bad[0].line}: {bad[0].reason}" if bad else ""
    return FeedError(
        f"no headlines in {report}{why}; give a file with headlines, or the format text "
        "(--input-format text) to take every line as one"
    )


def write_quarantine(path: str | Path, rows: Iterable[Quarantined]) -> None:
    """Keep rows that could not be read, as lines of JSON, for a person to look at."""
    with replacing(path) as file:
        for row in rows:
            file.write((json.dumps(row.to_row()) + "\n").encode())
