"""Run the command line: ``headlines``, or ``python -m headlines``."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

STOPS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that stop a run as Ctrl-C does, so that it leaves no half-written file."""


def entry() -> NoReturn:
    """Run as the installed command."""
    _on_stop(_leave)  # what is imported here takes a while, and there is nothing yet to undo
    from headlines.cli.main import main

    try:
        _on_stop(_stop)
        code = main()
        _on_stop(_leave)
    except BaseException:
        if not _stopped:
            raise
        _leave()  # an import that is interrupted may well raise something else
    if _stopped:  # Python may still remember an interrupt, and would make it its own exit code
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


_stopped: list[int] = []


def _stop(number: int, frame: FrameType | None) -> None:
    file = frame.f_code.co_filename if frame is not None else ""
    if file.startswith("<frozen importlib") and hasattr(signal, "setitimer"):
        # What is raised in a callback of the import system is lost: again in a moment.
        signal.signal(signal.SIGALRM, lambda _, then: _stop(number, then))
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        return
    _stopped.append(number)
    raise KeyboardInterrupt


def _leave(*_: object) -> NoReturn:
    with contextlib.suppress(OSError):
        os.write(2, b"headlines: interrupted\n")
    os._exit(130)


def _on_stop(handler: Callable[[int, FrameType | None], object]) -> None:
    for name in STOPS:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks
            signal.signal(number, handler)


if __name__ == "__main__":
    entry()
