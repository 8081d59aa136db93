"""What the programs share: arguments, data sets, machine and versions, JSON, pictures."""

from __future__ import annotations

import argparse
import contextlib
import json
import lzma
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from headlines.files import replacing
from headlines.persistence.modelfile import versions

HERE = Path(__file__).parent
ROOT = HERE.parent
SEEDS = ROOT / "seeds"
DATA = ROOT.parent / "shared" / "data"
OURS, OTHER, GREY = "#e67e22", "#2980b9", "#7f8c8d"
"""Colours of a picture; grey stands out on white and on black, as the background is left open."""

_RSS = "rumca-js/RSS-Link-Database-2022 and -2023"
ORIGINS = {  # of the data sets, none of which is committed
    "agnews8000.tsv.xz": "rashadulrakib/short-text-clustering-enhancement",
    "agnews_test.tsv.xz": "mhjabreel/CharCnn_Keras",
    "allsides_stories.tsv.xz": "HLTCHKUST/framing-bias-metric",
    "googlenews_t.tsv.xz": "jackyin12/GSDMM",
    "googlenews_ts.tsv.xz": "jackyin12/GSDMM",
    "bbc_titles.tsv.xz": "the BBC news set of Greene and Cunningham",
    "guardian_sections.tsv.xz": _RSS,
    "huffpost41.tsv.xz": "ws-jiang/MetaPrompter_public",
    "masakhanews_eng.tsv.xz": "masakhane-io/masakhane-news",
    "msr_paraphrase.tsv.xz": "the Microsoft Research paraphrase corpus",
    "pool_news.tsv.xz": _RSS,
    "pool_russia_ukraine.tsv.xz": f"{_RSS}, the headlines that name Russia, Ukraine and the like",
    "pool_tech.tsv.xz": _RSS,
    "russia_dev.tsv": "rumca-js/RSS-Link-Database-2023, labelled for this project by two readers",
    "searchsnippets.tsv.xz": "jacoxu/STC2",
    "stackoverflow.tsv.xz": "jacoxu/STC2",
    "sts_headlines.tsv.xz": "the headlines of SemEval STS 2013 to 2016",
    "wiki_events_to_2017.tsv.xz": "ianrastall/current-events-context",
}


def arguments(doc: str | None, output: str | Path, *, data: bool = True) -> argparse.ArgumentParser:
    """Start a program's arguments: its description, where data sets lie, where JSON goes."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if data:
        parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    parser.add_argument("--output", type=Path, default=HERE / output, help="the JSON")
    return parser


def there(folder: Path, *names: str) -> bool:
    """Tell whether all of some data sets are in a folder, and say which aren't."""
    missing = [name for name in names if not (folder / name).is_file()]
    for name in missing:
        print(
            f"skipped: {folder / name} is missing; name its folder with --data "
            f"(it is made of {ORIGINS[name]})"
        )
    return not missing


def rows(path: Path) -> list[list[str]]:
    """Read the cells of a data set without its head."""
    opened = lzma.open if path.suffix == ".xz" else open
    with opened(path, "rt", encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\n").split("\t") for line in file][1:]


def records(path: Path) -> list[dict[str, str]]:
    """Read a small data set whose columns have names, as dictionaries."""
    head, *cells = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in cells]


def described(
    command: str, found: Mapping[str, Any], measured_with: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Put command, machine and versions before what a program found."""
    return {
        "command": command,
        "machine": f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores",
        "versions": dict(measured_with or versions()),
        **found,
    }


def known(path: Path) -> dict[str, Any]:
    """Read what an earlier run left, so that a run of one part keeps the others."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    with replacing(path) as file:
        file.write(json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")


@contextlib.contextmanager
def picture(path: Path, width: float, height: float, columns: int = 1) -> Iterator[Any]:
    """Give axes to draw on; the same figures make the same file.

    One pair of axes, or a list where there are several columns.
    """
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "headlines"
    from matplotlib import pyplot

    figure, made = pyplot.subplots(1, columns, figsize=(width, height), squeeze=False)
    drawn = list(made[0])
    yield drawn if columns > 1 else drawn[0]
    for axes in drawn:
        axes.tick_params(which="both", colors=GREY)
        axes.xaxis.label.set_color(GREY)
        axes.yaxis.label.set_color(GREY)
        axes.grid(alpha=0.3, color=GREY)
        for side, line in axes.spines.items():
            line.set_visible(side in ("left", "bottom"))
            line.set_color(GREY)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None}, transparent=True)
    pyplot.close(figure)
