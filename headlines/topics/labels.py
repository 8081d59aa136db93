"""Gold labels: the topics that people gave to headlines, and what they corrected later."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headlines.errors import TaxonomyError
from headlines.feeds.headline import Headline


@dataclass(frozen=True)
class GoldLabel:
    """The topic that a person gave to a headline.

    Attributes
    ----------
    headline : Headline
    topic : str
        The primary topic.
    also : tuple of str
        Further topics that apply.
    quotable : bool
        Whether a model may keep the headline's text; not where only its hash was published.
    drawn : bool
        Whether the headline came as headlines come, and not for being hard or rare: those drawn
        so tell how sure the model may be.
    """

    headline: Headline
    topic: str
    also: tuple[str, ...] = ()
    quotable: bool = True
    drawn: bool = True


def read_labels(
    paths: str | Path | Iterable[str | Path],
    topics: Sequence[str],
    headlines: Iterable[Headline] = (),
) -> list[GoldLabel]:
    """Read gold labels from CSV files with the columns headline, topic and, optionally, also.

    Parameters
    ----------
    paths : path or iterable of paths
        The files (UTF-8); `also` holds further topics, separated by commas. In the place of
        `headline` a column `sha256` may hold the SHA-256 of the headline under `normalise_v1`,
        where the text itself can't be published. A column `drawn` with ``no`` marks headlines
        that were chosen for being hard or rare.
    topics : sequence of str
        The topics that may be named.
    headlines : iterable of Headline, optional
        Where headlines are looked up by their hash.

    Returns
    -------
    list of GoldLabel
        One for each distinct headline, in the order of the files. A hash that no headline at
        hand has is left out.

    Raises
    ------
    TaxonomyError
        When a file can't be read, a topic isn't known, or a headline has two labels.
    """
    found: dict[str, tuple[GoldLabel, str]] = {}
    for label, where, _ in _labels(paths, topics, headlines):
        earlier = found.setdefault(label.headline.id, (label, where))
        if earlier[0].topic != label.topic:
            raise TaxonomyError(
                f"{where}: {label.headline.headline!r} is labelled {label.topic!r}, but "
                f"{earlier[0].topic!r} in {earlier[1]}; keep one of them, or put the later one "
                "into a file of corrections"
            )
    return [label for label, _ in found.values()]


@dataclass(frozen=True)
class Conflict:
    """Two labels of one headline, of which the later was taken, each with its file and line."""

    headline: str
    earlier: str
    later: str
    where_earlier: str
    where_later: str

    def to_row(self) -> dict[str, str]:
        """Give the conflict as one JSON object."""
        return dict(self.__dict__)


def merge_corrections(
    labels: Sequence[GoldLabel],
    paths: str | Path | Iterable[str | Path],
    topics: Sequence[str],
    headlines: Iterable[Headline] = (),
) -> tuple[list[GoldLabel], list[Conflict]]:
    """Overrule gold labels by corrections, the latest of which wins, and give what was overruled.

    The corrections are read as by `read_labels`; there is one label for each distinct headline. The
    latest is the one that stands last, or, where two have a date in a column `corrected`
    (ISO 8601), the one with the later date. Raises TaxonomyError when a file can't be read, or a
    topic isn't known.
    """
    found = {label.headline.id: (label, "the labels", "") for label in labels}
    conflicts = []
    for label, where, row in _labels(paths, topics, headlines):
        date = (row.get("corrected") or "").strip()
        now = (label, where, date)
        if before := found.get(label.headline.id):
            early, late = (now, before) if date and date < before[2] else (before, now)
            if early[0].topic != late[0].topic:
                conflicts.append(
                    Conflict(
                        headline=label.headline.headline,
                        earlier=early[0].topic,
                        later=late[0].topic,
                        where_earlier=early[1],
                        where_later=late[1],
                    )
                )
            now = late
        found[label.headline.id] = now
    return [label for label, _, _ in found.values()], conflicts


def _labels(
    paths: str | Path | Iterable[str | Path], topics: Sequence[str], headlines: Iterable[Headline]
) -> Iterator[tuple[GoldLabel, str, dict[str, str]]]:
    """Give each label of the files, where it stands, and its row."""
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    at_hand: dict[str, Headline] | None = None
    for path in files:
        for line, row in _rows(Path(path)):
            where = f"{path}: line {line}"
            if None in row:  # where csv puts what goes beyond the header
                raise TaxonomyError(f"{where}: more fields than the header; quote what has commas")
            also = tuple(t for t in re.split(r"\s*[,;|]\s*", (row.get("also") or "").strip()) if t)
            topic = (row.get("topic") or "").strip()
            for name in (topic, *also):
                if name not in topics:
                    raise TaxonomyError(
                        f"{where}: unknown topic {name!r}; the topics are {', '.join(topics)}"
                    )
            published = "headline" in row
            if published:
                headline = Headline.parse(row["headline"] or "")
                if row.get("date"):
                    headline = replace(headline, date=row["date"].strip())
            else:
                if at_hand is None:
                    at_hand = {h.id: h for h in headlines}
                known = at_hand.get(_id_of(row["sha256"] or "", where))
                if known is None:
                    continue
                headline = known
            if not headline.headline:
                raise TaxonomyError(f"{where}: the headline is empty; fill it in or delete the row")
            drawn = (row.get("drawn") or "yes").strip().casefold()
            if drawn not in ("yes", "no"):
                raise TaxonomyError(f"{where}: drawn is {drawn!r}, expected yes or no")
            label = GoldLabel(
                headline=headline, topic=topic, also=also, quotable=published, drawn=drawn == "yes"
            )
            yield label, where, row


def _id_of(digest: str, where: str) -> str:
    """Give the id that a headline of this SHA-256 has."""
    digest = digest.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise TaxonomyError(f"{where}: sha256 is {digest!r}, expected 64 hexadecimal digits")
    return digest[:16]


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = [c.strip().casefold() for c in reader.fieldnames or ()]
            named = "sha256" if "sha256" in columns and "headline" not in columns else "headline"
            missing = {named, "topic"} - set(columns)
            if missing:
                raise TaxonomyError(
                    f"{path}: line 1: no column {' and no column '.join(sorted(missing))}; "
                    f"the columns are {', '.join(columns) or '(none)'}"
                )
            reader.fieldnames = columns
            return [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise TaxonomyError(f"{path}: can't be read ({error.strerror}); give a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise TaxonomyError(f"{path}: not a CSV file in UTF-8 ({error}); save it as one") from None
