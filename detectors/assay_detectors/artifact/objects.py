"""Objects that are given a state or filled: nothing of it may stand for a method by which loading itself acts.

Python looks for `append`, `extend`, `add` and `__setstate__` in the object first, where a state may have put anything.
"""

from __future__ import annotations

from typing import Any

from assay_detectors.artifact import demands, dtypes
from assay_detectors.artifact.machine import Machine
from assay_detectors.artifact.values import ADDRESSES, OPAQUE, Made, is_plain

_FILLED = frozenset({"collections.deque", "builtins.list", "builtins.set"})
"""Classes of containers that are made with arguments and filled then; their objects have no attributes."""


def restore(m: Machine, target: Any, state: Any) -> None:
    """Give an object its state; a second one may be given to what the first put in the place of a method."""
    if type(target) is Made:
        if target.built:
            m.report.find("call", target.name, f"gives {target.name} a second state", m.offset, "BUILD")
        target.built = target.touched = True
    dtypes.use(state)
    if dtypes.array_of_objects(state):
        m.report.unread("an array takes bytes for objects", "damaged", m.offset)
    reason = demands.state_excess(m, state)
    if reason is not None:
        m.report.unread(f"it {reason}", "bomb", m.offset)


def added(m: Machine, target: Any) -> None:
    """Add items to an object: its own method does that, unless a state has put something in the method's place."""
    if target is OPAQUE:
        m.report.unread("something is added to an object of which nothing is known", "damaged", m.offset)
    elif type(target) is Made and target.touched and target.name not in _FILLED:
        note = f"adds to {target.name} after its state, which may replace the method by which loading acts"
        m.report.find("call", target.name, note, m.offset, "APPEND")


def keyed(m: Machine, key: str, value: Any) -> None:
    """Report an attribute or entry that stands for a method which Python or a library would call."""
    if key in ADDRESSES or not is_plain(value):
        m.report.find("call", key, f"replaces {key}, a method by which loading acts", m.offset, "SETITEM")
