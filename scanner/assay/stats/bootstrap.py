"""Seeded bootstrap quantiles of any statistic of one or several samples.

BCa (Efron 1987, JASA 82), because it keeps within the range of the statistic and corrects bias and skew, where the
basic interval leaves the range (a share below 0) and the plain percentile interval does neither. The levels are
widened as Hesterberg (2015, Am. Stat. 69) advises for small samples: t instead of z, times sqrt(n / (n - 1)).
Approximate: coverage tends to the level as n grows; for a proportion, a quantile or an AUC use the exact functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.stats.checks import at_least, fraction
from assay.stats.curve import interval, saved
from assay.stats.estimate import Estimate, Unresolved

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

RESAMPLES = 4000
_BEYOND = 4
"""Resamples that must lie beyond an end: fewer make the end a matter of the seed."""
_JACKKNIFE = 200
"""Groups that are left out in turn; more rows than this are left out by the group."""


def bootstrap(
    statistic: Callable[..., float],
    samples: Sequence[ArrayLike],
    *,
    seed: int,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate | Unresolved:
    """Return the statistic of the samples with its BCa interval.

    Assumes rows drawn independently within each sample, and a smooth statistic (no maximum, no small quantile).

    Args:
        statistic: takes one array per sample, rows first, and returns a finite number.
        samples: arrays of shape (n_i, ...); each is resampled for itself, so group sizes stay.
        seed: of the resampling; the same seed gives the same bytes.
        level: coverage.
        resamples: how many; the ends at a level need about 8 / (1 - level) of them.

    Returns:
        The estimate, or `Unresolved` where all resamples agree or where `resamples` cannot resolve the level.

    Raises:
        ValueError: no sample, a sample under 2 rows, level outside (0, 1), under 100 resamples, or a statistic that
            is not finite.
    """
    import numpy as np

    fraction(level, "level")
    at_least(resamples, 100, "resamples")
    at_least(len(samples), 1, "number of samples")
    arrays = [np.asarray(values) for values in samples]
    for index, array in enumerate(arrays):
        at_least(array.shape[0] if array.ndim else 0, 2, f"rows of sample {index}")
    value = _finite(statistic(*arrays), "the samples")
    draws = _draws(statistic, arrays, seed, resamples)
    n = sum(len(array) for array in arrays)
    if draws[0] == draws[-1]:
        reason = f"all {resamples} resamples of {n} rows give {value:g}; a bootstrap sees no uncertainty there"
        return Unresolved(reason=reason, have=n, needed=n + 1)
    correction = _Correction.of(value, draws, _acceleration(statistic, arrays), min(len(array) for array in arrays))
    least = next((tail for tail in _tails(level) if correction.resolves(tail, resamples)), None)
    if least is None or least > (1 - level) / 2:
        needed = correction.needed((1 - level) / 2, resamples)
        reason = f"an interval at {level:g} needs about {needed} resamples here, there are {resamples}"
        return Unresolved(reason=reason, have=resamples, needed=needed)

    def bounds(tail: float) -> tuple[float, float]:
        ends = np.quantile(draws, [correction.level_of(tail), correction.level_of(1 - tail)])
        return min(float(ends[0]), value), max(float(ends[1]), value)

    return Estimate(
        value=value,
        interval=interval(bounds, level, "bootstrap-bca", value),
        statistic=saved(bounds, level, least),
        n=n,
        method=f"BCa bootstrap, {resamples} resamples, seed={seed}, rows={[len(array) for array in arrays]}",
    )


@dataclass(frozen=True)
class _Correction:
    """Maps a nominal level to the quantile of the resamples that estimates it."""

    bias: float
    acceleration: float
    rows: int

    @classmethod
    def of(cls, value: float, draws: NDArray[np.float64], acceleration: float, rows: int) -> _Correction:
        """Return the correction; half of the ties with the value count as below it."""
        import numpy as np
        from scipy.special import ndtri

        below = (np.count_nonzero(draws < value) + np.count_nonzero(draws <= value)) / 2 / draws.size
        kept = min(max(below, 0.5 / draws.size), 1 - 0.5 / draws.size)
        return cls(bias=float(ndtri(kept)), acceleration=acceleration, rows=rows)

    def level_of(self, nominal: float) -> float:
        """Return the level of the resamples for a nominal one; 0 or 1 where the correction has no answer."""
        from scipy.special import ndtr, stdtrit

        z = float(stdtrit(self.rows - 1, nominal)) * math.sqrt(self.rows / (self.rows - 1))
        shifted = self.bias + z
        scale = 1 - self.acceleration * shifted
        if scale <= 0:
            return float(z > 0)
        return float(ndtr(self.bias + shifted / scale))

    def resolves(self, tail: float, resamples: int) -> bool:
        """Say whether enough resamples lie beyond both ends."""
        return min(self.level_of(tail), 1 - self.level_of(1 - tail)) * resamples >= _BEYOND

    def needed(self, tail: float, resamples: int) -> int:
        """Return about how many resamples would do."""
        outer = min(self.level_of(tail), 1 - self.level_of(1 - tail))
        return math.ceil(_BEYOND / outer) if outer > 1e-9 else 100 * resamples


def _tails(level: float) -> list[float]:
    from assay.stats.curve import TAILS

    return sorted({(1 - level) / 2, *TAILS})


def _draws(
    statistic: Callable[..., float], arrays: Sequence[NDArray[Any]], seed: int, resamples: int
) -> NDArray[np.float64]:
    """Return the statistic of each resample, ascending."""
    import numpy as np

    rng = np.random.default_rng(seed)
    found = np.empty(resamples)
    for index in range(resamples):
        drawn = [array[rng.integers(0, len(array), len(array))] for array in arrays]
        found[index] = _finite(statistic(*drawn), f"resample {index}")
    return np.sort(found)


def _acceleration(statistic: Callable[..., float], arrays: Sequence[NDArray[Any]]) -> float:
    """Return the acceleration from the grouped jackknife (Efron and Tibshirani 1993, 14.15; several samples: 14.3)."""
    import numpy as np

    cubes = squares = 0.0
    for index, array in enumerate(arrays):
        blocks = np.array_split(np.arange(len(array)), min(len(array), _JACKKNIFE))
        left = []
        for block in blocks:
            rest = [*arrays[:index], np.delete(array, block, axis=0), *arrays[index + 1 :]]
            left.append(_finite(statistic(*rest), f"sample {index} without rows {block[0]} to {block[-1]}"))
        influence = (np.mean(left) - np.asarray(left)) * (len(blocks) - 1)
        cubes += float((influence**3).sum()) / len(blocks) ** 3
        squares += float((influence**2).sum()) / len(blocks) ** 2
    return cubes / (6 * squares**1.5) if squares > 0 else 0.0


def _finite(value: float, where: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"the statistic of {where} is {number}; bootstrap a statistic that is finite on any rows")
    return number
