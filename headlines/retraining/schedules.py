"""Files that make a scheduler run the nightly retraining."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

__all__ = ["SCHEDULERS", "schedule_of", "systemd_units"]

SCHEDULERS = ("cron", "systemd", "kubernetes", "airflow", "github")

NAME = "headline-topics-retrain"
CODES = """\
# Exit codes: 0 the candidate is the new champion; 3 the gate refused it and the champion stays,
# which is a good night too; 1 fault; 2 usage; 4 another run holds the lock; 130 interrupted."""


@dataclass(frozen=True)
class _Job:
    """What is to run, when and where."""

    config: Path
    hour: int
    minute: int
    command: tuple[str, ...]

    @property
    def cron(self) -> str:
        """The time as cron's five fields."""
        return f"{self.minute} {self.hour} * * *"

    def moved(self, folder: str) -> list[str]:
        """The command on another machine, where the configuration's folder is `folder`."""
        here, moved = PurePosixPath(self.config.parent), ["headlines"]
        for argument in self.command[1:]:
            option, equals, value = ("", "", argument)
            if argument.startswith("--"):
                option, equals, value = argument.partition("=")
            if PurePosixPath(value).is_relative_to(here):
                value = str(PurePosixPath(folder) / PurePosixPath(value).relative_to(here))
            moved.append(f"{option}{equals}{value}")
        return moved


def schedule_of(
    scheduler: str,
    *,
    config: Path,
    at: str,
    command: Sequence[str],
    image: str = "headlines",
    user: str = "headlines",
) -> str:
    """Give the text of a file that makes a scheduler run the retraining every day.

    Parameters
    ----------
    scheduler : {"cron", "systemd", "kubernetes", "airflow", "github"}
    config : Path
        The configuration, an absolute path. The job runs in its folder.
    at : str
        ``HH:MM`` of 24 hours: local time for cron and systemd, UTC for the others.
    command : sequence of str
        The program `headlines` and its arguments. kubernetes and github run it elsewhere: the
        program is then ``headlines`` and paths in the configuration's folder move with it.
    image : str
        Container image for kubernetes.
    user : str
        Account for systemd.

    Returns
    -------
    str
        Comments on top say how to install it and what the exit codes mean.

    Raises
    ------
    ValueError
        When a value isn't what it should be, or can't stand in such a file.

    Examples
    --------
    >>> config = Path("/srv/news/retrain.toml")
    >>> command = ["/srv/bin/headlines", "retrain", "--config", str(config)]
    >>> print(schedule_of("cron", config=config, at="03:15", command=command).splitlines()[-1])
    15 3 * * * cd /srv/news && /srv/bin/headlines retrain --config /srv/news/retrain.toml
    >> retrain.log 2>&1 || test $? -eq 3 || ! echo "Retraining failed; see the log in $PWD"
    """
    job = _job(config, at, [*command], image, user)
    if scheduler == "cron":
        return _cron(job)
    if scheduler == "systemd":
        return _systemd(systemd_units(config=config, at=at, command=command, user=user))
    if scheduler == "kubernetes":
        return _kubernetes(job, image)
    if scheduler == "airflow":
        return _airflow(job)
    if scheduler == "github":
        return _github(job)
    raise ValueError(f"scheduler: {scheduler!r} is none of {', '.join(SCHEDULERS)}")


def systemd_units(
    *, config: Path, at: str, command: Sequence[str], user: str = "headlines"
) -> dict[str, str]:
    """Give the service and its timer by the names of their files.

    Parameters are those of `schedule_of`.

    Returns
    -------
    dict of str to str

    Raises
    ------
    ValueError
        As `schedule_of`, and when the program's path holds what systemd refuses there.
    """
    job = _job(config, at, [*command], user)
    if set("\"'\\") & set(job.command[0]):
        raise ValueError(
            f"command: systemd runs no program with a quote or a backslash in its path, got "
            f"{job.command[0]!r}; install headlines elsewhere"
        )
    program, *arguments = (part.replace("%", "%%") for part in job.command)
    folder = str(job.config.parent).replace("%", "%%")
    service = f"""\
# {NAME}.service
[Unit]
Description=Nightly retraining of the headline topics
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user.replace("%", "%%")}
# A path that ends in a slash can end in a blank or a backslash too.
WorkingDirectory={folder.rstrip("/")}/
# The colon leaves every $ as it is.
ExecStart={_systemd_words([f":{program}", *arguments])}
SuccessExitStatus=3
TimeoutStartSec=6h
NoNewPrivileges=true
PrivateTmp=true
PrivateDevices=true
ProtectSystem=strict
ProtectControlGroups=true
ProtectKernelTunables=true
RestrictSUIDSGID=true
# All else is read-only; a registry outside of this folder needs a line of its own.
ReadWritePaths={_systemd_words([folder])}
"""
    timer = f"""\
# {NAME}.timer
[Unit]
Description=Every night: the retraining of the headline topics

[Timer]
OnCalendar=*-*-* {job.hour:02}:{job.minute:02}:00
# A night that the machine slept through is made up for.
Persistent=true

[Install]
WantedBy=timers.target
"""
    return {f"{NAME}.service": service, f"{NAME}.timer": timer}


def _job(config: Path, at: str, command: list[str], *names: str) -> _Job:
    time = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", at)
    if time is None:
        raise ValueError(f"at: {at!r} is no time of day; give HH:MM from 00:00 to 23:59")
    if not config.is_absolute():
        raise ValueError(f"config: {str(config)!r} is not absolute; schedulers start elsewhere")
    if not command:
        raise ValueError("command: is empty; give the program and its arguments")
    for text in (str(config), *command, *names):
        if not text.isprintable():
            raise ValueError(
                f"{text!r}: holds a line break or another character that doesn't print, which "
                "can't stand in a schedule; rename it"
            )
    return _Job(config, int(time[1]), int(time[2]), tuple(command))


def _shell(job: _Job) -> str:
    return f"cd {shlex.quote(str(job.config.parent))} && {shlex.join(job.command)}"


def _cron(job: _Job) -> str:
    # Crons differ in what they make of \\; a pair of quotes after each backslash keeps them apart.
    log = shlex.quote(f"{job.config.stem}.log")
    line = f"{_shell(job)} >> {log}".replace("\\", "\\''").replace("%", "\\%")
    return f"""\
# The nightly retraining of the headline topics, for cron (local time).
# Install: add these lines by crontab -e. Output goes to a log beside the configuration; what cron
# mails is only that a run failed, where 3 is no failure. Runs that overlap end with 4.
{CODES}
SHELL=/bin/sh
{job.cron} {line} 2>&1 || test $? -eq 3 || ! echo "Retraining failed; see the log in $PWD"
"""


def _systemd_words(words: Sequence[str]) -> str:
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return " ".join(f'"{word}"' for word in quoted)


def _systemd(units: dict[str, str]) -> str:
    return f"""\
# The nightly retraining of the headline topics: a systemd service and its timer (local time).
# Install: save this text as retrain.units, see that User= may write to the folder, and as root:
#   awk '/^# {NAME}[.]/ {{f = "/etc/systemd/system/" $2}} f {{print > f}}' retrain.units
#   systemctl daemon-reload && systemctl enable --now {NAME}.timer
# A timer starts no second run beside one that is still going.
# The log: journalctl -u {NAME}
{CODES}

{chr(10).join(units.values())}"""


def _kubernetes(job: _Job, image: str) -> str:
    # Kubernetes replaces $(NAME) in a command and takes $$ for one $.
    words = [word.replace("$", "$$") for word in job.moved("/data")]
    script = '"$@" || test $? -eq 3'
    return f"""\
# The nightly retraining of the headline topics: a CronJob (UTC) and the volume it works on.
# Install: kubectl apply -f retrain.yaml, then copy to the volume what is in the folder
# {job.config.parent}
# (configuration, labels, feeds, registry); it is /data in the container.
{CODES}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {NAME}
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 5Gi
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {NAME}
spec:
  schedule: "{job.cron}"
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 0
      activeDeadlineSeconds: 21600
      template:
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 10001
            runAsGroup: 10001
            fsGroup: 10001
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: retrain
              image: {_double_quoted(image)}
              # A podFailurePolicy can't make a success of 3, so the shell does.
              command: {_double_quoted(["/bin/sh", "-c", script, "sh"])}
              args: {_double_quoted(words)}
              workingDir: /data
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
              resources:
                requests:
                  cpu: "1"
                  memory: 2Gi
              volumeMounts:
                - name: data
                  mountPath: /data
                - name: tmp
                  mountPath: /tmp
          volumes:
            - name: data
              persistentVolumeClaim:
                claimName: {NAME}
            - name: tmp
              emptyDir: {{}}
"""


def _airflow(job: _Job) -> str:
    # Quotes inside every opening of Jinja ({{, {%, {#) keep the operator from rendering it.
    command = _shell(job).replace("{", "{''")
    return f"""\
# The nightly retraining of the headline topics, for Airflow 2.9 and later (UTC).
# Install: save this text as {NAME.replace("-", "_")}.py in the folder of DAGs; workers need the
# program and the folder that bash_command names.
{CODES}
from datetime import datetime, timedelta, timezone

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG
    from airflow.operators.bash import BashOperator

with DAG(
    dag_id="{NAME.replace("-", "_")}",
    schedule="{job.cron}",
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
):
    BashOperator(
        task_id="retrain",
        # In brackets, since a command that ends in .sh would be read as a template's name.
        bash_command={_double_quoted(f"({command})")},
        # A refused candidate shows as skipped: neither retried nor an alarm.
        skip_on_exit_code=3,
        retries=0,
        execution_timeout=timedelta(hours=6),
    )
"""


def _github(job: _Job) -> str:
    # Quotes inside ${{ keep the runner from taking it for an expression.
    command = shlex.join(job.moved(".")).replace("${{", "$''{{")
    return f"""\
# The nightly retraining of the headline topics, for GitHub Actions (UTC).
# Install: save this text as .github/workflows/retrain.yml in a repository whose top folder is
# {job.config.parent}
# What a run writes, versions of the model among it, is committed: the repository grows by each
# version, but the champion and its history last. A cache would not grow, but is dropped after a
# week without use, and with it the champion that a candidate must match.
{CODES}
name: {NAME}
on:
  schedule:
    - cron: "{job.cron}"
  workflow_dispatch:
permissions:
  contents: write
concurrency:
  group: {NAME}
  cancel-in-progress: false
jobs:
  retrain:
    runs-on: ubuntu-latest
    timeout-minutes: 350
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-python@v6
        with:
          python-version: "3.12"
      - name: Install
        run: pip install 'headline-topics[nightly]'
      - name: Retrain
        # A runner knows no code for "fine, but nothing new", so 3 becomes 0 here.
        run: |
          {command} || test $? -eq 3
      - name: Keep the registry
        run: |
          git config user.name "github-actions[bot]"
          git config user.email "github-actions[bot]@users.noreply.github.com"
          git add --all -- ':!*.lock'
          git diff --cached --quiet || git commit --quiet --message "Retrain"
          git pull --quiet --rebase
          git push --quiet
"""


def _double_quoted(value: str | list[str]) -> str:
    """A string, or a list of them, as YAML and Python both read it."""
    return json.dumps(value, ensure_ascii=False)
