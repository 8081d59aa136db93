"""Draws docs/topics.svg: the topics of the demo feed, each with one of its headlines.

``python docs/picture.py`` labels seeds/feed.txt with the shipped model and writes the file anew.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH, ROW, TOP, LEFT, LONGEST, BESIDE = 860, 34, 62, 104, 170, 312
FONT = "font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\""
BAR, INK, GREY = "#2f6f9f", "#1c1e21", "#5c6370"


def draw() -> str:
    """Label the demo feed; give the drawing."""
    sys.path.insert(0, str(ROOT))
    from headlines import HeadlineLabeler, read_feed

    feed = read_feed(ROOT / "seeds" / "feed.txt")
    of_topic = defaultdict(list)
    for prediction in HeadlineLabeler.load().label(feed.headlines):
        of_topic[prediction.topic or "no topic"].append(prediction)
    rows = sorted(of_topic.items(), key=lambda row: (row[0] == "no topic", -len(row[1]), row[0]))
    most = max(len(found) for found in of_topic.values())
    height = TOP + ROW * len(rows) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" {FONT}>',
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fff"/>',
        _text(20, 28, f"{len(feed)} headlines of a copied web page, by topic", size=17, weight=600),
        _text(
            20, 48, "beside a bar, the headline of middle probability among those in it",
            fill=GREY,
        ),
    ]  # fmt: skip
    for place, (topic, found) in enumerate(rows):
        y = TOP + ROW * place
        length = round(LONGEST * len(found) / most, 1)
        middle = sorted(found, key=lambda p: p.probability)[len(found) // 2]
        title = middle.item.text
        title = title if len(title) <= 76 else title[:75].rsplit(" ", 1)[0] + " …"
        parts += [
            _text(LEFT - 10, y + 21, topic, anchor="end"),
            f'<rect x="{LEFT}" y="{y + 6}" width="{length}" height="22" rx="3" fill="{BAR}"/>',
            _text(LEFT + length + 6, y + 21, str(len(found)), weight=600),
            _text(BESIDE, y + 21, f"{middle.probability:.2f}", fill=INK, size=12.5),
            _text(BESIDE + 34, y + 21, title, fill=GREY, size=12.5),
        ]
    return "\n".join([*parts, "</svg>", ""])


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: float = 14,
    fill: str = INK,
    anchor: str = "start",
    weight: int = 400,
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )


if __name__ == "__main__":
    (ROOT / "docs" / "topics.svg").write_text(draw(), encoding="utf-8")
