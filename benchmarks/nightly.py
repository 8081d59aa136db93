"""How long a nightly run takes, and how much memory.

Set-up: the topics and labels of seeds/ (the read labels count as far as their headlines are among
those of the feed), 20,000 headlines of pool_russia_ukraine (rumca-js/RSS-Link-Database-2022 and
-2023) as the feed. The first run makes a champion of the first 20,000; the second, which is the one
that counts, has a feed of which a tenth is new and five corrections, and so trains, compares, looks
for drift and new topics, and decides; a refusal costs what a promotion does. Three such runs, each
in a registry of its own; medians.

    python benchmarks/nightly.py --data ../shared/data
"""

from __future__ import annotations

import argparse
import json
import lzma
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headlines.persistence.modelfile import versions

HERE = Path(__file__).parent
SEEDS = HERE.parent / "seeds"
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


def run(folder: Path) -> dict[str, Any]:
    """Run the command as a process; its last line says what it took."""
    command = [sys.executable, "-c", PROGRAM, "retrain", "--config", "retrain.toml", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    *_, row, took = done.stdout.strip().splitlines()
    return {**json.loads(took), "result": json.loads(row)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    pool = options.data / "pool_russia_ukraine.tsv.xz"
    if not pool.exists():
        sys.exit(f"{pool}: not there; it is made of rumca-js/RSS-Link-Database-2022 and -2023")
    with lzma.open(pool, "rt", encoding="utf-8") as file:
        header, *rows = file
    found: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="seconds")}
    found["machine"] = f"{platform.machine()}, {platform.system()}"
    found["versions"] = versions()
    with tempfile.TemporaryDirectory() as name:
        first = Path(name) / "first"
        first.mkdir()
        for seed in ("topics.toml", "labels.csv", "read_labels.csv"):
            shutil.copy(SEEDS / seed, first / seed)
        (first / "retrain.toml").write_text(CONFIG, encoding="utf-8")
        (first / "corrections.csv").write_text("headline,topic,also\n", encoding="utf-8")
        (first / "feed.tsv").write_text("".join([header, *rows[:20_000]]), encoding="utf-8")
        start = run(first)
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
    print(json.dumps({k: v for k, v in found.items() if k != "versions"}, indent=1))
    (HERE / "nightly.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
