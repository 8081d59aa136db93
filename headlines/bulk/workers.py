"""Workers: the processes that label chunks, on this machine or of a Dask cluster."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headlines.bulk.part import Step
from headlines.errors import HeadlinesError, require, short

LOCAL = "local"
"""Names a Dask cluster that is made on this machine."""

SECONDS_TO_ANSWER = 10
"""After which a scheduler is taken for none."""

SECONDS_FOR_WORKERS = 60
"""After which a scheduler is taken to have no workers."""

DASK_AHEAD = 1000
"""Chunks that are given to a cluster at once, so that workers who join have some too."""

MAX_LOSSES = 5
"""Times that workers may be lost one after the other, with no chunk done between."""

logger = logging.getLogger(__name__)

Tasks = Mapping[int, tuple[Any, ...]]
"""What a step is given of each chunk, by the chunk's number."""


class WorkersError(HeadlinesError):
    """Workers that can't be had, or that die again and again."""


@dataclass(frozen=True)
class Workers:
    """What does the steps of a job, through joblib; made by `open`."""

    jobs: int
    client: Any = None  # of a Dask cluster

    @classmethod
    @contextlib.contextmanager
    def open(cls, jobs: int | None, dask: str | None = None) -> Iterator[Workers]:
        """Have workers until the block ends: `jobs` processes (one), or those of a cluster.

        `dask` is the address of a scheduler, or `LOCAL` for one of `jobs` processes, by default
        one a core. Raises WorkersError when no scheduler answers.
        """
        if dask is None:
            yield cls(jobs or 1)
            return
        distributed = require("distributed", "dask")
        from joblib import cpu_count

        with contextlib.ExitStack() as stack:
            stack.enter_context(_quiet("distributed", "tornado"))
            try:
                if dask == LOCAL:
                    cluster = distributed.LocalCluster(
                        n_workers=jobs or cpu_count(), threads_per_worker=1, dashboard_address=None
                    )
                    dask = stack.enter_context(cluster).scheduler_address
                client = distributed.Client(dask, set_as_default=False, timeout=SECONDS_TO_ANSWER)
                stack.enter_context(client)
            except (OSError, ValueError) as error:
                raise WorkersError(
                    f"{dask}: no Dask scheduler answers there ({short(str(error))}); start one "
                    "(`dask scheduler`), and workers, or give its address"
                ) from None
            try:
                client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
            except TimeoutError:
                raise WorkersError(
                    f"{dask}: the scheduler has no workers; start some (`dask worker {dask}`)"
                ) from None
            yield cls(-1, client)

    def each(self, step: Step, tasks: Tasks) -> Iterator[tuple[int, dict[str, Any]]]:
        """Do a step of every chunk; give what is told of each as it is done, in any order.

        A chunk whose worker dies is given to another one. Raises WorkersError when that happens
        again and again, and what the step raises.
        """
        left, losses = dict(tasks), 0
        while left:
            try:
                for number, told in self._round(step, left):
                    del left[number]
                    losses = 0
                    yield number, told
            except Exception as error:
                why = short(str(error) or type(error).__name__)
                if self.client is not None and _is_among(error, SCHEDULER_LOST):
                    raise WorkersError(
                        f"the Dask scheduler was lost ({why}); start it, and run the command "
                        "again: what is done stays done"
                    ) from None
                if not _is_among(error, WORKER_LOST):
                    raise
                losses += 1
                if losses > MAX_LOSSES:
                    raise WorkersError(
                        f"workers are lost again and again ({why}); see to their memory, and run "
                        "the command again: what is done stays done"
                    ) from None
                logger.info("a worker was lost (%s): going on with others", why)

    def _round(self, step: Step, tasks: Tasks) -> Iterator[tuple[int, dict[str, Any]]]:
        from joblib import Parallel, delayed, parallel_config
        from joblib.parallel import get_active_backend

        calls = (delayed(_numbered)(step, number, *rest) for number, rest in [*tasks.items()])
        told = {"backend": "loky", "n_jobs": self.jobs}
        ahead: str | int = "2 * n_jobs"
        if self.client is not None:
            told, ahead = {"backend": "dask", "client": self.client, "n_jobs": -1}, DASK_AHEAD
        elif self.jobs == 1:
            told = {"backend": "sequential"}
        with parallel_config(**told):
            if self.client is not None:
                # With one core joblib works in this process: others may be on their way.
                backend, _ = get_active_backend()
                backend.effective_n_jobs = lambda n_jobs: max(2, sum(self.client.ncores().values()))
            parallel = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=ahead)
            yield from parallel(calls)


@contextlib.contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Let no library tell at length of workers that come and go: what counts is raised."""
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in names]
    loggers = [logging.getLogger(name) for name in known]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _numbered(step: Step, number: int, *rest: Any) -> tuple[int, dict[str, Any]]:
    return number, step(*rest)


WORKER_LOST = {"BrokenProcessPool", "TerminatedWorkerError", "KilledWorker"}
SCHEDULER_LOST = {"FutureCancelledError", "CommClosedError", "ClosedClientError"}
"""Names of what joblib's backends raise: Dask's are there only where it is installed."""


def _is_among(error: Exception, names: set[str]) -> bool:
    return not names.isdisjoint(kind.__name__ for kind in type(error).__mro__)
