"""Sentences about numbers and limits."""

from assay.model.evidence import Evidence, Locator
from assay.model.interval import Interval
from assay.model.measurement import Measurement
from assay_policies.words import notes


def measured(*told):
    return Measurement(
        metric="pii.logs.count", value=len(told), interval=Interval.exact(len(told)), n=9, method="m",
        evidence=tuple(Evidence(kind="log-span", locator=Locator(file="a"), note=note) for note in told),
    )  # fmt: skip


def test_what_notes_have_in_common_is_told_once():
    told = measured("e-mail address", "e-mail address; the same value stands in 3 places", "telephone number; rule x")
    assert notes(told) == ": e-mail address; telephone number; rule x"
    assert notes(measured("a; b", "c", "d", "e")) == ": a; b; c; d; ..."
    assert notes(measured()) == ""
