"""Review desks as processes of their own, and requests to them, byte for byte."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conftest import ROOT

from headlines import HeadlineLabeler
from headlines.topics.labels import merge_corrections

FEED = [
    "EU Approves New Round of Sanctions Against Russia",
    "Drone Hits Oil Depot Near Ryazan",
    "Moscow Court Jails Poet for Seven Years",
    "Oil Prices Rise as OPEC Cuts Output",
    "Putin and Trump to Meet in Budapest",
    "Wildfires Spread Across Siberia",
    "Telegram Opens Office in Moscow",
    "Lawmakers Back Bill on Foreign Agents",
    "Ukraine Strikes Airfield in Crimea",
    "Thousands Flee Floods in Orenburg",
]
TOPICS = ("sanctions", "drones", "courts", "diplomacy", "military")
"""The first topics of the shipped model, chosen by the keys 1 to 5."""


@dataclass
class DeskProcess:
    """A desk that listens, and the requests that a page makes."""

    process: subprocess.Popen[str]
    url: str
    cookie: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request as the page would; other headers take the place of its own, None none."""
        told: dict[str, str | None] = {"Host": self.host, "Cookie": self.cookie or None}
        if method == "POST":
            told |= {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        link = http.client.HTTPConnection(self.host, timeout=20)
        link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in told.items():
            if value is not None:
                link.putheader(name, value)
        if body is not None and "Content-Length" not in told and "Transfer-Encoding" not in told:
            link.putheader("Content-Length", str(len(body)))
        with contextlib.closing(link):
            link.endheaders(body)
            got = link.getresponse()
            told = {name.lower(): value for name, value in got.getheaders()}
            return got.status, told, got.read()

    def open(self) -> None:
        """Use the token, as the browser does that opens the page."""
        parts = urlsplit(self.url)
        status, headers, _ = self.send("GET", f"{parts.path}?{parts.query}")
        assert status == 200
        self.cookie = headers["set-cookie"].partition(";")[0]

    def ask(self, path: str, wish: Any = None) -> Any:
        """Ask as the page does, and give the JSON."""
        if wish is None:
            status, _, body = self.send("GET", path)
        else:
            status, _, body = self.send("POST", path, json.dumps(wish).encode())
        assert status == 200, body
        return json.loads(body)

    def done(self) -> tuple[int, str, str]:
        """End the review by its button; give exit code and what was said."""
        self.ask("/api/done", {})
        return self.ended()

    def ended(self) -> tuple[int, str, str]:
        said, notes = self.process.communicate(timeout=60)
        return self.process.returncode, said, notes


@contextlib.contextmanager
def desk_at(folder: Path, *arguments: str | Path) -> Iterator[DeskProcess]:
    """Start ``headlines review`` in a folder, until it says where its page is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headlines", "review", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        said = ""
        for line in process.stderr or ():
            said += line
            if found := re.search(r"open (http://\S+)", line):
                yield DeskProcess(process, found[1])
                return
        raise AssertionError(f"the desk didn't start: {said}")
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def kept(path: Path, topics: tuple[str, ...] = ()) -> dict[str, str]:
    """What a file of corrections says in the end: topics by headline."""
    found, _ = merge_corrections([], path, topics or HeadlineLabeler.load().topics)
    return {label.headline.headline: label.topic for label in found}
