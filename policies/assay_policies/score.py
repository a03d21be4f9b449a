"""The score: headroom weighted by severity, 0 to 100. Shown, never the gate.

Each rule that was to be checked counts once, with the least of its decisions:

    pass          0.5 to 1: 0.5 at the limit, 1 at the metric's best value (`assay_policies.headroom`)
    inconclusive  0.25
    warn          0.1
    fail, error, skipped although required   0

The mean over the rules, weighted by severity (critical 8, high 4, medium 2, low 1, info 0.5), times 100, is the score;
but it is at most the share of the required checks that were made. What does not apply, and what was skipped and is not
required, counts for nothing. What was accepted by a waiver or excused by a baseline counts as it was measured: neither
changes a number.

Monotone: a worse measurement never raises it. The order of the verdicts is the order of what they count; within a pass
the end of the interval nearest to the limit decides, whatever end the rule is judged by; of measurements that one
decision looks at together the least counts; and a file that was not read to its end stays unchecked when something bad
is found in it. The same holds for each area, over the rules of its family alone. One exception: a `when` that asks for
the value of a metric may take a rule out, and put it in, as that number worsens; `policy check` notes where no required
rule judges the number itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assay.model.spec import DetectorSpec
from assay.model.verdict import Area, Coverage, Decision, DecisionVerdict, Severity
from assay_policies.coverage import checks
from assay_policies.decide import Judged
from assay_policies.headroom import worth

V = DecisionVerdict
WEIGHT = {Severity.CRITICAL: 8.0, Severity.HIGH: 4.0, Severity.MEDIUM: 2.0, Severity.LOW: 1.0, Severity.INFO: 0.5}


@dataclass
class _Sum:
    worths: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    rooms: list[float] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def add(self, item: Judged) -> None:
        decision = item.decision
        self.decisions.append(decision)
        if item.headroom is not None:
            self.rooms.append(item.headroom)
        if decision.verdict is V.NOT_APPLICABLE or (decision.verdict is V.SKIPPED and not decision.required):
            return
        counts = item.worth if item.worth is not None else worth(decision.verdict, None)
        self.worths[decision.rule] = min(counts, self.worths.get(decision.rule, 1.0))
        self.weights[decision.rule] = WEIGHT[decision.severity]

    def score(self, required: int, checked: int) -> float:
        whole = sum(self.weights.values())
        mean = sum(self.weights[rule] * found for rule, found in self.worths.items()) / whole if whole else 0.0
        return round(100 * min(mean, checked / required if required else 1.0), 1)


def score(
    judged: Iterable[Judged], covered: Coverage, specs: Mapping[str, DetectorSpec]
) -> tuple[float, tuple[Area, ...]]:
    """Return the score and the areas by family.

    Args:
        judged: every decision as it was measured, before waivers.
        covered: of the whole verdict.
        specs: for the families.
    """
    whole, families = _Sum(), dict[str, _Sum]()
    for item in judged:
        detector = item.decision.detector
        if detector is None:
            continue
        whole.add(item)
        spec = specs.get(detector)
        families.setdefault(spec.family if spec is not None else detector.split(".")[0], _Sum()).add(item)
    areas = tuple(_area(name, families[name]) for name in sorted(families) if families[name].weights)
    return whole.score(covered.required, covered.checked), areas


def _area(name: str, found: _Sum) -> Area:
    made: Sequence[bool] = list(checks(found.decisions).values())
    return Area(
        family=name,
        score=found.score(len(made), sum(made)),
        headroom=min(found.rooms, default=None),
        required=len(made),
        checked=sum(made),
    )
