"""Hostile envelopes: whatever is changed, forged or malformed, none is taken for a valid pass."""

import base64
import datetime
import json

import pytest

from assay.attest.envelope import PAYLOAD_TYPE, NotValid, sign, verified_payload
from assay.attest.gate import Found, Wanted, check
from assay.attest.statement import read

NOW = datetime.datetime(2026, 11, 26, 12, 0, tzinfo=datetime.UTC)
DIGEST = "a" * 64
MODEL = Found("model.pkl", "", "sha256", DIGEST)


def statement(**changes):
    """A small statement that passes; `changes` replace entries by their dotted path (`__` for a dot)."""
    found = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "m", "digest": {"sha256": DIGEST}, "annotations": {"role": "model"}}],
        "predicateType": "https://in-toto.io/attestation/svr/v0.2",
        "predicate": {
            "verifier": {
                "id": "pkg:pypi/model-assay@0.1.0",
                "policies": [{"name": "p", "digest": {"sha256": "b" * 64}}],
            },
            "timeCreated": "2026-11-26T10:00:00Z",
            "properties": ["ASSAY_GATE_OPEN"],
            "assay": {
                "target": "t", "policy": "p", "status": "pass", "exitCode": 0, "expires": "2027-01-01T00:00:00Z",
                "coverage": {"required": 4, "checked": 4}, "judgedAgain": True,
            },
        },
    }  # fmt: skip
    for path, value in changes.items():
        *way, last = path.split("__") if not path.startswith("_type") else [path]
        part = found
        for step in way:
            part = part[step]
        if value is ...:
            del part[last]
        else:
            part[last] = value
    return found


@pytest.fixture(scope="module")
def signer():
    from securesystemslib.signer import CryptoSigner

    return CryptoSigner.generate_ed25519()


@pytest.fixture(scope="module")
def other():
    from securesystemslib.signer import CryptoSigner

    return CryptoSigner.generate_ed25519()


def passes(content, key, found=(MODEL,), now=NOW, wanted=None):
    """Say whether an envelope is taken for a valid pass; anything but a NotValid is a failure of the test."""
    try:
        check(read(verified_payload(content, key)), found, now, wanted)
    except NotValid:
        return False
    return True


def signed(signer, payload):
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return json.loads(sign(text, signer))


def test_the_untouched_envelope_passes(signer):
    assert passes(json.dumps(signed(signer, statement())).encode(), signer.public_key)


def test_no_changed_byte_of_the_envelope_makes_it_another_pass(signer):
    content = sign(json.dumps(statement()).encode(), signer).encode()
    good = verified_payload(content, signer.public_key)
    entries = json.loads(content)
    for place in range(len(content)):
        for mask in (0x01, 0x20, 0x80):
            changed = bytearray(content)
            changed[place] ^= mask
            try:
                payload = verified_payload(bytes(changed), signer.public_key)
            except NotValid:
                continue
            assert payload == good and json.loads(changed) == entries, place  # a space became another one


@pytest.mark.parametrize("where", ["payload", "sig"])
def test_no_flipped_bit_of_payload_or_signature_passes(signer, where):
    envelope = signed(signer, statement())
    place = envelope if where == "payload" else envelope["signatures"][0]
    content = base64.b64decode(place[where])
    for bit in range(len(content) * 8):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        place[where] = base64.b64encode(changed).decode()
        assert not passes(json.dumps(envelope).encode(), signer.public_key), bit


def _many(envelope):
    envelope["signatures"] *= 2
    return envelope


def _with(envelope, **changes):
    return {**envelope, **changes}


def _sig(envelope, **changes):
    return {**envelope, "signatures": [{**envelope["signatures"][0], **changes}]}


ENVELOPES = {
    "no object": lambda e: [e],
    "null": lambda e: None,
    "empty": lambda e: {},
    "no signature": lambda e: _with(e, signatures=[]),
    "signatures an object": lambda e: _with(e, signatures=e["signatures"][0]),
    "signature a text": lambda e: _with(e, signatures=[e["signatures"][0]["sig"]]),
    "signature twice": _many,
    "unknown keyid": lambda e: _sig(e, keyid="0" * 64),
    "empty keyid": lambda e: _sig(e, keyid=""),
    "keyid a list": lambda e: _sig(e, keyid=[e["signatures"][0]["keyid"]]),
    "no keyid": lambda e: _with(e, signatures=[{"sig": e["signatures"][0]["sig"]}]),
    "empty signature": lambda e: _sig(e, sig=""),
    "long signature": lambda e: _sig(e, sig=base64.b64encode(b"x" * 100_000).decode()),
    "signature of another scheme named": lambda e: _sig(e, scheme="rsassa-pss-sha256"),
    "algorithm none": lambda e: _sig(e, alg="none", sig=""),
    "certificate added": lambda e: _sig(e, cert="x"),
    "payload type other": lambda e: _with(e, payloadType="application/json"),
    "payload type with a space": lambda e: _with(e, payloadType=PAYLOAD_TYPE + " "),
    "payload type a list": lambda e: _with(e, payloadType=[PAYLOAD_TYPE]),
    "payload no base64": lambda e: _with(e, payload="%%%"),
    "payload url base64": lambda e: _with(e, payload=e["payload"].replace("+", "-").replace("/", "_")[:-4] + "_-_-"),
    "payload with a line break": lambda e: _with(e, payload=e["payload"][:10] + "\n" + e["payload"][10:]),
    "payload padded once more": lambda e: _with(e, payload=e["payload"] + "="),
    "payload a number": lambda e: _with(e, payload=1),
    "payload empty": lambda e: _with(e, payload=""),
    "payload an object": lambda e: _with(e, payload=statement()),
    "further field": lambda e: _with(e, verified=True),
    "not ascii": lambda e: _with(e, payload="é" * 8),
}


@pytest.mark.parametrize("change", ENVELOPES.values(), ids=ENVELOPES)
def test_a_malformed_envelope_is_refused(signer, change):
    assert not passes(json.dumps(change(signed(signer, statement()))).encode(), signer.public_key)


def test_text_that_is_no_agreed_json_is_refused(signer):
    text = json.dumps(signed(signer, statement()))
    key = signer.public_key
    hostile = {
        "two payloads": text[:-1] + f', "payload": {json.dumps(json.loads(text)["payload"])}}}',
        "NaN": text[:-1] + ', "x": NaN}',
        "infinity": '{"payload": Infinity}',
        "deep": "[" * 200_000,
        "deep objects": '{"a":' * 200_000,
        "long number": "1" * 10_000,
        "cut": text[:-5],
        "two documents": text + text,
        "comment": text + "// x",
        "nothing": "",
    }
    for name, content in hostile.items():
        assert not passes(content.encode(), key), name
    assert not passes(text.encode("utf-16"), key)
    assert not passes(b"\xff\xfe\x00", key)


def test_an_envelope_larger_than_any_is_refused(signer, monkeypatch):
    import assay.attest.envelope as envelope

    content = json.dumps(signed(signer, statement())).encode()
    monkeypatch.setattr(envelope, "MAX_BYTES", len(content) - 1)
    assert not passes(content, signer.public_key)


def test_another_key_is_refused_whatever_id_it_claims(signer, other):
    envelope = signed(other, statement())
    assert not passes(json.dumps(envelope).encode(), signer.public_key)
    claimed = _sig(envelope, keyid=signer.public_key.keyid)
    assert not passes(json.dumps(claimed).encode(), signer.public_key)


def test_a_signature_over_another_payload_type_is_refused(signer):
    from securesystemslib.dsse import Envelope

    made = Envelope(json.dumps(statement()).encode(), "text/plain", {})
    made.sign(signer)
    assert not passes(json.dumps({**made.to_dict(), "payloadType": PAYLOAD_TYPE}).encode(), signer.public_key)


STATEMENTS = {
    "predicate type v0.1": {"predicateType": "https://in-toto.io/attestation/svr/v0.1"},
    "predicate type other": {"predicateType": "https://slsa.dev/verification_summary/v1"},
    "statement type other": {"_type": "https://in-toto.io/Statement/v0.1"},
    "no subject": {"subject": []},
    "subject missing": {"subject": ...},
    "subject without digest": {"subject": [{"name": "m", "digest": {}, "annotations": {"role": "model"}}]},
    "subject with a weak digest": {
        "subject": [{"name": "m", "digest": {"md5": "a" * 32}, "annotations": {"role": "model"}}]
    },
    "digest in capitals": {
        "subject": [{"name": "m", "digest": {"sha256": "A" * 64}, "annotations": {"role": "model"}}]
    },
    "digest a list": {"subject": [{"name": "m", "digest": {"sha256": [DIGEST]}, "annotations": {"role": "model"}}]},
    "a folder of that digest": {
        "subject": [{"name": "m", "digest": {"assayFolder": DIGEST}, "annotations": {"role": "model"}}]
    },
    "a file with its numbers elsewhere": {
        "subject": [{"name": "m", "digest": {"sha256": DIGEST}, "annotations": {"role": "model", "needs": ["net.py"]}}]
    },
    "no policy": {"predicate__verifier__policies": []},
    "policies missing": {"predicate__verifier__policies": ...},
    "verifier other": {"predicate__verifier__id": "pkg:pypi/other@1"},
    "failed": {"predicate__assay__exitCode": 1},
    "exit code a text": {"predicate__assay__exitCode": "0"},
    "exit code false": {"predicate__assay__exitCode": False},
    "status fail": {"predicate__assay__status": "fail"},
    "status error": {"predicate__assay__status": "error"},
    "status skipped": {"predicate__assay__status": "skipped"},
    "status unknown": {"predicate__assay__status": "great"},
    "no property": {"predicate__properties": []},
    "expired": {"predicate__assay__expires": "2026-11-26T12:00:00Z"},
    "expiry a year without zone": {"predicate__assay__expires": "2027-01-01T00:00:00"},
    "expiry missing": {"predicate__assay__expires": ...},
    "expiry null": {"predicate__assay__expires": None},
    "from the future": {"predicate__timeCreated": "2026-11-26T12:06:00Z"},
    "no time": {"predicate__timeCreated": ""},
    "no coverage": {"predicate__assay__coverage": ...},
    "not judged again": {"predicate__assay__judgedAgain": False},
    "judged again missing": {"predicate__assay__judgedAgain": ...},
    "judged again a text": {"predicate__assay__judgedAgain": "true"},
    "no assay part": {"predicate__assay": ...},
}


@pytest.mark.parametrize("changes", STATEMENTS.values(), ids=STATEMENTS)
def test_a_signed_statement_that_is_no_pass_is_refused(signer, changes):
    assert not passes(json.dumps(signed(signer, statement(**changes))).encode(), signer.public_key)


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b"{}", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_a_signed_payload_that_is_no_statement_is_refused(signer, payload):
    assert not passes(json.dumps(signed(signer, payload)).encode(), signer.public_key)


def test_a_signed_statement_with_a_key_twice_is_refused(signer):
    text = json.dumps(statement()).replace('"exitCode": 0', '"exitCode": 1, "exitCode": 0')
    assert not passes(json.dumps(signed(signer, text.encode())).encode(), signer.public_key)


def test_the_key_and_nothing_in_the_envelope_chooses_the_scheme():
    from securesystemslib.signer import CryptoSigner, SSlibKey

    made = CryptoSigner.generate_rsa(size=2048)
    assert passes(json.dumps(signed(made, statement())).encode(), made.public_key)
    weak = SSlibKey.from_crypto(made._private_key.public_key(), made.public_key.keyid, "rsa-pkcs1v15-sha256")
    loose = CryptoSigner(made._private_key, weak)
    assert not passes(json.dumps(signed(loose, statement())).encode(), made.public_key)


def test_one_valid_hour_is_from_its_beginning_to_its_end(signer):
    content = json.dumps(signed(signer, statement(predicate__assay__expires="2026-11-26T13:00:00Z"))).encode()
    at = [NOW + datetime.timedelta(minutes=m) for m in (-126, -124, 0, 59, 60)]
    assert [passes(content, signer.public_key, now=now) for now in at] == [False, True, True, True, False]


def test_every_model_must_be_named(signer):
    content = json.dumps(signed(signer, statement())).encode()
    other = Found("other.pkl", "model", "sha256", "c" * 64)
    assert passes(content, signer.public_key, (MODEL._replace(role="model"),))
    assert not passes(content, signer.public_key, (MODEL, other))
    assert not passes(content, signer.public_key, ())
    assert not passes(content, signer.public_key, (MODEL._replace(role="artifact"),))
    assert not passes(content, signer.public_key, (MODEL._replace(kind="assayFolder"),))


def test_what_a_model_rests_on_must_be_met_by_path_and_content(signer):
    subjects = [
        {"name": "m", "digest": {"sha256": DIGEST}, "annotations": {"role": "model", "needs": ["a.py", "m.data"]}},
        {"name": "a.py", "digest": {"sha256": "c" * 64}, "annotations": {"role": "code"}},
        {"name": "m.data", "digest": {"sha256": "d" * 64}, "annotations": {"role": "companion"}},
    ]
    content = json.dumps(signed(signer, statement(subject=subjects))).encode()
    model = MODEL._replace(role="model")
    code, data = Found("a.py", "code", "sha256", "c" * 64), Found("m.data", "companion", "sha256", "d" * 64)
    assert passes(content, signer.public_key, (model, code, data))
    others = {
        "the model alone": (model,), "without its code": (model, data), "without its numbers": (model, code),
        "other code": (model, code._replace(digest="e" * 64), data),
        "code under another name": (model, code, data, code._replace(shown="json.py")),
        "further code": (model, code, data, Found("json.py", "code", "sha256", "f" * 64)),
        "a code file in place of the numbers": (model, code, data._replace(digest="c" * 64)),
        "code as the model": (code._replace(role=""),),
    }  # fmt: skip
    for case, found in others.items():
        assert not passes(content, signer.public_key, found), case


def test_a_manifest_is_met_by_content(signer):
    content = json.dumps(signed(signer, statement(predicate__assay__manifest="e" * 64))).encode()
    bare = json.dumps(signed(signer, statement())).encode()
    assert passes(content, signer.public_key) and passes(content, signer.public_key, wanted=Wanted(manifest="e" * 64))
    assert not passes(content, signer.public_key, wanted=Wanted(manifest="f" * 64))
    assert not passes(bare, signer.public_key, wanted=Wanted(manifest="e" * 64))


def test_a_further_file_does_not_pass_as_the_model(signer):
    subjects = [
        {"name": "m", "digest": {"sha256": "c" * 64}, "annotations": {"role": "model"}},
        {"name": "x", "digest": {"sha256": DIGEST}, "annotations": {"role": "artifact"}},
    ]
    content = json.dumps(signed(signer, statement(subject=subjects))).encode()
    assert not passes(content, signer.public_key)
    assert passes(content, signer.public_key, (MODEL._replace(role="artifact"),))
