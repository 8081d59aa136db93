"""The stories of the seed feed, read through: which are right, and what is missed.

``feed_stories.tsv`` has the stories of two headlines or more that one reader saw in the feed before
this was measured; every other headline is a story of its own. A story that is found is right where
all its headlines are of one true story. Beside it average linkage of the same vectors, cut at a
cosine distance of .5 (half a dozen lines of scipy). Run ``python -m benchmarks.feed_stories``; it
reads seeds/ alone. One reader and one feed: the settings were chosen on other sets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from scipy.cluster.hierarchy import fcluster, linkage

from benchmarks import common
from benchmarks.common import HERE, SEEDS
from headlines import HeadlineLabeler, read_feed
from headlines.clustering.clusterer import vectors_and_words

CUT = 0.5


def true_stories(titles: Sequence[str]) -> list[str]:
    """Give the story of each headline; one that is alone is its own."""
    told = common.records(HERE / "feed_stories.tsv")
    found = []
    for title in titles:
        of = [row["story"] for row in told if title.startswith(row["headline begins with"])]
        found.append(of[0] if of else title)
    held = sum(
        count for story, count in Counter(found).items() if story in {r["story"] for r in told}
    )
    if held != len(told):
        raise ValueError(f"{held} headlines of {len(told)} rows of feed_stories.tsv")
    return found


def judged(truth: Sequence[str], labels: Sequence[int], titles: Sequence[str]) -> dict[str, Any]:
    """Hold what was found against what was read."""
    members: dict[int, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        members[label].append(place)
    stories = [places for places in members.values() if len(places) > 1]
    put = [pair for places in stories for pair in combinations(places, 2)]
    right = sum(truth[a] == truth[b] for a, b in put)
    true = sum(n * (n - 1) // 2 for n in Counter(truth).values())
    listed = [
        {
            "headlines": [titles[place] for place in places],
            "right": len({truth[place] for place in places}) == 1,
        }
        for places in sorted(stories, key=lambda places: (-len(places), places))
    ]
    return {
        "stories": len(listed),
        "right": sum(story["right"] for story in listed),
        "pairs": len(put),
        "right_pairs": right,
        "true_pairs": true,
        "listed": listed,
    }


def main() -> None:
    options = common.arguments(__doc__, "feed_stories.json", data=False).parse_args()
    labeler = HeadlineLabeler.load()
    feed = read_feed(SEEDS / "feed.txt").headlines
    titles = [headline.text for headline in feed]
    truth = true_stories(titles)
    X, _ = vectors_and_words(feed, labeler.embedder)
    plain = fcluster(linkage(X, "average", metric="cosine"), CUT, "distance").tolist()
    content = {
        "headlines": judged(truth, [c.story for c in labeler.cluster(feed)], titles),
        "average linkage": judged(truth, plain, titles),
    }
    for name, found in content.items():
        print(name, {key: value for key, value in found.items() if key != "listed"})
    common.write(options.output, common.described("python -m benchmarks.feed_stories", content))


if __name__ == "__main__":
    main()
