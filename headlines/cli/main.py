"""The command line: a table of commands, and errors to exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from headlines import __version__
from headlines.cli.common import DONE, FAULT, add_verbs, note, outcome_of
from headlines.errors import HeadlinesError

COMMANDS = {
    "label": "label",
    "cluster": "cluster",
    "topics": "cluster",
    "train": "train",
    "evaluate": "train",
    "distill": "train",
    "retrain": "retrain",
    "drift": "retrain",
    "models": "models",
}
"""Every command and the room of this wing that holds its options and what it does."""


def parser_of(command: str | None = None) -> argparse.ArgumentParser:
    """Give the parser of all commands, or of one alone: `label` starts without the rest."""
    parser = argparse.ArgumentParser(
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
    arguments = list(sys.argv[1:] if argv is None else argv)
    first = arguments[0] if arguments else "--help"
    parser = parser_of(first if first in COMMANDS else None)
    if first not in COMMANDS and (first == "-" or not first.startswith("-")):
        parser.error(_hint(first))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    options = parser.parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader went away, as `head` does
        _drop_output()
        return DONE
    except OSError as error:  # a full disk behind standard output: files' own errors are told
        _drop_output()
        note(f"error: {error.filename or 'standard output'}: {error.strerror}")
        return FAULT
    except (HeadlinesError, KeyboardInterrupt) as error:
        code, message = outcome_of(error)
        if getattr(options, "log_format", "text") == "json":
            import logging

            logging.getLogger("headlines").error("%s", message)
        else:
            note(f"error: {message}" if isinstance(error, HeadlinesError) else message)
        return code


def _hint(first: str) -> str:
    """Say what to type instead of a word that is no command."""
    from difflib import get_close_matches

    close = [] if os.path.exists(first) else get_close_matches(first, COMMANDS, n=1)
    told = (
        f"did you mean {close[0]!r}?" if close else f"to label a feed type: headlines label {first}"
    )
    return f"{first!r} is no command; {told} (the commands are {', '.join(COMMANDS)})"


def _drop_output() -> None:
    """Keep the interpreter's last flush from failing again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def entry() -> NoReturn:
    """Run as the installed command."""
    if hasattr(signal, "SIGTERM"):  # a stopped job leaves no half-written file either
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
