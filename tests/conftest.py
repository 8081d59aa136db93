"""What several tests share: the shipped model, made headlines, the command as a process."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from headlines import HeadlineLabeler

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
DATA = Path(__file__).parent / "data"

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")  # model loading draws bars of its own


def few_topics(examples: int = 12) -> str:
    """The shipped topics file with so many examples a topic: quick to learn from."""
    lines, kept, inside = [], 0, False
    for line in (SEEDS / "topics.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("examples = ["):
            inside, kept = True, 0
        elif inside and line.startswith("]"):
            inside = False
        elif inside:
            kept += 1
            if kept > examples:
                continue
        lines.append(line)
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def labeler() -> HeadlineLabeler:
    return HeadlineLabeler.load()


@pytest.fixture(scope="session")
def made_headlines() -> list[str]:
    """2,000 made headlines in the manner of a news pool, some with odd characters."""
    rng = random.Random(7)
    who = ["EU", "Kremlin", "Moscow court", "Kyiv", "Zelenskyy", "Drone makers", "Gazprom", "NATO"]
    who += ["Rapper's mother", "Türkiye’s envoy", "Pokrovsk residents", "OPEC+", "Владимир", "株価"]
    does = ["approves", "rejects", "delays", "jails critic over", "denies report of", "bombards"]
    does += [
        "hails 'historic'",
        "quietly drops",
        "fines Google for",
        "is said to plan",
        "— again —",
    ]
    what = ["18th sanctions package", "ceasefire talks", "rail strike", "wheat exports", "new visa"]
    what += [
        "drone attack on refinery",
        "$1.5bn loan",
        "wildfire season",
        "opera première",
        "🚀 test",
    ]
    tail = [
        "",
        "",
        ", officials say",
        " – Reuters",
        " as winter nears",
        " (VIDEO)",
        "?",
        " in Q3 2025",
    ]
    found: dict[str, None] = {}
    while len(found) < 2000:
        words = (rng.choice(who), rng.choice(does), rng.choice(what), str(rng.randint(1, 9999)))
        found[" ".join(words) + rng.choice(tail)] = None
    return list(found)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as a process of its own in an empty folder."""

    def run_command(
        *arguments: str | Path, stdin: str | bytes = "", cwd: Path = tmp_path
    ) -> subprocess.CompletedProcess[str]:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [sys.executable, "-m", "headlines", *map(str, arguments)],
            input=data,
            capture_output=True,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return run_command


def write(path: Path, content: str | bytes | Sequence[str]) -> Path:
    """Write a file of text, bytes or lines."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_text("".join(f"{line}\n" for line in content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")  # its event loop would be in the way of other modules' own
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        told = "no Chromium: install it (`apt-get install chromium`) to test the pages"
        if os.environ.get("HEADLINES_BROWSER") == "required":
            pytest.fail(told)
        pytest.skip(told)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])  # as root
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page; the test fails by what it complains of, and by what it asks elsewhere for."""
    contexts, faults = [], []

    def open_page(url: str, width: int = 800, **more: object) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        page = context.new_page()
        own = ("file:", "data:", "blob:", "/".join(url.split("/")[:3]) + "/")
        page.on(
            "console",
            lambda said: faults.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(own) else faults.append(asked.url),
        )
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def barriers(page: Page) -> list[str]:
    """Give what axe-core finds serious or critical on a page: what bars people from it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['help']}: {[node['html'][:200] for node in fault['nodes'][:3]]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
