"""The page: a report as HTML or Markdown, by the templates beside this file.

What comes from a feed is text wherever it stands: Jinja2 escapes it in HTML, `_for_markdown` in
Markdown, and what would turn the direction of letters or be unseen is spelled out.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines import __version__
from headlines.errors import shown
from headlines.report.content import link_of, publisher_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from headlines.report.report import Report

TEMPLATES = Path(__file__).parent / "templates"

MAX_SHOWN = 400
"""Characters of a text that a page shows."""

COLOURS, SHAPES = 7, 5
"""Of the marks that stand for topics: 35 topics differ in one of the two."""

_MARKDOWN = re.compile(r"[\\`*_\[\]<>#|~&$]|^[-+]|^\d+(?=[.)])")
"""What Markdown takes for a sign, and what at the start of a line begins a list."""


def html_of(report: Report) -> str:
    """Give a report as one page that loads nothing."""
    environment = _environment(autoescape=True)
    style, script = _file("report.css"), _file("report.js")
    # The page runs its own program and nothing that a headline could bring.
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )
    return environment.get_template("report.html").render(
        report=report, style=style, script=script, policy=policy, **_told(report)
    )


def markdown_of(report: Report) -> str:
    """Give the most important part of a report as Markdown."""
    environment = _environment(autoescape=False, finalize=_for_markdown)
    return environment.get_template("report.md").render(report=report, **_told(report))


def _environment(**more: Any) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701 (Markdown has its own escapes, see `finalize`)
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **more,
    )
    environment.filters |= {"text": _text, "link": link_of, "publisher": publisher_of}
    environment.filters |= {"thousands": "{:,}".format, "percent": "{:.0%}".format}
    environment.filters["counted"] = _counted
    return environment


def _told(report: Report) -> dict[str, Any]:
    """Give what both templates read beside the report."""
    marks = {
        topic: (place % COLOURS, place % SHAPES) for place, topic in enumerate(report.model.topics)
    }
    compared = any(topic.before is not None for topic in report.topics)
    most = max((topic.headlines for topic in report.topics), default=1)
    new = frozenset((report.since and report.since.headlines) or ())
    return {
        "marks": marks,
        "most": most,
        "new": new,
        "compared": compared,
        "version": __version__,
    }


def _file(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _text(value: object) -> str:
    """Give a text of a feed to be shown: harmless, and not longer than a page has room for."""
    text = shown(str(value))
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}… ({len(text):,} characters)"


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def _for_markdown(value: object) -> object:
    """Escape what Markdown would take for a sign; numbers stay as they are."""
    return _MARKDOWN.sub(r"\\\g<0>", _text(value)) if isinstance(value, str) else value
