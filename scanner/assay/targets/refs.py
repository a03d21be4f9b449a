"""Names of inputs and pieces of work: plain data that travels to a worker. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


def shared(work: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a work function whose answer is the same for every detector: within one scan it is asked once per shard."""
    work.shared = True  # type: ignore[attr-defined]
    return work


def identified(
    by: Callable[..., Any], *, ignoring: Iterable[str] = (), keep_when: Callable[[Any], bool] | None = None
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Mark a work function whose results are kept by the content of what it reads, and sealed.

    Args:
        by: a work function without arguments; it returns `content`, the sha256 in hex of everything of the input that
            the marked one reads for this shard, and `stamp`, which changes whenever the file does.
        ignoring: arguments that change how the work is done and not what it returns.
        keep_when: says of a result whether it may be kept; a result that names its input may not.
    """

    def mark(work: Callable[_P, _R]) -> Callable[_P, _R]:
        work.identified_by = by  # type: ignore[attr-defined]
        work.ignoring = frozenset(ignoring)  # type: ignore[attr-defined]
        work.keep_when = keep_when  # type: ignore[attr-defined]
        return work

    return mark


def isolated(work: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a work function that runs code or loads a model of the user's: in sealed workers that do nothing else."""
    work.isolated = True  # type: ignore[attr-defined]
    return work


@dataclass(frozen=True)
class InputRef:
    """One file that the manifest names, before anything is known about its content."""

    name: str
    """`model`, `models[1]`, `artifacts:extra/a.pkl`, `data.train`, `logs:logs/a.log`; unique in a scan."""
    role: str
    """`model`, `artifact`, `data`, `log`, `reference` for what says how the others should be, or `option` for what an
    option of a detector names."""
    path: str
    """Absolute path of the file or folder."""
    shown: str
    """Path as people see it: relative to the manifest's folder, with `/`."""
    where: str = ""
    """`file:line:column` of the manifest that names it."""
    spec: dict[str, Any] = field(default_factory=dict)
    """The entry of the manifest, as plain data."""

    @property
    def leads_away(self) -> bool:
        """Say whether this is a link to a folder that was met below a folder: told as unusable, never followed."""
        return self.role in ("artifact", "log") and os.path.islink(self.path) and os.path.isdir(self.path)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Shard:
    """A piece of work: one input, or a part of it."""

    input: str
    """Name of an `InputRef`."""
    start: int | None = None
    """First byte or row."""
    stop: int | None = None
    """One past the last byte or row."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Plain data."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)
