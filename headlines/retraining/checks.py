"""Checks: what a run looks at beside the scores on held-out labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date

from headlines.feeds.dates import instant_of, read_date
from headlines.feeds.headline import Headline
from headlines.labeling.labeler import HeadlineLabeler
from headlines.retraining.config import DataLimits, DriftLimits
from headlines.retraining.drift import Drift
from headlines.retraining.gate import Check
from headlines.retraining.inputs import Intake
from headlines.topics.labels import Conflict

MAX_SHOWN_CHANGES = 5

MAX_P_VALUE = 0.01
"""Of no drift; above it chance may explain what is seen."""

MIN_EXPECTED_HEADLINES = 10
"""Headlines of a topic that must have been expected for its absence to mean something."""


def data_checks(limits: DataLimits, headlines: Sequence[Headline], today: date) -> list[Check]:
    """Judge the headlines of all feeds: whether they are too few or too old."""
    distinct = sum(h.duplicate_of is None for h in headlines)
    enough = Check(
        name="headlines",
        passed=distinct >= limits.headlines,
        detail=f"{distinct} distinct headlines (wanted {limits.headlines})",
        facts={"headlines": distinct},
    )
    if not limits.age_days:
        return [enough]
    newest = max((d for h in headlines if (d := _day(h.date)) is not None), default=None)
    if newest is None:
        return [enough, Check.unjudged("age", "no headline has a date")]
    age = (today - newest).days
    fresh = Check(
        name="age",
        passed=age <= limits.age_days,
        detail=f"the newest headline is {age} days old, of {newest} (limit {limits.age_days})",
        facts={"newest": str(newest), "days": age},
    )
    return [enough, fresh]


def _day(text: str | None) -> date | None:
    """Read the day of a date, the one in Greenwich where it tells its zone."""
    found = read_date(text)
    return None if found is None else instant_of(found).astimezone(UTC).date()


def relabelled_check(limit: float, champion: HeadlineLabeler, candidate: HeadlineLabeler) -> Check:
    """Labels that judge a model shouldn't all change in the run that they judge."""
    before = {e.id: e.topic for e in champion.state.training_set.holdout}
    now = {e.id: e.topic for e in candidate.state.training_set.holdout}
    changed = sum(now.get(i, topic) != topic for i, topic in before.items())
    return Check(
        name="relabelled",
        passed=changed / max(1, len(before)) <= limit,
        detail=f"{changed} of {len(before)} held-out labels were changed (limit {limit:.0%})",
        facts={"changed": changed},
    )


def overruled_labels(champion: HeadlineLabeler, inputs: Intake) -> tuple[Conflict, ...]:
    """List labels that differ from what the champion remembers."""
    before = {e.id: e.topic for e in champion.state.training_set.examples if not e.written}
    told = {conflict.headline for conflict in inputs.conflicts}
    return tuple(
        Conflict(
            headline=label.headline.headline,
            earlier=before[label.headline.id],
            later=label.topic,
            where_earlier="the champion's memory",
            where_later="the labels",
        )
        for label in inputs.labels
        if before.get(label.headline.id, label.topic) != label.topic
        and label.headline.headline not in told
    )


def churn_check(
    limit: float,
    champion: HeadlineLabeler,
    candidate: HeadlineLabeler,
    headlines: Iterable[Headline],
) -> Check:
    """Tell what share of the headlines changes its topic, and show the firmest changes."""
    texts = [h.headline for h in headlines]
    before, sure_before = champion.predict(texts)
    after, sure_after = candidate.predict(texts)
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    share = round(len(changed) / len(texts), 4)
    firmest = sorted(changed, key=lambda i: (-min(sure_before[i], sure_after[i]), i))
    moves = Counter((before[i], after[i]) for i in changed).most_common(MAX_SHOWN_CHANGES)
    detail = f"{share:.1%} of {len(texts)} headlines change their topic (limit {limit:.0%}"
    detail += ")" if share <= limit else " for a candidate that gains no more than the margin)"
    return Check(
        name="churn",
        passed=share <= limit,
        detail=detail,
        facts={
            "churn": share,
            "moves": [{"from": a, "to": b, "headlines": n} for (a, b), n in moves],
            "examples": [
                {"headline": texts[i], "from": before[i], "to": after[i]}
                for i in firmest[:MAX_SHOWN_CHANGES]
            ],
        },
        # A young model changes much with each lot of labels, and must not be held for it.
        unless_better=True,
    )


def drift_checks(limits: DriftLimits, drift: Drift) -> list[Check]:
    """Judge how the feeds differ from the champion's; what chance explains passes."""
    checks = []
    for shift in (drift.topics, drift.space, drift.confidence):
        limit = getattr(limits, shift.name)
        effect = f"{shift.meaning} {shift.effect:.3f}"
        check = Check(
            name=f"drift of {shift.name}",
            passed=not (shift.effect > limit and shift.p_value < MAX_P_VALUE),
            detail=f"{effect}, p {shift.p_value:.3g} (limit {limit})",
            facts={"effect": round(shift.effect, 4), "p_value": round(shift.p_value, 6)},
        )
        checks.append(check)
    gone = [
        topic
        for topic, (before, now) in drift.shares.items()
        if before * drift.feed >= MIN_EXPECTED_HEADLINES and now == 0
    ]
    detail = f"no headline of {', '.join(gone)} where some were expected" if gone else "none"
    facts = {"vanished": gone} if gone else {}
    checks.append(Check(name="topics that vanished", passed=not gone, detail=detail, facts=facts))
    return checks
