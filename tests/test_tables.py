"""Claims of the Markdown files: what stands in their tables is what the programs found."""

from __future__ import annotations

import re
import subprocess
import sys

from conftest import ROOT

FILES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")]
FILES += (ROOT / "docs").rglob("*.md")
GENERATED = re.compile(r"<!-- \[\[\[cog.*?\[\[\[end\]\]\] -->", re.DOTALL)


def test_they_are_what_make_tables_writes() -> None:
    command = [sys.executable, "-m", "cogapp", "--check", "-U", "-P", "-I", "."]
    done = subprocess.run(
        [*command, "--diff", *(str(path.relative_to(ROOT)) for path in FILES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"run `make tables`\n{done.stdout}{done.stderr}"


def test_no_result_of_a_benchmark_is_typed_by_hand() -> None:
    typed = GENERATED.sub("", (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8"))
    found = re.findall(r"(?<![\w\d])\.\d{3}\b|\b\d[\d,.]* (?:s|MB)\b|\b\d[\d.]*x\b", typed)
    assert not found
