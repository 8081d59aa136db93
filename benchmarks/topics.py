"""Topics of real headlines: the champion's recipe with three kinds of vectors.

Trains on seeds/ alone and scores the 200 headlines of russia_dev, which are never trained on
and choose nothing. Run ``python benchmarks/topics.py --data DIR``; DIR holds ``russia_dev.tsv``
(columns label, accepted, also, headline; headlines of 2023 from rumca-js/RSS-Link-Database-2023,
labelled for this project by two readers).
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from headlines import HeadlineLabeler, Taxonomy
from headlines.headline import Headline
from headlines.persistence import versions
from headlines.taxonomy import read_labels
from headlines.vocabulary import tokenize

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"


def scores(predicted: list[str], rows: list[dict[str, str]]) -> dict[str, float]:
    """Strict and lenient accuracy with a bootstrap interval, and macro-F1."""
    strict = np.array([p in r["accepted"].split(",") for p, r in zip(predicted, rows, strict=True)])
    lenient = np.array(
        [
            p in f"{r['accepted']},{r['also']}".split(",")
            for p, r in zip(predicted, rows, strict=True)
        ]
    )
    rng = np.random.default_rng(0)
    draws = strict[rng.integers(0, len(strict), (2000, len(strict)))].mean(axis=1)
    gold = [r["label"] for r in rows]
    f1 = []
    for topic in sorted(set(gold)):
        right = sum(p == g == topic for p, g in zip(predicted, gold, strict=True))
        f1.append(2 * right / (predicted.count(topic) + gold.count(topic)))
    low, high = np.quantile(draws, [0.025, 0.975])
    return {
        "strict": round(float(strict.mean()), 3),
        "strict_low": round(float(low), 3),
        "strict_high": round(float(high), 3),
        "lenient": round(float(lenient.mean()), 3),
        "macro_f1": round(float(np.mean(f1)), 3),
    }


def overlap(taxonomy: Taxonomy, texts: list[str]) -> dict[str, int]:
    """Count the training texts that share 60 % of their words or more with a scored headline."""
    gold = read_labels(SEEDS / "labels.csv", taxonomy.names)
    written = [Headline.parse(e).text for t in taxonomy.topics for e in t.examples]
    scored = [set(tokenize(text)) for text in texts]
    found = {}
    for name, group in (
        ("written examples", written),
        ("gold labels", [label.headline.text for label in gold]),
    ):
        words = [set(tokenize(text)) for text in group]
        found[name] = sum(any(len(w & s) >= 0.6 * len(w | s) for s in scored if s) for w in words)
    return found


def tfidf(taxonomy: Taxonomy, texts: list[str]) -> list[str]:
    """What everybody starts from: TF-IDF and balanced logistic regression, both cross-validated."""
    gold = read_labels(SEEDS / "labels.csv", taxonomy.names)
    train = [
        (Headline.parse(e).text, t.name) for t in taxonomy.topics for e in (*t.phrases, *t.examples)
    ]
    train += [(label.headline.text, label.topic) for label in gold]
    pipeline = make_pipeline(
        TfidfVectorizer(sublinear_tf=True),
        LogisticRegression(class_weight="balanced", max_iter=2000),
    )
    grid = {
        "tfidfvectorizer__ngram_range": [(1, 1), (1, 2)],
        "logisticregression__C": [1, 3, 10, 30],
    }
    search = GridSearchCV(pipeline, grid, cv=StratifiedKFold(5, shuffle=True, random_state=0))
    search.fit([text for text, _ in train], [topic for _, topic in train])
    return [str(t) for t in search.predict(texts)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "topics.json")
    options = parser.parse_args()
    path = options.data / "russia_dev.tsv"
    if not path.is_file():
        print(f"skipped: {path} is missing; name its folder with --data")
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = [Headline.parse(row["headline"]).text for row in rows]
    taxonomy = Taxonomy.load()
    labels = read_labels(SEEDS / "labels.csv", taxonomy.names)
    leaks = overlap(taxonomy, texts)
    print(f"training texts that come close to a scored headline: {leaks}")
    results = {}
    champion = HeadlineLabeler.load()
    for name in ("static", "minilm"):
        labeler = HeadlineLabeler.train(taxonomy, labels, embedder=name)
        results[name] = scores([str(p.topic) for p in labeler.label(texts)], rows)
    results["tf-idf"] = scores(tfidf(taxonomy, texts), rows)
    held = champion.holdout_scores()
    shipped = scores([str(p.topic) for p in champion.label(texts)], rows)
    print(f"{'vectors':<22}{'strict':>8}{'95 %':>16}{'lenient':>9}{'macro-F1':>10}")
    for name, found in {"shipped champion": shipped, **results}.items():
        interval = f"{found['strict_low']:.2f} to {found['strict_high']:.2f}"
        print(
            f"{name:<22}{found['strict']:>8.3f}{interval:>16}"
            f"{found['lenient']:>9.3f}{found['macro_f1']:>10.3f}"
        )
    print(f"champion on its own hold-out: {held}")
    content = {
        "command": "python benchmarks/topics.py",
        "machine": f"{platform.machine()}, {platform.system()}",
        "versions": versions(),
        "russia_dev": {"n": len(rows), "champion": shipped, **results},
        "close_to_training_texts": leaks,
        "holdout": held,
    }
    options.output.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
