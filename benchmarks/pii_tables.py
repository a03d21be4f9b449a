"""`pii.dataset`: false alarms on honest tables, and columns of every kind planted at several shares.

    python benchmarks/pii_tables.py [--seeds 10] [--first 301] [--rows 2000]

Honest: tables that scikit-learn carries, German Credit, and tables of 40 columns that look like personal data. Planted: one column
a kind among honest ones, the other cells words; its usual name, and a name that says nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from common import german, one_thread  # noqa: E402

one_thread()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from pii_values import PLANTS, WORDS, look_alikes  # noqa: E402

from assay.model.manifest import Manifest  # noqa: E402
from assay.targets.base import Target  # noqa: E402
from assay.targets.refs import InputRef  # noqa: E402
from assay.testing.direct import DirectRun, run_detector  # noqa: E402
from assay_detectors.pii.dataset import DatasetDetector  # noqa: E402
from assay_detectors.pii.dataset_spec import COLUMNS, SHARE, VALUES  # noqa: E402
from assay_detectors.pii.entities import BY_NAME  # noqa: E402

SHARES = (0.001, 0.01, 0.1, 0.3, 1.0)
TIMED = 1_000_000


def scan(frame: pd.DataFrame, folder: Path, seed: int = 0, **options: Any) -> DirectRun:
    path = folder / "t.csv"
    frame.to_csv(path, index=False)
    ref = InputRef("data.train", "data", str(path), "t.csv")
    target = Target(Manifest(version=1, name="t"), folder, (ref,))
    return run_detector(DatasetDetector(), target, seed=seed, **options)


def bundled() -> Iterator[tuple[str, pd.DataFrame]]:
    from sklearn import datasets

    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits", "linnerud"):
        data = getattr(datasets, f"load_{name}")(as_frame=True)
        yield name, data.frame if data.frame is not None else data.data
    yield "german credit", german()[0]


def alarms(run: DirectRun) -> tuple[int, int]:
    """Return columns called personal, and values of tier A."""
    total: Counter[str] = Counter()
    for m in run.measurements:
        total[m.metric] += int(m.value)
    return total[COLUMNS], total[VALUES]


def planted(entity: str, share: float, rows: int, seed: int, named: bool) -> tuple[pd.DataFrame, str, int]:
    """Return a table, its planted column, and how many values (distinct ones, but for tier A) stand in it."""
    rng = np.random.default_rng([seed, sorted(PLANTS).index(entity), int(share * 1000)])
    name, make = PLANTS[entity]
    name = name if named else "field_a"
    count = max(1, round(share * rows))
    cells = [" ".join(WORDS[i] for i in rng.integers(0, 16, 4)) for _ in range(rows)]
    places = rng.permutation(rows)[:count]
    for row in places:
        cells[row] = make(rng)
    if BY_NAME[entity].tier != "A":
        count = len({cells[row] for row in places})
    return pd.DataFrame({"amount": rng.normal(size=rows), name: cells, "batch": rng.integers(0, 9, rows)}), name, count


def power(seeds: range, rows: int, folder: Path) -> list[str]:
    lines = [
        "| kind | tier | values found, named | without a name | "
        + " | ".join(f"called at {share:.1%}" for share in SHARES)
        + " |",
        "|---|---|--:|--:|" + "--:|" * len(SHARES),
    ]
    for entity in PLANTS:
        hits: dict[bool, list[int]] = {True: [0, 0], False: [0, 0]}
        called: dict[float, int] = defaultdict(int)
        for named in (True, False):
            for share in SHARES:
                for seed in seeds:
                    frame, name, count = planted(entity, share, rows, seed, named)
                    run = scan(frame, folder, seed)
                    found = _found(run, entity, name)
                    hits[named][0] += min(found, count)
                    hits[named][1] += count
                    if named:
                        called[share] += any(
                            m.metric == COLUMNS and m.labels["entity"] == entity and m.value for m in run.measurements
                        )
        cells = [f"{k / n:.3f}" for k, n in hits.values()] + [f"{called[share]}/{len(seeds)}" for share in SHARES]
        lines.append(f"| {entity} | {BY_NAME[entity].tier} | " + " | ".join(cells) + " |")
    return lines


def _found(run: DirectRun, entity: str, column: str) -> int:
    """Return values of tier A as counted by row, of others as estimated (all distinct values were looked at)."""
    metric = VALUES if BY_NAME[entity].tier == "A" else SHARE
    for m in run.measurements:
        if m.metric == metric and m.labels["entity"] == entity and m.labels["column"] == column:
            return int(m.value) if metric == VALUES else round(m.value * m.n)
    return 0


def honest(seeds: range, rows: int, folder: Path) -> list[str]:
    lines = ["| table | columns | rows | called personal | tier A |", "|---|--:|--:|--:|--:|"]
    for name, frame in bundled():
        called, values = alarms(scan(frame, folder))
        lines.append(f"| {name} | {frame.shape[1]} | {len(frame)} | {called} | {values} |")
    total = [0, 0]
    width = 0
    for seed in seeds:
        frame = pd.DataFrame(look_alikes(np.random.default_rng(seed), rows))
        width = frame.shape[1]
        run = scan(frame, folder, seed)
        called, values = alarms(run)
        total[0] += called
        total[1] += values
        for m in run.measurements if called or values else ():
            if m.metric in (COLUMNS, VALUES) and m.value:
                print(f"seed {seed}: {m.metric} {m.labels} {m.value}", file=sys.stderr)
    lines.append(f"| look-alikes, {len(seeds)} seeds | {width} each | {rows} each | {total[0]} | {total[1]} |")
    return lines


def speed(folder: Path) -> list[str]:
    """Time a million rows, and ten thousand columns."""
    rng = np.random.default_rng(1)
    pool = {name: [PLANTS[name][1](rng) for _ in range(20_000)] for name in ("EMAIL_ADDRESS", "PHONE_NUMBER")}
    index = rng.integers(0, 20_000, TIMED)
    tables = {
        "1,000,000 rows: numbers, ids, words, 1 % e-mail": pd.DataFrame(
            {
                "x": rng.normal(size=TIMED),
                "id": np.arange(TIMED) + 10**9,
                "text": [pool["EMAIL_ADDRESS"][i] if i % 100 == 0 else f"word {i} {WORDS[i % 16]}" for i in index],
            }
        ),
        "1,000,000 rows: e-mail and phone in every row": pd.DataFrame(
            {"email": [pool["EMAIL_ADDRESS"][i] for i in index], "phone": [pool["PHONE_NUMBER"][i] for i in index]}
        ),
        "1,000,000 distinct words": pd.DataFrame({"text": [f"word {i} is here" for i in range(TIMED)]}),
        "10,000 columns of 20 rows": pd.DataFrame(rng.integers(0, 10**9, (20, 10_000)), columns=[f"c{i}" for i in range(10_000)]),
    }  # fmt: skip
    lines = ["| table | MB | CPU s | MB per CPU s |", "|---|--:|--:|--:|"]
    for name, frame in tables.items():
        frame.to_csv(folder / "t.csv", index=False)
        size = (folder / "t.csv").stat().st_size / 1e6
        ref = InputRef("data.train", "data", str(folder / "t.csv"), "t.csv")
        start = time.process_time()
        run_detector(DatasetDetector(), Target(Manifest(version=1, name="t"), folder, (ref,)))
        spent = time.process_time() - start
        lines.append(f"| {name} | {size:.1f} | {spent:.1f} | {size / spent:.1f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=301)
    parser.add_argument("--rows", type=int, default=2000)
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print("## Honest tables\n\n" + "\n".join(honest(seeds, chosen.rows, folder)), flush=True)
        print(
            f"\n## Planted columns of {chosen.rows} rows\n\n" + "\n".join(power(seeds, chosen.rows, folder)), flush=True
        )
        print("\n## Time, reading included\n\n" + "\n".join(speed(folder)))


if __name__ == "__main__":
    main()
