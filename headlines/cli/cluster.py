"""`headlines cluster`, and topics made of clusters."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headlines.cli import common, inputs, progress, rows
from headlines.errors import short

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.clustering.clustered_feed import ClusteredFeed
    from headlines.clustering.quality import FeedQuality

MAX_CLUSTERS_TOLD = 20
MAX_NEWS_TOLD = 5
MAX_STORIES_TOLD = 3
MIN_CANDIDATE_HEADLINES = 3
"""Headlines below which a cluster is no candidate for a topic."""


def add_parser(verbs: Verbs) -> None:
    """Add the commands and their options."""
    command = common.add_command(
        verbs, "cluster", cluster, "Find the themes and stories of a feed.",
        "cluster seeds/feed.txt",
        "cluster today.txt --previous yesterday.jsonl --output today.jsonl",
        "cluster today.txt --level story --memory stories.memory --output today.jsonl",
    )  # fmt: skip
    inputs.add_input_options(command)
    add = command.add_argument
    help = "what a cluster is: a theme, or one story (default: theme)"
    add("--level", choices=("theme", "story"), default="theme", help=help)
    help = "more gives more clusters (default: 1.5 for themes, 8 for stories)"
    add("--resolution", type=common.positive, metavar="R", help=help)
    help = "headlines below this strength are in no cluster, -1 (default: 0)"
    add("--noise", type=common.share, default=0.0, metavar="STRENGTH", help=help)
    inputs.add_past_options(command, ".jsonl of an earlier run, whose clusters stand as they were")
    common.add_seed_option(command)
    rows.add_output_options(command)
    common.add_model_option(command)

    topics = common.add_group(verbs, "topics", "Write topics into a topics file.")
    add = common.add_command(
        topics, "add", topics_add, "Make topics of clusters, for you to edit.",
        "topics add clusters.jsonl --cluster 3 7 --topics topics.toml",
    ).add_argument  # fmt: skip
    add("clusters", metavar="CLUSTERS", help="the .jsonl of `headlines cluster`")
    help = "numbers of the clusters that become topics"
    add("--cluster", type=int, nargs="+", required=True, metavar="N", help=help)
    add("--topics", required=True, metavar="FILE", help="the topics file, or a new one")


def cluster(options: argparse.Namespace) -> int:
    """Find the clusters of feeds."""
    from headlines.labeling.labeler import HeadlineLabeler

    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    chosen = rows.format_of(options.output, options.format)
    with inputs.reading(options) as (blocks, reports):
        feed = [headline for block in blocks for headline in block]
        with progress.stages("headlines"):
            found = labeler.cluster(
                feed,
                level=options.level,
                resolution=options.resolution,
                noise=options.noise,
                random_state=options.seed,
                previous=options.previous,
                edits=options.edits,
                memory=options.memory,
                remember_days=options.remember_days,
                day=options.day,
            )
        listed = list(found)
        if chosen == "table":  # a person reads cluster by cluster
            listed.sort(key=lambda c: (c.cluster, -c.strength))
        count = rows.write_rows(
            (c.to_row() for c in listed), options.output, chosen, excel_safe=options.excel_safe
        )
    if not options.json:
        _tell_clusters(found)
    summary = {"headlines": count, "clusters": [c.to_row() for c in found.clusters]}
    if found.quality:
        summary["quality"] = found.quality.to_row()
    if found.day:
        summary["day"] = found.day
    if options.previous or options.memory:
        summary["changes"] = [change.to_row() for change in found.changes]
    inputs.tell_feeds(options, summary, reports)
    return common.DONE


def _tell_clusters(found: ClusteredFeed) -> None:
    """Say how clusters fall on the topics, which may be new topics, and what has changed."""
    copies = sum(cluster.copies for cluster in found.clusters)
    common.note(
        f"{len(found)} headlines, {copies} of them copies, in {len(found.clusters)} clusters"
    )
    for cluster in found.clusters[:MAX_CLUSTERS_TOLD]:
        shares = ", ".join(f"{topic} {share:.0%}" for topic, share in cluster.topics[:3])
        large = cluster.headlines >= MIN_CANDIDATE_HEADLINES
        new = "  (a new topic?)" if large and not cluster.covered else ""
        common.note(f"{cluster.cluster:>4}  {cluster.name}: {cluster.headlines}  {shares}{new}")
        if large:
            common.note(f"      {cluster.medoid}")
    if len(found.clusters) > MAX_CLUSTERS_TOLD:
        common.note(f"and {len(found.clusters) - MAX_CLUSTERS_TOLD} smaller ones")
    if found.quality:
        _tell_quality(found.quality)
    if found.day:
        _tell_news(found)
        return
    for change in found.changes:
        if change.kind not in ("same", "grew", "shrank"):
            others = f" ({', '.join(map(str, change.others))})" if change.others else ""
            common.note(
                f"{change.kind}{others}: {change.cluster} {change.name}, "
                f"{change.before} -> {change.after} headlines"
            )


def _tell_quality(quality: FeedQuality) -> None:
    """Say how good the stories are, and which of them to look at first."""
    if quality.expected_precision is None:
        return
    common.note(
        f"of the pairs of headlines that a story puts together, {quality.expected_precision:.0%} "
        "are expected to tell one"
    )
    doubtful = [
        f"{one.story} ({one.cohesion:.0%}: {short(one.medoid, 50)})"
        for one in quality.doubtful[:MAX_STORIES_TOLD]
    ]
    if doubtful:
        common.note(f"stories that may be several: {', '.join(doubtful)}")
    alike = [
        f"{one.story} and {one.nearest} ({one.across:.0%}: {short(one.medoid, 50)})"
        for one in quality.perhaps_one[:MAX_STORIES_TOLD]
    ]
    if alike:
        common.note(f"stories that may be one: {', '.join(alike)}")


def _tell_news(found: ClusteredFeed) -> None:
    """Say which clusters are new on a day, growing and over, the largest first."""
    for kind in ("new", "growing", "over"):
        news = [change for change in found.changes if change.kind == kind]
        news.sort(key=lambda change: -(change.after or change.before))
        if news:
            common.note(f"{found.day}: {len(news)} {kind}")
        for change in news[:MAX_NEWS_TOLD]:
            common.note(
                f"{change.cluster:>4}  {change.name}: {change.after} headlines, "
                f"{change.before} before"
            )


def topics_add(options: argparse.Namespace) -> int:
    """Write clusters as topics into a topics file."""
    from headlines.clustering.clustered_feed import candidate_topics
    from headlines.topics.taxonomy import add_topics

    found = candidate_topics(options.clusters, options.cluster)
    add_topics(options.topics, found)
    names = [topic.name for topic in found]
    if options.json:
        common.say_json({"added": names}, on_stderr=True)
        return common.DONE
    for name in names:
        common.note(
            f"{options.topics}: [[topic]] {name!r} added; edit its name, definition and examples"
        )
    return common.DONE
