"""Generated files are fresh: docs, schemas, starter policy, the README's detector table."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_generated_files_are_fresh():
    done = subprocess.run(
        [sys.executable, "scripts/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_detector_has_a_page_and_a_row():
    from assay.engine.catalogue import load_catalogue

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for spec in load_catalogue().specs.values():
        assert (ROOT / "docs" / "detectors" / f"{spec.id}.md").exists()
        assert f"docs/detectors/{spec.id}.md" in readme


def test_starter_policy_is_valid():
    from assay.engine.catalogue import load_catalogue
    from assay_policies.load import load_policy

    catalogue = load_catalogue()
    loaded = load_policy(str(ROOT / "docs" / "guide" / "starter-policy.yaml"), catalogue.specs)
    assert {rule.metric for rule in loaded.policy.rules} == {
        m.id for s in catalogue.specs.values() for m in s.metrics if m.direction != "neither"
    }
