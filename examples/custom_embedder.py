"""An embedder of your own: letters in threes, which forgive misspellings and know no language.

Run it in the folder of the clone: ``python examples/custom_embedder.py``. The headlines of
examples/town are written, not real.

A model with such an embedder lives in the program that made it: `HeadlineLabeler.load` finds an
embedder by the name that stands in the model's manifest, and knows those of the package. To have
yours found, name it in `headlines.embedding.joined.load_embedder` (CONTRIBUTING.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from headlines import HeadlineClusterer, HeadlineLabeler, Taxonomy
from headlines.embedding.embedder import Embedder
from headlines.topics.labels import read_labels

TOWN = Path(__file__).parent / "town"


class Trigrams(Embedder):
    """A headline is the sum of its letters in threes, each +1 or -1 at a place of its own."""

    def __init__(self, size: int = 1024) -> None:
        self.size = size

    @property
    def fingerprint(self) -> str:
        return f"trigrams-1-{self.size}"  # change it whenever the vectors change

    @property
    def n_features(self) -> int:
        return self.size

    @property
    def unit(self) -> float:
        return 1.0  # what one step of the whole numbers is worth

    def terms(self, texts: Iterable[str]) -> list[Sequence[int]]:
        # Which place, and which sign: whole numbers below 2**31, which a model keeps.
        padded = [f"  {text.casefold()} " for text in texts]
        places = 2 * self.size
        return [[crc32(p[i : i + 3].encode()) % places for i in range(len(p) - 2)] for p in padded]

    def sums_of_terms(
        self, terms: Sequence[Sequence[int]]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        # Whole numbers, so that every sum is exact and a label is the same in any batch.
        values = np.zeros((len(terms), self.size))
        for row, some in zip(values, terms, strict=True):
            for term in some:
                row[term // 2] += 1 if term % 2 else -1
        return values, np.array([len(some) for some in terms], dtype=np.int64)

    def vectors(self, texts: Iterable[str]) -> NDArray[np.float32]:
        values, _ = self.sums(texts)
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        return (values / np.maximum(lengths, 1)).astype(np.float32)


taxonomy = Taxonomy.load(TOWN / "topics.toml")
labels = read_labels(TOWN / "labels.csv", taxonomy.names)
for embedder in ("static", Trigrams()):
    labeler = HeadlineLabeler.train(taxonomy, labels, embedder=embedder)
    found, unseen = labeler.evaluate(labels)  # on the fifth that it didn't learn from
    print(f"{labeler.embedder!r}: right on {found.accuracy:.0%} of {len(unseen)} held-out labels")

[prediction] = labeler.label(["Rovres reach cup finall on penaltys"])
print(f"{prediction.topic} {prediction.probability:.2f}  {prediction.headline}")

# Vectors go into scikit-learn's estimators, and into ours.
lines = (TOWN / "monday.txt").read_text(encoding="utf-8").splitlines()
clusterer = HeadlineClusterer().fit(Trigrams().transform(lines))
print(f"{len(set(clusterer.labels_.tolist()))} stories in {len(lines)} headlines")
