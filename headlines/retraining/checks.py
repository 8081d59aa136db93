"""Checks: what a run looks at beside the scores on held-out labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from statistics import median_low
from typing import Any

from headlines.errors import short
from headlines.feeds.columns import date_written
from headlines.feeds.dates import day_first_among, day_of
from headlines.feeds.headline import Headline
from headlines.labeling.labeler import HeadlineLabeler
from headlines.retraining.config import DataLimits, DriftLimits
from headlines.retraining.drift import Drift
from headlines.retraining.gate import Check
from headlines.retraining.inputs import Intake
from headlines.topics.labels import Conflict
from headlines.topics.taxonomy import Taxonomy

MAX_SHOWN_CHANGES = 5

MAX_AHEAD = timedelta(days=1)
"""By which a date may lie ahead: zones and clocks differ."""

MAX_WRONG_DATES = 0.1
"""Share of the dates that can't be read or lie ahead; of more, the rest may be wrong as well."""

MIN_DATED = 0.5
"""Share of the headlines that must have a date, for theirs to speak for all."""

MAX_SHOWN_DATES, MAX_SHOWN_DATE = 3, 30

FEW_WITHDRAWN = 10
"""Labels that may be gone at once of however small a file."""

MAX_P_VALUE = 0.01
"""Of no drift; above it chance may explain what is seen."""

MIN_EXPECTED_HEADLINES = 10
"""Headlines of a topic that must have been expected for its absence to mean something."""


def data_checks(limits: DataLimits, headlines: Sequence[Headline], today: date) -> list[Check]:
    """Judge the headlines of all feeds: whether they are too few, or too old for `today`."""
    distinct = [h for h in headlines if h.duplicate_of is None]
    enough = Check(
        name="headlines",
        passed=len(distinct) >= limits.headlines,
        detail=f"{len(distinct)} distinct headlines (wanted {limits.headlines})",
        facts={"headlines": len(distinct)},
    )
    if not limits.age_days:
        dated = len(_days(distinct)[0])
        though = f", though {dated} of {len(distinct)} headlines have a date" if dated else ""
        return [enough, Check.unjudged("age", f"age_days is 0 in the configuration{though}")]
    return [enough, _age_check(limits.age_days, distinct, today)]


def _age_check(limit: int, headlines: Sequence[Headline], today: date) -> Check:
    """Judge the age of the median date, once most dates are known to be dates.

    The newest of them tells nothing: one wrong date of many is the newest.
    """
    days, unread = _days(headlines)
    known = [day for day in days if day <= today + MAX_AHEAD]
    ahead, dates = len(days) - len(known), len(days) + len(unread)
    facts: dict[str, Any] = {"dates": dates, "ahead": ahead, "unreadable": len(unread)}
    none = "where the feeds have no dates, write age_days = 0 under [data]"
    shown = ", ".join(repr(short(text, MAX_SHOWN_DATE)) for text in unread[:MAX_SHOWN_DATES])
    detail = ""
    if not dates:
        detail = f"no headline has a date; {none}"
    elif ahead > MAX_WRONG_DATES * dates:
        detail = (
            f"{ahead} of {dates} dates lie more than a day ahead of {today} (up to {max(days)}); "
            "see that the clock of this machine is right, and that of the feed"
        )
    elif ahead + len(unread) > MAX_WRONG_DATES * dates:
        also = f", {ahead} lie ahead" if ahead else ""
        detail = (
            f"{len(unread)} of {dates} dates can't be read, or may be two (as {shown}){also}; "
            f"write them as 2024-06-01; {none}"
        )
    elif len(known) < MIN_DATED * len(headlines):
        detail = f"{len(known)} of {len(headlines)} headlines have a date, too few; {none}"
    if detail:
        return Check(name="age", passed=False, detail=detail, facts=facts)
    median = median_low(known)
    age = (today - median).days
    detail = f"the median date is {median}, {age} days before {today} (limit {limit})"
    if wrong := dates - len(known):
        detail += f"; of {dates} dates {wrong} can't be read or lie ahead"
    facts |= {"median": str(median), "days": age}
    return Check(name="age", passed=age <= limit, detail=detail, facts=facts)


def _days(headlines: Sequence[Headline]) -> tuple[list[date], list[str]]:
    """Give the days of headlines, and the dates of others that can't be read, as they stand."""
    written = [date_written(h.fields) for h in headlines]
    day_first = day_first_among(written)  # what one date leaves open all of them may tell
    days, unread = [], []
    for headline, stands in zip(headlines, written, strict=True):
        day = day_of(headline.date) or day_of(stands, day_first)
        if day is not None:
            days.append(day)
        elif headline.date or stands is not None:
            unread.append(str(headline.date or stands))
    return days, unread


def relabelled_check(
    limit: float, champion: HeadlineLabeler, candidate: HeadlineLabeler, taxonomy: Taxonomy
) -> Check:
    """Labels that judge a model shouldn't all change in the run that they judge.

    Neither those held out, nor all of them: cross-fitted answers to new names of old labels would
    tell how well these are learned, and not whether they are right.
    """
    before = [e for e in champion.state.training_set.examples if not e.written]
    now = {e.id: e.topic for e in candidate.state.training_set.examples}
    changed = [now.get(e.id, t) != t for e in before for t in [taxonomy.today(e.topic)]]
    held = [one for one, e in zip(changed, before, strict=True) if e.held_out]
    parts = {"held-out labels": held, "labels": changed}
    told = [f"{sum(some)} of {len(some)} {part}" for part, some in parts.items()]
    return Check(
        name="relabelled",
        passed=all(sum(some) <= limit * len(some) for some in parts.values()),
        detail=f"{' and '.join(told)} were changed (limit {limit:.0%})",
        facts={"changed": sum(held), "of_all": sum(changed)},
    )


def withdrawn_check(
    limit: float, champion: HeadlineLabeler, withdrawn: Collection[str], origins: Collection[str]
) -> Check:
    """A file of labels that was cut short shouldn't pass for many labels withdrawn.

    Of each file that is read, the `origins`, and of the hold-out a share may be gone at once, or a
    few labels.
    """
    known = [e for e in champion.state.training_set.examples if not e.written]
    parts = {f"of {name}": [e for e in known if e.origin == name] for name in sorted(origins)}
    parts["held out"] = [e for e in known if e.held_out]
    gone = {part: sum(e.id in withdrawn for e in some) for part, some in parts.items()}
    over = [p for p, n in gone.items() if n > max(FEW_WITHDRAWN, limit * len(parts[p]))]
    told = [f"{gone[part]} of the {len(parts[part])} labels {part} are gone" for part in over]
    detail = f"{len(withdrawn)} labels stand in their file no more"
    if told:
        detail += f": {', '.join(told)}, and {limit:.0%} may be; if the file was cut short, put it "
        detail += "back; if that is meant, raise withdrawn under [data] for a night"
    facts = {"withdrawn": len(withdrawn)}
    return Check(name="withdrawn", passed=not told, detail=detail, facts=facts)


def overruled_labels(champion: HeadlineLabeler, inputs: Intake) -> tuple[Conflict, ...]:
    """List labels that differ from what the champion remembers."""
    known = champion.state.training_set.examples
    before = {e.id: inputs.taxonomy.today(e.topic) for e in known if not e.written}
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
    taxonomy: Taxonomy,
) -> Check:
    """Tell what share of the headlines changes its topic, and show the firmest changes."""
    texts = [h.headline for h in headlines]
    before, sure_before = champion.predict(texts)
    before = [topic and taxonomy.today(topic) for topic in before]
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


def drift_alarms(found: Sequence[Check], drift: Drift) -> list[str]:
    """Name what a person should look at: the checks of drift that fail, and new topics."""
    failed = [check.name for check in found if check.passed is False]
    return [*failed, "new topics"] if drift.new_topics else failed


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
