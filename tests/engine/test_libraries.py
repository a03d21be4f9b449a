"""Versions of optional libraries against the ranges of the metadata."""

import pytest

from assay.engine.libraries import optional_libraries, within


@pytest.mark.parametrize(
    ("found", "span", "expected"),
    [
        ("1.10", ">=1.9", True),
        ("1.9", ">=1.10", False),
        ("1.5", ">=1.5.0", True),
        ("2.13.0+cpu", ">=2.4", True),
        ("3.0", ">=2.9,<3", False),
        ("2.99.1", ">=2.9,<3", True),
        ("3.0rc1", "<3", False),
        ("2.2.1", "~=2.2.0", True),
        ("2.3", "~=2.2.0", False),
        ("2.3", "~=2.2", True),
        ("1.0", "!=1.0", False),
        ("1.1", "==1.1.0", True),
        ("1.0", "", True),
        ("unknown", ">=1", False),
    ],
)
def test_within(found, span, expected):
    assert within(found, span) is expected


def test_libraries_are_read_from_requirements_of_extras_only():
    lines = [
        "click<9,>=8.1",
        "numpy>=1; extra == 'stats'",
        "numpy>=1; extra == 'models'",
        'no-such-library-at-all (>=2) ; extra == "data"',
        "model-assay[stats]; extra == 'all'",
        "pytest>=8; extra == 'dev'",
    ]
    found = {library.name: library for library in optional_libraries(lines)}
    assert set(found) == {"numpy", "no-such-library-at-all"}
    assert found["numpy"].extras == ("models", "stats")
    assert found["numpy"].state == "ok"
    assert (found["no-such-library-at-all"].state, found["no-such-library-at-all"].wanted) == ("missing", ">=2")


def test_the_installed_assay_names_its_extras():
    extras = {extra for library in optional_libraries() for extra in library.extras}
    assert {"stats", "data", "models", "adversarial", "pii"} <= extras
    assert not extras & {"all", "dev"}
