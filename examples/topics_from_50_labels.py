"""Topics of your own, from 50 labels: train, test on what was held out, save, use.

Run it in the folder of the clone: ``python examples/topics_from_50_labels.py``. The headlines of
examples/town are written, not real.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from headlines import HeadlineLabeler, Taxonomy, read_feed
from headlines.topics.labels import read_labels

TOWN = Path(__file__).parent / "town"

taxonomy = Taxonomy.load(TOWN / "topics.toml")
labels = read_labels(TOWN / "labels.csv", taxonomy.names)
monday, tuesday = (read_feed(TOWN / f"{day}.txt") for day in ("monday", "tuesday"))

# 50 labels, spread over the topics. The other 22 stay unseen, to test on.
fifty, unseen = [], []
for place, label in enumerate(labels):
    (unseen if place % 12 > 8 or place in (8, 20, 32, 44) else fifty).append(label)

labeler = HeadlineLabeler.train(taxonomy, fifty, unlabelled=monday.headlines)
found, _ = labeler.evaluate(unseen)
print(f"learned from {len(fifty)} labels")
print(f"right on {found.accuracy:.0%} of {len(unseen)} labels that it never saw,")
print("between {:.0%} and {:.0%} at 95 % confidence".format(*found.interval))

with tempfile.TemporaryDirectory() as folder:
    labeler.save(Path(folder) / "town.joblib")  # and town.manifest.json beside it
    print("saved as", ", ".join(sorted(path.name for path in Path(folder).iterdir())))
    again = HeadlineLabeler.load(Path(folder) / "town.joblib")

for prediction in again.label(tuesday.headlines[:5]):
    print(f"{prediction.topic or '-':<10}{prediction.probability:.2f}  {prediction.headline}")
