"""What several tests share: the shipped model, made headlines, the command as a process."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

from headlines import HeadlineLabeler

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
