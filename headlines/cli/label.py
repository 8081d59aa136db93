"""`headlines label`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from headlines.cli import common, rows

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.feeds.block import HeadlineBlock
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.labeling.prediction import PredictionBlock


def add_parser(verbs: Verbs) -> None:
    """Add the command and its options."""
    command = common.add_command(
        verbs, "label", label, "Give every headline its topic.",
        "label seeds/feed.txt",
        "label monday.csv tuesday.csv --column title --output labelled.csv",
        "label - --target-error 0.05 < titles.txt > labelled.jsonl",
    )  # fmt: skip
    common.add_input_options(command)
    add = command.add_argument
    add("--top", type=common.whole, default=3, metavar="K", help="topics in a row (default: 3)")
    help = "give no topic below this probability (default: 0)"
    add("--abstain-below", type=common.share, default=0.0, metavar="P", help=help)
    help = "abstain so that at most this share of the topics given is wrong (default: off)"
    add("--target-error", type=common.error_share, metavar="E", help=help)
    help = "give a topic also to what isn't news of the model's topics"
    add("--any-text", action="store_true", help=help)
    add("--explain", action="store_true", help="say why: words, and headlines learned from")
    rows.add_output_options(command)
    common.add_model_option(command)


def label(options: argparse.Namespace) -> int:
    """Give every headline its topic."""
    from headlines.labeling.jsonl import lines_of_block
    from headlines.labeling.labeler import HeadlineLabeler

    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    chosen = rows.format_of(options.output, options.format)
    shares: Counter[str] = Counter()
    abstain = {
        "abstain_below": options.abstain_below,
        "target_error": options.target_error,
        "any_text": options.any_text,
    }

    def predicted(blocks: Iterable[HeadlineBlock]) -> Iterator[PredictionBlock]:
        for block in blocks:
            predictions = labeler.label_block(block, **abstain)
            for topic, number in predictions.shares_of_topics().items():
                shares[topic or "(abstained)"] += number
            yield predictions

    with common.reading(options) as (blocks, reports):
        found = predicted(common.progress(blocks))
        if chosen == "jsonl" and not options.explain:
            rows.write_blocks(
                (lines_of_block(block, options.top) for block in found), options.output
            )
        else:
            plain = (prediction.to_row(options.top) for block in found for prediction in block)
            explained = _explained(labeler, plain, as_text=chosen == "table")
            rows.write_rows(explained if options.explain else plain, options.output, chosen)
    summary: dict[str, Any] = {"headlines": shares.total(), "topics": dict(shares.most_common())}
    if options.target_error is not None:
        summary["target_error"] = _target(labeler, options.target_error)
    common.tell_feeds(options, summary, reports)
    return common.DONE


def _explained(
    labeler: HeadlineLabeler, found: Iterable[dict[str, Any]], *, as_text: bool
) -> Iterator[dict[str, Any]]:
    for row in found:
        why = labeler.explain(row["headline"])
        if as_text:  # a table has no room for it: it stands above, where a person reads on
            common.note(str(why))
        yield row | {"explanation": why.to_row()}


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
