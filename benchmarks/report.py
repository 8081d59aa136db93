"""How long a report takes, how large its page is, and how quick the page is in a browser.

- The command, as a process of its own, on the demo feed (118 headlines) and on 10,000 headlines
  drawn from a pool with the model `world`: seconds, peak memory, bytes of the page. Beside it
  BERTopic as its documentation shows it (fit, `visualize_documents`, `write_html`), where it is
  installed; its page is a map alone.
- The page in Chromium: until it is loaded, a search over all headlines, drawing the map anew.
- Three ways to draw the map of the same places: our canvas, SVG made by hand, and plotly (its
  whole bundle inlined, as `write_html` does): bytes that each adds, until it is drawn, and how
  long a zoom by two takes. Each page holds the map alone, so that nothing else is timed.

Medians of several runs; the processes and pages take turns. Needs Chromium, and the extra `test`;
plotly and BERTopic are left out where they are missing.

Run ``python -m benchmarks.report --data DIR``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import common

POOL = "pool_news.tsv.xz"
N = 10_000
RUNS, DRAWS = 3, 5

BERTOPIC = """
import sys
from bertopic import BERTopic
texts = [line for line in open(sys.argv[1], encoding="utf-8").read().splitlines() if line]
model = BERTopic(embedding_model=sys.argv[3])
model.fit(texts)
model.visualize_documents(texts).write_html(sys.argv[2])
"""


# ------------------------------------------------------------------ the commands


def spent(command: list[str | Path]) -> dict[str, float]:
    """Run a command to its end; give its seconds, those of the processor, and its peak memory."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{command[:4]} failed: {status}")
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss / 1024,
    }


def feeds(folder: Path, data: Path) -> dict[str, tuple[Path, list[str]]]:
    """Write the feeds; give each one's path and the model to read it with."""
    drawn = random.Random(1).sample(common.rows(data / POOL), N)
    pool = folder / "pool.tsv"
    lines = [f"{headline}\t{date}\t{source}" for date, headline, source, *_ in drawn]
    pool.write_text("\n".join(["headline\tdate\tpublisher", *lines]), encoding="utf-8")
    return {
        "118": (common.SEEDS / "feed.txt", []),
        "10000": (pool, ["--model", "world"]),
    }


def pages(folder: Path, data: Path) -> tuple[dict[str, Any], dict[str, Path]]:
    """Time the commands on each feed; give the pages too."""
    found: dict[str, Any] = {}
    made = {}
    for name, (feed, model) in feeds(folder, data).items():
        page = folder / f"{name}.html"
        command = [sys.executable, "-m", "headlines", "report", feed, "-o", page, *model]
        runs = [spent(command) for _ in range(RUNS)]
        found[name] = {"headlines": summed(runs, page)}
        made[name] = page
        if find_spec("bertopic"):
            from headlines import read_feed
            from headlines.embedding.encoders import minilm_folder

            texts, theirs = folder / "texts.txt", folder / f"{name}.bertopic.html"
            texts.write_text("\n".join(h.text for h in read_feed(feed)), encoding="utf-8")
            peer = [sys.executable, "-c", BERTOPIC, texts, theirs, minilm_folder()]
            runs = [spent(peer) for _ in range(RUNS if name == "118" else 1)]
            found[name]["bertopic"] = summed(runs, theirs)
        print(name, found[name], flush=True)
    return found, made


def summed(runs: list[dict[str, float]], page: Path) -> dict[str, Any]:
    """Give the medians of some runs, and the bytes of the page."""
    medians = {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}
    return {**medians, "runs": len(runs), "bytes": page.stat().st_size}


# ------------------------------------------------------------------ the page in a browser


def timed(browser: Any, page: Path, scripts: dict[str, str]) -> dict[str, float]:
    """Open a page several times; give the median milliseconds to load it and of each script."""
    found: dict[str, list[float]] = {"load": []}
    for _ in range(RUNS):
        tab = browser.new_page(viewport={"width": 1200, "height": 900})
        tab.set_default_timeout(300_000)
        start = time.perf_counter()
        tab.goto(page.as_uri())
        tab.evaluate(PAINTED)
        found["load"].append(1000 * (time.perf_counter() - start))
        for name, script in scripts.items():
            tab.evaluate(script)  # once to warm up
            took = [timed_script(tab, script) for _ in range(DRAWS)]
            found.setdefault(name, []).append(statistics.median(took))
        tab.close()
    return {name: round(statistics.median(values), 1) for name, values in found.items()}


PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))"


def timed_script(tab: Any, script: str) -> float:
    """Run a script in a page until the next frame is drawn; give the milliseconds."""
    start = time.perf_counter()
    tab.evaluate(script)
    tab.evaluate(PAINTED)
    return 1000 * (time.perf_counter() - start)


OURS_IN_PAGE = {
    "search": "() => { filter.words = filter.words ? '' : 'war'; show(); }",
    "draw": "() => draw()",
}


# ------------------------------------------------------------------ three ways to draw


def places_of(page: Path) -> dict[str, Any]:
    """Read the places and topics of a page's headlines."""
    text = page.read_text(encoding="utf-8")
    told = text.partition('id="data">')[2].partition("</script>")[0]
    found: dict[str, Any] = json.loads(told)
    return found


def drawn_by_canvas(data: dict[str, Any]) -> tuple[str, str]:
    """Give a page with a canvas, drawn as the report draws it, and what zooms it."""
    script = """
const { x, y, topic } = data.headlines, pen = document.querySelector("canvas").getContext("2d");
const shape = (kind, u, v, r) => {
  if (kind) return pen.rect(u - r, v - r, 2 * r, 2 * r);
  pen.moveTo(u + r, v);
  return pen.arc(u, v, r, 0, 7);
};
let scale = 1;
function draw() {
  pen.clearRect(0, 0, 1200, 800);
  for (let t = -1; t < data.topics.length; t++) {
    pen.fillStyle = `hsl(${t * 47} 60% 45%)`;
    pen.beginPath();
    for (let i = 0; i < x.length; i++)
      if (topic[i] === t) shape(t % 2, x[i] * 1200 * scale, y[i] * 1200 * scale, 3);
    pen.fill();
  }
}
draw();"""
    body = f'<canvas width="1200" height="800"></canvas><script>const data = {json.dumps(data)};'
    return f"{body}{script}</script>", "() => { scale = scale === 1 ? 2 : 1; draw(); }"


def drawn_by_svg(data: dict[str, Any]) -> tuple[str, str]:
    """Give a page with a circle for each headline, and what zooms it."""
    rows = data["headlines"]
    dots = "".join(
        f'<circle cx="{1200 * x:.1f}" cy="{1200 * y:.1f}" r="3" fill="hsl({47 * t} 60% 45%)"/>'
        for x, y, t in zip(rows["x"], rows["y"], rows["topic"], strict=True)
    )
    body = f'<svg width="1200" height="800" viewBox="0 0 1200 800">{dots}</svg>'
    zoom = """() => { const svg = document.querySelector("svg"), whole = "0 0 1200 800";
svg.setAttribute("viewBox", svg.getAttribute("viewBox") === whole ? "0 0 600 400" : whole); }"""
    return body, zoom


def drawn_by_plotly(data: dict[str, Any]) -> tuple[str, str]:
    """Give a page of plotly with its bundle inlined, and what zooms it."""
    import plotly.graph_objects as go

    rows = data["headlines"]
    figure = go.Figure()
    for topic, name in enumerate(data["topics"]):
        some = [i for i, t in enumerate(rows["topic"]) if t == topic]
        x, y = [rows["x"][i] for i in some], [rows["y"][i] for i in some]
        figure.add_scatter(x=x, y=y, mode="markers", name=name)
    figure.update_layout(width=1200, height=800)
    body = figure.to_html(full_html=False, include_plotlyjs=True, div_id="map")
    zoom = """() => { window.wide = !window.wide; return Plotly.relayout("map",
{"xaxis.range": window.wide ? [0, 0.5] : [0, 1], "yaxis.range": window.wide ? [0, 0.35] : [0, 0.7]})
.then(() => 0); }"""
    return body, zoom


DRAWN: dict[str, Callable[[dict[str, Any]], tuple[str, str]]] = {
    "canvas": drawn_by_canvas, "svg": drawn_by_svg, "plotly": drawn_by_plotly,
}  # fmt: skip


def drawing(browser: Any, folder: Path, made: dict[str, Path]) -> dict[str, Any]:
    """Draw the maps of the pages in three ways."""
    found: dict[str, Any] = {}
    for name, page in made.items():
        data = places_of(page)
        found[name] = {}
        for way, draw in DRAWN.items():
            if way == "plotly" and not find_spec("plotly"):
                continue
            body, zoom = draw(data)
            path = folder / f"{way}.html"
            text = f'<!doctype html><html lang="en"><meta charset="utf-8"><body>{body}'
            path.write_text(text, encoding="utf-8")
            took = timed(browser, path, {"zoom": zoom})
            found[name][way] = {"bytes": path.stat().st_size, **took}
            print(name, way, found[name][way], flush=True)
    return found


def main() -> None:
    """Measure, and write what was found."""
    options = common.arguments(__doc__, "report.json").parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None or not common.there(options.data, POOL):
        raise SystemExit("skipped: needs Chromium and the data set")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        found, made = pages(folder, options.data)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
            for name, page in made.items():
                found[name]["page"] = timed(browser, page, OURS_IN_PAGE)
                print(name, found[name]["page"], flush=True)
            ways = drawing(browser, folder, made)
            version = browser.version
            browser.close()
    told = {"chromium": version, "pages": found, "drawing": ways}
    common.write(options.output, common.described("python -m benchmarks.report", told))


if __name__ == "__main__":
    main()
