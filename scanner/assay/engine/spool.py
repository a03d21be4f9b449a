"""Observations of a scan: kept in a temporary file, so that a million of them cost no memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from assay.model.evidence import Observation


class Spool:
    """Write observations, then read them back in order. Gone when closed."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115  (closed by `close`)
            max_size=4 << 20, mode="w+", encoding="utf-8", errors="surrogatepass", newline="\n"
        )
        self.count = 0

    def add(self, observation: Observation) -> None:
        """Append one observation."""
        self._file.write(observation.model_dump_json() + "\n")
        self.count += 1

    def extend(self, other: Spool) -> None:
        """Append all of `other`."""
        other._file.seek(0)
        for line in other._file:
            self._file.write(line)
        self.count += other.count

    def __iter__(self) -> Iterator[Observation]:
        self._file.seek(0)
        for line in self._file:
            yield Observation.model_validate_json(line)
        self._file.seek(0, 2)

    def close(self) -> None:
        """Throw the observations away."""
        self._file.close()
