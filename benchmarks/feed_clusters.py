"""Clusters of the seed feed, held against its gold topics.

Prints the themes that `headlines cluster` finds, and the adjusted mutual information with the
gold topics beside k-means that is told the true number. Run ``python -m benchmarks.feed_clusters``;
it reads seeds/ alone.
"""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score

from benchmarks import common
from benchmarks.common import SEEDS
from headlines import HeadlineLabeler, Taxonomy, TransformerEmbedder, read_feed
from headlines.clustering.estimator import HeadlineClusterer
from headlines.embedding.vocabulary import tokenize
from headlines.topics.labels import read_labels


def main() -> None:
    options = common.arguments(__doc__, "feed_clusters.json", data=False).parse_args()
    labeler = HeadlineLabeler.load()
    feed = read_feed(SEEDS / "feed.txt").headlines
    gold = {
        g.headline.id: g.topic for g in read_labels(SEEDS / "labels.csv", Taxonomy.load().names)
    }
    truth = [gold[h.id] for h in feed]
    found = labeler.cluster(feed)
    members: dict[str, list[str]] = {}
    for c in sorted(found, key=lambda c: (c.cluster, -c.strength)):
        members.setdefault(f"{c.cluster} {c.name}", []).append(gold[c.id])
    for name, topics in members.items():
        counts = {t: topics.count(t) for t in sorted(set(topics), key=topics.count, reverse=True)}
        print(f"{name:<45} {len(topics):>3}  {counts}")
    results = {}
    for name, embedder in {"static": labeler.embedder, "minilm": TransformerEmbedder()}.items():
        texts = [h.text for h in feed]
        X = embedder.transform(texts)
        labels = HeadlineClusterer().fit(X, words=[tokenize(text) for text in texts]).themes_
        means = [
            adjusted_mutual_info_score(
                truth, KMeans(len(set(truth)), n_init=10, random_state=seed).fit_predict(X)
            )
            for seed in range(10)
        ]
        results[name] = {
            "clusters": len(set(labels.tolist())),
            "ami": round(float(adjusted_mutual_info_score(truth, labels)), 3),
            "kmeans_true_k": len(set(truth)),
            "kmeans_ami_median_of_10": round(float(np.median(means)), 3),
        }
        print(name, results[name])
    content = {
        "clusters": {name: len(topics) for name, topics in members.items()},
        "agreement": results,
    }
    common.write(options.output, common.described("python -m benchmarks.feed_clusters", content))


if __name__ == "__main__":
    main()
