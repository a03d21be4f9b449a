"""What pre-commit calls: `assay scan`, where a file whose name begins with `-` is a file and never an option.

pre-commit appends the names of the committed files to what its user wrote, and anybody who commits may choose a name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def arguments(given: Sequence[str]) -> list[str]:
    """Return the arguments of `assay` for those of the hook: the user's options, then the names of files.

    Whatever begins with `-` and is there as a file is named as a path. What hides an option of the user so is a file
    of that very name, and it is then scanned.
    """
    return ["scan", *(f"./{part}" if part.startswith("-") and os.path.lexists(part) else part for part in given)]


def main() -> None:
    """Run the scan, and exit with its code."""
    from assay.cli.main import main as assay

    sys.argv[1:] = arguments(sys.argv[1:])  # what a result records as the call
    assay()


if __name__ == "__main__":
    main()
