"""Progress on a terminal: how much is done, the time left, what is going on; nothing in a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TypeAlias

from headlines.errors import short_message

Watch: TypeAlias = Callable[[int, int], object]
"""Is told of bytes of the inputs that are done, and of their headlines."""


@contextlib.contextmanager
def bar(size: int) -> Iterator[Watch]:
    """Draw on a terminal how much of `size` bytes is done, and the time left; nothing in a pipe.

    Where the size isn't known (0), headlines alone are counted.
    """
    if not sys.stderr.isatty():
        yield lambda done, headlines: None
        return
    from tqdm import tqdm

    told = "{percentage:3.0f}%|{bar:24}| {postfix[0]:,} headlines, {elapsed}, {remaining} left"
    if not size:
        told = "{postfix[0]:,} headlines, {elapsed}"
    counted = [0]
    with tqdm(
        total=size or None, file=sys.stderr, delay=1, leave=False, bar_format=told, postfix=counted
    ) as drawn:

        def watch(done: int, headlines: int) -> None:
            counted[0] += headlines
            drawn.update(min(done, size - drawn.n) if size else headlines)

        yield watch


@contextlib.contextmanager
def stages(of: str) -> Iterator[None]:
    """Show on a terminal what a logger tells, in one line that goes away; nothing in a pipe.

    Warnings stay.
    """
    if not sys.stderr.isatty():
        yield
        return
    import logging

    class Line(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if record.levelno < logging.WARNING:
                show(text)
            else:
                show("", f"headlines: {short_message(text)}\n")

    def show(text: str, kept: str = "") -> None:
        with contextlib.suppress(OSError):  # nobody watches any more
            print(f"\r{text[:78]:<78}\r{kept}", end="", file=sys.stderr, flush=True)

    logger, line = logging.getLogger(of), Line()
    level = logger.level
    logger.addHandler(line)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(line)
        logger.setLevel(level)
        show("")
