"""Claims about what is packed: it is told by its content, and read as what is in it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from conftest import write

from headlines.errors import FeedError
from headlines.feeds.reader import FeedReader, read_feed

LINES = ["EU Approves Sanctions", "Floods Hit Siberia", "Court Jails Poet"]
TEXT = "\n".join(LINES).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "zip": lambda data: zipped({"feed.txt": data}),
}


@pytest.mark.parametrize("outer", ["", *PACKERS])
@pytest.mark.parametrize("inner", PACKERS)
def test_packing_is_told_by_content_whatever_the_name(
    tmp_path: Path, inner: str, outer: str
) -> None:
    data = PACKERS[inner](TEXT)
    data = PACKERS[outer](data) if outer else data
    for source in (write(tmp_path / "feed.txt", data), io.BytesIO(data)):
        assert [h.headline for h in read_feed(source)] == LINES


def test_a_third_layer_is_refused() -> None:
    data = gzip.compress(gzip.compress(gzip.compress(TEXT)))
    with pytest.raises(FeedError, match="packed more than 2 times"):
        read_feed(io.BytesIO(data))


def test_a_plain_file_with_the_ending_of_a_packed_one_is_read(tmp_path: Path) -> None:
    assert len(read_feed(write(tmp_path / "feed.gz", TEXT))) == 3


def test_members_of_a_zip_are_read_one_after_the_other_under_their_names(tmp_path: Path) -> None:
    members = {
        "a.txt": b"Floods Hit Siberia\n",
        "__MACOSX/._a.txt": b"\x00\x01",
        "more/b.csv": b"date,title\n2024-01-01,Court Jails Poet\n",
        "picture.png": b"\x89PNG" + bytes(range(32)) * 99,
    }
    path = write(tmp_path / "news.zip", zipped(members))
    feed = read_feed(path)
    first = feed.headlines[0]
    assert (first.source, first.line, first.headline) == (f"{path}/a.txt", 1, LINES[1])
    assert [q.source for q in feed.report.quarantined] == [f"{path}/picture.png"]
    assert "binary" in feed.report.quarantined[0].reason


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz", "zst"])
def test_what_came_before_the_end_of_a_cut_file_is_kept_and_the_rest_told(packer: str) -> None:
    lines = [f"{number:05} hurt in a storm {number * 7919 % 9973}" for number in range(90_000)]
    data = PACKERS[packer]("\n".join(lines).encode())
    feed = read_feed(io.BytesIO(data[: len(data) * 3 // 4]), format="text")
    found = [h.headline for h in feed]
    assert 1000 < len(found) < 90_000
    assert found == lines[: len(found)]
    assert "packed file broken here" in feed.report.quarantined[-1].reason


def test_an_encrypted_zip_and_archives_of_other_kinds_are_refused_with_a_sentence() -> None:
    data = bytearray(zipped({"feed.txt": TEXT}))
    data[6] |= 1  # the flag, in the member's header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    tar = b"feed.txt".ljust(257, b"\x00") + b"ustar\x0000" + bytes(512)
    for content, why in (
        (bytes(data), "is encrypted"),
        (zipped({}), "0 files"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(99), "7z archive"),
        (tar, "tar archive"),
        (gzip.compress(tar), "tar archive"),
    ):
        with pytest.raises(FeedError, match=why):
            read_feed(io.BytesIO(content))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress((b" " * 999 + b"\n") * (100 << 10))
    with pytest.raises(FeedError, match="200 times its size"):
        for _ in FeedReader(io.BytesIO(bomb), format="text").blocks():
            pass
