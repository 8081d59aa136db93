"""`headlines report`: a page to look at."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from headlines.cli import common, inputs, progress
from headlines.files import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headlines.cli.common import Verbs
    from headlines.feeds.report import FeedReport
    from headlines.report.report import Report

FORMATS = {".html": "html", ".htm": "html", ".md": "md", ".markdown": "md"}


def add_parser(verbs: Verbs) -> None:
    """Add the command and its options."""
    command = common.add_command(
        verbs, "report", report, "Show what a feed is about, as one page.",
        "report seeds/feed.txt -o report.html",
        "report today.txt --previous yesterday.html -o today.html",
        "report today.txt --format md",
    )  # fmt: skip
    inputs.add_input_options(command)
    add = command.add_argument
    help = "the page, .html, or a text for a chat or a mail, .md; - is standard output"
    add("-o", "--output", metavar="FILE", help=f"{help} (default: report.html)")
    help = "of the output (default: told from its name)"
    add("--format", choices=("html", "md"), help=help)
    help = "stands at the top (default: the inputs' names)"
    add("--title", metavar="TEXT", help=help)
    earlier = ".html of an earlier report, or .jsonl of `cluster`: what is new since is shown"
    inputs.add_past_options(command, earlier)
    common.add_seed_option(command)
    common.add_model_option(command)


def report(options: argparse.Namespace) -> int:
    """Label and cluster feeds, and show what there is to tell."""
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.report.earlier import EarlierReport
    from headlines.report.report import Report

    chosen = _settle_output(options)
    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    earlier = EarlierReport.read(options.previous) if options.previous else None
    with inputs.reading(options) as (blocks, reports):
        feed = [headline for block in blocks for headline in block]
        with progress.stages("headlines"):
            made = Report.of(
                labeler,
                feed,
                title=options.title or _title(reports),
                inputs=reports,
                earlier=earlier,
                random_state=options.seed,
                memory=options.memory,
                remember_days=options.remember_days,
                day=options.day,
                edits=options.edits,
            )
            text = made.to_html() if chosen == "html" else made.to_markdown()
        if options.output == "-":
            sys.stdout.write(text)
        else:
            with replacing(options.output) as file:
                file.write(text.encode("utf-8", "replace"))
    _tell(options, made, reports)
    return common.DONE


def _settle_output(options: argparse.Namespace) -> str:
    """Give the format of the output, and settle where it goes."""
    if options.output is None:
        options.output = "-" if options.format == "md" else "report.html"
    named = FORMATS.get(Path(options.output).suffix.lower(), "html")
    return str(options.format or named)


def _title(reports: Sequence[FeedReport]) -> str:
    names = [os.path.basename(report.source) for report in reports]
    if names == ["-"]:
        return "Headlines"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _tell(options: argparse.Namespace, made: Report, reports: Sequence[FeedReport]) -> None:
    summary = {
        "output": options.output,
        "headlines": len(made.found),
        "stories": len(made.stories),
        "themes": len(made.themes),
        "topics": {told.topic or "(abstained)": told.headlines for told in made.topics},
        "day": made.day,
    }
    if made.since and made.since.headlines is not None:
        summary["new"] = len(made.since.headlines)
    if not options.json:
        common.note(
            f"{options.output}: headlines: {len(made.found)}, stories told more than once: "
            f"{len(made.stories)}, themes: {len(made.themes)}"
        )
    if not options.model:
        from headlines.labeling.prediction import NOT_NEWS, REASONS

        asked = [p for p in made.predictions if not p.item.duplicate_of and not p.item.language]
        refused = sum(p.abstained == REASONS[NOT_NEWS] for p in asked)
        common.name_other_model(len(asked), refused, made.model.topics)
    inputs.tell_feeds(options, summary, reports)
