"""The conformance battery over every built-in detector."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from examples import EXAMPLES

from assay.engine.catalogue import load_catalogue
from assay.testing.conformance import battery

CHECKS = [pytest.param(check, id=f"{name}-{check}") for name, example in EXAMPLES.items() for check in battery(example)]


def test_every_detector_is_in_the_battery():
    assert {example.load().id for example in EXAMPLES.values()} == set(load_catalogue().specs)


@pytest.mark.parametrize("check", CHECKS)
def test_conformance(check, tmp_path):
    check(tmp_path)
