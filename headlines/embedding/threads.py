"""Sums that are not exact, on one thread: their last bits hang on how many threads share them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

__all__ = ["one_thread"]
_CHANGING = Lock()
_limits: list[Any] = []
_inside = 0


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold the linear-algebra libraries to one thread until the last caller is done.

    Their number of threads is the whole process's. So of several callers at once the first to
    be done must not give it back while another is in the middle of a sum.
    """
    global _inside  # one state for the process, as the libraries have
    from threadpoolctl import threadpool_limits

    with _CHANGING:
        _inside += 1
        _limits.append(threadpool_limits(1))  # each time: a library may have been loaded since
    try:
        yield
    finally:
        with _CHANGING:
            _inside -= 1
            while _limits and not _inside:
                _limits.pop().restore_original_limits()
