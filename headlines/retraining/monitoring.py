"""What the people who run the nightly job watch: its log, its metrics, its sign of life."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import TextIO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from headlines.errors import OutputError, require
from headlines.files import replacing, target_of

METRICS = {
    "last_run_timestamp_seconds": "When the last run ended, in seconds since 1970.",
    "duration_seconds": "How long the last run took.",
    "exit_code": "Exit code of the last run: 0 promoted or unchanged, 3 refused, else a fault.",
    "promoted": "1 when the last run's candidate became the champion, else 0.",
    "refused": "1 when the last run's candidate was refused, else 0.",
    "unchanged": "1 when the last run had nothing to change, else 0.",
    "holdout_labels": "Held-out gold labels that candidate and champion were scored on.",
    "accuracy": "The candidate's share of right hold-out labels.",
    "champion_accuracy": "The champion's share of right hold-out labels.",
    "churn_ratio": "Share of the feeds' headlines whose topic the candidate changes.",
    "feed_headlines": "Headlines in the feeds.",
    "unreadable_rows": "Rows of the feeds that could not be read.",
}
PAUSES_SECONDS = (1.0, 4.0)  # before the second and the third attempt
MAX_MESSAGE_BYTES = 10_000  # what health checks keep
_log = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and an exception.

    Examples
    --------
    >>> record = logging.LogRecord("headlines", logging.INFO, "", 0, "kept", None, None)
    >>> record.created = 0.0
    >>> print(JsonFormatter().format(record))
    {"time": "1970-01-01T00:00:00.000+00:00", "level": "INFO", "logger": "headlines",
     "message": "kept"}
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give a record as one line without its end."""
        row = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return _escaped(json.dumps(row, ensure_ascii=False)).decode()


def _escaped(text: str) -> bytes:
    """Encode text; half of a surrogate pair, as in odd file names, becomes its escape."""
    return text.encode("utf-8", "backslashreplace")


def log_to(stream: TextIO, *, format: str) -> None:
    """Send what the package logs to a stream, in place of where it went before.

    The format ``text`` is ``headlines: MESSAGE``, ``json`` that of `JsonFormatter`.
    """
    formatters = {"text": logging.Formatter("headlines: %(message)s"), "json": JsonFormatter()}
    handler = logging.StreamHandler(stream)
    handler.name = "headlines"
    handler.setFormatter(formatters[format])
    logger = logging.getLogger("headlines")
    for old in [old for old in logger.handlers if old.name == handler.name]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def check_metrics(path: str | Path) -> None:
    """See, before the work, that metrics can be written there.

    Raises MissingExtraError without the package that writes them, OutputError where nothing can
    be written.
    """
    require("prometheus_client", "nightly")
    target_of(path)


def write_metrics(path: str | Path, values: Mapping[str, float | None]) -> None:
    """Write the metrics of a run in Prometheus' text format.

    Each name of `METRICS` becomes a gauge ``headlines_retrain_NAME``; None is left out. For
    node_exporter's textfile collector the file's name must end in ``.prom``.
    """
    unknown = sorted(set(values) - set(METRICS))
    if unknown:
        raise ValueError(f"values: {unknown[0]!r} is no metric; they are {', '.join(METRICS)}")
    prometheus = require("prometheus_client", "nightly")
    registry = prometheus.CollectorRegistry()
    for name, help in METRICS.items():
        value = values.get(name)
        if value is not None:
            prometheus.Gauge(f"headlines_retrain_{name}", help, registry=registry).set(value)
    with replacing(path) as file:
        file.write(prometheus.generate_latest(registry))


def report_health(target: str, *, ok: bool, message: str, timeout: float = 10) -> bool:
    """Tell a health check how the run went; a fault here is a warning and never ends the run.

    An http or https address gets the message by POST, at ``/fail`` below it when the run failed,
    in three attempts of `timeout` seconds; a file gets ``ok``, ``message`` and ``time`` as JSON.
    Gives whether it went through.
    """
    place = target
    try:
        if not target.lower().startswith(("http://", "https://")):
            row = {"ok": ok, "message": message, "time": datetime.now(UTC).isoformat()}
            with replacing(target) as file:
                file.write(_escaped(json.dumps(row, ensure_ascii=False) + "\n"))
            return True
        parts = urlsplit(target)
        place = f"{parts.scheme}://{parts.hostname}"  # the rest of an address is often a secret
        if not ok:
            parts = parts._replace(path=f"{parts.path.rstrip('/')}/fail")
        body = _escaped(message)[:MAX_MESSAGE_BYTES].decode("utf-8", "ignore")
        _post(parts.geturl(), body.encode(), timeout)
    except (OSError, ValueError, HTTPException, OutputError) as error:
        _log.warning("%s: the health check could not be told (%s)", place, error)
        return False
    return True


def _post(address: str, body: bytes, timeout: float) -> None:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    for pause in (*PAUSES_SECONDS, None):
        request = Request(address, body, headers)  # noqa: S310 - only http and https come here
        try:
            urlopen(request, timeout=timeout).close()  # noqa: S310 - as above
            return
        except (OSError, HTTPException) as error:
            if isinstance(error, HTTPError):
                error.close()  # it is an open answer, too
            if pause is None:
                raise
            time.sleep(pause)
