"""`headlines retrain` and `headlines drift`."""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from headlines.cli.common import (
    DONE,
    FAULT,
    INTERRUPTED,
    LOCKED,
    REFUSED,
    headlines_of,
    note,
)
from headlines.errors import (
    ConfigError,
    FeedError,
    HeadlinesError,
    LockedError,
    OutputError,
)
from headlines.labeling.labeler import HeadlineLabeler
from headlines.retraining import monitoring

if TYPE_CHECKING:
    from headlines.retraining.config import RetrainConfig
    from headlines.retraining.job import RetrainResult

__all__ = ["drift", "retrain"]

log = logging.getLogger(__name__)


def retrain(options: argparse.Namespace) -> int:
    """Train a candidate, and promote it when it is not worse."""
    from headlines.retraining import config as configuration
    from headlines.retraining import job as retraining

    if options.init:
        configuration.write_template(options.config)
        note(
            f"{options.config}: written; edit it, then try `headlines retrain --config "
            f"{options.config} --dry-run`"
        )
        return DONE
    config = configuration.RetrainConfig.read(options.config)
    if options.print_schedule:
        print(_schedule(options, config), end="")
        return DONE
    monitoring.log_to(sys.stderr, format=options.log_format)
    start = time.monotonic()
    told: dict[str, float | None] = {}
    code, message, result = FAULT, "", None
    try:
        result = retraining.retrain(config, dry_run=options.dry_run)
        code = DONE if result.decision.accepted else REFUSED
        message = result.decision.reason
        _tell_retrain(options, result)
    except LockedError as error:
        code, message = LOCKED, str(error)
        raise
    except HeadlinesError as error:
        message = str(error)
        raise
    except KeyboardInterrupt:
        code, message = INTERRUPTED, "interrupted"
        raise
    except Exception as error:
        message = repr(error)
        raise
    finally:
        if options.healthcheck and not options.dry_run:
            monitoring.report_health(
                options.healthcheck, ok=code in (DONE, REFUSED), message=message
            )
        if options.metrics and not options.dry_run:
            told |= _metrics(result)
            told |= {"exit_code": code, "duration_seconds": time.monotonic() - start}
            told["last_run_timestamp_seconds"] = time.time()
            try:
                monitoring.write_metrics(options.metrics, told)
            except OutputError as error:  # the run is what it is
                log.warning("%s", error)
    return code


def _metrics(result: RetrainResult | None) -> dict[str, float | None]:
    if result is None:
        return {"promoted": 0}
    scores = result.decision.scores
    return {
        "promoted": int(result.decision.accepted and result.version is not None),
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
        print(json.dumps(row, ensure_ascii=False))
        return
    for name in ("version", "promoted", "reason", "labels", "holdout", "headlines", "unreadable",
                 "forgotten", "churn"):  # fmt: skip
        print(f"{name}: {row[name] if row[name] is not None else '-'}")
    for check in result.decision.checks:
        print(f"  {_VERDICTS[check.passed]:<10} {check.name}: {check.detail}")
        for example in check.facts.get("examples", ()):
            print(f"    {example['from']} -> {example['to']}: {example['headline']}")
    for conflict in result.conflicts:
        print(f"  corrected  {conflict.earlier} -> {conflict.later}: {conflict.headline}")


_VERDICTS = {True: "passed", False: "FAILED", None: "can't tell"}


def _schedule(options: argparse.Namespace, config: RetrainConfig) -> str:
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
    """Tell how feeds differ from the one that the model was trained on."""
    from headlines.retraining.drift import measure_drift

    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    headlines = list(headlines_of(options.feed))
    try:
        found = measure_drift(labeler, headlines, random_state=options.seed)
    except ValueError as error:
        raise FeedError(f"{', '.join(options.feed)}: {error}") from None
    if options.json:
        print(json.dumps({"model": labeler.model, **found.to_row()}, ensure_ascii=False))
        return DONE
    print(f"{found.feed} headlines against {found.reference} that model {labeler.model} knew")
    for shift in (found.topics, found.space, found.confidence):
        print(f"{shift.name:<11}{shift.effect:>6.3f}  p {shift.p_value:<9.3g}{shift.meaning}")
    print(f"\n{'topic':<14}{'before':>8}{'now':>8}")
    for topic, (before, now) in found.shares.items():
        print(f"{topic:<14}{before:>8.1%}{now:>8.1%}")
    print(f"\n{len(found.new_topics) or 'no'} cluster(s) that grow and that no topic covers")
    for new in found.new_topics:
        print(f"  {new.name}: {new.headlines} headlines, {new.growth:.0f} times as many")
        print("".join(f"      {example}\n" for example in new.examples), end="")
    return DONE
