"""Distillation: an encoder's judgement of headlines, pressed into one vector a word."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import Embedder, unit_rows
from headlines.embedding.encoders import TransformerEmbedder
from headlines.embedding.joined import JoinedEmbedder
from headlines.embedding.static import FORMAT, StaticEmbedder
from headlines.embedding.threads import one_thread
from headlines.embedding.vocabulary import MAX_TOKENS, Vocabulary, tokenize
from headlines.errors import EmbedderError
from headlines.files import replacing

SCALE_MAX = 2047
"""127 * 2047 * MAX_TOKENS stays below 2**27, as `Embedder.sums` promises."""

assert 127 * SCALE_MAX * MAX_TOKENS < 2**27

WARM_UP = 0.15
"""Share of the steps in which the learning rate rises; in the others it falls."""


FIRST_LENGTH = 0.05
"""Root of the mean square of the numbers that training starts from."""

KNOWN_SQUARES = 1e-9
"""What Adagrad takes a word of an earlier embedder to have moved by: its first steps are small."""

RIDGE, RIDGE_HEADLINES = 5.0, 40_000
"""Penalty of the map from an earlier embedder's vectors, and headlines that it is learned from."""


@dataclass(frozen=True)
class Recipe:
    """Settings of a distillation; benchmarks/research/distillation.py tells what each is worth.

    Letters and pieces of words, some 5,000, are entries even where `entries` allows fewer.
    """

    dimension: int = 256  # length of a vector
    entries: int = 60_000  # most that the vocabulary may have
    min_count: int = 3  # of a word with a vector of its own, unless it is a WordPiece entry
    epochs: int = 8
    batch: int = 4096  # headlines a step
    rate: float = 0.1  # highest learning rate of Adagrad in its one cycle
    dropout: float = 0.3  # share of a headline's words left out at random, each time anew
    words: float = 0.3  # weight of a single word as a text to learn from, where a headline has 1
    seed: int = 0


GOING_ON = Recipe(epochs=10, rate=0.05, dropout=0.4, words=0.1)
"""From an earlier embedder's vectors: smaller steps, and fewer lessons in single words."""


def distill(
    texts: Iterable[str],
    teacher: Embedder,
    output: str | Path,
    *,
    start: StaticEmbedder | None = None,
    recipe: Recipe | None = None,
    progress: Callable[[str], None] = lambda note: None,
) -> StaticEmbedder:
    """Train a static embedder to reproduce another embedder's vectors of headlines.

    A headline's vector is the sum of its words' vectors, scaled to unit length. It is trained
    by cosine towards the teacher's vector, centred and rotated to the principal axes, with
    words left out at random, so that no word hides behind another. The teacher's vectors of
    single words are learned beside, which helps those that the corpus hardly has. Weights go
    to the folder `output`; copies among the texts count once.

    With `start`, an embedder made before, its vocabulary stays and training goes on from its
    vectors, turned to the new goals by ridge regression: a word that the texts hardly have keeps
    what it meant. Then a slow teacher need not see every headline that the earlier one saw.

    Needs no torch beyond what the teacher needs, and one thread: the same texts, teacher and
    recipe give the same bytes on one machine and version. The optimiser is Adagrad (Duchi et
    al. 2011) with one rate a row in the place of one a number: a rare word learns fast as
    long as it is rare, and in the direction of its gradient.
    """
    recipe = recipe or (Recipe() if start is None else GOING_ON)
    corpus = sorted(set(texts))
    if len(corpus) < 2 * recipe.dimension:
        raise EmbedderError(
            f"{len(corpus)} different headlines can't teach {recipe.dimension} dimensions; "
            "give more, or a smaller --dimension"
        )
    if teacher.n_features < recipe.dimension:
        raise EmbedderError(
            f"the teacher's vectors have {teacher.n_features} dimensions, fewer than "
            f"{recipe.dimension}; give a smaller --dimension"
        )
    vocabulary = start.vocabulary if start else Vocabulary(_entries(corpus, teacher, recipe))
    words = [e for e in vocabulary.entries if recipe.words and len(e) > 1 and e.isalnum()]
    progress(
        f"{len(corpus):,} different headlines, {len(vocabulary):,} vocabulary entries; "
        "the teacher embeds them"
    )
    lessons = _Lessons.of(corpus, words, teacher, vocabulary, recipe)
    first = None if start is None else _turned(start, corpus, lessons.goals[: len(corpus)])
    table = _train(lessons, len(vocabulary), recipe, progress, first)
    content = hashlib.sha256("\n".join(corpus).encode("utf-8", "replace"))
    card = {
        "teacher": {"name": _name_of(teacher), "fingerprint": teacher.fingerprint},
        "corpus": {"headlines": len(corpus), "sha256": content.hexdigest()},
        "recipe": asdict(recipe),
    }
    if start is not None:
        card["starts"] = [start.fingerprint, *start.starts]
    _write(Path(output), vocabulary.entries, table, card)
    return StaticEmbedder(output)


def _parts_of(teacher: Embedder) -> Sequence[Embedder]:
    return teacher.parts if isinstance(teacher, JoinedEmbedder) else [teacher]


def _name_of(teacher: Embedder) -> str:
    return " + ".join(str(getattr(p, "name", type(p).__name__)) for p in _parts_of(teacher))


# ------------------------------------------------------------------ vocabulary


def _entries(corpus: Sequence[str], teacher: Embedder, recipe: Recipe) -> list[str]:
    """WordPiece's pieces, which spell every word, then its words and the corpus's own."""
    transformers = [part for part in _parts_of(teacher) if isinstance(part, TransformerEmbedder)]
    names = (transformers or [TransformerEmbedder()])[0].vocabulary
    base = {e for e in names if e.isascii() and (len(e) == 1 or not e.startswith("["))}
    pieces = {e for e in base if len(e) == 1 or e.startswith("##")}
    counts = Counter(word for text in corpus for word in tokenize(text))
    own = {w for w, c in counts.items() if c >= recipe.min_count}
    ranked = sorted((base | own) - pieces, key=lambda w: (w not in base, -counts[w], w))
    return sorted(pieces.union(ranked[: max(0, recipe.entries - len(pieces))]))


# ------------------------------------------------------------------ what is learned from


@dataclass(frozen=True)
class _Lessons:
    """Texts as vocabulary entries, and what each is to come out as."""

    ids: NDArray[np.int32]  # entries of all texts, one text after the other
    bounds: NDArray[np.int64]  # where each text's entries start and end, shape (n + 1,)
    goals: NDArray[np.float32]  # unit vectors, shape (n, dimension)
    weights: NDArray[np.float32]  # shape (n,)

    @classmethod
    def of(
        cls,
        corpus: Sequence[str],
        words: Sequence[str],
        teacher: Embedder,
        vocabulary: Vocabulary,
        recipe: Recipe,
    ) -> Self:
        vectors = teacher.vectors(corpus)
        mean, axes = _principal(vectors, recipe.dimension)
        goals = [_projected(vectors, mean, axes)]
        del vectors  # gigabytes
        goals.append(_projected(teacher.vectors(words), mean, axes))
        ids, counts = vocabulary.encode([*corpus, *words])
        weights = np.ones(len(counts), dtype=np.float32)
        weights[len(corpus) :] = recipe.words
        weights[counts == 0] = 0  # a headline without a word teaches nothing
        bounds = np.concatenate([[0], np.cumsum(counts)])
        return cls(ids, bounds, np.concatenate(goals), weights)

    def batch(
        self, rows: NDArray[np.int64], kept: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Give the kept entries of some texts, and where each text's start and end."""
        counts = self.bounds[rows + 1] - self.bounds[rows]
        starts = np.concatenate([[0], np.cumsum(counts)])
        places = np.repeat(self.bounds[rows] - starts[:-1], counts) + np.arange(starts[-1])
        chosen = kept[places]
        chosen[starts[:-1][counts > 0]] |= ~np.logical_or.reduceat(
            np.append(chosen, False), starts[:-1]
        )[counts > 0]  # no text loses all its words
        return self.ids[places[chosen]], np.concatenate([[0], np.cumsum(chosen)])[starts]


def _principal(
    vectors: NDArray[np.float32], dimension: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the mean of the vectors and their first principal axes, as columns."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((len(mean), len(mean)))
    with one_thread():  # so that the sums don't hang on the machine's cores
        for some in _slices(len(vectors)):
            centred = vectors[some] - mean.astype(np.float32)
            scatter += centred.T @ centred
        _, axes = np.linalg.eigh(scatter)
    return mean.astype(np.float32), axes[:, ::-1][:, :dimension].astype(np.float32)


def _projected(
    vectors: NDArray[np.float32], mean: NDArray[np.float32], axes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Centre, rotate to the axes, scale to unit length."""
    result = np.empty((len(vectors), axes.shape[1]), dtype=np.float32)
    with one_thread():
        for some in _slices(len(vectors)):
            result[some] = unit_rows((vectors[some] - mean) @ axes)
    return result


def _slices(n: int) -> Iterator[slice]:
    return (slice(start, start + 16_384) for start in range(0, n, 16_384))


# ------------------------------------------------------------------ training


def _turned(
    start: StaticEmbedder, corpus: Sequence[str], goals: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Give an embedder's table, mapped by ridge regression to where its headlines are to be."""
    some = np.random.default_rng(0).permutation(len(corpus))[:RIDGE_HEADLINES]
    vectors = start.vectors([corpus[i] for i in some])
    with one_thread():
        squares = vectors.T @ vectors + np.float32(RIDGE) * np.eye(vectors.shape[1], dtype="f4")
        table: NDArray[np.float32] = start.table @ np.linalg.solve(squares, vectors.T @ goals[some])
        return table * np.float32(FIRST_LENGTH / np.sqrt(np.square(table).mean()))


def _train(
    lessons: _Lessons,
    entries: int,
    recipe: Recipe,
    progress: Callable[[str], None],
    first: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    random = np.random.default_rng(recipe.seed)
    shape = (entries, recipe.dimension)
    if first is None:
        table = random.standard_normal(shape, dtype=np.float32) * np.float32(FIRST_LENGTH)
        squares = np.zeros((entries, 1), dtype=np.float32)
    else:
        table = first
        squares = np.full((entries, 1), KNOWN_SQUARES, dtype=np.float32)
    taught = np.flatnonzero(lessons.weights)
    per_epoch = -(-len(taught) // recipe.batch)
    for epoch in range(recipe.epochs):
        kept = random.random(len(lessons.ids), dtype=np.float32) >= recipe.dropout
        losses = []
        for step, rows in enumerate(np.array_split(random.permutation(taught), per_epoch)):
            ids, bounds = lessons.batch(rows, kept)
            chosen, gradient, loss = _gradient(table, ids, bounds, lessons, rows)
            squares[chosen] += np.square(gradient).mean(axis=1, keepdims=True)
            rate = recipe.rate * _cycle((epoch * per_epoch + step) / (recipe.epochs * per_epoch))
            table[chosen] -= np.float32(rate) * gradient / np.sqrt(squares[chosen] + 1e-16)
            losses.append(loss)
        progress(f"epoch {epoch + 1} of {recipe.epochs}: loss {np.mean(losses):.4f}")
    return table


def _cycle(share: float) -> float:
    """Share of the highest learning rate at a share of the training: up, then down to 0."""
    if share < WARM_UP:
        return (1 + share / WARM_UP * 24) / 25
    return (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP))) / 2


def _gradient(
    table: NDArray[np.float32],
    ids: NDArray[np.int32],
    bounds: NDArray[np.int64],
    lessons: _Lessons,
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float32], float]:
    """Give the entries of a batch, the gradient of its loss by each of them, and the loss.

    The loss is the weighted mean of 1 - cosine; its gradient by a sum s of length r, with
    cosine c to the goal g, is (c s / r - g) / r.
    """
    from scipy.sparse import csr_array

    seen = np.zeros(len(table), dtype=np.bool_)
    seen[ids] = True
    chosen = np.flatnonzero(seen)
    place = np.cumsum(seen) - 1
    ones = np.ones(len(ids), dtype=np.float32)
    terms = csr_array((ones, place[ids], bounds), shape=(len(rows), len(chosen)))
    sums: NDArray[np.float32] = terms @ table[chosen]
    lengths = np.maximum(np.sqrt(np.einsum("ij,ij->i", sums, sums)), 1e-6)[:, None]
    sums /= lengths
    goals = lessons.goals[rows]
    weights = lessons.weights[rows, None]
    weights /= weights.sum()
    cosines = np.einsum("ij,ij->i", sums, goals)[:, None]
    sums *= cosines
    sums -= goals
    sums *= weights / lengths
    gradient = terms.T @ sums
    return chosen, gradient, float(((1 - cosines) * weights).sum())


# ------------------------------------------------------------------ the files


def _write(
    folder: Path, vocabulary: Sequence[str], table: NDArray[np.float32], card: dict[str, Any]
) -> None:
    """Round each row to int8 and a whole-number scale, and write the folder."""
    steps = np.abs(table).max(axis=1) / 127
    unit = float(steps.max()) / SCALE_MAX
    scales = np.clip(np.ceil(steps / unit), 1, SCALE_MAX)
    rounded = np.clip(np.rint(table / (scales[:, None] * unit)), -127, 127)
    files = {
        "vocabulary.txt": "".join(f"{entry}\n" for entry in vocabulary).encode(),
        "table.i8": rounded.astype(np.int8).tobytes(),
        "scales.u16": scales.astype("<u2").tobytes(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        with replacing(folder / name) as file:
            file.write(data)
    described = {
        "format": FORMAT,
        "entries": len(vocabulary),
        "dimension": int(table.shape[1]),
        "unit": unit,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        **card,
    }
    with replacing(folder / "embedder.json") as file:
        file.write((json.dumps(described, indent=1, sort_keys=True) + "\n").encode())
