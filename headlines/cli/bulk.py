"""`headlines label` in parts: on many cores or a Dask cluster, and gone on with after a stop."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.cli import common, inputs, progress, rows
from headlines.errors import FeedError, OutputError, require
from headlines.files import folder_of, is_stream, names_folder

if TYPE_CHECKING:
    from headlines.bulk.job import Job
    from headlines.bulk.plan import Chunk
    from headlines.bulk.workers import Workers
    from headlines.cli.inputs import Quarantine
    from headlines.feeds.report import FeedReport
    from headlines.labeling.panel import Panel


def add_bulk_options(command: argparse.ArgumentParser) -> None:
    """Let a command work in parts."""
    add = command.add_argument
    help = "label in parts with so many processes; run again, it goes on where it stopped"
    add("--jobs", type=common.whole, metavar="N", help=f"{help} (default: one, and no parts)")
    help = "label in parts on a Dask cluster: its scheduler, or local for one of --jobs processes"
    add("--dask", metavar="ADDRESS|local", help=f"{help} (default: none)")


def is_asked(options: argparse.Namespace) -> bool:
    """Say whether the work is to be done in parts."""
    into_folder = options.output not in (None, "-") and names_folder(options.output)
    return options.jobs is not None or options.dask is not None or into_folder


def refuse_other_options(options: argparse.Namespace, chosen: str) -> None:
    """Refuse what can't be done in parts; raises HeadlinesError."""
    if options.dedupe:
        raise OutputError(
            "--dedupe: looks at one headline after the other; leave out --jobs, --dask and folders"
        )
    if options.follow:
        raise OutputError("--follow: labels lines as they come, one process; leave out --jobs")
    if chosen == "table":
        raise OutputError("a table is for a person; with --jobs give --output FILE, or --format")
    if options.output is not None and names_folder(options.output):
        if chosen not in ("parquet", "jsonl"):
            raise OutputError(
                f"{options.output}: a folder has files of parquet or jsonl, not {chosen}; give "
                "--format parquet"
            )
        folder_of(options.output)
        if chosen == "parquet":
            require("pyarrow", "parquet")
    if options.dask is not None:
        require("distributed", "dask")


def label_in_parts(
    options: argparse.Namespace, panel: Panel, chosen: str
) -> tuple[Job, list[FeedReport]]:
    """Label all inputs in parts, and write the rows."""
    from headlines.bulk.job import Job
    from headlines.bulk.plan import LINES, TABLE, Order
    from headlines.bulk.workers import Workers

    sources: list[str] = []
    for source in inputs.sources_of(options):
        if not isinstance(source, str):
            raise FeedError("--jobs and --dask: label files, not one headline; leave them out")
        sources.append(source)
    is_folder = options.output not in (None, "-") and names_folder(options.output)
    with _parts_folder(options.output) as folder, contextlib.ExitStack() as stack:
        order = Order(
            question=panel.question.from_anywhere(),
            models=tuple(labeler.state.content for labeler in panel.labelers.values()),
            folder=str(folder),
            kind=TABLE if is_folder and chosen == "parquet" else LINES,
            format=options.input_format,
            layout=inputs.layout_of(options),
        )
        quarantine, reports = stack.enter_context(
            inputs.accounting(options, sources, into_folder=is_folder)
        )
        with progress.stages("headlines.bulk"):
            job = stack.enter_context(Job.open(order, sources))
        if job.done:
            common.note(f"{folder}: going on; {len(job.done)} of {len(job.chunks)} parts are there")
        workers = stack.enter_context(Workers.open(options.jobs, options.dask))
        found = _Found(options, job, workers, quarantine)
        try:
            if is_folder:
                found.write_folder(folder_of(options.output))
            else:
                found.write_file(options.output, chosen)
        finally:
            reports += job.reports()
    return job, reports


@contextlib.contextmanager
def _parts_folder(output: str | None) -> Iterator[Path]:
    """Give the folder of the parts, beside the output; where there is none, one that goes away."""
    if output is None or output == "-" or is_stream(output):
        import tempfile

        with tempfile.TemporaryDirectory(prefix="headlines-") as folder:
            yield Path(folder, "parts")
        return
    target = folder_of(output) if names_folder(output) else Path(os.path.realpath(output))
    yield target.with_name(f"{target.name}.parts")


class _Found:
    """What a job finds, written as it comes: rows, and rows that can't be read."""

    def __init__(
        self, options: argparse.Namespace, job: Job, workers: Workers, quarantine: Quarantine
    ) -> None:
        self.options = options
        self.job = job
        self.workers = workers
        self.quarantine = quarantine

    def write_file(self, output: str | None, chosen: str) -> None:
        if chosen == "jsonl":
            rows.write_blocks(self._lines(), output)
            return
        read = (json.loads(line) for line in _whole(self._lines()))
        rows.write_rows(read, output, chosen, excel_safe=self.options.excel_safe)

    def write_folder(self, target: Path) -> None:
        from headlines.bulk.plan import TABLE
        from headlines.bulk.tables import widest

        types: dict[str, str] = {}
        is_table = self.job.order.kind == TABLE
        for chunk, told, copies in self._chunks():
            if is_table:
                self.job.keep_copies(chunk, copies)
                types = widest(types, told["types"])
            else:
                self.job.write_lines(chunk, copies)
        if is_table:
            self.job.write_tables(self.workers, types)
        self.job.put_files(target)

    def _lines(self) -> Iterator[bytes]:
        for chunk, _, copies in self._chunks():
            yield from self.job.lines(chunk, copies)

    def _chunks(self) -> Iterator[tuple[Chunk, dict[str, Any], Any]]:
        """Give the chunks in their order, and account for what can't be read in them."""
        with progress.bar(sum(chunk.size for chunk in self.job.chunks)) as watch:
            for chunk, told in self.job.parts(self.workers, watch):
                copies = self.job.copies_in(chunk, told)
                for line in self.job.set_aside(chunk):
                    self.quarantine.add_line(line)
                yield chunk, told, copies
        for report in self.job.reports():
            inputs.refuse_unused(self.options, report)
            inputs.refuse_empty(report)


def _whole(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Give the lines of blocks that end anywhere."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
