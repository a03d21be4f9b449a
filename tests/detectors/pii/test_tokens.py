"""Tokens by prefix: whatever a pattern describes is found in every line, and nothing of it is shown."""

from __future__ import annotations

import importlib
import random

import pytest

from assay_detectors.pii.line import LineScanner
from assay_detectors.pii.mask import masked
from assay_detectors.pii.secret_tokens import TOKEN_RULES

parser = importlib.import_module("re._parser")


def _made(tree, random_):
    """Return a string that the parsed pattern matches; look-arounds are left out."""
    parts = []
    for code, value in tree:
        name = str(code)
        if name == "LITERAL":
            parts.append(chr(value))
        elif name == "IN":
            kind, argument = random_.choice(value)
            if str(kind) == "LITERAL":
                parts.append(chr(argument))
            elif str(kind) == "RANGE":
                parts.append(chr(random_.randint(*argument)))
            else:
                parts.append(random_.choice("0123456789"))
        elif name == "MAX_REPEAT":
            low, high, inner = value
            parts.extend(_made(inner, random_) for _ in range(random_.randint(low, min(int(high), low + 5))))
        elif name == "SUBPATTERN":
            parts.append(_made(value[3], random_))
        elif name == "BRANCH":
            parts.append(_made(random_.choice(value[1]), random_))
    return "".join(parts)


@pytest.fixture(scope="module")
def scanner():
    return LineScanner(0.5)


@pytest.mark.parametrize("number", range(len(TOKEN_RULES)))
def test_every_kind_of_token_is_found_and_masked(scanner, number):
    rule, random_ = TOKEN_RULES[number], random.Random(number)
    before = {"AZURE_KEY": "https://a.blob.core.windows.net/x?se=1&sig="}.get(rule.entity, "")
    if "AccountKey=" in rule.pattern:
        before = "AccountName=x;AccountKey="
    for _ in range(6):
        value = _made(parser.parse(rule.pattern), random_)
        for line in (f'{{"t": "{before}{value}", "n": 1}}', f"using {before}{value}", f"x={before}{value} é"):
            found = [
                one
                for one in scanner.scan(line)
                if one.start < line.index(value) + len(value) and one.end > line.index(value)
            ]
            assert rule.entity in [one.entity for one in found], (rule.pattern, line)
        mask = masked(rule.entity, value)
        assert len(mask) < 16 and mask.endswith("***")


def test_there_are_as_many_kinds_as_promised():
    assert len({rule.pattern for rule in TOKEN_RULES}) >= 60
