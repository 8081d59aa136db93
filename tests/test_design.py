"""Claims about the package itself: its names, its imports, and what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, write
from packaging.requirements import Requirement

import headlines


def test_the_public_names_are_pinned() -> None:
    assert headlines.__all__ == [
        "Evaluation", "Feed", "FeedReport", "Headline", "HeadlineClusterer", "HeadlineLabeler",
        "HeadlinesError", "ModelRegistry", "Prediction", "StaticEmbedder", "Taxonomy", "Topic",
        "TopicClassifier", "TransformerEmbedder", "evaluate", "read_feed", "retrain",
    ]  # fmt: skip
    assert all(getattr(headlines, name).__doc__ for name in headlines.__all__)
    assert dir(headlines) == sorted(headlines.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = headlines.nothing


def _loaded(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_a_cold_import_loads_nothing_heavy() -> None:
    assert not _loaded("import headlines") & {"numpy", "sklearn", "torch", "pydantic"}


def test_a_cold_label_loads_neither_scikit_learn_nor_scipy_nor_torch() -> None:
    program = f"from headlines.cli.main import main; main(['label', {str(SEEDS / 'feed.txt')!r}])"
    heavy = {"sklearn", "scipy", "joblib", "torch", "sentence_transformers", "sknetwork"}
    heavy |= {"pandas", "pyarrow", "pydantic", "filelock", "tqdm", "narwhals"}
    assert not _loaded(program) & heavy


def _core(name: str, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """A distribution and all that it requires without extras."""
    here = distribution(name)
    for text in here.requires or ():
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if requirement.name.lower() not in found:
            found[requirement.name.lower()] = distribution(requirement.name)
            _core(requirement.name, found)
    return found


def test_the_wheel_labels_and_clusters_with_the_core_alone(tmp_path: Path) -> None:
    """In a fresh environment with the core's packages only, in an empty folder, without torch."""
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(tmp_path), str(ROOT)], check=True, cwd=tmp_path)
    [wheel] = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    [site] = (tmp_path / "env").glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    core = _core("headline-topics", {})
    core.pop("headline-topics", None)
    homes = packages_distributions()
    for name, found in core.items():
        tops = {file.parts[0] for file in found.files or () if not file.parts[0].startswith("..")}
        assert tops or name in homes
        for top in tops - {"__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(found.locate_file(top))))
    python = tmp_path / "env" / "bin" / "python"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    empty = tmp_path / "empty"
    empty.mkdir()
    feed = write(tmp_path / "feed.txt", (SEEDS / "feed.txt").read_bytes())

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [python, *arguments], capture_output=True, cwd=empty, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    missing = "import importlib.util as u; print([u.find_spec(n) for n in ('torch', 'pandas')])"
    assert command("-c", missing).strip() == "[None, None]"
    label = "from headlines.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
    for verb in ("label", "cluster"):
        out = command("-c", label, verb, str(feed), "--format", "jsonl")
        assert out.count("\n") == 118
    assert "whole" in command("-c", label, "models", "verify")
    train = command("-c", label, "train", "--output", str(tmp_path / "m.joblib"))
    assert "examples" in train


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from headlines.cli.rows import write_rows
    from headlines.embedding.encoders import TransformerEmbedder
    from headlines.errors import EmbedderError, OutputError

    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EmbedderError, match=r"pip install 'headline-topics\[transformers\]'"):
        TransformerEmbedder("minilm").fit([])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OutputError, match=r"pip install 'headline-topics\[parquet\]'"):
        write_rows([], str(tmp_path / "x.parquet"), "parquet")
