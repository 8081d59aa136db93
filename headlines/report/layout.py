"""Layout: a map of a feed, on which the headlines of a story lie together, and a theme's stories.

Circles in circles: a story is a disc of headlines, a theme one of stories, and the map is full of
themes. In each of them the largest is placed first, then every other one where it is free and
nearest to those that it is tied to, by the graph in which the clusters were found. So no disc
overlaps another, its size tells how many headlines it has, and nothing is drawn by lot: the same
headlines give the same map, in whatever order they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headlines.clustering.clustered_feed import ClusteredFeed, FeedGraph

if TYPE_CHECKING:
    from scipy import sparse

ASPECT = 1.5
"""Width of the map for its height."""

DOT = 0.9
"""Radius of the place of one headline; seeds of a sunflower are twice as far from one another."""

STORY_GAP, THEME_GAP = 0.25, 0.6
"""Room that is left around a story and around a theme, in the same unit."""

CENTRE = 0.1
"""How strongly the middle draws a story, beside all those that it is tied to."""

MOST_AIMED = 128
"""Themes whose places are found at once; smaller ones go to those that they are tied to."""

STEPS = 0.5 * 0.95 ** np.arange(80)
"""How far a theme may move in each step, while these are found."""

SPREAD, NEARLY = 0.65, 1e-3
"""How far from the middle they are, in the mean of a coordinate's squares; what isn't quite 0."""

MOST_TURNS, MANY = 12, 300
"""Turns of the map that are tried for the one that fills it best: a few themes; of many, one."""

MOST_FULL, GROWTH = 0.8, 1.03
"""Share of a place that discs may fill, at first, and how it grows while they don't fit in."""

FINE, MAX_CELLS = 4, 60_000
"""Cells of the grid in the radius of the smallest disc, and in a whole grid."""

GOLDEN = np.pi * (3 - np.sqrt(5))
"""Angle from one seed of a sunflower to the next."""

DIGITS = 4

Places = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Disc:
    """A story or a theme on the map."""

    number: int
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Layout:
    """Where the headlines, stories and themes of a feed lie.

    x and y begin at 0, and the longer of the two ends at 1. What is noise has a place and no disc.
    A story that an editor's changes left in several themes has a disc in each.
    """

    points: Floats  #: (n, 2), in the order of the feed's headlines
    stories: tuple[Disc, ...]  #: in the order of their numbers
    themes: tuple[Disc, ...]  #: in the order of their numbers

    @property
    def size(self) -> tuple[float, float]:
        """Give the width and the height of what is drawn."""
        right = [disc.x + disc.radius for disc in self.themes]
        below = [disc.y + disc.radius for disc in self.themes]
        x, y = self.points.max(axis=0, initial=0.0).tolist()
        return max(x, *right, 0.0), max(y, *below, 0.0)


def layout_of(found: ClusteredFeed, aspect: float = ASPECT) -> Layout:
    """Lay out a feed.

    Where it lacks its graph, nothing is tied, and discs lie in the order of their size.

    Parameters
    ----------
    found : ClusteredFeed
        n headlines.
    aspect : float, default 1.5
        Width of the map for its height, which a few discs can't fill.

    Returns
    -------
    Layout
        Rounded, so that it is the same bytes everywhere.
    """
    if not found:
        return Layout(np.zeros((0, 2)), (), ())
    stories, themes = _groups(found)
    texts = found.graph.texts if found.graph else np.arange(len(found))
    points, radii = _seeded(found, stories, texts)
    theme_of = np.zeros(len(radii), dtype=np.int64)
    theme_of[stories.of] = themes.of
    centres, sizes = _within(theme_of, radii, _ties(stories, found.graph))
    over = _packed(sizes + THEME_GAP, _ties(themes, found.graph), aspect)
    centres += over[theme_of]
    points += centres[stories.of]
    least = (over - sizes[:, None]).min(axis=0)
    scale = 1 / ((over + sizes[:, None]).max(axis=0) - least).max()
    return Layout(
        np.round((points - least) * scale, DIGITS),
        _discs(stories.numbers, (centres - least) * scale, radii * scale),
        _discs(themes.numbers, (over - least) * scale, sizes * scale),
    )


# ------------------------------------------------------------------ what there is to place


class _Groups(NamedTuple):
    """The stories or the themes of n headlines, in an order that isn't the feed's."""

    of: Places  #: (n,): the group of each headline
    numbers: Places  #: of each group; -1 for noise, every headline of which is its own group

    @classmethod
    def of_keys(cls, rank: Places, numbers: Places, *keys: Places) -> _Groups:
        """Group headlines that have all numbers in common, by the lowest rank in each group."""
        order = np.argsort(rank)
        groups = _in_order(np.stack([numbers, *keys], axis=1)[order])
        of = np.empty_like(rank)
        of[order] = groups
        first = np.unique(groups, return_index=True)[1]
        return cls(of, numbers[order][first])


def _groups(found: ClusteredFeed) -> tuple[_Groups, _Groups]:
    """Give the stories, parted where they are in several themes, and the themes.

    What is in no theme is a theme of its own.
    """
    rank = _rank(found)
    numbers = np.array([headline.story for headline in found])
    themes = np.array([headline.theme for headline in found])
    stories = _Groups.of_keys(rank, numbers, themes, np.where(numbers < 0, rank, -1))
    return stories, _Groups.of_keys(rank, themes, np.where(themes < 0, stories.of, -1))


def _rank(found: ClusteredFeed) -> Places:
    """Give each headline its place in an order that isn't the feed's."""
    order = sorted(range(len(found)), key=lambda place: found[place].item.id)
    result = np.empty(len(order), dtype=np.int64)
    result[order] = np.arange(len(order))
    return result


def _in_order(keys: Places) -> Places:
    """Number rows, or single keys, by where each first stands."""
    _, first, of = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[of.reshape(-1)]


def _ties(groups: _Groups, graph: FeedGraph | None) -> sparse.csr_matrix:
    """Add up the edges between groups."""
    from scipy import sparse

    n, m = len(groups.of), len(groups.numbers)
    if graph is None:
        return sparse.csr_matrix((m, m))
    held = (np.ones(n), (groups.of, graph.texts))
    member = sparse.csr_matrix(held, shape=(m, graph.weights.shape[0]))
    member.data[:] = 1  # a text counts once, however many copies it has
    return (member @ graph.weights @ member.T).tocsr()


def _members(labels: Places) -> list[Places]:
    """Give the places of each label from 0 on, in their order."""
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.cumsum(np.bincount(labels))[:-1])


# ------------------------------------------------------------------ where it goes


def _seeded(found: ClusteredFeed, stories: _Groups, texts: Places) -> tuple[Floats, Floats]:
    """Place headlines in their stories: give their places, from the story's, and stories' radii.

    In the middle is what has most copies, then what lies most firmly in its cluster.
    """
    points, radii = np.zeros((len(found), 2)), np.full(len(stories.numbers), DOT)
    firm = np.array([headline.strength for headline in found])
    order = np.lexsort((_rank(found), -firm, -np.bincount(texts)[texts]))
    for story, places in enumerate(_members(stories.of[order])):
        if len(places) > 1:
            some = order[places]
            points[some] = _seeds(texts[some])
            radii[story] = DOT + _length(points[some]).max()
    return points, radii


def _seeds(texts: Places) -> Floats:
    """Place a story's headlines as seeds of a sunflower, the first in the middle.

    Copies, which share a number in `texts`, (n,), lie beside one another.
    """
    seeds = _sunflower(len(texts))
    seeds = seeds[np.argsort(np.round(_length(seeds), 9), kind="stable")]
    result = np.empty_like(seeds)
    for copies in _members(_in_order(texts)):
        if len(copies) > 1:
            near = np.round(_length(seeds - seeds[0]), 9)
            seeds = seeds[np.argsort(near, kind="stable")]
        result[copies], seeds = seeds[: len(copies)], seeds[len(copies) :]
        if len(copies) > 1:
            seeds = seeds[np.argsort(np.round(_length(seeds), 9), kind="stable")]
    return result


def _sunflower(n: int) -> Floats:
    k = np.arange(n)
    angle, radius = k * GOLDEN, np.sqrt(k + 0.5)
    seeds = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return np.asarray(seeds - seeds.mean(axis=0))


def _within(theme_of: Places, radii: Floats, ties: sparse.csr_matrix) -> tuple[Floats, Floats]:
    """Place stories in their themes: give their centres, from the theme's, and themes' radii."""
    members = _members(theme_of)
    centres, sizes = np.zeros((len(radii), 2)), np.zeros(len(members))
    for theme, some in enumerate(members):
        room = radii[some] + STORY_GAP
        if len(some) > 1:
            placed = _packed(room, ties[some][:, some])
            centres[some] = placed - _middle(placed, room)
        sizes[theme] = (_length(centres[some]) + room).max()
    return centres, sizes


def _middle(centres: Floats, radii: Floats) -> Floats:
    """Give the middle of a circle around discs that is nearly the smallest (Badoiu, Clarkson)."""
    middle: Floats = centres[0]
    for step in range(2, 100):
        distance = _length(centres - middle) + radii
        middle = middle + (centres[np.argmax(np.round(distance, 9))] - middle) / step
    return middle


def _packed(radii: Floats, ties: sparse.csr_matrix, aspect: float | None = None) -> Floats:
    """Pack m discs in a circle, or with `aspect` in a rectangle, that is as small as they allow.

    Gives the centres, (m, 2); those tied to one another lie near.
    """
    order = np.argsort(np.round(-radii, 9), kind="stable")
    ties, radii = ties[order][:, order].tocsr(), radii[order]
    ties.sort_indices()
    whole = 4 * aspect if aspect else np.pi
    least = max(radii[0], float(np.sqrt(np.pi * (radii**2).sum() / whole / MOST_FULL)))
    aims = [_two_largest(radii) / least]
    if aspect:
        some = slice(MOST_AIMED)
        at_once = _aims(radii[some] ** 2, ties[some, some].toarray())
        aims = _turned(at_once, min(MOST_TURNS, MANY // len(radii)))
    fit: list[Floats] = []
    half = least
    while not fit:
        grid, scale = _ground(half, radii[-1], aspect), (half * (aspect or 1), half)
        tried = (_placed(radii, ties, some * scale, grid) for some in aims)
        fit = [placed for placed in tried if placed is not None]
        half *= GROWTH
    result = np.empty((len(radii), 2))
    result[order] = min(fit, key=lambda placed: _strain(placed, ties)) if len(fit) > 1 else fit[0]
    return result


def _strain(placed: Floats, ties: sparse.csr_matrix) -> float:
    """Tell how far apart tied discs lie."""
    every = ties.tocoo()
    far = _length(placed[every.row] - placed[every.col]) * every.data
    return round(float(far.sum()), 6)


def _two_largest(radii: Floats) -> Floats:
    """Aim the largest disc to where the middle lies between it and the second, by their areas."""
    one, other = radii[0], radii[min(1, len(radii) - 1)]
    return np.array([[-(one + other) * other**2 / (one**2 + other**2), 0.0]])


def _turned(aims: Floats, turns: int) -> list[Floats]:
    """Turn the aims, which have no up and down, as often as told, but once at least."""
    x, y = aims.T
    angles = np.arange(0, np.pi, np.pi / max(1, turns))
    return [
        np.stack([x * cos - y * sin, x * sin + y * cos], axis=1)
        for cos, sin in zip(np.cos(angles), np.sin(angles), strict=True)
    ]


def _aims(masses: Floats, ties: Floats) -> Floats:
    """Give places for m discs at once: ties, (m, m), draw together what masses, (m,), push apart.

    The energy LinLog is made small (Noack 2007), from a sunflower on. The places, (m, 2), lie about
    as evenly as in a square from -1 to 1.
    """
    m = len(masses)
    masses, ties = masses / masses.mean(), ties * (1 - np.eye(m))
    pull = ties / max(ties.sum(), 1e-9) * m
    push = np.outer(masses, masses) / m
    weight = (masses + pull.sum(axis=1))[:, None]
    places = _sunflower(m) / np.sqrt(m)
    for longest in STEPS:
        away = places[:, None] - places[None]
        apart = np.hypot(away[..., 0], away[..., 1]) + NEARLY
        force = ((push / apart**2 - pull / apart)[..., None] * away).sum(axis=1) / weight
        length = np.hypot(force[:, 0], force[:, 1])[:, None]
        places = places + force * np.minimum(1, longest / np.maximum(length, NEARLY))
        places = np.round(places - places.mean(axis=0), 6)
    spread = np.sqrt(((places**2).sum(axis=1) * masses).mean() / 2)
    return np.asarray(places * (SPREAD / max(spread, NEARLY)))


class _Ground(NamedTuple):
    """Cells where a disc's centre may be, and the radius of the largest that fits in there."""

    x: Floats
    y: Floats
    room: Floats

    def at(self, chosen: NDArray[np.bool_]) -> _Ground:
        return _Ground(self.x[chosen], self.y[chosen], self.room[chosen])


def _ground(half: float, least: float, aspect: float | None) -> _Ground:
    """Give a circle of that radius, or a rectangle of half that height, for discs of the least."""
    width = half * (aspect or 1)
    step = max(least / FINE, float(np.sqrt(4 * half * width / MAX_CELLS)))
    across, down = (np.arange(-int(h / step), int(h / step) + 1) * step for h in (width, half))
    y, x = (axis.ravel() for axis in np.meshgrid(down, across, indexing="ij"))
    room = np.minimum(width - abs(x), half - abs(y)) if aspect else half - np.hypot(x, y)
    return _Ground(x, y, room)


def _placed(radii: Floats, ties: sparse.csr_matrix, aims: Floats, ground: _Ground) -> Floats | None:
    """Place discs on the ground, the largest first, or tell that one doesn't fit in.

    The first go to where they aim at, the others to those that they are tied to.
    """
    placed = np.zeros((len(radii), 2))
    ground = ground.at(ground.room >= radii[-1])  # a copy, which discs are to fill
    for disc, radius in enumerate(radii.tolist()):
        row = slice(ties.indptr[disc], ties.indptr[disc + 1])
        known = ties.indices[row] < disc
        others, weights = ties.indices[row][known], ties.data[row][known]
        target = np.zeros(2)
        if disc < len(aims):
            target = aims[disc]
        elif len(others):
            drawn = (weights[:, None] * placed[others]).sum(axis=0)
            target = drawn / (weights.sum() * (1 + CENTRE))
        away = (ground.x - target[0]) ** 2 + (ground.y - target[1]) ** 2
        away[ground.room < radius] = np.inf
        best = int(np.argmin(away)) if len(away) else 0
        if not len(away) or np.isinf(away[best]):
            return None
        placed[disc] = x, y = ground.x[best], ground.y[best]
        # Cells are in the order of y: only those of some rows are near enough to lose room.
        reach = radius + radii[min(disc + 1, len(radii) - 1)]
        rows = slice(*np.searchsorted(ground.y, [y - reach, y + reach]))
        left = np.hypot(ground.x[rows] - x, ground.y[rows] - y) - radius
        np.minimum(ground.room[rows], left, out=ground.room[rows])
        if disc % 8 == 0:
            ground = ground.at(ground.room >= radii[-1])
    return placed


def _length(vectors: Floats) -> Floats:
    return np.hypot(vectors[:, 0], vectors[:, 1])


def _discs(numbers: Places, centres: Floats, radii: Floats) -> tuple[Disc, ...]:
    some = np.round(np.column_stack([centres, radii]), DIGITS).tolist()
    every = sorted(zip(numbers.tolist(), some, strict=True))
    return tuple(Disc(number, *where) for number, where in every if number >= 0)
