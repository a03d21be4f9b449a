"""Read a policy and its parents: files or built-ins; every error as `file:line:column`."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from assay.documents.validate import near, problem_at, validate
from assay.documents.yaml_text import YamlText, parse, read_bytes
from assay.model.errors import InvalidInput
from assay.model.result import FileDigest
from assay.model.spec import DetectorSpec
from assay_policies.check import Known, check_chain, check_file, opening_conditions
from assay_policies.compose import merge
from assay_policies.origins import Origins, joined, moved, origins_of
from assay_policies.schema import Policy

MAX_CHAIN = 8


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy with its parents folded in."""

    policy: Policy
    chain: tuple[FileDigest, ...]
    """Every file that took part, root first."""
    root_metrics: tuple[str, ...]
    """Metric of each rule of the root policy: see `assay_policies.shares`."""
    origins: Origins = field(default_factory=dict)
    """Which line of which file set a value."""
    notes: tuple[str, ...] = ()
    """What is allowed and worth a look, with its place: retired controls, probable typing errors in own ones."""


class PolicyFile(NamedTuple):
    """A policy file that was read."""

    text: YamlText
    key: str
    """What identifies it."""
    folder: Path
    """What its own references are relative to."""


def builtin_names() -> tuple[str, ...]:
    """Return the names of the built-in policies."""
    folder = resources.files("assay_policies") / "builtin"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_policy(
    name: str,
    specs: Mapping[str, DetectorSpec] | None = None,
    broken: Collection[str] = (),
    today: datetime.date | None = None,
) -> LoadedPolicy:
    """Load a policy by path or built-in name.

    Args:
        name: a path or a built-in name.
        specs: detectors, against which metrics, labels, options and limits are checked.
        broken: ids of detectors that are installed but cannot be imported: rules on them stand, and will block.
        today: where given, waivers that have expired or run too long are errors too; otherwise `judge` tells.

    Raises:
        InvalidInput: anything wrong with any file of the chain.
    """
    return fold(read_policy(name, Path()), Known(specs, frozenset(broken), today))


def fold(file: PolicyFile, known: Known, seen: tuple[str, ...] = ()) -> LoadedPolicy:
    """Return the policy of a file that was read, with its parents; see `load_policy`."""
    text, key, here = file
    policy = validate(text, Policy)
    if policy.id.startswith("builtin:") and key != policy.id:
        raise problem_at(text, ("id",), "the prefix `builtin:` is Assay's own; write one of yours, such as `acme/...`")
    notes = check_file(policy, text, known)
    if len(policy.extends) > 1:
        raise problem_at(text, ("extends", 1), "one parent only; chain the files instead")
    digest = FileDigest(path=text.source, sha256=text.sha256)
    origins = origins_of(policy, text)
    if not policy.extends:
        check_chain(None, policy, policy, text, known)
        notes += opening_conditions(policy, policy, text)
        metrics = tuple(rule.metric or "" for rule in policy.rules)
        return LoadedPolicy(policy, (digest,), metrics, origins, notes)
    parent = _parent(policy, text, here, known, (*seen, key))
    merged = merge(parent.policy, policy, text, known.specs)
    check_chain(parent.policy, policy, merged, text, known)
    notes += opening_conditions(policy, merged, text)
    return LoadedPolicy(
        merged,
        (*parent.chain, digest),
        parent.root_metrics,
        joined(parent.origins, {**origins, **moved(parent.policy, policy, merged, origins)}),
        (*parent.notes, *notes),
    )


class _Circle(InvalidInput):
    """Policies extend each other."""

    def __init__(self, text: str, key: str) -> None:
        super().__init__(text)
        self.key = key


def _parent(policy: Policy, text: YamlText, here: Path, known: Known, seen: tuple[str, ...]) -> LoadedPolicy:
    """Load the parent; what is wrong with the reference to it is told at the reference."""
    at, name = ("extends", 0), policy.extends[0]
    try:
        file = read_policy(name, here)
    except InvalidInput as error:
        if len(str(error).split("\n")) == 1:
            path = here / name
            beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            hint = near(path.name, beside) if "did you mean" not in str(error) else ""
            raise problem_at(text, at, f"{error}{hint}") from None
        raise
    if file.key in seen:
        names = " -> ".join(Path(entry).name for entry in (*seen[seen.index(file.key) :], file.key))
        sentence = f"policies extend each other in a circle ({names}); take one `extends` out"
        raise _Circle(str(problem_at(text, at, sentence)), file.key)
    if len(seen) >= MAX_CHAIN:
        raise problem_at(text, at, f"more than {MAX_CHAIN} policies extend each other; fold some into one file")
    try:
        return fold(file, known, seen)
    except _Circle as error:
        if error.key != seen[-1]:
            raise
        told = str(error).split("\n")[0].partition(": ")[2]
        raise problem_at(text, at, told) from None  # told in the file that was asked for


def read_policy(name: str, folder: Path) -> PolicyFile:
    """Read a policy by path or built-in name.

    Raises:
        InvalidInput: there is none, or it is no YAML.
    """
    plain = name.removeprefix("builtin:")
    if name.startswith("builtin:") or name in builtin_names():
        if plain not in builtin_names():
            raise InvalidInput(
                f"{name}: no such built-in policy; there are {', '.join(builtin_names())}{near(plain, builtin_names())}"
            )
        content = (resources.files("assay_policies") / "builtin" / f"{plain}.yaml").read_bytes()
        return PolicyFile(parse(content, f"builtin:{plain}"), f"builtin:{plain}", folder)
    path = folder / name
    if not path.exists() and "/" not in name and "." not in name:
        raise InvalidInput(
            f"{name}: no such policy file or built-in policy; built-in are {', '.join(builtin_names())}"
            f"{near(name, builtin_names())}"
        )
    shown = f"./{path}" if str(path).startswith("builtin:") else str(path)
    return PolicyFile(parse(read_bytes(path, shown), shown), str(path.resolve()), path.parent)
