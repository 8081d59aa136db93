"""Models as files: a joblib file of plain data, and a manifest that vouches for it.

The joblib file holds dicts, lists, strings, numbers, booleans, None and bytes, and nothing
else: it is a pickle without a single global. `joblib.load` opens it; the reader here is an
unpickler that refuses every global, so that no file can run code, and needs neither joblib
nor scikit-learn.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.errors import ModelError
from headlines.output import replacing

__all__ = ["Manifest", "content_hash", "pack", "read_model", "unpack", "versions", "write_model"]

FORMAT = 1
MAX_BYTES = 256 << 20
_DTYPES = ("<i4", "<i8", "<u4", "<f4", "<f8", "|i1", "|b1")


def pack(array: NDArray[Any]) -> dict[str, Any]:
    """Write an array as plain data: dtype, shape and little-endian bytes."""
    array = np.ascontiguousarray(array)
    dtype = array.dtype.newbyteorder("<")
    return {"dtype": dtype.str, "shape": list(array.shape), "data": array.astype(dtype).tobytes()}


def unpack(packed: Any, where: str) -> NDArray[Any]:
    """Read an array back; `where` names it in errors.

    Raises
    ------
    ModelError
        When dtype, shape and number of bytes don't agree.
    """
    try:
        dtype, shape, data = packed["dtype"], packed["shape"], packed["data"]
        if dtype not in _DTYPES or not isinstance(data, bytes) or min(shape, default=0) < 0:
            raise ValueError(f"dtype {dtype!r}, shape {shape!r}")
        return np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    except (TypeError, KeyError, ValueError) as error:
        raise ModelError(f"{where}: not an array ({error}); train the model again") from None


def content_hash(payload: Any) -> str:
    """Give the SHA-256 of plain data by its values, whatever wrote it."""
    digest = hashlib.sha256()
    _feed_hash(payload, digest.update)
    return digest.hexdigest()


def _feed_hash(value: Any, update: Any) -> None:
    if isinstance(value, dict):
        update(b"d%d" % len(value))
        for key in sorted(value):
            _feed_hash(key, update)
            _feed_hash(value[key], update)
    elif isinstance(value, list):
        update(b"l%d" % len(value))
        for item in value:
            _feed_hash(item, update)
    else:
        data = (
            value if isinstance(value, bytes) else repr(value).encode("utf-8", "backslashreplace")
        )
        update(f"{type(value).__name__}{len(data)}:".encode() + data)


@dataclass(frozen=True)
class Manifest:
    """What stands beside a model; what it says is checked when the model is loaded.

    Attributes
    ----------
    content : str
        `content_hash` of the model's data, whose first 12 digits name the model in rows.
    files : mapping of str to str
        SHA-256 of each file, by name.
    topics : list of str
    embedder : mapping
        `name` and `fingerprint` of the embedder that the model was trained for.
    training : mapping
        Hashes and numbers of what it learned from.
    holdout : mapping
        The rule, and the ids of the labels that are never trained on.
    scores : mapping
        Scores on the hold-out.
    versions : mapping
        Of Python and the libraries at work.
    format : int
    """

    content: str
    files: Mapping[str, str]
    topics: list[str]
    embedder: Mapping[str, str]
    training: Mapping[str, Any]
    holdout: Mapping[str, Any]
    scores: Mapping[str, Any]
    versions: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Give the manifest as the bytes that are written: sorted keys, no dates."""
        return (
            json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        ).encode()

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises
        ------
        ModelError
            When it is missing, malformed or of a newer format.
        """
        try:
            content = json.loads(path.read_bytes())
        except OSError as error:
            raise ModelError(
                f"{path}: no manifest there ({error.strerror}); a model comes with its manifest "
                "beside it"
            ) from None
        except ValueError as error:
            raise ModelError(f"{path}: not a manifest ({error}); restore the file") from None
        version = content.get("format") if isinstance(content, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise ModelError(
                f"{path}: format {version} is newer than {FORMAT}, which this version reads; "
                "upgrade headline-topics"
            )
        try:
            manifest = cls(**content)
            if not isinstance(manifest.files, dict) or not isinstance(manifest.embedder, dict):
                raise TypeError("files and embedder must be objects")
        except TypeError as error:
            raise ModelError(f"{path}: not a manifest ({error}); restore the file") from None
        return manifest


def versions() -> dict[str, str]:
    """Give the versions of what trains a model."""
    from importlib.metadata import version

    libraries = ("headline-topics", "numpy", "scikit-learn", "scipy", "joblib")
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}


def manifest_path(path: Path) -> Path:
    """Give the manifest's place beside a model file."""
    return path.with_name(path.stem + ".manifest.json")


def write_model(path: str | Path, payload: Mapping[str, Any], **described: Any) -> Manifest:
    """Write a model and its manifest.

    Parameters
    ----------
    path : str or Path
        The joblib file; ``NAME.manifest.json`` is written beside ``NAME.joblib``.
    payload : mapping
        Plain data.
    **described
        The manifest's fields but `content`, `files` and `format`.

    Returns
    -------
    Manifest

    Raises
    ------
    OutputError
        When a file can't be written.
    """
    import joblib

    path = Path(path)
    plain = _plain(payload, {})
    buffer = io.BytesIO()
    joblib.dump(plain, buffer, compress=0, protocol=4)
    data = buffer.getvalue()
    manifest = Manifest(
        content=content_hash(plain),
        files={path.name: hashlib.sha256(data).hexdigest()},
        **described,
    )
    with replacing(path) as file:
        file.write(data)
    with replacing(manifest_path(path)) as file:
        file.write(manifest.to_json())
    return manifest


def _plain(value: Any, known: dict[Any, Any]) -> Any:
    """Copy plain data, equal strings as one object, so that a pickle's bytes are the values'."""
    if isinstance(value, Mapping):
        return {_plain(k, known): _plain(v, known) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, known) for v in value]
    if isinstance(value, str | bytes):
        return known.setdefault((type(value), value), value)
    if value is None or type(value) in (bool, int, float):
        return value
    raise TypeError(f"a model holds plain data only, got {type(value).__name__}")


class _PlainUnpickler(pickle.Unpickler):
    """Builds plain data; a file that asks for anything else is refused before it is run."""

    def find_class(self, module: str, name: str) -> Any:
        raise ModelError(f"asks for {module}.{name}; a model holds plain data only")

    def persistent_load(self, identity: Any) -> Any:
        raise ModelError("refers to an outside object; a model holds plain data only")


def read_model(path: str | Path) -> tuple[dict[str, Any], Manifest]:
    """Read a model after its manifest has vouched for every byte.

    Parameters
    ----------
    path : str or Path
        The joblib file.

    Returns
    -------
    payload : dict
    manifest : Manifest

    Raises
    ------
    ModelError
        When a file is missing, changed, of a newer format, or no plain data.
    """
    path = Path(path)
    manifest = Manifest.read(manifest_path(path))
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise ModelError(f"{path}: can't be read ({error.strerror})") from None
    if size > MAX_BYTES:
        raise ModelError(f"{path}: {size:,} bytes, a model has at most {MAX_BYTES:,}")
    found, stated = hashlib.sha256(data).hexdigest(), manifest.files.get(path.name)
    if found != stated:
        raise ModelError(
            f"{path}: SHA-256 is {found[:12]}…, the manifest says {str(stated)[:12]}…; the file "
            "was changed, restore it or train again"
        )
    try:
        payload = _PlainUnpickler(io.BytesIO(data)).load()
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    except Exception as error:  # a damaged pickle raises anything
        raise ModelError(f"{path}: not a model ({type(error).__name__}: {error})") from None
    if not isinstance(payload, dict) or content_hash(payload) != manifest.content:
        raise ModelError(f"{path}: the data isn't what the manifest describes; train again")
    return payload, manifest
