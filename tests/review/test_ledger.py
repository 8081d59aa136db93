"""Claims about the file of corrections: whole lines, nobody's lost, nothing rewritten unasked."""

from __future__ import annotations

import csv
import json
import multiprocessing
from pathlib import Path

import pytest
from conftest import DATA, write
from desks import kept

from headlines.errors import HeadlinesError, OutputError, TaxonomyError
from headlines.feeds.headline import Headline
from headlines.review.ledger import COLUMNS, Ledger
from headlines.topics.labels import GoldLabel, merge_corrections, read_labels

TOPICS = ("courts", "drones", "Arts, Culture; and", "x|y")


def label(text: str, topic: str = "courts", *also: str) -> GoldLabel:
    return GoldLabel(Headline.parse(text), topic, also=also)


def test_answers_come_back_as_they_were_given_whatever_the_headline(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    lines = (DATA / "hostile_headlines.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["headline"] for line in lines]
    texts += ['He said \\"', "=1+1", "---", 'Mayor, "Hero"', "a\\", "headline", "+49 30", "@home"]
    given = {}
    for number, text in enumerate(texts):
        one = label(text, TOPICS[number % 4], *TOPICS[(number + 1) % 4 :][: number % 3])
        Ledger(path, TOPICS).append([one])
        given[one.headline.id] = (one.topic, one.also)
    for found in (Ledger(path, TOPICS).standing().values(), read_labels(path, TOPICS)):
        assert {g.headline.id: (g.topic, g.also) for g in found} == given


def test_an_undo_is_a_row_and_what_stood_before_counts_again(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    ledger = Ledger(path, TOPICS)
    ledger.append([label("Floods", "courts")])
    ledger.append([label("Floods", "drones", "x|y")])
    assert [g.topic for g in ledger.standing().values()] == ["drones"]
    ledger.append([label("Floods", "drones", "x|y")], withdrawn=True)
    assert [g.topic for g in ledger.standing().values()] == ["courts"]
    ledger.append([label("Floods", "courts")], withdrawn=True)
    assert ledger.standing() == {}
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == COLUMNS
    assert [row[4] for row in rows] == ["", "", "yes", "yes"]
    assert [row[5] for row in rows] == ["no"] * 4
    times = [row[3] for row in rows]
    assert times == sorted(set(times))
    assert all(time.endswith("+00:00") and len(time) == 32 for time in times)


@pytest.mark.parametrize(
    ("before", "row"),
    [
        ("", "Floods,courts,,"),
        ("topic;withdrawn;note;headline;also;corrected\n", "courts;;;Floods;;2"),
        ("Headline,Topic,Also,Corrected,Withdrawn\nRain,drones,,,\n", "Floods,courts,,2"),
        ("headline,topic,also,corrected,withdrawn\r\nRain,drones,,,", "Floods,courts,,2"),
        ("\ufeffheadline\ttopic\talso\tcorrected\twithdrawn\n", "Floods\tcourts\t\t2"),
        ("\n\n", "Floods,courts,,"),
    ],
    ids=["empty", "another order", "no drawn", "no end", "a mark and tabs", "blank"],
)
def test_a_row_stands_in_the_columns_that_the_file_has(
    tmp_path: Path, before: str, row: str
) -> None:
    path = write(tmp_path / "c.csv", before.encode())
    ledger = Ledger(path, TOPICS)
    ledger.append([label("Floods")])
    after = path.read_bytes().decode()
    assert after.startswith(before)
    assert after.splitlines()[-1].startswith(row)
    assert after.endswith("\n")
    assert kept(path, TOPICS)["Floods"] == "courts"


def test_a_line_that_another_program_left_cut_is_not_joined_with_ours(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    ledger = Ledger(path, TOPICS)
    ledger.append([label("Floods")])
    with path.open("a", encoding="utf-8") as file:
        file.write('"Rain, sn')
    assert [g.headline.headline for g in ledger.standing().values()] == ["Floods"]
    assert "c.csv: line 3" in ledger.fault
    ledger.append([label("Hail")])
    ledger.append([label("Hail")], withdrawn=True)
    ledger.append([label("Snow")])
    assert [g.headline.headline for g in ledger.standing().values()] == ["Floods", "Snow"]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[2] == '"Rain, sn'
    assert [line.split(",")[0] for line in lines[3:]] == ["Hail", "Hail", "Snow"]
    with pytest.raises(TaxonomyError, match=r"c\.csv: line 3: .*mend the row"):
        Ledger(path, TOPICS)
    write(path, [line for line in lines if "sn" not in line])
    assert len(ledger.standing()) == 2
    assert ledger.fault == ""


def test_a_file_without_the_columns_of_an_undo_is_written_anew_only_when_told(
    tmp_path: Path,
) -> None:
    before = 'headline;topic;by\n"Rain; hail";drones;Ann\n\nSnow;courts;\n'
    path = write(tmp_path / "c.csv", before)
    with pytest.raises(OutputError, match=r"no column also and no column corrected and no column "
                       r"withdrawn, which an undo needs; give --add-columns"):  # fmt: skip
        Ledger(path, TOPICS)
    assert path.read_text(encoding="utf-8") == before
    Ledger(path, TOPICS, add_columns=True).append([label("Floods")])
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    assert head == "headline;topic;by;also;corrected;withdrawn"
    assert rows[:2] == ['"Rain; hail";drones;Ann;;;', "Snow;courts;;;;"]
    assert kept(path, TOPICS) == {"Rain; hail": "drones", "Snow": "courts", "Floods": "courts"}
    Ledger(path, TOPICS, add_columns=True)
    assert path.read_text(encoding="utf-8").splitlines()[1:3] == rows[:2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"title,label\nRain,drones\n", "no column headline"),
        (b"sha256,topic\n" + b"a" * 64 + b",drones\n", "no column headline"),
        (b"headline,topic\nRain,sprots\n", "--add-columns"),
        (b"headline,topic,also,corrected,withdrawn\nRain,sprots,,,\n", "line 2: unknown topic"),
        ("headline,topic,also,corrected,withdrawn\nKöln,drones,,,\n".encode("cp1252"), "UTF-8"),
        ("headline,topic,also,corrected,withdrawn\n".encode("utf-16"), "UTF-8"),
        (b"headline,topic,also,corrected,withdrawn\rRain,drones,,,\r", "UTF-8"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + bytes(range(256)), "c.csv"),
    ],
)
def test_a_file_that_cannot_be_appended_to_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = write(tmp_path / "c.csv", content)
    with pytest.raises(HeadlinesError, match=message):
        Ledger(path, TOPICS)
    assert path.read_bytes() == content


def test_columns_are_not_added_to_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    content = b"headline,topic\nRain,sprots\n"
    path = write(tmp_path / "c.csv", content)
    with pytest.raises(TaxonomyError, match="line 2: unknown topic 'sprots'"):
        Ledger(path, TOPICS, add_columns=True)
    assert path.read_bytes() == content


def test_an_answer_that_cannot_be_written_is_an_error_and_not_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "c.csv", TOPICS)
    ledger.append([label("Floods")])
    before = ledger.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("headlines.review.ledger.os.fsync", full)
    with pytest.raises(OutputError, match=r"c\.csv: can't be written \(No space .*not kept"):
        ledger.append([label("Rain")])
    assert ledger.path.read_bytes() == before


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="choose a folder that exists"):
        Ledger(tmp_path / "none" / "c.csv", TOPICS)
    assert not (tmp_path / "none").exists()
    with pytest.raises(OutputError, match="/dev/null: is no file"):
        Ledger("/dev/null", TOPICS)


def _answers(path: Path, name: str, count: int) -> None:
    ledger = Ledger(path, TOPICS)
    for number in range(count):
        ledger.append([label(f'Desk {name}, "headline"\n number {number}')])
        ledger.standing()


def test_desks_at_once_lose_nothing_and_see_each_other_s_answers(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    mine = Ledger(path, TOPICS)
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_answers, args=(path, name, 40)) for name in "ABC"]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert [other.exitcode for other in others] == [0, 0, 0]
    assert len(mine.standing()) == 120
    found, _ = merge_corrections([], path, TOPICS)
    assert len(found) == 120
    assert path.read_text(encoding="utf-8").count("headline,topic,") == 1
