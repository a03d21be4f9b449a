"""Before a verdict is signed: does the file contradict itself, and does judging it again give the same?"""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any

from assay.engine.catalogue import Catalogue
from assay.model.errors import EXIT_OK, InvalidInput
from assay.model.result import FileDigest, RunRecord, ScanResult
from assay.model.verdict import DecisionVerdict, Verdict
from assay_policies.judge import judge
from assay_policies.load import LoadedPolicy, builtin_names, load_policy

_BAD = (DecisionVerdict.FAIL, DecisionVerdict.ERROR)


def contradiction(verdict: Verdict) -> str | None:
    """Return what in a verdict contradicts the rest of it, as no scan writes it; None where nothing does."""
    if verdict.exit_code != EXIT_OK:
        return None
    if any(d.blocks for d in verdict.decisions) or any(finding.blocks for finding in verdict.findings):
        return "the gate is said to be open, and a finding blocks it"
    if not any(decision.used is not None for decision in verdict.decisions):
        return "the gate is said to be open, and no rule judged a measurement"
    worst = {decision.verdict for decision in verdict.decisions}
    if verdict.status in ("pass", "warn", "waived") and worst.intersection(_BAD):
        return f"the status is said to be {verdict.status}, and a rule failed or was not checked"
    bad = Counter(d.rule for d in verdict.decisions if d.verdict not in _SILENT)
    told = Counter(finding.rule for finding in verdict.findings)
    if bad != told:
        rule = sorted((bad - told) + (told - bad))[0]
        return f"the findings of the rule {rule} are not those of its decisions"
    return None


_SILENT = (DecisionVerdict.PASS, DecisionVerdict.NOT_APPLICABLE)


def policy_at_hand(result: ScanResult, name: str | None, catalogue: Catalogue) -> LoadedPolicy | None:
    """Return the policy that judged `result`: the named one, or a built-in one; None where only its author has it.

    Raises:
        InvalidInput: the named policy is invalid, or is another one than that which judged.
    """
    chain = [entry.sha256 for entry in result.provenance.policies]
    if name is None:
        # By content, for the name that stands in the file is as easily changed as the verdict.
        built_in = (load_policy(known, catalogue.specs, catalogue.ids_broken) for known in builtin_names())
        return next((loaded for loaded in built_in if [entry.sha256 for entry in loaded.chain] == chain), None)
    loaded = load_policy(name, catalogue.specs, catalogue.ids_broken)
    if [entry.sha256 for entry in loaded.chain] != chain:
        raise InvalidInput(
            f"{name}: is not the policy that judged this result (other content); judge by it first: "
            f"`assay judge RESULT --policy {name} -o json=...`"
        )
    return loaded


def difference(
    result: ScanResult,
    loaded: LoadedPolicy,
    catalogue: Catalogue,
    today: datetime.date,
    baseline: tuple[ScanResult, FileDigest] | None = None,
) -> str | None:
    """Judge `result` again; return what came out otherwise than the file says, or None."""
    record = RunRecord(provenance=result.provenance, outcomes=result.outcomes)
    more: dict[str, Any] = {} if baseline is None else {"baseline": baseline[0], "baseline_file": baseline[1]}
    now, then = judge(record, loaded, catalogue.specs, today, **more), result.verdict
    if (now.status, now.exit_code) != (then.status, then.exit_code):
        return (
            f"{then.status} (exit code {then.exit_code}) in the file, {now.status} (exit code {now.exit_code}) judged "
            "again"
        )
    changed = _decided(now) ^ _decided(then)
    if changed:
        return f"the rule {min(changed)[0]} decides otherwise than the file says"
    if now.coverage != then.coverage:
        return "the coverage is another than the file says"
    return None


def _decided(verdict: Verdict) -> set[tuple[str, str, str, bool, bool]]:
    return {(d.rule, repr(sorted(d.labels.items())), d.verdict.value, d.blocks, d.required) for d in verdict.decisions}
