"""Kills and crowds at the review desk: whether an answer that was acknowledged is ever lost.

A desk for the seed feed is forked from this process, which has loaded what it needs, and runs the
command line's own function; a client answers over HTTP as the page does, as fast as it is answered.

kills   ``kill -9`` 0 to 600 ms after the first answer; one answer in eight is an undo. After each:
        every line of the file is whole, and what it says is what was acknowledged, the last request
        aside, which may or may not have been done. The next desk works on the same file.
crowd   Two desks on one file, a client for each: all lines of both are there, and what the file
        says of each headline is what the later of the two said.

Run ``python -m benchmarks.soak.review [--kills 100] [--answers 300] [--seed 0]``, with the extra
`review`.
"""

from __future__ import annotations

import csv
import http.client
import io
import itertools
import json
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import uvicorn.protocols.http.h11_impl  # noqa: F401 (what a desk loads is loaded here, once)

from benchmarks import common
from benchmarks.common import ROOT
from headlines import HeadlineLabeler, read_feed
from headlines.cli.main import main as main_of_headlines
from headlines.cli.main import parser_of
from headlines.feeds.headline import Headline
from headlines.review import outcome, server, terminal  # noqa: F401 (loaded for desks to come)
from headlines.topics.labels import merge_corrections

FEED = ROOT / "seeds" / "feed.txt"


class Desk:
    """A desk in a forked process."""

    def __init__(self, path: Path) -> None:
        sys.stdout.flush()
        reading, writing = os.pipe()
        self.child = os.fork()
        if not self.child:
            os.close(reading)
            _run(["review", str(FEED), "--corrections", str(path), "--no-open"], writing)
        os.close(writing)
        self.said = os.fdopen(reading, encoding="utf-8")
        said = ""
        for line in self.said:
            said += line
            if found := re.search(r"open (http://\S+)", line):
                self.client = Client(found[1])
                return
        raise SystemExit(f"a desk didn't start: {said}")

    def kill(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        self.said.close()
        return code


def _run(arguments: list[str], errors: int) -> None:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(errors, 2)
        sys.stdout, sys.stderr = (open(n, "w", 1, closefd=False) for n in (1, 2))  # noqa: SIM115 (for good)
        code = main_of_headlines(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


class Client:
    """What the page asks, on one connection; what was acknowledged, in its order."""

    def __init__(self, url: str) -> None:
        self.host = urlsplit(url).netloc
        self.link = http.client.HTTPConnection(self.host, timeout=30)
        self.link.request("GET", "/?" + urlsplit(url).query)
        got = self.link.getresponse()
        got.read()
        self.cookie = str(got.getheader("set-cookie")).partition(";")[0]
        self.acknowledged: list[tuple[str, str]] = []  # ids and topics; an undo has no topic
        self.pending: tuple[str, str] | None = None
        self.seconds: list[float] = []

    def ask(self, path: str, wish: dict[str, Any]) -> None:
        headers = {"Cookie": self.cookie, "Origin": f"http://{self.host}"}
        headers["Content-Type"] = "application/json"
        self.link.request("POST", path, json.dumps(wish), headers)
        got = self.link.getresponse()
        if got.status != 200:
            raise SystemExit(f"{path}: {got.status} {got.read()!r}")
        got.read()

    def answer(self, ids: Sequence[str], topics: Sequence[str], rng: random.Random) -> None:
        """Answer or undo once."""
        undo = bool(self.acknowledged) and rng.random() < 0.125
        self.pending = ("", "") if undo else (rng.choice(ids), rng.choice(topics))
        start = time.perf_counter()
        if undo:
            self.ask("/api/undo", {})
        else:
            self.ask("/api/answer", {"id": self.pending[0], "topic": self.pending[1]})
        self.seconds.append(time.perf_counter() - start)
        self.acknowledged.append(self.pending)
        self.pending = None


def rows_of(path: Path) -> tuple[list[dict[str, str]], int]:
    """Give the rows of a file, and the number of its lines that aren't whole."""
    if not path.exists():
        return [], 0
    text = path.read_bytes().decode()
    torn = int(not text.endswith("\n"))
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    torn += sum(len(row) != len(rows[0]) for row in rows)
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]], torn


def told(rows: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    """Give rows as a client has them."""
    return [
        ("", "") if row["withdrawn"] else (Headline.parse(row["headline"]).id, row["topic"])
        for row in rows
    ]


def standing(path: Path, topics: Sequence[str]) -> dict[str, str]:
    found, _ = merge_corrections([], path, topics)
    return {label.headline.id: label.topic for label in found}


def kills(folder: Path, wanted: int, rng: random.Random, ids: list[str], topics: Any) -> Any:
    path = folder / "corrections.csv"
    answers = lost = torn = written = 0
    seconds: list[float] = []
    for _ in range(wanted):
        before, _ = rows_of(path)
        desk = Desk(path)
        client = desk.client
        client.answer(ids, topics, rng)
        threading.Timer(rng.uniform(0, 0.6), os.kill, (desk.child, signal.SIGKILL)).start()
        try:
            while True:
                client.answer(ids, topics, rng)
        except (OSError, http.client.HTTPException):  # it was killed
            desk.wait()
        rows, damaged = rows_of(path)
        # An undo with nothing left to take back writes nothing.
        stack, due = 0, []
        for act in client.acknowledged:
            stack += 1 if act[1] else -1
            if stack >= 0:
                due.append(act)
            stack = max(0, stack)
        new = told(rows[len(before) :])
        answers += len(due)
        lost += sum(a != b for a, b in zip(due, new, strict=False)) + max(0, len(due) - len(new))
        extra = new[len(due) :]
        written += len(extra)
        torn += damaged + int(len(extra) > 1 or rows[: len(before)] != before)
        torn += int(bool(extra) and extra[0] != client.pending)
        seconds += client.seconds
        standing(path, topics)  # it is read
    return {
        "kills": wanted,
        "acknowledged": answers,
        "lost": lost,
        "lines_torn": torn,
        "written_unacknowledged": written,
        "median_ms": round(1000 * median(seconds), 1),
    }


def crowd(folder: Path, count: int, rng: random.Random, ids: list[str], topics: Any) -> Any:
    path = folder / "together.csv"
    desks = [Desk(path), Desk(path)]

    def work(client: Client, own: random.Random) -> None:
        client.link.close()  # it opens again: the server closes what is idle
        for _ in range(count):
            client.answer(ids, topics, own)

    threads = [
        threading.Thread(target=work, args=(desk.client, random.Random(rng.random())))
        for desk in desks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for desk in desks:
        desk.client.ask("/api/done", {})
    codes = [desk.wait() for desk in desks]
    rows, torn = rows_of(path)
    answered = [a for desk in desks for a in desk.client.acknowledged if a[1]]
    both = told(rows)
    lost = sum(answered.count(a) > both.count(a) for a in set(answered))
    times = [row["corrected"] for row in rows]
    return {
        "desks": len(desks),
        "answers": len(answered),
        "undone": len(both) - len(answered),
        "lost": lost,
        "lines_torn": torn,
        "out_of_order": sum(a > b for a, b in itertools.pairwise(times)),
        "headlines_told": len(standing(path, topics)),
        "exit_codes": codes,
    }


def main() -> None:
    parser = common.arguments(__doc__, "soak/desks.json", data=False)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--answers", type=int, default=300, help="of each of two desks")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    labeler = HeadlineLabeler.load()
    headlines = read_feed(FEED).headlines
    labeler.cluster(headlines, level="story")  # what a desk loads is loaded
    labeler.explain(headlines[0])
    parser_of("review")
    ids = sorted({headline.id for headline in headlines})
    command = f"python -m benchmarks.soak.review --kills {options.kills}"
    found: dict[str, Any] = {"seed": options.seed}
    with tempfile.TemporaryDirectory() as folder:
        for name, run, number in (
            ("kills", kills, options.kills),
            ("crowd", crowd, options.answers),
        ):
            found[name] = run(Path(folder), number, rng, ids, labeler.topics)
            print(name, json.dumps(found[name]), flush=True)
    common.write(options.output, common.described(command, found))


if __name__ == "__main__":
    main()
