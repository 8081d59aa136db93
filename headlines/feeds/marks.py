r"""Marks that aren't letters, in every spelling: a title as it would be printed, and no more.

Soft hyphens, zero-width spaces, signs of direction, byte-order marks, control characters,
terminal escapes and private characters say nothing that a reader sees. They are taken out, whether
they stand there themselves or escaped, once or many times over. Kept is what is spelling: joiners
between letters of scripts that are written with them (Persian and the languages of India tell
words apart so), and what holds an emoji together.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ftfy

# Scripts whose words have joiners: Arabic, Syriac, N'Ko, those of India, Burmese, Khmer, Mongolian.
_JOINED = (
    "\u0620-\u074f\u0750-\u077f\u07c0-\u07ff\u0870-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17b3"
    "\u17b6-\u17ff\u1820-\u18aa\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
)
_VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_EMOJI = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_FLAG = "\U0001f3f4[\U000e0030-\U000e007a]{1,8}\U000e007f"  # of England, say, in tag characters
_MARKS = re.compile(
    rf"({_FLAG})"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u17b4\u17b5\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    f"|(?<![{_JOINED}])\u200c|\u200c(?![{_JOINED}])"
    f"|(?<![{_JOINED}{_EMOJI}])(?<![{_EMOJI}][\ufe0e\ufe0f])\u200d"
    f"|(?<![{_VIRAMA}])\u200d(?![{_JOINED}{_EMOJI}])"
    f"|(?<![{_EMOJI}])(?!(?<=[0-9#*])\ufe0f\u20e3)[\ufe0e\ufe0f]"
    "|(?<![\u1820-\u18aa])[\u180b-\u180f]"
)
# What shows as a blank, or as a picture of a font that isn't at hand.
_BLANKS = re.compile("[\u115f\u1160\u2800\u3164\uffa0\ufffc\ue000-\uf8ff\U000f0000-\U0010ffff]+")
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-?]{0,99}[ -/]{0,9}[@-~]|\][^\x07\x1b]{0,999}(?:\x07|\x1b\\)|[@-Z\\^_])"
)
_ENTITY = re.compile(
    r"&(?:(?:amp|AMP|#0{0,4}38|#[xX]0{0,4}26);)*+"
    r"(?:(#\d{1,7};?+|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,30};"
    r"|(?:nbsp|quot|amp|lt|gt|shy)(?![\w;=])))?"
)
_ESCAPED = re.compile(r"\\u(?!005[cC])([0-9a-fA-F]{4})")  # of JSON in JSON


# Signs that news is set with, in any company, and accented letters and currencies that stand
# alone among ASCII: neither is ever what mojibake looks like, so there is nothing to repair.
SIGNS = "\u2018\u2019\u201c\u201d\u2013\u2014\u2026"
_LONE = "\xa3\u20ac\xe0-\xe2\xe4\xe5\xe7-\xef\xf1-\xf6\xf8-\xfd\xc1\xc4-\xcd\xd3\xd6\xdc"
_UNUSUAL = re.compile(f"[^ -~{SIGNS}]")
_UNSOUND = re.compile(f"[^ -~{SIGNS}{_LONE}]|[{_LONE}][^ -~]|[^ -~][{_LONE}]")


def is_common(text: str) -> bool:
    """Say at a glance that a title has no sign but those that news is set with anyway."""
    return text.isascii() or not _UNUSUAL.search(text) or not _UNSOUND.search(text)


def spelled_out(text: str) -> str:
    r"""Resolve entities and mojibake, take marks out, compose to NFC, collapse white space.

    Doing it twice changes nothing.

    Examples
    --------
    >>> spelled_out("Sanc&amp;shy;tions  hit\u200b R&amp;amp;D at cafÃ©s")
    'Sanctions hit R&D at cafés'
    """
    for _ in range(8):
        before, text = text, _once(text)
        if text == before:
            break
    return text


def _once(text: str) -> str:
    if "\x1b" in text:
        text = _TERMINAL.sub("", text)
    if "\\u" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    text = " ".join(text.split())
    if not is_common(text):
        text = _BLANKS.sub(" ", _mended(text))
    if not text.isascii() or not text.isprintable():
        text = _MARKS.sub(lambda found: found[1] or "", text)
    return " ".join(unicodedata.normalize("NFC", text).split())


def _character(found: re.Match[str]) -> str:
    """Give what an entity stands for, however often it was escaped."""
    import html

    name = found[1]
    if name is None:
        return "&" if found[0] != "&" else found[0]
    meant = html.unescape(f"&{name.rstrip(';')};")
    if len(meant) > 2 and name[:-1].isupper():
        meant = html.unescape(f"&{name.lower()}").upper()  # `&EACUTE;`
    return meant if len(meant) <= 2 else f"&{name}"  # unknown, or known only by how it begins


def _mended(text: str) -> str:
    """Mend mojibake, ligatures and lone surrogates."""
    import ftfy

    return ftfy.fix_text(text, _mending())


@cache
def _mending() -> ftfy.TextFixerConfig:
    import ftfy

    return ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        uncurl_quotes=False,
        fix_character_width=False,
        remove_control_chars=False,
        explain=False,
    )
