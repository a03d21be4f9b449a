"""Compare what a reference lists with the files of a scan. Pure: names and digests in, differences out."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from assay_detectors.artifact.files import clean
from assay_detectors.artifact.integrity_files import RELEASED, File, Found, Piece
from assay_detectors.artifact.integrity_listing import Entry, Listing, contradictions, is_inside

VERSION_CONTROL = (".git", ".hg", ".svn")
LEFT_OUT = (*VERSION_CONTROL, "__pycache__")
"""Folders that the list of artifacts does not look into."""


class Difference(NamedTuple):
    """One file that is not as it is listed."""

    kind: str
    """`mismatch`, `missing`, `unlisted`, or `unread` where nobody knows."""
    shown: str
    note: str
    digest: str | None = None
    """Of the file as it is."""


@dataclass(frozen=True)
class Scope:
    """What a reference speaks about."""

    root: str
    """Absolute folder, or the one file, that names are relative to."""
    shown_root: str
    folders: tuple[str, ...]
    """Absolute folders that are inputs as a whole: what is listed below them must be there."""
    patterns: tuple[str, ...]
    """Absolute paths and globs of artifacts, likewise, but for what they leave out."""
    apart: frozenset[str]
    """Absolute paths of references and of the target's manifest: never unlisted."""

    def path_of(self, name: str) -> str:
        """Return the absolute path of a listed name."""
        return os.path.normpath(os.path.join(self.root, name))

    def must_hold(self, path: str) -> bool:
        """Say whether a file of that path would be an input, if it were there."""
        if any(is_below(path, folder) for folder in self.folders):
            return True
        left_out = any(part in LEFT_OUT for part in path.split(os.sep))
        return not left_out and any(matches(path, pattern) for pattern in self.patterns)


@dataclass
class Matching:
    """Names and files brought together, before any digest is looked at."""

    differences: list[Difference] = field(default_factory=list)
    matched: dict[str, tuple[File, list[Entry]]] = field(default_factory=dict)
    """Path -> file and what is listed of it."""
    elsewhere: list[str] = field(default_factory=list)
    """Listed names that are no inputs."""
    ignored: list[str] = field(default_factory=list)
    """Files that the reference leaves out."""
    loose: list[str] = field(default_factory=list)
    """Data and logs that are not listed."""
    missing: dict[str, Entry] = field(default_factory=dict)
    unlisted: list[File] = field(default_factory=list)

    @property
    def speaks(self) -> bool:
        """Say whether the reference says anything about the inputs."""
        return bool(self.matched or self.missing)


def match(listing: Listing, scope: Scope, files: Iterable[File]) -> Matching:
    """Bring listed names and files together."""
    by_path = {file.path: file for file in files}
    found = Matching()
    bad = {name for name in (entry.name for entry in listing.entries) if not is_inside(name)}
    for name in sorted(bad):
        found.differences.append(Difference("mismatch", clean(name), f"{clean(name)} {_OUTSIDE}"))
    for name in contradictions(listing.entries):
        shown = f"{scope.shown_root}{clean(name)}"
        found.differences.append(Difference("mismatch", shown, f"{shown} is listed twice with different digests"))
        bad.add(name)
    for entry in listing.entries:
        path = scope.path_of(entry.name)
        if entry.name in bad:
            found.matched.setdefault(path, (by_path[path], [])) if path in by_path else None
        elif path in by_path and not by_path[path].folder:
            found.matched.setdefault(path, (by_path[path], []))[1].append(entry)
        elif scope.must_hold(path):
            found.missing.setdefault(path, entry)
        else:
            found.elsewhere.append(entry.name)
    found.elsewhere = sorted(dict.fromkeys(found.elsewhere))
    for path in by_path.keys() - found.matched.keys():
        _unmatched(by_path[path], listing, scope, found)
    return found


_OUTSIDE = "leads out of the folder that listed names are relative to; such a name is not looked up"


def _unmatched(file: File, listing: Listing, scope: Scope, found: Matching) -> None:
    if not is_below(file.path, scope.root) or file.path in scope.apart:
        return
    below = os.path.relpath(file.path, scope.root).replace(os.sep, "/")
    left_out = any(below == name or below.startswith(name.rstrip("/") + "/") for name in listing.ignored)
    if left_out or any(part in VERSION_CONTROL for part in below.split("/")[:-1]):
        found.ignored.append(file.shown)
    elif listing.sharded and not file.size and not file.folder:
        return
    elif file.role not in RELEASED:
        found.loose.append(file.shown)
    else:
        found.unlisted.append(file)


def pieces(found: Matching) -> Iterable[tuple[File, Piece]]:
    """Yield what must be digested to compare."""
    for file, entries in found.matched.values():
        for entry in entries:
            yield file, file.piece(entry.algorithm, entry.start, entry.stop)


def compare(listing: Listing, scope: Scope, found: Matching, digest_of: Callable[[Piece], Found]) -> list[Difference]:
    """Return every difference, sorted by file."""
    differences = list(found.differences)
    for path, entry in found.missing.items():
        shown = f"{scope.shown_root}{clean(entry.name)}" if path != scope.root else clean(entry.name)
        differences.append(Difference("missing", shown, f"{shown} is listed and is not there"))
    names = {entry.digest: clean(entry.name) for entry in found.missing.values()}
    for file in found.unlisted:
        now = None if file.folder else digest_of(file.piece()).digest
        what = "is a link to a folder, which no list can vouch for" if file.folder else "is not listed"
        old = names.get(now or "")
        note = f"{file.shown} {what}" + (f"; it has the content that is listed as {old}" if old else "")
        differences.append(Difference("unlisted", file.shown, note, now))
    for file, entries in found.matched.values():
        difference = _compare(file, entries, listing, digest_of)
        if difference is not None:
            differences.append(difference)
    return sorted(differences, key=lambda entry: (entry.shown, entry.kind))


def _compare(
    file: File, entries: list[Entry], listing: Listing, digest_of: Callable[[Piece], Found]
) -> Difference | None:
    if entries and file.link and not listing.links:
        return Difference("mismatch", file.shown, f"{file.shown} is a link, and the signature is for files only")
    for entry in entries:
        now = digest_of(file.piece(entry.algorithm, entry.start, entry.stop))
        if now.digest is None:
            kind = "missing" if now.problem == "is not there" else "unread"
            return Difference(kind, file.shown, f"{file.shown} {now.problem}")
        if entry.size is not None and entry.size != now.size:
            note = f"{file.shown} has {now.size:,} bytes, and {entry.size:,} are listed"
            return Difference("mismatch", file.shown, note, now.digest)
        if entry.digest != now.digest:
            part = f" from byte {entry.start:,}" if entry.start else ""
            said = f"its {entry.algorithm}{part} is {now.digest[:16]}..., listed is {entry.digest[:16]}..."
            return Difference("mismatch", file.shown, f"{file.shown} differs: {said}", now.digest)
    if listing.sharded and entries:
        size = digest_of(file.piece(entries[0].algorithm, entries[0].start, entries[0].stop)).size
        end = 0
        for entry in sorted(entries, key=lambda entry: entry.start):
            end = entry.stop or 0 if entry.start == end else -1
        if end != size:
            return Difference("mismatch", file.shown, f"{file.shown} has {size:,} bytes, not those of the signed parts")
    return None


def is_below(path: str, folder: str) -> bool:
    """Say whether an absolute path is `folder`, or lies below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def matches(path: str, pattern: str) -> bool:
    """Say whether an absolute path is meant by a glob, `**` for any number of folders, or lies below what is."""
    patterns = pattern.split(os.sep)
    kept = [part for at, part in enumerate(patterns) if part != "**" or patterns[at - 1 : at] != ["**"]]
    return _matches(path.split(os.sep), kept)


def _matches(parts: list[str], patterns: list[str]) -> bool:
    """Match part by part; the states are the numbers of patterns that are used up."""
    states = _skip({0}, patterns)
    for part in parts:
        if len(patterns) in states:
            return True
        stepped = {at + 1 for at in states if patterns[at] != "**" and fnmatch.fnmatchcase(part, patterns[at])}
        states = _skip(stepped | {at for at in states if patterns[at] == "**"}, patterns)
    return len(patterns) in states


def _skip(states: set[int], patterns: list[str]) -> set[int]:
    """Add what is reached because `**` may stand for nothing; no two of them follow each other."""
    return states | {at + 1 for at in states if at < len(patterns) and patterns[at] == "**"}
