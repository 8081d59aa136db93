"""Signatures of files: what is signed is taken, all else is refused, and minisign agrees."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from headlines.errors import ModelError, OutputError
from headlines.persistence.signing import make_keys, sign, verify

DATA = b'{\n "content": "0123abcd"\n}\n'
COMMENT = "model 0123abcd\tof the Türkiye feed"
FREE = len(b"untrusted comment: ")  # where the text starts that no signature covers

# What minisign 0.11 wrote: -G -W, then -S with -t, without it, and with -l.
THEIRS = b"Made by minisign.\n"
THEIR_KEY = "RWQ+8N48sQuzMVB3BIkmSPpsFTMsruVHy024M3wxTignwtZHi+pA40Ai"
THEIR_KEY_FILE = f"untrusted comment: minisign public key 31B30BB13CDEF03E\n{THEIR_KEY}\n".encode()
THEIR_SIGNATURE = b"""untrusted comment: signature from minisign secret key
RUQ+8N48sQuzMdff1/ShmaxWFaZd/92aZHxOgJkEr2oCdZpbXJd1N/iv617DeiMiBYAb24+YGnT1W7pbCD3TYxqQsh5DImGoKQ4=
trusted comment: model 12
z+NzAsS1V6INapUtqs/8KiK8PrcYn4ky7eyDs3nBULtkLcpj8gV+G3jCHqI/pNPtweb0+Q3LSaTjrYHPEAt+Aw==
"""
THEIR_DEFAULT = b"""untrusted comment: signature from minisign secret key
RUQ+8N48sQuzMdff1/ShmaxWFaZd/92aZHxOgJkEr2oCdZpbXJd1N/iv617DeiMiBYAb24+YGnT1W7pbCD3TYxqQsh5DImGoKQ4=
trusted comment: timestamp:1795498403\tfile:f\thashed
mD0igeN2PTLx+8+2U5DLgGVYaqKDZWdWboZTWEMqrDUixvACDWKXU/bYBluqTRZRoF7e8mOabBmn6UrDGlTkCg==
"""
THEIR_OLDER = b"""untrusted comment: signature from minisign secret key
RWQ+8N48sQuzMccpPLBMfDg4ZaCa3FmOEQIPmhuzqcm96GnWxSw8RqnBqNE+DRB44UsrzfUGbnrgeIYXp9Gbt/4LJrglnEvGmwI=
trusted comment: model 12
XoQwcb4yChNrrNWK+47XpA7nDpiH9X7SGrFw7Cx6ZGnS2EN/wLFROkD2RlKXz6qSVP18TYKnmq/ol96QUv2LDQ==
"""

Pair = tuple[Path, Path]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_keys(tmp_path_factory.mktemp("keys") / "ours")


@pytest.fixture(scope="module")
def signature(keys: Pair) -> bytes:
    return sign(DATA, keys[0], comment=COMMENT)


def flips(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every way to change one bit, with the place of its byte."""
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bit // 8, bytes(changed)


def base64_of(public: Path) -> str:
    return public.read_text().splitlines()[1]


def refused(data: bytes, signature: bytes, key: str | Path) -> str:
    """The message of a refusal, which is one line that starts with the file's name."""
    with pytest.raises(ModelError) as caught:
        verify(data, signature, key, where="m.json")
    message = str(caught.value)
    assert message.startswith("m.json: ")
    assert "\n" not in message
    return message


# What is taken


@pytest.mark.parametrize("comment", ["", "model 12", COMMENT, " spaces "])
def test_what_is_signed_verifies_and_gives_the_comment(keys: Pair, comment: str) -> None:
    signature = sign(DATA, keys[0], comment=comment)
    for key in (keys[1], str(keys[1]), base64_of(keys[1])):
        assert verify(DATA, signature, key, where="m.json") == comment


@settings(max_examples=50)
@given(data=st.binary(), comment=st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_any_bytes_and_comment_go_there_and_back(keys: Pair, data: bytes, comment: str) -> None:
    assert verify(data, sign(data, keys[0], comment=comment), keys[1], where="m.json") == comment


def test_equal_data_key_and_comment_give_equal_signatures(keys: Pair, signature: bytes) -> None:
    assert sign(DATA, str(keys[0]), comment=COMMENT) == signature


def test_signatures_that_minisign_made_are_taken(tmp_path: Path) -> None:
    public = tmp_path / "theirs.pub"
    public.write_bytes(THEIR_KEY_FILE)
    for key in (public, THEIR_KEY):
        assert verify(THEIRS, THEIR_SIGNATURE, key, where="m.json") == "model 12"
        assert "\thashed" in verify(THEIRS, THEIR_DEFAULT, key, where="m.json")


def test_a_file_comes_before_a_key_that_its_name_spells(
    keys: Pair, signature: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "A" * 56
    Path(name).write_bytes(keys[1].read_bytes())
    assert verify(DATA, signature, name, where="m.json") == COMMENT


# What is refused


def test_every_flipped_bit_of_a_signature_file_is_refused(keys: Pair, signature: bytes) -> None:
    """All but those in the untrusted comment's text, which the format leaves to anybody."""
    text = range(FREE, signature.index(b"\n"))
    for place, changed in flips(signature):
        if place not in text:
            refused(DATA, changed, keys[1])


def test_every_flipped_bit_of_a_public_key_file_is_refused(
    keys: Pair, signature: bytes, tmp_path: Path
) -> None:
    """All but those in the untrusted comment's text, which the format leaves to anybody."""
    public = tmp_path / "changed.pub"
    text = range(FREE, keys[1].read_bytes().index(b"\n"))
    for place, changed in flips(keys[1].read_bytes()):
        if place not in text:
            public.write_bytes(changed)
            refused(DATA, signature, public)


def test_every_flipped_bit_of_a_key_given_as_base64_is_refused(
    keys: Pair, signature: bytes
) -> None:
    for _, changed in flips(base64_of(keys[1]).encode()):
        refused(DATA, signature, changed.decode("latin-1"))


def test_a_flip_in_the_untrusted_text_is_taken_where_a_line_of_text_remains(
    keys: Pair, signature: bytes, tmp_path: Path
) -> None:
    """What it says is never used; a line break or broken UTF-8 is refused even there."""
    public = tmp_path / "changed.pub"
    for original, is_key in ((signature, False), (keys[1].read_bytes(), True)):
        end = original.index(b"\n")
        for place, changed in flips(original):
            if not FREE <= place < end:
                continue
            public.write_bytes(changed if is_key else keys[1].read_bytes())
            given_signature = signature if is_key else changed
            if changed[place] < 0x80 and changed[place] != 0x0A:
                assert verify(DATA, given_signature, public, where="m.json") == COMMENT
            else:
                refused(DATA, given_signature, public)


def test_every_truncation_and_any_addition_is_refused(
    keys: Pair, signature: bytes, tmp_path: Path
) -> None:
    public, whole = tmp_path / "changed.pub", keys[1].read_bytes()
    for length in range(len(signature)):
        refused(DATA, signature[:length], keys[1])
    for length in range(len(whole)):
        public.write_bytes(whole[:length])
        refused(DATA, signature, public)
    for added in (b"\n", b" ", b"\0", signature):
        refused(DATA, signature + added, keys[1])
        refused(DATA, added + signature, keys[1])
        public.write_bytes(whole + added)
        refused(DATA, signature, public)
    refused(DATA, signature.replace(b"\n", b"\r\n"), keys[1])


@settings(max_examples=100)
@given(junk=st.binary(max_size=300), start=st.integers(0, 400), length=st.integers(0, 50))
def test_any_damage_is_a_model_error(
    keys: Pair, signature: bytes, junk: bytes, start: int, length: int
) -> None:
    refused(DATA, junk, keys[1])
    refused(DATA, signature, "".join(map(chr, junk)))
    try:
        changed = signature[:start] + junk + signature[start + length :]
        assert verify(DATA, changed, keys[1], where="m.json") == COMMENT
    except ModelError:
        pass
    else:  # only what the signature doesn't cover was changed
        assert changed.split(b"\n")[1:] == signature.split(b"\n")[1:]


def test_every_flipped_bit_of_the_data_is_refused(keys: Pair, signature: bytes) -> None:
    for _, changed in flips(DATA):
        assert "restore" in refused(changed, signature, keys[1])
    assert "restore" in refused(b"", signature, keys[1])


def test_another_key_is_refused_by_both_ids(keys: Pair, signature: bytes, tmp_path: Path) -> None:
    other = make_keys(tmp_path)[1]
    message = refused(DATA, signature, other)
    for public in (keys[1], other):
        assert public.read_text().splitlines()[0].split()[-1] in message


def test_messages_write_a_key_id_as_minisign_does(signature: bytes) -> None:
    assert THEIR_KEY_FILE.split()[5].decode() in refused(DATA, signature, THEIR_KEY)


def test_another_key_under_the_same_id_is_refused(
    keys: Pair, signature: bytes, tmp_path: Path
) -> None:
    ours, other = (b64decode(base64_of(public)) for public in (keys[1], make_keys(tmp_path)[1]))
    forged = b64encode(ours[:10] + other[10:]).decode()
    assert "not what key" in refused(DATA, signature, forged)
    assert "not what key" in refused(DATA, signature, b64encode(ours[:10] + b"\xff" * 32).decode())


def test_a_changed_trusted_comment_is_refused(keys: Pair, signature: bytes) -> None:
    assert "trusted comment" in refused(DATA, signature.replace(b"model", b"Model"), keys[1])


def test_the_comment_of_another_signature_is_refused(keys: Pair, signature: bytes) -> None:
    other = sign(b"other", keys[0], comment="other").split(b"\n")
    mixed = signature.split(b"\n")[:2] + other[2:]
    assert "trusted comment" in refused(DATA, b"\n".join(mixed), keys[1])


def test_base64_with_spare_bits_set_is_refused(keys: Pair, signature: bytes) -> None:
    lines = signature.split(b"\n")
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for line, place in ((1, -2), (3, -3)):
        written = lines[line]
        respelled = bytearray(written)
        respelled[place] = digits[digits.index(written[place]) + 1]
        assert b64decode(respelled) == b64decode(written)
        changed = [*lines[:line], bytes(respelled), *lines[line + 1 :]]
        assert "aren't a minisign" in refused(DATA, b"\n".join(changed), keys[1])


def test_the_older_form_is_refused_by_name() -> None:
    message = refused(THEIRS, THEIR_OLDER, THEIR_KEY)
    assert "b'Ed'" in message
    assert "without -l" in message


def test_large_files_are_refused_before_they_are_parsed(
    keys: Pair, signature: bytes, tmp_path: Path
) -> None:
    padded = signature.replace(b"\n", b" " * 4096 + b"\n", 1)
    assert "4,096" in refused(DATA, padded, keys[1])
    large = tmp_path / "large"
    large.write_bytes(keys[1].read_bytes().replace(b"\n", b" " * 4096 + b"\n", 1))
    assert "4,096" in refused(DATA, signature, large)
    large.write_bytes(keys[0].read_bytes() + b"\n" * 4096)
    with pytest.raises(ModelError, match="4,096"):
        sign(DATA, large)


def test_a_public_key_that_is_not_there_is_named(
    keys: Pair, signature: bytes, tmp_path: Path
) -> None:
    for key in (tmp_path / "none.pub", tmp_path, "nul\0", "\ud800", "x" * 5000, "a\nb"):
        assert repr(str(key)) in refused(DATA, signature, key)
    assert "isn't a minisign public key" in refused(DATA, signature, keys[0])
    assert "isn't a minisign public key" in refused(DATA, signature, "A" * 56)


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


def test_half_a_pair_is_not_left_behind(tmp_path: Path) -> None:
    long = "n" * 250  # room for the private key's name, none for the temporary public one's
    with pytest.raises(OutputError, match="can't be written"):
        make_keys(tmp_path / long)
    with pytest.raises(OutputError, match="a folder that exists"):
        make_keys(tmp_path / "none" / "stem")
    assert list(tmp_path.iterdir()) == []


def other_private_keys() -> dict[str, bytes]:
    """Private keys that `sign` doesn't take, by what they are."""
    form = serialization
    ed, curve = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    pem, pkcs8 = form.Encoding.PEM, form.PrivateFormat.PKCS8
    return {
        "with a password": ed.private_bytes(pem, pkcs8, form.BestAvailableEncryption(b"word")),
        "of another curve": curve.private_bytes(pem, pkcs8, form.NoEncryption()),
        "of minisign": b"untrusted comment: minisign secret key\nRWRCSwAA\n",
        "empty": b"",
        "binary": bytes(range(256)),
    }


def test_a_private_key_of_another_kind_is_named(keys: Pair, tmp_path: Path) -> None:
    for name, content in other_private_keys().items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ModelError, match=rf"{name}: not an Ed25519 private key"):
            sign(DATA, path)
    with pytest.raises(ModelError, match="not an Ed25519 private key"):
        sign(DATA, keys[1])
    with pytest.raises(ModelError, match=r"none\.key.*No such file"):
        sign(DATA, tmp_path / "none.key")


def test_a_comment_that_is_not_a_line_of_text_or_too_long_is_a_value_error(keys: Pair) -> None:
    for comment in ("two\nlines", "\r", "\x1b[2J", "\0", "\u2028", "\ud800"):
        with pytest.raises(ValueError, match="one line of printable"):
            sign(DATA, keys[0], comment=comment)
    with pytest.raises(ValueError, match="shorten"):
        sign(DATA, keys[0], comment="x" * 4000)


def test_a_missing_library_is_named_with_its_remedy(
    keys: Pair, signature: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*sys.modules, "cryptography"]:
        if name.partition(".")[0] == "cryptography":
            monkeypatch.setitem(sys.modules, name, None)
    remedy = r"pip install 'headline-topics\[nightly\]'"
    with pytest.raises(ModelError, match=remedy):
        make_keys(tmp_path)
    with pytest.raises(ModelError, match=remedy):
        sign(DATA, keys[0])
    with pytest.raises(ModelError, match=remedy):
        verify(DATA, signature, keys[1], where="m.json")
    assert list(tmp_path.iterdir()) == []


def test_importing_the_module_does_not_load_the_library() -> None:
    code = "import headlines.persistence.signing, sys; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Other programs


def ran(*command: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def has_minisign() -> bool:
    """Whether it is the real one: a Python package has put a command of that name on PATHs."""
    return shutil.which("minisign") is not None and ran("minisign", "-v").returncode == 0


real_minisign = pytest.mark.skipif(not has_minisign(), reason="minisign isn't on PATH")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl isn't on PATH")
def test_openssl_reads_the_private_key_and_makes_ones_we_take(keys: Pair, tmp_path: Path) -> None:
    shown = ran("openssl", "pkey", "-in", keys[0], "-pubout", "-outform", "DER").stdout
    assert shown[-32:] == b64decode(base64_of(keys[1]))[10:]
    made = tmp_path / "openssl.key"
    assert ran("openssl", "genpkey", "-algorithm", "ed25519", "-out", made).returncode == 0
    assert sign(DATA, made)


@real_minisign
@pytest.mark.parametrize("comment", ["", COMMENT, " spaces ", "x" * 3000])
def test_minisign_verifies_what_we_sign_and_refuses_it_flipped(
    keys: Pair, tmp_path: Path, comment: str
) -> None:
    file, written = tmp_path / "m.json", tmp_path / "m.json.minisig"
    file.write_bytes(DATA)
    signature = sign(DATA, keys[0], comment=comment)
    written.write_bytes(signature)
    key = ("-P", base64_of(keys[1]))
    done = ran("minisign", "-Vm", file, *key, "-x", written)
    assert done.returncode == 0, done.stderr
    assert f"Trusted comment: {comment}\n".encode() in done.stdout
    assert ran("minisign", "-Vm", file, "-p", keys[1], "-x", written).returncode == 0
    start = signature.index(b"\n") + 1
    for place in (start + 20, signature.index(b"trusted comment", start) + 17, -10):
        changed = bytearray(signature)
        changed[place] ^= 1
        written.write_bytes(changed)
        assert ran("minisign", "-Vm", file, *key, "-x", written).returncode != 0
        refused(DATA, bytes(changed), keys[1])


@real_minisign
def test_we_verify_what_minisign_signs(tmp_path: Path) -> None:
    file, public, secret = (tmp_path / name for name in ("m.json", "m.pub", "m.sec"))
    file.write_bytes(DATA)
    assert ran("minisign", "-G", "-W", "-p", public, "-s", secret).returncode == 0
    for options, comment in ((("-t", COMMENT), COMMENT), (("-c", "any text", "-t", "x"), "x")):
        written = tmp_path / "m.minisig"
        signing = ran("minisign", "-S", "-s", secret, "-m", file, "-x", written, *options)
        assert signing.returncode == 0, signing.stderr
        for key in (public, base64_of(public)):
            assert verify(DATA, written.read_bytes(), key, where="m.json") == comment
        refused(DATA + b" ", written.read_bytes(), public)
