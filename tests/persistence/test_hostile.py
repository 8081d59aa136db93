"""Claims about hostile model files: refused in one line, nothing run, nothing exhausted."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
from conftest import ROOT
from hostile_files import CANARY, STORED, Canary, Case, all_cases, attack, sound
from hypothesis import given
from hypothesis import strategies as st

from headlines import HeadlineLabeler, ModelRegistry
from headlines.errors import HeadlinesError, ModelError
from headlines.persistence.folder import signature_path
from headlines.persistence.modelfile import manifest_path, read_model
from headlines.persistence.plaindata import dump_plain, load_plain
from headlines.persistence.scan import scan
from headlines.persistence.signing import make_keys

CASES = all_cases()
# Of the long groups, in which one case is like the other, every fourth.
MANY = ("data of another structure", "an object in a place", "manifests")
SHORT = [c for g in MANY for c in [c for c in CASES if c.group == g and not c.heavy][::4]]
LIGHT = [c for c in CASES if c.group not in MANY and not c.heavy and not c.harmless] + SHORT
EMBEDDERS = [c for c in CASES if c.group == "embedders" and c.heavy]
BOMBS = [c for c in CASES if c.heavy and c.group != "embedders" and not c.harmless][::7]
DATA = dump_plain(sound())[0]

# Refuses more address space than it has, tries one model, and says how that ended.
LIMITED = """
import json, resource, sys
sys.path.insert(0, "tests/persistence")
from hostile_files import attack
from headlines import HeadlinesError
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
try:
    attack(__import__("pathlib").Path(sys.argv[1]))
except HeadlinesError as error:
    print(json.dumps(str(error)))
"""


def _ids(case: Case) -> str:
    return f"{case.group}-{case.name}"


def _is_one_line(said: str) -> bool:
    return said.isprintable() and 0 < len(said) < 600


@pytest.mark.parametrize("case", LIGHT, ids=_ids)
def test_a_hostile_file_is_refused_and_nothing_runs(case: Case, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    with pytest.raises(HeadlinesError) as error:
        attack(path)
    assert _is_one_line(str(error.value))
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("case", EMBEDDERS, ids=_ids)
def test_no_embedder_that_a_manifest_names_runs_code(case: Case, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    with pytest.raises(HeadlinesError) as error:
        attack(path)
    assert _is_one_line(str(error.value))
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("case", [c for c in CASES if c.canary][::12], ids=_ids)
def test_plain_joblib_would_have_run_it(case: Case, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    joblib.load(path)
    assert (tmp_path / CANARY).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS counts as meant on Linux")
@pytest.mark.parametrize("case", BOMBS, ids=_ids)
def test_a_bomb_is_refused_in_a_gigabyte_of_addresses(case: Case, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path), str(1 << 30)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert _is_one_line(json.loads(done.stdout))


@pytest.mark.parametrize("case", [c for c in CASES if c.harmless and not c.heavy], ids=_ids)
def test_what_is_odd_but_data_loads(case: Case, tmp_path: Path) -> None:
    assert attack(case.make(tmp_path))


def test_any_flipped_bit_and_any_cut_of_a_signed_champion_is_refused(tmp_path: Path) -> None:
    _, public = make_keys(tmp_path)
    registry = ModelRegistry(tmp_path / "registry")
    with registry.lock():
        version = registry.add(lambda path: HeadlineLabeler.load(STORED).save(path))
        version.sign(public.with_suffix(".key"))
        registry.promote("0001", key=public)
    files = [version.path, manifest_path(version.path), signature_path(version.path)]
    files.append(registry.path / "champion.json")
    registry.read(key=public)
    rng = random.Random(0)
    for number in range(60):
        path = files[number % 4]
        whole = path.read_bytes()
        place = rng.randrange(len(whole))
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.randrange(8)
        path.write_bytes(changed if number < 40 else whole[:place])
        with pytest.raises(HeadlinesError):
            registry.read(key=public)
        path.write_bytes(whole)
    registry.read(key=public)


class _Counting(pickle.Unpickler):
    """Notes what a file asks for by name."""

    asked: list[str]

    def find_class(self, module: str, name: str) -> Any:
        self.asked.append(f"{module}.{name}")
        raise pickle.UnpicklingError("no")

    def persistent_load(self, identity: Any) -> Any:
        self.asked.append(str(identity))
        raise pickle.UnpicklingError("no")


def _kinds(value: Any) -> set[type]:
    if type(value) is dict:
        return {dict}.union(*map(_kinds, value), *map(_kinds, value.values()))
    if type(value) is list:
        return {list}.union(*map(_kinds, value))
    return {type(value)}


def _is_plain_or_refused(data: bytes) -> None:
    """Any bytes: `load_plain` gives plain data or raises ModelError, and so does `scan`."""
    said = "none"
    try:
        load_plain(data)
    except ModelError as error:
        said = str(error)
    assert _is_one_line(said)
    try:
        scan(data)
    except ModelError:
        return
    unpickler = _Counting(io.BytesIO(data))
    unpickler.asked = []
    try:
        value = unpickler.load()
    except Exception:  # text that isn't UTF-8, say
        value = {}
    assert not unpickler.asked
    assert _kinds(value) <= {dict, list, str, bytes, int, float, bool, type(None)}


STEPS = [b"}", b"]", b"(", b"e", b"u", b"a", b"s", b"N", b"K\x01", b"\x8c\x01a", b"\x94", b"h\x00",
         b"h\x01", b"j\0\0\0\0", b"\x88", b"G" + bytes(8), b"C\x01a", b"\x95" + bytes(8),
         b"\x8a\x01\x05",
         b"0", b"1", b"2", b"cos\nmkdir\n", b"R", b"\x93", b"\x81", b"b", b"t", b"\x85", b"Q",
         b"\x97",
         b"\x8f", b"q\x00", b".", b"\x95\x04" + bytes(7), b"\x80\x04", b"M\0", b"\x8b"]  # fmt: skip


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    _is_plain_or_refused(data)
    _is_plain_or_refused(b"\x80\x04}" + data + b".")


@given(st.lists(st.sampled_from(STEPS), max_size=14))
def test_what_scan_accepts_is_plain_data_whatever_the_order_of_steps(steps: list[bytes]) -> None:
    _is_plain_or_refused(b"\x80\x04" + b"".join(steps) + b".")
    _is_plain_or_refused(b"\x80\x04}\x8c\x01x\x94" + b"".join(steps) + b"s.")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["insert", "delete", "replace"]),
            st.integers(0, len(DATA) - 1) | st.integers(0, 300),
            st.binary(min_size=1, max_size=9) | st.sampled_from(STEPS),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_model_changed_anywhere_is_plain_data_or_refused(
    changes: list[tuple[str, int, bytes]],
) -> None:
    data = DATA
    for kind, place, new in changes:
        kept = 0 if kind == "insert" else len(new)
        data = data[:place] + (b"" if kind == "delete" else new) + data[place + kept :]
    _is_plain_or_refused(data)


@given(st.binary(max_size=100), st.integers(0, 2000))
def test_files_of_random_bytes_are_no_models(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, place: int
) -> None:
    folder = tmp_path_factory.mktemp("m")
    path, manifest = folder / STORED.name, manifest_path(STORED).read_bytes()
    path.write_bytes(DATA)
    manifest_path(path).write_bytes(manifest[:place] + data + manifest[place:])
    with pytest.raises(ModelError) as error:
        read_model(path)
    assert _is_one_line(str(error.value))


def test_a_canary_works(tmp_path: Path) -> None:
    make: Callable[[bytes], Any] = pickle.loads
    make(pickle.dumps(Canary(tmp_path)))
    assert (tmp_path / CANARY).exists()
