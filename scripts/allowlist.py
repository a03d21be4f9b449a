"""Write the allowlist's data: `allowlist.introspected.yaml` from installed libraries, `allowlist.json` from both YAMLs.

    python scripts/allowlist.py            introspect the installed libraries, then write both files
    python scripts/allowlist.py --data     write the JSON from the YAML as it stands
    python scripts/allowlist.py --check    write nothing; exit 1 where a file is not what it would write

`--check` goes with either. The YAML is what people read and review; the JSON is what a scan reads.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.documents.yaml_text import parse
from assay.targets.allowlist import POWERS
from assay.targets.forbidden import NAMES as FORBIDDEN

FOLDER = Path(__file__).parents[1] / "scanner" / "assay" / "targets"
REVIEWED = FOLDER / "allowlist.reviewed.yaml"
INTROSPECTED = FOLDER / "allowlist.introspected.yaml"
DATA = FOLDER / "allowlist.json"

HEADER = """\
# The allowlist, part 2 of 2: names found by introspection. Made by scripts/allowlist.py from the installed libraries,
# without those of part 1; edit nothing here. `versions`: the releases whose code was looked at.
"""
REASONS = {
    "constructor": (
        "Classes of {library} found by introspection of {families}: none of the methods that run while unpickling "
        "(__new__, __init__, __setstate__, __setitem__, append, ...) holds a call that could execute, open or import; "
        "{state}"
    ),
    "restored": (
        "Classes of {library} found by introspection of {families}: pickle makes them without arguments and gives them "
        "a state, and no method that runs then holds a call that could execute, open or import."
    ),
    "rebuild": (
        "Rebuilding helpers of {library} found by introspection: they make an object of a class of their own module, "
        "or of one that the pickle imports beside them."
    ),
    "data": "Types of numbers and storage that {library} itself registers: no code, no state that acts.",
    "function": (
        "Numeric functions of {library} found by introspection, to be kept as a parameter, never called while loading: "
        "compiled, or without a call that could execute, open, import or look up by name in their source."
    ),
}
FAMILIES = {
    "scikit-learn": ("all its public and private modules but tests and data sets", "BaseEstimator restores the state."),
    "numpy": ("generators of random numbers and polynomials", "state is numbers."),
    "scipy": ("sparse matrices, splines, trees, rotations", "state is arrays. Distributions are left out."),
    "pandas": ("frames, indexes, extension arrays and compiled types", "state is arrays and labels."),
    "torch": (
        "modules, optimizers, schedulers, distributions and quantized layers",
        "Module and Optimizer restore the state.",
    ),
    "transformers": ("configurations, and the modules of common architectures", "their dictionary is the state."),
}
_RANGE = re.compile(r"[<>=!]=?\d[\w.]*(,[<>=!]=?\d[\w.]*)*")
_ODD = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

Names = dict[str, list[str]]


@dataclass(frozen=True)
class Group:
    """Names that share library, power and reason."""

    library: str
    versions: str
    power: str
    reason: str
    names: Names


def read_groups(path: Path) -> tuple[dict[str, Any], list[Group]]:
    """Return the document and its groups, checked."""
    data = parse(path.read_bytes(), path.name).data
    groups = [Group(**entry) for entry in data["groups"]]
    check(path, groups)
    return data, groups


def check(path: Path, groups: list[Group]) -> None:
    """Refuse groups that lack something, or hold what no list may trust.

    Raises:
        ValueError: says which, and why.
    """
    for group in groups:
        where = f"{path.name}, {group.library} {group.power}"
        if group.power not in POWERS or not _RANGE.fullmatch(group.versions) or len(group.reason.split()) < 4:
            raise ValueError(f"{where}: power, versions or reason is not valid")
        for module, names in group.names.items():
            bad = [name for name in names if not name.isidentifier() or name in FORBIDDEN]
            if bad or not all(part.isidentifier() for part in module.split(".")):
                raise ValueError(f"{where}: {module} {bad} can never be trusted")


def merged(groups: Iterable[Group]) -> dict[str, dict[str, str]]:
    """Return module -> name -> power.

    Raises:
        ValueError: a name stands in two groups.
    """
    found: dict[str, dict[str, str]] = {}
    for group in groups:
        for module, names in group.names.items():
            for name in names:
                if name in found.setdefault(module, {}):
                    raise ValueError(f"{module}.{name} stands in two groups")
                found[module][name] = group.power
    return found


def compact() -> str:
    """Return the JSON that a scan reads: module -> power -> names in one string."""
    reviewed, first = read_groups(REVIEWED)
    introspected, second = read_groups(INTROSPECTED)
    attributes = [Group(**entry) for entry in reviewed["attributes"]]
    check(REVIEWED, attributes)
    data = {
        "version": reviewed["version"],
        "introspected": introspected["introspected"],
        "attributes": by_power(attributes),
        "names": by_power([*first, *second]),
    }
    return json.dumps(data, indent=0) + "\n"


def by_power(groups: Iterable[Group]) -> dict[str, dict[str, str]]:
    """Return module, or class where these are attributes -> power -> names in one string."""
    found = {}
    for module, entries in sorted(merged(groups).items()):
        powers = sorted(set(entries.values()))
        found[module] = {p: " ".join(sorted(name for name in entries if entries[name] == p)) for p in powers}
    return found


def introspected() -> str:
    """Return the text of part 2, from the libraries installed here."""
    from allowlist_introspect import GATHERERS, introspect

    known = merged(read_groups(REVIEWED)[1])
    versions, groups = {}, []
    for library in GATHERERS:
        version, found = introspect(library)
        versions[library] = version.partition("+")[0]
        groups += _grouped(library, _series(version), found, known)
    head = "".join(f"  {library}: {version}\n" for library, version in versions.items())
    return HEADER + "introspected:\n" + head + "groups:\n" + "".join(map(group_text, groups))


def _grouped(
    library: str, series: str, found: dict[str, dict[str, str]], known: dict[str, dict[str, str]]
) -> Iterable[Group]:
    """Yield one group per power; a name that was entered before keeps its place."""
    families, state = FAMILIES[library]
    by_power: dict[str, Names] = {}
    for module, entries in found.items():
        for name, power in entries.items():
            if name not in known.setdefault(module, {}):
                known[module][name] = power
                by_power.setdefault(power, {}).setdefault(module, []).append(name)
    for power, names in sorted(by_power.items()):
        reason = REASONS[power].format(library=library, families=families, state=state)
        yield Group(library, series, power, reason, names)


def _series(version: str) -> str:
    """Return the range of the minor release that was looked at: 1.9.1 -> >=1.9,<1.10."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}"


def group_text(group: Group) -> str:
    """Return one group as YAML."""
    lines = [f"  - library: {group.library}", f'    versions: "{group.versions}"', f"    power: {group.power}"]
    lines += ["    reason: >-", _wrapped(group.reason, "      ", "      "), "    names:"]
    for module, names in group.names.items():
        plain = [f'"{name}"' if name.lower() in _ODD else name for name in names]
        lines.append(_wrapped(f"{module}: [{', '.join(plain)}]", "      ", "        "))
    return "\n".join(lines) + "\n"


def _wrapped(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        text, 118, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def main() -> int:
    """Write or compare."""
    check, stale = "--check" in sys.argv, []
    makers = [(DATA, compact)] if "--data" in sys.argv else [(INTROSPECTED, introspected), (DATA, compact)]
    for path, make in makers:
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale.append(path.name)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.name}")
    if stale:
        print(f"not fresh: {', '.join(stale)}; run scripts/allowlist.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
