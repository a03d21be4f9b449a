"""Files that the manifest does not name and that came with a model: its source code, and where its weights stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.model.result import InputRecord, ScanResult
from assay.reports.inputs import BESIDE
from assay.reports.registry import render


@pytest.fixture
def beside(cases: dict[str, ScanResult]) -> ScanResult:
    """The companion first, the model after it, the code last."""
    model, log = cases["clean"].provenance.inputs

    def record(role: str, path: str, digit: str) -> InputRecord:
        return InputRecord(name=f"{role}:{path}", role=role, path=path, sha256=digit * 64, size=7)

    facts: dict[str, Any] = {"companions": ["model.onnx.data"], "factory": "net.build:make"}
    model = model.model_copy(update={"facts": facts})
    inputs = (record("companion", "model.onnx.data", "1"), model, log, record("code", "net/build.py", "2"))
    return cases["clean"].model_copy(
        update={"provenance": cases["clean"].provenance.model_copy(update={"inputs": inputs})}
    )


def bom(result: ScanResult) -> dict[str, Any]:
    return dict(json.loads(render("mlbom", result)))


def test_the_page_names_them_with_digest_and_what_they_are(beside: ScanResult) -> None:
    scope = render("html", beside).partition('<h2 id="scope">')[2].partition("</section>")[0]
    for role, path, digit in (("companion", "model.onnx.data", "1"), ("code", "net/build.py", "2")):
        row = scope.partition(f">{role}:{path}<")[2].partition("</tr>")[0]
        assert BESIDE[role] in row and digit * 64 in row
    assert scope.count(BESIDE["code"]) == 1


def test_the_bill_of_materials_says_which_model_rests_on_them(beside: ScanResult) -> None:
    whole = bom(beside)
    parts = {c["bom-ref"]: c for c in whole["components"]}
    kinds = {ref: c["type"] for ref, c in parts.items()}
    assert kinds == {
        "input-1": "file",
        "input-2": "machine-learning-model",
        "input-3": "data",
        "input-4": "file",
    }
    assert [parts[ref]["description"] for ref in ("input-1", "input-4")] == [BESIDE["companion"], BESIDE["code"]]
    assert parts["input-4"]["hashes"] == [{"alg": "SHA-256", "content": "2" * 64}]
    assert "description" not in parts["input-2"]
    assert whole["dependencies"][1] == {"ref": "input-2", "dependsOn": ["input-1", "input-4"]}


def test_of_several_models_none_is_given_the_files_of_another(beside: ScanResult) -> None:
    facts = {"companions": ["other.onnx.data"]}
    more = {"name": "models[1]", "path": "other.onnx", "facts": facts}
    second = beside.provenance.inputs[1].model_copy(update=more)
    provenance = beside.provenance.model_copy(update={"inputs": (*beside.provenance.inputs, second)})
    whole, only = bom(beside.model_copy(update={"provenance": provenance}))["dependencies"]
    assert whole["dependsOn"] == [f"input-{number}" for number in range(1, 6)]
    assert only == {"ref": "input-2", "dependsOn": ["input-1", "input-4"]}


def test_sarif_lists_them_and_calls_them_not_analysed(beside: ScanResult) -> None:
    run = json.loads(render("sarif", beside))["runs"][0]
    by_uri = {a["location"]["uri"]: a for a in run["artifacts"]}
    weights, code = by_uri["target/model.onnx.data"], by_uri["target/net/build.py"]
    assert weights["roles"] == [] and code["roles"] == []
    assert by_uri["target/model.pkl"]["roles"] == ["analysisTarget"]
    assert weights["properties"]["about"] == BESIDE["companion"]
    assert code["hashes"] == {"sha-256": "2" * 64}
    assert "about" not in by_uri["target/model.pkl"]["properties"]


def test_a_finding_about_a_bare_model_stands_on_the_model(beside: ScanResult) -> None:
    bare = beside.model_copy(update={"provenance": beside.provenance.model_copy(update={"manifest": None})})
    lost = bare.model_copy(
        update={
            "verdict": bare.verdict.model_copy(
                update={"exit_code": 3, "coverage": bare.verdict.coverage.model_copy(update={"checked": 0})}
            )
        }
    )
    (own,) = json.loads(render("sarif", lost))["runs"][0]["results"]
    assert own["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "model.pkl"


def test_oscal_lists_their_digests_with_what_they_are(beside: ScanResult) -> None:
    (told,) = json.loads(render("oscal", beside))["assessment-results"]["results"]
    target = told["local-definitions"]["components"][1]
    listed = {p["value"]: p["remarks"] for p in target["props"]}
    assert listed["1" * 64] == f"companion:model.onnx.data ({BESIDE['companion']})"
    assert listed["2" * 64] == f"code:net/build.py ({BESIDE['code']})"
    assert listed["b" * 64] == "model: model.pkl"
