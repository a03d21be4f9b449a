"""Which rules may match a line: one fast pass, so that few lines reach the recognizers.

The patterns are derived from the recognizers' own (`portable`), so a rule is never left out. Hyperscan where it is
installed, else RE2, else `re`: the same answers, faster or slower.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

Prefilter = Callable[[str], Sequence[int]]
"""Folded line -> ascending numbers of the patterns that occur in it."""

ENGINES = ("hyperscan", "re2", "re")


def gate(phrases: Sequence[str]) -> str:
    """Return a pattern that is in every line that mentions one of the phrases as `context.mentions` would see it."""
    parts = []
    for phrase in phrases:
        if len(phrase) > 3:
            parts.append("(?i:" + r"[\W_]*".join(map(re.escape, phrase.split())) + ")")
        else:  # too short to look for inside other words: at a word start, or at a change of case
            parts.append(rf"(?:^|[\W_\d])(?i:{phrase})|[a-z]{phrase[0].upper()}(?i:{phrase[1:]})")
    return "(?:" + "|".join(parts) + ")"


def with_hyperscan(patterns: Sequence[str]) -> Prefilter:
    """Compile for Hyperscan; raises ImportError where it is not installed."""
    import hyperscan

    flags = hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL
    database = hyperscan.Database()
    database.compile(
        expressions=[pattern.encode() for pattern in patterns],
        ids=list(range(len(patterns))),
        elements=len(patterns),
        flags=[flags] * len(patterns),
    )

    def note(pattern: int, start: int, end: int, flags: int, hits: Any) -> None:
        hits.append(pattern)

    def search(line: str) -> Sequence[int]:
        hits: list[int] = []
        database.scan(line.encode("ascii", "replace"), match_event_handler=note, context=hits)
        return sorted(hits)

    return search


def with_re2(patterns: Sequence[str]) -> Prefilter:
    """Compile for RE2; raises ImportError where it is not installed."""
    import re2

    options = re2.Options()
    options.max_mem = 1 << 28
    options.dot_nl = True
    group = re2.Set.SearchSet(options)
    for pattern in patterns:
        group.Add(pattern)
    always = group.Add("")
    group.Compile()
    everything = range(len(patterns))

    def search(line: str) -> Sequence[int]:
        hits = group.Match(line)
        if not hits or always not in hits:
            return everything  # RE2 ran out of memory, which it tells by matching nothing at all
        return sorted(hit for hit in hits if hit != always)

    return search


def with_re(patterns: Sequence[str]) -> Prefilter:
    """Compile for the standard library."""
    compiled = [(number, re.compile(pattern, re.ASCII | re.DOTALL)) for number, pattern in enumerate(patterns)]

    def search(line: str) -> Sequence[int]:
        return [number for number, pattern in compiled if pattern.search(line)]

    return search


_MAKERS = {"hyperscan": with_hyperscan, "re2": with_re2, "re": with_re}


def prefilter(patterns: Sequence[str], engine: str = "auto") -> tuple[str, Prefilter]:
    """Return the name of the engine and the compiled prefilter; `auto` takes the fastest that is installed.

    Raises:
        ImportError: the engine that was asked for is not installed.
    """
    for name in ENGINES if engine == "auto" else (engine,):
        try:
            return name, _MAKERS[name](patterns)
        except ImportError:
            if engine != "auto":
                raise
    raise ImportError("no engine for regular expressions")
