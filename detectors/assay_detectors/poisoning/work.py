"""What a worker does for `poisoning.labels`: read both files, compare, return numbers and row indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.stats.contamination import Contamination, Contest, together
from assay.stats.estimate import Unresolved
from assay.stats.power import POWER
from assay.targets.encode import encode
from assay.targets.labels import coded
from assay.targets.twins import twins
from assay.targets.wording import masked
from assay_detectors.poisoning.gate import told_apart
from assay_detectors.poisoning.suspicion import Rows, Score, Suspicion, detectable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.targets.base import OpenTarget
    from assay.targets.refs import Shard

    Codes = NDArray[np.int64]

TRAIN, TRUSTED = "data.train", "data.trusted"
LEAST_TESTED, LEAST_TRUSTED = 50, 20
_SHARED = "backdoors that training rows share"
_GATE_SIDE = 16
"""Pixels to which images are averaged before blind classifiers look at them."""


@dataclass(frozen=True)
class _Read:
    """Both files after copies and surplus rows were left out."""

    rows: Rows
    names: tuple[str, ...]
    tested: Codes
    """Row numbers in the training file."""
    gate: NDArray[np.float64]
    conflicts: list[list[Any]]
    copies: int
    """Training rows that stand among the trusted ones."""
    sentences: list[str]


def compare_labels(
    opened: OpenTarget,
    shard: Shard,
    *,
    seed: int,
    alpha: float,
    class_alpha: float,
    level: float,
    max_rows: int,
    max_shift: float,
) -> dict[str, Any]:
    """Compare the labels of training rows with those of trusted rows.

    Args:
        opened: the target.
        shard: names the training data.
        seed: of draws and permutations.
        alpha: error rate of the test of all rows; for what is detectable.
        class_alpha: the same for each class.
        level: of the share's interval.
        max_rows: rows of each file that are used.
        max_shift: share of training rows that may differ from all trusted ones.

    Raises:
        UnusableInput: no labels, too few rows.
    """
    read = _read(opened, seed, max_rows)
    sentences = list(read.sentences)
    suspicion = _suspicion(opened, shard, read, seed, max_shift, sentences)
    counts = _common(read, suspicion, sentences)
    apart = told_apart(read.gate, read.rows, suspicion.near, seed, max_shift)
    if apart is not None:
        return {**counts, "apart": apart}
    scores = suspicion.scores()
    whole = _judged(scores, None, seed, level)
    if isinstance(whole, Unresolved):  # the counts were checked; a class alone may lack rows
        raise UnusableInput(f"{opened.shown(shard.input)}: {whole.reason}")
    present = [code for code in range(read.rows.classes) if (read.rows.labels[~read.rows.trusted] == code).any()]
    by_class = {code: _judged(scores, code, seed, level) for code in present}
    assessed = [code for code, found in by_class.items() if isinstance(found, Contamination)]
    scopes = [(None, alpha), *((code, class_alpha) for code in assessed)]
    shares = detectable(suspicion, scopes, seed, POWER)
    alarms = {code: found for code, found in by_class.items() if _alarmed(found, class_alpha)}
    located = _located(read, suspicion, scores, whole if whole.p_value < alpha else None, alarms, seed)
    return {
        "p": whole.p_value,
        "detectable": shares[0],
        "share": _plain(whole.share),
        **_by_class(read, suspicion.near, by_class, dict(zip(assessed, shares[1:], strict=True))),
        **counts,
        "scores": len(scores),
        "located": located,
    }


def _common(read: _Read, suspicion: Suspicion, sentences: list[str]) -> dict[str, Any]:
    """Return what is known before labels are compared."""
    return {
        "apart": None,
        "tested": suspicion.compared,
        "left_out": len(read.tested) - suspicion.compared,
        "trusted": int((suspicion.near & read.rows.trusted).sum()),
        "conflicts": read.conflicts,
        "copies": read.copies,
        "sentences": sentences,
    }


def _suspicion(
    opened: OpenTarget, shard: Shard, read: _Read, seed: int, max_shift: float, sentences: list[str]
) -> Suspicion:
    """Return what gives rows their scores, made of comparable rows only; add to `sentences` what it cannot do."""
    suspicion = Suspicion(read.rows)
    if not suspicion.has_reference:
        sentences.append(f"{_SHARED} (under 60 trusted rows: too few to be the reference)")
    away = suspicion.unlike(max_shift)
    if away is not None:
        sentences.append(
            f"training rows that lie away from all trusted ones ({away:.0%} or more): {suspicion.compared} of "
            f"{len(read.tested)} are near enough to be compared"
        )
    if suspicion.compared < LEAST_TESTED:
        raise UnusableInput(
            f"{opened.shown(shard.input)}: only {suspicion.compared} of {len(read.tested)} rows are like any row of "
            f"{opened.shown(TRUSTED)}, and {LEAST_TESTED} are needed; give trusted rows from where the others come from"
        )
    return suspicion


def _by_class(
    read: _Read,
    near: NDArray[np.bool_],
    by_class: dict[int, Contamination | Unresolved],
    shares: dict[int, float | None],
) -> dict[str, Any]:
    """Return what is told of each class that was assessed, and of each that could not be."""
    assessed = {code: found for code, found in by_class.items() if isinstance(found, Contamination)}
    refused = {code: found for code, found in by_class.items() if isinstance(found, Unresolved)}
    return {
        "classes": [
            [masked(read.names[code]), found.p_value, shares[code], *_counts(read, near, code), _plain(found.share)]
            for code, found in assessed.items()
        ],
        "refused": [
            [masked(read.names[code]), found.reason, found.have, found.needed] for code, found in refused.items()
        ],
    }


def _alarmed(found: Contamination | Unresolved, alpha: float) -> bool:
    return isinstance(found, Contamination) and found.p_value < alpha


def _counts(read: _Read, near: NDArray[np.bool_], code: int) -> tuple[int, int]:
    mine, trusted = (read.rows.labels == code) & near, read.rows.trusted
    return int((mine & ~trusted).sum()), int((mine & trusted).sum())


def _plain(estimate: Any) -> dict[str, Any]:
    return {
        "value": estimate.value,
        "interval": estimate.interval.model_dump(mode="json"),
        "statistic": estimate.statistic.model_dump(mode="json"),
        "n": estimate.n,
        "method": estimate.method,
    }


def _read(opened: OpenTarget, seed: int, max_rows: int) -> _Read:
    import numpy as np

    train, trusted = opened.data(TRAIN), opened.data(TRUSTED)
    for name, data in ((TRAIN, train), (TRUSTED, trusted)):
        if data.y is None:
            raise UnusableInput(f"{opened.shown(name)}: has no labels to compare; name their column or array")
    codes, names = coded([train.y, trusted.y], opened.manifest["io"]["classes"])
    rng = np.random.default_rng(seed)
    tested, sentences, conflicts, copies = np.arange(train.rows), [], [], 0
    same = twins(train.x, trusted.x)
    if twins(trusted.x, train.x).copied:
        copies = int(same.rows.sum())
        conflicts = _conflicts(same.rows, same.first, codes, names)
        tested = np.flatnonzero(~same.rows)
        sentences.append(
            f"{copies} training rows stand in {opened.shown(TRUSTED)} too; they count as trusted and "
            "were not tested, so this says nothing of them"
        )
    kept = np.arange(trusted.rows)
    for name, count in ((TRAIN, len(tested)), (TRUSTED, len(kept))):
        if count > max_rows:
            sentences.append(f"{opened.shown(name)}: {max_rows:,} of {count:,} rows were compared, drawn at random")
    tested = np.sort(rng.permutation(tested)[:max_rows])
    kept = np.sort(rng.permutation(kept)[:max_rows])
    _check_counts(opened, len(tested), len(kept), train.rows)
    x = [_taken(train.x, tested), _taken(trusted.x, kept)]
    rows = Rows(
        inputs=encode(x),
        labels=np.concatenate([codes[0][tested], codes[1][kept]]),
        trusted=np.arange(len(tested) + len(kept)) >= len(tested),
        classes=len(names),
        seed=seed,
    )
    return _Read(rows, names, tested, encode(x, side=_GATE_SIDE), conflicts, copies, sentences)


def _taken(x: Any, rows: Codes) -> Any:
    return x.iloc[rows] if hasattr(x, "iloc") else x[rows]


def _check_counts(opened: OpenTarget, tested: int, trusted: int, rows: int) -> None:
    if trusted < LEAST_TRUSTED:
        raise UnusableInput(
            f"{opened.shown(TRUSTED)}: has {trusted} rows, and {LEAST_TRUSTED} are needed to compare labels; have the "
            "labels of more rows checked"
        )
    if tested < LEAST_TESTED:
        rest = f"of {rows} rows {tested} are left to test" if tested < rows else f"has {tested} rows"
        raise UnusableInput(
            f"{opened.shown(TRAIN)}: {rest}, and {LEAST_TESTED} are needed to compare labels; give trusted rows that "
            "are not copied from the training data, or more training rows"
        )


def _conflicts(rows: NDArray[np.bool_], first: Codes, codes: list[Codes], names: tuple[str, ...]) -> list[list[Any]]:
    """Return training rows whose trusted copy has another label: [row, label, row of the trusted file, its label]."""
    import numpy as np

    return [
        [int(row), masked(names[codes[0][row]]), int(first[row]), masked(names[codes[1][first[row]]])]
        for row in np.flatnonzero(rows)
        if codes[0][row] != codes[1][first[row]]
    ]


def _judged(
    scores: list[tuple[Score, Codes]], of_class: int | None, seed: int, level: float
) -> Contamination | Unresolved:
    """Return what the scores say together of all rows, or of one class; half of the error rate is consistency's."""
    weights = (1.0,) if len(scores) == 1 else (0.5, 0.25, 0.25)
    found: list[tuple[Contest, float]] = []
    for (score, _), weight in zip(scores, weights, strict=True):
        tried = score.contest(seed, of_class)
        if isinstance(tried, Unresolved):
            return tried
        found.append((tried, weight))
    return together(found, level)


def _located(
    read: _Read,
    suspicion: Suspicion,
    scores: list[tuple[Score, Codes]],
    whole: Contamination | None,
    alarms: dict[int, Any],
    seed: int,
) -> list[list[Any]]:
    """Return the rows that are more probably wrong than right, likeliest first: [row, label, likelier label, chance].

    Nothing is named where no test raised an alarm; a class's alarm names rows of that class only.
    """
    import numpy as np

    if whole is None and not alarms:
        return []
    rows = read.rows
    chance = np.zeros(len(rows.labels))
    for score, index in scores:
        if whole is not None:
            _raise(chance, index, score.contest(seed), whole.share.value)
        for code, found in alarms.items():
            _raise(chance, index[score.labels == code], score.contest(seed, code), found.share.value)
    likely = suspicion.likely()
    named = [int(index) for index in np.argsort(-chance, kind="stable") if chance[index] >= 0.5]
    return [
        [
            int(read.tested[index]),
            masked(read.names[rows.labels[index]]),
            masked(read.names[likely[index]]),
            float(chance[index]),
        ]
        for index in named
        if not rows.trusted[index]
    ]


def _raise(chance: NDArray[np.float64], index: Codes, tried: Contest | Unresolved, share: float) -> None:
    """Raise the chances of these rows to what this contest gives them, where it gives more."""
    import numpy as np

    if isinstance(tried, Contest):
        chance[index] = np.maximum(chance[index], tried.chances(min(share, 0.5)))
