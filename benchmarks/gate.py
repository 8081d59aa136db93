"""Whether the gate decides rightly, on made cases where the truth is known.

Set-up: a hold-out of 400 headlines is drawn with 11 topics, a champion that is right on about
74 % of them with calibrated probabilities, and a candidate that differs from it on about one
headline in ten. A case says how often the candidate is right where the champion is wrong
(gains) and wrong where it is right (loses):

- better: gains 8 %, loses 3 %: 5 points better; should pass
- better by 2.5: gains 6.5 %, loses 4 %; should pass more often than not
- worse: gains 3 %, loses 8 %: 5 points worse; should be refused
- one topic: gains and loses 5 %, but on one topic loses 20 %: 15 points worse there; refused
- uncalibrated: better by 5 points, but says p ** 0.25 where it should say p; refused
- poisoned: 100 of the 400 labels came with the candidate's training data, all under a wrong
  topic that it has learned: on these it is right on 90 %, the champion on 5 %; on the other 300
  it is 8 points worse; refused
- stale: better by 5 points, but the newest headline is 31 to 400 days old where 30 are
  allowed; refused
- equal: gains and loses 5 %; both answers are right, their shares are shown

The plain rule beside it (`--only plain`) promotes whoever is right as often as the champion.

The settings (`TOPIC_SPREAD` of headlines/retraining/gate.py and the limits of `Gate`) were chosen
on other draws (`--choose`, seeds from 1,000,000 on) of the same cases, with 6 and 11 topics.

    python -m benchmarks.gate            # 200 draws each, and 1,000 more for firmer figures
    python -m benchmarks.gate --choose   # the draws that the settings were chosen on
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from benchmarks import common
from headlines.feeds.intake import as_headlines
from headlines.retraining.checks import data_checks
from headlines.retraining.config import DataLimits
from headlines.retraining.gate import Answers, Check, Gate

CASES = {  # gains, loses, should it pass?
    "better by 5 points": (0.08, 0.03, True),
    "better by 2.5 points": (0.065, 0.04, True),
    "worse by 5 points": (0.03, 0.08, False),
    "worse by 15 points on one topic": (0.05, 0.05, False),
    "better but uncalibrated": (0.08, 0.03, False),
    "poisoned labels": (0.04, 0.12, False),
    "stale data": (0.08, 0.03, False),
    "equal": (0.05, 0.05, None),
}
TODAY = date(2026, 1, 31)


def drawn(
    case: str, rng: np.random.Generator, n_topics: int, n: int = 400
) -> tuple[Answers, Answers, list[str], list[bool] | None, list[Check]]:
    """Draw the answers of candidate and champion to one hold-out."""
    gains, loses, _ = CASES[case]
    topics = [f"topic {i}" for i in range(n_topics)]
    gold = rng.integers(0, n_topics, n)
    confidence = rng.beta(3.2, 1.1, n)
    right = rng.random(n) < confidence
    mean = confidence.mean()
    gain, lose = np.full(n, gains / (1 - mean)), np.full(n, loses / mean)
    if case == "worse by 15 points on one topic":
        lose[gold == 0] = 0.20 / mean
    candidate = np.where(right, rng.random(n) >= lose, rng.random(n) < gain)
    sure = np.clip(confidence + gains - loses, 0.01, 0.99)
    if case == "better but uncalibrated":
        sure = confidence**0.25
    earlier = None
    if case == "poisoned labels":
        new = rng.permutation(n) < 100
        candidate = np.where(new, rng.random(n) < 0.90, candidate)
        right = np.where(new, rng.random(n) < 0.05, right)
        earlier = (~new).tolist()
    wrong = (gold + rng.integers(1, n_topics, n)) % n_topics

    def named(is_right: np.ndarray) -> list[str]:
        return [topics[i] for i in np.where(is_right, gold, wrong).tolist()]

    return (
        Answers(named(candidate), sure),
        Answers(named(right), confidence),
        [topics[i] for i in gold.tolist()],
        earlier,
        checks_of_data(case, rng),
    )


def checks_of_data(case: str, rng: np.random.Generator) -> list[Check]:
    """Judge a made feed of 100 dated headlines as a run does."""
    age = int(rng.integers(31, 401)) if case == "stale data" else int(rng.integers(0, 31))
    feed = as_headlines([f"Headline {i}" for i in range(100)])
    days = [str(TODAY - timedelta(days=age + i % 5)) for i in range(100)]
    dated = [replace(h, date=day) for h, day in zip(feed, days, strict=True)]
    return data_checks(DataLimits(), dated, TODAY)


def measured(case: str, draws: int, first_seed: int, n_topics: int) -> dict[str, Any]:
    should = CASES[case][2]
    accepted, reasons, visible = 0, Counter(), []
    for seed in range(first_seed, first_seed + draws):
        rng = np.random.default_rng([seed, *case.encode()])
        candidate, champion, gold, earlier, checks = drawn(case, rng, n_topics)
        decision = Gate().decide(candidate, champion, gold, earlier=earlier, others=checks)
        accepted += decision.accepted
        [accuracy] = [c for c in decision.checks if c.name == "accuracy"]
        visible.append(accuracy.facts["smallest_visible"])
        if not decision.accepted:
            reasons.update(c.name for c in decision.checks if not c.passed and c.judged)
    share = accepted / draws
    return {
        "draws": draws,
        "promoted": round(share, 4),
        "right": None if should is None else round(share if should else 1 - share, 4),
        "refused_by": dict(reasons.most_common()),
        "smallest_visible_difference": round(float(np.median(visible)), 4),
    }


def plain_rule(case: str, draws: int, first_seed: int, n_topics: int) -> float:
    """Share of the same draws that a rule promotes which compares accuracy alone."""
    promoted = 0
    for seed in range(first_seed, first_seed + draws):
        rng = np.random.default_rng([seed, *case.encode()])
        candidate, champion, gold, _, _ = drawn(case, rng, n_topics)
        promoted += _right(candidate, gold) >= _right(champion, gold)
    return round(promoted / draws, 4)


def _right(answers: Answers, gold: list[str]) -> int:
    return sum(topic == truth for topic, truth in zip(answers.topics, gold, strict=True))


def main() -> None:
    parser = common.arguments(__doc__, "gate.json", data=False)
    parser.add_argument("--choose", action="store_true", help="draws for choosing settings")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", choices=("gate", "plain"), help="what the other found stays")
    options = parser.parse_args()
    if options.choose:
        for n_topics in (6, 11):
            for case in CASES:
                print(n_topics, case, measured(case, options.draws, 1_000_000, n_topics))
        return
    found = common.known(options.output) | {"hold_out": 400, "topics": 11}
    if options.only != "plain":
        found["cases"] = {case: measured(case, 200, 0, 11) for case in CASES}
        more = {case: measured(case, options.draws, 200, 11) for case in CASES}
        found["cases, more draws"] = more
    if options.only != "gate":
        rule = {case: plain_rule(case, options.draws, 200, 11) for case in CASES}
        found["promoted by the plain rule, more draws"] = rule
        print(rule)
    print(f"{'case':<34}{'draws':>6}{'promoted':>10}{'right':>8}  refused by")
    for key in ("cases", "cases, more draws"):
        for case, row in found.get(key, {}).items():
            right = "-" if row["right"] is None else f"{row['right']:.3f}"
            by = ", ".join(f"{name} {n}" for name, n in row["refused_by"].items())
            print(f"{case:<34}{row['draws']:>6}{row['promoted']:>10.3f}{right:>8}  {by}")
    common.write(options.output, found | common.described("python -m benchmarks.gate", {}))


if __name__ == "__main__":
    main()
