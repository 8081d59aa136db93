"""What a registry of 10,000 versions costs beside one of 10, and a log of 100,000 lines.

Registries are made of one small model: its version is linked so many times, and the audit log is
written by the log itself. Timed are whole commands, each in a process of its own (the median of
`ROUNDS`, sizes in turn): a label from the champion, the list, a retraining that finds nothing to
change, and one that adds a version and is refused; within this process an append to the log, and
adding a version under the lock. Beside the last stands the plain way, which reads the whole log for
the numbers that were given, as the registry did before.

    python -m benchmarks.large_registry
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import common
from headlines import ModelRegistry
from headlines.persistence.audit import AuditLog
from headlines.retraining.config import RetrainConfig
from headlines.retraining.job import retrain

SMALL, LARGE = (10, 40), (10_000, 100_000)  # versions, lines of the log
ROUNDS = 7
TOPICS = """
[[topic]]
name = "drones"
phrases = ["drone attack"]
[[topic]]
name = "courts"
phrases = ["court sentence"]
"""


def made(folder: Path, versions: int, lines: int) -> Path:
    """Make a registry of a job that has run for long; gives its configuration."""
    folder.mkdir()
    (folder / "topics.toml").write_text(TOPICS)
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = [("Drones Hit Depot", "drones"), ("Court Jails Poet", "courts")]
        csv.writer(file).writerows([("headline", "topic"), *rows])
    config = folder / "retrain.toml"
    config.write_text(
        'registry = "models"\ntopics = "topics.toml"\nlabels = ["labels.csv"]\nkeep = 1000000\n'
    )
    retrain(RetrainConfig.read(config), first_run=True)
    registry = ModelRegistry(folder / "models")
    first = registry.champion().path.parent
    for number in range(2, versions + 1):
        other = first.with_name(f"{number:04d}")
        other.mkdir()
        linked(first, other)
    log = registry.audit
    facts = {"checks": [{"check": "accuracy", "passed": None, "detail": "x" * 80}] * 6}
    for number in range(len(log.records()), lines):
        named = {"version": f"{number % versions + 1:04d}", "accepted": False, "reason": "worse"}
        log.append("decided", {"run": "0" * 16, **named, **facts})
    return config


def linked(source: Path, target: Path) -> None:
    for file in source.iterdir():
        os.link(file, target / file.name)


def command(*words: str) -> float:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "headlines", *words], capture_output=True)
    assert done.returncode in (0, 3), done.stderr
    return time.perf_counter() - start


def changed(config: Path) -> float:
    """Retrain with a label more: the gate can't tell of so few, and a version is added."""
    with (config.parent / "labels.csv").open("a") as file:
        file.write(f"Drones Hit Harbour {time.time_ns()},drones\n")
    return command("retrain", "--config", str(config))


def appended(config: Path) -> float:
    log = ModelRegistry(config.parent / "models").audit
    start = time.perf_counter()
    log.append("started", {})
    return time.perf_counter() - start


def added(config: Path) -> float:
    registry = ModelRegistry(config.parent / "models")
    model = registry.champion().path
    start = time.perf_counter()
    with registry.lock():
        registry.add(
            lambda path: [os.link(f, path.parent / f.name) for f in model.parent.iterdir()]
        )
    return time.perf_counter() - start


def plain(config: Path) -> float:
    """Read the whole log for the highest number that was given."""
    log = AuditLog(config.parent / "models" / "audit.jsonl")
    start = time.perf_counter()
    max(str(record.facts.get("version")) for record in log.records())
    return time.perf_counter() - start


def main() -> None:
    options = common.arguments(__doc__, "large_registry.json", data=False).parse_args()
    feed = str(common.SEEDS / "feed.txt")

    def labelled(config: Path) -> float:
        out, model = str(config.parent / "rows.jsonl"), str(config.parent / "models")
        return command("label", feed, "--any-text", "--model", model, "--output", out)

    def registry_of(config: Path) -> tuple[str, str]:
        return "--registry", str(config.parent / "models")

    does: dict[str, Callable[[Path], float]] = {
        "label a feed": labelled,
        "models list": lambda config: command("models", "list", *registry_of(config)),
        "status": lambda config: command("status", *registry_of(config)),
        "retrain, nothing to change": lambda c: command("retrain", "--config", str(c)),
        "retrain, a version added": changed,
        "append to the log": appended,
        "add a version": added,
        "the plain way: read the log": plain,
    }
    with tempfile.TemporaryDirectory() as folder:
        both = [made(Path(folder, str(size[0])), *size) for size in (SMALL, LARGE)]
        found: dict[str, Any] = {}
        for what, run in does.items():
            times: list[list[float]] = [[], []]
            for _ in range(ROUNDS):
                for place, config in enumerate(both):
                    times[place].append(run(config))
            small, large = (median(some) for some in times)
            ratio = round(large / small, 2)
            found[what] = {"small": round(small, 5), "large": round(large, 5), "ratio": ratio}
            print(f"{what:<30}{small:>10.4f} s{large:>10.4f} s{ratio:>8}", flush=True)
    sizes = [dict(zip(("versions", "lines"), size, strict=True)) for size in (SMALL, LARGE)]
    measured = {"small": sizes[0], "large": sizes[1], "rounds": ROUNDS, "seconds": found}
    common.write(options.output, common.described("python -m benchmarks.large_registry", measured))


if __name__ == "__main__":
    main()
