"""What the commands of a registry do: list, show, verify, promote, roll back, prune, sign."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from headlines.cli.common import DONE, note
from headlines.errors import ModelError, OutputError
from headlines.files import replacing
from headlines.persistence.audit import AuditRecord
from headlines.persistence.modelfile import inspect_model, manifest_path, read_manifest
from headlines.persistence.registry import ModelRegistry, signature_path

__all__ = ["keygen", "list_", "promote", "prune", "rollback", "show", "sign", "verify"]


def list_(options: argparse.Namespace) -> int:
    """List versions."""
    registry = ModelRegistry(options.registry)
    reasons = {
        str(record.facts["version"]): str(record.facts.get("reason"))
        for record in registry.audit.records()
        if record.event == "decided" and record.facts["version"] and not record.facts["accepted"]
    }
    rows = []
    for found in registry.versions():
        manifest = found.manifest
        rows.append(
            {
                "version": found.name,
                "champion": found.champion,
                "model": manifest.content[:12],
                "embedder": manifest.embedder.get("name"),
                "labels": manifest.training.get("labels"),
                "accuracy": manifest.scores.get("accuracy"),
                "refused": reasons.get(found.name),
            }
        )
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
        return DONE
    for row in rows:
        mark = "*" if row["champion"] else " "
        told = {k: v for k, v in row.items() if k != "champion" and (k != "refused" or v)}
        print(mark, *(f"{k}={v}" for k, v in told.items()))
    return DONE


def show(options: argparse.Namespace) -> int:
    """Print a version's manifest and what the audit log tells of it."""
    registry = ModelRegistry(options.registry)
    found = registry.version(options.version) if options.version else registry.champion()
    records = registry.audit.of_version(found.name)
    if options.json:
        manifest = json.loads(found.manifest.to_json())
        rows = [record.to_row() for record in records]
        print(json.dumps({**manifest, "audit": rows}, ensure_ascii=False))
        return DONE
    print(found.manifest.to_json().decode(), end="")
    for record in records:
        _tell(record)
    return DONE


def _tell(record: AuditRecord) -> None:
    facts: dict[str, Any] = dict(record.facts)
    print(f"\n{record.time} {record.event}" + (f": {facts['reason']}" if "reason" in facts else ""))
    for check in facts.get("checks", ()):
        verdict = {True: "passed", False: "FAILED", None: "can't tell"}[check["passed"]]
        print(f"  {verdict:<10} {check['check']}: {check['detail']}")
    for source in facts.get("inputs", ()):
        print(f"  {source['kind']:<10} {source['path']}: SHA-256 {source['sha256'][:12]}…")


def verify(options: argparse.Namespace) -> int:
    """Check every byte of versions, or tell what a file without a manifest holds."""
    key = options.require_signature
    path = Path(options.version) if options.version else None
    if path is not None and path.is_file():
        if manifest_path(path).exists():
            found = ModelRegistry().find(path)
            _, manifest = found.read(key)
            print(f"{path}: whole, model {manifest.content[:12]}")
            return DONE
        facts = inspect_model(path)
        print(
            f"{path}: plain data of a labeler, nothing in it can run. Topics "
            f"{', '.join(facts.topics)}; embedder {facts.embedder}; {facts.examples} examples, "
            f"{facts.labels} labels; model {facts.content[:12]}, SHA-256 {facts.sha256}"
        )
        note(
            f"{path}: no manifest vouches for it, so it isn't used; get the manifest from where "
            "the file came from, and compare the SHA-256"
        )
        return DONE
    registry = ModelRegistry(options.registry)
    chosen = [registry.version(options.version)] if options.version else registry.versions()
    if not options.version and registry.champion_or_none() is None and not chosen:
        raise ModelError(f"{registry.path}: no versions there; name a registry with --registry")
    for version in chosen:
        _, manifest = version.read(key)
        print(f"{version.name}: whole, model {manifest.content[:12]}")
    records = registry.audit.records()
    if records and not options.version:
        print(f"audit log: whole, {len(records)} records")
    return DONE


def promote(options: argparse.Namespace) -> int:
    """Make a version the champion."""
    registry = ModelRegistry(options.registry)
    with registry.lock():
        found = registry.promote(options.version, {"by": "hand"}, key=options.require_signature)
    note(f"{registry.path}: version {found.name} is the champion")
    return DONE


def rollback(options: argparse.Namespace) -> int:
    """Make the champion before this one the champion again."""
    registry = ModelRegistry(options.registry)
    with registry.lock():
        found = registry.rollback({"by": "hand"})
    note(f"{registry.path}: version {found.name} is the champion again")
    return DONE


def prune(options: argparse.Namespace) -> int:
    """Delete old versions, never the champion."""
    registry = ModelRegistry(options.registry)
    with registry.lock():
        gone = registry.prune(options.keep)
    note(f"{registry.path}: deleted {', '.join(gone) or 'nothing'}")
    return DONE


def keygen(options: argparse.Namespace) -> int:
    """Make a pair of keys."""
    from headlines.persistence.signing import make_keys

    private, public = make_keys(options.name)
    note(f"{private}: keep it secret; {public}: give it to whoever loads the models")
    return DONE


def sign(options: argparse.Namespace) -> int:
    """Sign a version's manifest."""
    from headlines.persistence.signing import sign as signature_of

    registry = ModelRegistry(options.registry)
    found = registry.find(options.version)
    _, manifest = found.read()
    data = read_manifest(found.path)[1]
    place = signature_path(found.path)
    try:
        with replacing(place) as file:
            file.write(signature_of(data, options.key, comment=manifest.content[:12]))
    except ValueError as error:
        raise OutputError(f"{place}: {error}") from None
    note(f"{place}: written")
    return DONE
