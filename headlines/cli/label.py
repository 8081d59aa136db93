"""`headlines label`."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from headlines.cli.rows import format_of, write_blocks, write_rows
from headlines.feeds.block import HeadlineBlock
from headlines.labeling.labeler import HeadlineLabeler
from headlines.labeling.prediction import PredictionBlock

if TYPE_CHECKING:
    pass
from headlines.cli.common import DONE, _progress, _reading, _summary, note

__all__ = ["label"]


def label(options: argparse.Namespace) -> int:
    """Give every headline its topic."""
    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    chosen = format_of(options.output, options.format)
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

    with _reading(options) as (blocks, reports):
        found = predicted(_progress(blocks, "headlines"))
        if chosen == "jsonl" and not options.explain:
            write_blocks((block.to_jsonl(options.top) for block in found), options.output)
        else:
            plain = (prediction.to_row(options.top) for block in found for prediction in block)
            explained = _explained(labeler, plain, as_text=chosen == "table")
            write_rows(explained if options.explain else plain, options.output, chosen)
    summary: dict[str, Any] = {"headlines": shares.total(), "topics": dict(shares.most_common())}
    if options.target_error is not None:
        summary["target_error"] = _target(labeler, options.target_error)
    _summary(options, summary, reports)
    return DONE


def _explained(
    labeler: HeadlineLabeler, rows: Iterable[dict[str, Any]], *, as_text: bool
) -> Iterator[dict[str, Any]]:
    for row in rows:
        found = labeler.explain(row["headline"])
        if as_text:  # a table has no room for it: it stands above, where a person reads on
            note(str(found))
        yield row | {"explanation": found.to_row()}


def _target(labeler: HeadlineLabeler, target_error: float) -> dict[str, Any]:
    found = labeler.certainty.threshold_for(target_error)
    known = len(labeler.certainty.scores)
    if found.answered == 0:
        note(
            f"target error {target_error:g}: no threshold holds it on the {known} labels that the "
            "model was tested on; all headlines abstain. More labels, or a larger target, help"
        )
    else:
        note(
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
