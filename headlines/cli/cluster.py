"""`headlines cluster`, and topics made of clusters."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from headlines.cli.rows import format_of, write_rows
from headlines.labeling.labeler import HeadlineLabeler
from headlines.topics.taxonomy import add_topics

if TYPE_CHECKING:
    from headlines.clustering.clustered_feed import ClusteredFeed
from headlines.cli.common import DONE, _progress, _reading, _summary, note

__all__ = ["cluster", "topics_add"]


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
