"""Claims about the desk itself: what is asked next, what is kept, how often the machine agreed."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import SEEDS, write
from desks import FEED

from headlines import HeadlineLabeler
from headlines.errors import TaxonomyError
from headlines.feeds.headline import Headline
from headlines.review.desk import ANSWERS_BETWEEN, KEYS, Desk, RequestError
from headlines.review.ledger import Ledger
from headlines.review.order import suggestions
from headlines.topics.labels import GoldLabel
from headlines.topics.taxonomy import Taxonomy

COMMANDS = set("sundq?/#+")
MANY = [
    Headline.parse(f"{who} {does} {what}")
    for who in ("Whale", "EU Envoy", "Drone Maker", "Court")
    for does in ("Seen Near", "Fined Over", "Delays")
    for what in ("Harbour Bridge", "Wheat Exports", "Choir")
]


def desk_of(
    labeler: HeadlineLabeler, folder: Path, headlines: list[Headline], topics: Path | None = None
) -> Desk:
    names = Taxonomy.load(topics).names if topics else labeler.topics
    return Desk(labeler, headlines, Ledger(folder / "c.csv", names), topics_file=topics)


def test_no_topic_s_key_is_a_command() -> None:
    assert len(set(KEYS)) == len(KEYS)
    assert not COMMANDS & set(KEYS)


def test_the_order_follows_the_answers(labeler: HeadlineLabeler, tmp_path: Path) -> None:
    desk = desk_of(labeler, tmp_path, MANY)
    assert list(desk._order) == [s.prediction.id for s in suggestions(labeler, MANY)]
    labels = []
    for _ in range(ANSWERS_BETWEEN):
        question = desk.next()
        assert question is not None
        topic = "society" if question.headline.headline.startswith("Whale") else "courts"
        desk.answer(question.headline.id, topic)
        labels.append(GoldLabel(question.headline, topic))
    before = list(desk._order)
    desk.next()
    assert desk._ordering is not None
    desk._ordering.join()
    skip = {label.headline.id for label in labels}
    anew = [s.prediction.id for s in suggestions(labeler, MANY, labels=labels, skip=skip)]
    assert list(desk._order)[: len(anew)] == anew
    assert set(desk._order) == set(before)
    assert desk.progress().left == len(anew) == len(MANY) - ANSWERS_BETWEEN


def test_agreement_is_of_the_answers_that_stand(labeler: HeadlineLabeler, tmp_path: Path) -> None:
    headlines = [Headline.parse(text) for text in FEED]
    said = {p.id: p.topics[0][0] for p in labeler.label(headlines, any_text=True)}
    desk = desk_of(labeler, tmp_path, headlines)
    assert desk.progress().agreement is None
    first, second, third = (headline.id for headline in headlines[:3])
    desk.answer(first, said[first])
    desk.answer(second, next(t for t in labeler.topics if t != said[second]))
    assert desk.progress().agreement == 0.5
    desk.answer(second, said[second], [said[second], "media", "media"])
    assert desk.progress().agreement == 1.0
    desk.undo()
    desk.answer(third, said[third])
    assert desk.progress().agreement == round(2 / 3, 4)
    desk.skip(headlines[3].id)
    assert (desk.progress().answers, desk.progress().skipped, desk.progress().undone) == (3, 1, 1)
    assert [desk.undo() for _ in range(5)] == [headlines[3].id, third, second, first, None]


def test_a_desk_sees_the_topics_that_another_one_added(
    labeler: HeadlineLabeler, tmp_path: Path
) -> None:
    topics = write(tmp_path / "topics.toml", (SEEDS / "topics.toml").read_bytes())
    one = desk_of(labeler, tmp_path, MANY, topics)
    other = desk_of(labeler, tmp_path, MANY, topics)
    whales = [headline.id for headline in MANY if headline.headline.startswith("Whale")]
    one.add_topic(" whales\n", "Of  whales", whales)
    assert other.topics()[-1] == {"name": "whales", "key": "b", "definition": "Of whales"}
    assert other.progress().by_others == len(whales)
    assert other.question(whales[0]).answered is not None
    with pytest.raises(TaxonomyError, match="has a topic 'Whales'"):
        other.add_topic("Whales", "", whales)
    for name, ids in (("", whales), ("x", []), ("x", ["none"])):
        with pytest.raises(RequestError):
            other.add_topic(name, "", ids)
    assert one.undo() == whales[0]
    assert one.progress().undone == len(whales)
    assert other.progress().by_others == 0
    write(topics, "[[topic")  # somebody edits it: what was known is known
    assert other.topics()[-1]["name"] == "whales"


def test_wishes_that_cannot_be_fulfilled_write_nothing(
    labeler: HeadlineLabeler, tmp_path: Path
) -> None:
    desk = desk_of(labeler, tmp_path, MANY)
    id = MANY[0].id
    with pytest.raises(RequestError, match="no topic 'sprots'; the topics are sanctions"):
        desk.answer(id, "sprots")
    with pytest.raises(RequestError, match="no topic 'sprots'"):
        desk.answer(id, "courts", ["sprots"])
    with pytest.raises(RequestError, match="no headline of the id 'none'"):
        desk.answer("none", "courts")
    with pytest.raises(RequestError, match="no headline of the id"):
        desk.skip("none")
    with pytest.raises(RequestError, match=r"copy seeds/topics\.toml"):
        desk.add_topic("whales", "", [id])
    assert desk.undo() is None
    assert not (tmp_path / "c.csv").exists()
    assert desk.search("  ") == []
    assert [found["headline"] for found in desk.search("CHOIR whale seen")] == [
        "Whale Seen Near Choir"
    ]
