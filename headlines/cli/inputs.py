"""Reading feeds for a command: its options, what is refused, and the account at the end."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Self, TypeAlias

from headlines.cli import progress
from headlines.cli.common import day, note, say_json, whole
from headlines.errors import FeedError, OutputError, short
from headlines.files import folder_of, is_same, is_stdout, is_stream, replacing, target_of

if TYPE_CHECKING:
    from headlines.feeds.block import HeadlineBlock
    from headlines.feeds.columns import Layout
    from headlines.feeds.headline import Headline
    from headlines.feeds.reader import FeedReader
    from headlines.feeds.report import FeedReport, Quarantined

Source: TypeAlias = str | IO[bytes]

DELIMITERS: Mapping[str, str] = {
    "tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ",
}  # fmt: skip

INPUT = "a file of headlines, a folder or a pattern of them; - is standard input"

MAX_INPUTS_TOLD = 5
"""Inputs that are told of one by one."""

MAX_REASONS_TOLD = 3

# ---------------------------------------------------------------- options


def add_reading_options(command: argparse.ArgumentParser) -> None:
    """Let a command be told how its feeds are laid out."""
    from headlines.feeds.columns import HEADLINE_COLUMNS
    from headlines.feeds.formats import FORMATS

    add = command.add_argument
    add("--input-format", choices=FORMATS, help="of the inputs (default: told from each)")
    named = ", ".join(HEADLINE_COLUMNS[:3])
    help = (
        "column of the headlines: its name, its number from 1, or keys of JSON joined by dots "
        f"(default: {named} and the like)"
    )
    add("--column", "--field", metavar="NAME", help=help)
    help = "between the cells of a table: a sign, or tab (default: told from each)"
    add("--delimiter", type=_delimiter, metavar="SIGN", help=help)
    help = "a table's first row names its columns, or doesn't; else told from each"
    add("--header", action=argparse.BooleanOptionalAction, help=help)
    help = "ask the addresses among the inputs for their feeds (http:// and https://)"
    add("--fetch", action="store_true", help=help)


def add_input_options(command: argparse.ArgumentParser) -> None:
    """Let a command read feeds and say what becomes of what can't be read."""
    add = command.add_argument
    add("input", nargs="+", metavar="INPUT", help=INPUT)
    add_reading_options(command)
    named = "OUTPUT.quarantine.jsonl or headlines.quarantine.jsonl"
    help = f"where rows go that can't be read (default: {named})"
    add("--quarantine", metavar="FILE", help=help)
    help = "what became of every line of the inputs, as JSON (default: none)"
    add("--report", metavar="FILE", help=help)


def add_past_options(command: argparse.ArgumentParser, previous: str) -> None:
    """Let a command go on from earlier days; `previous` says what it may be given of one."""
    past = command.add_mutually_exclusive_group()
    past.add_argument("--previous", metavar="FILE", help=f"{previous} (default: none)")
    help = "keeps headlines of earlier days, whose stories today's join; made where it is missing"
    past.add_argument("--memory", metavar="FILE", help=f"{help} (default: none)")
    add = command.add_argument
    help = "after which the memory drops a headline that wasn't seen again (default: 30)"
    add("--remember-days", type=whole, default=30, metavar="N", help=help)
    help = "YYYY-MM-DD, for the memory (default: the feed's latest date, or today)"
    add("--day", type=day, metavar="DAY", help=help)
    help = "TOML: [[rename]] cluster, name; [[merge]] clusters; [[split]] cluster, headlines"
    add("--edits", metavar="FILE", help=f"{help} (default: none)")


def _delimiter(text: str) -> str:
    sign = DELIMITERS.get(text, text)
    if len(sign) != 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not one sign, or tab")
    return sign


# ---------------------------------------------------------------- reading


def readers(
    options: argparse.Namespace, sources: Sequence[Source], **more: Any
) -> Iterator[FeedReader]:
    """Give a reader for each source, laid out as the options say; copies are marked across them."""
    from headlines.feeds.account import SeenIds
    from headlines.feeds.reader import FeedReader
    from headlines.feeds.sources import is_url

    seen = SeenIds()
    for source in sources:
        if source == "-" and sys.stdin is None:
            raise FeedError("-: standard input is closed; open it, or name a file")
        if is_url(source):
            source = _fetched(options, str(source))
        yield FeedReader(
            source, format=options.input_format, layout=layout_of(options), seen=seen, **more
        )


def layout_of(options: argparse.Namespace) -> Layout:
    """Give how the inputs are laid out, as far as the options say so."""
    from headlines.feeds.columns import Layout

    return Layout(column=options.column, delimiter=options.delimiter, header=options.header)


def sources_of(options: argparse.Namespace) -> list[Source]:
    """Give what a command's inputs name: files, those of folders, standard input, one headline."""
    from headlines.feeds.sources import expanded

    found: list[Source] = []
    for given in options.input:
        one = _one_headline(given)
        named = [one] if one else expanded([given], note)
        found += [source for source in named if source == "-" or source not in found]
    return found


def _fetched(options: argparse.Namespace, url: str) -> IO[bytes]:
    if not options.fetch:
        raise FeedError(f"{short(url)}: is asked for nothing unless you say so; add --fetch")
    from headlines.feeds.fetching import fetched

    return fetched(url)


@contextlib.contextmanager
def accounting(
    options: argparse.Namespace, sources: Sequence[Source], *, into_folder: bool = False
) -> Iterator[tuple[Quarantine, list[FeedReport]]]:
    """Give where rows go that can't be read, and a list for the reports: both told of at the end.

    `into_folder` tells that the output is one. Raises HeadlinesError, before anything is read,
    when a file would be written over another.
    """
    quarantine = Quarantine(_quarantine_path(options, sources))
    _refuse_clashes(options, sources, quarantine.path, into_folder=into_folder)
    reports: list[FeedReport] = []
    with quarantine:
        try:
            yield quarantine, reports
        except Exception:
            _account(options, reports, quarantine)
            raise
        _account(options, reports, quarantine)


@contextlib.contextmanager
def reading(
    options: argparse.Namespace, **more: Any
) -> Iterator[tuple[Iterator[HeadlineBlock], list[FeedReport]]]:
    """Give the headlines of all inputs; what can't be read is set aside in a file as it comes.

    Raises HeadlinesError, before anything is read, when a file would be written over another.
    """
    sources = sources_of(options)
    with (
        accounting(options, sources) as (quarantine, reports),
        # Closed here: an interrupt may come while rows are written, and what was read is told of.
        contextlib.closing(_blocks(options, sources, quarantine, reports, more)) as blocks,
    ):
        yield blocks, reports


def _blocks(
    options: argparse.Namespace,
    sources: Sequence[Source],
    quarantine: Quarantine,
    reports: list[FeedReport],
    more: Mapping[str, Any],
) -> Generator[HeadlineBlock]:
    from headlines.feeds.report import no_headlines

    with progress.bar(0 if more.get("follow") else _size_of(sources)) as watch:
        for reader in readers(options, sources, set_aside=quarantine.add, **more):
            count = done = 0
            try:
                for block in reader.blocks():
                    if not count:
                        refuse_unused(options, reader.report)
                    count += len(block)
                    yield block
                    watch(reader.taken - done, len(block))
                    done = reader.taken
            finally:
                reports.append(reader.report)
            if not count:
                raise no_headlines(reader.report)


def refuse_empty(report: FeedReport) -> None:
    """Refuse an input in which no line is a headline."""
    from headlines.feeds.report import no_headlines

    if not report.kinds["headline"] + report.kinds["duplicate"]:
        raise no_headlines(report)


def refuse_unused(options: argparse.Namespace, report: FeedReport) -> None:
    """Refuse to take every line of a plain text for a headline where a column is named."""
    if report.format not in ("text", "page") or report.source == _Argument.name:
        return
    for option, value in (("--column", options.column), ("--delimiter", options.delimiter)):
        if value is not None:
            raise FeedError(
                f"{report.source}: is plain text, and {option} {value!r} is for tables and JSON; "
                "leave it out, or name the format with --input-format"
            )


def headlines_of(options: argparse.Namespace, paths: Sequence[str]) -> Iterator[Headline]:
    """Read several feeds and tell what became of their lines."""
    reports = []
    from headlines.feeds.sources import expanded

    for reader in readers(options, expanded(paths, note)):
        for number, headline in enumerate(reader):
            if not number:
                refuse_unused(options, reader.report)
            yield headline
        reports.append(reader.report)
    _tell(reports)


PATH_LIKE = re.compile(
    r"""^(?: [/~] | \.{1,2}/ | [A-Za-z]:\\ | \w+:// )
    | \.(?: txt | text | md | log | csv | tsv | tab | jsonl? | ndjson | xml | rss | atom | rdf
      | opml | html? | xlsx? | parquet | pq | arrow | feather | gz | bz2 | xz | zst | zip )$""",
    re.VERBOSE | re.IGNORECASE,
)


def _one_headline(argument: str) -> IO[bytes] | None:
    """Give an argument as an input of its own, where it is a headline and not a file's name."""
    if " " not in argument.strip() or PATH_LIKE.search(argument):
        return None
    with contextlib.suppress(OSError, ValueError):
        os.lstat(argument)
        return None
    if any(sign in argument for sign in "/\\") and os.path.isdir(os.path.dirname(argument)):
        return None
    note(f"{short(argument, 60)!r}: no file of that name: read as a headline")
    return _Argument(argument.encode("utf-8", "replace"))


class _Argument(io.BytesIO):
    name = "headline"


def _refuse_clashes(
    options: argparse.Namespace, sources: Sequence[Source], quarantine: str, *, into_folder: bool
) -> None:
    """Refuse to write over what is read, or two things into one file."""
    taken = [("an input", source) for source in sources if isinstance(source, str)]
    if options.output in (None, "-"):
        for _, source in taken:
            if is_stdout(source):
                raise OutputError(f"{source}: is what standard output goes to; name another file")
    for option in ("model", "edits", "memory", "history"):
        given = getattr(options, option, None) or []
        taken += [(f"--{option}", path) for path in ([given] if isinstance(given, str) else given)]
    for option, path in (
        ("--output", options.output),
        ("--quarantine", quarantine),
        ("--report", options.report),
        ("--copies", getattr(options, "copies", None)),
    ):
        if path is not None and path != "-":
            refuse_clash(option, path, taken)
            (folder_of if into_folder and option == "--output" else target_of)(path)
            taken.append((option, path))


def refuse_clash(option: str, path: str, taken: Iterable[tuple[str, str]]) -> None:
    """Refuse to write to a path that is taken: what by, and its path."""
    for what, other in taken:
        if is_same(path, other):
            raise OutputError(f"{path}: is {what} too; name another file with {option}")


def _size_of(sources: Sequence[Source]) -> int:
    """Give the bytes of all sources, 0 where one's aren't known."""
    sizes = [os.path.getsize(s) if isinstance(s, str) and os.path.isfile(s) else 0 for s in sources]
    return sum(sizes) if all(sizes) else 0


# ---------------------------------------------------------------- what can't be read


class Quarantine:
    """A file of the rows that can't be read, written as they come; none where there are none."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.rows = 0
        self._stack = contextlib.ExitStack()
        self._file: IO[bytes] | None = None

    def add(self, row: Quarantined) -> None:
        """Keep a row for a person to look at."""
        self.add_line((json.dumps(row.to_row()) + "\n").encode())

    def add_line(self, line: bytes) -> None:
        """Keep a row that is written as JSON already."""
        if self._file is None:
            self._file = self._stack.enter_context(replacing(self.path))
        self._file.write(line)
        self.rows += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: Any
    ) -> None:
        if kind is None or issubclass(kind, Exception):  # a run that fails tells of its rows too
            self._stack.close()
        else:
            self._stack.__exit__(kind, error, at)
        if kind is None and not self.rows:
            self._remove_stale()

    def _remove_stale(self) -> None:
        """Let no file of an earlier run stand beside this one's rows as if it were theirs."""
        with contextlib.suppress(OSError, ValueError):
            if is_stream(self.path):
                return
            with open(self.path, "rb") as file:
                first = json.loads(file.readline(1 << 20))
            if isinstance(first, dict) and list(first)[:4] == ["source", "line", "reason", "raw"]:
                os.unlink(self.path)
                note(f"{self.path}: removed; it was an earlier run's, and this one read every row")


def _quarantine_path(options: argparse.Namespace, sources: Sequence[Source]) -> str:
    if options.quarantine:
        return str(options.quarantine)
    stem = "headlines"
    if options.output not in (None, "-") and not is_stream(options.output):
        stem = options.output.rstrip("/") or stem
    # Rows that were set aside may come back as an input: theirs is another file.
    path = f"{stem}.quarantine.jsonl"
    while any(isinstance(source, str) and is_same(path, source) for source in sources):
        path = f"{path.removesuffix('.jsonl')}.quarantine.jsonl"
    return path


# ---------------------------------------------------------------- the account


def _account(
    options: argparse.Namespace, reports: Sequence[FeedReport], quarantine: Quarantine
) -> None:
    """Tell of the rows set aside, and write the report."""
    if quarantine.rows:
        told = "; ".join(_reasons(reports))
        note(f"{quarantine.rows} row(s) could not be read and went to {quarantine.path}: {told}")
    if options.report:
        rows = [report.to_row() for report in reports]
        path = quarantine.path if quarantine.rows else None
        with replacing(options.report) as file:
            told = json.dumps({"inputs": rows, "quarantine": path}, indent=1)
            file.write((told + "\n").encode())


def _reasons(reports: Sequence[FeedReport]) -> Iterator[str]:
    """Say why rows can't be read, the most frequent reason first, with an example each."""
    counts: Counter[str] = Counter()
    examples: dict[str, Quarantined] = {}
    for report in reports:
        counts.update(report.reasons)
        for row in report.quarantined:
            examples.setdefault(row.reason, row)
    for reason, number in counts.most_common(MAX_REASONS_TOLD):
        first = examples.get(reason)
        where = f" ({short(first.source, 60)}, line {first.line})" if first else ""
        yield f"{number} {short(reason, 90)}{where}"
    if len(counts) > MAX_REASONS_TOLD:
        yield f"and {len(counts) - MAX_REASONS_TOLD} other reasons"


def tell_feeds(
    options: argparse.Namespace, summary: dict[str, Any], reports: Sequence[FeedReport]
) -> None:
    """Say on stderr what became of every line; with ``--json``, what was found as well."""
    if not options.json:
        _tell(reports)
        return
    summary["inputs"] = [
        {"source": r.source, "format": r.format, "encoding": r.encoding, "lines": dict(r.kinds)}
        for r in reports
    ]
    say_json(summary, on_stderr=True)


def _tell(reports: Sequence[FeedReport]) -> None:
    if len(reports) <= MAX_INPUTS_TOLD:
        for report in reports:
            note(str(report))
        return
    kinds: Counter[str] = Counter()
    for report in reports:
        kinds.update(report.kinds)
    parts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    note(f"{len(reports)} inputs, {kinds.total()} lines: {parts}")
