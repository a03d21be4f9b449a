"""One way to recognise one kind of value: a pattern, its checks, and what it is worth with and without context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FORMAT = 0.3
"""The format alone: not reported under the default threshold."""
CHECKED = 0.55
"""A telling format, or a format with a checksum."""
STRONG = 0.75
"""A format that hardly anything else has: an issuer range with checksum, a token prefix."""
NAMED = 0.85
"""Format (and checksum) behind a key name or a context word."""
CERTAIN = 0.95


@dataclass(frozen=True)
class Rule:
    r"""A pattern of one entity; `\K` in the pattern sets where the value begins (syntax of the module `regex`)."""

    entity: str
    pattern: str
    alone: float
    """Confidence without context."""
    near: float
    """Confidence with one of the context words."""
    context: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None
    """Further test of the value; a value that does not hold is none."""
    base: str | None = None
    """Class of Presidio whose checksum the value must pass (`NhsRecognizer`)."""
    unless: tuple[str, ...] = ()
    """Words that, naming the value, say that it is something else."""
    cut: Callable[[str], int] | None = None
    """How many characters of the match are the value, from its first; 0: none."""
    after: bool = False
    """Whether context words may also follow the value."""


def named(names: str, value: str, start: str = r"(?<![A-Za-z0-9])") -> str:
    r"""Return a pattern for `value` behind a key: `"names": "value"`, `names=value`, `names => value`.

    `names` is an alternation without anchors; a prefix such as `db_` or `user.` may stand before it unless `start`
    forbids it.
    """
    key = rf"{start}(?i:{names})"
    return rf"{key}(?:\\{{0,3}}[\"'])?\]?\s{{0,3}}(?:=>|[:=])\s{{0,3}}(?:\\{{0,3}}[\"'])?\K{value}"


def named_after(names: str, value: str) -> str:
    r"""Return a pattern for `value` as data libraries report it: `'value' (column 'names'`."""
    said = r"\\?[\"'] \((?:column|field|feature|key) \\?[\"'](?:[\w.\-]{0,40}[_.\-])?"
    return rf"(?<=[\"']){value}(?={said}(?i:{names}))"


def key_rules(
    entity: str,
    names: str,
    value: str,
    check: Callable[[str], bool] | None = None,
    confidence: float = NAMED,
    start: str = r"(?<![A-Za-z0-9])",
) -> tuple[Rule, ...]:
    """Return the two rules of an entity that is known by its key name."""
    return (
        Rule(entity, named(names, value, start), confidence, confidence, check=check),
        Rule(entity, named_after(names, value), confidence, confidence, check=check),
    )
