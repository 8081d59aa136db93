"""The page's server: this machine's own browser is let in once, and everything else refused."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from headlines.errors import HeadlinesError, OutputError, require
from headlines.feeds.decoding import has_halves
from headlines.review.desk import MAX_FOUND, Desk, RequestError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Work: TypeAlias = Callable[[Desk, Mapping[str, Any]], dict[str, Any]]

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"

MAX_BODY = 64 << 10
"""Bytes of a request's body."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer: the page runs its own script and style, asks nobody else, is framed by none."""


class DeskServer:
    """A review on a page; made by the command, which tells a person its address.

    Parameters
    ----------
    desk : Desk
    port : int, default 0
        Where it listens, on this machine alone; 0 takes a free one.

    Raises
    ------
    MissingExtraError
        When the extra `review` isn't installed.
    HeadlinesError
        When the port can't be listened on.
    """

    def __init__(self, desk: Desk, port: int = 0) -> None:
        uvicorn = require("uvicorn", "review")
        token = secrets.token_urlsafe(24)
        try:
            self._socket = socket.create_server((HOST, port))
        except OSError as error:
            raise OutputError(
                f"port {port}: can't be listened on ({error.strerror}); choose another with --port"
            ) from None
        number = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{number}/?token={token}"
        self._done = threading.Event()
        hosts = (f"{HOST}:{number}", f"localhost:{number}")
        config = uvicorn.Config(
            _Guard(application(desk, self._done.set), hosts, token),
            lifespan="off", ws="none", log_config=None, access_log=False, server_header=False,
            proxy_headers=False, timeout_graceful_shutdown=3,
        )  # fmt: skip
        self._server = uvicorn.Server(config)

    def run(self, ready: Callable[[], object] = lambda: None) -> None:
        """Serve until the page says that the review is done, or Ctrl-C does; `ready` is told."""
        # In a thread of its own, so that Ctrl-C comes to us and not to uvicorn.
        thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        thread.start()
        try:
            ready()
            while thread.is_alive() and not self._done.wait(0.2):
                pass
        finally:
            self._server.should_exit = True
            thread.join(10)
            self._socket.close()


# ---------------------------------------------------------------- who is let in


class _Guard:
    """Let in what comes from this page, in the browser that opened it by the token."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], token: str) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token  # empty once it was used
        self._session = secrets.token_urlsafe(24)
        self._cookie = f"headlines-desk-{hosts[0].rpartition(':')[2]}"  # a browser shares ports'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse

        request = Request(scope, receive)
        refusal = self._refusal(request)
        opened = not refusal and not self._is_known(request)
        if opened:
            self._token = ""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = dict(HEADERS)
                if opened:
                    said = "Path=/; HttpOnly; SameSite=Strict"
                    more["Set-Cookie"] = f"{self._cookie}={self._session}; {said}"
                message["headers"] += [(k.lower().encode(), v.encode()) for k, v in more.items()]
            await send(message)

        app: ASGIApp = self._app
        if refusal:
            app = PlainTextResponse(refusal[1] + "\n", refusal[0])
        await app(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        """Say why a request isn't answered, with a status."""
        headers = request.headers
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0] not in self._hosts:  # another name was made to lead here
            return 421, "this is a review desk, which answers on its own address alone"
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return 403, "asked by another page"
        if request.method not in ("GET", "HEAD", "POST"):
            return 405, "no such method"
        if request.method == "POST":
            if len(origins) != 1:
                return 403, "what is written comes from the desk's own page"
            if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return 415, "what is written is JSON"
        elif headers.get("sec-fetch-site") in ("cross-site", "same-site") and (
            headers.get("sec-fetch-mode") != "navigate"
        ):
            return 403, "asked by another page"
        if not self._is_known(request) and not self._opens(request):
            return 403, (
                "this link opens the desk once, in one browser: use the page that is open, or "
                "start the desk again"
            )
        return None

    def _is_known(self, request: Request) -> bool:
        given = request.cookies.get(self._cookie, "")
        return secrets.compare_digest(given.encode(), self._session.encode())

    def _opens(self, request: Request) -> bool:
        given = request.query_params.getlist("token")
        return (
            bool(self._token)
            and (request.method, request.url.path, len(given)) == ("GET", "/", 1)
            and secrets.compare_digest(given[0].encode(), self._token.encode())
        )


# ---------------------------------------------------------------- what is answered


def application(desk: Desk, done: Callable[[], object]) -> Starlette:
    """Give the routes of a desk; `done` is called when the page says so."""
    require("starlette", "review")
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import FileResponse, JSONResponse
    from starlette.routing import Route

    lock = threading.Lock()  # the desk does one thing at a time

    def page(name: str) -> Any:
        async def respond(_: Request) -> Response:
            return FileResponse(PAGE / name)

        return respond

    def doing(work: Work) -> Any:
        def locked(wish: Mapping[str, Any]) -> dict[str, Any]:
            with lock:
                return work(desk, wish)

        async def respond(request: Request) -> Response:
            try:
                wish = await _wish(request)
                return JSONResponse(await run_in_threadpool(locked, wish))
            except HeadlinesError as error:
                status = {RequestError: 400, _TooLargeError: 413}.get(type(error), 409)
                return JSONResponse({"error": str(error)}, status)

        return respond

    def finish(desk: Desk, _: Mapping[str, Any]) -> dict[str, Any]:
        done()
        return {"progress": desk.progress().to_row(), "file": str(desk.ledger.path)}

    pages = {"/": "desk.html", "/desk.css": "desk.css", "/desk.js": "desk.js"}
    reads: dict[str, Work] = {"now": _now, "search": _search}
    writes: dict[str, Work] = {"answer": _answer, "skip": _skip, "undo": _undo, "topic": _topic}
    writes["done"] = finish
    return Starlette(
        routes=[
            *(Route(path, page(name), methods=["GET"]) for path, name in pages.items()),
            *(Route(f"/api/{name}", doing(do), methods=["GET"]) for name, do in reads.items()),
            *(Route(f"/api/{name}", doing(do), methods=["POST"]) for name, do in writes.items()),
        ]
    )


class _TooLargeError(HeadlinesError):
    """A body of more than `MAX_BODY` bytes."""


async def _wish(request: Request) -> Mapping[str, Any]:
    """Read what is asked: the query of a GET, the JSON object of a POST."""
    if request.method != "POST":
        return dict(request.query_params)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise _TooLargeError(f"more than {MAX_BODY >> 10} KB")
    try:
        wish = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("no JSON") from None
    if not isinstance(wish, dict):
        raise RequestError("no JSON object")
    return wish


def _texts(wish: Mapping[str, Any], key: str) -> list[str]:
    values = wish.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RequestError(f"{key}: expected a list of texts")
    if has_halves(values):
        raise RequestError(f"{key}: holds half a character")
    return values


def _text(wish: Mapping[str, Any], key: str) -> str:
    [value] = _texts({key: [wish.get(key, "")]}, key)
    return value


def _now(desk: Desk, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Give the headline of an id, else the next one, with all that the page shows."""
    id = _text(wish, "id")
    question = desk.question(id) if id else desk.next()
    return {
        "question": question and question.to_row(),
        "topics": desk.topics(),
        "progress": desk.progress().to_row(),
        "can_add": desk.topics_file is not None,
        "file": str(desk.ledger.path),
        "fault": desk.ledger.fault,
    }


def _search(desk: Desk, wish: Mapping[str, Any]) -> dict[str, Any]:
    found = desk.search(_text(wish, "words")[:200])
    return {"found": found, "more": " or more" if len(found) == MAX_FOUND else ""}


def _answer(desk: Desk, wish: Mapping[str, Any]) -> dict[str, Any]:
    desk.answer(_text(wish, "id"), _text(wish, "topic"), _texts(wish, "also"))
    return _now(desk, {})


def _skip(desk: Desk, wish: Mapping[str, Any]) -> dict[str, Any]:
    desk.skip(_text(wish, "id"))
    return _now(desk, {})


def _undo(desk: Desk, _: Mapping[str, Any]) -> dict[str, Any]:
    id = desk.undo()
    return _now(desk, {"id": id or ""}) | {"undone": id is not None}


def _topic(desk: Desk, wish: Mapping[str, Any]) -> dict[str, Any]:
    desk.add_topic(_text(wish, "name"), _text(wish, "definition"), _texts(wish, "ids"))
    return _now(desk, {})
