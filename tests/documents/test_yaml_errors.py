"""What is wrong with a manifest or policy: file, line, column, the line, a caret, the near miss."""

import pytest

from assay.documents.validate import validate
from assay.documents.yaml_text import parse
from assay.model.errors import InvalidInput
from assay.model.manifest import Manifest

HEAD = "version: 1\nname: x\n"
BROKEN = {
    # case: (text, place, words)
    "unknown key": (HEAD + "modle: {path: x}\n", "3:1", "did you mean 'model'"),
    "unknown nested key": (HEAD + "io: {outptu: proba}\n", "3:6", "did you mean 'output'"),
    "unknown key of a list entry": (HEAD + "models:\n  - path: a\n    fctory: b\n", "5:5", "did you mean 'factory'"),
    "unknown key in a free-named column": (HEAD + "columns: {age: {sensitve: true}}\n", "3:17", "'sensitive'"),
    "duplicate key": (HEAD + "name: y\n", "3:1", "duplicate key 'name', first given in line 2"),
    "missing key": ("name: x\n", "1:1", "version: is missing"),
    "missing nested key": (HEAD + "model: {factory: a.b:c}\n", "3:8", "model.path: is missing"),
    "wrong version": ("version: 2\nname: x\n", "1:10", "not one of 1"),
    "wrong word": (HEAD + "task: clasification\n", "3:7", "did you mean 'classification'"),
    "number for text": ("version: 1\nname: 12\n", "2:7", "put it in quotes"),
    "text for a flag": (HEAD + "columns: {a: {immutable: perhaps}}\n", "3:26", "true or false"),
    "mapping for a list": (HEAD + "logs: {path: x}\n", "3:7", "must be a list"),
    "text for a mapping": (HEAD + "model: x.onnx\n", "3:8", "`key: value`"),
    "three bounds": (HEAD + "inputs: {bounds: [0, 1, 2]}\n", "3:18", "2 entries"),
    "infinite bound": (HEAD + "inputs: {bounds: [0, .inf]}\n", "3:22", "finite"),
    "bounds upside down": (HEAD + "columns: {a: {bounds: [3, 1]}}\n", "3:15", "upside down"),
    "same class twice": (HEAD + "io: {classes: [a, a]}\n", "3:6", "twice"),
    "factory that is no import string": (HEAD + "model: {path: a, factory: 'os.system(1)'}\n", "3:27", "package.module:name"),
    "both spellings": (HEAD + "model: {path: a}\nmodels: [{path: b}]\n", "4:1", "not both"),
    "not closed": (HEAD + "io: {classes: [a, b\n", "3:15", "close the bracket"),
    "tab": (HEAD + "io:\n\toutput: proba\n", "4:1", "use spaces"),
    "python tag": (HEAD + "model: !!python/object/apply:os.system [x]\n", "3:8", "not allowed"),
    "two documents": (HEAD + "---\n" + HEAD, "3:1", "second document"),
    "alias that is not there": (HEAD + "model: *m\n", "3:8", "undefined alias"),
    "alias to itself": (HEAD + "model: &m {path: *m}\n", "3:18", "aliases"),
    "list": ("- 1\n", "1:1", "`key: value`"),
    "empty": ("", "1:1", "empty"),
    "only a comment": ("# nothing\n", "1:1", "empty"),
    "NUL in a path": (HEAD + 'model: {path: "a\\0b"}\n', "3:15", "cannot hold NUL"),
    "negative epsilon": (HEAD + "training: {declared_epsilon: -1}\n", "3:30", "above 0"),
    "key that is a list": (HEAD + "? [a]\n: 1\n", "3:3", "a key must be"),
}  # fmt: skip


def error(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        validate(parse(text.encode(), "assay.yaml"), Manifest)
    return str(caught.value)


@pytest.mark.parametrize(("text", "place", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_manifest(text, place, words):
    said = error(text)
    assert said.startswith(f"assay.yaml:{place}: "), said
    assert words in said, said
    assert "Traceback" not in said


def test_caret_stands_below_the_place():
    _, shown, caret = error(BROKEN["wrong word"][0]).split("\n")
    assert shown[caret.index("^") :].startswith("clasification")


def test_two_manifests_worth_of_nonsense_is_told_at_once():
    text = "".join(f"wrong{index}: 1\n" for index in range(30)) + "version: one\n"
    said = error(text)
    assert said.count("assay.yaml:") == 11
    assert "and 22 more problems" in said


def test_not_utf8():
    with pytest.raises(InvalidInput, match=r"a:2:7: not UTF-8"):
        parse(b"version: 1\nname: \xff\xfe\n", "a")


def test_billion_laughs_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(InvalidInput, match="too deep or too large"):
        parse("\n".join(lines).encode(), "a")


def test_deep_nesting_is_refused():
    with pytest.raises(InvalidInput):
        parse(b"a: " + b"[" * 5000 + b"]" * 5000, "a")


def test_yaml_1_2_words_and_numbers():
    data = parse(b"a: no\nb: on\nc: 12:30:45\nd: 1e-3\ne: 010\nf: 2027-01-31\ng: true\n", "a").data
    assert data == {"a": "no", "b": "on", "c": "12:30:45", "d": 0.001, "e": 10, "f": "2027-01-31", "g": True}


def test_the_manifest_of_the_design_is_valid():
    text = """\
version: 1
name: credit-risk
model: {path: model.onnx}
artifacts: [extra/*.pkl]
task: classification
io: {output: proba, classes: [good, bad], columns: [age, sum], dtype: float32, layout: nchw}
data:
  train: {path: train.parquet, label: default}
  test: {path: test.parquet}
  trusted: {path: verified.parquet}
columns: {age: {sensitive: true, bounds: [18, 120], immutable: true}, id: {role: identifier}}
inputs: {bounds: [0.0, 1.0]}
training: {recipe: clone, declared_epsilon: 8}
logs: [{path: logs/*.jsonl.gz}]
"""
    manifest = validate(parse(text.encode(), "a"), Manifest)
    assert manifest.io.classes == ("good", "bad")
    assert manifest.columns["age"].bounds == (18, 120)


def test_classes_may_be_numbers():
    manifest = validate(parse(b"version: 1\nname: x\nio: {classes: [0, 1, 2]}\n", "a"), Manifest)
    assert manifest.io.classes == ("0", "1", "2")
