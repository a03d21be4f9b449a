"""Both fixtures rebuilt with fresh splits, fits, plants and logs, and scanned as a user would.

    python benchmarks/refits.py [--seeds 20] [--first 301] [--keep DIR]

The clean target must end with 0, but for as many false alarms as the policy's alpha allows, and the compromised one with 1 and a
violated rule of every family, but for one of twenty. Detectors were made
looking at seeds 0, 101 to 120 and 201 to 203; the seeds here are others. Policy: baseline, whose limits were written
before the detectors (docs/adr/0012).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assay.stats.multiplicity import most_alarms  # noqa: E402
from fixtures.build import build_compromised, build_credit  # noqa: E402

ALPHA = 0.05
"""Of the baseline policy, shared out over its statistical rules."""
FAMILIES = ("artifact", "pii", "poisoning", "adversarial", "privacy")


def scan(folder: Path) -> tuple[int, dict[str, Any], list[dict[str, Any]], float]:
    """Return exit code, result, findings and CPU seconds of one scan."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = [
        part
        for kind, name in (("json", "r.json"), ("findings", "f.jsonl"))
        for part in ("-o", f"{kind}={folder / name}")
    ]
    command = [sys.executable, "-m", "assay.cli", "scan", str(folder / "assay.yaml"), "-q", "--no-cache", *out]
    code = subprocess.run(command, check=False).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = [json.loads(line) for line in (folder / "f.jsonl").read_text().splitlines()]
    return code, json.loads((folder / "r.json").read_text()), found, cpu


def failed(result: dict[str, Any]) -> dict[str, list[str]]:
    """Return the violated rules by family."""
    found: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for decision in result["verdict"]["decisions"]:
        if decision["verdict"] == "fail":
            found[decision["detector"].split(".")[0]].append(decision["rule"])
    return found


def pointed(plants: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return (pointed at, planted) by kind of plant; `other rows`: suspected rows that are no plants."""
    rows = {f["locator"]["row"] for f in found if f["detector"] == "poisoning.labels"}
    offsets = {
        (f["locator"]["file"], f["locator"].get("offset")) for f in found if f["detector"].startswith("artifact")
    }
    lines = {
        (f["locator"]["file"], f["locator"].get("line"), f["labels"]["entity"])
        for f in found
        if f["detector"] == "pii.logs"
    }
    counted: dict[str, list[int]] = {}
    for plant in plants:
        kind, file = plant["kind"], plant.get("file", "")
        if kind in ("flipped-label", "backdoor-row"):
            hit = plant["row"] in rows
        elif kind == "malicious-pickle":
            hit = bool({(file, plant["offset"]), (file, plant["call_offset"])} & offsets)
        elif kind in ("personal-data", "secret") and plant["encoding"] != "base64":
            hit = (file, plant["line"], plant["entity"]) in lines
        else:
            continue
        counted.setdefault(kind, []).append(hit)
    planted = {plant["row"] for plant in plants if plant["kind"] in ("flipped-label", "backdoor-row")}
    return {kind: (sum(hits), len(hits)) for kind, hits in counted.items()} | {
        "other rows": (len(rows - planted), len(rows))
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=301)
    parser.add_argument("--keep", type=Path, help="build here and keep what was built; what is there is used again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-refits-") as scratch:
        base = asked.keep or Path(scratch)
        return report(base, range(asked.first, asked.first + asked.seeds))


def report(base: Path, seeds: range) -> int:
    """Scan all seeds, print the tables; return 0 where every number is reached."""
    print(
        "| seed | credit | its violated rules | compromised | violated rules by family | flips | patched | other rows | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    clean: Counter[int] = Counter()
    found: Counter[str] = Counter()
    pieces: dict[str, list[int]] = {}
    most = [0.0, 0.0]
    for seed in seeds:
        results = []
        for name, build in (("credit", build_credit), ("compromised", build_compromised)):
            folder = base / str(seed) / name
            built = folder / "built.json"
            if not built.exists():
                built_facts = build(folder, seed)
                built.write_text(json.dumps({"plants": built_facts["plants"]}))
            results.append((*scan(folder), json.loads(built.read_text())["plants"]))
        (code, credit, _, cpu0, _), (bad, compromised, observed, cpu1, plants) = results
        clean[code] += 1
        by_family = failed(compromised)
        found.update(family for family, rules in by_family.items() if rules)
        at = pointed(plants, observed)
        for kind, (hit, of) in at.items():
            pieces.setdefault(kind, [0, 0])
            pieces[kind][0] += hit
            pieces[kind][1] += of
        most = [max(most[0], cpu0), max(most[1], cpu1)]
        rules = ", ".join(rule for some in failed(credit).values() for rule in some) or "none"
        broken = "; ".join(
            ", ".join(dict.fromkeys(some)) for family, some in by_family.items() if family not in ("artifact", "pii")
        )
        print(
            f"| {seed} | {code} | {rules} | {bad} | {broken} | {at['flipped-label'][0]}/{at['flipped-label'][1]} "
            f"| {at['backdoor-row'][0]}/{at['backdoor-row'][1]} | {at['other rows'][0]} | {cpu0:.0f}, {cpu1:.0f} |",
            flush=True,
        )
    n = len(seeds)
    print(f"\ncredit: exit 0 in {clean[0]} of {n}; most CPU seconds {most[0]:.0f}")
    print(
        f"compromised: {', '.join(f'{family} found in {found[family]} of {n}' for family in FAMILIES)}; most CPU seconds {most[1]:.0f}"
    )
    print("pointed at: " + ", ".join(f"{kind} {hit} of {of}" for kind, (hit, of) in sorted(pieces.items())))
    return 0 if n - clean[0] <= most_alarms(n, ALPHA) and all(found[family] >= n - 1 for family in FAMILIES) else 1


if __name__ == "__main__":
    sys.exit(main())
