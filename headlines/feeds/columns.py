"""Which column of an input holds the headline, and which tell more about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from headlines.feeds.dates import iso_date

HEADLINE_COLUMNS = ("headline", "title", "text")
"""The commonest names of the column of headlines, first the one that is taken first."""

# Others, in the languages that news comes in.
_HEADLINE = "headlines, news headline, main headline, heading, hed"
_TITLE = """titles, web title, item title, titel, überschrift, ueberschrift, schlagzeile, titre,
gros titre, título, titular, titulares, encabezado, manchete, titolo, kop, rubrik, overskrift,
otsikko, tytuł, nagłówek, titulek, nadpis, naslov, cím, titlu, заголовок, название, заглавие,
наслов, τίτλος, başlık, judul, tajuk, tiêu đề, 标题, 標題, 题目, 新闻标题, タイトル, 見出し,
題名, 제목, 기사제목, عنوان, العنوان, تیتر, כותרת, शीर्षक, หัวข้อ"""
_WEAK = "news, sentence, name, subject, story, entry, caption"
_ABOUT = """article, news, web, post, story, page, item, entry, rss, feed, main, full, og, original,
raw, clean, text, en, english, value"""
"""What the name of a column of titles has beside the word for it."""

_PUBLISHER = """publisher, source, source name, news source, outlet, media outlet, publication,
newspaper, paper, agency, provider, site, site name, website, channel, domain, source common name,
quelle, zeitung, fuente, fonte, medio, source du média, bron, kilde, källa, źródło, zdroj,
источник, издание, джерело, kaynak, 来源, 來源, 媒体, 出典, 媒体名, 언론사, المصدر"""
_DATE = """date, published, published at, pub date, publish date, publication date, date published,
web publication date, published date, publishing date, first published, date time, seen date,
created utc, created, created at, posted, posted at, timestamp, time, day, updated, updated at,
datum, fecha, dato, data, päivämäärä, дата, ημερομηνία, tarih, tanggal, 日期, 时间, 發布時間,
日付, 날짜, 발행일, التاريخ"""
_LANGUAGE = """language, lang, language code, lang code, source lang, locale, sprache, langue,
idioma, lingua, taal, język, язык, мова, dil, 语言, 言語, 언어"""


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """Give a column's name without case, accents, and what stands between its words."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in apart if c.isalnum())


def _names(listed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(folded(name) for name in listed.split(",")))


_BESIDE = _names(_ABOUT)
_STRONG = (*_names("headline," + _HEADLINE), *_names("title," + _TITLE))
_RANKS = {name: rank for rank, name in enumerate(_STRONG)}
_WEAK_RANK = 1000
_RANKS |= {name: _WEAK_RANK + i for i, name in enumerate(("text", *_names(_WEAK)))}
TOLD_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "publisher": _names(_PUBLISHER),
    "date": _names(_DATE),
    "language": _names(_LANGUAGE),
}
"""What else a headline has of its own, and the columns that it may stand in, `folded`."""

_WORDS = re.compile(r"[^\W\d_]+?(?=[\W\d_]|(?<=[a-z])[A-Z]|$)")


@dataclass(frozen=True, slots=True)
class Layout:
    """How an input is laid out: as far as the user says so, or as it was read.

    Attributes
    ----------
    column : str or None
        The column or key of the headlines, by its name or its number from 1.
    delimiter : str or None
        What stands between the cells of a table.
    header : bool or None
        Whether a table's first row names its columns.
    columns : tuple of str
        The names of a table's columns, where the header isn't at hand.
    """

    column: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    columns: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def rank_of(name: str) -> int | None:
    """Say how readily a column is taken for the headlines by its name; None is never.

    Examples
    --------
    >>> [rank_of(name) is not None for name in ("article_title", "webTitle", "Título", "job_title")]
    [True, True, True, False]
    """
    rank = _RANKS.get(folded(name))
    if rank is None:
        words = [word.casefold() for word in _WORDS.findall(name)]
        known = [w for w in words if folded(w) in _STRONG]
        if len(known) == 1 and all(word in _BESIDE for word in words if word not in known):
            rank = len(_STRONG) + _RANKS[folded(known[0])]
    return rank


def is_strong(name: str) -> bool:
    """Say whether a name alone, without others beside it, names a column of headlines."""
    rank = rank_of(name)
    return rank is not None and rank < _WEAK_RANK


def place_among(columns: Sequence[Any], wanted: str | None = None) -> int:
    """Give the place of the column of headlines; raises ValueError with the columns' names.

    Without `wanted`, a name or a number from 1, it is one whose name says so.
    """
    names = [str(name) for name in columns]
    if wanted is not None:
        same = [i for i, name in enumerate(names) if name.strip() == wanted.strip()]
        fold = folded(wanted)
        same = same or [i for i, name in enumerate(names) if fold and folded(name) == fold]
        if not same and wanted.isdecimal() and 0 < int(wanted) <= len(names):
            return int(wanted) - 1
    else:
        ranks = [(rank, i) for i, name in enumerate(names) if (rank := rank_of(name)) is not None]
        best = min(ranks, default=(0, 0))[0]
        same = [i for rank, i in ranks if rank == best]
    same = [i for i in same if names[i].strip() == names[same[0]].strip()]
    if len(same) > 1:
        places = " and ".join(str(i + 1) for i in same)
        raise ValueError(f"columns {places} are both called {names[same[0]]!r}; rename one")
    if same:
        return same[0]
    sought = (wanted,) if wanted else HEADLINE_COLUMNS
    raise ValueError(
        f"no column {' or '.join(map(repr, sought))}; the columns are "
        f"{', '.join(names)}; rename one"
    )


def column_among(columns: Iterable[Any], wanted: str | None = None) -> Any:
    """Give the name, as it stands, of the column of headlines, as `place_among` finds it."""
    names = list(columns)
    return names[place_among(names, wanted)]


@lru_cache(maxsize=1024)
def _telling(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Give what the columns of these names tell, and in which of them."""
    known = {folded(name): name for name in reversed(names)}
    return tuple(
        (attribute, known[fold])
        for attribute, folds in TOLD_COLUMNS.items()
        for fold in folds
        if fold in known
    )


_iso = lru_cache(maxsize=1 << 14)(iso_date)  # many rows have the same


def date_written(fields: Mapping[str, Any]) -> Any:
    """Give the date of a row as it stands in its first column of dates that has one, or None."""
    names = [name for attribute, name in _telling(tuple(map(str, fields))) if attribute == "date"]
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def told_by(fields: Mapping[str, Any]) -> dict[str, str]:
    """Give publisher, date and language, each where the fields of a row tell it.

    The date is in ISO 8601 where it can be read; only of a column called date it is given
    as it stands where it can't be.
    """
    told: dict[str, str] = {}
    for attribute, name in _telling(tuple(map(str, fields))):
        value = fields.get(name)
        if attribute == "publisher" and isinstance(value, Mapping):
            value = value.get("name")
        if attribute in told or value in (None, "") or isinstance(value, Mapping | list):
            continue
        if attribute == "date":
            date = _iso(value) if isinstance(value, str) else iso_date(value)
            if date is not None or folded(name) == "date":
                told["date"] = date or str(value)
        elif name == "source" and "publisher" in fields:
            continue  # a row that this package wrote: the source is the name of its input
        else:
            told[attribute] = str(value)
    return told
