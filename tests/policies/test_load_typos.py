"""Typing errors that nobody chose: at every key and word of a full policy, and bytes at random."""

import datetime
import random

import pytest

from assay.documents.sentences import PATTERNS
from assay.documents.yaml_text import parse
from assay.engine.catalogue import load_catalogue
from assay.model.errors import InvalidInput
from assay.model.manifest import Manifest
from assay_policies.files import check_named
from assay_policies.schema import Policy
from assay_policies.table import PolicyTest

TODAY = datetime.date(2026, 11, 26)
FULL = """\
version: 1
id: acme/full
title: Everything that a policy may hold
extends: [builtin:baseline]
profile: release
requires_inputs: [model, data.train, data.trusted]
gate:
  fail: block
  error: block
  inconclusive: block
  skipped_required: block
  warn: report
  new_only:
    baseline: last.json
    never_for: [critical, high]
    max_age_days: 30
  overridable: [new_only]
approvers: [ciso@acme.example, dpo@acme.example]
approvers_required: true
max_waiver_days: 90
rules:
  - id: small-noise
    metric: adversarial.whitebox.robust-accuracy
    where: {norm: linf}
    each: [model]
    limit:
      min: 0.7
      judge: lower
      margin: 0.05
    evidence:
      min_n: 500
      min_power: 0.8
    required: declared
    severity: high
    effect: warn
    when: target.task == 'classification' and value('pii.logs.count', tier='A') == 0
    params:
      source: native
      eps:
        value: 0.3
        unit: share of the range
        why: what a scanner adds
    controls: [atlas:AML.T0015, eu:Art.15(5)]
    why: Own tests.
    overridable: true
waivers:
  - id: W-1
    finding: 0123456789abcdef0123456789abcdef
    reason: Batch scoring only.
    kind: accepted_risk
    rule: small-noise
    detector: adversarial.whitebox
    approver: ciso@acme.example
    expires: 2026-12-31
    bound:
      model_sha256: "0000000000000000000000000000000000000000000000000000000000000000"
      metric_min: 0.6
"""
FREE = {"norm", "eps", "source"}
"""Keys that are names of labels and options; they are checked against the detector, and the place is the key as well."""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    catalogue = load_catalogue()
    path = tmp_path_factory.mktemp("typos") / "p.yaml"

    def go(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            check_named(str(path), catalogue.specs, catalogue.ids_broken, TODAY)
        except InvalidInput as error:
            return str(error).removeprefix(f"{path}:")
        return None

    return go


def misspelt(word):
    """Swap two letters in the middle; double one where that changes nothing."""
    middle = len(word) // 2
    swapped = word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
    return swapped if swapped != word and len(word) > 3 else word + word[-1]


def edited(mark, old, new):
    lines = FULL.split("\n")
    line = lines[mark.line - 1]
    at = line.index(old, mark.column - 1)
    lines[mark.line - 1] = line[:at] + new + line[at + len(old) :]
    return "\n".join(lines)


def test_the_full_policy_is_good_and_full(check):
    assert check(FULL) is None
    named = {loc[-1] for loc in parse(FULL.encode(), "p").keys}
    for noun, missing in ((Policy, {"alpha", "manifest_sha256"}),):
        assert set(noun.model_fields) - missing <= named


def test_every_misspelt_key_is_found_at_its_place_with_the_right_word(check):
    document = parse(FULL.encode(), "p")
    wrong = []
    for loc, mark in document.keys.items():
        key = str(loc[-1])
        said = check(edited(mark, key, misspelt(key)))
        placed = said is not None and said.startswith(f"{mark.line}:{mark.column}: ")
        if not placed or (f"did you mean {key!r}" not in said and "known here" not in said):
            wrong.append((loc, said))
    assert len(document.keys) > 50
    assert wrong == []


WORDS = {
    "release", "data.train", "block", "report", "critical", "new_only", "lower", "declared", "high", "warn", "linf",
    "native", "model", "accepted_risk", "small-noise", "adversarial.whitebox", "ciso@acme.example",
    "adversarial.whitebox.robust-accuracy",
}  # fmt: skip
OPEN = {("approvers", 0), ("rules", 0, "id"), ("rules", 0, "where", "norm")}
"""Names that the user makes up, and values of labels, which a detector does not list."""


def test_every_misspelt_word_is_found_at_its_place_with_the_right_one(check):
    document = parse(FULL.encode(), "p")
    tried = wrong = 0
    for loc, mark in document.values.items():
        value = document.at(loc)
        if not isinstance(value, str) or value not in WORDS or loc in OPEN:
            continue
        said = check(edited(mark, str(value), misspelt(str(value))))
        tried += 1
        good = (
            said is not None and said.startswith(f"{mark.line}:{mark.column}: ") and f"did you mean {value!r}" in said
        )
        wrong += not good
    assert tried >= 20
    assert wrong <= 0.05 * tried, (wrong, tried)


def test_wrong_kinds_of_values_are_found_at_their_place(check):
    document = parse(FULL.encode(), "p")
    for loc, mark in document.values.items():
        value = document.at(loc)
        if isinstance(value, bool | int | float) and loc != ("version",):
            said = check(edited(mark, FULL.split("\n")[mark.line - 1][mark.column - 1 :].split()[0], "perhaps"))
            if loc[-2:] == ("eps", "value"):
                assert "must be a number" in said
            assert said.startswith(f"{mark.line}:{mark.column}: "), (loc, said)
            assert "must be" in said or "is not one of" in said


def test_bytes_at_random_never_escape_as_another_error(check):
    random_bytes = random.Random(7)
    alphabet = [*b"{}[]:,'\"\\\t\n -#&*!|>%@0aZ", 0, 0xFF, 0xC3]
    for _ in range(150):
        content = bytearray(FULL.encode())
        for _ in range(random_bytes.randint(1, 3)):
            at = random_bytes.randrange(len(content))
            if random_bytes.random() < 0.5:
                content[at] = random_bytes.choice(alphabet)
            else:
                del content[at : at + random_bytes.randint(1, 20)]
        said = check(bytes(content))
        if said is not None:
            line, column, _ = said.split(":", 2)
            assert int(line) >= 1
            assert int(column) >= 1


def patterns(schema):
    """Yield every pattern of a JSON Schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for name, value in schema.items():
            yield from patterns(value)
            if name == "patternProperties":
                yield from value
    elif isinstance(schema, list):
        for value in schema:
            yield from patterns(value)


@pytest.mark.parametrize("noun", [Policy, Manifest, PolicyTest])
def test_every_pattern_is_explained_in_words(noun):
    assert set(patterns(noun.model_json_schema())) <= set(PATTERNS)
