"""How long a line takes through ``headlines label - --follow``: 300 lines, one after another.

A real process behind pipes: a line is written when the row of the line before has come back, and
the time is from the write to the row. The lines are the seed feed's headlines, numbered so that
all differ. Beside it stands the plain way: TF-IDF and logistic regression of scikit-learn, trained
at its start on examples of the same topics, a topic and its probability a line.

``python -m benchmarks.follow``
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks import common
from headlines import read_feed

LINES = 300

PLAIN = """
import sys, tomllib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
topics = tomllib.load(open(sys.argv[1], "rb"))["topic"]
pairs = [(text, topic["name"]) for topic in topics for text in topic["examples"]]
model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(*zip(*pairs))
for line in sys.stdin:
    [shares] = model.predict_proba([line])
    print(line.strip(), model.classes_[shares.argmax()], shares.max(), sep="\\t", flush=True)
"""

PROGRAMS: dict[str, list[str]] = {
    "headlines": [sys.executable, "-m", "headlines", "label", "-", "--follow"],
    "scikit-learn": [sys.executable, "-c", PLAIN, str(common.SEEDS / "topics.toml")],
}


def timed(command: Sequence[str], lines: Sequence[str]) -> dict[str, float]:
    """Give the milliseconds from a line to its row, and the seconds to the first row."""
    milliseconds = []
    begun = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in lines:
            start = time.perf_counter()
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
            row = process.stdout.readline()
            milliseconds.append((time.perf_counter() - start) * 1000)
            if len(milliseconds) == 1:
                first = time.perf_counter() - begun
            if not row.strip():
                raise RuntimeError(f"{command[1]}: no row for {line!r}")
        process.stdin.close()
    later = sorted(milliseconds[1:])
    return {
        "median_ms": round(statistics.median(later), 3),
        "p95_ms": round(later[int(0.95 * len(later))], 3),
        "max_ms": round(later[-1], 3),
        "first_row_s": round(first, 2),
    }


def main() -> None:
    options = common.arguments(__doc__, "follow.json", data=False).parse_args()
    feed = itertools.cycle(read_feed(common.SEEDS / "feed.txt"))
    lines = [f"{h.headline} {i}" for i, h in zip(range(LINES), feed, strict=False)]
    found = {name: timed(command, lines) for name, command in PROGRAMS.items()}
    print(json.dumps(found, indent=1))
    measured = {"lines": LINES, "from_line_to_row": found}
    common.write(options.output, common.described("python -m benchmarks.follow", measured))


if __name__ == "__main__":
    main()
