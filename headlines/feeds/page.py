"""The page rule: which lines of a web page's text are headlines.

A reader pastes a whole page: an article, menus, calls to subscribe, and among them the
headlines. The rule first asks whether the text is a page at all, and says no unless the
evidence is strong, because a plain list must never lose a line. Only then does it sort lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise


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


_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s|$|[A-Z])")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

# What websites say about themselves: whole lines, as menus and buttons have them.
_MENU = re.compile(
    r"""(?ix) ^\W*(?:
      advertis(?:e|ement|ements|ing)(?:\ (?:with\ us|here))? | sponsored(?:\ content)? | promoted
    | merchandise(?:\ \(.*\))? | (?:our\ )?(?:shop|store) | home(?:\ ?page)? | main\ menu | menu
    | search | (?:sign|log)[\ -]?(?:in|up|out|on)\b.{0,30} | register(?:\ now)? | my\ account
    | create\ (?:an\ )?account
    | subscribe(?:\ (?:now|today|here|to\ our.*|(?:for|from)\ [$€£\d].*))? | subscriptions?
    | newsletters?(?:\ sign-?up)? | contact(?:\ us)? | about(?:\ us)? | careers
    | help(?:\ cent(?:er|re))? | faqs? | site\ ?map | rss(?:\ feeds?)?
    | privacy(?:\ (?:policy|notice|settings))?
    | terms(?:\ (?:of|and|&)\ (?:use|service|sale|conditions))?
    | cookies?(?:\ (?:policy|settings|preferences|notice))? | accept(?:\ all)?(?:\ cookies)?
    | (?:reject|manage)\ (?:all|cookies|preferences|choices)
    | share(?:\ (?:this(?:\ (?:article|story|page))?|on\ \w+))? | tweet | e-?mail
    | print(?:\ this)? | copy\ link | follow(?:\ us(?:\ on\b.*)?)? | facebook | twitter
    | instagram | telegram | youtube | linkedin | whatsapp | x
    | (?:read|view|see|show|load)\ (?:more|all|less)\b.{0,30}
    | more\ (?:news|stories|from|on)\b.{0,30} | latest(?:\ (?:news|stories|headlines))?
    | most\ (?:read|popular|viewed|shared) | trending(?:\ now)?
    | related(?:\ (?:articles|stories|news|content))? | top\ stories | editor.?s?\ picks?
    | recommended(?:\ (?:for\ you|reading|stories))? | you\ (?:may|might)\ also\ (?:like|enjoy)
    | comments?(?:\ \(\d+\))? | leave\ a\ (?:comment|reply) | reply
    | (?:enter\ )?your\ e-?mail(?:\ address)? | continue\ reading(?:\ (?:with|for|below)\b.*)?
    | we\ value\ your\ privacy.* | \d+\ min(?:ute)?s?\ read | next(?:\ page)?\W*
    | prev(?:ious)?(?:\ page)?\W* | back(?:\ to\ (?:top|home.*))? | page\ \d+(?:\ of\ \d+)?
    | skip\ to\ (?:\w+\ )?(?:content|navigation|footer) | donate(?:\ (?:now|today|here))?
    | support\ (?:us|(?:our|independent)\ (?:journalism|work|reporting|newsroom|mission|site))
    | become\ a\ (?:member|supporter|patron|subscriber)(?:\ (?:now|today))?
    | download\ (?:the|our)\ .*app.* | get\ (?:the|our)\ (?:app|newsletter).*
    | all\ rights\ reserved.*
    )\W*$"""
)
# Calls to the reader and offers: parts of a line, believed only on what is known to be a page.
_CALL = re.compile(
    r"""(?ix)
      ©|\(c\)\ ?(?:19|20)\d\d|^\W*copyright\b|\ball\ rights\ reserved\b
    | ^\W*(?:contribute|donate|subscribe|advertise|sign\ up|log\ in|register|join|follow|support
        |download|share|try|upgrade|get|become)\b.*
      (?:\bnewsletters?\b|\binbox\b|\bapp\b|\baccount\b|\bmembership\b|\bsubscri|\bvoluntary\b
        |\bour\ (?:journalism|work|reporting|site|community|channel|podcast|team)\b
        |\b(?-i:us)\b(?:\ (?:on|from|today|now)\b|\W*$))
    | \b(?:unlimited|full|portal|digital|premium)\b.*\baccess\b.*(?:\+|\d|[$€£]|month|year|subscri)
    | \b(?:support\ us|subscri\w+|access|trial|cancel|member(?:ship)?)\b.*[$€£]\ ?\d[\d.,]*\ ?
      (?:/|per|a|for)\ ?(?:your\ )?(?:first\ )?(?:week|month|year|day|issue)
    | \b(?:we|this\ (?:web)?site|this\ page)\ (?:use|uses)\ cookies\b
    | \bby\ (?:continuing|using)\b.*\b(?:you\ agree|cookies|consent)
    | \b(?:our|your|agree\ to\b.*)\ (?:terms\ of\ (?:use|service)|privacy\ policy|cookie\ policy)\b
    """
)

# Bylines and datelines, menus in one line (`News | Opinion | Arts`).
_BYLINE = re.compile(
    r"""(?x)
      ^(?:[Bb]y|BY|(?:Text|Words|Photos?|Photographs|Story|Author|Published|Updated)(?::|\ by))\s+
      \S+(?:\s+\S+){0,6}$
    | ^\W*(?:\w+,?\ )?(?:\d{1,2}\.?\ )?
      (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*\.?\ (?:\d{1,2},?\ )?\d{4}\b
      [\s\d:,.apmAPM|UTCGES-]*$
    | ^\W*(?:[^|•·]{1,25}[|•·]){2,}[^|•·]{1,25}$
    """
)


def sort_page(lines: Sequence[str]) -> list[LineKind] | None:
    """Give the kind of every line of a page's text, or None when it is a plain list of headlines.

    A page shows itself by menu lines (two different ones at least) together with the body of
    an article (a paragraph several times as long as the other lines), by many menu lines, or
    by two paragraphs together among lines set apart by blanks, with any call, byline or lone
    word beside them. A text of which every line is a menu line is a page without headlines.
    """
    stripped = [line.strip() for line in lines]
    filled = [i for i, line in enumerate(stripped) if line]
    if not filled:
        return None
    menu = {i for i in filled if _MENU.match(stripped[i])}
    lengths = sorted(len(stripped[i]) for i in filled)
    typical = lengths[len(lengths) // 2]
    paragraphs = {i for i in filled if _is_paragraph(stripped[i], typical)}
    if not _is_page(stripped, filled, menu, paragraphs):
        return None
    article = _article_lines(stripped, filled, menu, paragraphs)
    notices = "\n".join(stripped[i] for i in filled if "©" in stripped[i]).casefold()
    kinds = []
    for i, line in enumerate(stripped):
        if not line:
            kinds.append(LineKind.BLANK)
        elif i in article:
            kinds.append(LineKind.ARTICLE)
        elif i in menu or _is_furniture(line) or line.casefold().removeprefix("the ") in notices:
            kinds.append(LineKind.BOILERPLATE)
        else:
            kinds.append(LineKind.HEADLINE)
    return kinds


def _is_furniture(line: str) -> bool:
    """Calls, bylines, menus in a line, and what is too short to say anything."""
    return bool(_CALL.search(line) or _BYLINE.match(line)) or len(_WORD.findall(line)) < 3


def _is_page(lines: Sequence[str], filled: list[int], menu: set[int], paragraphs: set[int]) -> bool:
    names = {lines[i].casefold() for i in menu if len(lines[i].split()) <= 4}
    if len(menu) == len(filled):
        return True
    if len(names) >= 2 and paragraphs:
        return True
    if len(names) >= 4 and len(menu) >= len(filled) / 20:
        return True
    together = any(a in paragraphs and b in paragraphs for a, b in pairwise(filled))
    furniture = menu or any(_is_furniture(lines[i]) for i in filled)
    return bool(
        together
        and furniture
        and len(paragraphs) <= len(filled) / 3
        and len(filled) < 0.7 * len(lines)
    )


def _is_paragraph(line: str, typical: int) -> bool:
    """Several sentences of running text, far longer than the lines around it."""
    return (
        len(line) >= max(200, 2.5 * typical)
        and len(_SENTENCE_END.findall(line)) >= 2
        and not _is_title_case(line)
    )


def _article_lines(
    lines: Sequence[str], filled: list[int], menu: set[int], paragraphs: set[int]
) -> set[int]:
    """Paragraphs, and the shorter sentences that stand next to them."""
    article = set(paragraphs)
    for order in (filled, filled[::-1]):
        for before, here in pairwise(order):
            if before in article and here not in menu and _is_sentence(lines[here]):
                article.add(here)
    return article


def _is_sentence(line: str) -> bool:
    """Running text that ends as a sentence does and isn't set as a title."""
    return bool(re.search(r"[.!?][\"'”’)\]]*$", line)) and not _is_title_case(line)


def _is_title_case(line: str) -> bool:
    words = [w for w in _WORD.findall(line) if len(w) > 3]
    return bool(words) and sum(w[0].isupper() or w[0].isdigit() for w in words) >= 0.6 * len(words)
