"""Boosters whose trees lead out of their arrays, or never end: their own loaders would follow them."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

from assay.targets import sniff
from assay_detectors.artifact.booster_trees import is_ascending, is_whole, reached
from assay_detectors.artifact.boosters import read_booster
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Held, Unread


def _read(form: str, data: bytes) -> Report:
    report = Report()
    try:
        read_booster(form, Held(data), len(data), report)
    except Unread as error:
        report.unread(str(error), error.rule)
    return report


def _clean(report: Report) -> bool:
    return not report.total and not report.reasons and not report.anomalies


def _damaged(report: Report) -> bool:
    return bool(report.reasons) and {anomaly["rule"] for anomaly in report.anomalies.values()} == {"damaged"}


def test_shapes() -> None:
    assert reached([1, 3, -1, -1, -1], [2, 4, -1, -1, -1]) == 5
    assert reached([-1, 5], [-1, 5]) == 1
    for left, right in (
        ([], []),
        ([0, -1], [1, -1]),
        ([1, -1], [1, -1]),
        ([1, 0, -1], [2, 2, -1]),
        ([9, -1, -1], [2, -1, -1]),
        ([1, -1, -1], [-3, -1, -1]),
    ):
        assert reached(left, right) == -1, (left, right)
    assert is_whole([1, -1], [-2, -3]) and is_whole([-1], [-2])
    for left, right in (([1, -1], [-2, -2]), ([-1, 1], [-2, -3]), ([1, 0], [-1, -2]), ([-1], [-3]), ([7], [-1])):
        assert not is_whole(left, right), (left, right)
    assert is_ascending([0, 2, 2, 3], 3) and not is_ascending([0, 3, 2], 2) and not is_ascending([], 0)


# XGBoost --------------------------------------------------------------------------------------------------------------


def _tree(vector: bool = False) -> dict[str, Any]:
    """A tree of two splits, the second by category; with `vector`, two numbers per leaf."""
    tree = {
        "base_weights": [0.1] * 5,
        "default_left": [1, 0, 0, 0, 0],
        "id": 0,
        "left_children": [1, -1, 3, -1, -1],
        "right_children": [2, -1, 4, -1, -1],
        "parents": [2147483647, 0, 0, 2, 2],
        "loss_changes": [1.5, 0.0, 0.5, 0.0, 0.0],
        "split_conditions": [0.5, 0.1, 0.0, 0.2, float("nan")],
        "split_indices": [0, 0, 1, 0, 0],
        "split_type": [0, 0, 1, 0, 0],
        "sum_hessian": [5.0, 3.0, 2.0, 1.0, 1.0],
        "categories": [0, 3],
        "categories_nodes": [2],
        "categories_segments": [0],
        "categories_sizes": [2],
        "tree_param": {"num_deleted": "0", "num_feature": "2", "num_nodes": "5", "size_leaf_vector": "1"},
    }
    if vector:
        tree["tree_param"]["size_leaf_vector"] = "2"  # type: ignore[index]
        tree |= {"leaf_weights": [0.1] * 6, "right_children": [2, 0, 4, 1, 2], "base_weights": [0.1] * 10}
        tree |= {"parents": [-1, 0, 0, 2, 2]}
    return tree


def _model(vector: bool = False) -> dict[str, Any]:
    cats = {
        "enc": [{"offsets": [], "values": []}, {"offsets": [0, 1, 3], "values": [97, 98, 99]}],
        "feature_segments": [0, 0, 2],
        "sorted_idx": [1, 0],
    }
    model = {
        "gbtree_model_param": {"num_trees": "1", "num_parallel_tree": "1"},
        "trees": [_tree(vector)],
        "tree_info": [0],
        "iteration_indptr": [0, 1],
        "cats": cats,
    }
    sizes = {"num_feature": "2", "num_class": "0", "num_target": "2" if vector else "1", "base_score": "5E-1"}
    learner = {
        "gradient_booster": {"name": "gbtree", "model": model},
        "learner_model_param": sizes,
        "objective": {"name": "reg:squarederror"},
    }
    return {"learner": learner, "version": [3, 2, 0]}


_CODES = {"categories_segments": "L", "categories_sizes": "L", "split_type": "U", "default_left": "U", "values": "i"}
_PACK = {"L": "q", "U": "B", "i": "b", "l": "i", "d": "f"}


def _ubj(value: Any, key: str = "") -> bytes:
    """Write UBJSON as XGBoost does: typed arrays in trees, arrays of marked numbers elsewhere."""

    def text(word: str) -> bytes:
        return b"L" + struct.pack(">q", len(word.encode())) + word.encode()

    if isinstance(value, dict):
        return b"{" + b"".join(text(name) + _ubj(item, name) for name, item in value.items()) + b"}"
    if isinstance(value, str):
        return b"S" + text(value)
    if isinstance(value, int):
        return b"i" + struct.pack(">b", value) if abs(value) < 100 else b"l" + struct.pack(">i", value)
    if isinstance(value, float):
        return b"d" + struct.pack(">f", value)
    count = struct.pack(">q", len(value))
    if key in ("trees", "enc", "tree_info", "iteration_indptr", "version", "weight_drop"):
        return b"[#L" + count + b"".join(map(_ubj, value))
    code = _CODES.get(key, "d" if value and isinstance(value[0], float) else "l")
    return b"[$" + code.encode() + b"#L" + count + struct.pack(f">{len(value)}{_PACK[code]}", *value)


WRITERS = [
    pytest.param(sniff.XGBOOST_JSON, lambda model: json.dumps(model).encode(), id="json"),
    pytest.param(sniff.XGBOOST_JSON, lambda model: json.dumps(model, indent=2).encode(), id="indented"),
    pytest.param(sniff.XGBOOST_UBJ, _ubj, id="ubj"),
]
Write = Callable[[Any], bytes]


def _at(model: dict[str, Any], path: str) -> tuple[Any, Any]:
    """Return the container and the key of a place such as `trees/0/left_children/0`."""
    tops = {"param": "learner_model_param", "booster": "gradient_booster"}
    first, *rest = path.split("/")
    node = model["learner"]["gradient_booster"]["model"] if first not in tops else model["learner"][tops[first]]
    steps = rest if first in tops else [first, *rest]
    for step in steps[:-1]:
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node, int(steps[-1]) if isinstance(node, list) else steps[-1]


@pytest.mark.parametrize(("form", "write"), WRITERS)
def test_good_trees_of_xgboost(form: str, write: Write) -> None:
    for model in (_model(), _model(vector=True)):
        assert _clean(_read(form, write(model))), _read(form, write(model)).reasons
    pruned = _model()
    tree = pruned["learner"]["gradient_booster"]["model"]["trees"][0]
    tree |= {"left_children": [1, -1, -1, -1, -1], "right_children": [2, -1, -1, -1, -1]}
    tree |= {"split_indices": [0, 0, 0, 2147483647, 2147483647], "split_type": [0] * 5}
    tree |= {"categories": [], "categories_nodes": [], "categories_segments": [], "categories_sizes": []}
    tree["tree_param"]["num_deleted"] = "2"
    assert _clean(_read(form, write(pruned))), _read(form, write(pruned)).reasons
    linear = _model()
    linear["learner"]["gradient_booster"] = {"name": "gblinear", "model": {"weights": [0.1, 0.2, 0.3]}}
    assert _clean(_read(form, write(linear))), _read(form, write(linear)).reasons


TREE = "trees/0"


@pytest.mark.parametrize(("form", "write"), WRITERS)
@pytest.mark.parametrize(
    ("place", "value"),
    [
        (f"{TREE}/left_children/0", 99_999),
        (f"{TREE}/left_children/0", 0),
        (f"{TREE}/left_children/2", 1),
        (f"{TREE}/left_children/2", 0),
        (f"{TREE}/left_children/0", -7),
        (f"{TREE}/right_children/2", -1),
        (f"{TREE}/parents/3", 99_999),
        (f"{TREE}/parents/3", 0),
        (f"{TREE}/parents/0", 2),
        (f"{TREE}/split_indices/0", 2),
        (f"{TREE}/split_indices/0", -1),
        (f"{TREE}/split_indices/3", 2147483647),
        (f"{TREE}/split_type/2", 0),
        (f"{TREE}/split_type/1", 1),
        (f"{TREE}/split_type/2", 7),
        (f"{TREE}/categories_sizes/0", 3),
        (f"{TREE}/categories_sizes/0", 0),
        (f"{TREE}/categories_segments/0", -1),
        (f"{TREE}/categories_nodes/0", 1),
        (f"{TREE}/categories/1", -1),
        (f"{TREE}/categories/1", 2_000_000_000),
        (f"{TREE}/tree_param/num_nodes", "4"),
        (f"{TREE}/tree_param/num_deleted", "1"),
        (f"{TREE}/id", 1),
        (f"{TREE}/default_left", [1]),
        (f"{TREE}/base_weights", [0.5]),
        (f"{TREE}/split_conditions", []),
        (f"{TREE}/parents", []),
        ("tree_info/0", 1),
        ("tree_info/0", -1),
        ("tree_info", []),
        ("iteration_indptr", [0, 2]),
        ("iteration_indptr", [1, 1]),
        ("iteration_indptr", [0, 5, 1]),
        ("gbtree_model_param/num_trees", "2"),
        ("gbtree_model_param/num_parallel_tree", "0"),
        ("weight_drop", [0.5, 0.5]),
        ("cats/feature_segments/2", 3),
        ("cats/sorted_idx/0", 2),
        ("cats/enc/1/offsets/2", 9),
        ("param/num_feature", "1"),
        ("param/num_feature", "999999999999"),
        ("param/num_target", "-1"),
        ("booster/model", {"weights": [0.1]}),
    ],
)
def test_broken_trees_of_xgboost(form: str, write: Write, place: str, value: Any) -> None:
    model = _model()
    node, key = _at(model, place)
    node[key] = value
    report = _read(form, write(model))
    assert _damaged(report), (report.reasons, report.anomalies)


@pytest.mark.parametrize(("form", "write"), WRITERS)
def test_lists_that_xgboost_takes_for_granted(form: str, write: Write) -> None:
    for key in ("left_children", "right_children", "parents", "default_left", "sum_hessian", "split_indices"):
        model = _model()
        del model["learner"]["gradient_booster"]["model"]["trees"][0][key]
        assert _damaged(_read(form, write(model))), key
    for key in ("leaf_weights", "loss_changes", "split_type"):
        model = _model(vector=True)
        del model["learner"]["gradient_booster"]["model"]["trees"][0][key]
        assert _damaged(_read(form, write(model))), key
    model = _model(vector=True)
    model["learner"]["gradient_booster"]["model"]["trees"][0]["right_children"][1] = 3
    assert _damaged(_read(form, write(model)))


def test_a_vector_of_categories_of_another_model_is_not_mixed_up() -> None:
    model = _model()
    booster = model["learner"]["gradient_booster"]
    booster["gbtree"] = {"model": booster["model"]}
    report = _read(sniff.XGBOOST_JSON, json.dumps(model).encode())
    assert {anomaly["rule"] for anomaly in report.anomalies.values()} == {"two-readings"}


def test_a_chain_of_a_million_nodes_costs_a_few_steps_each() -> None:
    count = 200_001
    left = [node + 1 if node % 2 == 0 and node + 2 < count else -1 for node in range(count)]
    right = [node + 2 if child != -1 else -1 for node, child in enumerate(left)]
    started = time.process_time()
    assert reached(left, right) == count
    assert time.process_time() - started < 2


# LightGBM -------------------------------------------------------------------------------------------------------------

HEAD = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
    "max_feature_idx": "2",
    "objective": "regression",
    "feature_names": "a b c",
    "feature_infos": "[0:1] [0:1] 0:1:2",
}
TREE_LINES = {
    "num_leaves": "3",
    "num_cat": "1",
    "split_feature": "0 2",
    "split_gain": "1.5 0.5",
    "threshold": "0.25 0",
    "decision_type": "2 1",
    "left_child": "1 -1",
    "right_child": "-2 -3",
    "leaf_value": "0.1 0.2 0.3",
    "leaf_weight": "1 1 1",
    "cat_boundaries": "0 1",
    "cat_threshold": "5",
    "is_linear": "1",
    "leaf_const": "0.1 0.2 0.3",
    "num_features": "1 0 2",
    "leaf_features": "0  1 0 ",
    "leaf_coeff": "0.5  0.5 0.25 ",
}


def _lightgbm(head: dict[str, str | None] | None = None, tree: dict[str, str | None] | None = None) -> bytes:
    """A model of two equal trees; None leaves a line out."""
    lines = [f"{key}={value}" for key, value in (TREE_LINES | (tree or {})).items() if value is not None]
    blocks = [f"Tree={number}\n" + "\n".join(lines) + "\n\n\n" for number in range(2)]
    sizes = {"tree_sizes": " ".join(str(len(block)) for block in blocks)}
    top = [f"{key}={value}" for key, value in (HEAD | sizes | (head or {})).items() if value is not None]
    return ("tree\n" + "\n".join(top) + "\n\n" + "".join(blocks) + "end of trees\n").encode()


def test_good_trees_of_lightgbm() -> None:
    assert _clean(_read(sniff.LIGHTGBM, _lightgbm())), _read(sniff.LIGHTGBM, _lightgbm()).reasons
    assert _clean(_read(sniff.LIGHTGBM, _lightgbm(head={"tree_sizes": None})))
    alone = dict.fromkeys(TREE_LINES, "") | {"num_leaves": "1", "num_cat": "0", "leaf_value": "0.5", "is_linear": "0"}
    assert _clean(_read(sniff.LIGHTGBM, _lightgbm(tree=alone)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("left_child", "9999999 -1"),
        ("left_child", "0 -1"),
        ("left_child", "1 -9"),
        ("right_child", "-2 -2"),
        ("right_child", "1 -3"),
        ("left_child", "1"),
        ("left_child", None),
        ("num_leaves", "2000000000"),
        ("num_leaves", "0"),
        ("num_leaves", None),
        ("num_leaves", "1"),
        ("split_feature", "0 3"),
        ("split_feature", "-1 2"),
        ("threshold", "0.25"),
        ("threshold", "0.25 1"),
        ("threshold", "0.25 nan"),
        ("threshold", "0.25 -1"),
        ("leaf_value", "0.1 0.2"),
        ("leaf_weight", ""),
        ("leaf_weight", "1"),
        ("decision_type", "2"),
        ("num_cat", "0"),
        ("num_cat", None),
        ("cat_boundaries", "0 2"),
        ("cat_boundaries", "1 1"),
        ("cat_boundaries", None),
        ("cat_threshold", "5 6"),
        ("num_features", "1 0 3"),
        ("num_features", "1 -1 3"),
        ("leaf_features", "0 1 7"),
        ("leaf_coeff", "0.5"),
        ("leaf_const", "0.5"),
    ],
)
def test_broken_trees_of_lightgbm(key: str, value: str | None) -> None:
    report = _read(sniff.LIGHTGBM, _lightgbm(tree={key: value}))
    assert _damaged(report), (report.reasons, report.anomalies)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tree_sizes", "1 2"),
        ("tree_sizes", "99999999 5"),
        ("tree_sizes", "5"),
        ("num_tree_per_iteration", "0"),
        ("num_tree_per_iteration", "5"),
        ("num_class", "0"),
        ("num_class", None),
        ("max_feature_idx", "0"),
        ("max_feature_idx", None),
        ("objective", "multiclass num_class:9"),
    ],
)
def test_broken_header_of_lightgbm(key: str, value: str | None) -> None:
    assert _damaged(_read(sniff.LIGHTGBM, _lightgbm(head={key: value})))


def test_lines_that_lightgbm_reads_otherwise() -> None:
    good = _lightgbm(head={"tree_sizes": None})
    for old, new in (
        (b"num_cat=1\n", b"num_cat\n"),
        (b"num_cat=1\n", b"num_cat=1\nnum_cat=1\n"),
        (b"num_cat=1\n", b"num_cat=1\n\n"),
        (b"num_cat=1\n", b"num_cat=1\n" + b"".join(b"more%d=1\n" % index for index in range(9))),
    ):
        report = _read(sniff.LIGHTGBM, good.replace(old, new))
        assert report.reasons and report.anomalies, new
