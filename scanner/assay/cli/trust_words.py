"""What `assay artifact trust` says: each name with the power that it would get, and what can never be trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assay.model.errors import NotAssessed
from assay.reports.text import safe
from assay.targets.trust import FLAG, Proposal

SHOWN = 50
GRANTS = {
    "constructor": "objects of this class may be made; its __new__, __init__ and __setstate__ run while loading",
    "rebuild": "this function may be called while loading, with whatever arguments the file gives",
    "data": "this type may be named; it marks numbers or storage",
    "function": "it may be kept as a value; it is not called while loading, the model may call it when it predicts",
    "caller": "it may call what it is given first, which must be trusted too",
    "loader": "it may load bytes that the file carries",
}
_KINDS = {"call": "called", "reference": "kept as a value"}
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_SHAPE: dict[str, Any] = {
    "format": "", "data": False, "found": 0, "names": [], "refused": [], "total": 0, "complete": False, "reasons": [],
    "allowlist": "",
}  # fmt: skip
_ENTRY: dict[str, Any] = {"name": "", "power": "", "count": 0, "places": [], "kinds": [], "package": "", "known": False}


def checked(value: dict[str, Any]) -> dict[str, Any]:
    """Return a worker's answer in the known shape, with `clean`: whether the file is, once all names are trusted.

    Raises:
        NotAssessed: it has another shape, or proposes what the rules of trust files refuse.
    """
    from assay.targets.forbidden import why_forbidden, why_never

    found: dict[str, Any] = {key: value.get(key) for key in _SHAPE}
    good = all(type(found[key]) is type(default) for key, default in _SHAPE.items())
    entries = [*found["names"], *found["refused"]] if good else []
    good = good and all(
        isinstance(entry, dict) and all(type(entry.get(key)) is type(default) for key, default in _ENTRY.items())
        for entry in entries
    )
    if good:
        for entry in found["names"]:
            module, _, name = entry["name"].rpartition(".")
            good = good and entry["power"] in GRANTS and _NAME.fullmatch(entry["name"]) is not None
            good = good and why_never(module, name) is None and why_forbidden(module, name, entry["power"]) is None
    if not good:
        raise NotAssessed("the worker's answer has an unknown form")
    return found | {"clean": not found["total"] and found["complete"]}


def block(file: str, found: dict[str, Any], reason: str, by: str) -> str:
    """Return a whole trust file as YAML; `reason` and `by` are left empty for the person who answers for it."""
    lines = [f"# What {safe(file)} needs besides the allowlist, version {safe(found['allowlist'])}."]
    if not found["clean"]:
        lines.append("# It would NOT be clean even with these entries; the reasons were printed beside this.")
    lines += ["version: 1", "trust:", *(line for entry in proposals(found) for line in entry.lines(reason, by))]
    return "\n".join(lines) + "\n"


def proposals(found: dict[str, Any]) -> list[Proposal]:
    """Return the entries, each with what a person should know before: use and place, power, package."""
    return [Proposal(entry["name"], entry["power"], _comments(entry)) for entry in found["names"]]


def _comments(entry: dict[str, Any]) -> tuple[str, ...]:
    kinds = " and ".join(_KINDS.get(kind, "named") for kind in entry["kinds"])
    use = f"{kinds}, {_times(entry['count'])}, {_places(entry)}"
    return use, f"grants: {GRANTS[entry['power']]}", _package(entry)


def remarks(file: str, found: dict[str, Any]) -> Iterator[str]:
    """Yield what goes to stderr: the answer in one line, then every refusal."""
    shown = safe(file)
    if found["data"]:
        yield f"assay: {shown}: is {safe(found['format'])}, which no loader of models runs; nothing needs trust"
    elif found["clean"] and not found["names"]:
        yield f"assay: {shown}: is clean already; nothing needs trust"
    elif found["clean"]:
        yield f"assay: {shown}: would be clean with {_names(len(found['names']))} trusted"
    else:
        with_them = f" even with {_names(len(found['names']))} trusted" if found["names"] else ""
        yield f"assay: {shown}: would not be clean{with_them}"
    for entry in found["refused"][:SHOWN]:
        flag = ""
        if entry.get("flag") is True:
            flag = f"; an entry written by hand with `{FLAG}: true` would count"
        why = safe(str(entry.get("why", "")))
        yield f"  refused: {safe(entry['name'])}, {_times(entry['count'])}, {_places(entry)}: {why}{flag}"
    if len(found["refused"]) > SHOWN:
        yield f"  refused: {len(found['refused']) - SHOWN:,} more names; `assay artifact inspect` lists them"
    for reason in found["reasons"]:
        yield f"  not read to its end: {safe(str(reason))}"


def _names(count: int) -> str:
    return f"{count} name{'s' if count > 1 else ''}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _places(entry: dict[str, Any]) -> str:
    places = [place for place in entry["places"] if isinstance(place, dict)]
    shown = []
    for place in places:
        offset, member = place.get("offset"), place.get("member")
        at = f"byte {offset:,}" if type(offset) is int else "an unknown byte"
        shown.append(f"{at} of {safe(str(member), 120, keep_end=True)}" if member else at)
    more = entry["count"] - len(shown)
    return "at " + ", ".join(shown) + (f" and {more:,} more" if more > 0 else "") if shown else "at an unknown place"


def _package(entry: dict[str, Any]) -> str:
    package = safe(entry["package"], 80)
    if package == "__main__":
        return "from the script that wrote the file: the name means whatever the loading program has defined under it"
    if entry["known"]:
        return f"package: {package}, of which the allowlist has other names; maybe of another release"
    return f"package: {package}, of which the allowlist has nothing; your own code? look at it before you trust it"
