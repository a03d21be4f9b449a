"""XGBoost's models as JSON and UBJSON: names that it resolves, and arrays that its predictor follows unchecked.

Read from `src/tree/tree_model.cc`, `multi_target_tree_model.cc`, `src/gbm/gbtree_model.cc` and `gblinear_model.cc` of
XGBoost 3.2. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import compress
from operator import eq, ne
from typing import TYPE_CHECKING

from assay_detectors.artifact.booster_trees import is_ascending, reached
from assay_detectors.artifact.booster_walk import End, Event, Numbers, Path
from assay_detectors.artifact.sources import Unread

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report

_TOP = frozenset({"learner", "version", "config", "Config", "Model"})
_BOOSTERS = frozenset({"gbtree", "dart", "gblinear"})
_PLACES = frozenset({"gradient_booster", "gbtree"})
_OBJECTIVES = frozenset(
    str.split(
        "reg:squarederror reg:linear reg:squaredlogerror reg:logistic reg:pseudohubererror reg:absoluteerror "
        "reg:quantileerror reg:expectileerror reg:gamma reg:tweedie gpu:reg:linear gpu:reg:logistic "
        "gpu:binary:logistic gpu:binary:logitraw binary:logistic binary:logitraw binary:hinge count:poisson "
        "survival:cox survival:aft multi:softmax multi:softprob rank:pairwise rank:ndcg rank:map"
    )
)
_PER_NODE = ("left_children", "right_children", "parents", "split_indices", "split_conditions", "default_left")
_PER_VALUE = ("loss_changes", "sum_hessian", "base_weights")
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_TREE = frozenset((*_PER_NODE, *_PER_VALUE, *_CATEGORIES, "split_type", "leaf_weights", "id"))
_MODEL = frozenset({"tree_info", "iteration_indptr", "weight_drop", "weights"})
_CATS = frozenset({"offsets", "values", "feature_segments", "sorted_idx"})
WANTED = _TREE | _MODEL | _CATS
"""Keys whose numbers are needed."""
_MAX_GROUPS = 1 << 24
_MAX_FEATURES = 1 << 28
"""XGBoost takes four bytes for each feature and thread."""
_MAX_CATEGORY = 1 << 24
"""XGBoost keeps a bit for each category up to the highest."""
_NO_PARENT = (-1, 0x7FFFFFFF)
_DELETED = 0x7FFFFFFF
_COUNT = re.compile(r"[0-9]{1,10}", re.ASCII)


def read_xgboost(events: Iterator[Event], report: Report) -> None:
    """Judge what XGBoost makes of a model: the names that it resolves, and the trees that it follows.

    Args:
        events: what `booster_walk` yields with the keys of `WANTED`.
        report: takes names that XGBoost does not have.

    Raises:
        Unread: the model is damaged; XGBoost would read beyond its arrays, or never end.
    """
    models: dict[str, _Model] = {}
    for path, value in events:
        if not path:
            continue
        if path[0] not in _TOP:
            raise Unread(f"it holds {str(path[:1])[:80]} beside the learner", "hidden")
        if isinstance(value, str):
            _name(path, value, report)
        below = path[1:] if path[0] == "Model" else path
        if below[:1] == ("learner",):
            models.setdefault(path[0], _Model()).take(below[1:], value)
    for model in models.values():
        model.finish()


def _name(path: Path, text: str, report: Report) -> None:
    if path[-1] != "name" or not 1 < len(path) <= 6:
        return
    known = _OBJECTIVES if path[-2] == "objective" else _BOOSTERS if path[-2] in _PLACES else None
    if known is not None and text not in known:
        report.find("reference", text[:100], f"needs the {path[-2]} {text[:100]!r}, which XGBoost does not have")


class _Model:
    """One learner, as its parts come by."""

    def __init__(self) -> None:
        self.sizes: dict[str, str] = {}
        self.lists: dict[str, Numbers] = {}
        self.tree: dict[str, Numbers] = {}
        self.tree_sizes: dict[str, str] = {}
        self.trees = self.features = self.width = 0
        self.boosted = False
        self.kind = ""
        self.inner: set[bool] = set()
        """Whether trees were seen within `gbtree`, as DART keeps them, or beside it."""
        self.cats: dict[str, Numbers] = {}
        self.column: dict[str, Numbers] = {}
        self.columns: list[int] = []

    def take(self, path: Path, value: str | Numbers | End) -> None:
        """Take one value; `path` begins below the learner."""
        if path[:1] == ("learner_model_param",) and isinstance(value, str) and len(path) == 2:
            self.sizes[path[1]] = value
        if path[:1] != ("gradient_booster",):
            return
        within = path[1:2] == ("gbtree",)
        path = path[1:] if within else path
        if path[1:2] == ("model",):
            self.inner.add(within)
            if len(self.inner) > 1:
                raise Unread("it holds two models, and its name decides which is used", "two-readings")
        if path == ("gradient_booster", "name") and isinstance(value, str) and not within:
            self.kind = value
        place, key = path[1:-1], path[-1]
        if isinstance(value, End):
            self._end(path[1:])
        elif isinstance(value, Numbers):
            if place == ("model", "trees") and key in _TREE:
                self.tree[key] = value
            elif place in (("model",), ()) and key in _MODEL:
                self.lists[key] = value
            elif place == ("model", "cats"):
                self.cats[key] = value
            elif place == ("model", "cats", "enc"):
                self.column[key] = value
        elif place == ("model", "trees", "tree_param"):
            self.tree_sizes[key] = value
        elif place == ("model", "gbtree_model_param"):
            self.sizes[key] = value

    def _end(self, place: Path) -> None:
        if place == ("model", "trees"):
            self.features = max(self.features, _judge_tree(self.trees, self.tree, self.tree_sizes))
            self.width = max(self.width, _size(self.tree_sizes, "size_leaf_vector", 0, _MAX_GROUPS))
            self.tree, self.tree_sizes = {}, {}
            self.trees += 1
        elif place == ("model", "cats", "enc"):
            self.columns.append(_column(self.column))
            self.column = {}
        elif place == ("model",):
            self.boosted = True

    def finish(self) -> None:
        """Judge the whole once all of it came by."""
        if not self.boosted:
            return
        features = _size(self.sizes, "num_feature", 0, _MAX_FEATURES)
        groups = max(_size(self.sizes, name, 0, _MAX_GROUPS) for name in ("num_class", "num_target"))
        groups = max(groups, 1)
        if self.features > features:
            raise Unread(f"its trees split by feature {self.features - 1}, and it has {features} of them")
        weights = self.lists.get("weights")
        if weights is None and self.kind == "gblinear":
            raise Unread("its linear model has no weights")
        if weights is not None and weights.count not in (0, (features + 1) * groups):
            raise Unread(f"it holds {weights.count} weights for {features} features and {groups} outputs")
        if "num_trees" in self.sizes or self.trees or "tree_info" in self.lists:
            self._judge_list(groups)
        self._judge_categories()

    def _judge_list(self, groups: int) -> None:
        """The list of trees: to which output each belongs, and where each round begins."""
        if _size(self.sizes, "num_trees", 0, 0x7FFFFFFF) != self.trees:
            raise Unread(f"it holds {self.trees} trees and claims another number of them")
        _size(self.sizes, "num_parallel_tree", 1, 1 << 20)
        info = self.lists.get("tree_info")
        if info is None or info.values is None or info.count != self.trees:
            raise Unread("it does not say to which output each tree belongs")
        if info.count and not (min(info.values) >= 0 and max(info.values) < groups):
            raise Unread(f"a tree belongs to an output beyond the {groups} of the model")
        if info.count and max(max(info.values) + 1, self.width) < groups:
            raise Unread(f"it claims {groups} outputs, and its trees serve fewer")
        rounds = self.lists.get("iteration_indptr")
        if rounds is not None and not (rounds.values is not None and is_ascending(rounds.values, self.trees)):
            raise Unread("its rounds do not cut the list of its trees into parts")
        dropped = self.lists.get("weight_drop")
        if dropped is not None and dropped.count not in (0, self.trees):
            raise Unread(f"it holds {dropped.count} weights of trees for {self.trees} trees")

    def _judge_categories(self) -> None:
        """The names of categories: texts, or numbers, and their order in each column."""
        segments, order = self.cats.get("feature_segments"), self.cats.get("sorted_idx")
        if not self.columns and (segments is None or not segments.count) and (order is None or not order.count):
            return
        if segments is None or segments.values is None or order is None or order.values is None:
            raise Unread("the categories of its columns are damaged")
        bounds, places = segments.values, order.values
        if not is_ascending(bounds, len(places)) or len(bounds) != len(self.columns) + 1:
            raise Unread("the categories of its columns are damaged")
        for column, count in enumerate(self.columns):
            part = places[bounds[column] : bounds[column + 1]]
            if len(part) != count or (count and not (min(part) >= 0 and max(part) < count)):
                raise Unread(f"the categories of its column {column} are damaged")


def _size(sizes: dict[str, str], name: str, low: int, high: int) -> int:
    """Return a number that is kept as a text; one that is missing has the lowest value."""
    text = sizes.get(name)
    if text is None:
        return low
    if _COUNT.fullmatch(text) is None or not low <= int(text) <= high:
        raise Unread(f"its {name} is {text[:40]!r}")
    return int(text)


def _column(parts: dict[str, Numbers]) -> int:
    """Return how many categories a column has."""
    values, offsets = parts.get("values"), parts.get("offsets")
    if values is None:
        raise Unread("a column of its categories has no values")
    if offsets is None or not (offsets.count or values.count):
        return values.count
    if offsets.values is None or not is_ascending(offsets.values, values.count):
        raise Unread("the names of its categories lie outside the text that holds them")
    return offsets.count - 1


def _judge_tree(number: int, tree: dict[str, Numbers], sizes: dict[str, str]) -> int:
    """Return how many features the tree needs, counted by the highest that it splits by."""
    where = f"its tree {number}"
    vector = _size(sizes, "size_leaf_vector", 0, _MAX_GROUPS) > 1
    columns: list[Sequence[int]] = []
    for key in _PER_NODE[:4]:
        found = tree.get(key)
        if found is None or found.values is None:
            raise Unread(f"{where} has no {key}")
        columns.append(found.values)
    left, right, parents, splits = columns
    count = len(left)
    if "num_nodes" in sizes and _size(sizes, "num_nodes", 1, 0x7FFFFFFF) != count:
        raise Unread(f"{where} claims another number of nodes than it has")
    per_node = (*_PER_NODE, *_PER_VALUE[: 2 if vector else 3])
    if any(key not in tree or tree[key].count != count for key in per_node):
        raise Unread(f"{where} has lists of different lengths, or lacks one")
    if "id" in tree and list(tree["id"].values or ()) != [number]:
        raise Unread(f"{where} carries the number of another tree")
    total = reached(left, right)
    inner = bytes(map(ne, left, [-1] * count))
    if total != 2 * sum(inner) + 1 or parents[0] not in _NO_PARENT:
        raise Unread(f"{where} is no tree: a child lies outside it, or belongs to two nodes, or its path never ends")
    leads = [*compress(zip(left, right, strict=True), inner)]
    for node, pair in zip(compress(range(count), inner), leads, strict=True):
        if parents[pair[0]] != node or parents[pair[1]] != node:
            raise Unread(f"{where} is no tree: a node does not know its parent")
    if count > 1 and not (min(parents[1:]) >= 0 and max(parents[1:]) < count):
        raise Unread(f"{where} is no tree: the parent of a node lies outside it")
    deleted = sum(map(eq, splits[1:], [_DELETED] * (count - 1)))
    if total + deleted != count or deleted != _size(sizes, "num_deleted", 0, 0x7FFFFFFF):
        raise Unread(f"{where} holds {count - total} nodes to which nothing leads, and {deleted} that were deleted")
    used = [*compress(splits, inner)]
    if used and min(used) < 0:
        raise Unread(f"{where} splits by a feature below 0")
    if vector:
        _judge_vector(where, tree, sizes, count)
    _judge_splits(where, tree, count)
    return max(used, default=-1) + 1


def _judge_vector(where: str, tree: dict[str, Numbers], sizes: dict[str, str], count: int) -> None:
    """A tree with several numbers per leaf: they lie in one list, and each leaf says where."""
    width = _size(sizes, "size_leaf_vector", 0, _MAX_GROUPS)
    weights, leaves = tree.get("base_weights"), tree.get("leaf_weights")
    if weights is None or leaves is None or "split_type" not in tree:
        raise Unread(f"{where} lacks a list that XGBoost takes for granted in trees with several numbers per leaf")
    if weights.count % count:
        raise Unread(f"{where} holds {weights.count} weights for {count} nodes")
    left, right = tree["left_children"].values or (), tree["right_children"].values or ()
    places = [place for child, place in zip(left, right, strict=True) if child == -1]
    if leaves.count % width or not (min(places) >= 0 and max(places) < leaves.count // width):
        raise Unread(f"{where} has a leaf whose weights lie outside its list")


def _judge_splits(where: str, tree: dict[str, Numbers], count: int) -> None:
    """Splits by category: which nodes have one, and which part of the list is theirs."""
    kinds = tree.get("split_type")
    if kinds is None:
        return
    found = [tree.get(key) for key in _CATEGORIES]
    if kinds.count != count or kinds.values is None or any(part is None or part.values is None for part in found):
        raise Unread(f"{where} has damaged categories")
    if not set(kinds.values) <= {0, 1}:
        raise Unread(f"{where} has splits of an unknown type")
    values, nodes, starts, sizes = [part.values or () for part in found if part is not None]
    if list(nodes) != [node for node, kind in enumerate(kinds.values) if kind]:
        raise Unread(f"{where} keeps categories of nodes that do not split by them")
    if not len(nodes) == len(starts) == len(sizes):
        raise Unread(f"{where} has damaged categories")
    for start, size in zip(starts, sizes, strict=True):
        if start < 0 or size < 1 or start + size > len(values):
            raise Unread(f"{where} has categories outside their list")
    if values and not (min(values) >= 0 and max(values) < _MAX_CATEGORY):
        raise Unread(f"{where} has a category that is no small number")
