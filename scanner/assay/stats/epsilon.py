"""A lower bound of epsilon from an attacker's surest guesses: how far membership shows, at worst.

Steinke, Nasr and Jagielski (2023, arXiv 2305.08846): a random split into members and others is a row of coins. Under
epsilon (pure) an attacker who guesses "member" is right with odds of at most the prior odds times e^epsilon, so the
right ones among r guesses are dominated by Binomial(r, odds e^epsilon / (1 + odds e^epsilon)). A statement about this
split and this attack: it refutes a smaller epsilon, and proves no larger one. Sizes of the split are fixed here, where
the paper tosses independent coins; without any leak right guesses then vary less (Hoeffding 1963), on the safe side;
at epsilon > 0 the bound is approximate, with an error that falls with the number of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.model.confidence import least_epsilon
from assay.model.interval import Guesses, Interval
from assay.stats.checks import fraction, sample
from assay.stats.estimate import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of all rows that are guessed to be members, surest first; fixed before the data, error split over them."""
FEWEST = 8
"""Guesses that are made at least."""


def epsilon(members: ArrayLike, non_members: ArrayLike, level: float = 0.95) -> Estimate:
    """Return epsilon as far as these scores refute a smaller one; the interval is one-sided, [low, infinity).

    The value is the same bound at 50 %: half of all such bounds lie above the truth. Assumes that who is a member was
    drawn at random (`assay.stats.exchangeable`), and scores that know nothing of membership but through the model.
    Rows that tie with the last one of a guess are guessed as well.

    Args:
        members: scores, shape (m,); higher means member.
        non_members: scores, shape (n,).
        level: coverage of the interval.

    Raises:
        ValueError: a group empty, not of shape (n,), or not finite; level outside (0, 1).
    """
    import numpy as np

    fraction(level, "level")
    x, y = sample(members, "members"), sample(non_members, "non_members")
    scores = np.concatenate([x, y])
    is_member = np.arange(scores.size) < x.size
    falling = np.sort(scores)[::-1]
    wanted = [min(scores.size, max(FEWEST, round(share * scores.size))) for share in SHARES]
    sets = {int((scores >= falling[size - 1]).sum()): scores >= falling[size - 1] for size in wanted}
    sizes = sorted(sets)
    right = tuple(int((sets[size] & is_member).sum()) for size in sizes)
    guesses = Guesses(right=right, of=tuple(sizes), odds=float(x.size / y.size))
    low = least_epsilon(guesses, 1 - level)
    return Estimate(
        value=max(low, least_epsilon(guesses, 0.5)),
        interval=Interval(low=low, high=None, level=level, method="guesses"),
        statistic=guesses,
        n=int(scores.size),
        method=(
            f"right guesses among the surest {', '.join(map(str, sizes))}, Clopper-Pearson, Bonferroni over "
            f"{len(sizes)}, members={x.size} non-members={y.size}"
        ),
    )
