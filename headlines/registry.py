"""Versions of a model in a folder, one of them the champion."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headlines.errors import LockedError, ModelError, OutputError
from headlines.output import replacing
from headlines.persistence import Manifest, manifest_path, read_model
from headlines.static import MODELS

__all__ = ["ModelRegistry", "ModelVersion"]

MODEL_FILE = "labeler.joblib"
_VERSION = r"[0-9]{4,}"


@dataclass(frozen=True)
class ModelVersion:
    """One version: its name, its file, and whether it is the champion."""

    name: str
    path: Path
    champion: bool

    @property
    def manifest(self) -> Manifest:
        """The manifest beside the file."""
        return Manifest.read(manifest_path(self.path))


class ModelRegistry:
    """A folder of model versions and a pointer to the champion.

    Parameters
    ----------
    path : str or Path, optional
        The folder; the shipped models by default.

    Notes
    -----
    ``versions/0001/labeler.joblib`` with its manifest is a version; ``champion.json`` names
    the champion and the SHA-256 of its manifest. Readers take no lock.

    Examples
    --------
    >>> ModelRegistry().champion().name
    '0001'
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else MODELS

    def __repr__(self) -> str:
        return f"ModelRegistry({str(self.path)!r})"

    def versions(self) -> list[ModelVersion]:
        """Give all finished versions, the oldest first."""
        champion = self._pointer().get("version") if self._pointer_is_whole() else None
        found = [ModelVersion(n, self._file(n), n == champion) for n in self._names()]
        return [version for version in found if manifest_path(version.path).is_file()]

    def champion(self) -> ModelVersion:
        """Give the champion.

        Raises
        ------
        ModelError
            When there is none, or its manifest isn't the one that was promoted.
        """
        pointer = self._pointer()
        name, stated = str(pointer["version"]), str(pointer["manifest_sha256"])
        version = ModelVersion(name, self._file(name), champion=True)
        found = _manifest_sha256(version)
        if found != stated:
            raise ModelError(
                f"{manifest_path(version.path)}: SHA-256 is {found[:12]}…, the champion pointer "
                f"says {stated[:12]}…; the manifest was changed, restore it"
            )
        return version

    def champion_or_none(self) -> ModelVersion | None:
        """Give the champion, or None in a registry that has had none yet."""
        return self.champion() if self._pointer_path.exists() else None

    def version(self, name: str) -> ModelVersion:
        """Give a version by its name.

        Raises
        ------
        ModelError
            When there is no such version.
        """
        for version in self.versions():
            if version.name == name:
                return version
        known = ", ".join(v.name for v in self.versions()) or "(none)"
        raise ModelError(f"{self.path}: no version {name!r}; the versions are {known}")

    def model_file(self, ref: str | Path | None = None) -> Path:
        """Find a model file.

        Parameters
        ----------
        ref : str or Path, optional
            A ``.joblib`` file, a folder that holds one, another registry's folder (its
            champion), or the name of a version here. The champion here by default.

        Returns
        -------
        Path

        Raises
        ------
        ModelError
            When there is none.
        """
        if ref is None:
            return self.champion().path
        path = Path(ref)
        if path.is_dir():
            if (path / MODEL_FILE).is_file():
                return path / MODEL_FILE
            return ModelRegistry(path).champion().path
        if path.suffix == ".joblib" or path.is_file():
            if not path.is_file():
                raise ModelError(
                    f"{path}: no model there; `headlines models list` shows what there is"
                )
            return path
        return self.version(str(ref)).path

    def verify(self, version: ModelVersion) -> Manifest:
        """Check every byte of a version and give its manifest; raises ModelError."""
        if version.champion:
            self.champion()
        return read_model(version.path)[1]

    def next_path(self) -> Path:
        """Make the folder of the next version and give the place of its model file."""
        number = max(map(int, self._names()), default=0) + 1
        folder = self.path / "versions" / f"{number:04d}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._not_writable(error) from None
        return folder / MODEL_FILE

    def promote(self, name: str) -> ModelVersion:
        """Make a version the champion, after checking it; raises ModelError."""
        version = self.version(name)
        read_model(version.path)
        pointer = {"manifest_sha256": _manifest_sha256(version), "version": name}
        with replacing(self._pointer_path) as file:
            file.write((json.dumps(pointer, indent=1) + "\n").encode())
        return ModelVersion(name, version.path, champion=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the registry for writing; raises LockedError when another run holds it."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise LockedError(f"{self.path}: another run holds the lock; try again later") from None
        except OSError as error:
            raise self._not_writable(error) from None
        try:
            yield
        finally:
            lock.release()

    def _not_writable(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self.path}: can't be written ({error.strerror}); name a folder that you may write to"
        )

    @property
    def _pointer_path(self) -> Path:
        return self.path / "champion.json"

    def _file(self, name: str) -> Path:
        return self.path / "versions" / name / MODEL_FILE

    def _names(self) -> list[str]:
        folder = self.path / "versions"
        names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        return sorted(name for name in names if re.fullmatch(_VERSION, name))

    def _pointer_is_whole(self) -> bool:
        try:
            self._pointer()
        except ModelError:
            return False
        return True

    def _pointer(self) -> dict[str, Any]:
        path = self._pointer_path
        try:
            pointer = json.loads(path.read_bytes())
            if not re.fullmatch(_VERSION, pointer["version"]):
                raise ValueError(f"version {pointer['version']!r}")
            return {key: pointer[key] for key in ("version", "manifest_sha256")}
        except OSError as error:
            raise ModelError(
                f"{self.path}: no champion there ({error.strerror}); train one, or name a "
                "registry, a version or a .joblib file"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path}: not a champion pointer ({error!r}); promote again") from None


def _manifest_sha256(version: ModelVersion) -> str:
    try:
        return hashlib.sha256(manifest_path(version.path).read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{manifest_path(version.path)}: {error.strerror}") from None
