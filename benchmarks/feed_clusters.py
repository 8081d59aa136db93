"""Themes of feeds whose topics people told, held against these by adjusted mutual information.

The seed feed, and the 200 headlines of russia_dev, which are never trained on and choose nothing.
Themes are found by vectors alone and, as `headlines cluster` does, by a labeler's topics too.
Beside them stand k-means that is told the true number, and the plain way: a group for each topic
that the labeler gives, which can find no topic that it doesn't know.

The champion learned the seed feed's labels. So the figure that counts there is cross-fitted: five
models of the champion's recipe, but without a teacher, each tell the topics of a fifth of the
headlines. A model was trained neither on these nor on a near-duplicate of one, and has none of the
feed among its unlabelled headlines. The champion's own figure stands beside it, named as such.
How much topics weigh was chosen on other headlines (research/themes.py).

``python -m benchmarks.feed_clusters --data DIR``; DIR holds ``russia_dev.tsv`` and
``pool_russia_ukraine.tsv.xz``, as for topics.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.model_selection import GroupKFold

from benchmarks import common
from benchmarks.common import SEEDS
from headlines import HeadlineLabeler, Taxonomy, TransformerEmbedder, read_feed
from headlines.clustering.clustered_feed import ClusteredFeed, cluster_feed
from headlines.clustering.clusterer import Clusterer, vectors_and_words
from headlines.clustering.topicality import Topicality
from headlines.clustering.whitening import Whitening
from headlines.embedding.embedder import Embedder
from headlines.embedding.vocabulary import word_checksums
from headlines.feeds.headline import Headline
from headlines.model.duplicates import near_duplicate_groups
from headlines.topics.labels import GoldLabel, read_labels

FOLDS = 5
SEEDS_OF_KMEANS = 10


def topicality(labeler: HeadlineLabeler, headlines: Sequence[Headline]) -> Topicality:
    """Give the topics of headlines as `HeadlineLabeler.cluster` has them."""
    answered = labeler.label_block(headlines).answered
    shares = labeler.probabilities_of(headlines).round(6) * answered[:, None]
    return Topicality(labeler.topics, shares)


def cross_fitted(
    taxonomy: Taxonomy, gold: list[GoldLabel], others: list[GoldLabel], pool: list[Headline]
) -> Topicality:
    """Give the topics of labelled headlines by models that weren't trained on them."""
    shares = np.zeros((len(gold), len(taxonomy.names)))
    labels = [*gold, *others]
    groups = near_duplicate_groups([word_checksums(label.headline.text) for label in labels])
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    for _, held in folds.split(gold, groups=groups[: len(gold)]):
        apart = ~np.isin(groups, groups[held])
        learned = [label for label, one in zip(labels, apart, strict=True) if one]
        labeler = HeadlineLabeler.train(taxonomy, learned, unlabelled=pool)
        shares[held] = topicality(labeler, [gold[i].headline for i in held.tolist()]).shares
    return Topicality(taxonomy.names, shares)


def clustered(
    feed: Sequence[Headline], embedder: Embedder, told: Topicality | None
) -> ClusteredFeed:
    """Find the themes of a feed, as `headlines cluster` does where topics are told."""
    clusterer = Clusterer(whitening=Whitening.of_news(embedder.fingerprint))
    return cluster_feed(feed, embedder, clusterer, topics=(lambda _: told) if told else None)


def agreement(truth: Sequence[str], labels: Sequence[int]) -> dict[str, Any]:
    """Hold clusters against topics: how many, AMI, and the share in a cluster's commonest topic."""
    pairs = Counter(zip(labels, truth, strict=True))
    most = {label: max(n for (c, _), n in pairs.items() if c == label) for label in set(labels)}
    return {
        "clusters": len(most),
        "ami": round(float(adjusted_mutual_info_score(truth, labels)), 3),
        "purity": round(sum(most.values()) / len(truth), 3),
    }


def compared(
    feed: Sequence[Headline], truth: Sequence[str], told: Topicality, embedder: Embedder
) -> dict[str, Any]:
    """Score themes with topics, and the plain way."""
    plain = np.where(told.shares.any(axis=1), told.shares.argmax(axis=1), -1).tolist()
    return {
        "themes": agreement(truth, [c.theme for c in clustered(feed, embedder, told)]),
        "a group for each topic": agreement(truth, plain),
    }


def by_vectors(
    feed: Sequence[Headline], truth: Sequence[str], embedder: Embedder
) -> dict[str, Any]:
    """Score themes by vectors alone, and k-means that is told how many topics there are."""
    X, _ = vectors_and_words(feed, embedder)
    means = [
        agreement(truth, _k_means(X, len(set(truth)), seed)) for seed in range(SEEDS_OF_KMEANS)
    ]
    return {
        "themes": agreement(truth, [c.theme for c in clustered(feed, embedder, None)]),
        "k-means, told how many": {
            "clusters": len(set(truth)),
            **{
                key: round(float(np.median([m[key] for m in means])), 3)
                for key in ("ami", "purity")
            },
        },
    }


def _k_means(X: NDArray[np.float32], k: int, seed: int) -> list[int]:
    found: list[int] = KMeans(k, n_init=10, random_state=seed).fit_predict(X).tolist()
    return found


def main() -> None:
    """Run the benchmark."""
    options = common.arguments(__doc__, "feed_clusters.json").parse_args()
    if not common.there(options.data, "russia_dev.tsv", "pool_russia_ukraine.tsv.xz"):
        return
    taxonomy, champion = Taxonomy.load(), HeadlineLabeler.load()
    pool = list(read_feed(options.data / "pool_russia_ukraine.tsv.xz").headlines)
    gold = read_labels(SEEDS / "labels.csv", taxonomy.names)
    read = read_labels(SEEDS / "read_labels.csv", taxonomy.names, pool)
    topic = {label.headline.id: label.topic for label in gold}
    feed = read_feed(SEEDS / "feed.txt").headlines
    in_gold = {label.headline.id: place for place, label in enumerate(gold)}
    fitted = cross_fitted(taxonomy, gold, read, pool)
    fitted = Topicality(fitted.topics, fitted.shares[[in_gold[h.id] for h in feed]])
    rows = common.records(options.data / "russia_dev.tsv")
    dev = [Headline.parse(row["headline"]) for row in rows]
    truth, dev_truth = [topic[h.id] for h in feed], [row["label"] for row in rows]
    ours, minilm = champion.embedder, TransformerEmbedder()
    found = {
        "seed feed": {
            "n": len(feed),
            "topics": len(set(truth)),
            "nobody": by_vectors(feed, truth, ours),
            "nobody, vectors of MiniLM": by_vectors(feed, truth, minilm),
            "models that never saw it": compared(feed, truth, fitted, ours),
            "the champion": compared(feed, truth, topicality(champion, feed), ours),
        },
        "russia_dev": {
            "n": len(dev),
            "topics": len(set(dev_truth)),
            "nobody": by_vectors(dev, dev_truth, ours),
            "the champion": compared(dev, dev_truth, topicality(champion, dev), ours),
        },
    }
    for name, part in found.items():
        for by, scores in part.items():
            print(name, by, scores)
    shown = champion.cluster(feed)
    members: dict[str, list[str]] = {}
    for c in sorted(shown, key=lambda c: (c.cluster, -c.strength)):
        members.setdefault(f"{c.cluster} {c.name}", []).append(topic[c.id])
    for name, topics in members.items():
        print(f"{name:<60} {len(topics):>3}  {dict(Counter(topics).most_common())}")
    clusters = {name: len(topics) for name, topics in members.items()}
    content = {"clusters": clusters, "agreement": found}
    common.write(options.output, common.described("python -m benchmarks.feed_clusters", content))


if __name__ == "__main__":
    main()
