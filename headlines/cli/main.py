"""The command line: a table of commands, and errors to exit codes."""

from __future__ import annotations

import argparse
import errno
import io
import os
import shlex
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from headlines import __version__
from headlines.cli.common import DONE, FAULT, Parser, add_verbs, note, outcome_of
from headlines.errors import HeadlinesError

COMMANDS = {
    "label": "label",
    "cluster": "cluster",
    "topics": "cluster",
    "report": "report",
    "review": "review",
    "train": "train",
    "evaluate": "train",
    "distill": "train",
    "retrain": "retrain",
    "drift": "retrain",
    "status": "status",
    "models": "models",
    "embedders": "embedders",
    "feed": "feed",
}
"""Every command and the room of this wing that holds its options and what it does."""


def parser_of(command: str | None = None) -> argparse.ArgumentParser:
    """Give the parser of all commands, or of one alone: `label` starts without the rest."""
    parser = Parser(
        prog="headlines",
        description="Label and cluster news headlines by topic.",
        epilog="examples:\n"
        "  headlines label seeds/feed.txt\n"
        "  headlines cluster seeds/feed.txt --level story\n"
        "  headlines label --help\n\n"
        "exit codes: 0 done, 1 the data or the model is at fault, 2 the command is, 3 retrain "
        "kept\nthe champion, 4 another run holds the registry, 130 interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=__version__, help="print the version and leave"
    )
    verbs = add_verbs(parser, "COMMAND")
    for room in dict.fromkeys(COMMANDS.values() if command is None else [COMMANDS[command]]):
        import_module(f"headlines.cli.{room}").add_parser(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, by default of the process's arguments; give its exit code (`common`)."""
    _prepare_streams()
    options = argparse.Namespace()
    try:
        options = _parsed(list(sys.argv[1:] if argv is None else argv))
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader went away, as `head` does
        _drop_output()
        return DONE
    except OSError as error:  # a full disk behind standard output: files' own errors are told
        _drop_output()
        note(f"error: {error.filename or 'standard output'}: {error.strerror or error}")
        return FAULT
    except (HeadlinesError, KeyboardInterrupt) as error:
        code, message = outcome_of(error)
        if getattr(options, "log_format", "text") == "json":
            import logging

            logging.getLogger("headlines").error("%s", message)
        else:
            note(f"error: {message}" if isinstance(error, HeadlinesError) else message)
        return code


def _parsed(arguments: list[str]) -> argparse.Namespace:
    first = arguments[0] if arguments else "--help"
    parser = parser_of(first if first in COMMANDS else None)
    if first not in COMMANDS and (first == "-" or not first.startswith("-")):
        parser.error(_hint(first))
    return parser.parse_args(arguments)


def _prepare_streams() -> None:
    """Let standard streams take any text, and those that are closed fail when they are used."""
    for number in range(3):  # else the next file that is opened would be a standard stream
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed()))
    if sys.stderr is None:  # what would be printed there went to standard output
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (for good)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


class _Closed(io.RawIOBase):
    """Standard output where there is none."""

    def writable(self) -> bool:
        return True

    def write(self, _: object) -> NoReturn:
        raise OSError(errno.EBADF, "it is closed; name a file with --output, or open it")


def _hint(first: str) -> str:
    """Say what to type instead of a word that is no command."""
    from difflib import get_close_matches

    is_path = os.path.exists(first) or "." in first
    close = [] if is_path else get_close_matches(first, COMMANDS, n=1)
    told = f"to label a feed type: headlines label {shlex.quote(first)}"
    if close:
        told = f"did you mean {close[0]!r}?"
    return f"{first!r} is no command; {told} (the commands are {', '.join(COMMANDS)})"


def _drop_output() -> None:
    """Keep the interpreter's last flush from failing again."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, sys.stdout.fileno())
    except OSError:  # it was closed from the start
        sys.stdout = open(null, "w", encoding="utf-8")  # noqa: SIM115 (for good)
