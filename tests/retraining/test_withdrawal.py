"""Claims about labels that are taken back and topics that are renamed: memory follows the files."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import write

from headlines import HeadlineLabeler, Taxonomy
from headlines.errors import TaxonomyError
from headlines.feeds.headline import Headline, normalise_v1
from headlines.model.examples import Example
from headlines.retraining.config import RetrainConfig
from headlines.retraining.job import RetrainResult, retrain
from headlines.topics.labels import read_labels

PLACES = [
    "Kursk",
    "Odesa",
    "Rostov",
    "Lviv",
    "Samara",
    "Kazan",
    "Tver",
    "Omsk",
    "Tula",
    "Perm",
    "Pskov",
    "Sochi",
    "Ufa",
    "Orel",
]
MADE = {
    "drones": "Drones Hit Oil Depot In {}, Fire Put Out",
    "courts": "Court In {} Jails Activist For Poem",
}
TOPICS = """
[[topic]]
name = "drones"
phrases = ["drone attack"]
[[topic]]
name = "courts"
phrases = ["court sentence"]
"""


def _labels(path: Path, rows: Iterable[tuple[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("headline", "topic"), *rows])
    return path


def _rows(places: Iterable[str] = PLACES) -> list[tuple[str, str]]:
    return [(form.format(place), topic) for place in places for topic, form in MADE.items()]


def _run(folder: Path, *, first: bool = False, **named: object) -> RetrainResult:
    lines = ['registry = "models"', 'topics = "topics.toml"']
    lines += [f"{key} = {value!r}".replace("'", '"') for key, value in named.items()]
    lines += ["[data]", "headlines = 0", "age_days = 0"]
    config = RetrainConfig.read(write(folder / "retrain.toml", lines))
    return retrain(config, first_run=first)


def _known(folder: Path, version: str | None = None) -> dict[str, Example]:
    labeler = HeadlineLabeler.load(version, registry=folder / "models")
    return {e.id: e for e in labeler.state.training_set.examples if not e.written}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a champion that knows labels of two files."""
    write(tmp_path / "topics.toml", TOPICS)
    _labels(tmp_path / "may.csv", _rows(PLACES[:7]))
    _labels(tmp_path / "june.csv", _rows(PLACES[7:]))
    assert _run(tmp_path, first=True, labels=["may.csv", "june.csv"]).outcome == "promoted"
    assert {e.origin for e in _known(tmp_path).values()} == {"may.csv", "june.csv"}
    return tmp_path


def test_a_label_that_stands_in_its_file_no_more_is_forgotten(folder: Path) -> None:
    gone, stay = _rows(PLACES[:1]), _rows(PLACES[1:7])
    _labels(folder / "may.csv", stay)
    result = _run(folder, labels=["may.csv", "june.csv"])
    assert (result.withdrawn, result.forgotten, result.labels) == (2, 0, 26)
    known = _known(folder, result.version)
    assert not {Headline.parse(text).id for text, _ in gone} & set(known)
    assert result.to_row()["withdrawn"] == 2


def test_a_label_whose_file_is_named_no_more_is_remembered(folder: Path) -> None:
    _labels(folder / "july.csv", [("Drones Hit Oil Depot In Tomsk, Fire Put Out", "drones")])
    result = _run(folder, labels=["july.csv"])
    assert (result.withdrawn, result.labels) == (0, 29)
    result = _run(folder, labels=["july.csv", "may.csv"])
    assert (result.withdrawn, result.labels) == (0, 29)


def test_a_label_that_moves_to_another_file_is_not_withdrawn(folder: Path) -> None:
    _labels(folder / "may.csv", [])
    _labels(folder / "june.csv", _rows())
    assert _run(folder, labels=["may.csv", "june.csv"]).withdrawn == 0


def test_a_correction_that_is_deleted_gives_the_label_back(folder: Path) -> None:
    text = _rows()[0][0]
    _labels(folder / "fix.csv", [(text, "courts")])
    both = {"labels": ["may.csv", "june.csv"], "corrections": ["fix.csv"]}
    fixed = _run(folder, **both)
    assert _known(folder, fixed.version)[Headline.parse(text).id].topic == "courts"
    write(folder / "fix.csv", "")
    result = _run(folder, **both)
    assert result.withdrawn == 0
    assert _known(folder, result.version or "1")[Headline.parse(text).id].topic == "drones"


def test_a_file_that_was_cut_short_is_refused(folder: Path) -> None:
    _labels(folder / "may.csv", _rows(PLACES[:2]))
    result = _run(folder, labels=["may.csv", "june.csv"])
    assert result.outcome == "refused"
    assert "withdrawn: 10 of 28 labels stand in their file no more (limit 20%)" in (
        result.decision.reason
    )
    assert len(_known(folder)) == 28  # the champion's


def test_a_label_by_hash_stands_also_where_its_headline_is_not_at_hand(tmp_path: Path) -> None:
    write(tmp_path / "topics.toml", TOPICS)
    rows = _rows()
    write(tmp_path / "feed.txt", [text for text, _ in rows])
    hashes = [(hashlib.sha256(normalise_v1(text).encode()).hexdigest(), t) for text, t in rows]
    with (tmp_path / "hashed.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("sha256", "topic"), *hashes])
    first = _run(tmp_path, first=True, labels=["hashed.csv"], feeds=["feed.txt"])
    assert first.labels == 28
    write(tmp_path / "feed.txt", [text for text, _ in rows[:14]])
    assert _run(tmp_path, labels=["hashed.csv"], feeds=["feed.txt"]).withdrawn == 0


def test_labels_and_memory_follow_a_topic_to_its_new_name(folder: Path) -> None:
    new = TOPICS.replace('name = "courts"', 'name = "justice"\nwas = ["courts"]')
    write(folder / "topics.toml", new)
    result = _run(folder, labels=["may.csv"])  # the file still says "courts"
    assert (result.forgotten, result.withdrawn, result.labels) == (0, 0, 28)
    known = _known(folder, result.version)
    assert {e.topic for e in known.values()} == {"drones", "justice"}
    checks = {check.name: check for check in result.decision.checks}
    assert checks["relabelled"].facts["changed"] == 0
    assert result.conflicts == ()


def test_two_topics_that_are_merged_keep_the_labels_of_both(folder: Path) -> None:
    more = '[[topic]]\nname = "war"\nwas = ["drones", "courts"]\nphrases = ["war"]\n'
    write(
        folder / "topics.toml", more + '[[topic]]\nname = "sport"\nphrases = ["football match"]\n'
    )
    result = _run(folder)
    assert (result.forgotten, result.labels) == (0, 28)
    assert {e.topic for e in _known(folder, result.version).values()} == {"war"}


def test_labels_of_a_topic_that_is_two_now_stay_where_its_name_is_or_are_forgotten(
    folder: Path,
) -> None:
    apart = '[[topic]]\nname = "trials"\nwas = ["courts"]\nphrases = ["trial"]\n'
    write(folder / "topics.toml", TOPICS + apart)
    kept = _run(folder)
    assert (kept.forgotten, kept.labels) == (0, 28)
    other = TOPICS.replace('name = "courts"', 'name = "verdicts"\nwas = ["courts"]')
    write(folder / "topics.toml", other + apart)
    gone = _run(folder)
    assert (gone.forgotten, gone.labels) == (14, 14)
    with pytest.raises(TaxonomyError, match="unknown topic 'courts'"):
        _run(folder, labels=["may.csv"])


@pytest.mark.parametrize(("line", "told"), [
    ('was = ["Drones"]', "topic 'drones' was itself"),
    ('was = ["uavs", "UAVs"]', "topic 'drones' was 'uavs' twice"),
    ('was = "uavs"', "was is 'uavs', expected a list of strings"),
])  # fmt: skip
def test_an_earlier_name_that_can_not_be_is_refused(line: str, told: str, tmp_path: Path) -> None:
    text = TOPICS.replace('name = "drones"', f'name = "drones"\n{line}')
    with pytest.raises(TaxonomyError, match=told):
        Taxonomy.load(write(tmp_path / "topics.toml", text))


def test_an_earlier_name_is_read_in_any_case(tmp_path: Path) -> None:
    text = TOPICS.replace('name = "drones"', 'name = "drones"\nwas = ["UAV attacks"]')
    taxonomy = Taxonomy.load(write(tmp_path / "topics.toml", text))
    path = _labels(tmp_path / "labels.csv", [("Drones Hit Depot", "uav  Attacks")])
    [label] = read_labels(path, taxonomy.names, was=taxonomy.was)
    assert (label.topic, label.origin) == ("drones", "labels.csv")
