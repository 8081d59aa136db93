"""What all commands share: exit codes, parsers and their options, notes, summaries."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

from headlines.errors import HeadlinesError, LockedError, short_message, shown

if TYPE_CHECKING:
    Verbs: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
    Run: TypeAlias = Callable[[argparse.Namespace], int]

DONE, FAULT, USAGE, REFUSED, LOCKED, ALARM, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
MODEL = (
    "champion or world, which are shipped, the number of a shipped version, a model file, a "
    "folder of versions (its champion is taken), or the folder of one version"
)
MAX_SEED = 2**32 - 1
"""What numpy and scikit-learn take."""

MIN_HEADLINES_TO_HINT, MIN_REFUSED_TO_HINT = 20, 0.5
"""Distinct English headlines, and the share of them above which another model is named."""

Number = TypeVar("Number", int, float)


def note(text: str) -> None:
    """Tell a person something, on stderr."""
    with contextlib.suppress(OSError):  # nobody listens: no reason to stop
        print(f"headlines: {short_message(text)}", file=sys.stderr)


def say(text: str = "") -> None:
    """Print a line for a person on standard output, harmlessly."""
    print(shown(text))


def say_json(value: Any, *, on_stderr: bool = False) -> None:
    """Print a line of JSON in which what a terminal would act on is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    print(text, file=sys.stderr if on_stderr else sys.stdout)


def name_other_model(headlines: int, refused: int, topics: Sequence[str]) -> None:
    """Name the model that has topics for any news, where the champion refused most of a feed."""
    if headlines < MIN_HEADLINES_TO_HINT or refused <= MIN_REFUSED_TO_HINT * headlines:
        return
    note(
        f"{refused} of {headlines} headlines are not news of the champion's topics "
        f"({', '.join(topics)}); for topics of any news: --model world"
    )


def outcome_of(error: BaseException) -> tuple[int, str]:
    """Give the exit code of what ended a command, and say what it was."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if isinstance(error, HeadlinesError):
        return LOCKED if isinstance(error, LockedError) else FAULT, str(error)
    return FAULT, repr(error)


# ---------------------------------------------------------------- parsers and their options


class Parser(argparse.ArgumentParser):
    """A parser whose errors are harmless and short, whatever was typed."""

    def error(self, message: str) -> NoReturn:
        """Leave with a message and exit code 2."""
        super().error(short_message(message))


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
    command.add_argument("--model", metavar="REF", help=f"{MODEL} (default: champion)")
    add_signature_option(command)


def add_signature_option(command: argparse.ArgumentParser) -> None:
    """Let a command refuse a model that isn't signed."""
    help = "a public key; refuse a model that it didn't sign (default: no signature is asked for)"
    command.add_argument("--require-signature", metavar="KEY", help=help)


def add_seed_option(command: argparse.ArgumentParser) -> None:
    """Let a command draw by another seed."""
    help = "of what is drawn by lot (default: 0)"
    command.add_argument("--seed", type=_seed, default=0, metavar="N", help=help)


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


def day(text: str) -> str:
    """Read a day, as dates of feeds are read; give it as YYYY-MM-DD."""
    from headlines.feeds.dates import day_of

    if found := day_of(text):
        return found.isoformat()
    raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2024-06-01")


def positive(text: str) -> float:
    """Read a number above 0."""
    return _number(float, text, lambda value: 0 < value < float("inf"), "a number above 0")


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    return _number(float, text, lambda value: 0 <= value <= 1, "a number from 0 to 1")


def error_share(text: str) -> float:
    """Read a number between 0 and 1."""
    return _number(float, text, lambda value: 0 < value < 1, "a number above 0 and below 1")


# ---------------------------------------------------------------- summaries


def print_summary(options: argparse.Namespace, summary: dict[str, Any]) -> None:
    """Print what a command found, as lines or, with ``--json``, as JSON."""
    if options.json:
        say_json(summary)
        return
    for key, value in summary.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items()) or "-"
        say(f"{key}: {value}")
