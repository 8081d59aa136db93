"""The model `world` on headlines of other years and papers, whose own sections mean a topic.

Four sets: HuffPost, BBC News of 2004 and 2005, MasakhaNEWS of Africa, AG News. A section counts
where it surely means one of the 17 topics, or two that the topics' own rules share out (a star's
work is arts, a wedding human-interest); the others are left out (MEANT). Nothing of these sets
chooses anything. A topic is right where the section may mean it; all 17 may be chosen, and beside
that stands the same with the choice among the topics that the set's sections mean.

The fifth set is the model's own hold-out: headlines of 2022 and 2023, read with its definitions.

Beside the shipped model, logistic regression on the labels and examples that it learned from: over
TF-IDF, and over the built-in vectors, MiniLM's and mpnet's, C by 3-fold cross-validation.

``python -m benchmarks.world --data DIR [--cache FILE]``; DIR also holds pool_news.tsv.xz,
pool_tech.tsv.xz and pool_russia_ukraine.tsv.xz, in which the read labels' headlines are found by
their hash. Public origins: `common.ORIGINS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from benchmarks import common
from headlines import HeadlineLabeler, Taxonomy, read_feed
from headlines.embedding.joined import load_embedder
from headlines.evaluation import calibration_error
from headlines.feeds.headline import Headline
from headlines.topics.labels import read_labels

SAMPLE = 1000
TARGET = 0.1
LIFESTYLE = (3, 4, 8, 13, 16, 19, 26, 29)  # travel, style, taste, home, weddings, divorce, food
ARTS = (21, 32, 35, 39)  # media, and three of arts

MEANT = {
    "huffpost41": {
        # Numbers have no names in the file: twenty headlines of each told what it is.
        **{str(number): ("lifestyle",) for number in LIFESTYLE},
        **{str(number): ("arts",) for number in ARTS},
        "0": ("politics",),
        "1": ("health", "lifestyle"),
        "2": ("arts", "human-interest"),
        "11": ("sport",),
        "18": ("economy", "labour"),
        "20": ("crime",),
        "22": ("human-interest",),
        "23": ("environment", "weather", "disaster"),
        "25": ("religion",),
        "27": ("science-technology",),
        "30": ("science-technology",),
        "31": ("economy",),
        "34": ("human-interest",),
        "36": ("environment",),
        "37": ("education",),
        "40": ("education",),
    },
    "bbc_titles": {
        "sport": ("sport",),
        "business": ("economy", "labour"),
        "politics": ("politics",),
        "tech": ("science-technology",),
        "entertainment": ("arts", "human-interest"),
    },
    "masakhanews_eng": {
        "sports": ("sport",),
        "politics": ("politics",),
        "business": ("economy", "labour"),
        "health": ("health",),
        "entertainment": ("arts", "human-interest"),
        "technology": ("science-technology",),
    },
    "agnews_test": {
        "Sports": ("sport",),
        "Business": ("economy", "labour"),
        "Sci/Tech": ("science-technology", "environment"),
    },
}

Shares = np.ndarray[Any, np.dtype[np.float64]]
Program = Callable[[Sequence[str]], Shares]
"""Headlines to the shares of the topics, shape (n, 17)."""


@dataclass(frozen=True)
class Section:
    """Headlines of a set, and the numbers of the topics that each one's section means."""

    texts: list[str]
    meant: list[tuple[int, ...]]

    @classmethod
    def read(cls, name: str, folder: Any, topics: Sequence[str]) -> Section:
        """Draw headlines of a set's sections that mean something."""
        meant = MEANT[name]
        rows = [row for row in common.rows(folder / f"{name}.tsv.xz") if row[0] in meant]
        drawn = np.random.default_rng(0).permutation(len(rows))[:SAMPLE]
        numbers = {label: tuple(map(topics.index, names)) for label, names in meant.items()}
        return cls([rows[i][1] for i in drawn], [numbers[rows[i][0]] for i in drawn])

    def right(self, shares: Shares) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tell where the most probable topic is meant."""
        best = shares.argmax(axis=1).tolist()
        return np.array([topic in meant for topic, meant in zip(best, self.meant, strict=True)])

    def scores(self, shares: Shares) -> dict[str, float]:
        """Score shares with the choice among all topics, and among those of the sections."""
        own = sorted({topic for meant in self.meant for topic in meant})
        limited = np.full(shares.shape, -1.0)
        limited[:, own] = shares[:, own]
        right = self.right(shares)
        error = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / len(right))
        return {
            "right": round(float(right.mean()), 3),
            "plus_or_minus": round(float(error), 3),
            "right_among_own": round(float(self.right(limited).mean()), 3),
            "calibration_error": round(calibration_error(shares.max(axis=1), right), 3),
        }


def learned(model: Any, grid: dict[str, Any], texts: Sequence[Any], y: Sequence[str]) -> Any:
    """Fit a plain model with its settings by cross-validation."""
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    return GridSearchCV(model, grid, cv=folds).fit(texts, y)


def plain(texts: list[str], y: list[str], cache: str | None) -> dict[str, Program]:
    """Learn the baselines from the same texts; columns come out in the order of the alphabet."""
    tfidf = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)),
        LogisticRegression(class_weight="balanced", max_iter=2000),
    )
    grid = [1, 3, 10, 30]
    words = learned(tfidf, {"logisticregression__C": grid}, texts, y)
    found: dict[str, Program] = {"tf-idf": lambda rows: words.predict_proba(list(rows))}
    for name in ("static", "minilm", "mpnet"):
        embedder = load_embedder(name, cache=cache)
        model = LogisticRegression(class_weight="balanced", max_iter=2000)
        vectors = learned(model, {"C": grid}, embedder.vectors(texts), y)

        def shares(rows: Sequence[str], embedder: Any = embedder, model: Any = vectors) -> Shares:
            return np.asarray(model.predict_proba(embedder.vectors(rows)))

        found[name] = shares
    return found


def held_at_target(labeler: HeadlineLabeler, section: Section) -> dict[str, float]:
    """Give the share of answers at a target error, and how many of these are wrong."""
    answers = labeler.label(section.texts, any_text=True, target_error=TARGET)
    names = sorted(labeler.topics)
    wrong = [
        names.index(a.topic) not in meant
        for a, meant in zip(answers, section.meant, strict=True)
        if a.topic is not None
    ]
    error = round(float(np.mean(wrong)), 3) if wrong else 0.0
    return {"answered": round(len(wrong) / len(answers), 3), "wrong": error}


def main() -> None:
    """Measure, print, write."""
    parser = common.arguments(__doc__, "world.json")
    parser.add_argument("--cache", help="keeps the transformers' vectors")
    parser.add_argument("--model", default="world", help="the shipped one by default")
    options = parser.parse_args()
    pools = ("pool_news.tsv.xz", "pool_tech.tsv.xz", "pool_russia_ukraine.tsv.xz")
    if not common.there(options.data, *pools, *(f"{name}.tsv.xz" for name in MEANT)):
        return
    labeler = HeadlineLabeler.load(options.model)
    names = sorted(labeler.topics)
    taxonomy = Taxonomy.load(common.SEEDS / "world.toml")
    pool = [h for name in pools for h in read_feed(options.data / name).headlines]
    held = {e.id for e in labeler.state.training_set.holdout}
    found_labels = read_labels(common.SEEDS / "world_labels.csv", taxonomy.names, pool)
    read = [label for label in found_labels if label.headline.id not in held]
    texts = [Headline.parse(t).text for topic in taxonomy.topics for t in topic.texts]
    y = [topic.name for topic in taxonomy.topics for _ in topic.texts]
    programs = plain(
        texts + [label.headline.text for label in read],
        y + [label.topic for label in read],
        options.cache,
    )

    def world(rows: Sequence[str]) -> Shares:
        answers = labeler.label(list(rows), any_text=True)
        return np.array([[dict(a.topics)[name] for name in names] for a in answers])

    sections = {name: Section.read(name, options.data, names) for name in MEANT}
    rest = [label for label in found_labels if label.headline.id in held]
    sections["holdout"] = Section(
        [label.headline.text for label in rest], [(names.index(label.topic),) for label in rest]
    )
    found: dict[str, Any] = {}
    for name, section in sections.items():
        scores = {
            program: section.scores(shares(section.texts))
            for program, shares in {"world": world, **programs}.items()
        }
        sure = held_at_target(labeler, section)
        found[name] = {"n": len(section.texts), "scores": scores, "at_target": sure}
        print(name, {k: v["right"] for k, v in scores.items()}, sure, flush=True)
    content = {
        "labels": len(read),
        "examples": len(texts),
        "target_error": TARGET,
        "holdout": labeler.state.holdout_scores(),
        "sets": found,
    }
    common.write(options.output, common.described("python -m benchmarks.world", content))


if __name__ == "__main__":
    main()
