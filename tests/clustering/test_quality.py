"""Claims about how good stories are: in a feed written for it, as told to a reader, by size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, SEEDS, write

from headlines import HeadlineClusterer, HeadlineLabeler
from headlines.cli.main import main
from headlines.clustering.clustered_feed import cluster_feed
from headlines.clustering.clusterer import vectors_and_words
from headlines.clustering.quality import FeedQuality, StoryQuality, _within
from headlines.clustering.whitening import Whitening
from headlines.embedding.joined import EARLIER
from headlines.embedding.static import StaticEmbedder
from headlines.feeds.intake import as_headlines

STORIES = {  # written for these tests
    "ferry": [
        "Ferry runs aground off Orkney with 140 passengers aboard",
        "Passengers taken off ferry stranded on rocks near Orkney",
        "Orkney ferry grounding: all 140 passengers safe",
        "Investigators ask why Orkney ferry ran onto rocks",
    ],
    "merger": [
        "Dutch brewer Halvink to buy Czech rival Zlatnik for 2 billion euros",
        "Halvink agrees to take over Zlatnik in brewery deal",
        "Czech regulator to review Halvink's takeover of brewer Zlatnik",
        "Zlatnik workers fear job losses after Halvink brewery takeover",
    ],
    "marathon": [
        "Kenyan Chebet wins Lisbon Marathon in course record",
        "Chebet breaks Lisbon Marathon record by 40 seconds",
        "Lisbon Marathon: Chebet runs away from the field in record time",
        "Record for Chebet as Lisbon Marathon draws 30,000 runners",
    ],
    "dam": [
        "Thousands flee as dam cracks in northern Peru",
        "Peru evacuates valley below cracked dam",
        "Engineers race to repair cracked dam in Peru",
        "Cracked dam in Peru was reported unsafe last year",
    ],
    "museum": [
        "Thieves steal Roman gold coins from Trier museum",
        "Police hunt gang after Roman coins stolen from museum in Trier",
        "Trier museum robbery: Roman gold coins worth millions gone",
        "Two arrested over theft of Roman coins from Trier museum",
    ],
}
LONERS = [  # written for these tests
    "Volcano erupts on Icelandic peninsula after weeks of tremors",
    "Central bank keeps interest rates unchanged for a third month",
    "Striker signs four-year contract with Italian champions",
    "Researchers find new species of frog in cloud forest",
    "Orchestra cancels its tour as conductor falls ill",
    "Farmers block motorway in protest against milk prices",
    "Court clears former mayor of taking bribes",
    "Chip maker unveils processor for electric cars",
    "Parliament votes to lower the voting age to sixteen",
    "Nurses end strike after accepting pay offer",
    "Wildfire smoke grounds flights across British Columbia",
    "Novelist wins prize for tale of a lighthouse keeper",
    "Satellite operator loses contact with weather probe",
    "School bans telephones from classrooms",
    "Airline orders fifty narrow-body jets",
    "Archaeologists uncover bronze age village under car park",
]
FEED = [*(text for some in STORIES.values() for text in some), *LONERS]


@pytest.fixture(scope="module")
def labeler() -> HeadlineLabeler:
    return HeadlineLabeler.load()


# ------------------------------------------------------------------ what must be found


def test_eight_unrelated_lines_are_eight_stories_that_nothing_holds_together(
    labeler: HeadlineLabeler,
) -> None:
    found = labeler.cluster(LONERS[:8], level="story")
    assert len({one.story for one in found}) == 8
    assert max(one.strength for one in found) < 1
    assert found.quality == FeedQuality(None, ())


def test_what_stands_alone_stays_alone_beside_stories(labeler: HeadlineLabeler) -> None:
    found = labeler.cluster(FEED, level="story")
    size = Counter(one.story for one in found)
    alone = [one.headline for one in found if size[one.story] == 1]
    assert set(LONERS) <= set(alone)
    of_stories = [one.story for one in found[: -len(LONERS)]]
    assert [len(set(of_stories[i : i + 4])) for i in range(0, 20, 4)] == [1] * 5


def test_predict_gives_a_feed_of_stories_and_loners_its_labels() -> None:
    embedder = StaticEmbedder()
    X, words = vectors_and_words(FEED, embedder)
    found = HeadlineClusterer(whitening=Whitening.of_news(embedder.fingerprint)).fit(X, words=words)
    assert np.array_equal(found.predict(X, words=words), found.labels_)


# ------------------------------------------------------------------ what is said of it


def test_a_story_put_together_by_hand_of_two_is_doubtful_and_one_cut_in_two_is_perhaps_one(
    tmp_path: Path, labeler: HeadlineLabeler
) -> None:
    found = labeler.cluster(FEED, level="story")
    quality = found.quality
    assert quality is not None
    assert quality.expected_precision is not None
    assert quality.expected_precision > 0.8
    assert not quality.doubtful
    number = {name: found[4 * i].story for i, name in enumerate(STORIES)}
    half = json.dumps(STORIES["museum"][2:])
    edits = write(
        tmp_path / "edits.toml",
        f"[[merge]]\nclusters = [{number['dam']}, {number['ferry']}]\n"
        f"[[split]]\ncluster = 90\nheadlines = {half}\n",
    )
    edited = labeler.cluster(FEED, level="story", edits=edits).quality
    assert edited is not None
    assert edited.expected_precision is not None
    assert edited.expected_precision < quality.expected_precision
    assert [one.story for one in edited.doubtful] == [number["dam"]]
    assert [{one.story, one.nearest} for one in edited.perhaps_one] == [{number["museum"], 90}]


def test_quality_is_of_stories_at_either_level_and_in_any_order(labeler: HeadlineLabeler) -> None:
    stories, themes = (labeler.cluster(FEED, level=level).quality for level in ("story", "theme"))
    assert stories == themes
    turned = labeler.cluster(FEED[::-1]).quality
    assert stories is not None
    assert turned is not None
    assert turned.expected_precision == stories.expected_precision
    told = [sorted((one.medoid, one.cohesion) for one in q.stories) for q in (stories, turned)]
    assert told[0] == told[1]


def test_cohesion_is_the_mean_of_what_the_labeler_says_of_each_pair(
    labeler: HeadlineLabeler,
) -> None:
    two = STORIES["ferry"][:2]
    quality = labeler.cluster(two, level="story").quality
    assert quality is not None
    [story] = quality.stories
    assert story.cohesion == pytest.approx(labeler.same_story(*two), abs=0.001)
    assert (story.headlines, story.nearest, story.across) == (2, None, None)


@pytest.mark.parametrize("n", [2, 20, 21, 199, 200, 5000])
def test_no_pair_of_a_story_is_counted_twice(n: int) -> None:
    left, right = np.sort(_within(np.arange(n)), axis=0)
    assert len({*zip(left.tolist(), right.tolist(), strict=True)}) == min(200, n * (n - 1) // 2)
    assert (left < right).all()


def test_an_embedder_that_nothing_was_learned_for_has_no_quality() -> None:
    [folder] = EARLIER.iterdir()
    found = cluster_feed(as_headlines(FEED), StaticEmbedder(folder), HeadlineClusterer())
    assert found.quality is None


def test_of_two_stories_that_may_be_one_one_is_told() -> None:
    few, many = (StoryQuality(n, n, 0.9, 5 - n, 0.7, "") for n in (2, 3))
    assert FeedQuality(0.9, (many, few)).perhaps_one == (many,)


def test_the_command_says_what_to_look_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write(tmp_path / "feed.txt", FEED))
    assert main(["cluster", path, "--level", "story"]) == 0
    assert "% are expected to tell one" in capsys.readouterr().err
    assert main(["cluster", path, "--json"]) == 0
    quality = json.loads(capsys.readouterr().err)["quality"]
    assert quality.keys() == {"expected_precision", "doubtful", "perhaps_one", "stories"}
    assert {one["headlines"] for one in quality["stories"]} == {4}
    assert main(["cluster", str(SEEDS / "feed.txt")]) == 0
    assert "stories that may be several: " in capsys.readouterr().err


# ------------------------------------------------------------------ large feeds


def test_too_many_headlines_without_faiss_are_refused_before_anything_is_embedded(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "feed.txt", [f"Village number {i} floods" for i in range(20_001)])
    program = (
        "import logging, sys; sys.modules['faiss'] = None; logging.basicConfig(level='INFO');"
        "from headlines.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "cluster", str(path), "--output", str(tmp_path / "o.csv")],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "20,001 distinct headlines are too many" in line
    assert "pip install '.[scale]'" in line


@pytest.mark.parametrize("terminal", [True, False])
def test_cluster_shows_its_stages_on_a_terminal_alone(tmp_path: Path, terminal: bool) -> None:
    path = write(tmp_path / "feed.txt", FEED)
    ours, theirs = os.openpty() if terminal else os.pipe()
    command = [sys.executable, "-m", "headlines", "cluster", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=theirs)
    said = os.read(ours, 1 << 16).decode()
    for stage in ("embedding 36", "comparing 36", "joined to", "naming", "judging"):
        assert (stage in said) == terminal
