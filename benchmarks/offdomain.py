"""Whether news of other topics gets none, and how many of the topics' own headlines that costs.

- The champion's recipe (seeds/, with the pool as its feed): the share that gets no topic of
  headlines of newspaper sections about sport, food, film and the like, of other text
  (`certainty.other_text`), and of what should have one: its hold-out, two readers' headlines of
  russia_dev, and pool headlines that it didn't see. Sections on politics and business of other
  countries may be either, and are shown apart.
- The five taxonomies of `own_topics`, from their phrases alone and with 10 and 50 labels a topic:
  the share of the test headlines that is lost, and of the topic that loses most (of those with 10
  or more), beside the share of Guardian sections about something else that gets no topic.
- What the settings do there, one change at a time, means over the taxonomies in `CHOSEN_ON`.

Beside each the plain way: logistic regression of scikit-learn on the same vectors, its defaults,
without a topic below the probability that 3 % of the labelled headlines are below, each judged by
a model that didn't see it (`LOST`). Guardian sections chose the settings; HuffPost, BBC and
russia_dev report.

``python -m benchmarks.offdomain --data DIR``. Public origins: `common.ORIGINS`.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.certainty import other_text
from benchmarks.own_topics import CHOSEN_ON, REPORTED, SHOTS, TAXONOMIES, OwnTopics
from headlines import HeadlineLabeler, Taxonomy, read_feed
from headlines.classification import background
from headlines.embedding.embedder import Embedder
from headlines.embedding.joined import load_embedder
from headlines.feeds.headline import Headline
from headlines.topics.labels import GoldLabel, read_labels

LOST = 0.03
SAMPLE = 600
OFF = ("sport", "football", "lifeandstyle", "food", "film", "music", "technology", "society")
EITHER = ("politics", "us-news", "world", "business", "uk-news", "environment")
ABOUT = {  # sections that may be about a taxonomy's topics
    "technology": ("technology", "film", "music"),
    "health": ("society", "lifeandstyle", "food"),
    "local": ("society", "sport", "football"),
    "sport": ("sport", "football"),
    "world": OFF,
}
HUFFPOST = {  # by number, as the set has them
    "11": "sports",
    "1": "wellness",
    "6": "healthy living",
    "8": "food & drink",
    "4": "style & beauty",
    "13": "home & living",
    "3": "travel",
    "2": "entertainment",
    "30": "tech",
}
BBC = ("sport", "tech", "entertainment")
SETTINGS: dict[str, dict[str, float]] = {
    "as chosen": {},
    "no news of other topics": {"OTHER_BELOW": 0.0},
    "no examples as the user's own": {"OWN_FROM": 2.0},
    "neither": {"OTHER_BELOW": 0.0, "OWN_FROM": 2.0},
    "C=3": {"C": 3.0},
    "NEWS_REFUSED=.9": {"NEWS_REFUSED": 0.9},
}

Refused = Callable[[Sequence[str]], "np.ndarray[Any, np.dtype[np.bool_]]"]
"""Tells which texts get no topic."""


def sections(path: Path, names: Sequence[str]) -> dict[str, list[str]]:
    """Draw headlines of some sections of a set."""
    rows = common.rows(path)
    found = {}
    for name in names:
        own = sorted({row[1] for row in rows if row[0] == name})
        found[name] = random.Random(0).sample(own, min(SAMPLE, len(own)))
    return found


def ours(labeler: HeadlineLabeler) -> Refused:
    """Ask a labeler."""
    return lambda texts: np.array([topic is None for topic in labeler.predict(texts)[0]])


def plain(taxonomy: Taxonomy, labels: Sequence[GoldLabel], embedder: Embedder) -> Refused:
    """Fit logistic regression, and find the probability that loses `LOST`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    learned = [
        (Headline.parse(t).text, topic.name) for topic in taxonomy.topics for t in topic.texts
    ]
    learned += [(label.headline.text, label.topic) for label in labels]
    X = np.asarray(embedder.transform([text for text, _ in learned]))
    y = [topic for _, topic in learned]
    model = LogisticRegression(max_iter=1000)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    best = cross_val_predict(model, X, y, cv=folds, method="predict_proba").max(axis=1)
    drawn = [False] * (len(learned) - len(labels)) + [label.drawn for label in labels]
    bound = np.quantile(best[drawn] if any(drawn) else best, LOST)
    model.fit(X, y)

    def refused(texts: Sequence[str]) -> Any:
        parsed = [Headline.parse(text).text for text in texts]
        return model.predict_proba(np.asarray(embedder.transform(parsed))).max(axis=1) < bound

    return refused


def champion(data: Path, embedder: Embedder) -> dict[str, Any]:
    """Measure the champion's recipe and the plain way."""
    taxonomy = Taxonomy.load()
    pool = list(read_feed(data / "pool_russia_ukraine.tsv.xz").headlines)
    labels = read_labels(common.SEEDS / "labels.csv", taxonomy.names)
    labels += read_labels(common.SEEDS / "read_labels.csv", taxonomy.names, pool)
    labeler = HeadlineLabeler.train(taxonomy, labels, unlabelled=pool, embedder=embedder)
    held = {e.id for e in labeler.state.training_set.holdout}
    known = {label.headline.id for label in labels}
    unread = sorted({h.text for h in pool if h.id not in known})
    others = [row for row in other_text(data) if not row[0].startswith("HuffPost")]
    huffpost = sections(data / "huffpost41.tsv.xz", list(HUFFPOST))
    parts = {
        "own": {
            "hold-out": [label.headline.text for label in labels if label.headline.id in held],
            "two readers' (russia_dev)": [
                row["headline"] for row in common.records(data / "russia_dev.tsv")
            ],
            "pool": random.Random(0).sample(unread, 3000),
        },
        "other text": {"all": [text for _, text in others]},
        "Guardian": sections(data / "guardian_sections.tsv.xz", OFF),
        "HuffPost": {name: huffpost[number] for number, name in HUFFPOST.items()},
        "BBC": sections(data / "bbc_titles.tsv.xz", BBC),
        "either": sections(data / "guardian_sections.tsv.xz", EITHER),
    }
    trained = [label for label in labels if label.headline.id not in held]
    programs = {
        "headlines": ours(labeler),
        "logistic regression": plain(taxonomy, trained, embedder),
    }
    found: dict[str, Any] = {
        part: {
            name: {"n": len(texts)}
            | {program: _share(refused(texts)) for program, refused in programs.items()}
            for name, texts in some.items()
        }
        for part, some in parts.items()
    }
    for part in ("Guardian", "HuffPost", "BBC", "either"):
        found[part]["mean"] = {
            program: round(float(np.mean([row[program] for row in found[part].values()])), 4)
            for program in programs
        }
        print(part, found[part]["mean"], flush=True)
    print(found["own"], found["other text"], flush=True)
    return found


def taxonomies(data: Path) -> dict[str, OwnTopics]:
    """Read people's own topics and their labels."""
    pools = [data / f"pool_{name}.tsv.xz" for name in ("news", "tech")]
    headlines = [Headline.parse(row[1]) for path in pools for row in common.rows(path)]
    found = {}
    for name in (*CHOSEN_ON, *REPORTED):
        taxonomy = Taxonomy.load(TAXONOMIES / f"{name}.toml")
        labels = read_labels(TAXONOMIES / f"{name}.csv", taxonomy.names, headlines)
        found[name] = OwnTopics(taxonomy, labels, [], [], [])
    return found


def own_topics(
    topics: dict[str, OwnTopics], away: dict[str, list[str]], embedder: Embedder
) -> dict[str, Any]:
    """Measure people's own topics."""
    found: dict[str, Any] = {}
    for name, own in topics.items():
        for shots in SHOTS:
            drawn, test = own.draw(shots, 0)
            labeler = HeadlineLabeler.train(own.taxonomy, drawn, embedder=embedder)
            row: dict[str, Any] = {"labels": len(drawn), "tested": len(test)}
            row["headlines"] = _judged(ours(labeler), name, test, away)
            refused = plain(own.taxonomy, drawn, embedder)
            row["logistic regression"] = _judged(refused, name, test, away)
            found.setdefault(name, {})[str(shots)] = row
            print(name, shots, row, flush=True)
    return found


def settings(
    topics: dict[str, OwnTopics], away: dict[str, list[str]], embedder: Embedder
) -> dict[str, Any]:
    """Measure what each setting does, with phrases alone and with 10 labels a topic."""
    found: dict[str, Any] = {}
    for title, changes in SETTINGS.items():
        before = {key: getattr(background, key) for key in changes}
        for key, value in changes.items():
            setattr(background, key, value)
        for shots in SHOTS[:2]:
            rows = []
            for name in CHOSEN_ON:
                drawn, test = topics[name].draw(shots, 0)
                labeler = HeadlineLabeler.train(topics[name].taxonomy, drawn, embedder=embedder)
                rows.append(_judged(ours(labeler), name, test, away))
            means = {k: round(float(np.mean([row[k] for row in rows])), 4) for k in rows[0]}
            found.setdefault(title, {})[str(shots)] = means
        for key, value in before.items():
            setattr(background, key, value)
        print(title, found[title], flush=True)
    return found


def _judged(
    refused: Refused, name: str, test: Sequence[GoldLabel], away: dict[str, list[str]]
) -> dict[str, float]:
    lost = refused([label.headline.text for label in test])
    truth = np.array([label.topic for label in test])
    several = [topic for topic in np.unique(truth) if (truth == topic).sum() >= 10]
    found = {"lost": _share(lost), "worst": max(_share(lost[truth == t]) for t in several)}
    other = [_share(refused(texts)) for k, texts in away.items() if k not in ABOUT[name]]
    return found | ({"refused": round(float(np.mean(other)), 4)} if other else {})


def _share(places: Any) -> float:
    return round(float(np.mean(places)), 4)


def main() -> None:
    """Run the benchmark."""
    parser = common.arguments(__doc__, "offdomain.json")
    parser.add_argument("--only", choices=("champion", "own topics", "settings"))
    options = parser.parse_args()
    names = ["pool_news", "pool_tech", "pool_russia_ukraine", "guardian_sections"]
    names += ["huffpost41", "bbc_titles"]
    if not common.there(options.data, "russia_dev.tsv", *(f"{name}.tsv.xz" for name in names)):
        return
    warnings.simplefilter("ignore")
    embedder = load_embedder("static")
    known = common.known(options.output)
    parts = ("champion", "own topics", "settings")
    content: dict[str, Any] = {part: known[part] for part in parts if part in known}
    if options.only in (None, "champion"):
        content["champion"] = champion(options.data, embedder)
    if options.only != "champion":
        away = sections(options.data / "guardian_sections.tsv.xz", OFF)
        topics = taxonomies(options.data)
        if options.only in (None, "own topics"):
            content["own topics"] = own_topics(topics, away, embedder)
        if options.only in (None, "settings"):
            content["settings"] = settings(topics, away, embedder)
    common.write(options.output, common.described("python -m benchmarks.offdomain", content))


if __name__ == "__main__":
    main()
