"""Whether the shipped model knows what it doesn't know: calibration, held errors, other text.

- Other text: 1,000 texts that are no news of the topics, of which 560 were written for this
  program (other_text.tsv; none was seen while the background was written that the model learns
  from), 160 are titles of HuffPost's food, style, wedding and home pages, and 280 are made here:
  lines of Python's standard library, random letters and words, empty strings and signs.
- 200 Moscow Times headlines (russia_dev): how many abstain as other text; calibration error in 10
  bins of equal mass beside what a perfectly calibrated model shows at that size (2,000 simulated
  sets of right and wrong answers drawn from the model's own probabilities); Brier score and log
  loss; answers at a target error of .10.
- The same of TF-IDF and logistic regression (`topics.tfidf`) on the same examples and labels, which
  abstains below a probability of .5, and answers at a target error of .10 from .9 on.

``python -m benchmarks.certainty --data DIR``. Public origins: `common.ORIGINS`.
"""

from __future__ import annotations

import json
import random
import sysconfig
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks import common
from benchmarks.topics import tfidf
from headlines import HeadlineLabeler, Taxonomy, read_feed
from headlines.evaluation import brier_score, calibration_error, log_loss
from headlines.feeds.headline import Headline
from headlines.topics.labels import read_labels

PAGES = ("4", "8", "13", "16", "26", "29")  # style & beauty, taste, home, weddings, style, food
TARGET = 0.10


def other_text(data: Path) -> list[tuple[str, str]]:
    """Give 1,000 texts and their kinds."""
    written = common.rows(common.HERE / "other_text.tsv")
    found = [(f"written: {kind}", text) for kind, text in written]
    rng = random.Random(0)
    if common.there(data, "huffpost41.tsv.xz"):
        rows = common.rows(data / "huffpost41.tsv.xz")
        titles = sorted(row[1] for row in rows if row[0] in PAGES)
        found += [("HuffPost: food, style, home", t) for t in rng.sample(titles, 160)]
    lines: list[str] = []
    for source in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        text = source.read_text(encoding="utf-8", errors="replace")
        lines += [line.strip() for line in text.splitlines() if 15 < len(line.strip()) < 90]
    found += [("made: lines of Python", line) for line in rng.sample(lines, 120)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    for _ in range(70):
        words = ["".join(rng.choices(letters, k=rng.randint(1, 9))) for _ in range(8)]
        found.append(("made: random letters", " ".join(words[: rng.randint(1, 8)])))
    for _ in range(60):
        points = [rng.choice((rng.randint(33, 126), rng.randint(160, 9000))) for _ in range(20)]
        found.append(("made: random signs", "".join(map(chr, points))[: rng.randint(3, 20)]))
    empty = ("", " ", "\t", "-", "...", "?", "\u2014", "''", "()", "\u200b")
    found += [("made: empty", text) for text in empty]
    for _ in range(20):
        numbers = [str(rng.randint(0, 10 ** rng.randint(1, 8))) for _ in range(rng.randint(1, 6))]
        found.append(("made: numbers", " ".join(numbers)))
    return found


def expected_error(scores: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Give the calibration error, and its 95th percentile for a perfectly calibrated model."""
    rng = np.random.default_rng(0)
    drawn = [calibration_error(scores, rng.random(len(scores)) < scores) for _ in range(2000)]
    return {
        "calibration_error": round(calibration_error(scores, right), 4),
        "perfectly_calibrated_95th_percentile": round(float(np.quantile(drawn, 0.95)), 4),
        "perfectly_calibrated_median": round(float(np.median(drawn)), 4),
    }


def judged(labeler: HeadlineLabeler, rows: list[dict[str, str]]) -> dict[str, object]:
    """Judge a model's probabilities on headlines that two readers labelled."""
    texts = [row["headline"] for row in rows]
    answers = labeler.label(texts, any_text=True)
    names = sorted(labeler.topics)
    shares = np.array([[dict(a.topics)[name] for name in names] for a in answers])
    y = np.array([names.index(row["label"]) for row in rows])
    right = np.array(
        [a.topic in row["accepted"].split(",") for a, row in zip(answers, rows, strict=True)]
    )
    primary = shares.argmax(axis=1) == y
    answered = np.array(
        [a.topic is not None for a in labeler.label(texts, any_text=True, target_error=TARGET)]
    )
    abstained = np.array([a.topic is None for a in labeler.label(texts)])
    return {
        "n": len(rows),
        "taken_for_other_text": round(float(abstained.mean()), 4),
        "strict": round(float(right.mean()), 4),
        "primary": round(float(primary.mean()), 4),
        "against_primary": expected_error(shares.max(axis=1), primary),
        "against_accepted": expected_error(shares.max(axis=1), right),
        "brier": round(brier_score(shares, y), 4),
        "log_loss": round(log_loss(shares, y), 4),
        "target_error": TARGET,
        "answered": round(float(answered.mean()), 4),
        "error_of_answers_strict": round(float(1 - right[answered].mean()), 4)
        if answered.any()
        else 0.0,
        "error_of_answers_primary": round(float(1 - primary[answered].mean()), 4)
        if answered.any()
        else 0.0,
    }


def plain(data: Path, rows: list[dict[str, str]], other: list[str]) -> dict[str, object]:
    """Judge the plain baseline in the same way."""
    taxonomy = Taxonomy.load()
    gold = read_labels(common.SEEDS / "labels.csv", taxonomy.names)
    pool = read_feed(data / "pool_russia_ukraine.tsv.xz").headlines
    gold += read_labels(common.SEEDS / "read_labels.csv", taxonomy.names, list(pool))
    model = tfidf(taxonomy, gold)
    shares = model.predict_proba([Headline.parse(row["headline"]).text for row in rows])
    best = shares.max(axis=1)
    topics = model.classes_[shares.argmax(axis=1)]
    pairs = zip(topics, rows, strict=True)
    right = np.array([topic in row["accepted"].split(",") for topic, row in pairs])
    primary = topics == np.array([row["label"] for row in rows])
    answered = best >= 1 - TARGET
    refused = model.predict_proba(other).max(axis=1) < 0.5
    return {
        "other_text_abstained": round(float(refused.mean()), 4),
        "headlines_abstained": round(float((best < 0.5).mean()), 4),
        "against_primary": expected_error(best, primary),
        "answered": round(float(answered.mean()), 4),
        "error_of_answers_strict": round(float(1 - right[answered].mean()), 4)
        if answered.any()
        else 0.0,
    }


def main() -> None:
    """Run the benchmark."""
    parser = common.arguments(__doc__, "certainty.json")
    parser.add_argument("--model", help="the shipped champion by default")
    options = parser.parse_args()
    labeler = HeadlineLabeler.load(options.model)
    texts = other_text(options.data)
    kinds: dict[str, list[bool]] = defaultdict(list)
    for (kind, _), topic in zip(texts, labeler.predict([t for _, t in texts])[0], strict=True):
        kinds[kind].append(topic is None)
    everything = [one for some in kinds.values() for one in some]
    content = {
        "other_text": {
            "n": len(everything),
            "abstained": round(float(np.mean(everything)), 4),
            "kinds": {
                kind: {"n": len(some), "abstained": round(float(np.mean(some)), 4)}
                for kind, some in kinds.items()
            },
        },
    }
    if common.there(options.data, "russia_dev.tsv"):
        rows = common.records(options.data / "russia_dev.tsv")
        content["russia_dev"] = judged(labeler, rows)
        if common.there(options.data, "pool_russia_ukraine.tsv.xz"):
            content["tf-idf"] = plain(options.data, rows, [text for _, text in texts])
    print(json.dumps(content, indent=1))
    common.write(options.output, common.described("python -m benchmarks.certainty", content))


if __name__ == "__main__":
    main()
