"""Sorting: the lines of what is a page, by what they say and by where they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from headlines.feeds.clutter import is_call, is_credit, is_furniture
from headlines.feeds.evidence import (
    MAX_CHARACTERS,
    MAX_LABEL_WORDS,
    MIN_MARKS,
    SENTENCE_END,
    Mark,
    MarkedText,
    is_title_case,
    words_of,
)

MAX_ALERT_HEAD = 12
"""Lines of a mail in which an alert names what it was set for."""

MIN_BLOCKS = 4
"""Blocks of lines, built alike, by which a page shows what each line of a block is."""

MIN_STANDFIRST = 50
"""Characters of a sentence below a title at the least."""

MIN_SNIPPET = 60
"""Characters of an article's beginning, as alert mails show it."""

SNIPPETS = 0.2
"""Share of a page's lines that have to be such for any to be believed."""

ALIKE = 0.3
"""Share of a page's blocks of several lines that have to be as long as one another for that."""

MOSTLY = 0.8
"""Share of such blocks that have to show the same."""

LONGER = 1.25
"""How much longer than its title a standfirst is."""

_SENTENCE_ENDS = re.compile(r"[.!?][\"'”’)\]]*$")
_DATELINE = re.compile(
    r"[A-Z][\w .,’'-]{1,40} \((?:Reuters|AP|AFP|UPI|TASS|Bloomberg|dpa)\) ?[-–—]"
)
_ALERT = re.compile(r"(?:daily|weekly|monthly|as-it-happens) (?:update|digest)\b", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:(?:about|contact|support|follow|more from|advertise with) )?(?:the )?")


def sorted_lines(text: MarkedText) -> tuple[set[int], set[int]]:
    """Give the places of furniture, and those of article text, in what is a page."""
    article = _article_lines(text)
    often = Counter(text.lines[i].casefold() for i in text.filled)
    owned = [s for s in often if "©" in s or s.startswith(("copyright", "from:"))][:20]
    owners = "\n".join(said[:MAX_CHARACTERS] for said in owned)
    furniture = {
        i
        for i in text.filled
        if is_furniture(text.lines[i])
        or _is_owner(text.lines[i], owners)
        or _is_label(text.lines[i], often[text.lines[i].casefold()])
    }
    furniture |= {
        before
        for before, here in pairwise(text.filled[:MAX_ALERT_HEAD])
        if here in text.marks and _ALERT.match(text.lines[here])
    }  # what an alert was set for
    furniture -= article
    _sort_blocks(text, furniture, article)
    return furniture, article


def _is_owner(line: str, owners: str) -> bool:
    """Say whether a line names the page's owner: `About the Valley Ledger`."""
    if not owners or len(line) > 60:
        return False
    return _ABOUT.sub("", line.casefold()).rstrip("!.: ") in owners or is_credit(line, owners)


def _is_label(line: str, times: int) -> bool:
    """Say whether a line stands too often, or in too large letters, for its few words."""
    words = words_of(line)
    if words <= 3:
        return times > 1 or line.isupper()
    return words <= MAX_LABEL_WORDS + 1 and times > 2


def _sort_blocks(text: MarkedText, furniture: set[int], article: set[int]) -> None:
    """Tell titles from what stands under or above each, where a page's blocks are built alike.

    A block is a run of lines that furniture and blanks leave, or furniture alone where times and
    their like end most of them. Where many have two lines or three, lines of few words are
    labels, and what is longer than the title above it is a standfirst.
    """
    furniture |= _footer(text, furniture | article)
    without = furniture | text.paragraphs
    blanks = {i for i, line in enumerate(text.lines) if not line}
    timed = {i for i, mark in text.marks.items() if mark in (Mark.STAMP, Mark.SIGN)}
    wide = _blocks(text, without, set())
    ended = sum(_next_filled(text, block[-1]) in timed for block in wide)
    for blocks in (_blocks(text, without, blanks), wide if 2 * ended >= len(wide) else []):
        for length in (3, 2):
            alike = [block for block in blocks if len(block) == length]
            if len(alike) >= max(MIN_BLOCKS, ALIKE * sum(len(block) > 1 for block in blocks)):
                _sort_columns(text, list(zip(*alike, strict=True)), furniture, article)


def _sort_columns(
    text: MarkedText, columns: Sequence[tuple[int, ...]], furniture: set[int], article: set[int]
) -> None:
    """Sort the lines of blocks of one length: first lines, second lines and so on."""
    short = [all(words_of(text.lines[i]) <= MAX_LABEL_WORDS for i in c) for c in columns]
    if all(short):
        return
    title = short.index(False)
    for place, column in enumerate(columns):
        longer = sum(
            len(text.lines[i]) >= LONGER * len(text.lines[above])
            for i, above in zip(column, columns[title], strict=True)
        )
        if short[place]:
            furniture.update(column)
        elif place > title and longer >= MOSTLY * len(column):
            article.update(column)


def _footer(text: MarkedText, known: set[int]) -> set[int]:
    """Give lines of few words among the menus and buttons that end a page."""
    few = MAX_LABEL_WORDS + 1
    long = [i for i in text.filled if i not in known and words_of(text.lines[i]) > few]
    last = long[-1] if long else -1
    tail = sorted(i for i in text.marks if i > last)
    among = range(tail[2], tail[-1]) if len(tail) > MIN_MARKS else range(0)
    return {i for i in among if text.lines[i] and i not in known}


def _blocks(text: MarkedText, without: set[int], blanks: set[int]) -> list[list[int]]:
    """Give the runs of lines that these leave."""
    blocks: list[list[int]] = [[]]
    for i, line in enumerate(text.lines):
        if i in without or i in blanks:
            blocks.append([])
        elif line:
            blocks[-1].append(i)
    return [block for block in blocks if block]


def _next_filled(text: MarkedText, place: int) -> int:
    at = bisect_right(text.filled, place)
    return text.filled[at] if at < len(text.filled) else -1


def _article_lines(text: MarkedText) -> set[int]:
    """Give paragraphs, the shorter sentences next to them, summaries and what is cut off."""
    article = set(text.paragraphs)
    for order in (text.filled, text.filled[::-1]):
        for before, here in pairwise(order):
            if before in article and here not in text.marks and _is_sentence(text.lines[here]):
                article.add(here)
    article |= _snippets(text) | _standfirsts(text)
    others = (i for i in text.filled if i not in text.marks and not is_call(text.lines[i]))
    article.update(i for i in others if _is_summary(text.lines[i]))
    return article


def _snippets(text: MarkedText) -> set[int]:
    """Give long lines that are cut off, where so many stand under lines that aren't."""
    cut = {i for i in text.filled if text.lines[i].endswith(("...", "…"))}
    under = {i for i in cut if i - 1 not in cut and len(text.lines[i]) >= MIN_SNIPPET}
    others = len(text.filled) - len(text.marks)
    return under if len(under) >= max(2, SNIPPETS * others) else set()


def _standfirsts(text: MarkedText) -> set[int]:
    """Give the sentences that stand under titles without a full stop and are longer, if several."""
    under = {
        here
        for before, here in pairwise(text.filled)
        if here not in text.marks
        and before not in text.marks
        and len(text.lines[here]) >= max(MIN_STANDFIRST, LONGER * len(text.lines[before]))
        and words_of(text.lines[before]) >= 3
        and _is_sentence(text.lines[here])
        and not _SENTENCE_ENDS.search(text.lines[before][-20:])
    }
    return under if len(under) > 1 else set()


def _is_summary(line: str) -> bool:
    """Two sentences or more, or the agency's name behind a place: an article's beginning."""
    if _DATELINE.match(line):
        return True
    return (
        len(line) >= 60
        and len(SENTENCE_END.findall(line)) >= 2
        and line.endswith(".")
        and not is_title_case(line)
    )


def _is_sentence(line: str) -> bool:
    """Running text that ends as a sentence does and isn't set as a title."""
    return bool(_SENTENCE_ENDS.search(line[-20:])) and not is_title_case(line)
