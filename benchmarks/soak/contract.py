"""One headline, one label: fit, reload, single, batch and another process give the same bytes.

Labels the seed feed and a pool of headlines in batches of 1, 7, 8,192 and all at once, in this
process and in others, after saving and loading, and with 1 and 2 threads of the linear-algebra
library; counts rows that differ. Run ``python -m benchmarks.soak.contract [--headlines
FILE]``; without FILE the seed feed is repeated with numbers put in, to make 2,000 headlines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import common
from benchmarks.common import ROOT, SEEDS
from headlines import HeadlineLabeler, StaticEmbedder, Taxonomy, read_feed
from headlines.topics.labels import read_labels

CHILD = """
import json, sys
from headlines import HeadlineLabeler
labeler = HeadlineLabeler.load(sys.argv[1])
texts, size = json.load(open(sys.argv[2])), int(sys.argv[3])
for start in range(0, len(texts), size):
    for p in labeler.label(texts[start : start + size]):
        print(json.dumps(p.to_row(top=99)))
"""


def plain_vectors(texts: list[str]) -> list[bytes]:
    """Embed one text after the other, from the sum of its words' rows."""
    embedder = StaticEmbedder()
    rows = []
    for text in texts:
        total, _ = embedder.sum_of(text)
        length = np.sqrt(float(max(1, (total * total).sum())))
        rows.append((total.astype(np.float32) * np.float32(1 / length)).tobytes())
    return rows


def vectors_in_batches(texts: list[str]) -> dict[str, list[bytes]]:
    """Embed the texts in batches, and in a random order."""
    embedder = StaticEmbedder()
    results = {}
    for size in (1, 7, 8192, len(texts)):
        batches = (texts[start : start + size] for start in range(0, len(texts), size))
        results[f"batches of {size}"] = [
            row.tobytes() for batch in batches for row in embedder.transform(batch)
        ]
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = embedder.transform([texts[i] for i in order])
    results["another order"] = [shuffled[i].tobytes() for i in np.argsort(order)]
    return results


def main() -> None:
    parser = common.arguments(__doc__, "soak/contract.json", data=False)
    parser.add_argument("--headlines", type=Path)
    options = parser.parse_args()
    seed = [h.headline for h in read_feed(SEEDS / "feed.txt")]
    if options.headlines:
        pool = [h.headline for h in read_feed(options.headlines)]
    else:
        pool = [f"{text} ({number})" for number in range(17) for text in seed][:2000]
    texts = seed + pool
    taxonomy = Taxonomy.load()
    gold = read_labels(SEEDS / "labels.csv", taxonomy.names)
    fitted = HeadlineLabeler.train(taxonomy, gold)
    expected = [json.dumps(p.to_row(top=99)) for p in fitted.label(texts)]
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        model, file = Path(folder) / "model.joblib", Path(folder) / "texts.json"
        fitted.save(model)
        file.write_text(json.dumps(texts))
        loaded = HeadlineLabeler.load(model)
        for size in (1, 7, 8192, len(texts)):
            rows = [
                json.dumps(p.to_row(top=99))
                for start in range(0, len(texts), size)
                for p in loaded.label(texts[start : start + size])
            ]
            results[f"this process, batches of {size}"] = rows
        for threads in ("1", "2"):
            for size in ("7", "8192"):
                done = subprocess.run(
                    [sys.executable, "-c", CHILD, str(model), str(file), size],
                    capture_output=True,
                    text=True,
                    check=True,
                    cwd=ROOT,
                    env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
                )
                rows = done.stdout.splitlines()
                results[f"a new process, {threads} thread(s), batches of {size}"] = rows
        told = [fitted.predict(texts[start : start + 7]) for start in range(0, len(texts), 7)]
        given = [
            (t, float(p)) for topics, shares in told for t, p in zip(topics, shares, strict=True)
        ]
        results["predict, batches of 7"] = [
            row if (p["topic"], p["probability"]) == pair else "differs"
            for row, p, pair in zip(expected, map(json.loads, expected), given, strict=True)
        ]
    differing = {
        name: sum(a != b for a, b in zip(rows, expected, strict=True))
        for name, rows in results.items()
    }
    vectors = {
        name: sum(a != b for a, b in zip(rows, plain_vectors(texts), strict=True))
        for name, rows in vectors_in_batches(texts).items()
    }
    for name, count in vectors.items():
        print(f"vectors, {name}: {count} of {len(texts)} differ from the plain sum")
    for name, count in differing.items():
        print(f"{name}: {count} of {len(texts)} rows differ")
    content = {
        "headlines": len(texts),
        "rows_that_differ": differing,
        "vectors_that_differ": vectors,
    }
    common.write(options.output, common.described("python -m benchmarks.soak.contract", content))


if __name__ == "__main__":
    main()
