"""`assay attest` and `assay verify` as a release job and a deploy gate run them."""

import base64
import datetime
import json
import os
import pickle
import shutil

import pytest

from assay.attest.envelope import NotValid
from assay.cli.verify import verified

KEYS = ("--key", "key.pem")
GATE = ("--key", "key.pub")


def payload(path):
    return json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048"])
def test_a_pass_is_signed_and_taken_by_the_gate(assay, here, keys, kind):
    keys(kind)
    signed = assay("attest", "model.json", *KEYS)
    assert signed.code == 0 and signed.out.startswith("attestation.json: model.pkl: gate open (pass, exit code 0)")
    taken = assay("verify", "model.pkl", *GATE, "--policy", "baseline")
    assert taken.code == 0 and taken.out.startswith("model.pkl: valid pass") and not taken.err
    coverage = payload(here / "attestation.json")["predicate"]["assay"]["coverage"]
    assert coverage["required"] and f"checked {coverage['checked']} of {coverage['required']} required" in taken.out


def test_the_statement_says_what_was_judged(assay, here, dated):
    import hashlib

    dated("2026-11-25T18:00:00+00:00")
    assay("attest", "model.json", *KEYS, "--date", "2026-11-26", "--expires", "12h")
    found, saved = payload(here / "attestation.json"), json.loads((here / "model.json").read_text())
    assert set(found) == {"_type", "subject", "predicateType", "predicate"}
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["predicateType"] == "https://in-toto.io/attestation/svr/v0.2"
    sha256 = hashlib.sha256((here / "model.pkl").read_bytes()).hexdigest()
    assert {"name": "model.pkl", "digest": {"sha256": sha256}, "annotations": {"role": "artifact"}} in found["subject"]
    predicate = found["predicate"]
    policy = saved["provenance"]["policies"][0]
    assert predicate["verifier"]["policies"] == [{"name": "builtin:baseline", "digest": {"sha256": policy["sha256"]}}]
    assert predicate["timeCreated"] == "2026-11-26T00:00:00Z"
    assert predicate["properties"][0] == "ASSAY_GATE_OPEN"
    assert "ASSAY_RULE/no-unsafe-code" in predicate["properties"]
    said = predicate["assay"]
    assert (said["status"], said["exitCode"], said["gate"]) == ("pass", 0, "open")
    assert said["expires"] == "2026-11-26T06:00:00Z" and said["judgedAgain"] is True  # 12 hours after the scan
    assert said["manifest"] is None and said["trusted"] == []
    from assay.model.result import read_result

    canonical = read_result((here / "model.json").read_bytes(), "r").canonical()
    assert said["result"] == {"sha256": hashlib.sha256(canonical).hexdigest()}


def test_the_same_result_key_and_date_give_the_same_bytes(assay, here, dated):
    dated("2026-11-26T18:00:00+00:00")
    for name in ("a.json", "b.json"):
        assay("attest", "model.json", *KEYS, "--date", "2026-11-26", "-o", name)
    assert (here / "a.json").read_bytes() == (here / "b.json").read_bytes()
    raw = base64.b64decode(json.loads((here / "a.json").read_text())["payload"])
    assert raw == json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_failed_verdict_is_signed_as_failed_and_never_passes(assay, here):
    signed = assay("attest", "bad.json", *KEYS)
    assert signed.code == 0 and "FAILED (fail, exit code 1)" in signed.out
    found = payload(here / "attestation.json")["predicate"]
    assert "ASSAY_GATE_OPEN" not in found["properties"] and found["assay"]["gate"] == "FAILED"
    refused = assay("verify", "bad.pkl", *GATE)
    assert refused.code == 1 and "is no pass: fail, exit code 1" in refused.sentence


def test_another_model_key_or_policy_is_refused_in_one_sentence(assay, here, keys):
    assay("attest", "model.json", *KEYS)
    (here / "twin.pkl").write_bytes(pickle.dumps({"weights": [0.1, 0.3]}))
    keys(name="other")
    cases = {
        ("verify", "twin.pkl", *GATE): "is not what was attested",
        ("verify", "model.pkl", "--key", "other.pub"): "another key",
        ("verify", "model.pkl", *GATE, "--policy", "strict"): "another policy",
    }
    for arguments, said in cases.items():
        done = assay(*arguments)
        assert done.code == 1 and said in done.sentence and not done.out, arguments


def test_a_renamed_model_is_the_same_model(assay, here):
    assay("attest", "model.json", *KEYS)
    (here / "model.pkl").rename(here / "renamed.bin")
    assert assay("verify", "renamed.bin", *GATE).code == 0


def test_an_attestation_is_found_beside_the_model_or_here(assay, here):
    (here / "store").mkdir()
    shutil.move(here / "model.pkl", here / "store" / "model.pkl")
    missing = assay("verify", "store/model.pkl", *GATE)
    assert missing.code == 1 and "nobody vouches for it" in missing.sentence
    assay("attest", "model.json", *KEYS)
    assert assay("verify", "store/model.pkl", *GATE).code == 0
    (here / "attestation.json").rename(here / "store" / "attestation.json")
    assert assay("verify", "store/model.pkl", *GATE).code == 0
    (here / "store" / "attestation.json").rename(here / "other.json")
    assert assay("verify", "store/model.pkl", *GATE, "--attestation", "other.json").code == 0


def test_it_holds_until_it_expires_counted_from_the_scan(assay, here, dated, monkeypatch):
    monkeypatch.chdir(here)
    dated("2026-11-26T10:00:00+00:00")
    assay("attest", "model.json", *KEYS, "--date", "2026-11-27T10:00:00Z", "--expires", "2d")
    arguments = (here / "model.pkl", here / "key.pub", None, None)
    end = datetime.datetime(2026, 11, 28, 10, tzinfo=datetime.UTC)
    assert verified(*arguments, end - datetime.timedelta(seconds=1)) == 0
    with pytest.raises(NotValid, match="expired on 2026-11-28T10:00:00Z"):
        verified(*arguments, end)
    with pytest.raises(NotValid, match="still to come"):
        verified(*arguments, end - datetime.timedelta(days=3))


def test_a_result_of_an_old_scan_is_not_signed(assay, here, dated):
    dated("2026-10-27T10:00:00+00:00")
    at = ("attest", "model.json", *KEYS, "--date")
    assert assay(*at, "2026-11-26T10:00:00Z").code == 0
    old = assay(*at, "2026-11-26T10:00:01Z")
    assert old.code == 2 and "longer ago than --max-age allows" in old.sentence
    assert assay(*at, "2026-11-26T10:00:01Z", "--max-age", "31d").code == 0
    ended = assay(*at, "2026-11-26T10:00:01Z", "--max-age", "31d", "--expires", "30d")
    assert ended.code == 2 and "--expires has passed since its scan" in ended.sentence
    early = assay(*at, "2026-10-26")
    assert early.code == 2 and "after this statement" in early.sentence
    for started in ("", "yesterday"):
        dated(started)
        unknown = assay("attest", "model.json", *KEYS)
        assert unknown.code == 2 and "does not say when it was scanned" in unknown.sentence


def test_a_folder_is_met_again_with_exactly_its_files(assay, here):
    (here / "hub" / "sub").mkdir(parents=True)
    for name in ("a.pkl", "sub/b.pkl"):
        (here / "hub" / name).write_bytes(pickle.dumps([name]))
    assert assay("scan", "hub", "-q", "-o", "json=hub.json").code == 0
    assay("attest", "hub.json", *KEYS)
    assert assay("verify", "hub", *GATE).code == 0
    assert assay("verify", "hub/sub/b.pkl", *GATE).code == 0
    (here / "hub" / "__pycache__").mkdir()
    (here / "hub" / "__pycache__" / "x.pyc").write_bytes(b"x")
    added = assay("verify", "hub", *GATE)
    assert added.code == 1 and "this folder" in added.sentence
    shutil.rmtree(here / "hub" / "__pycache__")
    (here / "hub" / "a.pkl").rename(here / "hub" / "c.pkl")
    assert assay("verify", "hub", *GATE).code == 1
    (here / "hub" / "c.pkl").unlink()
    assert assay("verify", "hub", *GATE).code == 1


def test_the_listing_of_a_folder_in_a_file_is_not_the_folder(assay, here):
    import hashlib

    (here / "hub").mkdir()
    (here / "hub" / "a.pkl").write_bytes(pickle.dumps([1]))
    assay("scan", "hub", "-q", "-o", "json=hub.json")
    assay("attest", "hub.json", *KEYS)
    inner = hashlib.sha256((here / "hub" / "a.pkl").read_bytes()).hexdigest()
    (here / "forged.bin").write_bytes(f"a.pkl\0{inner}\n".encode())
    folder = next(s for s in payload(here / "attestation.json")["subject"] if s["name"] == ".")
    assert folder["digest"] == {"assayFolder": hashlib.sha256((here / "forged.bin").read_bytes()).hexdigest()}
    assert assay("verify", "forged.bin", *GATE).code == 1


def test_a_manifest_stands_for_all_its_models_and_artifacts(assay, here):
    (here / "extra.pkl").write_bytes(pickle.dumps([2]))
    (here / "assay.yaml").write_text("version: 1\nname: both\nartifacts: [model.pkl, extra.pkl]\n")
    assert assay("scan", "assay.yaml", "-q", "-o", "json=both.json").code == 0
    assay("attest", "both.json", *KEYS)
    assert assay("verify", "assay.yaml", *GATE).code == 0
    (here / "extra.pkl").write_bytes(pickle.dumps([3]))
    changed = assay("verify", "assay.yaml", *GATE)
    assert changed.code == 1 and "extra.pkl" in changed.sentence
    (here / "extra.pkl").unlink()
    assert assay("verify", "assay.yaml", *GATE).code == 3
    (here / "assay.yaml").write_text("version: 1\nname: both\nmodel: {path: model.pkl}\n")
    as_model = assay("verify", "assay.yaml", *GATE)
    assert as_model.code == 1 and "not as a model" in as_model.sentence


def test_the_process_of_the_user_opens_no_byte_of_the_model(assay, here):
    import subprocess
    import sys

    assay("attest", "model.json", *KEYS)
    script = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == 'open' else None)\n"
        "from assay.cli.main import run\n"
        "code = run(['verify', 'model.pkl', '--key', 'key.pub'])\n"
        "assert not [path for path in opened if path.endswith('model.pkl')], opened\n"
        "assert [path for path in opened if path.endswith('attestation.json')]\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_link_counts_with_what_it_leads_to(assay, here):
    assay("attest", "model.json", *KEYS)
    (here / "link.pkl").symlink_to("model.pkl")
    (here / "evil.pkl").symlink_to("bad.pkl")
    assert assay("verify", "link.pkl", *GATE).code == 0
    assert assay("verify", "evil.pkl", *GATE).code == 1


def test_an_onnx_model_with_its_tensors_beside_it_is_not_taken_by_the_digest_of_one_file(assay, here):
    onnx = pytest.importorskip("onnx")
    import numpy as np

    (here / "net").mkdir()
    weights = onnx.numpy_helper.from_array(np.ones((4, 4), "float32"), "w")
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 4]) for name in ("x", "y")]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [weights]
    )
    model = onnx.helper.make_model(graph)
    onnx.save_model(model, here / "net" / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    (here / "net.yaml").write_text("version: 1\nname: net\nartifacts: [net/m.onnx]\n")
    for target in ("net/m.onnx", "net.yaml"):
        assert assay("scan", target, "-q", "-o", "json=net.json").code == 0
        assert assay("attest", "net.json", *KEYS, "-o", "net.att").code == 0
        done = assay("verify", target, *GATE, "--attestation", "net.att")
        assert done.code == 1 and "rests on" in done.sentence and "m.data besides" in done.sentence
    (here / "net.yaml").write_text("version: 1\nname: net\nartifacts: [net]\n")
    assert assay("scan", "net.yaml", "-q", "-o", "json=net.json").code == 0
    assert assay("attest", "net.json", *KEYS, "-o", "net.att").code == 0
    assert assay("verify", "net.yaml", *GATE, "--attestation", "net.att").code == 0
    (here / "net" / "m.data").write_bytes(bytes(64))
    assert assay("verify", "net.yaml", *GATE, "--attestation", "net.att").code == 1


def test_a_folder_that_cannot_be_read_to_its_end_is_not_assessed(assay, here):
    (here / "hub").mkdir()
    (here / "hub" / "a.pkl").write_bytes(pickle.dumps([1]))
    assay("scan", "hub", "-q", "-o", "json=hub.json")
    assay("attest", "hub.json", *KEYS)
    os.mkfifo(here / "hub" / "pipe")
    done = assay("verify", "hub", *GATE)
    assert done.code == 3 and "cannot be read whole" in done.sentence
    (here / "hub" / "pipe").unlink()
    (here / "hub" / "dangling").symlink_to("nowhere")
    assert assay("verify", "hub", *GATE).code == 3
    (here / "hub" / "dangling").unlink()
    (here / "hub" / "loop").symlink_to(".")
    assert assay("verify", "hub", *GATE).code == 1


def test_hostile_names_are_inert(assay, here):
    name = "m\u202e\x1b[2J<script>.pkl"
    (here / name).write_bytes(pickle.dumps([4]))
    assert assay("scan", name, "-q", "-o", "json=odd.json").code == 1  # the name itself is a finding
    signed, refused = assay("attest", "odd.json", *KEYS), assay("verify", name, *GATE)
    assert (signed.code, refused.code) == (0, 1)
    (here / name).write_bytes(b"x")
    other = assay("verify", name, *GATE)
    assert other.code == 1 and "is not what was attested" in other.sentence
    for text in (signed.out, refused.err, other.err):
        assert "\u202e" not in text and "\x1b" not in text


def test_a_waived_finding_ends_the_attestation_with_the_waiver(here, dated):
    from assay.attest.statement import build
    from assay.model.result import read_result
    from assay.model.trust import TrustEntry
    from assay.model.verdict import WaiverUse

    dated("2026-11-26T00:00:00+00:00", "bad.json")
    result = read_result((here / "bad.json").read_bytes(), "r")
    use = WaiverUse(id="w", state="valid", reason="r", approver="a", expires="2026-12-01")
    findings = (result.verdict.findings[0].model_copy(update={"waiver": use}),)
    waived = result.model_copy(update={"verdict": result.verdict.model_copy(update={"findings": findings})})
    created, longest = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC), datetime.timedelta(days=90)

    def expires(result):
        return build(result, created, longest, rejudged=True)["predicate"]["assay"]["expires"]

    assert expires(result) == "2027-02-24T00:00:00Z"
    assert expires(waived) == "2026-12-02T00:00:00Z"  # the last day counts whole
    entry = TrustEntry(name="a.B", power="data", reason="r", by="b", until=datetime.date(2026, 11, 29))
    provenance = waived.provenance.model_copy(update={"trusted": (entry,)})
    assert expires(waived.model_copy(update={"provenance": provenance})) == "2026-11-30T00:00:00Z"


def test_a_failure_that_a_baseline_excuses_is_signed_and_never_called_an_open_gate(assay, here):
    from assay.cli.attest import _outcome
    from assay.model.result import read_result

    verdict = read_result((here / "bad.json").read_bytes(), "r").verdict
    excused = _outcome(verdict.model_copy(update={"exit_code": 0}))
    assert "`assay verify` refuses it" in excused and "gate open" not in excused
    assert _outcome(verdict).startswith("FAILED (fail")
    assert _outcome(verdict.model_copy(update={"exit_code": 0, "status": "warn"})) == "gate open (warn, exit code 0)"
    from assay.attest.statement import build

    result = read_result((here / "bad.json").read_bytes(), "r")
    result = result.model_copy(update={"verdict": verdict.model_copy(update={"exit_code": 0})})
    now = datetime.datetime.now(datetime.UTC)
    found = build(result, now, datetime.timedelta(days=1), rejudged=True)["predicate"]
    assert "ASSAY_GATE_OPEN" not in found["properties"] and found["assay"]["gate"] != "open"


def test_names_that_somebody_answered_for_are_signed_and_told(assay, here):
    data = json.loads((here / "model.json").read_text())
    data["provenance"]["trusted"] = [
        {"name": f"mypkg.{name}", "power": "data", "reason": "ours", "by": by, "until": None}
        for name, by in (("A", "ann\u202e"), ("B", "ann\u202e"), ("C", "bob"))
    ]
    (here / "model.json").write_text(json.dumps(data))
    assert assay("attest", "model.json", *KEYS).code == 0
    said = payload(here / "attestation.json")["predicate"]["assay"]["trusted"]
    assert said[2] == {"name": "mypkg.C", "by": "bob"} and len(said) == 3
    taken = assay("verify", "model.pkl", *GATE)
    assert taken.code == 0 and "3 names trusted on the word of 2 people" in taken.out and "\u202e" not in taken.out
