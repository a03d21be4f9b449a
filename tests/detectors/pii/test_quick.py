"""What is there for speed only changes no finding: chunks, sparse anchors, quick looks at words and capitals."""

from __future__ import annotations

import base64
import hmac
import re
from random import Random

import pytest

from assay_detectors.pii.context import _tokens
from assay_detectors.pii.digests import Digests
from assay_detectors.pii.keys import CAPITAL, CAPITAL_AHEAD, VALUE_START
from assay_detectors.pii.line import LineScanner
from assay_detectors.pii.payload import FIRST_LATER, FIRST_LATER_HEX, LATER_ANCHOR, LATER_HEX_ANCHOR
from assay_detectors.pii.prefilter import ENGINES, LITTLE, LITTLE_BYTES, engine_for
from assay_detectors.pii.recognizers import RULES

SIGNS = "abzAZ09 _-.:=\"'(/\\"
WORDS = sorted({word for rule in RULES for word in rule.firsts if word.isascii()})


@pytest.fixture(scope="module")
def scanners():
    return {name: LineScanner(0.5, name) for name in ENGINES}


def _spans(scanner, text):
    return [(line.start, [(f.start, f.end, f.entity, f.chain) for f in line.found]) for line in scanner.block(text)]


@pytest.mark.parametrize("seed", range(6))
def test_lines_of_every_length_are_searched_by_every_engine(scanners, seed):
    rng = Random(seed)
    lines = []
    for _ in range(300):
        filler = "x" * rng.choice([0, 1, 5, 90, 1000, 1010, 1023, 1024, 1025, 2047, 2048, 5000])
        value = rng.choice(["", "", "mail=jo@acme.com", "10.20.30.40", "ssn: 536-22-8714", "k ghp_" + "aB3" * 12])
        lines.append(" ".join(rng.sample([filler, value], 2)))
    text = "\n".join(lines)
    found = _spans(scanners["re"], text)
    assert len(found) > 100
    assert _spans(scanners["re2"], text) == found == _spans(scanners["hyperscan"], text)


def _run(rng):
    """Return a run of characters of base64 or hex in which texts begin somewhere."""
    parts = []
    for _ in range(rng.randint(1, 3)):
        text = b"mail jo.smith@acme.com ok"[rng.randint(0, 3) :]
        head = rng.randbytes(3 * rng.randint(0, 5)) if rng.random() < 0.5 else "é".encode() * rng.randint(0, 6)
        code = (head + text).hex() if rng.random() < 0.4 else base64.b64encode(head + text).decode().rstrip("=")
        parts.append(code)
    return rng.choice("-_/").join(parts)


@pytest.mark.parametrize("seed", range(4))
def test_codes_with_texts_that_begin_late_are_decoded_alike(scanners, seed):
    rng = Random(seed)
    lines = ["".join((rng.choice(["", "a", "x=", "id:"]), _run(rng), rng.choice(["", " z", "."]))) for _ in range(150)]
    found = _spans(scanners["re"], "\n".join(lines))
    assert sum(bool(chain) for _, spans in found for *_, chain in spans) > 60
    assert _spans(scanners["re2"], "\n".join(lines)) == found == _spans(scanners["hyperscan"], "\n".join(lines))
    alone = [[(f.start, f.end, f.entity, f.chain) for f in scanners["hyperscan"].scan(line)] for line in lines]
    assert [spans for spans in alone if spans] == [spans for _, spans in found if spans]


@pytest.mark.parametrize(
    "first, every, good",
    [(FIRST_LATER, LATER_ANCHOR, ["aQBz", "Zw0I", "b2k-"]), (FIRST_LATER_HEX, LATER_HEX_ANCHOR, ["6a", "7F", "20"])],
    ids=["base64", "hex"],
)
def test_the_first_of_many_is_wherever_one_is(first, every, good):
    rng, seen = Random(3), 0
    first, every, signs = re.compile(first), re.compile(every), "aQBk0wIg67-x "
    for _ in range(5_000):
        parts = ["".join(rng.choices(signs, k=rng.randint(0, 5))) for _ in range(3)]
        text = f"\n{parts[0]}{''.join(rng.choices(good, k=rng.randint(2, 10)))}{parts[1]}"
        text += f"{''.join(rng.choices(good, k=rng.randint(2, 10)))}{parts[2]}\n"
        found = every.search(text)
        seen += found is not None
        assert (first.search(text) is None) is (found is None), text
    assert 500 < seen < 5_000


CODES = [
    "id=d0bfd180d0b8d0b2d0b5d18220d0b2d181d0b5d0bc-00016d61696c206d6172696140756e692d626f6e6e2e6465206e6f77",
    "blob dXNlciBsb2dpbiB3YXMgb2ssIG5vIGRhdGEébWFpbCBtYXJpYS5sb3BlekB1bmktYm9ubi5kZSBhbmQgbW9yZQ",
    "blob dXNlciBsb2dpbiB3YXMgb2ssIG5vIGRhdGE５bWFpbCBtYXJpYS5sb3BlekB1bmktYm9ubi5kZSBhbmQgbW9yZQ",
    "b 75736572206c6f67696e20776173206f6b617é6d61696c206d617269612e6c6f70657a40756e692d626f6e6e2e646520616e64206d6f7265",
]
"""A text behind hex of another, in one run; behind a text and a character that is no ASCII, which ends the run."""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("line", CODES)
def test_the_second_of_two_codes_is_decoded_too(scanners, engine, line):
    found = [one.value for one in scanners[engine].scan(line)]
    assert found in (["maria@uni-bonn.de"], ["maria.lopez@uni-bonn.de"])


def test_a_quick_look_misses_no_word():
    rng, seen = Random(1), 0
    quick = {rule.firsts: rule.quick for rule in RULES if rule.quick is not None}
    assert len(quick) > 15
    for firsts, pattern in quick.items():
        for _ in range(400):
            word = rng.choice([*firsts, rng.choice(WORDS)])
            word = rng.choice([word, word.upper(), word.capitalize()])
            text = "".join(rng.choices(SIGNS, k=3)) + word + "".join(rng.choices(SIGNS, k=3))
            text = text[rng.randint(0, 4) :]
            if not firsts.isdisjoint(_tokens(text)):
                seen += 1
                assert pattern.search(text), (text, pattern.pattern)
    assert seen > 1000


def test_a_capital_behind_a_link_is_seen_ahead():
    rng, seen = Random(2), 0
    made = ["Some(", "Optional[", "string(9) ", "datetime.date(", '{"stringValue": ', '{ \\"S\\": ', "b", "u", "("]
    quotes = ['"', "'", '\\"', '\\\\\\"', "", "`"]
    value, ahead = re.compile(VALUE_START + CAPITAL), re.compile(CAPITAL_AHEAD)
    for _ in range(20_000):
        text = "".join(rng.choices(["=", ">", "", " ", "   "], k=2)) + "".join(rng.choices(made, k=rng.randint(0, 2)))
        text += rng.choice(quotes) + rng.choice(["Anna", "Élan", "Žofie", "anna", "9"])
        if value.match(text):
            seen += 1
            assert ahead.match(text), text
    assert seen > 2000


def test_little_text_is_for_the_engine_that_is_ready_at_once():
    assert engine_for("auto", LITTLE_BYTES) == LITTLE and LineScanner(0.5, LITTLE).engine == "re2"
    assert engine_for("auto", LITTLE_BYTES + 1) == "auto" and engine_for("re", 1) == "re"


@pytest.mark.parametrize("size", [0, 32, 64, 65, 200])
def test_digests_are_those_of_the_standard_library(size):
    key = Random(size).randbytes(size)
    digest = Digests(key).of("EMAIL_ADDRESS", "Jo@Acme.com")
    assert digest == hmac.digest(key, b"EMAIL_ADDRESS\0jo@acme.com", "sha256").hex()[:16]
    assert digest != Digests(key).of("PASSWORD", "jo@acme.com")
