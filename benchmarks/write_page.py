"""Run a benchmark and write what it prints to docs/benchmarks, with the command, the versions and the day.

python benchmarks/write_page.py artifact -- --corpus DIR
"""

from __future__ import annotations

import datetime
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ABOUT = {
    "artifact": (
        "Reading model files without running them",
        "A development corpus of 875 labelled files (own generators, and the test fixtures of picklescan, modelaudit, "
        "fickling and modelscan; not shipped). The allowlist was widened by whole families after its false alarms were seen, so these "
        "numbers are in-sample. `not a model`: text and data files (Jinja templates, JSON, YAML), which this detector does "
        "not read yet and names under *not covered*; `unknown` blocks by default. The one bad file that is clean is a pickle "
        "that nests another one which imports nothing.",
    ),
    "pii": (
        "Personal data and secrets in ML logs",
        "13,621 labelled log lines (65 % real lines of 16 systems, 30 % ML-inference lines without personal data, 5 % planted; "
        "not shipped); Presidio with its default recognizers on the first 1,000 of them, in the same run. The rules were tuned on "
        "these lines, so read the figures as an upper bound. Most *false* addresses are real ones that the silver labels lack.",
    ),
    "coverage": (
        "Coverage of the intervals",
        "Simulated: how often each interval of `assay.stats` holds the truth, over 2,000 runs a row. Rows whose method claims to be exact must "
        "not exceed the nominal level by more than two points. Thresholds of the AUC were chosen on a binormal grid: those rows are in-sample.",
    ),
    "worker": (
        "The cost of a sealed worker",
        "Start of a worker with its seal and self-probe, and the overhead of one trivial task.",
    ),
}


def main() -> int:
    """Write one page; return the script's exit code."""
    name, rest = sys.argv[1], [part for part in sys.argv[2:] if part != "--"]
    title, about = ABOUT[name]
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *rest]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return done.returncode
    shown = " ".join("DIR" if part.startswith("/") else part for part in rest)
    body = done.stdout.rstrip()
    block = body if body.startswith("|") else f"```text\n{body}\n```"
    page = (
        f"# {title}\n\n{about}\n\n`python benchmarks/{name}.py {shown}`, {datetime.date.today()}, "
        f"Assay {version('model-assay')}, Python {platform.python_version()}, {platform.machine()}, one process, CPU seconds.\n\n"
        f"{block}\n"
    )
    (ROOT / "docs" / "benchmarks" / f"{name}.md").write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
