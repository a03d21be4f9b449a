"""The shape of a decision tree that is stored as arrays: is it one tree, with every node reached once from its root?

Loaders and predictors follow the numbers without a look at them: a child beyond the array reads foreign memory, a
child above its parent never ends. Standard library only, and a few steps per node.
"""

from __future__ import annotations

from collections.abc import Sequence


def reached(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many nodes of a tree its root leads to; -1 where it is no tree.

    Args:
        left: of each node its left child, -1 for a leaf.
        right: of each node its right child; not looked at for a leaf.
    """
    count = len(left)
    if not count:
        return -1
    seen = bytearray(count)
    seen[0] = 1
    stack, total = [0], 0
    while stack:
        node = stack.pop()
        total += 1
        child = left[node]
        if child == -1:
            continue
        other = right[node]
        if not (0 < child < count and 0 < other < count) or child == other or seen[child] or seen[other]:
            return -1
        seen[child] = seen[other] = 1
        stack.append(child)
        stack.append(other)
    return total


def is_whole(left: Sequence[int], right: Sequence[int]) -> bool:
    """Say whether a tree of LightGBM is one: inner nodes 0 to n-1, and the n+1 leaves as ~leaf, each reached once.

    Args:
        left: of each inner node its left child; a negative number is a leaf, counted from -1 downwards.
        right: of each inner node its right child.
    """
    inner = len(left)
    children = sorted([*left, *right])
    if children != [*range(-inner - 1, 0), *range(1, inner)]:
        return False
    grown = all(child < 0 or child > node for node, child in enumerate(left))
    if grown and all(child < 0 or child > node for node, child in enumerate(right)):
        return True
    stack, total = [0], 0
    while stack:
        node = stack.pop()
        total += 1
        stack += [child for child in (left[node], right[node]) if child > 0]
    return total == inner


def is_ascending(bounds: Sequence[int], last: int) -> bool:
    """Say whether boundaries begin at 0, never fall, and end at `last`."""
    return bool(bounds) and bounds[0] == 0 and bounds[-1] == last and all(map(int.__le__, bounds, bounds[1:]))
