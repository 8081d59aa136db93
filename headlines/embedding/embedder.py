"""Texts to vectors: what every embedder does.

An embedder gives two views of a headline:

`vectors`, and for scikit-learn `transform`
    Unit float32 vectors, for neighbours and clusters.
`sums`
    Whole numbers held in float64, and the number of terms that they sum: what the classifier
    sees is ``values / counts * unit``. Because the values are whole numbers far below
    2**53, every sum and matrix product over them is exact in float64, whatever the order,
    the batch or the number of threads. That is what makes a label independent of the batch.
"""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.vocabulary import word_checksums
from headlines.feeds.intake import checked_items

OUTPUTS = ("default", "pandas", "polars")

Products = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Whole numbers in a row for each text, and the number of terms that each sums."""


@dataclass(frozen=True)
class WordRows:
    """Rows of weights that single words have beside those of their vectors."""

    words: NDArray[np.int64]  # m words by number (`Embedder.words`), ascending
    rows: NDArray[np.float64]  # shape (m, k)

    def sums(self, words: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Add up the rows of each of n texts' words, shape (n, k)."""
        text, place = words_among(self.words, words)
        result = np.zeros((len(words), self.rows.shape[1]))
        np.add.at(result, text, self.rows[place])
        return result


def words_among(
    known: NDArray[np.int64], words: Sequence[Sequence[int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Look texts' words up among some in ascending order: the text and the place of each found."""
    flat = np.array([i for some in words for i in some], dtype=np.int64)
    text = np.repeat(np.arange(len(words)), [len(some) for some in words])
    if not len(known):
        return text[:0], flat[:0]
    place = np.minimum(np.searchsorted(known, flat), len(known) - 1)
    found = known[place] == flat
    return text[found], place[found]


def unit_rows(rows: NDArray[Any]) -> NDArray[Any]:
    """Scale rows to unit length; a row of zeros stays one."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(rows / np.maximum(lengths, 1e-12)[:, None])


def checked_texts(texts: Iterable[str]) -> list[str]:
    """Give the texts as a list, or say which one isn't a string."""
    return checked_items(texts, str)


class Embedder(ABC):
    """What every embedder does; a scikit-learn transformer over lists of strings.

    It follows scikit-learn's protocol without importing scikit-learn, so that labelling
    stays light. Subclasses store their parameters in ``__init__`` and load on first use.
    """

    terms_are_words = False
    """Whether `terms` are words by number, and so what `words` gives."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Name of the weights by content: equal fingerprints give equal vectors."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Length of a vector."""

    @property
    def n_terms(self) -> int:
        """Number of words that `terms` may name, where terms are words; else 0."""
        return 0

    @property
    @abstractmethod
    def unit(self) -> float:
        """Value of one step of the whole numbers that `sums` gives."""

    def reads_terms_of(self, fingerprint: str) -> bool:
        """Tell whether `terms` of the embedder with this fingerprint mean the same texts here."""
        return fingerprint == self.fingerprint

    @abstractmethod
    def vectors(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Embed n headlines as unit vectors, shape (n, n_features).

        A row is of zeros where a static embedder knows none of the words.
        """

    @abstractmethod
    def terms(self, texts: Iterable[str]) -> list[Sequence[int]]:
        """Give what a headline's sum is made of: whole numbers to keep in the text's place.

        They are vocabulary entries of a static embedder, or a transformer's vector in steps of
        `unit`.
        """

    def words(self, texts: Iterable[str]) -> list[Sequence[int]]:
        """Give the words of texts by number: what can have a weight of its own.

        Of a static embedder they are its `terms`, else checksums.
        """
        return [word_checksums(text) for text in texts]

    @abstractmethod
    def sums_of_terms(self, terms: Sequence[Sequence[int]]) -> Products:
        """Do as `sums`, from what `terms` gave."""

    def sums(self, texts: Iterable[str]) -> Products:
        """Embed n headlines in the additive form that the classifier reads: values and counts.

        The values, float64 of shape (n, n_features), are whole numbers of magnitude below 2**27;
        int64 counts say how many terms each sums, 0 where nothing in the text is known.
        """
        return self.sums_of_terms(self.terms(texts))

    def fold(
        self, weights: NDArray[np.float64], own: WordRows | None = None
    ) -> Callable[[Sequence[str]], Products]:
        """Give a function of n texts: ``values @ weights`` (n by k) and ``counts`` of `sums`.

        Weights, float64 of shape (n_features, k), and what single words add to the products
        (`own`) are whole numbers; every sum of products has to stay below 2**53.
        """

        def products(texts: Sequence[str]) -> Products:
            values, counts = self.sums(texts)
            result = values @ weights
            return result if own is None else result + own.sums(self.words(texts)), counts

        return products

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Check that the weights can be had; nothing is learned."""
        _ = self.fingerprint  # loads and checks the weights
        return self

    def transform(self, X: Iterable[str]) -> Any:
        """Give `vectors` as an array, or as the frame that `set_output` asked for."""
        vectors = self.vectors(X)
        kind = self.__dict__.get("_sklearn_output_config", {}).get("transform")
        if kind is None and "sklearn" in sys.modules:  # else nobody can have configured it
            kind = sys.modules["sklearn"].get_config()["transform_output"]
        if kind in (None, "default"):
            return vectors
        names = list(self.get_feature_names_out())
        frame = import_module(kind).DataFrame
        if kind == "pandas":
            index = getattr(X, "index", None) if hasattr(X, "iloc") else None  # a list has one too
            return frame(vectors, index=index, columns=names)
        return frame(vectors, schema=names)

    def fit_transform(self, X: Iterable[str], y: object = None) -> Any:
        """Do `fit`, then `transform`."""
        return self.fit(X).transform(X)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` gives: "default" (arrays), "pandas" or "polars" frames."""
        if transform not in (None, *OUTPUTS):
            raise ValueError(f"transform is {transform!r}, expected one of {', '.join(OUTPUTS)}")
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}  # which `clone` copies
        return self

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Name the columns: the class's name in lower case, and a number."""
        name = type(self).__name__.lower()
        return np.array([f"{name}{i}" for i in range(self.n_features)], dtype=object)

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
        self.__dict__ = self.__getstate__() | params
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Keep what was set alone: a copy loads the weights again, when it is used."""
        kept = {*self.get_params(), "_sklearn_output_config"}
        return {name: value for name, value in self.__dict__.items() if name in kept}

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
