"""The identity of files and folders outside a scan: hashed in a sealed worker, as a scan hashes them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from assay.engine.supervisor import Task
from assay.engine.tasks import Interrupted, Limits, OutOfTime, TaskFailed, TaskRunner
from assay.model.base import Noun, Sha256
from assay.model.errors import NotAssessed
from assay.model.visible import visible
from assay.targets.refs import InputRef, Shard

WORK = "assay.targets.intake:identify"
SECONDS = 4 * 3600.0
"""For one file or folder: enough for a terabyte."""


class Identity(Noun):
    """What a worker says of one input."""

    sha256: Sha256
    size: int


def identify(refs: Sequence[InputRef], memory_bytes: int) -> list[str]:
    """Return the sha256 of each input, as a scan records it.

    Raises:
        NotAssessed: one cannot be read, or the worker gave no answer.
    """
    tasks = TaskRunner({}, refs, Limits(jobs=1, memory_bytes=memory_bytes, task_seconds=SECONDS))
    try:
        return [_one(tasks, ref) for ref in refs]
    finally:
        tasks.stop()


def _one(tasks: TaskRunner, ref: InputRef) -> str:
    shown = visible(ref.shown)
    if not os.access(ref.path, os.R_OK):
        raise NotAssessed(f"{shown}: is not there or cannot be read; check the path and its permissions")
    try:
        found = tasks.run(Task(WORK, Shard(ref.name), {}))
    except (TaskFailed, OutOfTime, Interrupted) as error:
        raise NotAssessed(f"{shown}: was not read to an end: {visible(str(error) or 'it was stopped')}") from None
    try:
        return Identity.model_validate(found).sha256
    except ValueError:
        raise NotAssessed(f"{shown}: cannot be read whole; check the permissions of all its files") from None
