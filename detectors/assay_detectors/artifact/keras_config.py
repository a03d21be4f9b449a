"""Judge the configuration from which Keras builds a model: exact names only. Standard library only.

Keras makes an object of every part of the configuration that has a `class_name`: it looks up `registered_name`, then
`module` and `class_name`, and older releases import whatever module is named. So each such part must be one that Keras
itself writes (`keras_names.json`, made by scripts/keras_names.py); everything else is found by its name.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread

MAX_CONFIG = 32 << 20
"""Bytes of one configuration."""
MAX_PARTS = 1_000_000
"""Parts of a configuration that are walked."""
MAX_PATH = 160
MAX_LINE = 300

Part = tuple[Any, "Part | None", Any]
"""A value, the part that holds it, and its key there."""


class Names(NamedTuple):
    """What Keras itself writes."""

    classes: dict[str, frozenset[str]]
    """Names of classes by module."""
    functions: dict[str, frozenset[str]]
    bare: frozenset[str]
    """Names of classes that stand without a module, as in .h5 files."""
    bare_functions: frozenset[str]
    registered: frozenset[str]
    tensorflow: frozenset[str]
    members: frozenset[str]
    builders: frozenset[str]


@cache
def names() -> Names:
    """Return the table of `keras_names.json`."""
    data = json.loads((Path(__file__).parent / "keras_names.json").read_text("utf-8"))
    classes = {place: frozenset(text.split()) for place, text in data["classes"].items()}
    functions = {place: frozenset(text.split()) for place, text in data["functions"].items()}
    rest = (frozenset(data[key].split()) for key in ("registered", "tensorflow", "members", "builders"))
    bare = frozenset().union(*classes.values())
    return Names(classes, functions, bare, frozenset().union(*functions.values()), *rest)


CODE = {
    "Lambda": "a Lambda layer runs a function of its own",
    "__lambda__": "marshalled Python code, which runs when the model is used",
    "TorchModuleWrapper": "it unpickles a torch module while it is loaded",
    "JaxLayer": "it runs a jax function of its own",
    "FlaxLayer": "it runs a flax module of its own",
    "TFSMLayer": "it loads a SavedModel from another path",
    "TensorFlowOpLayer": "it runs any TensorFlow operator, those that read and write files among them",
    "ModuleWrapper": "it runs a module of its own",
}
"""Classes of Keras that run or load what the file names."""
_PLAIN = frozenset(
    {
        "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__tuple__",
        "TensorShape", "TypeSpec", "CompositeTensor",
    }
)  # fmt: skip
"""Values that the JSON of Keras writes as a `class_name`; what they hold is walked like everything else."""
_SPECS = {
    "TensorSpec": ("tensorflow.python.framework.tensor_spec", "tensorflow.python.framework.tensor"),
    "RaggedTensorSpec": ("tensorflow.python.ops.ragged.ragged_tensor",),
    "SparseTensorSpec": ("tensorflow.python.framework.sparse_tensor",),
}
_FILES = ("vocabulary", "vocabulary_path", "vocabulary_file", "filepath")
"""Settings of preprocessing layers that name a file when they are a text."""
_LAMBDA_TYPES = ("function_type", "output_shape_type", "mask_type", "mask_function_type")
_KEY = re.compile(rb'"class_name"[ \t\r\n]*:')


def looks_like_config(value: object) -> bool:
    """Say whether decoded JSON has the shape of a Keras model or layer."""
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def read_config_text(content: bytes, report: Report, *, offset: int | None = None, revived: bool = False) -> None:
    """Decode the JSON of a configuration and judge it.

    Args:
        content: The text as the file holds it; Keras decodes it with the same `json` module.
        report: Where findings and reasons go.
        offset: Place of the text in the file, where there is one.
        revived: As for `read_config`.

    Raises:
        Unread: Where the text is no JSON, or too large.
    """
    if len(content) > MAX_CONFIG or content.count(b"{") + content.count(b"[") > MAX_PARTS:
        raise Unread("its Keras configuration is larger than any model needs", "bomb")
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) < len(items):
            twice.append(items[0][0])
        return value

    try:
        config = json.loads(content, object_pairs_hook=pairs)
    except RecursionError:
        raise Unread("its Keras configuration is nested too deeply", "bomb") from None
    except ValueError as error:
        raise Unread(f"its Keras configuration is no JSON ({str(error)[:100]})") from None
    if twice:
        report.unread("its Keras configuration names a key twice, so readers may differ", "two-readings", offset)
    places = [(offset or 0) + found.start() for found in _KEY.finditer(content)]
    read_config(config, report, places=places, revived=revived)


def read_zip_member(name: str, content: bytes, report: Report, *, keras: bool) -> bool:
    """Judge `config.json` or `metadata.json` at the top of a zip; return False where it is for another reader.

    Args:
        name: The member's name.
        content: Its bytes.
        report: The member's own report.
        keras: The names in the zip are those of a Keras file. Keras reads `config.json` of any zip before it looks for
            weights, so in other zips it is judged as well where it has the shape of a configuration.

    Raises:
        Unread: Where the member is no JSON, or too large.
    """
    if name == "config.json":
        if keras:
            read_config_text(content, report, offset=0)
            return True
        return read_possible_config(content, report)
    if name == "metadata.json" and keras:
        report.lists("contains", content[:MAX_LINE].decode("utf-8", "backslashreplace"))
        return True
    return False


def read_possible_config(content: bytes, report: Report) -> bool:
    """Judge the text of a JSON file where it has the shape of a Keras configuration, as `model.to_json()` writes it.

    Returns:
        Whether it has that shape.

    Raises:
        Unread: Where it has that shape and cannot be read.
    """
    if b"class_name" not in content and b"\\u" not in content and b"\0" not in content:
        return False
    try:
        config = json.loads(content)
    except (ValueError, RecursionError):
        return False
    if not looks_like_config(config):
        return False
    read_config_text(content, report, offset=0)
    return True


def read_config(config: object, report: Report, *, places: list[int] | None = None, revived: bool = False) -> None:
    """Judge decoded JSON: every part that Keras would make an object of.

    Args:
        config: The decoded `config.json`, `model_config`, `training_config`, or metadata of one SavedModel node.
        report: Where findings and reasons go.
        places: Where each `"class_name"` stands in the file, in order.
        revived: The file is a SavedModel, where Keras makes up a stand-in for a class that it does not know.
    """
    if not isinstance(config, dict | list):
        report.unread("its Keras configuration is no object")
        return
    parts = _parts(config)
    objects = [part for part in parts if "class_name" in part[0]]
    known = places if places is not None and len(places) == len(objects) else [None] * len(objects)
    where = {id(part[0]): place for part, place in zip(objects, known, strict=True)}
    judge = _Judge(report, revived)
    for part in parts:
        holder = part if "class_name" in part[0] or part[1] is None else part[1]
        judge.part(part, where.get(id(holder[0])))


def _parts(config: object) -> list[Part]:
    """Return every object of the configuration, in the order in which their `class_name` stands in the text."""
    found: list[Part] = []
    todo: list[tuple[Part, bool]] = [((config, None, None), False)]
    count = 0
    while todo:
        part, reached = todo.pop()
        value = part[0]
        if reached:
            found.append(part)
            continue
        below: list[tuple[Part, bool]] = []
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            if key == "class_name":
                below.append((part, True))
            if isinstance(child, dict | list):
                below.append(((child, part, key), False))
        if isinstance(value, dict) and "class_name" not in value:
            found.append(part)
        count += len(below) + 1
        if count > MAX_PARTS:
            raise Unread(f"its Keras configuration has more than {MAX_PARTS} parts", "bomb")
        todo.extend(reversed(below))
    return found


def path_of(part: Part) -> str:
    """Return where a part stands: `config.layers[3].config`."""
    keys: list[str] = []
    step: Part | None = part
    while step is not None and step[1] is not None:
        keys.append(f"[{step[2]}]" if isinstance(step[2], int) else f".{str(step[2])[:60]}")
        step = step[1]
    text = "".join(reversed(keys)).lstrip(".")
    return text if len(text) <= MAX_PATH else f"…{text[-MAX_PATH:]}"


class _Judge:
    """One configuration: what it names, against the table."""

    def __init__(self, report: Report, revived: bool) -> None:
        self.report = report
        self.revived = revived
        self.names = names()

    def part(self, part: Part, place: int | None) -> None:
        """Judge one object of the JSON."""
        value = part[0]
        if any(value.get(key) == "lambda" for key in _LAMBDA_TYPES) and self._owner(part) not in CODE:
            self._find("call", "keras.layers.Lambda", CODE["Lambda"], part, place)
        for key in _FILES:
            if isinstance(value.get(key), str) and value[key] and self._within_layer(part):
                note = f"it reads the file {value[key][:200]!r} while it is loaded"
                self._find("reference", f"{self._owner(part)}.{key}", note, part, place)
        if "class_name" not in value:
            return
        name, module, registered = (value.get(key) for key in ("class_name", "module", "registered_name"))
        if not isinstance(name, str) or not isinstance(module, str | None) or not isinstance(registered, str | None):
            self.report.unread(f"its Keras configuration names a class in an unknown way (at {path_of(part)})")
        elif name == "function":
            self._function(value.get("config"), module, registered, part, place)
        elif name == "__typespec__":
            self._type(value, part, place)
        elif name not in _PLAIN:
            self._class(name, module, registered, part, place)

    def _find(self, kind: str, name: str, note: str, part: Part, place: int | None) -> None:
        at = path_of(part)
        self.report.find(kind, name, f"{note} (at {at})" if at else note, place)

    def _within_layer(self, part: Part) -> bool:
        """Say whether a part is what an object is made of."""
        return (part[1] is not None and part[2] == "config") or "class_name" in part[0]

    def _owner(self, part: Part) -> str:
        holder = part[1][0] if part[1] is not None else None
        owner = holder.get("class_name") if isinstance(holder, dict) else part[0].get("class_name")
        return owner[:80] if isinstance(owner, str) else "keras"

    def _class(self, name: str, module: str | None, registered: str | None, part: Part, place: int | None) -> None:
        """Judge a class by registered name, module and name."""
        full = f"{module}.{name}" if module else name
        self.report.lists("contains", full, place)
        last = name.rpartition(">")[2].rpartition(".")[2]
        if last in CODE:
            self._find("call", full if module else f"keras.layers.{last}", CODE[last], part, place)
        elif name in ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty"):
            self._operator(name, part, place)
        elif registered not in (None, "", name, f"keras>{name}") and registered not in self.names.registered:
            self._find("reference", registered, "a class from outside Keras is built", part, place)
        elif module is None:
            if not self.revived and name not in self.names.bare | self.names.registered:
                self._find("reference", full, "a class that is not one of Keras' own is built", part, place)
        elif name not in self.names.classes.get(module, ()):
            self._find("reference", full, "a class that is not one of Keras' own is built", part, place)

    def _function(
        self, name: object, module: str | None, registered: str | None, part: Part, place: int | None
    ) -> None:
        """Judge a function by module and name."""
        if not isinstance(name, str):
            self.report.unread(f"its Keras configuration names a function in an unknown way (at {path_of(part)})")
            return
        full = f"{module}.{name}" if module else name
        self.report.lists("contains", full, place)
        if registered not in (None, "", "function", name):
            self._find("reference", registered, "a function from outside Keras is taken", part, place)
        elif module in (None, "builtins"):
            if name not in self.names.bare_functions:
                self._find("reference", full, "a function that is not one of Keras' own is taken", part, place)
        elif name not in self.names.functions.get(module, ()):
            self._find("reference", full, "a function that is not one of Keras' own is taken", part, place)

    def _type(self, value: dict[str, Any], part: Part, place: int | None) -> None:
        """Judge a TensorFlow type description."""
        name, module = str(value.get("spec_name")), str(value.get("module"))
        if module not in _SPECS.get(name, ()) or value.get("registered_name") not in (None, "", name):
            self._find("reference", f"{module}.{name}", "a class from outside Keras is built", part, place)

    def _operator(self, layer: str, part: Part, place: int | None) -> None:
        """Judge the layers by which Keras 2 calls a function or a member of TensorFlow by its name."""
        config = part[0].get("config")
        config = config if isinstance(config, dict) else {}
        if layer in ("TFOpLambda", "SlicingOpLambda"):
            name, good = config.get("function"), self.names.tensorflow
            known = isinstance(name, str) and name.removeprefix("compat.v1.") in good
        elif layer == "ClassMethod":
            name = f"{config.get('cls_symbol')}.{config.get('method_name')}"
            known = name in self.names.builders
        else:
            name = config.get("attr_name" if layer == "InstanceProperty" else "method_name")
            known = name in self.names.members
        if not known:
            note = f"the layer {layer} calls a TensorFlow function that is not known to compute only"
            self._find("call", f"tensorflow.{name}"[:200], note, part, place)
