"""The prefilter: derived patterns never miss, and all engines agree."""

from __future__ import annotations

import re

import pytest

from assay_detectors.pii.context import mentions, words
from assay_detectors.pii.line import LineScanner
from assay_detectors.pii.portable import fold, portable
from assay_detectors.pii.prefilter import ENGINES, gate, prefilter


@pytest.fixture(scope="module")
def scanners():
    made = {}
    for engine in ENGINES:
        try:
            made[engine] = LineScanner(0.5, engine)
        except ImportError:
            continue
    return made


def test_engines_give_equal_candidates_and_findings(scanners, planted, templates, clean_log):
    lines = [t(key, value) for t in templates.values() for key, value in planted.values()]
    lines += [*clean_log.splitlines(), "grüße ４１１１ phone ٠١٢", "", "a" * 3000, "1" * 3000]
    reference = scanners["re"]
    assert len(scanners) > 1, "neither Hyperscan nor RE2 is installed"
    for line in lines:
        for engine, scanner in scanners.items():
            assert scanner.candidates(line) == reference.candidates(line), (engine, line)
            assert scanner.scan(line) == reference.scan(line), (engine, line)


def test_no_rule_matches_a_line_that_its_prefilter_drops(scanners, planted, templates, clean_log):
    scanner = scanners["re"]
    lines = [t(key, value) for t in templates.values() for key, value in planted.values()]
    lines += [line + "é" for line in clean_log.splitlines()]
    for line in lines:
        fired = {scanner._owner[n] for n in scanner.prefilter(fold(line)) if n < len(scanner._owner)}
        for number, recognizer in enumerate(scanner._recognizers):
            if recognizer.spans(line):
                assert number in fired, (recognizer.rule, line)


@pytest.mark.parametrize(
    "pattern, line",
    [
        (r"(?<![A-Z])AB\d{40}(?!\d)", "xAB" + "1" * 40),
        (r"(\d)-\1", "7-7"),
        (r"(?<=key=)\w+(?=;)", "key=val;"),
        (r"name=\K[A-ZÀ-Ý]\w+", "name=Étienne"),
        (r"(?i)straße \d+", "STRAßE 7"),
        (r"[^\W\d_]+@", "jürgen@"),
    ],
)
def test_a_portable_pattern_is_in_every_line_that_the_pattern_is_in(pattern, line):
    import regex

    assert regex.search(pattern, line)
    assert re.search(portable(pattern), fold(line), re.ASCII)


def test_an_unknown_construct_is_an_error_not_a_miss():
    with pytest.raises(ValueError, match="does not know"):
        portable(r"(a)?(?(1)b|c)")


def test_a_gate_opens_wherever_context_is_mentioned():
    phrases = ("cc", "phone number", "tel")
    for text in ("myCC=4", "cc: 4", "phoneNumber=1", "phone_number", "userTel 3", "1tel", "TEL"):
        if mentions(words(text), phrases):
            assert re.search(gate(phrases), text, re.ASCII), text
    assert not re.search(gate(("cc",)), "access success", re.ASCII)


def test_re2_out_of_memory_makes_every_pattern_a_candidate(monkeypatch):
    re2 = pytest.importorskip("re2")

    class Silent:
        def Add(self, _pattern):
            return 2

        def Compile(self):
            return None

        def Match(self, _line):
            return None

    monkeypatch.setattr(re2.Set, "SearchSet", lambda _options: Silent())
    assert list(prefilter(["a", "b"], "re2")[1]("zz")) == [0, 1]
