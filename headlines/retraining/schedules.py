"""Files that make a scheduler run the nightly retraining: templates/ with their blanks filled."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

TEMPLATES = Path(__file__).parent / "templates"

EXIT_CODES = """\
# The first run is made by hand, with --first-run: a night that finds no champion ends with 1, so
# that a volume that isn't mounted is no new beginning. Of the feeds, the addresses are fetched
# where the configuration has fetch = true; files have to be put there by another job.
# Exit codes: 0 the candidate is the champion now, or nothing was to change; 3 the gate refused
# it and the champion stays, which is a good night too; 1 fault; 2 usage; 4 another run holds the
# lock; 130 interrupted."""


@dataclass(frozen=True)
class _Job:
    """What is to run, when, where and as whom."""

    config: Path
    at: str
    command: tuple[str, ...]
    user: str

    @property
    def folder(self) -> str:
        return str(self.config.parent)

    def shell(self) -> str:
        return f"cd {shlex.quote(self.folder)} && {shlex.join(self.command)}"

    def moved(self, folder: str) -> list[str]:
        """Give the command for another machine, where the configuration's folder is `folder`."""
        moved = ["headlines"]
        for argument in self.command[1:]:
            option, equals, value = ("", "", argument)
            if argument.startswith("--"):
                option, equals, value = argument.partition("=")
            if PurePosixPath(value).is_relative_to(self.folder):
                value = str(PurePosixPath(folder) / PurePosixPath(value).relative_to(self.folder))
            moved.append(f"{option}{equals}{value}")
        return moved


def schedule_of(
    scheduler: str, *, config: Path, at: str, command: Sequence[str], user: str = "headlines"
) -> str:
    """Give the text of a file that makes a scheduler run the retraining every day.

    Comments on top say how to install it and what the exit codes mean. The job runs in the folder
    of the configuration, an absolute path, at ``HH:MM``: local time for cron and systemd, UTC for
    the others. The command is the program `headlines` and its arguments; kubernetes and github
    run it elsewhere, and paths in the configuration's folder move with it. `user` is the account
    for systemd. Raises ValueError when a value can't stand in such a file.

    Examples
    --------
    >>> config = Path("/srv/news/retrain.toml")
    >>> command = ["/srv/bin/headlines", "retrain", "--config", str(config)]
    >>> print(schedule_of("cron", config=config, at="03:15", command=command).splitlines()[-1])
    15 3 * * * cd /srv/news && /srv/bin/headlines retrain --config /srv/news/retrain.toml
    >> retrain.log 2>&1 || test $? -eq 3 || ! echo "Retraining failed; see the log in $PWD"
    """
    if scheduler not in _BLANKS:
        raise ValueError(f"scheduler: {scheduler!r} is none of {', '.join(SCHEDULERS)}")
    if not config.is_absolute():
        raise ValueError(f"config: {str(config)!r} is not absolute; schedulers start elsewhere")
    for text in (str(config), *command, user):
        if not text.isprintable():
            raise ValueError(
                f"{text!r}: holds a line break or another character that doesn't print, which "
                "can't stand in a schedule; rename it"
            )
    job = _Job(config=config, at=at, command=tuple(command), user=user)
    template = (TEMPLATES / f"{scheduler}.template").read_text(encoding="utf-8")
    hour, minute = map(int, at.split(":"))
    time = f"{minute} {hour} * * *"  # as cron and those that learned from it write it
    blanks = {"exit_codes": EXIT_CODES, "folder": job.folder, "time": time}
    return template.format_map(blanks | _BLANKS[scheduler](job))


def _cron(job: _Job) -> dict[str, str]:
    line = f"{job.shell()} >> {shlex.quote(f'{job.config.stem}.log')}"
    # Crons differ in what they make of \\; a pair of quotes after each backslash keeps them apart.
    return {"command_to_log": line.replace("\\", "\\''").replace("%", "\\%")}


def _systemd(job: _Job) -> dict[str, str]:
    if set("\"'\\") & set(job.command[0]):
        raise ValueError(
            f"command: systemd runs no program with a quote or a backslash in its path, got "
            f"{job.command[0]!r}; install headlines elsewhere"
        )

    def quoted(word: str) -> str:
        return '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%"))

    return {
        "clock": f"{job.at}:00",
        "user": job.user.replace("%", "%%"),
        "folder": job.folder.replace("%", "%%").rstrip("/"),
        "quoted_folder": quoted(job.folder),
        "command": " ".join([quoted(f":{job.command[0]}"), *map(quoted, job.command[1:])]),
    }


def _kubernetes(job: _Job) -> dict[str, str]:
    # Kubernetes replaces $(NAME) in a command and takes $$ for one $.
    words = [word.replace("$", "$$") for word in job.moved("/data")]
    return {"arguments": json.dumps(words, ensure_ascii=False)}  # which is YAML, too


def _airflow(job: _Job) -> dict[str, str]:
    # Quotes inside every opening of Jinja ({{, {%, {#) keep the operator from rendering it.
    command = job.shell().replace("{", "{''")
    return {"quoted_command": json.dumps(f"({command})", ensure_ascii=False)}  # Python, too


def _github(job: _Job) -> dict[str, str]:
    # Quotes inside ${{ keep the runner from taking it for an expression.
    return {"command": shlex.join(job.moved(".")).replace("${{", "$''{{")}


_BLANKS: dict[str, Callable[[_Job], dict[str, str]]] = {
    "cron": _cron,
    "systemd": _systemd,
    "kubernetes": _kubernetes,
    "airflow": _airflow,
    "github": _github,
}

SCHEDULERS = tuple(_BLANKS)
