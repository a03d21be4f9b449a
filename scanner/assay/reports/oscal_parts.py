"""Small pieces of the OSCAL report: texts and tokens in the shapes that its schema wants, and one observation."""

from __future__ import annotations

import datetime
import re
from typing import Any

from assay.reports.identity import exact_number, plausible, timestamp
from assay.reports.issues import Issue
from assay.reports.text import labels, place, safe

NAMESPACE = "urn:assay:oscal"
EPOCH = "1970-01-01T00:00:00Z"
"""Where a time is required and the result has none."""
LONGEST_LINE = 1000
LONGEST_TOKEN = 200
MOST_PLACES = 5

_NOT_IN_A_TOKEN = re.compile(r"[^A-Za-z0-9._-]+")


def line(text: str) -> str:
    """Return foreign text as one line that is not empty and has no blank at its ends."""
    return safe(text, LONGEST_LINE).strip() or "(no text)"


def token(text: str) -> str:
    """Return a name as a token: `eu:Art.15(5)` becomes `eu_Art.15_5`."""
    kept = _NOT_IN_A_TOKEN.sub("_", safe(text, LONGEST_TOKEN)).strip("_")
    return kept if kept[:1].isalpha() else f"_{kept}"


def own_control(rule: str) -> str:
    """Return what stands for the control of a rule that names none."""
    return token(f"rule.{rule}")


def day(text: str) -> str | None:
    """Return the end of the day `2027-01-31` as a moment; None where it is no date that the schema takes."""
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return timestamp(datetime.datetime.combine(date, datetime.time(23, 59, 59))) if plausible(date) else None


def props(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return properties under our own name space; what is not known has none."""
    return [
        {"name": name, "ns": NAMESPACE, "value": _value(value)}
        for name, value in facts.items()
        if value is not None and value != ""
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return exact_number(value) if isinstance(value, int | float) else line(str(value))


def observation(issue: Issue, uuid: str, when: str, subject: dict[str, Any]) -> dict[str, Any]:
    """Return what one decision saw: its verdict, the number behind it, and the first places."""
    finding, decision = issue
    used = decision.used if decision else None
    facts: dict[str, Any] = {
        "verdict": finding.verdict,
        "metric": finding.metric,
        "labels": labels(finding.labels, 200),
        "limit": decision.limit if decision else None,
        "needs-n": decision.needs_n if decision else None,
    }
    if used is not None:
        spread = used.interval
        facts |= {"value": used.value, "low": spread.low, "high": spread.high, "level": spread.level, "n": used.n}
        facts["interval-method"] = spread.method
    entry: dict[str, Any] = {
        "uuid": uuid,
        "description": line(finding.text),
        "props": props(facts),
        "methods": ["TEST"],
        "types": ["control-objective"],
        "subjects": [subject],
        "collected": when,
    }
    places = [words for e in finding.evidence[:MOST_PLACES] if (words := place(e.locator, 200).strip())]
    if places:
        entry["relevant-evidence"] = [{"description": words} for words in places]
    more = len(finding.evidence) + finding.truncated - len(places)
    return entry | ({"remarks": f"{more:,} more places in the JSON result."} if more > 0 else {})
