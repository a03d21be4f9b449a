"""OSCAL assessment results: each rule of the policy an objective with one finding, each decision an observation.

The finding of a rule is that of its worst decision, and names the observations and risks of all: an objective is not
satisfied where any of them is not.

| worst decision | finding | risk |
|---|---|---|
| pass | satisfied | |
| warn | satisfied, with a remark | |
| fail | not satisfied | open |
| waived | not satisfied | deviation approved, until the waiver expires |
| inconclusive, error, skipped | not satisfied, with a remark | open, where it blocks |
| not applicable | none: only an observation, since nothing was satisfied | |

The document says what was measured as evidence for a control; it never says that a control is met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Finding
from assay.reports.answer import QUESTION, answer
from assay.reports.controls import cited
from assay.reports.identity import Names, assay_version, document_uuid, policy_digest, started, timestamp
from assay.reports.inputs import described
from assay.reports.issues import issues, quiet
from assay.reports.json_text import dump
from assay.reports.oscal_parts import (
    EPOCH,
    day,
    line,
    observation,
    own_control,
    props,
    token,
)
from assay.reports.text import labels, safe, sentence

VERSION = "1.1.3"
_SATISFIED = frozenset({DecisionVerdict.PASS, DecisionVerdict.WARN})
_REASONS = {DecisionVerdict.PASS: "pass", DecisionVerdict.FAIL: "fail", DecisionVerdict.WAIVED: "fail"}


def render(result: ScanResult) -> str:
    """Return the assessment results as ASCII JSON."""
    return dump(_Document(result).whole())


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the document whole; observations of places have their own format."""
    del observations
    yield render(result)


class _Seen(NamedTuple):
    """A decision as it stands in the document."""

    finding: Finding
    observation: str
    risk: str | None
    """Uuids."""


class _Document:
    """One document: its uuids hang on the target and on what is named, so a later scan speaks of the same things."""

    def __init__(self, result: ScanResult) -> None:
        self._result = result
        self._names = Names(f"oscal/{safe(result.provenance.target)}")
        self._all = (*issues(result), *quiet(result))
        moment = started(result)
        self._when = timestamp(moment) if moment else EPOCH
        self._dated = moment is not None
        self._tool, self._target, self._plan = (self._names.new(name) for name in ("tool", "target", "policy"))
        self._origins = [{"actors": [{"type": "tool", "actor-uuid": self._tool}]}]

    def whole(self) -> dict[str, Any]:
        """Return the document."""
        unclear = "" if self._dated else "The result does not say when the scan began; the times here are no times."
        metadata = {
            "title": line(f"Assay: {self._result.provenance.target}"),
            "last-modified": self._when,
            "version": self._result.schema_version,
            "oscal-version": VERSION,
        }
        return {
            "assessment-results": {
                "uuid": str(document_uuid(self._result, "oscal")),
                "metadata": metadata | ({"remarks": unclear} if unclear else {}),
                "import-ap": {"href": f"#{self._plan}", "remarks": "The policy stands in place of an assessment plan."},
                "local-definitions": {"objectives-and-methods": self._objectives()},
                "results": [self._judged()],
                "back-matter": {"resources": [self._policy()]},
            }
        }

    def _objectives(self) -> list[dict[str, Any]]:
        """Return every rule as an objective, by the control that it names first."""
        rules: dict[str, tuple[str, str]] = {}
        for finding, decision in self._all:
            control = token(finding.controls[0]) if finding.controls else own_control(finding.rule)
            limit = decision.limit if decision else None
            asks = f"{finding.metric or 'the state of the scan'} must be {limit or 'known'}"
            rules.setdefault(token(finding.rule), (control, line(asks)))
        nothing = {"assay.nothing-checked": ("assay.nothing-checked", "At least one check must be made.")}
        return [
            {"control-id": control, "parts": [{"id": rule, "name": "objective", "prose": asks}]}
            for rule, (control, asks) in (rules or nothing).items()
        ]

    def _judged(self) -> dict[str, Any]:
        verdict = self._result.verdict
        said = answer(verdict)
        seen, risks = [], []
        rules: dict[str, list[_Seen]] = {}
        for issue in self._all:
            name = issue.finding.fingerprint
            seen.append(observation(issue, self._names.new(f"observation/{name}"), self._when, self._subject()))
            seen[-1]["origins"] = self._origins
            if issue.finding.verdict is DecisionVerdict.NOT_APPLICABLE:
                continue
            risk = self._risk(issue.finding)
            risks += [risk] if risk else []
            told = _Seen(issue.finding, seen[-1]["uuid"], risk["uuid"] if risk else None)
            rules.setdefault(token(issue.finding.rule), []).append(told)
        findings = [self._finding(rule, members) for rule, members in rules.items()]
        body = {
            "uuid": self._names.new("result"),
            "title": line(f"{QUESTION} {said.word}"),
            "description": sentence(line(said.why)),
            "start": self._when,
            "props": self._facts(),
            "local-definitions": {"components": self._components()},
            "reviewed-controls": {"control-selections": [self._controls()]},
            "observations": seen,
            "risks": risks,
            "findings": findings,
            "remarks": safe(verdict.coverage.sentence, 20_000),
        }
        return {key: value for key, value in body.items() if value}

    def _facts(self) -> list[dict[str, Any]]:
        verdict = self._result.verdict
        coverage = verdict.coverage
        return props(
            {
                "status": verdict.status,
                "exit-code": verdict.exit_code,
                "policy": verdict.policy,
                "required-checks": coverage.required,
                "checked": coverage.checked,
                "inconclusive": coverage.inconclusive,
                "score": verdict.score,
            }
        )

    def _components(self) -> list[dict[str, Any]]:
        provenance = self._result.provenance
        state = {"state": "operational"}
        version = assay_version(self._result)
        tool: dict[str, Any] = {"uuid": self._tool, "type": "software", "title": "Assay", "status": state}
        tool["description"] = "The scanner that measured, and judged by the policy."
        if version:
            tool["props"] = props({"version": version})
        target: dict[str, Any] = {"uuid": self._target, "type": "software", "status": state}
        target |= {"title": line(provenance.target), "description": "What was scanned, its inputs by digest."}
        inputs = [
            props({"input-sha256": record.sha256})[0] | {"remarks": line(described(record))}
            for record in provenance.inputs
            if record.sha256
        ]
        return [tool, target | ({"props": inputs} if inputs else {})]

    def _subject(self) -> dict[str, Any]:
        return {"subject-uuid": self._target, "type": "component"}

    def _controls(self) -> dict[str, Any]:
        """Return the controls that rules name, as tokens; the remarks say which is which, with the edition."""
        named: dict[str, str] = {}
        for finding, _ in self._all:
            for control in finding.controls:
                named.setdefault(token(control), cited(control))
            if not finding.controls:
                named.setdefault(own_control(finding.rule), line(f"the rule {finding.rule}, which names no control"))
        if not named:
            named["assay.nothing-checked"] = "no rule was applied"
        remarks = ["Evidence was gathered for these; none is said to be met."]
        remarks += [f"{name}: {words}" for name, words in named.items()]
        return {"include-controls": [{"control-id": name} for name in named], "remarks": "\n".join(remarks)}

    def _policy(self) -> dict[str, Any]:
        chain = self._result.provenance.policies
        links = [
            {
                "href": f"urn:sha256:{p.sha256}",
                "hashes": [{"algorithm": "SHA-256", "value": p.sha256}],
            }
            for p in chain
        ]
        resource = {
            "uuid": self._plan,
            "title": line(f"Policy {self._result.verdict.policy}"),
            "description": f"The chain of policies, root first; the last one, {policy_digest(self._result)}, judged."
            if chain
            else "The result does not name the digest of the policy that judged it.",
        }
        return resource | ({"rlinks": links} if links else {})

    def _finding(self, rule: str, members: list[_Seen]) -> dict[str, Any]:
        """Return the finding on a rule: that of its worst decision; `members` begin with what blocks."""
        finding = min(members, key=lambda one: one.finding.verdict in _SATISFIED).finding
        satisfied = finding.verdict in _SATISFIED
        status: dict[str, Any] = {
            "state": "satisfied" if satisfied else "not-satisfied",
            "reason": _REASONS.get(finding.verdict, "other"),
        }
        if finding.verdict not in (DecisionVerdict.PASS, DecisionVerdict.FAIL):
            status["remarks"] = line(f"{finding.verdict}: {finding.text}")
        told = labels(finding.labels, 120) if len(members) == 1 else ""
        facts: dict[str, Any] = {"fingerprint": finding.fingerprint, "severity": finding.severity}
        facts |= {"blocks": any(one.finding.blocks for one in members), "decisions": len(members)}
        related = [{"risk-uuid": one.risk} for one in members if one.risk]
        return {
            "uuid": self._names.new(f"finding/{rule}"),
            "title": line(f"{finding.rule} [{told}]" if told else finding.rule),
            "description": line(finding.text),
            "props": props(facts),
            "origins": self._origins,
            "target": {"type": "objective-id", "target-id": rule, "status": status},
            "related-observations": [{"observation-uuid": one.observation} for one in members],
        } | ({"related-risks": related} if related else {})

    def _risk(self, finding: Finding) -> dict[str, Any] | None:
        """Return the risk of a finding: approved where a waiver accepts it, open where it fails or blocks."""
        waived = finding.verdict is DecisionVerdict.WAIVED
        if not (waived or finding.blocks or finding.verdict is DecisionVerdict.FAIL):
            return None
        entry = {
            "uuid": self._names.new(f"risk/{finding.fingerprint}"),
            "title": line(finding.rule),
            "description": line(finding.text),
            "statement": line(finding.remediation) if finding.remediation else "See the finding.",
            "props": props({"severity": finding.severity}),
            "status": "deviation-approved" if waived else "open",
            "origins": self._origins,
        }
        waiver = finding.waiver
        if waiver is None:
            return entry
        until = day(waiver.expires)
        words = f"{waiver.id} ({waiver.kind}, {waiver.state}), approved by {waiver.approver} until {waiver.expires}"
        note = f"; {waiver.note}" if waiver.note else ""
        mitigating = {
            "uuid": self._names.new(f"waiver/{finding.fingerprint}"),
            "description": line(f"{words}: {waiver.reason}{note}"),
        }
        return entry | ({"deadline": until} if until else {}) | {"mitigating-factors": [mitigating]}
