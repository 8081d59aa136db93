"""Claims of the built pages: no warning, and every public name among them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import headlines


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(ROOT / "docs"), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "HeadlineLabeler" in (tmp_path / "html" / "reference" / "python.html").read_text()


def test_every_public_name_has_a_page() -> None:
    listed = (ROOT / "docs" / "reference" / "python.rst").read_text(encoding="utf-8").split()
    assert set(headlines.__all__) - {"__version__"} <= set(listed)
