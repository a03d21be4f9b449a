"""Before a verdict is signed it is reached again: what was edited, or cannot be judged again, is not signed."""

import base64
import json
import shutil

import pytest

KEYS = ("--key", "key.pem")
GATE = ("--key", "key.pub")


def payload(path):
    return json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))


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
    unseen = assay("attest", "edited.json", *KEYS)
    assert unseen.code == 2 and "its policy is not built in; give it by --policy" in unseen.sentence
    assert not (here / "attestation.json").exists()
    stands = assay("attest", "edited.json", *KEYS, "--as-it-stands", "-o", "edited.att.json")
    assert stands.code == 0 and "`assay verify` refuses it without --accept-unjudged" in stands.err
    assert payload(here / "edited.att.json")["predicate"]["assay"]["judgedAgain"] is False
    gate = ("verify", "bad.pkl", *GATE, "--attestation", "edited.att.json")
    refused, taken = assay(*gate), assay(*gate, "--accept-unjudged")
    assert refused.code == 1 and "without judging again" in refused.sentence
    assert taken.code == 0 and "was not reached again" in taken.out
    both = assay("attest", "edited.json", *KEYS, "--as-it-stands", "--policy", "own.yaml")
    assert both.code == 2 and "give one of them" in both.sentence
    built_in = assay("attest", "bad.json", *KEYS, "--as-it-stands")
    assert built_in.code == 0 and payload(here / "attestation.json")["predicate"]["assay"]["judgedAgain"] is True
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
