"""Read a labelled corpus with `artifact.unsafe-code` and print the confusion table per kind, and the CPU seconds.

The corpus is a folder with `labels.json`: file -> {"label": "malicious" | "benign", "kind": ...}. Nothing is loaded.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from assay_detectors.artifact.reading import read_artifact

COLUMNS = ("findings", "unknown", "not a model", "clean")
PICKLE_FAMILY = frozenset({"pickle", "joblib", "torch-legacy", "torch-zip", "npy", "npz"})


def outcome(result: dict[str, Any]) -> str:
    """Return the one word for a file."""
    if result["data"]:
        return "not a model"
    if result["total"]:
        return "findings"
    return "clean" if result["complete"] else "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument(
        "--list", action="store_true", help="name every bad file that passes and every good one that does not"
    )
    arguments = parser.parse_args()
    labels = json.loads((arguments.corpus / "labels.json").read_text())
    table: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    silent = 0
    slowest: list[tuple[float, str]] = []
    start = time.process_time()
    for name, label in sorted(labels.items()):
        before = time.process_time()
        result = read_artifact(arguments.corpus / name)
        slowest.append((time.process_time() - before, name))
        word = outcome(result)
        bad = label["label"] == "malicious"
        table[(label["label"], label["kind"])][word] += 1
        silent += bad and word in ("clean", "not a model") and result["format"] in PICKLE_FAMILY
        if arguments.list and bad == (word in ("clean", "not a model")):
            names = sorted({finding["name"] for finding in result["findings"]})
            print(
                f"{label['label']:9} {word:11} {result['format']:12} {name}:",
                ", ".join(names[:6]),
                result["reasons"][:2],
            )
    seconds = time.process_time() - start
    report(table, silent, seconds, len(labels))
    print("slowest:", ", ".join(f"{name} {taken:.2f} s" for taken, name in sorted(slowest)[-3:]))


def report(table: dict[tuple[str, str], Counter[str]], silent: int, seconds: float, files: int) -> None:
    print(f"| label | kind | {' | '.join(COLUMNS)} |\n|---|---|{'---:|' * len(COLUMNS)}")
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for (label, kind), counts in sorted(table.items()):
        totals[label].update(counts)
        print(f"| {label} | {kind} | {' | '.join(str(counts[c]) for c in COLUMNS)} |")
    for label, counts in sorted(totals.items()):
        print(f"| {label} | all | {' | '.join(str(counts[c]) for c in COLUMNS)} |")
    bad, good = totals["malicious"], totals["benign"]
    print(f"bad caught (findings or unknown): {bad['findings'] + bad['unknown']} of {bad.total()}")
    print(f"bad files of the pickle family that pass: {silent}")
    print(f"good blocked: findings {good['findings']}, unknown {good['unknown']}, of {good.total()}")
    print(f"{files} files, {seconds:.2f} CPU s")


if __name__ == "__main__":
    main()
