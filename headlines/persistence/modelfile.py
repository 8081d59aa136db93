"""Models as files: a joblib file of plain data, and a manifest that vouches for it.

What is checked, in this order: the manifest's size, its SHA-256 where a champion pointer or a
signature states it, that its text is the one it was written as; the file's size and SHA-256;
every step of the file (`plaindata.scan`); the structure of its data; that data's own hash.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from headlines.errors import ModelError, short
from headlines.files import replacing
from headlines.persistence.plaindata import content_hash, dump_plain, load_plain
from headlines.persistence.scan import MAX_BYTES
from headlines.persistence.schema import LabelerData, contradicts, differs

FORMAT = 4
"""1: the first; 2: the manifest has a hash of itself, the data what drift is measured against;
3: topics' codes, whether the feed helped; 4: cross-fitted answers, the files of labels, which of
the feed's headlines weren't learned from."""

MAX_MANIFEST_BYTES = 8 << 20


@dataclass(frozen=True)
class Manifest:
    """What stands beside a model; what it says is checked when the model is loaded."""

    content: str  # `content_hash` of the data, whose first 12 digits name the model in rows
    files: dict[str, str]  # SHA-256 of each file, by name
    topics: list[str]
    embedder: dict[str, str]  # `name` and `fingerprint` of the one that it was trained for
    training: dict[str, Any]  # hashes and numbers of what it learned from
    holdout: dict[str, Any]  # the rule, and the ids of the labels that are never trained on
    scores: dict[str, Any]  # on the hold-out
    versions: dict[str, str] = field(default_factory=dict)  # of Python and the libraries at work
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Give the manifest as the bytes that are written: sorted keys, no dates."""
        content = {part.name: getattr(self, part.name) for part in fields(self)}
        if self.format > 1:  # so that a changed bit shows where nothing else vouches for it
            content["sha256"] = hashlib.sha256(_json(content)).hexdigest()
        return _json(content)

    @classmethod
    def parse(cls, data: bytes, where: Path) -> Manifest:
        """Read a manifest's bytes; `where` names it in errors.

        Raises ModelError when it is malformed, changed, or of a newer format.
        """
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as error:
            said = short(str(error))
            raise ModelError(f"{where}: not a manifest ({said}); restore the file") from None
        version = content.get("format") if isinstance(content, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise ModelError(
                f"{where}: format {short(repr(version), 20)} is newer than {FORMAT}, which this "
                "version reads; upgrade headline-topics"
            )
        if isinstance(content, dict):
            content.pop("sha256", None)  # compared below, with all else
        if odd := differs(content, cls, "it"):
            raise ModelError(f"{where}: not a manifest ({odd}); restore the file")
        manifest = cls(**content)
        try:
            same = manifest.format > 0 and manifest.to_json() == data
        except (ValueError, RecursionError):  # half a letter, or lists too deep to be written
            same = False
        if not same:
            raise ModelError(f"{where}: was changed since it was written; restore the file")
        for name, digest in manifest.files.items():
            plain = name.isprintable() and len(name) < 256 and name != ".." and "\\" not in name
            beside = name and plain and Path(name).name == name
            if not beside or not isinstance(digest, str):
                odd = short(name, 80)
                raise ModelError(f"{where}: names the file {odd!r}, which isn't beside it")
        return manifest


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def versions() -> dict[str, str]:
    """Give the versions of what trains a model."""
    from importlib.metadata import version

    libraries = ("headline-topics", "numpy", "scikit-learn", "scipy", "joblib")
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}


def manifest_path(path: Path) -> Path:
    """Give the manifest's place beside a model file."""
    return path.with_name(path.stem + ".manifest.json")


def write_model(path: str | Path, payload: Mapping[str, Any], **described: Any) -> Manifest:
    """Write a model's plain data, and its manifest beside it.

    `described` are the manifest's fields but `content`, `files` and `format`. Raises OutputError
    when a file can't be written, ModelError when it is larger than what is read.
    """
    path = Path(path)
    data, content = dump_plain(payload)
    files = {path.name: hashlib.sha256(data).hexdigest()}
    manifest = Manifest(content=content, files=files, **described)
    with replacing(path) as file:
        file.write(data)
    with replacing(manifest_path(path)) as file:
        file.write(manifest.to_json())
    return manifest


def read_manifest(path: Path, sha256: str | None = None) -> tuple[Manifest, bytes]:
    """Read the manifest of a model file, and give its bytes too.

    `sha256` is what the champion pointer states. Raises ModelError when it is missing, too large,
    malformed or not the one that is stated.
    """
    place = manifest_path(path)
    try:
        data = _read(place, MAX_MANIFEST_BYTES)
    except OSError as error:
        raise ModelError(
            f"{short(str(place), 300)}: no manifest there ({error.strerror}); a model comes "
            "with its manifest beside it. `headlines models verify FILE` tells what a file "
            "without one holds"
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise ModelError(
            f"{place}: SHA-256 is {found[:12]}…, the champion pointer says {sha256[:12]}…; "
            "the manifest was changed, restore it"
        )
    return Manifest.parse(data, place), data


def read_model(path: str | Path, *, sha256: str | None = None) -> tuple[LabelerData, Manifest]:
    """Read a model after its manifest has vouched for every byte.

    `sha256` is the manifest's, where the champion pointer states it. Raises ModelError when a
    file is missing, changed, of a newer format, or not a labeler's plain data.
    """
    path = Path(path)
    manifest, _ = read_manifest(path, sha256)
    data = _read_file(path)
    found, stated = hashlib.sha256(data).hexdigest(), manifest.files.get(path.name)
    if found != stated:
        raise ModelError(
            f"{path}: SHA-256 is {found[:12]}…, the manifest says {short(str(stated), 12)}; "
            "the file was changed, restore it or train again"
        )
    payload = _parse(path, data)
    if content_hash(payload) != manifest.content:
        raise ModelError(f"{path}: the data isn't what the manifest describes; train again")
    return payload, manifest


@dataclass(frozen=True)
class FileFacts:
    """What a model file holds, told without running or trusting it.

    `sha256` and `content` are hashes of the file's bytes and of its data; `examples` were written,
    `labels` are gold labels.
    """

    sha256: str
    content: str
    topics: list[str]
    embedder: str
    examples: int
    labels: int


def inspect_model(path: str | Path) -> FileFacts:
    """Tell what a model file holds that came without a manifest; it isn't made usable.

    Raises ModelError when it can't be read or isn't a labeler's plain data.
    """
    path = Path(path)
    data = _read_file(path)
    payload = _parse(path, data)
    written = payload["training"]["written"]["data"]
    return FileFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        content=content_hash(payload),
        topics=payload["topics"],
        embedder=payload["embedder"]["name"],
        examples=len(written) - written.count(0),
        labels=written.count(0),
    )


def _parse(path: Path, data: bytes) -> LabelerData:
    try:
        payload = load_plain(data)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    if said := differs(payload, LabelerData, "its data") or contradicts(payload):
        raise ModelError(f"{path}: not a labeler ({said}); train the model again")
    return cast(LabelerData, payload)


def _read_file(path: Path) -> bytes:
    try:
        return _read(path, MAX_BYTES)
    except OSError as error:
        raise ModelError(f"{path}: can't be read ({error.strerror})") from None


def _read(path: Path, most: int) -> bytes:
    """Read a file of a bounded size, and only a file: a pipe or device could go on for ever."""
    if not path.is_file():
        path.stat()  # raises where there is nothing
        raise ModelError(f"{path}: not a file; a model is a file with its manifest beside it")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ModelError(f"{path}: {path.stat().st_size:,} bytes, a model has at most {most:,}")
    return data
