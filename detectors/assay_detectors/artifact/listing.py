"""Work functions of `assay artifact`: list what a file holds, and say what would have to be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.targets.allowlist import Extension, extended, packages, version
from assay.targets.forbidden import why_forbidden, why_never
from assay_detectors.artifact.reading import read_artifact
from assay_detectors.artifact.report import MAX_LISTED, RULES

if TYPE_CHECKING:
    from pathlib import Path

    from assay.targets.base import OpenTarget, Shard

MAX_ROUNDS = 12
"""What was hidden behind one name shows once that name is trusted; so often is it looked at again."""
MAX_NAMES = 1_000
MAX_PLACES = 3

Trusted = Sequence[Sequence[str]]
"""[module, name, power] each."""


def list_file(opened: OpenTarget, shard: Shard, *, trust: Trusted = ()) -> dict[str, Any]:
    """Return the reading of one file with its listing, its size, and the meaning of every rule that is met.

    Keys besides those of `read_artifact`: `size`, `granted` (names that counted because the user trusts them), `rules`
    (rule -> meaning), `allowlist` (its version), `listing_full` (whether the listing was cut).
    """
    path = opened.path(shard.input)
    with extended(_triples(trust)) as extension:
        reading = read_artifact(path, listing=True)
    return reading | {
        "size": path.stat().st_size,
        "granted": sorted(f"{module}.{name}" for module, name in extension.used),
        "rules": {rule: RULES[rule] for rule in sorted({entry["rule"] for entry in reading["anomalies"]})},
        "allowlist": version(),
        "listing_full": len(reading["listing"]) >= MAX_LISTED,
    }


def propose(opened: OpenTarget, shard: Shard, *, trust: Trusted = ()) -> dict[str, Any]:
    """Return what would have to be trusted for one file to be clean, and what can never be.

    Keys: `format`; `names` (`name`, `power`, `count`, `places`, `kinds`, `package`); `refused` (the same with `why`,
    and `flag`: whether an explicit flag would allow it); `total`, `complete` and `reasons` of the reading with all
    `names` trusted; `found`: how many stand outside the list now; `data`.
    """
    path = opened.path(shard.input)
    chosen: dict[tuple[str, str], dict[str, Any]] = {}
    given = {(module, name): power for module, name, power in _triples(trust)}
    reading, extension = _read(path, given)
    first = reading
    for _ in range(MAX_ROUNDS):
        fresh = _choose(reading["findings"], extension, chosen)
        if not fresh or len(chosen) + len(fresh) > MAX_NAMES:
            break
        chosen |= fresh
        reading, extension = _read(path, given | {pair: entry["power"] for pair, entry in chosen.items()})
    refused = _refused(reading["findings"], extension)
    return {
        "format": reading["format"],
        "data": reading["data"],
        "found": first["total"],
        "names": [_public(entry) for entry in chosen.values()],
        "refused": refused,
        "total": reading["total"],
        "complete": reading["complete"],
        "reasons": reading["reasons"],
        "allowlist": version(),
    }


def _triples(trust: Trusted) -> list[tuple[str, str, str]]:
    return [(str(module), str(name), str(power)) for module, name, power in trust]


def _read(path: Path, trust: dict[tuple[str, str], str]) -> tuple[dict[str, Any], Extension]:
    with extended([(*pair, power) for pair, power in trust.items()]) as extension:
        return read_artifact(path), extension


def _choose(
    findings: list[dict[str, Any]], extension: Extension, chosen: dict[tuple[str, str], dict[str, Any]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the names that could be trusted and are not yet, each with the least power that its use needs."""
    pairs = _pairs(extension)
    wanted: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in findings:
        pair = pairs.get(str(finding["name"]))
        if pair is None or why_never(*pair) is not None:
            continue
        power = _power(finding, pair[1])
        if why_forbidden(*pair, power) is not None:
            continue
        known = chosen.get(pair)
        if known is not None and known["power"] == power:
            continue  # trusting it does not help: something else about it was found
        entry = wanted.setdefault(pair, _entry(pair, power) if known is None else known | {"power": power})
        if entry["power"] == "function":
            entry["power"] = power
        if known is None:
            _place(entry, finding)
    return wanted


def _pairs(extension: Extension) -> dict[str, tuple[str, str]]:
    """Return name as findings give it -> module and name; a dotted one wins, for it makes the name untrustable."""
    found: dict[str, tuple[str, str]] = {}
    for module, name in extension.refused:
        full = f"{module}.{name}"
        if full not in found or "." in name:
            found[full] = (module, name)
    return found


def _power(finding: dict[str, Any], name: str) -> str:
    node = str(finding.get("opcode") or "")
    kept = finding["kind"] == "reference"
    if node.endswith("Node"):  # skops says by its loader what it does with a name
        kept = node in ("TypeNode", "FunctionNode")
    if kept:
        return "function"
    return "constructor" if name.lstrip("_")[:1].isupper() else "rebuild"


def _entry(pair: tuple[str, str], power: str) -> dict[str, Any]:
    root = pair[0].split(".")[0]
    return {
        "name": ".".join(pair),
        "power": power,
        "count": 0,
        "places": [],
        "kinds": [],
        "package": root,
        "known": root in packages(),
    }


def _place(entry: dict[str, Any], finding: dict[str, Any]) -> None:
    entry["count"] += 1
    if finding["kind"] not in entry["kinds"]:
        entry["kinds"].append(finding["kind"])
    if len(entry["places"]) < MAX_PLACES:
        entry["places"].append({"member": finding["member"], "offset": finding["offset"]})


def _public(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"kinds": sorted(entry["kinds"])}


def _refused(findings: list[dict[str, Any]], extension: Extension) -> list[dict[str, Any]]:
    """Return what is still outside although all that may be trusted is, each with the reason."""
    pairs = _pairs(extension)
    refused: dict[str, dict[str, Any]] = {}
    for finding in findings:
        name = str(finding["name"])
        if name not in refused and len(refused) >= MAX_NAMES:
            continue
        entry = refused.setdefault(name, _entry(("", name), "") | {"name": name})
        if not entry["count"]:
            entry |= dict(zip(("why", "flag"), _why(finding, pairs.get(name)), strict=True))
        _place(entry, finding)
    return list(refused.values())


def _why(finding: dict[str, Any], pair: tuple[str, str] | None) -> tuple[str, bool]:
    """Return why a finding cannot be trusted away, and whether the explicit flag would."""
    if finding["name"].startswith("<computed"):
        return "it is computed while the file is loaded, so nobody can say beforehand what it is", False
    if pair is None:
        return f"it is no import by name: the file {finding['note']}", False
    why = why_never(*pair)
    if why is not None:
        return why, False
    why = why_forbidden(*pair, _power(finding, pair[1]))
    if why is not None:
        return why, True
    return f"its name alone is not what is wrong: the file {finding['note']}", False
