"""How fast headlines are labelled and embedded, and in how much memory, beside the peers.

Five parts, each to be run alone with ``--only``:

- memory: a list of headlines in, topics and probabilities out;
- file: the whole command, a file of 1,000,000 headlines in and JSON lines out, beside loops that
  write the same fields with fastText, model2vec, TF-IDF, and MiniLM (on 5,000, extrapolated), and
  loops as people write them around fastText: rows of four fields (line, headline, topic,
  probability), with words and with pairs of words, and a bare TSV;
- vectors: texts in, unit vectors out;
- scale: the command on 10,000 to 1,000,000 headlines, with ``--full`` 10,000,000;
- start: a cold start on the seed feed.

Every program is a process of its own on one thread, and the programs take turns over rounds;
what is told are medians, and the median of the rounds' ratios. Ours and the peers learned from
the same examples; fastText with its defaults. Peak memory is the resident set that the system
reports of the process at its end.

Run ``python -m benchmarks.speed --data DIR``; DIR holds pool_news.tsv.xz and pool_tech.tsv.xz
(date, headline, source; from rumca-js/RSS-Link-Database-2022 and -2023). Where more headlines are
wanted than these have, about 600,000, the others are composed: the first half of one and the
second half of another, none twice.
"""

from __future__ import annotations

from benchmarks import peers  # first: it sets the threads  # isort: skip

import json
import lzma
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.common import SEEDS

POOLS = ("pool_news", "pool_tech")
PEERS = [sys.executable, "-m", "benchmarks.peers"]
LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
taken = time.perf_counter() - start
with open(sys.argv[1], "w") as file:
    json.dump([taken, usage.ru_maxrss, os.waitstatus_to_exitcode(status)], file)
"""
"""Starts a program and writes down what it took. A process starts out with the peak memory of the
one that starts it: this one has next to none, where the benchmark has hundreds of megabytes."""

Aims = list[dict[str, Any]]


@dataclass(frozen=True)
class Bench:
    """What the parts work with.

    Attributes
    ----------
    headlines : list of str
        The pools'.
    folder : Path
        For big files and the peers' models; removed at the end.
    quick, full : bool
        Small sizes, for a trial; or ten million headlines too.
    skipped : dict of str to str
        Peers that can't be had, and why.
    rounds : int
        Of the part `file`.
    """

    headlines: list[str]
    folder: Path
    quick: bool
    full: bool
    skipped: dict[str, str]
    rounds: int = 3

    def feed(self, n: int) -> Path:
        """Write n headlines, one a line."""
        path = self.folder / f"feed-{n}.txt"
        if not path.is_file():
            with path.open("w", encoding="utf-8") as file:
                file.writelines(f"{headline}\n" for headline in many(self.headlines, n))
        return path


def pool(data: Path) -> list[str]:
    """Give the pools' headlines, each once, in a seeded order."""
    found: dict[str, str] = {}
    for name in POOLS:
        with lzma.open(data / f"{name}.tsv.xz", "rt", encoding="utf-8", newline="\n") as file:
            next(file)
            for line in file:
                headline = " ".join(line.rstrip("\n").split("\t")[1].split())
                found.setdefault(headline.casefold(), headline)
    found.pop("", None)
    headlines = list(found.values())
    random.Random(0).shuffle(headlines)
    return headlines


def many(headlines: Sequence[str], n: int) -> Iterator[str]:
    """Give n distinct headlines, composed ones once the pool is used up."""
    yield from headlines[:n]
    left = n - len(headlines)
    if left <= 0:
        return
    cut = [(words, len(words) // 2) for words in (h.split() for h in headlines) if len(words) >= 6]
    first = [" ".join(words[:half]) for words, half in cut]
    second = [" ".join(words[half:]) for words, half in cut]
    # A bit for every headline given: what may have been given already is passed over.
    seen = bytearray(1 << 27)
    for headline in headlines:
        _mark(seen, headline)
    rng = random.Random(1)
    while left:
        composed = f"{first[rng.randrange(len(cut))]} {second[rng.randrange(len(cut))]}"
        if _mark(seen, composed):
            yield composed
            left -= 1


def _mark(seen: bytearray, headline: str) -> bool:
    place = zlib.crc32(headline.casefold().encode()) & (8 * len(seen) - 1)
    bit = 1 << (place & 7)
    if seen[place >> 3] & bit:
        return False
    seen[place >> 3] |= bit
    return True


# ------------------------------------------------------------------ programs


def launch(record: Path, command: Sequence[str], **streams: Any) -> subprocess.Popen[str]:
    """Start a program through the launcher."""
    program = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(record), *command]
    return subprocess.Popen(program, text=True, encoding="utf-8", **streams)


def taken(record: Path, command: Sequence[str]) -> tuple[float, float]:
    """Read what a program took: its seconds and its peak memory in MB."""
    seconds, peak, status = json.loads(record.read_text())
    if status:
        raise RuntimeError(f"{' '.join(command)}: exit status {status}")
    return seconds, peak * (1 if platform.system() == "Darwin" else 1024) / 1e6


def run(bench: Bench, command: Sequence[str]) -> tuple[float, float]:
    """Run a program to its end; give its seconds and its peak memory in MB."""
    record, notes = bench.folder / "record.json", bench.folder / "notes.txt"
    record.unlink(missing_ok=True)
    with notes.open("w") as errors:
        child = launch(record, command, stdout=subprocess.DEVNULL, stderr=errors)
        child.wait()
    try:
        return taken(record, command)
    except (OSError, RuntimeError) as error:
        raise RuntimeError(f"{error}\n{notes.read_text()}") from None


def in_turn(
    bench: Bench, task: str, sizes: dict[str, int], rounds: int
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Time programs in turn, all of them loaded; give their rates by round, and a table.

    Parameters
    ----------
    bench : Bench
    task : {"label", "embed"}
    sizes : dict of str to int
        Headlines that each program is given.
    rounds : int

    Returns
    -------
    rates : dict of str to list of float
        Headlines a second in each round but the first, when what is kept between calls is made.
    table : dict
        By program: headlines given, rates in the first and in later rounds, and peak memory.
    """
    feed = bench.feed(max(sizes.values()))
    children, commands = {}, {}
    try:
        for i, (name, n) in enumerate(sizes.items()):
            command = [*PEERS, "serve", task, name, str(bench.folder), str(feed), str(n)]
            commands[name] = command
            children[name] = launch(
                bench.folder / f"served-{task}-{i}.json",
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            _answer(children[name], name, "ready")
        rates: dict[str, list[float]] = {name: [] for name in sizes}
        for _ in range(rounds + 1):
            for name, child in children.items():
                assert child.stdin is not None
                child.stdin.write("run\n")
                child.stdin.flush()
                rates[name].append(sizes[name] / float(_answer(child, name)))
    finally:
        for child in children.values():
            assert child.stdin is not None
            child.stdin.close()
            child.wait()
    table = {}
    for i, (name, found) in enumerate(rates.items()):
        record = bench.folder / f"served-{task}-{i}.json"
        table[name] = {
            "headlines": sizes[name],
            "headlines_per_second": round(statistics.median(found[1:])),
            "first_call": round(found[0]),
            "peak_mb": round(taken(record, commands[name])[1]),
        }
    return {name: found[1:] for name, found in rates.items()}, table


def _answer(child: subprocess.Popen[str], name: str, expected: str | None = None) -> str:
    """Read the next line that a program meant for us: libraries may print lines of their own."""
    assert child.stdout is not None
    for line in child.stdout:
        line = line.strip()
        if line == expected or (expected is None and line.replace(".", "").isdigit()):
            return line
    raise RuntimeError(f"{name} ended before it answered")


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Median over the rounds of one's rate by the other's, taken in the same round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def aim(what: str, value: float, goal: float, *, most: bool = False) -> dict[str, Any]:
    """Hold a figure against what is aimed at: at least `goal`, or at most."""
    met = value <= goal if most else value >= goal
    return {"what": what, "value": round(value, 3), "aim": goal, "most": most, "met": met}


# ------------------------------------------------------------------ parts


def memory(bench: Bench) -> dict[str, Any]:
    """Lists of headlines in, topics and probabilities out."""
    n, slow, rounds = (2000, 100, 2) if bench.quick else (100_000, 2000, 5)
    sizes = dict.fromkeys((peers.OURS, peers.FASTTEXT, peers.FASTTEXT_WORDS, peers.TFIDF), n)
    sizes |= {peers.MODEL2VEC: n, peers.WORDLLAMA: n, peers.MINILM: slow, peers.MINILM_ONNX: slow}
    sizes = {name: size for name, size in sizes.items() if name not in bench.skipped}
    rates, table = in_turn(bench, "label", sizes, rounds)
    ratios = {name: round(ratio(rates[peers.OURS], r), 2) for name, r in rates.items()}
    aims = []
    if peers.FASTTEXT in ratios:
        aims.append(aim("labelling in memory, times fastText", ratios[peers.FASTTEXT], 3))
    _print_rates("label a list", table, ratios)
    return {"rounds": rounds, "programs": table, "ours_to": ratios, "aims": aims}


def vectors(bench: Bench) -> dict[str, Any]:
    """Texts in, unit vectors out."""
    n, slow, rounds = (2000, 100, 2) if bench.quick else (50_000, 2000, 5)
    sizes = {name: slow if name in peers.SLOW else n for name in peers.ENCODERS}
    sizes = {name: size for name, size in sizes.items() if name not in bench.skipped}
    rates, table = in_turn(bench, "embed", sizes, rounds)
    ratios = {name: round(ratio(rates[peers.OURS], r), 2) for name, r in rates.items()}
    aims = []
    if peers.MODEL2VEC in ratios:
        aims.append(aim("embedding, times model2vec", ratios[peers.MODEL2VEC], 8))
    _print_rates("embed a list", table, ratios)
    return {"rounds": rounds, "programs": table, "ours_to": ratios, "aims": aims}


def _print_rates(what: str, table: dict[str, Any], ratios: dict[str, float]) -> None:
    print(f"\n| {what} | headlines | a second | first call | peak MB | ours is |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, row in table.items():
        print(
            f"| {name} | {row['headlines']:,} | {row['headlines_per_second']:,} | "
            f"{row['first_call']:,} | {row['peak_mb']:,} | {ratios[name]:g} x |"
        )


def command(feed: Path, output: Path) -> list[str]:
    """Give the command whose speed this is about."""
    return [sys.executable, "-m", "headlines", "label", str(feed), "--output", str(output)]


def rows_of(path: Path) -> int:
    """Count the lines of a file."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def file(bench: Bench) -> dict[str, Any]:
    """A file in, JSON lines out: the whole command and the peers' loops, start included."""
    n, few, start, rounds = (
        (5000, 100, 20, 1) if bench.quick else (1_000_000, 5000, 64, bench.rounds)
    )
    feed, out = bench.feed(n), bench.folder / "out.jsonl"
    programs = {peers.OURS: (n, command(feed, out))}
    for name in (peers.FASTTEXT, *peers.LOOPS, peers.MODEL2VEC, peers.TFIDF):
        loop = [*PEERS, "label", name, str(bench.folder), str(feed), str(out)]
        programs[name] = (n, loop)
    for size in (start, few):
        loop = [*PEERS, "label", peers.MINILM, str(bench.folder), str(bench.feed(size)), str(out)]
        programs[f"{peers.MINILM}, {size}"] = (size, loop)
    programs = {
        name: program
        for name, program in programs.items()
        if not any(name.startswith(missing) for missing in bench.skipped)
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    peaks: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, (size, loop) in list(programs.items()):
            try:
                second, peak = run(bench, loop)
            except RuntimeError as error:
                if name == peers.OURS:
                    raise
                print(f"skipped: {name}: {error}", flush=True)
                bench.skipped[name] = f"its loop failed: {str(error).splitlines()[-1]}"
                del programs[name], seconds[name], peaks[name]
                continue
            seconds[name].append(second)
            peaks[name].append(peak)
            if (rows := rows_of(out)) != size:
                raise RuntimeError(f"{name}: {rows} rows, expected {size}")
    parts = [f"{peers.MINILM}, {size}" for size in (start, few)]
    if set(parts) <= programs.keys():
        # What it takes to start is counted once, not as often as the few go into all.
        starts, longs = (seconds[part] for part in parts)
        each = [(b - a) / (few - start) for a, b in zip(starts, longs, strict=True)]
        seconds[peers.MINILM] = [a + e * (n - start) for a, e in zip(starts, each, strict=True)]
        peaks[peers.MINILM] = peaks[parts[1]]
    for part in parts:
        seconds.pop(part, None)
    table = {
        name: {
            "seconds": round(statistics.median(found), 2),
            "peak_mb": round(statistics.median(peaks[name])),
            "writes": peers.WRITES.get(name, peers.SAME),
            "extrapolated_from": few if name == peers.MINILM else None,
        }
        for name, found in seconds.items()
    }
    ratios = {name: round(ratio(t, seconds[peers.OURS]), 2) for name, t in seconds.items()}
    print(f"\n| label a file of {n:,} | seconds | peak MB | ours is |\n|---|--:|--:|--:|")
    for name, row in table.items():
        about = f" (extrapolated from {few:,})" if row["extrapolated_from"] else ""
        print(f"| {name}{about} | {row['seconds']:,} | {row['peak_mb']} | {ratios[name]:g} x |")
    aims = [
        aim(f"the command, times {name}", ratios[name], goal)
        for name, goal in ((peers.FASTTEXT_ROWS, 2), (peers.FASTTEXT, 1.5), (peers.MINILM, 200))
        if name in ratios
    ]
    return {"headlines": n, "rounds": rounds, "programs": table, "ours_to": ratios, "aims": aims}


def scale(bench: Bench) -> dict[str, Any]:
    """The command on ever more headlines."""
    sizes = [1000, 10_000] if bench.quick else [10_000, 100_000, 1_000_000]
    sizes += [10_000_000] if bench.full else []
    found: dict[int, dict[str, float]] = {}
    out = bench.folder / "scale.jsonl"
    print("\n| headlines | seconds | microseconds a headline | peak MB |\n|--:|--:|--:|--:|")
    for n in sizes:
        feed = bench.feed(n)
        runs = [run(bench, command(feed, out)) for _ in range(3 if n < 10**7 else 1)]
        if (rows := rows_of(out)) != n:
            raise RuntimeError(f"{rows} rows, expected {n}")
        feed.unlink()
        seconds = statistics.median(second for second, _ in runs)
        found[n] = {
            "seconds": round(seconds, 2),
            "microseconds_per_headline": round(seconds / n * 1e6, 2),
            "peak_mb": round(max(peak for _, peak in runs)),
        }
        row = found[n]
        print(f"| {n:,} | {row['seconds']:g} | {row['microseconds_per_headline']:g} | "
              f"{row['peak_mb']} |")  # fmt: skip
    largest = max(found)
    aims = [aim(f"peak MB on {largest:,} headlines", found[largest]["peak_mb"], 350, most=True)]
    if 10**7 in found:
        memory, time = (
            found[10**7][key] / found[10**6][key]
            for key in ("peak_mb", "microseconds_per_headline")
        )
        aims.append(
            aim("peak memory of 10 million, times that of 1 million", memory, 1.1, most=True)
        )
        aims.append(aim("time a headline of 10 million, times 1 million", time, 1.1, most=True))
    return {"headlines": {f"{n:,}": row for n, row in found.items()}, "aims": aims}


def start(bench: Bench) -> dict[str, Any]:
    """The command on the seed feed, beside importing numpy alone."""
    programs = {
        "headlines label seeds/feed.txt": command(SEEDS / "feed.txt", bench.folder / "seed.jsonl"),
        'python -c "import numpy"': [sys.executable, "-c", "import numpy"],
    }
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    rounds = 3 if bench.quick else 20
    for _ in range(rounds):
        for name, program in programs.items():
            runs[name].append(run(bench, program))
    table = {
        name: {
            "seconds": round(statistics.median(second for second, _ in found), 3),
            "peak_mb": round(statistics.median(peak for _, peak in found)),
        }
        for name, found in runs.items()
    }
    print("\n| cold start | seconds | peak MB |\n|---|--:|--:|")
    for name, row in table.items():
        print(f"| {name} | {row['seconds']} | {row['peak_mb']} |")
    ours, numpy = table.values()
    goal = round(max(0.40, numpy["seconds"] + 0.25), 3)
    aims = [
        aim("cold start, seconds (0.40, or numpy's and 0.25)", ours["seconds"], goal, most=True),
        aim("cold start, peak MB", ours["peak_mb"], 130, most=True),
    ]
    return {"rounds": rounds, "programs": table, "aims": aims}


PARTS = {"memory": memory, "file": file, "vectors": vectors, "scale": scale, "start": start}


def plot(found: dict[str, Any], path: Path) -> None:
    """Draw time a headline and peak memory against the number of headlines."""
    rows = [(int(n.replace(",", "")), row) for n, row in found["headlines"].items()]
    with common.picture(path, 8, 3, columns=2) as both:
        for axes, key, label in (
            (both[0], "microseconds_per_headline", "microseconds a headline"),
            (both[1], "peak_mb", "peak memory, MB"),
        ):
            axes.plot([n for n, _ in rows], [row[key] for _, row in rows], "o-", color=common.OURS)
            axes.set_xscale("log")
            axes.set_ylim(0, 1.15 * max(row[key] for _, row in rows))
            axes.set_xlabel("headlines")
            axes.set_ylabel(label)


def main() -> None:
    parser = common.arguments(__doc__, "speed.json")
    parser.add_argument("--only", choices=PARTS, help="one part; the others' results stay")
    parser.add_argument("--quick", action="store_true", help="small sizes: a trial")
    parser.add_argument("--rounds", type=int, default=3, help="of the part file")
    parser.add_argument("--full", action="store_true", help="scale: ten million headlines too")
    parser.add_argument("--tmp", type=Path, help="where big files go until the end (some 6 GB)")
    options = parser.parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in POOLS)):
        return
    headlines = pool(options.data)
    print(f"{len(headlines):,} distinct headlines in the pools", flush=True)
    wanted = [options.only] if options.only else list(PARTS)
    known = common.known(options.output)
    parts = {name: known[name] for name in PARTS if name in known}
    with tempfile.TemporaryDirectory(dir=options.tmp) as folder:
        skipped: dict[str, str] = {}
        if {"memory", "file", "vectors"} & set(wanted):
            subprocess.run([*PEERS, "train", folder], check=True, stderr=subprocess.DEVNULL)
            skipped = json.loads((Path(folder) / "skipped.json").read_text())
            for name, why in skipped.items():
                print(f"skipped: {name}: {why}")
        bench = Bench(headlines, Path(folder), options.quick, options.full, skipped, options.rounds)
        for name in wanted:
            parts[name] = PARTS[name](bench) | {"pool_headlines": len(headlines)}
            if skipped:
                parts[name]["skipped"] = skipped
            sys.stdout.flush()
            if not options.quick:  # after each part, as a long run may be cut short; no trial
                found = {part: parts[part] for part in PARTS if part in parts}
                content = common.described(
                    "python -m benchmarks.speed",
                    {"threads": "one", **found},
                    peers.versions_of_peers(),
                )
                common.write(options.output, content)
                if name == "scale":
                    plot(parts[name], options.output.with_name("scale.svg"))
    print("\n| | value | aim | |\n|---|--:|--:|---|")
    for line in (line for name in wanted for line in parts[name]["aims"]):
        bound = f"{'at most' if line['most'] else 'at least'} {line['aim']:g}"
        print(f"| {line['what']} | {line['value']:g} | {bound} | "
              f"{'met' if line['met'] else 'missed'} |")  # fmt: skip


if __name__ == "__main__":
    main()
