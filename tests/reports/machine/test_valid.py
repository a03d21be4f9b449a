"""Every report is valid by the schema of its format, for results built by hand and for random ones."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from referencing import Registry, Resource

from assay.model.result import ScanResult
from assay.reports.json_text import dump
from assay.reports.registry import formats, render

SCHEMAS = Path(__file__).parents[2] / "schemas"
CYCLONEDX = "http://cyclonedx.org/schema/"
RANDOM = 60
SOAK = 1000


def read(name: str) -> Any:
    whole = (SCHEMAS / name).read_bytes()
    return json.loads(gzip.decompress(whole) if name.endswith(".gz") else whole)


@cache
def json_validator(name: str) -> jsonschema.protocols.Validator:
    schema = read(name)
    others = {
        f"{CYCLONEDX}spdx.SNAPSHOT.schema.json": "cyclonedx-spdx.json.gz",
        f"{CYCLONEDX}jsf-0.82.SNAPSHOT.schema.json": "cyclonedx-jsf-0.82.json.gz",
    }
    registry = Registry().with_resources([(uri, Resource.from_contents(read(file))) for uri, file in others.items()])
    kind = jsonschema.validators.validator_for(schema)
    return kind(_python_patterns(schema), registry=registry, format_checker=kind.FORMAT_CHECKER)


def _python_patterns(node: Any) -> Any:
    """Write `\\p{L}` and `\\p{N}` of ECMA 262 in the regular expressions of Python, which know no such classes."""
    if isinstance(node, dict):
        return {key: _python_patterns(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_python_patterns(value) for value in node]
    if isinstance(node, str):
        return node.replace(r"\p{L}", r"[^\W\d_]").replace(r"\p{N}", r"\d")
    return node


@cache
def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))


def by_json(name: str) -> Callable[[str], Iterator[str]]:
    def check(text: str) -> Iterator[str]:
        assert text.isascii()
        yield from (f"{e.json_path}: {e.message[:300]}" for e in json_validator(name).iter_errors(json.loads(text)))

    return check


def by_xsd(text: str) -> Iterator[str]:
    ElementTree.fromstring(text)
    yield from (f"{error.path}: {error.reason}" for error in junit_schema().iter_errors(text))


def by_lines(text: str) -> Iterator[str]:
    if len(text.splitlines()) > 60:
        yield f"{len(text.splitlines())} lines"
    if not text.startswith("## "):
        yield "no verdict line"


def by_table(text: str) -> Iterator[str]:
    rows = list(csv.reader(io.StringIO(text)))
    yield from (f"{len(row)} cells" for row in rows if len(row) != len(rows[0]))
    yield from (f"a formula: {cell[:40]}" for row in rows for cell in row if cell.startswith(("=", "+", "-", "@")))


def by_object(text: str) -> Iterator[str]:
    assert text.isascii()
    if set(json.loads(text)) != {"inventory_version", "target", "scanned", "kinds", "not_scanned"}:
        yield "other parts than the inventory has"


def by_json_lines(text: str) -> Iterator[str]:
    yield from (f"no object: {line[:80]}" for line in text.splitlines() if not isinstance(json.loads(line), dict))


def as_result(text: str) -> Iterator[str]:
    ScanResult.model_validate_json(text)
    yield from ()


def by_page(text: str) -> Iterator[str]:
    if re.search(r"(?i)<script|<img|javascript:", text):
        yield "an element that can act"


def plain(text: str) -> Iterator[str]:
    if re.search(r"[\x00-\x08\x0b-\x1f\u200b\u202e\u2066]", text):
        yield "a control or direction character"


CHECKS: dict[str, Callable[[str], Iterator[str]]] = {
    "terminal": plain,
    "json": as_result,
    "findings": by_json_lines,
    "sarif": by_json("sarif-2.1.0.json"),
    "sarif-archive": by_json("sarif-2.1.0.json"),
    "html": by_page,
    "markdown": by_lines,
    "junit": by_xsd,
    "codequality": by_json("gitlab-codequality.json"),
    "defectdojo": by_json("defectdojo-generic.json"),
    "mlbom": by_json("cyclonedx-1.6.json.gz"),
    "oscal": by_json("oscal-assessment-results-1.2.3.json"),
    "inventory": by_table,
    "inventory-json": by_object,
}


def test_every_format_is_checked() -> None:
    assert set(CHECKS) == {entry.name for entry in formats()}


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("sarif-2.1.0.json", {"version": "2.1.0", "runs": [{"results": [{}]}]}),
        ("gitlab-codequality.json", [{"description": "x", "check_name": "y", "fingerprint": "z", "severity": "bad"}]),
        ("defectdojo-generic.json", {"findings": [{"title": "x", "severity": "High", "description": "", "n": 1}]}),
        ("cyclonedx-1.6.json.gz", {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "x"}]}),
        ("oscal-assessment-results-1.2.3.json", {"assessment-results": {"uuid": "1"}}),
    ],
)
def test_the_schemas_refuse_what_is_wrong(name: str, broken: Any) -> None:
    assert list(json_validator(name).iter_errors(broken))


def test_the_xsd_refuses_what_is_wrong() -> None:
    assert list(by_xsd("<testsuites><testsuite name='x'/></testsuites>"))


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_golden_results_are_valid(cases: dict[str, ScanResult], name: str) -> None:
    for case, result in cases.items():
        assert (case, list(CHECKS[name](render(name, result)))) == (case, [])


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_random_results_are_valid(random_result: Callable[..., ScanResult], name: str) -> None:
    for seed in range(RANDOM):
        assert (seed, list(CHECKS[name](render(name, random_result(seed))))) == (seed, [])


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_thousand_random_results_are_valid(random_result: Callable[..., ScanResult], name: str) -> None:
    for seed in range(1_000_000, 1_000_000 + SOAK):
        assert (seed, list(CHECKS[name](render(name, random_result(seed))))) == (seed, [])


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(CHECKS))
def test_five_thousand_random_findings_are_valid(random_result: Callable[..., ScanResult], name: str) -> None:
    assert list(CHECKS[name](render(name, random_result(7, 5000)))) == []


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_the_same_result_gives_the_same_bytes(random_result: Callable[..., ScanResult], name: str) -> None:
    for seed in range(10):
        result = random_result(seed)
        assert render(name, result) == render(name, result)
        assert render(name, result) == render(name, ScanResult.model_validate_json(result.model_dump_json()))


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {"json", "findings"}))
def test_names_of_a_megabyte_are_cut(cases: dict[str, ScanResult], name: str) -> None:
    assert len(render(name, cases["hostile"])) < 250_000


def test_json_text_is_that_of_the_standard_library() -> None:
    document = {"b": [1, 2.5, 1e-300, None, True, 'ä 中 🎯 \x7f \\ " /'], "a": {"": [], "x": {}}, "n": 2**53}
    assert json.loads(dump(document)) == document
    assert dump(document).isascii()
    assert list(json.loads(dump(document))) == ["b", "a", "n"]
