"""Trust files: read them, refuse what nobody may trust, append to them.

Trust comes from the person who scans, never from what is scanned: a trust file is named on the command line. One that
lies beside a model and is not named counts for nothing.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assay.documents.validate import problem_at, validate
from assay.documents.yaml_text import YamlText, parse, read_bytes
from assay.model.errors import InvalidInput, NotAssessed
from assay.model.trust import TrustEntry, TrustFile
from assay.model.visible import visible
from assay.targets.forbidden import why_forbidden, why_never

FLAG = "i_accept_that_this_runs_code"


@dataclass(frozen=True)
class Trust:
    """What the user trusts, from all files together."""

    files: tuple[tuple[str, str], ...] = ()
    """(path as given, sha256)."""
    entries: tuple[TrustEntry, ...] = ()
    """Those that count today."""
    expired: tuple[TrustEntry, ...] = ()

    @property
    def ended(self) -> tuple[str, ...]:
        """Return one sentence for each entry that does not count any more."""
        return tuple(
            f"{visible(entry.name)}: the trust in it ended on {entry.until}, so it does not count"
            for entry in self.expired
        )

    @property
    def plain(self) -> list[list[str]]:
        """Return [module, name, power] of every entry that counts: what a worker is given; sorted."""
        return sorted([*entry.pair, entry.power] for entry in self.entries)

    @property
    def told(self) -> list[list[str]]:
        """Return all that an outcome says of trust, who gave it and in which file: what its key in the store holds."""
        entries = [[*entry.pair, entry.power, entry.by, entry.reason] for entry in self.entries]
        return sorted(entries) + [list(file) for file in self.files]


NO_TRUST = Trust()


def load_trust(paths: Sequence[Path], today: date) -> Trust:
    """Read trust files.

    Raises:
        InvalidInput: not valid, a name that needs `i_accept_that_this_runs_code`, or one with two powers; all with
            file, line and column.
    """
    files: list[tuple[str, str]] = []
    entries: dict[str, TrustEntry] = {}
    expired: list[TrustEntry] = []
    for path in paths:
        shown = visible(str(path))
        document = parse(read_bytes(path, shown), shown)
        for index, entry in enumerate(_checked(document)):
            if entry.until is not None and entry.until < today:
                expired.append(entry)
                continue
            known = entries.setdefault(entry.name, entry)
            if known.power != entry.power:
                sentence = f"{visible(entry.name)}: is trusted as {known.power} and as {entry.power}; keep one"
                raise problem_at(document, ("trust", index, "power"), sentence)
        files.append((shown, document.sha256))
    return Trust(tuple(files), tuple(entries.values()), tuple(expired))


def _checked(document: YamlText) -> tuple[TrustEntry, ...]:
    found = validate(document, TrustFile).trust
    for index, entry in enumerate(found):
        module, name = entry.pair
        why = why_never(module, name)
        if why is not None:
            raise problem_at(document, ("trust", index, "name"), f"{visible(entry.name)}: {why}; remove the entry")
        why = why_forbidden(module, name, entry.power)
        if why is not None and not entry.i_accept_that_this_runs_code:
            sentence = f"{visible(entry.name)}: {why}; remove the entry, or add `{FLAG}: true` to it"
            raise problem_at(document, ("trust", index, "name"), sentence)
    return found


@dataclass(frozen=True)
class Proposal:
    """An entry to be written, with what a person should know before."""

    name: str
    power: str
    comments: tuple[str, ...] = ()
    """Lines, without `#`."""

    def lines(self, reason: str, by: str, indent: str = "  ") -> list[str]:
        """Return the entry as lines of YAML; empty `reason` and `by` ask to be filled in."""
        inner = indent + "  "
        return [
            *(f"{indent}# {line}" for line in self.comments),
            f"{indent}- name: {self.name}",
            f"{inner}power: {self.power}",
            f"{inner}reason: {_quoted(reason)}{'' if reason else '  # say why it is harmless'}",
            f"{inner}by: {_quoted(by)}{'' if by else '  # who says so'}",
        ]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def append_trust(path: Path, proposals: Sequence[Proposal], reason: str, by: str) -> int:
    """Add entries at the end of a trust file and leave all else as it is; make it where there is none.

    Returns:
        How many were added: names that the file has already are left out.

    Raises:
        InvalidInput: the file is no valid trust file, or `trust` is not its last key.
        NotAssessed: it cannot be written; it is what it was.
    """
    shown, text = visible(str(path)), "version: 1\ntrust:\n"
    known: tuple[TrustEntry, ...] = ()
    indent = "  "
    if os.path.lexists(path):
        content = read_bytes(path, shown)
        document = parse(content, shown)
        known = _checked(document)
        text = _open_ended(content.decode("utf-8"))
        first = document.values.get(("trust", 0))
        if first is not None:
            line = document.lines[first.line - 1]
            indent = line[: len(line) - len(line.lstrip())]
    names = {entry.name for entry in known}
    fresh = [proposal for proposal in proposals if proposal.name not in names]
    if not fresh:
        return 0
    text += "".join(f"{line}\n" for proposal in fresh for line in proposal.lines(reason, by, indent))
    _verify(text, known, fresh, shown)
    _replace(path, text)
    return len(fresh)


def _open_ended(text: str) -> str:
    """Return the text so that an entry can follow: a newline at its end, no empty list in the way."""
    text = text if text.endswith("\n") else text + "\n"
    text = re.sub(r"^(trust:)[ \t]*\[[ \t]*\]", r"\1", text, flags=re.MULTILINE)
    return text if re.search(r"^trust:", text, flags=re.MULTILINE) else text + "trust:\n"


def _verify(text: str, known: Sequence[TrustEntry], fresh: Sequence[Proposal], shown: str) -> None:
    """See to it that the new text means what it should: the old entries, then the new ones."""
    try:
        found = _checked(parse(text.encode(), shown))
    except InvalidInput:
        found = ()
    added = [(entry.name, entry.power) for entry in found[len(known) :]]
    if found[: len(known)] != tuple(known) or added != [(proposal.name, proposal.power) for proposal in fresh]:
        raise InvalidInput(
            f"{shown}: nothing can be added at its end; make `trust:` its last key, a list of `- ` lines, or paste the "
            "entries where they belong"
        )


def _replace(path: Path, text: str) -> None:
    """Put `text` in place of the file, at once or not at all."""
    shown, goal = visible(str(path)), os.path.realpath(path)
    draft = ""
    try:
        descriptor, draft = tempfile.mkstemp(prefix=".assay-", dir=os.path.dirname(goal))
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        os.chmod(draft, (os.stat(goal).st_mode if os.path.exists(goal) else 0o644) & 0o777)
        os.replace(draft, goal)
    except OSError as error:
        if draft and os.path.exists(draft):
            os.unlink(draft)
        raise NotAssessed(f"{shown}: cannot be written ({error.strerror}); check its folder") from None
