"""Learns from news which directions of the vectors say little about what sets stories apart.

Takes 8,000 consecutive headlines at each of eight times of one pool and two of the other, and adds
up how the three nearest of each, that are no copies, differ from it. `Whitening.taking_out` makes
the map of that, which ``models/stories/`` has for the embedder. No label has a part in it. Run
``python -m benchmarks.research.whitening --data DIR``. Public origin:
rumca-js/RSS-Link-Database-2022 and -2023.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.common import arguments, described, rows, there, write
from headlines import StaticEmbedder
from headlines.clustering.whitening import Whitening
from headlines.embedding.threads import one_thread
from headlines.files import MODELS
from headlines.neighbours import STEPS, nearest, whole_vectors

TIMES = {"pool_news": 8, "pool_tech": 2}
HEADLINES, NEIGHBOURS, COPIES = 8000, 3, 0.9


def at_times(folder: Path) -> list[list[str]]:
    """Give consecutive headlines of several times."""
    found = []
    for name, times in TIMES.items():
        first: dict[str, str] = {}
        for date, headline, *_ in rows(folder / f"{name}.tsv.xz"):
            first.setdefault(headline, date)
        in_order = sorted(first, key=lambda headline: (first[headline], headline))
        step = len(in_order) // times
        found += [in_order[time * step :][:HEADLINES] for time in range(times)]
    return found


def main() -> None:
    options = arguments(__doc__, "research/whitening.json").parse_args()
    if not there(options.data, *(f"{name}.tsv.xz" for name in TIMES)):
        return
    embedder = StaticEmbedder()
    features = embedder.n_features
    covariance, total, pairs, points = np.zeros((features, features)), np.zeros(features), 0, 0
    with one_thread():
        for headlines in at_times(options.data):
            whole = whole_vectors(embedder.vectors(headlines))
            whole = np.unique(whole[whole.any(axis=1)], axis=0)
            near, cosine = nearest(whole, 50)
            others = np.argsort(cosine >= COPIES, axis=1, kind="stable")[:, :NEIGHBOURS]
            for column in np.take_along_axis(near, others, axis=1).T:
                apart = (whole - whole[column]) / STEPS
                covariance += apart.T @ apart
            total += whole.sum(axis=0) / STEPS
            pairs, points = pairs + whole.shape[0] * NEIGHBOURS, points + len(whole)
    folder = MODELS / "stories" / embedder.fingerprint
    folder.mkdir(parents=True, exist_ok=True)
    Whitening.taking_out(covariance / pairs, total / points, pairs).write(folder)
    spread = np.linalg.eigvalsh(covariance / pairs)
    content = {
        "embedder": embedder.fingerprint,
        "headlines": points,
        "pairs": pairs,
        "least_and_most_spread": [float(f"{spread[0]:.3g}"), float(f"{spread[-1]:.3g}")],
    }
    print(content)
    write(options.output, described("python -m benchmarks.research.whitening", content))


if __name__ == "__main__":
    main()
