"""Configurations of Keras models: the honest ones pass, each attack is found at its place, damage ends soon."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest

from assay_detectors.artifact.keras_config import (
    names,
    read_config,
    read_config_text,
    read_possible_config,
    read_zip_member,
)
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread


def _part(name: str, module: str | None = None, registered: str | None = None, /, **config: Any) -> dict[str, Any]:
    part = {"class_name": name, "config": config}
    return part | {"module": module, "registered_name": registered} if module else part


def _model(*layers: dict[str, Any]) -> dict[str, Any]:
    return _part("Sequential", "keras", name="s", layers=list(layers))


def _config(value: object, **options: Any) -> Report:
    report = Report()
    read_config_text(json.dumps(value).encode(), report, offset=0, **options)
    return report


def _names(report: Report) -> list[str]:
    return [finding["name"] for finding in report.findings]


HONEST = [
    _part("Dense", "keras.layers", units=1, activation="relu"),
    _part("Dense", None, units=1),
    _part("LSTM", "keras.layers", kernel_initializer=_part("GlorotUniform", "keras.initializers")),
    _part("Add", "keras.src.ops.numpy", "Add", name="add"),
    _part("Functional", "keras.src.models.functional", "Functional"),
    _part("Functional", "keras.src.engine.functional", "Functional"),
    _part("Adam", "keras.optimizers", learning_rate=_part("CosineDecay", "keras.optimizers.schedules")),
    _part("Custom>Adam"),
    _part("DTypePolicy", "keras", name="mixed_float16"),
    _part("StringLookup", "keras.layers", vocabulary=["a", "b"], vocabulary_size=None),
    _part("TFOpLambda", function="math.reduce_mean"),
    _part("TFOpLambda", function="__operators__.add"),
    _part("SlicingOpLambda", function="__operators__.getitem"),
    _part("InstanceProperty", attr_name="shape"),
    {"class_name": "__tuple__", "items": [1]},
    {"class_name": "__typespec__", "spec_name": "TensorSpec", "module": "tensorflow.python.framework.tensor",
     "config": [[None], "float32"], "registered_name": None},
    {"class_name": "function", "module": "builtins", "config": "huber", "registered_name": "function"},
    {"class_name": "function", "module": "keras.activations", "config": "relu", "registered_name": "relu"},
]  # fmt: skip


@pytest.mark.parametrize("layer", HONEST, ids=lambda part: str(part["class_name"]))
def test_what_keras_writes_passes(layer: dict[str, Any]) -> None:
    report = _config(_model(layer) | {"compile_config": {"optimizer": "adam", "loss": "mse"}})
    assert (report.total, report.reasons) == (0, [])


def _function(module: str | None, name: str, registered: str | None = None) -> dict[str, Any]:
    return {"class_name": "function", "module": module, "config": name, "registered_name": registered}


BAD = {
    "lambda": (_part("Lambda", "keras.layers", function="f"), "keras.layers.Lambda"),
    "lambda without a module": (_part("Lambda", function=["4wEA", None, None]), "keras.layers.Lambda"),
    "lambda by its source module": (
        _part("Lambda", "keras.src.layers.core.lambda_layer"),
        "keras.src.layers.core.lambda_layer.Lambda",
    ),
    "lambda by a registered name": (_part("keras>Lambda"), "keras.layers.Lambda"),
    "lambda in a known class": (_part("Dense", function=["4w"], function_type="lambda"), "keras.layers.Lambda"),
    "marshalled code": (
        _part("Dense", "keras.layers", activation=_part("__lambda__", code="4w")),
        "keras.layers.__lambda__",
    ),
    "module of Python": (_function("os", "system"), "os.system"),
    "module of Python as a class": (_part("system", "os"), "os.system"),
    "download": (_function("keras.utils", "get_file"), "keras.utils.get_file"),
    "switch of the safe mode": (
        _function("keras.config", "enable_unsafe_deserialization"),
        "keras.config.enable_unsafe_deserialization",
    ),
    "function of the user": (_function("builtins", "my_loss"), "builtins.my_loss"),
    "registered function": (_function("builtins", "relu", "Mine>relu"), "Mine>relu"),
    "internal function": (
        _function("keras.src.utils.python_utils", "func_load"),
        "keras.src.utils.python_utils.func_load",
    ),
    "known name in another module": (_part("Dense", "evil.layers"), "evil.layers.Dense"),
    "known name in a module like Keras": (_part("Dense", "keras_layers"), "keras_layers.Dense"),
    "dotted name": (_part("Dense.from_config", "keras.layers"), "keras.layers.Dense.from_config"),
    "registered class": (_part("Dense", "keras.layers", "Mine>Dense"), "Mine>Dense"),
    "registered class in .h5": (_part("Mine>Dense"), "Mine>Dense"),
    "unknown class": (_part("Mine"), "Mine"),
    "torch": (_part("TorchModuleWrapper", "keras.layers", module="x"), "keras.layers.TorchModuleWrapper"),
    "SavedModel": (_part("TFSMLayer", "keras.layers", filepath="/x"), "keras.layers.TFSMLayer"),
    "jax": (_part("JaxLayer", "keras.layers"), "keras.layers.JaxLayer"),
    "operator": (_part("TensorFlowOpLayer", node_def="x"), "keras.layers.TensorFlowOpLayer"),
    "function of TensorFlow": (_part("TFOpLambda", function="io.write_file"), "tensorflow.io.write_file"),
    "raw operator": (_part("TFOpLambda", function="raw_ops.WriteFile"), "tensorflow.raw_ops.WriteFile"),
    "dunder": (_part("InstanceProperty", attr_name="__class__"), "tensorflow.__class__"),
    "type": (
        {
            "class_name": "__typespec__",
            "spec_name": "Popen",
            "module": "subprocess",
            "config": [],
            "registered_name": None,
        },
        "subprocess.Popen",
    ),
    "vocabulary": (_part("StringLookup", "keras.layers", vocabulary="/etc/passwd"), "StringLookup.vocabulary"),
}


@pytest.mark.parametrize(("layer", "name"), BAD.values(), ids=list(BAD))
def test_what_runs_or_loads_more_is_found(layer: dict[str, Any], name: str) -> None:
    for place in (_model(layer), _model(_part("TimeDistributed", "keras.layers", layer=layer))):
        assert name in _names(_config(place))
    hidden = _model() | {"build_config": {"x": [layer]}}
    assert name in _names(_config(hidden))


def test_a_finding_points_at_its_class_name() -> None:
    text = json.dumps(_model(_part("Dense", "keras.layers"), _part("Lambda", "keras.layers"))).encode()
    report = Report()
    read_config_text(text, report, offset=100)
    (finding,) = report.findings
    assert text[finding["offset"] - 100 :].startswith(b'"class_name": "Lambda"')
    assert "config.layers[1]" in finding["note"]


def test_a_class_that_a_savedmodel_revives_is_no_finding() -> None:
    assert _names(_config(_part("MyLayer"), revived=True)) == []
    assert _names(_config(_part("MyLayer", "os"), revived=True)) == ["os.MyLayer"]
    assert _names(_config(_part("Lambda"), revived=True)) == ["keras.layers.Lambda"]


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[" * 100_000, b'{"a": 1}]', b"\xff\xfe{", b"9" * 10_000, b"[" + b"[]," * 2_000_000 + b"1]"],
    ids=["empty", "cut off", "deep", "trailing", "no text", "number", "wide"],
)
def test_a_text_that_is_no_configuration_has_a_reason(text: bytes) -> None:
    started = time.process_time()
    report = Report()
    try:
        read_config_text(text, report)
    except Unread as error:
        report.unread(str(error), error.rule)
    assert report.reasons
    assert time.process_time() - started < 3


@pytest.mark.parametrize("value", [1, "x", None, {"class_name": 5, "config": {}}, _function("os", "x") | {"config": 1}])
def test_a_configuration_of_an_unknown_shape_is_unread(value: object) -> None:
    report = Report()
    read_config(value, report)
    assert report.reasons


def test_a_key_given_twice_is_unread() -> None:
    report = Report()
    read_config_text(b'{"class_name": "Lambda", "class_name": "Dense", "config": {}}', report)
    assert "twice" in report.reasons[0]


def test_members_of_a_zip() -> None:
    report = Report()
    text = json.dumps(_model(_part("Lambda"))).encode()
    assert read_zip_member("config.json", text, report, keras=False)
    assert _names(report) == ["keras.layers.Lambda"]
    assert not read_zip_member("config.json", b'{"model_type": "bert"}', report, keras=False)
    assert not read_zip_member("assets/config.json", text, report, keras=True)
    escaped = text.replace(b"class_name", b"\\u0063lass_name")
    assert read_possible_config(escaped, other := Report())
    assert _names(other) == ["keras.layers.Lambda"]


def test_the_table_holds_nothing_that_runs_code() -> None:
    table = names()
    assert {"Dense", "LSTM", "Adam", "Functional", "AUC"} <= table.bare
    assert {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer"}.isdisjoint(table.bare)
    assert {"get", "deserialize", "get_file", "load_model"}.isdisjoint(table.bare_functions)
    assert all(place.split(".")[0] in ("keras", "tf_keras") for place in [*table.classes, *table.functions])


def test_a_configuration_is_not_changed() -> None:
    config = _model(_part("Lambda"))
    before = copy.deepcopy(config)
    read_config(config, Report())
    assert config == before
