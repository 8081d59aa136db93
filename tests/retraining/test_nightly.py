"""Claims about the nightly job as a command: configuration, corrections, checks, keys, history."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import logging
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from conftest import ROOT, write
from prometheus_client.parser import text_string_to_metric_families

from headlines import HeadlineLabeler, ModelRegistry
from headlines.cli.main import main
from headlines.errors import ConfigError, ModelError, TaxonomyError
from headlines.feeds import fetching
from headlines.persistence.folder import signature_path
from headlines.persistence.modelfile import manifest_path
from headlines.retraining.config import RetrainConfig
from headlines.retraining.job import retrain
from headlines.topics.labels import merge_corrections, read_labels
from headlines.topics.taxonomy import Taxonomy

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]

TOPICS = """\
[[topic]]
name = "drones"
definition = "drone, missile and other air attacks"
phrases = ["drone attack", "missiles strike", "air defence shoots down"]
[[topic]]
name = "courts"
definition = "arrests, charges, trials and sentences"
phrases = ["court jails", "police arrest", "judge sentences"]
"""
WORDS = {
    "drones": "drone missile strike attack air defence radar refinery depot blast rocket bombs "
    "debris raid swarm shot launch siren warhead airfield interceptor quadcopter barrage hit",
    "courts": "court jails judge trial sentence arrest charges fraud bribery prosecutor lawyer "
    "appeal verdict prison detained suspect theft murder ruling jury bail custody years guilty",
}
PLACES = (
    "Kursk", "Odesa", "Rostov", "Lviv", "Samara", "Kazan", "Tver", "Omsk", "Tula", "Riga",
)  # fmt: skip


def _titles(topic: str, count: int, seed: int) -> list[str]:
    """Made headlines of a topic's words, no two alike."""
    rng = random.Random(f"{topic} {seed}")
    words = WORDS[topic].split()
    return [f"{' '.join(rng.sample(words, 5))} {rng.choice(PLACES)}" for _ in range(count)]


def _labels(count: int, wrong: bool = False) -> list[str]:
    """So many labels of each topic, the first ones always the same."""
    rows = ["headline,topic,also"]
    for topic, other in (("drones", "courts"), ("courts", "drones")):
        rows += [f"{title},{other if wrong else topic}," for title in _titles(topic, count, 0)]
    return rows


TODAY = str(datetime.now(UTC).date())


def _feed(day: str = TODAY, drones: int = 60, courts: int = 60) -> list[str]:
    titles = _titles("drones", drones, 1) + _titles("courts", courts, 1)
    return ["headline,date", *(f"{title},{day}" for title in titles)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a first run has made a champion."""
    folder = tmp_path_factory.mktemp("nightly")
    write(folder / "topics.toml", TOPICS)
    write(folder / "labels.csv", _labels(60))
    write(folder / "feed.csv", _feed())
    lines = ['registry = "models"', 'topics = "topics.toml"', 'labels = ["labels.csv"]']
    write(folder / "retrain.toml", [*lines, 'feeds = ["feed.csv"]', "[gate]", "minimum = 10",
                                        "margin = 0.2"])  # fmt: skip
    assert retrain(RetrainConfig.read(folder / "retrain.toml"), first_run=True).decision.accepted
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def _append(path: Path, *lines: str) -> None:
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))


# ------------------------------------------------------------------ schedules


def test_a_schedule_is_printed_for_the_configuration(run: Run, folder: Path) -> None:
    options = ["--healthcheck", "health.json", "--log-format", "json"]
    done = run("retrain", "--config", "retrain.toml", "--print-schedule", "systemd", *options)
    assert done.returncode == 0, done.stderr
    command = f'"--config" "{folder}/retrain.toml" "--healthcheck" "health.json" "--log-format"'
    assert command in done.stdout
    assert f"User={getpass.getuser()}" in done.stdout
    assert "OnCalendar=*-*-* 03:15:00" in done.stdout


def test_a_schedule_that_cannot_be_written_is_an_error(run: Run, folder: Path) -> None:
    write(folder / "a\nb.toml", (folder / "retrain.toml").read_text())
    done = run("retrain", "--config", "a\nb.toml", "--print-schedule", "cron")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------ the first run


@pytest.mark.parametrize("gone", [".", "champion.json"])
def test_a_registry_that_is_gone_is_no_new_beginning(folder: Path, run: Run, gone: str) -> None:
    """A volume that isn't mounted leaves no folder, or an empty one."""
    aside = folder / "aside"
    shutil.move(folder / "models" / gone, aside)
    left = sorted(folder.rglob("*"))
    for more in ([], ["--dry-run"]):
        done = run("retrain", "--config", "retrain.toml", *more)
        assert done.returncode == 1
        assert (
            "models: has no champion; if this is the first run, say so with --first-run"
            in done.stderr
        )
        assert "the volume may not be mounted" in done.stderr
    with pytest.raises(ModelError, match="first_run=True"):
        retrain(RetrainConfig.read(folder / "retrain.toml"))
    assert sorted(folder.rglob("*")) == left
    shutil.move(aside, folder / "models" / gone)
    assert run("retrain", "--config", "retrain.toml").returncode == 0


def test_a_first_run_where_there_is_a_champion_is_an_error(folder: Path, run: Run) -> None:
    before = (folder / "models" / "audit.jsonl").read_bytes()
    done = run("retrain", "--config", "retrain.toml", "--first-run")
    assert done.returncode == 1
    assert "models: version 0001 is the champion, so this is no first run" in done.stderr
    assert (folder / "models" / "audit.jsonl").read_bytes() == before


def test_a_first_run_that_is_refused_is_followed_by_another_first_run(folder: Path) -> None:
    shutil.rmtree(folder / "models")
    write(folder / "feed.csv", _feed("2020-01-01"))
    config = RetrainConfig.read(folder / "retrain.toml")
    assert retrain(config, first_run=True).outcome == "refused"
    with pytest.raises(ModelError, match="has no champion"):
        retrain(config)
    write(folder / "feed.csv", _feed())
    assert retrain(config, first_run=True).outcome == "promoted"


# ------------------------------------------------------------------ what is seen of a run


@pytest.mark.parametrize("terminal", [True, False])
def test_a_run_shows_its_stages_on_a_terminal_and_logs_them_elsewhere(
    folder: Path, terminal: bool
) -> None:
    _append(folder / "feed.csv", '"nul\x00",')
    ours, theirs = os.openpty() if terminal else os.pipe()
    command = [sys.executable, "-m", "headlines", "retrain", "--config", "retrain.toml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # how a terminal ends
            while piece := os.read(ours, 1 << 16):
                said += piece
    os.close(ours)
    assert process.returncode == 0
    lines = said.decode().splitlines()
    for stage in ("reading feed.csv", "training on 120 labels", "round 2 of 6: "):
        assert stage in said.decode()
        assert any(line.startswith(f"headlines: {stage}") for line in lines) != terminal
    assert (b"\r" in said) == terminal
    [warned] = [line for line in lines if "1 row(s) could not be read" in line]
    assert warned.startswith("headlines: ")  # and stays


# ------------------------------------------------------------------ feeds that are fetched


class _News(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        body = "\n".join(_feed()).encode()
        self.send_response(200 if self.path == "/feed.csv" else 404)
        self.send_header("Content-Type", "text/csv")
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def news() -> Iterator[str]:
    found = HTTPServer(("127.0.0.1", 0), _News)
    thread = Thread(target=found.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    found.server_close()
    thread.join()


def _fetching(folder: Path, address: str, fetch: str = "fetch = true\n") -> RetrainConfig:
    text = (folder / "retrain.toml").read_text().replace('["feed.csv"]', f'["{address}"]')
    return RetrainConfig.read(write(folder / "fetching.toml", fetch + text))


def test_a_feed_that_is_an_address_is_fetched_and_what_came_is_recorded(
    folder: Path, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"allow": lambda address: address == "127.0.0.1", "cache": folder / "cache"}
    given = {**(fetching.fetched.__kwdefaults__ or {}), **here}
    monkeypatch.setattr(fetching.fetched, "__kwdefaults__", given)  # else public machines alone
    result = retrain(_fetching(folder, f"{news}/feed.csv"))
    assert (result.outcome, result.headlines) == ("unchanged", 120)  # the same as from the file
    records = ModelRegistry(folder / "models").audit.records()
    [source] = [row for row in records[-1].facts["inputs"] if row["kind"] == "feeds"]
    body = "\n".join(_feed()).encode()
    assert source == {
        "kind": "feeds", "path": f"{news}/feed.csv", "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    with pytest.raises(ConfigError, match=r"feeds: http.*/gone: the server says 404"):
        retrain(_fetching(folder, f"{news}/gone"))
    assert ModelRegistry(folder / "models").audit.records()[-1].event == "failed"


def test_an_address_is_asked_for_nothing_unless_the_configuration_says_so(
    folder: Path, news: str
) -> None:
    with pytest.raises(ConfigError, match="for nothing unless you say so; write fetch = true"):
        retrain(_fetching(folder, f"{news}/feed.csv", fetch=""))
    with pytest.raises(ConfigError, match=r"is at 127\.0\.0\.1, which isn't public"):
        retrain(_fetching(folder, f"{news}/feed.csv"))


# ------------------------------------------------------------------ corrections


def test_the_latest_correction_wins_and_what_it_overrules_is_listed(tmp_path: Path) -> None:
    taxonomy = Taxonomy.load(write(tmp_path / "topics.toml", TOPICS))
    gold = write(tmp_path / "labels.csv", ["headline,topic", "A,drones", "B,drones", "C,drones"])
    labels = read_labels(gold, taxonomy.names)
    one = write(tmp_path / "1.csv", ["headline,topic", "A,courts", "B,courts", "B,drones"])
    two = write(tmp_path / "2.csv", ["headline,topic", "D,courts", "A,courts"])
    merged, conflicts = merge_corrections(labels, [one, two], taxonomy.names)
    topics = {label.headline.headline: label.topic for label in merged}
    assert topics == {"A": "courts", "B": "drones", "C": "drones", "D": "courts"}
    told = [(c.headline, c.earlier, c.later) for c in conflicts]
    assert told == [("A", "drones", "courts"), ("B", "drones", "courts"), ("B", "courts", "drones")]
    assert conflicts[0].where_later == f"{one}: line 2"


def test_dated_corrections_win_by_their_date(tmp_path: Path) -> None:
    rows = ["headline,topic,corrected", "A,courts,2026-02-01", "A,drones,2026-01-01"]
    path = write(tmp_path / "c.csv", rows)
    [label], [conflict] = merge_corrections([], path, ["drones", "courts"])
    assert label.topic == "courts"
    assert (conflict.earlier, conflict.later) == ("drones", "courts")


def test_labels_that_disagree_are_told_to_be_corrections(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", ["headline,topic", "A,courts", "A,drones"])
    with pytest.raises(TaxonomyError, match="put the later one into a file of corrections"):
        read_labels(path, ["drones", "courts"])


def test_corrections_are_learned_and_told(folder: Path) -> None:
    first = _titles("drones", 1, 0)[0]
    rows = ["headline,topic,also", f"{first},courts,", "New Judge,courts,"]
    write(folder / "corrections.csv", rows)
    text = (folder / "retrain.toml").read_text()
    write(folder / "retrain.toml", f'corrections = ["corrections.csv"]\n{text}')
    result = retrain(RetrainConfig.read(folder / "retrain.toml"), dry_run=True)
    assert [(c.earlier, c.later) for c in result.conflicts] == [("drones", "courts")]
    # Without the labels' files the champion's memory is what is corrected.
    write(folder / "retrain.toml", f"labels = []\n{text}".replace('labels = ["labels.csv"]', ""))
    write(folder / "labels.csv", rows)
    config = RetrainConfig.read(folder / "retrain.toml")
    later = config.model_copy(update={"labels": [folder / "labels.csv"]})
    [conflict] = retrain(later, dry_run=True).conflicts
    assert (conflict.where_earlier, conflict.later) == ("the champion's memory", "courts")


# ------------------------------------------------------------------ checks


def _changed(folder: Path) -> RetrainConfig:
    write(folder / "labels.csv", _labels(80))
    return RetrainConfig.read(folder / "retrain.toml")


def test_a_changed_run_promotes_and_tells_every_check(folder: Path) -> None:
    result = retrain(_changed(folder))
    assert result.decision.accepted, result.decision.reason
    names = [check.name for check in result.decision.checks]
    assert names == [
        "headlines", "age", "relabelled", "withdrawn", "churn", "drift of topics", "drift of space",
        "drift of confidence", "topics that vanished", "floors", "accuracy",
        "accuracy on earlier labels", "topics", "calibration",
    ]  # fmt: skip
    assert ModelRegistry(folder / "models").champion().name == "0002"


@pytest.mark.parametrize(
    ("table", "line", "check"),
    [
        ("data", "headlines = 500", "headlines"),
        ("gate", "churn = 0.0", "churn"),
        ("gate.floors", "drones = 1.0", "floors"),
        ("drift", "topics = 0.0", "drift of topics"),
    ],
)
def test_a_check_that_fails_refuses(folder: Path, table: str, line: str, check: str) -> None:
    config = _changed(folder)
    first, _, last = table.partition(".")
    key, value = line.split(" = ")
    changed = {last: {key: float(value)}} if last else {key: json.loads(value)}
    tables = {first: {**config.model_dump()[first], **changed}}
    if check == "churn":  # a feed whose topics change: the topics' names are swapped
        swapped = TOPICS.replace('"drones"', '"x"').replace('"courts"', '"drones"')
        write(folder / "topics.toml", swapped.replace('"x"', '"courts"'))
        write(folder / "labels.csv", _labels(80, wrong=True))
    if check == "drift of topics":
        write(folder / "feed.csv", _feed(drones=400))
    if check == "floors":  # labels that the words speak against
        odd = [f"{title},drones," for title in _titles("courts", 25, 5)]
        write(folder / "labels.csv", [*_labels(80), *odd])
    config = RetrainConfig.model_validate({**config.model_dump(), **tables})
    result = retrain(config)
    assert not result.decision.accepted
    failed = [c.name for c in result.decision.checks if c.passed is False]
    assert check in failed
    assert check in result.decision.reason or check == "churn"  # which a gain excuses
    assert ModelRegistry(folder / "models").champion().name == "0001"


def test_stale_headlines_are_refused(folder: Path) -> None:
    write(folder / "feed.csv", _feed("2026-01-10T08:00:00Z"))
    stale = retrain(_changed(folder), dry_run=True, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert not stale.decision.accepted
    assert (
        "age: the median date is 2026-01-10, 50 days before 2026-03-01 (limit 30)"
        in stale.decision.reason
    )


def test_an_old_feed_that_changes_nothing_is_told_all_the_same(folder: Path) -> None:
    """A feed that is put in its place no more makes the same candidate every night."""
    later = datetime(2099, 3, 1, tzinfo=UTC)
    result = retrain(RetrainConfig.read(folder / "retrain.toml"), now=later)
    assert result.outcome == "unchanged"
    assert f"nothing to change; age: the median date is {TODAY}, " in result.decision.reason
    assert [check.verdict for check in result.decision.checks] == ["passed", "FAILED"]


def test_holdout_labels_that_all_change_at_once_are_refused(folder: Path) -> None:
    write(folder / "labels.csv", _labels(60, wrong=True))
    result = retrain(RetrainConfig.read(folder / "retrain.toml"))
    assert not result.decision.accepted
    assert "labels were changed" in result.decision.reason


def test_a_refused_candidate_is_kept_once_with_its_reason(folder: Path, run: Run) -> None:
    write(folder / "labels.csv", _labels(60, wrong=True))
    for _ in range(2):  # two nights with the same inputs: one version
        done = run("retrain", "--config", "retrain.toml")
        assert done.returncode == 3
    registry = ModelRegistry(folder / "models")
    assert [v.name for v in registry.versions()] == ["0001", "0002"]
    listed = run("models", "list", "--registry", "models").stdout.splitlines()
    assert listed[1].startswith("* 0001")
    assert "refused: relabelled:" in listed[2]
    shown = run("models", "show", "0002", "--registry", "models").stdout
    assert "decided: refused: relabelled" in shown
    assert "FAILED     relabelled" in shown
    assert "labels.csv: SHA-256" in shown
    assert registry.audit.records()[-1].facts["outcome"] == "refused"
    # What a person promotes after all is no refused version any more, whatever follows it.
    for version in ("0002", "0001"):
        assert run("models", "promote", version, "--registry", "models").returncode == 0
    assert "refused" not in run("models", "list", "--registry", "models").stdout


def test_old_versions_are_pruned_by_the_run_itself(folder: Path) -> None:
    config = RetrainConfig.read(folder / "retrain.toml").model_copy(update={"keep": 2})
    for count in (61, 62, 63, 64):
        write(folder / "labels.csv", _labels(count))
        assert retrain(config).decision.accepted
    registry = ModelRegistry(folder / "models")
    assert [v.name for v in registry.versions()] == ["0003", "0004", "0005"]
    assert [r.event for r in registry.audit.records()].count("pruned") == 2


def test_unreadable_rows_go_to_a_quarantine_file(folder: Path) -> None:
    _append(folder / "feed.csv", '"nul\x00",')
    config = RetrainConfig.read(folder / "retrain.toml")
    assert retrain(config, dry_run=True).unreadable == 1
    path = folder / "models" / "retrain.quarantine.jsonl"
    assert not path.exists()
    assert retrain(config).unreadable == 1
    [row] = [json.loads(line) for line in path.read_text().splitlines()]
    assert row["reason"] == "contains a NUL character"


def test_a_run_that_fails_is_told_by_the_audit_log(folder: Path) -> None:
    write(folder / "labels.csv", ["headline,topic", "A,no such topic"])
    with pytest.raises(TaxonomyError):
        retrain(RetrainConfig.read(folder / "retrain.toml"))
    last = ModelRegistry(folder / "models").audit.records()[-1]
    assert last.event == "failed"
    assert "unknown topic" in last.facts["error"]


def test_a_file_that_changes_while_it_is_read_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headlines.retraining import inputs as intake

    def slow(*arguments: Any, **named: Any) -> object:
        _append(folder / "labels.csv", "Late Row,drones,")
        return read_labels(*arguments, **named)

    monkeypatch.setattr(intake, "read_labels", slow)
    with pytest.raises(ConfigError, match=r"labels\.csv: changed while it was read"):
        retrain(RetrainConfig.read(folder / "retrain.toml"), dry_run=True)


def test_the_audit_log_tells_inputs_versions_and_why(folder: Path) -> None:
    registry = ModelRegistry(folder / "models")
    started, decided, promoted = registry.audit.records()
    assert [started.event, decided.event, promoted.event] == ["started", "decided", "promoted"]
    assert started.facts["versions"]["numpy"]
    assert started.facts["config"]["random_state"] == 0
    kinds = [row["kind"] for row in decided.facts["inputs"]]
    assert kinds == ["topics", "labels", "feeds"]
    assert all(len(row["sha256"]) == 64 for row in decided.facts["inputs"])
    assert decided.facts["accepted"] is True
    assert decided.facts["model"] == HeadlineLabeler.load(folder / "models").model
    assert {started.facts["run"]} == {decided.facts["run"], promoted.facts["run"]}


# ------------------------------------------------------------------ what operators watch


class _Server(HTTPServer):
    """A server that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[tuple[str, str]] = []


class _Asked(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    found = _Server()
    thread = Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def test_health_metrics_and_json_logs_tell_of_a_run(
    folder: Path, run: Run, server: _Server
) -> None:
    address = f"http://127.0.0.1:{server.server_port}/ping"
    options = ["--healthcheck", address, "--metrics", "retrain.prom", "--log-format", "json"]
    done = run("retrain", "--config", "retrain.toml", *options)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stderr.splitlines()]
    assert any("training on 120 labels" in row["message"] for row in rows)
    metrics = {
        family.name: family.samples[0].value
        for family in text_string_to_metric_families((folder / "retrain.prom").read_text())
    }
    assert metrics["headlines_retrain_exit_code"] == 0
    told = [metrics[f"headlines_retrain_{word}"] for word in ("promoted", "refused", "unchanged")]
    assert told == [0, 0, 1]
    assert metrics["headlines_retrain_feed_headlines"] == 120
    write(folder / "labels.csv", ["headline,topic", "A,no such topic"])
    failed = run("retrain", "--config", "retrain.toml", *options)
    assert failed.returncode == 1
    assert json.loads(failed.stderr.splitlines()[-1])["level"] == "ERROR"
    assert "headlines_retrain_exit_code 1.0" in (folder / "retrain.prom").read_text()
    asked = server.asked
    assert [path for path, _ in asked] == ["/ping", "/ping/fail"]
    assert asked[0][1].startswith("unchanged: ")
    assert "nothing to change" in asked[0][1]
    assert "no such topic" in asked[1][1]


def test_metrics_that_cannot_be_written_are_told_before_the_work(folder: Path, run: Run) -> None:
    before = (folder / "models" / "audit.jsonl").read_bytes()
    options = ["--metrics", "nowhere/retrain.prom", "--healthcheck", "health.json"]
    for more in ([], ["--dry-run"]):
        done = run("retrain", "--config", "retrain.toml", *options, *more)
        assert done.returncode == 1
        assert "nowhere/retrain.prom: can't be written" in done.stderr
    assert (folder / "models" / "audit.jsonl").read_bytes() == before
    assert json.loads((folder / "health.json").read_text())["ok"] is False


def test_a_library_for_metrics_that_is_missing_is_told_before_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    before = (folder / "models" / "audit.jsonl").read_bytes()
    logger = logging.getLogger("headlines")
    kept = (logger.handlers[:], logger.level, logger.propagate)
    try:
        config = str(folder / "retrain.toml")
        assert main(["retrain", "--config", config, "--metrics", str(folder / "x.prom")]) == 1
    finally:
        logger.handlers[:], logger.level, logger.propagate = kept
    said = capsys.readouterr().err
    assert "needs prometheus_client, which isn't installed" in said
    assert "pip install '.[nightly]'" in said
    assert (folder / "models" / "audit.jsonl").read_bytes() == before


def test_a_dry_run_writes_and_tells_nobody(folder: Path, run: Run) -> None:
    before = sorted(path.name for path in (folder / "models").rglob("*"))
    options = ["--dry-run", "--healthcheck", "health.json", "--metrics", "retrain.prom"]
    done = run("retrain", "--config", "retrain.toml", *options)
    assert done.returncode == 0
    assert "\noutcome: unchanged\n" in done.stdout
    _changed(folder)
    assert (
        "\noutcome: would promote\n" in run("retrain", "--config", "retrain.toml", *options).stdout
    )
    write(folder / "labels.csv", _labels(60, wrong=True))
    refused = run("retrain", "--config", "retrain.toml", *options)
    assert (refused.returncode, "\noutcome: refused\n" in refused.stdout) == (3, True)
    assert sorted(path.name for path in (folder / "models").rglob("*")) == before
    assert not (folder / "health.json").exists()
    assert not (folder / "retrain.prom").exists()


def test_a_locked_registry_is_told_as_exit_code_4(folder: Path, run: Run) -> None:
    with ModelRegistry(folder / "models").lock():
        done = run("retrain", "--config", "retrain.toml", "--healthcheck", "health.json")
    assert done.returncode == 4
    assert "process " in done.stderr
    assert json.loads((folder / "health.json").read_text())["ok"] is False


# ------------------------------------------------------------------ the registry by hand


def test_versions_are_promoted_rolled_back_and_pruned_by_hand(folder: Path, run: Run) -> None:
    retrain(_changed(folder))
    at = ["--registry", "models"]
    assert "version 0001 is the champion again" in run("models", "rollback", *at).stderr
    assert run("models", "rollback", *at).returncode == 1
    assert "version 0002 is the champion" in run("models", "promote", "0002", *at).stderr
    done = run("models", "verify", *at)
    assert done.stdout.count("whole") == 3
    assert "audit log: whole, " in done.stdout
    assert "0002: whole" in run("models", "verify", "0002", *at).stdout
    row = json.loads(run("models", "show", *at, "--json").stdout)
    events = [record["event"] for record in row["audit"]]
    assert events == ["decided", "promoted", "promoted"]
    assert "deleted nothing" in run("models", "prune", *at).stderr
    gone = run("models", "promote", "0009", *at)
    assert gone.returncode == 1
    assert "no version '0009'; the versions are 0001, 0002" in gone.stderr
    rows = json.loads(run("models", "list", *at, "--json").stdout)
    assert [r["champion"] for r in rows] == [False, True]
    nothing = run("models", "verify", "--registry", "nowhere")
    assert nothing.returncode == 1
    assert "no versions there" in nothing.stderr


def test_a_file_without_a_manifest_is_inspected_and_not_run(folder: Path, run: Run) -> None:
    path = ModelRegistry(folder / "models").champion().path
    shutil.copy(path, folder / "stranger.joblib")
    done = run("models", "verify", "stranger.joblib")
    assert done.returncode == 0
    assert "nothing in it can run. Topics drones, courts" in done.stdout
    used = run("label", "-", "--model", "stranger.joblib", stdin="Floods\n")
    assert used.returncode == 1
    assert "no manifest there" in used.stderr
    assert "whole, model" in run("models", "verify", str(path)).stdout


def test_signed_versions_are_required_where_a_key_is_given(folder: Path, run: Run) -> None:
    assert run("models", "keygen", "mine").returncode == 0
    assert run("models", "keygen", "other").returncode == 0
    at = ["--registry", "models"]
    unsigned = run("label", "-", "--model", "models", "--require-signature", "mine.pub", stdin="A")
    assert unsigned.returncode == 1
    assert "no signature there" in unsigned.stderr
    refused = run("models", "promote", "0001", *at, "--require-signature", "mine.pub")
    assert refused.returncode == 1
    assert run("models", "sign", "0001", *at, "--key", "mine.key").returncode == 0
    signed = run("label", "-", "--model", "models", "--require-signature", "mine.pub", stdin="A\n")
    assert signed.returncode == 0, signed.stderr
    assert run("models", "verify", "0001", *at, "--require-signature", "mine.pub").returncode == 0
    wrong = run("models", "verify", "0001", *at, "--require-signature", "other.pub")
    assert wrong.returncode == 1
    with pytest.raises(ModelError, match=r"none\.pub"):
        HeadlineLabeler.load(folder / "models", require_signature=folder / "none.pub")


def test_a_job_signs_what_it_makes_and_refuses_a_champion_that_is_not(
    folder: Path, run: Run
) -> None:
    run("models", "keygen", "mine")
    text = (folder / "retrain.toml").read_text()
    keys = 'sign_with = "mine.key"\nrequire_signature = "mine.pub"\n'
    write(folder / "retrain.toml", keys + text)
    with pytest.raises(ModelError, match="no signature there"):
        retrain(_changed(folder))
    run("models", "sign", "0001", "--registry", "models", "--key", "mine.key")
    assert retrain(_changed(folder)).decision.accepted
    version = ModelRegistry(folder / "models").champion()
    assert version.name == "0002"
    version.check_signature(folder / "mine.pub")
    changed = bytearray(signature_path(version.path).read_bytes())
    changed[-20] ^= 1
    signature_path(version.path).write_bytes(changed)
    with pytest.raises(ModelError, match=r"\.sig: 64 bytes that aren't"):
        version.check_signature(folder / "mine.pub")
    manifest_path(version.path).write_bytes(b"{}")
    with pytest.raises(ModelError, match="champion pointer says"):
        HeadlineLabeler.load(folder / "models", require_signature=folder / "mine.pub")
