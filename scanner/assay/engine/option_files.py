"""Files and folders that options of detectors name: inputs of the scan like all else that decides a number."""

from __future__ import annotations

import os
from dataclasses import replace

from assay.engine.plan import Plan
from assay.targets.refs import InputRef
from assay.targets.resolve import Resolved, shown_below

ROLE = "option"


def with_option_files(resolved: Resolved, plan: Plan) -> Resolved:
    """Return the target with what options name among its inputs.

    So it is digested, stands in the result, may be read by workers, and no remembered outcome outlives a change of it.
    A name behind which there is nothing is left to the detector.
    """
    found: list[InputRef] = []
    for step in plan.steps:
        for option in step.spec.options:
            given = step.options[option.name]
            full = os.path.normpath(os.path.join(resolved.root, str(given)))
            if option.path and given and os.path.exists(full):
                name, shown = f"{step.spec.id}:{option.name}", shown_below(full, resolved.root)
                found.append(InputRef(name, ROLE, full, shown, "", {"detector": step.spec.id}))
    return replace(resolved, inputs=(*resolved.inputs, *found))
