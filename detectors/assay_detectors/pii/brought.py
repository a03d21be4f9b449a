"""Files of rules that the user brings: read in a sealed worker, for they lie in the folder of what is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.detector import Context, DetectorFailed
from assay.model.errors import UnusableInput
from assay.targets.base import Target
from assay.targets.refs import Shard
from assay_detectors.pii.quiet import quiet

if TYPE_CHECKING:
    from assay.targets.base import OpenTarget

_MOST_BYTES = 1 << 20
OPTIONS = ("gitleaks", "recognizers")


@quiet
def read_rules(opened: OpenTarget, shard: Shard, *, kind: str) -> dict[str, Any]:
    """Return `rules`, as plain data, and `refused`: sentences on what of the file is not applied.

    Raises:
        UnusableInput: the file cannot be read, or is none of that kind. Nothing of it is quoted.
    """
    from assay_detectors.pii.custom import READERS

    shown = opened.shown(shard.input)
    try:
        with opened.path(shard.input).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError(f"is larger than {_MOST_BYTES >> 20} MB, too large for a list of rules")
        found = READERS[kind](data.decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInput(f"{shown} cannot be read ({type(error).__name__})") from None
    except ValueError as error:
        raise UnusableInput(f"{shown} {error}") from None
    return {"rules": list(found.rules), "refused": list(found.refused)}


def brought_rules(target: Target, ctx: Context) -> list[dict[str, Any]]:
    """Return the rules that the user brings; raise `DetectorFailed` where their file cannot be read. Driver side."""
    rules: list[dict[str, Any]] = []
    for option in OPTIONS:
        if not (given := str(ctx.options[option])):
            continue
        ref = next((one for one in target.of_role("option") if one.name.endswith(f":{option}")), None)
        if ref is None:
            raise DetectorFailed(
                f"option {option}: {given} cannot be read: there is no such file in the folder of the target; write "
                "its path from there"
            )
        for _, found, reason in ctx.map_outcomes(read_rules, [Shard(ref.name)], kind=option):
            if found is None:
                raise DetectorFailed(f"option {option}: {reason or 'a worker gave no answer'}")
            rules.extend(found["rules"])
            for sentence in found["refused"]:
                ctx.not_covered(f"{given}: {sentence}")
    return rules


__all__ = ["brought_rules", "read_rules"]
