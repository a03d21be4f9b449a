"""Read a labelled corpus with the artifact detectors and print the confusion table per kind; other scanners beside it.

    python benchmarks/artifact.py --corpus DIR [--peers PYTHON] [--list] [--check]

The corpus is a folder with `labels.json`: file -> {"label": "malicious" | "benign", "kind": ...}. Nothing is loaded.
`--peers` names the Python of an environment that holds picklescan, modelscan, fickling or modelaudit; each that is there
reads the same files (see peer_runner.py). `--check` ends with 1 below 97 % of bad files caught, above 1 % of good ones
blocked, or at a silent pass: a bad file of a format that is read, called clean.
"""

from __future__ import annotations

import argparse
import json
import pickletools
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.targets import sniff
from assay_detectors.artifact.reading import read_artifact

COLUMNS = ("findings", "unknown", "not a model", "clean")
PEERS = ("picklescan", "modelscan", "fickling", "modelaudit")
RUNNER = Path(__file__).with_name("peer_runner.py")
PICKLES = sniff.PICKLES | sniff.COMPRESSED | {sniff.TORCH_ZIP, sniff.NPY, sniff.NPZ, sniff.ZIP, sniff.TAR}


def outcome(result: dict[str, Any]) -> str:
    """Return the one word for a file."""
    if result["data"] and not result["anomalies_total"]:
        return "not a model"
    if result["total"] or result["anomalies_total"]:
        return "findings"
    return "clean" if result["complete"] else "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--peers", help="Python of an environment with other scanners")
    parser.add_argument(
        "--list", action="store_true", help="name every bad file that passes and every good one blocked"
    )
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    labels: dict[str, dict[str, str]] = json.loads((asked.corpus / "labels.json").read_text())
    words, formats, slowest = {}, {}, []
    start = time.process_time()
    for name, label in sorted(labels.items()):
        before = time.process_time()
        result = read_artifact(asked.corpus / name)
        slowest.append((time.process_time() - before, name))
        words[name], formats[name] = outcome(result), result["format"]
        if asked.list and (label["label"] == "malicious") == (words[name] in ("clean", "not a model")):
            print(line(name, words[name], label, result))
    seconds = time.process_time() - start
    report(labels, words)
    good = summary(labels, words, formats, asked.corpus)
    print(f"{len(labels)} files, {seconds:.2f} CPU s")
    print("slowest:", ", ".join(f"{name} {taken:.2f} s" for taken, name in sorted(slowest)[-3:]))
    if asked.peers:
        print(
            "\n| scanner | bad flagged | or error | bad pickles flagged | good flagged | good flagged or error | CPU s | import |"
        )
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        print(ours(labels, words, formats, seconds))
        for row in peers(asked.peers, asked.corpus, labels, formats):
            print(row, flush=True)
    return 0 if good or not asked.check else 1


def line(name: str, word: str, label: dict[str, str], result: dict[str, Any]) -> str:
    names = sorted({finding["name"] for finding in result["findings"]})[:6]
    rules = sorted({anomaly["rule"] for anomaly in result["anomalies"]})
    told = [*names, *rules, *result["reasons"][:2]]
    return f"{label['label']:9} {word:11} {result['format']:12} {name}: {'; '.join(told)}"


def report(labels: dict[str, dict[str, str]], words: dict[str, str]) -> None:
    table: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for name, label in labels.items():
        for kind in (label["kind"], "all"):
            table[(label["label"], kind)][words[name]] += 1
    print(f"| label | kind | {' | '.join(COLUMNS)} |\n|---|---|{'---:|' * len(COLUMNS)}")
    for (label, kind), counts in sorted(table.items(), key=lambda item: (item[0][1] == "all", item[0])):
        print(f"| {label} | {kind} | {' | '.join(str(counts[c]) for c in COLUMNS)} |")


def inert(path: Path) -> bool:
    """Say whether Python's own disassembler finds nothing that acts, neither in a pickle nor in those that it nests."""
    acting = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "REDUCE", "BUILD", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"}
    pending = [path.read_bytes()]
    try:
        while pending:
            for opcode, argument, _place in pickletools.genops(pending.pop()):
                if opcode.name in acting:
                    return False
                if isinstance(argument, bytes) and argument[:1] == b"\x80":
                    pending.append(argument)
    except ValueError:
        return False
    return True


def summary(labels: dict[str, dict[str, str]], words: dict[str, str], formats: dict[str, str], corpus: Path) -> bool:
    """Print the shares that the check looks at; return whether they hold."""
    bad = [name for name, label in labels.items() if label["label"] == "malicious"]
    good = [name for name in labels if name not in set(bad)]
    pickles = [name for name in bad if formats[name] in PICKLES]
    caught = [name for name in bad if words[name] in ("findings", "unknown")]
    clean = [name for name in bad if words[name] == "clean"]
    silent = [name for name in clean if not inert(corpus / name)]
    blocked = [name for name in good if words[name] in ("findings", "unknown")]
    print(f"\nbad caught (findings or unknown): {share(len(caught), len(bad))}")
    print(f"bad of the pickle family caught: {share(len(set(pickles) & set(caught)), len(pickles))}")
    print(f"bad called clean: {len(clean)}, of which import, call or build something (pickletools): {len(silent)}")
    print(f"bad called no model: {len(bad) - len(caught) - len(clean)}")
    print(f"good blocked (findings or unknown): {share(len(blocked), len(good))}")
    return len(caught) >= 0.97 * len(bad) and len(blocked) <= 0.01 * len(good) and not silent


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / max(whole, 1):.1%})"


def ours(labels: dict[str, dict[str, str]], words: dict[str, str], formats: dict[str, str], seconds: float) -> str:
    found = {"findings": "flagged", "unknown": "error"}
    return row("**assay**", {n: found.get(w, "clean") for n, w in words.items()}, labels, formats, seconds, None)


def peers(python: str, corpus: Path, labels: dict[str, dict[str, str]], formats: dict[str, str]) -> Iterator[str]:
    """Yield a row for each scanner that the environment holds."""
    paths = {str((corpus / name).resolve()): name for name in sorted(labels)}
    for tool in PEERS:
        done = subprocess.run(
            [python, str(RUNNER), tool], input="\n".join(paths), capture_output=True, text=True, check=False
        )
        lines = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
        if not lines:
            print(f"{tool}: not installed there", file=sys.stderr)
            continue
        words = {paths[entry["file"]]: entry["word"] for entry in lines[1:]}
        seconds = sum(entry["cpu"] for entry in lines[1:])
        yield row(f"{tool} {lines[0]['version']}", words, labels, formats, seconds, lines[0]["import"])


def row(
    tool: str,
    words: dict[str, str],
    labels: dict[str, dict[str, str]],
    formats: dict[str, str],
    seconds: float,
    started: float | None,
) -> str:
    bad = [words.get(name, "error") for name, label in labels.items() if label["label"] == "malicious"]
    good = [words.get(name, "error") for name, label in labels.items() if label["label"] != "malicious"]
    pickles = [
        words.get(name, "error")
        for name, label in labels.items()
        if label["label"] == "malicious" and formats[name] in PICKLES
    ]
    failed = ("flagged", "error", "too long")
    cells = [
        f"{sum(word == 'flagged' for word in bad) / len(bad):.1%}",
        f"{sum(word in failed for word in bad) / len(bad):.1%}",
        f"{sum(word == 'flagged' for word in pickles) / len(pickles):.1%}",
        f"{sum(word == 'flagged' for word in good) / len(good):.1%}",
        f"{sum(word in failed for word in good) / len(good):.1%}",
        f"{seconds:.1f}",
        "–" if started is None else f"{started:.2f}",
    ]
    return f"| {tool} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
