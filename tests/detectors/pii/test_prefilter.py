"""The prefilter: no rule matches where no anchor is, and all engines agree."""

from __future__ import annotations

import base64
import random
import re
from dataclasses import replace

import pytest

from assay_detectors.pii import line as line_module
from assay_detectors.pii.context import mentions, words
from assay_detectors.pii.line import LineScanner
from assay_detectors.pii.portable import fold, fold_block, portable, prefix
from assay_detectors.pii.prefilter import ENGINES, NUMBER_BITS, Anchor, opened, prefilter, word_anchor
from assay_detectors.pii.recognizers import RULES
from assay_detectors.pii.rule import Rule
from assay_detectors.pii.weigh import Found, weigher


@pytest.fixture(scope="module")
def scanners():
    made = {}
    for engine in ENGINES:
        try:
            made[engine] = LineScanner(0.5, engine)
        except ImportError:
            continue
    return made


def _mixed(planted, templates, clean_log, seed):
    """Lines cut and joined at random: values beside values, half values, values across old borders."""
    random_ = random.Random(seed)
    lines = [t(key, value) for t in templates.values() for key, value in planted.values()] + clean_log.splitlines()
    values = [value for _, value in planted.values()]
    for _ in range(400):
        left, right = random_.choice(lines), random_.choice(lines)
        parts = [left[: random_.randrange(len(left) + 1)], *random_.sample(values, 2), right[random_.randrange(80) :]]
        random_.shuffle(parts)
        yield random_.choice(("", " ", ", ", "é", "=", ": ")).join(parts)


def test_engines_give_equal_findings(scanners, planted, templates, clean_log):
    lines = [t(key, value) for t in templates.values() for key, value in planted.values()]
    lines += [*clean_log.splitlines(), "grüße ４１１１ phone ٠١٢", "", "a" * 3000, "1" * 3000]
    lines += ["x " * 400 + line for line in lines[:40]] + list(_mixed(planted, templates, clean_log, 1))
    reference = scanners["re"].block("\n".join(lines))
    assert len(scanners) > 1, "neither Hyperscan nor RE2 is installed"
    assert len(reference) > 300
    for engine, scanner in scanners.items():
        assert scanner.block("\n".join(lines)) == reference, engine


def test_engines_agree_on_what_stands_far_down_a_line(scanners):
    lines = [f"{'x ' * (many // 2)}my pan number is JEBPF2803J" for many in range(0, 640, 20)]
    for engine, scanner in scanners.items():
        assert [len(scanner.scan(line)) for line in lines] == [1] * len(lines), engine


def test_a_line_alone_gives_what_it_gives_in_a_block(scanners, planted, templates, clean_log):
    lines = list(_mixed(planted, templates, clean_log, 2))
    scanner = next(iter(scanners.values()))
    starts, at = {}, 0
    for line in lines:
        starts[at] = line
        at += len(line) + 1
    together = {line.start: line.found for line in scanner.block("\n".join(lines))}
    for start, line in starts.items():
        assert together.get(start, []) == scanner.scan(line), line


def test_no_rule_matches_a_line_without_its_anchor(scanners, planted, templates, clean_log):
    scanner = scanners["re"]
    lines = [t(key, value) for t in templates.values() for key, value in planted.values()]
    lines += [line + "é" for line in clean_log.splitlines()] + list(_mixed(planted, templates, clean_log, 3))
    seen = 0
    weighers = [weigher(ready, 0.5) for ready in scanner.rules]
    for line in lines:
        folded = fold(f"\n{line}\n")
        called = {
            call.ready.number
            for hit in scanner.prefilter(folded)
            if hit & 1023 < len(scanner.calls)
            for call in scanner.calls[hit & 1023]
        }
        for ready in scanner.rules:
            own = ready.key is None and (ready.rule.anchor is not None or ready.rule.alone >= 0.5)
            found: list[Found] = []
            if own:
                weighers[ready.number](ready.spans(line, 0, len(line)), line, found)
            if found:
                seen += 1
                assert ready.number in called, (ready.rule, line)
    assert seen > 500


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
    folded = fold(f"\n{line}\n")
    assert re.search(portable(pattern), folded, re.ASCII)
    assert re.search(prefix(pattern), folded, re.ASCII)


def test_an_opened_pattern_is_wherever_the_pattern_is(planted, templates):
    assert opened(r"a{0,16}b{1,40}c{2,30}d{1,3}e{4}") == "a*b+c{2,}d{1,3}e{4}"
    anchors = [anchor.pattern for anchor in LineScanner(0.5, "re").anchors]
    text = "\n".join(["", *(t(key, value) for t in templates.values() for key, value in planted.values()), ""])
    seen = 0
    for pattern in anchors:
        ends = {found.end() for found in re.finditer(pattern, text, re.ASCII)}
        seen += len(ends)
        assert ends <= {found.end() for found in re.finditer(opened(pattern), text, re.ASCII)}, pattern
    assert seen > 200 and sum(opened(pattern) != pattern for pattern in anchors) > 20


def test_the_ending_of_a_source_file_is_no_card():
    anchor = word_anchor(("cc",))
    for text in ("cc: 4111", "payload.cc=4", "x.cc: 4", "myCC 4", "CC,4", "a cc:4"):
        assert re.search(anchor.pattern, f"\n{text}\n", re.ASCII), text
    assert not re.search(anchor.pattern, "\ngrpc_server.cc:68402] batch 60\n", re.ASCII)


def test_a_prefix_has_one_length():
    assert prefix(r"(?<![A-Z])gh[ps]_\w{36,40}(?!\w)") == r"[^A-Z]gh[ps]\x5f(?:[\w]){24,24}"
    assert prefix(r"\d{8,10}:AA") == r"(?:[\d]){8,8}"


def test_an_unknown_construct_is_an_error_not_a_miss():
    with pytest.raises(ValueError, match="does not know"):
        portable(r"(a)?(?(1)b|c)")


def test_a_word_anchor_is_wherever_context_is_mentioned():
    phrases = ("cc", "phone number", "tel")
    anchor = word_anchor(phrases)
    for text in (
        "myCC=4",
        "cc: 4",
        "phoneNumber=1",
        "phone_number",
        "userTel 3",
        "1tel",
        "TEL",
        "tel",
        "PHONE - NUMBER",
    ):
        if mentions(words(text), phrases):
            assert re.search(anchor.pattern, f"\n{text}\n", re.ASCII), text
    assert not re.search(anchor.pattern, "\naccess success tells\n", re.ASCII)


@pytest.mark.parametrize("engine", ENGINES)
def test_neighbours_that_share_their_border_are_both_seen(engine):
    pytest.importorskip({"hyperscan": "hyperscan", "re2": "re2", "re": "re"}[engine])
    hits = prefilter([Anchor(r"[^\d]\d{3}[^\d]")], engine)[1]("\n123 456\n")
    assert [hit >> NUMBER_BITS for hit in hits] == [5, 9]


def test_re2_out_of_memory_looks_at_every_line(monkeypatch):
    re2 = pytest.importorskip("re2")

    class Silent:
        def Add(self, _pattern):
            return 2

        def Compile(self):
            return None

        def Match(self, _line):
            return None

    monkeypatch.setattr(re2.Set, "SearchSet", lambda _options: Silent())
    hits = prefilter([Anchor("a"), Anchor("z")], "re2")[1]("\nzz\nb\n")
    assert hits == [2 << NUMBER_BITS | 1, 3 << NUMBER_BITS | 1]


def test_a_value_at_the_end_of_a_line_is_seen_by_every_engine(scanners):
    """RE2 tells no place, so the whole line must be looked at: lines of 261 to 340 characters once were not."""
    for length in range(20, 420, 7):
        line = f"{'x' * length} medicare=5105 02629 8"
        for engine, scanner in scanners.items():
            assert [one.entity for one in scanner.scan(line)] == ["AU_MEDICARE"], (engine, length)


def test_what_rules_tell_for_speed_changes_no_finding(monkeypatch, planted, templates, clean_log):
    lines = [t(key, value) for t in templates.values() for key, value in planted.values()]
    text = "\n".join([*lines, *clean_log.splitlines(), *_mixed(planted, templates, clean_log, 4)])
    assert sum(rule.solid for rule in RULES) > 50 and any(rule.digits for rule in RULES)
    quick = LineScanner(0.5).block(text)
    monkeypatch.setattr(line_module, "RULES", tuple(replace(rule, solid=False, digits=0) for rule in RULES))
    assert LineScanner(0.5).block(text) == quick


def test_a_block_is_folded_as_each_of_its_characters_is():
    text = "\nplain\ngrüße ４１ é\u0301 \udcff ②\nрaypal \U0001d7d8\n"
    folded, odd = fold_block(text)
    assert folded == "".join(map(fold, text))
    assert [text[at] for at in odd] == ["４", "②", "р", "\U0001d7d8"]


@pytest.mark.parametrize("engine", ENGINES)
def test_many_rules_of_the_user_leave_decoding_on(engine):
    pytest.importorskip(engine)
    names = [f"k{number:04d}q" for number in range(1500)]
    brought = tuple(
        Rule("CUSTOM_SECRET", rf"{name}_[0-9]{{4}}", 0.95, 0.95, anchor=f"(?i:{name})", reach=99, tail=99, name=name)
        for name in names
    )
    scanner = LineScanner(0.5, engine, brought)
    code = base64.b64encode(b"mail=maria@uni-bonn.de and more").decode()
    lines = [f"x {name}_2319 y" for name in names]
    found = scanner.block("\n".join([*lines, f"body={code}", "body=maria%40uni-bonn.de"]))
    assert [line.found[0].rule for line in found[:1500]] == names
    assert [(line.found[0].value, line.found[0].chain) for line in found[1500:]] == [
        ("maria@uni-bonn.de", "base64"),
        ("maria@uni-bonn.de", "url"),
    ]


def test_more_anchors_than_numbers_are_refused(monkeypatch):
    from assay_detectors.pii import prefilter as module

    monkeypatch.setattr(module, "NUMBER_BITS", 5)
    with pytest.raises(ValueError, match="17 anchors are more than 16"):
        prefilter([Anchor(f"a{number}") for number in range(17)], "re")
