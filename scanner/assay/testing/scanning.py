"""Scan a target with chosen detectors only, through the real engine: for the conformance battery."""

from __future__ import annotations

import datetime
import importlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.engine.catalogue import Catalogue, load_catalogue
from assay.engine.scan import ScanRequest, scan
from assay.engine.spool import Spool
from assay.model.evidence import Observation
from assay.model.outcome import Outcome
from assay.model.result import ScanResult
from assay.model.spec import Capability, DetectorSpec
from assay.model.verdict import DecisionVerdict
from assay_policies.ask import AskedLimits
from assay_policies.judge import judge
from assay_policies.load import load_policy

STAGE_0 = "artifact.unsafe-code"
DAY = datetime.date(2026, 1, 1)


@dataclass(frozen=True)
class Scanned:
    """What came of one scan."""

    result: ScanResult
    observations: tuple[Observation, ...]

    def outcome(self, detector: str) -> Outcome:
        """Return the outcome of that detector."""
        return next(outcome for outcome in self.result.outcomes if outcome.detector == detector)

    def alarms(self, detector: str) -> list[str]:
        """Return the sentences of the rules on that detector that are violated."""
        return [
            decision.reason
            for decision in self.result.verdict.decisions
            if decision.detector == detector and decision.verdict in (DecisionVerdict.FAIL, DecisionVerdict.WARN)
        ]

    def plain(self, detector: str) -> str:
        """Return what that detector said, as text that two runs can be compared by."""
        outcome = self.outcome(detector).model_dump(mode="json", exclude={"cost"})
        seen = [o.model_dump(mode="json") for o in self.observations if o.detector == detector]
        return json.dumps([outcome, seen], sort_keys=True)


def scan_with(
    specs: Iterable[DetectorSpec],
    manifest: Path,
    policy: str,
    *,
    seed: int = 0,
    jobs: int | None = None,
    cache: Path | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
) -> Scanned:
    """Scan `manifest` with these detectors and judge it.

    Args:
        specs: the detectors; no other one takes part, but for the one that lets models be opened.
        manifest: path of an `assay.yaml`, or of a bare file or folder.
        policy: file or built-in name; its rules on other detectors do not count.
        seed: of the scan.
        jobs: workers; None for one, in sequence.
        cache: where results are remembered; None for nowhere.
        params: options by detector.
    """
    by_id = {spec.id: spec for spec in specs}
    if any(Capability.MODEL in spec.needs for spec in by_id.values()):
        # no model is opened before its bytes were found free of code
        by_id.setdefault(STAGE_0, load_catalogue().specs[STAGE_0])
    loaded = load_policy(policy)
    request = ScanRequest(
        path=manifest,
        seed=seed,
        engine="inline" if jobs is None else "local",
        jobs=jobs,
        cache=cache,
        params=params or {},
    )
    spool = Spool()
    record = scan(request, Catalogue(by_id), AskedLimits(loaded, by_id), lambda *told: None, spool)
    verdict = judge(record, loaded, by_id, DAY)
    result = ScanResult(provenance=record.provenance, outcomes=record.outcomes, verdict=verdict)
    return Scanned(result, tuple(spool))


def load_spec(name: str) -> DetectorSpec:
    """Return the spec that `package.module:NAME` names."""
    module, _, attribute = name.partition(":")
    spec: DetectorSpec = getattr(importlib.import_module(module), attribute)
    return spec


def main() -> None:
    """Scan as a process of its own: `python -m assay.testing.scanning SPEC MANIFEST POLICY [PATH ...]`.

    Prints `began` before the first work, then the heavy libraries that this process imported.
    """
    spec_name, manifest, policy, *paths = sys.argv[1:]
    sys.path.extend(paths)
    spec = load_spec(spec_name)
    print("began", flush=True)
    scan_with([spec], Path(manifest), policy)
    print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})), flush=True)


if __name__ == "__main__":
    main()
