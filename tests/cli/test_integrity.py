"""`artifact.integrity` from the command line: what is published passes, one other byte does not, no reference is quiet."""

import json
import pickle

import pytest

from assay.targets.published import write_manifest

RULE = "files-as-published"


@pytest.fixture
def release(tmp_path):
    """Write a folder with two files, its list beside it, and a manifest that declares both; return the folder."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "weights.pkl").write_bytes(pickle.dumps({"w": [1.0, 2.0]}))
    (tmp_path / "m" / "config.json").write_text("{}")
    (tmp_path / "SUMS").write_text(write_manifest(tmp_path / "m"))
    declare(tmp_path, "integrity: {manifest: SUMS, root: m}")
    return tmp_path


def declare(folder, text, inputs="artifacts: [m]"):
    (folder / "assay.yaml").write_text(f"version: 1\nname: small\n{inputs}\n{text}\n")


def decision(done):
    (found,) = [d for d in done.result["verdict"]["decisions"] if d["rule"] == RULE]
    return found


@pytest.mark.parametrize("form", ["sums", "json"])
def test_as_published(assay, release, form):
    (release / "SUMS").write_text(write_manifest(release / "m", form))
    done = assay("scan", "assay.yaml")
    assert done.code == 0, done.out
    assert (decision(done)["verdict"], decision(done)["required"]) == ("pass", True)
    listed = {entry["name"]: entry["sha256"] for entry in done.result["provenance"]["inputs"]}
    assert listed["integrity.manifest"]


def test_one_changed_byte_violates_and_is_named(assay, release):
    (release / "m" / "config.json").write_text("[]")
    done = assay("scan", "assay.yaml", "-o", "findings=f.jsonl", "-o", "sarif=r.sarif")
    assert done.code == 1
    assert "m/config.json differs: its sha256 is" in " ".join(done.out.split())
    lines = [json.loads(line) for line in (release / "f.jsonl").read_text().splitlines()]
    found = [line for line in lines if line["metric"] == "artifact.integrity.mismatches"]
    assert [(line["kind"], line["locator"]["file"]) for line in found] == [("mismatch", "m/config.json")]
    assert "m/config.json" in (release / "r.sarif").read_text()


def test_a_remembered_scan_sees_a_change_of_file_list_or_key(assay, release):
    assert assay("scan", "assay.yaml").code == 0
    (release / "SUMS").write_text((release / "SUMS").read_text().replace("a", "b", 1))
    assert assay("scan", "assay.yaml").code == 1
    (release / "SUMS").write_text(write_manifest(release / "m"))
    assert assay("scan", "assay.yaml").code == 0
    (release / "m" / "config.json").write_text("[1]")
    assert assay("scan", "assay.yaml").code == 1


REFERENCES = {
    "absent": ("integrity: {manifest: GONE, root: m}", 3, "GONE: there is no such file"),
    "of other files": ("integrity: {manifest: OTHER}", 4, "OTHER: lists none of the files that are scanned"),
    "no list": ("integrity: {manifest: TEXT, root: m}", 4, "TEXT: line 1 is no line of `sha256sum`"),
    "empty": ("integrity: {manifest: EMPTY, root: m}", 3, "EMPTY: is empty"),
    "a folder": ("integrity: {manifest: m, root: m}", 4, "m: cannot be read"),
    "too weak": ("integrity: {manifest: MD5, root: m}", 4, "MD5: line 1 uses MD5"),
    "no key": ("integrity: {signature: TEXT}", 2, "assay.yaml:4:12: integrity[0]: a signature needs either `key`"),
    "misspelt": ("integrity: {manifests: SUMS}", 2, "did you mean 'manifest'?"),
    "misspelt in a list": ("integrity:\n  - {manifest: SUMS, rot: m}", 2, "assay.yaml:5:22: unknown key 'rot'"),
}


@pytest.mark.parametrize(("text", "code", "said"), REFERENCES.values(), ids=REFERENCES)
def test_a_reference_that_cannot_be_used_is_no_pass(assay, release, text, code, said):
    (release / "OTHER").write_text(f"{'0' * 64}  other\n")
    (release / "TEXT").write_text("hello\n")
    (release / "EMPTY").write_text("")
    (release / "MD5").write_text(f"{'0' * 32}  config.json\n")
    declare(release, text)
    done = assay("scan", "assay.yaml")
    assert done.code == code, done.out + done.err
    assert said in " ".join((done.out + done.err).split())


@pytest.mark.parametrize("path", ["assay.yaml", "m/weights.pkl"])
def test_without_a_reference_a_scan_is_quiet_and_passes(assay, release, path):
    declare(release, "")
    done = assay("scan", path)
    assert done.code == 0, done.out
    assert decision(done)["verdict"] == "not_applicable"
    assert not [f for f in done.result["verdict"]["findings"] if f["rule"] == RULE]
    assert done.out.count("`integrity`") == 1  # in the line of what is not covered
    (outcome,) = [o for o in done.result["outcomes"] if o["detector"] == "artifact.integrity"]
    assert [(m["metric"], m["value"]) for m in outcome["measurements"]] == [
        ("artifact.integrity.files", 1 if path == "m/weights.pkl" else 2)
    ]


def test_a_policy_may_demand_a_reference(assay, release):
    policy = "version: 1\nid: p\nextends: [builtin:baseline]\nrules:\n  - {id: files-as-published, required: true}\n"
    (release / "p.yaml").write_text(policy)
    assert assay("scan", "assay.yaml", "--policy", "p.yaml").code == 0
    declare(release, "")
    done = assay("scan", "assay.yaml", "--policy", "p.yaml")
    assert done.code == 3
    assert decision(done)["reason"] == (
        "artifact.integrity.mismatches was not measured: the target declares no `integrity`"
    )


def test_a_signature_in_a_sealed_worker(assay, release):
    import sys
    from pathlib import Path

    pytest.importorskip("cryptography")
    sys.path.insert(0, str(Path(__file__).parents[1] / "detectors" / "artifact"))
    import hashlib

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from test_integrity_signature import pem, sign, statement

    names = ["config.json", "weights.pkl"]
    digests = [hashlib.sha256((release / "m" / name).read_bytes()).hexdigest() for name in names]
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()
    payload = statement(subject=[{"name": "m", "digest": {"sha256": root}}])
    payload["predicate"]["resources"] = [
        {"name": name, "algorithm": "sha256", "digest": digest} for name, digest in zip(names, digests, strict=True)
    ]
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    (release / "model.sig").write_text(json.dumps(sign(key, hashes.SHA256(), payload)))
    (release / "key.pub").write_text(pem(key))
    declare(release, "integrity: {signature: model.sig, key: key.pub, root: m}")
    done = assay("scan", "assay.yaml")
    assert done.code == 0, done.out
    (release / "key.pub").write_text(pem(other))
    done = assay("scan", "assay.yaml")
    assert done.code == 1
    assert "model.sig: the signature does not hold: another key made it" in " ".join(done.out.split())
    (release / "key.pub").write_text(pem(key))
    (release / "m" / "run.py").write_text("print(1)\n")
    done = assay("scan", "assay.yaml")
    assert done.code == 1
    assert "m/run.py is not listed" in " ".join(done.out.split())
