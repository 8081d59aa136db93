"""What the commands that read feeds do: arguments to calls, results to rows; compute nothing."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from headlines.cli.rows import format_of, replacing, write_blocks, write_rows
from headlines.feeds.headline import Headline, HeadlineBlock
from headlines.feeds.reader import FeedReader, FeedReport, no_headlines
from headlines.labeling.labeler import HeadlineLabeler
from headlines.labeling.prediction import PredictionBlock
from headlines.topics.taxonomy import add_topics

if TYPE_CHECKING:
    from headlines.clustering.clustered_feed import ClusteredFeed

__all__ = [
    "DONE",
    "FAULT",
    "INTERRUPTED",
    "LOCKED",
    "REFUSED",
    "USAGE",
    "cluster",
    "headlines_of",
    "label",
    "note",
    "print_summary",
    "topics_add",
]

DONE, FAULT, USAGE, REFUSED, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 130


def note(text: str) -> None:
    """Tell a person something, on stderr."""
    print(f"headlines: {text}", file=sys.stderr)


# ------------------------------------------------------------------ label and cluster


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


def cluster(options: argparse.Namespace) -> int:
    """Find the clusters of feeds."""
    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    chosen = format_of(options.output, options.format)
    with _reading(options) as (blocks, reports):
        found = labeler.cluster(
            [headline for block in _progress(blocks, "headlines") for headline in block],
            level=options.level,
            resolution=options.resolution,
            noise=options.noise,
            random_state=options.seed,
            previous=options.previous,
            edits=options.edits,
        )
        rows = list(found)
        if chosen == "table":  # a person reads cluster by cluster
            rows.sort(key=lambda c: (c.cluster, -c.strength))
        count = write_rows((c.to_row() for c in rows), options.output, chosen)
    if not options.json:
        _tell_clusters(found)
    summary = {"headlines": count, "clusters": [c.to_row() for c in found.clusters]}
    if options.previous:
        summary["changes"] = [change.to_row() for change in found.changes]
    _summary(options, summary, reports)
    return DONE


def _tell_clusters(found: ClusteredFeed, most: int = 20) -> None:
    """Say how clusters fall on the topics, which may be new topics, and what has changed."""
    copies = sum(cluster.copies for cluster in found.clusters)
    note(f"{len(found)} headlines, {copies} of them copies, in {len(found.clusters)} clusters")
    for cluster in found.clusters[:most]:
        shares = ", ".join(f"{topic} {share:.0%}" for topic, share in cluster.topics[:3])
        new = "" if cluster.covered or cluster.headlines < FEW else "  (a new topic?)"
        note(f"{cluster.cluster:>4}  {cluster.name}: {cluster.headlines}  {shares}{new}")
        if cluster.headlines >= FEW:
            note(f"      {cluster.medoid}")
    if len(found.clusters) > most:
        note(f"and {len(found.clusters) - most} smaller ones")
    for change in found.changes:
        if change.kind not in ("same", "grew", "shrank"):
            others = f" ({', '.join(map(str, change.others))})" if change.others else ""
            note(
                f"{change.kind}{others}: {change.cluster} {change.name}, "
                f"{change.before} -> {change.after} headlines"
            )


FEW = 3
"""Headlines below which a cluster is no candidate for a topic."""


def topics_add(options: argparse.Namespace) -> int:
    """Write clusters as topics into a topics file."""
    from headlines.clustering.clustered_feed import candidate_topics

    found = candidate_topics(options.clusters, options.cluster)
    add_topics(options.topics, found)
    names = [topic.name for topic in found]
    if options.json:
        print(json.dumps({"added": names}, ensure_ascii=False), file=sys.stderr)
        return DONE
    for name in names:
        note(f"{options.topics}: [[topic]] {name!r} added; edit its name, definition and examples")
    return DONE


@contextlib.contextmanager
def _reading(
    options: argparse.Namespace,
) -> Iterator[tuple[Iterator[HeadlineBlock], list[FeedReport]]]:
    """Give the headlines of all inputs; at the end, write what could not be read aside."""
    reports: list[FeedReport] = []

    def blocks() -> Iterator[HeadlineBlock]:
        reader = None
        for source in options.input:
            reader = FeedReader(
                source, format=options.input_format, column=options.column, after=reader
            )
            count = 0
            try:
                for block in reader.blocks():
                    count += len(block)
                    yield block
            finally:
                reports.append(reader.report)
            if not count:
                raise no_headlines(reader.report)

    try:
        yield blocks(), reports
    finally:
        _write_quarantine(options, reports)


def _write_quarantine(options: argparse.Namespace, reports: Sequence[FeedReport]) -> None:
    rows = [q for report in reports for q in report.quarantined]
    if not rows:
        return
    to_file = options.output not in (None, "-")
    path = f"{options.output}.quarantine.jsonl" if to_file else "headlines.quarantine.jsonl"
    path = options.quarantine or path
    with replacing(path) as file:
        for q in rows:
            row = {"source": q.source, "line": q.line, "reason": q.reason, "raw": q.raw}
            file.write((json.dumps(row) + "\n").encode())
    note(
        f"{len(rows)} row(s) could not be read and went to {path}; the first: {rows[0].source}, "
        f"line {rows[0].line}: {rows[0].reason}"
    )


def _summary(
    options: argparse.Namespace, summary: dict[str, Any], reports: Sequence[FeedReport]
) -> None:
    if options.json:
        summary["inputs"] = [
            {"source": r.source, "format": r.format, "encoding": r.encoding, "lines": dict(r.kinds)}
            for r in reports
        ]
        print(json.dumps(summary, ensure_ascii=False), file=sys.stderr)
        return
    for report in reports:
        note(str(report))


def _progress(blocks: Iterable[HeadlineBlock], unit: str) -> Iterator[HeadlineBlock]:
    """A progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield from blocks
        return
    from tqdm import tqdm

    with tqdm(unit=f" {unit}", file=sys.stderr, delay=1, leave=False) as bar:
        for block in blocks:
            yield block
            bar.update(len(block))


def headlines_of(paths: Sequence[str]) -> Iterator[Headline]:
    """Read several feeds and tell what became of their lines."""
    for path in paths:
        reader = FeedReader(path)
        yield from reader
        note(str(reader.report))


def print_summary(options: argparse.Namespace, summary: dict[str, Any]) -> None:
    """Print what a command found, as lines or, with ``--json``, as JSON."""
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
        return
    for key, value in summary.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items()) or "-"
        print(f"{key}: {value}")
