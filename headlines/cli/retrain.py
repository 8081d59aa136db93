"""`headlines retrain` and `headlines drift`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from headlines.cli import common, inputs, progress
from headlines.errors import ConfigError, FeedError, MissingExtraError, OutputError

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.retraining.config import RetrainConfig
    from headlines.retraining.drift import Drift
    from headlines.retraining.gate import Check
    from headlines.retraining.job import RetrainResult

TERMS = """\
topics      share of the headlines that need another topic for topics to be as frequent as before
space       how far apart the words of both lie as vectors, from 0 (alike) to 1
confidence  how far apart its probabilities for both lie, from 0 (it is as sure as it was) to 1
p           how often chance alone shows as much; above the limit with p below {p} is an alarm"""
"""What the figures of `drift` are."""


def add_parser(verbs: Verbs) -> None:
    """Add the commands and their options."""
    from headlines.retraining.schedules import SCHEDULERS

    command = common.add_command(
        verbs, "retrain", retrain, "Train anew; promote what isn't worse.",
        "retrain --config retrain.toml --init",
        "retrain --config retrain.toml --first-run",
        "retrain --config retrain.toml --print-schedule cron",
    )  # fmt: skip
    add = command.add_argument
    add("--config", required=True, metavar="FILE", help="TOML: what to read, how to decide")
    help = "make the first champion, which no gate compares; said where there is none yet"
    add("--first-run", action="store_true", help=help)
    does = command.add_mutually_exclusive_group().add_argument
    does("--dry-run", action="store_true", help="decide, but write nothing")
    does("--init", action="store_true", help="write a commented configuration")
    help = "print a file that makes it run each day (default: retrain now)"
    does("--print-schedule", choices=SCHEDULERS, help=help)
    help = "is told how the run went, URL/fail if badly (default: nothing is told)"
    add("--healthcheck", metavar="URL|FILE", help=help)
    add("--metrics", metavar="FILE", help="figures of the run for Prometheus (default: none)")
    help = "of the log on standard error (default: text)"
    add("--log-format", choices=("text", "json"), default="text", help=help)

    command = common.add_command(
        verbs, "drift", drift, "Tell how a feed differs from the one a model learned from.",
        "drift today.txt",
        "drift today.txt --model models --config retrain.toml",
    )  # fmt: skip
    command.add_argument("feed", nargs="+", metavar="FEED", help=inputs.INPUT)
    help = "of `headlines retrain`: its limits of drift (default: those of a new one)"
    command.add_argument("--config", metavar="FILE", help=help)
    inputs.add_reading_options(command)
    common.add_seed_option(command)
    common.add_model_option(command)


def retrain(options: argparse.Namespace) -> int:
    """Train a candidate, and promote it when it is not worse."""
    from headlines.retraining.config import RetrainConfig, write_template

    if options.init:
        write_template(options.config)
        common.note(
            f"{options.config}: written; edit it, then try `headlines retrain --config "
            f"{options.config} --first-run --dry-run`"
        )
        return common.DONE
    config = RetrainConfig.read(options.config)
    if options.print_schedule:
        print(_schedule(options, config), end="")
        return common.DONE
    return _run(options, config)


def _run(options: argparse.Namespace, config: RetrainConfig) -> int:
    with _log(options.log_format):
        code, result = _watched(options, config)
    _tell_retrain(options, result)
    return code


def _watched(options: argparse.Namespace, config: RetrainConfig) -> tuple[int, RetrainResult]:
    """Run the job, and tell those who watch it how it went, whatever happens."""
    from headlines.retraining import job, monitoring

    start = time.monotonic()
    code, message, result, metrics = common.FAULT, "", None, None
    try:
        if options.metrics:
            monitoring.check_metrics(options.metrics)
            metrics = None if options.dry_run else options.metrics
        result = job.retrain(config, dry_run=options.dry_run, first_run=options.first_run)
        code = common.REFUSED if result.outcome == "refused" else common.DONE
        message = f"{result.outcome}: {result.decision.reason}"
    except BaseException as error:
        code, message = common.outcome_of(error)
        raise
    finally:
        if options.healthcheck and not options.dry_run:
            well = code in (common.DONE, common.REFUSED)
            monitoring.report_health(options.healthcheck, ok=well, message=message)
        if metrics is not None:
            _write_metrics(metrics, result, code, time.monotonic() - start)
    return code, result


def _log(format: str) -> AbstractContextManager[None]:
    """Show on a terminal how far the run is; elsewhere write its log to standard error."""
    from headlines.retraining import monitoring

    if format == "text" and sys.stderr.isatty():
        return progress.stages("headlines")
    monitoring.log_to(sys.stderr, format=format)
    return contextlib.nullcontext()


def _write_metrics(path: str, result: RetrainResult | None, code: int, seconds: float) -> None:
    import logging

    from headlines.retraining.monitoring import write_metrics

    told = _metrics(result) | {
        "exit_code": code,
        "duration_seconds": seconds,
        "last_run_timestamp_seconds": time.time(),
    }
    try:
        write_metrics(path, told)
    except (MissingExtraError, OutputError) as error:  # the run is what it is
        logging.getLogger(__name__).warning("%s", error)


def _metrics(result: RetrainResult | None) -> dict[str, float | None]:
    outcomes = ("promoted", "refused", "unchanged")
    if result is None:
        return dict.fromkeys(outcomes, 0)
    scores = result.decision.scores
    return {
        **{outcome: int(result.outcome == outcome) for outcome in outcomes},
        "holdout_labels": result.holdout,
        "accuracy": scores.get("candidate"),
        "champion_accuracy": scores.get("champion"),
        "churn_ratio": result.churn,
        "feed_headlines": result.headlines,
        "unreadable_rows": result.unreadable,
    }


def _tell_retrain(options: argparse.Namespace, result: RetrainResult) -> None:
    row = result.to_row()
    if options.json:
        common.say_json(row)
        return
    for name in ("version", "outcome", "reason", "labels", "holdout", "headlines", "unreadable",
                 "withdrawn", "forgotten", "churn"):  # fmt: skip
        common.say(f"{name}: {row[name] if row[name] is not None else '-'}")
    for check in result.decision.checks:
        common.say(f"  {check.verdict:<10} {check.name}: {check.detail}")
        for example in check.facts.get("examples", ()):
            common.say(f"    {example['from']} -> {example['to']}: {example['headline']}")
    for conflict in result.conflicts:
        common.say(f"  corrected  {conflict.earlier} -> {conflict.later}: {conflict.headline}")


def _schedule(options: argparse.Namespace, config: RetrainConfig) -> str:
    import getpass
    from pathlib import Path

    from headlines.retraining.schedules import schedule_of

    path = Path(options.config).resolve()
    # The program beside this interpreter: a scheduler's PATH is not the shell's.
    program = Path(sys.executable).parent / "headlines"
    command = [str(program), "retrain", "--config", str(path)]
    for option in ("healthcheck", "metrics", "log_format"):
        value = getattr(options, option)
        if value and (option, value) != ("log_format", "text"):
            command += [f"--{option.replace('_', '-')}", value]
    try:
        return schedule_of(
            options.print_schedule, config=path, at=config.at, command=command,
            user=getpass.getuser(),
        )  # fmt: skip
    except ValueError as error:
        raise ConfigError(str(error)) from None


def drift(options: argparse.Namespace) -> int:
    """Tell how feeds differ from the one that the model was trained on, and if it is too much."""
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.retraining.checks import drift_alarms, drift_checks
    from headlines.retraining.config import DriftLimits, RetrainConfig
    from headlines.retraining.drift import measure_drift

    limits = RetrainConfig.read(options.config).drift if options.config else DriftLimits()
    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    headlines = list(inputs.headlines_of(options, options.feed))
    try:
        found = measure_drift(labeler, headlines, random_state=options.seed)
    except ValueError as error:
        raise FeedError(f"{', '.join(options.feed)}: {error}") from None
    checks = drift_checks(limits, found)
    alarms = drift_alarms(checks, found)
    verdict = "alarm" if alarms else "no alarm"
    if options.json:
        told = {"model": labeler.model, "verdict": verdict, "alarms": alarms}
        rows = {"limits": limits.model_dump(), "checks": [check.to_row() for check in checks]}
        common.say_json({**told, **rows, **found.to_row()})
    else:
        common.say(
            f"{verdict}: {', '.join(alarms) or 'all within the limits'}; {found.feed} headlines "
            f"against {found.reference} that model {labeler.model} knew"
        )
        _tell_drift(checks, found)
    return common.ALARM if alarms else common.DONE


def _tell_drift(checks: Sequence[Check], found: Drift) -> None:
    from headlines.retraining.checks import MAX_P_VALUE

    for check in checks:
        common.say(f"  {check.verdict:<10} {check.name}: {check.detail}")
    common.say()
    for line in TERMS.format(p=MAX_P_VALUE).splitlines():
        common.say(line)
    common.say()
    common.say(f"{'topic':<14}{'before':>8}{'now':>8}")
    for topic, (before, now) in found.shares.items():
        common.say(f"{topic:<14}{before:>8.1%}{now:>8.1%}")
    common.say()
    common.say(f"{len(found.new_topics) or 'no'} cluster(s) that grow and that no topic covers")
    for new in found.new_topics:
        common.say(f"  {new.name}: {new.headlines} headlines, {new.growth:.0f} times as many")
        for example in new.examples:
            common.say(f"      {example}")
