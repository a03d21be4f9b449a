"""skops files: every node of `schema.json` by the rule of its loader, as skops 0.16 and older protocols read it.

skops makes objects from names in the schema, calls the types of dictionary keys, calls what a `__reduce__` names, takes
methods off objects. Names are judged by the same allowlist as pickles; a list of what to trust inside the file is no
permission. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from typing import Any

from assay.targets.allowlist import trusted
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread
from assay_detectors.artifact.strict_json import once

MAX_SCHEMA = 64 << 20
MAX_NODES = 5_000_000
PROTOCOL = 2
"""The newest protocol that skops writes."""

Node = dict[str, Any]

_MAKES = frozenset({"constructor", "data"})
_HOLDS = _MAKES | {"function"}
_CONTAINERS = frozenset({("builtins", "NoneType"), ("types", "NoneType"), ("json", "dumps")})
_PRIMITIVES = frozenset(
    {f"builtins.{name}" for name in ("int", "float", "str", "bool", "bytes", "complex", "tuple", "NoneType")}
)
_GENERATORS = frozenset({"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"})


def read_schema(raw: bytes, report: Report, members: Collection[str] | None = None) -> None:
    """Check `schema.json`.

    Args:
        raw: its bytes.
        report: where findings go.
        members: the names of everything in the zip; None where they are not known.

    Raises:
        Unread: it is no skops schema, or gives a key twice.
    """
    try:
        schema = json.loads(raw, object_pairs_hook=once("its schema.json"))
    except (ValueError, RecursionError):
        raise Unread("its schema.json cannot be read") from None
    if not isinstance(schema, dict) or "__loader__" not in schema:
        raise Unread("its schema.json is no skops schema")
    _judge_protocol(schema.get("protocol"), report)
    if "trusted" in schema:
        report.anomaly("hidden", "its schema.json carries a list of what to trust, which skops does not ask for")
    ids: set[Any] = set()
    cached: set[Any] = set()
    files: set[str] = set()
    for node in _nodes(schema):
        loader, identity = node.get("__loader__"), node.get("__id__")
        if isinstance(identity, int | str):
            (cached if loader == "CachedNode" else ids).add(identity)
        _judge(node, report)
        if "file" in node:
            files.add(node["file"] if isinstance(node["file"], str) else "")
    if cached - ids:
        report.unread("a node of its schema.json refers to an object that is not there", "damaged")
    if members is not None:
        _judge_files(files, members, report)


def _judge_protocol(protocol: Any, report: Report) -> None:
    if protocol is None:
        return  # skops refuses such a file; every protocol is judged alike
    if type(protocol) is not int or protocol < 0:
        report.unread("its schema.json gives a protocol that is no number", "damaged")
    elif protocol > PROTOCOL:
        report.unread(f"its schema.json has protocol {protocol}, which is newer than what is read")


def _nodes(schema: Any) -> Iterable[Node]:
    """Yield every dictionary that looks like a node, wherever it stands."""
    pending: list[Any] = [schema]
    left = MAX_NODES
    while pending:
        value = pending.pop()
        left -= 1
        if left < 0:
            raise Unread(f"its schema.json holds more than {MAX_NODES} values", "bomb")
        if isinstance(value, list):
            pending.extend(item for item in value if isinstance(item, dict | list))
        else:
            pending.extend(item for item in value.values() if isinstance(item, dict | list))
            if "__loader__" in value or "__class__" in value or "__module__" in value:
                yield value


def _judge_files(files: set[str], members: Collection[str], report: Report) -> None:
    """Compare what the nodes name with what is in the zip."""
    known = set(members)
    missing = sorted(files - known)
    if missing:
        report.unread(f"its schema.json names {missing[0][:80]!r}, which is not in the file", "damaged")
    for name in sorted(known - files - {"schema.json"})[:5]:
        report.anomaly("hidden", f"it holds {name[:80]!r}, which its schema.json does not name")


# Nodes ----------------------------------------------------------------------------------------------------------------


def _judge(node: Node, report: Report) -> None:
    loader, module, name = (node.get(key) for key in ("__loader__", "__module__", "__class__"))
    if loader == "CachedNode":
        return
    if not isinstance(loader, str) or not isinstance(module, str) or not isinstance(name, str):
        report.find("reference", "<computed>", "a node of schema.json has no plain loader, module and class")
        return
    rule = _RULES.get(loader)
    if rule is None:
        shown = f"{loader} of {module}.{name}"
        report.find("reference", shown, f"its schema needs the unknown loader {loader[:80]}", None, loader[:40])
        return
    report.lists("imports", f"{module}.{name}", None, loader=loader)
    rule(node, module, name, report)


def _find(full: str, report: Report, node: Node, why: str = "names") -> None:
    report.find("reference", full, f"its schema {why} {full}", None, str(node.get("__loader__"))[:40])


def _need(powers: frozenset[str]) -> Callable[[Node, str, str, Report], None]:
    """Return the rule of a node whose class must be trusted with one of these powers."""

    def rule(node: Node, module: str, name: str, report: Report) -> None:
        if trusted(module, name) not in powers and (module, name) not in _CONTAINERS:
            _find(f"{module}.{name}", report, node)

    return rule


def _dictionary(node: Node, module: str, name: str, report: Report) -> None:
    """A dictionary: the types of its keys are called with the keys."""
    _need(_MAKES)(node, module, name, report)
    keys = node.get("key_types")
    types = keys.get("content") if isinstance(keys, dict) else None
    if not isinstance(types, list) or not all(isinstance(item, dict) for item in types):
        report.unread("a dictionary of its schema.json has no types of keys", "damaged")
        return
    for item in types:
        module, name = str(item.get("__module__")), str(item.get("__class__"))
        numeric = module.partition(".")[0] == "numpy" and trusted(module, name) in _MAKES
        if f"{module}.{name}" not in _PRIMITIVES and not numeric and item.get("__loader__") != "CachedNode":
            _find(f"{module}.{name}", report, node, "calls, with the keys of a dictionary,")


def _function(node: Node, module: str, name: str, report: Report) -> None:
    """A function kept as a value; protocol 0 names it within."""
    content = node.get("content")
    if isinstance(content, dict):
        module, name = str(content.get("module_path")), str(content.get("function"))
    _need(_HOLDS)(node, module, name, report)


def _array(node: Node, module: str, name: str, report: Report) -> None:
    """An array in a file of its own, or a list of nodes."""
    _need(_MAKES)(node, module, name, report)
    if node.get("type") not in ("numpy", "json"):
        report.unread("an array of its schema.json is of an unknown type", "damaged")


def _generator(node: Node, module: str, name: str, report: Report) -> None:
    """A generator of random numbers: the name of its bit generator is called."""
    _need(_MAKES)(node, module, name, report)
    content = node.get("content")
    state = content.get("bit_generator") if isinstance(content, dict) else None
    inner = state.get("content", state) if isinstance(state, dict) else None
    value = inner.get("bit_generator") if isinstance(inner, dict) else None
    text = value.get("content") if isinstance(value, dict) else value
    bits = text.strip('"') if isinstance(text, str) else "<computed>"
    if bits not in _GENERATORS:
        _find(f"numpy.random.{bits[:80]}", report, node, "calls")


def _method(node: Node, module: str, name: str, report: Report) -> None:
    """A method of an object, to be called later: skops never trusts one by itself."""
    content = node.get("content")
    method = content.get("func") if isinstance(content, dict) else None
    _find(f"{module}.{name}.{method}"[:200], report, node, "takes the method")


def _operator(node: Node, module: str, name: str, report: Report) -> None:
    """A function of `operator`: only reading an item has no power over what it is given."""
    if (module, name) != ("operator", "itemgetter"):
        _find(f"{module}.{name}", report, node, "makes")


def _text(node: Node, module: str, name: str, report: Report) -> None:
    """A value as JSON; module and class are not used."""
    content = node.get("content")
    if not isinstance(content, str):
        report.unread("a value of its schema.json is no text", "damaged")


def _plain(node: Node, module: str, name: str, report: Report) -> None:
    """Nothing is made from the names of such a node beyond what its loader fixes."""


_RULES: dict[str, Callable[[Node, str, str, Report], None]] = {
    "DictNode": _dictionary,
    "DefaultDictNode": _plain,
    "ListNode": _need(_MAKES),
    "SetNode": _need(_MAKES),
    "TupleNode": _need(_MAKES),
    "BytesNode": _plain,
    "BytearrayNode": _plain,
    "SliceNode": _plain,
    "FunctionNode": _function,
    "MethodNode": _method,
    "PartialNode": _need(frozenset()),
    "TypeNode": _function,
    "ConstructorFromReduceNode": _need(_MAKES),
    "ObjectNode": _need(_MAKES),
    "JsonNode": _text,
    "OperatorFuncNode": _operator,
    "NdArrayNode": _array,
    "MaskedArrayNode": _plain,
    "DTypeNode": _plain,
    "RandomStateNode": _need(_MAKES),
    "RandomGeneratorNode": _generator,
    "SparseMatrixNode": _plain,
    "LossNode": _need(_MAKES),
    "TreeNode": _plain,
    "QuantileForestNode": _need(_MAKES),
    "_DictWithDeprecatedKeysNode": _plain,
}
"""Every loader of skops, and what its node may name."""
