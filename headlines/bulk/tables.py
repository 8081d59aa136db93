"""Tables: rows in the columns of Arrow, whose types are known when the last row is there.

Until then rows wait in blocks, each with the types that its own values have; `widest` gives the
types that hold all, and `widened` a block in them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from headlines.errors import require
from headlines.feeds.block import HeadlineBlock
from headlines.feeds.headline import with_fields
from headlines.labeling.panel import Answered

Types = Mapping[str, str]
"""The columns in their order, and the name of each one's type (`_types`)."""


def write_rows(file: IO[bytes], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Write rows as a block of their own; give its columns and types."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return write_columns(file, {name: [row.get(name) for row in rows] for name in names})


def write_columns(file: IO[bytes], columns: Mapping[str, Any]) -> dict[str, str]:
    """Write lists of values, or arrays of Arrow's, as a block; give its columns and types."""
    pa = require("pyarrow", "parquet")
    arrays = {
        name: _column(pa, name, values) if isinstance(values, list) else values
        for name, values in columns.items()
    }
    block = pa.table(arrays)
    packed = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(file, block.schema, options=packed) as writer:
        writer.write_table(block)
    known = {type_: name for name, type_ in _types(pa).items()}
    return {field.name: known[field.type] for field in block.schema}


def columns_of(block: HeadlineBlock, answered: Answered, top: int) -> dict[str, Any]:
    """Give the columns of what a panel says of a block: those of `PredictionBlock`'s rows.

    What a row would say of itself stands in one array for all; the plain twin is `Panel.rows`.
    """
    pa = require("pyarrow", "parquet")
    found, types = answered.found, _types(pa)
    n = len(found)
    names = np.array(found.names, dtype=object)
    top = min(top, len(names))
    order, shares = found.order[:, :top], found.shares
    ranked = pa.array(names.take(order.ravel()).tolist(), pa.string())
    scored = pa.StructArray.from_arrays(
        [ranked, pa.array(shares[:, :top].ravel())], fields=list(types["topics"].value_type)
    )
    ends = np.concatenate([[0], np.cumsum(found.further.sum(axis=1))])
    also = pa.array(names.take(found.order[found.further]).tolist(), pa.string())
    copies = [id if copy else None for id, copy in zip(block.ids, block.copies, strict=True)]
    columns: dict[str, Any] = {
        "id": pa.array(block.ids, pa.string()),
        "source": pa.array([block.source] * n, pa.string()),
        "line": pa.array(block.lines, pa.int64()),
        "headline": list(block.headlines),
        "topic": pa.array(found.topics.tolist(), pa.string()),
        "probability": pa.array(shares[:, 0]),
        "topics": pa.ListArray.from_arrays(
            np.arange(0, n * top + 1, top, dtype=np.int32), scored, type=types["topics"]
        ),
        "also": pa.ListArray.from_arrays(ends.astype(np.int32), also, type=types["strings"]),
        "abstained": pa.array(found.reasons.tolist(), pa.string()),
        "duplicate_of": pa.array(copies, pa.string()),
        "model": pa.array([found.model] * n, pa.string()),
    }
    answers = set(columns).difference(_OF_HEADLINE)
    for name in answered.more[0] if answered.more else ():
        columns[name] = [said[name] for said in answered.more]
        answers.add(name)
    return columns | _told_by_inputs(block, answers)


_OF_HEADLINE = ("id", "source", "line", "headline")
_SAID = ("publisher", "date", "language")


def _told_by_inputs(block: HeadlineBlock, answers: set[str]) -> dict[str, list[Any]]:
    """Give the columns that an input fills: those that every row has, and its own."""
    n = len(block)
    columns: dict[str, list[Any]] = {name: [None] * n for name in _SAID}
    known = answers.union(_OF_HEADLINE, _SAID)
    for place, told in block.others.items():
        for name in _SAID:
            columns[name][place] = told.get(name)
        fields = told.get("fields", {})
        if not known.isdisjoint(fields):
            own = dict.fromkeys(known) | {name: told.get(name) for name in _SAID}
            own |= {"id": block.ids[place], "source": block.source, "line": block.lines[place]}
            own |= {"headline": block.headlines[place]} | dict.fromkeys(answers, _ANSWER)
            first = len(own)
            fields = dict(list(with_fields(own, fields).items())[first:])
        for name, value in fields.items():
            if name not in columns:
                columns[name] = [None] * n
            columns[name][place] = value
    return columns


_ANSWER = object()
"""What a model says, which no input said before."""


def widest(one: Types, other: Types) -> dict[str, str]:
    """Give the columns of two sets, and the types that hold the values of both.

    Examples
    --------
    >>> widest({"a": "int64", "b": "null"}, {"a": "double", "b": "string", "c": "bool"})
    {'a': 'double', 'b': 'string', 'c': 'bool'}
    """
    found = dict(one)
    for name, type_ in other.items():
        found[name] = _wider(found.get(name, type_), type_)
    return found


def blocks_of(file: IO[bytes]) -> Iterator[Any]:
    """Give the tables of the blocks that were written, one after the other."""
    pa = require("pyarrow", "parquet")
    end = file.seek(0, 2)
    file.seek(0)
    while file.tell() < end:
        yield pa.ipc.open_stream(file).read_all()


def write_parquet(
    blocks: IO[bytes],
    file: IO[bytes],
    types: Types,
    copies: NDArray[np.bool_] | None = None,
) -> int:
    """Write a file's blocks as Parquet in columns of such types; give the number of rows.

    Rows that are `copies` are marked so: `duplicate_of` has their own id.
    """
    pa, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    named = _types(pa)
    schema = pa.schema({name: named["string" if t == "null" else t] for name, t in types.items()})
    count = 0
    with parquet.ParquetWriter(file, schema) as writer:
        for block in blocks_of(blocks):
            columns = {
                name: _widened(pa, block[name], schema.field(name).type)
                if name in block.column_names
                else pa.nulls(len(block), schema.field(name).type)
                for name in schema.names
            }
            if copies is not None and (some := copies[count : count + len(block)]).any():
                ids = block["id"].to_pylist()
                told = [id if copy else None for id, copy in zip(ids, some.tolist(), strict=True)]
                columns["duplicate_of"] = pa.array(told, pa.string())
            writer.write_table(pa.table(columns))
            count += len(block)
    return count


def _types(pa: Any) -> dict[str, Any]:
    """Give the types that columns have, by their names."""
    scored = pa.struct({"topic": pa.string(), "probability": pa.float64()})
    return {
        "null": pa.null(),
        "bool": pa.bool_(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "string": pa.string(),
        "strings": pa.list_(pa.string()),
        "topics": pa.list_(scored),
    }


def _wider(one: str, other: str) -> str:
    if one == other or other == "null":
        return one
    if one == "null":
        return other
    return "double" if {one, other} == {"int64", "double"} else "string"


def _column(pa: Any, name: str, values: list[Any]) -> Any:
    """Give values the type that all of them have; as text and JSON where there is none."""
    types, kinds = _types(pa), {type(value) for value in values} - {type(None)}
    if name == "topics" and kinds == {list}:
        with contextlib.suppress(pa.ArrowException, KeyError, TypeError):
            return pa.array(values, types["topics"])
    if kinds == {list} and all(isinstance(v, str) for value in values for v in value or ()):
        with contextlib.suppress(UnicodeEncodeError):
            return pa.array(values, types["strings"])
    for told, type_ in (({bool}, "bool"), ({int}, "int64"), ({int, float}, "double")):
        if kinds and kinds <= told:
            with contextlib.suppress(pa.ArrowInvalid, OverflowError):
                return pa.array(values, types[type_])
    if not kinds:
        return pa.nulls(len(values))
    return _texts(pa, values)


def _texts(pa: Any, values: list[Any]) -> Any:
    texts = [
        v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values
    ]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half a surrogate pair
        clean = [t and t.encode("utf-8", "backslashreplace").decode() for t in texts]
        return pa.array(clean, pa.string())


def _widened(pa: Any, column: Any, type: Any) -> Any:
    if column.type == type:
        return column
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), type)
    if pa.types.is_floating(type):
        return column.cast(type, safe=False)
    return pa.chunked_array([_texts(pa, column.to_pylist())])
