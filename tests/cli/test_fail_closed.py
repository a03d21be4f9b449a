"""Not measured is never safe: remove each input and each detector in turn, and exit 0 disappears."""

import json

import pytest

FULL = {
    "model": {"path": "model.skops"},
    "data": {name: {"path": f"{name}.csv", "label": "label"} for name in ("train", "test", "trusted")},
    "logs": [{"path": "app.log"}],
}


DETECTORS = [
    "artifact.unsafe-code", "artifact.structure", "artifact.integrity", "pii.logs", "pii.dataset",
    "poisoning.labels", "adversarial.whitebox", "privacy.membership",
]  # fmt: skip


@pytest.mark.parametrize("gone", ["model", "data.train", "data.test", "data.trusted", "logs"])
def test_without_an_input_strict_does_not_pass(assay, target, sklearn_model, manifest, gone):
    entries = json.loads(json.dumps(FULL))
    if gone.startswith("data."):
        del entries["data"][gone[5:]]
    else:
        entries[gone] = None
    manifest(**entries)
    done = assay("scan", "assay.yaml", "--policy", "strict")
    assert done.code == 3, done.out
    assert gone in done.out


@pytest.mark.parametrize("policy", ["baseline", "strict"])
def test_without_a_detector_no_policy_passes(assay, target, sklearn_model, manifest, policy):
    manifest(**FULL)
    passed = assay("scan", "assay.yaml", "--policy", policy)
    assert passed.code == 0
    text = passed.path.read_text()
    for gone in DETECTORS:
        result = json.loads(text)
        result["outcomes"] = [outcome for outcome in result["outcomes"] if outcome["detector"] != gone]
        assert len(result["outcomes"]) == len(DETECTORS) - 1
        (target / "without.json").write_text(json.dumps(result))
        assert assay("judge", "without.json", "--policy", policy).code == 3, gone


@pytest.mark.parametrize("module", ["presidio_analyzer", "phonenumbers"])
def test_without_its_extra_a_required_detector_blocks(assay, target, tmp_path, module):
    hide = tmp_path / "hide"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text(
        "import importlib.util as u\nfound = u.find_spec\n"
        f"u.find_spec = lambda name, *rest: None if name == {module!r} else found(name, *rest)\n"
    )
    done = assay("scan", "assay.yaml", path=hide)
    assert done.code == 3, done.out
    assert "pip install 'model-assay[pii]'" in done.out


def test_a_folder_with_nothing_but_an_empty_file_is_exit_3(assay, tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "weights.bin").write_bytes(b"")
    done = assay("scan", "t")
    assert done.code == 3
    assert "weights.bin: is empty" in done.out


def test_a_malicious_model_is_not_loaded_and_counts_with_its_rule(assay, target, manifest):
    (target / "model.pkl").write_bytes(b"cos\nsystem\n(S'touch fired'\ntR.")
    manifest(model={"path": "model.pkl"})
    done = assay("scan", "assay.yaml")
    assert done.code == 1
    record = next(r for r in done.result["provenance"]["inputs"] if r["name"] == "model")
    assert (record["status"], record["blocked_by"]) == ("refused", "artifact.unsafe-code.calls")
    assert not (target / "fired").exists()


def test_an_unreadable_format_is_unknown_and_blocks(assay, tmp_path):
    (tmp_path / "m.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24))
    done = assay("scan", "m.7z")
    assert done.code == 4
    assert done.result["verdict"]["status"] == "inconclusive"


def test_a_file_that_is_cut_off_is_built_otherwise_than_its_format_says(assay, tmp_path):
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00}\x94")
    assert assay("scan", "m.pkl").code == 1


def test_a_pickled_model_is_loaded_only_in_a_sealed_worker(assay, target, manifest):
    import joblib
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    rows = np.loadtxt(target / "train.csv", delimiter=",", skiprows=1)
    joblib.dump(LogisticRegression().fit(rows[:, :3], rows[:, 3].astype(int)), target / "model.joblib")
    manifest(model={"path": "model.joblib"})
    done = assay("scan", "assay.yaml")
    record = next(r for r in done.result["provenance"]["inputs"] if r["name"] == "model")
    assert done.code == 0, done.out
    assert record["facts"]["kind"] == "sklearn"
    assert done.result["provenance"]["run"]["sandbox"][-1] == "all probes refused"
