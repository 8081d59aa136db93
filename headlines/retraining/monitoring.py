"""What the people who run the nightly job watch: its log, its metrics, its sign of life."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from headlines.errors import OutputError
from headlines.files import replacing

__all__ = ["METRICS", "JsonFormatter", "log_to", "report_health", "write_metrics"]

METRICS = {
    "last_run_timestamp_seconds": "When the last run ended, in seconds since 1970.",
    "duration_seconds": "How long the last run took.",
    "exit_code": "Exit code of the last run: 0 promoted, 3 refused, others are faults.",
    "promoted": "1 when the last run's candidate became the champion, else 0.",
    "holdout_labels": "Held-out gold labels that candidate and champion were scored on.",
    "accuracy": "The candidate's share of right hold-out labels.",
    "champion_accuracy": "The champion's share of right hold-out labels.",
    "churn_ratio": "Share of the feeds' headlines whose topic the candidate changes.",
    "feed_headlines": "Headlines in the feeds.",
    "unreadable_rows": "Rows of the feeds that could not be read.",
}
BACKOFF_SECONDS = (1.0, 4.0)  # before the second and the third attempt
LONGEST_MESSAGE = 10_000  # bytes; what health checks keep

_log = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and fields.

    ``extra={"fields": {...}}`` of a log call adds keys; those of every line keep their values.
    What JSON has no form for is written as text.

    Examples
    --------
    >>> record = logging.LogRecord("headlines", logging.INFO, "", 0, "kept", None, None)
    >>> record.created, record.fields = 0.0, {"accuracy": 0.75}
    >>> print(JsonFormatter().format(record))
    {"time": "1970-01-01T00:00:00.000+00:00", "level": "INFO", "logger": "headlines",
     "message": "kept", "accuracy": 0.75}
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give a record as one line without its end."""
        row: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        for key, value in getattr(record, "fields", {}).items():
            row.setdefault(str(key), value)
        line = ", ".join(f"{_json(key)}: {_json(value)}" for key, value in row.items())
        # Half of a surrogate pair, as in odd file names, becomes the escape that JSON has for it.
        return f"{{{line}}}".encode("utf-8", "backslashreplace").decode("utf-8")


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_text)
    except (TypeError, ValueError, RecursionError):  # odd keys, NaN, a list that holds itself
        return json.dumps(_text(value), ensure_ascii=False)


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # a log line must not end the run that it tells of
        return f"<{type(value).__name__}>"


def log_to(stream: TextIO, *, format: str) -> None:
    """Send what the package logs to a stream, in place of where it went before.

    Parameters
    ----------
    stream : text file
    format : {"text", "json"}
        ``text`` is ``headlines: MESSAGE``, ``json`` that of `JsonFormatter`.

    Raises
    ------
    ValueError
        When the format is neither.
    """
    formatters = {"text": logging.Formatter("headlines: %(message)s"), "json": JsonFormatter()}
    if format not in formatters:
        raise ValueError(f"format: {format!r} is neither text nor json")
    handler = logging.StreamHandler(stream)
    handler.name = "headlines"
    handler.setFormatter(formatters[format])
    logger = logging.getLogger("headlines")
    for old in [old for old in logger.handlers if old.name == handler.name]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def write_metrics(
    path: str | Path,
    values: Mapping[str, float | None],
    *,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Write the metrics of a run in Prometheus' text format.

    Parameters
    ----------
    path : str or Path
        For node_exporter's textfile collector the name must end in ``.prom``.
    values : mapping of str to float or None
        By the names of `METRICS`; each becomes a gauge ``headlines_retrain_NAME``, None and
        what isn't there is left out.
    labels : mapping of str to str, optional
        Given to every metric.

    Raises
    ------
    ValueError
        When a name is not in `METRICS`.
    OutputError
        When prometheus_client is missing or the file can't be written; an old one stays whole.
    """
    unknown = sorted(set(values) - set(METRICS))
    if unknown:
        raise ValueError(f"values: {unknown[0]!r} is no metric; they are {', '.join(METRICS)}")
    try:
        from prometheus_client import CollectorRegistry, Gauge, generate_latest
    except ImportError:
        raise OutputError(
            f"{path}: metrics need prometheus_client; pip install 'headline-topics[nightly]'"
        ) from None
    labels = labels or {}
    registry = CollectorRegistry()
    for name, help in METRICS.items():
        value = values.get(name)
        if value is not None:
            gauge = Gauge(f"headlines_retrain_{name}", help, sorted(labels), registry=registry)
            (gauge.labels(**labels) if labels else gauge).set(value)
    with replacing(path) as file:
        file.write(generate_latest(registry))


def report_health(target: str, *, ok: bool, message: str, timeout: float = 10) -> bool:
    """Tell a health check how the run went; a fault here never ends the run.

    Parameters
    ----------
    target : str
        An http or https address, which gets the message by POST, at ``/fail`` below it when the
        run failed; or a file, which gets ``ok``, ``message`` and ``time`` as JSON.
    ok : bool
    message : str
        Sent up to 10 kB.
    timeout : float
        Seconds for each of three attempts.

    Returns
    -------
    bool
        Whether it went through; if not, the log has a warning.
    """
    from http.client import HTTPException

    place = target
    try:
        if not target.lower().startswith(("http://", "https://")):
            row = {"ok": ok, "message": message, "time": datetime.now(UTC).isoformat()}
            line = json.dumps(row, ensure_ascii=False) + "\n"
            with replacing(target) as file:
                file.write(line.encode("utf-8", "backslashreplace"))
            return True
        parts = urlsplit(target)
        place = f"{parts.scheme}://{parts.hostname}"  # the rest of an address is often a secret
        if not ok:
            parts = parts._replace(path=f"{parts.path.rstrip('/')}/fail")
        body = message.encode("utf-8", "backslashreplace")[:LONGEST_MESSAGE]
        _post(parts.geturl(), body.decode("utf-8", "ignore").encode(), timeout)
    except (OSError, ValueError, HTTPException, OutputError) as error:
        _log.warning("%s: the health check could not be told (%s)", place, error)
        return False
    return True


def _post(address: str, body: bytes, timeout: float) -> None:
    from http.client import HTTPException

    for pause in BACKOFF_SECONDS:
        with contextlib.suppress(OSError, HTTPException):
            return _post_once(address, body, timeout)
        time.sleep(pause)
    return _post_once(address, body, timeout)


def _post_once(address: str, body: bytes, timeout: float) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    headers = {"Content-Type": "text/plain; charset=utf-8"}
    request = Request(address, body, headers)  # noqa: S310 - the caller lets http and https pass
    try:
        urlopen(request, timeout=timeout).close()  # noqa: S310 - as above
    except HTTPError as error:
        error.close()  # it is an open answer, too
        raise
