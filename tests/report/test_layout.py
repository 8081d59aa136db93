"""Claims about the map of a feed: discs within discs, the same map each time, a place for all."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from conftest import SEEDS
from scipy import sparse

from headlines import HeadlineLabeler, read_feed
from headlines.clustering.clustered_feed import ClusteredFeed, cluster_day
from headlines.clustering.clusterer import Clusterer
from headlines.clustering.memory import ClusterMemory
from headlines.clustering.whitening import Whitening
from headlines.feeds.headline import Headline
from headlines.report.layout import Disc, Layout, _packed, layout_of

ROUNDING = 2e-4
"""Farther than that no two places can come by rounding them and their radii."""


@pytest.fixture(scope="module")
def feed(labeler: HeadlineLabeler) -> ClusteredFeed:
    return labeler.cluster(read_feed(SEEDS / "feed.txt").headlines)


@pytest.fixture(scope="module")
def made(labeler: HeadlineLabeler, made_headlines: list[str]) -> ClusteredFeed:
    return labeler.cluster(made_headlines)


@pytest.fixture(params=["feed", "made"])
def found(request: pytest.FixtureRequest) -> ClusteredFeed:
    return request.getfixturevalue(request.param)


def _apart(one: Disc, other: Disc) -> float:
    return float(np.hypot(one.x - other.x, one.y - other.y))


def _overlaps(discs: tuple[Disc, ...]) -> list[tuple[int, int]]:
    return [
        (one.number, other.number)
        for place, one in enumerate(discs)
        for other in discs[:place]
        if _apart(one, other) < one.radius + other.radius - ROUNDING
    ]


def _same(one: Layout, other: Layout) -> bool:
    same = (one.stories, one.themes) == (other.stories, other.themes)
    return same and one.points.tobytes() == other.points.tobytes()


def test_no_two_discs_of_a_level_overlap(found: ClusteredFeed) -> None:
    layout = layout_of(found)
    assert len(layout.themes) == len({headline.theme for headline in found})
    assert len(layout.stories) == len({headline.story for headline in found})
    assert not _overlaps(layout.themes)
    assert not _overlaps(layout.stories)


def test_headlines_lie_in_their_story_and_stories_in_their_theme(found: ClusteredFeed) -> None:
    layout = layout_of(found)
    themes = {disc.number: disc for disc in layout.themes}
    stories = {disc.number: disc for disc in layout.stories}
    for headline, (x, y) in zip(found, layout.points.tolist(), strict=True):
        story, theme = stories[headline.story], themes[headline.theme]
        assert np.hypot(x - story.x, y - story.y) < story.radius
        assert _apart(story, theme) + story.radius < theme.radius + ROUNDING


def test_all_lies_in_the_unit_square_and_fills_its_width(found: ClusteredFeed) -> None:
    layout = layout_of(found)
    for disc in (*layout.stories, *layout.themes):
        assert min(disc.x, disc.y) >= disc.radius - ROUNDING
        assert max(disc.x, disc.y) + disc.radius <= 1 + ROUNDING
    assert layout.size == pytest.approx((1.0, 1 / 1.5), abs=0.05)
    assert layout_of(found, aspect=1).size == pytest.approx((1, 1), abs=0.1)


def test_no_two_headlines_lie_on_one_spot(found: ClusteredFeed) -> None:
    points = layout_of(found).points
    away = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(len(points))
    assert away.min() > 0.2 * np.sqrt(1 / 1.5 / len(points))


def test_the_same_headlines_give_the_same_bytes_in_any_order(
    feed: ClusteredFeed, labeler: HeadlineLabeler
) -> None:
    first = layout_of(feed)
    assert _same(first, layout_of(feed))
    items = [headline.item for headline in feed]
    order = random.Random(3).sample(range(len(items)), len(items))
    shuffled = layout_of(labeler.cluster([items[place] for place in order]))
    assert shuffled.points.tobytes() == first.points[order].tobytes()
    # Their numbers tell which came first, of stories of one size; their discs are the same.
    assert {_where(disc) for disc in shuffled.stories} == {_where(disc) for disc in first.stories}


def _where(disc: Disc) -> tuple[float, float, float]:
    return disc.x, disc.y, disc.radius


def test_larger_stories_have_larger_discs(feed: ClusteredFeed) -> None:
    sizes = np.bincount([headline.story for headline in feed])
    discs = sorted(layout_of(feed).stories, key=lambda disc: disc.radius)
    assert sorted(sizes) == [sizes[disc.number] for disc in discs]


@pytest.mark.parametrize("aspect", [None, 1.5], ids=["stories", "themes"])
def test_tied_discs_lie_nearer_than_others(aspect: float | None) -> None:
    kinds = np.arange(24) % 3
    tied = (kinds[:, None] == kinds) & ~np.eye(24, dtype=bool)
    places = _packed(np.linspace(1, 2, 24), sparse.csr_matrix(tied.astype(float)), aspect)
    away = np.linalg.norm(places[:, None] - places, axis=2)
    assert away[tied].mean() < 0.75 * away[kinds[:, None] != kinds].mean()


def test_an_empty_feed_has_an_empty_map() -> None:
    layout = layout_of(ClusteredFeed((), (), ()))
    assert layout.points.shape == (0, 2)
    assert (layout.stories, layout.themes, layout.size) == ((), (), (0, 0))


def test_one_headline_lies_in_the_middle(labeler: HeadlineLabeler) -> None:
    layout = layout_of(labeler.cluster(["Ferry runs aground off Orkney"]))
    assert layout.points.tolist() == [[0.5, 0.5]]
    assert layout.themes == (Disc(0, 0.5, 0.5, 0.5),)


def test_copies_have_a_spot_each_and_lie_together(labeler: HeadlineLabeler) -> None:
    text = "Ferry runs aground off Orkney"
    [story] = layout_of(labeler.cluster([text] * 30)).stories
    assert story.number == 0
    some = ["Passengers taken off ferry stranded off Orkney", "Orkney ferry grounding: all safe"]
    some += ["Ferry runs aground off Orkney with 140 aboard", "Ferry aground off Orkney"]
    found = labeler.cluster([*some, *[text] * 6], level="story")
    assert len({headline.story for headline in found}) == 1
    points = layout_of(found).points
    assert len(np.unique(points, axis=0)) == 10
    spread = [np.linalg.norm(of - of.mean(axis=0), axis=1).mean() for of in (points[4:], points)]
    assert spread[0] < spread[1]


def test_noise_has_a_place_and_no_disc(labeler: HeadlineLabeler, feed: ClusteredFeed) -> None:
    found = labeler.cluster([headline.item for headline in feed], noise=0.6)
    noise = [place for place, headline in enumerate(found) if headline.story < 0]
    assert 0 < len(noise) < len(found)
    layout = layout_of(found)
    assert np.isfinite(layout.points).all()
    assert -1 not in {disc.number for disc in (*layout.stories, *layout.themes)}
    assert not _overlaps(layout.themes)
    for disc in layout.stories:
        away = np.hypot(*(layout.points[noise] - (disc.x, disc.y)).T)
        assert (away > disc.radius).all()


def test_a_story_in_two_themes_has_a_disc_in_each(feed: ClusteredFeed) -> None:
    moved = next(headline for headline in feed if headline.story == 0)
    other = 1 if moved.theme != 1 else 0
    split = tuple(replace(one, theme=other) if one is moved else one for one in feed)
    layout = layout_of(replace(feed, headlines=split))
    assert sum(disc.number == 0 for disc in layout.stories) == 2
    assert not _overlaps(layout.stories)


def test_without_its_graph_a_feed_has_a_map_too(feed: ClusteredFeed) -> None:
    bare = replace(feed, graph=None)
    assert bare == feed
    assert "graph" not in repr(feed)
    assert not _overlaps(layout_of(bare).stories)


def test_of_a_memory_the_days_headlines_have_the_graph(
    labeler: HeadlineLabeler, feed: ClusteredFeed
) -> None:
    items: list[Headline] = [headline.item for headline in feed]
    memory = ClusterMemory()
    for day, some in ((1, items[:80]), (2, [*items[70:], items[75], items[90]])):
        whitening = Whitening.of_news(labeler.embedder.fingerprint)
        clusterer = Clusterer(whitening=whitening)
        found, memory = cluster_day(some, labeler.embedder, clusterer, memory, date(2025, 3, day))
        assert found.graph is not None
        assert len(found.graph.texts) == len(some) == len(layout_of(found).points)
        assert found.graph.weights.shape[0] == found.graph.texts.max() + 1
    assert found.graph.texts[-1] == found.graph.texts[20]  # items[90] is a copy
    known = clusterer.graph()
    one, other = clusterer.texts_[[0, 3]]
    assert found.graph.weights[found.graph.texts[0], found.graph.texts[3]] == known[one, other]
    assert found.graph.weights.nnz < known.nnz
