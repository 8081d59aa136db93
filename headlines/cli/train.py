"""What the commands that make and judge models do: arguments to calls, results to rows."""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.cli.common import (
    DONE,
    FAULT,
    INTERRUPTED,
    LOCKED,
    REFUSED,
    headlines_of,
    note,
    print_summary,
)
from headlines.embedding.joined import load_embedder
from headlines.errors import (
    ConfigError,
    FeedError,
    HeadlinesError,
    LockedError,
    OutputError,
)
from headlines.labeling.labeler import HeadlineLabeler
from headlines.retraining import monitoring
from headlines.topics.taxonomy import Taxonomy, read_labels

if TYPE_CHECKING:
    from headlines.retraining.config import RetrainConfig
    from headlines.retraining.job import RetrainResult

__all__ = ["distill", "drift", "evaluate", "retrain", "train"]

log = logging.getLogger(__name__)


def train(options: argparse.Namespace) -> int:
    """Train a model."""
    taxonomy = Taxonomy.load(options.topics)
    feed = list(headlines_of(options.feed))
    labels = read_labels(options.labels, taxonomy.names, feed)
    embedder = load_embedder(options.embedder, cache=options.cache)
    labeler = HeadlineLabeler.train(
        taxonomy,
        labels,
        unlabelled=feed,
        embedder=embedder,
        random_state=options.seed,
    )
    manifest = labeler.save(options.output)
    summary: dict[str, Any] = {
        "model": labeler.model,
        "output": options.output,
        "labels": manifest.training["labels"],
        "examples": manifest.training["examples"],
        "calibration": labeler.certainty.method,
        "holdout": dict(manifest.scores),
    }
    tested = labeler.certainty.right
    if len(tested):
        summary["cross_fitted"] = {"n": len(tested), "accuracy": round(float(tested.mean()), 4)}
    else:
        note(
            "no labels: the topics come from their descriptions alone, and probabilities were "
            "never tested. Expect about four in five right where topics are as far apart as world, "
            "sport, business and technology, fewer where they are close; label 50 headlines or "
            "more and give them with --labels to know"
        )
    if feed:
        predictions = labeler.label(feed)
        shares = Counter(p.topic or "(abstained)" for p in predictions)
        summary["feed"] = dict(shares.most_common())
    print_summary(options, summary)
    return DONE


def evaluate(options: argparse.Namespace) -> int:
    """Score a model on gold labels."""
    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    labels = read_labels(options.labels, labeler.topics)
    result, unseen = labeler.evaluate(labels)
    summary = {"model": labeler.model, "trained_on": len(labels) - len(unseen), **result.summary()}
    if options.json:
        print(json.dumps({**summary, **result.to_plain([u.headline.headline for u in unseen])}))
        return DONE
    print_summary(options, summary)
    print(f"\n{'topic':<14}{'precision':>10}{'recall':>8}{'f1':>6}{'n':>5}")
    for t in result.topics:
        print(f"{t.topic:<14}{t.precision:>10.2f}{t.recall:>8.2f}{t.f1:>6.2f}{t.support:>5}")
    mixed = [(n, *pair) for pair, n in result.confusion.items() if pair[0] != pair[1]]
    print("\ntaken for another topic")
    for n, gold, topic in sorted(mixed, key=lambda row: (-row[0], row[1:]))[:8]:
        print(f"{n:>5}  {gold} for {topic or '(none)'}")
    if result.reliability is not None:
        print("\nprobability  right      n")
        for part in result.reliability.bins:
            print(f"{part.probability:>11.2f}{part.right:>7.2f}{part.n:>7}")
        print("\nanswered  wrong")
        for share, wrong in result.reliability.risk:
            print(f"{share:>8.0%}{wrong:>7.1%}")
        if result.reliability.suspects:
            print("\nlabels that may be wrong")
        for found in result.reliability.suspects[:10]:
            title = unseen[found.place].headline.headline
            print(f"  {found.gold}, or {found.predicted}? {title}")
    for name, n, accuracy in result.periods:
        print(f"{name}: {accuracy:.2f} right of {n}")
    return DONE


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


def distill(options: argparse.Namespace) -> int:
    """Make a static embedder."""
    from headlines.embedding import distillation

    teacher = load_embedder(options.teacher, cache=options.cache)
    recipe = distillation.Recipe(
        dimension=options.dimension,
        entries=options.entries,
        epochs=options.epochs,
        seed=options.seed,
    )
    texts = (h.text for h in headlines_of(options.corpus))
    embedder = distillation.distill(texts, teacher, options.output, recipe=recipe, progress=note)
    summary = {"output": options.output, "fingerprint": embedder.fingerprint}
    print_summary(options, summary)
    return DONE
