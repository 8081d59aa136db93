"""A job in parts that is killed: whether every row comes out once, and in how much memory.

dask     A real Dask cluster (a scheduler, a nanny, 4 worker processes) labels a text of N lines.
         Workers are killed by ``kill -9`` ten times, as they work; after the fifth the scheduler
         is killed too, a new cluster is started, and the command is given again. The output has
         to be that of one process, to the byte.
parquet  M rows in partitioned Parquet (a folder a day) to a folder of Parquet, ``--jobs 2``: the
         command's whole process group is killed twice, at a third and at two thirds of the chunks,
         and the command given again. Every row has to come out once. Memory is the largest
         resident set that any of the processes has had by each quarter of the chunks (VmHWM,
         looked at every half second); seconds are those of the runs, kills included. What 100
         million rows would take is computed from it.

Headlines are the pools', and composed ones beyond, as `benchmarks.speed` makes them.

Run ``python -m benchmarks.soak.bulk --data DIR [--only dask|parquet] [--lines 4000000]
[--rows 20000000] [--tmp DIR]``, with the extras `dask` and `parquet`; some 15 GB of disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

from benchmarks import common, speed
from benchmarks.common import ROOT

FILES, GROUP = 40, 65_536
"""Parquet files of the input, and rows of a row group."""

LABEL = [sys.executable, "-m", "headlines", "label"]
KILLS = 10


def started(command: Sequence[str], folder: Path, log: str) -> subprocess.Popen[bytes]:
    """Start a program as the head of a process group of its own."""
    with (folder / log).open("ab") as errors:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )


def killed(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


COUNTS = {"chunks": "SELECT count(*) FROM chunks", "done": "SELECT count(*) FROM done"}


def chunks(folder: Path, of: str = "done") -> int:
    """Count a ledger's chunks, or the steps of them that are done."""
    with suppress(sqlite3.Error):
        path = f"file:{folder / 'ledger.sqlite'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as ledger:
            return int(ledger.execute(COUNTS[of]).fetchone()[0])
    return 0


def until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not reached():
        if process.poll() is not None:
            raise SystemExit(f"ended before it was to be killed: {process.args!r}")
        time.sleep(0.02)


def until_done(parts: Path, least: float, process: subprocess.Popen[bytes]) -> None:
    """Wait until so many steps of a job's chunks are done."""
    until(lambda: chunks(parts) >= least, process)


def digest(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ------------------------------------------------------------------ Dask


class Cluster:
    """A scheduler, and a nanny with four worker processes."""

    def __init__(self, folder: Path) -> None:
        told = folder / "scheduler.json"
        told.unlink(missing_ok=True)
        python = [sys.executable, "-m"]
        at = ["--scheduler-file", str(told), "--no-dashboard"]
        self.scheduler = started(
            [*python, "distributed.cli.dask_scheduler", *at, "--port", "0"], folder, "scheduler.log"
        )
        until(told.exists, self.scheduler)
        workers = ["--nworkers", "4", "--nthreads", "1"]
        self.nanny = started(
            [*python, "distributed.cli.dask_worker", *at, *workers], folder, "workers.log"
        )
        self.address = json.loads(told.read_text())["address"]

    def workers(self) -> list[int]:
        command = ["pgrep", "-g", str(self.nanny.pid), "-f", "spawn_main"]
        return [int(pid) for pid in subprocess.run(command, capture_output=True).stdout.split()]

    def kill_a_worker(self, rng: random.Random) -> None:
        while not (pids := self.workers()):
            time.sleep(0.1)
        os.kill(rng.choice(pids), signal.SIGKILL)

    def stop(self) -> None:
        killed(self.scheduler)
        killed(self.nanny)


def dask(headlines: list[str], folder: Path, lines: int) -> dict[str, Any]:
    """Kill workers ten times, and the scheduler once."""
    feed = folder / "feed.txt"
    with feed.open("w", encoding="utf-8") as file:
        file.writelines(f"{headline}\n" for headline in speed.many(headlines, lines))
    start = time.perf_counter()
    plain = started([*LABEL, "feed.txt", "--output", "plain.jsonl"], folder, "plain.log")
    if plain.wait():
        raise SystemExit((folder / "plain.log").read_text())
    seconds = {"one process": time.perf_counter() - start}
    expected = digest(folder / "plain.jsonl")
    (folder / "plain.jsonl").unlink()
    rng, parts, kills = random.Random(0), folder / "rows.jsonl.parts", 0
    start = time.perf_counter()
    cluster = Cluster(folder)
    codes = []
    try:
        for last in (False, True):
            job = started(
                [*LABEL, "feed.txt", "--output", "rows.jsonl", "--dask", cluster.address],
                folder,
                "job.log",
            )
            for _ in range(KILLS // 2):
                until_done(parts, chunks(parts) + 3, job)
                cluster.kill_a_worker(rng)
                kills += 1
            if not last:
                killed(cluster.scheduler)
                codes.append(job.wait())
                done = chunks(parts)
                killed(cluster.nanny)
                cluster = Cluster(folder)
        codes.append(job.wait())
    finally:
        cluster.stop()
    seconds["with kills"] = time.perf_counter() - start
    same = digest(folder / "rows.jsonl") == expected
    print(f"{lines:,} lines, {kills} workers and a scheduler killed: exit codes {codes}, "
          f"{done} chunks done before the scheduler went, the same bytes: {same}")  # fmt: skip
    if not same:
        raise SystemExit("other bytes came out than of one process")
    return {
        "lines": lines,
        "workers": 4,
        "workers_killed": kills,
        "schedulers_killed": 1,
        "exit_codes": codes,
        "chunks_done_when_the_scheduler_went": done,
        "same_bytes_as_one_process": same,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }


# ------------------------------------------------------------------ Parquet


def partitioned(headlines: list[str], folder: Path, rows: int) -> None:
    """Write the input: a folder a day, with a file in it."""
    stream = speed.many(headlines, rows)
    schema = pa.schema({"title": pa.string(), "number": pa.int64()})
    count = 0
    for place in range(FILES):
        day = folder / "in" / f"date=2024-01-{place % 28 + 1:02d}" / f"part-{place:02d}.parquet"
        day.parent.mkdir(parents=True, exist_ok=True)
        left = rows // FILES
        with pa.parquet.ParquetWriter(day, schema, compression="zstd") as writer:
            while left:
                some = list(islice(stream, min(left, GROUP)))
                numbers = range(count, count + len(some))
                writer.write_table(pa.table([some, list(numbers)], schema=schema))
                count, left = count + len(some), left - len(some)


class Memory(threading.Thread):
    """Looks at the largest resident sets of a process and of all that it started."""

    def __init__(self, process: subprocess.Popen[bytes], peaks: dict[str, float]) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.peaks = peaks
        self.start()

    def run(self) -> None:
        while self.process.poll() is None:
            for what, kilobytes in self.looked():
                self.peaks[what] = max(self.peaks.get(what, 0), kilobytes / 1000)
            time.sleep(0.5)

    def looked(self) -> Iterator[tuple[str, float]]:
        found = subprocess.run(["pgrep", "-g", str(self.process.pid)], capture_output=True)
        for pid in map(int, found.stdout.split()):
            with suppress(OSError, IndexError, ValueError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                what = "worker" if b"loky" in command else "command"
                if b"resource_tracker" in command:
                    continue
                status = Path(f"/proc/{pid}/status").read_text()
                yield what, float(status.split("VmHWM:")[1].split()[0])


def parquet(headlines: list[str], folder: Path, rows: int) -> dict[str, Any]:
    """Kill a job twice; look for every row."""
    partitioned(headlines, folder, rows)
    command = [*LABEL, "in", "--jobs", "2", "--output", "out/"]
    parts, seconds, marks = folder / "out.parts", 0.0, []
    quarters: list[dict[str, float]] = []
    for share in (1 / 3, 2 / 3, None):
        start = time.perf_counter()
        job = started(command, folder, "job.log")
        peaks: dict[str, float] = {}
        Memory(job, peaks)
        until(lambda: chunks(parts, "chunks") > 0, job)
        number = chunks(parts, "chunks")
        if share is None:
            for quarter in (0.75, 1.0, 1.5, 2.0):  # two steps a chunk
                while job.poll() is None and chunks(parts) < quarter * number:
                    time.sleep(0.1)
                quarters.append({what: round(mb) for what, mb in peaks.items()})
            code = job.wait()
        else:
            until_done(parts, share * number, job)
            marks.append(chunks(parts))
            quarters.append({what: round(mb) for what, mb in peaks.items()})
            killed(job)
        seconds += time.perf_counter() - start
    seen: dict[str, Any] = {}
    twice = count = 0
    for batch in pa.dataset.dataset(folder / "out").to_batches(columns=["source", "line"]):
        lines, sources = batch["line"].to_numpy(), batch["source"]
        for source in pa.compute.unique(sources).to_pylist():
            its = lines[pa.compute.equal(sources, source).to_numpy(zero_copy_only=False)]
            held = seen.setdefault(source, np.zeros(rows // FILES + 1, dtype=np.uint8))
            twice += int(held[its].sum()) + len(its) - len(np.unique(its))
            held[its] = 1
        count += len(lines)
    missing = rows - sum(int(held[1:].sum()) for held in seen.values())
    size = sum(path.stat().st_size for path in (folder / "out").iterdir())
    each = seconds / rows
    found = {
        "rows": rows,
        "exit_code": code,
        "chunks": number,
        "chunks_done_when_killed": marks,
        "rows_found": count,
        "rows_twice": twice,
        "rows_missing": missing,
        "seconds": round(seconds, 1),
        "microseconds_a_row": round(each * 1e6, 2),
        "gigabytes_out": round(size / 1e9, 2),
        "peak_mb_by_then": quarters,
        "hours_for_100_million": round(each * 1e8 / 3600, 2),
        "gigabytes_for_100_million": round(size / rows * 1e8 / 1e9, 1),
    }
    print(json.dumps(found, indent=1))
    return found


def main() -> None:
    parser = common.arguments(__doc__, "soak/bulk.json")
    parser.add_argument("--only", choices=["dask", "parquet"])
    parser.add_argument("--lines", type=int, default=4_000_000)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--tmp", type=Path, help="where big files go until the end")
    options = parser.parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in speed.POOLS)):
        return
    headlines = speed.pool(options.data)
    known = common.known(options.output)
    found = {part: known[part] for part in ("dask", "parquet") if part in known}
    for part in [options.only] if options.only else ["dask", "parquet"]:
        with tempfile.TemporaryDirectory(dir=options.tmp) as folder:
            if part == "dask":
                found[part] = dask(headlines, Path(folder), options.lines)
            else:
                found[part] = parquet(headlines, Path(folder), options.rows)
        common.write(options.output, common.described("python -m benchmarks.soak.bulk", found))


if __name__ == "__main__":
    main()
