"""Versions of a model in a folder, one of them the champion."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.errors import ModelError, OutputError
from headlines.files import MODELS
from headlines.persistence.audit import AuditLog, AuditRecord
from headlines.persistence.folder import (
    MIN_DIGITS,
    MODEL_FILE,
    QUARANTINE,
    VERSION,
    ModelVersion,
    Pointer,
    VersionFolder,
)
from headlines.persistence.modelfile import Manifest, read_manifest
from headlines.persistence.plainfile import is_plain
from headlines.persistence.schema import LabelerData

if TYPE_CHECKING:
    from headlines.persistence.locking import LockOwner

CHAMPION = "champion"
"""What a registry's own model is called beside its named ones."""

NAME = r"[a-z][a-z0-9_-]*"
"""How models are named; other references are numbers and paths."""

MAX_NAMED = 20
"""Versions that a message names."""

MAX_RECORDS_ASKED = 100
"""Last records that name a version, among which the highest number given is looked for."""

MAX_EARLIER_CHAMPIONS = 20
"""Earlier champions that the pointer remembers."""


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
    what was done and why. A folder in it with a pointer of its own is the registry of another
    model, which has the folder's name. A version is written beside the others and renamed when
    it is whole; the pointer is replaced in one step. One process writes at a time; readers take
    no lock.

    Examples
    --------
    >>> ModelRegistry().champion().name
    '0001'
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else MODELS
        self._folder = VersionFolder(self.path)

    def __repr__(self) -> str:
        return f"ModelRegistry({str(self.path)!r})"

    @property
    def audit(self) -> AuditLog:
        """The log of what was done to this registry."""
        return AuditLog(self.path / "audit.jsonl")

    @property
    def quarantine_path(self) -> Path:
        """Where a run keeps the rows that it couldn't read; raises ModelError if it isn't plain."""
        place = self.path / QUARANTINE
        is_plain(place)
        return place

    # ------------------------------------------------------------------ reading

    def count(self) -> int:
        """Count the versions, one that is half gone among them."""
        return len(self._folder.names_taken())

    def versions(self) -> list[ModelVersion]:
        """Give all finished versions, the oldest first."""
        pointer = self._folder.pointer_or_none()
        return [self._folder.version(name, pointer) for name in self._folder.names()]

    def newest(self, most: int) -> list[ModelVersion]:
        """Give so many of the finished versions at most, the newest first."""
        pointer = self._folder.pointer_or_none()
        return [self._folder.version(name, pointer) for name in islice(self._folder.newest(), most)]

    def champion(self) -> ModelVersion:
        """Give the champion.

        Raises
        ------
        ModelError
            When there is none, or its manifest isn't the one that was promoted.
        """
        while True:
            pointer = self._folder.pointer()
            version = self._folder.version(pointer.version, pointer)
            try:
                _ = version.manifest
                return version
            except ModelError:
                # Replaced and pruned since the pointer was read: take the new one.
                if self._folder.pointer() == pointer:
                    raise

    def champion_or_none(self) -> ModelVersion | None:
        """Give the champion, or None in a registry that has had none yet."""
        try:
            self._folder.pointer_path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            pass  # there may be one; `champion` says what is the matter
        return self.champion()

    def named(self) -> dict[str, ModelRegistry]:
        """Give the registries of the models that are kept beside this one's, by name."""
        pointers = sorted(self.path.glob("*/champion.json"))
        found = [p.parent for p in pointers if re.fullmatch(NAME, p.parent.name)]
        return {place.name: type(self)(place) for place in found if is_plain(place, folder=True)}

    def version(self, name: str) -> ModelVersion:
        """Give a version by its name, or by its number: 2 is 0002.

        Raises
        ------
        ModelError
            When there is no such version.
        """
        wanted = name.lstrip("0").zfill(MIN_DIGITS) if name.isdecimal() else name
        if re.fullmatch(VERSION, wanted) and self._folder.has(wanted):
            return self._folder.version(wanted, self._folder.pointer_or_none())
        names = self._folder.names()
        known = ", ".join(names[-MAX_NAMED:]) or "(none)"
        newest = f"the newest of {len(names)}" if len(names) > MAX_NAMED else "the versions"
        raise ModelError(f"{self.path}: no version {name!r}; {newest} are {known}")

    def find(self, ref: str | Path | None = None) -> ModelVersion:
        """Find a model.

        Parameters
        ----------
        ref : str or Path, optional
            ``champion`` or the name of a model here (`named`), the number of a version here, a
            ``.joblib`` file, a folder that holds one, or another registry's folder (its
            champion). The champion here by default. ``./world`` is a path, ``world`` a name.

        Raises
        ------
        ModelError
            When there is none.
        """
        if ref is None or ref == CHAMPION:
            return self.champion()
        if ref in (named := self.named()):
            return named[str(ref)].champion()
        path = Path(ref)
        if path.is_dir():
            if (path / MODEL_FILE).is_file():
                return ModelVersion(path.name, path / MODEL_FILE)
            return ModelRegistry(path).champion()
        if path.suffix == ".joblib" or path.is_file():
            if not path.is_file():
                said = "no model there; `headlines models list` shows what there is"
                raise ModelError(f"{path}: {said}")
            return ModelVersion(path.name, path)
        if not str(ref).isdecimal():
            raise ModelError(
                f"{path}: no model there, and none of that name: name a file, a folder, a "
                f"version's number, or {' or '.join([CHAMPION, *named])}, as "
                "`headlines models list` shows them"
            )
        return self.version(str(ref))

    def read(
        self, ref: str | Path | None = None, *, key: str | Path | None = None
    ) -> tuple[LabelerData, Manifest, ModelVersion]:
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

    def writer(self) -> LockOwner | None:
        """Give the process that holds the registry for writing, or that died while it did."""
        from headlines.persistence.locking import WriterLock

        return WriterLock(self.path).owner()

    # ------------------------------------------------------------------ writing

    def add(self, write: Callable[[Path], object]) -> ModelVersion:
        """Add a version; it appears when it is whole.

        Parameters
        ----------
        write : callable
            Writes the model and its manifest to the path that it is given.

        Raises
        ------
        OutputError
            When it can't be written; nothing is left of it then.
        """
        taken = [*self._folder.names_taken(), *self._names_told()]
        return self._folder.add(f"{max(map(int, taken), default=0) + 1:0{MIN_DIGITS}d}", write)

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
        # The champions so far, the latest first; none where the pointer is damaged.
        current = self._folder.pointer_or_none()
        earlier = (current.version, *current.previous) if current else ()
        return self._point_to(name, earlier, "promoted", facts or {}, key)

    def rollback(self, facts: Mapping[str, Any] | None = None) -> ModelVersion:
        """Make the champion before this one the champion again.

        Raises
        ------
        ModelError
            When there was none before, or it was pruned or isn't whole.
        """
        current = self._folder.pointer()
        if not current.previous:
            raise ModelError(
                f"{self.path}: version {current.version} is the first champion; there is none "
                "to go back to"
            )
        told = {"from": current.version, **(facts or {})}
        return self._point_to(current.previous[0], current.previous[1:], "rolled back", told, None)

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
        pointer = self._folder.pointer()
        names = self._folder.names()
        wanted = dict.fromkeys([pointer.version, *pointer.previous[:1], *reversed(names)])
        there = filter(set(names).__contains__, wanted)
        spared = {pointer.version, *islice(there, keep + 1)}
        gone = [name for name in names if name not in spared]
        self._folder.retire(gone)
        self._drop_pruned({"kept": sorted(spared)})
        return gone

    def _drop_pruned(self, facts: Mapping[str, Any]) -> None:
        """Delete versions that were taken out of the list, and tell the log."""

        def tell(names: list[str]) -> None:
            last = self.audit.last()
            told = last.facts["versions"] if last and last.event == "pruned" else ()
            if untold := [name for name in names if name not in told]:
                self.audit.append("pruned", {"versions": untold, **facts})

        self._folder.drop_retired(tell)

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
        others = tuple(n for n in previous if n != name)[:MAX_EARLIER_CHAMPIONS]
        pointer = Pointer(version=name, manifest_sha256=sha256, previous=others)
        # Told before it is done: a kill between the two shows, and `lock` settles it.
        self.audit.append(event, {**facts, "version": name, "manifest_sha256": sha256})
        try:
            self._folder.point_to(pointer)
        except OutputError as error:
            with contextlib.suppress(OutputError):  # the pointer's fault is what to report
                self.audit.append("failed", {"version": name, "error": str(error)})
            raise
        return self._folder.version(name, pointer)

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

        with self._folder.writing():
            self.path.mkdir(parents=True, exist_ok=True)
        with WriterLock(self.path).hold(self._folder.sweep) as stale:
            self._settle(stale)
            self._drop_pruned({})
            yield stale

    def _settle(self, stale: LockOwner | None) -> None:
        """Tell the audit log how a run ended that was killed before it could."""
        last = self.audit.last()
        if last is None and stale is None:
            return
        event, facts = (last.event, last.facts) if last else (None, {})
        pointer = self._folder.pointer_or_none()
        moved = event in ("promoted", "rolled back")
        done = pointer is not None and (pointer.version, pointer.manifest_sha256) == (
            facts.get("version"), facts.get("manifest_sha256"),
        )  # fmt: skip
        accepted = event == "decided" and facts.get("accepted")
        cut = (moved and not done) or event == "started" or accepted
        if cut or stale is not None:
            told: dict[str, Any] = {"process": stale and asdict(stale)}
            if cut or (stale is not None and last is not None and last.time >= stale.since):
                told |= {"run": facts.get("run"), "after": event}
            told["champion"] = pointer and pointer.version
            self.audit.append("interrupted", {k: v for k, v in told.items() if v is not None})

    def _names_told(self) -> list[str]:
        """Give the versions named last in the log: a pruned one gives its name to no other."""
        told = ([r.facts.get("version"), *_pruned(r)] for r in self.audit.newest())
        named = ([n for n in names if isinstance(n, str)] for names in told)
        last = islice(filter(None, named), MAX_RECORDS_ASKED)
        return [name for names in last for name in names if re.fullmatch(VERSION, name)]


def _pruned(record: AuditRecord) -> Sequence[Any]:
    return record.facts["versions"] if record.event == "pruned" else ()
