"""How much topics weigh beside vectors, when themes are found: chosen on the Guardian's sections.

A labeler learns some of the sections; feeds of 120 to 300 headlines are drawn from these, in
uneven shares, and from three sections that it doesn't know. Each labeler is trained on 60 or 300
headlines a section, none of which is in a feed.

- AMI: adjusted mutual information of themes and sections.
- new: of each section that the labeler doesn't know, with five headlines or more, the F1 of the
  theme that fits it best, averaged. A group for each topic can't find it; vectors alone can.

``python -m benchmarks.research.themes --data DIR``; DIR holds ``guardian_sections.tsv.xz``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import adjusted_mutual_info_score

import headlines.clustering.clusterer as clusterer_room
from benchmarks import common
from benchmarks.feed_clusters import topicality
from headlines import HeadlineClusterer, HeadlineLabeler, StaticEmbedder, Taxonomy, Topic
from headlines.clustering.clusterer import vectors_and_words
from headlines.clustering.whitening import Whitening
from headlines.feeds.headline import Headline
from headlines.topics.labels import GoldLabel

SHOTS = (60, 300)
KNOWN = 12
MODELS, FEEDS = 3, 5
SIZES = (120, 160, 200, 300)
NEW = 3
WEIGHTS, POWERS = (0.5, 1.0, 2.0, 4.0), (1, 2, 3)
Sections = dict[str, list[str]]


@dataclass(frozen=True)
class Feed:
    """Headlines, their sections, and what a labeler says of them."""

    sections: list[str]
    known: Sequence[str]
    vectors: NDArray[np.float32]
    words: list[list[str]]
    shares: NDArray[np.float64]

    def themes(self, topics: NDArray[np.float64] | None) -> NDArray[np.int64]:
        """Find the themes."""
        clusterer = HeadlineClusterer(whitening=Whitening.of_news(StaticEmbedder().fingerprint))
        clusterer.fit(self.vectors, words=self.words, topics=topics)
        return clusterer.themes_

    def scores(self, labels: NDArray[np.int64]) -> tuple[float, list[float]]:
        """Give the AMI, and the F1 of each section that the labeler doesn't know."""
        truth, best = np.array(self.sections), []
        for section in sorted(set(self.sections) - set(self.known)):
            own = truth == section
            if own.sum() >= 5:
                both = [(own & (labels == c)).sum() for c in np.unique(labels)]
                sizes = [own.sum() + (labels == c).sum() for c in np.unique(labels)]
                best.append(float(max(2 * np.array(both) / sizes)))
        return float(adjusted_mutual_info_score(truth, labels)), best


def weighed(
    between: sparse.csr_matrix,
    sizes: NDArray[np.int64],
    topics: NDArray[np.float64],
    *,
    weight: float,
    power: int,
) -> sparse.csr_matrix:
    """Do as `communities.with_topics`, with another weight and power."""
    usual = between.sum() / sizes.sum() or 1.0
    edges = sparse.csr_matrix(weight * usual * sizes[:, None] * topics**power)
    return sparse.bmat([[between, edges], [edges.T, None]]).tocsr()


def drawn(sections: Sections, shots: int, seed: int) -> list[Feed]:
    """Train a labeler on some sections, and draw feeds."""
    rng = np.random.default_rng([shots, seed])
    names = sorted(sections)
    known = sorted(rng.permutation(names)[:KNOWN].tolist())
    mixed = {name: rng.permutation(sections[name]).tolist() for name in names}
    labels = [
        GoldLabel(Headline.parse(text), name) for name in known for text in mixed[name][:shots]
    ]
    topics = tuple(Topic(name=name, definition=name, phrases=(name,)) for name in known)
    labeler = HeadlineLabeler.train(Taxonomy(topics), labels)
    found = []
    for _ in range(FEEDS):
        new = rng.permutation([name for name in names if name not in known])[:NEW].tolist()
        taking = [*known, *new]
        shares = rng.gamma(1.5, 1, len(taking))
        counts = rng.multinomial(rng.choice(SIZES), shares / shares.sum()).tolist()
        pairs = [
            (Headline.parse(text), name)
            for name, n in zip(taking, counts, strict=True)
            for text in rng.choice(mixed[name][shots:], n, replace=False).tolist()
        ]
        headlines = [headline for headline, _ in pairs]
        vectors, words = vectors_and_words(headlines, labeler.embedder)
        shares = topicality(labeler, headlines).shares
        found.append(Feed([name for _, name in pairs], known, vectors, words, shares))
    return found


def scored(feeds: Sequence[Feed], labels: Sequence[NDArray[np.int64]]) -> dict[str, float]:
    """Average the scores of feeds."""
    pairs = [feed.scores(some) for feed, some in zip(feeds, labels, strict=True)]
    return {
        "AMI": round(float(np.mean([ami for ami, _ in pairs])), 3),
        "new": round(float(np.mean([f1 for _, some in pairs for f1 in some])), 3),
        "themes": round(float(np.mean([len(np.unique(some)) for some in labels])), 1),
    }


def main() -> None:
    """Run the program."""
    options = common.arguments(__doc__, common.HERE / "research" / "themes.json").parse_args()
    if not common.there(options.data, "guardian_sections.tsv.xz"):
        return
    sections: Sections = defaultdict(list)
    for section, text in common.rows(options.data / "guardian_sections.tsv.xz"):
        if section not in ("", "section"):
            sections[section].append(text)
    feeds = [f for shots in SHOTS for seed in range(MODELS) for f in drawn(sections, shots, seed)]
    plain = [np.where(f.shares.any(axis=1), f.shares.argmax(axis=1), -1) for f in feeds]
    found: dict[str, Any] = {
        "vectors alone": scored(feeds, [feed.themes(None) for feed in feeds]),
        "a group for each topic": scored(feeds, plain),
    }
    ours = clusterer_room.with_topics
    for power in POWERS:
        for weight in WEIGHTS:
            name = f"weight {weight:g}, power {power}"
            clusterer_room.with_topics = partial(weighed, weight=weight, power=power)
            found[name] = scored(feeds, [feed.themes(feed.shares) for feed in feeds])
    clusterer_room.with_topics = ours
    for name, scores in found.items():
        print(f"{name:<24} {scores}")
    content = {"feeds": len(feeds), "found": found}
    command = "python -m benchmarks.research.themes"
    common.write(options.output, common.described(command, content))


if __name__ == "__main__":
    main()
