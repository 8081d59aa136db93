"""Signatures: who made a model, where hashes say only what it is.

A manifest vouches for a model's bytes, and a signature for the manifest: the 64 bytes of Ed25519
(RFC 8032) over the manifest's. Keys are PEM files, so that openssl can check it too::

    openssl pkeyutl -verify -pubin -inkey NAME.pub -rawin -in MANIFEST -sigfile MANIFEST.sig

The private key has no password, as nobody is there to type one for a job at night: its mode,
0600, and its place protect it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from headlines.errors import ModelError, OutputError, require, short
from headlines.files import replacing, writing

MAX_KEY_BYTES = 4096  # of a key file; larger ones are refused before they are parsed


def make_keys(folder_or_stem: str | Path) -> tuple[Path, Path]:
    """Make a pair of keys: NAME.key (PKCS#8, its owner's alone) and NAME.pub (to be handed out).

    Both exist or neither; an existing file is never overwritten. In a folder, NAME is
    ``headlines``. Raises OutputError when a file exists or can't be written.
    """
    require("cryptography", "nightly")
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    stem = Path(folder_or_stem)
    stem = stem / "headlines" if stem.is_dir() else stem
    private, public = (stem.with_name(stem.name + ending) for ending in (".key", ".pub"))
    for path in (private, public):
        if os.path.lexists(path):
            raise OutputError(f"{path}: exists, and keys are never overwritten; give another name")
    key = Ed25519PrivateKey.generate()
    pem, spki = form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    with writing(private):
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with contextlib.ExitStack() as undo:
            undo.callback(private.unlink)
            with os.fdopen(handle, "wb") as file:
                file.write(key.private_bytes(pem, form.PrivateFormat.PKCS8, form.NoEncryption()))
                file.flush()
                os.fsync(file.fileno())  # before the public key can be handed out
            with replacing(public) as file:
                file.write(key.public_key().public_bytes(pem, spki))
            undo.pop_all()
    return private, public


def sign(data: bytes, key: str | Path) -> bytes:
    """Sign a file's bytes with a private key; equal bytes and key give equal signatures.

    Raises ModelError when the file at `key` isn't such a key.
    """
    return bytes(_load_key(key, "signing", private=True).sign(data))


def verify(data: bytes, signature: bytes, key: str | Path, *, where: str) -> None:
    """Check that the holder of a key signed these bytes.

    `key` is a public key's file, or its PEM text; `where` names the signature in errors. Raises
    ModelError when it isn't a signature of these bytes by this key, or there is no such key.
    """
    public = _load_key(key, where, private=False)
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, data)
    except InvalidSignature:
        raise ModelError(
            f"{where}: {len(signature):,} bytes that aren't this key's signature of the file; one "
            "of the two was changed, restore them, or another key signed, give its public key if "
            "you trust it"
        ) from None


def _load_key(key: str | Path, where: str, *, private: bool) -> Any:
    require("cryptography", "nightly")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ed25519

    name = short(repr(str(key)))
    try:
        if isinstance(key, str) and key.startswith("-----BEGIN"):
            name = "the text given"  # which may be secret
            pem = key.encode("ascii", "replace")
        else:
            with open(key, "rb") as file:
                pem = file.read(MAX_KEY_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = error.strerror if isinstance(error, OSError) else error
        said = f"the key {name} can't be read ({reason}); give a key file"
        raise ModelError(f"{where}: {said}") from None
    found: Any = None
    if len(pem) <= MAX_KEY_BYTES:
        with contextlib.suppress(TypeError, ValueError, UnsupportedAlgorithm):
            if private:
                found = form.load_pem_private_key(pem, password=None)
            else:
                found = form.load_pem_public_key(pem)
    if not isinstance(found, ed25519.Ed25519PrivateKey if private else ed25519.Ed25519PublicKey):
        wanted, ending = ("private", ".key") if private else ("public", ".pub")
        raise ModelError(
            f"{where}: {name} isn't an Ed25519 {wanted} key in PEM without a "
            f"password, of at most {MAX_KEY_BYTES:,} bytes; give the {ending} file as it was made"
        )
    return found
