"""The built-in embedder: one vector for each word, a headline being their sum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import Embedder, Products, WordRows, checked_texts
from headlines.embedding.vocabulary import PUNCTUATION, Vocabulary
from headlines.errors import EmbedderError, require
from headlines.files import MODELS

if TYPE_CHECKING:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

FORMAT = 1
CHUNK = 8192
"""Texts worked on at once: enough to spread the cost of a call, few enough for the cache."""


@dataclass(frozen=True)
class _StaticWeights:
    """The files of a static embedder, checked and mapped into memory."""

    fingerprint: str
    unit: float
    table: NDArray[np.int8]
    scales: NDArray[np.int32]
    vocabulary: Vocabulary
    starts: tuple[str, ...]  # embedders with this vocabulary that training went on from


class StaticEmbedder(Embedder):
    """One vector for each word, a headline being their sum: no torch, no network.

    Parameters
    ----------
    path : str or Path, optional
        Folder of weights as `headlines distill` writes it; the built-in weights by default.

    Notes
    -----
    The folder holds ``embedder.json`` (format, sizes, the SHA-256 of each file, and how the
    weights were made), ``vocabulary.txt`` (one entry a line, pieces that continue a word
    starting with ``##``), ``table.i8`` (int8, row by row) and ``scales.u16`` (uint16, one a
    row). The vector of entry i is ``table[i] * scales[i] * unit``. Words that the vocabulary
    lacks are cut into its longest matching pieces (WordPiece, Wu et al. 2016).

    Examples
    --------
    >>> embedder = StaticEmbedder()
    >>> X = embedder.transform(["EU approves new sanctions", "Floods hit Siberia"])
    >>> X.shape == (2, embedder.n_features), X.dtype
    (True, dtype('float32'))
    """

    terms_are_words = True

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = path

    @cached_property
    def _weights(self) -> _StaticWeights:
        return _read_static(Path(self.path) if self.path is not None else MODELS / "embedder")

    @property
    def fingerprint(self) -> str:
        return self._weights.fingerprint

    @property
    def starts(self) -> tuple[str, ...]:
        """Fingerprints of the embedders that it was trained from, the nearest first."""
        return self._weights.starts

    def reads_terms_of(self, fingerprint: str) -> bool:
        return fingerprint in (self.fingerprint, *self.starts)

    @property
    def n_terms(self) -> int:
        return len(self._weights.table)

    @property
    def n_features(self) -> int:
        return int(self._weights.table.shape[1])

    @property
    def unit(self) -> float:
        return self._weights.unit

    @property
    def vocabulary(self) -> Vocabulary:
        """Its entries and their numbers."""
        return self._weights.vocabulary

    @property
    def table(self) -> NDArray[np.float32]:
        """The vectors of its entries, shape (n_terms, n_features), in steps of `unit`."""
        scales = self._weights.scales.astype(np.float32)
        return np.asarray(self._weights.table * scales[:, None])

    def _chunks(self, texts: Iterable[str]) -> Iterator[tuple[slice, _Ragged]]:
        checked = checked_texts(texts)
        for start in range(0, len(checked), CHUNK):
            some = slice(start, start + CHUNK)
            yield some, _Ragged(*self._weights.vocabulary.encode(checked[some]))

    def terms(self, texts: Iterable[str]) -> list[Sequence[int]]:
        return [part.tolist() for _, ids in self._chunks(texts) for part in ids.parts()]

    def words(self, texts: Iterable[str]) -> list[Sequence[int]]:
        return self.terms(texts)

    def sums_of_terms(self, terms: Sequence[Sequence[int]]) -> Products:
        counts = np.fromiter(map(len, terms), dtype=np.int64, count=len(terms))
        ids = np.array([i for part in terms for i in part], dtype=np.int32)
        weights = self._weights

        def rows(ids: NDArray[np.int32]) -> NDArray[np.float64]:
            scales = weights.scales.take(ids).astype(np.float64)
            return np.asarray(weights.table.take(ids, axis=0) * scales[:, None])

        return _Ragged(ids, counts).sums(rows, self.n_features), counts

    def sum_of(self, text: str) -> tuple[NDArray[np.int64], int]:
        """Give one text's sum and number of terms, plainly: what all else here comes down to."""
        weights = self._weights
        ids = weights.vocabulary.ids(text)
        total = np.zeros(self.n_features, dtype=np.int64)
        for i in ids:
            total += weights.table[i].astype(np.int64) * int(weights.scales[i])
        return total, len(ids)

    def fold(
        self, weights: NDArray[np.float64], own: WordRows | None = None
    ) -> Callable[[Sequence[str]], Products]:
        """Do as `Embedder.fold` does, with the products of each entry computed once.

        A headline's product is then the sum of its entries': its vector is never built.
        """
        return _Folded(self._weights, weights, own).products

    def vectors(self, texts: Iterable[str]) -> NDArray[np.float32]:
        checked = checked_texts(texts)
        result = np.zeros((len(checked), self.n_features), dtype=np.float32)
        for some, ids in self._chunks(checked):
            for part, values in ids.summed(self._weights.table, self._weights.scales):
                whole = values.astype(np.int64)
                squares = np.einsum("ij,ij->i", whole, whole)  # below 2**62: exact
                lengths = np.sqrt(np.maximum(squares, 1).astype(np.float64))
                rows = result[some][part]
                np.multiply(
                    values.astype(np.float32), (1 / lengths).astype(np.float32)[:, None], out=rows
                )
        return result

    def to_sentence_transformers(self) -> StaticEmbedding:
        """Export to sentence-transformers: ``SentenceTransformer(modules=[...])`` takes it.

        Returns
        -------
        StaticEmbedding
            Vectors point the same way as those of `transform`; they are not of unit length.

        Raises
        ------
        MissingExtraError
            When sentence-transformers isn't installed.

        Notes
        -----
        Longest matching pieces are found by `tokenizers`, whose regular expressions and accent
        folding differ from ours for a few rare scripts; the limits on length aren't exported.
        """
        modules = require("sentence_transformers.sentence_transformer.modules", "transformers")
        tokenizers = require("tokenizers", "transformers")
        models, normalizers = tokenizers.models, tokenizers.normalizers
        weights = self._weights
        unknown = "[UNK]"
        entries = [*weights.vocabulary.entries, unknown]
        numbers = {entry: i for i, entry in enumerate(entries)}
        model = models.WordPiece(numbers, unk_token=unknown, max_input_chars_per_word=100)
        tokenizer = tokenizers.Tokenizer(model)
        tokenizer.normalizer = normalizers.Sequence(
            [
                *(normalizers.Replace(mark, plain) for mark, plain in PUNCTUATION.items()),
                normalizers.Lowercase(),
                normalizers.NFD(),
                normalizers.StripAccents(),
            ]
        )
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Split(
            tokenizers.Regex(r"[^\W_]+|[^\w\s]"), behavior="removed", invert=True
        )
        rows = weights.table * (weights.scales[:, None] * weights.unit)
        nothing = np.zeros((1, self.n_features))  # what an unknown word adds
        table = np.concatenate([rows, nothing]).astype(np.float32)
        exported: StaticEmbedding = modules.StaticEmbedding(tokenizer, embedding_weights=table)
        return exported


class _Folded:
    """The products of entries with weights, each computed when a text first has the entry.

    Threads may share it: a row of `_rows` is whole before `_ready` says so, and is added to
    under the lock alone.
    """

    def __init__(
        self, static: _StaticWeights, weights: NDArray[np.float64], own: WordRows | None
    ) -> None:
        self._static, self._weights = static, weights
        self._rows = np.zeros((len(static.table), weights.shape[1]))
        self._ready = np.zeros(len(static.table), dtype=np.bool_)
        self._growing = Lock()
        if own is not None:
            self._rows[own.words] = own.rows

    def products(self, texts: Sequence[str]) -> Products:
        ids, counts = self._static.vocabulary.encode(texts)
        if not self._ready.take(ids).all():
            with self._growing:
                self._grow(np.unique(ids[~self._ready.take(ids)]))
        width = self._rows.shape[1]
        return _Ragged(ids, counts).sums(lambda i: self._rows.take(i, axis=0), width), counts

    def _grow(self, entries: NDArray[np.int32]) -> None:
        for start in range(0, len(entries), CHUNK):
            some = entries[start : start + CHUNK]
            rows = self._static.table[some] * self._static.scales[some, None].astype(np.float64)
            self._rows[some] += rows @ self._weights
            self._ready[some] = True


@dataclass(frozen=True)
class _Ragged:
    """Entries of many headlines, one after the other, and how many are each headline's."""

    ids: NDArray[np.int32]
    counts: NDArray[np.int64]

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.counts)])

    def parts(self) -> list[NDArray[np.int32]]:
        return np.split(self.ids, self.bounds[1:-1]) if len(self.counts) else []

    def sums(
        self, rows: Callable[[NDArray[np.int32]], NDArray[np.float64]], width: int
    ) -> NDArray[np.float64]:
        """Add up the rows of each headline's entries; float64 holds whole numbers exactly."""
        result = np.zeros((len(self.counts), width))
        block = 1 + 2**17 // width  # of which the sums stay in the cache
        for start in range(0, len(self.counts), block):
            shorter = np.argsort(-self.counts[start : start + block], kind="stable")
            counts, places = self.counts[start + shorter], self.bounds[start + shorter]
            totals = np.zeros((len(shorter), width))
            for nth in range(int(counts[0])):  # entry of all headlines that have so many
                there = int(np.searchsorted(-counts, -nth))
                totals[:there] += rows(self.ids.take(places[:there] + nth))
            result[start + shorter] = totals
        return result

    def summed(
        self, table: NDArray[np.int8], scales: NDArray[np.int32]
    ) -> Iterator[tuple[slice, NDArray[np.floating[Any]]]]:
        """Add up the scaled rows of each headline's entries as a sparse product, in blocks."""
        from scipy.sparse import csr_array

        block = 2048
        place = np.zeros(len(table), dtype=np.int32)
        for start in range(0, len(self.counts), block):
            bounds = self.bounds[start : start + block + 1]
            ids = self.ids[bounds[0] : bounds[-1]]
            # float32 holds whole numbers up to 2**24: those of 64 terms, which is nearly all.
            kind = np.float32 if np.diff(bounds).max() <= 64 else np.float64
            seen = np.zeros(len(table), dtype=np.bool_)
            seen[ids] = True
            entries = np.flatnonzero(seen)
            place[entries] = np.arange(len(entries))
            shape = (len(bounds) - 1, len(entries))
            terms = csr_array((scales[ids].astype(kind), place[ids], bounds - bounds[0]), shape)
            yield slice(start, start + block), terms @ table[entries].astype(kind)


def _read_static(folder: Path) -> _StaticWeights:
    remedy = "give a folder that `headlines distill` wrote"
    try:
        described = (folder / "embedder.json").read_bytes()
        card = json.loads(described)
        entries, dimension = int(card["entries"]), int(card["dimension"])
        unit, stated = float(card["unit"]), dict(card["files"])
        starts = tuple(map(str, card.get("starts", ())))
        version = int(card["format"])
        if min(entries, dimension) < 1:
            raise ValueError(f"{entries} entries of dimension {dimension}")
    except OSError as error:
        raise EmbedderError(f"{folder}: no embedder there ({error.strerror}); {remedy}") from None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise EmbedderError(
            f"{folder / 'embedder.json'}: not an embedder's card ({repr(error)[:200]}); {remedy}"
        ) from None
    if version > FORMAT:
        raise EmbedderError(
            f"{folder}: format {version} is newer than {FORMAT}, which this version reads; "
            "upgrade headline-topics"
        )
    for name in ("vocabulary.txt", "table.i8", "scales.u16"):
        try:
            if not (folder / name).is_file():  # a pipe could go on for ever
                raise FileNotFoundError(2, "No such file or directory")
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise EmbedderError(f"{folder / name}: {error.strerror}; {remedy}") from None
        if found != stated.get(name):
            raise EmbedderError(
                f"{folder / name}: SHA-256 is {found[:12]}…, embedder.json says "
                f"{str(stated.get(name))[:12]}…; restore the file"
            )
    try:
        words = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[:-1]
        table = np.memmap(folder / "table.i8", dtype=np.int8, mode="r", shape=(entries, dimension))
        scales = np.fromfile(folder / "scales.u16", dtype="<u2").astype(np.int32)
    except (ValueError, OverflowError, OSError) as error:
        raise EmbedderError(f"{folder}: weights are damaged ({error}); {remedy}") from None
    if not len(words) == len(scales) == entries:
        raise EmbedderError(f"{folder}: {len(words)} words, {len(scales)} scales; {remedy}")
    return _StaticWeights(
        fingerprint="static-" + hashlib.sha256(described).hexdigest()[:16],
        unit=unit,
        table=table,
        scales=scales,
        vocabulary=Vocabulary(words),
        starts=starts,
    )
