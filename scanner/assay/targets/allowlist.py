"""The exact-name allowlist: which imports of a model file are trusted, and with what power. Standard library only.

Made by `scripts/allowlist.py`. An entry is one module and one name, never a prefix; a dotted name is never trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

POWERS = {
    "constructor": "makes an object of a known class; its own library restores the state",
    "rebuild": "a library's own helper that restores one of its objects",
    "data": "a type of numbers or storage",
    "function": "a numeric function that may be kept as a value, not called while loading",
    "caller": "may call what it is given, which must itself be trusted",
    "loader": "unpickles bytes, which must be known and readable",
}
_FILE = Path(__file__).with_name("allowlist.json")


@cache
def _names() -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = json.loads(_FILE.read_bytes())["names"]
    return names


def trusted(module: str, name: str) -> str | None:
    """Return the power of exactly this name, a key of `POWERS`, or None where it is not trusted."""
    if "." in name:
        return None
    return _names().get(module, {}).get(name)


@cache
def _packages() -> frozenset[str]:
    return frozenset(module.split(".")[0] for module in _names())


def is_known_package(root: str) -> bool:
    """Say whether the list trusts anything of this package."""
    return root in _packages()


def version() -> str:
    """Return the version of the list and the library versions it was read from."""
    data: dict[str, Any] = json.loads(_FILE.read_bytes())
    return str(data["version"]) + " (" + ", ".join(f"{k} {v}" for k, v in sorted(data["introspected"].items())) + ")"


def entries(*powers: str) -> Iterator[str]:
    """Yield `module.name` of every entry with one of these powers (all by default), sorted."""
    for module, names in sorted(_names().items()):
        for name, power in sorted(names.items()):
            if not powers or power in powers:
                yield f"{module}.{name}"
