"""Foreign text made visible: what cannot be printed is escaped, so that no name hides, reverses or breaks a line."""

from __future__ import annotations


def visible(text: str) -> str:
    """Return `text` with control, direction, unassigned and undecodable characters as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
