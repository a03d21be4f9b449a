"""TensorFlow graphs: which operators they hold, in functions as well, and where the names of files come from.

An operator that computes is trusted by its exact name (`tf_ops.json`). One that reads or writes files is trusted only
where the loader itself needs it: the saver's operators on the file name that the saver is given, and the reading of an
asset. So for each of them the input that names the file is followed back, through the calls of functions, to its
source. Field numbers: graph.proto, node_def.proto, function.proto, attr_value.proto. Standard library only.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from assay_detectors.artifact.onnx_wire import fields
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread

MAX_NODES = 500_000
MAX_STEPS = 200_000
"""Steps back from all file names together."""

POWERS = {
    "file": "reads or writes files",
    "hidden": "runs a graph or program that lies within data",
    "library": "calls into another library",
    "network": "talks to other machines or processes",
    "process": "ends or stops the process",
    "python": "calls a Python function",
}
CHECKPOINT = {
    "MergeV2Checkpoints": (0, 1),
    "Restore": (0,),
    "RestoreSlice": (0,),
    "RestoreV2": (0,),
    "Save": (0,),
    "SaveSlices": (0,),
    "SaveV2": (0,),
}
"""Operators of the saver, and which of their inputs name files."""
ASSET_READERS = {"InitializeTableFromTextFile": (1,), "InitializeTableFromTextFileV2": (1,), "ReadFile": (0,)}
"""Operators that honest models use to read an asset, and which of their inputs name it."""

ATTRIBUTES = {
    "DecodeProtoV2": ("descriptor_source", (b"", b"local://"), b"bytes://"),
    "EncodeProto": ("descriptor_source", (b"", b"local://"), b"bytes://"),
    "FixedUnigramCandidateSampler": ("vocab_file", (b"",), None),
    "PrintV2": ("output_stream", (b"", b"stderr", b"stdout", b"log(info)", b"log(warning)", b"log(error)"), None),
}
"""Operators with an attribute that could name a file: the attribute, the values it may have, how others may begin."""
_FIRST = frozenset(
    ["ExpandDims", "Identity", "PlaceholderWithDefault", "ReadVariableOp", "Reshape", "Squeeze", "StopGradient"]
)
_ALL = frozenset(["Pack"])
_NAME_PARTS = frozenset(["ShardedFilename", "ShardedFilespec", "StringJoin"])
_SKIPPED = {"Case": 1, "If": 1, "StatelessCase": 1, "StatelessIf": 1}
_CALLS = frozenset(["PartitionedCall", "StatefulPartitionedCall", "StatelessWhile", "While", *_SKIPPED])
"""Operators whose inputs become the arguments of the functions that they name."""


class Node(NamedTuple):
    """One node of a graph or function."""

    name: str
    op: str
    inputs: list[str]
    attributes: list[tuple[str, int, int]]
    at: int


class Scope:
    """The graph itself (name ""), or one function."""

    def __init__(self, name: str, at: int) -> None:
        self.name = name
        self.at = at
        self.arguments: dict[str, int] = {}
        self.all: list[Node] = []
        self.nodes: dict[str, Node] = {}
        self.twice = False
        """A name stands for two nodes, so nothing can be followed through it."""

    def add(self, node: Node) -> None:
        """Enter a node."""
        self.twice |= node.name in self.nodes or node.name in self.arguments
        self.nodes[node.name] = node
        self.all.append(node)


@cache
def operators() -> tuple[frozenset[str], dict[str, str], frozenset[str]]:
    """Return the trusted operators, what each known one that is refused would do, and those of tensorflow-text."""
    data = json.loads(Path(__file__).with_name("tf_ops.json").read_text("utf-8"))
    of_text = frozenset(" ".join(data["text"]).split())
    trusted = of_text.union(" ".join(data["trusted"]).split())
    refused = {name: power for power, lines in data["refused"].items() for name in " ".join(lines).split()}
    return trusted, refused, of_text


def text(data: Any, start: int, stop: int, limit: int = 1000) -> str:
    """Return a string field."""
    return bytes(data[start : min(stop, start + limit)]).decode("utf-8", "replace")


class Graph:
    """One GraphDef with its functions, and what the loader knows about it."""

    def __init__(self, data: Any, report: Report) -> None:
        self.data = data
        self.report = report
        self.top = Scope("", 0)
        self.scopes = [self.top]
        self.functions: dict[str, Scope] = {}
        self.assets: set[str] = set()
        """Nodes that stand for the path of an asset."""
        self.savers: set[str] = set()
        """Nodes that the saver gives the name of the checkpoint."""
        self.callers: dict[str, list[tuple[Scope, Node]]] = {}
        self.assigned: dict[str, list[str]] = {}
        """Variables of the graph itself, and what is assigned to them."""
        self.steps = MAX_STEPS
        self._count = 0

    def read(self, start: int, stop: int) -> None:
        """Take in one GraphDef."""
        for field, low, high in fields(self.data, start, stop):
            if field == 1:
                self.node(low, high, self.top)
            elif field == 2:
                for inner, at, end in fields(self.data, low, high):
                    if inner == 1:
                        self._function(at, end)

    def _function(self, start: int, stop: int) -> None:
        scope = Scope("", start)
        parts = fields(self.data, start, stop)
        for field, low, high in parts:
            if field == 1:
                self._signature(low, high, scope)
        for field, low, high in parts:
            if field == 3:
                self.node(low, high, scope)
        if not scope.name:
            self.report.unread("a function has no name", "damaged", start)
        if scope.name in self.functions:
            scope.twice = self.functions[scope.name].twice = True
            self.report.unread(f"the function {scope.name[:100]} is there twice", "two-readings", start)
        self.functions[scope.name] = scope
        self.scopes.append(scope)
        self.report.lists("contains", f"function {scope.name}", start)

    def _signature(self, start: int, stop: int, scope: Scope) -> None:
        for field, low, high in fields(self.data, start, stop):
            if field == 1:
                scope.name = text(self.data, low, high)
            elif field == 2:
                for inner, at, end in fields(self.data, low, high):
                    if inner == 1:
                        scope.arguments[text(self.data, at, end)] = len(scope.arguments)

    def node(self, start: int, stop: int, scope: Scope) -> None:
        """Take in one NodeDef."""
        self._count += 1
        if self._count > MAX_NODES:
            raise Unread(f"it has more than {MAX_NODES} nodes", "bomb")
        name = op = ""
        inputs: list[str] = []
        attributes: list[tuple[str, int, int]] = []
        for field, low, high in fields(self.data, start, stop):
            if field == 1:
                name = text(self.data, low, high)
            elif field == 2:
                if op:
                    self.report.unread("a node names two operators", "two-readings", start)
                op = text(self.data, low, high)
            elif field == 3:
                inputs.append(text(self.data, low, high))
            elif field == 5:
                attributes.append(self._attribute(low, high))
        node = Node(name, op, inputs, attributes, start)
        scope.add(node)
        for _, low, high in attributes:
            for function in self._named_functions(low, high):
                self.callers.setdefault(function, []).append((scope, node))
        self.callers.setdefault(op, []).append((scope, node))
        if op == "AssignVariableOp" and not scope.name and len(inputs) > 1:
            self.assigned.setdefault(inputs[0].split(":", 1)[0], []).append(inputs[1])

    def _attribute(self, start: int, stop: int) -> tuple[str, int, int]:
        key, low, high = "", start, start
        for field, at, end in fields(self.data, start, stop):
            if field == 1:
                key = text(self.data, at, end)
            elif field == 2:
                low, high = at, end
        return key, low, high

    def _named_functions(self, start: int, stop: int) -> list[str]:
        """Return the functions that an attribute's value names, alone or in a list."""
        piece = self.data[start : min(stop, start + 4096)]
        if 0x52 not in piece and 0x4A not in piece and stop - start <= 4096:
            return []
        names = []
        for field, low, high in fields(self.data, start, stop):
            if field == 10:
                names += [text(self.data, at, end) for inner, at, end in fields(self.data, low, high) if inner == 1]
            elif field == 1:
                for inner, at, end in fields(self.data, low, high):
                    if inner == 9:
                        names += [text(self.data, a, b) for f, a, b in fields(self.data, at, end) if f == 1]
        return names

    def judge(self) -> None:
        """Report every operator that is not trusted where it stands."""
        trusted, refused, _ = operators()
        for scope in self.scopes:
            for node in scope.all:
                if node.op in refused:
                    self._refused(scope, node, refused[node.op])
                elif node.op in ATTRIBUTES or node.op == "XlaCallModule":
                    self._attributes(scope, node)
                elif node.op not in trusted and node.op not in self.functions:
                    note = "an operator that TensorFlow itself does not have, or that is not trusted"
                    self._find("reference", scope, node, note)
        for name in self.callers.keys() & refused.keys() - self.functions.keys():
            for _, node in self.callers[name]:
                if node.op != name:
                    self.report.find("reference", name, f"named as a function by {node.op}", node.at, node.op)

    def _find(self, kind: str, scope: Scope, node: Node, note: str) -> None:
        where = f"in function {scope.name}" if scope.name else "in the graph"
        self.report.find(kind, node.op or "(no operator)", f"{note}; node {node.name[:100]} {where}", node.at, "node")

    def _refused(self, scope: Scope, node: Node, power: str) -> None:
        for table, source in ((CHECKPOINT, "saver"), (ASSET_READERS, "asset")):
            if node.op in table:
                inputs = [name for name in node.inputs if not name.startswith("^")]
                reason = next((r for i in table[node.op] if (r := self._strange(scope, inputs, i, source))), None)
                if reason is not None:
                    self._find("call", scope, node, f"{POWERS[power]}: {reason}")
                else:
                    self.report.lists("calls", f"{node.op} (on the {source}'s file)", node.at)
                return
        self._find("call", scope, node, POWERS[power])

    def _attributes(self, scope: Scope, node: Node) -> None:
        values = {key: self._bytes(low, high) for key, low, high in node.attributes}
        if node.op == "XlaCallModule":
            if any(b"custom_call" in bytes(self.data[low:high]) for _, low, high in node.attributes):
                self.report.unread("its compiled program (StableHLO) calls custom functions", None, node.at)
            return
        attribute, allowed, start = ATTRIBUTES[node.op]
        value = values.get(attribute, b"")
        if value not in allowed and not (start is not None and value.startswith(start)):
            shown = value[:100].decode("utf-8", "replace")
            self._find("call", scope, node, f"reads or writes files: its {attribute} is {shown}")

    def _bytes(self, start: int, stop: int) -> bytes:
        """Return the string that an attribute's value is, empty where it is none."""
        return next((bytes(self.data[low:high]) for f, low, high in fields(self.data, start, stop) if f == 2), b"")

    def _pay(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise Unread("where its file names come from is too long to follow", "bomb")

    def _strange(self, scope: Scope, inputs: list[str], index: int, source: str) -> str | None:
        """Return why the file that an input names is not the loader's own, None where it is."""
        if index >= len(inputs):
            return "no input names the file"
        pending = [(scope, inputs[index], False)]
        seen: set[tuple[int, str, bool]] = set()
        while pending:
            here, name, suffix = pending.pop()
            name = name.split(":", 1)[0]
            if (id(here), name, suffix) in seen:
                continue
            seen.add((id(here), name, suffix))
            self._pay(1)
            if here.twice:
                return "two nodes have one name"
            following = self._behind(here, name, suffix, source)
            if isinstance(following, str):
                return following
            pending += following
        return None

    def _behind(self, here: Scope, name: str, suffix: bool, source: str) -> list[tuple[Scope, str, bool]] | str:
        """Return what the named tensor is made of, or why that is no name of the loader's own."""
        if not here.name and not suffix and name in (self.savers if source == "saver" else self.assets):
            return self._default(name)
        if here.name and name in here.arguments:
            return self._arguments(here, here.arguments[name], suffix)
        node = here.nodes.get(name)
        if node is None:
            return f"the name comes from {name[:100]}, which is not there"
        self._pay(len(node.inputs))
        inputs = [given for given in node.inputs if not given.startswith("^")]
        if node.op == "Const":
            return self._constant(node, suffix, source)
        if node.op == "VarHandleOp":
            given = [] if here.name else self.assigned.get(name, [])
            return [(here, value, suffix) for value in given] or "the name comes from a variable"
        if node.op in _FIRST and inputs:
            return [(here, inputs[0], suffix)]
        if node.op in _ALL or (node.op in ("Select", "SelectV2") and len(inputs) == 3):
            return [(here, given, suffix) for given in (inputs if node.op in _ALL else inputs[1:])]
        if node.op == "StringJoin" and inputs:
            return [(here, inputs[0], suffix)] + [(here, given, True) for given in inputs[1:]]
        if node.op in _NAME_PARTS and inputs:
            return [(here, inputs[0], suffix)]
        return f"the name comes from {node.op}"

    def _arguments(self, here: Scope, index: int, suffix: bool) -> list[tuple[Scope, str, bool]] | str:
        following = []
        for scope, node in self.callers.get(here.name, []):
            self._pay(len(node.inputs))
            inputs = [given for given in node.inputs if not given.startswith("^")]
            at = index + _SKIPPED.get(node.op, 0)
            if (node.op not in _CALLS and node.op != here.name) or at >= len(inputs):
                return f"the name is given by {node.op}"
            following.append((scope, inputs[at], suffix))
        return following or "the name is given by whoever calls the function"

    def _default(self, name: str) -> list[tuple[Scope, str, bool]] | str:
        """Look at the name that the saver uses where nobody gives it one."""
        node = self.top.nodes.get(name)
        while node is not None and node.op in ("PlaceholderWithDefault", "Identity") and node.inputs:
            following = self.top.nodes.get(node.inputs[0].split(":", 1)[0])
            self._pay(1)
            node = following
        if node is None or node.op == "Placeholder" or name in self.assets:
            return []
        if node.op != "Const":
            return f"the saver's own name comes from {node.op}"
        return self._constant(node, True, "saver")

    def _constant(self, node: Node, suffix: bool, source: str) -> list[tuple[Scope, str, bool]] | str:
        """Accept a constant part of a name, and the default name of a saver; no other constant."""
        strings = [value for key, low, high in node.attributes if key == "value" for value in self._strings(low, high)]
        for value in strings:
            shown = value[:100].decode("utf-8", "replace")
            if outside(shown) or (not suffix and (source != "saver" or value not in (b"", b"model"))):
                return f"the file {shown}"
        return [] if strings else "the name is an empty constant"

    def _strings(self, start: int, stop: int) -> list[bytes]:
        """Return the strings of a constant tensor (TensorProto.string_val)."""
        return [
            bytes(self.data[a:b])
            for field, low, high in fields(self.data, start, stop)
            if field == 8
            for inner, a, b in fields(self.data, low, high)
            if inner == 8
        ]

    def reaches_saver(self, roots: list[str]) -> Node | None:
        """Return a node of the saver that the named tensors or nodes depend on, None where there is none."""
        holding = self._holding()
        pending = [root.removeprefix("^").split(":", 1)[0] for root in roots]
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            node = self.top.nodes.get(name)
            if name in seen or node is None:
                continue
            seen.add(name)
            if node.op in CHECKPOINT or id(node) in holding:
                return node
            pending += [given.removeprefix("^").split(":", 1)[0] for given in node.inputs]
        return None

    def _holding(self) -> set[int]:
        """Return the nodes (by `id`) that call a function which holds an operator of the saver, directly or not."""
        pending = [name for name, scope in self.functions.items() if any(node.op in CHECKPOINT for node in scope.all)]
        seen: set[str] = set()
        holding: set[int] = set()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            for scope, node in self.callers.get(name, []):
                holding.add(id(node))
                if scope.name:
                    pending.append(scope.name)
        return holding


def outside(path: str) -> bool:
    """Say whether a path leads out of the folder that it should lie in."""
    parts = path.replace("\\", "/").split("/")
    return path.startswith(("/", "\\")) or ".." in parts or path[1:2] == ":" or "://" in path or "\0" in path
