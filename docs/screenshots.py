"""Takes docs/report.png and docs/review.png: what `headlines report` and `headlines review` show.

``python docs/screenshots.py`` runs both commands on seeds/feed.txt, opens their pages in the
system's Chromium, and writes the pictures anew; with ``report`` or ``review`` after
it, that one alone. It needs ``pip install '.[test]'``.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
FEED = "seeds/feed.txt"  # as the pages name it
SIZES = {"report": (1440, 1480), "review": (1200, 800)}
MAX_BYTES = 150_000
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}

PIXELS = """async address => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const bytes = canvas.getImageData(0, 0, image.width, image.height).data;
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768)
        text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return [image.height, image.width, btoa(text)];
}"""
"""Reads a picture: its height and width, and red, green, blue and opacity of each pixel."""


def pixels_of(browser: Browser, picture: bytes) -> NDArray[np.uint8]:
    """Read a picture, as a browser does; shape (height, width, 3)."""
    page = browser.new_page()
    address = "data:image/png;base64," + base64.b64encode(picture).decode()
    height, width, data = page.evaluate(PIXELS, address)
    page.close()
    pixels = np.frombuffer(base64.b64decode(data), dtype=np.uint8)
    return pixels.reshape(height, width, 4)[:, :, :3]


def png_of(pixels: NDArray[np.uint8], colours: int) -> bytes:
    """Write a picture as PNG in so many of its colours, 256 at most; others become the nearest.

    Text stays sharp, which it doesn't in JPEG. The colours are those that are frequent and far
    from one another, so that a small mark keeps its own.
    """
    height, width = pixels.shape[:2]
    all_of_them, number, count = np.unique(
        pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    kept = all_of_them[count.argmax()][None]
    far = ((all_of_them.astype(int) - kept) ** 2).sum(axis=1)
    nearest = np.zeros(len(far), dtype=np.uint8)
    while len(kept) < colours and far.any():
        new = all_of_them[(count * far).argmax()][None]
        to_new = ((all_of_them.astype(int) - new) ** 2).sum(axis=1)
        nearest[to_new < far] = len(kept)
        far = np.minimum(far, to_new)
        kept = np.vstack([kept, new])
    rows = nearest[number.ravel()].reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows])  # 0: no filter
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits a pixel, of a palette
    parts = [(b"IHDR", head), (b"PLTE", kept.tobytes())]
    parts += [(b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def small_png(pixels: NDArray[np.uint8]) -> bytes:
    """Write a picture in as many colours as there is room for."""
    written = (png_of(pixels, colours) for colours in (256, 128, 64, 32, 16))
    return next((png for png in written if len(png) <= MAX_BYTES), png_of(pixels, 8))


@contextmanager
def report(folder: Path) -> Iterator[str]:
    """Write the report; give its address."""
    page = folder / "report.html"
    command = [sys.executable, "-m", "headlines", "report", FEED, "-o", str(page)]
    subprocess.run(command, env=ENVIRONMENT, check=True, cwd=ROOT)  # noqa: S603 (our own command)
    yield page.as_uri()


@contextmanager
def review(folder: Path) -> Iterator[str]:
    """Serve the review desk; give its address."""
    command = [sys.executable, "-m", "headlines", "review", FEED]
    command += ["--corrections", str(folder / "corrections.csv"), "--no-open"]
    desk = subprocess.Popen(  # noqa: S603 (our own command)
        command, env=ENVIRONMENT, cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    told: list[str] = []
    for line in desk.stderr or ():
        told.append(line)
        if found := re.search(r"http://\S+", line):
            break
    else:
        raise SystemExit("".join(told))
    try:
        yield found[0]
    finally:
        desk.send_signal(signal.SIGINT)
        desk.communicate()


PAGES: dict[str, Any] = {"report": report, "review": review}


def main(names: list[str]) -> None:
    """Take the pictures of pages, by default of all."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name in names or PAGES:
            with PAGES[name](Path(folder)) as address:
                width, height = SIZES[name]
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(address)
                page.wait_for_load_state("networkidle")
                taken = page.screenshot(animations="disabled")
            place = ROOT / "docs" / f"{name}.png"
            place.write_bytes(small_png(pixels_of(browser, taken)))
            print(f"{place.relative_to(ROOT)}: {place.stat().st_size:,} bytes")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
