"""Vectors kept on disk, so that a slow embedder embeds a text once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headlines.errors import EmbedderError


class VectorCache:
    """Vectors kept on disk in an SQLite file, by fingerprint of the embedder and text.

    The file is made when it isn't there. Several processes may use it at once.
    """

    def __init__(self, path: str | Path, fingerprint: str) -> None:
        self.path = Path(path)
        self.fingerprint = fingerprint
        try:
            self._database = sqlite3.connect(self.path, timeout=60)
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)"
                " WITHOUT ROWID"
            )
        except sqlite3.Error as error:
            raise EmbedderError(
                f"{path}: not a cache of vectors ({error}); delete it or name another file"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._database.close()

    def get_or_compute(
        self,
        texts: Sequence[str],
        n_features: int,
        compute: Callable[[list[str]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Give the vectors of texts, row by row, computing and keeping those not there yet."""
        result = np.zeros((len(texts), n_features), dtype=np.float32)
        for start in range(0, len(texts), 16_384):  # kept as it goes: a long run may be cut
            chunk = texts[start : start + 16_384]
            keys = [self._key(text) for text in chunk]
            known = dict(self._read(keys))
            missing = {k: t for k, t in zip(keys, chunk, strict=True) if k not in known}
            if missing:
                vectors = compute(list(missing.values()))
                rows = [(k, v.tobytes()) for k, v in zip(missing, vectors, strict=True)]
                with self._database:
                    self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
                known.update(rows)
            for i, key in enumerate(keys):
                result[start + i] = np.frombuffer(known[key], dtype=np.float32)
        return result

    def _key(self, text: str) -> bytes:
        key = f"{self.fingerprint}\n{text}".encode("utf-8", "replace")
        return hashlib.sha256(key).digest()[:16]

    def _read(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608 - only marks
            yield from self._database.execute(query, some)
