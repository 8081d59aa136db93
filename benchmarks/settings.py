"""How the defaults were chosen, on data that nothing is reported on.

The classifier's settings by what it makes of few labels and 3,000 unlabelled headlines, on draws of
four Guardian sections and of four of Wikipedia's event categories; how strictly news is told from
other text, by what becomes of Guardian sections;
the clusterer's resolution on the same two sets. Run ``python benchmarks/settings.py --data DIR``;
DIR holds ``guardian_sections.tsv.xz`` (section, headline) and ``wiki_events_to_2017.tsv.xz`` (date,
category, story, text; from ianrastall/current-events-context). Takes some ten minutes.
"""

from __future__ import annotations

import argparse
import json
import lzma
import platform
import random
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from headlines import (
    HeadlineClusterer,
    HeadlineLabeler,
    StaticEmbedder,
    Taxonomy,
    TopicClassifier,
    domain,
)
from headlines.headline import Headline
from headlines.persistence import versions
from headlines.taxonomy import read_labels

ROOT = Path(__file__).parent.parent


def classifier_settings(sets: list[list[tuple[str, str]]]) -> dict[str, dict[str, float]]:
    """Accuracy with 8 and 64 labels a class, mean over four classes drawn three times a set."""
    embedder = StaticEmbedder()
    tasks = []
    for rows in sets:
        counts = Counter(label for label, _ in rows)
        large = sorted(label for label, n in counts.items() if n >= 1200)
        for seed in range(3):
            rng = random.Random(seed)
            classes = rng.sample(large, 4)
            drawn = rng.sample([row for row in rows if row[0] in classes], 4600)
            X = embedder.transform([Headline.parse(text).text for _, text in drawn])
            y = np.array([classes.index(label) for label, _ in drawn])
            tasks.append((np.asarray(X, dtype=np.float64), y))
    variants: dict[str, dict[str, float]] = {"the defaults": {}}
    for name, values in (
        ("C", (3, 30)),
        ("n_neighbors", (5, 20)),
        ("rounds", (0, 3, 10)),
        ("sharpness", (1, 1.5, 3)),
        ("unlabelled_weight", (0.1, 1)),
    ):
        variants |= {f"{name}={value:g}": {name: value} for value in values}
    results = {}
    for name, settings in variants.items():
        found: dict[str, float] = {}
        for shots in (8, 64):
            scores = []
            for X, y in tasks:
                places = [np.flatnonzero(y == k)[:shots] for k in range(4)]
                labelled = np.concatenate(places)
                rest = np.setdiff1d(np.arange(len(y)), labelled)
                model = TopicClassifier(**settings)
                model.fit(X[labelled], y[labelled], X[rest[:3000]])
                scores.append((model.predict(X[rest[3000:]]) == y[rest[3000:]]).mean())
            found[f"{shots} labels"] = round(float(np.mean(scores)), 3)
        results[name] = found
        print(f"  {name}: {found}", flush=True)
    return results


def domain_settings(rows: list[tuple[str, str]]) -> dict[str, dict[str, float]]:
    """Share of Guardian sections that is refused: news should not be, recipes should."""
    taxonomy = Taxonomy.load()
    gold = read_labels(ROOT / "seeds" / "labels.csv", taxonomy.names)
    drawn = random.Random(0).sample(rows, 6000)
    results: dict[str, dict[str, float]] = {}
    chosen = domain.C
    for C in (0.3, 3.0, 30.0):
        domain.C = C
        model = HeadlineLabeler.train(taxonomy, gold)
        found = {}
        for section in ("politics", "us-news", "world", "business", "food", "lifeandstyle"):
            texts = [text for label, text in drawn if label == section]
            found[section] = round(_refused(model, texts), 3)
        results[f"C={C:g}"] = found
        print(f"  C={C:g}: {found}", flush=True)
    domain.C = chosen
    return results


def _refused(model: HeadlineLabeler, texts: list[str]) -> float:
    topics = model.predict(texts)[0]
    return sum(topic is None for topic in topics) / len(topics)


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
    rows, events = _rows(guardian, 0, 1), _rows(wiki, 1, 3)
    results = {
        "classifier": classifier_settings([rows, events]),
        "domain": domain_settings(rows),
        "clusterer": cluster_settings([rows, events]),
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
