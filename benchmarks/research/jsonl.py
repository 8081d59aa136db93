"""JSON lines of predictions: ours beside what libraries write, on 200,000 rows.

The rows are the seed feed's headlines, numbered so that all differ, and labelled by the shipped
model: as published, where half carry a source or a section and are written by the plain twin, and
the titles alone. Each writer gets the predictions as `label_block` gives them and has to end with
bytes; what makes plain rows of them first is counted, since nothing else needs these rows. A
writer is a candidate only where its bytes are those of `json.dumps`, which users' programs and
yesterday's files have; pyarrow reads JSON lines and writes none. Seconds are the processor's.

``python -m benchmarks.research.jsonl``
"""

from __future__ import annotations

import io
import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import orjson
import polars

from benchmarks import common
from headlines import HeadlineLabeler, read_feed
from headlines.feeds.reader import FeedReader
from headlines.labeling.jsonl import line_of, lines_of_block
from headlines.labeling.prediction import PredictionBlock

ROWS, TOP = 200_000, 3


def predictions(published: Sequence[str]) -> list[PredictionBlock]:
    """Label so many headlines, block by block."""
    labeler = HeadlineLabeler.load()
    numbered = (f"{text} {i}" for i, text in enumerate(itertools.cycle(published)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed.txt"
        path.write_text("\n".join(itertools.islice(numbered, ROWS)), encoding="utf-8")
        return [labeler.label_block(block) for block in FeedReader(path).blocks()]


def by_json(found: PredictionBlock) -> bytes:
    return "".join(line_of(prediction, TOP) for prediction in found).encode()


def by_orjson(found: PredictionBlock) -> bytes:
    append = orjson.OPT_APPEND_NEWLINE
    return b"".join(orjson.dumps(prediction.to_row(TOP), option=append) for prediction in found)


def by_polars(found: PredictionBlock) -> bytes:
    file = io.BytesIO()
    rows = [prediction.to_row(TOP) for prediction in found]
    polars.DataFrame(rows, infer_schema_length=None).write_ndjson(file)
    return file.getvalue()


WRITERS: dict[str, Callable[[PredictionBlock], bytes]] = {
    "headlines": lambda found: lines_of_block(found, TOP),
    "json": by_json,
    "orjson": by_orjson,
    "polars": by_polars,
}


def written(
    write: Callable[[PredictionBlock], bytes], blocks: Sequence[PredictionBlock]
) -> tuple[list[bytes], float]:
    """Give what a writer makes of blocks, and the processor seconds that it takes."""
    start = time.process_time()
    found = [write(block) for block in blocks]
    return found, time.process_time() - start


def main() -> None:
    options = common.arguments(__doc__, "jsonl.json", data=False).parse_args()
    feed = list(read_feed(common.SEEDS / "feed.txt"))
    sets = {"as published": [h.headline for h in feed], "titles alone": [h.text for h in feed]}
    results: dict[str, dict[str, object]] = {}
    for kind, published in sets.items():
        blocks = predictions(published)
        wanted, _ = written(by_json, blocks)
        results[kind] = {}
        for name, write in WRITERS.items():
            found, seconds = written(write, blocks)
            same = found == wanted
            results[kind][name] = {"seconds": round(seconds, 3), "same_bytes": same}
            said = "same bytes" if same else "other bytes"
            print(f"{kind:<14} {name:<10} {seconds:7.3f} s  {said}")
    libraries = {name: version(name) for name in ("orjson", "polars", "pyarrow")}
    measured = {"rows": ROWS, "top": TOP, "libraries": libraries, "processor_seconds": results}
    common.write(options.output, common.described("python -m benchmarks.research.jsonl", measured))


if __name__ == "__main__":
    main()
