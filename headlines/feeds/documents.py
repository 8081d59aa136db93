"""Documents: inputs whose items aren't lines, so that all of one is read before its first item."""

from __future__ import annotations

from collections.abc import Iterator

from headlines.errors import FeedError
from headlines.feeds.columns import Layout
from headlines.feeds.records import Record
from headlines.feeds.syndication import feed_records, is_feed, root_of

TEXTS = ("json", "xml", "html")
"""Formats of documents that are texts."""


def told_document(text: str) -> str | None:
    """Tell the format of a document from the first part of its text, JSON left aside."""
    if not text.startswith("<"):
        return None
    if root_of(text) == "html" or text[:9].casefold() == "<!doctype":
        return "xml" if is_feed(text) and root_of(text) != "html" else "html"
    return "xml" if is_feed(text) else None


def document_records(text: str, format: str, layout: Layout, source: str) -> Iterator[Record]:
    """Give a record for every item of a document; raises FeedError where it has no list of them."""
    if format == "html":
        raise FeedError(
            f"{source}: is a web page (HTML), whose headlines can't be told from its other links; "
            "give the site's feed, or the page's text as a browser copies it"
        )
    if format == "xml":
        return feed_records(text, source)
    from headlines.feeds.objects import json_records

    return json_records(text, layout, source)
