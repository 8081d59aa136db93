"""Claims about who is let in to the desk: forged requests are refused, and write nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import write
from desks import FEED, DeskProcess, desk_at, kept

from headlines.feeds.headline import Headline


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    folder = tmp_path_factory.mktemp("desk")
    write(folder / "feed.txt", FEED)
    with desk_at(folder, "feed.txt", "--corrections", "c.csv", "--no-open") as opened:
        opened.open()
        yield opened
        code, _, notes = opened.done()
        assert code == 0
        assert "Traceback" not in notes, notes
        assert not (folder / "c.csv").exists()  # after all that was forged


ANSWER = json.dumps({"id": Headline.parse(FEED[0]).id, "topic": "courts", "also": []}).encode()
BIG = json.dumps({"id": "x" * 70_000}).encode()
POST = "/api/answer"

FORGED = {
    # no session, or another one
    "no cookie": ("POST", POST, ANSWER, {"Cookie": None}),
    "an empty cookie": ("POST", POST, ANSWER, {"Cookie": "headlines-desk="}),
    "another session": ("POST", POST, ANSWER, {"Cookie": "COOKIEx"}),
    "the cookie cut": ("POST", POST, ANSWER, {"Cookie": "COOK"}),
    "a cookie of another port": ("POST", POST, ANSWER, {"Cookie": "headlines-desk-1=VALUE"}),
    "the token as a cookie": ("POST", POST, ANSWER, {"Cookie": "NAME=TOKEN"}),
    "a cookie that is no ASCII": ("POST", POST, ANSWER, {"Cookie": "NAME=é"}),
    "reading without a cookie": ("GET", "/api/now", None, {"Cookie": None}),
    "searching without a cookie": ("GET", "/api/search?words=a", None, {"Cookie": None}),
    "the page without a token": ("GET", "/", None, {"Cookie": None}),
    "the script without a cookie": ("GET", "/desk.js", None, {"Cookie": None}),
    # tokens
    "the token again": ("GET", "/?token=TOKEN", None, {"Cookie": None}),
    "a wrong token": ("GET", "/?token=abc", None, {"Cookie": None}),
    "an empty token": ("GET", "/?token=", None, {"Cookie": None}),
    "two tokens": ("GET", "/?token=TOKEN&token=TOKEN", None, {"Cookie": None}),
    "the token at another path": ("GET", "/api/now?token=TOKEN", None, {"Cookie": None}),
    "the token in a POST": ("POST", f"{POST}?token=TOKEN", ANSWER, {"Cookie": None}),
    "a token that is no ASCII": ("GET", "/?token=%C3%A9", None, {"Cookie": None}),
    "a token by HEAD": ("HEAD", "/?token=TOKEN", None, {"Cookie": None}),
    # other hosts: a name that was made to lead to this machine (DNS rebinding)
    "another host": ("POST", POST, ANSWER, {"Host": "evil.example"}),
    "another host at our port": ("POST", POST, ANSWER, {"Host": "evil.example:PORT"}),
    "rebinding, its origin too": (
        "POST", POST, ANSWER, {"Host": "evil.example:PORT", "Origin": "http://evil.example:PORT"},
    ),
    "a name that begins as ours": ("POST", POST, ANSWER, {"Host": "127.0.0.1.evil.example:PORT"}),
    "our host without a port": ("POST", POST, ANSWER, {"Host": "127.0.0.1"}),
    "our host at another port": ("POST", POST, ANSWER, {"Host": "127.0.0.1:1"}),
    "any address": ("POST", POST, ANSWER, {"Host": "0.0.0.0:PORT"}),
    "a reader of another host": ("GET", "/api/now", None, {"Host": "evil.example:PORT"}),
    "user and host": ("GET", "/api/now", None, {"Host": "evil@127.0.0.1:PORT"}),
    "no host": ("GET", "/api/now", None, {"Host": None}),
    "the token for another host": ("GET", "/?token=TOKEN", None, {"Host": "evil.example:PORT"}),
    # other origins
    "another origin": ("POST", POST, ANSWER, {"Origin": "http://evil.example"}),
    "origin null": ("POST", POST, ANSWER, {"Origin": "null"}),
    "no origin": ("POST", POST, ANSWER, {"Origin": None}),
    "an empty origin": ("POST", POST, ANSWER, {"Origin": ""}),
    "our origin by https": ("POST", POST, ANSWER, {"Origin": "https://127.0.0.1:PORT"}),
    "our origin by another name": ("POST", POST, ANSWER, {"Origin": "http://localhost:PORT"}),
    "another port's origin": ("POST", POST, ANSWER, {"Origin": "http://127.0.0.1:1"}),
    "an origin that begins as ours": (
        "POST", POST, ANSWER, {"Origin": "http://127.0.0.1:PORT.evil.example"},
    ),
    "a reader of another origin": ("GET", "/api/now", None, {"Origin": "http://evil.example"}),
    "an image on another page": (
        "GET", "/api/now", None, {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
    ),
    "a script on another port": (
        "GET", "/desk.js", None, {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"},
    ),
    # methods and bodies
    "a GET that writes": ("GET", f"{POST}?id=x&topic=courts", None, {}),
    "a HEAD that writes": ("HEAD", POST, None, {}),
    "a PUT": ("PUT", POST, ANSWER, {}),
    "a DELETE": ("DELETE", POST, None, {}),
    "an OPTIONS": ("OPTIONS", POST, None, {"Access_Control_Request_Method": "POST"}),
    "a TRACE": ("TRACE", "/", None, {}),
    "a POST to the page": ("POST", "/", ANSWER, {}),
    "a POST that reads": ("POST", "/api/now", b"{}", {}),
    "a form": ("POST", POST, ANSWER, {"Content_Type": "application/x-www-form-urlencoded"}),
    "a form's plain text": ("POST", POST, ANSWER, {"Content_Type": "text/plain"}),
    "a form of parts": ("POST", POST, ANSWER, {"Content_Type": "multipart/form-data; boundary=x"}),
    "a type that has ours in it": ("POST", POST, ANSWER, {"Content_Type": "text/application/json"}),
    "no type": ("POST", POST, ANSWER, {"Content_Type": None}),
    "too large": ("POST", POST, BIG, {}),
    "large in parts": (
        "POST", POST, b"%x\r\n%s\r\n0\r\n\r\n" % (len(BIG), BIG), {"Transfer_Encoding": "chunked"},
    ),
    "no JSON": ("POST", POST, b"id=x", {}),
    "nested without end": ("POST", POST, b"[" * 60_000, {}),
    "no object": ("POST", POST, b"[1]", {}),
    "a number for a text": ("POST", POST, b'{"id": 1, "topic": "courts"}', {}),
    "a text for a list": ("POST", POST, ANSWER.replace(b"[]", b'"courts"'), {}),
    "half a character": ("POST", POST, b'{"id": "\\ud800", "topic": "courts"}', {}),
    "an unknown headline": ("POST", POST, b'{"id": "../../x", "topic": "courts"}', {}),
    "an unknown topic": ("POST", POST, ANSWER.replace(b"courts", b"=cmd()"), {}),
    "an unknown further topic": ("POST", POST, ANSWER.replace(b"[]", b'["x\\ny"]'), {}),
    "a skip of nothing": ("POST", "/api/skip", b"{}", {}),
    "a topic where there can be none": (
        "POST", "/api/topic", b'{"name": "x", "ids": ["y"]}', {},
    ),
    # paths
    "out of the folder": ("GET", "/../desk.py", None, {}),
    "out of it, encoded": ("GET", "/%2e%2e/%2e%2e/desk.py", None, {}),
    "out of it, encoded twice": ("GET", "/%252e%252e/desk.py", None, {}),
    "a folder of the machine": ("GET", "//etc/passwd", None, {}),
    "a file by its name": ("GET", "/desk.html", None, {}),
    "backslashes": ("GET", "/..\\desk.py", None, {}),
    "an end of the text": ("GET", "/desk.js%00.html", None, {}),
    "two slashes": ("POST", "//api/answer", ANSWER, {}),
    "an address as the path": ("GET", "http://x.example/api/now", None, {"Host": "x.example"}),
}  # fmt: skip


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_request_is_refused(case: str, desk: DeskProcess) -> None:
    name, _, value = desk.cookie.partition("=")
    token, port = desk.url.partition("token=")[2], desk.host.partition(":")[2]

    def filled(text: str) -> str:
        text = text.replace("COOKIE", desk.cookie).replace("COOK", desk.cookie[:-3])
        text = text.replace("NAME", name).replace("VALUE", value)
        return text.replace("TOKEN", token).replace("PORT", port)

    method, path, body, headers = FORGED[case]
    told = {key: value if value is None else filled(value) for key, value in headers.items()}
    status, got, said = desk.send(method, filled(path), body, **told)
    assert 400 <= status < 500, (status, said)
    assert "set-cookie" not in got
    assert desk.cookie.encode() not in said


def test_there_are_fifty_forged_requests_and_more() -> None:
    assert len(FORGED) >= 50


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /api/now HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\nCookie: COOKIE\r\n\r\n",
        b"GET /api/now HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\n"
        b"Origin: http://evil.example\r\nCookie: COOKIE\r\n\r\n",
        b"POST /api/answer HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\nCookie: COOKIE\r\nOrigin: http://HOST\r\n"
        b"Content-Type: application/json\r\n\r\n0\r\n\r\n",
        b"NONSENSE\r\n\r\n",
    ],
    ids=["two hosts", "two origins", "two lengths", "no request"],
)
def test_what_no_client_sends_is_refused(raw: bytes, desk: DeskProcess) -> None:
    raw = raw.replace(b"HOST", desk.host.encode()).replace(b"COOKIE", desk.cookie.encode())
    name, _, port = desk.host.partition(":")
    with socket.create_connection((name, int(port)), timeout=10) as link:
        link.sendall(raw)
        assert link.recv(4096).startswith(b"HTTP/1.1 4")


def test_what_the_page_itself_sends_is_answered_and_says_what_it_may_do(desk: DeskProcess) -> None:
    status, headers, body = desk.send("GET", "/api/now")
    assert status == 200
    assert json.loads(body)["progress"]["answers"] == 0
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
    assert desk.send("GET", "/?token=used")[0] == 200  # a page that is open is loaded again


def test_the_cookie_is_neither_read_by_scripts_nor_sent_by_other_pages(tmp_path: Path) -> None:
    write(tmp_path / "feed.txt", FEED)
    with desk_at(tmp_path, "feed.txt", "--corrections", "c.csv") as desk:
        _, headers, _ = desk.send("GET", "/" + desk.url.partition("/?")[2].join(("?", "")))
        said = headers["set-cookie"]
        assert said.endswith("; Path=/; HttpOnly; SameSite=Strict")
        desk.cookie = said.partition(";")[0]
        id = Headline.parse(FEED[1]).id
        desk.ask("/api/answer", {"id": id, "topic": "drones"})
        assert kept(tmp_path / "c.csv") == {FEED[1]: "drones"}
        assert desk.done()[0] == 0


def test_a_port_that_is_taken_is_told_with_its_remedy(tmp_path: Path) -> None:
    write(tmp_path / "feed.txt", FEED)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(AssertionError, match=rf"port {port}: can't be .* another with --port"),
            desk_at(tmp_path, "feed.txt", "--corrections", "c.csv", "--port", str(port)),
        ):
            pass


def test_an_answer_that_cannot_be_kept_is_told_and_asked_again(tmp_path: Path) -> None:
    write(tmp_path / "feed.txt", FEED)
    with desk_at(tmp_path, "feed.txt", "--corrections", "c.csv") as desk:
        desk.open()
        (tmp_path / "c.csv").mkdir()
        id = desk.ask("/api/now")["question"]["id"]
        wish = json.dumps({"id": id, "topic": "drones"}).encode()
        status, _, said = desk.send("POST", "/api/answer", wish)
        assert status == 409
        assert "c.csv: can't be written" in json.loads(said)["error"]
        now = desk.ask("/api/now")
        assert now["question"]["id"] == id
        assert now["progress"]["answers"] == 0
        (tmp_path / "c.csv").rmdir()
        desk.ask("/api/answer", {"id": id, "topic": "drones"})
        assert list(kept(tmp_path / "c.csv").values()) == ["drones"]
