"""False alarms, refusals and power of `privacy.membership`, on models trained anew for every run.

    python benchmarks/privacy.py [--runs 20] [--only null|power] [--location DIR] [--check]

Null: `members` that the model never saw, so every leak that is found is a false alarm. Odd: the same with groups that
differ by themselves, which must be refused or, within the tolerance, stay under the limits of the baseline policy.
Power: models that did see them. Digits (1,797 images of scikit-learn) and German Credit (1,000 rows, fixtures/sources)
are split anew for each run; the attack has no parameter that was tuned on either. `--location`: a folder with
location30.npz, the data set of the field's papers. `--check` ends with 1 where alarms exceed their 99 % quantile.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assay.stats.auc import auc  # noqa: E402
from assay.stats.epsilon import epsilon  # noqa: E402
from assay.stats.estimate import Unresolved  # noqa: E402
from assay.stats.multiplicity import most_alarms  # noqa: E402
from assay.stats.roc import tpr_at_fpr  # noqa: E402
from assay.targets.models.sklearn_model import SklearnModel  # noqa: E402
from assay.targets.refs import Shard  # noqa: E402
from assay_detectors.privacy.membership import HALVES, _scores  # noqa: E402
from assay_detectors.privacy.pool import TEST, TRAIN, choose  # noqa: E402
from assay_detectors.privacy.work import ask_model, train_reference  # noqa: E402
from benchmarks.common import digits, german, one_thread, taken  # noqa: E402

warnings.filterwarnings("ignore", category=Warning, module="sklearn")
MAX_SHIFT = 0.1
AUC_LIMIT, EPSILON_LIMIT = 0.6, 1.0
"""Of the baseline policy."""
IO = {"classes": None, "output": "proba", "layout": None, "dtype": None, "positive": None}
Groups = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Row numbers: those the model is trained on, those called members, those called others."""


def flat() -> tuple[Any, np.ndarray]:
    x, y = digits()
    return x.reshape(len(x), -1).astype(np.float64), y


SETS: dict[str, Callable[[], tuple[Any, np.ndarray]]] = {"digits": flat, "german": german}


def models(table: bool, seed: int) -> dict[str, Any]:
    """Return estimators by name, none fitted."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    found = {
        "logistic regression": LogisticRegression(max_iter=1000),
        "decision tree": DecisionTreeClassifier(random_state=seed),
        "random forest": RandomForestClassifier(100, random_state=seed),
        "boosted trees": HistGradientBoostingClassifier(max_iter=40, early_stopping=False, random_state=seed),
        "network": MLPClassifier((64,), max_iter=150, random_state=seed),
    }
    if not table:
        return found

    def columns() -> Any:
        return make_column_transformer(
            (
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_exclude="number"),
            ),
            (StandardScaler(), make_column_selector(dtype_include="number")),
        )

    return {name: make_pipeline(columns(), estimator) for name, estimator in found.items()}


def audit(name: str, kind: str, groups: Groups, seed: int, data: tuple[Any, np.ndarray] | None = None) -> Any:
    """Train a model and attack it as the detector does; `problem` says why nothing was measured."""
    x, y = data or SETS[name]()
    estimator = kind if not isinstance(kind, str) else models(hasattr(x, "iloc"), seed)[kind]
    trained, inside, outside = groups
    estimator.fit(taken(x, trained), y[trained])
    started = time.process_time()
    ref = SimpleNamespace(shown="model", spec={})
    manifest: dict[str, Any] = {"io": IO, "data": {"train": "t", "test": "o", "trusted": None}}
    files = {
        key: SimpleNamespace(x=taken(x, rows), y=y[rows], rows=len(rows))
        for key, rows in ((TRAIN, inside), (TEST, outside))
    }
    opened: Any = SimpleNamespace(
        manifest=manifest, data=files.__getitem__, shown=str, ref=lambda _: ref,
        model=lambda _: SklearnModel(estimator, ref, manifest),  # type: ignore[arg-type]
    )  # fmt: skip
    chosen = choose(opened, Shard(TRAIN), seed=seed, max_rows=4000, max_shift=MAX_SHIFT)
    if chosen["problem"]:
        return SimpleNamespace(problem=chosen["problem"], cpu=time.process_time() - started)
    told = ask_model(opened, Shard("model"), rows=chosen["rows"])
    fit = {"loss": told["loss"], "accuracy": told["accuracy"], "epochs": 1, "learning_rate": 1e-3, "batch": 64}
    results = [
        train_reference(
            opened, Shard("model", extra={"half": h}), rows=chosen["rows"], kind=told["kind"], seed=seed, **fit
        )
        for h in range(HALVES)
    ]
    scores, member = _scores(told, results), told["member"]
    rates = {fpr: tpr_at_fpr(scores[member], scores[~member], fpr) for fpr in (0.01, 0.001)}
    right = told["right"]
    return SimpleNamespace(
        problem=None, auc=auc(scores[member], scores[~member]), epsilon=epsilon(scores[member], scores[~member]),
        tpr=rates, gap=right[member].mean() - right[~member].mean(), cpu=time.process_time() - started,
    )  # fmt: skip


def split(name: str, seed: int, leak: bool) -> Groups:
    """Return disjoint groups, or, with a leak, members that are the rows the model was trained on."""
    n = len(SETS[name]()[1])
    order = np.random.default_rng([seed, 5]).permutation(n)
    third = n // 3
    trained, inside, outside = order[:third], order[third : 2 * third], order[2 * third :]
    return (inside, inside, outside) if leak else (trained, inside, outside)


def null_rows(runs: int) -> Iterator[tuple[str, bool]]:
    for name in SETS:
        for kind in models(False, 0):
            found = [audit(name, kind, split(name, seed, leak=False), seed) for seed in range(runs)]
            yield _null_row(name, kind, found)


def _null_row(name: str, kind: str, found: list[Any]) -> tuple[str, bool]:
    done = [f for f in found if not f.problem]
    above = sum(f.auc.interval.low > 0.5 for f in done)
    proven = sum(f.epsilon.interval.low > 0 for f in done)
    sure = sum(
        f.tpr[0.01].interval.low > 0.01 for f in done if not isinstance(f.tpr[0.01], Unresolved)
    )  # may be refused
    fails = sum(f.auc.interval.low > AUC_LIMIT or f.epsilon.interval.low > EPSILON_LIMIT for f in done)
    n = max(1, len(found))
    fine = above <= most_alarms(n, 0.025) and proven <= most_alarms(n, 0.05) and fails == 0
    mean = np.mean([f.auc.value for f in done]) if done else float("nan")
    return (
        f"| {name} | {kind} | {n} | {len(found) - len(done)} | {mean:.3f} | {above / n:.3f} | {proven / n:.3f} "
        f"| {sure / n:.3f} | {fails} |",
        fine,
    )


def by_order(name: str, column: str, mix: float) -> Callable[[int], Groups]:
    """Members are those with the lower values, but for a share `mix` that is shared out at random."""

    def groups(seed: int) -> Groups:
        trained, inside, outside = split(name, seed, leak=False)
        rng = np.random.default_rng([seed, 6])
        both = rng.permutation(np.concatenate([inside, outside]))
        value = SETS[name]()[0][column].to_numpy()[both]
        key = np.where(rng.random(len(both)) < mix, rng.permutation(value), value)
        order = both[np.argsort(key, kind="stable")]
        return trained, order[: len(inside)], order[len(inside) :]

    return groups


def by_label(name: str, share: float) -> Callable[[int], Groups]:
    """A share of the others of one label are left out."""

    def groups(seed: int) -> Groups:
        trained, inside, outside = split(name, seed, leak=False)
        y = SETS[name]()[1]
        rng = np.random.default_rng([seed, 7])
        return trained, inside, outside[(y[outside] != 0) | (rng.random(len(outside)) > share)]

    return groups


ODD: list[tuple[str, str, Callable[[int], Groups]]] = [
    ("german", "members are the younger half", by_order("german", "age", 0.0)),
    ("german", "members younger, half of them", by_order("german", "age", 0.5)),
    ("german", "members a little younger", by_order("german", "age", 0.9)),
    ("german", "half of the bad debtors missing among others", by_label("german", 0.5)),
    ("digits", "no zeros among others", by_label("digits", 1.0)),
]


def odd_rows(runs: int) -> Iterator[tuple[str, bool]]:
    for name, words, groups in ODD:
        found = [
            audit(name, kind, groups(seed), seed)
            for seed in range(runs)
            for kind in ("random forest", "logistic regression")
        ]
        done = [f for f in found if not f.problem]
        fails = sum(f.auc.interval.low > AUC_LIMIT or f.epsilon.interval.low > EPSILON_LIMIT for f in done)
        mean = f"{np.mean([f.auc.value for f in done]):.3f}" if done else "–"
        row = f"| {name} | {words} | {len(found)} | {len(found) - len(done)} | {mean} | {fails} |"
        yield row, fails <= most_alarms(len(found), 0.01)


def power_rows(runs: int) -> Iterator[str]:
    for name in SETS:
        for kind in models(False, 0):
            found = [audit(name, kind, split(name, seed, leak=True), 1000 + seed) for seed in range(runs)]
            yield _power_row(name, kind, [f for f in found if not f.problem])


def _power_row(name: str, kind: str, found: list[Any]) -> str:
    def mean(values: list[float]) -> str:
        return f"{np.mean(values):.3f}" if values else "–"

    rates = []
    for fpr in (0.01, 0.001):
        shown = [f.tpr[fpr] for f in found]
        refused = [r for r in shown if isinstance(r, Unresolved)]
        rates.append(f"refused, needs {refused[0].needed:,}" if refused else mean([r.value for r in shown]))
    n = max(1, len(found))
    return (
        f"| {name} | {kind} | {len(found)} | {mean([f.gap for f in found])} | {mean([f.auc.value for f in found])} "
        f"| {sum(f.auc.interval.low > 0.5 for f in found) / n:.2f} | {mean([f.epsilon.interval.low for f in found])} "
        f"| {sum(f.auc.interval.low > AUC_LIMIT or f.epsilon.interval.low > EPSILON_LIMIT for f in found) / n:.2f} "
        f"| {rates[0]} | {rates[1]} | {mean([f.cpu for f in found])} |"
    )


def location(folder: Path, runs: int) -> None:
    """Location-30: 446 binary features, 30 classes; a network of 128 units on half of the rows."""
    from sklearn.neural_network import MLPClassifier

    with np.load(folder / "location30.npz") as data:
        x = np.unpackbits(data["X"], axis=1)[:, : int(data["n_features"])].astype(np.float64)
        y = data["y"].astype(np.int64)
    found = []
    for seed in range(runs):
        order = np.random.default_rng([seed, 9]).permutation(len(y))
        inside, outside = order[: len(y) // 2], order[len(y) // 2 :]
        network = MLPClassifier((128,), max_iter=60, learning_rate_init=1e-3, random_state=seed)
        found.append(audit("location", network, (inside, inside, outside), seed, (x, y)))  # type: ignore[arg-type]
    print(_power_row("Location-30", "network of 128", found), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--only", choices=("null", "power"))
    parser.add_argument("--location", type=Path)
    parser.add_argument("--check", action="store_true")
    one_thread()
    asked = parser.parse_args()
    started, bad = time.process_time(), []
    if asked.only != "power":
        print("| data | model, which saw none of them | runs | refused | mean AUC | AUC low > .5 | epsilon low > 0 "
              "| TPR@1 % low > .01 | above a limit of the baseline |\n|" + "---|" * 9)  # fmt: skip
        for row, fine in null_rows(asked.runs):
            print(row, flush=True)
            bad += [] if fine else [row]
        print("\n| data | groups that differ by themselves | runs | refused | mean AUC of the others "
              "| above a limit of the baseline |\n|" + "---|" * 6)  # fmt: skip
        for row, fine in odd_rows(max(1, asked.runs // 2)):
            print(row, flush=True)
            bad += [] if fine else [row]
    if asked.only != "null":
        print("\n| data | model, which saw the members | runs | gap of accuracy | AUC | AUC low > .5 | epsilon low "
              "| above a limit of the baseline | TPR at 1 % | TPR at 0.1 % | CPU s |\n|" + "---|" * 11)  # fmt: skip
        for row in power_rows(max(1, asked.runs // 2)):
            print(row, flush=True)
        if asked.location:
            location(asked.location, max(1, asked.runs // 5))
    print(f"\n{time.process_time() - started:.0f} CPU seconds")
    for row in bad:
        print(f"too many false alarms: {row}", file=sys.stderr)
    return 1 if bad and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
