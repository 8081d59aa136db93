"""How training grows with labels and topics: time and memory, beside scikit-learn.

Labels are headlines of pool_news, drawn, each with the topic whose headline is nearest of k that
were drawn as topics: topics of unequal size, such as a user's are. Only time and memory are
measured, on one thread, each cell in a process of its own: `HeadlineLabeler.train` with the
built-in embedder and a feed of 5,000 other headlines; LogisticRegression(max_iter=1000) of
scikit-learn on the same embedder's vectors of the same labels, embedding included. Peak memory is
the process's, libraries included. The targets were set beforehand.

``python -m benchmarks.growth --data DIR [--busy]``; --busy says that other programs were running,
and the JSON tells it of each cell. The processor's own time is then nearer to what a quiet machine
takes. ``--cells 50000x5`` measures that cell again and keeps the others.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from headlines.embedding.joined import load_embedder
from headlines.feeds.headline import Headline
from headlines.labeling.labeler import HeadlineLabeler
from headlines.topics.labels import GoldLabel
from headlines.topics.taxonomy import Taxonomy, Topic

POOL = "pool_news.tsv.xz"
FEED = 5000
CELLS = {  # labels and topics; seconds and megabytes at most, where there is a target
    "1000x5": (1000, 5, 10, None),
    "1000x50": (1000, 50, None, None),
    "1000x200": (1000, 200, None, None),
    "10000x200": (10_000, 200, 300, 2000),
    "20000x5": (20_000, 5, None, None),
    "50000x5": (50_000, 5, 300, 2000),
}
OURS, PEER = "headlines", "LogisticRegression"
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def ours(cell: dict[str, Any]) -> None:
    """Train a labeler."""
    topics = [Topic(f"topic {i}", text) for i, text in enumerate(cell["topics"])]
    labels = [
        GoldLabel(Headline.parse(text), topics[number].name)
        for text, number in zip(cell["texts"], cell["numbers"], strict=True)
    ]
    HeadlineLabeler.train(Taxonomy(tuple(topics)), labels, unlabelled=cell["feed"])


def peer(cell: dict[str, Any]) -> None:
    """Fit logistic regression."""
    from sklearn.linear_model import LogisticRegression

    vectors = np.asarray(load_embedder("static").transform(cell["texts"]))
    LogisticRegression(max_iter=1000).fit(vectors, cell["numbers"])


def one(program: str, path: Path) -> None:
    """Measure a cell in this process."""
    cell = json.loads(path.read_text(encoding="utf-8"))
    started, worked = time.perf_counter(), time.process_time()
    (ours if program == OURS else peer)(cell)
    taken, own = time.perf_counter() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = {"seconds": round(taken, 1), "processor_seconds": round(own, 1), "peak_mb": peak}
    print(json.dumps(told))


def drawn(texts: list[str], vectors: Any, labels: int, topics: int) -> dict[str, Any]:
    """Draw labels, topics among them, and a feed."""
    order = np.random.default_rng(0).permutation(len(texts))
    own, feed = order[:labels], order[-FEED:]
    chosen = own[:topics]
    numbers = (vectors[own] @ vectors[chosen].T).argmax(axis=1)
    return {
        "topics": [texts[i] for i in chosen],
        "texts": [texts[i] for i in own],
        "numbers": numbers.tolist(),
        "feed": [texts[i] for i in feed],
    }


def main() -> None:
    """Run the benchmark."""
    parser = common.arguments(__doc__, "growth.json")
    parser.add_argument("--busy", action="store_true", help="other programs are running")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--one", nargs=2, metavar=("PROGRAM", "FILE"), help="measure here")
    options = parser.parse_args()
    if options.one:
        one(options.one[0], Path(options.one[1]))
        return
    if not common.there(options.data, POOL):
        return
    read = dict.fromkeys(row[1] for row in common.rows(options.data / POOL))
    some = np.random.default_rng(0).permutation(len(read))[:60_000]
    every = list(read)
    texts = list({(h := Headline.parse(every[i])).id: h.headline for i in some}.values())
    vectors = np.asarray(load_embedder("static").transform(texts))
    cells = common.known(options.output).get("cells", {})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cell.json"
        for name in options.cells:
            labels, topics, most_seconds, most_mb = CELLS[name]
            path.write_text(json.dumps(drawn(texts, vectors, labels, topics)), encoding="utf-8")
            row: dict[str, Any] = {"labels": labels, "topics": topics, "busy": options.busy}
            row["target"] = {"seconds": most_seconds, "peak_mb": most_mb}
            for program in (OURS, PEER):
                command = [sys.executable, "-m", "benchmarks.growth", "--one", program, str(path)]
                env = os.environ | ONE_THREAD
                done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
                row[program] = json.loads(done.stdout)
            cells[name] = row
            print(row, flush=True)
            ordered = {key: cells[key] for key in CELLS if key in cells}
            busy = any(cell["busy"] for cell in cells.values())
            content = {"busy": busy, "feed": FEED, "cells": ordered}
            common.write(options.output, common.described("python -m benchmarks.growth", content))


if __name__ == "__main__":
    main()
