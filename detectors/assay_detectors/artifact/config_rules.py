"""What a configuration makes the loaders of models do: one walk over its values, rule by rule.

Each rule is the behaviour of a loader: transformers (`auto_map`), diffusers (`model_index.json`), sentence-transformers
(`modules.json`), peft, Hydra, OmegaConf, NeMo and Lightning (`_target_`, `class_path`), MONAI (`$` expressions), Keras,
jsonpickle (`py/object`), LangChain, and the templates that any of them renders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assay_detectors.artifact import template_names
from assay_detectors.artifact.config_names import is_model_class, is_trusted_target, judge_target
from assay_detectors.artifact.dollar import is_code, is_eval
from assay_detectors.artifact.logging_config import is_logging, judge_factory, judge_logging
from assay_detectors.artifact.yaml_tags import Doubled

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report

MAX_VALUES = 3_000_000
MAX_TEMPLATES = 2_000
MAX_SHADOWED = 100
MODEL_KEYS = frozenset(
    [
        "architectures",
        "model_type",
        "tokenizer_class",
        "processor_class",
        "image_processor_type",
        "feature_extractor_type",
        "_class_name",
        "_diffusers_version",
        "chat_template",
        "auto_map",
        "base_model_name_or_path",
        "peft_type",
        "transformers_version",
        "_name_or_path",
        "added_tokens_decoder",
        "bos_token",
        "eos_token",
        "flavors",
        "model_uuid",
        "_target_",
        "class_name",
        "modelTopology",
    ]
)
"""Keys by which a configuration of a model is recognised."""
_CODE_KEYS = ("auto_map", "custom_pipelines", "custom_pipeline")
_TEMPLATE_KEYS = re.compile(r"(?:.*_)?(?:chat|instruction|prompt|tool)?_?templates?(?:_str)?")
_TARGETS = frozenset({"_target_", "__target__", "class_path"})
_ACTIVATIONS = frozenset(
    {"activation_fn", "activation_function", "default_activation_function", "sbert_ce_default_activation_function"}
)
_PARENTS = ("transformers", "diffusers", "sentence_transformers", "timm", "peft")
_KERAS_HINTS = frozenset({"keras_version", "backend", "module", "registered_name", "build_config", "compile_config"})
_YES = frozenset({"true", "yes", "on", "1"})
_CLASS_PATH = re.compile(r"sentence_transformers(?:\.[A-Za-z]\w*)*\.[A-Z]\w*")


def judge(tree: Any, report: Report) -> bool:
    """Judge a configuration; say whether it is one of a model."""
    return _Walk(report).judge(tree)


def is_yes(value: object) -> bool:
    """Say whether JSON or YAML means true."""
    return value is True or (isinstance(value, str) and value.lower() in _YES) or value == 1


_KERNELS = frozenset(
    {"attn_implementation", "_attn_implementation", "experts_implementation", "custom_generate"}
    | {"_attn_implementation_internal", "_experts_implementation"}
)
"""Keys by which transformers picks code; its own choices are plain words."""


class _Walk:
    """One configuration."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.left = MAX_VALUES
        self.templates = MAX_TEMPLATES

    def judge(self, tree: Any) -> bool:
        tops = tree if isinstance(tree, list) else [tree]
        recognised = any(isinstance(top, dict) and not MODEL_KEYS.isdisjoint(top) for top in tops[:100])
        recognised |= self._modules(tree) or self._routes(tree, top=True)
        if isinstance(tree, dict):
            self._booster(tree)
        monai = isinstance(tree, dict) and "imports" in tree
        for node in self._mappings(tree):
            recognised |= self._mapping(node)
            monai |= "_target_" in node
            for name, value in node.items():
                self._templates(name, value, recognised)
        recognised |= self._expressions(tree, declared=monai)
        return recognised

    def _mappings(self, tree: Any) -> Iterator[dict[str, Any]]:
        """Yield every mapping once, and its variants where a key occurs twice."""
        stack, seen = [tree], set[int]()
        while stack:
            node = stack.pop()
            self.left -= 1
            if self.left < 0:
                self.report.unread("its configuration holds too many values to judge", "bomb")
                return
            if id(node) in seen or not isinstance(node, dict | list):
                continue
            seen.add(id(node))
            if isinstance(node, list):
                stack.extend(node)
                continue
            if isinstance(node, Doubled) and node.shadowed:
                yield from self._variants(node)
                stack.extend(value for _, value in node.shadowed)
            yield node
            if not _is_keras(node):
                stack.extend(node.values())

    def _variants(self, node: Doubled) -> Iterator[dict[str, Any]]:
        """Yield a mapping as readers see it that keep the first of two values."""
        key = node.shadowed[0][0]
        self.report.anomaly("two-readings", f"the key {key[:80]} occurs twice with different values")
        if len(node.shadowed) > MAX_SHADOWED:
            self.report.unread(f"more than {MAX_SHADOWED} of its keys occur twice", "two-readings")
        for key, value in node.shadowed[:MAX_SHADOWED]:
            yield {**node, key: value}

    def _kernel(self, key: str, value: Any) -> None:
        """A name with a slash is a repository, from which transformers loads a kernel or a function."""
        for name in value.values() if isinstance(value, dict) else [value]:
            if isinstance(name, str) and "/" in name:
                self.report.find("reference", name, f"loads code from the repository {name} ({key})")

    def _mapping(self, node: dict[str, Any]) -> bool:
        """Judge one mapping; say whether it shows that the file configures a model."""
        found = False
        for key in _CODE_KEYS:
            if node.get(key):
                self._code(key, node[key])
                found = True
        for key in _KERNELS & node.keys():
            self._kernel(key, node[key])
        if is_yes(node.get("trust_remote_code")):
            self.report.find("reference", "trust_remote_code", "allows itself to run code from elsewhere")
        for key in _TARGETS & node.keys():
            judge_target(node[key], key, self.report)
            found = True
        if isinstance(node.get("target"), str) and _is_dotted(node["target"]) and _is_target(node):
            judge_target(node["target"], "target", self.report)
        for key in _ACTIVATIONS & node.keys():
            value = node[key]
            if isinstance(value, str) and "." in value:
                judge_target(value, key, self.report)
        if "weight_map" in node:
            self._weights(node)
        found |= self._routes(node, top=False)
        self._tokenizer(node.get("tokenizer_class"))
        self._libraries(node)
        self._pickled(node)
        if is_logging(node):
            judge_logging(node, self.report)
        elif "()" in node:
            judge_factory({"()": node["()"]}, self.report)
        if _is_keras(node):
            self._keras(node)
            found = True
        if "flavors" in node and isinstance(node["flavors"], dict):
            from assay_detectors.artifact.mlflow_config import judge_flavors

            judge_flavors(node["flavors"], self.report)
            found = True
        if "backbone" in node and isinstance(node["backbone"], list):
            self._yolo(node)
            found = True
        return found

    def _code(self, key: str, value: Any) -> None:
        """Code that the configuration brings along or fetches: every text in it names some."""
        stack: list[Any] = [value]
        names: list[str] = []
        while stack and len(names) < 1000:
            part = stack.pop()
            if isinstance(part, dict):
                stack.extend(part.values())
            elif isinstance(part, list):
                stack.extend(part)
            elif isinstance(part, str) and part:
                names.append(part)
        for name in names or [key]:
            self.report.find("reference", f"{key} -> {name}", f"{key} makes the loader run code: {name}", None, key)

    def _libraries(self, node: dict[str, Any]) -> None:
        """Modules that peft, LangChain and diffusers import by name."""
        auto = node.get("auto_mapping")
        parent = auto.get("parent_library") if isinstance(auto, dict) else None
        if isinstance(parent, str) and parent.split(".")[0] not in _PARENTS:
            self.report.find(
                "reference", parent, f"auto_mapping makes the loader import {parent}", None, "auto_mapping"
            )
        core = node.get("megatron_core")
        if isinstance(core, str) and core not in ("", "megatron.core"):
            self.report.find("reference", core, f"megatron_core makes the loader import {core}", None, "megatron_core")
        if node.get("lc") in (1, "1") and isinstance(node.get("id"), list) and node["id"]:
            name = ".".join(str(part) for part in node["id"])[:300]
            if not name.startswith("langchain"):
                self.report.find("reference", name, f"makes the loader import {name}", None, "id")
        if "_diffusers_version" in node and "_class_name" in node:
            from assay_detectors.artifact.diffusers_index import judge_index

            judge_index(node, self.report)

    def _booster(self, tree: dict[str, Any]) -> None:
        """A model of XGBoost under keys, or with a spelling, that its own reader does not expect."""
        for top in (tree, tree.get("Model")):
            learner = top.get("learner") if isinstance(top, dict) else None
            if isinstance(learner, dict) and "gradient_booster" in learner:
                self.report.unread("it is a model of XGBoost that is written in an unusual way", "hidden")

    def _weights(self, node: dict[str, Any]) -> None:
        """The index of a model in several files: loaders join its names to the folder, and follow them."""
        files = node["weight_map"]
        for name in sorted(
            {name for name in files.values() if isinstance(name, str)} if isinstance(files, dict) else ()
        ):
            if leads_out(name):
                self.report.find(
                    "reference", name, "its weights lie outside the folder of the model", None, "weight_map"
                )

    def _modules(self, tree: Any) -> bool:
        """`modules.json` of sentence-transformers: a list of modules, each with the path of its class."""
        if not isinstance(tree, list) or not tree:
            return False
        if not all(isinstance(item, dict) and {"idx", "path", "type"} <= item.keys() for item in tree[:100]):
            return False
        for item in tree[:1000]:
            name = item["type"]
            if not isinstance(name, str) or _CLASS_PATH.fullmatch(name) is None:
                self.report.find("reference", str(name), f"type makes the loader import {name}", None, "type")
            if isinstance(item["path"], str) and leads_out(item["path"]):
                self.report.find(
                    "reference", item["path"], "a module lies outside the folder of the model", None, "path"
                )
        return True

    def _routes(self, node: Any, *, top: bool) -> bool:
        """A router of sentence-transformers: `types` names the class of each module; the key is its folder.

        The classes are imported before the rest is looked at, so at the top of a file dotted names are enough.
        """
        types = node.get("types") if isinstance(node, dict) else None
        if not isinstance(types, dict) or not types:
            return False
        structure = "structure" in node
        dotted = {
            key: name
            for key, name in list(types.items())[:1000]
            if isinstance(name, str) and ("." in name if structure else _is_dotted(name))
        }
        if not (structure or (top and dotted)):
            return False
        named = {key: name for key, name in dotted.items() if not is_trusted_target(name, called=False)}
        for key, name in named.items():
            if _CLASS_PATH.fullmatch(name) is None:
                self.report.find("reference", name, f"types makes the loader import {name}", None, "types")
            if leads_out(key):
                self.report.find("reference", key, "a module lies outside the folder of the model", None, "types")
        return bool(named)

    def _tokenizer(self, name: Any) -> None:
        """sentence-transformers imports the class of its tokenizer by a dotted path; transformers knows plain names."""
        for path in name if isinstance(name, list) else [name]:
            if not isinstance(path, str) or "." not in path:
                continue
            if not (path.startswith(("sentence_transformers.", "transformers.")) and is_model_class(path)):
                note = f"tokenizer_class makes the loader import {path}"
                self.report.find("reference", path, note, None, "tokenizer_class")

    def _pickled(self, node: dict[str, Any]) -> None:
        """Objects of Python written as JSON by jsonpickle."""
        for key in node:
            if key.startswith("py/") and key not in ("py/id", "py/tuple", "py/set", "py/b64", "py/b85", "py/state"):
                value = node[key]
                name = value if isinstance(value, str) else key
                if not is_trusted_target(name, called=True):
                    self.report.find("reference", name, f"{key} makes jsonpickle import {name}", None, key)

    def _keras(self, node: dict[str, Any]) -> None:
        try:
            from assay_detectors.artifact import keras_config  # type: ignore[attr-defined,unused-ignore]
        except ImportError:
            self.report.unread("its Keras layers are not analysed")
            return
        keras_config.read_config(node, self.report)

    def _yolo(self, node: dict[str, Any]) -> None:
        """Detection models of the YOLO family: their builders evaluate module names, arguments and the activation."""
        stack: list[Any] = [node["backbone"], node.get("head"), node.get("activation"), node.get("act")]
        while stack:
            part = stack.pop()
            if isinstance(part, list):
                stack.extend(part[:10_000])
            elif (isinstance(part, str) and not re.fullmatch(r"[\w./ -]*(?:\([\w.=, -]*\))?", part)) or (
                isinstance(part, str) and "__" in part
            ):
                self.report.find("reference", part, "the builder of the model evaluates this text", None, "backbone")

    def _expressions(self, tree: Any, *, declared: bool) -> bool:
        """Texts that MONAI evaluates as Python: they begin with a dollar sign. Say whether there are any.

        Where nothing declares a bundle (`imports`, `_target_`), only those count that do something as Python.
        """
        stack, seen, found = [tree], set[int](), False
        while stack:
            part = stack.pop()
            if isinstance(part, str):
                evaluated = part.startswith("$") and not part.startswith("${") and (declared or is_code(part))
                if evaluated or ("${" in part and is_eval(part)):
                    self.report.find("call", part[:80], "the loader evaluates this text as Python", None, "$")
                    found = True
            elif isinstance(part, dict | list) and id(part) not in seen:
                seen.add(id(part))
                stack.extend(part.values() if isinstance(part, dict) else part)
                if isinstance(part, Doubled):
                    stack.extend(value for _, value in part.shadowed)
        return found

    def _templates(self, name: str, value: Any, recognised: bool) -> None:
        """Judge the texts directly below a key that Jinja may render."""
        named = _TEMPLATE_KEYS.fullmatch(name) is not None
        if not (named or recognised):
            return
        if isinstance(value, list):
            texts = [part.get("template") if isinstance(part, dict) else part for part in value[:1000]]
        elif isinstance(value, dict) and named:
            texts = list(value.values())[:1000]
        else:
            texts = [value]
        for text in texts:
            if isinstance(text, str) and template_names.may_render(text):
                self.templates -= 1
                if self.templates < 0:
                    self.report.unread("it holds too many templates to judge", "bomb")
                    return
                from assay_detectors.artifact.templates import read_template

                required = named and "chat_template" in name
                read_template(text, self.report, None, name[:80], required=required)


def leads_out(path: str) -> bool:
    """Say whether a path leads out of the folder that it is joined to."""
    parts = path.replace("\\", "/").split("/")
    return ".." in parts or path.startswith(("/", "\\", "~")) or ":" in parts[0]


_FILE_ENDINGS = frozenset(
    {"bin", "csv", "h5", "joblib", "json", "keras", "npz", "onnx", "parquet", "pkl", "pt", "pth", "safetensors", "txt"}
)
_MOST_KEYS = 3


def _is_target(node: dict[str, Any]) -> bool:
    """Say whether `target` names what is built: beside `params`, or a dotted name that is no file among other facts."""
    name = node["target"]
    file = len(node) > _MOST_KEYS and name.rpartition(".")[2].lower() in _FILE_ENDINGS
    return "params" in node or ("." in name and not file)


def _is_dotted(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", name) is not None


def _is_keras(node: dict[str, Any]) -> bool:
    """Say whether a mapping is a model or layer as Keras writes it."""
    if not isinstance(node.get("class_name"), str) or not isinstance(node.get("config"), dict | list):
        return False
    inner = node["config"]
    return (
        not _KERAS_HINTS.isdisjoint(node)
        or isinstance(inner, list)
        or "layers" in inner
        or node["class_name"] in ("Sequential", "Functional", "Model", "Lambda")
    )
