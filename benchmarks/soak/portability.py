"""Saved here, opens there: models between Pythons and versions of the libraries.

For every Python from 3.11 on that is found (on PATH and under pyenv), fresh virtual environments
get a wheel of this checkout with

- oldest: the lowest version of each dependency that pyproject.toml allows, in its newest patch;
  where a Python has no wheel of one, that is reported and the lowest that has is taken;
- newest: what pip takes by itself;
- numpy alone: the wheel without its dependencies, numpy, chardet and ftfy; neither
  scikit-learn, scipy, joblib nor pydantic.

In each of them and in the present one, ``headlines label seeds/feed.txt`` runs as a process with
the shipped champion, every stored model of tests/data/models, and a model that each environment
with scikit-learn trained on 12 examples a topic and the seed labels. Rows are compared byte for
byte with those of the present environment. Then a registry whose champion was retrained in the
oldest environment goes on in the newest, and the other way round, with further labels.

``OMP_NUM_THREADS=1 python -m benchmarks.soak.portability [--python PATH ...]``; needs pip's index.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.common import ROOT, SEEDS
from headlines import Taxonomy
from headlines.topics.taxonomy import Topic, add_topics

FEED = SEEDS / "feed.txt"
STORED = ROOT / "tests" / "data" / "models"
NEEDED = ("chardet", "ftfy", "wcwidth")
"""What labelling needs beside numpy; the last one by ftfy."""
TOLD = ("numpy", "scikit-learn", "scipy", "joblib", "pydantic", "scikit-network")
PRESENT = "present"
EXAMPLES = 12

VERSIONS = """
import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass
class Environment:
    """An interpreter with what is installed for it.

    Attributes
    ----------
    name : str
    python : Path
    raised : dict of str to str
        Requirements that had no wheel here, and what was taken in their place.
    code : Path, optional
        The wheel unpacked, where it isn't installed: the present environment runs it too, and
        not a checkout that is edited meanwhile.
    """

    name: str
    python: Path
    raised: dict[str, str] = field(default_factory=dict)
    code: Path | None = None

    def run(self, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
        """Run the interpreter; the package is the one that is installed for it."""
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
        if self.code is not None:
            kept["PYTHONPATH"] = str(self.code)
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        return subprocess.run(
            [str(self.python), *map(str, arguments)],
            capture_output=True,
            check=False,
            cwd=cwd,
            env=kept | threads,
        )

    def headlines(self, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
        return self.run("-m", "headlines", *arguments, cwd=cwd)

    def versions(self, cwd: Path) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.run("-c", VERSIONS, *TOLD, cwd=cwd).stdout)
        return found

    @property
    def trains(self) -> bool:
        return "numpy alone" not in self.name


def _last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else f"exit code {done.returncode}"


# ------------------------------------------------------------------ environments


def pythons() -> dict[str, Path]:
    """Find an interpreter of each minor version from 3.11 on."""
    folders = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep) if p]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders += sorted(pyenv.glob("versions/*/bin"))
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("python3.*")):
            minor = re.fullmatch(r"python3\.(\d+)", path.name)
            if not minor or int(minor[1]) < 11 or f"3.{minor[1]}" in found:
                continue
            works = subprocess.run(
                [str(path), "-c", "import ensurepip, venv"], capture_output=True, check=False
            )
            if works.returncode == 0:
                found[f"3.{minor[1]}"] = path
    return dict(sorted(found.items(), key=lambda item: int(item[0].split(".")[1])))


def lowest() -> dict[str, str]:
    """Give the lowest version of each dependency that pyproject.toml allows."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = {}
    for requirement in content["project"]["dependencies"]:
        name, version = re.fullmatch(r"([\w.-]+)>=([\d.]+)", requirement.strip()).groups()
        found[name] = version
    return found


def _pinned(version: str) -> str:
    return f"=={version}.*" if version.count(".") < 2 else f"=={version}"


def _pip(python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(python), "-m", "pip", "--disable-pip-version-check", "-q", *map(str, arguments)],
        capture_output=True,
        check=False,
    )


def _lowest_for(python: Path) -> tuple[list[str], dict[str, str]]:
    """Pin what the oldest environment gets; one without a wheel here is raised."""
    bounds = lowest()
    pins = {name: _pinned(version) for name, version in bounds.items()}
    raised = {}
    for name, pin in pins.items():
        tried = [python, "install", "--dry-run", "--ignore-installed"]
        tried += ["--only-binary", ":all:"]
        if _pip(*tried, f"{name}{pin}").returncode == 0:
            continue
        for version in _offered(python, name, bounds[name]):
            if _pip(*tried, f"{name}=={version}").returncode == 0:
                raised[name] = version
                pins[name] = f"=={version}"
                break
    return [f"{name}{pin}" for name, pin in pins.items()], raised


def _offered(python: Path, name: str, least: str) -> list[str]:
    """Give the versions that the index has for this Python, the lowest first."""
    asked = [str(python), "-m", "pip", "--disable-pip-version-check", "index", "versions", name]
    said = subprocess.run(asked, capture_output=True, check=False).stdout.decode()
    listed = re.search(r"Available versions: (.*)", said)
    numbers = listed[1].split(", ") if listed else []

    def key(version: str) -> tuple[int, ...]:
        return tuple(int(part) for part in version.split("."))

    usable = [v for v in numbers if re.fullmatch(r"[\d.]+", v) and key(v) >= key(least)]
    return sorted(usable, key=key)


def make(kind: str, python: Path, wheel: Path, folder: Path) -> Environment | str:
    """Make an environment; where it can't be, give the reason."""
    subprocess.run([str(python), "-m", "venv", str(folder)], check=True)
    own = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    raised: dict[str, str] = {}
    if kind == "oldest":
        pins, raised = _lowest_for(own)
        steps = [["--only-binary", ":all:", *pins], ["--no-deps", wheel]]
        check = True
    elif kind == "newest":
        steps = [["--only-binary", ":all:", wheel]]
        check = True
    else:
        steps = [["--only-binary", ":all:", "--no-deps", "numpy", *NEEDED], ["--no-deps", wheel]]
        check = False
    for step in steps:
        done = _pip(own, "install", *step)
        if done.returncode:
            return _last_line(done)
    if check and (done := _pip(own, "check")).returncode:
        return done.stdout.decode().strip()[:300]
    return Environment("", own, raised)


# ------------------------------------------------------------------ what is compared


def inputs(folder: Path) -> None:
    """Write a small topics file, and labels of which some come later."""
    few = [
        Topic(t.name, t.definition, t.ties, t.phrases, t.examples[:EXAMPLES])
        for t in Taxonomy.load().topics
    ]
    add_topics(folder / "topics.toml", few)
    head, *rows = (SEEDS / "labels.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    half = len(rows) * 3 // 4
    (folder / "labels.csv").write_text("".join([head, *rows[:half]]), encoding="utf-8")
    (folder / "more.csv").write_text("".join([head, *rows]), encoding="utf-8")


def label(environment: Environment, model: Path | None, folder: Path) -> dict[str, Any]:
    """Label the seed feed as a process of its own."""
    chosen = [] if model is None else ["--model", model]
    done = environment.headlines(
        "label", FEED, *chosen, "--top", "99", "--format", "jsonl", cwd=folder
    )
    if done.returncode:
        return {"opened": False, "error": _last_line(done)}
    return {"opened": True, "rows": done.stdout.splitlines()}


def compare(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Count the rows that differ."""
    if not (found["opened"] and expected["opened"]):
        return {k: v for k, v in found.items() if k != "rows"}
    ours, theirs = found["rows"], expected["rows"]
    differ = sum(a != b for a, b in zip(ours, theirs, strict=False)) + abs(len(ours) - len(theirs))
    return {"opened": True, "rows": len(ours), "differ": differ}


def train(environment: Environment, folder: Path) -> tuple[Path | None, str | None]:
    """Train a small model; give its file, or why there is none."""
    place = folder / f"trained-{re.sub(r'[^0-9a-z.]+', '-', environment.name)}"
    place.mkdir()
    model = place / "labeler.joblib"
    options = ["--topics", folder / "topics.toml", "--labels", folder / "labels.csv"]
    done = environment.headlines("train", FEED, *options, "--output", model, cwd=folder)
    return (None, _last_line(done)) if done.returncode else (model, None)


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def apart(rows: list[bytes], others: list[bytes]) -> dict[str, Any]:
    """Tell how far two models are apart: trained there and here, both read here."""
    pairs = [(json.loads(a), json.loads(b)) for a, b in zip(rows, others, strict=True)]
    gaps = []
    for a, b in pairs:
        one, other = ({t["topic"]: t["probability"] for t in row["topics"]} for row in (a, b))
        gaps += [abs(one[t] - other[t]) for t in one if t in other]
    return {
        "topics_that_differ": sum(a["topic"] != b["topic"] for a, b in pairs),
        "largest_difference_of_probability": round(max(gaps, default=0.0), 6),
    }


CONFIG = """
registry = "models"
topics = "topics.toml"
labels = ["{labels}"]
feeds = [{feed}]

[gate]
when_unsure = "promote"
churn = 1.0
[data]
age_days = 0
"""


def carried_on(first: Environment, then: Environment, folder: Path) -> dict[str, Any]:
    """Retrain in one environment, and go on in another from its champion with more labels."""
    place = folder / f"registry-{len(list(folder.glob('registry-*')))}"
    place.mkdir()
    for name in ("topics.toml", "labels.csv", "more.csv"):
        shutil.copy(folder / name, place)
    config = place / "retrain.toml"
    found: dict[str, Any] = {"from": first.name, "to": then.name}
    runs = ((first, "labels.csv"), (then, "labels.csv"), (then, "more.csv"))
    for step, (environment, labels) in zip(("made", "same", "more"), runs, strict=True):
        feed = json.dumps(str(FEED))
        config.write_text(CONFIG.format(labels=labels, feed=feed), encoding="utf-8")
        begins = ("--first-run",) if step == "made" else ()
        done = environment.headlines("retrain", "--config", config, "--json", *begins, cwd=place)
        if done.returncode not in (0, 3):
            found[step] = {"works": False, "error": _last_line(done)}
            break
        row = json.loads(done.stdout)
        told = ("version", "outcome", "labels", "forgotten", "churn")
        found[step] = {"works": True, **{key: row[key] for key in told}, "reason": row["reason"]}
    labelled = label(then, place / "models", place)
    checked = then.headlines("models", "verify", "--registry", place / "models", cwd=place)
    found["labels_after"] = labelled["opened"]
    found["verified"] = checked.returncode == 0
    return found


# ------------------------------------------------------------------ the run


def environments(chosen: dict[str, Path], folder: Path) -> tuple[list[Environment], dict[str, str]]:
    built = _pip(
        Path(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT
    )
    if built.returncode:
        sys.exit(f"no wheel could be built: {_last_line(built)}")
    [wheel] = folder.glob("*.whl")
    code = folder / "unpacked"
    shutil.unpack_archive(wheel, code, "zip")
    made = [Environment(PRESENT, Path(sys.executable), code=code)]
    missing = {}
    for minor, python in chosen.items():
        for kind in ("oldest", "newest", "numpy alone"):
            name = f"{kind}, Python {minor}"
            found = make(kind, python, wheel, folder / f"{kind[:6].strip()}-{minor}")
            if isinstance(found, str):
                missing[name] = found
                print(f"{name}: can't be made: {found}", flush=True)
                continue
            found.name = name
            made.append(found)
            print(f"{name}: {found.versions(folder)}", flush=True)
    return made, missing


def measure(made: list[Environment], folder: Path) -> dict[str, Any]:
    inputs(folder)
    models: dict[str, Path | None] = {"shipped champion": None}
    for path in sorted(STORED.glob("*/labeler.joblib")):
        models[f"stored, format {path.parent.name}"] = path
    trained: dict[str, dict[str, Any]] = {}
    for environment in made:
        if environment.trains:
            model, error = train(environment, folder)
            trained[environment.name] = {"error": error} if model is None else {}
            if model is not None:
                models[f"trained: {environment.name}"] = model
                trained[environment.name] = {"sha256": hash_of(model)}
    table: dict[str, Any] = {}
    expected: dict[str, dict[str, Any]] = {}
    for environment in made:
        rows = {name: label(environment, model, folder) for name, model in models.items()}
        expected = expected or rows
        table[environment.name] = {
            "versions": environment.versions(folder),
            **({"raised": environment.raised} if environment.raised else {}),
            "models": {name: compare(row, expected[name]) for name, row in rows.items()},
        }
        opened = [row for row in table[environment.name]["models"].values() if row["opened"]]
        print(
            f"{environment.name}: {len(opened)} of {len(models)} models open, "
            f"{sum(row.get('differ', 0) for row in opened)} rows differ",
            flush=True,
        )
    ours = expected.get(f"trained: {PRESENT}", {"opened": False})
    for name, row in trained.items():
        theirs = expected.get(f"trained: {name}", {"opened": False})
        if ours["opened"] and theirs["opened"]:
            same = row["sha256"] == trained[PRESENT]["sha256"]
            row |= {"same_bytes_as_present": same, **apart(theirs["rows"], ours["rows"])}
    return {"environments": table, "trained": trained}


def main() -> None:
    parser = common.arguments(__doc__, "soak/portability.json", data=False)
    parser.add_argument("--python", type=Path, action="append", help="instead of all found")
    options = parser.parse_args()
    chosen = pythons()
    if options.python:
        asked = "import sys; print('%d.%d' % sys.version_info[:2])"
        chosen = {
            subprocess.run(
                [str(path), "-c", asked], capture_output=True, text=True, check=True
            ).stdout.strip(): path
            for path in options.python
        }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, missing = environments(chosen, folder)
        if len(made) == 1:
            print(f"skipped: no environment could be made, as there is no index: {missing}")
            return
        found = measure(made, folder)
        by_name = {environment.name: environment for environment in made}
        going_on = []
        for minor in chosen:
            ends = [by_name.get(f"{kind}, Python {minor}") for kind in ("oldest", "newest")]
            if None not in ends:
                going_on += [carried_on(*pair, folder) for pair in (ends, ends[::-1])]
        across = [by_name[name] for name in by_name if name.startswith(("oldest", "newest"))]
        if len(chosen) > 1 and len(across) > 1:
            going_on += [carried_on(*pair, folder) for pair in (across[:: len(across) - 1],)]
    for row in going_on:
        steps = {step: row[step] for step in ("made", "same", "more") if step in row}
        works = all(step["works"] for step in steps.values()) and row["verified"]
        print(f"retrained in {row['from']}, then in {row['to']}: {'works' if works else row}")
    for name, row in found["trained"].items():
        print(f"trained in {name}: {row}")
    content = {
        "headlines": len(FEED.read_text(encoding="utf-8").splitlines()),
        "cannot_be_made": missing,
        **found,
        "retraining_goes_on": going_on,
    }
    command = "OMP_NUM_THREADS=1 python -m benchmarks.soak.portability"
    common.write(options.output, common.described(command, content))


if __name__ == "__main__":
    main()
