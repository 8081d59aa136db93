"""`headlines models`: list, show, verify, promote, rollback, prune, keygen, sign."""

from __future__ import annotations

import argparse
import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.cli import common
from headlines.errors import ModelError

if TYPE_CHECKING:
    from headlines.cli.common import Run, Verbs
    from headlines.persistence.audit import AuditRecord
    from headlines.persistence.folder import ModelVersion
    from headlines.persistence.registry import ModelRegistry

VERSION = "number of a version: 2 is 0002"
NEWEST = 20
"""Versions that are listed unless all are asked for."""

RECORDS_A_VERSION = 10
"""Records of the log, for each version that is listed, among which its reason is looked for."""

NAMED = f"{VERSION}; or the name of a model, as world"


def add_parser(verbs: Verbs) -> None:
    """Add the commands and their options."""
    group = common.add_group(
        verbs, "models", "Keep the versions of a model, one of them the champion."
    )

    def command(name: str, run: Run, help: str, *examples: str) -> argparse.ArgumentParser:
        found = common.add_command(group, name, run, help, *(f"models {e}" for e in examples))
        help = "folder of versions (default: the shipped one)"
        found.add_argument("--registry", metavar="DIR", help=help)
        return found

    told = "List the versions; * marks the champion."
    verb = command("list", list_, told, "list --registry models")
    help = f"list all versions, not the newest {NEWEST} alone"
    verb.add_argument("--all", action="store_true", help=help)
    told = "Print a version's manifest and history."
    verb = command("show", show, told, "show", "show 2 --registry models")
    help = f"{NAMED} (default: the champion)"
    verb.add_argument("version", nargs="?", metavar="VERSION", help=help)
    told = "Check every byte of versions, or of a file."
    verb = command("verify", verify, told, "verify world", "verify model.joblib")
    help = f"{NAMED}; or a model file (default: all of them)"
    verb.add_argument("version", nargs="?", metavar="VERSION", help=help)
    common.add_signature_option(verb)
    told = "Make a version the champion."
    verb = command("promote", promote, told, "promote 2 --registry models")
    verb.add_argument("version", metavar="VERSION", help=VERSION)
    common.add_signature_option(verb)
    told = "Go back to the champion before."
    command("rollback", rollback, told, "rollback --registry models")
    told = "Delete old versions, never the champion."
    verb = command("prune", prune, told, "prune --keep 5 --registry models")
    help = "versions that stay beside the champion (default: 10)"
    verb.add_argument("--keep", type=common.whole, default=10, metavar="N", help=help)
    verb = command("sign", sign, "Sign a version.", "sign 2 --registry models --key news.key")
    verb.add_argument("version", metavar="VERSION", help=f"{VERSION}; or a model file")
    verb.add_argument("--key", required=True, metavar="FILE", help="the private key")
    told = "Make a pair of keys to sign with."
    verb = common.add_command(group, "keygen", keygen, told, "models keygen news")
    verb.add_argument("name", metavar="NAME", help="NAME.key and NAME.pub are written")


def _registry(path: str | None) -> ModelRegistry:
    from headlines.persistence.registry import ModelRegistry

    return ModelRegistry(path)


def _found(registry: ModelRegistry, ref: str | None) -> ModelVersion:
    """Find a version by its number whatever files are called, else as `ModelRegistry.find`."""
    return registry.version(ref) if ref and ref.isdecimal() else registry.find(ref)


def list_(options: argparse.Namespace) -> int:
    """List versions, and those of the models that are kept beside them."""
    registry = _registry(options.registry)
    most = None if options.all else NEWEST
    rows, more = _rows(registry, None, most)
    for name, inner in registry.named().items():
        own, others = _rows(inner, name, most)
        rows, more = rows + own, more + others
    if options.json:
        common.say_json(rows)
        return common.DONE
    if not rows:
        common.note(f"{registry.path}: no versions there; name a registry with --registry")
        return common.DONE
    called = [" ".join(filter(None, (row["name"], row["version"]))) for row in rows]
    width = max(len("version"), *map(len, called))
    common.say(
        f"  {'version':<{width}}  model         topics  {'embedder':<10}{'labels':>6}  "
        "hold-out accuracy"
    )
    for version, row in zip(called, rows, strict=True):
        common.say(f"{'*' if row['champion'] else ' '} {version:<{width}}  {_described(row)}")
    if more:
        common.note(f"{more} older version(s) not shown; `--all` shows them")
    return common.DONE


def _described(row: dict[str, Any]) -> str:
    if row["damaged"]:
        return f"damaged: {row['damaged']}"
    tested = "- (no labels were held out)"
    if row["holdout"]:
        tested = f"{row['accuracy']:.3f} (n={row['holdout']} held-out labels)"
    learned = f"{row['topics']:>6}  {row['embedder']:<10}{row['labels']:>6}"
    refused = f"  refused: {row['refused']}" if row["refused"] else ""
    return f"{row['model']}  {learned}  {tested}{refused}"


def _rows(
    registry: ModelRegistry, name: str | None, most: int | None
) -> tuple[list[dict[str, Any]], int]:
    """Describe the newest versions of a registry, and tell how many more there are.

    The champion is among them; a version that is pruned meanwhile is none.
    """
    shown = registry.versions() if most is None else registry.newest(most)[::-1]
    if most is not None and not any(version.champion for version in shown):
        shown = [v for v in [registry.champion_or_none()] if v is not None] + shown
    reasons = _reasons(registry, {version.name for version in shown})
    rows = []
    for found in shown:
        row: dict[str, Any] = {"name": name, "version": found.name, "champion": found.champion}
        row |= dict.fromkeys(("model", "topics", "embedder", "labels", "accuracy", "holdout"))
        row |= {"refused": reasons.get(found.name), "damaged": None}
        try:
            manifest = found.manifest
        except ModelError as error:
            if not found.path.parent.exists():
                continue
            rows.append(row | {"damaged": str(error)})
            continue
        row |= {
            "model": manifest.content[:12],
            "topics": len(manifest.topics),
            "embedder": manifest.embedder.get("name"),
            "labels": manifest.training.get("labels"),
            "accuracy": manifest.scores.get("accuracy"),
            "holdout": manifest.scores.get("n"),
        }
        rows.append(row)
    return rows, 0 if most is None else max(0, registry.count() - len(shown))


def _reasons(registry: ModelRegistry, names: set[str]) -> dict[str, str]:
    """Tell why versions were refused that weren't promoted later, from the log's end on."""
    found: dict[str, str] = {}
    left = set(names)
    for record in islice(registry.audit.newest(), RECORDS_A_VERSION * len(names)):
        version = record.facts.get("version")
        if version in left and record.event in ("promoted", "rolled back", "decided"):
            left.discard(version)
            if record.event == "decided" and not record.facts["accepted"]:
                found[version] = str(record.facts.get("reason"))
        if not left:
            break
    return found


def show(options: argparse.Namespace) -> int:
    """Print a version's manifest and what the audit log tells of it."""
    registry = _registry(options.registry)
    version = options.version
    if version in (named := registry.named()):
        registry, version = named[version], None
    found = _found(registry, version)
    records = registry.audit.of_version(found.name)
    if options.json:
        manifest = json.loads(found.manifest.to_json())
        rows = [record.to_row() for record in records]
        common.say_json({**manifest, "audit": rows})
        return common.DONE
    for line in found.manifest.to_json().decode().splitlines():
        common.say(line)
    for record in records:
        _tell(record)
    return common.DONE


def _tell(record: AuditRecord) -> None:
    from headlines.retraining.gate import Check

    facts: dict[str, Any] = dict(record.facts)
    common.say()
    told = [str(facts[key]) for key in ("outcome", "reason") if key in facts]
    common.say(": ".join([f"{record.time} {record.event}", *told]))
    for check in map(Check.from_row, facts.get("checks", ())):
        common.say(f"  {check.verdict:<10} {check.name}: {check.detail}")
    for source in facts.get("inputs", ()):
        common.say(f"  {source['kind']:<10} {source['path']}: SHA-256 {source['sha256'][:12]}…")


def verify(options: argparse.Namespace) -> int:
    """Check every byte of versions, or tell what a file without a manifest holds."""
    from headlines.model.state import LabelerState
    from headlines.persistence.modelfile import inspect_model, manifest_path

    key = options.require_signature
    path = Path(options.version) if options.version else None
    if path is not None and path.is_file():
        if manifest_path(path).exists():
            found = _registry(None).find(path)
            state = LabelerState.of_version(found, key)
            common.say(f"{path}: whole, model {state.model}")
            return common.DONE
        facts = inspect_model(path)
        common.say(
            f"{path}: plain data of a labeler, nothing in it can run. Topics "
            f"{', '.join(facts.topics)}; embedder {facts.embedder}; {facts.examples} examples, "
            f"{facts.labels} labels; model {facts.content[:12]}, SHA-256 {facts.sha256}"
        )
        common.note(
            f"{path}: no manifest vouches for it, so it isn't used; get the manifest from where "
            "the file came from, and compare the SHA-256"
        )
        return common.DONE
    registry = _registry(options.registry)
    named = registry.named()
    if options.version and options.version not in named:
        _verify_version(_found(registry, options.version), "", key)
        return common.DONE
    well = True
    if options.version:
        named = {options.version: named[options.version]}
    else:
        if registry.champion_or_none() is None and not registry.versions() and not named:
            raise ModelError(f"{registry.path}: no versions there; name a registry with --registry")
        well = _verify_all(registry, "", key)
    for name, inner in named.items():
        well = _verify_all(inner, f"{name} ", key) and well
    return common.DONE if well else common.FAULT


def _verify_all(registry: ModelRegistry, before: str, key: str | None) -> bool:
    """Check versions one by one, and tell of each; gives whether all are whole."""
    well = True
    for version in registry.versions():
        try:
            _verify_version(version, before, key)
        except ModelError as error:
            if version.path.parent.exists():  # or it was pruned meanwhile
                common.say(f"{before}{version.name}: DAMAGED: {error}")
                well = False
    if records := registry.audit.records():
        common.say(f"{before}audit log: whole, {len(records)} records")
    return well


def _verify_version(version: ModelVersion, before: str, key: str | None) -> None:
    from headlines.model.state import LabelerState

    state = LabelerState.of_version(version, key)
    common.say(f"{before}{version.name}: whole, model {state.model}")


def promote(options: argparse.Namespace) -> int:
    """Make a version the champion."""
    registry = _registry(options.registry)
    with registry.lock():
        found = registry.promote(options.version, {"by": "hand"}, key=options.require_signature)
    common.note(f"{registry.path}: version {found.name} is the champion")
    return common.DONE


def rollback(options: argparse.Namespace) -> int:
    """Make the champion before this one the champion again."""
    registry = _registry(options.registry)
    with registry.lock():
        found = registry.rollback({"by": "hand"})
    common.note(f"{registry.path}: version {found.name} is the champion again")
    return common.DONE


def prune(options: argparse.Namespace) -> int:
    """Delete old versions, never the champion."""
    registry = _registry(options.registry)
    with registry.lock():
        gone = registry.prune(options.keep)
    common.note(f"{registry.path}: deleted {', '.join(gone) or 'nothing'}")
    return common.DONE


def keygen(options: argparse.Namespace) -> int:
    """Make a pair of keys."""
    from headlines.persistence.signing import make_keys

    private, public = make_keys(options.name)
    common.note(f"{private}: keep it secret; {public}: give it to whoever loads the models")
    return common.DONE


def sign(options: argparse.Namespace) -> int:
    """Sign a version's manifest."""
    found = _registry(options.registry).find(options.version)
    found.read()
    common.note(f"{found.sign(options.key)}: written")
    return common.DONE
