"""The symbolic unpickler: follows every opcode exactly, imports nothing, calls nothing.

It keeps CPython's stack, marks and memo, but holds values only as far as they matter. Its reading is strict where
CPython's two unpicklers differ (frames, octal integers): then the report says why it is not complete. It never recurses
on what it reads; memory is bounded by `MAX_STACK`, by a window over the source, and by the size of the file.
"""

from __future__ import annotations

import re
from typing import Any

from assay.targets.repeats import exact
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.runs import ENDS, STARTS, take_run
from assay_detectors.artifact.sources import CHUNK, Budget, Source, Unread
from assay_detectors.artifact.values import HOLE, LIST, MARK, NUMBER, Blob, Global, compact

LOOK_AHEAD = 1 << 16
MAX_STACK = 8_000_000
FULL_STACK = 50_000
"""Beyond this, values that lie deep in the stack are held by their kind only."""
MAX_NESTING = 100_000
MAX_MEMO_GAP = 10_000_000
"""Memo indices that far beyond what the file could have stored make Python allocate gigabytes."""
MAX_COPIED = 1_000_000
"""Entries that a memo with gaps may have."""
MAX_IMPORTED = 100_000
"""Imports outside what is trusted, and bytes constants that may be pickles, which are held for one file."""
FULL_MEMO = 300_000
"""Entries that the memo holds in full; what comes later is held by its kind, unless it may matter."""
MAX_LINE = 16 << 20
MAX_INNER = 200
"""Pickles inside pickles (object arrays of joblib) that are open at once."""

ACROSS = "an opcode lies across the end of a frame, so Python's two unpicklers differ on it"

CUT_OFF = "it is cut off"
NO_END = "a text argument has no end"
EMPTY = "the stack is empty where a value is needed"
NOT_STORED = "the memo holds nothing at this place"

TWO = "two-readings"

Stack = list[Any]
Memo = list[Any] | dict[int, Any]

_SMALL_INTS = re.compile(exact(rb"(?:K.){4,}+"), re.DOTALL).match
_MIXED = re.compile(exact(rb"(?:K.|M..|J.{4}|G.{8}|[N\x88\x89]){16,}+"), re.DOTALL).match
_SCALARS = frozenset(b"KMJGN\x88\x89")
_SCALAR = re.compile(rb"K.|M..|J.{4}|G.{8}|[N\x88\x89]", re.DOTALL).findall


class Broken(Exception):
    """CPython would raise here: nothing behind it runs."""


class Stop(Exception):
    """STOP of the outermost pickle."""


class Machine:
    """One pickle being read."""

    def __init__(self, source: Source, report: Report, budget: Budget, *, joblib: bool = False) -> None:
        self.source = source
        self.report = report
        self.budget = budget
        self.joblib = joblib
        """Raw array bytes follow a NumpyArrayWrapper, as joblib reads them."""
        self.speculative = False
        """Reading bytes that are probably no pickle: an import that no library could meet ends it."""
        self.legacy_modules = False
        """Persistent ids may name a class, as in files of old torch."""
        self.buf = b""
        self.base = 0
        self.at = 0
        self.size = 0
        self.limit = 0
        self.eof = False
        self.frame_end: int | None = None
        self.globals: dict[str, Global] = {}
        self.shapes: set[bytes] = set()
        """Shapes of values that came many times in a row."""
        self.compiled = 0
        """How many expressions these cost."""
        self.imported: list[Global] = []
        self.blobs: list[Blob] = []
        self.saved: list[tuple[Stack, list[int], Memo, bool, int]] = []
        self.fresh()

    def fresh(self) -> None:
        """Empty stack, marks and memo, as for a new unpickler."""
        self.stack: Stack = []
        self.marks: list[int] = []
        self.memo: Memo = []
        self.proto = 0
        self.track = 0
        """Whether dictionaries keep their entries: once joblib's wrapper was imported, and while a record is made."""
        self.odd_keys = False
        """Whether a dictionary has keys that are no strings."""
        self.old = True
        """Whether values were put into the memo as protocols 1 to 3 do it."""
        self.small = 0
        """How much of the stack was made compact."""

    # The window ---------------------------------------------------------------------------------------------------

    @property
    def offset(self) -> int:
        """Position in the source of the opcode that is being read."""
        return self.base + self.at

    def refill(self, at: int) -> int:
        """Drop what was read and read on; return the new index of `at`."""
        rest = self.buf[at:]
        chunk = self.source.read(CHUNK)
        if not chunk:
            self.eof = True
        self.buf = rest + chunk
        self.base += at
        self.size = len(self.buf)
        self._bound()
        return 0

    def _bound(self) -> None:
        """Set the index at which the loop asks for service: end of the window or of the frame."""
        self.limit = self.size if self.eof else max(self.size - LOOK_AHEAD, 0)
        if self.frame_end is not None:
            self.limit = min(self.limit, self.frame_end - self.base)

    def service(self, at: int) -> int:
        """Close a frame, fetch more bytes; return the index of the next opcode."""
        if self.frame_end is not None and self.base + at >= self.frame_end:
            if self.base + at > self.frame_end:
                self.report.unread(ACROSS, "two-readings", self.offset)
            self.frame_end = None
            self._bound()
        while not self.eof and at >= self.size - LOOK_AHEAD:
            at = self.refill(at)
        if len(self.imported) > MAX_IMPORTED:
            raise Unread(f"it imports more than {MAX_IMPORTED} things that are not trusted", "bomb")
        if len(self.blobs) > MAX_IMPORTED:
            raise Unread(f"more than {MAX_IMPORTED} of its bytes constants may be pickles", "bomb")
        if at >= self.size:
            raise Broken(CUT_OFF)
        return at

    def have(self, at: int, count: int) -> int:
        """Bring `count` bytes from `at` on into the window; return the new index of `at`."""
        if at + count <= self.size:
            return at
        parts, held = [self.buf[at:]], self.size - at
        while held < count + LOOK_AHEAD and (chunk := self.source.read(CHUNK)):
            parts.append(chunk)
            held += len(chunk)
        self.eof = held < count + LOOK_AHEAD
        self.buf, self.size = b"".join(parts), held
        self.base += at
        self._bound()
        if held < count:
            raise Broken(CUT_OFF)
        return 0

    def pass_over(self, at: int, count: int) -> int:
        """Go past `count` bytes without holding them; return the index behind them."""
        if at + count <= self.size:
            return at + count
        missing = count - (self.size - at)
        if self.eof or self.source.skip(missing) < missing:
            raise Broken(CUT_OFF)
        self.base += at + count
        self.buf, self.size = b"", 0
        self._bound()
        return 0

    def line(self, at: int, *, open_end: bool = False) -> tuple[bytes, int]:
        """Return the line from `at` on without its newline, and the index behind it.

        With `open_end` the file may end without a newline: Python's own unpickler then takes all but the last byte.
        """
        searched = at
        while (end := self.buf.find(b"\n", searched)) < 0:
            if self.eof and not open_end:
                raise Broken(NO_END)
            if self.eof:
                self.report.unread("a name has no end, which only one of Python's two unpicklers refuses", TWO)
                return self.buf[at : max(self.size - 1, at)], self.size
            if self.size - at > MAX_LINE:
                raise Unread(f"a text argument is longer than {MAX_LINE >> 20} MiB", "bomb")
            before = self.size - at
            at = self.refill(at)
            searched = at + before
        return self.buf[at:end], end + 1

    # The stack ----------------------------------------------------------------------------------------------------

    def pop(self) -> Any:
        """Take the top; a mark is no value."""
        if not self.stack or self.stack[-1] is MARK:
            raise Broken(EMPTY)
        return self.stack.pop()

    def top(self) -> Any:
        """Return the top and leave it."""
        if not self.stack or self.stack[-1] is MARK:
            raise Broken(EMPTY)
        return self.stack[-1]

    def pop_mark(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        if not self.marks:
            raise Broken("a mark is missing")
        start = self.marks.pop()
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items

    def put(self, index: int) -> None:
        """Store the top in the memo; a gap makes the memo a dictionary, for MEMOIZE counts entries."""
        top = self.top()
        if len(self.memo) >= FULL_MEMO:
            top = compact(top)
        if index > self.offset + MAX_MEMO_GAP:
            reason = f"memo index {index} makes Python allocate memory for as many entries"
            self.report.unread(reason, "bomb", self.offset)
        if isinstance(self.memo, list):
            if index < len(self.memo):
                self.memo[index] = top
                return
            if index == 1 and not self.memo:
                self.memo.append(HOLE)
            if index == len(self.memo):
                self.memo.append(top)
                return
            self.memo = {place: value for place, value in enumerate(self.memo) if value is not HOLE}
        if len(self.memo) > (MAX_COPIED if type(self.memo) is dict else 4 * MAX_COPIED):
            raise Unread(f"its memo has gaps among {len(self.memo)} entries", "bomb")
        self.memo[index] = top

    def fetch(self, index: int) -> Any:
        """Return what the memo holds at a place."""
        value = self.memo[index]
        if value is HOLE:
            raise Broken(NOT_STORED)
        return value

    @property
    def holed(self) -> bool:
        """Whether the memo begins with 1, so that MEMOIZE, which counts entries, goes to the last one."""
        memo = self.memo
        return (memo.get(0) if isinstance(memo, dict) else memo[0] if memo else None) is HOLE

    def listed(self) -> list[Any]:
        """Return the memo, where it is a list, as it is until it has a gap."""
        if not isinstance(self.memo, list):
            raise TypeError("the memo has a gap")
        return self.memo

    # The loop -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Read one pickle; raises `Broken` where CPython would fail, `Unread` where a budget ends."""
        from assay_detectors.artifact.opcodes import TABLE

        try:
            while True:
                self._stretch(TABLE)
                self.at = self.service(self.at)
        except Stop:
            return
        except (IndexError, KeyError, UnicodeDecodeError):
            raise Broken("it is cut off or damaged") from None

    def _stretch(self, table: list[Any]) -> None:
        """Read opcodes until the window or the frame ends. The commonest ones stand here, for speed."""
        buf, size, limit, at = self.buf, self.size, self.limit, self.at
        stack, from_bytes = self.stack, int.from_bytes
        memo: Any = self.memo
        packed, full, old = type(memo) is list, len(memo) >= FULL_MEMO, self.old
        listed = packed and not self.holed
        again, later, wait = at, at, 32
        if at < limit and packed and buf[at] in STARTS and (old or listed):
            at, again = take_run(self, at, full, old)
        while at < limit:
            op = buf[at]
            if (op == 0x94 and listed) or (
                op == 0x72 and packed and at + 5 <= size and from_bytes(buf[at + 1 : at + 5], "little") == len(memo)
            ):  # MEMOIZE, LONG_BINPUT
                if stack[-1] is MARK:
                    raise Broken(EMPTY)
                memo.append(compact(stack[-1]) if full else stack[-1])
                old = op == 0x72
                at += 5 if old else 1
                if later <= at < limit and buf[at] in STARTS:
                    start = at
                    at, again = take_run(self, at, full, old)
                    wait = 32 if at > start else min(wait * 2, 4096)
                    later = max(at + wait, again)
            elif op == 0x8C or (op == 0x58 and buf[at + 2 : at + 5] == b"\0\0\0"):  # SHORT_BINUNICODE, BINUNICODE
                start = at + (2 if op == 0x8C else 5)
                end = start + buf[at + 1]
                if end > size:
                    raise Broken(CUT_OFF)
                stack.append(buf[start:end].decode("utf-8", "surrogatepass"))
                at = end
            elif op == 0x68:  # BINGET
                value = memo[buf[at + 1]]
                if value is HOLE:
                    raise Broken(NOT_STORED)
                stack.append(value)
                at += 2
            elif op == 0x4B:  # BININT1
                at = self._small(at, limit)
            elif op == 0x28:  # MARK
                self.marks.append(len(stack))
                stack.append(MARK)
                at += 1
                if again <= at < limit and packed and buf[at] in STARTS and (old or listed):
                    at, again = take_run(self, at, full, old)
            elif op == 0x4D or op == 0x4A or op == 0x47:  # BININT2, BININT, BINFLOAT
                at = self._numbers(op, at, limit)
            else:
                self.at, self.old = at, old
                at = table[op](self, at + 1)
                if at < 0:  # the handler moved the window, or changed stack, memo or frame
                    self.at = ~at
                    return
                if op in ENDS and again <= at < limit and packed and buf[at] in STARTS and (old or listed):
                    at, again = take_run(self, at, full, old)
        self.at, self.old = at, old
        self.small = min(self.small, len(stack))
        if len(stack) > self.small + FULL_STACK:
            self._check_stack()

    def _small(self, at: int, limit: int) -> int:
        """Read a number of one byte, and those that follow it at once; return the index behind them."""
        buf = self.buf
        if at + 6 < limit and buf[at + 2] == 0x4B == buf[at + 6] and (run := _SMALL_INTS(buf, at, limit)):
            self.stack += buf[at + 1 : run.end() : 2]
            return run.end()
        self.stack.append(buf[at + 1])
        return at + 2

    def _numbers(self, op: int, at: int, limit: int) -> int:
        """Read a number, and those that follow it at once; return the index behind them."""
        buf = self.buf
        end = at + (3 if op == 0x4D else 5 if op == 0x4A else 9)
        if end >= self.size:
            raise Broken(CUT_OFF)
        if buf[end] in _SCALARS and (run := _MIXED(buf, at, limit)):
            self.stack += [NUMBER] * len(_SCALAR(buf, at, run.end()))
            return run.end()
        self.stack.append(NUMBER if op == 0x47 else int.from_bytes(buf[at + 1 : end], "little", signed=op == 0x4A))
        return end

    def _check_stack(self) -> None:
        """Hold what lies deep by its kind; refuse what makes Python itself run out of memory or of C stack."""
        stack = self.stack
        if len(stack) > MAX_STACK:
            raise Unread(f"its stack grows beyond {MAX_STACK} values", "bomb")
        deep = max(len(stack) - 1000, self.small)
        stack[self.small : deep] = map(compact, stack[self.small : deep])
        self.small = deep
        if len(self.marks) + stack.count(LIST) > MAX_NESTING:
            raise Unread(f"it nests values more than {MAX_NESTING} deep", "bomb")
