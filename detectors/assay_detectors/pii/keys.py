"""How logs tie a name to its value: `name=value`, `"name": "value"`, and the forms of languages, tables and stores.

Patterns for prefilters keep to what all engines know: no look-around, no `\\s`.
"""

from __future__ import annotations

_QUOTE = r"\\{0,3}[\"'`]"
_GAP = r"[ \t]"
_ASSIGNED = rf"(?:{_QUOTE})?[\])]?(?:{_GAP}{{0,3}}-?[:=>|]|{_GAP}[\w:.\-]{{1,20}}={_QUOTE}[^\"'<>\n]{{0,40}}{_QUOTE}>)"
"""`name=`, `"name": `, `name => `, `name -> `, `[name] = `, `| name | `, `(name)=`, `<name>`, `<name type="s">`."""
_PAIRED = rf"(?:{_QUOTE},?|,){_GAP}?(?:{_QUOTE})?(?i:value|val)(?:{_QUOTE})?{_GAP}?[:=]"
"""`"name", "value": `, `name="…" value=`, `Key=name, Value=`."""
_LISTED = rf"{_QUOTE},{_GAP}?"
"""`("name", `."""
_SAID = rf"{_GAP}(?:(?i:is|was|ist|es|est|like){_GAP}|(?i:in){_GAP}?\(|{_QUOTE}|[(\[])"
"""`name is `, `name in (`, `name '`, `name (`."""

LINKS = rf"(?:{_ASSIGNED}|{_PAIRED}|{_LISTED}|{_SAID})"
"""Between a name and a value that hardly anything else looks like."""
LOOSE_LINKS = rf"(?:{_ASSIGNED}|{_PAIRED})"
"""Between a name and a value that may be anything."""

_MADE = (
    r"(?i:some|just|optional|present|string|str|text|secretstr|secret|value|bytes|(?:datetime\.)?date|localdate)"
    r"\s?(?:\(\d{1,4}\)\s?(?=[\"'])|[(\[{])"
)
"""`Some(`, `Optional[`, `datetime.date(`, `string(9) "`."""
_FIELD = rf"\{{\s?{_QUOTE}(?:stringValue|string_value|value|S|N){_QUOTE}\s?:\s?"
"""`{"stringValue": `, `{"S": `: attributes of OpenTelemetry, of DynamoDB."""
_NO_FIELD = r"(?!(?i:val|value)\W)"


def _start(bracket: str) -> str:
    return rf"[=>]?\s{{0,3}}(?:{_MADE}|{_FIELD}|{bracket}){{0,2}}(?:[burBUR](?=[\"']))?(?:{_QUOTE})?{_NO_FIELD}"


VALUE_START = _start(r"[\[({]")
"""Between a link and the value."""
LOOSE_START = _start(rf"[\[({{](?={_QUOTE})")
"""Likewise, where the value may be anything: `[redacted]` and `{cipher}…` are no values in brackets."""
