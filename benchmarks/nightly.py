"""How long a nightly run takes, and how much memory.

Set-up: the topics and labels of seeds/ (the read labels count as far as their headlines are among
those of the feed), 20,000 headlines of pool_russia_ukraine (rumca-js/RSS-Link-Database-2022 and
-2023) as the feed. The first run makes a champion of the first 20,000; the second, which is the one
that counts, has a feed of which a tenth is new and five corrections, and so trains, compares, looks
for drift and new topics, and decides; a refusal costs what a promotion does. Three such runs, each
in a registry of its own; medians.

    python -m benchmarks.nightly --data ../shared/data
"""

from __future__ import annotations

import json
import lzma
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.common import SEEDS

CONFIG = """\
registry = "models"
topics = "topics.toml"
labels = ["labels.csv", "read_labels.csv"]
corrections = ["corrections.csv"]
feeds = ["feed.tsv"]

[data]
age_days = 0  # the headlines are of 2022 and 2023
"""
CORRECTIONS = """\
headline,topic,also
Court in Tver Jails Blogger for Six Years,courts,rights
Drones Set Fuel Depot Ablaze Near Samara,drones,
EU Lists Forty More Tankers of the Shadow Fleet,sanctions,economy
Central Bank Keeps Key Rate at 16 Percent,economy,
Wildfire Smoke Covers Yakutsk for a Third Day,disasters,
"""
PROGRAM = """\
import json, resource, sys, time
from headlines.cli.main import main
start = time.perf_counter()
code = main(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"code": code, "seconds": time.perf_counter() - start, "peak_kb": peak}))
"""


def run(folder: Path, *options: str) -> dict[str, Any]:
    """Run the command as a process; its last line says what it took."""
    command = [sys.executable, "-c", PROGRAM, "retrain", "--config", "retrain.toml", "--json"]
    command += options
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    *_, row, took = done.stdout.strip().splitlines()
    return {**json.loads(took), "result": json.loads(row)}


def main() -> None:
    parser = common.arguments(__doc__, "nightly.json")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if not common.there(options.data, "pool_russia_ukraine.tsv.xz"):
        return
    pool = options.data / "pool_russia_ukraine.tsv.xz"
    with lzma.open(pool, "rt", encoding="utf-8") as file:
        header, *rows = file
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        first = Path(name) / "first"
        first.mkdir()
        for seed in ("topics.toml", "labels.csv", "read_labels.csv"):
            shutil.copy(SEEDS / seed, first / seed)
        (first / "retrain.toml").write_text(CONFIG, encoding="utf-8")
        (first / "corrections.csv").write_text("headline,topic,also\n", encoding="utf-8")
        (first / "feed.tsv").write_text("".join([header, *rows[:20_000]]), encoding="utf-8")
        start = run(first, "--first-run")
        taken = []
        for number in range(options.runs):
            folder = Path(name) / str(number)
            shutil.copytree(first, folder)
            (folder / "corrections.csv").write_text(CORRECTIONS, encoding="utf-8")
            feed = "".join([header, *rows[2_000:22_000]])
            (folder / "feed.tsv").write_text(feed, encoding="utf-8")
            taken.append(run(folder))
    rows_of = [start, *taken]
    assert all(row["code"] in (0, 3) for row in rows_of), rows_of
    found["promoted"] = [row["code"] == 0 for row in taken]
    found["headlines"] = taken[0]["result"]["headlines"]
    found["labels"] = taken[0]["result"]["labels"]
    found["first run, seconds"] = round(start["seconds"], 2)
    found["nightly run, seconds"] = round(statistics.median(r["seconds"] for r in taken), 2)
    found["nightly runs, seconds"] = [round(row["seconds"], 2) for row in taken]
    found["peak_mb"] = round(max(row["peak_kb"] for row in rows_of) / 1024)
    found["reason"] = taken[0]["result"]["reason"]
    found["churn"] = taken[0]["result"]["churn"]
    print(json.dumps(found, indent=1))
    common.write(options.output, common.described("python -m benchmarks.nightly", found))


if __name__ == "__main__":
    main()
