"""Exit codes 0 to 5 and 130, exactly as written; 3 beats 1 beats 4 beats 5."""

import pytest

from assay.model.outcome import Status
from assay.model.result import InputRecord
from assay_policies.waive import fingerprint

RATE = {"id": "rate", "metric": "demo.check.rate", "limit": {"max": 0.05}, "required": True}


def waiver(rule="zero", metric="demo.check.count", **more):
    return {
        "id": "W-1", "finding": fingerprint("demo", rule, metric, {}), "reason": "accepted until the retrain",
        "kind": "accepted_risk", "approver": "ciso@example.org", "expires": "2027-01-31",
        "bound": {"metric_max": 2}, **more,
    }  # fmt: skip


def test_0_when_everything_required_passes(build):
    verdict = build.verdict(build.record(build.outcome(build.count(0))), build.zero)
    assert (verdict.exit_code, verdict.status) == (0, "pass")
    assert verdict.coverage.sentence.startswith("checked 2 of 2 required; 0 inconclusive; not covered: ")


def test_1_when_a_limit_is_broken_and_the_sentence_names_the_evidence(build):
    verdict = build.verdict(build.record(build.outcome(build.count(2))), build.zero)
    assert (verdict.exit_code, verdict.status) == (1, "fail")
    assert "calls os.system" in verdict.findings[0].text


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED, Status.SKIPPED, Status.NOT_APPLICABLE])
def test_3_when_a_required_check_did_not_run(build, status):
    record = build.record(
        build.outcome(status=status, reason="because"), build.outcome(build.count(0, metric="o.k.n"), detector="o.k")
    )
    assert build.verdict(record, build.zero).exit_code == 3


def test_3_when_the_detector_of_a_required_rule_is_absent(build):
    record = build.record(build.outcome(build.count(0, metric="o.k.n"), detector="o.k"))
    verdict = build.verdict(record, build.zero)
    assert (verdict.exit_code, verdict.status) == (3, "error")


def test_3_when_nothing_was_measured_even_if_nothing_is_required(build):
    rule = {**build.zero, "required": False}
    record = build.record(build.outcome(status=Status.SKIPPED, reason="no logs", missing_inputs=("logs",)))
    assert build.verdict(record, rule).exit_code == 3


def test_3_when_an_input_cannot_be_used(build):
    bad = InputRecord(name="data.test", role="data", path="t.csv", status="unusable", problem="t.csv: empty")
    verdict = build.verdict(build.record(build.outcome(build.count(0)), inputs=(bad,)), build.zero)
    assert verdict.exit_code == 3
    assert "t.csv: empty" in verdict.findings[0].text


def test_3_when_a_required_input_is_left_out(build):
    record = build.record(build.outcome(build.count(0)))
    assert build.verdict(record, build.zero, requires_inputs=["logs"]).exit_code == 3
    assert build.verdict(record, build.zero, requires_inputs=["artifacts"]).exit_code == 0


def test_3_when_the_detector_ran_but_did_not_measure_what_is_asked(build):
    record = build.record(build.outcome(build.count(0, tier="B")))
    assert build.verdict(record, {**build.zero, "where": {"tier": "A"}}).exit_code == 3


def test_4_only_where_the_policy_blocks_on_inconclusive(build):
    record = build.record(build.outcome(build.rate(3, 60)))
    assert build.verdict(record, RATE).exit_code == 0
    assert build.verdict(record, RATE).status == "inconclusive"
    assert build.verdict(record, RATE, gate={"inconclusive": "block"}).exit_code == 4


def test_4_for_a_count_without_an_upper_end_when_proof_is_asked(build):
    record = build.record(build.outcome(build.count(0, complete=False)))
    proof = {**build.zero, "limit": {"max": 0, "judge": "upper"}}
    assert build.verdict(record, proof).exit_code == 4
    assert build.verdict(record, {**proof, "required": False}).exit_code == 0


@pytest.mark.parametrize("judge", ["interval", "lower", "upper", "point"])
def test_4_for_a_required_check_that_was_not_read_to_its_end_however_it_is_judged(build, judge):
    record = build.record(build.outcome(build.count(0, complete=False)))
    verdict = build.verdict(record, {**build.zero, "limit": {"max": 0, "judge": judge}})
    assert verdict.exit_code == 4
    assert (verdict.coverage.checked, verdict.coverage.required) == (1, 2)


def test_3_when_no_rule_judged_a_measurement(build):
    record = build.record(build.outcome(build.count(2)), facts={"target.task": "classification"})
    never = {**build.zero, "when": "1 == 2"}
    verdict = build.verdict(record, never)
    assert verdict.exit_code == 3
    assert (verdict.coverage.checked, verdict.coverage.required) == (1, 2)  # the inputs, and that nothing was judged


def test_a_waiver_for_a_file_is_for_that_very_file(build):
    record = build.record(build.outcome(build.count(2, file="m.pkl")))
    rule = {**build.zero, "each": ["file"]}
    mark = fingerprint("demo", "zero", "demo.check.count", {"file": "m.pkl"})
    unbound = build.verdict(record, rule, waivers=[{**waiver(), "finding": mark}])
    assert (unbound.exit_code, unbound.findings[0].waiver.state) == (5, "void")
    bound = {"model_sha256": "ab" * 32, "metric_max": 2}
    assert build.verdict(record, rule, waivers=[{**waiver(bound=bound), "finding": mark}]).exit_code == 0
    other = {"model_sha256": "cd" * 32, "metric_max": 2}
    assert build.verdict(record, rule, waivers=[{**waiver(bound=other), "finding": mark}]).exit_code == 5


def test_5_when_every_blocking_finding_carries_an_expired_waiver(build):
    record = build.record(build.outcome(build.count(2)))
    verdict = build.verdict(record, build.zero, waivers=[waiver(expires="2026-11-22")])
    assert verdict.exit_code == 5
    assert verdict.findings[0].waiver.state == "expired"


def test_0_with_a_valid_waiver_which_is_listed(build):
    record = build.record(build.outcome(build.count(2)))
    verdict = build.verdict(record, build.zero, waivers=[waiver()])
    assert (verdict.exit_code, verdict.status) == (0, "waived")
    assert verdict.findings[0].waiver.approver == "ciso@example.org"


@pytest.mark.parametrize(
    "bound",
    [{"model_sha256": "cd" * 32, "metric_max": 2}, {"metric_max": 1}, {}],
    ids=["another model", "worse number", "no number"],
)
def test_5_when_the_waiver_is_void(build, bound):
    record = build.record(build.outcome(build.count(2)))
    verdict = build.verdict(record, build.zero, waivers=[waiver(bound=bound)])
    assert verdict.exit_code == 5
    assert verdict.findings[0].waiver.state == "void"


def test_waiver_bound_to_this_model_and_number_holds(build):
    record = build.record(build.outcome(build.count(2)))
    bound = {"model_sha256": "ab" * 32, "metric_max": 2}
    assert build.verdict(record, build.zero, waivers=[waiver(bound=bound)]).exit_code == 0


def test_a_check_that_did_not_run_cannot_be_waived(build):
    record = build.record(build.outcome(status=Status.FAILED, reason="crash"))
    assert build.verdict(record, build.zero, waivers=[waiver()]).exit_code == 3


def test_130_when_interrupted(build):
    assert build.verdict(build.record(build.outcome(build.count(0)), interrupted=True), build.zero).exit_code == 130


def test_3_beats_1(build):
    other = {"id": "other", "metric": "o.k.n", "limit": {"max": 0}, "required": True}
    record = build.record(
        build.outcome(build.count(2)), build.outcome(status=Status.FAILED, reason="x", detector="o.k")
    )
    assert build.verdict(record, build.zero, other).exit_code == 3


def test_1_beats_4(build):
    record = build.record(build.outcome(build.count(2), build.rate(3, 60)))
    assert build.verdict(record, build.zero, RATE, gate={"inconclusive": "block"}).exit_code == 1


def test_4_beats_5(build):
    record = build.record(build.outcome(build.count(2), build.rate(3, 60)))
    expired = [waiver(expires="2026-01-01")]
    assert build.verdict(record, build.zero, RATE, gate={"inconclusive": "block"}, waivers=expired).exit_code == 4


def test_1_when_a_check_did_not_run_because_a_violated_rule_forbids_loading(build):
    other = {"id": "other", "metric": "o.k.n", "limit": {"max": 0}, "required": True}
    blocked = build.outcome(status=Status.SKIPPED, reason="not loaded", detector="o.k", blocked_by="demo.check.count")
    refused = InputRecord(
        name="model", role="model", path="m", status="refused", problem="not loaded", blocked_by="demo.check.count"
    )
    violated = build.record(build.outcome(build.count(2)), blocked, inputs=(refused,))
    assert build.verdict(violated, build.zero, other).exit_code == 1
    not_violated = build.record(build.outcome(build.count(0)), blocked, inputs=(refused,))
    assert build.verdict(not_violated, build.zero, other).exit_code == 3


def test_a_failed_detector_keeps_what_it_found(build):
    record = build.record(build.outcome(build.count(2), status=Status.FAILED, reason="crashed later"))
    verdict = build.verdict(record, build.zero)
    assert {decision.verdict.value for decision in verdict.decisions if decision.rule == "zero"} == {"fail", "error"}
    assert verdict.exit_code == 3


def test_required_where_declared(build):
    rule = {**build.zero, "required": "declared"}
    rest = build.outcome(build.count(0, metric="o.k.n"), detector="o.k")
    second = {"id": "other", "metric": "o.k.n", "limit": {"max": 0}}
    undeclared = build.outcome(status=Status.SKIPPED, reason="no logs", missing_inputs=("logs",))
    no_extra = build.outcome(status=Status.SKIPPED, reason="no extra", missing_extras=("pii",))
    assert build.verdict(build.record(undeclared, rest), rule, second).exit_code == 0
    assert build.verdict(build.record(no_extra, rest), rule, second).exit_code == 3
    failed = build.outcome(status=Status.FAILED, reason="x")
    assert build.verdict(build.record(failed, rest), rule, second).exit_code == 3


def test_a_soft_limit_warns(build):
    record = build.record(build.outcome(build.count(2)))
    rule = {**build.zero, "effect": "warn"}
    verdict = build.verdict(record, rule)
    assert (verdict.exit_code, verdict.status) == (0, "warn")
    assert build.verdict(record, rule, gate={"warn": "block"}).exit_code == 1


SOFT = {**RATE, "effect": "warn"}
ORDERED = {
    "a soft limit": (SOFT, {"inconclusive": "block", "warn": "report"}, (0, 0)),
    "a soft limit that blocks": (SOFT, {"inconclusive": "block", "warn": "block"}, (4, 1)),
    "proof of a soft limit": ({**SOFT, "limit": {"max": 0.05, "judge": "upper"}}, {"warn": "report"}, (0, 0)),
    "a gate that only reports what is broken": (RATE, {"inconclusive": "block", "fail": "report"}, (0, 0)),
}


@pytest.mark.parametrize(("rule", "gate", "codes"), ORDERED.values(), ids=ORDERED)
def test_undecided_blocks_only_where_broken_would(build, rule, gate, codes):
    open_, broken = (
        build.verdict(build.record(build.outcome(build.rate(*rate))), rule, gate=gate) for rate in ((4, 60), (40, 60))
    )
    assert (open_.exit_code, broken.exit_code) == codes
    order = ("warn", "inconclusive", "fail")
    assert order.index(open_.status) <= order.index(broken.status)


@pytest.mark.parametrize("effect", ["fail", "warn"])
def test_what_was_not_read_to_its_end_blocks_whatever_was_found_in_it(build, effect):
    for value in (0, 3):
        record = build.record(build.outcome(build.count(value, complete=False)))
        verdict = build.verdict(record, {**build.zero, "effect": effect}, gate={"fail": "report"})
        assert (verdict.exit_code, verdict.coverage.checked) == (4, 1)
