"""The exact-name allowlist: which imports of a model file are trusted, and with what power. Standard library only.

Made by `scripts/allowlist.py` from the groups in `allowlist.*.yaml`, where each has its library, versions and reason.
An entry is one module and one name, never a prefix; a dotted name is never trusted. A method that is fetched from its
class by `getattr` is trusted only as a pair that stands on the list. What a user trusts besides counts only inside
`extended`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

POWERS = {
    "constructor": "makes an object of a known class; its own library restores the state",
    "restored": "makes an object of a known class without arguments; its own library restores the state",
    "rebuild": "a library's own helper that restores one of its objects",
    "data": "a type of numbers or storage",
    "function": "a numeric function that may be kept as a value, not called while loading",
    "caller": "may call what it is given, which must itself be trusted",
    "loader": "unpickles bytes, which must be known and readable",
}
_FILE = Path(__file__).with_name("allowlist.json")

Pair = tuple[str, str]
"""Module and name, as an import in a file gives them."""


class Extension:
    """Names that the user trusts for one reading, and what the reading asked."""

    def __init__(self, names: dict[Pair, str]) -> None:
        self.names = names
        self.used: set[Pair] = set()
        """Those that made a difference."""
        self.refused: dict[Pair, None] = {}
        """Pairs that were asked for and are not trusted, or as a value only; in the order of the questions."""


_extension: ContextVar[Extension | None] = ContextVar("extension", default=None)
MAX_REFUSED = 20_000


@contextmanager
def extended(names: Iterable[tuple[str, str, str]] = ()) -> Iterator[Extension]:
    """Trust these (module, name, power) too, inside this context; what was asked stands in the extension.

    The list's own answer is kept wherever it has one, unless it trusts a name as a value only.
    """
    extension = Extension({(module, name): power for module, name, power in names if "." not in name})
    token = _extension.set(extension)
    try:
        yield extension
    finally:
        _extension.reset(token)


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_FILE.read_bytes())
    return data


@cache
def _module(module: str) -> dict[str, str]:
    powers: dict[str, str] = _data()["names"].get(module, {})
    return {name: power for power, names in powers.items() for name in names.split()}


def trusted(module: str, name: str) -> str | None:
    """Return the power of exactly this name, a key of `POWERS`, or None where it is not trusted."""
    power = None if "." in name or module not in _data()["names"] else _module(module).get(name)
    extension = _extension.get()
    if extension is None or power not in (None, "function"):
        return power
    given = extension.names.get((module, name))
    if given is not None:
        extension.used.add((module, name))
        return given
    if len(extension.refused) < MAX_REFUSED:
        extension.refused[(module, name)] = None
    return power


@cache
def _attributes() -> dict[str, dict[str, str]]:
    return {
        owner: {name: power for power, names in powers.items() for name in names.split()}
        for owner, powers in _data()["attributes"].items()
    }


def attribute(owner: str, name: str) -> str | None:
    """Return the power of what `getattr` fetches from a class (`module.Class`); None where it is not trusted."""
    return _attributes().get(owner, {}).get(name)


def has_attributes(owner: str) -> bool:
    """Say whether any attribute of this class is trusted."""
    return owner in _attributes()


@cache
def packages() -> frozenset[str]:
    """Return the top-level packages of which the list trusts anything."""
    return frozenset(module.split(".")[0] for module in _data()["names"])


def is_known_package(root: str) -> bool:
    """Say whether the list, or the user, trusts anything of this package."""
    extension = _extension.get()
    return root in packages() or (extension is not None and any(m.split(".")[0] == root for m, _ in extension.names))


def version() -> str:
    """Return the version of the list and the library versions it was read from."""
    data = _data()
    return str(data["version"]) + " (" + ", ".join(f"{k} {v}" for k, v in sorted(data["introspected"].items())) + ")"


def entries(*powers: str) -> Iterator[str]:
    """Yield `module.name` of every entry with one of these powers (all by default), sorted."""
    for module in sorted(_data()["names"]):
        for name, power in sorted(_module(module).items()):
            if not powers or power in powers:
                yield f"{module}.{name}"
