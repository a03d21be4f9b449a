"""Run the table tests of a policy: build each case's run, judge it, compare with what is expected. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from assay.documents.validate import near, problem_at, validate
from assay.documents.yaml_text import Loc, YamlText
from assay.model.errors import InvalidInput
from assay.model.facts import FACTS
from assay.model.interval import Exact, Interval, Statistic
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import InputRecord, Provenance, RunRecord
from assay.model.spec import DetectorSpec
from assay.model.verdict import Decision, Finding, Verdict
from assay_policies.check import RULES_OF_JUDGE
from assay_policies.judge import judge
from assay_policies.load import LoadedPolicy, builtin_names, load_policy
from assay_policies.options import stated
from assay_policies.schema import Rule
from assay_policies.shares import is_p_value
from assay_policies.table import Case, ExpectedFinding, Given, PolicyTest

_WORST = ("error", "fail", "inconclusive", "skipped", "warn", "waived", "pass", "not_applicable")


class Failure(NamedTuple):
    """One expectation that was not met."""

    text: str
    """With place, line and caret."""


class Table(NamedTuple):
    """A test file that was read, with its policy."""

    tests: PolicyTest
    loaded: LoadedPolicy
    text: YamlText


def read_table(text: YamlText, folder: Path, specs: Mapping[str, DetectorSpec], broken: frozenset[str]) -> Table:
    """Read a test file and load its policy.

    Raises:
        InvalidInput: the file or its policy is broken, or a case names what does not exist.
    """
    tests = validate(text, PolicyTest)
    name = tests.policy
    plain = name.startswith("builtin:") or name in builtin_names()
    try:
        loaded = load_policy(name if plain else str(folder / name), specs, broken)
    except InvalidInput as error:
        if len(str(error).split("\n")) == 1:
            raise problem_at(text, ("policy",), str(error)) from None
        raise
    seen: set[str] = set()
    for index, case in enumerate(tests.cases):
        if case.name in seen:
            raise problem_at(text, ("cases", index, "name"), f"case {case.name!r:.60} is given twice; rename one")
        seen.add(case.name)
        _check_case(case, ("cases", index), text, loaded, specs)
    return Table(tests, loaded, text)


def _check_case(case: Case, at: Loc, text: YamlText, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> None:
    rules = [*(rule.id for rule in loaded.policy.rules), *RULES_OF_JUDGE]
    named: list[tuple[Loc, str, bool]] = [((*at, "expect", "rules", name), name, True) for name in case.expect.rules]
    named += [((*at, "expect", "findings", i, "rule"), f.rule, False) for i, f in enumerate(case.expect.findings)]
    named += [((*at, "expect", "no_findings", i), name, False) for i, name in enumerate(case.expect.no_findings)]
    for place, name, key in named:
        if name not in rules:
            hint = near(name, rules) or f"; it has {', '.join(rules[: -len(RULES_OF_JUDGE)])}"
            raise problem_at(text, place, f"the policy has no rule {name!r}{hint}", key=key)
    for name in case.facts:
        if name not in FACTS:
            hint = near(name, FACTS) or f"; there are {', '.join(FACTS)}"
            raise problem_at(text, (*at, "facts", name), f"no fact {name!r}{hint}", key=True)
    for index, given in enumerate(case.given):
        _check_given(given, (*at, "given", index), text, loaded, specs)


def _check_given(
    given: Given, at: Loc, text: YamlText, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]
) -> None:
    asked = {rule.metric for rule in loaded.policy.rules if rule.metric}
    if given.outcome is not None:
        detectors = {*specs, *(metric.rpartition(".")[0] for metric in asked)}
        if given.outcome.detector not in detectors:
            hint = near(given.outcome.detector, detectors) or "; `assay detectors list` shows them"
            place = (*at, "outcome", "detector")
            raise problem_at(text, place, f"no detector {given.outcome.detector!r} is installed{hint}")
        return
    assert given.metric is not None
    metrics = {metric.id: metric for spec in specs.values() for metric in spec.metrics}
    if given.metric not in metrics and given.metric not in asked:
        hint = near(given.metric, {*metrics, *asked}) or "; `assay detectors list` shows the metrics"
        raise problem_at(text, (*at, "metric"), f"no installed detector measures {given.metric!r}{hint}")
    if given.metric in metrics:
        labels = metrics[given.metric].labels
        wrong = next((name for name in given.labels if name not in labels), None)
        if wrong is not None:
            hint = near(wrong, labels) or f"; it has {', '.join(labels) or 'none'}"
            raise problem_at(text, (*at, "labels", wrong), f"{given.metric} has no label {wrong!r}{hint}", key=True)
    low, high = given.interval or (None, None)
    value = given.value
    outside = value is not None and ((low is not None and value < low) or (high is not None and value > high))
    if outside or (low is not None and high is not None and low > high):
        raise problem_at(text, (*at, "interval"), f"the interval must hold the value {value:g}; write [low, high]")


def run_case(table: Table, index: int, specs: Mapping[str, DetectorSpec]) -> tuple[Failure, ...]:
    """Return what case number `index` expects and the policy does not say."""
    case = table.tests.cases[index]
    record = _record(case, table, specs)
    verdict = judge(record, table.loaded, specs, case.today or table.tests.today)
    return tuple(_failures(case, ("cases", index, "expect"), verdict, table.text))


def _record(case: Case, table: Table, specs: Mapping[str, DetectorSpec]) -> RunRecord:
    rules = table.loaded.policy.rules
    given: dict[str, list[Measurement]] = {}
    outcomes: dict[str, Outcome] = {}
    for entry in case.given:
        if entry.outcome is not None:
            told = entry.outcome
            outcomes[told.detector] = Outcome(**told.model_dump(), version="1")
        elif entry.metric is not None:
            given.setdefault(entry.metric.rpartition(".")[0], []).append(_measured(entry))
    if (case.others or table.tests.others) == "clean":
        measured = {entry.metric for entry in case.given}
        for rule in rules:
            detector = (rule.metric or "").rpartition(".")[0]
            if rule.metric not in measured and detector not in outcomes:
                given.setdefault(detector, []).append(_clean(rule))
    for detector, measurements in given.items():
        before = outcomes.get(detector) or Outcome(detector=detector, version="1", status=Status.RAN)
        outcomes[detector] = before.model_copy(update={"measurements": tuple(measurements)})
    for detector, outcome in outcomes.items():
        options = {entry.name: entry.value for entry in stated(rules, detector)}
        outcomes[detector] = outcome.model_copy(update={"options": options})  # it ran under this policy
    declared: tuple[str, ...] | None = case.declared
    if declared is None:
        detectors = {(rule.metric or "").rpartition(".")[0] for rule in rules}
        needed = [need.value for name in sorted(detectors) if name in specs for need in specs[name].needs]
        declared = tuple(dict.fromkeys([*needed, *table.loaded.policy.requires_inputs]))
    model = InputRecord(name="model", role="model", path="model", sha256=case.model_sha256)
    provenance = Provenance(
        target=case.target,
        declared=declared,
        inputs=(model,),
        manifest_facts={"target.name": case.target, **case.facts},
        policies=table.loaded.chain,
    )
    return RunRecord(provenance=provenance, outcomes=tuple(outcomes[name] for name in sorted(outcomes)))


def _measured(given: Given) -> Measurement:
    assert given.metric is not None
    statistic: Statistic = Exact()
    if given.binomial is not None:
        from assay.model.confidence import clopper_pearson

        statistic = given.binomial
        value, n = given.binomial.k / given.binomial.n, given.binomial.n
        low, high = clopper_pearson(given.binomial.k, n, 0.95)
        interval = Interval(low=low, high=high, level=0.95, method="clopper-pearson")
    else:
        assert given.value is not None
        value, n = given.value, given.n or 1
        ends = given.interval or (value, value)
        interval = Interval(low=ends[0], high=ends[1], level=1.0, method="exact" if given.interval is None else "given")
        if not given.complete:
            interval = Interval.at_least(value if ends[0] is None else ends[0])
    return Measurement(
        metric=given.metric,
        value=value,
        interval=interval,
        statistic=statistic,
        n=n,
        labels=given.labels,
        method="given by the test",
        p_value=value if is_p_value(given.metric) and given.p_value is None else given.p_value,
        detectable=given.detectable,
    )


def _clean(rule: Rule) -> Measurement:
    """Return a measurement that the rule passes: at the limit itself, which is within."""
    assert rule.metric is not None
    limit = rule.limit
    value = limit.max if limit.max is not None else limit.min if limit.min is not None else 1.0
    return Measurement(
        metric=rule.metric,
        value=value,
        interval=Interval.exact(value),
        n=rule.evidence.min_n or 1,
        labels={**dict.fromkeys(rule.each, "test"), **rule.where},
        method="clean by the test",
        p_value=1.0 if is_p_value(rule.metric) else None,
        detectable=limit.max_detectable,
    )


def _failures(case: Case, at: Loc, verdict: Verdict, text: YamlText) -> Iterator[Failure]:
    expect = case.expect
    if expect.verdict is not None and expect.verdict != verdict.status:
        yield _failure(
            case, (*at, "verdict"), f"expected the verdict {expect.verdict}, got {verdict.status}", verdict, text
        )
    if expect.exit_code is not None and expect.exit_code != verdict.exit_code:
        sentence = f"expected exit code {expect.exit_code}, got {verdict.exit_code}"
        yield _failure(case, (*at, "exit_code"), sentence, verdict, text)
    for name, wanted in expect.rules.items():
        found = [decision for decision in verdict.decisions if decision.rule == name]
        worst = min(found, key=lambda decision: _WORST.index(decision.verdict), default=None)
        if worst is None or worst.verdict is not wanted:
            got = "no decision" if worst is None else f"{worst.verdict.value}: {worst.reason}"
            uses = [finding.waiver for finding in verdict.findings if finding.rule == name and finding.waiver]
            got += "".join(f"; waiver {use.id} is {use.state}{f': {use.note}' if use.note else ''}" for use in uses[:3])
            sentence = f"rule {name}: expected {wanted.value}, got {got}"
            yield _failure(case, (*at, "rules", name), sentence, None, text)
    for index, asked in enumerate(expect.findings):
        of_rule = [finding for finding in verdict.findings if finding.rule == asked.rule]
        if not any(_matches(finding, asked) for finding in of_rule):
            got = "; ".join(_said(finding) for finding in of_rule[:3]) or "none of this rule"
            sentence = f"no finding is as expected ({_asked(asked)}), got {got}"
            yield _failure(case, (*at, "findings", index), sentence, None, text)
    for index, name in enumerate(expect.no_findings):
        finding = next((finding for finding in verdict.findings if finding.rule == name), None)
        if finding is not None:
            sentence = f"rule {name}: expected no finding, got {_said(finding)}"
            yield _failure(case, (*at, "no_findings", index), sentence, None, text)


def _failure(case: Case, at: Loc, sentence: str, verdict: Verdict | None, text: YamlText) -> Failure:
    blocking = [] if verdict is None else [d for d in verdict.decisions if d.blocks]
    because = f" ({_reasons(blocking)})" if blocking else ""
    return Failure(str(problem_at(text, at, f"case {case.name!r:.80}: {sentence}{because}")))


def _reasons(blocking: list[Decision]) -> str:
    shown = "; ".join(f"{d.rule} {d.verdict.value}: {d.reason}" for d in blocking[:3])
    return shown + (f"; and {len(blocking) - 3} more" if len(blocking) > 3 else "")


def _matches(finding: Finding, asked: ExpectedFinding) -> bool:
    return (
        asked.verdict in (None, finding.verdict)
        and asked.severity in (None, finding.severity)
        and asked.blocks in (None, finding.blocks)
        and all(finding.labels.get(name) == value for name, value in asked.labels.items())
        and asked.text in finding.text
    )


def _asked(asked: ExpectedFinding) -> str:
    given = asked.model_dump(mode="json", exclude_defaults=True)
    return ", ".join(f"{name} {value}" for name, value in given.items())


def _said(finding: Finding) -> str:
    blocks = "blocks" if finding.blocks else "does not block"
    return f"{finding.verdict.value}, {finding.severity.value}, {blocks}: {finding.text}"
