"""Built-ins that act by what they are given (`getattr`, `type`): trusted only where every use is a call that is known.

`getattr(C, "m")` is how protocols below 4, and some libraries in all, write a method of a class. Trusted are exactly
the pairs of class and attribute on the allowlist, and `type` of Python's three singletons. Such a name may do nothing
else: each time it comes onto the stack is counted, and at the end all these must have been spent on calls of that kind.
Else it is a reference like any other that is not trusted.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from assay.targets.allowlist import attribute, has_attributes
from assay_detectors.artifact.machine import Machine
from assay_detectors.artifact.report import Finding
from assay_detectors.artifact.values import NONE, OPAQUE, Global, Marker

_BUILT_IN = frozenset({"builtins.getattr", "builtins.type"})
_SINGLETONS = frozenset({"builtins.Ellipsis", "builtins.NotImplemented"})
MAX_WATCHED = 300_000
"""Entries of a memo that is made countable."""


class Guarded(Global):
    """An import that is trusted for some calls only."""

    __slots__ = ("machine", "offset", "opcode", "pushed", "used")

    def __init__(self, name: str, m: Machine, opcode: str) -> None:
        super().__init__(name, "caller", None)
        self.machine = m
        self.offset = m.offset
        self.opcode = opcode
        self.pushed = 1
        """How often it came onto the stack."""
        self.used = 0
        """How often it was taken from there by a call that is known."""


class Watched(dict[int, Any]):
    """A memo that counts how often something guarded is fetched."""

    def __getitem__(self, index: int) -> Any:
        value = super().__getitem__(index)
        if type(value) is Guarded:
            value.pushed += 1
        return value


def guard(m: Machine, name: str, opcode: str) -> Guarded | None:
    """Return the import to be watched from here on; None where it cannot be, or need not."""
    if name not in _BUILT_IN and not has_attributes(name):
        return None
    if m.speculative or m.saved or len(m.memo) > MAX_WATCHED:
        return None
    if type(m.memo) is not Watched:
        m.memo = Watched(enumerate(m.memo) if isinstance(m.memo, list) else m.memo)
    found = Guarded(name, m, opcode)
    m.imported.append(found)
    return found


def known_result(m: Machine, function: Guarded, arguments: Any) -> Any:
    """Return what a call that is known gives; None for every other call."""
    if function.machine is not m or not isinstance(arguments, tuple):
        return None
    if function.name == "builtins.type" and len(arguments) == 1:
        value = arguments[0]
        if value is NONE or (isinstance(value, Global) and value.name in _SINGLETONS):
            function.used += 1
            return OPAQUE
    if function.name == "builtins.getattr" and len(arguments) == 2:
        owner, name = arguments
        if isinstance(owner, Global) and owner.finding is None and isinstance(name, str):
            return _attribute(m, function, owner, name)
    return None


def _attribute(m: Machine, function: Guarded, owner: Global, name: str) -> Global | None:
    power = attribute(owner.name, name)
    if power is None or (type(owner) is Guarded and owner.machine is not m):
        return None
    function.used += 1
    if type(owner) is Guarded:
        owner.used += 1
    return Global(f"{owner.name}.{name}", power, None)


def unproven(found: Guarded) -> Finding | None:
    """Report what was guarded and kept, or used in a way that is not known."""
    if found.finding is None and found.pushed != found.used:
        note = f"holds a reference to {found.name}"
        found.finding = found.machine.report.find("reference", found.name, note, found.offset, found.opcode)
    return found.finding


SCRIPT = Marker("compiled object")
"""An object of one of torch's own classes in C++; its state says of which."""


@cache
def _compiled_classes() -> frozenset[str]:
    """Return torch's own classes of packed weights, as `torch_ops.json` lists them."""
    listed = json.loads(Path(__file__).with_name("torch_ops.json").read_text("utf-8"))["classes"]
    return frozenset(f"__torch__.torch.classes.{name}" for name in listed)


def script_state(m: Machine, state: Any) -> None:
    """Report a compiled object whose class is none of torch's classes of packed weights."""
    name = state[1] if isinstance(state, tuple) and len(state) == 2 else None
    if not isinstance(name, str) or name not in _compiled_classes():
        named = name if isinstance(name, str) else "a class that is not known"
        m.report.find("call", "torch.ScriptObject", f"makes an object of {named}", m.offset, "BUILD")


def op_dup(m: Machine, at: int) -> int:
    """DUP: the top once more."""
    top = m.top()
    if type(top) is Guarded:
        top.pushed += 1
    m.stack.append(top)
    return at
