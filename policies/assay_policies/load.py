"""Read a policy and its parents: files or built-ins; every error as `file:line:column`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from assay.documents.validate import near, problem_at, validate
from assay.documents.yaml_text import YamlText, parse, read_bytes
from assay.model.errors import InvalidInput
from assay.model.result import FileDigest
from assay.model.spec import DetectorSpec
from assay_policies.compose import merge
from assay_policies.schema import Policy
from assay_policies.when import check_expression

MAX_CHAIN = 8


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy with its parents folded in."""

    policy: Policy
    chain: tuple[FileDigest, ...]
    """Every file that took part, root first."""
    root_metrics: tuple[str, ...]
    """Metric of each rule of the root policy: see `assay_policies.shares`."""


@dataclass(frozen=True)
class _Known:
    specs: Mapping[str, DetectorSpec] | None
    broken: frozenset[str]


def builtin_names() -> tuple[str, ...]:
    """Return the names of the built-in policies."""
    folder = resources.files("assay_policies") / "builtin"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_policy(
    name: str, specs: Mapping[str, DetectorSpec] | None = None, broken: Collection[str] = ()
) -> LoadedPolicy:
    """Load a policy by path or built-in name; with `specs`, check metrics, labels and params against the detectors.

    `broken` are ids of detectors that are installed but cannot be imported: rules on them stand, and will block.

    Raises:
        InvalidInput: anything wrong with any file of the chain.
    """
    return _load(name, Path(), _Known(specs, frozenset(broken)), ())


def _load(name: str, folder: Path, known: _Known, seen: tuple[str, ...]) -> LoadedPolicy:
    text, key, here = _read(name, folder)
    if key in seen or len(seen) >= MAX_CHAIN:
        raise InvalidInput(f"{text.source}:1:1: policies extend each other in a circle: {' -> '.join((*seen, key))}")
    policy = validate(text, Policy)
    _check_file(policy, text, known)
    if len(policy.extends) > 1:
        raise problem_at(text, ("extends", 1), "one parent only; chain the files instead")
    digest = FileDigest(path=text.source, sha256=text.sha256)
    if not policy.extends:
        _complete(policy, text)
        return LoadedPolicy(policy, (digest,), tuple(rule.metric or "" for rule in policy.rules))
    try:
        parent = _load(policy.extends[0], here, known, (*seen, key))
    except InvalidInput as error:
        if len(str(error).split("\n")) == 1 and "no such" in str(error):
            raise problem_at(text, ("extends", 0), str(error)) from None
        raise
    merged = merge(parent.policy, policy, text)
    _complete(merged, text)
    return LoadedPolicy(merged, (*parent.chain, digest), parent.root_metrics)


def _read(name: str, folder: Path) -> tuple[YamlText, str, Path]:
    plain = name.removeprefix("builtin:")
    if name.startswith("builtin:") or name in builtin_names():
        if plain not in builtin_names():
            raise InvalidInput(
                f"{name}: no such built-in policy; there are {', '.join(builtin_names())}{near(plain, builtin_names())}"
            )
        content = (resources.files("assay_policies") / "builtin" / f"{plain}.yaml").read_bytes()
        return parse(content, f"builtin:{plain}"), f"builtin:{plain}", folder
    path = folder / name
    if not path.exists() and "/" not in name and "." not in name:
        raise InvalidInput(
            f"{name}: no such policy file or built-in policy; built-in are {', '.join(builtin_names())}"
            f"{near(name, builtin_names())}"
        )
    return parse(read_bytes(path, str(path)), str(path)), str(path.resolve()), path.parent


def _check_file(policy: Policy, text: YamlText, known: _Known) -> None:
    seen: dict[str, int] = {}
    for index, rule in enumerate(policy.rules):
        at = ("rules", index)
        if rule.id in seen:
            raise problem_at(text, (*at, "id"), f"rule {rule.id!r} is given twice; rename one")
        seen[rule.id] = index
        if rule.when is not None:
            problem = check_expression(rule.when)
            if problem:
                raise problem_at(text, (*at, "when"), f"rule {rule.id!r}: when: {problem}")
        detector = (rule.metric or "").rsplit(".", 1)[0]
        if rule.metric is not None and known.specs is not None and detector not in known.broken:
            _check_metric(policy, index, text, known.specs)


def _check_metric(policy: Policy, index: int, text: YamlText, specs: Mapping[str, DetectorSpec]) -> None:
    rule, at = policy.rules[index], ("rules", index)
    assert rule.metric is not None
    metrics = {metric.id: (metric, spec) for spec in specs.values() for metric in spec.metrics}
    if rule.metric not in metrics:
        hint = near(rule.metric, metrics) or "; `assay detectors list` shows the metrics"
        raise problem_at(text, (*at, "metric"), f"no installed detector measures {rule.metric!r}{hint}")
    metric, spec = metrics[rule.metric]
    for field, names in (("where", tuple(rule.where)), ("each", rule.each)):
        for position, label in enumerate(names):
            if label not in metric.labels:
                place = (*at, field, label if field == "where" else position)
                hint = near(label, metric.labels) or f"; it has {', '.join(metric.labels) or 'none'}"
                raise problem_at(text, place, f"{rule.metric} has no label {label!r}{hint}", key=field == "where")
    options = {option.name for option in spec.options}
    for name in rule.params:
        if name not in options:
            raise problem_at(
                text,
                (*at, "params", name),
                f"{spec.id} has no option {name!r}{near(name, options)}",
                key=True,
            )


def _complete(policy: Policy, text: YamlText) -> None:
    """Check what only the whole chain can be asked: every rule has a metric and a limit; there are rules."""
    if not policy.rules:
        raise InvalidInput(f"{text.source}:1:1: the policy has no rules; an empty policy proves nothing")
    required = any(rule.required is not False for rule in policy.rules)
    for key in ("error", "skipped_required"):
        if required and getattr(policy.gate, key) == "report" and policy.profile != "dev":
            problem = f"gate.{key}: report would let a required check that did not run pass; only `profile: dev` may"
            raise problem_at(text, ("gate", key), problem)
    for index, rule in enumerate(policy.rules):
        if rule.metric is None:
            raise problem_at(
                text, ("rules", index), f"rule {rule.id!r}: metric is missing, and no parent has this rule"
            )
        limit = rule.limit
        if limit.max is None and limit.min is None and not rule.metric.endswith(".p-value"):
            raise problem_at(text, ("rules", index), f"rule {rule.id!r}: limit needs `max` or `min`")
