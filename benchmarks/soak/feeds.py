"""Inputs made by lot: whether each is read without a crash, a hang or a row that gets lost.

Each of `tests/feeds/made_feeds.py` is read from a file, from the same file packed, and as from
standard input, by a name that tells nothing. Nothing but a `FeedError` of two lines may be raised;
headlines, duplicates and rows set aside have to be as many as the report counts; every line of a
text or a table has to be counted once; and all three readings have to be the same.

``python -m benchmarks.soak.feeds [--inputs N] [--first N]``
"""

from __future__ import annotations

import collections
import gzip
import random
import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.common import ROOT

sys.path.insert(0, str(ROOT / "tests" / "feeds"))

from made_feeds import made_feed

from headlines.errors import FeedError
from headlines.feeds.reader import FeedReader
from headlines.feeds.report import Quarantined

MOST_SECONDS = 10


def reading(source: Any) -> tuple[Any, ...]:
    """Read an input; give what came of it, in a form in which two readings can be compared."""
    aside: list[Quarantined] = []
    reader = FeedReader(source, set_aside=aside.append)
    try:
        found = [(h.line, h.headline, h.id, str(h.fields), h.date) for h in reader]
    except FeedError as error:
        said = str(error)
        return "refused", said.replace(reader.name, "INPUT"), said.count("\n") + 1
    report = reader.report
    rows = [(row.line, row.reason, row.raw) for row in aside]
    return report.format, dict(report.kinds), found, rows, dict(report.reasons)


def faults_of(seed: int, folder: Path) -> list[str]:
    """Say what is wrong with how the input of a seed is read; nothing when all is well."""
    data = made_feed(random.Random(seed))
    plain, packed = folder / f"feed-{seed % 97}", folder / f"packed-{seed % 97}"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data, 1))
    signal.alarm(MOST_SECONDS)
    try:
        first = reading(plain)
        with plain.open("rb") as file:
            others = {"packed": reading(packed), "as a stream": reading(file)}
    except TimeoutError:
        return ["hangs"]
    except Exception as error:  # any is a fault
        return [f"crashes: {type(error).__name__}: {error}"]
    finally:
        signal.alarm(0)
    faults = [f"another result {how}" for how, other in others.items() if other != first]
    if first[0] == "refused":
        return faults + ["refused in more than two lines"] * (first[2] > 2)
    format, kinds, found, rows, reasons = first
    if len(found) != kinds["headline"] + kinds["duplicate"]:
        faults.append("headlines that aren't in the report")
    if not len(rows) == kinds["quarantined"] == sum(reasons.values()):
        faults.append("rows set aside that aren't in the report")
    if format in ("csv", "tsv", "jsonl") and data.isascii() and not {0, 13} & set(data):
        lines = len(data.decode().removesuffix("\n").split("\n"))
        if sum(kinds.values()) != lines and not (format == "jsonl" and sum(kinds.values()) > lines):
            faults.append(f"{sum(kinds.values())} of {lines} lines are accounted for")
    return faults


def _late(number: int, frame: object) -> None:
    raise TimeoutError


def soaked(seeds: range) -> dict[str, Any]:
    """Read the inputs of seeds, and count what came of them."""
    signal.signal(signal.SIGALRM, _late)
    outcomes: collections.Counter[str] = collections.Counter()
    faulty = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            faults = faults_of(seed, Path(folder))
            outcomes["faulty" if faults else "sound"] += 1
            if faults:
                faulty[seed] = faults
    return {"outcomes": outcomes, "faulty": faulty}


def main() -> None:
    parser = common.arguments(__doc__, "soak/feeds.json", data=False)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    start = time.perf_counter()
    ends = range(options.first, options.first + options.inputs + 1, 500)
    parts = [range(at, min(at + 500, options.first + options.inputs)) for at in ends]
    outcomes: collections.Counter[str] = collections.Counter()
    faulty: dict[int, list[str]] = {}
    with ProcessPoolExecutor(2) as pool:
        for part in pool.map(soaked, parts):
            outcomes.update(part["outcomes"])
            faulty.update(part["faulty"])
    for seed, faults in list(faulty.items())[:20]:
        print(f"seed {seed}: {'; '.join(faults)}")
    print(f"{options.inputs:,} inputs, each read three times: {dict(outcomes)}")
    found = {
        "inputs": options.inputs,
        "sound": outcomes["sound"],
        "faulty": {str(seed): faults for seed, faults in faulty.items()},
        "seconds": round(time.perf_counter() - start),
    }
    common.write(options.output, common.described("python -m benchmarks.soak.feeds", found))


if __name__ == "__main__":
    main()
