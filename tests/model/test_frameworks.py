"""Every control that a policy or a detector names stands in the tables, or in a list here with the reason."""

from __future__ import annotations

from importlib import resources

import pytest
from ruamel.yaml import YAML

from assay.engine.catalogue import load_catalogue
from assay.model import frameworks

NOT_IN_A_TABLE: dict[str, str] = {}
"""Control -> why it stands in no table."""


def controls_of_policies() -> list[tuple[str, str]]:
    found = []
    for file in resources.files("assay_policies").joinpath("builtin").iterdir():
        if file.name.endswith(".yaml"):
            rules = YAML(typ="safe").load(file.read_text("utf-8")).get("rules", [])
            found += [(file.name, control) for rule in rules for control in rule.get("controls", ())]
    return found


def controls_of_detectors() -> list[tuple[str, str]]:
    specs = load_catalogue().specs
    return [(name, control) for name, spec in sorted(specs.items()) for control in spec.frameworks]


def test_policies_and_detectors_name_controls() -> None:
    assert len(controls_of_policies()) > 5
    assert len(controls_of_detectors()) > 5


@pytest.mark.parametrize("named", [controls_of_policies, controls_of_detectors])
def test_every_control_is_known_and_not_retired(named) -> None:
    for where, control in named():
        if control in NOT_IN_A_TABLE:
            continue
        assert frameworks.known(control) is True, f"{where}: {control}; near: {frameworks.near(control)}"
        described = frameworks.describe(control)
        assert described is not None
        assert described.retired_by is None, f"{where}: {control} was replaced by {described.retired_by}"


def test_every_detector_of_ours_is_mapped_and_the_map_names_known_controls() -> None:
    for name in load_catalogue().specs:
        assert frameworks.mapped(name), name
    for name in frameworks.mapped_detectors():
        for control in (*frameworks.mapped(name), *frameworks.mitigations(name)):
            assert frameworks.known(control) is True, f"{name}: {control}"


def test_known_tells_a_wrong_id_from_a_foreign_prefix() -> None:
    assert frameworks.known("atlas:AML.T0010") is True
    assert frameworks.known("atlas:AML.T9999") is False
    assert frameworks.known("atlas:") is False
    assert frameworks.known("acme:SEC-7") is None
    assert frameworks.known("") is None


def test_a_short_form_is_the_control_with_its_edition() -> None:
    short, full = frameworks.describe("owasp-ml:ML04"), frameworks.describe("owasp-ml:ML04:2023")
    assert short == full
    assert short is not None
    assert (short.id, short.name, short.text) == ("ML04:2023", "Membership Inference Attack", "owasp-ml:ML04:2023")
    assert "2023" in short.edition


def test_a_short_prefix_is_the_same_framework() -> None:
    assert frameworks.describe("rmf:MEASURE 2.7") == frameworks.describe("nist-rmf:MEASURE 2.7") is not None
    assert frameworks.known("iso42001:A.6.2.4") is True
    assert frameworks.known("iso42001:A.99") is False
    assert frameworks.all_controls("rmf") == frameworks.all_controls("nist-rmf") != ()


def test_a_retired_control_names_its_successor_in_the_newer_edition() -> None:
    old = frameworks.describe("atlas:AML.T0019")
    assert old is not None and old.retired_by is not None
    new = frameworks.describe(f"atlas:{old.retired_by}")
    assert new is not None
    assert (new.name, new.retired_by) == ("Publish Poisoned AI Artifacts: Datasets", None)
    assert new.status == "secondary"
    assert new.edition != old.edition


def test_each_entry_says_how_it_was_read() -> None:
    for framework in frameworks.frameworks():
        controls = frameworks.all_controls(framework.prefix)
        assert controls, framework.prefix
        assert framework.edition and framework.title
        assert len({control.id for control in controls}) == len(controls)
        assert all(
            control.name and control.edition and control.status in ("primary", "secondary") for control in controls
        )
    assert {f.prefix: f.status for f in frameworks.frameworks()}["nist-aml"] == "secondary"
    assert frameworks.all_controls("acme") == ()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("atlas:AML.T0010.03", "atlas:AML.T0010.003"),
        ("eu:Art.15.5", "eu:Art.15(5)"),
        ("atals:AML.T0010", "atlas:AML.T0010"),
        ("cwe:502", "cwe:CWE-502"),
        ("rmf:MESURE 2.7", "nist-rmf:MEASURE 2.7"),
        ("nistaml:NISTAML.033", "nist-aml:NISTAML.033"),
    ],
)
def test_a_near_miss_is_suggested(wrong: str, right: str) -> None:
    assert frameworks.near(wrong) == right


def test_nothing_like_it_has_no_suggestion() -> None:
    assert frameworks.near("zzzzzzzzzzzzzzzz") is None
