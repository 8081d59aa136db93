"""Retraining: from a configuration file to a new champion, or a reason why not."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import compress
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from headlines.display.table import html_table
from headlines.embedding.joined import load_embedder
from headlines.errors import ModelError, OutputError
from headlines.feeds.headline import Headline
from headlines.feeds.report import write_quarantine
from headlines.labeling.labeler import HeadlineLabeler
from headlines.model.duplicates import near_duplicate_groups
from headlines.model.examples import Example, few_labels_told
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

    Labels are withdrawn that the champion knew and that no longer stand in the file which they came
    from. Labels are forgotten that it knew and the candidate can't use: their topic is gone, or
    is several now, or they were kept for another embedder and their text isn't at hand.
    """

    version: str | None  # the one written; None in a dry run, or where nothing has changed
    outcome: Outcome
    decision: Decision  # on the candidate, and why
    labels: int  # gold ones that the candidate knows
    holdout: int  # of these, held out
    headlines: int  # in the feeds
    unreadable: int  # rows of the feeds that could not be read
    withdrawn: int
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
            "withdrawn": self.withdrawn,
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
            place = registry.quarantine_path
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
    """Add a candidate as a version; one that was refused last night is that version again."""
    for version in registry.newest(1):
        with contextlib.suppress(ModelError):
            if version.read()[1].content == candidate.state.content:
                return version
    return registry.add(lambda path: _save(candidate, path, key))


def _save(candidate: HeadlineLabeler, path: Path, key: Path | None) -> None:
    """Write a candidate, and ask what was written: a version that can't be used is none."""
    candidate.save(path)
    if key is not None:
        ModelVersion(path.parent.name, path).sign(key)
    written = HeadlineLabeler.load(path)
    asked = list(candidate.topics)
    if written.model != candidate.model or not np.array_equal(
        written.probabilities_of(asked), candidate.probabilities_of(asked)
    ):
        raise ModelError(f"{path}: answers otherwise than the model that was written; train again")


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
    withdrawn: set[str]  # ids of labels that the champion knows and their files haven't got

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
    withdrawn = inputs.withdrawn_of(champion)
    candidate = HeadlineLabeler.train(
        inputs.taxonomy,
        inputs.labels,
        unlabelled=inputs.headlines,
        embedder=config.embedder,
        teacher=None
        if config.teacher is None
        else load_embedder(config.teacher, cache=config.cache),
        earlier=champion,
        withdrawn=withdrawn,
        random_state=config.random_state,
    )
    few = candidate.state.training_set.few_labels(candidate.topics)
    if few and inputs.labels:
        log.warning("%s", few_labels_told(few))
    return _Trial(inputs, candidate, champion, withdrawn)


def _judged(config: RetrainConfig, trial: _Trial, today: date) -> RetrainResult:
    """Look at all there is to look at, decide, and leave the version open."""
    inputs, candidate, champion = trial.inputs, trial.candidate, trial.champion
    known = {e.id for e in candidate.state.training_set.examples if not e.written}
    before = champion.state.training_set.examples if champion is not None else ()
    withdrawn = trial.withdrawn
    found = checks.data_checks(config.data, inputs.headlines, today) if config.feeds else []
    result = RetrainResult(
        version=None,
        outcome="unchanged",
        decision=_nothing_to_change(found),
        labels=len(known),
        holdout=len(candidate.state.training_set.holdout),
        headlines=len(inputs.headlines),
        unreadable=len(inputs.quarantined),
        withdrawn=len(withdrawn),
        forgotten=len({e.id for e in before if not e.written} - known - withdrawn),
        churn=0.0 if champion is not None and inputs.headlines else None,
        conflicts=inputs.conflicts,
    )
    if trial.unchanged:
        return result
    if champion is not None:
        log.info("comparing it with the champion, model %s", champion.model)
        overruled = checks.overruled_labels(champion, inputs)
        result = replace(result, conflicts=(*inputs.conflicts, *overruled))
        found += [
            checks.relabelled_check(config.data.relabelled, champion, candidate, inputs.taxonomy),
            checks.withdrawn_check(config.data.withdrawn, champion, withdrawn, inputs.origins),
        ]
    if champion is not None and inputs.headlines:
        churn = checks.churn_check(
            config.gate.churn, champion, candidate, inputs.headlines, inputs.taxonomy
        )
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
    labelled = [e for e in candidate.state.training_set.examples if not e.written]
    texts = None
    if champion and not candidate.embedder.reads_terms_of(champion.embedder.fingerprint):
        # Kept examples are numbers of one embedder: the texts at hand are what both can read.
        texts = {label.headline.id: label.headline for label in trial.inputs.labels}
        labelled = [e for e in labelled if e.id in texts]
    both = [_answers(some, labelled, texts) for some in (candidate, champion) if some]
    known = [e.held_out or all(a.topics[i] for a in both) for i, e in enumerate(labelled)]
    today = trial.inputs.taxonomy.today
    mine, *theirs = [answers.chosen(known).named(today) for answers in both]
    judged = list(compress(labelled, known))
    before = champion.state.training_set.examples if champion else ()
    earlier = {(e.id, today(e.topic)) for e in before if not e.written}
    return gate.decide(
        mine,
        theirs[0] if theirs else None,
        [e.topic for e in judged],
        groups=near_duplicate_groups([e.words for e in judged]).tolist(),
        held_out=[e.held_out for e in judged],
        earlier=[(e.id, e.topic) in earlier for e in judged],
        drawn=[e.drawn for e in judged],
        others=others,
    )


def _answers(
    labeler: HeadlineLabeler, examples: Sequence[Example], texts: Mapping[str, Headline] | None
) -> Answers:
    """Ask for the topic of each example, as if it hadn't been learned from; "" where unknown."""
    if texts is None:
        shares = labeler.state.probabilities_of_examples(examples)
    else:
        shares = labeler.probabilities_of([texts[e.id] for e in examples])
    best, learned = [labeler.topics[i] for i in shares.argmax(axis=1)], labeler.state.cross_fitted
    topics = [learned.get(e.id, topic) or "" for e, topic in zip(examples, best, strict=True)]
    return Answers(topics, shares.max(axis=1))


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
