"""Signatures of files: what is signed is taken, all else is refused, and openssl agrees."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from headlines.errors import MissingExtraError, ModelError, OutputError
from headlines.persistence.signing import make_keys, sign, verify

DATA = b'{\n "content": "0123abcd"\n}\n'
PEM, PKCS8, SPKI = form.Encoding.PEM, form.PrivateFormat.PKCS8, form.PublicFormat

Pair = tuple[Path, Path]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_keys(tmp_path_factory.mktemp("keys") / "ours")


@pytest.fixture(scope="module")
def signature(keys: Pair) -> bytes:
    return sign(DATA, keys[0])


def flips(data: bytes) -> Iterator[bytes]:
    """Every way to change one bit."""
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def refused(data: bytes, signature: bytes, key: str | Path) -> str:
    """The message of a refusal, which is one line that starts with the file's name."""
    with pytest.raises(ModelError) as caught:
        verify(data, signature, key, where="m.sig")
    message = str(caught.value)
    assert message.startswith("m.sig: ")
    assert message.isprintable()
    return message


def taken(data: bytes, signature: bytes, key: str | Path) -> bool:
    try:
        verify(data, signature, key, where="m.sig")
    except ModelError:
        return False
    return True


# What is taken


@settings(max_examples=50)
@given(data=st.binary())
def test_what_is_signed_verifies(keys: Pair, data: bytes) -> None:
    signature = sign(data, str(keys[0]))
    for key in (keys[1], str(keys[1]), keys[1].read_text()):
        verify(data, signature, key, where="m.sig")


def test_equal_data_and_key_give_equal_signatures(keys: Pair, signature: bytes) -> None:
    assert sign(DATA, str(keys[0])) == signature


# What is refused


def test_every_flipped_bit_of_a_signature_or_of_the_data_is_refused(
    keys: Pair, signature: bytes
) -> None:
    for changed in flips(signature):
        assert "restore" in refused(DATA, changed, keys[1])
    for changed in flips(DATA):
        assert "restore" in refused(changed, signature, keys[1])


def test_every_truncation_and_any_addition_is_refused(keys: Pair, signature: bytes) -> None:
    for length in range(len(signature)):
        assert f"{length} bytes" in refused(DATA, signature[:length], keys[1])
    for added in (b"\n", b"\0", signature):
        refused(DATA, signature + added, keys[1])
        refused(DATA, added + signature, keys[1])
    for length in range(len(DATA)):
        refused(DATA[:length], signature, keys[1])


def test_a_damaged_key_file_lets_no_other_signature_through(
    keys: Pair, signature: bytes, tmp_path: Path
) -> None:
    """Text around the key is nobody's matter; a file that is still a key is the same one."""
    other = sign(DATA, make_keys(tmp_path)[0])
    whole, public = keys[1].read_bytes(), tmp_path / "changed.pub"
    cuts = (whole[:length] for length in range(len(whole) - 1))
    refusals = 0
    for changed in (*flips(whole), *cuts):
        public.write_bytes(changed)
        assert not taken(DATA, other, public)
        refusals += not taken(DATA, signature, public)
    assert refusals > 0.7 * 9 * len(whole)


@settings(max_examples=50)
@given(junk=st.binary(max_size=300))
def test_any_junk_is_refused(keys: Pair, signature: bytes, junk: bytes) -> None:
    refused(DATA, junk, keys[1])
    refused(DATA, signature, "".join(map(chr, junk)))
    refused(DATA, signature, "-----BEGIN" + "".join(map(chr, junk)))


def test_another_key_is_refused(signature: bytes, tmp_path: Path) -> None:
    assert "another key" in refused(DATA, signature, make_keys(tmp_path)[1])


def test_what_is_no_public_key_is_named(keys: Pair, signature: bytes, tmp_path: Path) -> None:
    curve = tmp_path / "curve.pub"
    curve.write_bytes(
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(PEM, SPKI.SubjectPublicKeyInfo)
    )
    for key in (curve, keys[0]):
        message = refused(DATA, signature, key)
        assert key.name in message
        assert "isn't an Ed25519 public key" in message
    for key in (tmp_path / "none.pub", tmp_path, "nul\0", "\ud800", "x" * 5000, "a\nb"):
        assert "can't be read" in refused(DATA, signature, key)


def test_a_key_given_as_text_is_not_told(keys: Pair, signature: bytes) -> None:
    secret = keys[0].read_text()
    message = refused(DATA, signature, secret)
    assert secret.splitlines()[1][:20] not in message
    assert "isn't an Ed25519 public key" in message


def other_private_keys() -> dict[str, bytes]:
    """Private keys that `sign` doesn't take, by what they are."""
    ed, curve = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    return {
        "with a password": ed.private_bytes(PEM, PKCS8, form.BestAvailableEncryption(b"word")),
        "of another curve": curve.private_bytes(PEM, PKCS8, form.NoEncryption()),
        "too long": ed.private_bytes(PEM, PKCS8, form.NoEncryption()) + b"\n" * 4096,
        "empty": b"",
        "binary": bytes(range(256)),
    }


def test_a_private_key_of_another_kind_is_named(keys: Pair, tmp_path: Path) -> None:
    for name, content in other_private_keys().items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ModelError, match=rf"{name}' isn't an Ed25519 private key"):
            sign(DATA, path)
    with pytest.raises(ModelError, match="isn't an Ed25519 private key"):
        sign(DATA, keys[1])
    with pytest.raises(ModelError, match=r"none\.key.*No such file"):
        sign(DATA, tmp_path / "none.key")


# Keys


def test_keys_go_beside_a_stem_or_into_a_folder(tmp_path: Path) -> None:
    assert make_keys(tmp_path / "v1.2") == (tmp_path / "v1.2.key", tmp_path / "v1.2.pub")
    assert make_keys(str(tmp_path)) == (tmp_path / "headlines.key", tmp_path / "headlines.pub")


def test_a_private_key_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        private, public = make_keys(tmp_path)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o666


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    for ending in (".key", ".pub"):
        stem = tmp_path / f"has{ending}"
        there = stem.with_name(stem.name + ending)
        there.symlink_to("nowhere")  # taken, though no file can be read there
        with pytest.raises(OutputError, match="never overwritten"):
            make_keys(stem)
        assert [p for p in tmp_path.iterdir() if p.name.startswith(stem.name)] == [there]


def test_a_private_key_that_appears_in_between_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs at once see no key each; the file system lets one of them make it."""
    private = make_keys(tmp_path)[0]
    kept = private.read_bytes()
    monkeypatch.setattr("os.path.lexists", lambda path: False)
    with pytest.raises(OutputError, match="File exists"):
        make_keys(tmp_path)
    assert private.read_bytes() == kept


def test_half_a_pair_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        make_keys(tmp_path / "none" / "stem")

    def full(source: object, target: object) -> None:  # once the private key is written
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match=r"keys\.pub: can't be written \(No space left"):
        make_keys(tmp_path / "keys")
    assert list(tmp_path.iterdir()) == []


# Without the library, and with another


def test_a_missing_library_is_named_with_its_remedy(
    keys: Pair, signature: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*sys.modules, "cryptography"]:
        if name.partition(".")[0] == "cryptography":
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"needs cryptography.*\[nightly\]"):
        make_keys(tmp_path)
    with pytest.raises(MissingExtraError, match="needs cryptography"):
        sign(DATA, keys[0])
    with pytest.raises(MissingExtraError, match="needs cryptography"):
        verify(DATA, signature, keys[1], where="m.sig")
    assert list(tmp_path.iterdir()) == []


def test_importing_the_module_does_not_load_the_library() -> None:
    code = "import headlines.persistence.signing, sys; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl isn't on PATH")
def test_openssl_verifies_what_we_sign_and_signs_what_we_verify(
    keys: Pair, signature: bytes, tmp_path: Path
) -> None:
    file, written, key = (tmp_path / name for name in ("m.json", "m.sig", "theirs.key"))
    file.write_bytes(DATA)
    written.write_bytes(signature)
    verifying = ("pkeyutl", "-verify", "-pubin", "-inkey", keys[1], "-rawin", "-sigfile", written)
    assert openssl(*verifying, "-in", file).returncode == 0
    assert openssl("genpkey", "-algorithm", "ed25519", "-out", key).returncode == 0
    public = openssl("pkey", "-in", key, "-pubout").stdout.decode()
    signing = ("pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", file, "-out", written)
    assert openssl(*signing).returncode == 0
    verify(DATA, written.read_bytes(), public, where="m.sig")
    assert sign(DATA, key) == written.read_bytes()
