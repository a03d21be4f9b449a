"""LightGBM's text format, line by line: the names that it resolves, and arrays that its predictor follows unchecked.

Read from `src/io/tree.cpp` and `src/boosting/gbdt_model_text.cpp` of LightGBM 4.6. Standard library only.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from assay_detectors.artifact.booster_trees import is_ascending, is_whole
from assay_detectors.artifact.sources import CHUNK, Source, Unread

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report

MAX_LINE = 64 << 20
_NUMBERS = re.compile(rb"[-+0-9.eE naif]*")
_ENTRY = re.compile(rb"([A-Za-z_]\w*)(?:=(.*))?", re.DOTALL)
_PARAMETER = re.compile(rb"\[(\w+): ?(.*)\]\s*", re.DOTALL)
_HEADER = frozenset(
    b"tree version num_class num_tree_per_iteration label_index max_feature_idx objective average_output "
    b"feature_names monotone_constraints feature_infos tree_sizes".split()
)
_OBJECTIVES = frozenset(
    b"regression regression_l1 huber fair poisson quantile mape gamma tweedie binary multiclass multiclassova "
    b"cross_entropy cross_entropy_lambda lambdarank rank_xendcg custom none".split()
)
_FILES = frozenset(
    b"forcedsplits_filename forcedbins_filename parser_config_file machine_list_filename machines "
    b"initscore_filename input_model".split()
)
_WHOLE = frozenset(
    b"num_leaves num_cat is_linear split_feature decision_type left_child right_child cat_boundaries cat_threshold "
    b"num_features leaf_features".split()
)
"""Keys of a tree whose numbers are whole and lead somewhere."""
_PER_LEAF = (b"leaf_value", b"leaf_weight", b"leaf_count", b"leaf_const", b"num_features")
_PER_SPLIT = (b"threshold", b"split_gain", b"internal_value", b"internal_weight", b"internal_count", b"decision_type")
_MAX_TREE_LINES = 22
"""Lines of one tree that LightGBM reads; it takes what follows for something else."""
_CLASSES = re.compile(rb"(?:^| )num_class:([0-9]{1,9})(?: |$)")
_MAX_CLASSES = 1 << 20


class LightGbm:
    """One model; `state` is the section."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.state = "header"
        self.ended = False
        self.head: dict[bytes, bytes] = {}
        self.starts: list[int] = []
        """Where each tree begins."""
        self.tree: dict[bytes, Sequence[int] | int] | None = None
        self.lines = 0
        self.features = 0

    def read(self, source: Source) -> None:
        """Read every line.

        Raises:
            Unread: it is damaged, or LightGBM would read beyond its arrays, or never end.
        """
        for at, line in _lines(source):
            text = line.strip()
            if b"\r" in text:
                raise Unread(f"a line is cut by a lone carriage return at byte {at}", "two-readings")
            if text or self.state in ("parser", "trees"):
                getattr(self, f"_{self.state}")(at, text)
        if not self.ended:
            raise Unread("it ends before the end of its trees", "cut-off")

    def _header(self, at: int, text: bytes) -> None:
        if text.startswith(b"Tree="):
            self.state = "trees"
            self.features = judge_header(self.head)
            self._trees(at, text)
            return
        if text == b"end of trees":
            self._end(at)
            return
        found = _ENTRY.fullmatch(text)
        if found is None or found[1] not in _HEADER:
            raise Unread(f"its header holds a line that is not LightGBM's, at byte {at}", "hidden")
        if found[1] in self.head:
            raise Unread(f"its header gives {found[1].decode()} twice", "two-readings")
        self.head[found[1]] = found[2] or b""
        if found[1] == b"objective":
            name = (found[2] or b"").split(b" ")[0]
            if name not in _OBJECTIVES:
                shown = name.decode("utf-8", "replace")[:100]
                self.report.find("reference", shown, f"needs the objective {shown!r}, which LightGBM does not have", at)

    def _trees(self, at: int, text: bytes) -> None:
        if not text:
            self._close()
        elif text == b"end of trees":
            self._close()
            self._end(at)
        elif text.startswith(b"Tree="):
            self._close()
            self.starts.append(at)
            self.tree, self.lines = {}, 0
        else:
            self._entry(at, text)

    def _entry(self, at: int, text: bytes) -> None:
        """One line of a tree."""
        key, sign, value = text.partition(b"=")
        self.lines += 1
        if not sign or re.fullmatch(rb"[A-Za-z_]\w*", key) is None:
            raise Unread(f"a tree holds a line that is not LightGBM's at byte {at}", "hidden")
        if _NUMBERS.fullmatch(value) is None:
            raise Unread(f"a tree holds something else than numbers at byte {at}", "hidden")
        if self.tree is None or self.lines > _MAX_TREE_LINES:
            raise Unread(f"a tree goes on where LightGBM takes it for ended, at byte {at}", "hidden")
        if key in self.tree:
            raise Unread(f"a tree gives {key.decode()} twice, at byte {at}", "two-readings")
        if key in _WHOLE or key == b"threshold":
            self.tree[key] = _whole(value, at, exact=key != b"threshold")
        else:
            self.tree[key] = _count(value, at)

    def _close(self) -> None:
        """Judge the tree that ended, if one was open."""
        if self.tree is not None:
            _Tree(self.tree, len(self.starts) - 1, self.features).judge()
        self.tree = None

    def _end(self, at: int) -> None:
        """The end of all trees: do their places match what the header says?"""
        self.state, self.ended = "tail", True
        if not self.starts:
            self.features = judge_header(self.head)
        told = self.head.get(b"tree_sizes")
        if told is None:
            return
        sizes = _whole(told, at)
        first = self.starts[0] if self.starts else at
        if [*accumulate(sizes, initial=first)] != [*self.starts, at]:
            raise Unread("the sizes of its trees do not lead to where its trees begin")

    def _tail(self, at: int, text: bytes) -> None:
        if text in (b"feature_importances:", b"feature importances:"):
            self.state = "importances"
        elif text == b"parameters:":
            self.state = "parameters"
        elif text == b"parser:":
            self.state = "parser"
            note = "names a class that reads the data, which a library of its own would hold"
            self.report.find("reference", "LightGBM parser", note, at)
        elif text.startswith(b"pandas_categorical:"):
            try:
                json.loads(text.removeprefix(b"pandas_categorical:"))
            except (ValueError, RecursionError):
                raise Unread(f"its pandas categories are no JSON, at byte {at}") from None
        else:
            raise Unread(f"something that is not LightGBM's follows its trees at byte {at}", "hidden")

    def _importances(self, at: int, text: bytes) -> None:
        if not re.fullmatch(rb".*=[-0-9.eE+]+", text, re.DOTALL):
            self.state = "tail"
            self._tail(at, text)

    def _parameters(self, at: int, text: bytes) -> None:
        if text == b"end of parameters":
            self.state = "tail"
            return
        found = _PARAMETER.fullmatch(text)
        if found is None:
            raise Unread(f"its parameters hold a line that is not LightGBM's, at byte {at}", "hidden")
        if found[1] in _FILES and found[2].strip():
            name, value = (part.decode("utf-8", "replace")[:150] for part in (found[1], found[2]))
            self.report.anomaly("outside", f"its training parameter {name} is {value}; a refit would use it", at)

    def _parser(self, at: int, text: bytes) -> None:
        if text == b"end of parser":
            self.state = "tail"


def judge_header(head: dict[bytes, bytes]) -> int:
    """Return how many features the model has; raises `Unread` where its numbers of outputs contradict each other."""
    classes = _number(head, b"num_class", 1, _MAX_CLASSES)
    per_round = _number(head, b"num_tree_per_iteration", 1, _MAX_CLASSES) if b"num_tree_per_iteration" in head else 1
    if per_round > classes:
        raise Unread(f"it has {per_round} trees per round for {classes} outputs")
    told = _CLASSES.search(head.get(b"objective", b""))
    if told is not None and int(told[1]) != classes:
        raise Unread(f"its objective has {int(told[1])} outputs, and the model {classes}")
    return _number(head, b"max_feature_idx", -1, 0x7FFFFFFE) + 1


def _number(head: dict[bytes, bytes], key: bytes, low: int, high: int) -> int:
    text = head.get(key, b"").strip()
    if re.fullmatch(rb"-?[0-9]{1,10}", text) is None or not low <= int(text) <= high:
        raise Unread(f"its {key.decode()} is {text[:40].decode('utf-8', 'replace')!r}")
    return int(text)


def _whole(text: bytes, at: int, *, exact: bool = True) -> Sequence[int]:
    """Return the numbers of a line; without `exact`, what is whole of them."""
    try:
        if exact:
            return array("q", map(int, text.split()))
        return array("q", [int(number) if abs(number) < 1e9 else -1 for number in map(float, text.split())])
    except (ValueError, OverflowError):
        raise Unread(f"a tree holds damaged numbers at byte {at}") from None


def _count(text: bytes, at: int) -> int:
    """Return how many numbers a line has."""
    try:
        return len([*map(float, text.split())])
    except ValueError:
        raise Unread(f"a tree holds damaged numbers at byte {at}") from None


class _Tree:
    """One tree: its arrays, and whether they fit together."""

    def __init__(self, parts: dict[bytes, Sequence[int] | int], number: int, features: int) -> None:
        self.parts = parts
        self.where = f"its tree {number}"
        self.features = features

    def _values(self, key: bytes) -> Sequence[int]:
        found = self.parts.get(key, ())
        return found if not isinstance(found, int) else ()

    def _count(self, key: bytes) -> int:
        found = self.parts[key]
        return found if isinstance(found, int) else len(found)

    def _one(self, key: bytes, default: int | None = None) -> int:
        values = self._values(key)
        if len(values) != 1:
            if default is not None and key not in self.parts:
                return default
            raise Unread(f"{self.where} has no {key.decode()}")
        return values[0]

    def judge(self) -> None:
        """Raise `Unread` unless every node is reached once, and every number leads to something that exists."""
        leaves = self._one(b"num_leaves")
        if leaves < 1:
            raise Unread(f"{self.where} has no leaves")
        self._lengths(leaves, alone=leaves == 1 and not self._one(b"is_linear", 0))
        left, right = self._values(b"left_child"), self._values(b"right_child")
        splits = self._values(b"split_feature")
        if leaves > 1:
            if not len(left) == len(right) == len(splits) == leaves - 1:
                raise Unread(f"{self.where} has lists of different lengths")
            if not is_whole(left, right):
                note = "a child lies outside it, or belongs to two nodes, or its path never ends"
                raise Unread(f"{self.where} is no tree: {note}")
            if not (min(splits) >= 0 and max(splits) < self.features):
                raise Unread(f"{self.where} splits by a feature that the model does not have")
        self._categories()
        self._linear(leaves)

    def _lengths(self, leaves: int, *, alone: bool) -> None:
        """A wrong length ends the process of LightGBM. Of a leaf that is alone it reads the value only."""
        for keys, expected in ((_PER_LEAF, leaves), (_PER_SPLIT, leaves - 1)):
            for key in keys:
                needed = key == b"leaf_value" or (key == b"threshold" and expected > 0)
                count = self._count(key) if key in self.parts else 0
                empty = not count and (alone or key not in self.parts)
                if count != expected and (needed or not empty):
                    raise Unread(f"{self.where} has {count} numbers in {key.decode()} instead of {expected}")

    def _categories(self) -> None:
        """Splits by category: each leads to a part of one list of bits."""
        amount = self._one(b"num_cat")
        kinds = self._values(b"decision_type")
        bounds, bits = self._values(b"cat_boundaries"), self._values(b"cat_threshold")
        if amount and (len(bounds) != amount + 1 or not is_ascending(bounds, len(bits))):
            raise Unread(f"{self.where} has damaged categories")
        for kind, threshold in zip(kinds, self._values(b"threshold"), strict=False):
            if kind & 1 and not 0 <= threshold < amount:
                raise Unread(f"{self.where} splits by categories that it does not have")

    def _linear(self, leaves: int) -> None:
        """Leaves with a linear model: which features each takes."""
        if not self._one(b"is_linear", 0):
            return
        counts, taken = self._values(b"num_features"), self._values(b"leaf_features")
        total = sum(counts)
        if (counts and min(counts) < 0) or total != len(taken):
            raise Unread(f"{self.where} has damaged linear models")
        if self._count(b"leaf_coeff") != total if b"leaf_coeff" in self.parts else total:
            raise Unread(f"{self.where} has damaged linear models")
        if taken and not (min(taken) >= 0 and max(taken) < self.features):
            raise Unread(f"{self.where} takes a feature that the model does not have")


def _lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, line) without its newline."""
    rest, at = b"", 0
    while chunk := source.read(CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield at, line
            at += len(line) + 1
        if len(rest) > MAX_LINE:
            raise Unread(f"a line is longer than {MAX_LINE >> 20} MiB", "bomb")
    if rest:
        yield at, rest
