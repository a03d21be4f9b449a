"""Source that Python runs by itself: lines of `.pth` files, `sitecustomize.py`, the main module of an archive.

Other source runs only where somebody imports it; it is listed, and not analysed. Standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report

_AT_START = frozenset({"sitecustomize.py", "usercustomize.py"})
MAX_LINES = 100


def judge_source(text: str, name: str, report: Report) -> bool:
    """Report source that runs without being imported; say whether there is any.

    Args:
        text: the text of a file, whatever its name.
        name: its name in its folder or archive.
        report: takes a finding per line or file that Python runs.
    """
    path = name.replace("\\", "/")
    base = path.rsplit("/", 1)[-1].lower()
    before = report.total
    if base.endswith(".pth"):
        _path_file(text, report)
    elif base in _AT_START:
        report.find("call", base, "Python runs this source at every start where its folder is on the path", 0)
    elif base == "__main__.py" and report.member is not None and path.count("/") == 0:
        report.find("call", base, "Python runs this source when it is started with the archive", 0)
    return report.total > before


def _path_file(text: str, report: Report) -> None:
    """A `.pth` file among the packages of Python: each line that begins with `import` is run at every start."""
    at = found = 0
    for line in text.splitlines(keepends=True):
        if line.startswith(("import ", "import\t")) and found < MAX_LINES:
            found += 1
            note = "Python runs this line at every start, where the file lies among its packages"
            report.find("call", line.strip()[:100], note, at)
        at += len(line.encode("utf-8", "replace"))
