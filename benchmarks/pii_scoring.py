"""Findings against labels: which match, and what that comes to by kind and by depth of encoding."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pii_marks import Label
from pii_plants import SECRET_KINDS, TIER_A

Span = tuple[int, int, str]
Find = Callable[[str], list[Span]]

APART = frozenset({"PERSON_IN_PROSE", "TEST_CARD"})
"""Shown, and in no total: names without a key or a cue need a language model; test cards are nobody's."""
ANY_SECRET = "OTHER_SECRET"
_FINER = {"URL_CREDENTIALS": "PASSWORD", "IP_LOOPBACK": "IP_ADDRESS"}
"""Found by the finer name and labelled by the coarser: right, where the labels have no finer ones at all."""


def secret(kind: str) -> bool:
    """Say whether a kind is one of secrets: those that are planted, and what a tool calls `SECRET_…`."""
    return kind in SECRET_KINDS or kind.startswith("SECRET_")


def same(label: str, found: str) -> bool:
    """Say whether a finding of this kind answers a label of that kind."""
    if label == ANY_SECRET:
        return secret(found)
    return found == label or (label, found) in (("PERSON_IN_PROSE", "PERSON"), ("TEST_CARD", "CREDIT_CARD"))


class Case(NamedTuple):
    """A miss, or a finding that no label answers; for the eyes of whoever works on the rules."""

    kind: str
    what: str
    line: str
    start: int
    end: int
    chain: str


class Score:
    """Hits, misses and false findings of one tool on one labelled log."""

    def __init__(self, coarse: bool = False) -> None:
        self._coarse = coarse
        self.found: Counter[tuple[str, int]] = Counter()
        self.labels: Counter[tuple[str, int]] = Counter()
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.lines = self.clean_lines = self.false_on_clean = self.size = 0
        self.seconds = 0.0
        self.cases: list[Case] = []

    def add(self, line: str, labels: Iterable[Label], findings: Iterable[Span]) -> None:
        """Count one line."""
        labels = list(labels)
        found = [(f[0], f[1], _FINER.get(f[2], f[2]) if self._coarse else f[2]) for f in findings]
        self.lines += 1
        self.size += len(line.encode()) + 1
        for label in labels:
            self.labels[label.entity, label.depth] += 1
            if any(same(label.entity, f[2]) and f[0] < label.end and label.start < f[1] for f in found):
                self.found[label.entity, label.depth] += 1
            else:
                self.cases.append(Case(label.entity, "missed", line, label.start, label.end, label.chain))
        for start, end, kind in found:
            if any(same(label.entity, kind) and start < label.end and label.start < end for label in labels):
                self.right[kind] += 1
            else:
                self.wrong[kind] += 1
                self.cases.append(Case(kind, "false", line, start, end, "plain" if labels else "on a clean line"))
        if not labels:
            self.clean_lines += 1
            self.false_on_clean += len(found)

    def merge(self, other: Score) -> None:
        """Add what another log came to."""
        for mine, theirs in zip(self._counters(), other._counters(), strict=True):
            mine.update(theirs)
        for name in ("lines", "clean_lines", "false_on_clean", "size", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def _counters(self) -> tuple[Counter, ...]:
        return self.found, self.labels, self.right, self.wrong

    def kinds(self) -> list[str]:
        """Return every kind that is labelled or found."""
        return sorted({kind for kind, _ in self.labels} | set(self.right) | set(self.wrong))

    def recall(self, kinds: Iterable[str] | None = None, depths: Iterable[int] = (0,)) -> tuple[int, int]:
        """Return found and labelled; without kinds, of all that count."""
        chosen = set(kinds) if kinds is not None else {kind for kind, _ in self.labels} - APART
        keys = [key for key in self.labels if key[0] in chosen and key[1] in set(depths)]
        return sum(self.found[key] for key in keys), sum(self.labels[key] for key in keys)

    def precision(self, kinds: Iterable[str] | None = None) -> tuple[int, int]:
        """Return right and all findings."""
        chosen = set(kinds) if kinds is not None else set(self.right) | set(self.wrong)
        right = sum(self.right[kind] for kind in chosen)
        return right, right + sum(self.wrong[kind] for kind in chosen)

    def tier_a(self) -> tuple[int, int]:
        return self.recall(TIER_A & {kind for kind, _ in self.labels})

    @property
    def false_rate(self) -> float:
        """False findings on 1,000 lines without any label."""
        return 1000 * self.false_on_clean / max(1, self.clean_lines)

    @property
    def speed(self) -> float:
        return self.size / 1e6 / self.seconds if self.seconds else 0.0


def measure(find: Find, lines: list[str], labels: dict[int, list[Label]]) -> Score:
    """Run a tool over the lines, and count."""
    score = Score(coarse=not any(label.entity in _FINER for row in labels.values() for label in row))
    find(lines[0])
    spent = 0.0
    for number, line in enumerate(lines):
        began = time.process_time()
        found = find(line)
        spent += time.process_time() - began
        score.add(line, labels.get(number, []), found)
    score.seconds = spent
    return score


def share(pair: tuple[int, int]) -> str:
    return f"{pair[0] / pair[1]:.3f}" if pair[1] else "-"


def table(columns: list[tuple[str, Score]]) -> str:
    """Return precision, recall of plain values, labels and false findings by kind, a column for each tool."""
    rows = [f"{'':18}" + "".join(f"| {title[:32]:^32}" for title, _ in columns)]
    rows.append(f"{'type':18}" + "| precision  recall  labels  false" * len(columns))
    kinds = sorted({kind for _, score in columns for kind in score.kinds()})
    for kind in [*(k for k in kinds if k not in APART), None, *(k for k in kinds if k in APART)]:
        cells = [_cells(score, None if kind is None else (kind,)) for _, score in columns]
        rows.append(f"{kind or 'ALL':18}" + "".join(f"| {cell} " for cell in cells))
    rows.extend(f"{title}: {summary(score)}" for title, score in columns)
    return "\n".join(rows)


def _cells(score: Score, kinds: tuple[str, ...] | None) -> str:
    recall = score.recall(kinds)
    right, findings = score.precision(kinds)
    return f"{share((right, findings)):>9} {share(recall):>7} {recall[1]:>7} {findings - right:>6}"


def summary(score: Score) -> str:
    """Return the figures that have no kind, in one line."""
    depths = sorted({depth for _, depth in score.labels} - {0})
    encoded = ", ".join(f"{depth}: {share(score.recall(depths=(depth,)))}" for depth in depths)
    return (
        f"{score.speed:.3f} MB per CPU s, line by line; tier A recall {share(score.tier_a())}; {score.false_rate:.2f} false per 1,000 "
        f"of {score.clean_lines:,} clean lines; encoded, found by depth: {encoded or '-'}"
    )
