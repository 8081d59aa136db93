"""Fetching: what an address gives, within limits, from public machines alone, asked for once."""

from __future__ import annotations

import hashlib
import io
import ipaddress
import json
import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urljoin, urlsplit

from headlines.errors import FeedError, OutputError, require, short
from headlines.files import replacing

MAX_BYTES = 20 << 20
MAX_REDIRECTS = 5
USER_AGENT = "headlines (a reader of news feeds)"
ACCEPTED = "application/rss+xml, application/atom+xml, application/json, text/*;q=0.9, */*;q=0.5"
SAFE = "!#$%&'()*+,/:;=?@[]~"
_TYPES = ("text/", "application/", "binary/octet-stream")
_NOT_FEEDS = ("application/pdf", "application/javascript", "application/wasm", "application/zip",
              "application/msword", "application/x-msdownload", "application/x-tar")  # fmt: skip

Allowed = Callable[[str], bool]
"""Says of the address of a machine whether it may be asked."""


def is_public(address: str) -> bool:
    """Say whether an address is one that all the world reaches, and no special one.

    Examples
    --------
    >>> [is_public(a) for a in ("93.184.215.14", "10.0.0.1", "::1", "::ffff:127.0.0.1")]
    [True, False, False, False]
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        nat64 = found in ipaddress.ip_network("64:ff9b::/96")
        if inner is None and nat64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


@dataclass(frozen=True)
class Limits:
    """What fetching may cost: bytes in all, seconds in all, seconds without a byte."""

    bytes: int = MAX_BYTES
    seconds: float = 60.0
    silence: float = 10.0


def fetched(
    url: str,
    *,
    limits: Limits = Limits(),
    allow: Allowed = is_public,
    cache: Path | None = None,
) -> IO[bytes]:
    """Give what an address holds, as an open file that has the address for its name.

    Parameters
    ----------
    url : str
        An address that begins with http:// or https://.
    limits : Limits, optional
        By default 20 MB and a minute in all, 10 seconds without a byte.
    allow : callable, optional
        Says which machines may be asked; by default those that are public.
    cache : path, optional
        A folder in which what came is kept, so that it is sent again only when it has changed;
        by default one in the user's folder for such things.

    Raises
    ------
    FeedError
        When the address can't be fetched, or gives what is no feed.
    """
    httpcore = require("httpcore", "fetch")
    faults = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
    kept = _Kept(cache or _cache_folder(), url)
    backend = _backend(httpcore, limits, allow, url)
    here = url
    for _ in range(MAX_REDIRECTS + 1):
        asked = {"user-agent": USER_AGENT, "accept": ACCEPTED, "accept-encoding": "gzip"}
        asked |= kept.headers if here == url else {}
        try:
            request = _checked(here)
            with (
                httpcore.ConnectionPool(network_backend=backend) as pool,
                pool.stream("GET", request, headers=asked) as response,
            ):
                headers = {
                    k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers
                }
                if response.status == 304 and kept.content is not None:
                    return _Named(kept.content, url)
                if response.status in (301, 302, 303, 307, 308) and headers.get("location"):
                    here = urljoin(here, headers["location"])
                    continue
                if response.status != 200:
                    raise FeedError(f"{short(url)}: the server says {response.status}; try later")
                _check_type(url, headers.get("content-type", ""))
                content = _read(response.iter_stream(), headers, url, limits)
        except (*faults, zlib.error, EOFError, UnicodeError) as error:
            why = short(str(error)) or type(error).__name__
            raise FeedError(
                f"{short(url)}: can't be fetched ({why}); check it, or try later"
            ) from None
        kept.keep(content, headers)
        return _Named(content, url)
    raise FeedError(f"{short(url)}: leads on more than {MAX_REDIRECTS} times; check the address")


class _Named(io.BytesIO):
    """Bytes with a name, as a file has one."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def _checked(url: str) -> str:
    """Give an address as it is sent; raises FeedError where it is none of the web."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise FeedError(f"{short(url)}: isn't fetched; give an address with http:// or https://")
    if parts.username or parts.password:
        raise FeedError(f"{short(parts.hostname or '')}: an address with a password isn't fetched")
    host = (
        (parts.hostname or "")
        .encode("idna" if not (parts.hostname or "").isascii() else "ascii")
        .decode()
    )
    host = f"[{host}]" if ":" in host else host
    path, query = (quote(part, safe=SAFE) for part in (parts.path or "/", parts.query))
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{path}" + (f"?{query}" if query else "")


def _backend(httpcore: Any, limits: Limits, allow: Allowed, url: str) -> Any:
    """Give what connects: to the very address that was looked at, while there is time left."""
    deadline = time.monotonic() + limits.seconds

    def left() -> float:
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise FeedError(f"{short(url)}: takes longer than {limits.seconds:g} s; try later")
        return min(seconds, limits.silence)

    class Stream(httpcore.NetworkStream):  # type: ignore[misc]
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            taken: bytes = self._inner.read(max_bytes, left())
            return taken

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._inner.write(buffer, left())

        def close(self) -> None:
            self._inner.close()

        def start_tls(
            self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
        ) -> Any:
            return Stream(self._inner.start_tls(ssl_context, server_hostname, left()))

        def get_extra_info(self, info: str) -> Any:
            return self._inner.get_extra_info(info)

    class Backend(httpcore.NetworkBackend):  # type: ignore[misc]
        def connect_tcp(
            self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any
        ) -> Any:
            address = _address_of(url, host, port, allow)
            return Stream(httpcore.SyncBackend().connect_tcp(address, port, left()))

    return Backend()


def _address_of(url: str, host: str, port: int, allow: Allowed) -> str:
    """Look a name up; raises FeedError where any of its machines may not be asked."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FeedError(f"{short(url)}: no machine of that name; check the address") from None
    addresses = [str(info[4][0]) for info in found]
    for address in addresses:
        if not allow(address):
            raise FeedError(
                f"{short(url)}: is at {address}, which isn't public, and isn't asked; give a file"
            )
    return addresses[0]


def _check_type(url: str, told: str) -> None:
    """Refuse what says itself that it is no text and no table."""
    kind = told.partition(";")[0].strip().casefold()
    if kind and (not kind.startswith(_TYPES) or kind.startswith(_NOT_FEEDS)):
        raise FeedError(f"{short(url)}: gives {short(kind, 60)}, not a feed; check the address")


def _read(pieces: Iterator[bytes], headers: dict[str, str], url: str, limits: Limits) -> bytes:
    """Read the body, unpacked; raises FeedError beyond a limit, as it comes and as it unpacks."""
    packed = headers.get("content-encoding", "").strip().casefold()
    if packed not in ("", "identity", "gzip", "x-gzip"):
        raise FeedError(f"{short(url)}: is sent packed by {short(packed, 40)}, which isn't read")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed.endswith("gzip") else None
    body = bytearray()
    for piece in pieces:
        if unpacker:
            piece = unpacker.decompress(piece, limits.bytes + 1 - len(body))
        body += piece
        if len(body) > limits.bytes:
            most = f"{limits.bytes / (1 << 20):.3g} MB"
            raise FeedError(
                f"{short(url)}: gives more than {most}; fetch it yourself, give the file"
            )
    if unpacker and body and not unpacker.eof:
        raise EOFError("what it sends is cut off")
    return bytes(body)


def _cache_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "headlines"


class _Kept:
    """What came from an address before, and what to say so that it isn't sent again unchanged."""

    def __init__(self, folder: Path, url: str) -> None:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._folder, self._told, self._body = folder, folder / f"{name}.json", folder / name
        self.headers: dict[str, str] = {}
        self.content: bytes | None = None
        with suppress(OSError, ValueError):
            told = json.loads(self._told.read_text(encoding="utf-8"))
            content = self._body.read_bytes()
            if told["sha256"] == hashlib.sha256(content).hexdigest():
                self.headers = {str(k): str(v) for k, v in told["headers"].items()}
                self.content = content

    def keep(self, content: bytes, headers: Any) -> None:
        """Keep what came, where its sender can say whether it has changed."""
        asked = {"etag": "if-none-match", "last-modified": "if-modified-since"}
        ask = {asked[name]: headers[name] for name in asked if name in headers}
        if not ask:
            return
        with suppress(OSError, OutputError):  # a read-only folder: it is sent again
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            told = {"sha256": hashlib.sha256(content).hexdigest(), "headers": ask}
            for path, data in ((self._body, content), (self._told, json.dumps(told).encode())):
                with replacing(path) as file:
                    file.write(data)
