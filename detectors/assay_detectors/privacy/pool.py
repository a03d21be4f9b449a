"""Members and non-members: which rows they are, and whether they could have come from one population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.stats.estimate import Unresolved
from assay.stats.exchangeable import LEAST, Gate, exchangeability
from assay.targets.encode import encode
from assay.targets.labels import coded, label_names
from assay.targets.twins import twins

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.targets.base import OpenTarget
    from assay.targets.refs import Shard

TRAIN, TEST, TRUSTED = "data.train", "data.test", "data.trusted"
_GATE_SIDE = 16
_LABEL_WEIGHT = 0.7


@dataclass(frozen=True)
class Pool:
    """Rows of the files, members first."""

    x: Any
    y: Any
    """Names of the labels, shape (n,)."""
    member: NDArray[np.bool_]

    @property
    def rows(self) -> int:
        """Return how many rows there are."""
        return len(self.member)


def choose(opened: OpenTarget, shard: Shard, *, seed: int, max_rows: int, max_shift: float) -> dict[str, Any]:
    """Choose members and non-members, and ask blind classifiers whether they are alike.

    Returns:
        `rows`: row numbers by file; `sentences`: what was left out; `problem`: why nothing can be assessed, or None.

    Raises:
        UnusableInput: no labels.
    """
    import numpy as np

    data = {name: opened.data(name) for name in _declared(opened)}
    for name in (TRAIN, TEST):
        if data[name].y is None:
            raise UnusableInput(f"{opened.shown(name)}: has no labels, whose probability is what an attack reads")
    rng = np.random.default_rng(seed)
    sentences: list[str] = []
    others, alone = _apart(opened, data, sentences)
    rows = {TRAIN: _drawn(rng, np.flatnonzero(alone), max_rows, opened.shown(TRAIN), sentences)}
    for name, found in others.items():
        rows[name] = _drawn(rng, found, max_rows, opened.shown(name), sentences)
    told: dict[str, Any] = {"sentences": sentences, "problem": None}
    fewest = min((TRAIN, len(rows[TRAIN])), (TEST, len(rows[TEST])), key=lambda entry: entry[1])
    if fewest[1] < LEAST:
        told["problem"] = (
            f"{opened.shown(fewest[0])}: {fewest[1]} rows are left that are no copies, and {LEAST} are needed to tell "
            "whether members and others are alike; give rows that the model has not seen"
        )
        return {**told, "rows": _plain(rows)}
    gate = _gate(opened, data, rows, TEST, seed)
    if not _alike(gate, max_shift):
        told["problem"] = f"{opened.shown(TRAIN)} and {opened.shown(TEST)} cannot be compared: {gate.reason}"
        return {**told, "rows": _plain(rows)}
    if isinstance(gate, Gate) and not gate.exchangeable:
        files = f"{opened.shown(TRAIN)} and {opened.shown(TEST)}"
        sentences.append(f"leaks apart from a small difference between {files}: {gate.reason}")
    if TRUSTED in rows:
        more = _gate(opened, data, rows, TRUSTED, seed + 1)
        if not _alike(more, max_shift):
            sentences.append(f"{opened.shown(TRUSTED)}: not among the non-members: {more.reason}")
            del rows[TRUSTED]
    return {**told, "rows": _plain(rows)}


def collect(opened: OpenTarget, rows: dict[str, Sequence[int]]) -> Pool:
    """Return the rows that `choose` named."""
    import numpy as np

    parts = [
        (opened.data(name), np.array(rows[name], dtype=np.int64)) for name in (TRAIN, TEST, TRUSTED) if name in rows
    ]
    x = _joined([part.x.iloc[chosen] if hasattr(part.x, "iloc") else part.x[chosen] for part, chosen in parts])
    y = np.concatenate([label_names(part.y)[chosen] for part, chosen in parts])
    member = np.arange(len(y)) < len(parts[0][1])
    return Pool(x, y, member)


def halves(pool: Pool, codes: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Return which rows are in the first of two complementary random halves, even in each class of each group."""
    import numpy as np

    rng = np.random.default_rng(seed)
    first = np.zeros(pool.rows, dtype=np.bool_)
    for code in np.unique(codes):
        for group in (pool.member, ~pool.member):
            cell = rng.permutation(np.flatnonzero((codes == code) & group))
            odd = int(rng.integers(0, 2))  # which half gets the odd row
            first[cell[odd::2]] = True
    return first


def _declared(opened: OpenTarget) -> list[str]:
    given = opened.manifest["data"]
    return [name for name in (TRAIN, TEST, TRUSTED) if given.get(name.removeprefix("data."))]


def _apart(
    opened: OpenTarget, data: dict[str, Any], sentences: list[str]
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.bool_]]:
    """Return the rows of the other files that are no twins of training rows, and which training rows have no twin.

    Twins are left out on both sides, whether somebody copied them or the data repeat themselves: what stands on both
    sides is neither member nor non-member, and leaving it out on one side alone would make the sides differ.
    """
    import numpy as np

    same = twins(data[TEST].x, data[TRAIN].x)
    others, alone = {TEST: np.flatnonzero(~same.rows)}, ~same.partners
    if same.rows.any():
        sentences.append(
            f"{opened.shown(TEST)}: {int(same.rows.sum())} of {data[TEST].rows} rows stand in {opened.shown(TRAIN)} "
            "too, so they were left out on both sides"
        )
    if TRUSTED in data and data[TRUSTED].y is not None:
        known, tested = twins(data[TRUSTED].x, data[TRAIN].x), twins(data[TRUSTED].x, data[TEST].x)
        if not known.copied and not tested.copied:
            others[TRUSTED] = np.flatnonzero(~known.rows & ~tested.rows)
            alone &= ~known.partners
    return others, alone


def _drawn(
    rng: np.random.Generator, rows: NDArray[np.int64], most: int, shown: str, sentences: list[str]
) -> NDArray[np.int64]:
    import numpy as np

    if len(rows) > most:
        sentences.append(f"{shown}: {most:,} of {len(rows):,} rows were used, drawn at random")
    return np.sort(rng.permutation(rows)[:most])


def _alike(gate: Gate | Unresolved, max_shift: float) -> bool:
    """Say whether the groups may be compared.

    A share s of rows that can be told from all others gives a blind classifier an AUC of at most 0.5 + s / 2, and an
    attack that reads nothing but this difference no more.
    """
    return isinstance(gate, Gate) and (gate.auc.interval.low or 0.0) <= 0.5 + max_shift / 2


def _gate(opened: OpenTarget, data: dict[str, Any], rows: dict[str, Any], other: str, seed: int) -> Gate | Unresolved:
    """Ask blind classifiers to tell members from these non-members, by features and label."""
    import numpy as np

    parts = [(data[name], rows[name]) for name in (TRAIN, other)]
    encoded = encode([p.x.iloc[r] if hasattr(p.x, "iloc") else p.x[r] for p, r in parts], side=_GATE_SIDE)
    codes, names = coded([p.y[r] for p, r in parts], opened.manifest["io"]["classes"])
    labels = np.eye(len(names))[np.concatenate(codes)] * _LABEL_WEIGHT
    table = np.hstack([encoded, labels])
    first = len(parts[0][1])
    return exchangeability(table[:first], table[first:], seed=seed)


def _joined(parts: list[Any]) -> Any:
    import numpy as np

    if hasattr(parts[0], "iloc"):
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)


def _plain(rows: dict[str, Any]) -> dict[str, list[int]]:
    return {name: [int(row) for row in found] for name, found in rows.items()}
