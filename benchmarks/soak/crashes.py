"""Kills, full disks and crowds: whether champion and audit log stay whole and the next run well.

Works on a registry in a temporary folder, with four topics and 100 labels of which one differs in
every run. A process that is killed, or that meets a full disk, is forked from this one, which has
loaded what it needs, so that most of its time is its work; it then runs the command line's own
function.

kills   ``kill -9`` at random moments of ``headlines retrain`` and of ``headlines models promote``,
        ``rollback`` and ``prune``: one half at any moment of an undisturbed run's time, one half
        0 to 30 ms (4 where nothing is trained) after the process began to write. After each: the
        champion loads and is the old or the new one, all versions listed are read in full, the
        audit log's chain is whole and begins with the bytes that it had. The next process (after
        every eighth kill of a training another training in an interpreter of its own, else
        ``models promote``) exits with 0, leaves nothing behind and has the log tell which process
        was interrupted.
full    A tmpfs with so many kilobytes, or so many files, left; a read-only mount; folders that may
        not be written. Needs root and ``setpriv``; says so and does without elsewhere.
crowd   Eight ``headlines retrain`` let go at once; 50 processes that load and label while 20
        versions are added, promoted and pruned; processes killed while they held the lock.

Run ``python -m benchmarks.soak.crashes [--only kills|full|crowd] [--verbs ...] [--kills 200]
[--seed 0]``.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import common
from benchmarks.common import ROOT
from headlines import HeadlineLabeler, ModelRegistry
from headlines.cli.main import main as main_of_headlines
from headlines.errors import HeadlinesError
from headlines.persistence.modelfile import manifest_path

HEADLINE = "EU approves new sanctions on oil exports"
CONFIG = """
registry = "models"
topics = "topics.toml"
labels = ["labels.csv"]
corrections = ["corrections.csv"]
[gate]
when_unsure = "promote"
margin = 1.0
topic_margin = 1.0
calibration = 1.0
[data]
relabelled = 1.0
"""
VERBS = {"retrain": 1.0, "promote": 0.2, "rollback": 0.2, "prune": 0.1}
"""What is killed, and how often as a share of ``--kills``."""

WAITING = """
import sys
import filelock, headlines.cli.main, headlines.cli.models, headlines.cli.retrain
import headlines.retraining.job
print("ready", flush=True)
sys.stdin.readline()
sys.exit(headlines.cli.main.main(sys.argv[1:]))
"""
READING = """
import json, os, sys, traceback
from headlines import HeadlineLabeler
counts, errors = {}, []
print("ready", flush=True)
while True:
    try:
        labeler = HeadlineLabeler.load(registry=sys.argv[1])
        labeler.label([sys.argv[2]])
        counts[labeler.model] = counts.get(labeler.model, 0) + 1
    except Exception:
        errors.append(traceback.format_exc()[-400:])
    if os.path.getsize(sys.argv[3]):
        break
print(json.dumps({"counts": counts, "errors": errors}))
"""


class Place:
    """A folder with four topics and 100 labels, of which another one differs in every run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.round = folder, 0
        self.path = folder / "models"
        self.registry = ModelRegistry(self.path)
        seeds = ROOT / "seeds"
        lines, rows = ["version = 1"], []
        for topic in tomllib.loads((seeds / "topics.toml").read_text("utf-8"))["topic"][:4]:
            kept = {key: topic[key] for key in ("name", "definition")}
            kept["examples"] = topic["examples"][:6]
            lines += ["[[topic]]", *(f"{k} = {json.dumps(v)}" for k, v in kept.items())]
            rows += [(text, topic["name"]) for text in topic["examples"][6:31]]
        (folder / "topics.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.labels = rows
        self._write("labels.csv", rows)
        (folder / "retrain.toml").write_text(CONFIG, encoding="utf-8")
        self.vary()

    def _write(self, name: str, rows: Sequence[tuple[str, str]]) -> None:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("headline", "topic"), *rows])

    def vary(self) -> None:
        """Correct another label than before, so that the next model is another one."""
        self.round += 1
        topics = sorted({topic for _, topic in self.labels})
        text, topic = self.labels[self.round % len(self.labels)]
        step = 1 + self.round // len(self.labels)
        self._write("corrections.csv", [(text, topics[(topics.index(topic) + step) % 4])])

    def command(self, *arguments: str) -> list[str]:
        """Give the whole command line; of ``retrain`` or of a verb of ``models``."""
        if arguments[0] == "retrain":
            first = () if self.registry.champion_or_none() else ("--first-run",)
            arguments = ("retrain", "--config", str(self.folder / "retrain.toml"), *first)
        else:
            arguments = ("models", *arguments, "--registry", str(self.path))
        return [sys.executable, "-m", "headlines", *arguments]

    def start(self, *arguments: str, errors: Path | None = None) -> int:
        """Fork a process that runs a command in this interpreter; give its number."""
        sys.stdout.flush()
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            target = os.open(errors or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(target, 2)
            code = main_of_headlines(self.command(*arguments)[3:])
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a forked process to its end."""
        with tempfile.NamedTemporaryFile() as errors:  # not on the disk that is full
            child = self.start(*arguments, errors=Path(errors.name))
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = Path(errors.name).read_text(encoding="utf-8")
        return subprocess.CompletedProcess(arguments, code, "", said)

    def run_anew(
        self, *arguments: str, before: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in an interpreter of its own."""
        return subprocess.run(
            [*before, *self.command(*arguments)],
            capture_output=True, text=True, check=False, env=ENVIRONMENT,
        )  # fmt: skip

    def log(self) -> bytes:
        """Give the bytes of the audit log."""
        log = self.path / "audit.jsonl"
        return log.read_bytes() if log.exists() else b""


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


@dataclass(frozen=True)
class State:
    """What a registry was like before something was done to it."""

    log: bytes
    champion: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, place: Place) -> State:
        names = tuple(v.name for v in place.registry.versions())
        return cls(place.log(), place.registry.champion().name, names)

    def faults(self, place: Place, target: str | None = None) -> list[str]:
        """Tell what is wrong now; the champion may be the old one, the target or a new version."""
        found, now = [], place.log()
        whole = self.log[: self.log.rfind(b"\n") + 1]
        if not now.startswith(whole):
            found.append("lines of the audit log are lost")
        try:
            place.registry.audit.records()
            champion = place.registry.champion()
            labeler = HeadlineLabeler.load(registry=place.path)
            if len(labeler.label([HEADLINE])) != 1:
                found.append("the champion labels nothing")
            for version in place.registry.versions():
                version.read()
        except HeadlinesError as error:
            return [*found, str(error)]
        new = champion.name not in self.names and int(champion.name) > max(map(int, self.names))
        if champion.name not in (self.champion, target) and not new:
            found.append(f"the champion is {champion.name}")
        return found


def leftovers(place: Place) -> list[str]:
    """List what a killed process left."""
    paths = [*place.path.glob(".*"), *place.path.glob("versions/.*"), *place.path.glob("*/*/.*")]
    return sorted(p.name for p in paths if p.name != ".lock")


# ------------------------------------------------------------------ kills


def wait_until_written(place: Place, child: int, lines: int) -> None:
    """Return when a version is begun or renamed, or the log tells more than the start."""
    end = time.monotonic() + 60
    while time.monotonic() < end and is_running(child):
        new = place.log().splitlines()[lines:]
        if len(new) > 1 or (new and b'"started"' not in new[0][:80]):
            return
        if any(p.name.endswith((".new", ".old")) for p in place.path.glob("versions/.*")):
            return
        time.sleep(0.0005)


def is_running(child: int) -> bool:
    """Tell whether a child hasn't ended; it isn't reaped."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def kill(child: int) -> bool:
    """Kill a child; tell whether it was the kill that ended it."""
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def phase(place: Place, before: State, left: Sequence[str]) -> str:
    """Tell from what was left how far a killed process came."""
    new = place.log()[len(before.log) :].count(b"\n")
    if not new and ".lock.owner" not in left:
        return "before the lock or after the end"
    last = place.registry.audit.records()[-1].event if new else "lock taken"
    if any(re.fullmatch(r"\.\d+\.new", name) for name in left):
        return "writing the version"
    if any(re.fullmatch(r"\.\d+\.old", name) for name in left):
        return "deleting a version"
    moved = place.registry.champion().name != before.champion
    if last in ("promoted", "rolled back"):
        return f"{last}, pointer {'replaced' if moved else 'not yet replaced'}"
    return last


def kill_once(
    place: Place, command: list[str], span: float, rng: random.Random, *, trains: bool
) -> dict[str, Any]:
    """Kill one process, look at what it left, and let the next one run: a training, or not."""
    place.vary()
    before = State.of(place)
    if command[0] == "promote":
        command = ["promote", rng.choice([n for n in before.names if n != before.champion])]
    target = command[1] if command[0] == "promote" else None
    if command[0] == "rollback":
        target = json.loads((place.path / "champion.json").read_bytes())["previous"][0]
    aimed, moment = rng.random() < 0.5, rng.uniform(0, span)
    after = rng.uniform(0, 0.03 if command[0] == "retrain" else 0.004)
    child = place.start(*command)
    if aimed:
        wait_until_written(place, child, before.log.count(b"\n"))
    time.sleep(after if aimed else moment)
    dead = kill(child)
    left = leftovers(place)
    faults = before.faults(place, target)
    row: dict[str, Any] = {"killed": dead, "aimed": aimed, "phase": phase(place, before, left)}
    middle = State.of(place)
    place.vary()
    start = time.monotonic()
    run = place.run_anew if trains else place.run
    done = run("retrain" if trains else "promote", *middle.names[-1:])
    row["next"] = time.monotonic() - start
    if done.returncode:
        faults.append(f"the next run exits with {done.returncode}: {done.stderr[-300:]}")
    faults += [f"still there: {name}" for name in leftovers(place)]
    faults += middle.faults(place, middle.names[-1])
    new = place.registry.audit.records()[middle.log.count(b"\n") :]
    told = [r for r in new if r.event == "interrupted"]
    row["told"] = bool(told)
    wanted = ".lock.owner" in left
    if wanted != bool(told):
        faults.append(f"interrupted: {'not told' if wanted else 'told of a run that was whole'}")
    if told and told[0].facts["process"]["pid"] != child:
        faults.append("interrupted: another process is named")
    return {**row, "faults": faults}


def kills(folder: Path, number: int, seed: int, verbs: Sequence[str]) -> dict[str, Any]:
    place = Place(folder)
    for _ in range(2):
        place.vary()
        place.run("retrain").check_returncode()
    results: dict[str, Any] = {"seed": seed}
    for verb in verbs:
        wanted = max(1, int(number * VERBS[verb]))
        results[verb] = kills_of(verb, place, wanted, random.Random(seed))
        print(f"kills of {verb}: {json.dumps(results[verb])}", flush=True)
    return results


def kills_of(verb: str, place: Place, wanted: int, rng: random.Random) -> dict[str, Any]:
    command = [verb, "--keep", "2"] if verb == "prune" else [verb]
    times = []
    for _ in range(3):
        place.vary()
        if verb != "retrain":
            grow(place)
        names = [v.name for v in place.registry.versions()]
        start = time.monotonic()
        done = place.run(*command, *(names[-2:-1] if verb == "promote" else ()))
        times.append(time.monotonic() - start)
        if done.returncode:
            raise SystemExit(f"an undisturbed {verb} failed: {done.stderr}")
    rows: list[dict[str, Any]] = []
    while sum(row["killed"] for row in rows) < wanted:
        if verb in ("prune", "rollback"):
            grow(place)
        trains = verb == "retrain" and len(rows) % 8 == 0
        rows.append(kill_once(place, command, max(times), rng, trains=trains))
        if rows[-1]["faults"]:
            print(verb, len(rows), rows[-1], flush=True)
        if len(place.registry.versions()) > 12:
            place.run("prune", "--keep", "4")
    dead = [row for row in rows if row["killed"]]
    return {
        "kills": len(dead),
        "aimed_at_writing": sum(row["aimed"] for row in dead),
        "ended_before_the_kill": len(rows) - len(dead),
        "phases": dict(Counter(row["phase"] for row in dead).most_common()),
        "interrupted_told": sum(row["told"] for row in dead),
        "kills_with_faults": sum(bool(row["faults"]) for row in rows),
        "faults": [fault for row in rows for fault in row["faults"]][:5],
        "median_seconds_undisturbed": round(median(times), 3),
        "median_seconds_of_next_run": round(median(row["next"] for row in rows), 3),
    }


def grow(place: Place) -> None:
    """Add copies of the champion and promote them, so that there is something to undo."""
    with place.registry.lock():
        while len(place.registry.versions()) < 8:
            place.registry.promote(copied(place, place.registry.champion().path).name)


def copied(place: Place, path: Path) -> Any:
    """Add a model file with its manifest as a version."""

    def write(to: Path) -> None:
        shutil.copy(path, to)
        shutil.copy(manifest_path(path), manifest_path(to))

    return place.registry.add(write)


# ------------------------------------------------------------------ full disks


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def refused(
    place: Place, command: Sequence[str], before: State, prefix: Sequence[str] | None = None
) -> tuple[str, list[str]]:
    """Run a command that can't write; give what its message names, and what is wrong."""
    run = place.run if prefix is None else functools.partial(place.run_anew, before=prefix)
    done = run(*command)
    if done.returncode == 0:
        return "nothing: it succeeded", before.faults(place, command[-1])
    faults = before.faults(place)
    said = [line for line in done.stderr.splitlines() if line.startswith("headlines: error: ")]
    if done.returncode != 1 or "Traceback" in done.stderr or len(said) != 1:
        faults.append(f"exit code {done.returncode}: {done.stderr[-400:]}")
        return "?", faults
    if str(place.path) not in said[0] or not re.search(r"\((No space|Read-only|Permi)", said[0]):
        faults.append(f"the message: {said[0]}")
    if place.registry.champion().name != before.champion:
        faults.append("another champion in spite of the error")
    name = said[0].removeprefix("headlines: error: ").partition(": can't")[0]
    name = os.path.relpath(name, place.path) if name.startswith(os.sep) else name
    return re.sub(r"\d{4,}", "NNNN", name.replace("./", "")), faults


def disk_full(folder: Path, template: Path, command: Sequence[str], left: int, kind: str) -> Any:
    """Leave so many kilobytes, or so many files, and run; then make room and run again."""
    with mounted(folder, "size=2m,nr_inodes=120"):
        shutil.copytree(template, folder, dirs_exist_ok=True)
        place, ballast = Place(folder), folder / "ballast"
        place.round = 10 + 2 * left  # no model that was there before
        place.vary()
        before, free = State.of(place), os.statvfs(folder)
        ballast.mkdir()
        if kind == "files":
            for number in range(free.f_favail - 1 - left):
                (ballast / str(number)).touch()
        else:
            room = free.f_bavail * free.f_bsize - left * 1024
            (ballast / "0").write_bytes(bytes(max(0, room)))
        named, faults = refused(place, command, before)
        middle = State.of(place)
        shutil.rmtree(ballast)
        place.vary()
        done = place.run(*command)
        if done.returncode:
            faults.append(f"with room again, exit code {done.returncode}: {done.stderr[-300:]}")
        faults += middle.faults(place, command[-1])
        faults += [f"still there: {name}" for name in leftovers(place)]
    return named, faults


def full(folder: Path) -> dict[str, Any]:
    start = Place(folder)
    for _ in range(2):
        start.vary()
        start.run("retrain").check_returncode()
    template = folder / "template"
    template.mkdir()
    shutil.copytree(start.path, template / "models")
    kinds: dict[str, list[tuple[str, list[str]]]] = {}
    disk = folder / "disk"
    try:
        with mounted(disk, "size=1m"):
            pass
    except (subprocess.CalledProcessError, OSError):
        print("disks: a tmpfs can't be mounted here (it takes root): not measured")
        disk_cases: list[tuple[str, Sequence[str], range, str]] = []
    else:
        disk_cases = [
            ("retrain, kilobytes left", ("retrain",), range(0, 160, 4), "kilobytes"),
            ("promote, kilobytes left", ("promote", "0001"), range(0, 20, 4), "kilobytes"),
            ("retrain, files left", ("retrain",), range(9), "files"),
            ("promote, files left", ("promote", "0001"), range(4), "files"),
        ]
    for name, command, amounts, kind in disk_cases:
        kinds[name] = [disk_full(disk, template, command, left, kind) for left in amounts]
    if disk_cases:
        kinds["read-only mount"] = read_only(disk, template)
    prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search",
              "--inh-caps", "-dac_override,-dac_read_search"]  # fmt: skip
    if os.geteuid() or not shutil.which("setpriv"):
        prefix = []
    if os.geteuid() or prefix:
        kinds["no permission"] = forbidden(start, prefix)
    results = {}
    for name, rows in kinds.items():
        results[name] = {
            "runs": len(rows),
            "named": dict(Counter(named for named, _ in rows).most_common()),
            "runs_with_faults": sum(bool(faults) for _, faults in rows),
            "faults": [fault for _, faults in rows for fault in faults][:5],
        }
        print(f"{name}: {json.dumps(results[name])}", flush=True)
    return results


def read_only(disk: Path, template: Path) -> list[tuple[str, list[str]]]:
    rows = []
    with mounted(disk, "size=4m"):
        shutil.copytree(template, disk, dirs_exist_ok=True)
        place = Place(disk)
        before = State.of(place)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        try:
            for command in (["retrain"], ["promote", "0001"], ["rollback"], ["prune"]):
                rows.append(refused(place, command, before))
        finally:
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        rows.append(refused(place, ["retrain"], before))
    return rows


def forbidden(place: Place, prefix: Sequence[str]) -> list[tuple[str, list[str]]]:
    rows = []
    cases = {".": 0o500, "versions": 0o500, "audit.jsonl": 0o400, ".lock": 0o400}
    for name, mode in cases.items():
        path, before = place.path / name, State.of(place)
        kept = path.stat().st_mode & 0o777
        path.chmod(mode)
        try:
            rows.append(refused(place, ["retrain"], before, prefix=prefix))
            if name != "versions":
                rows.append(refused(place, ["promote", "0001"], before, prefix=prefix))
        finally:
            path.chmod(kept)
        rows.append(refused(place, ["retrain"], State.of(place), prefix=prefix))
    return rows


# ------------------------------------------------------------------ crowds


def at_once(place: Place, processes: int) -> dict[str, Any]:
    """Let processes go together that were started and had loaded what they need."""
    place.vary()
    before = State.of(place)
    command = [sys.executable, "-c", WAITING, *place.command("retrain")[3:]]
    started = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=ENVIRONMENT,
        )
        for _ in range(processes)
    ]  # fmt: skip
    for process in started:
        process.stdout.readline()
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[1] for process in started]
    codes = [process.returncode for process in started]
    winners = [p.pid for p in started if p.returncode == 0]
    named = sum(
        code == 4 and f"process {winners[0]} on " in text and "Traceback" not in text
        for code, text in zip(codes, said, strict=True)
    )
    return {"codes": codes, "named": named, "faults": before.faults(place)}


def readers(place: Place, processes: int, promotions: int) -> dict[str, Any]:
    """Let processes load and label while versions come and go."""
    stop = place.folder / "stop"
    stop.write_text("")
    models = {}
    aside = place.folder / "aside"
    aside.mkdir()
    for _ in range(4):
        place.vary()
        place.run("retrain").check_returncode()
        champion = place.registry.champion()
        kept = aside / f"{champion.name}.joblib"
        shutil.copy(champion.path, kept)
        data = manifest_path(champion.path).read_bytes()
        models[HeadlineLabeler.load(registry=place.path).model] = (kept, data)
    command = [sys.executable, "-c", READING, str(place.path), HEADLINE, str(stop)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        for _ in range(processes)
    ]
    for process in started:
        process.stdout.readline()

    begun, pruned = time.monotonic(), 0
    chosen = list(models.values())
    for number in range(promotions):
        path, data = chosen[number % len(chosen)]

        def write(to: Path, path: Path = path, data: bytes = data) -> None:
            shutil.copy(path, to)
            manifest_path(to).write_bytes(data)

        with place.registry.lock():
            place.registry.promote(place.registry.add(write).name)
            # Every other time the champion before this one goes at once, while it is read.
            pruned += len(place.registry.prune(number % 2))
        time.sleep(0.25)
    seconds = time.monotonic() - begun
    stop.write_text("stop")
    told = [json.loads(process.communicate()[0]) for process in started]
    seen: Counter[str] = Counter()
    for row in told:
        seen.update(row["counts"])
    errors = [error for row in told for error in row["errors"]]
    return {
        "processes": processes,
        "promotions": promotions,
        "pruned": pruned,
        "seconds": round(seconds, 1),
        "loads": seen.total(),
        "models_seen": len(seen),
        "unknown_models": len(set(seen) - set(models)),
        "errors": len(errors),
        "first_error": errors[:1],
        "exit_codes": dict(Counter(str(process.returncode) for process in started)),
    }


def stale_lock(place: Place) -> list[str]:
    """Kill a process that holds the lock; give what is wrong with the next one."""
    place.vary()
    before = State.of(place)
    child = place.start("retrain")
    while is_running(child) and len(place.log()) == len(before.log):
        time.sleep(0.001)
    kill(child)
    done = place.run("retrain")
    faults = before.faults(place)
    if done.returncode:
        faults.append(f"exit code {done.returncode}: {done.stderr[-300:]}")
    if f"took over the lock of process {child} on" not in done.stderr:
        faults.append("the next run doesn't say whose lock it took")
    told = [r for r in place.registry.audit.records() if r.event == "interrupted"]
    if not told or told[-1].facts["process"]["pid"] != child:
        faults.append("the audit log doesn't tell it")
    return faults


def crowd(folder: Path) -> dict[str, Any]:
    place = Place(folder)
    for _ in range(2):
        place.vary()
        place.run("retrain").check_returncode()
    rounds = [at_once(place, 8) for _ in range(10)]
    one = [r["codes"].count(0) == 1 and r["codes"].count(4) == 7 for r in rounds]
    results: dict[str, Any] = {
        "at_once": {
            "rounds": len(rounds),
            "processes": 8,
            "rounds_in_which_one_did_the_work": sum(one),
            "exit_codes": dict(Counter(str(code) for r in rounds for code in r["codes"])),
            "losers_that_named_the_winner": sum(r["named"] for r in rounds),
            "faults": [fault for r in rounds for fault in r["faults"]],
        }
    }
    print(f"at once: {json.dumps(results['at_once'])}", flush=True)
    results["readers"] = readers(place, 50, 20)
    print(f"readers: {json.dumps(results['readers'])}", flush=True)
    found = [stale_lock(place) for _ in range(10)]
    results["stale_lock"] = {
        "kills": len(found),
        "taken_over_and_told": sum(not faults for faults in found),
        "faults": [fault for faults in found for fault in faults][:5],
    }
    print(f"stale lock: {json.dumps(results['stale_lock'])}", flush=True)
    return results


def main() -> None:
    parser = common.arguments(__doc__, "soak/crashes.json", data=False)
    parser.add_argument("--only", choices=("kills", "full", "crowd"))
    parser.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS))
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    HeadlineLabeler.load().label([HEADLINE])  # loaded once, for all that are forked
    import filelock  # noqa: F401 - what is loaded here isn't in the forked processes
    import sklearn.linear_model  # noqa: F401 - as above

    import headlines.cli.models
    import headlines.cli.retrain
    import headlines.retraining.job  # noqa: F401 - as above

    sections: dict[str, Callable[[Path], dict[str, Any]]] = {
        "kills": lambda folder: kills(folder, options.kills, options.seed, options.verbs),
        "full": full,
        "crowd": crowd,
    }
    for name, section in sections.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                found = section(Path(folder))
            content = common.known(options.output)
            part = {name: {**content.get(name, {}), **found}}
            content |= common.described("python -m benchmarks.soak.crashes", part)
            common.write(options.output, content)


if __name__ == "__main__":
    main()
