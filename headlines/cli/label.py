"""`headlines label`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.cli import bulk, common, copies, inputs, rows
from headlines.errors import ModelError, OutputError
from headlines.files import is_stream

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.feeds.block import HeadlineBlock
    from headlines.feeds.report import FeedReport
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.labeling.panel import Answered, Panel, Question, Tally
    from headlines.labeling.prediction import PredictionBlock

OWN_COLUMNS = {
    "id", "source", "line", "headline", "topic", "probability", "topics", "also", "abstained",
    "duplicate_of", "model", "code", "explanation", "publisher", "date", "language",
    *copies.COLUMNS,
}  # fmt: skip
"""What a row has in any case."""


def add_parser(verbs: Verbs) -> None:
    """Add the command and its options."""
    command = common.add_command(
        verbs, "label", label, "Give every headline its topic.",
        "label seeds/feed.txt",
        "label monday.csv tuesday.csv --column title --output labelled.csv",
        'label "EU Approves New Sanctions Against Russia" --model champion --model world',
    )  # fmt: skip
    inputs.add_input_options(command)
    add = command.add_argument
    add("--top", type=common.whole, default=3, metavar="K", help="topics in a row (default: 3)")
    help = "give no topic below this probability (default: 0)"
    add("--abstain-below", type=common.share, default=0.0, metavar="P", help=help)
    help = "abstain so that at most this share of the topics given is wrong (default: off)"
    add("--target-error", type=common.error_share, metavar="E", help=help)
    help = "give a topic also to what isn't news of the model's topics"
    add("--any-text", action="store_true", help=help)
    help = "give the topic's code too, where its topics file has one: IPTC's of the world topics"
    add("--codes", action="store_true", help=help)
    add("--explain", action="store_true", help="say why: words, and headlines learned from")
    help = "give each line out as it comes in: plain lines, as of `tail -f feed.txt | headlines`"
    add("--follow", action="store_true", help=help)
    rows.add_output_options(command)
    bulk.add_bulk_options(command)
    copies.add_copy_options(command)
    more = "given again, another's topics stand beside the first one's, under its name"
    help = f"{common.MODEL}; {more} (default: champion)"
    add("--model", action="append", metavar="REF", help=help)
    common.add_signature_option(command)


@dataclass
class Sieve:
    """Counts the distinct English headlines, and those that are not news of the topics."""

    headlines: int = 0
    refused: int = 0

    def add(self, block: HeadlineBlock, found: PredictionBlock) -> None:
        """Count some more."""
        english = block.in_english()
        self.headlines += int(english.sum())
        self.refused += int((english & found.not_news).sum())

    def tell(self, topics: Sequence[str]) -> None:
        """Name the model that has topics for any news, where most of a feed needs one."""
        common.name_other_model(self.headlines, self.refused, topics)


def _question(options: argparse.Namespace, chosen: str) -> Question:
    """Say what is asked of which models, each with a name that is no other column's."""
    from headlines.labeling.panel import Question, column_of

    taken = dict.fromkeys(OWN_COLUMNS, "a row has one of its own")
    models: dict[str, str | None] = {}
    for ref in options.model or [None]:
        name = _name_of(ref)
        columns = [column_of(name, key) for key in ("topic", "probability", "abstained", "code")]
        if not models:
            columns = [name]  # whose answers stand under no name
        elif clash := next(filter(taken.get, columns), None):
            raise ModelError(
                f"{ref}: its column would be {clash!r}, and {taken[clash]}; call it by another name"
            )
        taken |= dict.fromkeys(columns, "another model has that name")
        models[name] = ref
    return Question(
        models=tuple(models.items()),
        abstain_below=options.abstain_below,
        target_error=options.target_error,
        any_text=options.any_text,
        top=options.top,
        codes=options.codes,
        explain=options.explain and chosen != "table",  # which has no room for it
        nested=chosen == "jsonl",
        signed_by=options.require_signature,
    )


def _name_of(ref: str | None) -> str:
    """Tell what a model is called beside others: the end of its path, without `.joblib`."""
    if ref is None:
        return "champion"
    return Path(os.path.abspath(ref)).name.removesuffix(".joblib") or ref


def label(options: argparse.Namespace) -> int:
    """Give every headline its topic."""
    from headlines.labeling.panel import Panel

    chosen = _format(options)
    panel = Panel.load(_question(options, chosen))
    tally, sieve = panel.tally(), Sieve()

    def answered(blocks: Iterable[HeadlineBlock]) -> Iterator[Answered]:
        for block, columns in dedupe.blocks(blocks):
            found = panel.answer(block, tally, columns)
            if not options.model:
                sieve.add(block, found.found)
            yield found

    if bulk.is_asked(options):
        job, reports = bulk.label_in_parts(options, panel, chosen)
        sieve = Sieve(job.headlines, job.refused)
        _tell(options, panel, job.tally, reports, copies.Dedupe())
        if not options.model:
            sieve.tell(panel.labelers[panel.first].topics)
        return common.DONE
    code = common.DONE
    more = {"follow": True} if options.follow else {}
    with (
        inputs.reading(options, **more) as (blocks, reports),
        copies.deduping(options, panel.labelers[panel.first].embedder) as dedupe,
    ):
        try:
            _write(options, panel, answered(blocks), chosen)
        except KeyboardInterrupt:  # the end of what is followed: tell of it as of any other
            if not options.follow:
                raise
            code = common.INTERRUPTED
    _tell(options, panel, tally, reports, dedupe)
    sieve.tell(panel.labelers[panel.first].topics)
    return code


def _tell(
    options: argparse.Namespace,
    panel: Panel,
    tally: Tally,
    reports: Sequence[FeedReport],
    dedupe: copies.Dedupe,
) -> None:
    """Say what became of every line, and why headlines have no topic."""
    several = len(panel.labelers) > 1
    said: dict[str, dict[str, Any]] = {}
    for name, labeler in panel.labelers.items():
        counts = {"topics": tally.topics[name], "abstained": tally.abstained[name]}
        said[name] = {key: dict(counted.most_common()) for key, counted in counts.items()}
        if options.target_error is not None:
            before = f"{name}: " if several else ""
            said[name]["target_error"] = _target(labeler, options.target_error, before)
    total = tally.topics[panel.first].total()
    summary = {"headlines": total, **dedupe.summary(), **said[panel.first]}
    if several:
        summary["models"] = {name: said[name] for name in said if name != panel.first}
    inputs.tell_feeds(options, summary, reports)
    if options.json:
        return
    dedupe.tell()
    for name in said:
        if none := tally.abstained[name].total():
            told = ", ".join(f"{n} {why}" for why, n in tally.abstained[name].most_common())
            before = f"{name}: " if several else ""
            common.note(f"{before}no topic for {none} of {tally.topics[name].total()}: {told}")


def _format(options: argparse.Namespace) -> str:
    chosen = rows.format_of(options.output, options.format)
    if bulk.is_asked(options):
        bulk.refuse_other_options(options, chosen)
    if not options.follow:
        return chosen
    if options.output not in (None, "-") and not is_stream(options.output):
        raise OutputError(
            f"{options.output}: appears when the last row is in it, and with --follow there is "
            f"none; write > {options.output} instead of --output"
        )
    if chosen not in ("jsonl", "table"):
        raise OutputError(
            f"{chosen}: has its columns from all rows, and with --follow there is no last one; "
            "give --format jsonl or table"
        )
    return chosen if options.format else "jsonl"


def _write(
    options: argparse.Namespace, panel: Panel, found: Iterable[Answered], chosen: str
) -> None:
    """Write predictions: JSON lines block by block, what else there is row by row."""
    if chosen == "jsonl":
        lines = map(panel.lines, found)
        rows.write_blocks(lines, options.output, at_once=options.follow)
        return
    if options.explain and chosen == "table":
        found = _explained(panel, found)
    rows.write_rows(
        chain.from_iterable(map(panel.rows, found)),
        options.output,
        chosen,
        columns=_columns(panel.question),
        excel_safe=options.excel_safe,
        at_once=options.follow,
    )


def _columns(question: Question) -> list[str]:
    """Name what a table shows."""
    from headlines.labeling.panel import column_of

    keys = ["topic", "probability", *(["code"] if question.codes else [])]
    others = [name for name, _ in question.models[1:]]
    return keys + [column_of(name, key) for name in others for key in keys]


def _explained(panel: Panel, found: Iterable[Answered]) -> Iterator[Answered]:
    """Explain each topic above the table, where a person reads on."""
    for answered in found:
        for prediction in answered.found:
            for line in str(panel.labelers[panel.first].explain(prediction.item)).splitlines():
                common.note(line)
        yield answered


def _target(labeler: HeadlineLabeler, target_error: float, before: str) -> dict[str, Any]:
    found = labeler.certainty.threshold_for(target_error)
    known = len(labeler.certainty.scores)
    if found.answered == 0:
        common.note(
            f"{before}target error {target_error:g}: no threshold holds it on the {known} labels "
            "that the model was tested on; all headlines abstain. More labels, or a larger target, "
            "help"
        )
    else:
        common.note(
            f"{before}target error {target_error:g}: topics from probability "
            f"{found.probability:.2f} on, which {found.answered:.0%} of {known} labelled "
            f"headlines had, {found.error:.1%} of them wrong"
        )
    return {
        "target": target_error,
        "probability": found.probability if found.answered else None,
        "answered": round(found.answered, 4),
        "error": round(found.error, 4),
    }
