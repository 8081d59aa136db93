"""What cog writes into pages: rows of the demo feed, the command line's help, the configuration."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parent.parent
os.environ["COLUMNS"] = "100"  # as wide as this are help and tables


def cli() -> str:
    """The help of every command, a section each."""
    return "\n".join(_help([]))


def _help(command: list[str]) -> Iterator[str]:
    from headlines.cli.main import main

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main([*command, "--help"])
    text = said.getvalue().rstrip()
    title = f"{'#' * (2 + len(command))} {' '.join(['headlines', *command])}"
    yield f"{title}\n\n```text\n{text}\n```\n"
    listed = re.search(
        r"^  (?:COMMAND|VERB|ACTION)\n((?: {4}.*\n)+)", text + "\n", flags=re.MULTILINE
    )
    for name in re.findall(r"^ {4}(\w+)", listed[1], flags=re.MULTILINE) if listed else ():
        yield from _help([*command, name])


def label_rows(n: int) -> str:
    """What `headlines label seeds/feed.txt` shows on a terminal: its first rows and its note."""
    from headlines.cli.main import main

    rows, notes = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(rows), contextlib.redirect_stderr(notes):
        main(["label", "seeds/feed.txt", "--format", "table"])
    shown = [*rows.getvalue().splitlines()[: n + 1], "...", notes.getvalue().rstrip()]
    typed = ["```console", "$ headlines label seeds/feed.txt"]
    return "\n".join([*typed, *(line.rstrip() for line in shown), "```"])


def part(path: str, start: str, n: int, language: str = "text") -> str:
    """Some lines of a file, from the first that starts so."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(start))
    return "\n".join([f"```{language}", *lines[first : first + n], "```"])


def wings() -> str:
    """What each wing is for, in the order of imports, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [wings] = [c for c in contracts["contracts"] if c["containers"] == ["headlines"]]
    rows = ["| in headlines/ | what it is for |", "|---|---|"]
    for level in wings["layers"]:
        for name in level.split(" | "):
            place = ROOT / "headlines" / name
            path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            meaning = " ".join(said.partition("\n\n")[0].split())
            shown = f"{name}/" if place.is_dir() else f"{name}.py"
            rows.append(f"| `{shown}` | {meaning} |")
    return "\n".join(rows)


def configuration() -> str:
    """Every key of retrain.toml with its kind, its default and what it says, a table each."""
    from headlines.retraining.config import RetrainConfig

    parts = []
    for title, model in _tables("", RetrainConfig):
        parts += [f"## {title}\n", "| key | kind | default | |", "|---|---|---|---|"]
        for name, field in model.model_fields.items():
            if not _is_table(field.annotation):
                default = "required" if field.is_required() else f"`{_toml(field)}`"
                kind = _kind(field).replace("|", r"\|")
                parts.append(f"| `{name}` | {kind} | {default} | {field.description} |")
        parts.append("")
    return "\n".join(parts)


def gate_checks() -> str:
    """What the gate looks at, with the limits that hold where a configuration sets none."""
    from headlines.retraining.config import DataLimits, GateLimits
    from headlines.retraining.gate import MAX_CALIBRATION_LOSS

    gate, data = GateLimits(), DataLimits()
    rows = {
        "unless it is shown to be not worse than the champion on the labels that both answered": (
            f"a loss of {gate.margin:g} passes, shown at {gate.confidence:.0%}"
        ),
        "where it is worse on the labels that the champion knew": f"the same {gate.margin:g}",
        "where one topic's F1 falls, as estimated, or its recall is below the floor that you set": (
            f"a loss of {gate.topic_margin:g} passes"
        ),
        "where its probabilities are off by more than chance explains": f"{gate.calibration:g}, "
        f"or the champion's error and {MAX_CALIBRATION_LOSS:g}",
        "where too many headlines of the feed change their topic, and it gains no more than the "
        "margin": f"{gate.churn:.0%}",
        "where too many labels change in one run, of all or held out": f"{data.relabelled:.0%}",
        "where too many labels are gone from their files": f"{data.withdrawn:.0%}",
        "where the feed is too small, too old, a topic vanished from it, or it drifted too far": (
            f"{data.headlines} headlines, {data.age_days} days"
        ),
    }
    head = "| the candidate is refused | by default |\n|---|---|\n"
    return head + "\n".join(f"| {check} | {limit} |" for check, limit in rows.items())


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _tables(name: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield (f"`[{name}]`" if name else "At the top"), model
    for key, field in model.model_fields.items():
        if _is_table(field.annotation):
            yield from _tables(key, field.annotation)


def _toml(field: Any) -> str:
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return repr(default).replace("'", '"')


def _kind(field: Any) -> str:
    """The kind of a value, and the bounds that a number has."""
    bounds = field.metadata + [
        m for m in getattr(field.annotation, "__metadata__", ()) if not isinstance(m, str)
    ]
    words = {"Path": "path", "str": "string", "int": "whole number", "float": "number"}
    words |= {"bool": "true or false"}
    text = str(getattr(field.annotation, "__name__", field.annotation))
    if "Literal" in str(field.annotation):
        text = " or ".join(f"`{value!r}`".replace("'", '"') for value in field.annotation.__args__)
    elif "list" in str(field.annotation):
        text = "list of paths, addresses" if "str" in str(field.annotation) else "list of paths"
    elif "dict" in str(field.annotation):
        text = "table of numbers"
    elif "Path" in str(field.annotation):
        text = "path"
    text = words.get(text, text)
    limits = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    for bound in bounds:
        for part in getattr(bound, "metadata", [bound]):
            for key, word in limits.items():
                if getattr(part, key, None) is not None:
                    text += f", {word} {getattr(part, key)}"
    return text
