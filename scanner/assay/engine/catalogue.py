"""The catalogue: every installed detector's spec, from the entry-point group `assay.detectors`.

Built-ins use the same group as third parties. A plugin that cannot be imported is an entry with a reason, not a crash.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PathDistribution, entry_points
from pathlib import Path

from assay.attempt import attempt
from assay.detector import Detector
from assay.model.spec import DetectorSpec

GROUP = "assay.detectors"


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be used."""

    name: str
    """Name of the entry point."""
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """What is installed."""

    specs: Mapping[str, DetectorSpec]
    """By id, sorted."""
    broken: tuple[Broken, ...] = ()
    plugins: Mapping[str, str] | None = None
    """Detector id -> `distribution version` that brings it, for third parties."""

    @property
    def ids_broken(self) -> frozenset[str]:
        """Return the names of the plugins that could not be used."""
        return frozenset(entry.name for entry in self.broken)


def load_catalogue() -> Catalogue:
    """Return all installed detectors; imports their spec modules, which are light."""
    specs: dict[str, DetectorSpec] = {}
    broken: list[Broken] = []
    plugins: dict[str, str] = {}
    for point in sorted(_points(), key=lambda point: (point.name, point.value)):
        tried = attempt(point.load)
        spec = getattr(tried.value, "spec", tried.value)
        problem = _problem(point, spec, tried.sentence, specs)
        if problem:
            broken.append(Broken(point.name, problem))
            continue
        assert isinstance(spec, DetectorSpec)
        specs[spec.id] = spec
        if point.dist is not None and point.dist.name != "model-assay":
            plugins[spec.id] = f"{point.dist.name} {point.dist.version}"
    return Catalogue(dict(sorted(specs.items())), tuple(broken), plugins)


def _points() -> list[EntryPoint]:
    """Return the entry points of our group.

    `importlib.metadata` parses the metadata of every distribution there is, which costs as much as the rest of a small
    scan; here only those are parsed whose entry_points.txt names the group. A zip on the path gets the slow way.
    """
    folders = [Path(entry) for entry in dict.fromkeys(sys.path) if entry]
    if any(folder.is_file() for folder in folders):
        return list(entry_points(group=GROUP))
    found: list[EntryPoint] = []
    seen: set[str] = set()
    for folder in folders:
        if not folder.is_dir():
            continue
        for entry in os.scandir(folder):
            if not entry.name.endswith((".dist-info", ".egg-info")):
                continue
            declared = Path(entry.path, "entry_points.txt")
            if not declared.is_file() or GROUP.encode() not in declared.read_bytes():
                continue
            distribution = PathDistribution(Path(entry.path))
            if distribution.name not in seen:  # the first on the path is the one that is imported
                seen.add(distribution.name)
                found.extend(distribution.entry_points.select(group=GROUP))
    return found


def _problem(point: EntryPoint, spec: object, sentence: str, specs: Mapping[str, DetectorSpec]) -> str | None:
    dist = f" of {point.dist.name} {point.dist.version}" if point.dist is not None else ""
    if sentence:
        return f"plugin {point.name!r}{dist} cannot be imported ({sentence}); update or uninstall it"
    if not isinstance(spec, DetectorSpec):
        return f"plugin {point.name!r}{dist} names {point.value}, which is no DetectorSpec; ask its author"
    if spec.id != point.name:
        return f"plugin {point.name!r}{dist} calls itself {spec.id!r}; ask its author"
    if spec.id in specs:
        return f"plugin {point.name!r}{dist} is installed twice; uninstall one"
    return None


def load_body(spec: DetectorSpec) -> Detector:
    """Import and construct a detector; raises whatever its code raises."""
    module, _, name = spec.body.partition(":")
    detector: Detector = getattr(importlib.import_module(module), name)()
    return detector
