"""Quasi-identifiers: columns that together single people out, and how small the groups are that share their values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay_detectors.pii.context import mentions, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_COLUMNS = 4
SMALL_CLASS = 5
"""Rows that share their values with fewer than four others are at risk: the usual k = 5."""

_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "birth",
        (
            *("dob", "birth date", "birthdate", "birthday", "date of birth", "birth year", "year of birth", "yob"),
            *("born", "geburtsdatum", "geburtsjahr", "birth"),
        ),
    ),
    ("age", ("age", "age group", "age years", "alter")),
    ("sex", ("sex", "gender", "geschlecht", "sexe", "sexo")),
    (
        "place",
        (
            *("zip", "zipcode", "zip code", "postcode", "postal code", "post code", "plz", "postal", "city", "town"),
            *("county", "state", "region", "province", "municipality", "district", "country", "native country"),
        ),
    ),
    ("work", ("occupation", "profession", "job", "job title", "employer", "beruf")),
    ("origin", ("nationality", "citizenship", "race", "ethnicity", "native country", "birthplace", "mother tongue")),
    ("family", ("marital status", "marital", "civil status", "number of children", "children", "household size")),
    ("education", ("education", "degree", "school", "qualification")),
)
"""Kinds of quasi-identifiers, in the order in which they are taken; the ones that a stranger knows come first."""
_OF_A_PERSON = frozenset({"birth", "age", "sex"})
_SEXES = frozenset(
    {"m", "f", "w", "d", "x", "male", "female", "man", "woman", "men", "women", "divers", "other", "unknown"}
    | {"nonbinary", "non-binary", "0", "1", "2", "0.0", "1.0", "2.0"}
)


@dataclass(frozen=True)
class Candidate:
    """A column that may take part."""

    name: str
    kind: str
    distinct: int
    codes: NDArray[np.int64]


def kind_of(name: str) -> str | None:
    """Return the kind of quasi-identifier that the name of a column says, or None."""
    said = words(re.sub(r"\d+$", "", name))
    return next((kind for kind, names in _PARTS if mentions(said, names)), None)


def candidate(name: str, series: Any, sensitive: bool) -> Candidate | None:
    """Return the column as a candidate where name and values agree; `sensitive` is what the manifest says of it."""
    import pandas as pd

    kind = kind_of(name) or ("declared" if sensitive else None)
    if kind is None:
        return None
    codes, values = pd.factorize(series)
    if len(values) < 2 or not _fits(kind, values):
        return None
    return Candidate(name, kind, len(values), codes.astype("int64"))


def _fits(kind: str, values: Any) -> bool:
    import numpy as np

    numbers = np.asarray(values, dtype=float) if getattr(values, "dtype", None) is not None and (
        values.dtype.kind in "iuf"
    ) else None  # fmt: skip
    if kind == "age" and numbers is not None:
        return bool((numbers >= 0).all() and (numbers <= 125).all() and len(numbers) > 2)
    if kind == "sex":
        return len(values) <= 8 and all(str(value).strip().lower() in _SEXES for value in values)
    return numbers is None or bool(np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all())


@dataclass(frozen=True)
class Classes:
    """Groups of rows that share their values in `columns`."""

    columns: tuple[str, ...]
    rows: int
    count: int
    smallest: int
    unique: int
    """Rows that are alone in their group."""
    small: int
    """Rows in groups under `SMALL_CLASS`."""
    alone: list[int]
    """The first of the unique rows."""


def chosen(candidates: list[Candidate]) -> list[Candidate]:
    """Return at most four columns, one of a kind, the finest; none where no person is described by two of them."""
    by_kind: dict[str, Candidate] = {}
    for one in candidates:
        known = by_kind.get(one.kind)
        if known is None or one.distinct > known.distinct:
            by_kind[one.kind] = one
    if "birth" in by_kind:
        by_kind.pop("age", None)
    if len(by_kind) < 2 or not _OF_A_PERSON & set(by_kind):
        return []
    order = [kind for kind, _ in _PARTS]
    order.insert(4, "declared")
    return [by_kind[kind] for kind in order if kind in by_kind][:MOST_COLUMNS]


def classes(columns: list[Candidate], shown: int) -> Classes:
    """Count the groups; a missing value is a value like others. `shown`: unique rows that are named."""
    import numpy as np

    rows = len(columns[0].codes)
    joint = np.zeros(rows, dtype=np.int64)
    for column in columns:
        joint = joint * (column.distinct + 1) + column.codes + 1
        _, joint = np.unique(joint, return_inverse=True)
    sizes = np.bincount(joint)
    of_row = sizes[joint]
    alone = np.flatnonzero(of_row == 1)
    return Classes(
        columns=tuple(column.name for column in columns),
        rows=rows,
        count=len(sizes),
        smallest=int(sizes.min()),
        unique=len(alone),
        small=int((of_row < SMALL_CLASS).sum()),
        alone=[int(row) for row in alone[:shown]],
    )
