"""Signatures in minisign's format: who made a model, where hashes say only what it is.

A manifest vouches for a model's bytes, and a signature for the manifest. ``minisign -V``
(https://jedisct1.github.io/minisign/) verifies what `sign` gives, and `verify` what
``minisign -S`` writes. A signature file is

::

    untrusted comment: for people, covered by nothing
    base64 of "ED", 8 bytes of key id, 64 bytes of Ed25519 over the file's BLAKE2b-512 digest
    trusted comment: covered by the line below
    base64 of 64 bytes of Ed25519 over those 64 bytes and the trusted comment

and a public key file an untrusted comment and the base64 of "Ed", key id and 32 bytes of key.

Minisign's older signatures, "Ed" over the file itself, are neither written nor taken: one form
leaves nothing to choose, and Ed25519 reads its message twice, here 64 bytes of any file.

The private key is no minisign file but a PKCS#8 PEM, which openssl reads too. It has no password,
as nobody is there to type one for a job at night: its mode, 0600, and its place protect it.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     private, public = make_keys(folder)
...     signature = sign(b"a manifest", private, comment="model 12")
...     verify(b"a manifest", signature, public, where="model.manifest.json")
'model 12'
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headlines.errors import ModelError, OutputError
from headlines.files import replacing

__all__ = ["make_keys", "sign", "verify"]

MAX_BYTES = 4096  # of a signature or a key file; larger ones are refused before they are parsed

# 42, 74 and 64 bytes. The last digit before "=" has bits to spare, which must be zero: bytes that
# could be written in two ways would let a changed file pass.
_KEY = re.compile(r"[A-Za-z0-9+/]{56}")
_KEY_FILE = re.compile(rf"untrusted comment: [^\n]*\n({_KEY.pattern})\n")
_SIGNATURE_FILE = re.compile(
    r"untrusted comment: [^\n]*\n([A-Za-z0-9+/]{98}[AEIMQUYcgkosw048]=)\n"
    r"trusted comment: ([^\n]*)\n([A-Za-z0-9+/]{85}[AQgw]==)\n"
)


@dataclass(frozen=True)
class _PublicKey:
    """An Ed25519 key, and the 8 bytes that signatures name it by."""

    key_id: bytes
    raw: bytes

    @classmethod
    def of(cls, raw: bytes) -> _PublicKey:
        """Name a key that we made."""
        return cls(hashlib.sha256(raw).digest()[:8], raw)

    @classmethod
    def read(cls, key: str | Path, where: str) -> _PublicKey:
        """Read a file or, where no file has that name, the base64 itself."""
        if isinstance(key, str) and _KEY.fullmatch(key) and not os.path.isfile(key):
            packed = b64decode(key)
        else:
            match = _match(_KEY_FILE, _read_key(key, where))
            packed = b64decode(match[1]) if match else b""
        if packed[:2] != b"Ed":
            raise ModelError(
                f"{where}: {str(key)!r} isn't a minisign public key; give the signer's .pub file "
                "as it was made, or the base64 in it"
            )
        return cls(packed[2:10], packed[10:])

    def to_file(self) -> bytes:
        encoded = b64encode(b"Ed" + self.key_id + self.raw).decode()
        return f"untrusted comment: headlines public key {_hex(self.key_id)}\n{encoded}\n".encode()

    def signed(self, message: bytes, signature: bytes) -> bool:
        with _cryptography():
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):  # ValueError: 32 bytes that are no key
            return False
        return True


def make_keys(folder_or_stem: str | Path) -> tuple[Path, Path]:
    """Make a pair of keys.

    Parameters
    ----------
    folder_or_stem : str or Path
        A folder, for ``headlines.key`` and ``headlines.pub`` in it, or the path that the two
        endings are added to.

    Returns
    -------
    private : Path
        PKCS#8 PEM without a password, its owner's alone from the moment it exists.
    public : Path
        A minisign public key, to be handed out.

    Raises
    ------
    ModelError
        Without cryptography.
    OutputError
        When a file exists or can't be written; half a pair isn't left behind.
    """
    with _cryptography():
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    stem = Path(folder_or_stem)
    stem = stem / "headlines" if stem.is_dir() else stem
    private, public = (stem.with_name(stem.name + ending) for ending in (".key", ".pub"))
    for path in (private, public):
        if os.path.lexists(path):
            raise OutputError(f"{path}: exists, and keys are never overwritten; give another name")
    made = Ed25519PrivateKey.generate()
    pem = made.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    try:
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with contextlib.ExitStack() as undo:
            undo.callback(private.unlink)
            with os.fdopen(handle, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())  # before the public key can be handed out
            with replacing(public) as file:
                file.write(_PublicKey.of(made.public_key().public_bytes_raw()).to_file())
            undo.pop_all()
    except OSError as error:
        raise OutputError(
            f"{private}: can't be written ({error.strerror}); choose a folder that exists and "
            "that you may write to"
        ) from None
    return private, public


def sign(data: bytes, key: str | Path, *, comment: str = "") -> bytes:
    """Sign a file.

    Parameters
    ----------
    data : bytes
        All of the file.
    key : str or Path
        A private key file, of `make_keys` or ``openssl genpkey -algorithm ed25519``.
    comment : str
        The trusted comment: a line that is signed as well, and that `verify` gives.

    Returns
    -------
    bytes
        The signature file, ``NAME.minisig`` by custom; equal for equal data, key and comment.

    Raises
    ------
    ModelError
        When the file isn't such a key, or without cryptography.
    ValueError
        When the comment isn't one line of printable characters and tabs, or is too long.
    """
    with _cryptography():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not comment.replace("\t", " ").isprintable():
        raise ValueError(f"comment must be one line of printable characters, got {comment!r}")
    pem = _read_key(key, "signing")
    try:
        private = load_pem_private_key(pem, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm):  # TypeError: it has a password
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise ModelError(
            f"{key}: not an Ed25519 private key in PKCS#8 PEM without a password; give the .key "
            "file that was made with the public key"
        )
    key_id = _PublicKey.of(private.public_key().public_bytes_raw()).key_id
    signature = private.sign(_digest(data))
    over_comment = private.sign(signature + comment.encode())
    content = (
        f"untrusted comment: signed with headlines key {_hex(key_id)}\n"
        f"{b64encode(b'ED' + key_id + signature).decode()}\n"
        f"trusted comment: {comment}\n"
        f"{b64encode(over_comment).decode()}\n"
    ).encode()
    if len(content) > MAX_BYTES:
        raise ValueError(
            f"comment makes the signature {len(content):,} bytes, at most {MAX_BYTES:,} are "
            "verified; shorten it"
        )
    return content


def verify(data: bytes, signature: bytes, key: str | Path, *, where: str) -> str:
    """Verify that a key's holder signed these bytes and the trusted comment.

    Parameters
    ----------
    data : bytes
        All of the file.
    signature : bytes
        The signature file.
    key : str or Path
        A public key file, or its base64 as for ``minisign -P``.
    where : str
        Names the file in errors.

    Returns
    -------
    str
        The trusted comment.

    Raises
    ------
    ModelError
        When the signature is malformed, of the older form or of another key, when data or
        trusted comment were changed, when there is no such key, or without cryptography.
    """
    public = _PublicKey.read(key, where)
    match = _match(_SIGNATURE_FILE, signature)
    if match is None:
        raise ModelError(
            f"{where}: {len(signature):,} bytes that aren't a minisign signature, four lines in "
            f"UTF-8 of at most {MAX_BYTES:,} bytes; restore the signature file"
        )
    packed, comment, over_comment = b64decode(match[1]), match[2], b64decode(match[3])
    algorithm, key_id, over_data = packed[:2], packed[2:10], packed[10:]
    if algorithm != b"ED":
        raise ModelError(
            f"{where}: a signature of form {algorithm!r}, only b'ED' (of a hashed file) is taken; "
            "sign again, with minisign without -l"
        )
    if key_id != public.key_id:
        raise ModelError(
            f"{where}: signed with key {_hex(key_id)}, not with {_hex(public.key_id)}; give the "
            "signer's public key if you trust it"
        )
    if not public.signed(_digest(data), over_data):
        raise ModelError(
            f"{where}: not what key {_hex(key_id)} signed; the file, its signature or the public "
            "key was changed, restore them"
        )
    if not public.signed(over_data + comment.encode(), over_comment):
        raise ModelError(
            f"{where}: the trusted comment isn't what key {_hex(key_id)} signed; restore the "
            "signature file"
        )
    return comment


@contextlib.contextmanager
def _cryptography() -> Iterator[None]:
    """Import from a library that signatures alone need."""
    try:
        yield
    except ImportError:
        raise ModelError(
            "signatures need cryptography; pip install 'headline-topics[nightly]'"
        ) from None


def _read_key(path: str | Path, where: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"more than the {MAX_BYTES:,} bytes of a key file")
    except (OSError, ValueError) as error:  # ValueError also from names that no file can have
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelError(
            f"{where}: the key {str(path)!r} can't be read ({reason}); give a key file's path"
        ) from None
    return data


def _match(form: re.Pattern[str], data: bytes) -> re.Match[str] | None:
    """Match all of a small file in UTF-8."""
    try:
        return form.fullmatch(data.decode()) if len(data) <= MAX_BYTES else None
    except UnicodeDecodeError:
        return None


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=64).digest()


def _hex(key_id: bytes) -> str:
    """Write a key's id as minisign does: a little-endian number."""
    return f"{int.from_bytes(key_id, 'little'):016X}"
