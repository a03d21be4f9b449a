"""Run one other scanner over files named on stdin; print one JSON line a file. Needs only that scanner, not Assay.

    printf '%s\\n' a.pkl b.pt | python benchmarks/peer_runner.py picklescan

Outcomes as of each tool's command line: `flagged` (its exit code for findings), `error`, `nothing` (it scanned nothing),
`clean`. The first line holds the version and the CPU seconds of the import.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

SECONDS = 90


def picklescan() -> Callable[[str], str]:
    from picklescan.scanner import scan_file_path

    def scan(path: str) -> str:
        found = scan_file_path(path)
        if found.issues_count:
            return "flagged"
        return "error" if found.scan_err else "clean" if found.scanned_files else "nothing"

    return scan


def modelscan() -> Callable[[str], str]:
    from modelscan.modelscan import ModelScan

    def scan(path: str) -> str:
        found = ModelScan().scan(path)
        if found["summary"]["total_issues"]:
            return "flagged"
        if found["errors"]:
            return "error"
        return "clean" if found["summary"]["scanned"]["total_scanned"] else "nothing"

    return scan


def fickling() -> Callable[[str], str]:
    from fickling import is_likely_safe

    return lambda path: "clean" if is_likely_safe(path) else "flagged"


def modelaudit() -> Callable[[str], str]:
    os.environ["PROMPTFOO_DISABLE_TELEMETRY"] = os.environ["NO_ANALYTICS"] = "1"
    from modelaudit.core import determine_exit_code, scan_model_directory_or_file

    words = {0: "clean", 1: "flagged", 2: "error"}
    return lambda path: words.get(determine_exit_code(scan_model_directory_or_file(path)), "error")


TOOLS = {tool.__name__: tool for tool in (picklescan, modelscan, fickling, modelaudit)}


def _late(_signal: int, _frame: object) -> None:
    raise TimeoutError


def main() -> None:
    name = sys.argv[1]
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, _late)
    out = sys.stdout
    before = time.process_time()
    scan = TOOLS[name]()
    print(json.dumps({"version": version(name), "import": time.process_time() - before}), file=out, flush=True)
    for line in sys.stdin:
        path, before = line.rstrip("\n"), time.process_time()
        signal.alarm(SECONDS)
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                word = scan(path)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a scanner that breaks on a file has not passed it
            word = "error" if not isinstance(error, TimeoutError) else "too long"
        signal.alarm(0)
        print(json.dumps({"file": path, "word": word, "cpu": time.process_time() - before}), file=out, flush=True)


if __name__ == "__main__":
    main()
