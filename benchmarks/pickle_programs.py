"""Pickles made at random from a seed: programs over every opcode. All are harmless."""

from __future__ import annotations

import random
import struct

NAMES = [
    ("os", "system"),
    ("posix", "system"),
    ("builtins", "eval"),
    ("collections", "OrderedDict"),
    ("a.b", "c"),
    ("__builtin__", "object"),
    ("__builtin__", "eval"),
    ("copy_reg", "_reconstructor"),
    ("m", "x.y"),
    ("os", ""),
    ("collections", "Counter"),
    ("builtins", "complex"),
    ("datetime", "date"),
    ("fractions", "Fraction"),
    ("itertools", "izip"),
    ("UserDict", "UserDict"),
    ("urllib", "urlopen"),
    ("\xe9t\xe9", "x"),
    ("collections", "deque"),
]
NESTED = [b"\x80\x04cos\nsystem\n.", b"cos\nsystem\n(S'x'\ntR.", b"\x80\x04N.", b"\x80\x04]\x94K\x01a."]
_PLAIN_OPS = [
    bytes([op]) for op in b"(())]]}NN\x88\x8901224tlduesabRo\x81\x85\x86\x87\x94\x94\x8f\x90\x91\x92\x93Q\x97\x98"
]


def text(value: str, rng: random.Random) -> bytes:
    """Return one of the opcodes that push a text."""
    raw = value.encode("utf-8", "surrogatepass")
    forms = [b"\x8c" + bytes([len(raw)]) + raw, b"X" + struct.pack("<I", len(raw)) + raw]
    forms.append(b"\x8d" + struct.pack("<Q", len(raw)) + raw)
    if value.isascii() and "\n" not in value and "\\" not in value and "'" not in value:
        forms += [b"U" + bytes([len(raw)]) + raw, b"T" + struct.pack("<I", len(raw)) + raw, b"V" + raw + b"\n"]
        forms += [b"S'" + raw + b"'\n", b'S"' + raw + b'"\n', b"S'" + raw.replace(b"s", b"\\x73") + b"'\n"]
        forms += [b"V" + raw.replace(b"o", b"\\u006f") + b"\n"]
    return rng.choice(forms)


def imported(rng: random.Random) -> bytes:
    """Return opcodes that push something imported."""
    module, name = rng.choice(NAMES)
    lines = module.encode() + b"\n" + name.encode() + b"\n"
    memo = rng.choice([b"", b"\x94"])
    ways = [b"c" + lines, text(module, rng) + memo + text(name, rng) + memo + b"\x93", b"(i" + lines]
    return rng.choice(ways)


def number(rng: random.Random) -> bytes:
    """Return opcodes that push a number, some of them oddly written."""
    forms = [
        b"K" + rng.randbytes(1),
        b"M" + rng.randbytes(2),
        b"J" + rng.randbytes(4),
        b"G" + rng.randbytes(8),
        b"I%d\n" % rng.randrange(-9, 99),
        b"L%dL\n" % rng.randrange(1 << 70),
        b"L7\n",
        b"I01\n",
        b"I00\n",
        b"F1.5\n",
        b"\x8a\x01\x05",
        b"\x8a\x00",
        b"\x8b\x02\0\0\0\x01\xff",
        b"Fnan\n",
        b"F-1e3\n",
    ]
    if rng.random() < 0.06:
        odd = [
            b"I010\n",
            b"I0x1f\n",
            b"I 5\n",
            b"I1_0\n",
            b"I5\0x\n",
            b"I\n",
            b"I+1\n",
            b"L010L\n",
            b"LL\n",
            b"F1_0\n",
            b"F 1\n",
        ]
        odd += [
            b"F1e999\n",
            b"F\n",
            b"\x8b\xff\xff\xff\xff",
            b"I" + b"9" * 5000 + b"\n",
            b"I0\n",
            b"F1.5\0\n",
            b"I08\n",
            b"F1.\n",
        ]
        forms = odd
    return rng.choice(forms)


def memo(rng: random.Random) -> bytes:
    """Return one memo opcode."""
    index = rng.choice([0, 0, 1, 1, 2, 3, 5, 9, 300])
    forms = [b"\x94"] * 4 + [b"q%c" % min(index, 255), b"r" + struct.pack("<I", index), b"p%d\n" % index]
    forms += [b"h%c" % min(index, 255), b"j" + struct.pack("<I", index), b"g%d\n" % index] * 2
    return rng.choice(forms)


def anything(rng: random.Random) -> bytes:
    """Return any opcode with an argument of the right form."""
    pick = rng.random()
    if pick < 0.5:
        return rng.choice(_PLAIN_OPS)
    if pick < 0.62:
        return memo(rng)
    if pick < 0.72:
        return number(rng)
    if pick < 0.85:
        return imported(rng)
    raw = rng.choice([*NESTED, b"", b"ab", rng.randbytes(6)])
    rare = [
        b"C" + bytes([len(raw)]) + raw,
        b"B" + struct.pack("<I", len(raw)) + raw,
        b"P1\n",
        b"P\xff\n",
        b"\x82\xf0",
        b"\x82\xf1",
        b"\x8e" + struct.pack("<Q", len(raw)) + raw,
        b"\x96" + struct.pack("<Q", len(raw)) + raw,
        b"\x82\x07",
        b"\x83\xf0\0",
        b"\x84\x70\x11\x01\0",
        b"\x82\0",
        b"\x84\0\0\0\x80",
        b"\x80" + bytes([rng.randrange(7)]),
        b"\x95" + struct.pack("<Q", rng.randrange(40)),
        text(rng.choice(NAMES)[rng.randrange(2)], rng),
        text(rng.choice(["", "\xe9", "\ud800", "latin1", "x" * 60]), rng),
        b"X\x02\0\0\0\xff\xfe",
    ]
    return rng.choice(rare)


_STEPS = [
    "\n    num ",
    " num ",
    " txt ",
    " N ",
    " 88 ",
    " 29 ",
    " imp ",
    " imp 29 52 ",
    " imp one 85 52 ",
    " imp 29 81 put 7d put 28 txt one 75 62 ",
    "\n    imp 29 81 4e 7d txt one 73 86 62 ",
    " imp 29 7d txt one 73 92 ",
    " 28 imp items 6f ",
    " 28 items 74 ",
    "\n    5d put 28 items 65 ",
    " 7d put 28 pairs 75 ",
    " 28 pairs 64 ",
    " 7d key one 73 ",
    " 8f put 28 items 90 ",
    " 28 items 91 ",
    "\n    28 items 6c ",
    " 5d one 61 ",
    " one one 86 ",
    " one one 30 ",
    " 28 items 31 4e ",
    " one 32 86 ",
    " one put ",
    " get ",
    " one one 62 ",
    "\n    one one 52 ",
    " one 29 81 ",
    " one one 61 ",
    " one 28 items 65 ",
    " one 28 pairs 75 ",
    " os 94 system 94 93 ",
    " bytes ",
    "\n    array ",
    " nested ",
    " imp os latin 86 52\n",
]
"""What leaves exactly one more value: opcodes in hexadecimal, and pieces that `_piece` fills in."""


def _piece(word: str, rng: random.Random, depth: int) -> bytes:
    """Return the opcodes of one word of `_STEPS`."""
    if word == "one":
        return step(rng, depth + 1)
    if word == "items":
        return b"".join(step(rng, depth + 1) for _ in range(rng.randrange(5)))
    if word == "pairs":
        return b"".join(
            rng.choice([text("k", rng), number(rng)]) + step(rng, depth + 1) for _ in range(rng.randrange(4))
        )
    if word == "key":
        return step(rng, depth + 1) if rng.random() < 0.4 else text(rng.choice(["a", "name", "os"]), rng)
    if word in ("imp", "num"):
        return imported(rng) if word == "imp" else number(rng)
    if word in ("os", "system", "latin", "txt"):
        return text({"latin": "latin1", "txt": rng.choice(["system", "os", "x", ""])}.get(word, word), rng)
    if word == "put":
        return rng.choice([b"", b"\x94", b"\x94", b"q%c" % rng.randrange(8)])
    if word == "nested":
        raw = rng.choice(NESTED)
        return b"C%c%s" % (len(raw), raw)
    fixed = {
        "get": rng.choice([b"h\0", b"h\1"]),
        "bytes": b"C\x02ab",
        "array": b"\x96\x02" + bytes(7) + b"ab",
        "N": b"N",
    }
    return fixed[word] if word in fixed else bytes.fromhex(word)


def step(rng: random.Random, depth: int = 0) -> bytes:
    """Return opcodes that leave exactly one more value, so that long programs stay valid."""
    if depth > 3:
        return number(rng)
    return b"".join(_piece(word, rng, depth) for word in rng.choice(_STEPS).split())


def program(rng: random.Random) -> bytes:
    """Return one program over the opcodes, with or without header and frames, one or several in a row."""
    pick = rng.random()
    if pick < 0.25:
        body = b"".join(anything(rng) for _ in range(rng.randrange(1, 16)))
    elif pick < 0.45:
        from pickle_dense import dense, old_dense

        body = rng.choice([dense, old_dense])(rng)
    else:
        body = b"N\x94" + b"".join(step(rng) for _ in range(rng.randrange(1, 7)))
        if pick < 0.6:
            at = rng.randrange(len(body))
            body = body[:at] + anything(rng) + body[at:]
    body += b"."
    head = b"" if rng.random() < 0.25 else b"\x80%c" % rng.choice([0, 1, 2, 2, 3, 4, 4, 5])
    if rng.random() < 0.25:
        body = framed(body, rng)
    whole = head + body
    if rng.random() < 0.06:
        whole += program(rng)
    if rng.random() < 0.03:
        whole += rng.choice([b"\0", b"\n", b"N", rng.randbytes(3), b"cos\nsystem\n"])
    return whole


def framed(body: bytes, rng: random.Random) -> bytes:
    """Put frames around or into a body: right ones, and such as straddle, nest, overrun or are empty."""
    kind = rng.random()
    if kind < 0.4:
        return b"\x95" + struct.pack("<Q", len(body)) + body
    if kind < 0.6:
        cut = rng.randrange(len(body) + 1)
        return b"".join(b"\x95" + struct.pack("<Q", len(part)) + part for part in (body[:cut], body[cut:]))
    length = rng.choice([0, 1, len(body) - 1, len(body) + 1, len(body) + 9, rng.randrange(60), 1 << 40, 1 << 63])
    at = rng.choice([0, rng.randrange(len(body))])
    return body[:at] + b"\x95" + struct.pack("<Q", max(length, 0)) + body[at:]
