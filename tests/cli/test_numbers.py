"""The numbers that a CI job feels: CPU seconds of whole processes, children included."""

import json
import pickle
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def cpu_seconds(*command, cwd=None):
    """Return the least CPU seconds of three runs, user and system."""
    best = float("inf")
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=cwd, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


@pytest.fixture(autouse=True, scope="module")
def compiled():
    """Compile the sources, as an installed wheel is; a sealed worker cannot write what it compiles."""
    for name in ("scanner", "detectors", "policies"):
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / name)], check=True)


def test_help_costs_at_most_0_3_cpu_seconds():
    assert cpu_seconds(sys.executable, "-m", "assay.cli", "--help") <= 0.3


def test_a_small_file_costs_at_most_0_6_cpu_seconds(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"weights": [0.5] * 100}))
    assert cpu_seconds(sys.executable, "-m", "assay.cli", "scan", str(path), "--no-cache") <= 0.6


@pytest.fixture
def many_findings(tmp_path):
    """A result with 5,000 findings, written as `scan` writes it."""
    from assay.model.evidence import Evidence, Locator
    from assay.model.interval import Interval
    from assay.model.measurement import Measurement
    from assay.model.outcome import Outcome, Status
    from assay.model.result import InputRecord, Provenance, ScanResult
    from assay.model.verdict import Coverage, Verdict

    measurements = tuple(
        Measurement(
            metric="artifact.unsafe-code.calls", value=1, interval=Interval.exact(1), n=1, method="m",
            labels={"file": f"m{index}.pkl"},
            evidence=(Evidence(kind="call", locator=Locator(file=f"m{index}.pkl", offset=9), note="calls os.system"),),
        )
        for index in range(5000)
    )  # fmt: skip
    outcome = Outcome(detector="artifact.unsafe-code", version="1", status=Status.RAN, measurements=measurements)
    record = InputRecord(name="m", role="artifact", path="m")
    result = ScanResult(
        provenance=Provenance(target="t", inputs=(record,), declared=("artifact",)),
        outcomes=(outcome,),
        verdict=Verdict(
            status="pass", exit_code=0, policy="p", decisions=(), findings=(),
            coverage=Coverage(required=0, checked=0, inconclusive=0),
        ),
    )  # fmt: skip
    path = tmp_path / "many.json"
    path.write_text(result.to_json())
    return path


JUDGE = """
import datetime, gc, sys, time
from pathlib import Path
from assay.engine.catalogue import load_catalogue
from assay.model.result import RunRecord, read_result
from assay_policies.judge import judge
from assay_policies.load import load_policy

catalogue = load_catalogue()
started = time.process_time()
saved = read_result(Path(sys.argv[1]).read_bytes(), "many.json")
record = RunRecord(provenance=saved.provenance, outcomes=saved.outcomes)
verdict = judge(record, load_policy("strict", catalogue.specs), catalogue.specs, datetime.date(2026, 11, 23))
print(time.process_time() - started, len([f for f in verdict.findings if f.rule == "no-unsafe-code"]))
"""


def test_judging_5000_findings_takes_less_than_a_second(many_findings):
    """Reading and judging, in a process of its own: a test runner's heap would be collected with ours."""
    runs = [
        subprocess.run([sys.executable, "-c", JUDGE, str(many_findings)], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    seconds, findings = zip(*(run.stdout.split() for run in runs), strict=True)
    assert set(findings) == {"5000"}
    assert min(map(float, seconds)) < 1.0


def test_the_judge_command_on_5000_findings(many_findings, tmp_path):
    command = (
        sys.executable,
        "-m",
        "assay.cli",
        "judge",
        str(many_findings),
        "-q",
        "-o",
        f"json={tmp_path / 'o.json'}",
    )
    # The whole process, its start and the writing of 8 MB included. CPU seconds on a machine that runs other tests too.
    assert cpu_seconds(*command) < 2.0
    assert json.loads((tmp_path / "o.json").read_text())["verdict"]["exit_code"] == 3
