"""Retraining: from a configuration file to a new champion, or a reason why not."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headlines.display.table import html_table
from headlines.embedding.joined import load_embedder
from headlines.errors import ModelError, OutputError
from headlines.feeds.headline import Headline
from headlines.feeds.report import write_quarantine
from headlines.labeling.labeler import HeadlineLabeler
from headlines.model.duplicates import near_duplicate_groups
from headlines.model.examples import few_labels_told
from headlines.persistence.folder import ModelVersion
from headlines.persistence.modelfile import versions
from headlines.persistence.registry import ModelRegistry
from headlines.retraining import checks
from headlines.retraining.config import RetrainConfig
from headlines.retraining.drift import Drift, measure_drift
from headlines.retraining.gate import Answers, Check, Decision, Gate
from headlines.retraining.inputs import Intake
from headlines.topics.labels import Conflict

log = logging.getLogger(__name__)

Outcome: TypeAlias = Literal["promoted", "refused", "unchanged", "would promote"]
"""How a run ended: the candidate is the champion; isn't, or in a dry run wouldn't be; is the
champion over again; would be the champion, were this no dry run."""


@dataclass(frozen=True)
class RetrainResult:
    """What a run did.

    Labels are forgotten that the champion knew and the candidate can't use: their topic is gone,
    or they were kept for another embedder and their text isn't at hand.
    """

    version: str | None  # the one written; None in a dry run, or where nothing has changed
    outcome: Outcome
    decision: Decision  # on the candidate, and why
    labels: int  # gold ones that the candidate knows
    holdout: int  # of these, held out
    headlines: int  # in the feeds
    unreadable: int  # rows of the feeds that could not be read
    forgotten: int
    churn: float | None  # share of headlines whose topic changes; None without feeds or champion
    conflicts: tuple[Conflict, ...] = ()  # labels that corrections overruled
    drift: Drift | None = None  # of the feeds against the champion's, where they can be compared

    def to_row(self) -> dict[str, Any]:
        """Give the result as one JSON object."""
        return {
            "version": self.version,
            "outcome": self.outcome,
            "reason": self.decision.reason,
            "scores": {k: round(v, 4) for k, v in self.decision.scores.items()},
            "checks": [check.to_row() for check in self.decision.checks],
            "labels": self.labels,
            "holdout": self.holdout,
            "headlines": self.headlines,
            "unreadable": self.unreadable,
            "forgotten": self.forgotten,
            "churn": self.churn,
            "conflicts": [conflict.to_row() for conflict in self.conflicts],
            "drift": self.drift.to_row() if self.drift is not None else None,
        }

    def _repr_html_(self) -> str:
        caption = f"{self.version or 'no version'}, {self.outcome}: {self.decision.reason}"
        rows = [(check.name, check.verdict, check.detail) for check in self.decision.checks]
        return html_table(["check", "verdict", "what was found"], rows, caption)


def retrain(
    config: RetrainConfig,
    *,
    dry_run: bool = False,
    first_run: bool = False,
    now: datetime | None = None,
) -> RetrainResult:
    r"""Train a candidate, compare it with the champion, and promote it when it isn't worse.

    Parameters
    ----------
    config : RetrainConfig
    dry_run : bool, default False
        Decide, but write nothing.
    first_run : bool, default False
        Make the first champion, which no gate can compare with another: to be said where the
        registry has none, and nowhere else.
    now : datetime, optional
        What the age of headlines is told from; the clock by default. It changes no model.

    Raises
    ------
    LockedError
        When another run is writing to the registry.
    HeadlinesError
        When an input, the champion or the registry is at fault, or there is no champion and
        this isn't told to be the first run.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> topics = [f"[[topic]]\nname = '{name}'\nphrases = ['{name}']" for name in ("war", "trade")]
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "topics.toml").write_text("\n".join(topics))
    ...     places = "registry = 'models'\ntopics = 'topics.toml'"
    ...     _ = Path(folder, "retrain.toml").write_text(places)
    ...     result = retrain(RetrainConfig.read(Path(folder, "retrain.toml")), first_run=True)
    >>> result.version, result.outcome, result.decision.reason
    ('0001', 'promoted', 'there was no champion')
    """
    registry = ModelRegistry(config.registry)
    check_first_run(registry, first_run)
    today = (now or datetime.now(UTC)).date()
    if dry_run:
        return _judged(config, _tried(config, Intake.read(config), registry), today)
    with registry.lock() as stale:
        if stale is not None:
            log.warning("took over the lock of %s, which is gone", stale)
        return _recorded(config, registry, today)


def check_first_run(registry: ModelRegistry, first_run: bool) -> None:
    """See that there is a champion, or that this is told to be the first run, but not both.

    A folder that isn't there looks like one that was never filled: raises ModelError, before
    anything is written to it.
    """
    try:
        champion = registry.champion_or_none()
    except ModelError:  # a damaged one: the run tells of it, and the log
        return
    if champion is None and not first_run:
        raise ModelError(
            f"{registry.path}: has no champion; if this is the first run, say so with --first-run "
            "(first_run=True); if not, the volume may not be mounted, or the path be another"
        )
    if champion is not None and first_run:
        raise ModelError(
            f"{registry.path}: version {champion.name} is the champion, so this is no first run; "
            "leave out --first-run"
        )


def _recorded(config: RetrainConfig, registry: ModelRegistry, today: date) -> RetrainResult:
    """Run under the lock; whatever happens, the audit log tells of it."""
    run = secrets.token_hex(8)
    told = {"run": run, "config": config.model_dump(mode="json"), "versions": versions()}
    registry.audit.append("started", told)
    try:
        inputs = Intake.read(config)
        if rows := inputs.quarantined:
            place = config.registry / "retrain.quarantine.jsonl"
            write_quarantine(place, rows)
            log.warning("%d row(s) could not be read and went to %s", len(rows), place)
        trial = _tried(config, inputs, registry)
        result = _judged(config, trial, today)
        if not trial.unchanged:
            version = _kept(registry, trial.candidate, config.sign_with)
            outcome: Outcome = "promoted" if result.decision.accepted else "refused"
            result = replace(result, version=version.name, outcome=outcome)
        registry.audit.append("decided", {"run": run, **_decided(trial, result)})
        if result.version is not None and result.outcome == "promoted":
            registry.promote(result.version, {"run": run})
        if registry.champion_or_none() is not None:
            registry.prune(config.keep)
    except BaseException as error:
        failed = {"run": run, "error": f"{type(error).__name__}: {error}"}
        with contextlib.suppress(OutputError):  # the first fault is what to report
            registry.audit.append("failed", failed)
        raise
    return result


def _kept(registry: ModelRegistry, candidate: HeadlineLabeler, key: Path | None) -> ModelVersion:
    """Add a candidate as a version; one that was refused before is that version again."""
    for version in registry.versions():
        with contextlib.suppress(ModelError):
            if version.read()[1].content == candidate.state.content:
                return version
    return registry.add(lambda path: _save(candidate, path, key))


def _save(candidate: HeadlineLabeler, path: Path, key: Path | None) -> None:
    candidate.save(path)
    if key is not None:
        ModelVersion(path.parent.name, path).sign(key)


def _decided(trial: _Trial, result: RetrainResult) -> dict[str, Any]:
    """Gather what the audit log keeps of a decision."""
    row = result.to_row()
    return {
        "version": row.pop("version"),
        "model": trial.candidate.model,
        "champion": trial.champion.model if trial.champion else None,
        "accepted": result.outcome == "promoted",
        "inputs": [source.to_row() for source in trial.inputs.sources],
        **row,
    }


@dataclass(frozen=True)
class _Trial:
    """A candidate beside the champion, and what both were given."""

    inputs: Intake
    candidate: HeadlineLabeler
    champion: HeadlineLabeler | None

    @property
    def unchanged(self) -> bool:
        """Whether the candidate is the champion over again."""
        return self.champion is not None and self.champion.model == self.candidate.model


def _tried(config: RetrainConfig, inputs: Intake, registry: ModelRegistry) -> _Trial:
    champion = None
    if registry.champion_or_none() is not None:
        champion = HeadlineLabeler.load(
            registry=config.registry, require_signature=config.require_signature
        )
    log.info("training on %d labels and %d headlines", len(inputs.labels), len(inputs.headlines))
    candidate = HeadlineLabeler.train(
        inputs.taxonomy,
        inputs.labels,
        unlabelled=inputs.headlines,
        embedder=config.embedder,
        teacher=None
        if config.teacher is None
        else load_embedder(config.teacher, cache=config.cache),
        earlier=champion,
        random_state=config.random_state,
    )
    few = candidate.state.training_set.few_labels(candidate.topics)
    if few and inputs.labels:
        log.warning("%s", few_labels_told(few))
    return _Trial(inputs, candidate, champion)


def _judged(config: RetrainConfig, trial: _Trial, today: date) -> RetrainResult:
    """Look at all there is to look at, decide, and leave the version open."""
    inputs, candidate, champion = trial.inputs, trial.candidate, trial.champion
    known = {e.id for e in candidate.state.training_set.examples if not e.written}
    before = champion.state.training_set.examples if champion is not None else ()
    found = checks.data_checks(config.data, inputs.headlines, today) if config.feeds else []
    result = RetrainResult(
        version=None,
        outcome="unchanged",
        decision=_nothing_to_change(found),
        labels=len(known),
        holdout=len(candidate.state.training_set.holdout),
        headlines=len(inputs.headlines),
        unreadable=len(inputs.quarantined),
        forgotten=len({e.id for e in before if not e.written} - known),
        churn=0.0 if champion is not None and inputs.headlines else None,
        conflicts=inputs.conflicts,
    )
    if trial.unchanged:
        return result
    if champion is not None:
        log.info("comparing it with the champion, model %s", champion.model)
        overruled = checks.overruled_labels(champion, inputs)
        result = replace(result, conflicts=(*inputs.conflicts, *overruled))
        found.append(checks.relabelled_check(config.data.relabelled, champion, candidate))
    if champion is not None and inputs.headlines:
        churn = checks.churn_check(config.gate.churn, champion, candidate, inputs.headlines)
        drift, judged = _drift(champion, inputs.headlines, config)
        found += [churn, *judged]
        result = replace(result, churn=churn.facts["churn"], drift=drift)
    decision = _decision(config, trial, found)
    for check in decision.checks:
        log.info("%s %s: %s", check.verdict.lower(), check.name, check.detail)
    outcome: Outcome = "would promote" if decision.accepted else "refused"
    return replace(result, decision=decision, outcome=outcome)


def _decision(config: RetrainConfig, trial: _Trial, others: Sequence[Check]) -> Decision:
    candidate, champion = trial.candidate, trial.champion
    limits = config.gate.model_dump(exclude={"churn"})
    gate = Gate(**limits, random_state=config.random_state)
    held = candidate.state.training_set.holdout
    known: set[str] = set()
    theirs = None
    if champion is not None:
        known = {e.id for e in champion.state.training_set.holdout}
        if candidate.embedder.reads_terms_of(champion.embedder.fingerprint):
            theirs = _answers(champion, champion.state.probabilities_of_examples(held))
        else:
            # Kept examples are numbers of one embedder: the texts at hand are what both can read.
            at_hand = {label.headline.id: label.headline for label in trial.inputs.labels}
            held = [e for e in held if e.id in at_hand]
            theirs = _answers(champion, champion.probabilities_of([at_hand[e.id] for e in held]))
    return gate.decide(
        _answers(candidate, candidate.state.probabilities_of_examples(held)),
        theirs,
        [e.topic for e in held],
        groups=near_duplicate_groups([e.words for e in held]).tolist(),
        earlier=[e.id in known for e in held] if known else None,
        drawn=[e.drawn for e in held],
        others=others,
    )


def _answers(labeler: HeadlineLabeler, shares: NDArray[np.float64]) -> Answers:
    return Answers([labeler.topics[i] for i in shares.argmax(axis=1)], shares.max(axis=1))


def _nothing_to_change(found: Sequence[Check]) -> Decision:
    """Decide on the champion over again; a feed that failed may be why it is that, and is told."""
    reason = "the candidate is the champion over again: nothing to change"
    failed = [f"{check.name}: {check.detail}" for check in found if check.passed is False]
    for told in failed:
        log.warning("%s", told)
    return Decision(True, "; ".join([reason, *failed]), scores={}, checks=tuple(found))


def _drift(
    champion: HeadlineLabeler, headlines: Sequence[Headline], config: RetrainConfig
) -> tuple[Drift | None, list[Check]]:
    try:
        drift = measure_drift(champion, headlines, random_state=config.random_state)
    except (ModelError, ValueError) as error:  # nothing to compare with, or too little
        return None, [Check.unjudged("drift", str(error))]
    for new in drift.new_topics:
        log.warning("a new topic? %s (%d headlines)", new.name, new.headlines)
    return drift, checks.drift_checks(config.drift, drift)
