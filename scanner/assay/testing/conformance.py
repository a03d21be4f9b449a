"""The conformance battery: what Assay promises of every detector, as checks that third parties run too.

    from assay.testing.conformance import Example, battery

    EXAMPLE = Example(spec="my_package.spec:SPEC", policy="tests/policy.yaml", clean=build_clean, planted=build_planted)

    @pytest.mark.parametrize("check", battery(EXAMPLE), ids=str)
    def test_conformance(check, tmp_path):
        check(tmp_path)

A builder takes an empty folder and a seed, writes a target and returns its `Built`. Each check raises `NonConformant`
with one sentence. The checks run the real engine with real workers, and each a detector alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.model.evidence import Evidence
from assay.model.spec import DetectorSpec
from assay.testing.scanning import load_spec


class NonConformant(AssertionError):
    """A detector does not keep a promise; `str()` says which."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A target in a folder."""

    manifest: Path
    """Its `assay.yaml`, or the bare file or folder that is scanned."""
    pointed: Callable[[list[Evidence]], bool] = lambda evidence: bool(evidence)
    """Whether evidence points at what was planted."""
    secrets: tuple[str, ...] = ()
    """Values in the input that no output may hold."""


Build = Callable[[Path, int], Built]


@dataclass(frozen=True, kw_only=True)
class Example:
    """What the author of a detector brings along."""

    spec: str
    """`package.module:SPEC`."""
    policy: str
    """Rules on its metrics, file or built-in name: what counts as an alarm."""
    clean: Build
    """Nothing wrong: drawn, and where there is a model fitted, anew for each seed."""
    planted: Build
    """The fault that the detector is for, and where it is."""
    bait: Mapping[str, Build] = field(default_factory=dict)
    """Odd but honest targets."""
    odd: Mapping[str, Build] = field(default_factory=dict)
    """Inputs that cannot be measured, or hardly: one class, one row, NaN, empty, of the wrong shape."""
    secret: Build | None = None
    """Values that must not show, in whatever the detector may look at."""
    most_mb: float = 1500.0
    """Memory that a worker may use on these examples."""
    seeds: int = 3
    """Clean targets, and of each bait, that are scanned."""
    error_rate: float = 0.05
    """Share of clean targets that may raise an alarm; 0 for a detector that counts."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """Options for all checks, to make them quick."""

    def load(self) -> DetectorSpec:
        """Return the spec."""
        return load_spec(self.spec)


@dataclass(frozen=True)
class Check:
    """One promise, tied to an example."""

    name: str
    promise: Callable[[Example, Path], None]
    example: Example

    def __call__(self, folder: Path) -> None:
        """Check it in an empty folder; raise `NonConformant` where it is broken."""
        self.promise(self.example, folder)

    def __str__(self) -> str:
        """Return the name, for the ids of tests."""
        return self.name


def battery(example: Example) -> list[Check]:
    """Return every check for one detector."""
    from assay.testing import promises, promises_process

    found = [*promises.PROMISES, *promises_process.PROMISES]
    return [Check(promise.__name__.removeprefix("check_"), promise, example) for promise in found]
