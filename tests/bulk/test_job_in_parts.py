"""Claims about labelling in parts: the same bytes, whoever works on it and whatever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pytest
from conftest import ROOT, write

from headlines.cli.main import main

Started = subprocess.Popen[str]


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory, made_headlines: list[str]) -> Path:
    """A folder of feeds of several formats, in some of which headlines come again."""
    folder = tmp_path_factory.mktemp("feeds")
    rng = random.Random(4)
    numbered = [f"{rng.choice(made_headlines)} {i}" for i in range(32_000)]
    lines = [rng.choice(numbered[:i]) if i % 9 == 8 else numbered[i] for i in range(32_000)]
    lines[3], lines[15_000], lines[70] = "NUL \x00 here", "NUL\x00", ""
    write(folder / "a.txt", "\n".join(lines[:3000]))
    rows = [
        {"title": t, "url": f"x.org/{i}", "publisher": "BBC" if i % 3 else None, "rank": i}
        for i, t in enumerate(lines[2000:])
    ]
    write(folder / "b.jsonl", "\n".join(map(json.dumps, rows)))
    table = "\n".join(f'{i},"{t}"' for i, t in enumerate(numbered[:2000]) if '"' not in t)
    write(folder / "c.csv", f"id,headline\n{table}\n")
    return folder


@pytest.fixture(scope="module")
def plain(feeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process writes of them, and its report."""
    folder = tmp_path_factory.mktemp("plain")
    with contextlib.chdir(feeds):
        given = ["label", "a.txt", "b.jsonl", "c.csv", "--report", str(folder / "report.json")]
        assert main([*given, "--output", str(folder / "rows.jsonl")]) == 0
    return folder


@pytest.fixture
def start(feeds: Path) -> Iterator[Callable[..., Started]]:
    started: list[Started] = []

    def run(*given: str) -> Started:
        process = subprocess.Popen(
            [sys.executable, "-m", "headlines", "label", "a.txt", "b.jsonl", "c.csv", *given],
            cwd=feeds,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def label(feeds: Path, *given: str) -> int:
    with contextlib.chdir(feeds):
        return main(["label", "a.txt", "b.jsonl", "c.csv", *given])


def done_in(folder: Path) -> int:
    """How many chunks a job has done by now."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(
            sqlite3.connect(f"file:{folder / 'ledger.sqlite'}?mode=ro", uri=True)
        ) as ledger,
    ):
        return int(ledger.execute("SELECT count(*) FROM done").fetchone()[0])
    return 0


def wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_chunks(folder: Path, least: int) -> None:
    wait_for(lambda: done_in(folder) >= least)


def children_of(process: Started) -> list[int]:
    """The processes that label for a process."""
    told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    command = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in map(int, told)}
    return [pid for pid, words in command.items() if b"loky" in words and b"tracker" not in words]


# ------------------------------------------------------------------ the same bytes


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_parts_give_the_bytes_of_one_process(
    feeds: Path, plain: Path, tmp_path: Path, jobs: str
) -> None:
    out, report = tmp_path / "rows.jsonl", tmp_path / "report.json"
    assert label(feeds, "--jobs", jobs, "--output", str(out), "--report", str(report)) == 0
    assert out.read_bytes() == (plain / "rows.jsonl").read_bytes()
    aside = "rows.jsonl.quarantine.jsonl"
    assert (tmp_path / aside).read_bytes() == (plain / aside).read_bytes()
    told, expected = (json.loads(p.read_text()) for p in (report, plain / "report.json"))
    assert told["inputs"] == expected["inputs"]
    assert not (tmp_path / "rows.jsonl.parts").exists()


@pytest.mark.parametrize("given", [
    ["--format", "csv", "--model", "champion", "--model", "world", "--codes"],
    ["--format", "parquet"],
    ["--format", "jsonl", "--any-text", "--top", "1", "--abstain-below", "0.7"],
])  # fmt: skip
def test_options_and_formats_are_those_of_one_process(
    feeds: Path, tmp_path: Path, given: list[str]
) -> None:
    one, parts = str(tmp_path / "one"), str(tmp_path / "parts")
    assert label(feeds, *given, "--output", one) == 0
    assert label(feeds, *given, "--output", parts, "--jobs", "2") == 0
    assert Path(one).read_bytes() == Path(parts).read_bytes()


def test_a_summary_of_parts_is_that_of_one_process(
    feeds: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = []
    for given in ([], ["--jobs", "2"]):
        assert label(feeds, "--json", "--output", str(tmp_path / "rows.jsonl"), *given) == 0
        told.append(capfd.readouterr().err)
    assert told[0] == told[1]


def test_a_folder_of_parquet_has_the_rows_of_one_process(
    feeds: Path, plain: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rows"
    assert label(feeds, "--jobs", "2", "--output", f"{out}/") == 0
    rows = pyarrow.dataset.dataset(out).to_table().to_pylist()
    expected = [json.loads(line) for line in (plain / "rows.jsonl").read_text().splitlines()]
    names = dict.fromkeys(name for row in expected for name in row)
    assert rows == [{name: row.get(name) for name in names} for row in expected]
    assert len(list(out.iterdir())) > 4


def test_a_folder_of_lines_has_the_rows_of_one_process(
    feeds: Path, plain: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rows"
    out.mkdir()
    assert label(feeds, "--output", str(out), "--format", "jsonl") == 0
    parts = b"".join(path.read_bytes() for path in sorted(out.iterdir()))
    assert parts == (plain / "rows.jsonl").read_bytes()


# ------------------------------------------------------------------ killed


@pytest.mark.slow
@pytest.mark.parametrize("output", ["rows.jsonl", "rows/"])
def test_a_job_killed_twice_goes_on_and_has_every_row_once(
    feeds: Path, tmp_path: Path, output: str, start: Callable[..., Started]
) -> None:
    whole, out = tmp_path / "whole" / output, str(tmp_path / output) + "/" * output.endswith("/")
    whole.parent.mkdir()
    assert label(feeds, "--jobs", "1", "--output", str(whole) + "/" * out.endswith("/")) == 0
    folder = Path(out.rstrip("/") + ".parts")
    for least in (1, 3):
        job = start("--output", out, "--jobs", "2")
        wait_for_chunks(folder, least)
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
        assert not Path(out).exists()
    job = start("--output", out, "--jobs", "2")
    told = job.communicate()[1]
    assert job.returncode == 0
    assert "going on" in told
    files = [Path(out)] if whole.is_file() else sorted(Path(out).iterdir())
    expected = [whole] if whole.is_file() else sorted(whole.iterdir())
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in expected]
    assert not folder.exists()


@pytest.mark.slow
def test_a_killed_worker_costs_its_chunk_and_no_row(
    plain: Path, tmp_path: Path, start: Callable[..., Started]
) -> None:
    out = tmp_path / "rows.jsonl"
    job = start("--output", str(out), "--jobs", "2")
    wait_for_chunks(tmp_path / "rows.jsonl.parts", 1)
    os.kill(children_of(job)[0], signal.SIGKILL)
    assert (job.wait(), out.read_bytes()) == (0, (plain / "rows.jsonl").read_bytes())


# ------------------------------------------------------------------ Dask


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Callable[[str], Started]]:
    """Starts parts of a real cluster: its scheduler, or a nanny with two workers."""
    started: list[Started] = []
    address = tmp_path / "scheduler.json"

    def run(what: str, *given: str) -> Started:
        module = f"distributed.cli.dask_{what}"
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--scheduler-file", str(address), *given],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    def part(what: str) -> Started:
        if what == "worker":
            return run(what, "--nworkers", "2", "--nthreads", "1", "--no-dashboard")
        address.unlink(missing_ok=True)
        process = run(what, "--port", "0", "--no-dashboard")
        wait_for(lambda: address.exists() and address.read_text())  # it is made empty
        return process

    yield part
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(tmp_path: Path) -> str:
    return str(json.loads((tmp_path / "scheduler.json").read_text())["address"])


def _workers_of(nanny: Started) -> list[int]:
    told = subprocess.run(
        ["pgrep", "-g", str(nanny.pid), "-f", "spawn_main"], capture_output=True, text=True
    )
    return [int(pid) for pid in told.stdout.split()]


@pytest.mark.slow
def test_a_dask_cluster_may_lose_workers_and_its_scheduler(
    plain: Path,
    tmp_path: Path,
    start: Callable[..., Started],
    dask: Callable[[str], Started],
) -> None:
    out, folder = tmp_path / "rows.jsonl", tmp_path / "rows.jsonl.parts"
    scheduler, workers = dask("scheduler"), dask("worker")
    job = start("--output", str(out), "--dask", _address(tmp_path))
    wait_for_chunks(folder, 1)
    os.killpg(workers.pid, signal.SIGSTOP)  # or they might be done before the scheduler is gone
    os.killpg(scheduler.pid, signal.SIGKILL)
    told = job.communicate()[1]
    assert (job.returncode, "scheduler was lost" in told) == (1, True)
    assert "Traceback" not in told
    dask("scheduler")
    workers, done = dask("worker"), done_in(folder)
    job = start("--output", str(out), "--dask", _address(tmp_path))
    wait_for_chunks(folder, done + 1)
    os.kill(_workers_of(workers)[-1], signal.SIGKILL)
    assert ("going on" in job.communicate()[1], job.returncode) == (True, 0)
    assert out.read_bytes() == (plain / "rows.jsonl").read_bytes()


def test_a_scheduler_without_workers_is_told_of(
    tmp_path: Path,
    dask: Callable[[str], Started],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headlines.bulk.workers.SECONDS_FOR_WORKERS", 0.5)
    dask("scheduler")
    feed, out = write(tmp_path / "feed.txt", "Drone Hits Depot\n"), str(tmp_path / "out.jsonl")
    told = _refused(capsys, str(feed), "--output", out, "--dask", _address(tmp_path))
    assert "the scheduler has no workers; start some (`dask worker tcp://" in told


@pytest.mark.slow
def test_a_local_cluster_gives_the_bytes_of_one_process(
    plain: Path, tmp_path: Path, start: Callable[..., Started]
) -> None:
    out = tmp_path / "rows.jsonl"
    job = start("--output", str(out), "--dask", "local", "--jobs", "2")
    assert job.wait() == 0
    assert out.read_bytes() == (plain / "rows.jsonl").read_bytes()


# ------------------------------------------------------------------ refused


def _refused(capsys: pytest.CaptureFixture[str], *given: str) -> str:
    assert main(["label", *given]) == 1
    return capsys.readouterr().err


def _begun(tmp_path: Path, feed: Path, start_at: Sequence[str]) -> None:
    """Leave a job behind that was stopped: its ledger is there, and nothing is done."""
    from headlines.bulk.job import Job
    from headlines.bulk.plan import Order
    from headlines.labeling.panel import Panel, Question

    panel = Panel.load(Question(models=(("champion", None),)))
    contents = tuple(labeler.state.content for labeler in panel.labelers.values())
    order = Order(panel.question, contents, str(tmp_path / "out.jsonl.parts"))
    with contextlib.suppress(KeyboardInterrupt), Job.open(order, start_at):
        raise KeyboardInterrupt


def test_parts_of_another_job_are_not_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = write(tmp_path / "feed.txt", "Drone Hits Depot\n")
    _begun(tmp_path, feed, [str(feed)])
    given = [str(feed), "--output", str(tmp_path / "out.jsonl"), "--jobs", "1"]
    told = _refused(capsys, *given, "--top", "2")
    assert "another options or models" in told
    assert "remove the folder" in told
    feed.write_text("Drone Hits Depot\nFloods Hit Siberia\n")
    assert "another inputs" in _refused(capsys, *given)


def test_a_stopped_job_goes_on_with_what_it_was_begun_with(tmp_path: Path) -> None:
    feed = write(tmp_path / "feed.txt", "Drone Hits Depot\n")
    _begun(tmp_path, feed, [str(feed)])
    assert main(["label", str(feed), "--output", str(tmp_path / "out.jsonl"), "--jobs", "1"]) == 0
    assert not (tmp_path / "out.jsonl.parts").exists()


def test_a_part_that_is_gone_is_labelled_again(tmp_path: Path, feeds: Path, plain: Path) -> None:
    from headlines.bulk import part
    from headlines.bulk.job import Job
    from headlines.bulk.workers import Workers

    out = tmp_path / "rows.jsonl"
    with contextlib.chdir(feeds):
        order = _order(tmp_path / "rows.jsonl.parts")
        with contextlib.suppress(KeyboardInterrupt), Job.open(order, SOURCES) as job:
            for _ in job.parts(Workers(1), lambda size, rows: None):
                pass
            raise KeyboardInterrupt
    order.path(1, part.KEYS).unlink()
    order.path(2, part.ROWS).unlink()
    assert label(feeds, "--jobs", "1", "--output", str(out)) == 0
    assert out.read_bytes() == (plain / "rows.jsonl").read_bytes()


SOURCES = ["a.txt", "b.jsonl", "c.csv"]


def _order(folder: Path) -> Any:
    from headlines.bulk.plan import Order
    from headlines.labeling.panel import Panel, Question

    panel = Panel.load(Question(models=(("champion", None),)))
    contents = tuple(labeler.state.content for labeler in panel.labelers.values())
    return Order(panel.question, contents, str(folder))


def test_a_worker_with_another_model_labels_nothing(feeds: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from headlines.bulk.part import label_part
    from headlines.bulk.plan import chunks_of
    from headlines.errors import ModelError

    order = replace(_order(tmp_path), models=("0" * 64,))
    with contextlib.chdir(feeds):
        chunk = next(chunks_of(order, SOURCES))
        with pytest.raises(ModelError, match="the job began with 000000000000"):
            label_part(order, chunk)


def test_two_processes_do_not_work_on_one_output(
    tmp_path: Path, feeds: Path, start: Callable[..., Started]
) -> None:
    out = str(tmp_path / "rows.jsonl")
    first = start("--output", out, "--jobs", "1")
    wait_for_chunks(tmp_path / "rows.jsonl.parts", 1)
    assert label(feeds, "--output", out, "--jobs", "1") == 4
    assert first.wait() == 0


def test_a_command_whose_rows_are_one_file_refuses_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = write(tmp_path / "feed.txt", "Drone Hits Depot\n")
    for output in (f"{tmp_path}/new/", str(tmp_path)):
        assert main(["cluster", str(feed), "--output", output]) == 1
        assert "is a folder; name a file in it" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("given", "told"), [
    (["-", "--jobs", "2"], "-: is no file; parts of a job read files"),
    (["gone.txt", "--jobs", "2"], "gone.txt: isn't there"),
    (["Drone Hits Oil Depot", "--jobs", "2"], "not one headline"),
    (["feed.txt", "--jobs", "2", "--follow"], "--follow"),
    (["feed.txt", "--jobs", "2", "--format", "table"], "a table is for a person"),
    (["feed.txt", "--output", "full/"], "full/: has files in it"),
    (["feed.txt", "--output", "new/", "--format", "csv"], "parquet or jsonl, not csv"),
    (["feed.txt", "--dask", "tcp://127.0.0.1:1", "--jobs", "1"], "no Dask scheduler answers"),
    (["empty.txt", "--jobs", "1"], "no headlines in empty.txt"),
    (["feed.txt", "--jobs", "1", "--delimiter", ";"], "is plain text"),
])  # fmt: skip
def test_what_cannot_be_done_in_parts_is_refused_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str], told: str
) -> None:
    write(tmp_path / "feed.txt", "Drone Hits Depot\n")
    write(tmp_path / "empty.txt", "\n\n")
    (tmp_path / "full").mkdir()
    write(tmp_path / "full" / "x", "")
    if "--output" not in given:
        given = [*given, "--output", "out.jsonl" if "table" not in given else "out.txt"]
    with contextlib.chdir(tmp_path):
        assert told in _refused(capsys, *given)
        assert not Path("out.jsonl").exists()
