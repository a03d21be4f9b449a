"""Evidence: the byte, the row, the line that a measurement points at."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from assay.model.base import Finite, Labels, MetricId, Noun

Count = Annotated[int, Field(ge=0)]
FromOne = Annotated[int, Field(ge=1)]


class Locator(Noun):
    """A place inside the target. Paths are relative to the folder of the manifest, with `/`."""

    file: str | None = None
    member: str | None = None
    """Path inside a container, levels joined by `!`: `archive/data.pkl`."""
    offset: Count | None = None
    """Byte offset from 0, within `member` where one is named."""
    line: FromOne | None = None
    column: FromOne | None = None
    """First column, in characters of the line."""
    end_column: FromOne | None = None
    """One past the last column."""
    row: Count | None = None
    tensor: str | None = None
    opcode: str | None = None
    path: str | None = None
    """Path inside a structured value, and how what stands there was encoded: `$.user.email`, `$.body > base64`."""


class Evidence(Noun):
    """One observation at one place. Never holds raw personal data or a raw secret."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
    """`import`, `call`, `log-span`, `row`, `tensor`, `anomaly`, ..."""
    locator: Locator
    note: str = ""
    """One plain sentence."""
    excerpt: str | None = None
    """Masked excerpt, where one helps."""
    group: str | None = None
    """Same value, same group, within one scan (`EMAIL_ADDRESS-3`); ordinal, so that nothing can be guessed from it.
    Under a key of the user a fingerprint, the same in every scan with it: `EMAIL_ADDRESS-hmac:0123456789abcdef`."""
    score: Finite | None = None
    """Confidence of the detector in this observation, 0 to 1."""
    digest: str | None = None


class Observation(Noun):
    """One line of `-o findings=`: a located piece of evidence for one metric."""

    detector: str
    metric: MetricId
    labels: Labels
    evidence: Evidence
