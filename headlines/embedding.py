"""Texts to vectors: what every embedder does, and the built-in static one.

An embedder gives two views of a headline:

`transform`
    Unit float32 vectors, for neighbours and clusters.
`sums`
    Whole numbers held in float64, and the number of terms that they sum: what the classifier
    sees is ``values / counts * unit``. Because the values are whole numbers far below
    2**53, every sum and matrix product over them is exact in float64, whatever the order,
    the batch or the number of threads. That is what makes a label independent of the batch.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headlines.errors import EmbedderError

__all__ = ["Embedder", "StaticEmbedder", "tokenize"]

MODELS = Path(__file__).parent / "models"
if not MODELS.is_dir():  # a source checkout, where models/ stands beside the package
    MODELS = Path(__file__).parent.parent / "models"

FORMAT = 1
MAX_TOKENS = 512
"""Tokens of a headline beyond this many are not read; keeps every sum below 2**27."""

MAX_LETTERS = 100
"""A longer run of letters is no word: a megabyte without a blank must not stall a batch."""

_WORD = re.compile(r"[^\W_]+|[^\w\s]")
_PUNCTUATION = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"}
)


def tokenize(text: str) -> list[str]:
    """Split a headline into lower-case words and single punctuation marks.

    Parameters
    ----------
    text : str
        Any text; accents are folded, typographic quotes and dashes made plain.

    Returns
    -------
    list of str
        At most `MAX_TOKENS` words, in their order.

    Examples
    --------
    >>> tokenize("Zelenskyy’s “peace” plan: 10%")
    ['zelenskyy', "'", 's', '"', 'peace', '"', 'plan', ':', '10', '%']
    """
    text = text.translate(_PUNCTUATION).lower()
    if not text.isascii():
        folded = unicodedata.normalize("NFD", text)
        text = "".join(c for c in folded if unicodedata.category(c) != "Mn")
    return _WORD.findall(text)[:MAX_TOKENS]


def checked_texts(texts: Iterable[str]) -> list[str]:
    """Give the texts as a list, or say which one isn't a string."""
    if isinstance(texts, str | bytes):
        raise TypeError("expected a list of headlines, got one string; wrap it in a list")
    result = list(texts)
    for position, text in enumerate(result):
        if not isinstance(text, str):
            raise TypeError(
                f"headline {position} is {text!r} ({type(text).__name__}), expected a string; "
                "drop or fill missing values first"
            )
    return result


class Embedder(ABC):
    """What every embedder does; a scikit-learn transformer over lists of strings.

    It follows scikit-learn's protocol without importing scikit-learn, so that labelling
    stays light. Subclasses store their parameters in ``__init__`` and load on first use.
    """

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Name of the weights by content: equal fingerprints give equal vectors."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Length of a vector."""

    @property
    @abstractmethod
    def unit(self) -> float:
        """Value of one step of the whole numbers that `sums` gives."""

    @abstractmethod
    def transform(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Embed headlines as unit vectors.

        Parameters
        ----------
        texts : iterable of str
            n headlines.

        Returns
        -------
        ndarray of float32, shape (n, n_features)
            Rows of length 1; a row of zeros where a static embedder knows none of the words.
        """

    @abstractmethod
    def terms(self, texts: Iterable[str]) -> list[Sequence[int]]:
        """Give what a headline's sum is made of: whole numbers to keep in the text's place.

        Parameters
        ----------
        texts : iterable of str
            n headlines.

        Returns
        -------
        list of sequences of int
            Vocabulary entries of a static embedder, or a transformer's vector in steps of `unit`.
        """

    @abstractmethod
    def sums_of_terms(
        self, terms: Sequence[Sequence[int]]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Do as `sums`, from what `terms` gave."""

    def sums(self, texts: Iterable[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Embed headlines in the additive form that the classifier reads.

        Parameters
        ----------
        texts : iterable of str
            n headlines.

        Returns
        -------
        values : ndarray of float64, shape (n, n_features)
            Whole numbers of magnitude below 2**27.
        counts : ndarray of int64, shape (n,)
            Number of terms in each sum; 0 where nothing in the text is known.
        """
        return self.sums_of_terms(self.terms(texts))

    def features(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Give the classifier's view as ordinary vectors: the mean of a headline's terms.

        Parameters
        ----------
        texts : iterable of str
            n headlines.

        Returns
        -------
        ndarray of float64, shape (n, n_features)
        """
        values, counts = self.sums(texts)
        return values / np.maximum(counts, 1)[:, None] * self.unit

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Check that the weights can be had; nothing is learned."""
        _ = self.fingerprint  # loads and checks the weights
        return self

    def fit_transform(self, X: Iterable[str], y: object = None) -> NDArray[np.float32]:
        """Do `fit`, then `transform`."""
        return self.fit(X).transform(X)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give the constructor's parameters by name."""
        names = list(inspect.signature(type(self)).parameters)
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; what was loaded under the old ones is dropped."""
        known = self.get_params()
        for name in params:
            if name not in known:
                raise ValueError(f"unknown parameter {name!r}; the parameters are {list(known)}")
        for name, value in params.items():
            setattr(self, name, value)
        for name in [n for n in self.__dict__ if n not in known]:
            del self.__dict__[name]
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags

        tags = Tags(estimator_type=None, target_tags=TargetTags(required=False))
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags

    def __repr__(self) -> str:
        parameters = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items())
        return f"{type(self).__name__}({parameters})"


@dataclass(frozen=True)
class _StaticWeights:
    """The files of a static embedder, checked and mapped into memory."""

    fingerprint: str
    unit: float
    table: NDArray[np.int8]
    scales: NDArray[np.int32]
    vocabulary: dict[str, int]


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

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = path

    @cached_property
    def _weights(self) -> _StaticWeights:
        return _read_static(Path(self.path) if self.path is not None else MODELS / "embedder")

    @cached_property
    def _pieces(self) -> dict[str, list[int]]:
        return {}

    @property
    def fingerprint(self) -> str:
        return self._weights.fingerprint

    @property
    def n_features(self) -> int:
        return int(self._weights.table.shape[1])

    @property
    def unit(self) -> float:
        return self._weights.unit

    def terms(self, texts: Iterable[str]) -> list[Sequence[int]]:
        vocabulary, cache = self._weights.vocabulary, self._pieces
        result: list[Sequence[int]] = []
        for text in checked_texts(texts):
            ids: list[int] = []
            for word in tokenize(text):
                entry = vocabulary.get(word)
                if entry is not None:
                    ids.append(entry)
                    continue
                pieces = cache.get(word)
                if pieces is None:
                    pieces = wordpieces(word, vocabulary)
                    if len(cache) < 100_000:  # a bound: streams bring new words for ever
                        cache[word] = pieces
                ids.extend(pieces)
            result.append(ids[:MAX_TOKENS])
        return result

    def sums_of_terms(
        self, terms: Sequence[Sequence[int]]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        weights = self._weights
        counts = np.fromiter((len(t) for t in terms), dtype=np.int64, count=len(terms))
        values = np.zeros((len(terms), self.n_features))
        for start in range(0, len(terms), 1024):
            chunk = slice(start, start + 1024)
            ids = np.array([i for t in terms[chunk] for i in t], dtype=np.int64)
            filled = np.flatnonzero(counts[chunk])
            if not len(filled):
                continue
            rows = weights.table[ids] * weights.scales[ids, None]
            starts = np.concatenate([[0], np.cumsum(counts[chunk][filled])[:-1]])
            values[start + filled] = np.add.reduceat(rows, starts, axis=0)
        return values, counts

    def transform(self, texts: Iterable[str]) -> NDArray[np.float32]:
        values, _ = self.sums(texts)
        squares = (values.astype(np.int64) ** 2).sum(axis=1)  # below 2**62: exact
        norms = np.sqrt(squares.astype(np.float64))
        return np.asarray(values / np.where(norms > 0, norms, 1)[:, None], dtype=np.float32)


def wordpieces(word: str, vocabulary: dict[str, int]) -> list[int]:
    """Cut a word into the longest pieces that the vocabulary has, or into none."""
    if len(word) > MAX_LETTERS:
        return []
    ids: list[int] = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        for end in range(min(len(word), start + 32), start, -1):
            entry = vocabulary.get(prefix + word[start:end])
            if entry is not None:
                ids.append(entry)
                start = end
                break
        else:
            return []
    return ids


def _read_static(folder: Path) -> _StaticWeights:
    remedy = "give a folder that `headlines distill` wrote"
    try:
        described = (folder / "embedder.json").read_bytes()
        card = json.loads(described)
        entries, dimension = int(card["entries"]), int(card["dimension"])
        unit, stated = float(card["unit"]), dict(card["files"])
        version = int(card["format"])
    except OSError as error:
        raise EmbedderError(f"{folder}: no embedder there ({error.strerror}); {remedy}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise EmbedderError(
            f"{folder / 'embedder.json'}: not an embedder's card ({error!r}); {remedy}"
        ) from None
    if version > FORMAT:
        raise EmbedderError(
            f"{folder}: format {version} is newer than {FORMAT}, which this version reads; "
            "upgrade headline-topics"
        )
    for name in ("vocabulary.txt", "table.i8", "scales.u16"):
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise EmbedderError(f"{folder / name}: {error.strerror}; {remedy}") from None
        if found != stated.get(name):
            raise EmbedderError(
                f"{folder / name}: SHA-256 is {found[:12]}…, embedder.json says "
                f"{str(stated.get(name))[:12]}…; restore the file"
            )
    words = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[:-1]
    table = np.memmap(folder / "table.i8", dtype=np.int8, mode="r", shape=(entries, dimension))
    scales = np.fromfile(folder / "scales.u16", dtype="<u2").astype(np.int32)
    if not len(words) == len(scales) == entries:
        raise EmbedderError(f"{folder}: {len(words)} words, {len(scales)} scales; {remedy}")
    return _StaticWeights(
        fingerprint="static-" + hashlib.sha256(described).hexdigest()[:16],
        unit=unit,
        table=table,
        scales=scales,
        vocabulary={word: i for i, word in enumerate(words)},
    )
