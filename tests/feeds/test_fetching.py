"""Claims about fetching, against a real server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headlines import read_feed
from headlines.errors import FeedError
from headlines.feeds.fetching import MAX_REDIRECTS, Limits, fetched, is_public

FEED = b"<rss version='2.0'><channel><item><title>Floods Hit Siberia</title></item></channel></rss>"
BOMB = gzip.compress(b"a" * (32 << 20), 1)
QUICK = Limits(bytes=1 << 20, seconds=2.0, silence=0.5)


class _Handler(BaseHTTPRequestHandler):
    asked: list[dict[str, str]] = []  # noqa: RUF012 (what all connections of a test asked)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bytes, kind: str = "application/rss+xml", **headers: str) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _endless(self, piece: bytes, pause: float = 0.0) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        for _ in range(100_000):
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(pause)

    def do_GET(self) -> None:
        _Handler.asked.append(
            {"path": self.path, **{k.lower(): v for k, v in self.headers.items()}}
        )
        name = self.path.split("?")[0].strip("/")
        try:
            if name == "feed":
                self._answer(FEED)
            elif name == "packed":
                self._answer(gzip.compress(FEED), Content_Encoding="gzip")
            elif name == "cut":
                self._answer(gzip.compress(FEED)[:-9], Content_Encoding="gzip")
            elif name == "bomb":
                self._answer(BOMB, Content_Encoding="gzip")
            elif name == "odd-packing":
                self._answer(FEED, Content_Encoding="br")
            elif name == "endless":
                self._endless(b"x" * 65536)
            elif name == "drip":
                self._endless(b"x", 0.2)
            elif name == "silent":
                self._endless(b"x", 1.0)
            elif name == "drip-head":
                for _ in range(100):
                    self.wfile.write(b"H")
                    self.wfile.flush()
                    time.sleep(0.2)
            elif name == "kept":
                if self.headers.get("If-None-Match") == '"v1"':
                    self.send_response(304)
                    self.end_headers()
                else:
                    self._answer(FEED, ETag='"v1"', Last_Modified="Wed, 16 Jul 2025 10:00:00 GMT")
            elif name.startswith("to/"):
                self.send_response(302)
                self.send_header("Location", name[3:] if "://" in name else f"/{name[3:]}")
                self.end_headers()
            elif name == "loop":
                self.send_response(301)
                self.send_header("Location", "/loop")
                self.end_headers()
            elif name.startswith("as/"):
                self._answer(b"%PDF-1.7", kind=name[3:])
            else:
                self.send_error(404)
        except OSError:
            pass  # who asked has seen enough


@pytest.fixture
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    _Handler.asked.clear()
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def _here(address: str) -> bool:
    return address == "127.0.0.1"


def _fetch(url: str, cache: Path, limits: Limits = QUICK) -> bytes:
    return fetched(url, limits=limits, allow=_here, cache=cache).read()


@pytest.mark.parametrize("name", ["feed", "feed?a=b c&d=%20", "packed", "to/feed", "to/to/packed"])
def test_a_feed_is_fetched(server: str, name: str, tmp_path: Path) -> None:
    assert _fetch(f"{server}/{name}", tmp_path) == FEED
    asked = _Handler.asked[0]
    assert asked["host"] == server.removeprefix("http://")
    assert asked["user-agent"].startswith("headlines")


def test_what_was_fetched_is_read_as_a_file_is(server: str, tmp_path: Path) -> None:
    url = f"{server}/feed"
    with fetched(url, limits=QUICK, allow=_here, cache=tmp_path) as file:
        [headline] = read_feed(file)
    assert (headline.headline, headline.source) == ("Floods Hit Siberia", url)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("endless", "gives more than 1 MB"),
        ("bomb", "gives more than 1 MB"),
        ("drip", r"takes longer than 2 s|timed out"),
        ("drip-head", r"takes longer than 2 s|timed out"),
        ("silent", "can't be fetched"),
        ("cut", "cut off"),
        ("odd-packing", "packed by br"),
        ("loop", f"leads on more than {MAX_REDIRECTS} times"),
        ("none", "the server says 404"),
        ("as/application/pdf", "gives application/pdf, not a feed"),
        ("as/image/png", "gives image/png, not a feed"),
        ("as/video/mp4", "gives video/mp4, not a feed"),
        ("to/file:///etc/passwd", "isn't fetched"),
        ("to/ftp://127.0.0.1/x", "isn't fetched"),
    ],
)
def test_what_costs_too_much_or_is_no_feed_is_refused(
    server: str, name: str, told: str, tmp_path: Path
) -> None:
    start = time.monotonic()
    with pytest.raises(FeedError, match=told) as caught:
        _fetch(f"{server}/{name}", tmp_path)
    assert time.monotonic() - start < 4
    assert len(str(caught.value)) < 300
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0177.0.0.1", "0x7f.1",
     "127.1", "0", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
     "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "0.0.0.0",  # noqa: S104
     "255.255.255.255", "192.0.2.1"],
)  # fmt: skip
def test_machines_that_are_not_public_are_not_asked(host: str, server: str, tmp_path: Path) -> None:
    port = server.rpartition(":")[2]
    with pytest.raises(FeedError, match=r"isn't public|no machine of that name"):
        fetched(f"http://{host}:{port}/feed", limits=QUICK, cache=tmp_path)
    assert _Handler.asked == []


def test_a_redirect_to_a_machine_that_may_not_be_asked_is_not_followed(
    server: str, tmp_path: Path
) -> None:
    for target in ("http://10.0.0.1/", "http://[::1]/", "http://localhost@192.168.0.1/"):
        with pytest.raises(FeedError, match=r"isn't public|password"):
            _fetch(f"{server}/to/{target}", tmp_path)


def test_the_machine_that_is_asked_is_the_one_that_was_looked_at(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means another machine when it is looked up again leads nowhere else."""
    looked_up = []
    known = socket.getaddrinfo

    def changing(host: str, *rest: object, **named: object) -> object:
        looked_up.append(host)
        if host == "news.example":
            host = "127.0.0.1" if looked_up.count(host) == 1 else "127.0.0.2"
        return known(host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    port = server.rpartition(":")[2]
    assert _fetch(f"http://news.example:{port}/feed", tmp_path) == FEED
    assert looked_up.count("news.example") == 1
    assert _Handler.asked[0]["host"] == f"news.example:{port}"


def test_what_has_not_changed_is_not_sent_again(server: str, tmp_path: Path) -> None:
    url = f"{server}/kept"
    assert _fetch(url, tmp_path) == _fetch(url, tmp_path) == FEED
    assert "if-none-match" not in _Handler.asked[0]
    assert _Handler.asked[1]["if-none-match"] == '"v1"'
    assert _Handler.asked[1]["if-modified-since"] == "Wed, 16 Jul 2025 10:00:00 GMT"
    for path in tmp_path.iterdir():
        path.write_bytes(b"damaged")
    assert _fetch(url, tmp_path) == FEED


def test_what_cannot_be_kept_is_fetched_all_the_same(server: str, tmp_path: Path) -> None:
    url = f"{server}/kept"
    (tmp_path / hashlib.sha256(url.encode()).hexdigest()[:32]).mkdir()  # in the place of its file
    assert _fetch(url, tmp_path) == _fetch(url, tmp_path) == FEED


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://x/y", "http://", "feed.txt", "http://[::1", "http://x:99999/"],
)
def test_only_addresses_of_the_web_are_fetched(url: str, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="isn't fetched"):
        fetched(url, cache=tmp_path)


def test_addresses_are_told_public_or_not() -> None:
    for address in ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"):
        assert is_public(address)
    for address in (
        "127.0.0.1",
        "::",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
        "198.18.0.1",
        "240.0.0.1",
    ):
        assert not is_public(address)
