"""A number that the data cannot give: inconclusive, with the sample that would do, and never taken for safe."""

import pytest

from assay.model.outcome import Unresolved

REASON = "FPR 0.001 at 0.95 needs 2995 non-members, there are 250"
REFUSED = Unresolved(metric="demo.check.rate", labels={"fpr": "0.001"}, reason=REASON, have=250, needed=2995)
RULE = {"id": "rate", "metric": "demo.check.rate", "where": {"fpr": "0.001"}, "limit": {"max": 0.05}}


def verdict(build, *measured, required=False, **policy):
    outcome = build.outcome(build.count(0), *measured, unresolved=(REFUSED,))
    return build.verdict(build.record(outcome), build.zero, {**RULE, "required": required}, **policy)


def test_it_is_inconclusive_with_the_reason_and_the_n(build):
    decision = verdict(build).decisions[-1]
    assert (decision.verdict, decision.reason, decision.needs_n) == ("inconclusive", REASON, 2995)
    assert decision.used is None


@pytest.mark.parametrize(
    ("required", "gate", "code"), [(False, {}, 0), (True, {}, 4), (False, {"inconclusive": "block"}, 4)]
)
def test_it_blocks_where_the_check_is_required_or_the_policy_says_so(build, required, gate, code):
    assert verdict(build, required=required, gate=gate).exit_code == code


def test_it_is_not_covered_and_not_checked(build):
    coverage = verdict(build, required=True).coverage
    assert REASON in coverage.not_covered
    assert (coverage.required, coverage.checked) == (3, 2)


def test_a_rule_on_other_labels_does_not_see_it(build):
    outcome = build.outcome(build.count(0), unresolved=(REFUSED,))
    other = {**RULE, "where": {"fpr": "0.1"}}
    assert build.verdict(build.record(outcome), build.zero, other).decisions[-1].verdict == "skipped"
