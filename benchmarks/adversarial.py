"""What `adversarial.whitebox` says of models whose robustness is known, of models that hide their gradients, and at
the limit of a policy.

    python benchmarks/adversarial.py [--runs 20] [--mnist DIR] [--no-art] [--check]

Exactness: linear models against all corners of their box. Masking: the digit reader of the fixtures behind ten
defences that only hide its gradients, ART's PGD beside us. Decisions: networks whose robust accuracy lies at known
distance from the limit, rows drawn by the sequential rule. `--mnist` is a folder with public MNIST networks (npz) and
their test images; their authors' numbers stand beside ours.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assay.stats.sequences import ProportionSequence  # noqa: E402
from assay_detectors.adversarial.linear import slopes, worst  # noqa: E402
from assay_detectors.adversarial.pgd import Effort, Network, pgd  # noqa: E402
from assay_detectors.adversarial.threat import Space, Threat, space  # noqa: E402
from assay_detectors.adversarial.whitebox import BLOCK, FLAT  # noqa: E402
from benchmarks.common import one_thread  # noqa: E402

EFFORT = {"steps": 40, "restarts": 2, "noise": 20}
PLAIN = {"columns": {}, "inputs": {"bounds": (0.0, 1.0)}}


class Torch:
    """A torch module as the adapter shows it."""

    def __init__(self, module: Any, output: str = "logits") -> None:
        import torch

        self.module, self.output, self.device = module.eval(), output, torch.device("cpu")

    def to_input(self, x: Any) -> Any:
        import torch

        return torch.from_numpy(np.array(x, dtype=np.float32))[:, None]

    def logits(self, inputs: Any, module: Any = None) -> Any:
        from assay.targets.models.torch_model import TorchModel

        return TorchModel.logits(self, inputs, module)  # type: ignore[arg-type]


def attack(model: Torch, x: np.ndarray, y: np.ndarray, eps: float, seed: int, norm: str = "linf") -> SimpleNamespace:
    """Attack these rows as the detector does; return counts."""
    import torch

    every = np.arange(len(y))
    found = space(x, every, PLAIN, Threat(norm, eps, "raw"), "rows")
    network = Network(model, found)
    with torch.no_grad():
        twice = [network.logits(network.inputs(every, found.values)).numpy() for _ in range(2)]
    right = np.flatnonzero(twice[0].argmax(axis=1) == y)
    part = _subset(found, right)
    made = pgd(Network(model, part), part, y[right], Effort(**EFFORT, seed=seed))
    flags = []
    if made.flat > FLAT * max(1, len(right)):
        flags.append("no gradient")
    if made.by_noise > made.by_gradient:
        flags.append("noise beats gradients")
    if not np.array_equal(*twice):
        flags.append("not deterministic")
    return SimpleNamespace(
        clean=len(right) / len(y), robust=int((~made.broken).sum()), n=len(y), flags=flags, queries=made.queries
    )


def _subset(found: Space, rows: np.ndarray) -> Space:
    from dataclasses import replace

    return replace(
        found, form=found.form[rows], values=found.values[rows], low=found.low[rows], high=found.high[rows],
        inside=found.inside[rows],
    )  # fmt: skip


def exactness(runs: int) -> bool:
    """Random linear models: the closed form against every corner of the box."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    rows = wrong = 0
    started = time.process_time()
    spent = 0.0
    for _ in range(50 * runs):
        classes, width = int(rng.integers(2, 5)), int(rng.integers(2, 6))
        x, y = rng.uniform(0, 1, (20, width)), rng.integers(0, classes, 20)
        y[:classes] = range(classes)
        estimator = LogisticRegression(C=10.0).fit(x, y)
        model = SimpleNamespace(decisions=estimator.decision_function)
        found = space(x, np.arange(20), PLAIN, Threat("linf", float(rng.uniform(0.02, 0.4)), "raw"), "t")
        before = time.process_time()
        least = worst(model, found, y, slopes(model, found, 0))
        spent += time.process_time() - before
        kept = np.ones(20, bool)
        for corner in itertools.product((0, 1), repeat=width):
            choice = np.where(np.array(corner, bool), found.high, found.low)
            raw = estimator.decision_function(choice)
            kept &= ((raw > 0).astype(int) if raw.ndim == 1 else raw.argmax(axis=1)) == y
        kept &= estimator.predict(x) == y
        rows += 20
        wrong += int(((least.margin > 0) & (estimator.predict(x) == y) != kept).sum())
    print(f"Linear models: {50 * runs} random ones, {rows} rows; closed form and all corners disagree on {wrong} rows; "
          f"{1e6 * spent / rows:.0f} us a row (all corners: {1e6 * (time.process_time() - started - spent) / rows:.0f})\n")  # fmt: skip
    return wrong == 0


def reader() -> tuple[Any, np.ndarray, np.ndarray]:
    """Return the digit reader of the fixtures and its test images."""
    from safetensors.torch import load_file

    from fixtures.recipes.compromised import load_net

    folder = ROOT / "fixtures" / "compromised"
    module = load_net(folder).build()
    module.load_state_dict(load_file(folder / "model.safetensors"))
    with np.load(folder / "test.npz") as data:
        return module, data["x"], data["y"]


def defences(module: Any) -> dict[str, tuple[Torch, bool]]:
    """Return (model, whether it may count as measured): defences that only hide gradients."""
    import torch

    class Wrapped(torch.nn.Module):
        def __init__(self, before: Any = None, after: Any = None) -> None:
            super().__init__()
            self.inner, self.before, self.after = module, before, after

        def forward(self, x: Any) -> Any:
            x = x if self.before is None else self.before(x)
            z = self.inner(x)
            return z if self.after is None else self.after(z)

    one_hot = torch.nn.functional.one_hot
    return {
        "none": (Torch(module), True),
        "logits x 100": (Torch(Wrapped(after=lambda z: z * 100)), True),
        "logits x 1000": (Torch(Wrapped(after=lambda z: z * 1000)), True),
        "softmax(10 z), as probabilities": (Torch(Wrapped(after=lambda z: torch.softmax(10 * z, 1)), "proba"), True),
        "softmax(z / 100), as probabilities": (
            Torch(Wrapped(after=lambda z: torch.softmax(z / 100, 1)), "proba"),
            True,
        ),
        "input rounded to 8 levels": (Torch(Wrapped(before=lambda x: torch.round(x * 8) / 8)), False),
        "input detached": (Torch(Wrapped(before=lambda x: x.detach())), False),
        "labels only": (Torch(Wrapped(after=lambda z: one_hot(z.argmax(1), 10).float())), False),
        "sign of the logits": (
            Torch(Wrapped(after=lambda z: torch.sign(z - z.max(1, keepdim=True).values + 1e-6))),
            False,
        ),
        "noise on the input": (Torch(Wrapped(before=lambda x: x + 0.05 * torch.randn_like(x))), False),
        "noise on the logits": (Torch(Wrapped(after=lambda z: z + torch.randn_like(z))), False),
        "dropout left on": (Torch(Wrapped(before=lambda x: torch.nn.functional.dropout(x, 0.05, True))), False),
    }


def art_pgd(model: Torch, x: np.ndarray, y: np.ndarray, eps: float) -> float:
    """Return the robust accuracy that ART's PGD reports, 40 steps, as its users call it."""
    import torch
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    wrapped = PyTorchClassifier(
        model=model.module, loss=torch.nn.CrossEntropyLoss(), input_shape=(1, 8, 8), nb_classes=10, clip_values=(0, 1),
        device_type="cpu",
    )  # fmt: skip
    inputs = x[:, None].astype(np.float32)
    np.random.seed(0)  # ART draws from numpy's global state, and has no seed of its own
    made = ProjectedGradientDescentPyTorch(
        wrapped, norm=np.inf, eps=eps, eps_step=eps / 10, max_iter=40, num_random_init=1, verbose=False
    ).generate(x=inputs, y=y)
    return float((wrapped.predict(made).argmax(axis=1) == y).mean())


def _art_says(model: Torch, x: np.ndarray, y: np.ndarray, eps: float) -> str:
    try:
        return f"{art_pgd(model, x, y, eps):.2f}"
    except (ValueError, RuntimeError) as error:
        return f"stops: {str(error).splitlines()[0][:40]}"


def masking(with_art: bool) -> bool:
    """The digit reader, robust accuracy 0.01 at eps 0.15, behind defences that leave it as it is."""
    module, x, y = reader()
    x, y, eps = x[:200], y[:200].astype(np.intp), 0.15
    fine = True
    print("| defence | ART PGD-40 says | Assay | flags | can pass a limit of 0.5 |\n|---|---|---|---|---|")
    for name, (model, honest) in defences(module).items():
        found = attack(model, x, y, eps, 1)
        share, passes = found.robust / found.n, found.robust / found.n >= 0.5 and not found.flags
        art = _art_says(model, x, y, eps) if with_art else "–"
        print(
            f"| {name} | {art} | {share:.2f} | {', '.join(found.flags) or 'none'} | {'yes' if passes else 'no'} |",
            flush=True,
        )
        fine = fine and not passes and (bool(found.flags) or honest)
    print()
    return fine


def decisions(runs: int) -> None:
    """How many rows until the limit is decided, on the reader at several budgets: real attacks, redrawn rows."""
    module, x, y = reader()
    model, level = Torch(module), 1 - 0.05 / 6
    print(
        "| eps | robust accuracy, all rows | rows until decided, limit 0.5 | decided wrong | open | queries |\n|---|---|---|---|---|---|"
    )
    for eps in (0.01, 0.03, 0.05, 0.06, 0.08, 0.1):
        whole = attack(model, x, y.astype(np.intp), eps, 0)
        truth = whole.robust / whole.n
        rng = np.random.default_rng(5)
        rows, wrong, left, asked = [], 0, 0, []
        for run in range(runs):
            order = rng.permutation(len(y))
            sequence, queries = ProportionSequence(), 0
            for start in range(0, len(y), BLOCK):
                part = order[start : start + BLOCK]
                found = attack(model, x[part], y[part].astype(np.intp), eps, run)
                sequence, queries = sequence.after(found.robust, found.n), queries + found.queries
                interval = sequence.interval(level)
                if interval.low > 0.5 or interval.high < 0.5:
                    break
            decided = interval.low > 0.5 or interval.high < 0.5
            wrong += decided and (interval.low > 0.5) != (truth > 0.5)
            left += not decided
            rows.append(sequence.n)
            asked.append(queries)
        print(
            f"| {eps} | {truth:.3f} | {np.mean(rows):.0f} | {wrong} of {runs} | {left} | {np.mean(asked):,.0f} |",
            flush=True,
        )
    print()


MNIST = (
    ("mnist_cnn_wong_kolter_eps0.1.npz", 0.1, "robust training (Wong and Kolter): PGD error 4.1 %, certified 5.8 %"),
    ("mnist_cnn_fast_adversarial_pgd_eps0.3.npz", 0.3, "PGD training; measured earlier: PGD-40 90.8 %"),
    ("mnist_cnn_fast_adversarial_fgsm_eps0.3.npz", 0.3, "FGSM training; measured earlier: PGD-40 90.7 %"),
    ("mnist_cnn_wong_kolter_eps0.1.npz", 0.3, "beyond its budget: measured earlier 0 %"),
)


def mnist(folder: Path) -> None:
    """Public networks on the first 500 MNIST test images."""
    import torch

    with np.load(folder / "mnist_test_10k.npz") as data:
        names = data.files
        x, y = data[names[0]][:500] / 255.0, data[names[1]][:500].astype(np.intp)
    print("| network | eps | accuracy | robust accuracy | said of it | CPU s |\n|---|---|---|---|---|---|")
    for file, eps, said in MNIST:
        c, f, n = torch.nn.Conv2d, torch.nn.Linear, torch.nn
        module = n.Sequential(
            c(1, 16, 4, 2, 1), n.ReLU(), c(16, 32, 4, 2, 1), n.ReLU(), n.Flatten(), f(1568, 100), n.ReLU(), f(100, 10)
        )
        with np.load(folder / file) as weights:
            values = [torch.from_numpy(weights[name]) for name in weights.files]
        module.load_state_dict(dict(zip(module.state_dict(), values, strict=True)))
        started = time.process_time()
        found = attack(Torch(module), x, y, eps, 0)
        spent = time.process_time() - started
        print(
            f"| {file[6:-4]} | {eps} | {found.clean:.3f} | {found.robust / found.n:.3f} | {said} | {spent:.0f} |",
            flush=True,
        )
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--no-art", action="store_true")
    parser.add_argument("--check", action="store_true")
    one_thread()
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    started = time.process_time()
    fine = exactness(asked.runs)
    fine = masking(not asked.no_art) and fine
    decisions(asked.runs)
    if asked.mnist:
        mnist(asked.mnist)
    print(f"{time.process_time() - started:.0f} CPU seconds")
    return 0 if fine or not asked.check else 1


if __name__ == "__main__":
    sys.exit(main())
