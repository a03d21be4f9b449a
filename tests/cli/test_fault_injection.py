"""Every installed detector times every fault: where its check is required, the scan never ends with 0."""

import dataclasses
import datetime
import json
import sys
from pathlib import Path

import pytest

from assay.cli.main import run
from assay.engine import scan as engine_scan
from assay.engine.catalogue import Catalogue, load_catalogue
from assay.engine.scan import ScanRequest
from assay.model.outcome import Status
from assay.model.result import ScanResult, read_result
from assay_policies.ask import AskedLimits
from assay_policies.judge import judge
from assay_policies.load import load_policy

SPECS = load_catalogue().specs
FAULTS = {
    "exception in the worker": "ExceptionInWorker", "exception in the driver": "ExceptionInDriver", "hang": "Hang",
    "out of memory": "OutOfMemory", "killed": "Killed", "nan": "NaN", "empty": "Empty", "missing extra": "MissingExtra",
}  # fmt: skip
DAY = datetime.date(2026, 11, 23)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Write a target that declares everything; its model is opened by nobody here."""
    folder = tmp_path_factory.mktemp("target")
    rows = "\n".join(f"{n % 7},{n % 5},{n % 2}" for n in range(60))
    for name in ("train", "test", "trusted"):
        (folder / f"{name}.csv").write_text(f"a,b,label\n{rows}\n")
    (folder / "app.log").write_text("fine\n" * 20)
    (folder / "params.pkl").write_bytes(b"\x80\x04}\x94.")
    (folder / "sums.txt").write_text("")
    data = ", ".join(f"{name}: {{path: {name}.csv, label: label}}" for name in ("train", "test", "trusted"))
    (folder / "assay.yaml").write_text(
        f"version: 1\nname: demo\ntask: classification\nartifacts: [params.pkl]\ndata: {{{data}}}\nlogs: [{{path: app.log}}]\n"
    )
    return folder


def policy_for(specs, folder):
    """Return a policy that requires every metric of these detectors."""
    rules = []
    for metric in (metric for spec in specs for metric in spec.metrics):
        top = 0.9 * metric.high if metric.high is not None else 5
        least = 2 if metric.low == 1 else 0.1
        side = f"min: {least}" if metric.direction == "higher-is-better" else f"max: {top}"
        limit = "{max_detectable: 0.1}" if metric.id.endswith(".p-value") else f"{{{side}}}"
        rules.append(f"  - {{id: r{len(rules)}, metric: {metric.id}, limit: {limit}, required: true}}")
    path = folder / f"{'-'.join(spec.id for spec in specs)}.yaml"
    path.write_text("version: 1\nid: t\nrules:\n" + "\n".join(rules) + "\n")
    return path


def faulty(spec, body):
    import faulty_detectors

    kind = type(body, (getattr(faulty_detectors, body),), {"metric": spec.metrics[0].id})
    name = f"{body}_{spec.id.replace('.', '_').replace('-', '_')}"
    missing = body == "MissingExtra"
    changed = spec.model_copy(
        update={
            "body": f"faulty_detectors:{name}", "stage": 0, "needs": (), "extras": ("nowhere",) if missing else (),
            "modules": ("no_such_module_here",) if missing else (),
        }
    )  # fmt: skip
    kind.spec = changed
    setattr(faulty_detectors, name, kind)
    return changed


@pytest.fixture(scope="module")
def runs(place):
    """Return what was recorded when every installed detector had the same fault, by fault."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
        yield {fault: recorded(place, body) for fault, body in FAULTS.items()}


def recorded(folder, body):
    specs = {spec.id: faulty(spec, body) for spec in SPECS.values()}
    small = {"OutOfMemory": {"memory_bytes": 256 << 20}, "Hang": {"task_seconds": 0.5}}.get(body, {})
    limits = engine_scan.Limits
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine_scan, "Limits", lambda *a, **k: dataclasses.replace(limits(*a, **k), **small))
        loaded = load_policy(str(policy_for(SPECS.values(), folder)))
        request = ScanRequest(path=folder / "assay.yaml", jobs=2)
        return engine_scan.scan(request, Catalogue(specs), AskedLimits(loaded, specs), lambda *told: None, None)


def judged(record, spec, folder):
    loaded = load_policy(str(policy_for([spec], folder)), SPECS)
    verdict = judge(record, loaded, SPECS, DAY)
    return ScanResult(provenance=record.provenance, outcomes=record.outcomes, verdict=verdict)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("detector", SPECS)
def test_a_fault_never_opens_the_gate(runs, place, detector, fault):
    result = judged(runs[fault], SPECS[detector], place)
    outcome = next(o for o in result.outcomes if o.detector == detector)
    wanted = {"empty": Status.RAN, "missing extra": Status.SKIPPED}.get(fault, Status.FAILED)
    assert outcome.status in (wanted, Status.CANCELLED), outcome.reason
    assert result.verdict.exit_code == 3, result.verdict.findings
    rules = [d for d in result.verdict.decisions if d.detector == detector]
    assert rules and all(d.blocks for d in rules)
    assert result.verdict.score == 0
    assert detector in result.verdict.coverage.sentence or fault == "empty"
    if fault == "exception in the driver":
        assert "planted" in outcome.reason


def test_a_result_that_is_cut_off_is_never_a_pass(runs, place, tmp_path, capsys):
    text = judged(runs["empty"], SPECS["pii.logs"], place).to_json()
    assert read_result(text, "r.json")
    for index in range(60):
        cut = tmp_path / "r.json"
        cut.write_text(text[: len(text) * index // 60])
        assert run(["judge", str(cut), "-q"]) == 2, index
        assert run(["report", str(cut)]) == 2
    assert capsys.readouterr().err.count("\n") == 120


@pytest.mark.parametrize("detector", SPECS)
def test_a_result_without_the_outcome_of_a_detector_is_exit_3(runs, place, tmp_path, detector):
    """A whole JSON document of which somebody, or a full disk, has lost a part."""
    spec = SPECS[detector]
    data = json.loads(judged(runs["empty"], spec, place).to_json())
    data["outcomes"] = [outcome for outcome in data["outcomes"] if outcome["detector"] != detector]
    (tmp_path / "r.json").write_text(json.dumps(data))
    assert run(["judge", str(tmp_path / "r.json"), "--policy", str(policy_for([spec], place)), "-q"]) == 3
