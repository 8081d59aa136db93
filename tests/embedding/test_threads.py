"""Claims about the number of threads that sums are shared by."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np  # noqa: F401 - brings the library that is asked for its threads
from threadpoolctl import threadpool_info, threadpool_limits

from headlines.embedding.threads import one_thread


def _threads() -> int:
    return max(library["num_threads"] for library in threadpool_info())


def test_one_thread_holds_until_the_last_caller_is_done() -> None:
    """Callers in two threads need not leave in the order in which they came."""
    first, second = ExitStack(), ExitStack()
    with threadpool_limits(2):
        before = _threads()
        first.enter_context(one_thread())
        second.enter_context(one_thread())
        first.close()
        assert _threads() == 1 < before
        second.close()
        assert _threads() == before
