"""`headlines review`: the desk where a person corrects the machine."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.cli import common, inputs, progress
from headlines.errors import ConfigError, FeedError, MissingExtraError

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.feeds.headline import Headline
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.retraining.config import RetrainConfig
    from headlines.review.desk import Desk
    from headlines.review.outcome import Outcome

MAX_CHANGES_TOLD = 20


def add_parser(verbs: Verbs) -> None:
    """Add the command and its options."""
    command = common.add_command(
        verbs, "review", review, "Correct the machine: a page that asks what teaches most.",
        "review today.txt --corrections corrections.csv",
        "review today.txt --config retrain.toml",
        "review today.txt --config retrain.toml --terminal --retrain yes",
    )  # fmt: skip
    command.add_argument("feed", nargs="+", metavar="FEED", help=inputs.INPUT)
    inputs.add_reading_options(command)
    add = command.add_argument
    help = "CSV that answers are appended to; made where it is missing"
    add("--corrections", metavar="FILE", help=f"{help} (default: the configuration's first)")
    help = "of `headlines retrain`: its champion, topics, labels, corrections (default: none)"
    add("--config", metavar="FILE", help=help)
    help = "the topics file that answers choose from (default: the configuration's, or the model's)"
    add("--topics", metavar="FILE", help=help)
    help = "with --config, train anew at the end; ask does so on a terminal alone (default: ask)"
    add("--retrain", choices=("ask", "yes", "no"), default="ask", help=help)
    help = "let that make the registry's first champion; said where there is none yet"
    add("--first-run", action="store_true", help=help)
    help = "write the file of corrections anew where it lacks the columns that an undo needs"
    add("--add-columns", action="store_true", help=help)
    add("--terminal", action="store_true", help="ask here, in lines, and serve no page")
    help = "of the page, on this machine alone (default: a free one)"
    add("--port", type=_port, metavar="N", help=help)
    help = "don't open the page in a browser, as is done where standard error is a terminal"
    add("--no-open", action="store_true", help=help)
    common.add_seed_option(command)
    common.add_model_option(command)


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 65535")


def review(options: argparse.Namespace) -> int:
    """Ask a person about a feed's headlines, and keep the answers."""
    if not options.terminal:
        from headlines.errors import require

        require("starlette", "review")
        require("uvicorn", "review")
    config = _config(options)
    labeler = _labeler(options, config)
    headlines, desk = _desk(options, config, labeler)
    if options.terminal:
        from headlines.review.terminal import review as ask

        ask(desk)
    else:
        _serve(options, desk)
    if not options.json:  # first of all: a retraining may fail
        _tell_answers(desk)
    answers = desk.progress().answers
    outcome = None
    if config is not None and answers and _wanted(options, answers):
        from headlines.review.outcome import retrained

        with progress.stages("headlines"):
            outcome = retrained(config, labeler, headlines, first_run=options.first_run)
    if options.json:
        common.say_json(_summary(desk, outcome))
    elif outcome is not None:
        _tell_outcome(outcome)
    kept = outcome is not None and outcome.result.outcome == "refused"
    return common.REFUSED if kept else common.DONE


# ---------------------------------------------------------------- what is read


def _config(options: argparse.Namespace) -> RetrainConfig | None:
    if options.config is None:
        if options.corrections is None:
            raise ConfigError(
                "answers are kept in a file: name it with --corrections, or a configuration of "
                "`headlines retrain` with --config"
            )
        return None
    from headlines.files import is_same
    from headlines.retraining.config import RetrainConfig

    config = RetrainConfig.read(options.config)
    if not config.corrections:
        raise ConfigError(
            f"{options.config}: corrections: names no file that answers could be kept in; add "
            'corrections = ["corrections.csv"] to it'
        )
    path = options.corrections
    if path and not any(is_same(path, other) for other in config.corrections):
        raise ConfigError(
            f"{path}: isn't read by {options.config}; add it to its corrections, or leave out "
            "--corrections"
        )
    if options.topics:
        raise ConfigError(
            f"{options.topics}: {options.config} names the topics; leave out --topics"
        )
    return config


def _labeler(options: argparse.Namespace, config: RetrainConfig | None) -> HeadlineLabeler:
    """Load the model whose answers are corrected: the registry's champion where there is one."""
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.persistence.registry import ModelRegistry

    registry, key = None, options.require_signature
    if config is not None and (options.first_run or options.retrain == "yes"):
        from headlines.retraining.job import check_first_run

        check_first_run(ModelRegistry(config.registry), options.first_run)  # before the work
    if config is not None and options.model is None:
        if ModelRegistry(config.registry).champion_or_none() is not None:
            registry, key = config.registry, key or config.require_signature
        else:
            first = "" if options.first_run else "; to retrain at the end, add --first-run"
            common.note(
                f"{config.registry}: has no champion yet; the shipped model is asked{first}"
            )
    return HeadlineLabeler.load(options.model, registry=registry, require_signature=key)


def _desk(
    options: argparse.Namespace, config: RetrainConfig | None, labeler: HeadlineLabeler
) -> tuple[list[Headline], Desk]:
    from headlines.review.desk import Desk
    from headlines.review.ledger import Ledger
    from headlines.topics.labels import read_labels
    from headlines.topics.taxonomy import Taxonomy

    topics_file = config.topics if config else options.topics and Path(options.topics)
    topics, was = labeler.topics, {}
    if config or topics_file:
        taxonomy = Taxonomy.load(topics_file)
        topics, was = taxonomy.names, taxonomy.was
    path = options.corrections or (config.corrections[0] if config else "")
    ledger = Ledger(path, topics, was=was, add_columns=options.add_columns)
    headlines = list(inputs.headlines_of(options, options.feed))
    if not headlines:
        raise FeedError(f"{', '.join(options.feed)}: no headlines; name a feed that has some")
    with progress.stages("headlines"):
        try:
            clusters = labeler.cluster(headlines, level="story", random_state=options.seed)
        except MissingExtraError as error:  # a review does without
            common.note(f"no stories are shown: {error}")
            clusters = None
        desk = Desk(
            labeler,
            headlines,
            ledger,
            labels=read_labels(config.labels if config else [], topics, headlines, was=was),
            clusters=clusters,
            topics_file=topics_file or None,
            random_state=options.seed,
        )
    return headlines, desk


# ---------------------------------------------------------------- what is asked


def _serve(options: argparse.Namespace, desk: Desk) -> None:
    """Serve the page until it is done with, and say where it is."""
    from headlines.review.server import DeskServer

    server = DeskServer(desk, options.port or 0)

    def ready() -> None:
        common.note(f"open {server.url} (Ctrl-C ends it)")
        if sys.stderr.isatty() and not options.no_open:
            import webbrowser

            webbrowser.open(server.url)

    with contextlib.suppress(KeyboardInterrupt):
        server.run(ready)


def _wanted(options: argparse.Namespace, answers: int) -> bool:
    """Ask whether to train anew, where there is somebody to ask."""
    if options.retrain != "ask" or not sys.stdin.isatty():
        return bool(options.retrain == "yes")
    told = f"{answers} correction{'s' * (answers != 1)}"
    print(f"{told}; retrain now? [y/N] ", end="", file=sys.stderr, flush=True)
    with contextlib.suppress(EOFError):
        return input().strip().casefold() in ("y", "yes")
    return False


# ---------------------------------------------------------------- what came of it


def _tell_answers(desk: Desk) -> None:
    now = desk.progress()
    agreed = f"; the machine agreed with {now.agreed} of {now.compared}" if now.compared else ""
    common.note(
        f"{desk.ledger.path}: {now.answers} answer{'s' * (now.answers != 1)} ({now.undone} undone, "
        f"{now.skipped} skipped){agreed}"
    )


def _summary(desk: Desk, outcome: Outcome | None) -> dict[str, Any]:
    now = desk.progress()
    summary: dict[str, Any] = {
        "answers": now.answers,
        "undone": now.undone,
        "skipped": now.skipped,
        "agreed": now.agreed,
        "compared": now.compared,
        "agreement": now.agreement,
        "new_topics": desk.new_topics,
        "corrections": str(desk.ledger.path),
    }
    if outcome is not None:
        summary["retrain"] = outcome.to_row()
    return summary


def _tell_outcome(outcome: Outcome) -> None:
    result = outcome.result
    if result.version is None:
        common.say(f"{result.outcome}: {result.decision.reason}")
        return
    common.say(f"version {result.version}: {result.outcome}: {result.decision.reason}")
    for check in result.decision.checks:
        common.say(f"  {check.verdict:<10} {check.name}: {check.detail}")
    does = "changes" if result.outcome == "promoted" else "would have changed"
    common.say(f"it {does} the topic of {len(outcome.changes)} of {outcome.headlines} headlines")
    for change in outcome.changes[:MAX_CHANGES_TOLD]:
        common.say(f"  {change.before or '-'} -> {change.after or '-'}: {change.headline}")
    if len(outcome.changes) > MAX_CHANGES_TOLD:
        common.say(f"  and {len(outcome.changes) - MAX_CHANGES_TOLD} more")
