"""The keys of a labeler's file, stated once.

They are types, to which mypy holds what writes and reads them, and from which a stranger's data
is checked before anything is made of it.
"""

# Without `from __future__ import annotations`: what may be missing is read from the types at run
# time.
import functools
from collections.abc import Mapping
from types import UnionType
from typing import Any, NotRequired, TypedDict, get_args, get_origin, get_type_hints

from headlines.errors import short

LABELER = "headlines.labeler"
"""The kind of file that this is."""

MAX_NAME = 1000
"""Characters of a topic's or embedder's name."""


class PackedArray(TypedDict):
    """An array: dtype, shape and little-endian bytes."""

    dtype: str
    shape: list[int]
    data: bytes


class RaggedRows(TypedDict):
    """Rows of whole numbers, end to end, and the length of each."""

    values: PackedArray
    lengths: PackedArray


class EmbedderData(TypedDict):
    """What the embedder was asked for by, and its fingerprint."""

    name: str
    fingerprint: str


class ScorerData(TypedDict):
    """A `TopicScorer`; `words` and `rows` are what single words add."""

    weights: PackedArray
    step: float
    bias: PackedArray
    words: PackedArray
    rows: PackedArray


class ApplyingData(TypedDict):
    """An `Applying`."""

    own: float
    every: float
    bias: PackedArray


class CertaintyData(TypedDict):
    """A `Certainty`."""

    scores: PackedArray
    right: PackedArray
    also_from: PackedArray
    method: str
    applying: NotRequired[ApplyingData]
    answers: NotRequired[PackedArray]


class TrainingData(TypedDict):
    """A `TrainingSet`, column by column; topics by number."""

    fingerprint: str
    ids: list[str]
    topics: PackedArray
    also: list[list[str]]
    written: PackedArray
    held_out: PackedArray
    words: RaggedRows
    terms: RaggedRows
    drawn: PackedArray
    texts: list[str | None]
    origins: NotRequired[list[str | None]]


class ReferenceData(TypedDict):
    """A `Reference`."""

    words: RaggedRows
    terms: RaggedRows
    unseen: NotRequired[PackedArray]


class TrialData(TypedDict):
    """A `Trial`."""

    n: int
    right: list[float]
    loss: list[float]


class TaughtData(TypedDict):
    """What a teacher said: a `Taught`."""

    terms: RaggedRows
    words: RaggedRows
    shares: PackedArray


class LabelerData(TypedDict):
    """All of it."""

    kind: str
    topics: list[str]
    embedder: EmbedderData
    scorer: ScorerData
    certainty: CertaintyData
    training: TrainingData
    random_state: int
    reference: NotRequired[ReferenceData]
    codes: NotRequired[list[str]]
    trial: NotRequired[TrialData]
    taught: NotRequired[TaughtData]


def differs(value: Any, kind: Any, where: str) -> str | None:
    """Say where a value differs from a type or from a class with annotations; None if not."""
    if get_origin(kind) is list:
        if type(value) is not list:
            return f"{where} is no list"
        [item] = get_args(kind)
        if set(map(type, value)) <= _plain_types(item):  # the long ones, at once
            return None
        found = (differs(inner, item, f"{where}[{i}]") for i, inner in enumerate(value))
        return next((said for said in found if said), None)
    kinds = _plain_types(kind)
    if not kinds:
        return _keys_differ(value, kind, where)
    names = " or ".join(sorted((one.__name__ for one in kinds), reverse=True))
    return None if type(value) in kinds else f"{where} is no {names}"


@functools.cache
def _plain_types(kind: Any) -> set[type]:
    """Give the types of a value without keys of its own; none for a list or a class with keys."""
    if isinstance(kind, UnionType):
        return set(get_args(kind))
    origin = get_origin(kind) or kind
    return set() if origin is list or hasattr(origin, "__annotations__") else {origin}


def _keys_differ(value: Any, kind: Any, where: str) -> str | None:
    if type(value) is not dict:
        return f"{where} is no dict"
    known = get_type_hints(kind)
    odd = sorted(map(str, set(value) - set(known)))
    if odd:
        return f"{where} has an unknown key {odd[0][:40]!r}"
    for name, inner in known.items():
        if name in value:
            if said := differs(value[name], inner, f"{where}.{name}"):
                return said
        elif name in getattr(kind, "__required_keys__", known):
            return f"{where} has no key {name!r}"
    return None


def contradicts(payload: Mapping[str, Any]) -> str | None:
    """Say what in a labeler's data can't be, though its structure is right; None when all can."""
    topics, embedder, certainty = payload["topics"], payload["embedder"], payload["certainty"]
    codes = payload.get("codes", [])
    words = [*topics, *filter(None, codes)]
    words += [embedder["name"], embedder["fingerprint"], certainty["method"]]
    odd = [word for word in words if not word or len(word) > MAX_NAME or not word.isprintable()]
    if odd:
        return f"{short(repr(odd[0]), 40)} is no name"
    if payload["kind"] != LABELER:
        return f"its kind is {short(repr(payload['kind']), 40)}"
    if not topics or len(set(topics)) < len(topics):
        return f"{len(topics)} topics, {len(set(topics))} of them distinct"
    if codes and len(codes) != len(topics):
        return f"{len(topics)} topics, but {len(codes)} codes"
    columns = [*payload["scorer"]["weights"]["shape"][1:], *certainty["also_from"]["shape"]]
    if columns != [len(topics) + 1, len(topics)]:
        return f"{len(topics)} topics, but weights and bounds for {short(str(columns), 40)}"
    return None
