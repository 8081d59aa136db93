"""How the defaults were chosen, on data that nothing is reported on.

The classifier's C by 10-fold cross-validation over the training examples of seeds/; the
clusterer's resolution on Guardian sections and Wikipedia's event categories; and what the
embedder, whose recipe was not tuned, reaches on Guardian sections beside MiniLM. Run
``python benchmarks/settings.py --data DIR``; DIR holds ``guardian_sections.tsv.xz`` (section,
headline) and ``wiki_events_to_2017.tsv.xz`` (date, category, story, text; from
ianrastall/current-events-context). Takes some five minutes.
"""

from __future__ import annotations

import argparse
import json
import lzma
import platform
import random
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.model_selection import StratifiedKFold

from headlines import HeadlineClusterer, StaticEmbedder, Taxonomy, TopicClassifier
from headlines.embedding import Embedder
from headlines.headline import Headline
from headlines.persistence import versions
from headlines.taxonomy import read_labels
from headlines.training import TrainingSet
from headlines.transformer import TransformerEmbedder

ROOT = Path(__file__).parent.parent


def classifier_settings(embedder: Embedder) -> dict[str, dict[str, float]]:
    """Accuracy and log loss of 10-fold cross-validation over what the champion trains on."""
    taxonomy = Taxonomy.load()
    gold = read_labels(ROOT / "seeds" / "labels.csv", taxonomy.names)
    examples = TrainingSet.build(taxonomy, gold, embedder).training
    values, counts = embedder.sums_of_terms([e.terms for e in examples])
    X = values / np.maximum(counts, 1)[:, None] * embedder.unit
    y = np.array([taxonomy.names.index(e.topic) for e in examples])
    results = {}
    for C in (3.0, 10.0, 30.0):
        found = np.zeros((len(y), len(taxonomy.names)))
        for train, test in StratifiedKFold(10, shuffle=True, random_state=0).split(X, y):
            found[test] = TopicClassifier(C).fit(X[train], y[train]).predict_proba(X[test])
        results[f"C={C:g}"] = {
            "accuracy": round(float((found.argmax(axis=1) == y).mean()), 3),
            "log_loss": round(float(-np.log(found[np.arange(len(y)), y]).mean()), 3),
        }
    return results


def _rows(path: Path, label: int, text: int) -> list[tuple[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        cells = [line.rstrip("\n").split("\t") for line in file][1:]
    return [(row[label], row[text]) for row in cells if row[label]]


def cluster_settings(sets: list[list[tuple[str, str]]]) -> dict[str, dict[str, float]]:
    """Mean adjusted mutual information on samples of 120 and 1,500 headlines of ten classes."""
    embedder = StaticEmbedder()
    samples = []
    for rows in sets:
        for size, draws in ((120, 8), (1500, 2)):
            for seed in range(draws):
                rng = random.Random(seed)
                classes = rng.sample(sorted({label for label, _ in rows}), 10)
                drawn = rng.sample([row for row in rows if row[0] in classes], size)
                vectors = embedder.transform([text for _, text in drawn])
                samples.append((size, [label for label, _ in drawn], vectors))
    results = {}
    for n_neighbors in (5, 10, 15):
        for resolution in (0.7, 1.0, 1.5, 2.0, 3.0):
            clusterer = HeadlineClusterer(n_neighbors, resolution=resolution)
            scores: dict[int, list[float]] = {}
            for size, labels, vectors in samples:
                found = clusterer.fit(vectors).labels_
                score = adjusted_mutual_info_score(labels, found)
                scores.setdefault(size, []).append(float(score))
            means = {str(size): round(float(np.mean(s)), 3) for size, s in scores.items()}
            means["mean"] = round(float(np.mean([np.mean(s) for s in scores.values()])), 3)
            results[f"n_neighbors={n_neighbors}, resolution={resolution}"] = means
    return results


def sections(embedder: Embedder, rows: list[tuple[str, str]]) -> float:
    """Accuracy of logistic regression on 3,000 Guardian headlines, taught by 3,000 others."""
    drawn = random.Random(0).sample(rows, 6000)
    X = embedder.transform([Headline.parse(text).text for _, text in drawn])
    y = [label for label, _ in drawn]
    scores = []
    for C in (1.0, 3.0, 10.0):
        model = LogisticRegression(C=C, max_iter=500).fit(X[:3000], y[:3000])
        scores.append(model.score(X[3000:], y[3000:]))
    return round(float(max(scores)), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    guardian = options.data / "guardian_sections.tsv.xz"
    wiki = options.data / "wiki_events_to_2017.tsv.xz"
    for path in (guardian, wiki):
        if not path.is_file():
            print(f"skipped: {path} is missing; name its folder with --data")
            return
    rows = _rows(guardian, 0, 1)
    embedders: dict[str, Embedder] = {"static": StaticEmbedder(), "minilm": TransformerEmbedder()}
    results = {
        "classifier": {name: classifier_settings(e) for name, e in embedders.items()},
        "clusterer": cluster_settings([rows, _rows(wiki, 1, 3)]),
        "guardian_sections": {name: sections(e, rows) for name, e in embedders.items()},
    }
    for name, found in results.items():
        print(name)
        for key, value in found.items():
            print(f"  {key}: {value}")
    content = {
        "command": "python benchmarks/settings.py",
        "machine": f"{platform.machine()}, {platform.system()}",
        "versions": versions(),
        **results,
    }
    (ROOT / "benchmarks" / "settings.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
