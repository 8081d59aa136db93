"""Sources: the inputs that a user names, folders and patterns among them, one by one."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from headlines.errors import FeedError
from headlines.feeds.archives import ending_of

READ_ENDINGS = {
    "", "arrow", "asc", "atom", "csv", "feather", "htm", "html", "ipc", "json", "jsonl", "list",
    "md", "ndjson", "parquet", "psv", "rdf", "rss", "tab", "text", "tsv", "txt", "xhtml", "xlsx",
    "xml",
}  # fmt: skip
"""Endings of the files in a folder that are read; a file that is named is read whatever it is."""

QUARANTINE_ENDING = ".quarantine.jsonl"


def is_url(source: object) -> bool:
    """Say whether an input is a web address."""
    return isinstance(source, str) and source.casefold().startswith(("http://", "https://"))


def expanded(
    inputs: Iterable[str | Path], say: Callable[[str], object] = lambda _: None
) -> list[str]:
    """Give the files that inputs stand for, each once, those of a folder or pattern sorted.

    `say` is told what is left out: hidden files, those of rows that could not be read before,
    and those of other kinds. Raises FeedError where a folder or pattern has nothing to read.
    """
    found: dict[str, None] = {}
    for name in map(str, inputs):
        if name == "-" or is_url(name) or os.path.isfile(name):
            found[name] = None
        elif os.path.isdir(name):
            found |= dict.fromkeys(_chosen(name, _files_below(name), say, of_folder=True))
        elif glob.has_magic(name) and not os.path.lexists(name):
            matches = [path for path in glob.iglob(name, recursive=True) if not os.path.isdir(path)]
            found |= dict.fromkeys(_chosen(name, matches, say, of_folder=False))
        else:
            found[name] = None  # to be told of by who opens it
    return list(found)


def _files_below(folder: str) -> Iterator[str]:
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(path, name) for name in files)


def _chosen(
    name: str, paths: Iterable[str], say: Callable[[str], object], *, of_folder: bool
) -> list[str]:
    chosen: list[str] = []
    left: list[str] = []
    for path in sorted(paths):
        base = os.path.basename(path)
        quarantine = base.endswith(QUARANTINE_ENDING)
        unread = of_folder and (base.startswith(".") or ending_of(base) not in READ_ENDINGS)
        (left if quarantine or unread else chosen).append(path)
    if left:
        shown = ", ".join(map(os.path.basename, left[:3])) + (", ..." if left[3:] else "")
        say(f"{name}: {len(left)} file(s) left out, {shown}; name one to have it read")
    if not chosen:
        raise FeedError(f"{name}: no file of headlines is there; name the files to read")
    return chosen
