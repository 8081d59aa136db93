"""What several commands share: exit codes, options, notes, reading of feeds, summaries."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from headlines.errors import HeadlinesError, LockedError

if TYPE_CHECKING:
    from headlines.feeds.block import HeadlineBlock
    from headlines.feeds.headline import Headline
    from headlines.feeds.report import FeedReport, Quarantined

    Verbs: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
    Run: TypeAlias = Callable[[argparse.Namespace], int]

DONE, FAULT, USAGE, REFUSED, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 130
MODEL = (
    "a model file, a folder of versions (its champion is taken), the folder of one version, or "
    "the number of a shipped version"
)
MAX_SEED = 2**32 - 1
"""What numpy and scikit-learn take."""

Number = TypeVar("Number", int, float)


def note(text: str) -> None:
    """Tell a person something, on stderr."""
    print(f"headlines: {text}", file=sys.stderr)


def outcome_of(error: BaseException) -> tuple[int, str]:
    """Give the exit code of what ended a command, and say what it was."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if isinstance(error, HeadlinesError):
        return LOCKED if isinstance(error, LockedError) else FAULT, str(error)
    return FAULT, repr(error)


# ---------------------------------------------------------------- parsers and their options


def add_command(
    verbs: Verbs, name: str, run: Run, help: str, *examples: str
) -> argparse.ArgumentParser:
    """Add a command with what every one has: examples, ``--json``, and what it does."""
    command = verbs.add_parser(
        name,
        help=help,
        description=help,
        epilog="\n  headlines ".join(("examples:", *examples)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--json", action="store_true", help="give the summary as JSON")
    command.set_defaults(run=run)
    return command


def add_group(verbs: Verbs, name: str, help: str) -> Verbs:
    """Add a word that commands stand behind."""
    return add_verbs(verbs.add_parser(name, help=help, description=help), "VERB")


def add_verbs(parser: argparse.ArgumentParser, metavar: str) -> Verbs:
    """Let a parser have commands; without one of them it shows its help."""

    def show_help(_: argparse.Namespace) -> int:
        parser.print_help()
        return DONE

    parser.set_defaults(run=show_help)
    return parser.add_subparsers(metavar=metavar, title="commands")


def add_model_option(command: argparse.ArgumentParser) -> None:
    """Let a command use a model other than the shipped one, and ask for its signature."""
    command.add_argument("--model", metavar="REF", help=f"{MODEL} (default: the shipped champion)")
    add_signature_option(command)


def add_signature_option(command: argparse.ArgumentParser) -> None:
    """Let a command refuse a model that isn't signed."""
    help = "a public key; refuse a model that it didn't sign (default: no signature is asked for)"
    command.add_argument("--require-signature", metavar="KEY", help=help)


def add_seed_option(command: argparse.ArgumentParser) -> None:
    """Let a command draw by another seed."""
    help = "of what is drawn by lot (default: 0)"
    command.add_argument("--seed", type=_seed, default=0, metavar="N", help=help)


def add_input_options(command: argparse.ArgumentParser) -> None:
    """Let a command read feeds and say what becomes of what can't be read."""
    from headlines.feeds.columns import HEADLINE_COLUMNS
    from headlines.feeds.formats import FORMATS

    add = command.add_argument
    add("input", nargs="+", metavar="INPUT", help="a file of headlines; - is standard input")
    add("--input-format", choices=FORMATS, help="of the inputs (default: told from each)")
    named = ", ".join(HEADLINE_COLUMNS)
    help = f"column or key of the headlines in the inputs (default: the first of {named})"
    add("--column", metavar="NAME", help=help)
    named = "OUTPUT.quarantine.jsonl or headlines.quarantine.jsonl"
    help = f"where rows go that can't be read (default: {named})"
    add("--quarantine", metavar="FILE", help=help)


def _number(
    kind: Callable[[str], Number], text: str, fits: Callable[[Number], bool], wanted: str
) -> Number:
    with contextlib.suppress(ValueError):
        if fits(kind(text)):
            return kind(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")


def whole(text: str) -> int:
    """Read a whole number from 1 on."""
    return _number(int, text, lambda value: value >= 1, "a whole number from 1 on")


def _seed(text: str) -> int:
    wanted = f"a whole number from 0 to {MAX_SEED}"
    return _number(int, text, lambda value: 0 <= value <= MAX_SEED, wanted)


def positive(text: str) -> float:
    """Read a number above 0."""
    return _number(float, text, lambda value: 0 < value < float("inf"), "a number above 0")


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    return _number(float, text, lambda value: 0 <= value <= 1, "a number from 0 to 1")


def error_share(text: str) -> float:
    """Read a number between 0 and 1."""
    return _number(float, text, lambda value: 0 < value < 1, "a number above 0 and below 1")


# ---------------------------------------------------------------- feeds


@contextlib.contextmanager
def reading(
    options: argparse.Namespace,
) -> Iterator[tuple[Iterator[HeadlineBlock], list[FeedReport]]]:
    """Give the headlines of all inputs; at the end, write what could not be read aside."""
    from headlines.feeds.columns import Layout
    from headlines.feeds.reader import FeedReader
    from headlines.feeds.report import no_headlines

    reports: list[FeedReport] = []
    rows: list[Quarantined] = []

    def blocks() -> Iterator[HeadlineBlock]:
        reader = None
        for source in options.input:
            reader = FeedReader(
                source,
                format=options.input_format,
                layout=Layout(column=options.column),
                after=reader,
                set_aside=rows.append,
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
        _write_quarantine(options, rows)


def _write_quarantine(options: argparse.Namespace, rows: Sequence[Quarantined]) -> None:
    from headlines.feeds.report import write_quarantine

    if not rows:
        return
    to_file = options.output not in (None, "-")
    path = f"{options.output}.quarantine.jsonl" if to_file else "headlines.quarantine.jsonl"
    path = options.quarantine or path
    write_quarantine(path, rows)
    note(
        f"{len(rows)} row(s) could not be read and went to {path}; the first: {rows[0].source}, "
        f"line {rows[0].line}: {rows[0].reason}"
    )


def progress(blocks: Iterable[HeadlineBlock]) -> Iterator[HeadlineBlock]:
    """Draw a progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield from blocks
        return
    from tqdm import tqdm

    with tqdm(unit=" headlines", file=sys.stderr, delay=1, leave=False) as bar:
        for block in blocks:
            yield block
            bar.update(len(block))


def headlines_of(paths: Sequence[str]) -> Iterator[Headline]:
    """Read several feeds and tell what became of their lines."""
    from headlines.feeds.reader import FeedReader

    for path in paths:
        reader = FeedReader(path)
        yield from reader
        note(str(reader.report))


# ---------------------------------------------------------------- summaries


def tell_feeds(
    options: argparse.Namespace, summary: dict[str, Any], reports: Sequence[FeedReport]
) -> None:
    """Say on stderr what became of every line; with ``--json``, what was found as well."""
    if options.json:
        summary["inputs"] = [
            {"source": r.source, "format": r.format, "encoding": r.encoding, "lines": dict(r.kinds)}
            for r in reports
        ]
        print(json.dumps(summary, ensure_ascii=False), file=sys.stderr)
        return
    for report in reports:
        note(str(report))


def print_summary(options: argparse.Namespace, summary: dict[str, Any]) -> None:
    """Print what a command found, as lines or, with ``--json``, as JSON."""
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
        return
    for key, value in summary.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items()) or "-"
        print(f"{key}: {value}")
