"""`make scan`: scan the two fixtures, show both verdicts, the reports, and the exit code that each gives a CI job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = {"credit": 0, "compromised": 1}


def main(out: Path) -> int:
    """Scan both; return 0 where both codes are as expected."""
    out.mkdir(parents=True, exist_ok=True)
    codes = {}
    for name in EXPECTED:
        reports = {
            "json": out / f"{name}.json",
            "html": out / f"{name}.html",
            "sarif": out / f"{name}.sarif",
            "findings": out / f"{name}.findings.jsonl",
        }
        outputs = [part for kind, path in reports.items() for part in ("-o", f"{kind}={path}")]
        manifest = ROOT / "fixtures" / name / "assay.yaml"
        print(f"\n=== assay scan {manifest.relative_to(ROOT)}\n", flush=True)
        command = [sys.executable, "-m", "assay.cli", "scan", str(manifest), *outputs]
        codes[name] = subprocess.run(command, check=False).returncode
        print("\nreports: " + "  ".join(str(path) for path in reports.values()), flush=True)
    print("\n=== exit codes for a CI job")
    for name, code in codes.items():
        print(f"{name:<12} {code}  (expected {EXPECTED[name]})")
    return 0 if codes == EXPECTED else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "out")))
