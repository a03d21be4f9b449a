"""Which line of which file set a value of the composed policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from assay.documents.yaml_text import Loc, YamlText
from assay_policies.options import detector_of
from assay_policies.order import plain
from assay_policies.schema import Policy, Rule


class Origin(NamedTuple):
    """A place in a policy file."""

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"


Origins = Mapping[Loc, Origin]
"""Place by the path of a value; rules and waivers go by their id, list entries by their text."""

_BY_ID = ("rules", "waivers")
_BY_TEXT = ("approvers", "requires_inputs", "controls")


def origins_of(policy: Policy, text: YamlText) -> dict[Loc, Origin]:
    """Return the place of every value that this file gives."""
    found: dict[Loc, Origin] = {}
    for loc, mark in text.values.items():
        named = _named(loc, policy, text)
        if named:
            found.setdefault(named, Origin(text.source, text.keys.get(loc, mark).line))
    return found


def _named(loc: Loc, policy: Policy, text: YamlText) -> Loc:
    named = list(loc)
    if len(loc) > 1 and loc[0] in _BY_ID:
        named[1] = getattr(policy, str(loc[0]))[loc[1]].id
    if len(loc) > 1 and loc[-2] in _BY_TEXT:
        named[-1] = str(text.at(loc))
    return tuple(named)


def joined(parent: Origins, child: Origins) -> dict[Loc, Origin]:
    """Return the places of a chain: the child's values win; entries of lists that grow keep their first place."""
    return {**parent, **{loc: at for loc, at in child.items() if loc not in parent or not _grows(loc)}}


def _grows(loc: Loc) -> bool:
    return len(loc) > 1 and loc[-2] in ("requires_inputs", "controls")


def moved(parent: Policy, child: Policy, merged: Policy, own: Origins) -> dict[Loc, Origin]:
    """Return the places of the parent's options that a rule of the child set for all rules on the detector."""
    before, found = {rule.id: rule for rule in parent.rules}, dict[Loc, Origin]()
    set_by = {(detector_of(rule), name): rule.id for rule in merged.rules for name in _own(child, rule)}
    for rule in merged.rules:
        for name, given in rule.params.items():
            source = set_by.get((detector_of(rule), name))
            old = before[rule.id].params.get(name) if rule.id in before else None
            at = own.get(("rules", source or "", "params", name))
            if old is not None and plain(old) != plain(given) and source != rule.id and at is not None:
                found["rules", rule.id, "params", name] = at
    return found


def _own(child: Policy, rule: Rule) -> tuple[str, ...]:
    """Return the options whose value in this rule is what the child wrote for it."""
    written = next((own.params for own in child.rules if own.id == rule.id), {})
    return tuple(name for name, given in written.items() if plain(given) == plain(rule.params[name]))
