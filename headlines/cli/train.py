"""What the commands that make and judge models do: arguments to calls, results to rows."""

from __future__ import annotations

import argparse
import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from headlines.cli.common import (
    DONE,
    headlines_of,
    note,
    print_summary,
)
from headlines.embedding.joined import load_embedder
from headlines.labeling.labeler import HeadlineLabeler
from headlines.topics.labels import read_labels
from headlines.topics.taxonomy import Taxonomy

if TYPE_CHECKING:
    pass

__all__ = ["distill", "evaluate", "train"]

log = logging.getLogger(__name__)


def train(options: argparse.Namespace) -> int:
    """Train a model."""
    taxonomy = Taxonomy.load(options.topics)
    feed = list(headlines_of(options.feed))
    labels = read_labels(options.labels, taxonomy.names, feed)
    embedder = load_embedder(options.embedder, cache=options.cache)
    labeler = HeadlineLabeler.train(
        taxonomy,
        labels,
        unlabelled=feed,
        embedder=embedder,
        random_state=options.seed,
    )
    manifest = labeler.save(options.output)
    summary: dict[str, Any] = {
        "model": labeler.model,
        "output": options.output,
        "labels": manifest.training["labels"],
        "examples": manifest.training["examples"],
        "calibration": labeler.certainty.method,
        "holdout": dict(manifest.scores),
    }
    tested = labeler.certainty.right
    if len(tested):
        summary["cross_fitted"] = {"n": len(tested), "accuracy": round(float(tested.mean()), 4)}
    else:
        note(
            "no labels: the topics come from their descriptions alone, and probabilities were "
            "never tested. Expect about four in five right where topics are as far apart as world, "
            "sport, business and technology, fewer where they are close; label 50 headlines or "
            "more and give them with --labels to know"
        )
    if feed:
        predictions = labeler.label(feed)
        shares = Counter(p.topic or "(abstained)" for p in predictions)
        summary["feed"] = dict(shares.most_common())
    print_summary(options, summary)
    return DONE


def evaluate(options: argparse.Namespace) -> int:
    """Score a model on gold labels."""
    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    labels = read_labels(options.labels, labeler.topics)
    result, unseen = labeler.evaluate(labels)
    summary = {"model": labeler.model, "trained_on": len(labels) - len(unseen), **result.summary()}
    if options.json:
        print(json.dumps({**summary, **result.to_plain([u.headline.headline for u in unseen])}))
        return DONE
    print_summary(options, summary)
    print(f"\n{'topic':<14}{'precision':>10}{'recall':>8}{'f1':>6}{'n':>5}")
    for t in result.topics:
        print(f"{t.topic:<14}{t.precision:>10.2f}{t.recall:>8.2f}{t.f1:>6.2f}{t.support:>5}")
    mixed = [(n, *pair) for pair, n in result.confusion.items() if pair[0] != pair[1]]
    print("\ntaken for another topic")
    for n, gold, topic in sorted(mixed, key=lambda row: (-row[0], row[1:]))[:8]:
        print(f"{n:>5}  {gold} for {topic or '(none)'}")
    if result.reliability is not None:
        print("\nprobability  right      n")
        for part in result.reliability.bins:
            print(f"{part.probability:>11.2f}{part.right:>7.2f}{part.n:>7}")
        print("\nanswered  wrong")
        for share, wrong in result.reliability.risk:
            print(f"{share:>8.0%}{wrong:>7.1%}")
        if result.reliability.suspects:
            print("\nlabels that may be wrong")
        for found in result.reliability.suspects[:10]:
            title = unseen[found.place].headline.headline
            print(f"  {found.gold}, or {found.predicted}? {title}")
    for name, n, accuracy in result.periods:
        print(f"{name}: {accuracy:.2f} right of {n}")
    return DONE


def distill(options: argparse.Namespace) -> int:
    """Make a static embedder."""
    from headlines.embedding import distillation

    teacher = load_embedder(options.teacher, cache=options.cache)
    recipe = distillation.Recipe(
        dimension=options.dimension,
        entries=options.entries,
        epochs=options.epochs,
        seed=options.seed,
    )
    texts = (h.text for h in headlines_of(options.corpus))
    embedder = distillation.distill(texts, teacher, options.output, recipe=recipe, progress=note)
    summary = {"output": options.output, "fingerprint": embedder.fingerprint}
    print_summary(options, summary)
    return DONE
