"""Where the time of `headlines label FILE --output out.jsonl` goes, stage by stage.

Each stage is run by itself on the blocks of a feed made from the pools, in turn over rounds; what
is told is the least processor time of each block over the rounds, added up, in microseconds a
headline: other work on the machine makes a stage slower and never faster. What a stage takes is
the difference to the one before where it can't be run alone. Not in it are the start of the
process (imports, the model; `speed.py` times that) and the account of lines.

Run ``python -m benchmarks.research.where_time_goes --data DIR``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.speed import POOLS, many, pool
from headlines import HeadlineLabeler, StaticEmbedder
from headlines.feeds.account import SeenIds
from headlines.feeds.archives import ByteStream, open_input
from headlines.feeds.block import HeadlineBlock, Titles
from headlines.feeds.decoding import decoded, pieces_of
from headlines.feeds.reader import FeedReader
from headlines.labeling.jsonl import lines_of_block

HEADLINES, ROUNDS = 100_000, 15


def least(run: Callable[[int], Any], blocks: int) -> float:
    """Give the processor seconds of all blocks, of each the least over the rounds."""
    best = [float("inf")] * blocks
    for _ in range(ROUNDS):
        for i in range(blocks):
            start = time.process_time()
            run(i)
            best[i] = min(best[i], time.process_time() - start)
    return sum(best)


def stages(path: Path, out: Path) -> dict[str, float]:
    """Time the stages; give microseconds a headline."""
    labeler = HeadlineLabeler.load()
    embedder = labeler.embedder
    assert isinstance(embedder, StaticEmbedder)
    blocks: Sequence[HeadlineBlock] = list(FeedReader(path, format="text").blocks())
    found = [labeler.label_block(block) for block in blocks]  # warm: every word's product is kept
    rows = [lines_of_block(predictions, 3) for predictions in found]
    folded = [[text.lower().encode() for text in block.published] for block in blocks]
    products = embedder.fold(labeler.state.scorer.weights, labeler.state.scorer.own)
    for block in blocks:
        products(block.texts)
    vocabulary = embedder.vocabulary

    def written(i: int) -> None:
        with out.open("wb") as file:
            file.write(rows[i])

    def read(_: int) -> None:
        with open_input(path) as file:
            pieces = pieces_of(ByteStream(file, str(path)), "utf-8")
            list(decoded(pieces, "utf-8", lambda *_: None, plain=True))

    n = len(blocks)
    lines = least(read, 1)
    parsed = least(lambda i: Titles.parse(blocks[i].published), n)
    hashed = least(lambda i: [sha256(line).digest() for line in folded[i]], n)
    seen = least(lambda i: SeenIds().add(blocks[i].ids), n)
    encoded = least(lambda i: vocabulary.encode(blocks[i].texts), n)
    summed = least(lambda i: products(blocks[i].texts), n)
    labelled = least(lambda i: labeler.label_block(blocks[i]), n)
    joined = least(lambda i: lines_of_block(found[i], 3), n)
    given = least(written, n)
    seconds = {
        "read and decode": lines,
        "SHA-256 of the ids": hashed,
        "clean and take apart": parsed - hashed,
        "mark copies": seen,
        "words to entries": encoded,
        "entries to sums": summed - encoded,
        "sums to topics and probabilities": labelled - summed,
        "rows of JSON": joined,
        "write": given,
    }
    count = sum(map(len, blocks))
    return {stage: round(1e6 * taken / count, 2) for stage, taken in seconds.items()}


def main() -> None:
    options = common.arguments(
        __doc__, Path(__file__).with_name("where_time_goes.json")
    ).parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in POOLS)):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed.txt"
        titles = islice(many(pool(options.data), HEADLINES), HEADLINES)
        path.write_text("".join(f"{title}\n" for title in titles), encoding="utf-8")
        found = stages(path, Path(folder) / "out.jsonl")
    for stage, taken in found.items():
        print(f"{stage:<40} {taken:6.2f}")
    print(f"{'all':<40} {sum(found.values()):6.2f}")
    measured = {"headlines": HEADLINES, "rounds": ROUNDS, "microseconds": found}
    command = "python -m benchmarks.research.where_time_goes"
    common.write(options.output, common.described(command, measured))


if __name__ == "__main__":
    main()
