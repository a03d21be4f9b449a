"""Keys that are none, wrong usage, files that cannot be read, libraries that are not there: one sentence each."""

import json
import os
import stat

import pytest

KEYS = ("--key", "key.pem")
GATE = ("--key", "key.pub")


def test_a_key_under_a_passphrase(assay, keys):
    keys(passphrase=b"open sesame")
    asked = assay("attest", "model.json", *KEYS)
    assert asked.code == 2 and "ASSAY_KEY_PASSPHRASE" in asked.sentence
    wrong = assay("attest", "model.json", *KEYS, ASSAY_KEY_PASSPHRASE="open barley")
    assert wrong.code == 2 and "the passphrase does not open it" in wrong.sentence
    assert "barley" not in wrong.err
    assert assay("attest", "model.json", *KEYS, ASSAY_KEY_PASSPHRASE="open sesame").code == 0
    assert assay("verify", "model.pkl", *GATE).code == 0


def test_keys_that_are_none(assay, here, keys):
    keys("rsa-1024", name="small")
    keys("ecdsa-k1", name="curve")
    (here / "text.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    (here / "ssh.pem").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
    os.mkfifo(here / "pipe")
    sign = {
        "small.pem": "1024 bits", "curve.pem": "not used here", "text.pem": "cannot be read", "ssh.pem": "OpenSSH",
        "key.pub": "sign with the private one", "none.pem": "no such file", "pipe": "no key file", ".": "no key file",
        "model.json": "no private key",
    }  # fmt: skip
    for name, said in sign.items():
        done = assay("attest", "model.json", "--key", name)
        assert done.code == 2 and said in done.sentence, name
    assay("attest", "model.json", *KEYS)
    check = {"small.pub": "1024 bits", "curve.pub": "not used", "key.pem": "private key", "model.pkl": "no public key"}
    for name, said in check.items():
        done = assay("verify", "model.pkl", "--key", name)
        assert done.code == 2 and said in done.sentence, name


def test_wrong_usage_and_files_that_cannot_be_read(assay, here):
    assay("attest", "model.json", *KEYS)
    os.mkfifo(here / "pipe")
    (here / "logs.json").write_text(json.dumps(json.loads((here / "model.json").read_text()) | {"schema_version": "2"}))
    cases = {
        ("attest", "none.json", *KEYS): 2,
        ("attest", "logs.json", *KEYS): 2,
        ("attest", "model.json"): 2,
        ("attest", "model.json", *KEYS, "--expires", "0d"): 2,
        ("attest", "model.json", *KEYS, "--expires", "never"): 2,
        ("attest", "model.json", *KEYS, "--expires", "9999d"): 2,
        ("attest", "model.json", *KEYS, "--date", "yesterday"): 2,
        ("attest", "model.json", *KEYS, "-o", "none/a.json"): 2,
        ("verify", "model.pkl"): 2,
        ("verify", "none.pkl", *GATE): 2,
        ("verify", "pipe", *GATE): 2,
        ("verify", "model.pkl", *GATE, "--attestation", "none.json"): 2,
        ("verify", "model.pkl", *GATE, "--attestation", "pipe"): 2,
        ("verify", "model.pkl", *GATE, "--attestation", "."): 2,
        ("verify", "model.pkl", *GATE, "--policy", "none"): 2,
        ("verify", "model.pkl", *GATE, "--attestation", "model.json"): 1,
        ("verify", "model.pkl", *GATE, "--attestation", "model.pkl"): 1,
    }
    for arguments, code in cases.items():
        done = assay(*arguments)
        assert done.code == code and not done.out and "Traceback" not in done.err, (arguments, done.err)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_model_that_cannot_be_read_is_not_assessed(assay, here):
    assay("attest", "model.json", *KEYS)
    (here / "model.pkl").chmod(0)
    assert assay("verify", "model.pkl", *GATE).code == 3
    (here / "model.pkl").chmod(stat.S_IRUSR)


def test_data_alone_is_nothing_to_vouch_for(assay, here):
    data = json.loads((here / "model.json").read_text())
    data["provenance"]["inputs"][0] |= {"role": "log", "name": "logs:app.log"}
    (here / "logs.json").write_text(json.dumps(data))
    done = assay("attest", "logs.json", *KEYS)
    assert done.code == 2 and "nothing to vouch for" in done.sentence


@pytest.mark.parametrize("library", ["securesystemslib", "rfc8785"])
def test_without_the_extra_one_sentence_says_what_to_install(assay_process, here, library):
    (here / "shadow").mkdir()
    (here / "shadow" / f"{library}.py").write_text(f"raise ImportError('no', name={library!r})")
    shadow = {"PYTHONPATH": str(here / "shadow")}
    for arguments in (("attest", "model.json", *KEYS), ("verify", "model.pkl", *GATE)):
        done = assay_process(*arguments, **shadow)
        assert done.code == 3 and "pip install 'model-assay[sign]'" in done.sentence, done.err
