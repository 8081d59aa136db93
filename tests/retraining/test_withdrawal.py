"""Claims about labels that are taken back and topics that are renamed: memory follows the files."""

from __future__ import annotations

import csv
import hashlib
import random
import shutil
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

WORDS = {
    "drones": "drone missile strike attack air defence radar refinery depot blast rocket bombs "
    "debris raid swarm launch siren warhead airfield interceptor barrage hit",
    "courts": "court jails judge trial sentence arrest charges fraud bribery prosecutor lawyer "
    "appeal verdict prison suspect theft murder jury bail custody guilty",
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


def _rows(count: int, seed: int) -> list[tuple[str, str]]:
    """So many labels of each topic, no two headlines near one another."""
    rng = random.Random(seed)
    rows = []
    for topic, words in WORDS.items():
        rows += [(" ".join(rng.sample(words.split(), 6)), topic) for _ in range(count)]
    return rows


def _run(folder: Path, *, first: bool = False, **named: object) -> RetrainResult:
    lines = ['registry = "models"', 'topics = "topics.toml"']
    lines += [f"{key} = {value!r}".replace("'", '"') for key, value in named.items()]
    lines += ["[data]", "headlines = 0", "age_days = 0"]
    config = RetrainConfig.read(write(folder / "retrain.toml", lines))
    return retrain(config, first_run=first)


def _known(folder: Path, version: str | None = None) -> dict[str, Example]:
    labeler = HeadlineLabeler.load(version, registry=folder / "models")
    return {e.id: e for e in labeler.state.training_set.examples if not e.written}


BOTH = ["may.csv", "june.csv"]
MAY, JUNE = _rows(40, 5), _rows(40, 6)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a champion that knows labels of two files."""
    folder = tmp_path_factory.mktemp("withdrawal")
    write(folder / "topics.toml", TOPICS)
    _labels(folder / "may.csv", MAY)
    _labels(folder / "june.csv", JUNE)
    assert _run(folder, first=True, labels=BOTH).outcome == "promoted"
    known = _known(folder).values()
    assert {e.origin for e in known} == {"../may.csv", "../june.csv"}
    assert sum(e.held_out for e in known) > 20
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def test_a_label_that_stands_in_its_file_no_more_is_forgotten(folder: Path) -> None:
    _labels(folder / "may.csv", MAY[3:])
    result = _run(folder, labels=BOTH)
    assert (result.withdrawn, result.forgotten, result.labels) == (3, 0, 157)
    known = _known(folder, result.version)
    assert not {Headline.parse(text).id for text, _ in MAY[:3]} & set(known)
    assert result.to_row()["withdrawn"] == 3


@pytest.mark.parametrize("name", ["july.csv", "july/may.csv"])
def test_a_label_whose_file_is_named_no_more_is_remembered(folder: Path, name: str) -> None:
    (folder / "july").mkdir()
    _labels(folder / name, _rows(1, 7))
    assert (found := _run(folder, labels=[name])).withdrawn == 0
    assert found.labels == 162


def test_a_label_that_moves_to_another_file_is_not_withdrawn(folder: Path) -> None:
    _labels(folder / "may.csv", [])
    _labels(folder / "june.csv", [*MAY, *JUNE])
    assert _run(folder, labels=BOTH).withdrawn == 0


def test_a_correction_that_is_deleted_gives_the_label_back(folder: Path) -> None:
    text, topic = JUNE[0]
    _labels(folder / "fix.csv", [(text, "courts")])
    files = {"labels": BOTH, "corrections": ["fix.csv"]}
    fixed = _run(folder, **files)
    assert _known(folder, fixed.version)[Headline.parse(text).id].topic == "courts"
    write(folder / "fix.csv", "")
    result = _run(folder, **files)
    assert result.withdrawn == 0
    assert _known(folder, result.version or "1")[Headline.parse(text).id].topic == topic


def test_a_file_that_was_cut_short_is_refused(folder: Path) -> None:
    _labels(folder / "may.csv", MAY[20:])  # an eighth of all labels
    result = _run(folder, labels=BOTH)
    assert result.outcome == "refused"
    assert "20 of the 80 labels of ../may.csv are gone, and 20% may be" in result.decision.reason
    assert len(_known(folder)) == 160  # the champion's


def test_a_hold_out_that_is_withdrawn_is_refused(folder: Path) -> None:
    held = {e.id for e in _known(folder).values() if e.held_out}
    for name, rows in (("may.csv", MAY), ("june.csv", JUNE)):
        left = [row for row in rows if Headline.parse(row[0]).id not in held]
        _labels(folder / name, left)
    result = _run(folder, labels=BOTH)
    assert result.outcome == "refused"
    assert f"{len(held)} of the {len(held)} labels held out are gone" in result.decision.reason


def test_a_label_by_hash_stands_until_its_row_is_gone(tmp_path: Path) -> None:
    """Also where its headline isn't at hand; and a row may take it back."""
    write(tmp_path / "topics.toml", TOPICS)
    write(tmp_path / "feed.txt", [text for text, _ in MAY])
    rows = [(hashlib.sha256(normalise_v1(text).encode()).hexdigest(), t, "") for text, t in MAY]

    def keep(rows: Iterable[tuple[str, str, str]]) -> None:
        with (tmp_path / "hashed.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("sha256", "topic", "withdrawn"), *rows])

    given = {"labels": ["hashed.csv"], "feeds": ["feed.txt"]}
    keep(rows)
    assert _run(tmp_path, first=True, **given).labels == 80
    write(tmp_path / "feed.txt", [text for text, _ in MAY[:60]])
    assert _run(tmp_path, **given).withdrawn == 0
    keep([*rows, (*rows[0][:2], "yes"), (*rows[70][:2], "yes")])
    assert _run(tmp_path, **given).withdrawn == 2


@pytest.mark.parametrize("old", ["courts", "Courts"])
def test_labels_and_memory_follow_a_topic_to_its_new_name(folder: Path, old: str) -> None:
    new = TOPICS.replace('name = "courts"', f'name = "justice"\nwas = ["{old}"]')
    write(folder / "topics.toml", new)
    write(folder / "feed.txt", [text for text, _ in MAY])
    result = _run(folder, labels=["may.csv"], feeds=["feed.txt"])  # the file says "courts"
    assert (result.forgotten, result.withdrawn, result.labels) == (0, 0, 160)
    known = _known(folder, result.version)
    assert {e.topic for e in known.values()} == {"drones", "justice"}
    checks = {check.name: check for check in result.decision.checks}
    assert checks["relabelled"].facts["changed"] == 0
    assert result.churn is not None
    assert result.churn < 0.1
    assert result.conflicts == ()
    assert abs(checks["accuracy"].facts["difference"]) < 0.1


def test_two_topics_that_are_merged_keep_the_labels_of_both(folder: Path) -> None:
    more = '[[topic]]\nname = "war"\nwas = ["drones", "courts"]\nphrases = ["war"]\n'
    write(folder / "topics.toml", more + '[[topic]]\nname = "sport"\nphrases = ["football"]\n')
    result = _run(folder)
    assert (result.forgotten, result.labels) == (0, 160)
    assert {e.topic for e in _known(folder, result.version).values()} == {"war"}


def test_labels_of_a_topic_that_is_two_now_stay_where_its_name_is_or_are_forgotten(
    folder: Path,
) -> None:
    apart = '[[topic]]\nname = "trials"\nwas = ["courts"]\nphrases = ["trial"]\n'
    write(folder / "topics.toml", TOPICS + apart)
    kept = _run(folder)
    assert (kept.forgotten, kept.labels) == (0, 160)
    other = TOPICS.replace('name = "courts"', 'name = "verdicts"\nwas = ["courts"]')
    write(folder / "topics.toml", other + apart)
    gone = _run(folder)
    assert (gone.forgotten, gone.labels) == (80, 80)
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
    assert (label.topic, label.origin) == ("drones", None)
