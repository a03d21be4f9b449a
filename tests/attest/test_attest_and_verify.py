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
def test_a_pass_is_signed_and_taken_by_the_gate(assay, keys, kind):
    keys(kind)
    signed = assay("attest", "model.json", *KEYS)
    assert signed.code == 0 and signed.out.startswith("attestation.json: model.pkl: gate open (pass, exit code 0)")
    taken = assay("verify", "model.pkl", *GATE, "--policy", "baseline")
    assert taken.code == 0 and taken.out.startswith("model.pkl: valid pass") and not taken.err


def test_the_statement_says_what_was_judged(assay, here):
    import hashlib

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
    assert said["expires"] == "2026-11-26T12:00:00Z" and said["judgedAgain"] is True
    from assay.model.result import read_result

    canonical = read_result((here / "model.json").read_bytes(), "r").canonical()
    assert said["result"] == {"sha256": hashlib.sha256(canonical).hexdigest()}


def test_the_same_result_key_and_date_give_the_same_bytes(assay, here):
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


def test_it_holds_until_it_expires(assay, here, monkeypatch):
    monkeypatch.chdir(here)
    assay("attest", "model.json", *KEYS, "--date", "2026-11-26T10:00:00Z", "--expires", "2d")
    arguments = (here / "model.pkl", here / "key.pub", None, None)
    end = datetime.datetime(2026, 11, 28, 10, tzinfo=datetime.UTC)
    assert verified(*arguments, end - datetime.timedelta(seconds=1)) == 0
    with pytest.raises(NotValid, match="expired on 2026-11-28T10:00:00Z"):
        verified(*arguments, end)
    with pytest.raises(NotValid, match="still to come"):
        verified(*arguments, end - datetime.timedelta(days=3))


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
        assert done.code == 1 and "keeps its numbers in other files" in done.sentence


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


def edited(here, change, source="bad.json"):
    data = json.loads((here / source).read_text())
    change(data["verdict"])
    (here / "edited.json").write_text(json.dumps(data))


def _open_gate(verdict):
    verdict["status"], verdict["exit_code"] = "pass", 0


def _open_all(verdict):
    _open_gate(verdict)
    verdict["findings"] = []
    for decision in verdict["decisions"]:
        decision["blocks"] = False
        if decision["verdict"] != "not_applicable":
            decision["verdict"] = "pass"


EDITS = {
    "gate opened": _open_gate,
    "gate opened, nothing blocks": lambda v: (_open_gate(v), [d.update(blocks=False) for d in v["decisions"]]),
    "findings taken out": lambda v: (_open_gate(v), v.update(findings=[])),
    "everything passes": _open_all,
    "no decision": lambda v: (_open_gate(v), v.update(decisions=[], findings=[])),
    "exit code of another meaning": lambda v: v.update(exit_code=4),
    "coverage": lambda v: v["coverage"].update(checked=0),
}


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS)
def test_an_edited_verdict_is_not_signed(assay, here, change):
    edited(here, change)
    done = assay("attest", "edited.json", *KEYS)
    assert done.code == 2 and "the file was changed" in done.sentence
    assert not (here / "attestation.json").exists()


def test_by_a_policy_of_ones_own_the_verdict_is_reached_again_where_the_policy_is_given(assay, here):
    (here / "own.yaml").write_text("version: 1\nid: own\nextends: [builtin:baseline]\n")
    assert assay("scan", "bad.pkl", "--policy", "own.yaml", "-q", "-o", "json=own.json").code == 1
    edited(here, _open_all, "own.json")
    unseen = assay("attest", "edited.json", *KEYS, "-o", "edited.att.json")
    assert unseen.code == 0 and "give --policy" in unseen.err
    assert payload(here / "edited.att.json")["predicate"]["assay"]["judgedAgain"] is False
    seen = assay("attest", "edited.json", *KEYS, "--policy", "own.yaml")
    assert seen.code == 2 and "judged again by the same policy" in seen.sentence
    other = assay("attest", "own.json", *KEYS, "--policy", "baseline")
    assert other.code == 2 and "is not the policy that judged this result" in other.sentence
    assert assay("attest", "own.json", *KEYS, "--policy", "own.yaml").code == 0


def test_the_name_of_a_built_in_policy_is_no_way_around_judging_again(assay, here):
    data = json.loads((here / "bad.json").read_text())
    _open_all(data["verdict"])
    data["provenance"]["policies"][0]["path"] = "own.yaml"
    (here / "edited.json").write_text(json.dumps(data))
    done = assay("attest", "edited.json", *KEYS)
    assert done.code == 2 and "judged again by the same policy" in done.sentence


def test_a_verdict_against_a_baseline_is_reached_again_with_it(assay, here):
    shutil.copy(here / "model.json", here / "base.json")
    assert assay("scan", "model.pkl", "-q", "--baseline", "base.json", "-o", "json=later.json").code == 0
    missing = assay("attest", "later.json", *KEYS)
    assert missing.code == 2 and "give that by --baseline" in missing.sentence
    other = assay("attest", "later.json", *KEYS, "--baseline", "bad.json")
    assert other.code == 2 and "is not the baseline" in other.sentence
    assert assay("attest", "later.json", *KEYS, "--baseline", "base.json").code == 0
    assert payload(here / "attestation.json")["predicate"]["assay"]["judgedAgain"] is True


def test_a_waived_finding_ends_the_attestation_with_the_waiver(here):
    from assay.attest.statement import build
    from assay.model.result import read_result
    from assay.model.trust import TrustEntry
    from assay.model.verdict import WaiverUse

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
