"""History: the numbers that clusters keep from day to day, and what became of each."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.embedding.embedder import unit_rows
from headlines.errors import HeadlinesError
from headlines.neighbours import blocks

MIN_LIKENESS = 0.8
"""Two clusters are one from here on: share of common headlines and cosine of centroids, added."""

MIN_PART = 0.3
"""Share of a cluster's members that has to come from, or go to, another to tell of it."""

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class EarlierClusters:
    """What an earlier run found: all by headline id, but names, which are by cluster.

    `strength` is how firmly a headline lies in its cluster.
    """

    cluster: dict[str, int]
    story: dict[str, int]
    theme: dict[str, int]
    texts: dict[str, str]
    strength: dict[str, float]
    names: dict[int, str]

    @property
    def level(self) -> str:
        """Tell what its clusters were: stories, where these have their numbers, or themes."""
        as_theme, as_story = (
            sum(number == self.cluster[key] for key, number in known.items())
            for known in (self.theme, self.story)
        )
        return "story" if as_story > as_theme else "theme"

    def numbers(self, level: str) -> dict[str, int]:
        """Give the stories or the themes, an editor's hand on them."""
        if level == self.level:
            return self.cluster
        return self.story if level == "story" else self.theme

    @classmethod
    def read(cls, path: str | Path) -> EarlierClusters:
        """Read the JSON lines that `headlines cluster --output FILE.jsonl` wrote.

        Raises HeadlinesError when the file can't be read or a line isn't such a row.
        """
        found = cls({}, {}, {}, {}, {}, {})
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise HeadlinesError(
                f"{path}: can't be read ({why}); give the .jsonl of an earlier `headlines cluster`"
            ) from error
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                key, cluster = str(row["id"]), int(row["cluster"])
                found.cluster[key], found.story[key] = cluster, int(row["story"])
                if "theme" in row:  # earlier versions don't tell it
                    found.theme[key] = int(row["theme"])
                found.texts[key] = str(row["headline"])
                found.strength[key] = float(row["strength"])
                found.names.setdefault(cluster, str(row["name"]))
            except (ValueError, KeyError, TypeError):
                raise HeadlinesError(
                    f"{path}: line {number}: {line[:60]!r} is no row of a clustered feed; give the "
                    ".jsonl that `headlines cluster` wrote"
                ) from None
        if not found.theme and found.cluster != found.story:
            found.theme.update(found.cluster)
        return found


@dataclass(frozen=True)
class ClusterChange:
    """What became of a cluster since the earlier run."""

    # born, died, merged (others went into it), split (it came out of another), grew, shrank, same;
    # of a memory's clusters: new, growing, same, over
    kind: str
    cluster: int
    name: str
    before: int  # headlines then; of a memory on all earlier days
    after: int  # and now
    others: tuple[int, ...] = ()  # the clusters that it merged with or split from

    def to_row(self) -> dict[str, Any]:
        """Give the change as plain data."""
        return {**vars(self), "others": list(self.others)}


def kept_numbers(
    labels: Labels,
    earlier: Labels,
    points: NDArray[np.float64],
    then: Labels,
    points_then: NDArray[np.float64],
    unused: int = 0,
) -> dict[int, int]:
    """Give today's clusters the numbers that they had, by the best assignment overall.

    Two clusters are as like as the share of headlines that they have in common and the cosine of
    their centroids say, added. New clusters follow on the highest number that was given, and get
    none below `unused`.
    Assignment is that of Crouse 2016, On implementing 2D rectangular assignment algorithms.

    Today's n headlines have the clusters `labels` (-1 is noise), were in `earlier` ones, and have
    unit vectors `points`, (n, n_features); the earlier run's m headlines have the clusters `then`
    and the unit vectors `points_then`.
    """
    new, sizes, centres = _centroids(labels, points)
    old, sizes_then, centres_then = _centroids(then, points_then)
    result = {-1: -1}
    if len(new) and len(old):
        seen = (labels >= 0) & (earlier >= 0)
        common = sparse.csr_matrix(
            (
                np.ones(int(seen.sum())),
                (np.searchsorted(new, labels[seen]), np.searchsorted(old, earlier[seen])),
            ),
            shape=(len(new), len(old)),
        )
        found = []
        for rows in blocks(len(new)):  # most of many pairs aren't alike at all
            shared = common[rows].toarray()
            likeness = shared / (sizes[rows, None] + sizes_then[None, :] - shared)
            likeness += centres[rows] @ centres_then.T
            found.append(sparse.csr_matrix(np.where(likeness < MIN_LIKENESS, 0, likeness)))
        for i, j in _assigned(sparse.vstack(found, format="csr")):
            result[int(new[i])] = int(old[j])
    unused = max(unused, int(old.max(initial=-1)) + 1)
    born = [label for label in new.tolist() if label not in result]
    return result | {label: number for number, label in enumerate(born, unused)}


def _assigned(likeness: sparse.csr_matrix) -> Iterator[tuple[int, int]]:
    """Assign rows to columns for the largest sum; those that no pair joins are apart."""
    from scipy.optimize import linear_sum_assignment

    n = likeness.shape[0]
    both = sparse.bmat([[None, likeness], [likeness.T, None]], format="csr")
    if likeness.nnz == 0:
        return
    part = sparse.csgraph.connected_components(both, directed=False)[1]
    rows, columns = (_members_of(some) for some in (part[:n], part[n:]))
    for number in rows.keys() & columns.keys():
        i, j = rows[number], columns[number]
        some = np.round(likeness[i][:, j].toarray(), 9)
        for a, b in zip(*linear_sum_assignment(-some), strict=True):
            if some[a, b] > 0:
                yield i[a], j[b]


def _members_of(parts: Labels) -> dict[int, list[int]]:
    members = defaultdict(list)
    for place, part in enumerate(parts.tolist()):
        members[part].append(place)
    return members


def _centroids(
    labels: Labels, points: NDArray[np.float64]
) -> tuple[Labels, Labels, NDArray[np.float64]]:
    """Give the clusters, noise aside, their sizes and unit centroids."""
    order = np.argsort(labels, kind="stable")
    order = order[labels[order] >= 0]
    found, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    if not len(found):
        return found, sizes, np.zeros((0, points.shape[1]))
    sums = np.add.reduceat(points[order], starts, axis=0)
    return found, sizes, unit_rows(sums)


def changes(
    now: Mapping[str, int], earlier: Mapping[str, int], names: Mapping[int, str]
) -> list[ClusterChange]:
    """Tell what became of each cluster; the mappings give numbers by headline id."""
    sizes, before = Counter(now.values()), Counter(earlier.values())
    into, out_of = _moves(now, earlier)
    found = []
    for cluster in sorted((sizes | before).keys() - {-1}):
        after, then = sizes[cluster], before[cluster]
        others: Sequence[int] = ()
        if not after:
            kind = "died"
        elif not then:
            others = out_of[cluster]
            kind = "split" if others else "born"
        elif others := into[cluster]:
            kind = "merged"
        else:
            kind = "grew" if after > then else "shrank" if after < then else "same"
        change = ClusterChange(
            kind=kind,
            cluster=cluster,
            name=names[cluster],
            before=then,
            after=after,
            others=tuple(others),
        )
        found.append(change)
    return found


def _moves(
    now: Mapping[str, int], earlier: Mapping[str, int]
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Give each cluster those that are gone and went into it, and those that it came out of."""
    moves = Counter((earlier[key], now[key]) for key in now.keys() & earlier.keys())
    sizes = Counter(now.values())
    stayed: Counter[int] = Counter()
    came: Counter[int] = Counter()
    for (old, new), count in moves.items():
        stayed[old] += count
        came[new] += count
    into: dict[int, list[int]] = defaultdict(list)
    out_of: dict[int, list[int]] = defaultdict(list)
    for (old, new), count in sorted(moves.items()):
        if old != new and min(old, new) >= 0:
            if count >= MIN_PART * stayed[old] and not sizes[old]:
                into[new].append(old)
            if count >= MIN_PART * came[new]:
                out_of[new].append(old)
    return into, out_of
