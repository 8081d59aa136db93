"""How well copies of headlines are told from others that look it, and what that costs on 600,000.

*quality*: the pairs of ``near_duplicates.tsv`` that report (see research/copies.py: read twice, one
reader, hard pairs many), and beside them pairs of SemEval STS and of the Microsoft Research corpus,
which ask other questions (see research/copy_rules.py, where the rule was made). Peers:

- *cosine .97*: of the built-in embedder, what `cluster` went by alone before;
- *MinHash*: datasketch, 5-grams of letters, 128 permutations;
- *TF-IDF*: cosine of scikit-learn's TfidfVectorizer, fitted on the feed below.

Each peer's limit is set on the half that chooses, at the best F1 there, as at a precision of .98
they find next to nothing; that is told too.

*cost*: ``headlines label`` on the first 600,000 headlines of two pools in the order of their days,
with and without ``--dedupe mark --history``; then the next 10,000 against that history. On
50,000 of them beside the peers: MinHashLSH of datasketch, and cosines of TF-IDF block by block,
which compares all pairs and so grows with the square. Seconds are the processor's.

    pip install datasketch
    OMP_NUM_THREADS=1 python -m benchmarks.near_duplicates --data DIR

DIR holds pool_news.tsv.xz and pool_tech.tsv.xz, sts_headlines.tsv.xz and msr_paraphrase.tsv.xz.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.research import copies
from benchmarks.research import copy_rules as research
from headlines import Headline, StaticEmbedder
from headlines.clustering.copies import COPIES
from headlines.copies.rule import LIMIT, how_far
from headlines.neighbours import blocks

SIZE, SMALL, NEXT = 600_000, 50_000, 10_000
LIKE = {"MinHash": 0.55, "TF-IDF": 0.78}
"""Likeness from which a peer takes headlines of a feed for copies: that of its best F1, below."""

Far = NDArray[np.float64]


def pool(data: Path) -> list[tuple[str, str, str]]:
    """Give day, headline and source of both pools, by their days."""
    rows = ((row.date, row.headline, row.source) for row in copies.pool(data))
    return sorted(rows, key=lambda row: row[0])


# ------------------------------------------------------------------ quality


def fars(texts: research.Texts, vectorizer: Any) -> dict[str, Far]:
    """Give how far apart pairs are, by our rule and by peers."""
    embedder = StaticEmbedder()
    pairs = research.Pairs.of(texts, embedder)
    seen = [(research.read(a), research.read(b)) for a, b in texts]
    ours = [how_far(a, b, c) for (a, b), c in zip(seen, pairs.cosine.tolist(), strict=True)]
    whole = [[Headline.parse(pair[side]).text for pair in texts] for side in (0, 1)]
    dense = [research.unit(embedder, some) for some in whole]
    sparse = [vectorizer.transform(some) for some in whole]
    return {
        "headlines": np.array(ours),
        f"cosine {COPIES}": 1 - (dense[0] * dense[1]).sum(axis=1),
        "MinHash": pairs.plain(research.minhash),
        "TF-IDF": 1 - np.asarray(sparse[0].multiply(sparse[1]).sum(axis=1)).ravel(),
    }


def quality(data: Path, feed: Sequence[str]) -> dict[str, Any]:
    """Tell precision and recall of each, at limits that the report half has no part in."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True).fit(feed)
    gold = common.records(copies.PAIRS)
    halves = {half: [row for row in gold if row["split"] == half] for half in ("choose", "report")}
    sets = {
        half: (research.look_up(data, rows), np.array([row["copy"] == "yes" for row in rows]))
        for half, rows in halves.items()
    } | research.other_sets(data)
    far = {name: fars(texts, vectorizer) for name, (texts, _) in sets.items()}
    is_copy = sets["choose"][1]
    limits = {name: research.best_limit(some, is_copy) for name, some in far["choose"].items()}
    limits |= {"headlines": LIMIT, f"cosine {COPIES}": round(1 - COPIES, 4)}
    careful = {name: research.limit(some, is_copy) for name, some in far["choose"].items()}
    found: dict[str, Any] = {"limits": limits, "careful_limits": careful, "sets": {}}
    for name, (_, truth) in sets.items():
        found["sets"][name] = {
            rule: research.measured(some <= limits[rule], truth) for rule, some in far[name].items()
        }
        print(name, found["sets"][name], flush=True)
    found["careful"] = {
        rule: research.measured(some <= careful[rule], sets["report"][1])
        for rule, some in far["report"].items()
    }
    return found


# ------------------------------------------------------------------ cost


def with_datasketch(texts: Sequence[str]) -> int:
    """Count headlines with an earlier copy by MinHashLSH."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=LIKE["MinHash"], num_perm=128)
    found = 0
    for place, text in enumerate(texts):
        sketch = MinHash(num_perm=128, seed=1)
        sketch.update_batch([gram.encode() for gram in research.grams(text)])
        found += bool(index.query(sketch))
        index.insert(place, sketch)
    return found


def with_tfidf(texts: Sequence[str]) -> int:
    """Count headlines with an earlier copy by the cosine of TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    X = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    found = 0
    for rows in blocks(len(texts), 512):
        near = (X[rows] @ X[: rows.stop].T).tocoo()
        earlier = (near.data >= LIKE["TF-IDF"]) & (near.col < near.row + rows.start)
        found += len(np.unique(near.row[earlier]))
    return found


PEERS: dict[str, Callable[[Sequence[str]], int]] = {
    "MinHash": with_datasketch,
    "TF-IDF": with_tfidf,
}


LAUNCHER = """
import json, os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = usage.ru_utime + usage.ru_stime
with open(sys.argv[1], "w") as file:
    json.dump([seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status)], file)
"""
"""Starts a program and writes down what it took: a process starts out with the peak memory of the
one that starts it, and this one has next to none."""


def taken(command: Sequence[str | Path], folder: Path) -> dict[str, Any]:
    """Run a program; tell its seconds, its peak of memory, and what it said at the end."""
    record = folder / "record.json"
    program = [sys.executable, "-I", "-S", "-c", LAUNCHER, record, *command]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    seconds, peak, status = json.loads(record.read_text())
    lines = (done.stdout + done.stderr).splitlines()
    if status:
        raise RuntimeError("\n".join(lines[-5:]))
    return {"seconds": round(seconds, 1), "megabytes": round(peak / 1024), "said": lines}


def write_feed(path: Path, rows: Sequence[tuple[str, str, str]]) -> Path:
    lines = ("\t".join(row) for row in rows)
    path.write_text("date\theadline\tpublisher\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def cost(rows: Sequence[tuple[str, str, str]], size: int, small: int) -> dict[str, Any]:
    """Tell what finding the copies of a feed takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        label = [sys.executable, "-m", "headlines", "label", "--json", "--output"]
        dedupe = ["--dedupe", "mark", "--history", folder / "seen"]
        feed = write_feed(folder / "feed.tsv", rows[:size])
        following = write_feed(folder / "next.tsv", rows[size : size + NEXT])
        few = write_feed(folder / "few.tsv", rows[:small])
        runs: dict[str, list[str | Path]] = {
            "label": [*label, folder / "a.jsonl", feed],
            "label, copies marked": [*label, folder / "b.jsonl", feed, *dedupe],
            "next, against the history": [*label, folder / "c.jsonl", following, *dedupe],
            "few": [*label, folder / "d.jsonl", few],
            "few, copies marked": [*label, folder / "e.jsonl", few, "--dedupe", "mark"],
        }
        program = [sys.executable, "-m", "benchmarks.near_duplicates"]
        runs |= {
            f"few, {peer}": [*program, "--peer", peer, "--feed", few, "--data", "."]
            for peer in PEERS
        }
        found: dict[str, Any] = {"headlines": size, "few": small, "next": NEXT, "runs": {}}
        for run, command in runs.items():
            one = found["runs"][run] = taken(command, folder)
            said = one.pop("said")
            if run.endswith("marked") or "history" in run:
                [summary] = (line for line in said if line.startswith("{"))
                one |= json.loads(summary)["dedupe"]
            elif any(peer in run for peer in PEERS):
                one["copies"] = int(said[-1])
            if (folder / "seen").is_file() and "history" not in found:
                found["history_megabytes"] = round((folder / "seen").stat().st_size / 1e6)
            print(run, one, flush=True)
    return found


def main() -> None:
    parser = common.arguments(__doc__, "near_duplicates.json")
    parser.add_argument("--size", type=int, default=SIZE, help="headlines of the feed")
    parser.add_argument("--small", type=int, default=SMALL, help="headlines for the peers")
    parser.add_argument("--only", choices=("quality", "cost"), help="one part; the other stays")
    parser.add_argument("--peer", choices=PEERS, help="count copies of a feed, and no more")
    parser.add_argument("--feed", type=Path, help="of --peer")
    options = parser.parse_args()
    if options.peer:
        rows = common.rows(options.feed)
        print(PEERS[options.peer]([row[1] for row in rows]))
        return
    if not common.there(options.data, *copies.POOLS, *research.OTHERS):
        return
    rows = pool(options.data)
    found = common.known(options.output)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "quality": lambda: quality(options.data, [row[1] for row in rows[: options.size]]),
        "cost": lambda: cost(rows, options.size, options.small),
    }
    for part, of in parts.items():
        if options.only in (None, part):
            found[part] = of()
    command = "OMP_NUM_THREADS=1 python -m benchmarks.near_duplicates --data DIR"
    content = {part: found[part] for part in parts if part in found}
    common.write(options.output, common.described(command, content))


if __name__ == "__main__":
    main()
