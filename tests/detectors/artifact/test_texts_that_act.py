"""Texts that some program obeys: start-up lines of Python, logging, MONAI, resolvers, hidden YAML tags, text models."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from assay.targets import sniff
from assay_detectors.artifact.dollar import is_code, is_eval
from assay_detectors.artifact.reading import read_artifact


def _read(folder: Path, name: str, data: bytes | str) -> dict[str, Any]:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_artifact(path)


def _clean(reading: dict[str, Any]) -> bool:
    return reading["complete"] and not reading["total"] and not reading["anomalies"]


def _names(reading: dict[str, Any]) -> list[str]:
    return [finding["name"] for finding in reading["findings"]]


def _zip(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


# Python that runs by itself -------------------------------------------------------------------------------------------


def test_lines_that_python_runs_at_every_start(tmp_path: Path) -> None:
    reading = _read(tmp_path, "site.pth", "# paths\n../lib\nimport os; os.system('x')\nimport\tsys\n")
    assert _names(reading) == ["import os; os.system('x')", "import\tsys"]
    assert [finding["offset"] for finding in reading["findings"]] == [15, 41]
    assert _clean(_read(tmp_path, "paths.pth", "../lib\n/opt/x\n# import nothing\nimportant\n"))
    assert _names(_read(tmp_path, "sitecustomize.py", "import os\n")) == ["sitecustomize.py"]
    for name in ("setup.py", "conftest.py", "modeling_x.py", "__main__.py"):
        reading = _read(tmp_path, name, "import os\n")
        assert _clean(reading) and reading["data"] and name in reading["notes"][0]


def test_an_archive_that_python_starts(tmp_path: Path) -> None:
    reading = _read(tmp_path, "app.zip", _zip({"__main__.py": "import os", "x/__init__.py": ""}))
    assert [(finding["name"], finding["member"]) for finding in reading["findings"]] == [("__main__.py", "__main__.py")]
    assert _names(_read(tmp_path, "p.whl", _zip({"evil.pth": "import os\n"}))) == ["import os"]
    assert _clean(_read(tmp_path, "repo.zip", _zip({"setup.py": "", "pkg/__main__.py": "", "a.json": "{}"})))


# Configuration --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"formatters": {"f": {"()": "os.system", "command": "id"}}}, "os.system"),
        ({"handlers": {"h": {"class": "evil.mod.Handler"}}}, "evil.mod.Handler"),
        ({"filters": {"f": {"()": "ext://evil.x"}}}, "ext://evil.x"),
        (
            {"handlers": {"h": {"class": "logging.StreamHandler", "stream": "ext://os.environ"}}},
            "ext://os.environ",
        ),
    ],
)
def test_logging_imports_what_it_is_told(tmp_path: Path, config: dict[str, Any], name: str) -> None:
    for text in (
        json.dumps({"version": 1} | config),
        json.dumps({"logging": {"version": 1} | config}),
        "version: 1\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in config.items()),
    ):
        assert name in _names(_read(tmp_path, "conf", text)), text


def test_ordinary_logging_and_hydra(tmp_path: Path) -> None:
    logging = {
        "version": 1,
        "formatters": {"s": {"format": "%(message)s"}, "c": {"()": "colorlog.ColoredFormatter"}},
        "handlers": {
            "c": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"},
            "f": {"class": "logging.handlers.RotatingFileHandler", "filename": "x.log"},
        },
        "root": {"handlers": ["c"]},
    }
    target = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
    hydra = {"hydra": {"launcher": {"_target_": target}, "job_logging": logging}}
    other = {"version": 3, "layers": [{"filters": 32}], "filters": {"c": {"class": "a.b"}}}
    for config in (logging, hydra, other):
        assert _clean(_read(tmp_path, "c.json", json.dumps(config)))
        assert _clean(_read(tmp_path, "c.yaml", json.dumps(config)))


CODE = (
    "$__import__('os').system('id')",
    "$import os",
    "$os.system('id')",
    "$ os.system ('id')",
    "$(lambda: print())()",
    "$[x for x in ().__class__.__base__.__subclasses__()]",
    "$print(1)",
    "$@network.cuda()",
    "$monai.utils.set_determinism(0)",
    "$[f(1) for f in [eval]]",
    "$print(" + "1," * 20_000 + ")",
)
PLAIN = (
    "$5.00",
    "$1,000",
    "$9.99 (incl. VAT)",
    "$HOME/bin/run.sh --x",
    "$PATH",
    "${HOME}",
    "$(date)",
    '$(basename "$x")',
    "$CMD (x)",
    "$x^2$",
    "$O(n)$",
    "$\\frac{a}{b}$ (see)",
    "$('#id').val()",
    "$(document).ready()",
    "$.store.book[*].author",
    "$$ROOT",
    "$ (",
    "$f(x)",
    "$this",
)


def test_texts_that_monai_evaluates(tmp_path: Path) -> None:
    for text in CODE:
        assert is_code(text), text
        assert _names(_read(tmp_path, "m.json", json.dumps({"run": [text]}))), text
        assert _names(_read(tmp_path, "m.yaml", f"run: {json.dumps(text)}\n")), text
    for text in PLAIN:
        assert not is_code(text), text
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/a", "p": list(PLAIN)}
    assert _clean(_read(tmp_path, "s.json", json.dumps(schema)))
    assert _clean(_read(tmp_path, "s.yaml", "a: $HOME (x)\nrun: |\n  export X=$(date) y=$(whoami)\n"))


def test_resolvers_that_evaluate(tmp_path: Path) -> None:
    for text in ("${eval:'__import__(\"os\")'}", "${eval:open('/x').read()}", "${ eval : exec(1)}"):
        assert is_eval(text) and _names(_read(tmp_path, "e.yaml", f"a: {json.dumps(text)}\nb: 1\n")), text
    for text in ("${eval:'${a} * 2'}", "${eval:${a}//2+int(3.5)}", "${eval:'${x}'.split('/')[-1]}", "${oc.env:HOME}"):
        assert not is_eval(text) and _clean(_read(tmp_path, "e.yaml", f"a: {json.dumps(text)}\nb: 1\n")), text


def test_weights_and_modules_outside_their_folder(tmp_path: Path) -> None:
    for name in ("../../evil.safetensors", "/tmp/evil.bin", "C:\\x", "a/../../x", "~/x", "https://x/y"):
        index = {"metadata": {}, "weight_map": {"w": name, "v": "model-1.safetensors"}}
        assert _names(_read(tmp_path, "model.safetensors.index.json", json.dumps(index))) == [name]
    index = {"metadata": {}, "weight_map": {"w": "model-00001-of-00002.safetensors", "v": "sub/x.bin"}}
    assert _clean(_read(tmp_path, "index.json", json.dumps(index)))
    module = {"idx": 0, "name": "0", "type": "sentence_transformers.models.Transformer"}
    assert _names(_read(tmp_path, "modules.json", json.dumps([module | {"path": "../evil"}]))) == ["../evil"]
    assert _clean(_read(tmp_path, "modules.json", json.dumps([module | {"path": "1_Pooling"}])))


# YAML and XML under other names ---------------------------------------------------------------------------------------

CALL = "!!python/object/apply:os.system [id]\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "# comment\n" * 5000 + CALL),
        ("a.dat", "\ufeff%YAML 1.1\n# x\n---\n" + CALL),
        ("a", '"a+b c(": ' + CALL),
        ("a.bin", "'q': " + CALL),
        ("a.txt", "--- !!p%79thon/object/apply:os.system [id]\n"),
        ("a", "%TAG !p! tag:yaml.org,2002:python/obj\n--- !p!ect/apply:os.system [id]\n"),
        ("a.conf", "x y z(): !<tag:yaml.org,2002:python/object/apply:os.system> [id]\n"),
        ("a.txt", "|\n text\n--- " + CALL),
        ("a.toml", "a\n---\n" + CALL),
        ("a.txt", "-\n  " + CALL),
        ("a.json", '{"a": !!python/object/apply:os.system [id]}'),
    ],
)
def test_tags_of_python_whatever_a_text_is_called(tmp_path: Path, name: str, text: str) -> None:
    assert "os.system" in _names(_read(tmp_path, name, text))


def test_tags_in_texts_that_are_too_large(tmp_path: Path) -> None:
    long = "x" * (1 << 20)
    assert not _read(tmp_path, "a.txt", f'{{a: {CALL.strip()}, b: "{long}"}}')["complete"]
    assert not _read(tmp_path, "a.txt", "k: 1\n" * 300_000 + "z: " + CALL)["complete"]
    quoted = json.dumps([{"code": f"x: {CALL}"}] * 30_000)
    assert _clean(_read(tmp_path, "data.json", quoted))
    assert _clean(_read(tmp_path, "prose.txt", "He said that !!python/object is bad.\n" * 40_000))
    assert _clean(_read(tmp_path, "notes.txt", "Do not: use e.g. !!python/object:x.Y\nthen more: text\n - lists\n"))


def test_xml_that_fetches(tmp_path: Path) -> None:
    entity = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>'
    for text in (
        '<?xml version="1.0"?>\n<!--' + "x" * (1 << 20) + "-->\n" + entity,
        "<!-- c -->" + entity,
        "\ufeff" + entity,
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<?xml version="1.0"?><!DOCTYPE PMML SYSTEM "http://evil.example/x.dtd"><PMML/>',
    ):
        assert _read(tmp_path, "m.xml", text)["total"] == 1, text[:60]
    plain = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg/>'
    assert _clean(_read(tmp_path, "m.svg", plain))
    for name in ("a.dtd", "urn:fontconfig:fonts.dtd", "http://docbook.example/d.dtd"):
        assert _clean(_read(tmp_path, "m.xml", f'<?xml version="1.0"?><!DOCTYPE a SYSTEM "{name}"><a/>'))


# Models as text -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('ir_version: 8\ngraph { node { op_type: "Evil" } }\n', sniff.ONNX_TEXT),
        ('\ufeff# c\ngraph {\n node { op_type : "Evil" } }\n', sniff.ONNX_TEXT),
        ('<\n ir_version: 8, opset_import: ["":20]\n>\ng (float[1] x) => (float[1] y) { y = e.E(x) }', sniff.ONNX_TEXT),
        (json.dumps({"irVersion": "8", "graph": {"node": [{"opType": "Evil"}]}}), sniff.ONNX_TEXT),
        ('name: "n"\nlayer { type: "Python" python_param { module: "evil" } }\n', sniff.CAFFE_TEXT),
        ('\ufeffnode { name: "x" op: "ReadFile" }\n', sniff.TF_TEXT),
    ],
)
def test_models_as_text_are_never_clean(tmp_path: Path, text: str, form: str) -> None:
    reading = _read(tmp_path, "model.txt", text)
    assert reading["format"] == form and not reading["complete"] and not reading["data"]


@pytest.mark.parametrize(
    "text",
    [
        'item {\n  id: 1\n  name: "a"\n}\n',
        'name: "m"\nplatform: "onnxruntime_onnx"\ninput [ { name: "x" dims: [1] } ]\n',
        "model {\n ssd { num_classes: 3 }\n}\n",
        json.dumps({"graph": {"nodes": [{"op": "x"}]}}),
        "tree\n|-- a\n|-- b\n",
        "name: x\nlayers: 3\ntype: y\n",
    ],
)
def test_other_texts_stay_texts(tmp_path: Path, text: str) -> None:
    reading = _read(tmp_path, "labels.pbtxt", text)
    assert _clean(reading) and reading["data"], reading


def test_boosters_in_an_unusual_order(tmp_path: Path) -> None:
    learner = {"gradient_booster": {"name": "gbtree", "model": {"trees": [{"left_children": [7]}]}}}
    for model in (
        json.dumps({"version": [3, 2, 0], "learner": learner}),
        json.dumps({"learner": learner}, indent=2),
        json.dumps({"Model": {"learner": learner}}),
        json.dumps({"x": 1, "learner": learner}),
        json.dumps({"learner": learner}).replace('"learner"', '"le\\u0061rner"'),
    ):
        reading = _read(tmp_path, "m.json", model)
        assert not reading["complete"] and reading["anomalies"], model
    assert _clean(_read(tmp_path, "m.json", json.dumps({"models": [{"learner": learner}]})))
    for head in ("tree\nnum_class=1\n", "tree\r\nversion=v4\r\n", "x\n"):
        text = f"{head}max_feature_idx=1\nfeature_names=a b\n\nTree=0\nnum_leaves=9\n\nend of trees\n"
        reading = _read(tmp_path, "m.txt", text)
        assert reading["format"] == sniff.LIGHTGBM and not reading["complete"]


def test_models_that_show_late_what_they_are(tmp_path: Path) -> None:
    names = " ".join(["f"] * 50_000)
    node = 'node { op_type: "Evil" }'
    for text in (
        f"tree\nfeature_names={names}\nmax_feature_idx=1\n\nTree=0\nnum_leaves=9\n",
        f'graph {{\n doc_string: "{names}"\n {node} }}\n',
        json.dumps({"producerName": names, "graph": {"node": [{"opType": "Evil"}]}}),
        json.dumps({"learner": {"attributes": {"x": names}, "gradient_booster": {"model": {"trees": [{"id": 1}]}}}}),
    ):
        assert not _read(tmp_path, "a.zip", _zip({"m.txt": text}))["complete"], text[:40]
