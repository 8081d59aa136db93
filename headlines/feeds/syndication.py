"""From feeds to records: RSS of all versions, Atom, RDF, and the news of a site's map."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from html.entities import html5
from typing import Any

from headlines.errors import FeedError, short
from headlines.feeds.dates import iso_date
from headlines.feeds.page import LineKind
from headlines.feeds.records import Record

_PROLOG = re.compile(r"\s*(?:<\?[^>]*\?>|<!--(?s:.*?)-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>|\s+)")
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*(?::[\w.-]+)?)")
_FEED_ROOTS = {"rss", "feed", "rdf", "channel", "item", "entry", "urlset"}
_REFUSED = {
    "opml": "a list of feeds (OPML), not a feed; give the feeds that it lists",
    "sitemapindex": "a list of site maps; give the news map that it lists",
}
_ITEM = re.compile(r"<((?:\w+:)?(?:item|entry))\b(?![^<>]*/>)", re.IGNORECASE)
_BROKEN = re.compile("[\udc80-\udcff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARATION = re.compile(r"<\?xml\b[^>]*\?>")

# Titles of pictures and films, which must not be taken for those of the items that they are in.
_MEDIA_TITLE = re.compile(r"<(/?)media:title\b")

_SITEMAP = {
    "url": "item", "loc": "link", "news:title": "title", "news:name": "source",
    "news:language": "dc:language", "news:publication_date": "pubDate", "news:keywords": "category",
}  # fmt: skip
_SITEMAP_TAG = re.compile(rf"<(/?)({'|'.join(_SITEMAP)})\b(?:\s[^<>]*)?>")

_UNESCAPED = re.compile(
    r"<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)|<!--(?s:.*?)(?:-->|\Z)|&(?!amp;|lt;|gt;|quot;|apos;)([A-Za-z]\w*);"
    r"|&(?!\w+;|#\d+;|#[xX][0-9A-Fa-f]+;)|<(?![A-Za-z_/!?])"
)
_UNREAD = re.compile(r"<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)|<!--(?s:.*?)(?:-->|\Z)")
MAX_HEAD = 20_000
_END = re.compile(
    r"</(?:\w+:)?(?:rss|feed|rdf|channel|urlset)\s*>\s*(?:<!--(?s:.*?)-->\s*)*$", re.I
)

# What the parser gives beside the texts themselves: the same again, taken apart.
_PARTS = re.compile(r".*_(?:detail|parsed)|links|authors|tags|guidislink|title|language|source")
_FIRST_SENTENCE = re.compile(r"(.{20,}?[.!?…])(?:\s|$)", re.DOTALL)


def root_of(text: str) -> str:
    """Give the name of XML's first element, in small letters and without its space, or nothing."""
    at = 0
    while found := _PROLOG.match(text, at):
        at = found.end()
    element = _ROOT.match(text, at)
    return element[1].rpartition(":")[2].casefold() if element else ""


def is_feed(text: str) -> bool:
    """Say whether a text begins as XML does that is a feed or would be taken for one."""
    root = root_of(text[: 1 << 14])
    return root in _FEED_ROOTS or root in _REFUSED or (bool(root) and text.startswith("<?xml"))


def feed_records(text: str, source: str) -> Iterator[Record]:
    """Give a record for every item; raises FeedError where XML is no feed.

    Items of a feed that is cut off are read as far as they are whole.
    """
    text = text.lstrip("\ufeff \r\n\t")
    root = root_of(text)
    if root in _REFUSED:
        raise FeedError(f"{source}: is {_REFUSED[root]}")
    if root not in _FEED_ROOTS:
        raise FeedError(
            f"{source}: is XML with the root <{short(root, 40)}>, not a feed; give RSS or Atom"
        )
    if root == "urlset":
        if "<news:title" not in text:
            raise FeedError(f"{source}: is a site map without news; give a feed or a news map")
        text = _SITEMAP_TAG.sub(lambda tag: f"<{tag[1]}{_SITEMAP[tag[2]]}>", text)
    raws = _items_of(text)
    parsed = _parsed(text)
    entries = [dict(entry) for entry in parsed["entries"]]
    if len(entries) < len(raws):  # one that isn't closed swallows those behind it
        entries = list(_one_by_one(text, raws))
    told = _told_by_channel(dict(parsed["feed"]))
    titled = any(entry.get("title") for entry in entries)
    cut = root not in ("item", "entry") and not _END.search(text[-2000:])
    in_item = cut and bool(raws) and not raws[-1][1]
    for number, entry in enumerate(entries, 1):
        raw = raws[number - 1][0] if len(raws) == len(entries) else ""
        whole = not in_item or number < len(entries)
        yield _of_entry(number, entry, told, raw, whole=whole, titled=titled)
    if cut and not in_item:
        reason = "the feed is cut off here"
        yield Record(len(entries) + 1, LineKind.QUARANTINED, text[-80:], reason=reason)


def _items_of(text: str) -> list[tuple[str, bool]]:
    """Give every item as it stands, and whether its end comes before the next."""
    text_alone = _UNREAD.sub(lambda unread: " " * len(unread[0]), text)
    starts = [(found.start(), found[1]) for found in _ITEM.finditer(text_alone)]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    found = []
    for (start, name), after in zip(starts, ends[: len(starts)], strict=True):
        end = text_alone.find(f"</{name}", start, after)
        found.append((text[start : after if end < 0 else end + len(name) + 3], end >= 0))
    return found


def _one_by_one(text: str, raws: list[tuple[str, bool]]) -> Iterator[dict[str, Any]]:
    """Parse every item by itself, behind the head of its feed."""
    head = text[: text.find(raws[0][0])][:MAX_HEAD]
    for raw, _ in raws:
        entries = _parsed(head + raw)["entries"]
        yield dict(entries[0]) if entries else {}


def _parsed(text: str) -> Any:
    """Have a feed parsed from its bytes, so that nothing is fetched; titles stay as they are."""
    import feedparser

    text = _DECLARATION.sub("", text, count=1)
    text = _MEDIA_TITLE.sub(r"<\1media:caption", text)
    text = _CONTROL.sub("", _BROKEN.sub("\ufffd", text))
    text = _UNESCAPED.sub(_escaped, text)
    return feedparser.parse(
        io.BytesIO(text.encode("utf-8", "replace")),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        resolve_relative_uris=False,
        sanitize_html=False,
    )


def _escaped(found: re.Match[str]) -> str:
    """Escape what XML has no room for: a lone ``&`` or ``<``, and the entities of HTML."""
    if found[0] in ("&", "<"):
        return "&amp;" if found[0] == "&" else "&lt;"
    if found[1]:
        return html5.get(f"{found[1]};", found[0])
    return found[0]


def _told_by_channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    told = {"publisher": channel.get("title"), "language": channel.get("language")}
    return {name: _plain(text) for name, text in told.items() if text}


def _of_entry(
    number: int, entry: dict[str, Any], told: dict[str, Any], raw: str, *, whole: bool, titled: bool
) -> Record:
    """Give an item's record; one without a title counts by its text where no item has a title."""
    title = entry.get("title") or ("" if titled else _first_sentence(entry))
    reason = ""
    if not whole:
        reason = "the feed is cut off in this item"
    elif not title:
        reason = "an item without a title"
    elif _BROKEN.search(raw) or "\ufffd" in title:
        reason = "holds bytes that are no text in the encoding of the file"
    if reason:
        return Record(number, LineKind.QUARANTINED, raw or _plain(title), reason=reason)
    return Record(number, LineKind.HEADLINE, title, {**told, **_fields(entry)})


def _first_sentence(entry: Mapping[str, Any]) -> str:
    """Give the first sentence of what an item says, as those of Mastodon and Telegram do."""
    content = entry.get("content") or [{}]
    text = _plain(entry.get("summary") or content[0].get("value") or "", breaks="\n").strip()
    line = text.split("\n", 1)[0].strip()
    found = _FIRST_SENTENCE.match(line)
    return found[1] if found else line


def _plain(text: Any, breaks: str = " ") -> str:
    """Take the tags out of HTML; what begins a line there gets a break."""
    from html import unescape

    text = re.sub(r"(?i)<(?:br|/?p|/?div|/?li)\b[^<>]*>", breaks, str(text))
    return unescape(re.sub(r"</?[A-Za-z][^<>]*>", "", text))


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give all that an item tells, under the names that rows have."""
    fields: dict[str, Any] = {}
    source = entry.get("source") or {}
    dates = [entry[name] for name in ("published", "updated", "created") if entry.get(name)]
    detail = entry.get("title_detail") or {}
    people = [person.get("name") for person in entry.get("authors") or () if person.get("name")]
    enclosures = [
        link.get("href") for link in entry.get("links") or () if link.get("rel") == "enclosure"
    ]
    found = {
        "url": link if (link := entry.get("link")) != entry.get("id") or ":" in str(link) else None,
        "date": iso_date(dates[0]) or dates[0] if dates else None,
        "publisher": source.get("title") if isinstance(source, Mapping) else None,
        "language": entry.get("language") or detail.get("language"),
        "authors": people if len(people) > 1 else None,
        "category": [tag["term"] for tag in entry.get("tags") or () if tag.get("term")],
        "description": entry.get("summary"),
        "content": "\n".join(part.get("value", "") for part in entry.get("content") or ()),
        "enclosures": enclosures,
    }
    named = {"link", "published", "summary", "content", *([] if dates[1:] else ["updated"])}
    fields |= {name: value for name, value in found.items() if value}
    for name, value in entry.items():
        if not _PARTS.fullmatch(name) and name not in named and value not in (None, "", [], {}):
            fields.setdefault(name, _as_plain(value))
    if fields.get("content") == fields.get("description"):
        fields.pop("content", None)
    return fields


def _as_plain(value: Any) -> Any:
    """Give the parser's own kinds of dictionaries as plain ones."""
    if isinstance(value, Mapping):
        return {str(name): _as_plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
