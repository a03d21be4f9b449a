"""What the runner demands of a detector's measurements: it does not trust detectors."""

from __future__ import annotations

import math

from assay.model.measurement import Measurement
from assay.model.spec import DetectorSpec


class ContractBroken(Exception):
    """A detector said what its spec does not allow."""


def check(spec: DetectorSpec, measurement: object, seen: set[tuple[str, tuple[tuple[str, str], ...]]]) -> Measurement:
    """Return the measurement, if it keeps the contract; `seen` holds (metric, labels) of those before.

    Raises:
        ContractBroken: undeclared metric or label, out of range, not finite, twice the same.
    """
    if not isinstance(measurement, Measurement):
        raise ContractBroken(f"yielded a {type(measurement).__name__}, not a Measurement")
    metric = spec.metric(measurement.metric)
    if metric is None:
        raise ContractBroken(f"measured {measurement.metric}, which its spec does not declare")
    if not math.isfinite(measurement.value):
        raise ContractBroken(f"{metric.id} is {measurement.value}")
    unknown = set(measurement.labels) - set(metric.labels)
    if unknown:
        raise ContractBroken(f"{metric.id} has the undeclared label {sorted(unknown)[0]!r}")
    low, high = metric.low, metric.high
    if (low is not None and measurement.value < low) or (high is not None and measurement.value > high):
        raise ContractBroken(f"{metric.id} = {measurement.value} is outside its range")
    key = (metric.id, tuple(sorted(measurement.labels.items())))
    if key in seen:
        raise ContractBroken(f"{metric.id} was measured twice for {measurement.labels}")
    seen.add(key)
    return measurement
