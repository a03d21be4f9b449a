"""Possessive groups mean the same on every Python, also on those that get them wrong."""

import re

import pytest

from assay.targets import repeats
from assay.targets.repeats import as_greedy, exact

PATTERNS = {
    r"(?:ab?c)++": r"(?:ab?c)+",
    r"x(?:a|b){2,3}+y": r"x(?:a|b){2,3}y",
    r"((?:\)|[)(\]])*+)?+z": r"((?:\)|[)(\]])*)?z",
    r"[]()]++a*+(?:b)+": r"[]()]++a*+(?:b)+",
}


@pytest.mark.parametrize(("pattern", "greedy"), PATTERNS.items())
def test_possessive_groups_become_greedy_and_nothing_else_changes(pattern, greedy):
    assert as_greedy(pattern) == greedy
    re.compile(greedy)


def test_a_failed_iteration_takes_nothing():
    for pattern in (r"(?:ab?c)++", rb"(?:ab?c)++"):
        text = "aca" if isinstance(pattern, str) else b"aca"
        assert re.match(exact(pattern), text).end() == 2
    assert re.match(as_greedy(r"(?:K.|M..)++"), "K1M").end() == 2


def test_bytes_stay_what_they_are(monkeypatch):
    monkeypatch.setattr(repeats, "SOUND", False)
    assert exact(b"(?:\xff\\x94[\x80-\x90])++") == b"(?:\xff\\x94[\x80-\x90])+"
    monkeypatch.setattr(repeats, "SOUND", True)
    assert exact(b"(?:a)++") == b"(?:a)++"
