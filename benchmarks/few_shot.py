"""How good a classifier is with 0, 8, 16 and 64 labels a class, beside the peers.

Every draw takes so many labelled texts a class, 4,000 unlabelled ones, and tests on the rest;
near-duplicates of a labelled text are left out of the test. All programs get the same labels in
the same draw. Ours also gets the unlabelled texts; the others have no use for them. With no labels
ours gets a name, a definition and a few phrases for each topic (AG News only; they stand below and
were written for this program). Accuracy, macro-F1 and expected calibration error (10 bins of equal
mass); seconds to fit once vectors are at hand, and texts a second from text to topic.

SetFit fine-tunes the same MiniLM weights (one epoch, 20 pairs a label, batches of 16, the
library's other defaults) in fewer draws, and not with 64 labels a class, where it takes hours.

``python -m benchmarks.few_shot --data DIR [--cache FILE]``. guardian_sections and wiki_events chose
the classifier's settings and stand apart. Public origins: `common.ORIGINS`.
"""

from __future__ import annotations

from benchmarks import peers  # first: it sets the threads  # isort: skip

import argparse
import random
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.embedder import near_duplicates
from headlines import TopicClassifier
from headlines.embedding.joined import load_embedder
from headlines.evaluation import brier_score, calibration_error, log_loss

SETS = {  # columns of the label and of the text's parts; what the set is for; draws
    "agnews_test": (0, (1, 2), "report", 10),
    "huffpost41": (0, (1,), "report", 2),
    "guardian_sections": (0, (1,), "select", 2),
    "wiki_events_to_2017": (1, (3,), "select", 3),
}
SHOTS = (8, 16, 64)
UNLABELLED, ROWS = 4000, 8000
SETFIT_DRAWS = {8: 2, 16: 1}
TARGET_ERROR = 0.10

AG_NEWS = {
    "World": "World news: politics, wars, elections, diplomacy and governments of other countries. "
    "president and prime minister|troops, rebels and insurgents|United Nations talks|"
    "killed in a bombing|foreign ministry|peace process|nuclear programme of Iran|election results",
    "Sports": "Sports: games, players, teams, coaches, leagues, championships and results. "
    "beat in the final|quarterback threw touchdowns|Olympic gold medal|season opener|"
    "manager signs striker|home run in the ninth inning|Grand Slam tennis|head coach fired",
    "Business": "Business: companies, markets, earnings, oil prices, jobs, mergers, the economy. "
    "quarterly profit rises|stocks fall on Wall Street|crude oil prices|Federal Reserve raises "
    "rates|takeover bid|shares and investors|airline files for bankruptcy|retail sales",
    "Sci/Tech": "Science and technology: software, the internet, computers, gadgets, research, "
    "space. new version of Windows|search engine|security hole in a browser|NASA spacecraft|"
    "mobile phone maker|video game console|scientists discover|open source software",
}

Places = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Texts:
    """A data set: n texts, the class of each by number, and its near-duplicate group."""

    name: str
    classes: list[str]
    texts: list[str]
    y: Places
    groups: Places

    @classmethod
    def read(cls, folder: Path, name: str) -> Texts:
        """Read a seeded sample of a set."""
        label, parts, _, _ = SETS[name]
        cells = [
            c
            for c in common.rows(folder / f"{name}.tsv.xz")
            if c[label] and all(c[p] for p in parts)
        ]
        cells = random.Random(0).sample(cells, min(ROWS, len(cells)))
        counts = Counter(c[label] for c in cells)
        cells = [c for c in cells if counts[c[label]] >= 4]
        classes, y = np.unique([c[label] for c in cells], return_inverse=True)
        texts = [". ".join(c[p] for p in parts) for c in cells]
        return cls(name, classes.tolist(), texts, y, near_duplicates(texts))

    def draw(self, shots: int, seed: int) -> tuple[Places, Places, Places]:
        """Give places of labelled, unlabelled and test texts; half of a small class at most."""
        rng = np.random.default_rng(seed)
        labelled: list[int] = []
        for k in range(len(self.classes)):
            own = np.flatnonzero(self.y == k)
            chosen = rng.choice(own, min(shots, len(own) // 2), replace=False)
            labelled += chosen.tolist()
        rest = rng.permutation(np.setdiff1d(np.arange(len(self.y)), labelled))
        unlabelled, test = rest[:UNLABELLED], rest[UNLABELLED:]
        seen = np.unique(self.groups[labelled])
        return np.array(labelled), unlabelled, test[~np.isin(self.groups[test], seen)]


@dataclass(frozen=True)
class Draw:
    """What a program may see of one draw."""

    data: Texts
    labelled: Places
    unlabelled: Places
    test: Places

    def texts(self, places: Places) -> list[str]:
        """Give the texts at some places."""
        return [self.data.texts[i] for i in places.tolist()]

    @property
    def y(self) -> Places:
        """The labels."""
        return self.data.y[self.labelled]


Answer = tuple[Floats, float, float]
"""Probabilities of the test texts, seconds to fit, seconds to predict them from text."""


def ours(vectors: Floats, rate: float) -> Callable[[Draw], dict[str, Any]]:
    """Our classifier on an embedder's vectors, `rate` texts of which are made in a second."""

    def run(draw: Draw) -> dict[str, Any]:
        classifier = TopicClassifier()
        started = time.perf_counter()
        classifier.fit(
            vectors[draw.labelled],
            draw.y,
            vectors[draw.unlabelled],
            groups=draw.data.groups[draw.labelled],
            target_error=TARGET_ERROR,
        )
        fitted = time.perf_counter()
        shares = classifier.predict_proba(vectors[draw.test])
        taken = time.perf_counter() - fitted + len(draw.test) / rate
        found = scores(shares, draw, fitted - started, taken)
        right = shares.argmax(axis=1) == draw.data.y[draw.test]
        answered = classifier.answered(vectors[draw.test])
        found["answered"] = float(answered.mean())
        found["error_answered"] = float(1 - right[answered].mean()) if answered.any() else 0.0
        return found

    return run


def frozen(vectors: Floats, rate: float) -> Callable[[Draw], dict[str, Any]]:
    """Logistic regression of scikit-learn on frozen vectors, its defaults."""
    from sklearn.linear_model import LogisticRegression

    def run(draw: Draw) -> dict[str, Any]:
        started = time.perf_counter()
        model = LogisticRegression(max_iter=1000).fit(vectors[draw.labelled], draw.y)
        fitted = time.perf_counter()
        shares = model.predict_proba(vectors[draw.test])
        taken = time.perf_counter() - fitted + len(draw.test) / rate
        return scores(shares, draw, fitted - started, taken)

    return run


def tfidf(naive: bool) -> Callable[[Draw], dict[str, Any]]:
    """TF-IDF of words and pairs, with logistic regression or naive Bayes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    def run(draw: Draw) -> dict[str, Any]:
        linear = MultinomialNB(alpha=0.1) if naive else LogisticRegression(C=10, max_iter=1000)
        model = make_pipeline(peers.tfidf_vectorizer(), linear)
        started = time.perf_counter()
        model.fit(draw.texts(draw.labelled), draw.y)
        fitted = time.perf_counter()
        shares = model.predict_proba(draw.texts(draw.test))
        return scores(shares, draw, fitted - started, time.perf_counter() - fitted)

    return run


def fasttext(draw: Draw) -> dict[str, Any]:
    """FastText supervised, with settings for little data (25 epochs, rate 0.5)."""
    labelled = zip(draw.texts(draw.labelled), draw.y.tolist(), strict=True)
    rows = [(peers.words(text), str(k)) for text, k in labelled]
    started = time.perf_counter()
    model = peers.fasttext_supervised(rows, epoch=25, lr=0.5)
    fitted = time.perf_counter()
    shares = np.zeros((len(draw.test), len(draw.data.classes)))
    texts = [peers.words(t) for t in draw.texts(draw.test)]
    for row, (names, values) in enumerate(zip(*model.predict(texts, k=-1), strict=True)):
        for name, value in zip(names, values, strict=True):
            shares[row, int(name.removeprefix("__label__"))] = value
    shares = np.maximum(shares, 1e-9)
    shares /= shares.sum(axis=1, keepdims=True)
    return scores(shares, draw, fitted - started, time.perf_counter() - fitted)


def setfit(draw: Draw) -> dict[str, Any]:
    """SetFit on the MiniLM weights."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from setfit import SetFitModel, Trainer, TrainingArguments
    from sklearn.linear_model import LogisticRegression

    body = SentenceTransformer(str(peers.minilm_folder()), device="cpu")
    model = SetFitModel(model_body=body, model_head=LogisticRegression(max_iter=1000))
    rows = {"text": draw.texts(draw.labelled), "label": draw.y.tolist()}
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            batch_size=16,
            num_epochs=1,
            num_iterations=20,
            seed=0,
            save_strategy="no",
            report_to="none",
        )
        trainer = Trainer(model=model, args=arguments, train_dataset=Dataset.from_dict(rows))
        started = time.perf_counter()
        trainer.train()
        fitted = time.perf_counter()
        shares = np.asarray(model.predict_proba(draw.texts(draw.test)))
    return scores(shares, draw, fitted - started, time.perf_counter() - fitted)


def scores(shares: Floats, draw: Draw, fit: float, predict: float) -> dict[str, Any]:
    """Score probabilities of the test texts."""
    from sklearn.metrics import f1_score

    y = draw.data.y[draw.test]
    best = shares.argmax(axis=1)
    return {
        "accuracy": float((best == y).mean()),
        "macro_f1": float(f1_score(y, best, average="macro")),
        "calibration_error": calibration_error(shares.max(axis=1), best == y),
        "brier": brier_score(shares, y),
        "log_loss": log_loss(shares, y),
        "fit_seconds": fit,
        "texts_per_second": len(y) / predict,
    }


def described(data: Texts, encode: Callable[[Sequence[str]], Floats], vectors: Floats) -> float:
    """Score what is learned from descriptions and unlabelled texts alone."""
    texts: list[str] = []
    topics: list[int] = []
    for name, description in AG_NEWS.items():
        definition, rest = description.split(". ", 1)
        for text in (name, definition, *rest.split("|")):
            texts.append(text)
            topics.append(list(AG_NEWS).index(name))
    number = {str(i + 1): i for i in range(4)} | {name: i for i, name in enumerate(AG_NEWS)}
    truth = np.array([number[c] for c in data.classes])[data.y]
    order = np.random.default_rng(0).permutation(len(truth))
    unlabelled, test = order[:UNLABELLED], order[UNLABELLED:]
    classifier = TopicClassifier().fit(encode(texts), topics, vectors[unlabelled])
    return float((classifier.predict(vectors[test]) == truth[test]).mean())


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run every program on every draw."""
    names = {
        "headlines, built-in": "static",
        "headlines, MiniLM": "minilm",
        "headlines, best tier": "best",
    }
    embedders = {tier: load_embedder(name, cache=options.cache) for tier, name in names.items()}
    first = Texts.read(options.data, options.sets[0]).texts[:256]
    rates = {tier: _rate(load_embedder(name).transform, first) for tier, name in names.items()}
    content: dict[str, Any] = {"scores": {}, "descriptions_alone": {}, "skipped": {}}
    with tempfile.TemporaryDirectory() as folder:
        try:
            model2vec = peers.model2vec(Path(folder))
        except Exception as error:
            model2vec = None
            content["skipped"]["model2vec"] = peers.reason(error)
        for name in options.sets:
            data = Texts.read(options.data, name)
            programs: dict[str, Callable[[Draw], dict[str, Any]]] = {}
            for tier, embedder in embedders.items():
                vectors = _features(embedder, data.texts)
                programs[tier] = ours(vectors, rates[tier])
                if name == "agnews_test":
                    alone = described(data, lambda t, e=embedder: _features(e, t), vectors)
                    content["descriptions_alone"][tier] = round(alone, 4)
                    print(tier, "descriptions alone", alone, flush=True)
                if tier == "headlines, MiniLM":
                    programs["MiniLM, logistic regression"] = frozen(vectors, rates[tier])
            if model2vec is not None:
                rate = _rate(model2vec, data.texts[:2000])
                programs["model2vec, logistic regression"] = frozen(
                    np.asarray(model2vec(data.texts), dtype=np.float64), rate
                )
            programs["fastText"] = fasttext
            programs["TF-IDF, logistic regression"] = tfidf(naive=False)
            programs["TF-IDF, naive Bayes"] = tfidf(naive=True)
            if not options.no_setfit and name == "agnews_test":
                programs["SetFit"] = setfit
            for shots in SHOTS:
                for program, run in programs.items():
                    draws = SETS[name][3]
                    if program == "SetFit":
                        draws = min(draws, SETFIT_DRAWS.get(shots, 0))
                    rows = [run(Draw(data, *data.draw(shots, seed))) for seed in range(draws)]
                    if not rows:
                        continue
                    means = {k: float(np.mean([row[k] for row in rows])) for k in rows[0]}
                    means["fit_seconds"] = float(np.median([row["fit_seconds"] for row in rows]))
                    means["accuracy_sd"] = float(np.std([row["accuracy"] for row in rows]))
                    means["draws"] = len(rows)
                    at = content["scores"].setdefault(name, {}).setdefault(str(shots), {})
                    at[program] = {k: round(v, 4) for k, v in means.items()}
                    print(name, shots, program, at[program], flush=True)
    return content


def _features(embedder: Any, texts: Sequence[str]) -> Floats:
    return np.asarray(embedder.transform(texts), dtype=np.float64)


def _rate(encode: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> float:
    """Give texts a second."""
    encode(texts[:32])
    started = time.perf_counter()
    encode(texts)
    return len(texts) / (time.perf_counter() - started)


def main() -> None:
    """Run the benchmark."""
    parser = common.arguments(__doc__, "few_shot.json")
    parser.add_argument("--cache", help="keeps the transformers' vectors")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--no-setfit", action="store_true")
    options = parser.parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in options.sets)):
        return
    warnings.simplefilter("ignore")
    found = measure(options)
    earlier = common.known(options.output)
    for name, sizes in earlier.get("scores", {}).items():  # what this run left out stays
        now = found["scores"].setdefault(name, {})
        now |= {size: programs | now.get(size, {}) for size, programs in sizes.items()}
    command = "python -m benchmarks.few_shot"
    found["descriptions_alone"] = (
        earlier.get("descriptions_alone", {}) | found["descriptions_alone"]
    )
    used = earlier.get("versions", {}) | {
        name: version
        for name, version in peers.versions_of_peers().items()
        if version != "not installed"
    }
    content = common.described(command, found, used)
    common.write(options.output, content | {"threads": "one"})


if __name__ == "__main__":
    main()
