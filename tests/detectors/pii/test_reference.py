"""`engine: presidio`: the prefilter loses nothing that Presidio finds, and what it does not look for is not measured."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.detector import DetectorFailed
from assay_detectors.pii.entities import NAMES
from assay_detectors.pii.presidio_sieve import Sieve, anchor_of
from assay_detectors.pii.reference import LEFT_OUT, MEASURED, RECOGNIZERS

pytest.importorskip("presidio_analyzer")

VALUES = (
    "maria.lopez@uni-bonn.de", "a_b@x-y.co.uk", "J.Doe@EXAMPLE.com", "x@localhost", "4556737586899855",
    "4556 7375 8689 9855", "3056-930902-5904", "371449635398431", "4556737586899856", "DE89370400440532013000",
    "GB82 WEST 1234 5698 7654 32", "xDE89370400440532013000", "de89370400440532013000", "536-22-8741", "536.22.8741",
    "536228741", "000-12-3456", "912-78-4321", "912784321", "203.0.113.77", "127.0.0.1", "10.0.0.0/8", "2001:db8::1",
    "::1", "fe80::1%eth0", "54:23:6a:f8:82:74", "5423.6af8.8274", "943 476 5919", "9434765919", "943-476-5918",
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "BB1388568", "483920174",
    "A12345678", "1718000000123", "9277a437-286d-4284-9ec2-cfcac7428764", "0.4556737586899855",
)  # fmt: skip
TEMPLATES = (
    '{{"ts": 1718000000, "{key}": "{value}", "n": 3}}', "{key}={value}", "my {key} is {value}, thanks", "{value}",
    "x{value}", "{value}x", "WARN {key}: {value}; {other}", "{key}\t{value}\r", "prüfe {key} {value}", "（{value}）",
    "{value} {value}", "a\x1c{value}\x0b{other}", "٤٥٥٦ {key} {value}",
)  # fmt: skip
KEYS = (
    "card",
    "ssn",
    "passport",
    "iban",
    "nhs",
    "email",
    "ip",
    "mac address",
    "wallet",
    "DEA",
    "taxpayer",
    "public",
    "id",
)


def lines_of(seed, count):
    chosen = random.Random(seed)
    for _ in range(count):
        value, other = chosen.choice(VALUES), chosen.choice(VALUES)
        yield chosen.choice(TEMPLATES).format(key=chosen.choice(KEYS), value=value, other=other)


@pytest.fixture(scope="module")
def reference():
    from assay.targets.extras import without_torch

    with without_torch():
        from assay_detectors.pii.presidio_scan import reference_scanner

        return reference_scanner(0.0, (), "")


def differing(scanner, lines):
    """Return the lines on which the sieve loses anything; every recognizer looks at all of them for comparison."""
    fired = {start: which for start, _, which in scanner.sieve.lines("\n".join(lines))}
    at, bad = 0, []
    for line in lines:
        every, _ = scanner.analyze(line, scanner.sieve.all)
        some, _ = scanner.analyze(line, fired[at]) if at in fired else ([], None)
        if every != some:
            bad.append(line)
        at += len(line) + 1
    return bad


def test_the_sieve_loses_nothing_and_spares_lines(reference):
    lines = list(lines_of(1, 300))
    found = {span.entity for line in lines for span in reference.analyze(line, reference.sieve.all)[0]}
    assert len(found) == 11
    assert differing(reference, lines) == []
    plain = ["INFO step 12 done", "epoch 3 loss 0.21", "nothing here"] * 10
    assert reference.sieve.everywhere == []
    assert list(reference.sieve.lines("\n".join(plain))) == []


def test_the_engines_of_the_sieve_call_no_fewer_recognizers(reference):
    from assay_detectors.pii.presidio_engine import own_recognizers, patterns_of

    lines = list(lines_of(2, 120))
    every = [reference.analyze(line, reference.sieve.all)[0] for line in lines]
    kinds = list(RECOGNIZERS)
    for engine in ("re2", "re"):
        sieve = Sieve([patterns_of(one) for one in own_recognizers(kinds)], engine)
        assert sieve.engine == engine and sieve.everywhere == []
        fired = {text: which for _, text, which in sieve.lines("\n".join(lines))}
        for line, spans in zip(lines, every, strict=True):
            needed = {n for n, one in enumerate(reference._types) for span in spans if span.entity in one}
            assert needed <= fired.get(line, frozenset()), (engine, line)


PIECES = st.sampled_from(
    (
        *(r"\d{2,3}", "ab", "[a-c]+", r"\bx", r"\w{1,30}", "(?<![a-z])q", "(?!b)", r"(?<=\s)", r"(?=,|$)", "^", "$"),
        *("z?", r"\W", r"\s", "(?:ab|c)", r"(a|b)-\1", "[^a]", r"[^\d]", ".", "(?i:K)", "s", r"(?>ab|a)c", r"\B"),
        *("-{2}", "é", "(?:x|^)", "[^x]$"),
    )
)
TEXTS = st.text(st.sampled_from("abcxqzKks 12345,-é٣\r\x1cſ"), max_size=24)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(PIECES, min_size=1, max_size=5), st.lists(TEXTS, min_size=1, max_size=5), st.sampled_from([0, 2, 10, 26])
)
def test_random_patterns_are_never_missed(pieces, lines, flags):
    import regex

    pattern = "".join(pieces)
    try:
        compiled = regex.compile(pattern, flags)
    except regex.error:
        return
    for engine in ("hyperscan", "re2", "re"):
        sieve = Sieve([[(pattern, flags)]], engine)
        called, at = {start for start, _, fired in sieve.lines("\n".join(lines)) if fired}, 0
        for line in lines:
            if any(found.group() for found in compiled.finditer(line)):
                assert at in called, (engine, pattern, line)
            at += len(line) + 1


@pytest.mark.parametrize(
    "pattern", ["(?:abc){e<=1}", "[[:alpha:]]{3}", r"\p{Lu}{3}", "(?-i:[^A])x", "(?(1)a|b)", "a*", "("]
)
def test_what_cannot_be_translated_looks_everywhere(pattern):
    assert anchor_of(pattern, 26) is None
    assert anchor_of("abc", 64) is None  # the flag VERBOSE
    assert [fired for _, _, fired in Sieve([[(pattern, 26)]]).lines("a\nb")] == [frozenset({0})] * 2


def run_of(run):
    return {m.labels["entity"]: m for m in run.measurements}


def test_findings_are_mapped_masked_and_grouped(logs, scan):
    text = (
        "mail maria@uni-bonn.de and maria@uni-bonn.de\ncard 4556737586899855\nfrom 127.0.0.1\n"
        "passport 483920174\npublic 483920175\nDEA BB1388568\n"
    )
    run = scan(logs(a=text), engine="presidio")
    found = [(o.labels["entity"], o.evidence.locator.line, o.evidence.locator.column) for o in run.observations]
    assert found == [
        ("EMAIL_ADDRESS", 1, 6), ("EMAIL_ADDRESS", 1, 28), ("CREDIT_CARD", 2, 6), ("IP_LOOPBACK", 3, 6),
        ("US_PASSPORT", 4, 10), ("CUSTOM_PERSONAL", 6, 5),
    ]  # fmt: skip
    assert [o.evidence.group for o in run.observations][:2] == ["EMAIL_ADDRESS-1"] * 2
    assert run.observations[0].evidence.excerpt == "m***@***.de"
    assert run.observations[2].evidence.excerpt == "visa ***55"
    out = "\n".join([n.model_dump_json() for n in (*run.measurements, *run.observations)])
    assert not re.search("maria@|4556737586899855|483920174|BB1388568", out)


def test_what_is_not_looked_for_is_not_measured(logs, scan):
    run = scan(logs(a="nothing\n"), engine="presidio")
    assert set(run_of(run)) == MEASURED
    assert {entry.labels["entity"] for entry in run.unresolved} == set(LEFT_OUT) == set(NAMES) - MEASURED
    assert all(re.match(r"Presidio \d+\.\d+.*, reference mode", m.method) for m in run.measurements)
    assert any(s.startswith("secrets, telephone numbers") for s in run.not_covered)
    assert any("decodes nothing" in s for s in run.not_covered)


@pytest.mark.parametrize("option", [{"gitleaks": "g.toml"}, {"ner_model": "en_core_web_sm"}])
def test_what_has_no_part_in_it_is_refused(logs, scan, tmp_path, option):
    (tmp_path / "g.toml").write_text("rules = []")
    with pytest.raises(DetectorFailed, match="has no part in engine presidio"):
        scan(logs(a="x"), engine="presidio", **option)


def test_recognizers_of_the_user_take_part(logs, scan, tmp_path):
    (tmp_path / "r.yaml").write_text(
        "recognizers:\n  - name: Staff\n    supported_entity: STAFF\n"
        "    patterns: [{name: s, regex: 'st-\\d{6}', score: 0.1}]\n    context: [badge]\n"
    )
    run = scan(logs(a="badge st-123456\nst-123457\n"), engine="presidio", recognizers="r.yaml")
    (found,) = run.observations
    assert (found.labels["entity"], found.evidence.locator.line) == ("CUSTOM_PERSONAL", 1)
    assert found.evidence.note.endswith("rule Staff (STAFF), by its own score")
    assert found.evidence.score == pytest.approx(0.45)


POLICY = """
version: 1
id: acme/reference
rules:
  - id: no-secrets-in-logs
    metric: pii.logs.count
    where: {tier: A}
    each: [entity]
    limit: {max: 0}
    required: true
    params: {engine: presidio}
"""


def assay(*arguments):
    return subprocess.run([sys.executable, "-m", "assay.cli", *arguments], capture_output=True, text=True, check=False)


def test_a_clean_log_passes_no_policy_by_the_reference_mode(tmp_path):
    (tmp_path / "a.log").write_text("nothing to see\n")
    (tmp_path / "p.yaml").write_text(POLICY)
    out, log, policy = (str(tmp_path / name) for name in ("r.json", "a.log", "p.yaml"))
    asked = assay("scan", log, "--policy", policy, "-o", f"json={out}", "--no-cache")
    assert asked.returncode == 4, asked.stdout + asked.stderr
    decisions = json.loads((tmp_path / "r.json").read_text())["verdict"]["decisions"]
    by_entity = {d["labels"].get("entity"): d["verdict"] for d in decisions if d["rule"] == "no-secrets-in-logs"}
    assert by_entity["CREDIT_CARD"] == "pass" and by_entity["AWS_ACCESS_KEY"] == "inconclusive"
    under_baseline = assay("judge", out, "--policy", "baseline")
    assert under_baseline.returncode == 3, under_baseline.stdout + under_baseline.stderr
    assert "measured with engine = presidio" in " ".join(under_baseline.stdout.split())


def test_a_child_of_the_baseline_may_not_ask_for_it(tmp_path):
    child = POLICY.replace("rules:", "extends: [builtin:baseline]\nrules:").replace(
        "required: true", "required: declared"
    )
    (tmp_path / "p.yaml").write_text(child)
    refused = assay("policy", "check", str(tmp_path / "p.yaml"))
    assert refused.returncode == 2
    assert "may not change option engine" in " ".join((refused.stdout + refused.stderr).split())


SENTENCES = (
    "My {what} is {value}.", "please use {value} for the order", "{what}: {value}", "I lost it, {value}, who can help?",
    "You can reach me under {value} until Friday", "update my {what} to {value} and call me back", '"{value}"',
    "{value} is the {what} of Mr Doe", "How do I change the {what} ({value}) on my account?",
)  # fmt: skip
CARDS = ("4:16", "51:16", "2221:16", "34:15", "6011:16", "3528:16", "62:16")
WEAK_CARDS = ("36:14", "4:13", "5018:16")
"""Ranges of which one number in ten of any kind is valid: ours ask for a word before them."""
IBANS = ("DE:18", "FR:23", "NL:ABNA10", "GB:WEST14", "ES:20", "CH:17", "AT:16", "PL:24")
EXCEPTIONS = {
    "digits of a fraction are no card": "score 0.4556737586899855 of norm",
    "a timestamp is no card, though it passes the Luhn digit": '{"__REALTIME_TIMESTAMP":"1674635334093750"}',
    "a number that its key calls an invoice is no card": "customer_no=248909947 invoice=6724311942880363",
    "a weak range needs a word before it, and a log has many numbers": "job 36343823503604 done",
}
"""What Presidio is sure of and we do not report, and why."""


def card(chosen, ranges=CARDS):
    prefix, _, length = chosen.choice(ranges).partition(":")
    digits = prefix + "".join(chosen.choice("0123456789") for _ in range(int(length) - len(prefix) - 1))
    total = sum(sum(divmod(int(d) * (2 - n % 2), 10)) for n, d in enumerate(reversed(digits)))
    number = digits + str(-total % 10)
    in_fours = " ".join(number[n : n + 4] for n in range(0, len(number), 4))
    return chosen.choice((number, in_fours)) if len(number) == 16 else number


def iban(chosen):
    country, _, form = chosen.choice(IBANS).partition(":")
    letters, count = re.match(r"([A-Z]*)(\d+)", form).groups()
    body = letters + "".join(chosen.choice("0123456789") for _ in range(int(count)))
    check = 98 - int("".join(str(int(c, 36)) for c in f"{body}{country}00")) % 97
    number = f"{country}{check:02}{body}"
    return chosen.choice((number, " ".join(number[n : n + 4] for n in range(0, len(number), 4))))


def test_we_find_what_presidio_is_sure_of_in_prose(reference):
    from assay_detectors.pii.line import LineScanner

    own, chosen = LineScanner(0.5), random.Random(11)
    people, hosts = ("maria.lopez", "j_doe", "k-h"), ("uni-bonn.de", "mail.acme.co.uk", "xn--bcher-kva.ch")
    kinds = {
        "CREDIT_CARD": ("credit card", card),
        "IBAN_CODE": ("IBAN", iban),
        "EMAIL_ADDRESS": ("e-mail", lambda c: f"{c.choice(people)}@{c.choice(hosts)}"),
        "US_SSN": ("SSN", lambda c: f"{c.randrange(100, 600)}-{c.randrange(10, 99)}-{c.randrange(1000, 9999)}"),
    }
    sure, missed = dict.fromkeys(kinds, 0), []
    for number in range(320):
        kind = chosen.choice(list(kinds))
        what, value = kinds[kind]
        line = chosen.choice(SENTENCES).format(what=what, value=value(chosen))
        if number % 8 == 0:
            kind, line = "CREDIT_CARD", f"the credit card is {card(chosen, WEAK_CARDS)}"
        ours = own.scan(line)
        for span in reference.analyze(line, reference.sieve.all)[0]:
            if span.entity == kind and span.score >= 0.5 and (kind == "US_SSN" or span.score == 1.0):
                sure[kind] += 1
                if not any(f.entity == kind and f.start < span.end and span.start < f.end for f in ours):
                    missed.append((kind, line))
    assert min(sure.values()) >= 40, sure
    assert missed == []


@pytest.mark.parametrize("reason", EXCEPTIONS)
def test_the_exceptions_are_exceptions(reference, reason):
    from assay_detectors.pii.line import LineScanner

    line = EXCEPTIONS[reason]
    assert any(span.score == 1.0 for span in reference.analyze(line, reference.sieve.all)[0])
    assert LineScanner(0.5).scan(line) == []
