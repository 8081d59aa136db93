"""What more processes bring, and what a folder of Parquet costs, on many headlines.

The command labels a file of N headlines (the pools', and composed ones beyond, as
`benchmarks.speed` makes them):

- one process, JSON lines;
- ``--jobs 2``, JSON lines: parts, put together in the order of the input;
- ``--jobs 2``, a folder of Parquet;
- eight lines of scikit-learn, TF-IDF and logistic regression, through joblib's Parallel with two
  processes, each on chunks of 50,000 lines, the topic before each headline: what one would write.

Programs take turns over rounds; medians are told, and the median of the rounds' ratios. Peaks are
of the command's process and of the largest that it waited for. The outputs of the first two have
to be the same bytes.

Run ``python -m benchmarks.jobs --data DIR [--lines 10000000] [--rounds 3] [--tmp DIR]``, with the
extra `parquet`; on two cores that do nothing else.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import peers  # first: it sets the threads  # isort: skip

from benchmarks import common, speed

ONE, TWO, FOLDER = "one process", "two processes", "two processes, a folder of Parquet"
BASELINE = "TF-IDF, logistic regression, two processes"

PLAIN = """
import sys, itertools, joblib
model = joblib.load(sys.argv[1])
def label(lines):
    return "".join(f"{t}\\t{line}" for t, line in zip(model.predict(lines), lines))
def chunks(file):
    while lines := list(itertools.islice(file, 50_000)):
        yield joblib.delayed(label)(lines)
with open(sys.argv[2]) as file, open(sys.argv[3], "w") as output:
    found = joblib.Parallel(int(sys.argv[4]), return_as="generator")(chunks(file))
    output.writelines(found)
"""


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def programs(feed: Path, folder: Path) -> dict[str, list[str]]:
    """Give the command of each program."""
    label = [sys.executable, "-m", "headlines", "label", str(feed), "--output"]
    plain = [sys.executable, "-c", PLAIN, str(folder / "tfidf.joblib"), str(feed)]
    return {
        ONE: [*label, str(folder / "one.jsonl")],
        TWO: [*label, str(folder / "two.jsonl"), "--jobs", "2"],
        FOLDER: [*label, f"{folder / 'parquet'}/", "--jobs", "2"],
        BASELINE: [*plain, str(folder / "plain.tsv"), "2"],
    }


def train_baseline(path: Path) -> None:
    """Learn from the same examples as ours."""
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts, topics = zip(*peers.examples(), strict=True)
    model = make_pipeline(peers.tfidf_vectorizer(), LogisticRegression(C=30, max_iter=1000))
    joblib.dump(model.fit(texts, topics), path)


def main() -> None:
    parser = common.arguments(__doc__, "jobs.json")
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tmp", type=Path, help="where big files go until the end")
    options = parser.parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in speed.POOLS)):
        return
    headlines = speed.pool(options.data)
    seconds: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=options.tmp) as where:
        folder = Path(where)
        bench = speed.Bench(headlines, folder, quick=False, full=False, skipped={})
        feed = bench.feed(options.lines)
        train_baseline(folder / "tfidf.joblib")
        for number in range(options.rounds):
            for name, command in programs(feed, folder).items():
                taken, peak = speed.run(bench, command)
                seconds.setdefault(name, []).append(taken)
                peaks[name] = max(peaks.get(name, 0.0), peak)
                print(f"round {number + 1}: {name}: {taken:.1f} s, {peak:.0f} MB", flush=True)
                if name == FOLDER:
                    files = [*(folder / "parquet").iterdir()]
                    size = sum(path.stat().st_size for path in files)
                    for path in files:
                        path.unlink()
                    (folder / "parquet").rmdir()
            same = digest(folder / "one.jsonl") == digest(folder / "two.jsonl")
            lines_size = (folder / "one.jsonl").stat().st_size
            if not same:
                raise SystemExit("one process and two gave other bytes")
    found: dict[str, Any] = {
        "headlines": options.lines,
        "rounds": options.rounds,
        "same_bytes": same,
        "bytes_a_row": {
            "jsonl": round(lines_size / options.lines),
            "parquet": round(size / options.lines),
        },
        "programs": {
            name: {
                "seconds": round(statistics.median(taken), 1),
                "peak_mb": round(peaks[name]),
                "one_process_takes": round(
                    statistics.median(a / b for a, b in zip(seconds[ONE], taken, strict=True)), 2
                ),
            }
            for name, taken in seconds.items()
        },
    }
    print(json.dumps(found, indent=1))
    content = common.described("python -m benchmarks.jobs", found, peers.versions_of_peers())
    common.write(options.output, content)


if __name__ == "__main__":
    main()
