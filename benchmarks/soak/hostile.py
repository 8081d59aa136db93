"""Hostile model files: what they do under plain joblib, and here.

Writes every file of ``tests/hostile_files.py`` into a folder, each with a manifest that vouches
for its bytes where it takes one, and loads and uses each in a process of its own, forked from one
in which headlines is imported. Each has to end in an error of the package's own tree, its message
one printable line, with nothing run (no canary, and no audit event of Python's that starts,
writes or connects), no crash, less than 500 MB and a few seconds. What carries a canary is then
opened by plain joblib, to show that it would have run. At last single bits of sound models are
flipped, and their files cut short. Run ``python -m benchmarks.soak.hostile [--files
FOLDER]``; FOLDER is where the files go and stay, by default one that is removed.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.common import ROOT

sys.path.insert(0, str(ROOT / "tests" / "persistence"))

import hostile_files

from headlines import HeadlineLabeler, ModelRegistry
from headlines.errors import HeadlinesError
from headlines.persistence.modelfile import manifest_path

MOST_MB, MOST_SECONDS, MOST_LETTERS = 500, 10, 600
TIMEOUT = 60
FORBIDDEN = (
    "os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.system", "os.exec", "os.posix_spawn",
    "os.spawn", "os.fork", "os.forkpty", "os.kill", "os.putenv", "os.symlink", "os.link",
    "os.truncate", "subprocess.Popen", "pty.spawn", "socket.connect", "socket.bind",
    "pickle.find_class", "shutil", "webbrowser.open", "urllib.Request", "code.__new__",
)  # fmt: skip
FLIPS, CUTS = 500, 200


# ---------------------------------------------------------------------- one process a file


def _watched(action: Callable[[], str]) -> dict[str, Any]:
    """Do it, and tell what came of it and what was started, written or asked for."""
    events: list[str] = []
    armed = [True]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not armed[0]:
            return
        writes = event == "open" and set(str(arguments[1] or "")) & set("wax+")
        if writes or event.startswith(FORBIDDEN):
            events.append(f"{event} {str(arguments)[:80]}")

    sys.addaudithook(hook)
    start = time.perf_counter()
    try:
        told = {"outcome": "loaded", "said": action()}
    except HeadlinesError as error:
        told = {"outcome": "refused", "error": type(error).__name__, "said": str(error)}
    except BaseException as error:
        told = {"outcome": "raised", "error": type(error).__name__, "said": str(error)[:300]}
    seconds = time.perf_counter() - start
    armed[0] = False
    return told | {
        "seconds": round(seconds, 2),
        "events": events[:3],
        "torch": "torch" in sys.modules,
    }


def _under_joblib(path: Path) -> str:
    import joblib

    joblib.load(path)
    return ""


ACTIONS: dict[str, Callable[[Path], str]] = {
    "headlines": hostile_files.attack,
    "joblib": _under_joblib,
}


class Workshop:
    """A process in which everything is imported, that forks one for each file."""

    def __init__(self) -> None:
        (ours, theirs), (reads, writes) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(theirs)
            os.close(reads)
            with os.fdopen(ours) as asked, os.fdopen(writes, "w") as answers:
                self._serve(asked, answers)
            os._exit(0)
        os.close(ours)
        os.close(writes)
        self.asks, self.told = os.fdopen(theirs, "w"), os.fdopen(reads)

    @staticmethod
    def _serve(asked: Any, answers: Any) -> None:
        warm = HeadlineLabeler.load(hostile_files.STORED)
        warm.label(["EU approves new sanctions"])
        warm.explain("EU approves new sanctions")
        warm.certainty.threshold_for(0.2)
        del warm
        for line in asked:
            action, path = json.loads(line)
            reads, writes = os.pipe()
            pid = os.fork()
            if pid == 0:
                signal.alarm(TIMEOUT)
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, 1)
                os.dup2(null, 2)
                told = json.dumps(_watched(lambda p=path, a=action: ACTIONS[a](Path(p))))
                with contextlib.suppress(OSError):
                    os.write(writes, told[:60000].encode())
                os._exit(0)
            os.close(writes)
            with os.fdopen(reads) as given:
                told = given.read()
            _, status, usage = os.wait4(pid, 0)
            found = json.loads(told) if told else {"outcome": "died", "said": "", "events": []}
            found["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            scale = 1 if sys.platform == "darwin" else 1024
            found["mb"] = round(usage.ru_maxrss * scale / 1e6)
            answers.write(json.dumps(found) + "\n")
            answers.flush()

    def do(self, action: str, path: Path) -> dict[str, Any]:
        self.asks.write(json.dumps([action, str(path)]) + "\n")
        self.asks.flush()
        return json.loads(self.told.readline())

    def end(self) -> None:
        """Wait until it has ended, after all were told by closing `asks`."""
        self.told.close()
        os.waitpid(self.pid, 0)


def faults_of(found: dict[str, Any], ran: bool) -> list[str]:
    """Say what is wrong with how a hostile file ended."""
    said = found.get("said", "")
    wrong = []
    if found["outcome"] != "refused":
        wrong.append(found["outcome"] + " " + str(found.get("error", "")))
    elif not said.isprintable() or len(said) > MOST_LETTERS or not said:
        wrong.append("message isn't one short line")
    if ran:
        wrong.append("the canary ran")
    # What torch and transformers do on import isn't the file's doing.
    if found["events"] and not found.get("torch"):
        wrong.append(f"did {found['events'][0]}")
    if found["signal"]:
        wrong.append(f"signal {found['signal']}")
    if found["mb"] > MOST_MB and not found.get("torch"):
        wrong.append(f"{found['mb']} MB")
    if found.get("seconds", TIMEOUT) > MOST_SECONDS + 20 * bool(found.get("torch")):
        wrong.append(f"{found.get('seconds', TIMEOUT)} s")
    return wrong


def try_cases(folder: Path, only: str | None, keep: bool) -> list[dict[str, Any]]:
    """Write every case and load it."""
    cases = [c for c in hostile_files.all_cases() if only is None or only in f"{c.group}: {c.name}"]
    workshops = [Workshop() for _ in range(2)]
    free = list(workshops)
    if any(case.group == "embedders" for case in cases):
        hostile_files.transformer()(folder / "tiny")  # once, before there are threads

    def one(number: int) -> dict[str, Any]:
        case = cases[number]
        place = folder / f"{number:03d}"
        place.mkdir()
        path = case.make(place)
        canary = place / hostile_files.CANARY
        workshop = free.pop()
        try:
            found = workshop.do("headlines", path)
            ran = canary.exists()
            row = {
                "name": case.name,
                "group": case.group,
                "harmless": case.harmless,
                **{k: v for k, v in found.items() if k != "said"},
                "said": found["said"][:200].replace(str(folder), ""),
                "faults": faults_of(found, ran),
            }
            if case.canary:
                if ran:
                    canary.rmdir()
                workshop.do("joblib", path)
                row["ran_under_joblib"] = canary.exists()
        finally:
            free.append(workshop)
        if not keep:
            shutil.rmtree(place)
        return row

    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(one, range(len(cases))))
    for workshop in workshops:
        workshop.asks.close()  # of all first: a later one holds an earlier one's pipe open too
    for workshop in workshops:
        workshop.end()
    return rows


# ---------------------------------------------------------------------- flipped bits, cut files


def damaged(files: list[Path], seed: int) -> Iterator[tuple[str, Path, bytes]]:
    """Give files with one bit flipped, then files cut short, each byte equally likely."""
    rng = random.Random(seed)
    whole = {path: path.read_bytes() for path in files}
    for kind, count in (("flip", FLIPS), ("cut", CUTS)):
        sizes = [len(data) for data in whole.values()]
        for number in range(count):
            # Half fall anywhere, the others on a file drawn first: small files count too.
            path = rng.choices(files, sizes if number % 2 else None)[0]
            data = bytearray(whole[path])
            place = rng.randrange(len(data))
            if kind == "flip":
                data[place] ^= 1 << rng.randrange(8)
                yield kind, path, bytes(data)
            else:
                yield kind, path, bytes(data[:place])


def _kind(kind: str, path: Path, data: bytes, whole: bytes) -> str:
    """Name apart what nothing can notice, and what a manifest of format 1 doesn't vouch for."""
    if path.suffix == ".jsonl" and (kind == "cut" or data[:-1] == whole[:-1]):
        # A log tells nothing of lines that aren't there, and passes over one without its end.
        return f"{kind}, log's end" if data[-1:] in (b"", b"\n") else f"{kind}, within a log's line"
    return f"{kind}, {path.name}"


def try_damage(files: list[Path], check: Callable[[Path], object], seed: int = 0) -> dict[str, Any]:
    """Damage files one by one and count what is noticed, and what comes out otherwise."""
    for path in files:
        check(path)
    counts: collections.Counter[str] = collections.Counter()
    for kind, path, data in damaged(files, seed):
        whole = path.read_bytes()
        path.write_bytes(data)
        try:
            check(path)
            outcome = "loaded"
        except HeadlinesError as error:
            outcome = "refused" if str(error).isprintable() else "unprintable"
        except Exception as error:
            outcome = type(error).__name__
        finally:
            path.write_bytes(whole)
        counts[f"{_kind(kind, path, data, whole)}: {outcome}"] += 1
    return dict(sorted(counts.items()))


def _save_stored(path: Path) -> None:
    HeadlineLabeler.load(hostile_files.STORED).save(path)


def try_all_damage(folder: Path) -> dict[str, Any]:
    """Damage versions of a registry, a model by itself, and one of the first format."""
    from headlines.persistence.folder import signature_path
    from headlines.persistence.signing import make_keys

    _, public = make_keys(folder)
    private = public.with_suffix(".key")
    registry = ModelRegistry(folder / "registry")
    with registry.lock():
        for _ in range(2):
            version = registry.add(_save_stored)
            version.sign(private)
        champion = registry.promote("0001", key=public)
        registry.promote("0002", key=public)
        registry.rollback()

    def files(path: Path) -> list[Path]:
        return [path, manifest_path(path)]

    other = registry.version("0002").path
    alone, first = folder / "alone" / "labeler.joblib", folder / "first" / "labeler.joblib"
    alone.parent.mkdir()
    _save_stored(alone)
    first.parent.mkdir()
    for path in files(hostile_files.STORED):
        shutil.copy(path, first.parent)

    def read_champion(path: Path) -> None:
        if path == registry.audit.path:
            registry.audit.records()
        else:
            registry.read(key=public)

    pointer = registry.path / "champion.json"
    signed = [*files(champion.path), signature_path(champion.path), pointer, registry.audit.path]
    return {
        "the champion, signed, with pointer and log": try_damage(signed, read_champion),
        "another version, signed": try_damage(
            [*files(other), signature_path(other)], lambda _: registry.read("0002", key=public)
        ),
        "another version, no signature asked for": try_damage(
            files(other), lambda _: registry.read("0002")
        ),
        "a model by itself": try_damage(files(alone), lambda _: HeadlineLabeler.load(alone)),
        "a model by itself, of format 1": try_damage(
            files(first), lambda _: HeadlineLabeler.load(first)
        ),
    }


# ---------------------------------------------------------------------- the table


def summary_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Count how the files ended."""
    hostile = [row for row in rows if not row["harmless"]]
    light = [row for row in hostile if not row.get("torch")]
    heavy = [row for row in hostile if row.get("torch")]
    canaries = [row for row in rows if "ran_under_joblib" in row]
    errors = collections.Counter(row.get("error", row["outcome"]) for row in hostile)
    return {
        "hostile": len(hostile),
        "refused": sum(not row["faults"] for row in hostile),
        "errors": dict(errors.most_common()),
        "crashed": sum(row["signal"] != 0 for row in hostile),
        "most_mb": max((row["mb"] for row in light), default=0),
        "most_seconds": max((row.get("seconds", TIMEOUT) for row in light), default=0),
        "torch_imported": len(heavy),
        "most_mb_with_torch": max((row["mb"] for row in heavy), default=0),
        "most_seconds_with_torch": max((row.get("seconds", TIMEOUT) for row in heavy), default=0),
        "canaries": len(canaries),
        "ran_under_joblib": sum(row["ran_under_joblib"] for row in canaries),
        "ran_here": sum("the canary ran" in row["faults"] for row in rows),
        "odd_but_data": len(rows) - len(hostile),
        "odd_that_loaded": sum(row["outcome"] == "loaded" for row in rows if row["harmless"]),
    }


def main() -> None:
    parser = common.arguments(__doc__, "soak/hostile.json", data=False)
    parser.add_argument("--files", type=Path, help="folder for the files, which stay there")
    parser.add_argument("--only", help="cases whose 'group: name' holds this; writes no JSON")
    options = parser.parse_args()
    start = time.perf_counter()
    with contextlib.ExitStack() as stack:
        folder = options.files or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "cases").mkdir(parents=True)
        rows = try_cases(folder / "cases", options.only, options.files is not None)
        damage = {} if options.only else try_all_damage(folder)
    summary = summary_of(rows)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    print(f"{'group':34} {'files':>5} {'sound':>5} {'most MB':>7} {'most s':>6}")
    for group, some in groups.items():
        sound = sum(not row["faults"] or row["harmless"] for row in some)
        mb, seconds = (max(row.get(key, TIMEOUT) for row in some) for key in ("mb", "seconds"))
        print(f"{group:34} {len(some):5} {sound:5} {mb:7} {seconds:6.1f}")
    for row in rows:
        if row["faults"] and not row["harmless"]:
            print(f"NOT AS IT SHOULD: {row['group']}: {row['name']}: {row['faults']} {row['said']}")
        elif row.get("ran_under_joblib") is False:
            print(f"no canary under joblib: {row['group']}: {row['name']}")
    for key, value in summary.items():
        print(f"{key}: {value}")
    for what, counts in damage.items():
        print(f"{what}: {counts}")
    content = {
        "seconds": round(time.perf_counter() - start),
        "summary": summary,
        "damage": damage,
        "cases": [
            {k: row[k] for k in ("group", "name", "outcome", "error", "mb", "seconds", "faults",
                                 "ran_under_joblib") if k in row}
            for row in rows
        ],
    }  # fmt: skip
    if not options.only:
        common.write(options.output, common.described("python -m benchmarks.soak.hostile", content))


if __name__ == "__main__":
    main()
