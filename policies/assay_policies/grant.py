"""Grant a waiver: for a finding of a saved result, bound to the model and the number that it was granted for."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from assay.documents.validate import near
from assay.documents.yaml_text import read_bytes
from assay.model.errors import InvalidInput
from assay.model.result import RunRecord, ScanResult
from assay.model.spec import DetectorSpec
from assay.model.verdict import DecisionVerdict, WaiverKind
from assay.model.visible import visible
from assay_policies.append import with_waiver
from assay_policies.decide import Judged
from assay_policies.gate import waivable
from assay_policies.judge import decisions_of
from assay_policies.load import LoadedPolicy
from assay_policies.schema import Waiver
from assay_policies.shares import is_p_value
from assay_policies.waive import Waivers, mark_of, worst_ends

V = DecisionVerdict
SHORTEST = 6
"""Digits of a fingerprint that are enough, where only one finding begins so."""


MOST = 1e15
"""Larger than any number that is measured; up to there, YAML and JSON write and read numbers alike."""


class Request(NamedTuple):
    """What a person asks for."""

    finding: str
    reason: str
    kind: WaiverKind
    approver: str
    expires: datetime.date
    name: str | None = None
    bound_value: float | None = None


class Granted(NamedTuple):
    """A waiver as it is written, and the finding that it is for."""

    waiver: dict[str, Any]
    item: Judged


def grant(
    request: Request,
    result: ScanResult,
    loaded: LoadedPolicy,
    specs: Mapping[str, DetectorSpec],
    today: datetime.date,
    source: str,
) -> Granted:
    """Return the waiver; the result is judged by the policy, so that it is granted for what that policy says.

    Args:
        request: what is asked for.
        result: saved.
        loaded: the policy that will hold it.
        specs: of the installed detectors.
        today: the day of granting.
        source: path of the result, for errors.

    Raises:
        InvalidInput: no such finding, one that cannot be accepted, an approver who is not listed, a day that is past or
            too far, or a number that is exceeded already.
    """
    record = RunRecord(provenance=result.provenance, outcomes=result.outcomes)
    mark, item = _find(request.finding, record, loaded, specs, source)
    decision = item.decision
    if not waivable(decision.verdict) or decision.detector is None:
        why = "made to run" if not waivable(decision.verdict) else "mended"
        raise InvalidInput(f"{mark[:12]} ({decision.rule}): {decision.reason}; that is not waived, it must be {why}")
    _check_day(request, loaded, today)
    _check_words(request)
    waiver = {
        "id": request.name or _free_name(loaded),
        "finding": mark,
        "rule": decision.rule,
        "detector": decision.detector,
        "reason": request.reason,
        "kind": request.kind,
        "approver": request.approver,
        "expires": request.expires,
        "bound": _bound(request, item, Waivers(loaded.policy, record, specs, today)),
    }
    if any(entry.id == waiver["id"] for entry in loaded.policy.waivers):
        raise InvalidInput(f"--id {waiver['id']}: the policy has a waiver of that name; choose another")
    _check_approver(request, loaded)
    held = Waivers(loaded.policy, record, specs, today).one(Waiver.model_validate(waiver), item)
    if request.kind != "confirmed" and held.state != "valid":
        more = "; judge by `each: [file]`, so that each file is a finding" if len(item.members) > 1 else ""
        raise InvalidInput(f"{mark[:12]} ({decision.rule}): the waiver would be void: {held.note}{more}")
    return Granted(waiver, item)


def _find(
    wanted: str, record: RunRecord, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec], source: str
) -> tuple[str, Judged]:
    prefix = wanted.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},32}}", prefix):
        raise InvalidInput(
            f"{wanted!r:.60}: is no fingerprint; give {SHORTEST} to 32 of its digits (0-9, a-f), as reports show them"
        )
    found: dict[str, Judged] = {}
    for item in decisions_of(record, loaded, specs):
        if item.decision.verdict in (V.PASS, V.NOT_APPLICABLE):
            continue
        mark = mark_of(record.provenance.target, item.decision)
        if mark.startswith(prefix) and (mark not in found or waivable(item.decision.verdict)):
            found[mark] = item
    if not found:
        raise InvalidInput(
            f"{prefix}: no finding of {source}, judged by {loaded.policy.id}, begins so; "
            f"`assay judge {source} --policy {loaded.chain[-1].path}` shows them"
        )
    if len(found) > 1:
        raise InvalidInput(
            f"{prefix}: {len(found)} findings begin so ({', '.join(sorted(found)[:5])}); give more digits"
        )
    return next(iter(found.items()))


def _check_words(request: Request) -> None:
    """Refuse what no policy could hold, by the name of the option that says it."""
    said = {"id": request.name or "W-1", "reason": request.reason, "approver": request.approver}
    empty = {"finding": "0" * 32, "kind": request.kind, "expires": request.expires}
    try:
        Waiver.model_validate({**said, **empty})
    except ValidationError as error:
        first = error.errors()[0]
        name, limits = str(first["loc"][0]), first.get("ctx", {})
        match first["type"]:
            case "string_too_short":
                told = f"is too short; write {limits['min_length']} characters or more"
            case "string_too_long":
                told = f"is too long; write {limits['max_length']} characters at most"
            case _:
                told = first["msg"].removeprefix("Value error, ")
        raise InvalidInput(f"--{name} {visible(said.get(name, ''))!r:.60}: {told}") from None


def _check_day(request: Request, loaded: LoadedPolicy, today: datetime.date) -> None:
    days, most = (request.expires - today).days, loaded.policy.max_waiver_days
    if days < 0:
        raise InvalidInput(f"--expires {request.expires}: is past; today is {today}")
    if days > most:
        latest = today + datetime.timedelta(days=most)
        raise InvalidInput(f"--expires {request.expires}: the policy allows {most} days; write {latest} at the latest")


def _check_approver(request: Request, loaded: LoadedPolicy) -> None:
    policy = loaded.policy
    if request.kind == "confirmed" or request.approver in policy.approvers:
        return
    if policy.approvers:
        hint = near(request.approver, policy.approvers) or f"; it lists {', '.join(policy.approvers)}"
        raise InvalidInput(f"--approver {request.approver}: is not among the approvers of the policy{hint}")
    if policy.approvers_required:
        raise InvalidInput(f"{policy.id}: lists no approvers, and accepts no waiver before it does; add `approvers`")


def _free_name(loaded: LoadedPolicy) -> str:
    taken = [re.fullmatch(r"W-(\d{1,9})", waiver.id) for waiver in loaded.policy.waivers]
    return f"W-{max((int(match[1]) for match in taken if match), default=0) + 1}"


def _bound(request: Request, item: Judged, waivers: Waivers) -> dict[str, Any]:
    """Return what the waiver hangs on: the file, the number at its worse end, and how the finding stood."""
    decision, bound = item.decision, dict[str, Any]()
    labels = [member.labels for member in item.members] or [decision.labels]
    if any("file" in entry for entry in labels) or waivers.asks_the_model(decision):
        models = sorted({record.sha256 for entry in labels for record in waivers.models(entry) if record.sha256})
        bound |= {"model_sha256": models[0] if len(models) == 1 else models} if models else {}
    if waivers.asks_the_data(decision):
        bound |= {"data_sha256": waivers.data(decision)} if waivers.data(decision) else {}
    bound |= {"members": list(decision.members)} if decision.members else {}
    low, high = worst_ends(item.members)
    ends = {}
    if decision.at_most is not None and high is not None:
        ends["metric_max"] = high
    if (decision.at_least is not None or is_p_value(decision.metric or "")) and low is not None:
        ends["metric_min"] = low
    if request.bound_value is not None:
        if len(ends) != 1:
            raise InvalidInput("--bound-value: this finding has no single number with one limit; leave it out")
        (key, now), value = next(iter(ends.items())), request.bound_value
        if not abs(value) <= MOST:
            raise InvalidInput(f"--bound-value {value:g}: is no number that a check could measure; write a real one")
        if (key == "metric_max" and value < now) or (key == "metric_min" and value > now):
            raise InvalidInput(f"--bound-value {value:g}: the number is {now:g} already, so the waiver would be void")
        ends[key] = value
    return {**bound, **ends, "verdict": decision.verdict.value}


def save(granted: Granted, path: Path, load: Callable[[str], LoadedPolicy]) -> None:
    """Write the waiver into the policy file, whole or not at all, if the new file loads and says the same but for it.

    Raises:
        InvalidInput: it does not, or it cannot be written; the file is then as it was.
    """
    path = path.resolve()
    text = read_bytes(path, str(path)).decode("utf-8")
    new = with_waiver(text, granted.waiver, str(path))
    draft = path.with_name(f".assay-{secrets.token_hex(8)}.yaml")
    before = load(str(path)).policy
    try:
        with draft.open("x", encoding="utf-8", newline="") as stream:
            stream.write(new)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(draft, path.stat().st_mode & 0o777)
        try:
            after = load(str(draft)).policy
        except InvalidInput as error:
            raise InvalidInput(str(error).replace(str(draft), str(path))) from None
        wanted = (*before.waivers, Waiver.model_validate(granted.waiver))
        if after != before.model_copy(update={"waivers": wanted}):
            raise InvalidInput(f"{path}: adding the waiver would change more than `waivers`; add it by hand")
        draft.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be written ({error.strerror}); nothing was changed") from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
