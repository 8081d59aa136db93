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
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, write
from croniter import croniter
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from headlines.retraining.schedules import SCHEDULERS, schedule_of

NAME = "headline-topics-retrain"
ODD = 'it\'s 50% "a\\b" \\% $HOME $(id) {{x}} ${{y}} й'
CONFIG = Path("/srv/my news/retrain.toml")
COMMAND = ["/srv/my news/.venv/bin/headlines", "retrain", "--config", str(CONFIG)]
# What it was given, where, and an exit code of one's choice.
PROGRAM = "#!/bin/sh\nprintf '%s\\0' \"$@\" > argv\npwd > cwd\necho done\nexit ${CODE:-0}\n"


def _schedule(scheduler: str, config: Path = CONFIG, command: Sequence[str] = COMMAND) -> str:
    return schedule_of(scheduler, config=config, at="03:15", command=command, user="news")


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, PROGRAM).chmod(0o755)
    return path


def _job(folder: Path, config: str = "retrain.toml") -> tuple[Path, list[str]]:
    """A configuration and a command in a folder, the program being a real one."""
    program = _program(folder / "bin" / "headlines")
    path = folder / config
    return path, [str(program), "retrain", "--config", str(path), "--note", f"{ODD};"]


def _run(arguments: Sequence[str | Path], cwd: Path, **variables: object) -> tuple[int, str]:
    """Run something real and give its exit code and what it said."""
    variables = {"PATH": os.environ["PATH"], "HOME": cwd, **variables}
    environment = {key: str(value) for key, value in variables.items()}
    done = subprocess.run(
        arguments, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def _given(folder: Path) -> list[str]:
    """The arguments that the program got, once it is sure that it ran in this folder."""
    assert (folder / "cwd").read_text(encoding="utf-8") == f"{folder}\n"
    return (folder / "argv").read_text(encoding="utf-8").split("\0")[:-1]


# ------------------------------------------------------------------ all of them


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_text_says_on_top_how_to_install_it_and_what_the_codes_mean(scheduler: str) -> None:
    text = _schedule(scheduler)
    head = re.match(r"(#.*\n)+", text)
    assert head is not None
    for part in ("nightly retraining", "# Install: ", "with --first-run", "fetch = true",
                 "# Exit codes: 0 ", "3 the gate refused"):  # fmt: skip
        assert part in head[0]
    assert text.endswith("\n")
    assert text.isascii()


@pytest.mark.parametrize(
    ("scheduler", "config", "command", "message"),
    [
        ("at", CONFIG, COMMAND, "'at' is none of cron, systemd, kubernetes, airflow, github"),
        ("cron", Path("retrain.toml"), COMMAND, "'retrain.toml' is not absolute"),
        ("systemd", CONFIG, ["/home/o'neil/headlines"], "no program with a quote or a backslash"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(
    scheduler: str, config: Path, command: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _schedule(scheduler, config, command)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("odd", ["\n", "\r", "\t", "\0", "\x85", "\u2028", "\udc80"])
def test_a_line_break_or_another_invisible_character_is_refused(scheduler: str, odd: str) -> None:
    for change in (
        {"config": Path(f"/srv/a{odd}b/retrain.toml")},
        {"command": ["headlines", f"a{odd}"]},
        {"user": f"a{odd}"},
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


def _by_cron(command: str, *, doubled: bool) -> list[str]:
    """What cron runs; some make one backslash of two, others don't."""
    assert "%" not in command.replace("\\%", "")
    plain = re.sub(r"\\([%\\])" if doubled else r"\\(%)", r"\1", command)
    return ["/bin/sh", "-c", plain]


@pytest.mark.parametrize("at", ["03:15", "00:00", "23:59"])
def test_cron_runs_at_the_time_of_day(at: str) -> None:
    fields, _ = _cron_line(schedule_of("cron", config=CONFIG, at=at, command=COMMAND))
    hour, minute = map(int, at.split(":"))
    assert croniter(fields).expanded == [[minute], [hour], ["*"], ["*"], ["*"]]


def test_the_real_crontab_takes_the_text(tmp_path: Path) -> None:
    """Debian's command has a dry run; another's -n may mean something else and isn't called."""
    if not shutil.which("crontab"):
        pytest.skip("no crontab here")
    if "dry run" not in _run(["crontab", "-h"], tmp_path)[1]:
        pytest.skip("this crontab has no dry run")
    path = write(tmp_path / "crontab.txt", _schedule("cron", *_job(tmp_path / ODD)))
    assert _run(["crontab", "-n", path], tmp_path)[0] == 0
    write(path, "75 3 * * * no such minute\n")
    assert _run(["crontab", "-n", path], tmp_path)[0] != 0


@pytest.mark.parametrize(
    ("code", "status", "mail"), [(0, 0, ""), (3, 0, ""), (1, 1, "failed"), (4, 1, "failed")]
)
def test_cron_keeps_the_output_and_mails_a_fault_but_no_refusal(
    code: int, status: int, mail: str, tmp_path: Path
) -> None:
    config, command = _job(tmp_path / "a b")
    line = _by_cron(_cron_line(_schedule("cron", config, command))[1], doubled=False)
    for _ in range(2):
        found, said = _run(line, tmp_path, CODE=code)
        assert found == status
        assert mail in said
        assert bool(said) == bool(mail) == (str(config.parent) in said)
    log = tmp_path / "a b" / "retrain.log"
    assert log.read_text(encoding="utf-8") == "done\ndone\n"


NAMES = st.text(
    st.characters(exclude_characters="/", exclude_categories=("C", "Zl", "Zp")), min_size=1
).filter(lambda name: name.isprintable() and name not in (".", "..") and len(name.encode()) < 200)


@settings(max_examples=30)
@given(NAMES)
@example(ODD)
@example("\\")
@example("\\\\%%\\%")
@example("-n")
def test_any_printable_folder_survives_cron(name: str) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent).resolve() / name
        config, command = _job(folder, f"{name}.toml")
        _, line = _cron_line(_schedule("cron", config, command))
        for doubled in (True, False):
            assert _run(_by_cron(line, doubled=doubled), ROOT)[0] == 0
            assert _given(folder) == command[1:]
            assert (folder / f"{name}.log").is_file()
            (folder / "argv").unlink()


# ------------------------------------------------------------------ systemd

PLAIN = "50% of $HOME ${x} {{y}} й"  # systemd allows no quote and no backslash in a program's path


def _units(folder: Path, text: str) -> list[Path]:
    """The service and the timer as the documented command writes them into a folder."""
    write(folder / "retrain.units", text)
    [awk] = [line[1:].strip() for line in text.splitlines() if line.startswith("#   awk")]
    awk = awk.replace("/etc/systemd/system/", f"{folder}/")
    assert _run(["/bin/sh", "-c", awk], folder) == (0, "")
    (folder / "retrain.units").unlink()
    return sorted(folder.glob(f"{NAME}.*"))


def _unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


def test_the_service_counts_a_refusal_as_success_and_writes_to_its_folder_alone(
    tmp_path: Path,
) -> None:
    paths = _units(tmp_path, _schedule("systemd"))
    assert [path.name for path in paths] == [f"{NAME}.service", f"{NAME}.timer"]
    service, timer = map(_unit, paths)
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
    assert expected.items() <= dict(service["Service"]).items()
    assert dict(timer["Timer"]) == {"OnCalendar": "*-*-* 03:15:00", "Persistent": "true"}
    assert dict(timer["Install"]) == {"WantedBy": "timers.target"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    paths = _units(tmp_path, _schedule("systemd", *_job(tmp_path / PLAIN)))
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *paths]

    def complaints() -> str:
        code, said = _run(verify, tmp_path)
        about = [line for line in said.splitlines() if NAME in line]
        return "\n".join(about) or "rc" * bool(code)

    assert complaints() == ""
    text = paths[0].read_text(encoding="utf-8")
    write(paths[0], text.replace("NoNewPrivileges=", "NoNewPrivilege="))
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
        _units(Path(place), _schedule("systemd", folder / "c.toml", command))
        Path(place).chmod(0o755)
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


# ------------------------------------------------------------------ kubernetes, github


def _cron_job(config: Path = CONFIG, command: Sequence[str] = COMMAND) -> dict[str, Any]:
    claim, job = yaml.safe_load_all(_schedule("kubernetes", config, command))
    assert (claim["apiVersion"], claim["kind"]) == ("v1", "PersistentVolumeClaim")
    assert claim["metadata"] == {"name": NAME}
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "5Gi"}},
    }
    assert isinstance(job, dict)
    return job


def _pod(job: dict[str, Any]) -> dict[str, Any]:
    return dict(job["spec"]["jobTemplate"]["spec"]["template"]["spec"])


def test_the_cron_job_runs_alone_at_its_time_and_is_not_retried() -> None:
    job = _cron_job()
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    spec = job["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("15 3 * * *", "Etc/UTC")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert _pod(job)["restartPolicy"] == "Never"


def test_the_pod_is_no_root_and_writes_to_its_volumes_alone() -> None:
    pod = _pod(_cron_job())
    [container] = pod["containers"]
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


def _workflow(config: Path = CONFIG, command: Sequence[str] = COMMAND) -> dict[Any, Any]:
    flow = yaml.safe_load(_schedule("github", config, command))
    assert isinstance(flow, dict)
    return flow


def _steps(flow: dict[Any, Any]) -> dict[str, str]:
    return {s["name"]: s["run"] for s in flow["jobs"]["retrain"]["steps"] if "run" in s}


def _by_kubernetes(config: Path, command: Sequence[str]) -> list[str]:
    """What a container gets: $$ is one $, and $(NAME) would be a variable."""
    [container] = _pod(_cron_job(config, command))["containers"]
    words = [*container["command"], *container["args"]]
    assert not any("$(" in word.replace("$$", "") for word in words)
    return [word.replace("$$", "$") for word in words]


def _by_github(config: Path, command: Sequence[str]) -> list[str]:
    script = _steps(_workflow(config, command))["Retrain"]
    assert "${{" not in script
    return ["bash", "-e", "-c", script]


@pytest.mark.parametrize(("code", "status"), [(0, 0), (3, 0), (1, 1), (4, 1)])
@pytest.mark.parametrize(("runner", "folder"), [(_by_kubernetes, "/data/"), (_by_github, "")])
def test_elsewhere_the_command_runs_with_paths_moved_and_3_taken_for_0(
    runner: Any, folder: str, code: int, status: int, tmp_path: Path
) -> None:
    _program(tmp_path / "bin" / "headlines")
    config = Path("/srv") / ODD / f"{ODD}.toml"
    command = ["/srv/bin/python", "retrain", "--config", str(config), f"--log={config.parent}/l"]
    others = ["--health", "https://x.example/srv", "--feed=/other/feed", "# no comment", ODD]
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    found, _ = _run(runner(config, [*command, *others]), tmp_path, PATH=path, CODE=code)
    assert found == status
    expected = ["retrain", "--config", f"{folder}{ODD}.toml", f"--log={folder}l"]
    assert _given(tmp_path) == [*expected, *others]


def test_the_workflow_runs_alone_at_its_time_or_by_hand_and_may_only_write_contents() -> None:
    flow = _workflow()
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


def test_the_workflow_installs_from_source_since_no_index_has_the_package() -> None:
    install = _steps(_workflow())["Install"]
    requirement = Requirement(install.removeprefix("pip install ").strip("'"))
    assert (requirement.name, requirement.extras) == ("headline-topics", {"nightly", "fetch"})
    assert requirement.url == "git+https://github.com/OWNER/REPOSITORY"
    for file in ("pyproject.toml", "constraints.txt"):  # of a clone, as the comment has it
        assert (ROOT / file).is_file()
    assert "pip install -c constraints.txt '.[nightly,fetch]'" in _schedule("github")


def test_the_workflow_commits_what_a_run_wrote_and_nothing_when_it_wrote_nothing(
    tmp_path: Path,
) -> None:
    """In a real repository, with a commit of somebody else pushed while the job ran."""
    script = _steps(_workflow())["Keep the registry"]
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(folder: str, *arguments: str) -> str:
        author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        code, said = _run(["git", *author, *arguments], tmp_path / folder, **alone)
        assert code == 0, said
        return said.strip()

    def keep() -> tuple[int, str]:
        return _run(["bash", "-e", "-c", script], tmp_path / "job", **alone)

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
    assert keep()[0] == 0
    assert git("origin", "log", "--format=%s", "main") == "Retrain\ntheirs\nfirst"
    assert git("origin", "ls-tree", "-r", "--name-only", "main") == "models/champion.json"
    assert keep()[0] == 0
    assert git("origin", "rev-list", "--count", "main") == "3"


# ------------------------------------------------------------------ airflow


def _calls(config: Path = CONFIG, command: Sequence[str] = COMMAND) -> dict[str, dict[str, Any]]:
    """The keywords of every call in the program: values where they are plain, or the source."""

    def told(value: ast.expr) -> Any:
        return value.value if isinstance(value, ast.Constant) else ast.unparse(value)

    text = _schedule("airflow", config, command)
    compile(text, "dag.py", "exec")
    return {
        node.func.id: {word.arg: told(word.value) for word in node.keywords if word.arg}
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_the_dag_runs_alone_at_its_time_and_skips_a_refusal() -> None:
    """Read, not run: Airflow is too large for the tests, and a stand-in would prove nothing."""
    calls = _calls()
    assert calls["DAG"] == {
        "dag_id": "headline_topics_retrain",
        "schedule": "15 3 * * *",
        "start_date": "datetime(2025, 1, 1, tzinfo=timezone.utc)",
        "catchup": False,
        "max_active_runs": 1,
    }
    assert calls["BashOperator"] | {"bash_command": ""} == {
        "task_id": "retrain",
        "bash_command": "",
        "skip_on_exit_code": 3,
        "retries": 0,
        "execution_timeout": "timedelta(hours=6)",
    }


def test_the_dag_finds_the_operator_in_airflow_3_and_then_in_airflow_2() -> None:
    [block] = [node for node in ast.parse(_schedule("airflow")).body if isinstance(node, ast.Try)]
    found = [
        [node.module for node in part if isinstance(node, ast.ImportFrom)]
        for part in (block.body, block.handlers[0].body)
    ]
    assert found == [
        ["airflow.providers.standard.operators.bash", "airflow.sdk"],
        ["airflow", "airflow.operators.bash"],
    ]


@pytest.mark.parametrize(
    ("shell", "code"), [("/bin/sh", 0), ("bash", 0), ("bash", 1), ("/bin/sh", 3), ("bash", 4)]
)
def test_the_dags_command_has_nothing_for_jinja_and_gives_its_own_code(
    shell: str, code: int, tmp_path: Path
) -> None:
    folder = tmp_path / f"{ODD} {{% raw %}} {{# a #}} {{{{{{"
    config, command = _job(folder, "retrain.sh")
    value = _calls(config, [*command, "a.sh"])["BashOperator"]["bash_command"]
    assert not re.search(r"\{[{%#]|\.(sh|bash)$", value)
    assert _run([shell, "-c", value], tmp_path, CODE=code)[0] == code
    assert _given(folder) == [*command[1:], "a.sh"]


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
    pod = _pod(_cron_job())
    [container] = pod["containers"]
    assert container["image"] == "headlines"
    assert ["headlines", *json.loads(told["CMD"])] == container["args"]
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
    [wheel] = tmp_path.glob("headline_topics-*.whl")
    with zipfile.ZipFile(wheel) as files:
        found = {Path(name).stem for name in files.namelist() if name.endswith(".template")}
    assert found == set(SCHEDULERS)
