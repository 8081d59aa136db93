"""Claims about the desk itself: what it asks next."""

from __future__ import annotations

import time
from pathlib import Path

from headlines import Headline, HeadlineLabeler
from headlines.review.desk import ANSWERS_BETWEEN, Desk
from headlines.review.ledger import Ledger


def test_answers_change_what_is_asked_next(
    labeler: HeadlineLabeler, made_headlines: list[str], tmp_path: Path
) -> None:
    feed = [Headline.parse(text) for text in made_headlines[:150]]
    desk = Desk(labeler, feed, Ledger(tmp_path / "c.csv", labeler.topics))
    before = list(desk._order)
    for _ in range(ANSWERS_BETWEEN):
        question = desk.next()
        assert question is not None
        desk.answer(question.headline.id, "courts")
    answered = before[:ANSWERS_BETWEEN]
    desk.next()  # begins to order anew
    limit = time.monotonic() + 60
    while list(desk._order) == before and time.monotonic() < limit:
        time.sleep(0.05)
        desk.next()
    after = list(desk._order)
    assert after != before
    assert sorted(after) == sorted(before)
    assert after[: -len(answered)] != before[len(answered) :]
    assert set(after[-len(answered) :]) == set(answered)  # asked again where they are taken back


def test_what_is_taken_back_is_asked_again(labeler: HeadlineLabeler, tmp_path: Path) -> None:
    feed = [Headline.parse(text) for text in ("Floods hit Siberia", "Court jails poet")]
    desk = Desk(labeler, feed, Ledger(tmp_path / "c.csv", labeler.topics))
    ids = []
    while (question := desk.next()) is not None:
        ids.append(question.headline.id)
        desk.answer(ids[-1], "courts")
    assert len(ids) == 2
    assert desk.undo() == ids[1]
    question = desk.next()
    assert question is not None
    assert question.headline.id == ids[1]
