"""Do one task about one file in a worker, outside a scan."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

from assay.engine.supervisor import Task
from assay.engine.tasks import Interrupted, Limits, OutOfTime, TaskFailed, TaskRunner
from assay.model.errors import InvalidInput, NotAssessed
from assay.model.visible import visible
from assay.targets.refs import InputRef, Shard

SECONDS = 300.0
NAME = "artifact"


class Done(NamedTuple):
    """What the worker said, and what held it."""

    value: Any
    seal: tuple[str, ...]


def check_path(path: Path) -> None:
    """See to it that there is a file; its content is not touched.

    Raises:
        InvalidInput: no such file, or a folder.
        NotAssessed: no regular file, empty, or not readable.
    """
    shown = visible(str(path))
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise InvalidInput(f"{shown}: no such file; check the path") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidInput(f"{shown}: cannot be read ({why}); check the path") from None
    if stat.S_ISDIR(found.st_mode):
        raise InvalidInput(f"{shown}: is a folder; name the files in it, or use `assay scan {shown}`")
    if not stat.S_ISREG(found.st_mode):
        raise NotAssessed(f"{shown}: is no regular file, so it is not opened; give a file")
    if not os.access(path, os.R_OK):
        raise NotAssessed(f"{shown}: cannot be read (Permission denied); check its permissions")
    if not found.st_size:
        raise NotAssessed(f"{shown}: is empty, so there is nothing to read; give the file that is released")


def ask_about(path: Path, work: str, memory_bytes: int, **arguments: Any) -> Done:
    """Do `work` (`module:function`) about one file in a fresh worker.

    Raises:
        InvalidInput: see `check_path`.
        NotAssessed: see `check_path`; or the worker gave no answer.
    """
    check_path(path)
    shown = visible(str(path))
    ref = InputRef(NAME, "artifact", os.path.abspath(path), shown)
    tasks = TaskRunner({}, [ref], Limits(jobs=1, memory_bytes=memory_bytes, task_seconds=SECONDS))
    try:
        value = tasks.run(Task(work, Shard(NAME), arguments))
        return Done(value, tasks.seal.lines if tasks.seal is not None else ())
    except (TaskFailed, OutOfTime, Interrupted) as error:
        raise NotAssessed(f"{shown}: was not read to an end: {visible(str(error) or 'it was stopped')}") from None
    finally:
        tasks.stop()
