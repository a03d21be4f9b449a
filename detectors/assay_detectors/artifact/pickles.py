"""Whole pickle files: stacked pickles, what trails them, pickles nested in bytes, and torch's legacy layout."""

from __future__ import annotations

import binascii
from collections.abc import Callable

from assay_detectors.artifact import calls
from assay_detectors.artifact.arrays import acts
from assay_detectors.artifact.machine import CUT_OFF, NO_END, Broken, Machine
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Budget, Source, Unread
from assay_detectors.artifact.values import Blob

ReadNested = Callable[[bytes, Report, bool], None]
"""Reads bytes that may be a model file of any format; the flag says that not reading them to the end matters."""

MAX_STACKED = 300_000
"""Pickles that may follow one another in one file."""
READING = 2048
"""What one bytes constant that is read costs, beside its length, of the budget for all of them."""
LEGACY_PICKLES = 5
"""Magic number, protocol, system, object, keys; raw storages follow."""


def read_pickles(source: Source, report: Report, budget: Budget, nested: ReadNested, *, joblib: bool) -> None:
    """Read one pickle and whatever follows it; a file may be loaded pickle by pickle."""
    machine = Machine(source, report, budget, joblib=joblib)
    first, count = True, 0
    while first or _more(machine):
        start = machine.offset
        count += 1
        if count > MAX_STACKED:
            report.unread(f"more than {MAX_STACKED} pickles follow one another", "bomb", start)
            break
        try:
            machine.run()
        except Broken as error:
            if first:
                _broken(machine, error)
            else:
                reason = f"bytes from {start} on, behind the last pickle, cannot be read as a pickle ({error})"
                report.unread(reason, "hidden", start)
            break
        except Unread as error:
            report.unread(str(error), error.rule)
            break
        _written_out(machine)
        machine.fresh()
        first = False
    finish(machine, nested)


def read_legacy(source: Source, report: Report, budget: Budget, nested: ReadNested) -> None:
    """Read the five pickles of a file of old torch; what follows is storage, read as numbers."""
    machine = Machine(source, report, budget)
    machine.legacy_modules = True
    try:
        for _ in range(LEGACY_PICKLES):
            machine.run()
            machine.fresh()
    except Broken as error:
        _broken(machine, error)
    except Unread as error:
        report.unread(str(error), error.rule)
    else:
        _more(machine)
        rest = machine.buf[machine.at :]
        if acts(rest[: 1 << 16]):
            inner = report.inner(f"bytes at {machine.offset}")
            nested(rest, inner, False)
            report.absorb(inner, complete=False)
    finish(machine, nested)


def _broken(machine: Machine, error: Broken) -> None:
    rule = "cut-off" if str(error) == "it is cut off" else "damaged"
    machine.report.unread(f"the pickle breaks at byte {machine.offset}: {error}", rule, machine.offset)


def _breaks(report: Report, machine: Machine, error: Broken) -> None:
    rule = "cut-off" if str(error) in (CUT_OFF, NO_END) else "damaged"
    report.unread(f"the pickle breaks at byte {machine.offset}: {error}", rule, machine.offset)


def _written_out(machine: Machine) -> None:
    """Take strings that are a pickle in base64 or hex for the bytes that they stand for."""
    values = machine.memo if isinstance(machine.memo, list) else machine.memo.values()
    for text in [value for value in values if type(value) is str and value[:2] in ("gA", "80") and len(value) >= 24]:
        try:
            data = bytes.fromhex(text) if text[0] == "8" else binascii.a2b_base64(text)
        except ValueError:
            continue
        if calls.may_be_nested(data[:4096]):
            calls.nested(machine, data, machine.offset)


def _more(machine: Machine) -> bool:
    """Say whether bytes are left; leave the machine in front of them."""
    if machine.at >= machine.size and not machine.eof:
        machine.at = machine.refill(machine.at)
    return machine.at < machine.size


def finish(machine: Machine, nested: ReadNested) -> None:
    """Settle what was only referenced, then read the bytes constants that may be pickles."""
    calls.settle(machine)
    report = machine.report
    loads = "torch.storage._load_from_bytes" in machine.globals
    for blob in machine.blobs:
        machine.budget.nested -= READING
        if machine.budget.nested < 0:
            report.unread("its bytes constants that may be pickles are too many to read", "bomb", blob.offset)
            break
        _read_blob(blob, report, nested, required=blob.required or loads)


def _read_blob(blob: Blob, report: Report, nested: ReadNested, *, required: bool) -> None:
    if blob.data is None:
        return
    inner = report.inner(f"bytes at {blob.offset}")
    nested(blob.data, inner, required)
    report.absorb(inner, complete=required)
    blob.data = None
