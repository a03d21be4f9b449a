"""Files and folders that options of detectors name: inputs of the scan like all else that decides a number."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assay.engine.plan import Plan
from assay.model.spec import DetectorSpec
from assay.targets.refs import InputRef
from assay.targets.resolve import Resolved, shown_below

ROLE = "option"


def with_option_files(resolved: Resolved, plan: Plan) -> Resolved:
    """Return the target with what options name among its inputs.

    So it is digested, stands in the result, may be read by workers, and no remembered outcome outlives a change of it.
    A name behind which there is nothing is left to the detector.
    """
    found = [ref for step in plan.steps for ref in option_refs(step.spec, step.options, resolved.root)]
    return replace(resolved, inputs=(*resolved.inputs, *found))


def option_refs(spec: DetectorSpec, options: Mapping[str, Any], root: Path) -> list[InputRef]:
    """Return the inputs that the options of one detector name, each called `detector:option`."""
    found: list[InputRef] = []
    for option in spec.options:
        given = options[option.name]
        full = os.path.normpath(os.path.join(root, str(given)))
        if option.path and given and os.path.exists(full):
            name, shown = f"{spec.id}:{option.name}", shown_below(full, root)
            found.append(InputRef(name, ROLE, full, shown, "", {"detector": spec.id}))
    return found
