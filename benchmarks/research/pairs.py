"""Learn the probability that two headlines tell one story, and write what the package ships.

    python -m benchmarks.research.pairs [--data DIR] [--embedder NAME]

Writes ``models/stories/FINGERPRINT/pairs.json`` for an embedder. Pairs are drawn as by
benchmarks/pairs.py, of other stories: those of AllSides but for the last 500, and the other half
of Wikipedia's affairs, which count a tenth: their stories are told by whoever wrote the page, and
many are several. A copy of one in 25 headlines is added: a word or two dropped, other case, or a
publisher behind it. The broken lines of `PairScorer` are learned by logistic regression whose
slopes may not change their sign; the line of days after the others, on Wikipedia's pairs alone,
from where the others end. A logistic regression of the cosine alone is learned from the same
pairs, for benchmarks/pairs.py.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.common import arguments, described, known, there, write
from benchmarks.pairs import FILES, SIZES, Pairs, Told, feeds, joined, measured, pool, stories
from headlines.clustering.pairs import Lines, PairScorer
from headlines.clustering.whitening import Whitening
from headlines.embedding.embedder import Embedder
from headlines.embedding.joined import load_embedder
from headlines.embedding.threads import one_thread
from headlines.files import MODELS

COPIED = 25
SHARES = {"allsides_train": 1.0, "wiki_select": 0.1}
RIDGE = 1.0
PUBLISHERS = ("Reuters", "BBC News", "The Daily Post", "AP")
KNOTS = {
    "cosine": (-0.1, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1),
    "words": (0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1),
    "shared": (0, 3, 5, 7, 9, 11, 13, 16, 20, 25),
    "strangers": (0, 1, 2, 3, 5, 8),
    "numbers": (-1, 0, 1, 2),
}
DAYS = (0, 1, 2, 4, 7)
FALLING = ("strangers", "days")
NEUTRAL = {"numbers": 0}  # where a line adds nothing; elsewhere at its first point

Floats = NDArray[np.float64]
Line = dict[str, list[float]]


def copied(text: str, rng: random.Random) -> str:
    """Tell a headline as another feed would: the same, but for its dress."""
    words = text.split()
    way = rng.randrange(5)
    if way == 0 and len(words) > 4:
        del words[rng.randrange(len(words))]
    if way == 1 and len(words) > 4:
        del words[-rng.randrange(1, 3) :]
    if way == 2:
        words = [word[:1].upper() + word[1:] for word in words]
    if way == 3:
        words = [word.lower() for word in words]
    if way == 4:
        words += ["|", rng.choice(PUBLISHERS)]
    return " ".join(words)


def learned_from(data: Path, name: str, embedder: Embedder, loners: list[str]) -> Pairs:
    drawn: list[list[Told]] = []
    for size in SIZES:
        rng = random.Random(f"{name} {size}")
        for feed in feeds(stories(data, name), loners, size, rng):
            some = rng.sample(feed, len(feed) // COPIED)
            drawn.append(feed + [(copied(text, rng), day, story) for text, day, story in some])
    return joined(drawn, embedder)


def steps(trait: Floats, at: tuple[float, ...]) -> Floats:
    """Give how far a trait has come between each two points, shape (m, points - 1)."""
    knots = np.asarray(at, dtype=np.float64)
    return np.clip((trait[:, None] - knots[:-1]) / np.diff(knots), 0, 1)


def logistic(
    X: Floats, same: Floats, weight: Floats, bounds: list[Any], offset: Floats | float = 0.0
) -> Floats:
    """Give the weights of a logistic regression, the intercept first."""

    def loss(c: Floats) -> tuple[float, Floats]:
        z = offset + c[0] + X @ c[1:]
        apart = weight * (1 / (1 + np.exp(-z)) - same)
        value = (weight * (np.logaddexp(0, z) - same * z)).sum() + RIDGE / 2 * (c[1:] ** 2).sum()
        return value, np.concatenate([[apart.sum()], X.T @ apart + RIDGE * c[1:]])

    start = np.concatenate([[-3.0], np.full(X.shape[1], 0.1)])
    limits = [(None, None), *bounds]
    return np.asarray(minimize(loss, start, jac=True, bounds=limits, method="L-BFGS-B").x)


def line(name: str, at: tuple[float, ...], rises: Floats) -> Line:
    adds = np.concatenate([[0.0], np.cumsum(-rises if name in FALLING else rises)])
    adds -= np.interp(NEUTRAL.get(name, at[0]), at, adds)
    return {"at": [float(x) for x in at], "adds": [float(x) for x in np.round(adds, 3) + 0.0]}


def fitted(
    traits: dict[str, Floats], same: Floats, weight: Floats
) -> tuple[float, dict[str, Line]]:
    """Learn the lines but that of days, and the base that they add to."""
    parts = [steps(traits[name], at) * (-1 if name in FALLING else 1) for name, at in KNOTS.items()]
    rises = [(0, None)] * sum(part.shape[1] for part in parts)
    weights = logistic(np.concatenate(parts, axis=1), same, weight, rises)
    base, lines, start = float(weights[0]), {}, 1
    for name, at in KNOTS.items():
        lines[name] = line(name, at, weights[start : start + len(at) - 1])
        start += len(at) - 1
    # A line that is nothing at its neutral point has what it lost there in the base.
    numbers = weights[start - len(KNOTS["numbers"]) + 1 : start]
    return round(base + float(numbers[0]), 3), lines


def days(scorer: PairScorer, traits: dict[str, Floats], pairs: Pairs) -> Line:
    """Learn what days apart add, from pairs of dated headlines; within a day nothing."""
    near = traits["days"] <= DAYS[-1]
    probability = np.clip(scorer.of_traits(traits), 1e-6, 1 - 1e-6)
    offset = np.log(probability / (1 - probability))
    X = -steps(traits["days"], DAYS[1:])
    X = np.concatenate([X, offset[:, None]], axis=1)[near]
    bounds: list[Any] = [(0, None)] * (len(DAYS) - 2) + [(None, None)]
    weights = logistic(X, pairs.same[near].astype(float), pairs.weight[near], bounds)
    return line("days", DAYS, np.concatenate([[0.0], weights[1:-1]]))


def as_lines(lines: dict[str, Line]) -> Lines:
    return {name: (tuple(one["at"]), tuple(one["adds"])) for name, one in lines.items()}


def as_text(content: dict[str, Any]) -> str:
    """Write JSON with one row of points to a line, for people to read."""
    text = json.dumps(content, indent=1)
    return re.sub(r"\[[^][]*\]", lambda m: " ".join(m[0].split()), text) + "\n"


def alone(pairs: dict[str, Pairs], embedder: Embedder, share: Floats) -> dict[str, float]:
    """Learn the plain baseline: a logistic regression on the cosine of the vectors as they are."""
    plain = PairScorer(embedder.fingerprint, 0.0, {})
    cosine = np.concatenate([some.traits(plain, embedder)["cosine"] for some in pairs.values()])
    same = np.concatenate([some.same for some in pairs.values()]).astype(float)
    base, slope = logistic(cosine[:, None], same, share, [(None, None)])
    return {"base": round(float(base), 3), "slope": round(float(slope), 3)}


def main() -> None:
    parser = arguments(__doc__, "research/pairs.json")
    parser.add_argument("--embedder", default="static", help="as for load_embedder")
    options = parser.parse_args()
    if not there(options.data, *FILES[:2], FILES[-1]):
        return
    embedder = load_embedder(options.embedder)
    folder = MODELS / "stories" / embedder.fingerprint
    empty = PairScorer(embedder.fingerprint, 0.0, {}, Whitening.read(folder))
    loners = pool(options.data)
    sets = {name: learned_from(options.data, name, embedder, loners) for name in SHARES}
    traits = {name: pairs.traits(empty, embedder) for name, pairs in sets.items()}
    every = {k: np.concatenate([of[k] for of in traits.values()]) for k in traits["wiki_select"]}
    share = np.concatenate([pairs.weight * SHARES[name] for name, pairs in sets.items()])
    with one_thread():
        same = np.concatenate([pairs.same for pairs in sets.values()]).astype(float)
        base, lines = fitted(every, same, share)
        without = PairScorer(embedder.fingerprint, base, as_lines(lines))
        lines["days"] = days(without, traits["wiki_select"], sets["wiki_select"])
        plain = alone(sets, embedder, share)
    content = {"embedder": embedder.fingerprint, "base": base, "lines": lines}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pairs.json").write_text(as_text(content), encoding="utf-8")
    scorer = PairScorer.load(folder)
    found = {n: measured(pairs, scorer.of_traits(traits[n])) for n, pairs in sets.items()}
    embedders = known(options.output).get("embedders", {})
    embedders[embedder.fingerprint] = {"name": options.embedder, "cosine_alone": plain, "on": found}
    print(json.dumps(embedders, indent=1))
    command = "python -m benchmarks.research.pairs"
    write(options.output, described(command, {"embedders": embedders}))


if __name__ == "__main__":
    main()
