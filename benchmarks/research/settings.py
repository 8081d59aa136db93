"""How the defaults were chosen, on data that nothing is reported on.

The classifier's settings by what it makes of few labels and 3,000 unlabelled headlines, on draws of
four Guardian sections and of four of Wikipedia's event categories; the resolution of themes on the
same two sets, and all that stories depend on on stories of Wikipedia's events. How strictly other
news is told from the topics' own is chosen by ``benchmarks.offdomain``. Run
``python -m benchmarks.research.settings --data DIR``; DIR holds ``guardian_sections.tsv.xz``
(section, headline) and ``wiki_events_to_2017.tsv.xz`` (date, category, story, text; from
ianrastall/current-events-context). Takes some ten minutes.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    normalized_mutual_info_score,
)
from sklearn.metrics.cluster import contingency_matrix

from benchmarks import common
from headlines import HeadlineClusterer, StaticEmbedder, TopicClassifier
from headlines.clustering import clusterer as clustering
from headlines.clustering import communities, neighbourhood
from headlines.embedding.vocabulary import tokenize
from headlines.feeds.headline import Headline


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


def _rows(path: Path, label: int, text: int) -> list[tuple[str, str]]:
    return [(row[label], row[text]) for row in common.rows(path) if row[label]]


def theme_settings(sets: list[list[tuple[str, str]]]) -> dict[str, float]:
    """Mean adjusted mutual information on samples of 120 and 1,500 headlines of ten classes."""
    embedder = StaticEmbedder()
    samples = []
    for rows in sets:
        for size, draws in ((120, 8), (1500, 2)):
            for seed in range(draws):
                rng = random.Random(seed)
                classes = rng.sample(sorted({label for label, _ in rows}), 10)
                drawn = rng.sample([row for row in rows if row[0] in classes], size)
                texts = [text for _, text in drawn]
                words = [tokenize(text) for text in texts]
                samples.append((size, [y for y, _ in drawn], embedder.transform(texts), words))
    results = {}
    for resolution in (0.7, 1.0, 1.5, 2.0, 3.0):
        clusterer = HeadlineClusterer(theme_resolution=resolution)
        scores: dict[int, list[float]] = {}
        for size, labels, vectors, words in samples:
            found = clusterer.fit(vectors, words=words).themes_
            scores.setdefault(size, []).append(adjusted_mutual_info_score(labels, found))
        mean = float(np.mean([np.mean(s) for s in scores.values()]))
        results[f"theme_resolution={resolution}"] = round(mean, 3)
    return results


def copied(stories: dict[str, list[str]], seed: int) -> list[tuple[str, str]]:
    """Copy events a heavy-tailed number of times, words dropped, as wires and their users do."""
    rng = np.random.default_rng(seed)
    events = [(story, text) for story in sorted(stories) for text in stories[story]]
    weight = {story: rng.pareto(1.5) + 0.2 for story in sorted(stories)}
    much = np.array([weight[story] * (rng.pareto(1.2) + 0.3) for story, _ in events])
    counts = np.clip(np.rint(much / much.mean() * 7), 1, 80).astype(int)
    result = []
    for (story, text), count in zip(events, counts.tolist(), strict=True):
        words = [word for word in tokenize(text) if word not in ENGLISH_STOP_WORDS]
        for _ in range(count):
            dropped = rng.uniform(0.2, 0.7)
            kept = [word for word in words if rng.random() > dropped]
            result.append((story, " ".join(kept if len(kept) >= 3 else words[:4])))
    return result


def story_sets(path: Path) -> list[list[tuple[str, str]]]:
    """Stories of Wikipedia's events: long and short ones, their best month alone, and copied."""
    rows = [row for row in common.rows(path) if row[2]]
    counts = Counter(row[2] for row in rows)
    months: dict[tuple[str, str], list[str]] = defaultdict(list)
    for date, _, story, text in rows:
        months[story, date[:7]].append(text)
    best: dict[str, list[str]] = {}
    for (story, _), texts in sorted(months.items()):
        if len(texts) > len(best.get(story, [])):
            best[story] = texts
    best = {story: texts for story, texts in best.items() if len(texts) >= 8}
    sets = [copied(best, seed) for seed in (0, 1)]
    sets.append([(story, text) for story in sorted(best) for text in best[story]])
    large = sorted(story for story in counts if counts[story] >= 8)
    for seed in (0, 1, 2):
        some = set(random.Random(seed).sample(large, 150))
        sets.append([(row[2], row[3]) for row in rows if row[2] in some])
    for least in (30, 60):
        sets.append([(row[2], row[3]) for row in rows if counts[row[2]] >= least])
    return sets


def story_settings(sets: list[list[tuple[str, str]]]) -> dict[str, dict[str, float]]:
    """One change at a time; ACC, NMI and ARI of stories, and how many are found of the true."""
    embedder = StaticEmbedder()
    ready = []
    for rows in sets:
        texts = [text for _, text in rows]
        words = [tokenize(text) for text in texts]
        ready.append(([story for story, _ in rows], embedder.transform(texts), words))
    changes: list[tuple[str, Any, str, float]] = [("the defaults", None, "", 0.0)]
    for name, values in (("n_neighbors", (6, 24)), ("resolution", (4, 16))):
        changes += [(f"{name}={value}", None, name, value) for value in values]
    for module, name, values in (
        (neighbourhood, "WORDS", (0.0, 0.4, 1.2)),
        (neighbourhood, "SHARPNESS", (1.5, 5.0)),
        (neighbourhood, "SHRINKAGE", (0.05, 0.5, 1.0)),
        (clustering, "COPIES", (0.85, 0.95, 1.1)),
        (communities, "MIN_ALIKE", (0.4, 0.45, 0.55, 0.6, 9.0)),
    ):
        changes += [(f"{name}={value}", module, name, value) for value in values]
    results = {}
    for title, module, name, value in changes:
        clusterer = HeadlineClusterer()
        before = getattr(module, name) if module else None
        if module:
            setattr(module, name, value)
        elif name:
            clusterer.set_params(**{name: value})
        communities.WORDS = neighbourhood.WORDS  # which it has imported by name
        scores = []
        for truth, X, words in ready:
            found = clusterer.fit(X, words=words).labels_
            table = contingency_matrix(truth, found)
            scores.append({
                "ACC": table[linear_sum_assignment(-table)].sum() / len(truth),
                "NMI": normalized_mutual_info_score(truth, found),
                "ARI": adjusted_rand_score(truth, found),
                "found, of true": len(set(found.tolist())) / len(set(truth)),
            })  # fmt: skip
        if module:
            setattr(module, name, before)
        results[title] = {k: round(float(np.mean([s[k] for s in scores])), 3) for k in scores[0]}
        print(title, results[title], flush=True)
    return results


def main() -> None:
    parser = common.arguments(__doc__, "research/settings.json")
    parser.add_argument("--only", choices=("classifier", "themes", "stories"))
    options = parser.parse_args()
    if not common.there(options.data, "guardian_sections.tsv.xz", "wiki_events_to_2017.tsv.xz"):
        return
    guardian = options.data / "guardian_sections.tsv.xz"
    wiki = options.data / "wiki_events_to_2017.tsv.xz"
    rows, events = _rows(guardian, 0, 1), _rows(wiki, 1, 3)
    known = common.known(options.output)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "classifier": lambda: classifier_settings([rows, events]),
        "themes": lambda: theme_settings([rows, events]),
        "stories": lambda: story_settings(story_sets(wiki)),
    }
    results = {
        name: part() if options.only in (None, name) else known.get(name, {})
        for name, part in parts.items()
    }
    for name, found in results.items():
        print(name)
        for key, value in found.items():
            print(f"  {key}: {value}")
    content = common.described("python -m benchmarks.research.settings", results)
    common.write(options.output, content)


if __name__ == "__main__":
    main()
