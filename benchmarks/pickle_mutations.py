"""Real pickles of ordinary objects in every protocol, spliced at opcodes, with bits flipped, or cut. All are harmless."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import pickle
import pickletools
import random
from fractions import Fraction
from typing import Any

from pickle_programs import anything, step


class Thing:
    """An object with a dictionary."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.name = "x"


class Slotted:
    """An object with slots: its state is a pair."""

    __slots__ = ("first", "second")

    def __init__(self) -> None:
        self.first, self.second = 1, [2]


class Keyed:
    """An object that is made with keywords."""

    def __new__(cls, *, size: int = 1) -> Keyed:
        return super().__new__(cls)

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, int]]:
        return (), {"size": 3}


def objects() -> list[Any]:
    """Return ordinary objects of the standard library, to be pickled and mutated."""
    shared: list[Any] = [1, 2]
    cyclic: list[Any] = [3]
    cyclic.append(cyclic)
    return [
        [1.5] * 20,
        list(range(40)),
        [(i, i + 1) for i in range(20)],
        {f"k{i}": i for i in range(20)},
        {"a": shared, "b": shared},
        [Thing(i) for i in range(8)],
        Slotted(),
        Keyed(),
        {1, 2, "x"},
        frozenset({1, (2, "y")}),
        collections.OrderedDict(a=1),
        collections.deque([1, 2], 3),
        datetime.datetime(2020, 1, 2),
        decimal.Decimal("1.5"),
        Fraction(1, 3),
        b"x" * 70,
        bytearray(b"y" * 9),
        array.array("d", [1.0]),
        "t\xe9xt",
        1 << 90,
        -5,
        True,
        None,
        2.5,
        complex(1, 2),
        cyclic,
        [[], {}, (), "", b""],
        [[i, [i]] for i in range(9)],
        collections.Counter("abca"),
        collections.defaultdict(list, a=[1]),
        slice(1, 2),
        range(3),
        Thing,
        len,
        pickle.dumps([Thing(1)]),
    ]


class Mutations:
    """Real pickles in every protocol, spliced at opcodes, with bits flipped, or cut."""

    def __init__(self) -> None:
        self.real = [
            pickle.dumps(value, protocol)
            for value in objects()
            for protocol in range(2 if isinstance(value, Slotted) else 0, 6)
        ]
        self.parts = [[op[2] for op in pickletools.genops(data)] for data in self.real]

    def make(self, rng: random.Random) -> bytes:
        """Return one mutated pickle."""
        index = rng.randrange(len(self.real))
        data, starts = self.real[index], self.parts[index]
        kind = rng.random()
        if kind < 0.15:
            return data[: rng.randrange(len(data))] + rng.choice([b"", b"."])
        if kind < 0.5:
            changed = bytearray(data)
            for _ in range(rng.randrange(1, 4)):
                changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            return bytes(changed)
        at = rng.choice(starts)
        if kind < 0.75:
            return data[:at] + rng.choice([anything, step])(rng) + data[at:]
        other = rng.randrange(len(self.real))
        return data[:at] + self.real[other][rng.choice(self.parts[other]) :]
