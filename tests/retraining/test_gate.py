"""Claims about the gate: made cases where the truth is known, a few draws of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from headlines.retraining.gate import Answers, Check, Decision, Gate

TOPICS = [f"topic {i}" for i in range(8)]


def _answers(gold: Sequence[str], right: np.ndarray, confidence: float = 0.75) -> Answers:
    """Answers that are right where they are said to be."""
    other = dict(zip(TOPICS, [*TOPICS[1:], TOPICS[0]], strict=True))
    topics = [g if r else other[g] for g, r in zip(gold, right, strict=True)]
    return Answers(topics, np.full(len(gold), confidence))


def _case(
    seed: int, gain: float, lose: float, n: int = 400, worse_topic: float = 0.0
) -> tuple[Answers, Answers, list[str]]:
    """A champion right on three in four, and a candidate that gains and loses some of these."""
    rng = np.random.default_rng(seed)
    gold = [TOPICS[i] for i in rng.integers(0, len(TOPICS), n)]
    champion = rng.random(n) < 0.75
    lost = np.where(np.array(gold) == TOPICS[0], lose + worse_topic, lose) / 0.75
    candidate = np.where(champion, rng.random(n) >= lost, rng.random(n) < gain / 0.25)
    return _answers(gold, candidate, 0.75 + gain - lose), _answers(gold, champion), gold


def _share(gain: float, lose: float, worse_topic: float = 0.0) -> float:
    decided = [
        Gate().decide(*_case(seed, gain, lose, worse_topic=worse_topic)).accepted
        for seed in range(20)
    ]
    return float(np.mean(decided))


def _check(decision: Decision, name: str) -> Check:
    [found] = [check for check in decision.checks if check.name == name]
    return found


def test_a_candidate_that_is_better_passes() -> None:
    assert _share(0.08, 0.03) >= 0.9


def test_a_candidate_that_is_worse_is_refused() -> None:
    assert _share(0.03, 0.08) == 0


def test_a_candidate_that_is_worse_on_one_topic_is_refused() -> None:
    assert _share(0.05, 0.05, worse_topic=0.2) <= 0.05


def test_the_topic_that_loses_is_named() -> None:
    candidate, champion, gold = _case(0, 0.01, 0.01, worse_topic=0.4)
    check = _check(Gate().decide(candidate, champion, gold), "topics")
    assert check.passed is False
    assert check.facts["topic"] == TOPICS[0]
    assert TOPICS[0] in check.detail


def test_a_candidate_that_is_better_but_boasts_is_refused() -> None:
    candidate, champion, gold = _case(0, 0.08, 0.03)
    boast = Answers(candidate.topics, np.full(len(gold), 0.97))
    decision = Gate().decide(boast, champion, gold)
    assert not decision.accepted
    assert _check(decision, "calibration").passed is False
    assert "calibration" in decision.reason


def test_calibration_is_judged_on_what_was_drawn_where_that_is_enough() -> None:
    candidate, champion, gold = _case(0, 0.08, 0.03)
    confidence = candidate.confidence.copy()
    confidence[:300] = 1.0
    drawn = [i >= 300 for i in range(400)]
    boast = Answers(candidate.topics, confidence)
    assert _check(Gate().decide(boast, champion, gold), "calibration").passed is False
    judged = Gate().decide(boast, champion, gold, drawn=drawn)
    assert _check(judged, "calibration").passed is True


def test_new_labels_cannot_vouch_for_a_candidate_that_came_with_them() -> None:
    """A hundred poisoned labels: right on these, worse on those that were there before."""
    candidate, champion, gold = _case(0, 0.03, 0.10)
    poisoned = ["topic 1"] * 100
    new = Answers([*candidate.topics, *poisoned], np.full(500, 0.75))
    old = Answers([*champion.topics, *["topic 2"] * 100], np.full(500, 0.75))
    earlier = [True] * 400 + [False] * 100
    decision = Gate().decide(new, old, [*gold, *poisoned], earlier=earlier)
    assert _check(decision, "accuracy").passed is True
    assert _check(decision, "accuracy on earlier labels").passed is False
    assert not decision.accepted


def test_few_earlier_labels_are_not_judged_apart() -> None:
    candidate, champion, gold = _case(0, 0.08, 0.03)
    decision = Gate().decide(candidate, champion, gold, earlier=[i < 10 for i in range(400)])
    assert _check(decision, "accuracy on earlier labels").verdict == "not judged"
    assert decision.accepted


@pytest.mark.parametrize(("when_unsure", "accepted"), [("keep", False), ("promote", True)])
def test_a_small_holdout_cannot_tell_and_the_setting_decides(
    when_unsure: str, accepted: bool
) -> None:
    candidate, champion, gold = _case(0, 0.05, 0.05, n=30)
    decision = Gate(when_unsure=when_unsure).decide(candidate, champion, gold)
    assert decision.accepted is accepted
    assert "30 labels can't tell" in decision.reason
    assert _check(decision, "accuracy").passed is None


def test_models_that_agree_on_a_few_headlines_are_not_proven_equal() -> None:
    _, champion, gold = _case(0, 0.0, 0.0, n=60)
    check = _check(Gate().decide(champion, champion, gold), "accuracy")
    assert check.passed is None
    assert check.facts["smallest_visible"] > 0.02
    _, champion, gold = _case(0, 0.0, 0.0, n=400)
    check = _check(Gate().decide(champion, champion, gold), "accuracy")
    assert check.passed is True
    assert "smallest visible difference" in check.detail


def test_copies_count_as_one() -> None:
    """A hundred copies of one headline that the candidate gets right prove little."""
    candidate, champion, gold = _case(3, 0.05, 0.05)
    topics = [*candidate.topics, *["topic 1"] * 100]
    new = Answers(topics, np.full(500, 0.75))
    old = Answers([*champion.topics, *["topic 2"] * 100], np.full(500, 0.75))
    own = Gate().decide(new, old, [*gold, *["topic 1"] * 100])
    groups = [*range(400), *[400] * 100]
    together = Gate().decide(new, old, [*gold, *["topic 1"] * 100], groups=groups)
    width = [d.facts["high"] - d.facts["low"] for d in
             (_check(own, "accuracy"), _check(together, "accuracy"))]  # fmt: skip
    assert width[1] > 2 * width[0]


def test_a_topic_below_its_floor_is_refused_even_without_a_champion() -> None:
    candidate, _, gold = _case(0, 0.0, 0.0)
    floors = {TOPICS[0]: 0.99, TOPICS[1]: 0.1, "elsewhere": 0.5}
    decision = Gate(floors=floors).decide(candidate, None, gold)
    assert not decision.accepted
    detail = _check(decision, "floors").detail
    assert TOPICS[0] in detail
    assert "elsewhere: not judged" in detail


def test_the_first_candidate_passes() -> None:
    candidate, _, gold = _case(0, 0.0, 0.0)
    assert Gate().decide(candidate, None, gold).reason == "there was no champion"
    nobody = Gate().decide(Answers([], np.zeros(0)), None, [])
    assert nobody.accepted


def test_what_else_was_looked_at_can_refuse() -> None:
    candidate, champion, gold = _case(0, 0.08, 0.03)
    stale = Check("age", False, "the newest headline is 90 days old", {"days": 90})
    decision = Gate().decide(candidate, champion, gold, others=[stale])
    assert not decision.accepted
    assert decision.reason == "age: the newest headline is 90 days old"
    assert stale.to_row() == {
        "check": "age", "passed": False, "verdict": "FAILED", "detail": stale.detail, "days": 90,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("passed", "verdict"), [(True, "passed"), (False, "FAILED"), (None, "can't tell")]
)
def test_a_check_has_its_verdict_in_words_also_when_it_is_read_again(
    passed: bool | None, verdict: str
) -> None:
    check = Check(name="age", passed=passed, detail="90 days", facts={"days": 90})
    assert check.verdict == verdict
    assert Check.from_row(check.to_row()) == check


def test_a_check_that_is_not_judged_counts_neither_way() -> None:
    candidate, champion, gold = _case(0, 0.08, 0.03)
    unjudged = Check.unjudged("age", "no limit is set")
    assert (unjudged.verdict, unjudged.passed) == ("not judged", None)
    assert Check.from_row(unjudged.to_row()) == unjudged
    decision = Gate().decide(candidate, champion, gold, others=[unjudged])
    assert decision.accepted
    assert decision.reason == _check(decision, "accuracy").detail


def test_change_is_no_fault_of_a_candidate_that_gains_more_than_the_margin() -> None:
    churn = Check("churn", False, "40 % change their topic", unless_better=True)
    better, same = _case(0, 0.08, 0.03), _case(0, 0.0, 0.0)
    assert Gate().decide(*better, others=[churn]).accepted
    assert not Gate().decide(*same, others=[churn]).accepted


def test_the_same_answers_give_the_same_decision() -> None:
    case = _case(5, 0.05, 0.05)
    assert Gate().decide(*case) == Gate().decide(*case)
