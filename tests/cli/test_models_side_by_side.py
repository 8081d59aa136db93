"""Claims about several models at once, models by name, codes of topics, and the hint to another."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from conftest import SEEDS, write

from headlines import HeadlineLabeler, ModelRegistry, Taxonomy, Topic
from headlines.cli.main import main
from headlines.errors import ModelError

Run = Callable[..., "subprocess.CompletedProcess[str]"]

GAMES = ("Cup Final Won on Penalties", "Striker Joins Rivals", "Sprinter Takes Gold in Oslo")
TRIALS = ("Judge Jails Mayor", "Court Rejects Appeal", "Prosecutors Charge Banker With Fraud")
TOPICS = Taxonomy(
    (
        Topic("sport", "Football, tennis, races", examples=GAMES, code="medtop:15000000"),
        Topic("crime", "Trials, sentences, arrests", examples=TRIALS),
    )
)
FEED = ["Court Jails Critic for Ten Years", "Ten Pasta Recipes for Lazy Evenings", "Cup Final Lost"]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry that has the shipped champion, and beside it a model called `games`."""
    path = tmp_path_factory.mktemp("registry")
    labelers = [(path, HeadlineLabeler.load()), (path / "games", HeadlineLabeler.train(TOPICS))]
    for folder, labeler in labelers:
        registry = ModelRegistry(folder)
        with registry.lock():
            registry.promote(registry.add(labeler.save).name)
    return path


@pytest.fixture
def games(registry: Path) -> str:
    return str(registry / "games")


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write(tmp_path / "feed.txt", FEED)


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# ---------------------------------------------------------------- by name


def test_a_model_is_found_by_name_beside_the_champion(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ModelRegistry(registry)
    monkeypatch.chdir(registry)
    assert list(here.named()) == ["games"]
    assert here.find("games").path.parent.parent.parent == registry / "games"
    assert here.find("champion") == here.find() == here.champion()
    assert ModelRegistry().find("./games").path == Path("games/versions/0001/labeler.joblib")
    assert HeadlineLabeler.load("games", registry=registry).topics == ("sport", "crime")
    with pytest.raises(ModelError, match=r"game: no model there.* or champion or games, as"):
        here.find("game")


def test_models_tell_of_those_beside_the_champion_too(run: Run, registry: Path) -> None:
    def told(*arguments: str) -> str:
        done = run("models", *arguments, "--registry", registry)
        assert done.returncode == 0, done.stderr
        return done.stdout

    head, first, second = told("list").splitlines()
    assert head.split()[:3] == ["version", "model", "topics"]
    assert first.split()[:2] == ["*", "0001"]
    assert second.split()[:3] == ["*", "games", "0001"]
    assert second.split()[4:7] == ["2", "static", "0"]
    assert [(r["name"], r["topics"]) for r in json.loads(told("list", "--json"))] == [
        (None, 11),
        ("games", 2),
    ]
    assert json.loads(told("show", "games", "--json"))["topics"] == ["sport", "crime"]
    assert len(json.loads(told("show", "champion", "--json"))["topics"]) == 11
    whole = [line.split(":")[0] for line in told("verify").splitlines()]
    assert whole == ["0001", "audit log", "games 0001", "games audit log"]
    assert [line.split(":")[0] for line in told("verify", "games").splitlines()] == whole[2:]
    assert [line.split(":")[0] for line in told("verify", "1").splitlines()] == whole[:1]


def test_a_changed_byte_of_a_model_beside_the_champion_is_found(run: Run, tmp_path: Path) -> None:
    inner = ModelRegistry(tmp_path / "games")
    with inner.lock():
        version = inner.add(HeadlineLabeler.load().save)
        inner.promote(version.name)
    data = bytearray(version.path.read_bytes())
    data[-9] ^= 1
    version.path.write_bytes(data)
    done = run("models", "verify", "--registry", tmp_path)
    assert (done.returncode, "labeler.joblib" in done.stdout) == (1, True)


# ---------------------------------------------------------------- side by side


def test_a_further_model_s_answer_is_one_value_in_json(run: Run, feed: Path, games: str) -> None:
    done = run("label", feed, "--model", "champion", "--model", games, "--abstain-below", ".3")
    rows, alone = _rows(done.stdout), _rows(run("label", feed, "--abstain-below", ".3").stdout)
    other = HeadlineLabeler.load(games).label(FEED, abstain_below=0.3)
    for row, own, beside in zip(rows, alone, other, strict=True):
        assert row.pop("games") == {
            "topic": beside.topic,
            "probability": beside.probability,
            "abstained": beside.abstained,
        }
        assert row == own
    told = done.stderr.splitlines()
    assert told[1].startswith("headlines: champion: no topic for 2 of 3: 2 not news")
    summary = json.loads(
        run("label", feed, "--model", "champion", "--model", games, "--json").stderr
    )
    assert sum(summary["models"]["games"]["topics"].values()) == summary["headlines"] == 3


@pytest.mark.parametrize("format", ["csv", "tsv", "parquet"])
def test_a_further_model_has_columns_where_rows_are_flat(
    feed: Path, games: str, format: str
) -> None:
    out = feed.with_name(f"out.{format}")
    asked = ["--model", "champion", "--model", games, "--codes"]
    assert main(["label", str(feed), *asked, "--output", str(out)]) == 0
    if format == "parquet":
        table = pyarrow.parquet.read_table(out)
        names, rows = table.column_names, table.to_pylist()
    else:
        text = io.StringIO(out.read_text(encoding="utf-8"))
        reader = csv.DictReader(text, delimiter="," if format == "csv" else "\t")
        rows = [{k: v or None for k, v in row.items()} for row in reader]
        names = list(reader.fieldnames or ())
    assert names[names.index("model") + 1 : names.index("publisher")] == [
        "code", "games", "games_probability", "games_abstained", "games_code",
    ]  # fmt: skip
    assert names[names.index("also") + 1] == "abstained"
    other = HeadlineLabeler.load(games).label(FEED)
    assert [row["games"] for row in rows] == [p.topic for p in other]
    assert [row["games_abstained"] for row in rows] == [p.abstained for p in other]
    assert [float(row["games_probability"]) for row in rows] == [p.probability for p in other]
    codes = {"sport": "medtop:15000000"}
    assert [row["games_code"] for row in rows] == [codes.get(str(p.topic)) for p in other]
    assert "medtop:15000000" in [row["games_code"] for row in rows]


def test_the_code_stands_in_every_row_where_it_is_asked_for(
    run: Run, feed: Path, games: str
) -> None:
    rows = _rows(run("label", feed, "--model", games, "--codes").stdout)
    codes = {"sport": "medtop:15000000"}
    assert [row["code"] for row in rows] == [codes.get(row["topic"]) for row in rows]
    assert "code" not in _rows(run("label", feed, "--model", games).stdout)[0]
    table = run("label", feed, "--model", games, "--codes", "--format", "table").stdout
    assert table.splitlines()[0].split() == ["topic", "probability", "code", "headline"]


def test_an_input_s_column_of_a_model_s_name_is_carried_under_another(
    run: Run, tmp_path: Path, games: str
) -> None:
    carried = {"games": "g", "games_probability": "p", "abstained": "a", "code": "c", "top": "t"}
    feed = write(tmp_path / "f.jsonl", [json.dumps({"headline": "Cup Final Lost", **carried})])
    [row] = _rows(run("label", feed, "--model", "champion", "--model", games).stdout)
    assert (row["input_games"], row["games_probability"], row["code"]) == ("g", "p", "c")
    assert (row["input_abstained"], row["top"]) == ("a", "t")
    both = ("--model", "champion", "--model", games, "--format", "csv")
    [cells] = csv.DictReader(run("label", feed, *both).stdout.splitlines())
    assert (cells["input_games"], cells["input_games_probability"]) == ("g", "p")


def test_a_model_whose_column_would_be_another_s_is_refused(
    run: Run, feed: Path, games: str, tmp_path: Path
) -> None:
    done = run("label", feed, "--model", games, "--model", games)
    assert (done.returncode, "'games', and another model has that name" in done.stderr) == (1, True)
    path = tmp_path / "topic.joblib"
    HeadlineLabeler.load(games).save(path)
    done = run("label", feed, "--model", "champion", "--model", path)
    assert (done.returncode, "'topic', and a row has one of its own" in done.stderr) == (1, True)
    for name in ("top", "self"):  # names of Python's own
        HeadlineLabeler.load(games).save(tmp_path / f"{name}.joblib")
        done = run("label", feed, "--model", "1", "--model", tmp_path / f"{name}.joblib")
        assert _rows(done.stdout)[0][name]["topic"] == "crime", done.stderr


def test_several_models_follow_a_feed_and_hold_each_its_error(run: Run, games: str) -> None:
    done = run(
        "label", "-", "--follow", "--target-error", ".2", "--model", games, "--model", "champion",
        stdin="EU Approves Sanctions\n",
    )  # fmt: skip
    [row] = _rows(done.stdout)
    assert row["topic"] is None  # that model has no labels to hold an error by
    assert row["champion"]["topic"] == "sanctions"
    told = [line.split(": ")[1] for line in done.stderr.splitlines() if "target error" in line]
    assert told == ["games", "champion"]


def test_an_explanation_is_the_first_model_s(run: Run, feed: Path, games: str) -> None:
    done = run("label", feed, "--explain", "--model", games, "--model", "champion")
    row = _rows(done.stdout)[0]
    assert row["explanation"]["runner_up"] in ("sport", "crime")
    assert row["champion"]["topic"] == "courts"


# ---------------------------------------------------------------- tables


def test_a_table_says_why_in_the_place_of_topic_and_probability(
    run: Run, feed: Path, games: str
) -> None:
    _, first, second, _ = run("label", feed, "--format", "table").stdout.splitlines()
    assert first.split()[:2] == ["courts", "1.00"]
    assert second.split("  ") == ["not news of these topics", FEED[1]]
    both = ("--model", games, "--model", "champion", "--format", "table", "--abstain-below", ".8")
    head, _, row, _ = run("label", feed, *both).stdout.splitlines()
    assert head.split() == ["topic", "probability", "champion", "probability", "headline"]
    assert row[head.index("champion") :].startswith("not news of these topics  ")
    shown = row[head.index("headline") :]  # cut where the terminal is narrow
    assert shown
    assert FEED[1].startswith(shown.rstrip("…"))


# ---------------------------------------------------------------- the hint

OFF_TOPIC = [f"Ten Pasta Recipes for Lazy Evenings, Part {i}" for i in range(1, 21)]


@pytest.mark.parametrize(
    ("lines", "more", "hinted"),
    [
        (OFF_TOPIC, [], True),
        (OFF_TOPIC, ["--model", "champion"], False),
        (OFF_TOPIC, ["--any-text"], False),
        (OFF_TOPIC[:19] * 2, [], False),
        ([*OFF_TOPIC[:10], *[f"Drone Number {i} Hits Oil Depot" for i in range(10)]], [], False),
        (
            [f"Der Koch zeigt das neue Gericht für die Familie, Teil {i}" for i in range(30)],
            [],
            False,
        ),
    ],
    ids=["off topic", "a model is asked for", "any text", "copies", "half on topic", "German"],
)
def test_a_feed_that_is_mostly_off_topic_is_told_of_another_model(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    lines: list[str],
    more: list[str],
    hinted: bool,
) -> None:
    feed = write(tmp_path / "feed.txt", lines)
    assert main(["label", str(feed), "--format", "jsonl", *more]) == 0
    assert ("--model world" in capsys.readouterr().err) is hinted


def test_the_seed_feed_is_the_champion_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(SEEDS / "feed.txt"), "--format", "jsonl"]) == 0
    assert "--model world" not in capsys.readouterr().err
