"""Pages as somebody types them: commands on a terminal, files to write, Python line by line.

``python tests/docs/typed.py PAGE...`` types pages in empty folders and writes what came out into
them, in the place of what they showed.
"""

from __future__ import annotations

import contextlib
import doctest
import fcntl
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w.]+)`:\n\n\Z")
"""How the text before a block says that the block is a file's content."""
DOCTEST = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
INSTALLS = ("python3 -m venv", ". .venv", "pip install")
"""Commands that the tests' own environment stands for; .ci/run types them as the README does."""


@dataclass(frozen=True)
class Difference:
    """A command, what the page shows below it, and what came out."""

    command: str
    shown: str
    found: str

    def __str__(self) -> str:
        return f"$ {self.command}\n-- the page shows\n{self.shown}\n-- came out\n{self.found}"


def prepared(folder: Path) -> dict[str, str]:
    """Make a home with the clone in it; give the environment of a user who installed it."""
    home = folder / "home"
    home.mkdir(parents=True)
    (home / "headlines").symlink_to(ROOT)
    program = home / "bin" / "headlines"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m headlines "$@"\n')
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), str(Path(sys.executable).parent)])
    return {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TERM": "dumb",
        "TQDM_DISABLE": "1",  # a bar comes where a machine is slow
    }


def type_page(text: str, folder: Path, environment: dict[str, str]) -> Iterator[Difference]:
    """Do what a page says in a folder; give where something else came out than it shows."""
    names: dict[str, object] = {}
    for match in FENCE.finditer(text):
        language, content = match[1], match[2]
        if file := FILE.search(text, 0, match.start()):
            (folder / file[1]).write_text(content, encoding="utf-8")
        elif language == "console":
            for command, shown in commands_of(content):
                if not command.startswith(INSTALLS):
                    found = on_a_terminal(command, folder, environment)
                    if not agrees(shown, found):
                        yield Difference(command, shown, found)
        elif language == "python":
            yield from _python(content, folder, environment["HOME"], names)


def commands_of(block: str) -> list[tuple[str, str]]:
    """Give the commands of a console block, and what is shown below each."""
    found = re.findall(r"^\$ ((?:.*\\\n)*.*\n?)((?:^(?!\$ ).*\n?)*)", block, flags=re.MULTILINE)
    return [(command.rstrip("\n"), shown) for command, shown in found]


def on_a_terminal(command: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command on a terminal of 80 columns; give what stands on it in the end."""
    screen, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    parts = []
    with contextlib.suppress(OSError):  # how a terminal ends
        while part := os.read(screen, 65536):
            parts.append(part)
    os.close(screen)
    text = b"".join(parts).decode().replace("\r\n", "\n")
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    lines = text.removesuffix("\n").split("\n") if text else []  # "\r" ends none
    text = "".join(f"{line.rpartition(chr(13))[2].rstrip()}\n" for line in lines)
    return text if process.wait() == 0 else f"{text}(exit code {process.returncode})\n"


def agrees(shown: str, found: str) -> bool:
    """Say whether this is what is shown; a line ``...`` stands for any lines, else for any text.

    Where nothing is shown, all that counts is that nothing failed.
    """
    if not shown:
        return "(exit code" not in found
    pattern = ""
    for line in shown.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r"\n"
    return re.fullmatch(pattern, found) is not None


def _python(block: str, folder: Path, home: str, names: dict[str, object]) -> Iterator[Difference]:
    """Type a block into one Python that lasts for the page."""
    with contextlib.chdir(folder), mock.patch.dict(os.environ, HOME=home):
        if ">>>" not in block:
            exec(block, names)  # noqa: S102 - a page of our own documentation
            return
        test = doctest.DocTestParser().get_doctest(block, names, "page", None, None)
        test.globs = names  # and not a copy: the next block goes on
        differences: list[Difference] = []

        class Runner(doctest.DocTestRunner):
            def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
                differences.append(Difference(example.source.rstrip(), example.want, got))

            def report_unexpected_exception(
                self, out: Any, test: Any, example: Any, exc_info: Any
            ) -> None:
                differences.append(
                    Difference(example.source.rstrip(), example.want, repr(exc_info[1]))
                )

        Runner(optionflags=DOCTEST).run(test, clear_globs=False)
        yield from differences


def _shortened(shown: str, found: str) -> str:
    """Give what came out, as much of it as was shown, and with what was left out in its lines."""
    lines, old = found.splitlines(keepends=True), shown.splitlines(keepends=True)
    if "...\n" in old:
        head, tail = old.index("...\n"), len(old) - 1 - old.index("...\n")
        lines = [*lines[:head], "...\n", *lines[len(lines) - tail :]]
    kept = {line.partition("...")[0]: line for line in old if line.strip("\n") != "..."}
    starts = [start for start, line in kept.items() if "..." in line]
    return "".join(
        next((kept[start] for start in starts if line.startswith(start)), line) for line in lines
    )


def main(pages: list[str]) -> None:
    """Write what comes out into pages."""
    for name in pages:
        page = Path(name)
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "work"
            folder.mkdir()
            for difference in type_page(text, folder, prepared(Path(place))):
                print(difference, file=sys.stderr)
                command = "\n... ".join(difference.command.splitlines())
                for prompt in (f"$ {difference.command}\n", f">>> {command}\n"):
                    text = text.replace(
                        prompt + difference.shown,
                        prompt + _shortened(difference.shown, difference.found),
                        1,
                    )
            shutil.rmtree(folder)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
