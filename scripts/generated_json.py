"""Write a list that a script collects as JSON, or compare it with what stands there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

ARTIFACT = Path(__file__).parents[1] / "detectors" / "assay_detectors" / "artifact"
"""Where the readers keep their lists."""


def words(text: str) -> list[str]:
    """Return the words of a list."""
    return text.split()


def write_or_check(target: Path, collect: Callable[[], dict[str, object]]) -> int:
    """Write what `collect` gives; with `--check` among the arguments only compare, and return 1 where it differs."""
    text = json.dumps(collect(), indent=0) + "\n"
    if "--check" in sys.argv[1:]:
        return int(not target.exists() or target.read_text(encoding="utf-8") != text)
    target.write_text(text, encoding="utf-8")
    return 0
