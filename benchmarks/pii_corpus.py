"""A labelled log from a seed: made-up systems, look-alikes, planted personal data and secrets, plain and encoded.

    python benchmarks/pii_corpus.py --seed 1 --lines 20000 --systems dev --out ml.log

writes ml.log, and ml.log.labels.jsonl with one JSON object for each line that has values: `line` (from 0), `spans`
(`[start, end, entity, chain]`: columns in characters; `chain` is `plain`, or how the value was encoded, from the
outside in), `system`, `shape`. Nothing in it is copied from a published log, and no rule of the detector made it.
The same seed gives the same bytes. Rules may be tuned on seed 1 and the systems `dev`; figures are reported on seeds
from 101 on, with the systems `heldout` apart: windows-event, android, gcp, azure, rust, node, torchserve, mta,
haproxy, protobuf, mongodb, ray, and the shapes that only they have (toml, graphql, ruby, go-map, ...).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

sys.path.append(str(Path(__file__).parent))

import pii_shapes
import pii_systems
from pii_fill import LOOK_ALIKES, filled
from pii_marks import Label, json_escaped, read
from pii_plants import chosen
from pii_systems import System

SYSTEMS = {"dev": pii_systems.DEV, "heldout": pii_systems.HELD_OUT, "all": pii_systems.DEV + pii_systems.HELD_OUT}
SHAPES = {"dev": pii_shapes.DEV, "heldout": pii_shapes.HELD_OUT, "all": pii_shapes.DEV + pii_shapes.HELD_OUT}


class Entry(NamedTuple):
    """One line and its truth."""

    text: str
    labels: list[Label]
    system: str
    shape: str
    """Of the planted value; `clean` or `look-alike` where there is none."""


class Mix(NamedTuple):
    """Shares of the lines."""

    plain: float = 0.30
    encoded: float = 0.12
    look_alike: float = 0.23


QUALITY = Mix()
SPEED = Mix(plain=0.04, encoded=0.01, look_alike=0.25)
"""About as much as busy logs hold."""


def corpus(seed: int, lines: int, systems: str = "dev", mix: Mix = QUALITY) -> Iterator[Entry]:
    """Yield the lines; each hangs on the seed and its number only."""
    for number in range(lines):
        yield _entry(Random(f"{seed}/{systems}/{number}"), systems, mix)


def _entry(rng: Random, systems: str, mix: Mix) -> Entry:
    system = rng.choice(SYSTEMS[systems])
    share = rng.random()
    if share < mix.plain:
        message, shape = pii_shapes.in_shape(chosen(rng), rng, SHAPES[systems])
    elif share < mix.plain + mix.encoded:
        message, shape = pii_shapes.encoded(chosen(rng), rng)
    elif share < mix.plain + mix.encoded + mix.look_alike:
        message, shape = filled(rng.choice(LOOK_ALIKES), rng), "look-alike"
    else:
        message, shape = filled(rng.choice(system.messages), rng), "clean"
    text, labels = read(_framed(system, message, rng))
    return Entry(text, labels, system.name, shape)


def _framed(system: System, message: str, rng: Random) -> str:
    start, _, end = system.frame.partition("«MSG»")
    return filled(start, rng) + (json_escaped(message) if system.json else message) + filled(end, rng)


def write(path: Path, entries: Iterator[Entry]) -> None:
    """Write the log, and its labels beside it."""
    labels = path.with_name(path.name + ".labels.jsonl")
    with path.open("w", encoding="utf-8", newline="\n") as log, labels.open("w", encoding="utf-8") as truth:
        for number, entry in enumerate(entries):
            log.write(entry.text + "\n")
            row = {"line": number, "spans": entry.labels, "system": entry.system, "shape": entry.shape}
            truth.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--systems", choices=sorted(SYSTEMS), default="dev")
    parser.add_argument("--speed", action="store_true", help="few values, as logs have them, for measuring speed")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    write(given.out, corpus(given.seed, given.lines, given.systems, SPEED if given.speed else QUALITY))


if __name__ == "__main__":
    main()
