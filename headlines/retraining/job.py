"""Retraining: from a configuration file to a new champion, or a reason why not."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from headlines.errors import ModelError, OutputError
from headlines.feeds.headline import Headline
from headlines.files import replacing
from headlines.labeling.labeler import HeadlineLabeler
from headlines.model.examples import near_duplicate_groups
from headlines.persistence.modelfile import manifest_path, versions
from headlines.persistence.registry import ModelRegistry, ModelVersion, signature_path
from headlines.persistence.signing import sign
from headlines.retraining.config import RetrainConfig
from headlines.retraining.drift import Drift, measure_drift
from headlines.retraining.gate import Answers, Check, Decision, Gate
from headlines.retraining.inputs import Intake
from headlines.topics.labels import Conflict, GoldLabel

__all__ = ["RetrainResult", "data_checks", "retrain"]

EXAMPLES = 5
"""Headlines that show what would change."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetrainResult:
    """What a run did.

    Attributes
    ----------
    version : str or None
        Name of the version written; None in a dry run, or where nothing has changed.
    decision : Decision
        Whether the candidate became the champion, and why.
    labels : int
        Gold labels that the candidate knows, held-out ones included.
    holdout : int
        Of these, held out.
    headlines : int
        Headlines in the feeds.
    unreadable : int
        Rows of the feeds that could not be read.
    forgotten : int
        Labels that the champion knew and the candidate can't use: their topic is gone, or they
        were kept for another embedder and their text isn't at hand.
    churn : float or None
        Share of the feeds' headlines whose topic changes; None without feeds or champion.
    conflicts : tuple of Conflict
        Labels that corrections overruled.
    drift : Drift or None
        Of the feeds against the champion's; None where they can't be compared.
    """

    version: str | None
    decision: Decision
    labels: int
    holdout: int
    headlines: int
    unreadable: int
    forgotten: int
    churn: float | None
    conflicts: tuple[Conflict, ...] = ()
    drift: Drift | None = None

    def to_row(self) -> dict[str, Any]:
        """Give the result as one JSON object."""
        return {
            "version": self.version,
            "promoted": self.decision.accepted,
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


def retrain(
    config: RetrainConfig, *, dry_run: bool = False, now: datetime | None = None
) -> RetrainResult:
    """Train a candidate, compare it with the champion, and promote it when it isn't worse.

    Parameters
    ----------
    config : RetrainConfig
    dry_run : bool, default False
        Decide, but write nothing.
    now : datetime, optional
        What the age of headlines is told from; the clock by default. It changes no model.

    Returns
    -------
    RetrainResult

    Raises
    ------
    LockedError
        When another run is writing to the registry.
    HeadlinesError
        When an input, the champion or the registry is at fault.
    """
    registry = ModelRegistry(config.registry)
    today = (now or datetime.now(UTC)).date()
    if dry_run:
        return _tried(config, Intake.read(config), registry, today).result(None)
    with registry.lock() as stale:
        if stale is not None:
            log.warning("took over the lock of %s, which is gone", stale)
        return _recorded(config, registry, today)


def _recorded(config: RetrainConfig, registry: ModelRegistry, today: date) -> RetrainResult:
    """Run under the lock; whatever happens, the audit log tells of it."""
    run = secrets.token_hex(8)
    told = {"run": run, "config": _plain_config(config), "versions": versions()}
    registry.audit.append("started", told)
    try:
        inputs = Intake.read(config)
        inputs.write_quarantine(config.registry / "retrain.quarantine.jsonl")
        tried = _tried(config, inputs, registry, today)
        version = None
        if not tried.unchanged:
            version = _kept(registry, tried.candidate, config.sign_with)
        decided = tried.result(version.name if version else None)
        registry.audit.append("decided", {"run": run, **_decided(tried, decided, version)})
        if version is not None and decided.decision.accepted:
            registry.promote(version.name, {"run": run})
        if registry.champion_or_none() is not None:
            registry.prune(config.keep)
    except BaseException as error:
        failed = {"run": run, "error": f"{type(error).__name__}: {error}"}
        with contextlib.suppress(OutputError):  # the first fault is what to report
            registry.audit.append("failed", failed)
        raise
    return decided


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
        signature = sign(manifest_path(path).read_bytes(), key, comment=candidate.model)
        with replacing(signature_path(path)) as file:
            file.write(signature)


def _plain_config(config: RetrainConfig) -> dict[str, Any]:
    return dict(json.loads(config.model_dump_json()))


def _decided(tried: _Trial, result: RetrainResult, version: ModelVersion | None) -> dict[str, Any]:
    """Gather what the audit log keeps of a decision."""
    row = result.to_row()
    return {
        "version": version.name if version else None,
        "model": tried.candidate.model,
        "champion": tried.champion.model if tried.champion else None,
        "accepted": row.pop("promoted") and version is not None,
        "unchanged": tried.unchanged,
        "inputs": [source.to_row() for source in tried.inputs.sources],
        **{key: value for key, value in row.items() if key != "version"},
    }


@dataclass(frozen=True)
class _Trial:
    """A candidate, and what was found when it was compared with the champion."""

    inputs: Intake
    candidate: HeadlineLabeler
    champion: HeadlineLabeler | None
    decision: Decision
    churn: float | None = None
    drift: Drift | None = None
    overruled: tuple[Conflict, ...] = field(default=())

    @property
    def unchanged(self) -> bool:
        """Whether the candidate is the champion over again."""
        return self.champion is not None and self.champion.model == self.candidate.model

    def result(self, version: str | None) -> RetrainResult:
        known = {e.id for e in self.candidate.state.training_set.examples if not e.written}
        before = self.champion.state.training_set.examples if self.champion is not None else ()
        return RetrainResult(
            version=version,
            decision=self.decision,
            labels=len(known),
            holdout=len(self.candidate.state.training_set.holdout),
            headlines=len(self.inputs.headlines),
            unreadable=len(self.inputs.quarantined),
            forgotten=len({e.id for e in before if not e.written} - known),
            churn=self.churn,
            conflicts=(*self.inputs.conflicts, *self.overruled),
            drift=self.drift,
        )


def _tried(config: RetrainConfig, inputs: Intake, registry: ModelRegistry, today: date) -> _Trial:
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
        earlier=champion,
        random_state=config.random_state,
    )
    if champion is not None and champion.model == candidate.model:
        same = Decision(True, "the candidate is the champion over again: nothing to change", {})
        return _Trial(inputs, candidate, champion, same, churn=0.0 if inputs.headlines else None)
    checks = data_checks(config, inputs.headlines, today)
    churn, drift = None, None
    overruled: tuple[Conflict, ...] = ()
    if champion is not None:
        overruled = _overruled(champion, inputs)
        checks.append(_relabelled(config, champion, candidate))
        if inputs.headlines:
            churn, check = _churn(config, champion, candidate, inputs.headlines)
            checks.append(check)
            drift = _drift(champion, inputs.headlines, config.random_state)
        if drift is not None:
            checks += drift.checks(config.drift.model_dump())
            for new in drift.new_topics:
                log.warning("a new topic? %s (%d headlines)", new.name, new.headlines)
    decision = _decide(config, candidate, champion, inputs.labels, checks)
    for check in decision.checks:
        log.info("%s %s: %s", _SAID[check.passed], check.name, check.detail)
    return _Trial(inputs, candidate, champion, decision, churn, drift, overruled)


_SAID: Mapping[bool | None, str] = {True: "passed", False: "failed", None: "can't tell"}


def _decide(
    config: RetrainConfig,
    candidate: HeadlineLabeler,
    champion: HeadlineLabeler | None,
    labels: Sequence[GoldLabel],
    checks: Sequence[Check],
) -> Decision:
    limits = config.gate.model_dump(exclude={"churn"})
    gate = Gate(**limits, random_state=config.random_state)
    held = candidate.state.training_set.holdout
    texts = None
    if champion is not None and champion.embedder.fingerprint != candidate.embedder.fingerprint:
        # Kept examples are numbers of one embedder: the texts at hand are what both can read.
        at_hand = {label.headline.id: label.headline for label in labels}
        held = [e for e in held if e.id in at_hand]
        texts = [at_hand[e.id] for e in held]
    known: set[str] = set()
    theirs = None
    if champion is not None:
        known = {e.id for e in champion.state.training_set.holdout}
        shares = (
            champion.probabilities_of(texts)
            if texts is not None
            else champion.state.probabilities_of_examples(held)
        )
        theirs = Answers([champion.topics[i] for i in shares.argmax(axis=1)], shares.max(axis=1))
    shares = candidate.state.probabilities_of_examples(held)
    return gate.decide(
        Answers([candidate.topics[i] for i in shares.argmax(axis=1)], shares.max(axis=1)),
        theirs,
        [e.topic for e in held],
        groups=near_duplicate_groups([e.words for e in held]).tolist(),
        earlier=[e.id in known for e in held] if known else None,
        drawn=[e.drawn for e in held],
        others=checks,
    )


def data_checks(config: RetrainConfig, headlines: Sequence[Headline], today: date) -> list[Check]:
    """Judge a run's headlines: whether they are too few or too old.

    Parameters
    ----------
    config : RetrainConfig
    headlines : sequence of Headline
        Of all feeds.
    today : date
        What ages are told from.

    Returns
    -------
    list of Check
        Empty where the configuration has no feeds.
    """
    if not config.feeds:
        return []
    distinct = sum(h.duplicate_of is None for h in headlines)
    wanted = config.data.headlines
    detail = f"{distinct} distinct headlines (wanted {wanted})"
    checks = [Check("headlines", distinct >= wanted, detail, {"headlines": distinct})]
    newest = max((d for h in headlines if (d := _day(h.date)) is not None), default=None)
    limit = config.data.age_days
    if limit and newest is not None:
        age = (today - newest).days
        detail = f"the newest headline is {age} days old, of {newest} (limit {limit})"
        checks.append(Check("age", age <= limit, detail, {"newest": str(newest), "days": age}))
    elif limit:
        checks.append(Check("age", True, "no headline has a date: not judged"))
    return checks


def _day(text: str | None) -> date | None:
    """Read the day of a date as feeds write them: ISO 8601 or RFC 2822."""
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).date()
    except (ValueError, TypeError):
        return None


def _relabelled(
    config: RetrainConfig, champion: HeadlineLabeler, candidate: HeadlineLabeler
) -> Check:
    """Labels that judge a model shouldn't all change in the run that they judge."""
    before = {e.id: e.topic for e in champion.state.training_set.holdout}
    now = {e.id: e.topic for e in candidate.state.training_set.holdout}
    changed = [i for i, topic in before.items() if now.get(i, topic) != topic]
    share = len(changed) / max(1, len(before))
    limit = config.data.relabelled
    detail = f"{len(changed)} of {len(before)} held-out labels were changed (limit {limit:.0%})"
    return Check("relabelled", share <= limit, detail, {"changed": len(changed)})


def _overruled(champion: HeadlineLabeler, inputs: Intake) -> tuple[Conflict, ...]:
    """List labels that differ from what the champion remembers."""
    before = {e.id: e.topic for e in champion.state.training_set.examples if not e.written}
    told = {conflict.headline for conflict in inputs.conflicts}
    return tuple(
        Conflict(label.headline.headline, before[label.headline.id], label.topic,
                 "the champion's memory", "the labels")
        for label in inputs.labels
        if before.get(label.headline.id, label.topic) != label.topic
        and label.headline.headline not in told
    )  # fmt: skip


def _churn(
    config: RetrainConfig,
    champion: HeadlineLabeler,
    candidate: HeadlineLabeler,
    headlines: Sequence[Headline],
) -> tuple[float, Check]:
    texts = [h.headline for h in headlines]
    before, sure_before = champion.predict(texts)
    after, sure_after = candidate.predict(texts)
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    share = round(len(changed) / len(texts), 4)
    # The firmest changes say most.
    firm = sorted(changed, key=lambda i: (-min(sure_before[i], sure_after[i]), i))[:EXAMPLES]
    moves = Counter((before[i], after[i]) for i in changed).most_common(EXAMPLES)
    facts = {
        "churn": share,
        "moves": [{"from": a, "to": b, "headlines": n} for (a, b), n in moves],
        "examples": [{"headline": texts[i], "from": before[i], "to": after[i]} for i in firm],
    }
    limit = config.gate.churn
    detail = f"{share:.1%} of {len(texts)} headlines change their topic (limit {limit:.0%}"
    detail += ")" if share <= limit else " for a candidate that gains no more than the margin)"
    # A young model changes much with each lot of labels, and must not be held for it.
    return share, Check("churn", share <= limit, detail, facts, unless_better=True)


def _drift(
    champion: HeadlineLabeler, headlines: Sequence[Headline], random_state: int
) -> Drift | None:
    try:
        return measure_drift(champion, headlines, random_state=random_state)
    except (ModelError, ValueError) as error:  # nothing to compare with, or too little
        log.info("drift isn't judged: %s", error)
        return None
