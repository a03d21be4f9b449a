"""Work on what people wrote: its exceptions do not say what they were about, and nothing interrupts it."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any, TypeVar, cast

from assay.attempt import attempt
from assay.model.errors import UnusableInput

W = TypeVar("W", bound=Callable[..., Any])


class DefectError(Exception):
    """Something of ours is wrong; the text names the type of the exception and its place in the code."""


def quiet(work: W) -> W:
    """Return work whose exceptions carry no text of their own: it may hold what was read.

    Sentences of `UnusableInput` are written by us and pass.
    """

    @functools.wraps(work)
    def done(*given: Any, **named: Any) -> Any:
        tried = attempt(lambda: work(*given, **named))
        if tried.error is None:
            return tried.value
        if isinstance(tried.error, UnusableInput | MemoryError):
            raise tried.error
        raise DefectError(f"{type(tried.error).__name__} in {_place(tried.error)}") from None

    return cast(W, done)


def uninterrupted(work: W) -> W:
    """Return work during which no garbage is collected, for work that makes many small objects, and no cycles of them.

    The collector would look at them all again and again, a tenth of the time.
    """

    @functools.wraps(work)
    def done(*given: Any, **named: Any) -> Any:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return work(*given, **named)
        finally:
            if was_enabled:
                gc.enable()

    return cast(W, done)


def _place(error: BaseException) -> str:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return "a place that is not known"
    code = frame.tb_frame
    return f"{code.f_globals.get('__name__', '?')}:{code.f_code.co_name}:{frame.tb_lineno}"
