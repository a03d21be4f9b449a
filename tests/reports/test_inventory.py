"""The data inventory: counts, sources, different values, legal tags, and all that was not looked at."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from assay.model import data_kinds
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Binomial, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import InputRecord, Provenance, ScanResult
from assay.model.verdict import Coverage, Verdict
from assay.reports import inventory_csv, inventory_json
from assay.reports.inventory import build, distinct, places
from assay_detectors.pii.entities import ENTITIES

LOGS, VALUES, SHARE = "pii.logs.count", "pii.dataset.values", "pii.dataset.share"


def span(group: str, file: str = "a.log") -> Evidence:
    return Evidence(kind="log-span", locator=Locator(file=file, line=1), excerpt="a***", group=group)


def measured(
    entity: str, count: int, *groups: str, metric: str = LOGS, source: str = "a.log", **more: Any
) -> Measurement:
    labels = {"entity": entity, "tier": "A", "source": source, **more.pop("labels", {})}
    values = {"interval": Interval.exact(count), "n": 100, "method": "m", "truncated": count - len(groups)} | more
    return Measurement(metric=metric, value=count, labels=labels, evidence=tuple(map(span, groups)), **values)


def result(*outcomes: Outcome, **more: Any) -> ScanResult:
    verdict = Verdict(
        status="pass",
        exit_code=0,
        policy="p",
        coverage=Coverage(required=0, checked=0, inconclusive=0),
        decisions=(),
        findings=(),
    )
    return ScanResult(provenance=Provenance(target="t", **more), outcomes=outcomes, verdict=verdict)


def ran(*measurements: Measurement, detector: str = "pii.logs", **more: Any) -> Outcome:
    return Outcome(detector=detector, status=Status.RAN, measurements=measurements, **more)


def rows(scan: ScanResult, observations: tuple[Observation, ...] = ()) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(inventory_csv.chunks(scan, observations)))))


def test_counts_sources_and_tags_come_from_the_measurements() -> None:
    scan = result(
        ran(
            measured("EMAIL_ADDRESS", 2, "EMAIL_ADDRESS-1", "EMAIL_ADDRESS-1"),
            measured("EMAIL_ADDRESS", 1, "EMAIL_ADDRESS-2", source="b.log"),
            measured("CREDIT_CARD", 0, source="*"),
        )
    )
    [(kind, entries)] = build(scan).by_kind()
    assert (kind.name, kind.category) == ("EMAIL_ADDRESS", "contact")
    assert [(e.source, e.found) for e in entries] == [("a.log", 2), ("b.log", 1)]
    assert distinct(entries) == (2, True)
    first = rows(scan)[0]
    assert (first["looked_at"], first["looked_at_unit"]) == ("100", "lines")
    assert (first["gdpr"], first["hipaa_safe_harbor"], first["found_is"]) == ("Art.4(1)", "6", "exact")


def test_beyond_the_cap_of_evidence_different_values_are_at_least() -> None:
    scan = result(ran(measured("US_SSN", 40, "US_SSN-1", "US_SSN-2")))
    assert distinct(build(scan).entries) == (2, False)
    assert rows(scan)[0]["different_values_is"] == "at least"


def test_a_detector_that_told_all_values_apart_gives_their_number_beyond_the_cap() -> None:
    scan = result(ran(measured("EMAIL_ADDRESS", 412, *["EMAIL_ADDRESS-1"] * 25, distinct=1)))
    assert distinct(build(scan).entries) == (1, True)
    assert places(build(scan).entries) == "1 value in 412 places"
    assert (rows(scan)[0]["different_values"], rows(scan)[0]["different_values_is"]) == ("1", "exact")
    document = json.loads("".join(inventory_json.chunks(scan, ())))
    assert document["kinds"][0]["told"] == "1 value in 412 places"


def test_values_of_several_sources_are_at_least_the_most_of_one() -> None:
    scan = result(*[ran(measured("EMAIL_ADDRESS", 40, "EMAIL_ADDRESS-1", source=s, distinct=30)) for s in "ab"])
    assert places(build(scan).entries) == "at least 30 values in 80 places"
    assert places(()) == ""


def test_a_fingerprint_is_one_value_whoever_saw_it() -> None:
    log = ran(measured("EMAIL_ADDRESS", 1, "EMAIL_ADDRESS-hmac:00ff00ff00ff00ff", distinct=1))
    table = measured("EMAIL_ADDRESS", 2, *["EMAIL_ADDRESS-hmac:00ff00ff00ff00ff"] * 2, metric=VALUES, source="t.csv")
    scan = result(log, ran(table, detector="pii.dataset"))
    assert places(build(scan).entries) == "1 value in 3 places"


def test_observations_of_the_scan_count_all_different_values() -> None:
    labels = {"entity": "US_SSN", "tier": "A", "source": "a.log"}
    seen = tuple(
        Observation(detector="pii.logs", metric=LOGS, labels=labels, evidence=span(f"US_SSN-{n % 30}"))
        for n in range(40)
    )
    scan = result(ran(measured("US_SSN", 40, "US_SSN-1", "US_SSN-2")))
    assert distinct(build(scan, iter(seen)).entries) == (30, True)
    assert distinct(build(scan, iter(seen[:39])).entries)[1] is False


def test_a_source_that_was_not_read_to_its_end_says_at_least() -> None:
    scan = result(ran(measured("US_SSN", 1, "US_SSN-1", interval=Interval.at_least(1))))
    [row] = rows(scan)
    assert (row["found"], row["found_is"], row["different_values_is"]) == ("1", "at least", "at least")


def test_ordinals_of_two_detectors_are_not_mixed_up() -> None:
    logs = ran(measured("US_SSN", 1, "US_SSN-1"))
    data = ran(measured("US_SSN", 1, "US_SSN-1", metric=VALUES, labels={"column": "ssn"}), detector="pii.dataset")
    assert distinct(build(result(logs, data)).entries)[0] == 2


def test_the_share_of_a_column_stands_beside_its_count() -> None:
    column = {"labels": {"column": "mail"}, "source": "train.csv"}
    share = Measurement(
        metric=SHARE,
        value=0.5,
        interval=Interval(low=0.4, high=0.6, level=0.95, method="clopper-pearson"),
        statistic=Binomial(k=50, n=100),
        n=100,
        labels={"entity": "EMAIL_ADDRESS", "tier": "A", "source": "train.csv", "column": "mail"},
        method="m",
    )
    count = measured("EMAIL_ADDRESS", 7, metric=VALUES, **column)
    both = rows(result(ran(share, count, detector="pii.dataset")))
    assert [(r["found"], r["unit"], r["share_low"], r["column"]) for r in both] == [("7", "occurrences", "0.4", "mail")]
    assert both[0]["looked_at_unit"] == "rows"
    alone = rows(result(ran(share, detector="pii.dataset")))
    assert [(r["found"], r["unit"], r["looked_at"]) for r in alone] == [("50", "distinct values", "100")]
    assert alone[0]["looked_at_unit"] == "distinct values"


def test_special_categories_carry_their_article() -> None:
    special = Measurement(
        metric="pii.dataset.special-columns",
        value=1,
        interval=Interval.exact(1),
        n=9,
        labels={"category": "religion", "article": "gdpr:Art.9(1)", "source": "t.csv"},
        method="names",
        evidence=(Evidence(kind="column", locator=Locator(file="t.csv", path="$.faith")),),
    )
    [row] = rows(result(ran(special, detector="pii.dataset")))
    assert (row["category"], row["gdpr"], row["column"]) == ("special categories", "Art.9(1)", "$.faith")


def test_all_that_was_not_looked_at_is_listed() -> None:
    scan = result(
        ran(not_covered=("names in prose",)),
        Outcome(detector="pii.dataset", status=Status.SKIPPED, reason="pandas is missing"),
        Outcome(detector="privacy.membership", status=Status.SKIPPED, reason="no model"),
        inputs=(
            InputRecord(name="logs[0]", role="log", path="x.gz", status="unusable", problem="x.gz is no gzip file"),
        ),
        not_covered=("40 files of unknown format",),
    )
    gaps = [(r["source"], r["why"]) for r in rows(scan) if r["record"] == "not scanned"]
    assert gaps == [
        ("pii.logs", "names in prose."),
        ("pii.dataset", "pandas is missing."),
        ("x.gz", "x.gz is no gzip file."),
        ("the target", "40 files of unknown format."),
    ]
    assert build(result()).gaps[0].why == "No detector of personal data took part in this scan."


def test_the_json_form_says_the_same() -> None:
    scan = result(ran(measured("CREDIT_CARD", 3, "CREDIT_CARD-1"), not_covered=("names in prose",)))
    document = json.loads("".join(inventory_json.chunks(scan, ())))
    [kind] = document["kinds"]
    assert kind["tags"] == ["gdpr:Art.4(1)", "hipaa:10", "pci-dss:req.3"]
    assert kind["different_values"] == {"value": 1, "complete": False}
    assert kind["sources"][0]["found"] == 3
    assert document["not_scanned"] == [{"where": "pii.logs", "why": "names in prose."}]


def test_a_file_name_is_no_formula_and_no_line_break() -> None:
    scan = result(ran(measured("US_SSN", 1, "US_SSN-1", source="=HYPERLINK(1)\n,x")))
    [row] = rows(scan)
    assert row["source"].startswith("'=HYPERLINK")
    assert "\n" not in row["source"]


def test_every_kind_of_the_detectors_has_a_category_and_tags() -> None:
    for entity in ENTITIES:
        kind = data_kinds.describe(entity.name)
        assert kind.category != data_kinds.UNLISTED or entity.name.startswith("CUSTOM"), entity.name
        assert entity.tags == kind.tags
        assert bool(entity.tags) == (entity.name != "IP_LOOPBACK"), entity.name


def test_tags_are_words_for_people() -> None:
    assert data_kinds.words("gdpr:Art.9(1)") == "GDPR Art. 9(1)"
    assert data_kinds.words("hipaa:6") == "HIPAA Safe Harbor (F)"
    assert data_kinds.words("pci-dss:req.3") == "PCI DSS requirement 3"
    assert data_kinds.words("other:x") == "other:x"


def test_a_kind_without_a_line_in_the_table_has_no_tags() -> None:
    assert data_kinds.describe("SHOE_SIZE") == data_kinds.DataKind("SHOE_SIZE", "SHOE SIZE", data_kinds.UNLISTED, ())
    assert data_kinds.describe("ACME_TOKEN").category == data_kinds.SECRETS
