"""Stories day after day: clusters keep their numbers and names, and what is new is told.

Run it in the folder of the clone: ``python examples/stories_day_after_day.py``. The headlines of
examples/town are written, not real.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from headlines import HeadlineLabeler, read_feed

TOWN = Path(__file__).parent / "town"

labeler = HeadlineLabeler.load()

with tempfile.TemporaryDirectory() as folder:
    yesterday: Path | None = None
    for day in ("monday", "tuesday"):
        feed = read_feed(TOWN / f"{day}.txt")
        found = labeler.cluster(feed.headlines, level="story", previous=yesterday)

        print(f"{day}: {len(feed)} headlines, {len(found.clusters)} stories")
        for cluster in found.clusters:
            print(f"  {cluster.cluster:>3}  {cluster.name} ({cluster.headlines})")
        for change in found.changes:
            if change.kind in ("born", "died"):
                print(f"       {change.kind}: {change.name}")

        # What `headlines cluster --output` writes: tomorrow's run starts from it.
        yesterday = Path(folder) / f"{day}.jsonl"
        rows = [json.dumps(row.to_row(), ensure_ascii=False) for row in found]
        yesterday.write_text("\n".join(rows) + "\n", encoding="utf-8")
