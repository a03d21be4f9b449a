"""Lines of a text file, plain or gzip: counted, bounded, UTF-8. Standard library only."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from assay.model.errors import UnusableInput
from assay.targets.limits import LARGEST
from assay.targets.wording import amount

LONGEST_LINE = 16 << 20


def unpacked_head(path: Path, shown: str, size: int) -> bytes:
    """Return the first `size` bytes of the content of a gzip file."""
    try:
        with gzip.open(path) as file:
            return file.read(size)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(shown, error) from None


def text_lines(path: Path, shown: str, packed: bool) -> Iterator[str]:
    """Yield the lines of the file with their line ends; of a gzip file, the bytes that come out count.

    Raises:
        UnusableInput: damaged gzip, more than `LARGEST` bytes, a line too long, bytes that are no UTF-8 text.
    """
    total = 0
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            for number, line in enumerate(_lines(file), 1):
                total += len(line)
                if total > LARGEST:
                    raise UnusableInput(
                        f"{shown}: holds more than {amount(LARGEST)} of text; give a sample of its rows"
                    )
                if len(line) >= LONGEST_LINE:
                    raise UnusableInput(f"{shown}: line {number} is longer than {amount(LONGEST_LINE)}; break it up")
                yield _decoded(line, number, shown)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(shown, error) from None


def _lines(file: gzip.GzipFile | IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.readline(LONGEST_LINE), b"")


def _decoded(line: bytes, number: int, shown: str) -> str:
    if b"\0" in line:
        raise UnusableInput(f"{shown}: line {number} holds NUL bytes, so this is no text file; export it again")
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise UnusableInput(
            f"{shown}: line {number} is no UTF-8 text (byte {error.start + 1} of the line); save the file as UTF-8"
        ) from None


def _damaged(shown: str, error: Exception) -> UnusableInput:
    return UnusableInput(f"{shown}: is a damaged gzip file ({str(error)[:80]}); copy it again or compress it again")
