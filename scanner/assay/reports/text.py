"""Words for reports: safe text, numbers, intervals, places."""

from __future__ import annotations

import re
import unicodedata

from assay.model.base import Labels
from assay.model.evidence import Locator
from assay.model.interval import Interval
from assay.model.outcome import Outcome
from assay.model.result import InputRecord
from assay.model.verdict import Changes

LINE = 300
"""Characters that one piece of foreign text may take in a line of a report."""

CHANGES = {"new": "new", "worse": "worse than before", "same": "as before", "better": "better than before"}
"""A finding against the last scan."""

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LOOKING = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5")
"""Letters and marks that print nothing; their categories do not say so."""
_MARKS_IN_A_ROW = 3
_EXTRA = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ASCII = str.maketrans({"…": "...", "–": "-", "—": "-", "·": "-", "≤": "<=", "≥": ">=", "’": "'", "\u00a0": " "})


def safe(text: str, limit: int = LINE, *, keep_end: bool = False) -> str:
    """Return `text` on one line, harmless on a terminal and on a page, at most about `limit` characters.

    Control, format (bidi) and invisible characters become visible escapes; stacked combining marks, which can paint
    over other lines, do so from the fourth on. `keep_end` cuts in the middle, for paths.
    """
    # An escape only makes text longer, so nothing beyond `limit` characters of either end can show.
    if len(text) <= limit:
        shown = _visible(text)
        if len(shown) <= limit:
            return shown
    tail = limit // 3 if keep_end else 0
    head = _visible(text[:limit])[: limit - tail]
    end = _visible(text[-tail:])[-tail:] if tail else ""
    return f"{head}…{end} ({len(text):,} characters)"


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        hidden = category in _HIDDEN_CATEGORIES or char in _BLANK_LOOKING or marks > _MARKS_IN_A_ROW
        out.append(_escape(char) if hidden else char)
    return "".join(out)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def to_ascii(text: str) -> str:
    """Return `text` in ASCII; what has no plain spelling becomes an escape."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def number(value: float) -> str:
    """Return a number for people: whole ones in full, others with four significant digits."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.1f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def count(how_many: int, noun: str, plural: str | None = None) -> str:
    """Return `1 rule`, `2 rules`."""
    return f"{how_many:,} {noun if how_many == 1 else plural or noun + 's'}"


def change_counts(changes: Changes) -> str:
    """Return `new 2, worse 1, same 14, better 0, gone 3`."""
    return (
        f"new {changes.new:,}, worse {changes.worse:,}, same {changes.same:,}, better {changes.better:,}, "
        f"gone {len(changes.gone):,}"
    )


def sentence(text: str) -> str:
    """Return `text` with a full stop; its first letter stays, since it may begin a file name."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else text + "."


def interval(interval: Interval) -> str:
    """Return the interval in words; empty for a complete count."""
    low, high = interval.low, interval.high
    if low is None and high is None:
        return "unbounded"
    if low is None or high is None:
        return f"at least {number(low)}" if low is not None else f"at most {number(high or 0.0)}"
    if low == high:
        return ""
    return f"[{number(low)}, {number(high)}]"


def level(interval: Interval) -> str:
    """Return `95 % interval`, `exact` for a complete count, `not complete` for one whose end is open."""
    if interval.level >= 1 and None in (interval.low, interval.high):
        return "not complete"
    return "exact" if interval.level >= 1 else f"{interval.level * 100:.4g} % interval"


def measured(value: float, spread: Interval) -> str:
    """Return a value with its interval: `0.12 [0.1, 0.15]`, `at least 3`, `7`."""
    words = interval(spread)
    if spread.high is None and spread.low == value:
        return words
    return f"{number(value)} {words}".strip()


def labels(labels: Labels, limit: int = LINE) -> str:
    """Return labels as `entity=EMAIL, file=model.pkl`, in a fixed order."""
    return ", ".join(f"{safe(key, 60)}={safe(labels[key], limit, keep_end=True)}" for key in sorted(labels))


def place(locator: Locator, limit: int = LINE) -> str:
    """Return where: `app.log:14:3`, `model.zip!data.pkl, byte 31`, `train.csv, row 7`; empty for nowhere."""
    start = safe(locator.file, limit, keep_end=True) if locator.file else ""
    if locator.member:
        start += "!" + safe(locator.member, limit, keep_end=True)
    if locator.line is not None:
        start += f":{locator.line}" + (f":{locator.column}" if locator.column is not None else "")
    parts = [start] if start else []
    if locator.offset is not None and locator.line is None:
        parts.append(f"byte {locator.offset:,}")
    if locator.row is not None:
        parts.append(f"row {locator.row:,}")
    for noun, value in (("tensor", locator.tensor), ("opcode", locator.opcode), ("at", locator.path)):
        if value:
            parts.append(f"{noun} {safe(value, 120)}")
    return ", ".join(parts)


def install_line(outcome: Outcome) -> str:
    """Return the command that installs what this detector misses; empty when nothing is missing."""
    # People paste this line into a shell.
    extras = ",".join(sorted(extra for extra in outcome.missing_extras if _EXTRA.fullmatch(extra)))
    return f"pip install 'model-assay[{extras}]'" if extras else ""


def input_problem(record: InputRecord) -> str:
    """Return one sentence: why this input was not used; empty for a usable one."""
    if record.status == "usable":
        return ""
    blocked = f"It may not be loaded because of {record.blocked_by}" if record.blocked_by else "No cause was recorded"
    return sentence(safe(record.problem or blocked))


def why_not_run(outcome: Outcome) -> str:
    """Return one sentence: why this detector did not run to its end."""
    if outcome.reason:
        return sentence(safe(outcome.reason))
    if outcome.missing_inputs:
        names = ", ".join(safe(name, 60) for name in outcome.missing_inputs)
        return f"The manifest does not declare {names}."
    if outcome.missing_extras:
        return "Software that it needs is not installed."
    return "No reason was recorded."
