"""The scan of a model file: every step and every length of its pickle, before one is taken."""

from __future__ import annotations

import re

from headlines.errors import ModelError, short

MAX_BYTES = 128 << 20
"""Bytes of a file, and of the data that it builds with repeated text written out."""

MAX_OPCODES = 1_000_000
"""Steps of a file: each builds at most one small object, so they bound the memory."""

MAX_TEXT = 32 << 20
"""Bytes of text in a file: one odd letter makes four bytes of each letter beside it."""

MAX_DEPTH = 16
"""Lists and dicts inside each other."""

_TEXT = {0x8C: 1, 0x58: 4, 0x8D: 8}  # opcode to the bytes of its length
_BYTES = {0x43: 1, 0x42: 4, 0x8E: 8}
_SIZED = _TEXT | _BYTES
_NUMBERS = {0x4A: 4, 0x4B: 1, 0x4D: 2, 0x47: 8, 0x4E: 0, 0x88: 0, 0x89: 0}  # to their bytes
_PROTO, _FRAME, _MARK, _STOP, _MEMOIZE, _LONG = 0x80, 0x95, 0x28, 0x2E, 0x94, 0x8A
_LIST, _DICT, _APPEND, _APPENDS, _SETITEM, _SETITEMS = 0x5D, 0x7D, 0x61, 0x65, 0x73, 0x75
_MEMOIZED = {*_SIZED, _LIST, _DICT}
_GET = {0x68: 1, 0x6A: 4}
_GLOBALS = {"GLOBAL", "STACK_GLOBAL", "INST"}

_COMPRESSED = {b"x": "zlib", b"\x1f\x8b": "gzip", b"BZ": "bz2", b"\xfd7zXZ": "xz",
               b"]\x00": "lzma", b"\x04\x22M\x18": "lz4"}  # fmt: skip


def scan(data: bytes) -> None:
    """Check every step of a pickle, and every length in it, without building anything.

    Raises ModelError when a step isn't one of plain data's, a length goes beyond the end, lists or
    dicts are shared or too deep, or the whole is more than the bounds allow.
    """
    if len(data) > MAX_BYTES:
        raise ModelError(f"{len(data):,} bytes, a model has at most {MAX_BYTES:,}")
    for magic, name in _COMPRESSED.items():
        if data.startswith(magic):
            raise ModelError(f"compressed with {name}; a model is written uncompressed")
    try:
        _Scanner(data).run()
    except IndexError:
        raise ModelError("not a model (ends in the middle of a step)") from None


class _Scanner:
    """Follows a pickle's steps with kinds and depths in the place of objects.

    Kinds are ``t`` text, ``b`` bytes, ``n`` numbers and None, ``l`` list, ``d`` dict.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0
        self.kinds: list[str] = []
        self.depths: list[int] = []
        self.marks: list[int] = []
        self.memo: list[tuple[str, int]] = []
        self.repeated = 0
        self.text = 0

    def run(self) -> None:
        data, kinds = self.data, self.kinds
        if data[:1] != b"\x80" or data[1] not in (2, 3, 4, 5):
            raise ModelError("not a model (no pickle of a protocol from 2 to 5)")
        self.place = 2
        steps, size, before = 0, 0, _PROTO
        while (op := data[self.place]) != _STOP:
            self.place += 1
            steps += 1
            if steps > MAX_OPCODES:
                raise ModelError(f"more than {MAX_OPCODES:,} steps; no model needs so many")
            if op in _SIZED:
                size = self._length(_SIZED[op])
                self.place += size
                self.text += size if op in _TEXT else 0
                if self.text > MAX_TEXT:
                    raise ModelError(
                        f"more than {MAX_TEXT:,} bytes of text; no model needs so many"
                    )
                self._push("t" if op in _TEXT else "b")
            elif op == _MEMOIZE:
                if before not in _MEMOIZED:
                    raise ModelError("not a model (remembers what it hasn't just made)")
                self.memo.append((kinds[-1], size))
            elif op in (_LIST, _DICT):
                self._push("l" if op == _LIST else "d", 1)
            elif op in _NUMBERS:
                self.place += _NUMBERS[op]
                self._push("n")
            elif op == _LONG:
                self.place += data[self.place] + 1
                self._push("n")
            elif op in _GET:
                self._repeat(int.from_bytes(self._take(_GET[op]), "little"))
            elif op == _MARK:
                self.marks.append(len(kinds))
            elif op in (_APPEND, _SETITEM):
                self._gather(len(kinds) - (1 if op == _APPEND else 2), is_list=op == _APPEND)
            elif op in (_APPENDS, _SETITEMS):
                if not self.marks:
                    raise ModelError("not a model (items without a beginning)")
                self._gather(self.marks.pop(), is_list=op == _APPENDS)
            elif op == _FRAME:
                self._length(8)
            else:
                raise ModelError(self._other(op))
            if op != _FRAME:  # which may begin anywhere
                before = op
        if kinds != ["d"] or self.marks or self.place + 1 != len(data):
            raise ModelError("not a model (expected one dict and nothing after it)")

    def _push(self, kind: str, depth: int = 0) -> None:
        self.kinds.append(kind)
        self.depths.append(depth)

    def _take(self, count: int) -> bytes:
        part = self.data[self.place : self.place + count]
        self.place += count
        if self.place >= len(self.data):
            raise IndexError
        return part

    def _length(self, width: int) -> int:
        length = int.from_bytes(self._take(width), "little")
        if length > len(self.data) - self.place:
            left = len(self.data) - self.place
            raise ModelError(f"not a model (a length of {length:,}, but {left:,} bytes are left)")
        return length

    def _repeat(self, number: int) -> None:
        """Text and bytes may be repeated; a list would be one list in two places."""
        if number >= len(self.memo) or self.memo[number][0] not in "tb":
            raise ModelError("refers to a list or dict again; a model's data is a tree")
        kind, size = self.memo[number]
        self.repeated += size
        if self.repeated > MAX_BYTES:
            raise ModelError(f"repeats text to more than {MAX_BYTES:,} bytes")
        self._push(kind)

    def _gather(self, start: int, *, is_list: bool) -> None:
        """Put what stands from `start` on into the list or dict before it."""
        kinds, depths = self.kinds, self.depths
        wanted = "l" if is_list else "d"
        if start < 1 or kinds[start - 1] != wanted or (self.marks and self.marks[-1] > start - 1):
            raise ModelError("not a model (items for what is no list or dict)")
        if not is_list and (set(kinds[start::2]) - {"t"} or (len(kinds) - start) % 2):
            raise ModelError("not a model (a dict's keys are text)")
        depth = max(depths[start:], default=0) + 1
        if depth > MAX_DEPTH:
            raise ModelError(f"lists and dicts more than {MAX_DEPTH} deep")
        depths[start - 1] = max(depths[start - 1], depth)
        del kinds[start:], depths[start:]

    def _other(self, op: int) -> str:
        """Say what a step that isn't plain data's would do."""
        import pickletools  # for a refusal's words alone

        name = next((o.name for o in pickletools.opcodes if o.code == chr(op)), None)
        if name is None:
            return f"not a model (no pickle has a step 0x{op:02x})"
        if name == "GLOBAL":
            found = re.match(rb"([^\n]{1,200})\n([^\n]{1,200})\n", self.data[self.place :][:410])
            if found:
                return _refusal(*(part.decode("utf-8", "replace") for part in found.groups()))
        if name == "STACK_GLOBAL":
            before = self.data[max(0, self.place - 400) : self.place]
            texts = re.findall(rb"\x8c(.)([\w.]{1,200})\x94?", before, flags=re.DOTALL)
            words = [w[: n[0]].decode() for n, w in texts if n[0] <= len(w)]
            if len(words) >= 2:
                return _refusal(*words[-2:])
        if name in _GLOBALS:
            return "asks for an object by name; a model holds plain data only"
        return f"holds a {name.lower()} step; a model holds plain data only"


def _refusal(module: str, name: str) -> str:
    """Say why a file that names an object isn't opened."""
    asked = short(f"{module}.{name}")
    top = module.split(".")[0]
    if top in ("joblib", "numpy"):
        kind = "an array in joblib's own form"
    elif top in ("sklearn", "scipy"):
        kind = "an estimator or another object of a library"
    else:
        kind = "an object"
    return (
        f"asks for {asked}; a model holds plain data only. This is {kind}: to open it would be to "
        "run what the file says. Train the model again with `headlines train`"
    )
