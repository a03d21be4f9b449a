"""The optional libraries: which versions Assay's own metadata asks for, and which are there. Imports none of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Literal

DISTRIBUTION = "model-assay"
_NOT_SHOWN = ("all", "dev")
_REQUIREMENT = re.compile(r"^\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?$")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w.-]+)['"]""")
_BOUND = re.compile(r"(>=|<=|==|!=|~=|<|>)\s*(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Library:
    """One optional library."""

    name: str
    extras: tuple[str, ...]
    """Extras that bring it."""
    wanted: str
    """Range of versions, as in the metadata: `>=1.5`."""
    installed: str | None

    @property
    def state(self) -> Literal["ok", "missing", "out of range"]:
        """Say whether the installed version will do."""
        if self.installed is None:
            return "missing"
        return "ok" if within(self.installed, self.wanted) else "out of range"


def optional_libraries(wanted: Iterable[str] | None = None) -> list[Library]:
    """Return every library of an extra, by name.

    Args:
        wanted: requirements to read; None: those of the installed Assay, none where it is not installed.
    """
    if wanted is None:
        try:
            wanted = requires(DISTRIBUTION) or ()
        except PackageNotFoundError:
            wanted = ()
    found: dict[str, tuple[set[str], str]] = {}
    for line in wanted:
        match = _REQUIREMENT.match(line)
        extra = _EXTRA.search(match[3] or "") if match else None
        if match is None or extra is None or extra[1] in _NOT_SHOWN or match[1] == DISTRIBUTION:
            continue
        extras, _ = found.setdefault(match[1], (set(), match[2].strip()))
        extras.add(extra[1])
    return [
        Library(name, tuple(sorted(extras)), span, _installed(name)) for name, (extras, span) in sorted(found.items())
    ]


def within(found: str, span: str) -> bool:
    """Say whether version `found` lies in `span` (`>=1.5,<3`); only the numbers of a release are compared."""
    have = _release(found)
    return all(_holds(have, operator, _release(bound)) for operator, bound in _BOUND.findall(span))


def _holds(have: tuple[int, ...], operator: str, bound: tuple[int, ...]) -> bool:
    length = max(len(have), len(bound))
    left, right = (part + (0,) * (length - len(part)) for part in (have, bound))
    if operator == "~=":
        return left >= right and have[: len(bound) - 1] == bound[:-1]
    return {
        ">=": left >= right, "<=": left <= right, ">": left > right, "<": left < right,
        "==": left == right, "!=": left != right,
    }[operator]  # fmt: skip


def _release(text: str) -> tuple[int, ...]:
    match = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
