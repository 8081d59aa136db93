"""Claims about a review as a command: kills, two desks, the terminal, and the loop's end."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SEEDS, few_topics, write
from desks import FEED, TOPICS, desk_at, kept

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write(tmp_path / "feed.txt", FEED)


def test_a_review_on_a_terminal_has_the_page_s_keys(run: Run, feed: Path, tmp_path: Path) -> None:
    typed = ["?", "3", "s", "5", "u", "u", "drones+courts", "", "9x", "#1", "/zebra", "/wildfires",
             "#1", "Disasters", "n", "u", "q"]  # fmt: skip
    done = run(
        "review", feed, "--corrections", "c.csv", "--terminal", "--json", stdin="\n".join(typed)
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers"] == 3
    assert (told["undone"], told["skipped"]) == (2, 0)
    assert told["corrections"] == "c.csv"
    found = kept(tmp_path / "c.csv")
    assert len(found) == 3
    assert {"courts", "drones"} <= set(found.values())
    for said in ("a key or a name", "'9x' is no key", "search by /words first", "#1 Wildfires",
                 "no headline of the feed has these words", "asked since: ", "machine: ",
                 "copy seeds/topics.toml"):  # fmt: skip
        assert said in done.stderr


def test_a_terminal_takes_a_new_topic_and_ends_when_nothing_is_left(
    run: Run, tmp_path: Path
) -> None:
    write(tmp_path / "feed.txt", ["\u202eWhale Seen\x1b[2J Off Point", FEED[0]])
    write(tmp_path / "t.toml", (SEEDS / "topics.toml").read_bytes())
    typed = ["/whale", "#1", "n", "", "n", "whales", "", "7", "n", "whales", "Of whales", "1", "1"]
    done = run(
        "review", "feed.txt", "--corrections", "c.csv", "--terminal", "--topics", "t.toml",
        stdin="\n".join(typed) + "\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no headline is left" in done.stderr
    assert "the headlines have the numbers 1 to 1" in done.stderr
    assert "c.csv: 2 answers (0 undone, 0 skipped)" in done.stderr
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert set(kept(tmp_path / "c.csv", (*TOPICS, "whales")).values()) == {"whales", "sanctions"}


@pytest.mark.slow
def test_a_kill_loses_no_answer_that_was_acknowledged(feed: Path, tmp_path: Path) -> None:
    acknowledged: dict[str, str] = {}
    for turn in range(3):
        with desk_at(tmp_path, feed, "--corrections", "c.csv") as desk:
            desk.open()
            now = desk.ask("/api/now")
            assert now["progress"]["by_others"] == len(acknowledged)
            for topic in TOPICS[turn : turn + 3]:
                question = now["question"]
                now = desk.ask("/api/answer", {"id": question["id"], "topic": topic})
                acknowledged[question["headline"]] = topic
            desk.process.send_signal(signal.SIGKILL)
            desk.process.wait(10)
        assert kept(tmp_path / "c.csv") == acknowledged


def test_two_desks_on_one_file_see_each_other_s_answers(feed: Path, tmp_path: Path) -> None:
    with (
        desk_at(tmp_path, feed, "--corrections", "c.csv") as one,
        desk_at(tmp_path, feed, "--corrections", "c.csv", "--json") as other,
    ):
        one.open()
        other.open()
        first = one.ask("/api/now")["question"]
        assert other.ask("/api/now")["question"]["id"] == first["id"]
        one.ask("/api/answer", {"id": first["id"], "topic": "courts"})
        now = other.ask("/api/now")
        assert now["question"]["id"] != first["id"]
        assert now["progress"]["by_others"] == 1
        # Both answer one headline: the later answer counts, until it is taken back.
        other.ask("/api/answer", {"id": first["id"], "topic": "drones"})
        assert kept(tmp_path / "c.csv")[first["headline"]] == "drones"
        assert other.ask("/api/undo", {})["question"]["answered"] == {"topic": "courts", "also": []}
        one.ask("/api/undo", {})
        assert other.ask("/api/now")["question"]["id"] == first["id"]
        assert one.done()[0] == other.done()[0] == 0
    assert kept(tmp_path / "c.csv") == {}


def test_ctrl_c_ends_a_review_and_keeps_its_answers(feed: Path, tmp_path: Path) -> None:
    with desk_at(tmp_path, feed, "--corrections", "c.csv", "--json") as desk:
        desk.open()
        question = desk.ask("/api/now")["question"]
        desk.ask("/api/answer", {"id": question["id"], "topic": "drones"})
        desk.process.send_signal(signal.SIGINT)
        code, said, notes = desk.ended()
    assert code == 0, notes
    assert json.loads(said)["answers"] == 1
    assert "Traceback" not in notes


CONFIG = """
registry = "models"
topics = "topics.toml"
corrections = ["corrections.csv"]
feeds = ["feed.txt"]
[gate]
when_unsure = "{}"
[data]
headlines = 5
age_days = 0
"""


@pytest.mark.slow
def test_the_loop_ends_in_a_retraining_whose_result_is_told(
    run: Run, feed: Path, tmp_path: Path
) -> None:
    write(tmp_path / "topics.toml", few_topics())
    write(tmp_path / "retrain.toml", CONFIG.format("promote"))
    review = ("review", feed, "--config", "retrain.toml", "--terminal", "--retrain", "yes")
    typed = "\n".join(str(1 + i % 5) for i in range(len(FEED)))
    unmounted = run(*review, stdin=typed)
    assert unmounted.returncode == 1
    assert "models: has no champion; if this is the first run" in unmounted.stderr
    assert not (tmp_path / "models").exists()
    done = run(*review, "--first-run", stdin=typed)
    assert done.returncode == 0, done.stderr
    assert "models: has no champion yet; the shipped model is asked" in done.stderr
    assert "version 0001: promoted: there was no champion" in done.stdout
    assert f"of {len(FEED)} headlines" in done.stdout
    assert " -> " in done.stdout

    # The champion is asked now; the gate keeps it, and what would have changed is told.
    write(tmp_path / "retrain.toml", CONFIG.format("keep"))
    other = write(tmp_path / "other.txt", [f"{text} Again" for text in FEED[:4]])
    done = run("review", other, *review[2:], "--json", stdin="1\n1\n1\n1\n")
    assert done.returncode == 3, done.stderr
    assert "no champion yet" not in done.stderr
    told = json.loads(done.stdout)["retrain"]
    assert told["outcome"] == "refused"
    assert told["version"] == "0002"
    assert told["of"] == 4
    assert {change["headline"] for change in told["changes"]} <= {f"{text} Again" for text in FEED}
    assert told["checks"]

    done = run(*review[:-1], "no", stdin="")
    assert done.returncode == 0
    assert "version" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name it with --corrections, or a configuration"),
        (("--config", "none.toml"), "none.toml: can't be read"),
        (("--config", "bare.toml"), 'add corrections = ["corrections.csv"] to it'),
        (("--config", "r.toml", "--corrections", "x.csv"), "x.csv: isn't read by r.toml"),
        (("--config", "r.toml", "--topics", "t.toml"), "leave out --topics"),
        (("--corrections", "none/c.csv"), "choose a folder that exists"),
        (("--corrections", "feed.txt"), "feed.txt: line 1: no column headline"),
        (("--corrections", "c.csv", "--port", "70000"), "not a number from 0 to 65535"),
        (("--corrections", "c.csv", "--topics", "none.toml"), "none.toml: can't be read"),
    ],
)
def test_what_a_review_lacks_is_told_before_it_begins(
    run: Run, feed: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    write(tmp_path / "bare.toml", 'registry = "models"\n')
    write(tmp_path / "r.toml", CONFIG.format("keep"))
    done = run("review", feed, *arguments)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_feed_is_told(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "feed.txt", "")
    done = run("review", "feed.txt", "--corrections", "c.csv", "--terminal")
    assert done.returncode == 1
    assert "no headlines" in done.stderr
