"""The page rule: which lines of a web page's or a mail's text are headlines.

A reader pastes a whole page: an article, menus, calls to subscribe, times and names, and among
them the headlines. The rule first asks whether the text is a page at all, and says no unless the
evidence is strong, because a plain list must never lose a line. Only then does it sort lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from headlines.feeds.evidence import MAX_LABEL_WORDS, MIN_MARKS, Mark, MarkedText, words_of


class LineKind(StrEnum):
    """What a line of a feed turned out to be."""

    HEADLINE = "headline"
    DUPLICATE = "duplicate"
    BOILERPLATE = "boilerplate"
    ARTICLE = "article text"
    BLANK = "blank"
    HEADER = "header"
    CONTINUED = "continued"
    QUARANTINED = "quarantined"


def sort_page(lines: Sequence[str]) -> list[LineKind] | None:
    """Give the kind of every line of a page's text, or None when it is a plain list of headlines.

    A page shows itself by buttons and menus (four different lines, two of which nothing but a
    site says), or fewer of them beside the body of an article (a paragraph several times as long
    as the other lines); by times, bylines, counts and links among the lines; or by two paragraphs
    together among lines set apart by blanks, with any call, byline or lone word beside them. In
    any other text what can't be a headline is left out, such as `4 hours ago`, and nothing else.
    """
    text = MarkedText.of(lines)
    if all(mark is Mark.NAME for mark in text.marks.values()) and not text.paragraphs:
        return None  # as of most lists
    if len(text.marks) == len(text.filled):
        buttons = text.distinct(Mark.BUTTON)
        only = buttons >= MIN_MARKS - 1 and 2 * buttons > len(text.filled) >= MIN_MARKS
        return _kinds(text, set(text.filled), set()) if only else None
    if _is_page(text):
        from headlines.feeds.sorting import sorted_lines  # its expressions take long to compile

        kinds = _kinds(text, *sorted_lines(text))
        if LineKind.HEADLINE in kinds:
            return kinds
    stamps = {i for i, mark in text.marks.items() if mark is Mark.STAMP}
    return _kinds(text, stamps, set()) if stamps else None


def _kinds(text: MarkedText, furniture: set[int], article: set[int]) -> list[LineKind]:
    kinds = [LineKind.HEADLINE if line else LineKind.BLANK for line in text.lines]
    for i in furniture:
        kinds[i] = LineKind.BOILERPLATE
    for i in article:
        kinds[i] = LineKind.ARTICLE
    return kinds


def _is_page(text: MarkedText) -> bool:
    """Weigh the evidence, most of which has to be a share of the lines: a list may be long."""
    filled, paragraphs = len(text.filled), text.paragraphs
    stamps, signs = text.count(Mark.STAMP), text.count(Mark.SIGN)
    buttons, names = text.distinct(Mark.BUTTON), text.distinct(Mark.NAME)
    marked, phrases = len(text.marks), buttons + names
    least = MAX_LABEL_WORDS - 1 if stamps > 1 else MAX_LABEL_WORDS + 1  # a list may be of names
    titles = any(i not in text.marks and words_of(text.lines[i]) >= least for i in text.filled)
    if titles and (
        4 * stamps >= filled  # one title with its time
        or (marked >= filled / 20 and buttons > 1 and phrases + stamps >= MIN_MARKS)
        or (stamps + signs + buttons >= filled / 10 and 2 * stamps + signs + buttons >= MIN_MARKS)
    ):
        return True
    if paragraphs and marked >= filled / 100:
        few = len(paragraphs) > 1 and buttons > 0
        if phrases >= (2 if few else MIN_MARKS):
            return True
    together = any(a in paragraphs and b in paragraphs for a, b in pairwise(text.filled))
    apart = len(paragraphs) <= filled / 3 and filled < 0.7 * len(text.lines)
    if not together or not apart:
        return False
    from headlines.feeds.clutter import is_furniture

    return any(is_furniture(text.lines[i]) for i in text.filled)
