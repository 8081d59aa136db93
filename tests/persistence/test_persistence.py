"""Claims about model files: plain data, every byte vouched for, nothing run."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from conftest import DATA, write
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from headlines.errors import ModelError, OutputError
from headlines.persistence.modelfile import (
    inspect_model,
    manifest_path,
    read_manifest,
    read_model,
    write_model,
)
from headlines.persistence.plaindata import content_hash, dump_plain, load_plain, unpack

DESCRIBED: dict[str, Any] = {
    "topics": ["a", "b"],
    "embedder": {"name": "static", "fingerprint": "f"},
    "training": {},
    "holdout": {},
    "scores": {},
}
STORED = DATA / "models" / "1" / "labeler.joblib"
PAYLOAD = joblib.load(STORED)


def _model(folder: Path) -> Path:
    write_model(folder / "m.joblib", PAYLOAD, **DESCRIBED)
    return folder / "m.joblib"


def _vouch(path: Path, data: bytes, **changes: Any) -> None:
    """Put other bytes in the place of a model, with a manifest that vouches for them."""
    path.write_bytes(data)
    files = {path.name: hashlib.sha256(data).hexdigest()}
    manifest = replace(read_manifest(path)[0], files=files, **changes)
    manifest_path(path).write_bytes(manifest.to_json())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
        | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)  # fmt: skip
def test_plain_data_goes_there_and_back(value: Any) -> None:
    payload = {"value": value}
    try:
        data, content = dump_plain(payload)
    except UnicodeEncodeError:
        return  # a lone surrogate is no text
    assert load_plain(data) == payload == joblib.load(io.BytesIO(data))
    assert content_hash(payload) == content


def test_the_bytes_depend_on_values_alone(tmp_path: Path) -> None:
    one = "".join(["to", "pic"])
    two = "".join(["top", "ic"])
    write_model(tmp_path / "a.joblib", {"x": [one, one]}, **DESCRIBED)
    write_model(tmp_path / "b.joblib", {"x": [one, two]}, **DESCRIBED)
    assert (tmp_path / "a.joblib").read_bytes() == (tmp_path / "b.joblib").read_bytes()


def test_content_hashes_tell_types_and_places_apart() -> None:
    values = [1, 1.0, True, "1", b"1", [1], {"1": 1}, ["1", "2"], ["12"], [["1"], "2"], None]
    assert len({content_hash(v) for v in values}) == len(values)
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="plain data only, got LogisticRegression"):
        write_model(tmp_path / "m.joblib", {"x": LogisticRegression()}, **DESCRIBED)


class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_hostile_file_runs_under_plain_joblib_and_not_here(tmp_path: Path) -> None:
    path = _model(tmp_path)
    joblib.dump({"x": [_Canary(tmp_path / "ran")]}, tmp_path / "hostile.joblib")
    data = (tmp_path / "hostile.joblib").read_bytes()
    _vouch(path, data)
    with pytest.raises(ModelError, match="mkdir; a model holds plain data only"):
        read_model(path)
    assert not (tmp_path / "ran").exists()
    joblib.load(tmp_path / "hostile.joblib")
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "value", [np.arange(3), LogisticRegression(), {1, 2}, 1j], ids=lambda v: type(v).__name__
)
def test_files_with_objects_are_refused(tmp_path: Path, value: Any) -> None:
    path = _model(tmp_path)
    joblib.dump({"x": value}, tmp_path / "other.joblib")
    _vouch(path, (tmp_path / "other.joblib").read_bytes())
    with pytest.raises(ModelError, match=r"m\.joblib"):
        read_model(path)


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04", b"no pickle", pickle.dumps([1]), b"\x80\x04Pid\n."], ids=range(5)
)
def test_files_that_are_no_model_are_refused(tmp_path: Path, data: bytes) -> None:
    path = _model(tmp_path)
    _vouch(path, data)
    with pytest.raises(ModelError, match=r"m\.joblib"):
        read_model(path)


def test_any_flipped_bit_and_any_truncation_is_refused(tmp_path: Path) -> None:
    path = _model(tmp_path)
    rng = random.Random(0)
    for file in (path, manifest_path(path)):
        whole = file.read_bytes()
        for _ in range(40):
            data = bytearray(whole)
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            file.write_bytes(data)
            with pytest.raises(ModelError):
                read_model(path)
            file.write_bytes(whole[: rng.randrange(len(whole))])
            with pytest.raises(ModelError):
                read_model(path)
        file.write_bytes(whole)
    read_model(path)


def test_a_newer_format_is_told_to_upgrade(tmp_path: Path) -> None:
    path = _model(tmp_path)
    manifest = json.loads(manifest_path(path).read_text())
    manifest_path(path).write_text(json.dumps(manifest | {"format": 5, "new_field": 1}))
    with pytest.raises(ModelError, match="format 5 is newer than 4"):
        read_model(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "\xff"])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    path = _model(tmp_path)
    manifest_path(path).write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match="manifest"):
        read_model(path)


def test_a_manifest_of_other_data_is_refused(tmp_path: Path) -> None:
    path = _model(tmp_path)
    _vouch(path, path.read_bytes(), content="0" * 64)
    with pytest.raises(ModelError, match="isn't what the manifest describes"):
        read_model(path)


@pytest.mark.parametrize("name", ["../m.joblib", "/m.joblib", "a\\m.joblib", ""])
def test_a_manifest_names_only_files_beside_it(tmp_path: Path, name: str) -> None:
    path = _model(tmp_path)
    manifest = replace(read_manifest(path)[0], files={name: "0" * 64})
    manifest_path(path).write_bytes(manifest.to_json())
    with pytest.raises(ModelError, match="which isn't beside it"):
        read_model(path)


def test_a_manifest_of_the_first_format_still_opens() -> None:
    path = STORED
    payload, manifest = read_model(path)
    assert (manifest.format, payload["topics"]) == (1, ["drones", "courts"])
    assert manifest.to_json() == manifest_path(path).read_bytes()


def test_a_file_without_a_manifest_can_be_looked_at_but_not_used(tmp_path: Path) -> None:
    path = tmp_path / "labeler.joblib"
    shutil.copy(STORED, path)
    facts = inspect_model(path)
    assert (facts.topics, facts.embedder) == (["drones", "courts"], "static")
    assert (facts.examples, facts.labels) == (14, 6)
    with pytest.raises(ModelError, match="no manifest there"):
        read_model(path)
    path.write_bytes(pickle.dumps({"topics": ["a"]}, protocol=4))
    with pytest.raises(ModelError, match="not a labeler"):
        inspect_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": 1}, "kind is no str"),
        ({"topics": "drones"}, "topics is no list"),
        ({"topics": ["drones", 1]}, r"topics\[1\] is no str"),
        ({"scorer": []}, "scorer is no dict"),
        ({"colour": 1}, "unknown key 'colour'"),
        ({"certainty": {}}, "certainty has no key 'scores'"),
        ({"random_state": True}, "random_state is no int"),
    ],
)
def test_data_of_another_structure_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    payload, _ = read_model(STORED)
    write_model(tmp_path / "m.joblib", payload | change, **DESCRIBED)
    with pytest.raises(ModelError, match=message):
        read_model(tmp_path / "m.joblib")


def test_a_model_larger_than_what_is_read_is_not_written(tmp_path: Path) -> None:
    deep: Any = []
    for _ in range(20):
        deep = [deep]
    with pytest.raises(ModelError, match="more than 16 deep"):
        write_model(tmp_path / "m.joblib", {"x": deep}, **DESCRIBED)
    assert not any(tmp_path.iterdir())


def test_missing_files_are_named(tmp_path: Path) -> None:
    path = _model(tmp_path)
    path.unlink()
    with pytest.raises(ModelError, match=r"m\.joblib: can't be read"):
        read_model(path)
    manifest_path(path).unlink()
    with pytest.raises(ModelError, match=r"m\.manifest\.json: no manifest there"):
        read_model(path)


def test_a_file_over_the_bound_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _model(tmp_path)
    monkeypatch.setattr("headlines.persistence.modelfile.MAX_BYTES", 10)
    with pytest.raises(ModelError, match="at most 10"):
        read_model(path)


@pytest.mark.parametrize(
    "packed",
    [None, {}, {"dtype": "|O", "shape": [1], "data": b"12345678"},
     {"dtype": "<f8", "shape": [2], "data": b"12345678"},
     {"dtype": "<f8", "shape": [-1], "data": b"12345678"}],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(packed: Any) -> None:
    with pytest.raises(ModelError, match="weights: not an array"):
        unpack(packed, "weights")


def test_manifests_hold_no_dates_and_read_back(tmp_path: Path) -> None:
    manifest = write_model(tmp_path / "m.joblib", PAYLOAD, **DESCRIBED)
    found, data = read_manifest(tmp_path / "m.joblib")
    assert (found, data) == (manifest, manifest.to_json())
    assert b"20" + b"26-" not in manifest.to_json()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        write_model(tmp_path / "no" / "m.joblib", PAYLOAD, **DESCRIBED)
    (tmp_path / "m.joblib").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_model(tmp_path / "m.joblib", PAYLOAD, **DESCRIBED)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.joblib"]
    write(tmp_path / "other", "x")
