"""Files of XGBoost, LightGBM and CatBoost: numbers pass, names of unknown code and hidden bytes do not."""

from __future__ import annotations

import json
import struct
import time
from typing import Any

import pytest

from assay.targets import sniff
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


def _rules(report: Report) -> set[str]:
    return {anomaly["rule"] for anomaly in report.anomalies.values()}


def _clean(report: Report) -> bool:
    return not report.total and not report.reasons and not report.anomalies


# XGBoost --------------------------------------------------------------------------------------------------------------


def _tree(number: int = 0) -> dict[str, Any]:
    """One split by feature 0, two leaves."""
    return {
        "base_weights": [-0.5, 1e-3, 0.25],
        "default_left": [1, 0, 0],
        "id": number,
        "left_children": [1, -1, -1],
        "loss_changes": [3.5, 0.0, 0.0],
        "parents": [2147483647, 0, 0],
        "right_children": [2, -1, -1],
        "split_conditions": [0.5, -0.1, 0.1],
        "split_indices": [0, 0, 0],
        "sum_hessian": [3.0, 2.0, 1.0],
        "tree_param": {"num_deleted": "0", "num_feature": "1", "num_nodes": "3", "size_leaf_vector": "1"},
        "name": "x",
    }


def _model(objective: str = "binary:logistic", booster: str = "gbtree", **more: Any) -> dict[str, Any]:
    params = {"num_trees": "2", "num_parallel_tree": "1"}
    model = {
        "gbtree_model_param": params,
        "trees": [_tree(), _tree(1)],
        "tree_info": [0, 0],
        "iteration_indptr": [0, 1, 2],
        "cats": {},
        "empty": [],
    }
    inner: dict[str, Any] = {"name": booster, "model": model}
    if booster == "dart":
        inner = {"name": booster, "gbtree": {"name": "gbtree", "model": model}, "weight_drop": [1.0, 0.5]}
    learner = {"attributes": {"scikit_learn": '{"a": "\\u00e4 \\" {"}'}, "feature_names": ["name"]}
    sizes = {"num_feature": "1", "num_class": "0", "num_target": "1", "base_score": "5E-1"}
    return {
        "learner": learner
        | {"gradient_booster": inner, "learner_model_param": sizes, "objective": {"name": objective}},
        "version": [3, 2, 0],
    } | more


def _ubj(value: Any) -> bytes:
    def text(key: str) -> bytes:
        return b"L" + len(key.encode()).to_bytes(8, "big") + key.encode()

    if isinstance(value, dict):
        return b"{" + b"".join(text(key) + _ubj(item) for key, item in value.items()) + b"}"
    if isinstance(value, str):
        return b"S" + text(value)
    if isinstance(value, bool) or value is None:
        return b"T" if value else b"Z"
    if isinstance(value, int):
        return b"l" + value.to_bytes(4, "big", signed=True)
    if isinstance(value, float):
        return b"d" + struct.pack(">f", value)
    if value and all(isinstance(item, float) for item in value):
        packed = b"".join(struct.pack(">f", item) for item in value)
        return b"[$d#L" + len(value).to_bytes(8, "big") + packed
    if value and isinstance(value[0], dict):
        return b"[#L" + len(value).to_bytes(8, "big") + b"".join(map(_ubj, value))
    return b"[" + b"".join(map(_ubj, value)) + b"]"


FORMS = [
    pytest.param(sniff.XGBOOST_JSON, lambda model: json.dumps(model, indent=1).encode(), id="json"),
    pytest.param(sniff.XGBOOST_UBJ, _ubj, id="ubj"),
]


@pytest.mark.parametrize(("form", "write"), FORMS)
def test_xgboost(form: str, write: Any) -> None:
    good = write(_model())
    assert _clean(_read(form, good)), _read(form, good).reasons
    assert _clean(_read(form, write(_model("multi:softprob", "dart"))))
    found = _read(form, write(_model("evil:objective", "evilbooster")))
    assert {finding["name"] for finding in found.findings} == {"evil:objective", "evilbooster"}
    for cut in (1, 5, len(good) // 2, len(good) - 1):
        assert _read(form, good[:cut]).reasons, cut
    assert _rules(_read(form, good + b"\x80\x04.")) == {"hidden"}
    assert _rules(_read(form, write(_model(payload="gASV")))) == {"hidden"}


def test_a_key_given_twice() -> None:
    twice = b'{"learner": {"objective": {"name": "evil"}}, "learner": {"objective": {"name": "reg:linear"}}}'
    assert "two-readings" in _rules(_read(sniff.XGBOOST_JSON, twice))
    hidden = json.dumps(_model()).encode().replace(b'"objective"', b'"obj\\u0065ctive"').replace(b"binary:", b"evil:")
    assert _read(sniff.XGBOOST_JSON, hidden).total == 1


KEY = b"L" + (7).to_bytes(8, "big") + b"learner"


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (sniff.XGBOOST_JSON, b'{"learner":' + b"[" * 500_000),
        (sniff.XGBOOST_JSON, b'{"learner": "' + b"a" * (17 << 20)),
        (sniff.XGBOOST_JSON, b'{"learner":]}'),
        (sniff.XGBOOST_JSON, b'{"learner": @}'),
        (sniff.XGBOOST_UBJ, b"{" + KEY + b"[" * 500_000),
        (sniff.XGBOOST_UBJ, b"{" + KEY + b"[$d#L" + (1 << 60).to_bytes(8, "big")),
        (sniff.XGBOOST_UBJ, b"{" + KEY + b"SL" + b"\x7f" + b"\xff" * 7),
        (sniff.XGBOOST_UBJ, b"{" + KEY + b"SL" + b"\xff" * 8),
        (sniff.XGBOOST_UBJ, b"{" + KEY + b"[#L" + (1 << 60).to_bytes(8, "big") + b"Z" * 100),
        (sniff.XGBOOST_UBJ, b"{" + KEY + b"d\0\0\0\0]"),
        (sniff.XGBOOST_UBJ, b"{" + KEY + b"?"),
    ],
)
def test_hostile_input_ends_soon(form: str, data: bytes) -> None:
    started = time.process_time()
    assert _read(form, data).reasons
    assert time.process_time() - started < 2


# LightGBM -------------------------------------------------------------------------------------------------------------

_HEAD = """tree
version=v4
num_class=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
average_output
feature_names=a näme
feature_infos=[0:1] none
"""
_TREE = """Tree=0
num_leaves=2
num_cat=0
split_feature=1
threshold=-1.5e-35
decision_type=2
left_child=-1
right_child=-2
leaf_value=0.1 inf


"""
_REST = """end of trees

feature_importances:
a=3
näme=1

parameters:
[objective: binary]
[forcedsplits_filename: ]
[label_gain: ]

end of parameters

pandas_categorical:[["x", "y"]]
"""


def _lightgbm(old: str = "", new: str = "", trees: int = 1) -> bytes:
    """A model of LightGBM, with one text replaced; the sizes of the trees are right."""
    tree = _TREE.replace(old, new) if old else _TREE
    blocks = [tree.replace("Tree=0", f"Tree={number}") for number in range(trees)]
    sizes = " ".join(str(len(block.encode())) for block in blocks)
    head, rest = (part.replace(old, new) if old else part for part in (_HEAD, _REST))
    return f"{head}tree_sizes={sizes}\n\n{''.join(blocks)}{rest}".encode()


LIGHTGBM = _lightgbm()


def test_lightgbm() -> None:
    assert _clean(_read(sniff.LIGHTGBM, LIGHTGBM)), _read(sniff.LIGHTGBM, LIGHTGBM).reasons
    assert _clean(_read(sniff.LIGHTGBM, LIGHTGBM.split(b"\nparameters")[0] + b"\npandas_categorical:null\n"))
    custom = _read(sniff.LIGHTGBM, LIGHTGBM.replace(b"objective=binary", b"objective=evil"))
    assert [(f["name"], f["offset"]) for f in custom.findings] == [("evil", LIGHTGBM.index(b"objective="))]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("leaf_value=0.1 inf", "leaf_value=__import__", "hidden"),
        ("num_class=1", "payload=1", "hidden"),
        ("pandas_categorical:[[", "\x80\x04.", "hidden"),
        ("pandas_categorical:[[", "pandas_categorical:[[[", "damaged"),
        ("end of trees", "leaf_count=1", "cut-off"),
        ("[label_gain: ]", "evil", "hidden"),
        ("forcedsplits_filename: ", "forcedsplits_filename: /etc/passwd", "outside"),
    ],
)
def test_lightgbm_with_something_else(old: str, new: str, rule: str) -> None:
    report = _read(sniff.LIGHTGBM, _lightgbm(old, new))
    assert _rules(report) & {rule, "hidden"}
    assert bool(report.reasons) == (rule != "outside")


def test_a_parser_of_lightgbm_is_code() -> None:
    report = _read(sniff.LIGHTGBM, LIGHTGBM + b'\nparser:\n{"className": "Evil"}\n\nend of parser\n')
    assert report.total == 1 and not report.reasons


# CatBoost -------------------------------------------------------------------------------------------------------------


def _catboost(version: bytes = b"FlabuffersModel_v1", part: bytes = b"", behind: bytes = b"") -> bytes:
    """Root offset, vtable, root table with format, information and parts, then what they lead to."""
    fields = (4, 0, 8, 12)
    vtable = struct.pack("<HHHHHH", 12, 16, *fields)
    table_at = 4 + len(vtable)
    texts_at = table_at + 16
    version_text = struct.pack("<I", len(version)) + version + bytes(-len(version) % 4)
    info_at = texts_at + len(version_text)
    parts_at = info_at + 4
    parts = struct.pack("<III", 1, 4, len(part)) + part if part else struct.pack("<I", 0)
    table = struct.pack("<iIII", len(vtable), texts_at - table_at - 4, info_at - table_at - 8, parts_at - table_at - 12)
    core = struct.pack("<I", table_at) + vtable + table + version_text + struct.pack("<I", 0) + parts
    return b"CBM1" + struct.pack("<I", len(core)) + core + behind


def test_catboost() -> None:
    assert _clean(_read("catboost", _catboost())), _read("catboost", _catboost()).reasons
    assert _clean(_read("catboost", _catboost(part=b"static_provider_v1", behind=b"numbers")))
    assert _rules(_read("catboost", _catboost(part=b"evil_v1", behind=b"x"))) == {"hidden"}
    assert _rules(_read("catboost", _catboost(behind=b"\x80\x04."))) == {"hidden"}
    assert _read("catboost", _catboost(version=b"OtherModel")).reasons
    good = _catboost()
    for cut in (4, 8, 12, len(good) - 1):
        assert _read("catboost", good[:cut]).reasons
    for place in range(4, len(good)):
        broken = bytearray(good)
        broken[place] ^= 0xFF
        _read("catboost", bytes(broken))
