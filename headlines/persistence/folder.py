"""A registry's folder: versions, the pointer to the champion, and what killed runs leave."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from headlines.errors import ModelError, short
from headlines.files import NAME_ANOTHER_FOLDER, replacing, sync_folder, writing
from headlines.persistence.modelfile import Manifest, manifest_path, read_manifest, read_model
from headlines.persistence.plainfile import empty_folder, is_plain, read_plain
from headlines.persistence.schema import LabelerData

MODEL_FILE = "labeler.joblib"

MIN_DIGITS = 4
"""Of a version's name; zeros go before a smaller number."""

VERSION = rf"[0-9]{{{MIN_DIGITS},18}}"
MAX_POINTER_BYTES = 1 << 16
MAX_SIGNATURE_BYTES = 1 << 16
_SHA256 = r"[0-9a-f]{64}"
_VERSION_FOLDER = rf"{VERSION}|\.{VERSION}\.(?:new|old)"
QUARANTINE = "retrain.quarantine.jsonl"
_HALF_WRITTEN = r"\.(champion\.json|\.?lock\.owner|retrain\.quarantine\.jsonl)\..+"


def signature_path(path: Path) -> Path:
    """Give the place of the signature of a model's manifest."""
    place = manifest_path(path)
    return place.with_name(place.name + ".sig")


@dataclass(frozen=True)
class ModelVersion:
    """One version of a registry, or a model file outside of any."""

    name: str
    path: Path  # its joblib file
    champion: bool = False
    sha256: str | None = None  # of its manifest, where the champion pointer states it

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest beside the file, checked as far as it vouches for itself."""
        return read_manifest(self.path, self.sha256)[0]

    def read(self, key: str | Path | None = None) -> tuple[LabelerData, Manifest]:
        """Read the model, every byte checked, and its signature by a public key where one is given.

        Raises ModelError when a byte was changed, or the signature is missing or wrong.
        """
        if key is not None:
            self.check_signature(key)
        return read_model(self.path, sha256=self.sha256)

    def sign(self, key: str | Path) -> Path:
        """Sign the manifest with a private key; gives the signature's place."""
        from headlines.persistence.signing import sign

        signature = sign(read_manifest(self.path, self.sha256)[1], key)
        place = signature_path(self.path)
        with replacing(place) as file:
            file.write(signature)
        return place

    def check_signature(self, key: str | Path) -> None:
        """Check the signature of the manifest by a public key; raises ModelError."""
        from headlines.persistence.signing import verify

        _, data = read_manifest(self.path, self.sha256)
        place = signature_path(self.path)
        try:
            with place.open("rb") as file:
                signature = file.read(MAX_SIGNATURE_BYTES)
        except OSError as error:
            raise ModelError(
                f"{place}: no signature there ({error.strerror}), and one is required; sign the "
                "version with `headlines models sign`, or don't use it"
            ) from None
        verify(data, signature, key, where=str(place))


@dataclass(frozen=True)
class Pointer:
    """What ``champion.json`` says."""

    version: str
    manifest_sha256: str
    previous: tuple[str, ...] = ()  # the champions before it, the latest first

    @classmethod
    def parse(cls, data: bytes) -> Pointer:
        """Read the file's bytes; raises ValueError, KeyError or TypeError when they aren't ours."""
        content = json.loads(data)
        told = {"previous": [], **content}
        names = [told["version"], *told["previous"]]
        known = set(told) == {"manifest_sha256", "previous", "version"}
        if not known or not all(re.fullmatch(VERSION, name) for name in names):
            raise ValueError(f"version {told['version']!r}")
        if not re.fullmatch(_SHA256, told["manifest_sha256"]) or _json(content) != data:
            raise ValueError("was changed since it was written")
        return cls(told["version"], told["manifest_sha256"], tuple(told["previous"]))

    def to_json(self) -> bytes:
        """Give the bytes that are written."""
        return _json(asdict(self))


class VersionFolder:
    """The files of a registry, of which one process writes at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.versions_path = path / "versions"
        self.pointer_path = path / "champion.json"

    def file(self, name: str) -> Path:
        """Give the place of a version's model."""
        return self.versions_path / name / MODEL_FILE

    def names(self) -> list[str]:
        """Give the finished versions, the oldest first."""
        return list(self.newest())[::-1]

    def newest(self) -> Iterator[str]:
        """Give the finished versions, the newest first, looking at no more than is asked for."""
        for name in sorted(self.names_taken(), key=int, reverse=True):
            if self.has(name):
                yield name

    def has(self, name: str) -> bool:
        """Say whether a finished version of that name is there."""
        return manifest_path(self.file(name)).exists()

    def names_taken(self) -> list[str]:
        """Give the names of all versions that are there, whole or not."""
        is_plain(self.versions_path, folder=True)
        return [name for name in _names(self.versions_path) if re.fullmatch(VERSION, name)]

    def version(self, name: str, pointer: Pointer | None) -> ModelVersion:
        """Describe a version, the champion where the pointer names it.

        Raises ModelError where it, or what it is made of, isn't plain.
        """
        path = self.file(name)
        for folder in (self.versions_path, path.parent):
            is_plain(folder, folder=True)
        for file in (path, manifest_path(path), signature_path(path)):
            is_plain(file)
        if pointer is None or pointer.version != name:
            return ModelVersion(name, path)
        return ModelVersion(name, path, champion=True, sha256=pointer.manifest_sha256)

    def pointer(self) -> Pointer:
        """Read the pointer; raises ModelError when there is none, or not one that was written."""
        try:
            return Pointer.parse(read_plain(self.pointer_path, MAX_POINTER_BYTES))
        except OSError as error:
            raise ModelError(
                f"{self.path}: no champion there ({error.strerror}); train one, or name a "
                "registry, a version or a .joblib file"
            ) from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            said = f"not a champion pointer ({short(str(error))}); promote again"
            raise ModelError(f"{self.pointer_path}: {said}") from None

    def pointer_or_none(self) -> Pointer | None:
        """Read the pointer; None where there is none, or none to be trusted."""
        with contextlib.suppress(ModelError):
            return self.pointer()
        return None

    def point_to(self, pointer: Pointer) -> None:
        """Replace the pointer in one step; raises OutputError."""
        is_plain(self.pointer_path)
        with replacing(self.pointer_path) as file:
            file.write(pointer.to_json())

    def add(self, name: str, write: Callable[[Path], object]) -> ModelVersion:
        """Write a version beside the others, and rename it when it is whole."""
        folder = self.file(name).parent
        beside = folder.with_name(f".{name}.new")
        try:
            with self.writing():
                shutil.rmtree(beside, ignore_errors=True)
                beside.mkdir(parents=True)
                write(beside / MODEL_FILE)
                sync_folder(beside)
                os.replace(beside, folder)
                sync_folder(folder.parent)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return ModelVersion(name, folder / MODEL_FILE)

    def retire(self, names: Sequence[str]) -> None:
        """Rename versions before they are deleted: no reader meets one of which half is gone."""
        with self.writing():
            for name in names:
                folder = self.file(name).parent
                is_plain(folder, folder=True)
                os.replace(folder, folder.with_name(f".{name}.old"))

    def drop_retired(self, tell: Callable[[list[str]], object]) -> None:
        """Delete what was renamed for it, and tell of it by name.

        Emptied before it is told, since a full disk may need the room; the empty folders stay
        until it is told, so that a kill between the two loses no record.
        """
        names = sorted(name for name in _names(self.versions_path) if _is(name, "old"))
        folders = [self.versions_path / name for name in names]
        if not folders:
            return
        with self.writing():
            for folder in folders:
                empty_folder(folder)
            tell([folder.name[1:-4] for folder in folders])
            for folder in folders:
                folder.rmdir()

    def sweep(self) -> None:
        """Remove what a run that was killed left half-written; refuse what isn't plain."""
        is_plain(self.versions_path, folder=True)
        for name in ("audit.jsonl", QUARANTINE, self.pointer_path.name):
            is_plain(self.path / name)
        for name in _odd_ones(self.versions_path):
            if re.fullmatch(_VERSION_FOLDER, name):
                is_plain(self.versions_path / name, folder=True)
        for name in _names(self.versions_path):
            if _is(name, "new"):
                shutil.rmtree(self.versions_path / name, ignore_errors=True)
        for name in _names(self.path):
            if re.fullmatch(_HALF_WRITTEN, name):
                with contextlib.suppress(OSError):
                    (self.path / name).unlink()

    def writing(self) -> AbstractContextManager[None]:
        """Write in the folder: raises OutputError where the block can't."""
        return writing(self.path, NAME_ANOTHER_FOLDER)


def _names(folder: Path) -> list[str]:
    """List a folder; nothing where there is none."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ModelError(f"{folder}: can't be read ({error.strerror})") from None


def _odd_ones(folder: Path) -> list[str]:
    """Give the names of what isn't a folder in a folder, at one look for all of it."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ModelError(f"{folder}: can't be read ({error.strerror})") from None


def _is(name: str, kind: str) -> bool:
    """Whether a folder is a version that is being written (new) or deleted (old)."""
    return name.endswith(kind) and re.fullmatch(rf"\.{VERSION}\.{kind}", name) is not None


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
