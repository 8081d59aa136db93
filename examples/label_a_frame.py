"""Label a pandas frame: topics and probabilities as columns, and where the model isn't sure.

Run it in the folder of the clone: ``python examples/label_a_frame.py``. The headlines are those of
seeds/feed.txt; the last two are written, not real.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from headlines import HeadlineLabeler, read_feed

ROOT = Path(__file__).parent.parent

feed = read_feed(ROOT / "seeds" / "feed.txt")
frame = pd.DataFrame({"title": [headline.headline for headline in feed]})
written = ["Whisk Two Eggs With the Sugar", "Drone Debris Sets Oil Depot on Fire"]
frame = pd.concat([frame, pd.DataFrame({"title": written})], ignore_index=True)

labeler = HeadlineLabeler.load()
labelled = labeler.label(frame)  # a copy with two more columns

print(labelled.groupby("topic", dropna=False)["probability"].agg(["size", "mean"]).round(2))

unsure = labelled[labelled["topic"].notna() & (labelled["probability"] < 0.4)]
print(f"\n{len(unsure)} of {len(labelled)} are worth a look:")
print(unsure.sort_values("probability").head(5).to_string(index=False))

# Or let the labeler keep silent there. An error of one in five is accepted here.
careful = labeler.label(frame, target_error=0.2)
print(f"\nat a target error of 0.2 it gives a topic to {careful['topic'].notna().sum()}")
