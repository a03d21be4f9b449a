"""The Adversarial Robustness Toolbox as a source of attacks; what it finds is tried again on the model itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.extras import need
from assay_detectors.adversarial.pgd import Attack, Effort, Network, project, record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay_detectors.adversarial.threat import Space

BATCH = 128


def art_pgd(
    network: Network, found: Space, labels: NDArray[np.intp], rows: NDArray[np.intp], effort: Effort, attack: Attack
) -> NDArray[np.intp]:
    """Run ART's projected gradient descent on `rows`; return those that it turned, by the model's own answer.

    Args:
        network: the model.
        found: rows and budget.
        labels: classes of all rows.
        rows: those that are attacked.
        effort: steps and random starts.
        attack: where what it finds is kept.

    Raises:
        UnusableInput: ART is not installed, or L2 with numbers of different scales, which it cannot do.
    """
    import numpy as np
    import torch

    need("the attack source `art`", "adversarial", "art")
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    same = bool(np.allclose(found.scale, found.scale[0]))
    if found.norm == "l2" and not same:
        raise UnusableInput("ART's L2 attack knows one scale for all numbers; use source: native")
    torch.manual_seed(effort.seed % 2**63)
    np.random.seed(effort.seed % 2**32)  # ART draws from numpy's global state
    inputs = network.inputs(rows, found.values[rows]).cpu().numpy()
    width = inputs[0].size
    eps = np.zeros(width)
    eps[network.places] = found.eps * found.scale
    budget: Any = float(found.eps * found.scale[0]) if same else eps.reshape(inputs.shape[1:])
    ends = (float(np.nanmin(found.low)), float(np.nanmax(found.high)))
    classes = int(network.logits(torch.from_numpy(inputs[:1]).to(network.device)).shape[1])
    wrapped = PyTorchClassifier(
        model=network.as_module(),
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=inputs.shape[1:],
        nb_classes=classes,
        clip_values=ends,
        device_type="gpu" if network.device.type == "cuda" else "cpu",
    )
    made = ProjectedGradientDescentPyTorch(
        wrapped,
        norm=np.inf if found.norm == "linf" else 2,
        eps=budget,
        eps_step=budget * 2.5 / effort.steps,
        max_iter=effort.steps,
        num_random_init=effort.restarts,
        batch_size=BATCH,
        verbose=False,
    ).generate(x=inputs, y=np.asarray(labels)[rows])
    attack.queries += 2 * len(rows) * effort.steps * effort.restarts
    values = np.asarray(made, np.float64).reshape(len(rows), -1)[:, network.places]
    return np.asarray(record(network, attack, labels, rows, project(found, rows, values)), dtype=np.intp)
