"""Mark-up and links: a title without what was there to set it or to lead elsewhere.

Tags, CDATA and comments of HTML, links and emphasis of Markdown, wikis and chats, addresses before
and behind a title. Signs that mean something stay: ``a < b > c``, ``5 * 3 * 2``, ``snake_case``,
``f**k``, ``#MeToo``, ``@name``.
"""

from __future__ import annotations

import re

_TAGS = (
    "a|abbr|acronym|address|article|aside|b|bdi|bdo|big|blockquote|body|br|button|caption|center"
    "|cite|code|dd|del|description|dfn|div|dl|dt|em|figcaption|figure|font|footer|form|h[1-6]"
    "|header|hr|html|i|iframe|img|ins|kbd|label|li|link|main|mark|nav|nobr|noscript|o:p|ol|p"
    "|picture|pre|q|s|samp|section|small|source|span|strike|strong|sub|sup|svg|table|tbody|td|th"
    "|time|title|tr|tt|u|ul|var|wbr|media:title|dc:title|headline|item"
)
_BREAKS = re.compile(
    "(?i:br|hr|p|div|li|ul|ol|h[1-6]|t[dhr]|table|dd|dt|img|title|section|article|header|item)"
)
_EMPTY = {"br", "hr", "img", "wbr", "source", "link"}
_TAG = re.compile(
    rf"<(/?)({_TAGS})((?:\s{{1,9}}[\w:-]{{1,40}}\s?=\s?(?:\"[^\"]{{0,600}}\"|'[^']{{0,600}}'"
    rf"|[^\s\"'<>=]{{1,600}})){{0,12}}+)\s{{0,9}}(/?)>",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[ \"'“‘(](?!\w)")
_AUTOLINK = re.compile(r"<(https?://[^\s<>|]{1,2000})(?:\|([^<>|]{1,500}))?>")

_TARGET = r"(?:[^\s()<>]|\([^\s()<>]*\))*+"
_TITLE = r"""(?:\s(?:"[^"]{0,300}"|'[^']{0,300}'))?"""
_LINK = re.compile(rf"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*+)\]\(<?({_TARGET})>?{_TITLE}\)")
_REFERENCE = re.compile(r"(?<![\w\]])\[([^\[\]]{3,})\]\[[\w-]{0,40}\]")
_WIKI = re.compile(r"\[\[(?:[^\[\]|]{1,200}\|)?([^\[\]|]{1,300})\]\]")
_BOARD = re.compile(r"\[(b|i|u|s|url|quote|size|color|center)(?:=[^\[\]]{1,300})?\]", re.IGNORECASE)

_INNER = r"""(?=[\w"'“‘«$€£#@(\[¿¡…])"""
_OUTER = r"""(?<=[\w"'”’».!?%…)\],:;])"""
_EMPHASES = (
    re.compile(rf"(?<![\w*])(\*{{1,3}}+){_INNER}([^*]++){_OUTER}\1(?![\w*])"),
    re.compile(rf"(?<!\w)(_{{1,3}}+){_INNER}(?!(?<=__)[a-z0-9]+__)((?:[^_]|(?<=[^\W_])_(?=[^\W_]))++)"
               rf"{_OUTER}\1(?!\w)"),
    re.compile(rf"(?<![\w~])(~~){_INNER}([^~]++){_OUTER}~~(?![\w~])"),
    re.compile(r"(?<![\w`])(`{1,3})(?=[^\s`])([^`]++)(?<=\S)\1(?![\w`])"),
)  # fmt: skip
_HEADING = re.compile(r"#{1,6} (?=\S)")

_ADDRESS = re.compile(
    r"""(?x) [(<\[]* (?:
      (?:https?|ftp):/?/?[^\s/]\S* | https?:?/?(?:…|\.\.\.) | www\.[\w-]+\.\S+
    | (?:pic\.twitter\.com|(?-i:t\.co))/\S*
    | (?-i:[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|org|net|edu|gov|int|info|news|media|tv|fm
      |io|ly|co|me|gl|gd|am|to|in|us|uk|de|fr|it|es|nl|ru|ua|eu|ca|au|nz|ie|ch|at|be|pl|jp|cn|kr
      |br|za|ng|ke|ms|mn|link|live|online|site|app|page)/\S+)
    )""",
    re.IGNORECASE,
)
_SHORTENED = re.compile(r"(?<![\w./])(?:https?://)?(?:pic\.twitter\.com|t\.co)/\w+")
_BEFORE_ADDRESS = " \t-–—|:·•»›>→(<[✦"
_LEAD_IN = re.compile(
    r"(?i)(?:\s|^)(?:(?:read more|full story|via)|(?:more|source|link|details|read|watch)(?=:))"
    r"[:\s]*$"
)
_NEEDED = re.compile(r"(?i)(?:^|\W)(?:and|or|to|of|in|on|for|from|with|by|at|is|are|the|a|an)$")
_TRIM = ".,;:!?)>]}\"'”’…"


def without_markup(text: str) -> tuple[str, str | None]:
    """Give a title without mark-up and links, and the first address that it led to.

    White space is single blanks, before and after.

    Examples
    --------
    >>> without_markup("**Oil** [Hits](https://x.org/oil) <i>Record</i> https://t.co/a1")
    ('Oil Hits Record', 'https://x.org/oil')
    >>> without_markup("If a < b > c, 5 * 3 * 2 and f**k snake_case")[0]
    'If a < b > c, 5 * 3 * 2 and f**k snake_case'
    """
    address = None
    if "<" in text:
        text, address = _without_tags(text)
    if "[" in text:
        text, link = _without_links(text)
        address = address or link
    if "*" in text or "_" in text or "~" in text or "`" in text:
        for emphasis in _EMPHASES:
            text = emphasis.sub(r"\2", text)
    if text.startswith("#") and (heading := _HEADING.match(text)):
        text = text[heading.end() :].rstrip("# ")
    if "/" in text or "www." in text or "http" in text:
        text, link = _without_addresses(" ".join(text.split()))
        address = address or link
    return " ".join(text.split()), address


def _without_tags(text: str) -> tuple[str, str | None]:
    text = text.replace("<![CDATA[", "").replace("]]>", "") if "<![CDATA[" in text else text
    for start, end in (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")):
        text = _without_spans(text, start, end) if start in text else text
    address = None
    if found := _AUTOLINK.search(text):
        address = found[1]
        text = _AUTOLINK.sub(lambda link: link[2] or link[1], text)
    tags = list(_TAG.finditer(text))
    closed = {tag[2].lower() for tag in tags if tag[1]}
    opened = {tag[2].lower() for tag in tags if not tag[1]}
    parts, done = [], 0
    for tag in tags:
        name = tag[2].lower()
        alone = name not in (opened if tag[1] else closed) and name not in _EMPTY and not tag[3]
        if alone and _NAMED.match(text[tag.start() - 1 : tag.start()] + text[tag.end() :][:1]):
            continue  # which is what the title is about: `Use the <title> Tag`
        parts += [text[done : tag.start()], " " if _BREAKS.fullmatch(name) else ""]
        done = tag.end()
        if name == "a" and address is None:
            link = re.search(r"href\s?=\s?[\"']?(https?://[^\s\"'<>]+)", tag[3], re.IGNORECASE)
            address = link[1] if link else None
    return "".join([*parts, text[done:]]), address


def _without_spans(text: str, start: str, end: str) -> str:
    """Cut what stands between two marks, where both are there."""
    parts, done = [], 0
    while (begin := text.find(start, done)) >= 0 and (close := text.find(end, begin)) >= 0:
        parts.append(text[done:begin])
        done = close + len(end)
    return "".join([*parts, text[done:]])


def _without_links(text: str) -> tuple[str, str | None]:
    address = None

    def words(link: re.Match[str]) -> str:
        nonlocal address
        image, shown, target = link[1], link[2], link[3]
        if target and not re.search(r"[./#:]", target):
            return link[0]
        if not image and address is None and target.startswith(("http", "www.")):
            address = target
        return shown if not image or link[0] == text else " "

    text = _WIKI.sub(r"\1", text)
    text = _LINK.sub(words, text)
    text = _REFERENCE.sub(r"\1", text)
    for name in {tag[1].lower() for tag in _BOARD.finditer(text)}:
        if f"[/{name}]" in text.lower():
            text = re.sub(rf"(?i)\[/?{name}(?:=[^\[\]]{{1,300}})?\]", "", text)
    return text, address


def _without_addresses(text: str) -> tuple[str, str | None]:
    """Cut the addresses at a title's beginning and end, and a short one anywhere."""
    address = None
    end = len(text)
    while end and (found := _ADDRESS.fullmatch(text, text.rfind(" ", 0, end) + 1, end)):
        before = _end_before(text, found.start())
        if _NEEDED.search(text, max(0, before - 8), before) and before == found.start() - 1:
            break
        address = found[0].strip("(<[").rstrip(_TRIM)
        end = before
    start = 0
    while start < end:
        blank = text.find(" ", start, end)
        found = _ADDRESS.fullmatch(text, start, blank if blank >= 0 else end)
        if not found:
            break
        address = address or found[0].strip("(<[").rstrip(_TRIM)
        start = found.end()
        while start < end and text[start] in _BEFORE_ADDRESS:
            start += 1
    return _SHORTENED.sub("", text[start:end]), address


def _end_before(text: str, end: int) -> int:
    """Give where a title ends of which an address was cut, and what led to it."""
    if found := _LEAD_IN.search(text, max(0, end - 16), end):
        end = found.start()
    while end and text[end - 1] in _BEFORE_ADDRESS:
        end -= 1
    return end
