"""`headlines label`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from headlines.cli import common, inputs, rows
from headlines.errors import OutputError
from headlines.files import is_stream

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.feeds.block import HeadlineBlock
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.labeling.prediction import Prediction, PredictionBlock


def add_parser(verbs: Verbs) -> None:
    """Add the command and its options."""
    command = common.add_command(
        verbs, "label", label, "Give every headline its topic.",
        "label seeds/feed.txt",
        "label monday.csv tuesday.csv --column title --output labelled.csv",
        'label "EU Approves New Sanctions Against Russia"',
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
    add("--explain", action="store_true", help="say why: words, and headlines learned from")
    help = "give each line out as it comes in: plain lines, as of `tail -f feed.txt | headlines`"
    add("--follow", action="store_true", help=help)
    rows.add_output_options(command)
    common.add_model_option(command)


def label(options: argparse.Namespace) -> int:
    """Give every headline its topic."""
    from headlines.labeling.labeler import HeadlineLabeler

    chosen = _format(options)
    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    shares: Counter[str] = Counter()
    abstain = {
        "abstain_below": options.abstain_below,
        "target_error": options.target_error,
        "any_text": options.any_text,
    }

    code = common.DONE

    def predicted(blocks: Iterable[HeadlineBlock]) -> Iterator[PredictionBlock]:
        for block in blocks:
            predictions = labeler.label_block(block, **abstain)
            for topic, number in predictions.shares_of_topics().items():
                shares[topic or "(abstained)"] += number
            yield predictions

    more = {"follow": True} if options.follow else {}
    with inputs.reading(options, **more) as (blocks, reports):
        try:
            _write(options, labeler, predicted(inputs.progress(blocks)), chosen)
        except KeyboardInterrupt:  # the end of what is followed: tell of it as of any other
            if not options.follow:
                raise
            code = common.INTERRUPTED
    summary: dict[str, Any] = {"headlines": shares.total(), "topics": dict(shares.most_common())}
    if options.target_error is not None:
        summary["target_error"] = _target(labeler, options.target_error)
    inputs.tell_feeds(options, summary, reports)
    return code


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
    labeler: HeadlineLabeler,
    found: Iterable[PredictionBlock],
    chosen: str,
) -> None:
    """Write predictions: JSON lines block by block, what else there is row by row."""
    from headlines.labeling.jsonl import lines_of_block

    if chosen == "jsonl" and not options.explain:
        lines = (lines_of_block(block, options.top) for block in found)
        rows.write_blocks(lines, options.output, at_once=options.follow)
        return
    said = (prediction for block in found for prediction in block)
    if options.explain:
        plain = _explained(labeler, said, options.top, as_text=chosen == "table")
    else:
        plain = (prediction.to_row(options.top) for prediction in said)
    rows.write_rows(
        plain, options.output, chosen, excel_safe=options.excel_safe, at_once=options.follow
    )


def _explained(
    labeler: HeadlineLabeler, found: Iterable[Prediction], top: int, *, as_text: bool
) -> Iterator[dict[str, Any]]:
    for prediction in found:
        why = labeler.explain(prediction.item)
        if as_text:  # a table has no room for it: it stands above, where a person reads on
            for line in str(why).splitlines():
                common.note(line)
        yield prediction.to_row(top, explanation=why.to_row())


def _target(labeler: HeadlineLabeler, target_error: float) -> dict[str, Any]:
    found = labeler.certainty.threshold_for(target_error)
    known = len(labeler.certainty.scores)
    if found.answered == 0:
        common.note(
            f"target error {target_error:g}: no threshold holds it on the {known} labels that the "
            "model was tested on; all headlines abstain. More labels, or a larger target, help"
        )
    else:
        common.note(
            f"target error {target_error:g}: topics from probability {found.probability:.2f} on, "
            f"which {found.answered:.0%} of {known} labelled headlines had, {found.error:.1%} of "
            "them wrong"
        )
    return {
        "target": target_error,
        "probability": found.probability if found.answered else None,
        "answered": round(found.answered, 4),
        "error": round(found.error, 4),
    }
