"""Which columns of a table are features and which one is the label, by the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets.refs import InputRef
from assay.targets.wording import listed, near, shown_name

SAME_WORD = 0.85
"""Similarity from which a column is taken for the misspelt label column."""


@dataclass(frozen=True)
class Choice:
    """Columns of a table by use."""

    features: tuple[str, ...]
    label: str | None
    nullable: frozenset[str]
    """Features that may be empty."""

    @property
    def wanted(self) -> list[str]:
        """All columns that are read."""
        return [*self.features, *([self.label] if self.label is not None else [])]


def choose(present: Sequence[str], ref: InputRef, manifest: dict[str, Any]) -> Choice:
    """Choose among the columns `present` in the file of `ref`.

    Features are `io.columns`, in that order, or else every column that is not the label and has no other
    role.

    Raises:
        UnusableInput: columns without or with the same name, a column that the manifest wants and the file
        lacks,
            a label that is also a feature, no feature left.
    """
    _check_header(present, ref.shown)
    roles = {name: column["role"] for name, column in manifest["columns"].items()}
    label = _label(present, ref, manifest, roles)
    wanted = manifest["io"]["columns"]
    _check_named(present, ref, manifest)
    if wanted:
        features = tuple(wanted)
        _check_wanted(features, present, ref.shown)
        if label in features:
            raise UnusableInput(
                f"{ref.shown}: {label!r} is the label column and io.columns lists it as a feature; take it out of one"
            )
    else:
        features = tuple(name for name in present if name != label and roles.get(name, "feature") == "feature")
    if not features:
        raise UnusableInput(
            f"{ref.shown}: no feature column is left of {listed(present)}; check the label and the roles "
            f"under `columns`"
        )
    nullable = frozenset(name for name, column in manifest["columns"].items() if column.get("nullable"))
    return Choice(features, label, nullable)


def _check_header(present: Sequence[str], shown: str) -> None:
    for index, name in enumerate(present):
        if not name.strip():
            raise UnusableInput(f"{shown}: column {index + 1} has no name in the header; name it or remove it")
    twice = [name for name, count in Counter(present).items() if count > 1]
    if twice:
        raise UnusableInput(
            f"{shown}: the header names {listed(twice)} more than once; give each column a name of its own"
        )


def _label(present: Sequence[str], ref: InputRef, manifest: dict[str, Any], roles: dict[str, str]) -> str | None:
    """Return the label column: named for this file, by role or for another data file; None without one."""
    own = ref.spec.get("label")
    if own is not None and own not in present:
        raise UnusableInput(
            f"{ref.shown}: there is no label column {own!r}{near(own, present)}; its columns are {listed(present)}; "
            f"correct {ref.name}.label"
        )
    named = [(entry or {}).get("label") for entry in manifest["data"].values()]
    known = [own, *(name for name, role in roles.items() if role == "label"), *named]
    for name in (name for name in known if name is not None):
        if name in present:
            return str(name)
        if near_twin := _twin(name, [column for column in present if column not in known]):
            raise UnusableInput(
                f"{ref.shown}: there is no label column {name!r} (did you mean {shown_name(near_twin)!r}?); rename the "
                f"column, or set {ref.name}.label"
            )
    return None


def _twin(word: str, names: Sequence[str]) -> str | None:
    import difflib

    def alike(name: str) -> float:
        return difflib.SequenceMatcher(None, word.strip().casefold(), name.strip().casefold()).ratio()

    best = max(names, key=alike, default=None)
    return best if best is not None and alike(best) >= SAME_WORD else None


def _check_named(present: Sequence[str], ref: InputRef, manifest: dict[str, Any]) -> None:
    """Refuse a misspelt name under `columns`: it would let an identifier in as a feature."""
    if ref.name != "data.train":
        return
    for name in manifest["columns"]:
        if name not in present:
            raise UnusableInput(
                f"{ref.shown}: the manifest describes a column {name!r} that is not in this "
                f"file{near(name, present)}; correct it under `columns`"
            )


def _check_wanted(features: Sequence[str], present: Sequence[str], shown: str) -> None:
    missing = [name for name in features if name not in present]
    if missing:
        raise UnusableInput(
            f"{shown}: io.columns wants {listed(missing)}, which {'are' if len(missing) > 1 else 'is'} not "
            f"in this file{near(missing[0], [name for name in present if name not in features])}; its columns are "
            f"{listed(present)}"
        )
