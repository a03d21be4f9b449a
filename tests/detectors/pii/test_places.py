"""Where a value stands: its path in JSON, with keys that give nothing away; and which values are equal, over scans."""

from __future__ import annotations

import hmac
import json
import os
import re

import pytest

from assay.detector import DetectorFailed
from assay.model.measurement import EVIDENCE_CAP
from assay_detectors.pii import scan as worker
from assay_detectors.pii.json_path import HIDDEN, LONGEST, paths

MAIL = "maria@uni-bonn.de"


def at(line, *values):
    """Return the paths of these values; of one that occurs again, its next occurrence."""
    spans, start = [], 0
    for value in values:
        start = line.index(value, start)
        spans.append((start, start + len(value)))
        start += 1
    return paths(line, spans)


PATHS = {
    "nested": ('{"request": {"user": {"email": "V"}}, "n": 1}', "$.request.user.email"),
    "list": ('{"a": [1, {"b": "x"}, {"to": ["y", "V"]}]}', "$.a[2].to[1]"),
    "behind a prefix": ('Jan  2 10:00:01 web app[123]: {"user": {"mail":"V"}}', "$.user.mail"),
    "behind a bracket": ('[2026-01-02 10:00:01,123] INFO {"mail": "V"}', "$.mail"),
    "a list first": ('[{"a": 1}, {"mail": "V"}]', "$[1].mail"),
    "a number": ('{"a": {"b": 1}, "phone": V, "c": 2}', "$.phone"),
    "inside a text": ('{"a": {"m": 1}, "prompt": "say: \\"hi, {you}\\" V"}', "$.prompt"),
    "after an object": ('{"a": {"b": [1, 2]}, "c": "V"}', "$.c"),
    "as a key": ('{"by": {"V": 3}}', f"$.by.{HIDDEN}"),
    "below a key with a dash": ('{"x-user": {"e_mail": "V"}}', '$["x-user"].e_mail'),
    "cut off": ('{"a": {"b": "V', "$.a.b"),
    "no JSON": ("user=V", ""),
    "a repr": ("{'user': 'V'}", ""),
    "before the JSON": ('user V {"a": 1}', ""),
    "after the JSON": ('{"a": 1} V', ""),
    "crossed brackets": ('{"a": [1}, "b": "V"}', ""),
    "second object": ('{"a": 1} {"b": "V"}', "$.b"),
    "empty object": ('{"a": {}, "l": [], "b": "V"}', "$.b"),
    "a value like a key": ('{"a": "b", "c": "V"}', "$.c"),
    "too deep": ('{"a": ' * 40 + '"V"' + "}" * 40, ""),
    "too far": ('{"a": "' + "x" * LONGEST + '", "b": "V"}', ""),
}


@pytest.mark.parametrize("case", PATHS)
def test_the_path_of_a_value(case):
    line, path = PATHS[case]
    assert at(line, "V") == [path]


def test_equal_values_have_paths_of_their_own():
    line = json.dumps({"from": MAIL, "to": [MAIL, "x", MAIL], "cc": {"a": MAIL}})
    assert at(line, MAIL, MAIL, MAIL, MAIL) == ["$.from", "$.to[0]", "$.to[2]", "$.cc.a"]


@pytest.mark.parametrize("seed", range(40))
def test_paths_lead_to_the_value_in_random_json(seed):
    import random

    rng = random.Random(seed)
    leaves = []

    def made(depth):
        kind = rng.randrange(5 if depth < 5 else 2)
        if kind == 0:
            leaves.append(f"v{len(leaves)}v")
            return leaves[-1] + rng.choice(["", '"', "\\", "]}", "{", "é", ","])
        if kind == 1:
            return rng.choice([None, True, 1.5, "", 'a "b" c', {}, []])
        if kind == 2:
            return [made(depth + 1) for _ in range(rng.randrange(4))]
        return {f"k_{'abc'[n]}": made(depth + 1) for n in range(rng.randrange(4))}

    document = {"root": made(0), "more": made(0)}
    line = rng.choice(["", "INFO x: "]) + json.dumps(document, separators=rng.choice([(",", ":"), (", ", ": ")]))
    for value, path in zip(leaves, at(line, *leaves), strict=True):
        here = document
        for step in re.findall(r"\.(\w+)|\[(\d+)\]", path):
            here = here[step[0]] if step[0] else here[int(step[1])]
        assert here.startswith(value)


@pytest.mark.parametrize(
    "key",
    [
        MAIL,
        "Maria Lopez",
        "536-22-8741",
        "k" * 41,
        "4556737586899855",
        "a\\u0041",
        "",
        "1234567",
        "a1b2c3d4e5f6g7",
        "hunter2pass",
        "Jane_Roe",
        "mariaLopez",
    ],
)
def test_a_key_that_may_be_personal_is_not_shown(key):
    line = f'{{"users": {{"{key}": {{"note": "V"}}}}}}'
    assert at(line, "V") == [f"$.users.{HIDDEN}.note"]


def test_a_key_in_which_something_was_found_is_not_shown(logs, scan):
    token = "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"
    run = scan(logs(a=f'{{"{token}": {{"mail": "{MAIL}"}}}}\n'))
    told = {o.labels["entity"]: o.evidence.locator.path for o in run.observations}
    assert told == {"HUGGINGFACE_TOKEN": f"$.{HIDDEN}", "EMAIL_ADDRESS": f"$.{HIDDEN}.mail"}


def test_paths_are_in_the_evidence_with_the_chain_and_only_there(logs, scan):
    import base64

    code = base64.b64encode(f"contact: {MAIL} please".encode()).decode()
    lines = [f'{{"n": {number}, "user": {{"mail": "{MAIL}"}}}}' for number in range(EVIDENCE_CAP + 9)]
    run = scan(logs(a="\n".join([f'app: {{"body": "{code}"}}', *lines])))
    told = [o.evidence.locator.path for o in run.observations]
    assert told == ["$.body > base64", *["$.user.mail"] * (EVIDENCE_CAP - 1), *[None] * 10]
    (m,) = [m for m in run.measurements if m.value]
    assert {e.locator.path for e in m.evidence} == set(told[:EVIDENCE_CAP])


def test_every_piece_of_evidence_may_have_a_path():
    assert worker.WITH_PATH >= EVIDENCE_CAP


def test_evidence_says_in_how_many_places_a_value_stands(logs, scan):
    run = scan(logs(a=f"x {MAIL}\n" * 412 + "y jo@acme.com\n", b=f"x {MAIL}\n"))
    (a, b) = [m for m in run.measurements if m.value]
    assert (a.value, a.distinct, b.distinct) == (413, 2, 1)
    assert all(e.note.endswith("; the same value stands in 412 places") for e in a.evidence)
    assert "places" not in b.evidence[0].note


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "k.bin"
    path.write_bytes(os.urandom(32))
    return path


def groups(run):
    return [o.evidence.group for o in run.observations]


def test_fingerprints_are_the_same_in_every_scan_with_the_key(logs, scan, key):
    first = groups(scan(logs(a=f"x {MAIL}\ny jo@acme.com\n"), fingerprint_key="k.bin"))
    second = groups(scan(logs(b=f"jo@acme.com\nMARIA@uni-bonn.de\n{MAIL}\n"), fingerprint_key=str(key)))
    assert all(re.fullmatch(r"EMAIL_ADDRESS-hmac:[0-9a-f]{16}", group) for group in first + second)
    assert [second[1], second[0], second[2]] == [first[0], first[1], first[0]]
    key.write_bytes(os.urandom(40))
    assert set(groups(scan(logs(a=f"x {MAIL}\n"), fingerprint_key="k.bin"))).isdisjoint(first)


def test_a_fingerprint_is_no_digest_that_can_be_found_without_the_key(logs, scan, key):
    (group,) = groups(scan(logs(a="ssn 536-22-8741\n"), fingerprint_key="k.bin"))
    shown = group.partition("hmac:")[2]
    texts = (b"536-22-8741", b"536228741", b"US_SSN\x00536228741")
    assert shown not in {hmac.digest(k, text, "sha256").hex()[:16] for text in texts for k in (b"", b"\0" * 32)}


@pytest.mark.parametrize(("content", "words"), [(b"short", "5 bytes"), (b"x" * 70_000, "at most"), (None, "cannot be")])
def test_a_key_that_keeps_nothing_secret_is_refused(logs, scan, tmp_path, content, words):
    if content is not None:
        (tmp_path / "k.bin").write_bytes(content)
    with pytest.raises(DetectorFailed, match=f"option fingerprint_key: .*{words}"):
        scan(logs(a=MAIL), fingerprint_key="k.bin")


def test_a_remembered_outcome_hangs_on_the_content_of_the_files_that_options_name(tmp_path):
    from assay.engine.keys import Contents, outcome_key
    from assay_detectors.pii.spec import SPEC

    def remembered(**options):
        return outcome_key(SPEC, options, Contents((), {}, {}, 0), (), False, tmp_path)

    keys = [remembered(fingerprint_key=""), remembered(fingerprint_key="k.bin")]
    for content in ("a = 1", "a = 2"):
        (tmp_path / "k.bin").write_text(content)
        keys.append(remembered(fingerprint_key="k.bin"))
    assert len(set(keys)) == 4
    assert remembered(fingerprint_key="k.bin") == keys[-1]
