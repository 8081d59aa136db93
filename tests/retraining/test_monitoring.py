"""Claims about log lines, metrics and health checks of the nightly job."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from headlines.errors import MissingExtraError, OutputError
from headlines.retraining import monitoring
from headlines.retraining.monitoring import (
    METRICS,
    JsonFormatter,
    log_to,
    report_health,
    write_metrics,
)

# ------------------------------------------------------------------ log


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The package's logger, left as it was found."""
    logger = logging.getLogger("headlines")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield logger
    logger.handlers[:], logger.level, logger.propagate = before


def _record(message: str = "kept", **more: Any) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "headlines", "levelname": "INFO", "msg": message, "created": 1.5, **more}
    )


def test_a_text_log_looks_like_the_commands_own_notes(logger: logging.Logger) -> None:
    stream = io.StringIO()
    log_to(stream, format="text")
    logging.getLogger("headlines.retraining.job").info("version %s promoted", "0002")
    logger.debug("left out")
    assert stream.getvalue() == "headlines: version 0002 promoted\n"


def test_a_json_log_is_one_object_a_line(logger: logging.Logger) -> None:
    stream = io.StringIO()
    log_to(stream, format="json")
    logger.info("two\nlines of Україна")
    [line] = stream.getvalue().splitlines()
    row = json.loads(line)
    assert row.pop("time").endswith("+00:00")
    assert row == {
        "level": "INFO",
        "logger": "headlines",
        "message": "two\nlines of Україна",
    }
    assert "Україна" in line


def test_an_exception_stands_in_its_log_line(logger: logging.Logger) -> None:
    stream = io.StringIO()
    log_to(stream, format="json")
    try:
        raise OSError("disk full")
    except OSError:
        logger.exception("fault")
    assert json.loads(stream.getvalue())["exception"].endswith("OSError: disk full")


def test_a_second_log_takes_the_first_ones_place_and_leaves_others_alone(
    logger: logging.Logger,
) -> None:
    theirs = logging.NullHandler()
    logger.addHandler(theirs)
    first, second = io.StringIO(), io.StringIO()
    log_to(first, format="text")
    log_to(second, format="text")
    logger.info("once")
    assert (first.getvalue(), second.getvalue()) == ("", "headlines: once\n")
    assert theirs in logger.handlers


def test_the_time_is_utc() -> None:
    row = json.loads(JsonFormatter().format(_record()))
    assert row["time"] == "1970-01-01T00:00:01.500+00:00"


@given(st.text(st.characters(exclude_categories=())))
def test_any_message_makes_one_line_of_json_in_utf_8(message: str) -> None:
    line = JsonFormatter().format(_record(message))
    assert "\n" not in line
    assert json.loads(line.encode())["message"] == message


# ------------------------------------------------------------------ metrics

VALUES = {
    "last_run_timestamp_seconds": 1_760_000_000.0,
    "duration_seconds": 12.5,
    "exit_code": 3,
    "promoted": False,
    "holdout_labels": 207,
    "accuracy": 0.8125,
    "champion_accuracy": None,
    "feed_headlines": 118,
    "unreadable_rows": 0,
}


def _samples(path: Path) -> dict[str, float]:
    families = list(text_string_to_metric_families(path.read_text(encoding="utf-8")))
    assert all(f.type == "gauge" and f.documentation for f in families)
    return {sample.name: sample.value for f in families for sample in f.samples}


def test_metrics_are_gauges_with_exact_values_and_none_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "retrain.prom"
    write_metrics(path, VALUES)
    expected = {f"headlines_retrain_{k}": float(v) for k, v in VALUES.items() if v is not None}
    assert _samples(path) == expected


def test_every_metric_of_the_table_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "retrain.prom"
    write_metrics(path, dict.fromkeys(METRICS, 1))
    assert list(_samples(path)) == [f"headlines_retrain_{name}" for name in METRICS]


def test_equal_values_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    first, second = tmp_path / "1.prom", tmp_path / "2.prom"
    write_metrics(first, VALUES)
    write_metrics(second, dict(reversed(VALUES.items())))
    assert first.read_bytes() == second.read_bytes()


def test_an_unknown_metric_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'acuracy' is no metric; they are last_run_"):
        write_metrics(tmp_path / "x.prom", {"acuracy": 1.0})
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingExtraError, match=r"prometheus_client.*pip install '.\[nightly\]'"):
        write_metrics(tmp_path / "x.prom", VALUES)


def test_metrics_that_cannot_be_written_say_so_and_leave_the_old_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder that isn't there; then a disk that is full at the last moment."""
    with pytest.raises(OutputError, match="choose a folder that exists"):
        write_metrics(tmp_path / "none" / "x.prom", VALUES)
    path = tmp_path / "x.prom"
    write_metrics(path, VALUES)
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_metrics(path, {"exit_code": 0})
    assert [p.name for p in tmp_path.iterdir()] == ["x.prom"]
    assert path.read_bytes() == before


def test_metrics_in_a_read_only_folder_leave_the_old_file() -> None:
    """Root may write anywhere, so it is nobody for as long as the attempt takes."""
    account = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.prom"
        write_metrics(path, VALUES)
        before = path.read_bytes()
        Path(folder).chmod(0o555)
        try:
            if account == 0:
                os.seteuid(65534)
            with pytest.raises(OutputError, match="Permission denied"):
                write_metrics(path, {"exit_code": 0})
        finally:
            os.seteuid(account)
            Path(folder).chmod(0o700)
        assert path.read_bytes() == before


# ------------------------------------------------------------------ health check


class _Checks:
    """A health-check service: what it was told, and the answers it gives."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, str]] = []
        self.answers: list[int] = []
        checks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                checks.posts.append((self.path, body.decode("utf-8")))
                self.send_response(checks.answers.pop(0) if checks.answers else 200)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/ping/s3cret"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Checks]:
    monkeypatch.setattr(monitoring, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    checks = _Checks()
    thread = threading.Thread(target=checks.server.serve_forever, args=(0.01,))
    thread.start()
    yield checks
    checks.server.shutdown()
    thread.join()
    checks.server.server_close()


def test_a_good_run_is_told_to_the_address_itself(checks: _Checks) -> None:
    assert report_health(checks.address, ok=True, message="0002 promoted: Київ")
    assert checks.posts == [("/ping/s3cret", "0002 promoted: Київ")]


def test_a_failed_run_is_told_below_it_before_the_query(checks: _Checks) -> None:
    assert report_health(f"{checks.address}/?rid=1", ok=False, message="fault")
    assert checks.posts == [("/ping/s3cret/fail?rid=1", "fault")]


def test_a_long_message_is_cut_at_a_whole_character(checks: _Checks) -> None:
    assert report_health(checks.address, ok=True, message="a" + "й" * 9000)
    assert checks.posts == [("/ping/s3cret", "a" + "й" * 4999)]


def test_a_server_that_recovers_gets_the_message(checks: _Checks) -> None:
    checks.answers = [500, 503]
    assert report_health(checks.address, ok=True, message="m")
    assert len(checks.posts) == 3


def test_a_server_that_stays_broken_is_asked_three_times_and_warned_of(
    checks: _Checks, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names the machine, not the address, which is a secret."""
    checks.answers = [500] * 9
    assert not report_health(checks.address, ok=True, message="m")
    assert len(checks.posts) == 3
    [record] = caplog.records
    assert (record.name, record.levelname) == ("headlines.retraining.monitoring", "WARNING")
    assert record.getMessage().startswith("http://127.0.0.1: the health check could not be told")
    assert "500" in record.getMessage()
    assert "s3cret" not in caplog.text


def test_nothing_that_listens_is_a_warning(
    checks: _Checks, caplog: pytest.LogCaptureFixture
) -> None:
    free = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    free.server_close()
    address = f"http://127.0.0.1:{free.server_port}/"
    assert not report_health(address, ok=True, message="m", timeout=5)
    assert "refused" in caplog.text


@pytest.mark.parametrize(
    "target",
    ["http://", "https://[", "http://a:b/", "http://127.0.0.1/a b", "http://127.0.0.1/\u043a"],
)
def test_an_address_that_is_none_is_a_warning(
    target: str, checks: _Checks, caplog: pytest.LogCaptureFixture
) -> None:
    assert not report_health(target, ok=True, message="m", timeout=5)
    assert "the health check could not be told" in caplog.text


@pytest.mark.parametrize("ok", [True, False])
def test_a_file_keeps_the_last_sign_of_life(ok: bool, tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    assert report_health(str(path), ok=not ok, message="before")
    assert report_health(str(path), ok=ok, message="Київ \udce9")
    row = json.loads(path.read_text(encoding="utf-8"))
    assert row.pop("time").endswith("+00:00")
    assert row == {"ok": ok, "message": "Київ \udce9"}


@pytest.mark.parametrize(
    "target", ["{}", "{}/none/health.json", "{}/\0", "ftp://{}/x", "file://x/y"]
)
def test_a_file_that_cannot_be_written_is_a_warning(
    target: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert not report_health(target.format(tmp_path), ok=True, message="m")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
