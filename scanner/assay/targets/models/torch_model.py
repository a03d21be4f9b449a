"""torch models: weights from safetensors or a state_dict, the network from the user's factory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.extras import need
from assay.targets.foreign import foreign_call
from assay.targets.limits import LARGEST
from assay.targets.models.factory import build
from assay.targets.models.inputs import cast, laid_out, matrix
from assay.targets.models.queried import Queried
from assay.targets.refs import InputRef
from assay.targets.wording import amount, listed, near

NESTED = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts store the weights beside an optimizer's state."""


class TorchModel(Queried):
    """A network in evaluation mode. White-box detectors use `module`, `device` and `to_input`."""

    kind = "torch"

    def __init__(self, module: Any, ref: InputRef, manifest: dict[str, Any]) -> None:
        import torch

        io = manifest["io"]
        if io["output"] is None and manifest["task"] != "regression":
            raise UnusableInput(
                f"{ref.shown}: a torch network does not say what its outputs are; set io.output to logits, "
                f"proba or score"
            )
        super().__init__(ref, manifest, io["output"] or "value")
        torch.set_num_threads(1)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.module = module.to(self.device)
        with suppress(NotImplementedError):  # an exported program has no modes
            self.module.eval()
        self._layout = io["layout"]
        self._dtype = io["dtype"] if io["dtype"] not in (None, "str") else "float32"

    @property
    def differentiable(self) -> bool:
        """Say whether inputs are numbers that can move by any amount."""
        return self._dtype.startswith("float")

    def to_input(self, x: Any) -> Any:
        """Return rows as the tensor that the network eats, on its device.

        Raises:
            UnusableInput: columns of text, or values that `io.dtype` cannot hold.
        """
        import numpy as np
        import torch

        what = f"{self.shown}: the model"
        array = matrix(x, self._dtype, what) if hasattr(x, "columns") else cast(x, self._dtype, what)
        # a copy: the network may work in place
        return torch.from_numpy(np.array(laid_out(array, self._layout))).to(self.device)

    def logits(self, inputs: Any, module: Any = None) -> Any:
        """Return logits, shape (n, classes), with gradient: of probabilities the logarithm, of one number it and 0.

        Args:
            inputs: of `to_input`.
            module: another network of the same kind; None for this one.
        """
        import torch

        raw = (self.module if module is None else module)(inputs).float()
        raw = raw.reshape(len(raw), -1)
        if self.output == "proba":
            raw = torch.cat([1 - raw, raw], dim=1) if raw.shape[1] == 1 else raw
            return torch.log(raw.clamp_min(1e-38))
        return torch.cat([torch.zeros_like(raw), raw], dim=1) if raw.shape[1] == 1 else raw

    def _answer(self, part: Any) -> Any:
        import torch

        with torch.no_grad():
            found = self.module(self.to_input(part))
        if not isinstance(found, torch.Tensor):
            raise UnusableInput(
                f"{self.shown}: the network returns a {type(found).__name__}; let the factory build one that "
                f"returns a tensor"
            )
        return found.detach().to("cpu").to(torch.float64 if found.is_floating_point() else found.dtype).numpy()


def open_weights(path: Path, found: str, ref: InputRef, manifest: dict[str, Any]) -> TorchModel:
    """Open a file of weights and put them into the network that the factory builds.

    The weights are read before the factory's code runs, so that it cannot widen what torch accepts.

    Raises:
        UnusableInput: more than tensors in the file, no factory, weights that do not fit.
    """
    torch = need(ref.shown, "adversarial", "torch")
    if path.stat().st_size > LARGEST:
        raise UnusableInput(
            f"{ref.shown}: is {amount(path.stat().st_size)}, and at most {amount(LARGEST)} is loaded; give a "
            f"smaller model"
        )
    read = _safetensors if found == sniff.SAFETENSORS else _state_dict
    weights = read(path, ref.shown)
    module = build(ref)
    if not isinstance(module, torch.nn.Module):
        raise UnusableInput(
            f"{ref.shown}: the factory {ref.spec['factory']} returns a {type(module).__name__}; return a "
            f"torch.nn.Module"
        )
    _fit(module, weights, ref.shown)
    return foreign_call(
        lambda: TorchModel(module, ref, manifest),
        f"{ref.shown}: the network cannot be moved to its device",
        "correct the factory",
    )


def open_program(path: Path, found: str, ref: InputRef, manifest: dict[str, Any]) -> TorchModel:
    """Open a compiled program (TorchScript, torch.export), where the engine says that stage 0 found it clean.

    Its operators run in C++; it brings no Python. The file names them all, and stage 0 has judged every one.

    Raises:
        UnusableInput: not allowed, damaged, or of another version of torch.
    """
    if ref.spec.get("pickle_ok") is not True:
        raise UnusableInput(
            f"{ref.shown}: is a compiled program, and is loaded only in a sealed worker after stage 0 found it clean; "
            "see the finding on this file"
        )
    torch = need(ref.shown, "adversarial", "torch")
    module = foreign_call(
        lambda: (
            torch.jit.load(path, map_location="cpu") if found == sniff.TORCHSCRIPT else torch.export.load(path).module()
        ),
        f"{ref.shown}: cannot be loaded as {found}",
        "save it again with this version of torch, or export it as ONNX",
    )
    return foreign_call(
        lambda: TorchModel(module, ref, manifest),
        f"{ref.shown}: the program cannot be moved to its device",
        "save it for the CPU",
    )


def _safetensors(path: Path, shown: str) -> dict[str, Any]:
    library = need(shown, "models", "safetensors.torch")
    weights: dict[str, Any] = foreign_call(
        lambda: library.load_file(path, device="cpu"),
        f"{shown}: cannot be read as safetensors",
        "save it again with safetensors.torch.save_file",
    )
    return weights


def _state_dict(path: Path, shown: str) -> dict[str, Any]:
    """Return the tensors of a file saved by torch. `weights_only` always, and never another way when that fails."""
    torch = need(shown, "adversarial", "torch")
    found = foreign_call(
        lambda: torch.load(path, map_location="cpu", weights_only=True),
        f"{shown}: holds more than weights, or is damaged, and is not loaded",
        "save `model.state_dict()` with torch.save, or use safetensors",
    )
    for key in NESTED:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise UnusableInput(f"{shown}: holds no state_dict; save `model.state_dict()` with torch.save")
    return {str(name): value for name, value in found.items()}


def _fit(module: Any, weights: dict[str, Any], shown: str) -> None:
    """Load the weights; every one must have its place and every place its weight."""
    wanted = foreign_call(module.state_dict, f"{shown}: the network has no state_dict", "correct the factory")
    missing = [name for name in wanted if name not in weights]
    extra = [name for name in weights if name not in wanted]
    if missing:
        raise UnusableInput(
            f"{shown}: lacks {listed(missing, 3)}, which the factory's network has{near(missing[0], extra)}; "
            f"build the network that these weights were trained in"
        )
    if extra:
        raise UnusableInput(
            f"{shown}: holds {listed(extra, 3)}, for which the factory's network has no place; build the "
            f"network that these weights were trained in"
        )
    for name, value in weights.items():
        if tuple(value.shape) != tuple(wanted[name].shape):
            raise UnusableInput(
                f"{shown}: {name!r} has the shape {tuple(value.shape)} and the factory's network "
                f"{tuple(wanted[name].shape)}; build the network that these weights were trained in"
            )
    foreign_call(
        lambda: module.load_state_dict(weights, strict=True),
        f"{shown}: the weights do not fit the factory's network",
        "build the network that they were trained in",
    )
