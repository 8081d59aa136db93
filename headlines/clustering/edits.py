"""An editor's renames, merges and splits of clusters."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.errors import HeadlinesError

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class ClusterEdits:
    """An editor's renames, merges and splits, by cluster number.

    `merges` gives the cluster that another goes into, `splits` the headlines, as text or id, that
    make a cluster.
    """

    names: dict[int, str] = field(default_factory=dict)
    merges: dict[int, int] = field(default_factory=dict)
    splits: dict[int, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str | Path) -> ClusterEdits:
        """Read a TOML file; raises HeadlinesError when it can't be read or says something else.

        Tables ``[[rename]]`` with ``cluster`` and ``name``, ``[[merge]]`` with ``clusters``, the
        first being the one that stays, and ``[[split]]`` with ``headlines`` and ``cluster``, the
        number that they get.
        """
        try:
            tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise HeadlinesError(
                f"{path}: can't be read ({error.strerror}); give a file of edits"
            ) from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise HeadlinesError(f"{path}: not TOML ({error}); mend it") from error
        if unknown := sorted(set(tables) - {"rename", "merge", "split"}):
            raise HeadlinesError(f"{path}: {unknown[0]!r} is not known; use rename, merge, split")
        found = cls()
        for verb, rows in tables.items():
            for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
                try:
                    found._take(verb, row)
                except (KeyError, TypeError, ValueError):
                    raise HeadlinesError(
                        f"{path}: [[{verb}]] number {number}: {row!r} can't be understood; see "
                        "`headlines cluster --help`"
                    ) from None
        return found

    def _take(self, verb: str, row: Mapping[str, Any]) -> None:
        """Add a row of the file; raises KeyError, TypeError or ValueError for a malformed one."""
        if verb == "rename":
            self.names[_number(row["cluster"])] = str(row["name"])
        elif verb == "merge":
            target, first, *others = (_number(n) for n in row["clusters"])
            self.merges.update(dict.fromkeys([first, *others], target))
        else:
            self.splits[_number(row["cluster"])] = frozenset(map(str, row["headlines"]))

    def apply(
        self,
        numbers: Labels,
        keys: Sequence[tuple[str, str]],
        earlier: Mapping[str, int],
        points: NDArray[np.float64],
    ) -> Labels:
        """Put the editor's hand on the clusters of headlines.

        What an editor put together stays so on later days: clusters whose known headlines were
        mostly in a merged one go into it. What was taken apart stays apart: a headline that a
        split had moved keeps its place, and a new one in the same cluster goes to the nearer.

        Each headline has a cluster (`numbers`, as kept from an earlier run), its id and text
        (`keys`) and a unit vector (`points`); `earlier` gives that run's clusters by id.
        """
        was = np.array([earlier.get(key, -1) for key, _ in keys], dtype=np.int64)
        result = self._merged(numbers, was)
        for target, texts in sorted(self.splits.items()):
            chosen = np.array([not texts.isdisjoint(key) for key in keys]) | (was == target)
            homes = np.setdiff1d(result[chosen], target)
            here = np.isin(result, homes) & ~chosen
            result[chosen] = target
            stay, free = here & (was >= 0), here & (was < 0)
            if earlier and free.any() and stay.any():
                apart, home = points[chosen].mean(axis=0), points[stay].mean(axis=0)
                result[np.flatnonzero(free)[points[free] @ apart > points[free] @ home]] = target
        return result

    def _merged(self, numbers: Labels, was: Labels) -> Labels:
        """Send clusters where an editor put them, or where most of their headlines had been put."""
        result = np.array([self.merges.get(n, n) for n in numbers.tolist()], dtype=np.int64)
        for cluster in np.unique(result).tolist() if self.merges else ():
            known = Counter(was[(result == cluster) & (was >= 0)].tolist())
            for most, count in known.most_common(1):
                if most in self.merges.values() and 2 * count > known.total():
                    result[result == cluster] = most
        return result


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(value)
    return value
