"""Versions of a model in a folder, one of them the champion."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.errors import ModelError, OutputError
from headlines.files import MODELS, replacing, sync_folder
from headlines.persistence.audit import AuditLog
from headlines.persistence.modelfile import Manifest, manifest_path, read_manifest, read_model

if TYPE_CHECKING:
    from headlines.persistence.locking import LockOwner

__all__ = ["ModelRegistry", "ModelVersion"]

MODEL_FILE = "labeler.joblib"
SIGNATURE_SUFFIX = ".minisig"
MEMORY = 20
"""Earlier champions that the pointer remembers."""

MIN_DIGITS = 4
"""Of a version's name; zeros go before a smaller number."""

_VERSION = rf"[0-9]{{{MIN_DIGITS},18}}"
_SHA256 = r"[0-9a-f]{64}"
_HALF_WRITTEN = r"\.(champion\.json|\.?lock\.owner|retrain\.quarantine\.jsonl)\..+"


@dataclass(frozen=True)
class ModelVersion:
    """One version of a registry, or a model file outside of any.

    Attributes
    ----------
    name : str
    path : Path
        Its joblib file.
    champion : bool
    sha256 : str or None
        Of its manifest, where the champion pointer states it.
    """

    name: str
    path: Path
    champion: bool = False
    sha256: str | None = None

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest beside the file, checked as far as it vouches for itself."""
        return read_manifest(self.path, self.sha256)[0]

    def read(self, key: str | Path | None = None) -> tuple[dict[str, Any], Manifest]:
        """Read the model, every byte checked.

        Parameters
        ----------
        key : str or Path, optional
            A public key, by which the manifest has to be signed.

        Raises
        ------
        ModelError
            When a byte was changed, or the signature is missing or wrong.
        """
        if key is not None:
            self.check_signature(key)
        return read_model(self.path, sha256=self.sha256)

    def check_signature(self, key: str | Path) -> str:
        """Check the signature of the manifest and give its comment; raises ModelError."""
        from headlines.persistence.signing import verify

        _, data = read_manifest(self.path, self.sha256)
        place = signature_path(self.path)
        try:
            with place.open("rb") as file:
                signature = file.read(1 << 16)
        except OSError as error:
            raise ModelError(
                f"{place}: no signature there ({error.strerror}), and one is required; sign the "
                "version with `headlines models sign`, or don't use it"
            ) from None
        return verify(data, signature, key, where=str(place))


def signature_path(path: Path) -> Path:
    """Give the place of the signature of a model's manifest."""
    place = manifest_path(path)
    return place.with_name(place.name + SIGNATURE_SUFFIX)


class ModelRegistry:
    """A folder of model versions and a pointer to the champion.

    Parameters
    ----------
    path : str or Path, optional
        The folder; the shipped models by default.

    Notes
    -----
    ``versions/0001/labeler.joblib`` with its manifest is a version; ``champion.json`` names the
    champion, the SHA-256 of its manifest, and the champions before it; ``audit.jsonl`` tells
    what was done and why. A version is written beside the others and renamed when it is whole;
    the pointer is replaced in one step. One process writes at a time; readers take no lock.

    Examples
    --------
    >>> ModelRegistry().champion().name
    '0001'
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else MODELS

    def __repr__(self) -> str:
        return f"ModelRegistry({str(self.path)!r})"

    @property
    def audit(self) -> AuditLog:
        """The log of what was done to this registry."""
        return AuditLog(self.path / "audit.jsonl")

    # ------------------------------------------------------------------ reading

    def versions(self) -> list[ModelVersion]:
        """Give all finished versions, the oldest first."""
        try:
            pointer: Mapping[str, Any] = self._pointer()
        except ModelError:  # no champion, or none to be trusted: none is marked
            pointer = {}
        return [
            ModelVersion(
                name,
                self._file(name),
                name == pointer.get("version"),
                pointer["manifest_sha256"] if name == pointer.get("version") else None,
            )
            for name in self._names()
        ]

    def champion(self) -> ModelVersion:
        """Give the champion.

        Raises
        ------
        ModelError
            When there is none, or its manifest isn't the one that was promoted.
        """
        while True:
            pointer = self._pointer()
            name = pointer["version"]
            version = ModelVersion(name, self._file(name), True, pointer["manifest_sha256"])
            try:
                _ = version.manifest
                return version
            except ModelError:
                # Replaced and pruned since the pointer was read: take the new one.
                if self._pointer() == pointer:
                    raise

    def champion_or_none(self) -> ModelVersion | None:
        """Give the champion, or None in a registry that has had none yet."""
        try:
            self._pointer_path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            pass  # there may be one; `champion` says what is the matter
        return self.champion()

    def version(self, name: str) -> ModelVersion:
        """Give a version by its name, or by its number: 2 is 0002.

        Raises
        ------
        ModelError
            When there is no such version.
        """
        found = self.versions()
        wanted = name.lstrip("0").zfill(MIN_DIGITS) if name.isdecimal() else name
        for version in found:
            if version.name == wanted:
                return version
        known = ", ".join(v.name for v in found) or "(none)"
        raise ModelError(f"{self.path}: no version {name!r}; the versions are {known}")

    def find(self, ref: str | Path | None = None) -> ModelVersion:
        """Find a model.

        Parameters
        ----------
        ref : str or Path, optional
            A ``.joblib`` file, a folder that holds one, another registry's folder (its
            champion), or the name of a version here. The champion here by default.

        Returns
        -------
        ModelVersion

        Raises
        ------
        ModelError
            When there is none.
        """
        if ref is None:
            return self.champion()
        path = Path(ref)
        if path.is_dir():
            if (path / MODEL_FILE).is_file():
                return ModelVersion(path.name, path / MODEL_FILE)
            return ModelRegistry(path).champion()
        if path.suffix == ".joblib" or path.is_file():
            if not path.is_file():
                raise ModelError(
                    f"{path}: no model there; `headlines models list` shows what there is"
                )
            return ModelVersion(path.name, path)
        if not str(ref).isdecimal():
            raise ModelError(
                f"{path}: no model there, and no version: name a file, a folder, or a version's "
                f"number, as `headlines models list` shows them"
            )
        return self.version(str(ref))

    def read(
        self, ref: str | Path | None = None, *, key: str | Path | None = None
    ) -> tuple[dict[str, Any], Manifest, ModelVersion]:
        """Find a model and read it, every byte checked.

        Parameters
        ----------
        ref : str or Path, optional
            As for `find`.
        key : str or Path, optional
            A public key, by which the manifest has to be signed.

        Raises
        ------
        ModelError
            When there is no such model or a byte of it was changed.
        """
        while True:
            version = self.find(ref)
            try:
                return *version.read(key), version
            except ModelError:
                # A champion that was replaced and pruned while it was read: take the new one.
                if not version.champion:
                    raise
                now = self.find(ref)
                if (now.path, now.sha256) == (version.path, version.sha256):
                    raise

    # ------------------------------------------------------------------ writing

    def add(self, write: Callable[[Path], object]) -> ModelVersion:
        """Add a version; it appears when it is whole.

        Parameters
        ----------
        write : callable
            Writes the model and its manifest to the path that it is given.

        Returns
        -------
        ModelVersion

        Raises
        ------
        OutputError
            When it can't be written; nothing is left of it then.
        """
        name = f"{max(map(int, self._names_taken()), default=0) + 1:0{MIN_DIGITS}d}"
        folder = self._file(name).parent
        beside = folder.with_name(f".{name}.new")
        try:
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir(parents=True)
            write(beside / MODEL_FILE)
            sync_folder(beside)
            os.replace(beside, folder)
            sync_folder(folder.parent)
        except OSError as error:
            raise self._not_writable(error) from None
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return ModelVersion(name, folder / MODEL_FILE)

    def promote(
        self, name: str, facts: Mapping[str, Any] | None = None, *, key: str | Path | None = None
    ) -> ModelVersion:
        """Make a version the champion, after checking every byte of it.

        Parameters
        ----------
        name : str
        facts : mapping, optional
            What the audit log is told beside version and hash.
        key : str or Path, optional
            A public key, by which the manifest has to be signed.

        Raises
        ------
        ModelError
            When there is no such version or it isn't whole.
        OutputError
            When the pointer can't be written; the champion stays.
        """
        earlier = self._earlier()
        return self._point_to(name, earlier, "promoted", facts or {}, key)

    def rollback(self, facts: Mapping[str, Any] | None = None) -> ModelVersion:
        """Make the champion before this one the champion again.

        Raises
        ------
        ModelError
            When there was none before, or it was pruned or isn't whole.
        """
        current = self._pointer()
        earlier = list(current["previous"])
        if not earlier:
            raise ModelError(
                f"{self.path}: version {current['version']} is the first champion; there is none "
                "to go back to"
            )
        told = {"from": current["version"], **(facts or {})}
        return self._point_to(earlier[0], earlier[1:], "rolled back", told, None)

    def prune(self, keep: int) -> list[str]:
        """Delete versions, but neither the champion nor the newest others.

        Parameters
        ----------
        keep : int
            Versions that stay beside the champion: the champion before it, then the newest.

        Returns
        -------
        list of str
            Names of the versions deleted.

        Raises
        ------
        ModelError
            When there is no champion to be spared.
        """
        pointer = self._pointer()
        spared = [pointer["version"]]
        names = self._names()
        for name in [*pointer["previous"][:1], *reversed(names)]:
            if name in names and name not in spared and len(spared) <= keep:
                spared.append(name)
        gone = [name for name in names if name not in spared]
        try:
            for name in gone:
                # Renamed first, so that no reader meets a version of which half is gone.
                folder = self._file(name).parent
                os.replace(folder, folder.with_name(f".{name}.old"))
        except OSError as error:
            raise self._not_writable(error) from None
        self._drop_pruned({"kept": sorted(spared)})
        return gone

    def _drop_pruned(self, facts: Mapping[str, Any]) -> None:
        """Delete what was renamed for it, and tell the log.

        Emptied before it is told, since a full disk may need the room; the empty folders stay
        until it is told, so that a kill between the two loses no record.
        """
        folders = sorted(p for p in _entries(self.path / "versions") if _is(p, "old"))
        if not folders:
            return
        try:
            for folder in folders:
                for inner in folder.iterdir():
                    if inner.is_dir() and not inner.is_symlink():
                        shutil.rmtree(inner)
                    else:
                        inner.unlink()
            last = next(iter(self.audit.records()[-1:]), None)
            told = last.facts["versions"] if last and last.event == "pruned" else ()
            names = [folder.name[1:-4] for folder in folders]
            if untold := [name for name in names if name not in told]:
                self.audit.append("pruned", {"versions": untold, **facts})
            for folder in folders:
                folder.rmdir()
        except OSError as error:
            raise self._not_writable(error) from None

    def _point_to(
        self,
        name: str,
        previous: Sequence[str],
        event: str,
        facts: Mapping[str, Any],
        key: str | Path | None,
    ) -> ModelVersion:
        version = self.version(name)
        version.read(key)
        sha256 = hashlib.sha256(read_manifest(version.path)[1]).hexdigest()
        pointer = {
            "manifest_sha256": sha256,
            "previous": [n for n in previous if n != name][:MEMORY],
            "version": name,
        }
        # Told before it is done: a kill between the two shows, and `lock` settles it.
        self.audit.append(event, {**facts, "version": name, "manifest_sha256": sha256})
        try:
            with replacing(self._pointer_path) as file:
                file.write(_pointer_bytes(pointer))
        except OutputError as error:
            with contextlib.suppress(OutputError):  # the pointer's fault is what to report
                self.audit.append("failed", {"version": name, "error": str(error)})
            raise
        return ModelVersion(name, version.path, True, sha256)

    def _earlier(self) -> list[str]:
        """Give the champions so far, the latest first; none where the pointer is damaged."""
        try:
            pointer = self._pointer()
        except ModelError:
            return []
        return [pointer["version"], *pointer["previous"]]

    @contextlib.contextmanager
    def lock(self) -> Iterator[LockOwner | None]:
        """Hold the registry for writing.

        Yields
        ------
        LockOwner or None
            A process that died while it held the lock, which is taken over.

        Raises
        ------
        LockedError
            When another run holds it; the message names its process.
        OutputError
            When the folder can't be written.
        """
        from headlines.persistence.locking import WriterLock

        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._not_writable(error) from None
        with WriterLock(self.path).hold(self._sweep) as stale:
            self._settle(stale)
            self._drop_pruned({})
            yield stale

    def _settle(self, stale: LockOwner | None) -> None:
        """Tell the audit log how a run ended that was killed before it could."""
        records = self.audit.records()
        if not records and stale is None:
            return
        last, facts = (records[-1].event, records[-1].facts) if records else (None, {})
        champion = None
        with contextlib.suppress(ModelError):
            champion = self._pointer()
        moved = last in ("promoted", "rolled back")
        done = champion is not None and all(
            champion[key] == facts.get(key) for key in ("version", "manifest_sha256")
        )
        accepted = last == "decided" and facts.get("accepted")
        cut = (moved and not done) or last == "started" or accepted
        if cut or stale is not None:
            told: dict[str, Any] = {"process": stale and asdict(stale)}
            if cut or (stale is not None and records and records[-1].time >= stale.since):
                told |= {"run": facts.get("run"), "after": last}
            told["champion"] = champion and champion["version"]
            self.audit.append("interrupted", {k: v for k, v in told.items() if v is not None})

    def _sweep(self) -> None:
        """Remove what a run that was killed left half-written."""
        for left in _entries(self.path / "versions"):
            if _is(left, "new"):
                shutil.rmtree(left, ignore_errors=True)
        for left in _entries(self.path):
            if re.fullmatch(_HALF_WRITTEN, left.name):
                with contextlib.suppress(OSError):
                    left.unlink()

    def _not_writable(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self.path}: can't be written ({error.strerror}); name a folder that you may write "
            "to and that has room"
        )

    # ------------------------------------------------------------------ the pointer

    @property
    def _pointer_path(self) -> Path:
        return self.path / "champion.json"

    def _file(self, name: str) -> Path:
        return self.path / "versions" / name / MODEL_FILE

    def _names(self) -> list[str]:
        names = [p.name for p in _entries(self.path / "versions")]
        return sorted(
            (
                n
                for n in names
                if re.fullmatch(_VERSION, n) and manifest_path(self._file(n)).exists()
            ),
            key=int,
        )

    def _names_taken(self) -> list[str]:
        """Give all names that were ever in use: folders that aren't whole, pruned versions."""
        names: list[Any] = [p.name for p in _entries(self.path / "versions")]
        for record in self.audit.records():
            names.append(record.facts.get("version"))
            if record.event == "pruned":
                names += record.facts["versions"]
        return [name for name in names if isinstance(name, str) and re.fullmatch(_VERSION, name)]

    def _pointer(self) -> dict[str, Any]:
        path = self._pointer_path
        try:
            with path.open("rb") as file:
                data = file.read(1 << 16)
            pointer = json.loads(data)
            told = {"previous": [], **pointer}
            names = [told["version"], *told["previous"]]
            whole = set(told) == {"manifest_sha256", "previous", "version"}
            if not whole or not all(re.fullmatch(_VERSION, name) for name in names):
                raise ValueError(f"version {told['version']!r}")
            if (
                not re.fullmatch(_SHA256, told["manifest_sha256"])
                or _pointer_bytes(pointer) != data
            ):
                raise ValueError("was changed since it was written")
            return told
        except OSError as error:
            raise ModelError(
                f"{self.path}: no champion there ({error.strerror}); train one, or name a "
                "registry, a version or a .joblib file"
            ) from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            said = str(error)[:120]
            raise ModelError(f"{path}: not a champion pointer ({said}); promote again") from None


def _entries(folder: Path) -> list[Path]:
    """List a folder; nothing where there is none."""
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ModelError(f"{folder}: can't be read ({error.strerror})") from None


def _is(path: Path, kind: str) -> bool:
    """Whether a folder is a version that is being written (new) or deleted (old)."""
    return re.fullmatch(rf"\.{_VERSION}\.{kind}", path.name) is not None


def _pointer_bytes(pointer: Mapping[str, Any]) -> bytes:
    return (json.dumps(pointer, indent=1, sort_keys=True) + "\n").encode()
