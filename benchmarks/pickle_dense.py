"""Pickles of many values of one form, made at random from a seed, in the way of protocols 4 and 5 and of 1 to 3."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from pickle_programs import anything, imported, step

WORDS = [
    b"a",
    b"b",
    b"os",
    b"system",
    b"collections",
    b"OrderedDict",
    b"abc",
    b"a.b",
    b"\xc3\xa9",
    b"x" * 30,
    b"x" * 60,
]
"""What the texts of a run are; the last three are seldom among them, for they end runs."""


def _words(rng: random.Random) -> list[bytes]:
    return WORDS if rng.random() < 0.2 else WORDS[:-3]


def dense(rng: random.Random) -> bytes:
    """Return many values of one form, as lists and dictionaries of real models have them, with one that may differ."""
    small = [
        b"K\x05",
        b"G" + bytes(8),
        b"M\x01\x02",
        b"J\xff\xff\xff\xff",
        b"N",
        b"\x8c\x01a\x94",
        b"\x8c\x03abc\x94",
        b"h\0",
        b"h\1",
    ]
    pick = lambda: rng.choice(small)  # noqa: E731
    fixed = pick()
    forms: list[Callable[[], bytes]] = [
        lambda: fixed,
        pick,
        lambda: fixed + fixed + b"\x86\x94",
        lambda: pick() + pick() + pick() + b"\x87\x94",
        lambda: b"]\x94(" + fixed * rng.randrange(1, 4) + b"e",
        lambda: b"h\1)\x81\x94}\x94(h\0" + fixed + b"h\0" + pick() + b"ub",
        lambda: b"}\x94(\x8c\x01k\x94" + pick() + b"u",
        lambda: b"}\x94h\0" + pick() + b"s",
        lambda: b"]\x94" + pick() + b"a",
        lambda: pick() + b"\x85\x94",
    ]
    texts = [b"\x8c%c%s\x94" % (len(word), word) for word in _words(rng)]
    forms += [
        lambda: rng.choice(texts) + rng.choice(texts) + b"\x86\x94",
        lambda: rng.choice(texts) + pick() + b"\x86\x94",
        lambda: b"}\x94(" + rng.choice(texts) + rng.choice(texts) + rng.choice(texts) + pick() + b"u",
        lambda: rng.choice(texts) + fixed,
    ]
    form = rng.choice(forms)
    values = [form() for _ in range(rng.choice([4, 6, 20, 40]))]
    if rng.random() < 0.5:
        values.insert(rng.randrange(len(values)), rng.choice([step(rng), anything(rng), rng.choice(forms)()]))
    start = b"\x8c\x01v\x94" + rng.choice([b"ccollections\nOrderedDict\n\x94", imported(rng) + b"\x94"])
    end = rng.choice(
        [
            b"]\x94(%se",
            b"(%st",
            b"(%sl",
            b"}(%su",
            b"\x8f(%s\x90",
            b"(%s\x91",
            b"(%sd",
            b"h\1(%stR",
            b"(%s1N",
            b"(h\1%so",
        ]
    )
    body = end.replace(b"%s", b"".join(values))
    return start + body + after(rng)


def after(rng: random.Random) -> bytes:
    """Return what uses entries of the memo: as names of an import, or as what is called."""
    some = lambda: b"h%c" % rng.randrange(2, 24)  # noqa: E731
    ends = [b"", b"h\5", b"h\3h\4\x93", b"h\2)R", b"h\x08)R"]
    return rng.choice([*ends, some() + some() + b"\x93", some() + some() + b"\x93)R", some() + b")R"])


def old_dense(rng: random.Random) -> bytes:
    """Return the same with places in the memo named by number: mostly the next one, now and then another."""
    first = rng.choice([2, 2, 2, 2, 2, 2, 2, 2, 254, 256, 300])
    base = rng.choice([0, 0, 0, 0, 1])
    head = b"".join(b"N" + put(base + index, 1) + b"0" for index in range(2, first))
    known = rng.choice([b"ccollections\nOrderedDict\n", b"cos\nsystem\n", b"cfractions\nFraction\n"])
    start = b"X\1\0\0\0v" + put(base, 1) + b"0" + known + put(base + 1, 1) + b"0" + head
    small = [b"K\x05", b"G" + bytes(8), b"M\x01\x02", b"J\xff\xff\xff\xff", b"N", b"h%c" % base, b"h%c" % (base + 1)]
    words = _words(rng)
    small += [b"X%s%s@" % (struct.pack("<I", len(word)), word) for word in words]
    small += [b"U%c%s@" % (len(word), word) for word in words[:6] if rng.random() < 0.3]
    pick = lambda: rng.choice(small)  # noqa: E731
    text = lambda: rng.choice(small[7:])  # noqa: E731
    fixed, key = pick(), text()
    forms: list[Callable[[], bytes]] = [
        lambda: fixed,
        lambda: text() + pick(),
        lambda: text(),
        lambda: fixed + fixed + b"\x86@",
        lambda: text() + text() + b"\x86@",
        lambda: pick() + pick() + pick() + b"\x87@",
        lambda: pick() + b"\x85@",
        lambda: b"(" + pick() + pick() + b"t@",
        lambda: b"]@(" + fixed * rng.randrange(1, 4) + b"e",
        lambda: b"]@" + pick() + b"a",
        lambda: b"h%c)\x81@}@(h%c" % (base + 1, base) + fixed + key + pick() + b"ub",
        lambda: b"h%c)\x81@}@" % (base + 1) + key + pick() + b"sb",
        lambda: b"}@(" + text() + pick() + text() + text() + b"u",
        lambda: b"}@" + key + pick() + b"s",
    ]
    form = rng.choice(forms)
    values = [form() for _ in range(rng.choice([4, 10, 20, 40]))]
    if rng.random() < 0.5:
        odd = [step(rng), anything(rng), rng.choice(forms)(), b"h%c" % rng.randrange(40), b"N@0", b"\x94"]
        values.insert(rng.randrange(len(values)), rng.choice(odd))
    end = rng.choice([b"]@(%se", b"(%st", b"(%sl", b"}@(%su", b"(%sd", b"(%s1N", b"h\1(%stR", b"(h\1%so"])
    return start + numbered(end.replace(b"%s", b"".join(values)), base + first, rng) + use(rng, base + first)


def numbered(body: bytes, place: int, rng: random.Random) -> bytes:
    """Replace every `@` by what puts the top into the memo, at places that follow one another unless chance says no."""
    wrong = rng.choice([0.0, 0.0, 0.0, 0.02, 0.2])
    short = rng.random() < 0.1
    parts = body.split(b"@")
    made = [parts[0]]
    for part in parts[1:]:
        named = place
        if rng.random() < wrong:
            named = max(place + rng.choice([-200, -3, -2, -1, 1, 2, 50]), 0)
        made += [put(named, 1 if short else 4), part]
        place = named + 1 if rng.random() < 0.5 else place + 1
    return b"".join(made)


def put(place: int, width: int) -> bytes:
    """Return BINPUT, or LONG_BINPUT where the place or the width asks for it."""
    return b"q%c" % place if place < 256 and width == 1 else b"r" + struct.pack("<I", place)


def get(place: int) -> bytes:
    """Return BINGET or LONG_BINGET."""
    return b"h%c" % place if place < 256 else b"j" + struct.pack("<I", place)


def use(rng: random.Random, first: int) -> bytes:
    """Return what uses entries that were just put into the memo."""
    some = lambda: get(first + rng.randrange(-2, 24))  # noqa: E731
    forms = [b"", some(), some() + some() + b"\x93", some() + some() + b"\x93)R", some() + b")R", some() + b"(i"]
    forms += [b"\x94" + some(), b"\x94" + get(first + rng.randrange(80))]
    return rng.choice(forms)
