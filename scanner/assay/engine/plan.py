"""The plan of a scan: which detectors run, with which options, and why the others do not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.model.errors import InvalidInput
from assay.model.outcome import Outcome, Status
from assay.model.spec import Capability, DetectorSpec, OptionSpec

_INPUT_WORDS = {
    Capability.ARTIFACT: "no model file or artifact",
    Capability.MODEL: "no model",
    Capability.GRADIENTS: "no model that gives gradients",
    Capability.TRAIN: "no training data (`data.train`)",
    Capability.TEST: "no test data (`data.test`)",
    Capability.TRUSTED: "no trusted data (`data.trusted`)",
    Capability.LOGS: "no logs",
    Capability.INTEGRITY: "no published digests and no signature (`integrity`)",
}


@dataclass(frozen=True)
class Step:
    """One detector that runs."""

    spec: DetectorSpec
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What runs, in order, and the outcomes of what does not."""

    steps: tuple[Step, ...]
    left_out: tuple[Outcome, ...]


def make_plan(
    specs: Iterable[DetectorSpec],
    declared: frozenset[Capability],
    params: Mapping[str, Mapping[str, Any]],
    importable: Callable[[str], bool],
) -> Plan:
    """Return the plan; `params` are options by detector id, `importable` says whether a module can be found.

    Raises:
        InvalidInput: an option out of its bounds.
    """
    steps, left_out = [], []
    for spec in sorted(specs, key=lambda spec: (spec.stage, spec.id)):
        outcome = _cannot_run(spec, declared, importable)
        if outcome is None:
            steps.append(Step(spec, resolve_options(spec, params.get(spec.id, {}))))
        else:
            left_out.append(outcome)
    return Plan(tuple(steps), tuple(left_out))


def _cannot_run(
    spec: DetectorSpec, declared: frozenset[Capability], importable: Callable[[str], bool]
) -> Outcome | None:
    missing = tuple(need for need in spec.needs if need not in declared)
    if missing:
        reason = f"the manifest declares {' and '.join(_INPUT_WORDS[need] for need in missing)}"
        return _skipped(spec, reason, missing_inputs=tuple(need.value for need in missing))
    absent = [module for module in spec.modules if not importable(module)]
    if absent:
        extras = ",".join(spec.extras)
        reason = f"{', '.join(absent)} not installed; run: pip install 'model-assay[{extras}]'"
        return _skipped(spec, reason, missing_extras=spec.extras or tuple(absent))
    return None


def _skipped(
    spec: DetectorSpec,
    reason: str,
    missing_inputs: tuple[str, ...] = (),
    missing_extras: tuple[str, ...] = (),
) -> Outcome:
    return Outcome(
        detector=spec.id,
        version=spec.version,
        status=Status.SKIPPED,
        reason=reason,
        missing_inputs=missing_inputs,
        missing_extras=missing_extras,
    )


def resolve_options(spec: DetectorSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of `spec`, `given` ones checked, defaults filled in.

    Raises:
        InvalidInput: an unknown option, a wrong type, out of bounds.
    """
    known = {option.name: option for option in spec.options}
    for name in given:
        if name not in known:
            raise InvalidInput(f"{spec.id} has no option {name!r}; it has {', '.join(known) or 'none'}")
    return {name: _checked(spec, option, given.get(name, option.default)) for name, option in known.items()}


def _checked(spec: DetectorSpec, option: OptionSpec, value: Any) -> Any:
    types: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "float": (int, float),
        "bool": (bool,),
        "str": (str,),
    }
    wrong = not isinstance(value, types[option.type]) or (option.type != "bool" and isinstance(value, bool))
    where = f"{spec.id}: option {option.name}"
    if wrong:
        raise InvalidInput(f"{where} must be {option.type}, not {value!r}")
    if option.choices and value not in option.choices:
        raise InvalidInput(f"{where} must be one of {', '.join(option.choices)}, not {value!r}")
    if option.type in ("int", "float"):
        low, high = option.low, option.high
        if (low is not None and value < low) or (high is not None and value > high):
            raise InvalidInput(f"{where} must be from {low} to {high}, not {value!r}")
    return float(value) if option.type == "float" else value
