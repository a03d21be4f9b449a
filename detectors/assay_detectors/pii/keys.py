"""How logs tie a name to its value: `name=value`, `"name": "value"`, and the forms of languages, tables and stores.

Patterns for prefilters keep to what all engines know: no look-around, no `\\s`.
"""

from __future__ import annotations

import re

_QUOTE = r"\\{0,3}[\"'`]"
_GAP = r"[ \t]"
_ASSIGNED = (
    rf"(?:{_QUOTE})?(?:{_GAP}{{0,3}}\||[\])]?(?:{_GAP}{{0,3}}-?[:=>]|"
    rf"{_GAP}[\w:.\-]{{1,20}}={_QUOTE}[^\"'<>\n]{{0,40}}{_QUOTE}>))"
)
"""`name=`, `"name": `, `name => `, `name -> `, `[name] = `, `| name | `, `(name)=`, `<name>`, `<name type="s">`."""
_PAIRED = rf"(?:{_QUOTE},?|,){_GAP}?(?:{_QUOTE})?(?i:value|val)(?:{_QUOTE})?{_GAP}?[:=]"
"""`"name", "value": `, `name="…" value=`, `Key=name, Value=`."""
_LISTED = rf"{_QUOTE},{_GAP}?"
"""`("name", `."""
_SAID = rf"{_GAP}(?:(?i:is|was|ist|es|est|like){_GAP}|(?i:in){_GAP}?\(|{_QUOTE}|[(\[])"
"""`name is `, `name in (`, `name '`, `name (`."""

_FORM = rf"{_QUOTE}(?:\\{{1,2}}r\\{{1,2}}n\\{{1,2}}r\\{{1,2}}n|{_GAP}{{4}})|\)=\("
"""`name="…"` and the empty line of a part of a form, as logs escape it, and without its escapes; `(name)=(`."""

LINKS = rf"(?:{_ASSIGNED}|{_PAIRED}|{_LISTED}|{_SAID}|{_FORM})"
"""Between a name and a value that hardly anything else looks like."""
LOOSE_LINKS = rf"(?:{_ASSIGNED}|{_PAIRED}|{_FORM})"
"""Between a name and a value that may be anything."""

_MADE = (
    r"(?i:some|just|optional|present|string|str|text|secretstr|secret|value|bytes|(?:datetime\.)?date|localdate)"
    r"\s?(?:\(\d{1,4}\)\s?(?=[\"'])|[(\[{])"
)
"""`Some(`, `Optional[`, `datetime.date(`, `string(9) "`."""
_FIELD = rf"\{{\s?{_QUOTE}(?:stringValue|string_value|value|S|N){_QUOTE}\s?:\s?"
"""`{"stringValue": `, `{"S": `: attributes of OpenTelemetry, of DynamoDB."""
_NO_FIELD = r"(?!(?i:val|value)\W)"


CAPITAL = r"[^\W\d_a-z]"
"""With which a name begins."""
_WORD_AHEAD = r"(?i:some|just|optional|present|str|text|secret|value|bytes|date|local|[ns]\W|[bur][\"'])"
CAPITAL_AHEAD = rf"(?=\W{{0,12}}(?:{CAPITAL}|{_WORD_AHEAD}))"
"""True wherever `VALUE_START` and a capital follow; told sooner."""


def _start(bracket: str) -> str:
    return (
        rf"[=>]?\s{{0,3}}(?:{_MADE}|{_FIELD}|{bracket}){{0,2}}(?:[burBUR](?=[\"']))?(?:{_QUOTE})?(?!{_MADE}){_NO_FIELD}"
    )


VALUE_START = _start(r"[\[({]")
"""Between a link and the value."""
LOOSE_START = _start(rf"[\[({{](?={_QUOTE})")
"""Likewise, where the value may be anything: `[redacted]` and `{cipher}…` are no values in brackets."""

_WRAPPED = re.compile(rf"(?:{_MADE}|{_FIELD})(?:{_QUOTE})?$")
_WRAPPER = 40
"""Characters that it may have."""
_PAIRED_KEY = re.compile(rf"([\w.\-]{{1,40}}){_PAIRED}\s{{0,3}}(?:{_QUOTE})?$")
_TAG = re.compile(r"<([\w:.\-][^<>]{0,60})>\s{0,2}$")


def unwrapped(before: str) -> str:
    """Return what stands before a value without `Some(`, `Optional[`, `{"stringValue": "` at its end."""
    bare = before.rstrip("\"'`\\ ")
    if bare[-1:] in "([{)" or (bare[-1:] == ":" and "{" in bare[-20:]):
        found = _WRAPPED.search(before, max(0, len(before) - _WRAPPER))
        return before[: found.start()] if found else before
    return before


def named_apart(before: str) -> str | None:
    """Return the name that does not stand right before the value: `"name": "ssn", "value": "`, `<d name="ssn">`."""
    if before.rstrip()[-1:] == ">":
        found = _TAG.search(before)
    elif "val" in before[-12:].lower():
        found = _PAIRED_KEY.search(before)
    else:
        return None
    return found[1] if found else None
