"""`headlines status`: the champion, how the last run ended, and what the next one waits for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headlines.cli import common

if TYPE_CHECKING:
    from datetime import datetime

    from headlines.cli.common import Verbs
    from headlines.retraining.status import Status


def add_parser(verbs: Verbs) -> None:
    """Add the command and its options."""
    command = common.add_command(
        verbs, "status", status, "Tell how a retrained model and its last run are.",
        "status --config retrain.toml",
        "status --registry models --json",
    )  # fmt: skip
    of = command.add_mutually_exclusive_group(required=True).add_argument
    help = "of `headlines retrain`; tells what is overdue too (default: none, name a registry)"
    of("--config", metavar="FILE", help=help)
    of("--registry", metavar="DIR", help="folder of versions (default: the configuration's)")


def status(options: argparse.Namespace) -> int:
    """Tell how a registry is; the exit code says whether a person has to look."""
    from headlines.persistence.registry import ModelRegistry
    from headlines.retraining.config import RetrainConfig
    from headlines.retraining.status import Status

    config = RetrainConfig.read(options.config) if options.config else None
    registry = ModelRegistry(config.registry if config else options.registry)
    found = Status.of(registry, config)
    if options.json:
        common.say_json(found.to_row())
    else:
        _tell(found)
    return common.ALARM if found.alarms else common.DONE


def _tell(found: Status) -> None:
    rows = [("champion", "none in " + str(found.registry))]
    if found.champion is not None:
        since = f", since {_shown(found.since)}" if found.since else ""
        rows = [("champion", f"version {found.champion}, model {found.model}{since}")]
        tested = "no labels were held out"
        if found.scores.get("n"):
            tested = f"{found.scores['accuracy']:.3f} right of {found.scores['n']} held-out labels"
        rows.append(("scores", f"{tested}; {found.scores['labels']} labels learned from"))
    if found.last is None:
        rows.append(("last run", "none is told of"))
    else:
        last = found.last
        rows.append(("last run", f"{_shown(last.time)}, {last.outcome}: {last.reason}"))
        if found.kept > 1:
            rows.append(("", f"{found.kept} runs in a row that didn't change the champion"))
        rows += [("waits for" if not i else "", text) for i, text in enumerate(found.waits_for)]
        for i, topic in enumerate(last.new_topics):
            told = f"{topic['name']} ({topic['headlines']} headlines)"
            rows.append(("new topics" if not i else "", told))
    if found.due is not None:
        rows.append(("next run", f"{_shown(found.due)}, if a schedule starts it"))
    rows += [("ALARM", alarm) for alarm in found.alarms] or [("all is well", "")]
    for name, text in rows:
        common.say(f"{name:<12}{text}".rstrip())


def _shown(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
