"""JSON as text for reports: indented, ASCII, and quick with thousands of findings."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import to_json

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def dump(document: Any) -> str:
    """Return the document as ASCII JSON, indented by one, ended by a newline; keys stay in their order.

    Not by `json.dumps`: its indenting encoder is written in Python and takes seconds for a report of 20 MB.
    """
    return _NOT_ASCII.sub(_escape, to_json(document, indent=1).decode()) + "\n"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
