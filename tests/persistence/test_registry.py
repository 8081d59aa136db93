"""Claims about the registry and its audit log: what is kept, what is refused, what survives."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, write
from hypothesis import given, settings
from hypothesis import strategies as st

from headlines import HeadlineLabeler, ModelRegistry, Taxonomy
from headlines.errors import LockedError, ModelError, OutputError
from headlines.persistence import folder as folder_module
from headlines.persistence.audit import BLOCK_BYTES, AuditLog, AuditRecord, _line
from headlines.persistence.folder import MODEL_FILE, ModelVersion
from headlines.persistence.modelfile import manifest_path

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
TOPICS = """
[[topic]]
name = "sanctions"
phrases = ["{0} sanctions", "asset freeze"]

[[topic]]
name = "sport"
phrases = ["{0} football", "tennis final"]
"""
WITHOUT_PRIVILEGE = (
    "setpriv", "--bounding-set", "-dac_override,-dac_read_search",
    "--inh-caps", "-dac_override,-dac_read_search",
)  # fmt: skip


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three small models of two topics."""
    folder, paths = tmp_path_factory.mktemp("models"), []
    for word in ("new", "old", "more"):
        topics = write(folder / "topics.toml", TOPICS.format(word))
        (folder / word).mkdir()
        paths.append(folder / word / MODEL_FILE)
        HeadlineLabeler.train(Taxonomy.load(topics)).save(paths[-1])
    return paths


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models")


def _add(registry: ModelRegistry, model: Path, *, promote: bool = False) -> ModelVersion:
    def copy(path: Path) -> None:
        shutil.copy(model, path)
        shutil.copy(manifest_path(model), manifest_path(path))

    version = registry.add(copy)
    return registry.promote(version.name) if promote else version


def _names(registry: ModelRegistry) -> list[str]:
    return [version.name for version in registry.versions()]


def _events(registry: ModelRegistry) -> list[str]:
    return [record.event for record in registry.audit.records()]


def _hidden(registry: ModelRegistry) -> list[str]:
    """What a killed process left, but for the lock's file."""
    found = [*registry.path.rglob(".*")]
    return sorted(path.name for path in found if path.name != ".lock")


# ------------------------------------------------------------------ champions


def test_rollback_walks_back_through_the_champions(
    registry: ModelRegistry, models: list[Path]
) -> None:
    for model in models:
        _add(registry, model, promote=True)
    assert [registry.rollback().name for _ in range(2)] == ["0002", "0001"]
    assert registry.champion().name == "0001"
    with pytest.raises(ModelError, match="first champion"):
        registry.rollback()
    assert registry.champion().name == "0001"
    last = registry.audit.records()[-1]
    assert (last.event, last.facts["from"], last.facts["version"]) == (
        "rolled back", "0002", "0001",
    )  # fmt: skip


def test_a_champion_rolled_back_from_is_not_gone_back_to(
    registry: ModelRegistry, models: list[Path]
) -> None:
    """After 1, 2, 3 and a rollback to 2, promoting 3 and rolling back gives 2, then 1."""
    for model in models:
        _add(registry, model, promote=True)
    registry.rollback()
    registry.promote("0003")
    assert [registry.rollback().name for _ in range(2)] == ["0002", "0001"]


def test_promoting_the_champion_again_forgets_no_earlier_one(
    registry: ModelRegistry, models: list[Path]
) -> None:
    for model in models[:2]:
        _add(registry, model, promote=True)
    registry.promote("0002")
    assert registry.rollback().name == "0001"


def test_a_registry_without_a_champion_says_so(registry: ModelRegistry, models: list[Path]) -> None:
    assert registry.champion_or_none() is None
    _add(registry, models[0])
    for act in (registry.champion, registry.rollback, lambda: registry.prune(1)):
        with pytest.raises(ModelError, match="no champion there"):
            act()
    assert [(v.name, v.champion) for v in registry.versions()] == [("0001", False)]


def test_a_version_of_which_a_byte_was_changed_is_not_promoted(
    registry: ModelRegistry, models: list[Path]
) -> None:
    _add(registry, models[0], promote=True)
    second = _add(registry, models[1])
    data = bytearray(second.path.read_bytes())
    data[len(data) // 2] ^= 1
    second.path.write_bytes(data)
    with pytest.raises(ModelError, match="the file was changed"):
        registry.promote("0002")
    assert registry.champion().name == "0001"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"\n",
        lambda data: data.rstrip(b"\n"),
        lambda data: data.replace(b'\n "version"', b' "version"'),
        lambda data: data.replace(b'"0002"', b'"../../0002"'),
        lambda data: data.replace(b'"0002"', b"2"),
        lambda data: data.replace(b'"version"', b'"Version"'),
        lambda data: data[: len(data) // 2],
        lambda data: bytes(len(data)),
        lambda data: b"[1]",
        lambda data: b"",
    ],
)
def test_the_pointer_is_byte_for_byte_what_was_written(
    registry: ModelRegistry, models: list[Path], change: Callable[[bytes], bytes]
) -> None:
    for model in models[:2]:
        _add(registry, model, promote=True)
    pointer = registry.path / "champion.json"
    pointer.write_bytes(change(pointer.read_bytes()))
    for act in (registry.champion, registry.champion_or_none, registry.rollback):
        with pytest.raises(ModelError, match=r"champion\.json: not a champion pointer"):
            act()
    assert not any(version.champion for version in registry.versions())
    assert registry.promote("0001").champion
    assert registry.champion().name == "0001"


def test_a_pointer_to_another_manifest_is_refused(
    registry: ModelRegistry, models: list[Path]
) -> None:
    version = _add(registry, models[0], promote=True)
    for source, place in (
        (models[1], version.path),
        (manifest_path(models[1]), manifest_path(version.path)),
    ):
        shutil.copy(source, place)
    with pytest.raises(ModelError, match="the champion pointer says"):
        HeadlineLabeler.load(registry=registry.path)


# ------------------------------------------------------------------ versions


def test_prune_keeps_the_champion_then_the_one_before_then_the_newest(
    registry: ModelRegistry, models: list[Path]
) -> None:
    for _ in range(6):
        _add(registry, models[0])
    for name in ("0001", "0004", "0002"):
        registry.promote(name)
    assert registry.prune(3) == ["0001", "0003"]
    assert registry.prune(1) == ["0005", "0006"]
    assert _names(registry) == ["0002", "0004"]
    assert registry.prune(1) == []
    assert registry.prune(0) == ["0004"]
    assert registry.champion().read()
    told = [
        record.facts["versions"] for record in registry.audit.records() if "kept" in record.facts
    ]
    assert told == [["0001", "0003"], ["0005", "0006"], ["0004"]]


def test_a_rollback_to_a_pruned_version_is_refused(
    registry: ModelRegistry, models: list[Path]
) -> None:
    for model in models[:2]:
        _add(registry, model, promote=True)
    registry.prune(0)
    with pytest.raises(ModelError, match="no version '0001'"):
        registry.rollback()
    assert registry.champion().name == "0002"


def test_the_number_of_a_pruned_version_is_not_used_again(
    registry: ModelRegistry, models: list[Path]
) -> None:
    """Not even of one that no decision was told of."""
    _add(registry, models[0], promote=True)
    _add(registry, models[1])
    _add(registry, models[2])
    assert registry.prune(0) == ["0002", "0003"]
    assert _add(registry, models[1]).name == "0004"


def test_a_version_without_a_manifest_is_not_listed_and_in_nobodys_way(
    registry: ModelRegistry, models: list[Path]
) -> None:
    _add(registry, models[0], promote=True)
    second = _add(registry, models[1])
    manifest_path(second.path).unlink()
    assert _names(registry) == ["0001"]
    with pytest.raises(ModelError, match="no version '0002'; the versions are 0001"):
        registry.promote("0002")
    assert _add(registry, models[2]).name == "0003"


def test_a_version_that_cannot_be_written_leaves_nothing(
    registry: ModelRegistry, models: list[Path]
) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"models: can't be written \(No space left on device\)"):
        registry.add(fail)
    assert list((registry.path / "versions").iterdir()) == []
    assert _add(registry, models[0]).name == "0001"


@pytest.mark.parametrize("moment", ["read_manifest", "read_model"])
def test_a_champion_that_is_replaced_and_pruned_while_it_is_read_gives_the_new_one(
    registry: ModelRegistry, models: list[Path], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Even where old and new have the same manifest."""
    _add(registry, models[0], promote=True)
    true, calls = getattr(folder_module, moment), []

    def read(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            monkeypatch.setattr(folder_module, moment, true)
            _add(registry, models[0], promote=True)
            registry.prune(0)
        return true(*arguments, **options)

    monkeypatch.setattr(folder_module, moment, read)
    assert registry.read()[2].name == "0002"
    assert _names(registry) == ["0002"]


# ------------------------------------------------------------------ lock and leftovers


def test_what_a_killed_run_left_half_written_is_swept(
    registry: ModelRegistry, models: list[Path]
) -> None:
    _add(registry, models[0], promote=True)
    shutil.copytree(registry.path / "versions" / "0001", registry.path / "versions" / ".0002.new")
    for name in (".champion.json.x1", "..lock.owner.x2", ".retrain.quarantine.jsonl.x3"):
        write(registry.path / name, "half")
    write(registry.path / ".mine", "somebody's own file")
    assert _names(registry) == ["0001"]
    with registry.lock() as stale:
        assert stale is None
    assert _hidden(registry) == [".mine"]
    assert _add(registry, models[1]).name == "0002"


def test_a_deletion_that_was_cut_short_is_ended_and_told(
    registry: ModelRegistry, models: list[Path]
) -> None:
    for model in models:
        _add(registry, model, promote=True)
    folder = registry.path / "versions"
    os.replace(folder / "0001", folder / ".0001.old")
    for _ in range(2):
        with registry.lock():
            pass
        assert registry.audit.records()[-1].facts == {"versions": ["0001"]}
    assert _events(registry) == ["promoted"] * 3 + ["pruned"]
    assert sorted(path.name for path in folder.iterdir()) == ["0002", "0003"]
    (folder / ".0001.old").mkdir()  # killed between telling and the end: not told again
    with registry.lock():
        pass
    assert _events(registry) == ["promoted"] * 3 + ["pruned"]
    assert _add(registry, models[0]).name == "0004"


@pytest.mark.parametrize("model", [0, 1])
def test_a_promotion_that_was_told_but_not_done_is_told_as_interrupted(
    registry: ModelRegistry, models: list[Path], model: int
) -> None:
    """Also where the version has the champion's own bytes."""
    first = _add(registry, models[0], promote=True)
    pointer = (registry.path / "champion.json").read_bytes()
    _add(registry, models[model], promote=True)
    (registry.path / "champion.json").write_bytes(pointer)
    with registry.lock():
        pass
    told = registry.audit.records()[-1]
    assert (told.event, told.facts) == (
        "interrupted",
        {"after": "promoted", "champion": first.name},
    )
    with registry.lock():
        pass
    assert len(registry.audit.records()) == 3


def test_who_is_locked_out_is_told_by_whom(registry: ModelRegistry) -> None:
    with (
        registry.lock(),
        pytest.raises(LockedError, match=rf"process {os.getpid()} on .+ since .+ \(.+\) holds"),
        ModelRegistry(registry.path).lock(),
    ):
        pass
    with registry.lock() as stale:
        assert stale is None


def test_the_name_of_a_dead_process_is_not_told_for_the_holders(registry: ModelRegistry) -> None:
    """In its first moments the holder hasn't written its name over that of a killed process."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with registry.lock():
        owner = registry.path / ".lock.owner"
        mine = owner.read_bytes()
        row = json.loads(mine) | {"pid": dead.pid}
        owner.write_text(json.dumps(row))
        command = [sys.executable, "-m", "headlines", "models", "promote", "1"]
        process = subprocess.Popen(
            [*command, "--registry", registry.path], stderr=subprocess.PIPE, env=ENVIRONMENT
        )
        assert process.stderr is not None
        time.sleep(0.6)
        owner.write_bytes(mine)
        said = process.communicate()[1].decode()
    assert process.returncode == 4
    assert f"process {os.getpid()} on" in said


# ------------------------------------------------------------------ the audit log


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path / "audit.jsonl")
    for number in range(1, 6):
        log.append("pruned", {"versions": [f"{number:04d}"]})
    return log


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40)
@given(facts=st.dictionaries(st.text(st.characters(codec=None)).map("x".__add__), PLAIN))
def test_facts_come_back_as_they_were_told(
    tmp_path_factory: pytest.TempPathFactory, facts: dict[str, Any]
) -> None:
    log = AuditLog(tmp_path_factory.mktemp("log") / "audit.jsonl")
    records = [log.append("failed", facts), log.append("failed", {})]
    assert repr(log.records()) == repr(records)


@pytest.mark.parametrize(
    "text",
    [
        "Zürich, Київ, 株価, 🚀",
        "\ud800",
        "\udc80 of a file's name",
        "\ud83d\ude80",
        "a\n\r\u2028\0b",
    ],
)
def test_any_text_may_stand_in_the_log(log: AuditLog, text: str) -> None:
    """Lone surrogates too, and two that are a character together."""
    told = log.append("failed", {"error": text, text: [text]})
    assert log.append("failed", {}).number == 7
    assert log.records()[5] == told
    assert told.facts["error"].encode("utf-16", "surrogatepass") == text.encode(
        "utf-16", "surrogatepass"
    )


@pytest.mark.parametrize("name", ["number", "time", "event", "previous", "sha256"])
def test_a_fact_may_not_pose_as_the_records_own(log: AuditLog, name: str) -> None:
    before = log.path.read_bytes()
    with pytest.raises(ValueError, match=name):
        log.append("failed", {name: 1})
    assert log.path.read_bytes() == before


def _edited(lines: list[bytes]) -> None:
    lines[2] = lines[2].replace(b"0003", b"0004")


def _made_anew(lines: list[bytes]) -> None:
    """A line with right hashes of its own, but another text."""
    row = json.loads(lines[2])
    facts = {"versions": ["0009"]}
    lines[2] = _line(AuditRecord(3, row["time"], "pruned", facts), row["previous"])


BREAKS: list[tuple[Callable[[list[bytes]], object], int]] = [
    (_edited, 3),
    (_made_anew, 4),
    (lambda lines: lines.pop(0), 1),
    (lambda lines: lines.pop(2), 3),
    (lambda lines: lines.insert(2, lines[1]), 3),
    (lambda lines: lines.insert(3, b"\n"), 4),
    (lambda lines: lines.reverse(), 1),
    (lambda lines: lines.insert(5, b"{}\n"), 6),
    (lambda lines: lines.insert(1, b"[" * 100_000 + b"\n"), 2),
]


@pytest.mark.parametrize(("change", "line"), BREAKS)
def test_a_broken_chain_is_told_with_its_line(
    log: AuditLog, change: Callable[[list[bytes]], object], line: int
) -> None:
    lines = log.path.read_bytes().splitlines(keepends=True)
    change(lines)
    log.path.write_bytes(b"".join(lines))
    with pytest.raises(ModelError, match=rf"audit\.jsonl: line {line} isn't what was written"):
        log.records()


@pytest.mark.parametrize("last", [b"{}\n", b"\n", b"[" * 100_000 + b"\n", b'{"number":6}\n'])
def test_nothing_is_added_after_a_line_that_was_not_written_there(
    log: AuditLog, last: bytes
) -> None:
    whole = log.path.read_bytes() + last
    log.path.write_bytes(whole)
    with pytest.raises(ModelError, match=r"audit\.jsonl: the last line isn't what was written"):
        log.append("failed", {})
    assert log.path.read_bytes() == whole


READ = """
import os, sys
from headlines.persistence.audit import AuditLog
def read():
    return int(open("/proc/self/io").read().split()[1])
log = AuditLog(sys.argv[1])
log.append("failed", {})  # which loads what it needs
before = read()
number = log.append("failed", {}).number
print(number, read() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="needs Linux's count of bytes read")
@pytest.mark.parametrize("torn", [b"", b"\0" * 700])
def test_an_append_reads_the_end_of_the_log_however_long_it_is(tmp_path: Path, torn: bytes) -> None:
    """By the system's own count; and what stands in its beginning is left to `records`."""
    log = AuditLog(tmp_path / "audit.jsonl")
    log.append("failed", {"detail": "x" * 900})
    lines, previous = [log.path.read_bytes()], log.path.read_bytes()
    for number in range(2, 5001):
        named = hashlib.sha256(previous[:-1]).hexdigest()
        previous = _line(AuditRecord(number, "now", "failed", {"detail": "x" * 900}), named)
        lines.append(previous)
    log.path.write_bytes(b"".join(lines) + torn)
    assert len(log.records()) == 5000
    command = [sys.executable, "-c", READ, log.path]
    done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=True, text=True)
    number, read = map(int, done.stdout.split())
    assert number == 5002
    assert read < 2 * BLOCK_BYTES < log.path.stat().st_size / 30
    assert len(log.records()) == 5002
    log.path.write_bytes(b"?" + log.path.read_bytes()[1:])
    assert log.append("failed", {}).number == 5003
    with pytest.raises(ModelError, match="line 1 isn't"):
        log.records()


@pytest.mark.parametrize("torn", [b'{"number":6,"ti', b"\0" * 700])
def test_a_line_without_its_end_was_never_written_and_makes_room(
    log: AuditLog, torn: bytes
) -> None:
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + torn)
    assert len(log.records()) == 5
    record = log.append("failed", {})
    assert (record.number, record.facts) == (6, {"torn_bytes_removed": len(torn)})
    assert log.path.read_bytes().startswith(whole)
    assert log.records()[-1] == record


SHORT = """
import resource, signal, sys
from pathlib import Path
from headlines.persistence.audit import AuditLog
from headlines.errors import OutputError
log = AuditLog(sys.argv[1])
whole = log.path.read_bytes()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for more in (0, 1, 50, 199):
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + more, hard))
    try:
        log.append("failed", {"error": "x" * 200})
    except OutputError as error:
        assert str(error).endswith("audit.jsonl: can't be written (File too large)"), error
    else:
        raise AssertionError(more)
    assert log.path.read_bytes() == whole
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert log.append("failed", {}).number == 6
"""


def test_a_record_that_is_cut_short_is_taken_back(log: AuditLog) -> None:
    """The system's own short write, as on a full disk."""
    command = [sys.executable, "-c", SHORT, log.path]
    subprocess.run(command, check=True, env=ENVIRONMENT)
    assert len(log.records()) == 6


# ------------------------------------------------------------------ processes

CONFIG = """
registry = "models"
topics = "topics.toml"
labels = ["labels.csv"]
feeds = ["feed.txt"]
[gate]
when_unsure = "promote"
churn = 1.0
[data]
headlines = 0
age_days = 0
[drift]
topics = 1.0
space = 1.0
confidence = 1.0
"""


@pytest.fixture
def place(tmp_path: Path, models: list[Path]) -> Path:
    """A configuration whose feed differs from that of the champion there is."""
    registry = ModelRegistry(tmp_path / "models")
    for model in models[:2]:
        _add(registry, model, promote=True)
    return _configured(tmp_path)


def _configured(folder: Path) -> Path:
    write(folder / "topics.toml", TOPICS.format("new"))
    rows = [
        f"{who} {what}"
        for who in ("EU", "UK", "US", "UN")
        for what in ("widens sanctions on banks,sanctions", "wins the football cup,sport")
    ]
    write(folder / "labels.csv", ["headline,topic", *rows])
    write(folder / "retrain.toml", CONFIG)
    _vary(folder)
    return folder


def _vary(folder: Path) -> None:
    old = folder / "feed.txt"
    lines = old.read_text().splitlines() if old.exists() else []
    write(
        old, [*lines, f"Match {len(lines)} ends early as team {len(lines)} wins the tennis final"]
    )


def _command(folder: Path, *arguments: str) -> list[str]:
    if arguments == ("retrain",):
        arguments = ("retrain", "--config", str(folder / "retrain.toml"))
    else:
        arguments = (*arguments, "--registry", str(folder / "models"))
    return [sys.executable, "-m", "headlines", *arguments]


def _start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        _command(folder, *arguments), env=ENVIRONMENT,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def _run(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> tuple[int, str]:
    done = subprocess.run(
        [*before, *_command(folder, *arguments)], env=ENVIRONMENT, capture_output=True, check=False
    )
    return done.returncode, done.stderr.decode()


def _wait(process: subprocess.Popen[bytes], until: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end and not until():
        time.sleep(0.001)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_champion_and_log_whole(place: Path) -> None:
    """After the first record, as the version is begun, as the decision is told, and at random."""
    registry = ModelRegistry(place / "models")
    log = registry.path / "audit.jsonl"
    size = log.stat().st_size
    moments: list[Callable[[], object]] = [
        lambda: log.stat().st_size > size,
        lambda: list(registry.path.glob("versions/.*.new")),
        lambda: log.read_bytes()[size:].count(b"\n") > 1,
        lambda: time.monotonic() > start + 0.7,
    ]
    for moment in moments:
        _vary(place)
        before, size, start = log.read_bytes(), log.stat().st_size, time.monotonic()
        old = registry.champion().name
        process = _start(place, "retrain")
        _wait(process, moment)
        _kill(process)
        assert log.read_bytes().startswith(before)
        registry.audit.records()
        assert HeadlineLabeler.load(registry=registry.path).label(["EU widens sanctions"])
        assert registry.champion().name in (old, _names(registry)[-1])
        assert all(version.read() for version in registry.versions())
    _vary(place)
    code, said = _run(place, "retrain")
    assert (code, _hidden(registry)) == (0, []), said
    assert registry.champion().name == _names(registry)[-1]
    assert _events(registry).count("interrupted") >= 3


@pytest.mark.slow
def test_the_lock_of_a_killed_process_is_taken_over_and_told(place: Path) -> None:
    registry = ModelRegistry(place / "models")
    process = _start(place, "retrain")
    _wait(process, lambda: _events(registry)[-1] == "started")
    _kill(process)
    assert ".lock.owner" in _hidden(registry)
    code, said = _run(place, "retrain")
    assert code == 0
    assert f"took over the lock of process {process.pid} on" in said
    [told] = [r for r in registry.audit.records() if r.event == "interrupted"]
    assert told.facts["process"]["pid"] == process.pid
    assert (told.facts["after"], told.facts["champion"]) == ("started", "0002")
    assert _hidden(registry) == []


def test_a_process_killed_with_the_lock_before_it_did_anything_is_told_too(
    registry: ModelRegistry,
) -> None:
    hold = "import sys, time, headlines; r = headlines.ModelRegistry(sys.argv[1])\n"
    hold += "with r.lock():\n    print(flush=True)\n    time.sleep(60)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", hold, registry.path], stdout=subprocess.PIPE, env=ENVIRONMENT
    )
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(LockedError, match=f"process {process.pid} on"), registry.lock():
        pass
    _kill(process)
    with registry.lock() as stale:
        assert stale is not None
        assert stale.pid == process.pid
    [told] = registry.audit.records()
    assert told.event == "interrupted"
    assert told.facts["process"]["pid"] == process.pid


TOGETHER = """
import sys, time
from headlines import ModelRegistry
from headlines.cli.main import main
import filelock, headlines.cli.models, headlines.cli.retrain
import headlines.persistence.registry as registry
add = registry.ModelRegistry.add
def slow(self, write):
    time.sleep(1)
    return add(self, write)
registry.ModelRegistry.add = slow
print(flush=True)
sys.stdin.readline()
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_of_three_runs_at_once_one_works_and_two_are_told_who_it_is(place: Path) -> None:
    command = [sys.executable, "-c", TOGETHER, *_command(place, "retrain")[3:]]
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT)
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[1] for process in started]
    assert sorted(process.returncode for process in started) == [0, 4, 4]
    [winner] = [process.pid for process in started if process.returncode == 0]
    told = [text for text in said if f"process {winner} on" in text]
    assert len(told) == 2
    assert _events(ModelRegistry(place / "models")).count("started") == 1


READING = """
import json, sys
from headlines import HeadlineLabeler
seen, number = set(), 0
print(flush=True)
while not open(sys.argv[2]).read():
    labeler = HeadlineLabeler.load(registry=sys.argv[1])
    labeler.label(["EU widens sanctions"])
    seen.add(labeler.model)
    number += 1
print(json.dumps([sorted(seen), number]))
"""


def test_readers_meet_only_whole_models_while_versions_come_and_go(
    registry: ModelRegistry, models: list[Path]
) -> None:
    """Six promotions; every other time the champion before is deleted at once."""
    _add(registry, models[0], promote=True)
    stop = write(registry.path / "stop", "")
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(
            [sys.executable, "-c", READING, registry.path, stop],
            stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT,
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for number in range(1, 7):
        with registry.lock():
            _add(registry, models[number % 3], promote=True)
            registry.prune(number % 2)
        time.sleep(0.1)
    write(stop, "stop")
    results = [process.communicate() for process in started]
    assert [errors for _, errors in results] == [""] * 4
    known = {json.loads(manifest_path(model).read_bytes())["content"][:12] for model in models}
    told = [json.loads(output) for output, _ in results]
    assert {model for seen, _ in told for model in seen} <= known
    assert min(number for _, number in told) >= 1


@contextlib.contextmanager
def _mounted(folder: Path, options: str) -> Iterator[None]:
    if not shutil.which("mount") or sys.platform != "linux":
        pytest.skip("mounting a tmpfs takes Linux")
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs isn't allowed here: it takes root")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _check_refusal(folder: Path, code: int, said: str, reason: str) -> None:
    lines = [line for line in said.splitlines() if line.startswith("headlines: error: ")]
    assert (code, len(lines)) == (1, 1), said
    assert "Traceback" not in said
    assert str(folder / "models") in lines[0]
    assert f"can't be written ({reason})" in lines[0]
    assert HeadlineLabeler.load(registry=folder / "models").label(["EU widens sanctions"])


@pytest.mark.slow
def test_a_full_or_read_only_disk_is_told_and_the_champion_stays(
    tmp_path: Path, models: list[Path]
) -> None:
    folder = tmp_path / "disk"
    with _mounted(folder, "size=1m"):
        registry = ModelRegistry(folder / "models")
        for model in models[:2]:
            _add(registry, model, promote=True)
        _configured(folder)
        free = os.statvfs(folder)
        log = (registry.path / "audit.jsonl").read_bytes()
        for left in (0, 8192):
            ballast = folder / "ballast"
            ballast.write_bytes(bytes(free.f_bavail * free.f_bsize - left))
            _check_refusal(folder, *_run(folder, "retrain"), "No space left on device")
            assert registry.champion().name == "0002"
            assert (registry.path / "audit.jsonl").read_bytes().startswith(log)
            registry.audit.records()
            assert _names(registry) == ["0001", "0002"]
            ballast.unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        for command in (("retrain",), ("models", "promote", "0001"), ("models", "rollback")):
            _check_refusal(folder, *_run(folder, *command), "Read-only file system")
        assert registry.champion().name == "0002"
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        code, said = _run(folder, "retrain")
        assert (code, registry.champion().name, _hidden(registry)) == (0, "0003", []), said


def test_a_full_disk_can_be_pruned(tmp_path: Path, models: list[Path]) -> None:
    folder = tmp_path / "disk"
    with _mounted(folder, "size=512k"):
        registry = ModelRegistry(folder / "models")
        for model in models:
            _add(registry, model, promote=True)
        with registry.lock():
            free = os.statvfs(folder)
            (folder / "ballast").write_bytes(bytes(free.f_bavail * free.f_bsize))
            assert registry.prune(1) == ["0001"]
        assert _events(registry)[-1] == "pruned"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mode"), [(".", 0o500), ("versions", 0o500), ("audit.jsonl", 0o400)]
)
def test_what_may_not_be_written_is_told_and_the_champion_stays(
    place: Path, name: str, mode: int
) -> None:
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        before = WITHOUT_PRIVILEGE
        if not shutil.which("setpriv"):
            pytest.skip("root may write anywhere, and there is no setpriv to do without")
    path = place / "models" / name
    kept = path.stat().st_mode & 0o777
    path.chmod(mode)
    try:
        _check_refusal(place, *_run(place, "retrain", before=before), "Permission denied")
    finally:
        path.chmod(kept)
    assert ModelRegistry(place / "models").champion().name == "0002"
    assert _run(place, "retrain", before=before)[0] == 0
