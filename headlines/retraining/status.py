"""Status: what stands in a registry, how its last run ended, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from headlines.persistence.audit import AuditRecord
from headlines.persistence.registry import ModelRegistry
from headlines.retraining.config import RetrainConfig
from headlines.retraining.gate import Check

OVERDUE = timedelta(hours=26)
"""Time since a run began from which the next one is missed: a day, and what a run may take."""

MAX_RECORDS = 400
"""Records of the log, from its end on, among which runs are looked for."""

ENDS = {"decided", "failed", "interrupted"}


@dataclass(frozen=True)
class Run:
    """How a retraining ended: times are UTC."""

    time: datetime
    outcome: str  # promoted, refused, unchanged, failed, interrupted, or running
    reason: str
    checks: tuple[Check, ...] = ()
    new_topics: tuple[Mapping[str, Any], ...] = ()  # clusters that no topic covers


@dataclass(frozen=True)
class Status:
    """What an operator wants to know of a registry and of the runs that fill it.

    `alarms` are what a person has to look at, empty where all is well.
    """

    registry: Path
    champion: str | None  # its version
    model: str | None
    since: datetime | None  # when it became the champion; None where the log doesn't tell
    scores: Mapping[str, Any]  # accuracy on n held-out labels, and the labels learned from
    last: Run | None
    kept: int  # runs in a row that didn't change the champion
    due: datetime | None  # when the next run is, in local time; None without a configuration
    alarms: tuple[str, ...]

    @classmethod
    def of(
        cls,
        registry: ModelRegistry,
        config: RetrainConfig | None = None,
        now: datetime | None = None,
    ) -> Status:
        """Look at a registry; with its configuration, also at when it ought to run.

        Raises ModelError when the log or the champion can't be read.
        """
        now = now or datetime.now(UTC)
        champion = registry.champion_or_none()
        records = list(islice(registry.audit.newest(), MAX_RECORDS))
        runs = _runs(registry, records)
        last = runs[0] if runs else None
        alarms = []
        if champion is None:
            alarms.append(
                "no champion: if there was one, the volume may not be mounted; if not, make the "
                "first one with `headlines retrain --first-run`"
            )
        if last is not None and last.outcome in ("failed", "interrupted"):
            alarms.append(f"the last run {_ended(last.outcome)}: {last.reason}")
        if config is not None and last is not None and now - last.time > OVERDUE:
            hours = (now - last.time).total_seconds() / 3600
            alarms.append(f"no run for {hours:.0f} hours: look at what should start it")
        kept = [run.outcome for run in runs if run.outcome != "running"]
        scores: dict[str, Any] = {}
        if champion is not None:
            told = champion.manifest
            scores = {key: told.scores[key] for key in ("accuracy", "n") if key in told.scores}
            scores["labels"] = told.training.get("labels")
        return cls(
            registry=registry.path,
            champion=champion.name if champion else None,
            model=champion.manifest.content[:12] if champion else None,
            since=_since(records, champion.name) if champion else None,
            scores=scores,
            last=last,
            kept=kept.index("promoted") if "promoted" in kept else len(kept),
            due=_due(config.at, now) if config is not None else None,
            alarms=tuple(alarms),
        )

    @property
    def waits_for(self) -> tuple[str, ...]:
        """What kept the last candidate back, or left it open."""
        if self.last is None or self.last.outcome != "refused":
            return ()
        open_ones = [c for c in self.last.checks if c.verdict in ("FAILED", "can't tell")]
        return tuple(f"{check.name}: {check.detail}" for check in open_ones)

    def to_row(self) -> dict[str, Any]:
        """Give the status as one JSON object."""
        last = self.last
        return {
            "registry": str(self.registry),
            "champion": self.champion,
            "model": self.model,
            "since": _iso(self.since),
            "scores": dict(self.scores),
            "last_run": last and {"time": _iso(last.time), "outcome": last.outcome,
                                  "reason": last.reason},
            "kept": self.kept,
            "waits_for": list(self.waits_for),
            "new_topics": [dict(topic) for topic in last.new_topics] if last else [],
            "due": _iso(self.due),
            "alarms": list(self.alarms),
        }  # fmt: skip


def _runs(registry: ModelRegistry, records: list[AuditRecord]) -> list[Run]:
    """Give the runs that the records tell of, the last one first."""
    runs = []
    for number, record in enumerate(records):
        facts = record.facts
        if record.event == "started" and not any(r.event in ENDS for r in records[:number]):
            writer = registry.writer()
            gone = writer is None or writer.gone
            reason = "it was killed; the next one settles what it left" if gone else str(writer)
            runs.append(Run(_time(record), "interrupted" if gone else "running", reason))
        elif record.event == "decided":
            checks = tuple(Check.from_row(row) for row in facts.get("checks", ()))
            found = (facts.get("drift") or {}).get("new_topics", ())
            outcome, reason = _outcome(facts), str(facts.get("reason"))
            runs.append(Run(_time(record), outcome, reason, checks, tuple(found)))
        elif record.event == "failed" and "run" in facts:
            runs.append(Run(_time(record), "failed", str(facts.get("error"))))
        elif record.event == "interrupted":
            reason = f"it was killed after it had {facts.get('after', 'started')}"
            runs.append(Run(_time(record), "interrupted", reason))
    return runs


def _outcome(facts: Mapping[str, Any]) -> str:
    """Give the word for how a run ended; logs of earlier versions have none."""
    if "outcome" in facts:
        return str(facts["outcome"])
    if facts.get("unchanged"):
        return "unchanged"
    return "promoted" if facts.get("accepted") else "refused"


def _since(records: list[AuditRecord], version: str) -> datetime | None:
    for record in records:
        if record.event in ("promoted", "rolled back"):
            return _time(record) if record.facts.get("version") == version else None
    return None


def _ended(outcome: str) -> str:
    return "failed" if outcome == "failed" else "was interrupted"


def _due(at: str, now: datetime) -> datetime:
    """Give the next time of a day, in local time."""
    local = now.astimezone()
    due = datetime.combine(local.date(), time.fromisoformat(at)).astimezone()
    if due <= local:
        tomorrow = local.date() + timedelta(days=1)
        due = datetime.combine(tomorrow, time.fromisoformat(at)).astimezone()
    return due


def _time(record: AuditRecord) -> datetime:
    return datetime.fromisoformat(record.time)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
