"""The commands that reach a result again: scan the target, judge by the policy of the verdict, compare.

The verdict may be that of another policy than the scan's, so the scan is always followed by `assay judge`; the scan
keeps its own policy, which says what detectors were asked. Reports of the first scan are left out of its command.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Sequence

from assay.model.result import ScanResult

RESULT = "result.json"
"""Where the steps write their result."""
_EACH = "{name}.json"
"""Where a scan of several targets writes each of them."""
_WRITE = ("-o", f"json={RESULT}")
_OUTPUT = ("-o", "--output")
_WITH_VALUE = frozenset({*_OUTPUT, "--policy", "--engine", "--jobs", "--seed", "--budget", "--trust", "--baseline"})
_LEFT_OUT = frozenset({*_OUTPUT, "--baseline"})


def result_digest(result: ScanResult) -> str:
    """Return the sha256 of the canonical result."""
    return hashlib.sha256(result.canonical()).hexdigest()


def scan_words(result: ScanResult) -> list[str]:
    """Return the command line of the scan with its seed, for this target alone; empty where it was not recorded."""
    argv = list(result.provenance.run.argv)
    if argv[1:2] != ["scan"]:
        return argv
    parts = list(_parts(argv[2:]))
    options = [words for name, words in parts if name and name not in _LEFT_OUT]
    targets = [words[0] for name, words in parts if not name]
    if not any(words[0].partition("=")[0] == "--seed" for words in options):
        options.append(["--seed", str(result.provenance.seed)])
    chosen = _this_one(targets, result)
    place = _WRITE if len(chosen) < 2 else ("-o", f"json={_EACH}")
    told = [*(word for words in options for word in words), *place]
    odd = any(target.startswith("-") for target in chosen)
    return [*argv[:2], *told, "--", *chosen] if odd else [*argv[:2], *chosen, *told]


def judge_words(result: ScanResult) -> list[str]:
    """Return the command that judges the new result as this one was judged; empty where the policy is not recorded."""
    chain, changes = result.provenance.policies, result.verdict.changes
    if not chain:
        return []
    baseline = [] if changes is None else ["--baseline", changes.path]
    return ["assay", "judge", RESULT, "--policy", chain[-1].path, *baseline, *_WRITE]


def _parts(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each option by its name, with its value; targets have no name."""
    left = iter(words)
    for word in left:
        if word == "--":
            yield from (("", [target]) for target in left)
        elif word.startswith("--"):
            name = word.partition("=")[0]
            yield name, [word, *_value(left, name in _WITH_VALUE and "=" not in word)]
        elif word.startswith("-") and len(word) > 1:
            before, output, value = word.partition("o")
            yield ("-o" if output else before), [word, *_value(left, bool(output) and not value)]
        else:
            yield "", [word]


def _value(left: Iterator[str], wanted: bool) -> Iterable[str]:
    return [value for value in (next(left, None),) if value is not None] if wanted else []


def _this_one(targets: Sequence[str], result: ScanResult) -> Sequence[str]:
    """Return the one of several targets that this result is of; all where it cannot be told."""
    provenance = result.provenance
    files = [provenance.manifest] if provenance.manifest is not None else list(provenance.inputs)
    paths = {posixpath.join(provenance.run.folder, posixpath.basename(file.path)) for file in files}
    known = {posixpath.normpath(path) for path in (*paths, provenance.run.folder) if path}
    outside = any(posixpath.isabs(target) or posixpath.normpath(target).startswith("..") for target in targets)
    found = [target for target in targets if posixpath.normpath(target) in known and not outside]
    return found if len(targets) > 1 and len(found) == 1 else targets
