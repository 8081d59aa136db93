"""Copies in a stream of headlines: options of a command, what its rows say, the account."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headlines.cli.common import note
from headlines.errors import HeadlinesError
from headlines.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from headlines.copies.register import CopyRegister, First, Mark
    from headlines.embedding.embedder import Embedder
    from headlines.feeds.block import HeadlineBlock

COLUMNS = ("copy_of", "first_source", "first_line", "feeds")
"""What a row says more: the id of its group's first headline, where that stands, and how many feeds
carried it so far."""


def add_copy_options(command: argparse.ArgumentParser) -> None:
    """Let a command tell copies of headlines that came before."""
    add = command.add_argument
    help = "say in each row what it is a copy of, or leave copies out (default: off)"
    add("--dedupe", choices=("mark", "drop"), help=help)
    help = "keeps the headlines for later runs, whose copies of them are told; made where missing"
    add("--history", metavar="FILE", help=f"{help} (default: none)")
    help = "for each group of copies a line of JSON: its first headline, how many, which feeds"
    add("--copies", metavar="FILE", help=f"{help} (default: none)")


@dataclass
class Dedupe:
    """Tells copies as headlines come, and counts them."""

    register: CopyRegister | None = None  # of nothing that is looked for
    drop: bool = False
    headlines: int = 0
    copies: int = 0
    groups: int = 0

    def blocks(
        self, blocks: Iterable[HeadlineBlock]
    ) -> Iterator[tuple[HeadlineBlock, Mapping[str, Sequence[Any]]]]:
        """Give blocks, each with further columns of its rows; copies are left out if they shall."""
        for block in blocks:
            if self.register is None:
                yield block, {}
                continue
            marks = self.register.mark(block)
            self.headlines += len(marks)
            self.copies += sum(mark.is_copy for mark in marks)
            if self.drop:
                places = [i for i, mark in enumerate(marks) if not mark.is_copy]
                block, marks = block.chosen(places), [marks[i] for i in places]
            yield block, columns_of(marks)

    def summary(self) -> dict[str, Any]:
        """Give the counts, if copies were looked for."""
        if self.register is None:
            return {}
        counts = {"headlines": self.headlines, "copies": self.copies, "groups": self.groups}
        return {"dedupe": counts | {"left_out": self.copies if self.drop else 0}}

    def tell(self) -> None:
        """Tell a person how many are copies."""
        if self.register is None:
            return
        if not self.copies:
            note(f"none of {self.headlines} headlines is a copy")
            return
        left_out = "; they were left out" if self.drop else ""
        note(f"{self.copies} of {self.headlines} are copies of {self.groups} headlines{left_out}")


def columns_of(marks: Sequence[Mark]) -> dict[str, list[Any]]:
    """Give what rows say of their copies."""
    cells = [
        (mark.first.id, mark.first.source, mark.first.line, mark.feeds)
        if mark.is_copy
        else (None, None, None, mark.feeds)
        for mark in marks
    ]
    return {name: [row[i] for row in cells] for i, name in enumerate(COLUMNS)}


@contextlib.contextmanager
def deduping(options: argparse.Namespace, embedder: Embedder) -> Iterator[Dedupe]:
    """Tell copies in a run; the history and the groups are written when it has come to its end.

    `embedder` is the model's, which is taken where it is the built-in one.
    """
    if options.dedupe is None:
        for option in ("history", "copies"):
            if getattr(options, option):
                raise HeadlinesError(f"--{option} is for --dedupe; add --dedupe mark or drop")
        yield Dedupe()
        return
    from headlines.copies import history
    from headlines.embedding.static import StaticEmbedder
    from headlines.persistence.locking import held_file

    found = Dedupe(drop=options.dedupe == "drop")
    built_in: Embedder = StaticEmbedder()
    if embedder.fingerprint == built_in.fingerprint:
        built_in = embedder  # which is loaded already
    with contextlib.ExitStack() as stack:
        path: Path | None = None
        if options.history:
            path = stack.enter_context(held_file(options.history, "history"))
        file = stack.enter_context(replacing(options.copies)) if options.copies else None

        def done(group: First) -> None:
            found.groups += 1
            if file is not None:
                file.write(json.dumps(group.to_row(), ensure_ascii=False).encode() + b"\n")

        found.register = history.opened(path, built_in, done)
        yield found
        found.register.close()
        if path is not None:
            history.write(path, found.register)
