"""The sentences of presidio-research: our recall and precision beside Presidio's own, kind by kind."""

from __future__ import annotations

import json
from pathlib import Path

from pii_marks import Label
from pii_scoring import Find, Score, measure, share
from pii_tools import presidio

KINDS = ("CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "IP_ADDRESS", "PHONE_NUMBER", "US_SSN")
"""Those that both find by rules; names and places need a language model, which neither is given here."""


def sentences(path: Path) -> tuple[list[str], dict[int, list[Label]]]:
    """Return the texts, each on one line, and their labels."""
    texts, labels = [], {}
    for number, row in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        texts.append(row["full_text"].replace("\n", " "))
        labels[number] = [
            Label(s["start_position"], s["end_position"], s["entity_type"])
            for s in row["spans"]
            if s["entity_type"] in KINDS
        ]
    return texts, labels


def research(path: Path, find: Find) -> list[str]:
    """Print the table; return where we fall behind Presidio with its defaults (threshold 0)."""
    texts, labels = sentences(path)
    scores = {name: measure(tool, texts, labels) for name, tool in (("ours", find), ("Presidio", presidio(0.0)))}
    print(
        f"\n{path.name}: {len(texts):,} sentences; Presidio with its defaults\n{'type':16}|    ours: found  false |  Presidio: found  false"
    )
    failed = []
    for kind in KINDS:
        cells = {name: _cells(score, kind) for name, score in scores.items()}
        print(
            f"{kind:16}| {cells['ours'][0]:>13} {cells['ours'][1]:>6} | {cells['Presidio'][0]:>16} {cells['Presidio'][1]:>6}"
        )
        failed.extend(_behind(kind, scores["ours"], scores["Presidio"]))
    for name, score in scores.items():
        print(f"{name}: {score.size / 1e6 / score.seconds:.3f} MB per CPU s")
    return failed


def _cells(score: Score, kind: str) -> tuple[str, int]:
    found, labelled = score.recall((kind,))
    return f"{found} of {labelled}", score.wrong[kind]


def _behind(kind: str, mine: Score, theirs: Score) -> list[str]:
    failed = []
    if mine.recall((kind,))[0] < theirs.recall((kind,))[0]:
        failed.append(f"{kind}: recall {share(mine.recall((kind,)))}, Presidio {share(theirs.recall((kind,)))}")
    our_precision, their_precision = mine.precision((kind,)), theirs.precision((kind,))
    if our_precision[1] and our_precision[0] * their_precision[1] < their_precision[0] * our_precision[1]:
        failed.append(f"{kind}: precision {share(our_precision)}, Presidio {share(their_precision)}")
    return failed
