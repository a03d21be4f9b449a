"""Projected gradient descent on a torch network, and what tells that its gradients mislead.

Madry et al. (2018), with random starts; every iterate is tried, rows that are broken are let go. Restarts take turns
between the cross-entropy and a margin that no scaling of the logits can flatten (Croce and Hein 2020). A number of
random corners of the same budget is tried first: where noise does better than gradients, gradients are masked
(Athalye, Carlini and Wagner 2018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay_detectors.adversarial.threat import Space

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Effort:
    """How hard is tried."""

    steps: int
    restarts: int
    noise: int
    """Random corners that are tried for each row."""
    seed: int


@dataclass
class Attack:
    """What came of it; rows by their place in the space, which holds rows that the model gets right."""

    broken: NDArray[np.bool_]
    """Rows that some input within the budget turns, shape (n,)."""
    found: Floats
    """That input, as the numbers that may move; the row itself where there is none, shape (n, d)."""
    answers: NDArray[np.int64]
    """Class that the model gives it, shape (n,)."""
    by_noise: int = 0
    """Rows that random corners alone turn."""
    by_gradient: int = 0
    """Rows that gradients alone turn."""
    flat: int = 0
    """Rows on which even the margin has no gradient at all."""
    queries: int = 0


Source = Callable[["Network", "Space", Any, Any, Effort, Attack], Any]
"""Another attack: takes network, space, labels, rows, effort and what was found; returns the rows that it turned."""


class Network:
    """A torch model as gradients see it: numbers that may move in, logits out."""

    def __init__(self, model: Any, found: Space) -> None:
        self._model, self._space = model, found

    @property
    def device(self) -> Any:
        """Return where the model computes."""
        return self._model.device

    def as_module(self) -> Any:
        """Return a torch module that gives logits, for attacks that want one."""
        import torch

        logits = self.logits

        class Logits(torch.nn.Module):  # type: ignore[misc]
            """Forward to `Network.logits`."""

            def forward(self, inputs: Any) -> Any:
                """Return logits."""
                return logits(inputs)

        return Logits()

    def inputs(self, rows: NDArray[np.intp], values: Floats) -> Any:
        """Return these rows as the tensor that the network eats."""
        return self._model.to_input(self._space.rebuilt(rows, values))

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Return for each number that may move its place in the flattened tensor: axes may lie otherwise there.

        Found by sending numbered places the way that rows go.
        """
        import numpy as np

        form = self._space.form
        if self._space.names:
            columns = [str(name) for name in form.columns]
            sent: Any = form.iloc[:1].copy()
            for index, name in enumerate(form.columns):
                sent[name] = [float(index)]
            wanted = [columns.index(name) for name in self._space.names]
        else:
            sent = np.arange(self._space.width, dtype=np.float32).reshape((1, *form.shape[1:]))
            wanted = list(range(self._space.width))
        arrived = self._model.to_input(sent).cpu().numpy().reshape(-1)
        return np.asarray(np.argsort(arrived, kind="stable")[wanted], dtype=np.intp)

    def logits(self, inputs: Any) -> Any:
        """Return logits, shape (n, classes)."""
        return self._model.logits(inputs)


def pgd(
    network: Network, found: Space, labels: NDArray[np.intp], effort: Effort, source: Source | None = None
) -> Attack:
    """Attack every row; return which are broken, by what.

    Args:
        network: the model.
        found: rows that the model gets right, and the budget.
        labels: their classes, as the model numbers its outputs, shape (n,).
        effort: how hard to try.
        source: another attack, tried before the own one.
    """
    import numpy as np

    n = len(labels)
    attack = Attack(np.zeros(n, np.bool_), found.values.copy(), np.asarray(labels, np.int64).copy())
    rng = np.random.default_rng(effort.seed)
    noisy = _noise(network, found, labels, effort, rng, attack)
    turned = np.zeros(n, np.bool_)
    if source is not None:
        turned[source(network, found, labels, np.arange(n), effort, attack)] = True
    for restart in range(effort.restarts):
        rows = np.flatnonzero(~turned)
        if not len(rows):
            break
        turned[_descend(network, found, labels, rows, restart, effort, rng, attack)] = True
    attack.by_noise, attack.by_gradient = int(noisy.sum()), int(turned.sum())
    return attack


def random_starts(found: Space, rows: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """Return a random point within the budget for each row."""
    import numpy as np

    start = rng.uniform(found.low[rows], found.high[rows])
    return project(found, rows, np.where(np.isnan(found.values[rows]), found.values[rows], start))


def project(found: Space, rows: NDArray[np.intp], values: Floats) -> Floats:
    """Return the values moved back into the budget and the bounds."""
    import numpy as np

    values = np.clip(values, found.low[rows], found.high[rows])
    if found.norm == "l2":
        scale = np.where(found.scale > 0, found.scale, 1.0)
        step = np.nan_to_num((values - found.values[rows]) / scale)
        length = np.linalg.norm(step, axis=1, keepdims=True)
        step = step * np.minimum(1.0, found.eps / np.maximum(length, 1e-300))
        values = np.where(np.isnan(found.values[rows]), found.values[rows], found.values[rows] + step * scale)
    return np.asarray(values)


def within(found: Space, rows: NDArray[np.intp], values: Floats) -> NDArray[np.bool_]:
    """Say of each row whether the values keep to budget and bounds, but for rounding."""
    import numpy as np

    slack = 1e-6 * np.maximum(1.0, np.abs(found.scale))
    gaps = np.isnan(found.values[rows])
    boxed = (values >= found.low[rows] - slack) & (values <= found.high[rows] + slack) | gaps
    kept = boxed.all(axis=1)
    if found.norm == "l2":
        scale = np.where(found.scale > 0, found.scale, 1.0)
        kept &= np.linalg.norm(np.nan_to_num((values - found.values[rows]) / scale), axis=1) <= found.eps * (1 + 1e-6)
    return np.asarray(kept)


def record(network: Network, attack: Attack, labels: NDArray[np.intp], rows: NDArray[np.intp], values: Floats) -> Any:
    """Ask the model for `values` and keep those that turn their row; return which rows these are."""
    import torch

    with torch.no_grad():
        answers = network.logits(network.inputs(rows, values)).argmax(dim=1).cpu().numpy()
    attack.queries += len(rows)
    turned = answers != labels[rows]
    fresh = rows[turned & ~attack.broken[rows]]
    attack.found[fresh] = values[turned & ~attack.broken[rows]]
    attack.answers[fresh] = answers[turned & ~attack.broken[rows]]
    attack.broken[fresh] = True
    return rows[turned]


def _noise(
    network: Network, found: Space, labels: Any, effort: Effort, rng: np.random.Generator, attack: Attack
) -> NDArray[np.bool_]:
    """Return which rows a random corner of the budget turns."""
    import numpy as np

    turned = np.zeros(len(labels), np.bool_)
    for _ in range(effort.noise):
        rows = np.flatnonzero(~turned)
        if not len(rows):
            break
        up = rng.random((len(labels), found.width))[rows] < 0.5
        corner = project(found, rows, np.where(up, found.high[rows], found.low[rows]))
        turned[record(network, attack, labels, rows, corner)] = True
    return turned


def _descend(
    network: Network,
    found: Space,
    labels: Any,
    rows: NDArray[np.intp],
    restart: int,
    effort: Effort,
    rng: np.random.Generator,
    attack: Attack,
) -> NDArray[np.intp]:
    """Run one restart on `rows`, even ones on the margin; return those that it turned."""
    import numpy as np

    margin = restart % 2 == 0
    values, turned = random_starts(found, rows, rng), np.zeros(len(rows), np.bool_)
    scale = np.where(found.scale > 0, found.scale, 0.0)
    for step in range(effort.steps + 1):
        left = np.flatnonzero(~turned)
        if not len(left):
            break
        hit = record(network, attack, labels, rows[left], values[left])
        turned |= np.isin(rows, hit)
        left = np.flatnonzero(~turned)
        if step == effort.steps or not len(left):
            break
        slope = _gradient(network, found, labels, rows[left], values[left], margin)
        attack.queries += len(left)
        if restart == 0 and step == 0:
            attack.flat += int((np.abs(slope).max(axis=1) == 0).sum())
        size = 2.0 * found.eps * (1 + np.cos(np.pi * step / effort.steps)) / 2  # halves of a cosine: far, then fine
        moved = values[left] + size * _direction(slope, scale, found.norm)
        values[left] = project(found, rows[left], moved)
    return rows[turned]


def _direction(slope: Floats, scale: Floats, norm: str) -> Floats:
    """Return the steepest step of one unit of budget, in raw units."""
    import numpy as np

    if norm == "linf":
        return np.sign(slope) * scale
    scaled = slope * scale
    return np.asarray(scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-300) * scale)


def _gradient(
    network: Network, found: Space, labels: Any, rows: NDArray[np.intp], values: Floats, margin: bool
) -> Floats:
    """Return the gradient of the loss by the numbers that may move, shape (len(rows), d)."""
    import numpy as np
    import torch

    inputs = network.inputs(rows, values).detach().requires_grad_(True)
    targets = torch.from_numpy(np.asarray(labels)[rows].astype(np.int64)).to(inputs.device)
    logits = network.logits(inputs)
    loss = _margin(logits, targets) if margin else torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
    if not loss.requires_grad:
        return np.zeros((len(rows), found.width))
    (slope,) = torch.autograd.grad(loss, inputs, allow_unused=True)
    if slope is None:
        return np.zeros((len(rows), found.width))
    flat = slope.detach().cpu().to(torch.float64).numpy().reshape(len(rows), -1)
    return np.asarray(np.nan_to_num(flat, nan=0.0, posinf=0.0, neginf=0.0)[:, network.places])


def _margin(logits: Any, targets: Any) -> Any:
    """Return the sum over rows of the best other logit less the own one, over the distance of first and third."""
    import torch

    ordered = logits.sort(dim=1, descending=True).values
    own = logits.gather(1, targets[:, None])[:, 0]
    others = logits.masked_fill(torch.nn.functional.one_hot(targets, logits.shape[1]).bool(), float("-inf"))
    spread = (ordered[:, 0] - ordered[:, min(2, logits.shape[1] - 1)]).detach() + 1e-12
    return ((others.max(dim=1).values - own) / spread).sum()
