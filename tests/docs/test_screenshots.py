"""Claims of the pictures of pages: small, and what the browser showed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "docs"))
import screenshots

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.slow
def test_a_picture_of_few_colours_is_kept_as_it_is(chromium: Browser) -> None:
    pixels = np.random.default_rng(0).integers(0, 6, (30, 40, 3)).astype(np.uint8) * 50
    written = screenshots.png_of(pixels, 256)
    assert (screenshots.pixels_of(chromium, written) == pixels).all()


@pytest.mark.slow
def test_rare_colours_become_the_nearest_frequent_one(chromium: Browser) -> None:
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:4] = 255
    pixels[9, 9] = 250, 240, 250
    found = screenshots.pixels_of(chromium, screenshots.png_of(pixels, 2))
    assert found[9, 9].tolist() == [255, 255, 255]
    assert (found[:9] == pixels[:9]).all()


def test_a_picture_of_noise_is_held_to_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (100, 100, 3)).astype(np.uint8)
    monkeypatch.setattr(screenshots, "MAX_BYTES", 8_000)
    assert len(screenshots.small_png(pixels)) <= 8_000
