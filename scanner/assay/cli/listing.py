"""How `assay artifact inspect` prints: one section a kind, aligned, foreign text escaped, long listings cut."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from assay.model.errors import NotAssessed
from assay.reports.text import safe

if TYPE_CHECKING:
    from rich.console import Console

ROWS = 30
"""Rows of a section that are shown without --all."""
NAME = 200
_TITLES = {"contains": "contains", "imports": "imports", "calls": "calls"}
_KNOWN = {"what", "name", "member", "offset", "power", "opcode", "times"}
_SHAPE: dict[str, Any] = {
    "format": "", "data": False, "findings": [], "total": 0, "anomalies": [], "anomalies_total": 0, "complete": False,
    "reasons": [], "notes": [], "listing": [], "size": 0, "granted": [], "rules": {}, "allowlist": "",
    "listing_full": False,
}  # fmt: skip

Row = tuple[str, str, str]
"""Text, style, text behind it in quiet colour."""


def checked(value: dict[str, Any]) -> dict[str, Any]:
    """Return a worker's answer in the known shape.

    Raises:
        NotAssessed: it has another one.
    """
    found = {key: value.get(key, default) for key, default in _SHAPE.items()}
    wrong = [key for key, default in _SHAPE.items() if type(found[key]) is not type(default)]
    entries = [*found["findings"], *found["anomalies"], *found["listing"]]
    if wrong or not all(isinstance(entry, dict) for entry in entries):
        raise NotAssessed("the worker's answer has an unknown form")
    return found


def print_listing(reading: dict[str, Any], everything: bool) -> None:
    """Print one file's listing to standard output, in colours where it is a terminal."""
    from rich.console import Console

    stream = sys.stdout
    if stream is None:  # the user closed it
        return
    real = Console(file=stream, highlight=False)
    text = io.StringIO()
    console = Console(
        file=text, highlight=False, markup=False, soft_wrap=True, width=real.width, force_terminal=real.is_terminal,
        no_color=real.no_color, color_system=real.color_system, legacy_windows=False,  # type: ignore[arg-type]
    )  # fmt: skip
    _print(reading, console, everything)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.getvalue().encode(encoding, "backslashreplace").decode(encoding))
    with contextlib.suppress(OSError):
        stream.flush()


def _print(reading: dict[str, Any], console: Console, everything: bool) -> None:
    from rich.text import Text

    total = max(int(reading["total"]), len(reading["findings"]))
    console.print(
        Text(safe(str(reading["file"]), NAME, keep_end=True), style="bold")
        + Text(f"  {safe(str(reading['format']), 60)}, {reading['size']:,} bytes", style="dim")
    )
    for line, style in _summary(reading, total):
        console.print(Text(f"  {line}", style=style))
    for title, head, rows, count in _sections(reading, total):
        console.print(Text(f"\n  {title} ({count:,})", style="bold"))
        console.print(Text(f"    {head}", style="dim"))
        shown = rows if everything else rows[:ROWS]
        for text, style, behind in shown:
            console.print(Text(f"    {text}", style=style) + Text(behind, style="dim"))
        if len(rows) > len(shown):
            console.print(Text(f"    … and {len(rows) - len(shown):,} more rows; --all shows them", style="dim"))
    console.print()


def _summary(reading: dict[str, Any], total: int) -> Iterator[tuple[str, str]]:
    """Yield lines and their style: what a reader should know first."""
    if reading["data"]:
        yield "By its bytes this is data, which no loader of models runs; nothing of a model was found in it.", "dim"
        return
    least = "" if reading["complete"] else "at least "
    if total:
        yield f"imports, calls and references outside the allowlist: {least}{total:,}", "red"
    elif reading["complete"]:
        yield "read to its end: nothing outside the allowlist", "green"
    for reason in reading["reasons"]:
        yield f"not read to its end: {safe(str(reason))}", "yellow"
    if reading["granted"]:
        names = ", ".join(safe(str(name), NAME) for name in reading["granted"][:10])
        more = len(reading["granted"]) - 10
        yield f"trusted because you say so: {names}{f' and {more} more' if more > 0 else ''}", "yellow"
    for note in reading["notes"]:
        yield f"note: {safe(str(note))}", "dim"


def _sections(reading: dict[str, Any], total: int) -> Iterator[tuple[str, str, list[Row], int]]:
    """Yield title, line of column names, rows, and how many there are."""
    if total:
        yield "outside the allowlist", f"{'byte':>12}  use        name", _findings(reading["findings"]), total
    if reading["anomalies"]:
        count = max(int(reading["anomalies_total"]), len(reading["anomalies"]))
        yield "out of the ordinary", f"{'byte':>12}  what", _anomalies(reading), count
    kinds: dict[str, list[dict[str, Any]]] = {}
    for entry in reading["listing"]:
        kinds.setdefault(str(entry.get("what")), []).append(entry)
    granted = set(map(str, reading["granted"]))
    for kind in sorted(kinds, key=lambda kind: (list(_TITLES).index(kind) if kind in _TITLES else 9, kind)):
        title = _TITLES.get(kind, safe(kind, 40))
        full = ", the listing ends here" if reading["listing_full"] else ""
        head, rows = _listed(kinds[kind], granted)
        yield f"{title}{full}", head, rows, len(kinds[kind])


def _findings(findings: Iterable[dict[str, Any]]) -> list[Row]:
    rows = []
    for entry in findings:
        name, note = safe(str(entry.get("name")), NAME), safe(str(entry.get("note")))
        behind = f"  {note}" if name not in note else ""
        rows.append((f"{_at(entry)}  {safe(str(entry.get('kind')), 12):<11}{name}", "red", behind + _member(entry)))
    return rows


def _anomalies(reading: dict[str, Any]) -> list[Row]:
    rows = []
    for entry in reading["anomalies"]:
        rule = str(entry.get("rule"))
        meaning = f"\n{'':18}{safe(rule, 20)}: {safe(str(reading['rules'].get(rule, '')), 200)}"
        rows.append((f"{_at(entry)}  {safe(str(entry.get('note')))}", "yellow", _member(entry) + meaning))
    return rows


def _listed(entries: list[dict[str, Any]], granted: set[str]) -> tuple[str, list[Row]]:
    """Return the column names, and one row for each name of each member: its first place, how often, its power."""
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        key = (str(entry.get("member")), str(entry.get("name")))
        known = merged.setdefault(key, entry | {"times": 0})
        known["times"] += 1
    judged = any("power" in entry for entry in entries)
    counted = max((entry["times"] for entry in merged.values()), default=1) > 1
    head = f"{'byte':>12}  {'times   ' if counted else ''}{'trusted as'.ljust(18) if judged else ''}name"
    return head, [_row(entry, granted, judged=judged, counted=counted) for entry in merged.values()]


def _row(entry: dict[str, Any], granted: set[str], *, judged: bool, counted: bool) -> Row:
    style, power = "", ""
    if judged:
        raw = entry.get("power")
        by_user = " (you)" if str(entry.get("name")) in granted else ""
        power = f"{safe(str(raw), 12) + by_user if raw else 'NOT TRUSTED':<18}"
        style = "" if raw and not by_user else "yellow" if raw else "red"
    times = f"{entry['times']:>5,}   " if counted else ""
    extra = {key: value for key, value in entry.items() if key not in _KNOWN and isinstance(value, str | int)}
    more = "".join(f"  {safe(key, 20)} {value:,}" if type(value) is int else f"  {safe(f'{key} {value}', 80)}"
                   for key, value in extra.items())  # fmt: skip
    return f"{_at(entry)}  {times}{power}{safe(str(entry.get('name')), NAME)}", style, more + _member(entry)


def _at(entry: dict[str, Any]) -> str:
    offset = entry.get("offset")
    return f"{offset:>12,}" if type(offset) is int else f"{'-':>12}"


def _member(entry: dict[str, Any]) -> str:
    member = entry.get("member")
    return f"  in {safe(str(member), NAME, keep_end=True)}" if member else ""
