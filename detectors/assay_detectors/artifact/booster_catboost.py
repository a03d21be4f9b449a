"""CatBoost's binary models (`.cbm`): a flatbuffer, and parts behind it. Standard library only.

Read from `catboost/libs/model` (`model.cpp`, `flatbuffers/*.fbs`) of CatBoost 1.2: it verifies the flatbuffer, and then
follows the numbers of its trees unchecked.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import FilePart, Held, Source, Unread

MAX_CATBOOST = 256 << 20
CATBOOST_MAGIC = b"CBM1"
_FORMATS = frozenset({b"FlabuffersModel_v1", b"FlatbuffersModel_v1"})
_PARTS = frozenset(
    {b"static_provider_v1", b"text_process_v1", b"text_process_v2", b"embed_process_v1", b"embed_process_1"}
)
_SPLITS, _SIZES, _STARTS = 1, 2, 3
_CATEGORICAL, _FLOATS, _ONE_HOT, _CTRS, _TEXTS, _ESTIMATED, _EMBEDDINGS = 4, 5, 6, 7, 12, 13, 18
_LEAVES, _WEIGHTS, _STEPS, _LEAF_IDS, _REPACKED = 8, 9, 10, 11, 17
"""Fields of the table of trees; 0 is the number of outputs."""
_MAX_DEPTH = 30
_MAX_OUTPUTS = 1 << 20
_MAX_FEATURES = 10_000_000


def read_catboost(source: Source, length: int | None, report: Report) -> None:
    """Check that a `.cbm` is a flatbuffer whose tables lie within it, and that no unknown part follows.

    Args:
        source: its bytes.
        length: how many they are; None where that is not known.
        report: takes what the model says of itself.

    Raises:
        Unread: it breaks the rules of its format.
    """
    if length is None or not isinstance(source, FilePart | Held) or source.position:
        source = Held(source.read_all(MAX_CATBOOST, "a CatBoost model"))
        length = len(source.data)
    if length < 12 or source.peek(4) != CATBOOST_MAGIC:
        raise Unread("it is too short for a CatBoost model", "cut-off")
    buffer = _Flatbuffer(source, 8, int.from_bytes(source.peek(8)[4:8], "little"), length)
    root = buffer.table(0)
    version = buffer.text(root.get(0))
    if version not in _FORMATS:
        raise Unread(f"its format {version[:40]!r} is not CatBoost's")
    for at in buffer.vector(root.get(2), 100_000):
        entry = buffer.table(at)
        report.lists("contains", buffer.text(entry.get(0)).decode("utf-8", "replace"), at)
        buffer.text(entry.get(1))
    if 1 in root:
        _Trees(buffer, buffer.table(root[1])).judge()
    parts = [buffer.text(at).rstrip(b"\0") for at in buffer.vector(root.get(3), 100)]
    for name in parts:
        if name not in _PARTS:
            raise Unread(f"it holds a part {name[:40]!r} that is not known", "hidden")
    if not parts and buffer.stop < length:
        raise Unread("bytes follow its model", "hidden")


class _Trees:
    """The table of trees: lists of numbers for all of them together."""

    def __init__(self, buffer: _Flatbuffer, table: dict[int, int]) -> None:
        self.buffer = buffer
        self.table = table

    def _list(self, field: int, code: str = "i") -> Sequence[int]:
        return self.buffer.numbers(self.table.get(field), code)

    def judge(self) -> None:
        """Raise `Unread` unless every tree lies within its lists, and leads to splits and leaves that exist."""
        outputs = self.buffer.number(self.table[0]) if 0 in self.table else 0
        splits, sizes, starts = self._list(_SPLITS), self._list(_SIZES), self._list(_STARTS)
        if not sizes and not splits and not starts:
            return
        if not 0 < outputs <= _MAX_OUTPUTS or len(starts) != len(sizes) or min(sizes, default=0) < 0:
            raise Unread("its trees are damaged")
        if [*accumulate(sizes, initial=0)] != [*starts, len(splits)]:
            raise Unread("its trees do not lie one behind the other in its list of splits")
        leaves = self.buffer.count(self.table.get(_LEAVES), 8)
        weights = self.buffer.count(self.table.get(_WEIGHTS), 8)
        if leaves % outputs or weights not in (0, leaves // outputs):
            raise Unread("its trees have another number of leaves than of weights")
        self._judge_features()
        known = self._splits()
        steps = self._list(_STEPS, "I")
        empty = not known and steps and not any(splits)
        if splits and not empty and not (min(splits) >= 0 and max(splits) < known):
            raise Unread(f"a tree splits by something beyond the {known} splits of the model")
        if self.buffer.count(self.table.get(_REPACKED), 4) not in (0, len(splits)):
            raise Unread("its trees have lists of different lengths")
        if steps or self._list(_LEAF_IDS, "I"):
            self._judge_steps(steps, sizes, starts, leaves, outputs)
        elif max(sizes) > _MAX_DEPTH or sum(1 << size for size in sizes) * outputs != leaves:
            raise Unread(f"its trees lead to other leaves than the {leaves // outputs} that it has")

    def _judge_features(self) -> None:
        """The features that a row has: each has a place among its kind, and a place among all."""
        for field, fields in ((_FLOATS, (1, 2)), (_CATEGORICAL, (0, 1)), (_TEXTS, (0, 1)), (_EMBEDDINGS, (0, 1))):
            last = [-1, -1]
            for at in self.buffer.vector(self.table.get(field), _MAX_FEATURES):
                feature = self.buffer.table(at)
                places = [self.buffer.number(feature[key]) if key in feature else -1 for key in fields]
                if not all(before < place <= _MAX_FEATURES for before, place in zip(last, places, strict=True)):
                    raise Unread("its features do not follow one another")
                last = places

    def _splits(self) -> int:
        """Return how many splits its features offer: borders of numbers, and values of categories."""
        total = 0
        for field, inner in ((_FLOATS, 3), (_ESTIMATED, 3), (_ONE_HOT, 1), (_CTRS, 1)):
            for at in self.buffer.vector(self.table.get(field), _MAX_FEATURES):
                feature = self.buffer.table(at)
                total += self.buffer.count(feature.get(inner), 4)
        return total

    def _judge_steps(
        self, steps: Sequence[int], sizes: Sequence[int], starts: Sequence[int], leaves: int, outputs: int
    ) -> None:
        """Trees whose sides differ: each node says how far its children lie ahead; 0 is a leaf."""
        places = self._list(_LEAF_IDS, "I")
        if not len(steps) == len(places) == starts[-1] + sizes[-1]:
            raise Unread("its trees have lists of different lengths")
        for start, size in zip(starts, sizes, strict=True):
            if not size:
                raise Unread("a tree of it has no nodes")
            for node in range(start, start + size):
                left, right = steps[node] & 0xFFFF, steps[node] >> 16
                if max(left, right) >= start + size - node:
                    raise Unread("a child of a node lies outside its tree")
                if not (left and right) and (places[node] % outputs or places[node] + outputs > leaves):
                    raise Unread("a node of its trees leads to a leaf that does not exist")


class _Flatbuffer:
    """Tables, texts and vectors of a flatbuffer, each checked to lie within it."""

    def __init__(self, source: FilePart | Held, start: int, size: int, length: int) -> None:
        self.source = source
        self.start = start
        self.stop = start + size
        if self.stop > length or size < 8:
            raise Unread("its model is longer than the file", "cut-off")

    def number(self, at: int, width: int = 4) -> int:
        """Return the number at `at`, an index into the buffer."""
        place = self.start + at
        if at < 0 or place + width > self.stop:
            raise Unread("a table of its model lies outside the file")
        return int.from_bytes(self.source.part(place, place + width).peek(width), "little")

    def table(self, at: int) -> dict[int, int]:
        """Return field -> place of the table that the offset at `at` leads to."""
        table = at + self.number(at)
        step = self.number(table)
        vtable = table - (step - (1 << 32) if step >> 31 else step)
        count = (self.number(vtable, 2) - 4) // 2
        if not 0 <= count < 200:
            raise Unread("a table of its model is damaged")
        fields = {index: self.number(vtable + 4 + 2 * index, 2) for index in range(count)}
        return {index: table + offset for index, offset in fields.items() if offset}

    def text(self, at: int | None) -> bytes:
        """Return the text that the offset at `at` leads to, at most 100 bytes of it; None: no text."""
        if at is None:
            return b""
        place = at + self.number(at)
        size = self.number(place)
        if self.start + place + 4 + size > self.stop:
            raise Unread("a text of its model lies outside the file")
        first = self.start + place + 4
        return self.source.part(first, first + min(size, 100)).peek(min(size, 100))

    def count(self, at: int | None, width: int) -> int:
        """Return how many values of this width are in a vector; None: none."""
        if at is None:
            return 0
        place = at + self.number(at)
        count = self.number(place)
        if self.start + place + 4 + width * count > self.stop:
            raise Unread("a list of its model lies outside the file")
        return count

    def numbers(self, at: int | None, code: str) -> Sequence[int]:
        """Return the numbers of four bytes in a vector; None: none."""
        count = self.count(at, 4)
        if at is None or not count:
            return ()
        if count > MAX_CATBOOST >> 2:
            raise Unread(f"a list of its model is longer than {MAX_CATBOOST >> 20} MiB", "bomb")
        first = self.start + at + self.number(at) + 4
        found = array(code, self.source.part(first, first + 4 * count).peek(4 * count))
        if sys.byteorder == "big":
            found.byteswap()
        if len(found) != count:
            raise Unread("a list of its model is cut off", "cut-off")
        return found

    def vector(self, at: int | None, limit: int) -> list[int]:
        """Return the places of the offsets in a vector; None: none."""
        if at is None:
            return []
        place = at + self.number(at)
        count = self.number(place)
        if count > limit or self.start + place + 4 + 4 * count > self.stop:
            raise Unread("a list of its model lies outside the file")
        return [place + 4 + 4 * index for index in range(count)]
