"""`artifact.integrity`: the SHA-256 of every file of the scan, and whether each is as it was published."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from assay.detector import Context, DetectorFailed
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import DetectorSpec
from assay.targets.base import Target
from assay_detectors.artifact.files import clean
from assay_detectors.artifact.integrity_compare import Difference, Matching, compare, is_below, match, pieces
from assay_detectors.artifact.integrity_files import MAX_WALKED, RELEASED, Digests, File, all_files
from assay_detectors.artifact.integrity_listing import Listing
from assay_detectors.artifact.integrity_reference import Reference, read_references, references
from assay_detectors.artifact.integrity_spec import FILES, MISMATCHES, SPEC

__all__ = ["SPEC", "Integrity"]

SHOWN = 3
"""Names that a sentence gives before it counts."""


class Integrity:
    """Digest every file, and compare with each reference that the manifest declares."""

    spec: ClassVar[DetectorSpec] = SPEC

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the cost by size: a gigabyte a second, for the files of folders; others are digested already."""
        sizes = [file.size for file in all_files(target) if file.below]
        return Cost(cpu_seconds=round(sum(sizes) / 1e9 + 0.001 * len(sizes), 3))

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Yield the number of files with their digests, then one measurement per reference."""
        files = list(all_files(target))
        if len(files) > MAX_WALKED:
            raise DetectorFailed(f"there are more than {MAX_WALKED:,} files; scan the target in parts")
        digests = Digests(target, ctx)
        digests.ask((file, file.piece()) for file in files)
        digests.check_folders(files)
        if files:
            yield _listed(files, digests)
        declared = references(target)
        if not declared:
            ctx.not_covered("whether the files are as published (no `integrity` is declared to compare them with)")
            return
        covering: list[str] = []
        for reference, listing, reason in read_references(declared, ctx):
            if listing is None:
                ctx.unresolved(MISMATCHES, {"file": reference.shown}, f"{reference.shown}: {reason}")
                continue
            if listing.broken:
                covering.append(reference.scope.root)
                yield _broken(reference, listing, ctx)
                continue
            found = match(listing, reference.scope, files)
            if not found.speaks and not found.differences:
                reason = f"{reference.shown}: lists none of the files that are scanned{_near(found)}"
                reason += "; say in `root` which folder its names are relative to"
                ctx.unresolved(MISMATCHES, {"file": reference.shown}, reason)
                continue
            covering.append(reference.scope.root)
            digests.ask(pieces(found))
            yield _measure(reference, listing, found, compare(listing, reference.scope, found, digests.of), ctx)
            _tell(reference, listing, found, files, ctx)
        _uncovered(files, covering, declared, ctx)


def _listed(files: list[File], digests: Digests) -> Measurement:
    """Return how many files have a digest; those of folders as evidence, for the others stand among the inputs."""
    lines = hashlib.sha256()
    unread, kept = [], []
    count = 0
    for file in sorted(files, key=lambda file: file.shown):
        found = digests.of(file.piece())
        if found.digest is None:
            unread.append(_evidence(Difference("unread", file.shown, f"{file.shown} {found.problem}")))
            continue
        count += 1
        lines.update(f"{found.digest}  {file.shown}\n".encode("utf-8", "surrogateescape"))
        if file.below:
            kept.append(_evidence(Difference("file", file.shown, "", found.digest)))
    evidence = (*unread, *kept)
    return Measurement(
        metric=FILES,
        value=count,
        interval=Interval.at_least(count) if unread else Interval.exact(count),
        n=len(files),
        method=f"SHA-256 of each file; of the list of them, as `sha256sum` writes it: {lines.hexdigest()}",
        evidence=evidence[:EVIDENCE_CAP],
        truncated=max(0, len(evidence) - EVIDENCE_CAP),
    )


def _broken(reference: Reference, listing: Listing, ctx: Context) -> Measurement:
    """Return the measurement of a signature that does not hold: one mismatch at least, for nothing else is known."""
    difference = Difference("mismatch", reference.shown, f"{reference.shown}: {listing.broken}")
    evidence = _evidence(difference)
    labels = {"file": reference.shown}
    ctx.observe(Observation(detector=SPEC.id, metric=MISMATCHES, labels=labels, evidence=evidence))
    return Measurement(
        metric=MISMATCHES,
        value=1,
        interval=Interval.at_least(1),
        n=1,
        labels=labels,
        method=f"detached signature, checked against {reference.proof}",
        evidence=(evidence,),
    )


def _measure(
    reference: Reference, listing: Listing, found: Matching, differences: list[Difference], ctx: Context
) -> Measurement:
    labels = {"file": reference.shown}
    bad = [_evidence(entry) for entry in differences if entry.kind != "unread"]
    unread = [_evidence(entry) for entry in differences if entry.kind == "unread"]
    evidence = (*unread, *bad)
    for piece in evidence:
        ctx.observe(Observation(detector=SPEC.id, metric=MISMATCHES, labels=labels, evidence=piece))
    signed = f", signed by {listing.signer}" if listing.signer else ""
    return Measurement(
        metric=MISMATCHES,
        value=len(bad),
        interval=Interval.at_least(len(bad)) if unread else Interval.exact(len(bad)),
        n=max(1, len(found.matched) + len(bad)),
        labels=labels,
        method=f"digest of each file against the {listing.kind}{clean(signed, 300)}",
        evidence=(*unread[:5], *bad)[:EVIDENCE_CAP],
        truncated=max(0, len(evidence) - len((*unread[:5], *bad)[:EVIDENCE_CAP])),
    )


def _evidence(difference: Difference) -> Evidence:
    return Evidence(
        kind=difference.kind,
        locator=Locator(file=difference.shown),
        note=clean(difference.note),
        digest=difference.digest,
    )


def _near(found: Matching) -> str:
    return f" (it lists {_names(found.elsewhere)})" if found.elsewhere else ""


def _names(names: list[str]) -> str:
    shown = ", ".join(clean(name, 80) for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")


def _tell(reference: Reference, listing: Listing, found: Matching, files: list[File], ctx: Context) -> None:
    """Say what the reference does not vouch for."""
    shown = reference.shown
    for sentence in listing.told:
        ctx.not_covered(f"{shown}: {clean(sentence)}")
    for names, what in (
        (found.elsewhere, "listed, but no inputs of this scan"),
        (sorted(found.ignored), "left out by the reference, or files of version control"),
        (sorted(found.loose), "data or logs that are not listed"),
    ):
        if names:
            ctx.not_covered(f"{shown}: not compared ({what}): {_names(names)}")
    trusted = reference.trusted
    beside = [file for file in found.matched.values() if os.path.dirname(file[0].path) == os.path.dirname(trusted.path)]
    if beside or any(is_below(trusted.path, folder) for folder in reference.scope.folders):
        ctx.not_covered(
            f"{clean(trusted.shown)} lies beside the files that it vouches for, so it shows that they belong together, "
            "not where they come from; keep it elsewhere"
        )


def _uncovered(files: list[File], covering: list[str], declared: list[Reference], ctx: Context) -> None:
    """Say of released files that no reference speaks about: they are not known to be as published."""
    apart = declared[0].scope.apart
    loose = sorted(
        file.shown
        for file in files
        if file.role in RELEASED and file.path not in apart and not any(is_below(file.path, root) for root in covering)
    )
    if loose and covering:
        reason = f"no declared reference speaks about {_names(loose)}; list them, or declare another reference"
        ctx.unresolved(MISMATCHES, {"file": loose[0]}, reason)
