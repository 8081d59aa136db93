"""Claims about the files for schedulers: real tools read them and real shells run them."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, write
from croniter import croniter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headlines.retraining.schedules import SCHEDULERS, schedule_of, systemd_units

NAME = "headline-topics-retrain"
ODD = 'it\'s 50% "a\\b" \\% $HOME $(id) {{x}} ${{y}} й'
CONFIG = Path("/srv/my news/retrain.toml")
COMMAND = ["/srv/my news/.venv/bin/headlines", "retrain", "--config", str(CONFIG)]
# What it was given, where, and an exit code of one's choice.
PROGRAM = "#!/bin/sh\nprintf '%s\\0' \"$@\" > argv\npwd > cwd\necho done\nexit ${CODE:-0}\n"


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, PROGRAM).chmod(0o755)
    return path


def _job(folder: Path, config: str = "retrain.toml") -> tuple[Path, list[str]]:
    """A configuration and a command in a folder, the program being a real one."""
    program = _program(folder / "bin" / "headlines")
    path = folder / config
    return path, [str(program), "retrain", "--config", str(path), "--note", f"{ODD};"]


def _run(arguments: Sequence[str | Path], cwd: Path, **variables: object) -> int:
    variables = {"PATH": os.environ["PATH"], "HOME": str(cwd)} | variables
    environment = {key: str(value) for key, value in variables.items()}
    return subprocess.run(arguments, cwd=cwd, env=environment, check=False).returncode


def _given(folder: Path) -> list[str]:
    """The arguments that the program got, once it is sure that it ran in this folder."""
    assert (folder / "cwd").read_text(encoding="utf-8") == f"{folder}\n"
    return (folder / "argv").read_text(encoding="utf-8").split("\0")[:-1]


# ------------------------------------------------------------------ all of them


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_text_says_on_top_how_to_install_it_and_what_the_codes_mean(scheduler: str) -> None:
    text = schedule_of(scheduler, config=CONFIG, at="03:15", command=COMMAND)
    head = re.match(r"(#.*\n)+", text)
    assert head is not None
    for part in ("nightly retraining", "# Install: ", "# Exit codes: 0 ", "3 the gate refused"):
        assert part in head[0]
    assert text.endswith("\n")
    assert text.isascii()


@pytest.mark.parametrize("at", ["3:15", "24:00", "03:60", "03:15:00", "", "٠٣:١٥", "03:15\n"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    with pytest.raises(ValueError, match="is no time of day; give HH:MM from 00:00 to 23:59"):
        schedule_of("cron", config=CONFIG, at=at, command=COMMAND)


def test_an_unknown_scheduler_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ValueError, match="'at' is none of cron, systemd, kubernetes, airflow, g"):
        schedule_of("at", config=CONFIG, at="03:15", command=COMMAND)


def test_a_relative_configuration_and_an_empty_command_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'retrain.toml' is not absolute"):
        schedule_of("cron", config=Path("retrain.toml"), at="03:15", command=COMMAND)
    with pytest.raises(ValueError, match="command: is empty"):
        schedule_of("cron", config=CONFIG, at="03:15", command=[])


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("odd", ["\n", "\r", "\t", "\0", "\x85", "\u2028", "\udc80"])
def test_a_line_break_or_another_invisible_character_is_refused(scheduler: str, odd: str) -> None:
    for change in (
        {"config": Path(f"/srv/a{odd}b/retrain.toml")},
        {"command": ["headlines", f"a{odd}"]},
        {"image": f"a{odd}"} if scheduler == "kubernetes" else {"user": f"a{odd}"},
    ):
        values: dict[str, Any] = {"config": CONFIG, "at": "03:15", "command": COMMAND} | change
        with pytest.raises(ValueError, match="a line break or another character that doesn't"):
            schedule_of(scheduler, **values)


# ------------------------------------------------------------------ cron


def _cron_line(text: str) -> tuple[str, str]:
    """The five fields and the command of the one line that is no comment and no variable."""
    [line] = [row for row in text.splitlines() if row[0].isdigit()]
    fields = line.split(" ", 5)
    return " ".join(fields[:5]), fields[5]


def _by_cron(command: str, *, doubled: bool) -> str:
    """What cron hands to the shell; some make one backslash of two, others don't."""
    assert "%" not in command.replace("\\%", "")
    return re.sub(r"\\([%\\])" if doubled else r"\\(%)", r"\1", command)


@pytest.mark.parametrize(
    ("at", "expected"), [("03:15", "15 3 * * *"), ("00:00", "0 0 * * *"), ("23:59", "59 23 * * *")]
)
def test_cron_runs_at_the_time_of_day(at: str, expected: str) -> None:
    fields, _ = _cron_line(schedule_of("cron", config=CONFIG, at=at, command=COMMAND))
    assert fields == expected
    hour, minute = map(int, at.split(":"))
    *found, days, months, weekdays = croniter(fields).expanded
    assert (found, days, months, weekdays) == ([[minute], [hour]], ["*"], ["*"], ["*"])


def test_the_real_crontab_takes_the_text(tmp_path: Path) -> None:
    """Debian's command has a dry run; another's -n may mean something else and isn't called."""
    path = tmp_path / "crontab.txt"
    config, command = _job(tmp_path / ODD)
    write(path, schedule_of("cron", config=config, at="03:15", command=command))
    if not shutil.which("crontab"):
        pytest.skip("no crontab here")
    usage = subprocess.run(["crontab", "-h"], capture_output=True, text=True, check=False)
    if "dry run" not in usage.stderr + usage.stdout:
        pytest.skip("this crontab has no dry run")
    done = subprocess.run(["crontab", "-n", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    write(path, "15 3 * * * no line end".replace("15", "75") + "\n")
    assert subprocess.run(["crontab", "-n", path], capture_output=True, check=False).returncode


@pytest.mark.parametrize("doubled", [True, False])
def test_cron_runs_the_command_in_its_folder_and_keeps_its_output(
    doubled: bool, tmp_path: Path
) -> None:
    folder = tmp_path / ODD
    config, command = _job(folder)
    _, line = _cron_line(schedule_of("cron", config=config, at="03:15", command=command))
    for _ in range(2):
        assert _run(["/bin/sh", "-c", _by_cron(line, doubled=doubled)], tmp_path) == 0
    assert _given(folder) == command[1:]
    assert (folder / "retrain.log").read_text(encoding="utf-8") == "done\ndone\n"


@pytest.mark.parametrize(
    ("code", "status", "mail"), [(0, 0, ""), (3, 0, ""), (1, 1, "failed"), (4, 1, "failed")]
)
def test_cron_mails_a_fault_but_no_refusal(
    code: int, status: int, mail: str, tmp_path: Path
) -> None:
    config, command = _job(tmp_path / "a b")
    _, line = _cron_line(schedule_of("cron", config=config, at="03:15", command=command))
    done = subprocess.run(
        ["/bin/sh", "-c", line.replace("\\%", "%")],
        env={**os.environ, "CODE": str(code)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert mail in done.stdout
    assert bool(mail) == bool(done.stdout)
    assert (str(config.parent) in done.stdout) == bool(mail)


NAMES = st.text(
    st.characters(exclude_characters="/", exclude_categories=("C", "Zl", "Zp")), min_size=1
)


@settings(max_examples=40)
@given(
    NAMES.filter(lambda name: name.isprintable() and name not in (".", "..")).filter(
        lambda name: len(name.encode()) < 200
    )
)
@example(ODD)
@example("\\")
@example("\\\\%%\\%")
@example("-n")
def test_any_printable_folder_survives_cron(name: str) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent).resolve() / name
        config, command = _job(folder, f"{name}.toml")
        _, line = _cron_line(schedule_of("cron", config=config, at="03:15", command=command))
        for doubled in (True, False):
            assert _run(["/bin/sh", "-c", _by_cron(line, doubled=doubled)], ROOT) == 0
            assert _given(folder) == command[1:]
            assert (folder / f"{name}.log").is_file()
            (folder / "argv").unlink()


# ------------------------------------------------------------------ systemd

PLAIN = "50% of $HOME ${x} {{y}} й"  # systemd allows no quote and no backslash in a program's path


def _unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(text)
    return parser


def test_the_service_counts_a_refusal_as_success_and_writes_to_its_folder_alone() -> None:
    units = systemd_units(config=CONFIG, at="03:05", command=COMMAND, user="news")
    assert list(units) == [f"{NAME}.service", f"{NAME}.timer"]
    service = _unit(units[f"{NAME}.service"])["Service"]
    expected = {
        "Type": "oneshot",
        "User": "news",
        "WorkingDirectory": "/srv/my news/",
        "SuccessExitStatus": "3",
        "ProtectSystem": "strict",
        "ReadWritePaths": '"/srv/my news"',
        "NoNewPrivileges": "true",
        "PrivateTmp": "true",
    }
    assert expected.items() <= dict(service).items()
    timer = _unit(units[f"{NAME}.timer"])
    assert dict(timer["Timer"]) == {"OnCalendar": "*-*-* 03:05:00", "Persistent": "true"}
    assert dict(timer["Install"]) == {"WantedBy": "timers.target"}


def test_the_documented_command_installs_both_units(tmp_path: Path) -> None:
    text = schedule_of("systemd", config=CONFIG, at="03:15", command=COMMAND)
    write(tmp_path / "retrain.units", text)
    [awk] = [line[1:].strip() for line in text.splitlines() if line.startswith("#   awk")]
    awk = awk.replace("/etc/systemd/system/", f"{tmp_path}/")
    assert _run(["/bin/sh", "-c", awk], tmp_path) == 0
    units = systemd_units(config=CONFIG, at="03:15", command=COMMAND)
    (tmp_path / "retrain.units").unlink()
    found = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert {name: text.strip() for name, text in found.items()} == {
        name: text.strip() for name, text in units.items()
    }


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    config, command = _job(tmp_path / PLAIN)
    units = systemd_units(config=config, at="03:15", command=command)
    paths = [write(tmp_path / name, text) for name, text in units.items()]

    def complaints() -> str:
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        about = [line for line in done.stderr.splitlines() if NAME in line]
        return "\n".join(about) or "rc" * bool(done.returncode)

    assert complaints() == ""
    write(paths[0], units[paths[0].name].replace("NoNewPrivileges=", "NoNewPrivilege="))
    assert "NoNewPrivilege" in complaints()


@pytest.mark.skipif(
    not (Path("/lib/systemd/systemd").exists() and shutil.which("systemd-analyze")),
    reason="no systemd here",
)
@pytest.mark.parametrize("name", [PLAIN, "a \\", f"{ODD} ", "\\\\%n"])
def test_systemd_reads_arguments_and_folder_as_they_were_meant(name: str) -> None:
    """The real manager's dump of what it would run; it starts nothing and refuses to be root."""
    folder = Path("/srv") / name
    command = ["/srv/50% $x/headlines", "retrain", "--config", f"{folder}/c.toml", ODD, ";"]
    with tempfile.TemporaryDirectory() as place:
        units = systemd_units(config=folder / "c.toml", at="03:15", command=command)
        Path(place).chmod(0o755)
        write(Path(place) / f"{NAME}.service", units[f"{NAME}.service"])
        (runtime := Path(place) / "run").mkdir()
        runtime.chmod(0o777)
        variables = {"XDG_RUNTIME_DIR": runtime, "HOME": runtime, "SYSTEMD_UNIT_PATH": f"{place}:"}
        done = subprocess.run(
            ["/lib/systemd/systemd", "--test", "--user", f"--unit={NAME}.service", "--no-pager"],
            env={key: str(value) for key, value in variables.items()},
            user="nobody" if os.geteuid() == 0 else None,
            capture_output=True,
            text=True,
            check=False,
        )
    lines = [line.lstrip() for line in done.stdout.splitlines()]
    assert f"WorkingDirectory: {folder}" in lines, done.stderr
    assert f"ReadWritePaths: {folder}" in lines
    [argv] = [line for line in lines if line.startswith("Command Line: ") and "/srv/50%" in line]
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', argv.removeprefix("Command Line: "))
    assert [re.sub(r"\\(.)", r"\1", quoted) or bare for quoted, bare in words] == command


def test_a_program_that_systemd_cannot_run_is_refused() -> None:
    with pytest.raises(ValueError, match="systemd runs no program with a quote or a backslash"):
        systemd_units(config=CONFIG, at="03:15", command=["/home/o'neil/headlines"])


# ------------------------------------------------------------------ kubernetes


def _by_kubernetes(words: Sequence[str]) -> list[str]:
    """What a container gets: $$ is one $, and $(NAME) would be a variable."""
    assert not any("$(" in word.replace("$$", "") for word in words)
    return [word.replace("$$", "$") for word in words]


def _cron_job(config: Path, command: Sequence[str], image: str = "headlines") -> dict[str, Any]:
    text = schedule_of("kubernetes", config=config, at="03:15", command=command, image=image)
    claim, job = yaml.safe_load_all(text)
    assert (claim["apiVersion"], claim["kind"]) == ("v1", "PersistentVolumeClaim")
    assert claim["metadata"] == {"name": NAME}
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "5Gi"}},
    }
    assert isinstance(job, dict)
    return job


def test_the_cron_job_runs_alone_at_its_time_and_is_not_retried() -> None:
    job = _cron_job(CONFIG, COMMAND)
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    spec = job["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("15 3 * * *", "Etc/UTC")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_the_pod_is_no_root_and_writes_to_its_volumes_alone() -> None:
    job = _cron_job(CONFIG, COMMAND, image='registry:5000/a"b:1')
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["image"] == 'registry:5000/a"b:1'
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["workingDir"] == "/data"
    assert container["volumeMounts"] == [
        {"name": "data", "mountPath": "/data"},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the container
    ]
    assert pod["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": NAME}},
        {"name": "tmp", "emptyDir": {}},
    ]


@pytest.mark.parametrize(("code", "status"), [(0, 0), (3, 0), (1, 1), (4, 1)])
def test_the_container_runs_the_command_with_paths_moved_and_takes_3_for_0(
    code: int, status: int, tmp_path: Path
) -> None:
    _program(tmp_path / "bin" / "headlines")
    config = Path("/srv") / ODD / f"{ODD}.toml"
    command = ["/srv/bin/python", "retrain", "--config", str(config), f"--log={config.parent}/l"]
    command += ["--health", "https://x.example/srv", "--feed=/other/feed", ODD]
    pod = _cron_job(config, command)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    words = _by_kubernetes([*container["command"], *container["args"]])
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    assert _run(words, tmp_path, PATH=path, CODE=code) == status
    expected = ["retrain", "--config", f"/data/{ODD}.toml", "--log=/data/l"]
    expected += ["--health", "https://x.example/srv", "--feed=/other/feed", ODD]
    assert _given(tmp_path) == expected


# ------------------------------------------------------------------ airflow


def _calls(text: str) -> dict[str, dict[str, ast.expr]]:
    """The keywords of every call in a program, by the name of what is called."""
    return {
        node.func.id: {word.arg: word.value for word in node.keywords if word.arg}
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _airflow(config: Path, command: Sequence[str]) -> dict[str, dict[str, ast.expr]]:
    text = schedule_of("airflow", config=config, at="03:15", command=command)
    compile(text, "dag.py", "exec")
    return _calls(text)


def test_the_dag_runs_alone_at_its_time_and_skips_a_refusal() -> None:
    """Read, not run: Airflow is too large for the tests, and a stand-in would prove nothing."""
    calls = _airflow(CONFIG, COMMAND)
    plain = {
        name: {k: v.value for k, v in words.items() if isinstance(v, ast.Constant)}
        for name, words in calls.items()
    }
    assert plain["DAG"] == {
        "dag_id": "headline_topics_retrain",
        "schedule": "15 3 * * *",
        "catchup": False,
        "max_active_runs": 1,
    }
    assert plain["BashOperator"] | {"bash_command": ""} == {
        "task_id": "retrain",
        "bash_command": "",
        "skip_on_exit_code": 3,
        "retries": 0,
    }
    assert ast.unparse(calls["DAG"]["start_date"]) == "datetime(2025, 1, 1, tzinfo=timezone.utc)"
    assert ast.unparse(calls["BashOperator"]["execution_timeout"]) == "timedelta(hours=6)"


def test_the_dag_finds_the_operator_in_airflow_3_and_then_in_airflow_2() -> None:
    text = schedule_of("airflow", config=CONFIG, at="03:15", command=COMMAND)
    [block] = [node for node in ast.parse(text).body if isinstance(node, ast.Try)]
    found = [
        [node.module for node in part if isinstance(node, ast.ImportFrom)]
        for part in (block.body, block.handlers[0].body)
    ]
    assert found == [
        ["airflow.providers.standard.operators.bash", "airflow.sdk"],
        ["airflow", "airflow.operators.bash"],
    ]


@pytest.mark.parametrize("code", [0, 1, 3, 4])
@pytest.mark.parametrize("shell", ["/bin/sh", "bash"])
def test_the_dags_command_has_nothing_for_jinja_and_gives_its_own_code(
    shell: str, code: int, tmp_path: Path
) -> None:
    folder = tmp_path / f"{ODD} {{% raw %}} {{# a #}} {{{{{{"
    config, command = _job(folder, "retrain.sh")
    value = _airflow(config, [*command, "a.sh"])["BashOperator"]["bash_command"]
    assert isinstance(value, ast.Constant)
    assert isinstance(value.value, str)
    assert not re.search(r"\{[{%#]|\.(sh|bash)$", value.value)
    assert _run([shell, "-c", value.value], tmp_path, CODE=code) == code
    assert _given(folder) == [*command[1:], "a.sh"]


# ------------------------------------------------------------------ github


def _workflow(config: Path, command: Sequence[str]) -> dict[Any, Any]:
    flow = yaml.safe_load(schedule_of("github", config=config, at="03:15", command=command))
    assert isinstance(flow, dict)
    return flow


def _steps(flow: dict[Any, Any]) -> dict[str, str]:
    return {s["name"]: s["run"] for s in flow["jobs"]["retrain"]["steps"] if "run" in s}


def test_the_workflow_runs_alone_at_its_time_or_by_hand_and_may_only_write_contents() -> None:
    flow = _workflow(CONFIG, COMMAND)
    assert flow[True] == {  # what YAML 1.1 makes of the key `on`
        "schedule": [{"cron": "15 3 * * *"}],
        "workflow_dispatch": None,
    }
    assert flow["permissions"] == {"contents": "write"}
    assert flow["concurrency"] == {"group": NAME, "cancel-in-progress": False}
    [job] = flow["jobs"].values()
    assert job["runs-on"] == "ubuntu-latest"
    uses = [step["uses"].split("@")[0] for step in job["steps"] if "uses" in step]
    assert uses == ["actions/checkout", "actions/setup-python"]
    assert list(_steps(flow)) == ["Install", "Retrain", "Keep the registry"]
    assert _steps(flow)["Install"] == "pip install 'headline-topics[nightly]'"


@pytest.mark.parametrize(("code", "status"), [(0, 0), (3, 0), (1, 1), (4, 1)])
def test_the_workflow_runs_the_command_in_the_checkout_and_takes_3_for_0(
    code: int, status: int, tmp_path: Path
) -> None:
    _program(tmp_path / "bin" / "headlines")
    config = Path("/srv") / ODD / f"{ODD}.toml"
    command = ["/srv/bin/headlines", "retrain", "--config", str(config), "# no comment", ODD]
    script = _steps(_workflow(config, command))["Retrain"]
    assert "${{" not in script
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    assert _run(["bash", "-e", "-c", script], tmp_path, PATH=path, CODE=code) == status
    assert _given(tmp_path) == ["retrain", "--config", f"{ODD}.toml", "# no comment", ODD]


def test_the_workflow_commits_what_a_run_wrote_and_nothing_when_it_wrote_nothing(
    tmp_path: Path,
) -> None:
    """In a real repository, with a commit of somebody else pushed while the job ran."""
    script = _steps(_workflow(CONFIG, COMMAND))["Keep the registry"]
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]

    def git(folder: str, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *author, *arguments],
            cwd=tmp_path / folder,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        )
        return done.stdout.strip()

    def keep() -> int:
        return _run(
            ["bash", "-e", "-c", script],
            tmp_path / "job",
            GIT_CONFIG_GLOBAL=os.devnull,
            GIT_CONFIG_SYSTEM=os.devnull,
        )

    git(".", "init", "--quiet", "--bare", "--initial-branch=main", "origin")
    git(".", "clone", "--quiet", "origin", "other")
    git("other", "commit", "--quiet", "--allow-empty", "-m", "first")
    git("other", "push", "--quiet", "origin", "HEAD:main")
    git(".", "clone", "--quiet", "--branch=main", "origin", "job")
    git("other", "commit", "--quiet", "--allow-empty", "-m", "theirs")
    git("other", "push", "--quiet", "origin", "HEAD:main")

    (tmp_path / "job" / "models").mkdir()
    write(tmp_path / "job" / "models" / "champion.json", "{}")
    write(tmp_path / "job" / "models" / ".lock", "")
    assert keep() == 0
    assert git("origin", "log", "--format=%s", "main") == "Retrain\ntheirs\nfirst"
    assert git("origin", "ls-tree", "-r", "--name-only", "main") == "models/champion.json"
    assert keep() == 0
    assert git("origin", "rev-list", "--count", "main") == "3"


# ------------------------------------------------------------------ container


def _instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def _copied() -> list[str]:
    return [name for word, rest in _instructions() if word == "COPY" for name in rest.split()[:-1]]


def test_the_image_runs_the_nightly_command_as_the_cron_jobs_account() -> None:
    told = dict(_instructions())  # the last of each
    assert told["FROM"] == "python:3.12-slim"
    assert json.loads(told["ENTRYPOINT"]) == ["headlines"]
    config = Path("/srv/news/retrain.toml")
    command = ["/srv/bin/headlines", "retrain", "--config", str(config)]
    pod = _cron_job(config, command)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert ["headlines", *json.loads(told["CMD"])] == pod["containers"][0]["args"]
    account = pod["securityContext"]
    assert told["USER"] == f"{account['runAsUser']}:{account['runAsGroup']}"
    assert told["WORKDIR"] == told["VOLUME"] == "/data"


def test_what_the_image_copies_is_here_and_is_all_that_the_context_holds() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert rules[1] == "*"
    assert [rule[1:] for rule in rules if rule.startswith("!")] == _copied()
    assert all((ROOT / name).exists() for name in _copied())


def test_what_the_image_copies_is_enough_to_build_the_package(tmp_path: Path) -> None:
    for name in _copied():
        source, target = ROOT / name, tmp_path / "src" / name
        target.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", tmp_path, tmp_path / "src"], check=True, cwd=tmp_path)
    assert len(list(tmp_path.glob("headline_topics-*.whl"))) == 1
