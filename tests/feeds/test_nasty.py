"""Claims about inputs as they are found: tests/data/nasty, each with the rows that it has to give.

Beside FILE stands FILE.expected.json: `headlines`, line and title of each; `quarantined`, the lines
that were set aside; `fields` and what else is `told` of the first headline; or the `error` that
it has to be. `options` are those of a `Layout`.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA, write
from made_feeds import made_feed

from headlines.errors import FeedError
from headlines.feeds.columns import Layout
from headlines.feeds.reader import FeedReader
from headlines.feeds.report import Quarantined

NASTY = sorted(p for p in (DATA / "nasty").iterdir() if not p.name.endswith(".expected.json"))


def _as_file(path: Path, folder: Path) -> Any:
    return path


def _as_gz(path: Path, folder: Path) -> Any:
    return write(folder / f"{path.name}.gz", gzip.compress(path.read_bytes()))


def _as_stdin(path: Path, folder: Path) -> Any:
    """As bytes of no name, which is all that can be seen of standard input."""
    return io.BytesIO(path.read_bytes())


def test_there_are_forty_nasty_files() -> None:
    assert len(NASTY) >= 40


@pytest.mark.parametrize("source_of", [_as_file, _as_gz, _as_stdin])
@pytest.mark.parametrize("path", NASTY, ids=lambda path: path.name)
def test_a_nasty_file_gives_its_rows(
    path: Path, source_of: Callable[[Path, Path], Any], tmp_path: Path
) -> None:
    expected = json.loads((path.parent / f"{path.name}.expected.json").read_text(encoding="utf-8"))
    if source_of is _as_stdin and "needs its name" in expected:
        pytest.skip(expected["needs its name"])
    rows: list[Quarantined] = []
    layout = Layout(**expected.get("options", {}))
    reader = FeedReader(source_of(path, tmp_path), layout=layout, set_aside=rows.append)
    if "error" in expected:
        with pytest.raises(FeedError, match=re.escape(expected["error"])):
            list(reader)
        return
    found = list(reader)
    assert [[h.line, h.headline] for h in found] == expected["headlines"]
    assert [row.line for row in rows] == expected["quarantined"]
    for name, value in expected.get("fields", {}).items():
        assert found[0].fields[name] == value
    for name, value in expected.get("told", {}).items():
        assert getattr(found[0], name) == value


def _read(source: Any) -> tuple[Any, ...]:
    rows: list[Quarantined] = []
    reader = FeedReader(source, set_aside=rows.append)
    try:
        found = [(h.line, h.headline, h.id, str(h.fields)) for h in reader]
    except FeedError as error:
        return (str(error).replace(reader.name, "INPUT"),)
    kinds = reader.report.kinds
    assert len(found) == kinds["headline"] + kinds["duplicate"]
    assert len(rows) == kinds["quarantined"] == sum(reader.report.reasons.values())
    return found, dict(kinds), [(row.line, row.reason, row.raw) for row in rows]


@pytest.mark.parametrize("part", range(10))
def test_made_inputs_lose_no_row_and_are_the_same_however_they_come(
    part: int, tmp_path: Path
) -> None:
    """The first 500 of the 100,000 of benchmarks/soak/feeds.py."""
    signal.alarm(300)
    for seed in range(50 * part, 50 * part + 50):
        data = made_feed(random.Random(seed))
        first = _read(write(tmp_path / "feed", data))
        assert str(first[0]).count("\n") <= 1 or len(first) > 1
        assert _read(write(tmp_path / "feed.gz", gzip.compress(data))) == first, seed
        assert _read(io.BytesIO(data)) == first, seed
    signal.alarm(0)
