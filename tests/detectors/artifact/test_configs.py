"""Configuration beside a model: what names code is found, data and prose stay silent."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from assay.targets import sniff
from assay_detectors.artifact.configs import MAX_TEXT, read_source, read_text
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Held

BAD_TEMPLATE = "{{ ''.__class__ }}"
GOOD_TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}"

BAD_JSON: dict[str, tuple[str, Any, str | None]] = {
    "auto_map": ("config.json", {"auto_map": {"AutoModel": "modeling_x.M"}}, "auto_map -> modeling_x.M"),
    "auto_map elsewhere": ("config.json", {"text_config": {"auto_map": {"A": "o/r--m.M"}}}, "auto_map -> o/r--m.M"),
    "auto_map list": ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["t.T", None]}}, "auto_map -> t.T"),
    "trust": ("config.json", {"model_type": "x", "trust_remote_code": True}, "trust_remote_code"),
    "pipelines": ("config.json", {"custom_pipelines": {"p": {"impl": "p.P"}}}, "custom_pipelines -> p.P"),
    "template": ("tokenizer_config.json", {"chat_template": BAD_TEMPLATE}, "__class__"),
    "one of several": (
        "tokenizer_config.json",
        {"chat_template": [{"name": "a", "template": GOOD_TEMPLATE}, {"name": "b", "template": BAD_TEMPLATE}]},
        "__class__",
    ),
    "template of a processor": ("chat_template.json", {"chat_template": {"default": BAD_TEMPLATE}}, "__class__"),
    "template by another key": ("generation_config.json", {"bos_token": "x", "hint": BAD_TEMPLATE}, "__class__"),
    "hydra": ("a.json", {"model": {"_target_": "os.system"}}, "os.system"),
    "imported module": ("a.json", {"_target_": "torch.nn.modules.module.subprocess.Popen"}, None),
    "lightning": ("a.json", {"class_path": "builtins.exec", "init_args": {}}, "builtins.exec"),
    "diffusion": ("a.json", {"model": {"target": "my.evil.Thing", "params": {}}}, "my.evil.Thing"),
    "modules": ("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "evil.M"}], "evil.M"),
    "routes": (
        "router_config.json",
        {"types": {"a": "evil.M", "b": "sentence_transformers.models.Pooling"}, "structure": {"q": ["a"]}},
        "evil.M",
    ),
    "routes without the rest": ("config.json", {"types": {"a": "os.system"}}, "os.system"),
    "route that leads out": (
        "router_config.json",
        {"types": {"../../x": "sentence_transformers.models.Pooling"}, "structure": {}},
        "../../x",
    ),
    "tokenizer": ("wordembedding_config.json", {"tokenizer_class": "evil.Tok", "max_seq_length": 3}, "evil.Tok"),
    "tokenizer by a function": ("config.json", {"tokenizer_class": "transformers.utils.hub.http_get"}, None),
    "custom generation": ("generation_config.json", {"eos_token_id": 1, "custom_generate": "evil/repo"}, "evil/repo"),
    "attention": ("config.json", {"attn_implementation": "evil/kernel"}, "evil/kernel"),
    "activation": ("config.json", {"activation_function": "os.getcwd", "in_features": 3}, "os.getcwd"),
    "index": (
        "model_index.json",
        {"_class_name": "P", "_diffusers_version": "0", "unet": ["my_unet", "U"]},
        "my_unet.U",
    ),
    "peft": ("adapter_config.json", {"peft_type": "LORA", "auto_mapping": {"parent_library": "evil"}}, "evil"),
    "megatron": ("adapter_config.json", {"peft_type": "LORA", "megatron_core": "evil.core"}, "evil.core"),
    "jsonpickle": ("a.json", {"py/reduce": [{"py/function": "posix.system"}]}, "posix.system"),
    "monai": ("a.json", {"imports": ["$import os"], "x": "$os.system('id')"}, "$os.system('id')"),
}
BAD_YAML: dict[str, tuple[str, str, str | None]] = {
    "apply": ("a.yaml", "model: !!python/object/apply:os.system ['echo']\n", "os.system"),
    "apply without a name": ("", "model: !!python/object/apply:os.system ['echo']\n", "os.system"),
    "verbatim": ("a.yml", "a: !<tag:yaml.org,2002:python/name:os.system> ''\n", "os.system"),
    "renamed": ("a.yml", "%TAG !x! tag:yaml.org,2002:python/\n---\na: !x!name:os.system ''\n", "os.system"),
    "escaped": ("a.yml", "a: !!python%2Fname:os.system ''\n", "os.system"),
    "module": ("a.yml", "a: !!python/module:subprocess ''\n", "subprocess"),
    "in a flow": ("a.json", '{"a": !!python/object/apply:os.system ["x"]}', "os.system"),
    "before damage": ("a.yaml", "a: !!python/object/apply:os.system ['x']\nb: [\n", "os.system"),
    "java": ("a.yaml", "!!javax.script.ScriptEngineManager []\n", None),
    "hyperpyyaml": ("hyperparams.yaml", "a: !new:os.system\n", "os.system"),
    "nemo": ("model_config.yaml", "_target_: builtins.exec\n_args_: ['1']\n", "builtins.exec"),
    "nemo class": ("model_config.yaml", "target: evil.models.Thing\n", "evil.models.Thing"),
    "escaped key": ("a.yaml", '"\\x5ftarget_": builtins.exec\n', "builtins.exec"),
    "loader": ("MLmodel", "flavors:\n  python_function:\n    loader_module: evil\n", "evil"),
    "code": (
        "MLmodel",
        "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    code: code\n",
        "code -> code",
    ),
    "trusted types": (
        "MLmodel",
        "flavors:\n  sklearn:\n    skops_trusted_types: [sklearn.svm._classes.SVC, os.system]\n",
        "os.system",
    ),
    "class": ("MLmodel", "flavors:\n  lightgbm:\n    model_class: os.system\n", "os.system"),
    "yolo": ("yolo.yaml", "backbone:\n  - [-1, 1, \"__import__('os').system('id')\", [64]]\nhead: []\n", None),
    "instruction": ("a.yaml", f'instruction_template: "{BAD_TEMPLATE}"\n', "__class__"),
}
GOOD: dict[str, tuple[str, str]] = {
    "config": ("config.json", '{"architectures": ["BertModel"], "model_type": "bert", "_name_or_path": "/a/b"}'),
    "tokenizer": ("tokenizer_config.json", json.dumps({"tokenizer_class": "T", "chat_template": GOOD_TEMPLATE})),
    "adapter": (
        "adapter_config.json",
        '{"peft_type": "LORA", "base_model_name_or_path": "https://x/y", "megatron_core": "megatron.core", '
        '"auto_mapping": {"parent_library": "transformers.models.bert.modeling_bert", "base_model_class": "B"}}',
    ),
    "index": (
        "model_index.json",
        '{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.2", "unet": ["diffusers", "U"], '
        '"safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"], "image_encoder": [null, null]}',
    ),
    "modules": (
        "modules.json",
        '[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Pooling"}]',
    ),
    "routes": (
        "router_config.json",
        '{"types": {"query_0": "sentence_transformers.sparse_encoder.models.MLMTransformer.MLMTransformer"}, '
        '"structure": {"query": ["query_0"]}, "parameters": {}}',
    ),
    "tokenizer of words": (
        "wordembedding_config.json",
        '{"tokenizer_class": "sentence_transformers.models.tokenizer.WhitespaceTokenizer.WhitespaceTokenizer"}',
    ),
    "activation": ("config.json", '{"model_type": "x", "activation_function": "torch.nn.modules.activation.Tanh"}'),
    "nemo": (
        "model_config.yaml",
        "target: nemo.collections.asr.models.EncDecCTCModelBPE\nencoder:\n"
        "  _target_: nemo.collections.asr.modules.ConformerEncoder\noptim:\n  _target_: torch.optim.AdamW\n",
    ),
    "mlmodel": (
        "MLmodel",
        "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n    code: null\n"
        "  sklearn:\n    serialization_format: cloudpickle\n    code:\nmodel_uuid: x\n",
    ),
    "speech": (
        "hyperparams.yaml",
        "model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN\nlr: !ref <base>\n"
        "cost: !name:speechbrain.nnet.losses.nll_loss\n__set_seed: !apply:torch.manual_seed [1]\nflavors: x\n",
    ),
    "tuple": (
        "args.yaml",
        "a: !!python/tuple [1, 2]\nb: !!python/object/apply:collections.OrderedDict\n- []\n_target_:\n",
    ),
    "template": ("chat_template.jinja", GOOD_TEMPLATE),
    "yolo": ("yolo.yaml", "backbone:\n  - [-1, 1, nn.Conv2d, [64, 'nearest', None]]\nactivation: nn.SiLU()\nnc: 80\n"),
}
SILENT: dict[str, tuple[str, str]] = {
    "readme": (
        "README.md",
        "# Card\nSet `auto_map` or `{{ ''.__class__ }}` or !!python/object/apply:os.system ['x']\n",
    ),
    "front matter": ("README.md", "---\nlicense: mit\ntags: [a]\n---\n# Card {{ x.__class__ }}\n"),
    "prose": ("notes.txt", "Note: use {{ messages }} with care!\n\n!important: see auto_map, it's good.\n"),
    "comment": ("a.yaml", "# !!python/object/apply:os.system\na: 1\n"),
    "in text": ("a.yaml", "a: 'write !!python/name:os.system here'\ntemplate: x\n"),
    "json prose": ("readme.json", '{"note": "call os.system, set auto_map, {{ x.__class__ }}"}'),
    "table": ("a.csv", "a,b\n!!python/name:x,{{ a.__class__ }}\n1,2\n"),
    "crystal": ("data.json", '{"types": {"a": "int"}, "structure": {"lattice": [1, 2], "species": ["H"]}}'),
    "column types": ("schema.json", '{"types": {"a": "numpy.float64", "b": "text"}, "rows": 3}'),
    "ascii key": ("data.json", '{"target": "class A", "text": "a.b"}'),
}


def judged(data: bytes, name: str) -> tuple[bool, Report, set[str]]:
    report, notes = Report(), set[str]()
    return read_text(data, name, sniff.sniff_bytes(data), report, notes), report, notes


def names(report: Report) -> set[str]:
    return {finding["name"] for finding in report.findings}


@pytest.mark.parametrize("case", BAD_JSON)
def test_json_that_names_code_is_found(case: str) -> None:
    name, value, wanted = BAD_JSON[case]
    _, report, _ = judged(json.dumps(value).encode(), name)
    assert report.total
    assert wanted is None or wanted in names(report)


@pytest.mark.parametrize("case", ["auto_map", "template", "hydra"])
def test_json_is_read_whatever_its_name_and_encoding(case: str) -> None:
    _, value, wanted = BAD_JSON[case]
    text = json.dumps(value, indent=1)
    escaped = "".join(f"\\u{ord(c):04x}" if c == "_" else c for c in text)
    for data in (text.encode(), escaped.encode(), text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        assert wanted in names(judged(data, "x.bin")[1])


@pytest.mark.parametrize("case", BAD_YAML)
def test_yaml_that_names_code_is_found(case: str) -> None:
    name, text, wanted = BAD_YAML[case]
    recognised, report, _ = judged(text.encode(), name)
    assert report.total
    assert recognised
    assert wanted is None or wanted in names(report)


@pytest.mark.parametrize("case", GOOD)
def test_honest_configuration_passes(case: str) -> None:
    name, text = GOOD[case]
    recognised, report, _ = judged(text.encode(), name)
    assert (report.findings, report.reasons, report.anomalies) == ([], [], {})
    assert recognised


@pytest.mark.parametrize("case", SILENT)
def test_prose_and_data_stay_silent(case: str) -> None:
    name, text = SILENT[case]
    recognised, report, _ = judged(text.encode(), name)
    assert (report.findings, report.reasons, recognised) == ([], [], False)


def test_both_values_of_a_key_are_judged() -> None:
    text = '{"model_type": "x", "auto_map": {"A": "first.M"}, "auto_map": {}}'
    _, report, _ = judged(text.encode(), "config.json")
    assert names(report) == {"auto_map -> first.M"}
    assert {anomaly["rule"] for anomaly in report.anomalies.values()} == {"two-readings"}


def test_the_same_value_twice_is_one_reading() -> None:
    _, report, _ = judged(b'{"model_type": "x", "eos_token": "a", "eos_token": "a"}', "config.json")
    assert not report.anomalies


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", '{"model_type": "x", "chat_template": '),
        ("config.json", '{"model_type": ' + "[" * 100_000 + "]" * 100_000 + ', "auto_map": 1}'),
        ("a.yaml", "_target_: [\n"),
        ("a.yaml", "_target_: " + "[" * 20_000),
        (
            "a.yaml",
            "_target_: x\n"
            + "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        ),
        (
            "a.xml",
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        ),
    ],
)
def test_damaged_and_hostile_text_is_unread_at_once(name: str, text: str) -> None:
    start = time.process_time()
    _, report, _ = judged(text.encode(), name)
    assert report.reasons
    assert time.process_time() - start < 5


def test_an_external_entity_is_found() -> None:
    text = b'<?xml version="1.0"?><!DOCTYPE P [<!ENTITY x SYSTEM "file:///etc/passwd">]><PMML>&x;</PMML>'
    assert judged(text, "a.pmml")[1].total


def test_the_pickle_module_of_a_torch_flavor_is_judged() -> None:
    assert judged(b"evil.pickler", "pickle_module_info.txt")[1].total
    assert not judged(b"mlflow.pytorch.pickle_module", "pickle_module_info.txt")[1].total


def test_source_code_is_named() -> None:
    _, report, notes = judged(b"import os\nos.system('x')\n", "modeling_x.py")
    assert not report.total
    assert notes == {"source code is not analysed: modeling_x.py"}


def test_a_large_table_is_cheap_and_a_large_configuration_is_unread() -> None:
    row = b'{"text": "some words that mean nothing", "label": 1},\n'
    table = b"[" + row * (MAX_TEXT // len(row) + 10)
    report = Report()
    start = time.process_time()
    assert not read_source(Held(table), "data.json", sniff.JSON, report, set())
    assert time.process_time() - start < 5
    assert not report.reasons
    read_source(Held(table + b'{"auto_map": 1}]'), "data.json", sniff.JSON, report, set())
    assert report.reasons


def test_nothing_is_constructed(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr("os.system", called.append)
    _, report, _ = judged(b"a: !!python/object/apply:os.system ['x']\n", "a.yaml")
    assert report.total
    assert not called


@pytest.mark.parametrize("text", ['{"b":1},' * 1_100_000, "1," * 3_100_000], ids=["objects", "numbers"])
def test_json_of_many_small_values_is_not_parsed(text: str) -> None:
    data = b'{"chat_template": "{{ x }}", "a": [' + text.encode() + b"0]}"
    start = time.process_time()
    _, report, _ = judged(data, "tokenizer.json")
    assert report.reasons == ["its JSON holds too many values to be parsed"]
    assert time.process_time() - start < 5
