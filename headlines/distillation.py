"""Distillation: a transformer's judgement of headlines, pressed into one vector a word."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.embedding import FORMAT, MAX_TOKENS, StaticEmbedder, tokenize, wordpieces
from headlines.errors import EmbedderError
from headlines.output import replacing
from headlines.transformer import TransformerEmbedder

__all__ = ["Recipe", "distill"]

SCALE_MAX = 2047
"""127 * 2047 * MAX_TOKENS stays below 2**27, as `Embedder.sums` promises."""

assert 127 * SCALE_MAX * MAX_TOKENS < 2**27


@dataclass(frozen=True)
class Recipe:
    """Settings of a distillation.

    Parameters
    ----------
    dimension : int, default 256
        Length of a vector.
    entries : int, default 52_000
        Most entries that the vocabulary may have.
    min_count : int, default 3
        How often a whole word must occur to have a vector of its own.
    epochs : int, default 8
    batch : int, default 4096
        Headlines a step.
    rate : float, default 0.005
        Highest learning rate of Adam in its one cycle.
    structure : float, default 1.0
        Weight of the loss on similarities between the headlines of a batch.
    seed : int, default 0
    """

    dimension: int = 256
    entries: int = 52_000
    min_count: int = 3
    epochs: int = 8
    batch: int = 4096
    rate: float = 0.005
    structure: float = 1.0
    seed: int = 0


def distill(
    texts: Iterable[str],
    teacher: TransformerEmbedder,
    output: str | Path,
    *,
    recipe: Recipe | None = None,
    progress: Callable[[str], None] = lambda note: None,
) -> StaticEmbedder:
    """Train a static embedder to reproduce a transformer's vectors of headlines.

    A headline's vector is the sum of its words' vectors, scaled to unit length. It is trained
    towards the teacher's vectors, centred and rotated to their principal axes, by cosine loss
    and by a loss on the similarities within each batch.

    Parameters
    ----------
    texts : iterable of str
        Headlines; copies count once.
    teacher : TransformerEmbedder
    output : str or Path
        Folder for the weights.
    recipe : Recipe, optional
    progress : callable, optional
        Takes a line of text now and then.

    Returns
    -------
    StaticEmbedder
        Reading the written folder.

    Raises
    ------
    EmbedderError
        When there are fewer texts than the vectors are to have dimensions.
    """
    recipe = recipe or Recipe()
    corpus = sorted(set(texts))
    if len(corpus) < 2 * recipe.dimension:
        raise EmbedderError(
            f"{len(corpus)} different headlines can't teach {recipe.dimension} dimensions; "
            "give more, or a smaller --dimension"
        )
    progress(f"{len(corpus):,} different headlines; the teacher embeds them")
    targets = _principal(teacher.transform(corpus), recipe.dimension)
    words = [tokenize(text) for text in corpus]
    vocabulary = _vocabulary(words, teacher, recipe)
    index = {entry: i for i, entry in enumerate(vocabulary)}
    progress(f"{len(vocabulary):,} vocabulary entries; training")
    memo: dict[str, list[int]] = {}
    tokens = [_ids(w, index, memo) for w in words]
    table = _train(tokens, targets, len(vocabulary), recipe, progress)
    card = {
        "teacher": {"name": str(teacher.name), "fingerprint": teacher.fingerprint},
        "corpus": {
            "headlines": len(corpus),
            "sha256": hashlib.sha256("\n".join(corpus).encode("utf-8", "replace")).hexdigest(),
        },
        "recipe": asdict(recipe),
    }
    _write(Path(output), vocabulary, table, card)
    return StaticEmbedder(output)


def _principal(vectors: NDArray[np.float32], dimension: int) -> NDArray[np.float32]:
    """Centre, rotate to the principal axes, keep the first ones, scale to unit length."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    kept = centred @ axes[:, ::-1][:, :dimension].astype(np.float32)
    norms = np.linalg.norm(kept, axis=1, keepdims=True)
    return np.asarray(kept / np.maximum(norms, 1e-9), dtype=np.float32)


def _vocabulary(
    words: Sequence[Sequence[str]], teacher: TransformerEmbedder, recipe: Recipe
) -> list[str]:
    """Whole words by frequency, over the teacher's pieces that spell the rest."""
    counts = Counter(word for headline in words for word in headline)
    names = [e for e in sorted(teacher.vocabulary) if not e.startswith("[") or len(e) == 1]
    pieces = {entry: i for i, entry in enumerate(names)}
    spelling: Counter[str] = Counter()
    for word, count in counts.items():
        if count < recipe.min_count or word not in pieces:
            for piece in wordpieces(word, pieces):
                spelling[names[piece]] += count
    letters = [e for e in names if len(e.removeprefix("##")) == 1 and e.isascii()]
    # Pieces first: without them a rare word has no vector at all.
    base = dict.fromkeys([*letters, *(p for p, _ in _ranked(spelling) if p.startswith("##"))])
    whole = [w for w, c in _ranked(counts) if c >= recipe.min_count]
    heads = [p for p, c in _ranked(spelling) if not p.startswith("##") and c >= recipe.min_count]
    base = dict.fromkeys([*base, *heads])
    room = max(0, recipe.entries - len(base))
    return sorted({*base, *[w for w in whole if w not in base][:room]})


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _ids(words: Sequence[str], index: dict[str, int], memo: dict[str, list[int]]) -> list[int]:
    ids: list[int] = []
    for word in words:
        if word not in memo:
            memo[word] = [index[word]] if word in index else wordpieces(word, index)
        ids += memo[word]
    return ids[:MAX_TOKENS]


def _train(
    tokens: Sequence[Sequence[int]],
    targets: NDArray[np.float32],
    entries: int,
    recipe: Recipe,
    progress: Callable[[str], None],
) -> NDArray[np.float32]:
    import torch
    from torch.nn import functional

    torch.use_deterministic_algorithms(True)
    generator = torch.Generator().manual_seed(recipe.seed)
    table = torch.randn(entries, recipe.dimension, generator=generator).mul_(0.05)
    table.requires_grad_(True)
    kept = [i for i, ids in enumerate(tokens) if ids]
    lengths = np.array([len(tokens[i]) for i in kept])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    flat = np.concatenate([np.asarray(tokens[i], dtype=np.int64) for i in kept])
    goals = torch.from_numpy(targets[kept])
    optimizer = torch.optim.Adam([table], lr=recipe.rate, betas=(0.9, 0.99))
    steps = recipe.epochs * -(-len(kept) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=recipe.rate, total_steps=steps, pct_start=0.15
    )
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(kept), generator=generator).numpy()
        losses = []
        for start in range(0, len(order), recipe.batch):
            rows = order[start : start + recipe.batch]
            ids = np.concatenate([flat[starts[r] : starts[r + 1]] for r in rows])
            offsets = np.concatenate([[0], np.cumsum(lengths[rows])[:-1]])
            student = functional.normalize(
                functional.embedding_bag(
                    torch.from_numpy(ids), table, torch.from_numpy(offsets), mode="sum"
                )
            )
            goal = goals[torch.from_numpy(rows)]
            loss = (1 - (student * goal).sum(dim=1)).mean()
            if recipe.structure:
                some = slice(0, 1024)
                gap = student[some] @ student[some].T - goal[some] @ goal[some].T
                loss = loss + recipe.structure * gap.square().mean() * 10
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
        progress(f"epoch {epoch + 1} of {recipe.epochs}: loss {np.mean(losses):.4f}")
    return table.detach().numpy()


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
