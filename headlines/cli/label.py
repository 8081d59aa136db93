"""`headlines label`."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from headlines.cli import common, copies, inputs, rows
from headlines.errors import ModelError, OutputError
from headlines.files import is_stream

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.feeds.block import HeadlineBlock
    from headlines.feeds.report import FeedReport
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.labeling.prediction import PredictionBlock

    Answered: TypeAlias = tuple[PredictionBlock, Sequence[Mapping[str, Any]]]

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
    copies.add_copy_options(command)
    more = "given again, another's topics stand beside the first one's, under its name"
    help = f"{common.MODEL}; {more} (default: champion)"
    add("--model", action="append", metavar="REF", help=help)
    common.add_signature_option(command)


@dataclass
class Model:
    """A model that headlines are labelled with, and what came of them."""

    name: str
    labeler: HeadlineLabeler
    topics: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)

    def label(self, block: HeadlineBlock, options: argparse.Namespace) -> PredictionBlock:
        """Label some thousands of headlines."""
        found = self.labeler.label_block(
            block,
            abstain_below=options.abstain_below,
            target_error=options.target_error,
            any_text=options.any_text,
        )
        for topic, number in found.shares_of_topics().items():
            self.topics[topic or "(abstained)"] += number
        self.abstained.update(found.shares_of_reasons())
        return found

    def codes_of(self, found: PredictionBlock) -> list[str | None]:
        """Give the codes of the topics given."""
        return [self.labeler.codes.get(topic) for topic in found.topics.tolist()]

    def columns(self, found: PredictionBlock, codes: bool) -> dict[str, list[Any]]:
        """Give what stands in the rows of another model."""
        columns = {
            "topic": found.topics.tolist(),
            "probability": found.shares[:, 0].tolist(),
            "abstained": found.reasons.tolist(),
        }
        return columns | ({"code": self.codes_of(found)} if codes else {})

    def summary(self) -> dict[str, Any]:
        """Give how many headlines have each topic, and why some have none."""
        found = {"topics": self.topics, "abstained": self.abstained}
        return {name: dict(counted.most_common()) for name, counted in found.items()}

    def tell(self, before: str) -> None:
        """Tell a person how many headlines have no topic, and why."""
        if none := self.abstained.total():
            told = ", ".join(f"{number} {why}" for why, number in self.abstained.most_common())
            common.note(f"{before}no topic for {none} of {self.topics.total()}: {told}")


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


def _column(name: str, key: str) -> str:
    """Name a column of another model, where rows are flat."""
    return name if key == "topic" else f"{name}_{key}"


def _models(options: argparse.Namespace) -> list[Model]:
    """Load the models that are asked for, each with a name that is no other column's."""
    from headlines.labeling.labeler import HeadlineLabeler

    taken = dict.fromkeys(OWN_COLUMNS, "a row has one of its own")
    models: list[Model] = []
    for ref in options.model or [None]:
        name = _name_of(ref)
        columns = [_column(name, key) for key in ("topic", "probability", "abstained", "code")]
        if not models:
            columns = [name]  # whose answers stand under no name
        elif clash := next(filter(taken.get, columns), None):
            raise ModelError(
                f"{ref}: its column would be {clash!r}, and {taken[clash]}; call it by another name"
            )
        taken |= dict.fromkeys(columns, "another model has that name")
        found = HeadlineLabeler.load(ref, require_signature=options.require_signature)
        models.append(Model(name, found))
    return models


def _name_of(ref: str | None) -> str:
    """Tell what a model is called beside others: the end of its path, without `.joblib`."""
    if ref is None:
        return "champion"
    return Path(os.path.abspath(ref)).name.removesuffix(".joblib") or ref


def label(options: argparse.Namespace) -> int:
    """Give every headline its topic."""
    chosen = _format(options)
    models = _models(options)
    first, *others = models
    sieve = Sieve()

    def answered(blocks: Iterable[HeadlineBlock]) -> Iterator[Answered]:
        for block, columns in dedupe.blocks(blocks):
            found = first.label(block, options)
            if not options.model:
                sieve.add(block, found)
            beside = [(model, model.label(block, options)) for model in others]
            codes = first.codes_of(found) if options.codes else None
            more = _more(columns, codes, beside, options.codes, nested=chosen == "jsonl")
            yield found, more

    code = common.DONE
    more = {"follow": True} if options.follow else {}
    with (
        inputs.reading(options, **more) as (blocks, reports),
        copies.deduping(options, first.labeler.embedder) as dedupe,
    ):
        try:
            _write(options, models, answered(inputs.progress(blocks)), chosen)
        except KeyboardInterrupt:  # the end of what is followed: tell of it as of any other
            if not options.follow:
                raise
            code = common.INTERRUPTED
    _tell(options, models, dedupe, reports)
    sieve.tell(first.labeler.topics)
    return code


def _more(
    first: Mapping[str, Sequence[Any]],
    own_codes: Sequence[str | None] | None,
    others: Sequence[tuple[Model, PredictionBlock]],
    codes: bool,
    *,
    nested: bool,
) -> list[dict[str, Any]]:
    """Give what else there is to say of each headline: its first, its code, what others say.

    Each other model's answer is one value where rows nest, else it has columns.
    """
    columns = dict(first) if own_codes is None else {**first, "code": own_codes}
    for model, found in others:
        its = model.columns(found, codes)
        if nested:
            answers = zip(*its.values(), strict=True)
            columns[model.name] = [dict(zip(its, answer, strict=True)) for answer in answers]
        else:
            columns |= {_column(model.name, key): values for key, values in its.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _tell(
    options: argparse.Namespace,
    models: Sequence[Model],
    dedupe: copies.Dedupe,
    reports: Sequence[FeedReport],
) -> None:
    """Say what became of every line, and why headlines have no topic."""
    first, *others = models
    said: dict[str, dict[str, Any]] = {}
    for model in models:
        said[model.name] = model.summary()
        if options.target_error is not None:
            before = f"{model.name}: " if others else ""
            said[model.name]["target_error"] = _target(model.labeler, options.target_error, before)
    summary = {"headlines": first.topics.total(), **dedupe.summary(), **said[first.name]}
    if others:
        summary["models"] = {model.name: said[model.name] for model in others}
    inputs.tell_feeds(options, summary, reports)
    if not options.json:
        dedupe.tell()
        for model in models:
            model.tell(f"{model.name}: " if others else "")


def _format(options: argparse.Namespace) -> str:
    chosen = rows.format_of(options.output, options.format)
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
    options: argparse.Namespace,
    models: Sequence[Model],
    found: Iterable[Answered],
    chosen: str,
) -> None:
    """Write predictions: JSON lines block by block, what else there is row by row."""
    from headlines.labeling.jsonl import lines_of_block

    if chosen == "jsonl" and not options.explain:
        lines = (lines_of_block(block, options.top, more) for block, more in found)
        rows.write_blocks(lines, options.output, at_once=options.follow)
        return
    first, *others = models
    explained = first.labeler if options.explain else None
    columns = ["topic", "probability", *(["code"] if options.codes else [])]
    for model in others:
        keys = ["topic", "probability", *(["code"] if options.codes else [])]
        columns += [_column(model.name, key) for key in keys]
    rows.write_rows(
        _rows(found, options.top, explained, as_text=chosen == "table"),
        options.output,
        chosen,
        columns=columns,
        excel_safe=options.excel_safe,
        at_once=options.follow,
    )


def _rows(
    found: Iterable[Answered], top: int, labeler: HeadlineLabeler | None, *, as_text: bool
) -> Iterator[dict[str, Any]]:
    """Give the rows, by a labeler with its explanation of each."""
    for block, more in found:
        for place, prediction in enumerate(block):
            told = dict(more[place]) if more else {}
            if labeler is not None:
                why = labeler.explain(prediction.item)
                if as_text:  # a table has no room: it stands above, where a person reads on
                    for line in str(why).splitlines():
                        common.note(line)
                told = {"explanation": why.to_row(), **told}
            yield prediction.to_row(top, told)


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
