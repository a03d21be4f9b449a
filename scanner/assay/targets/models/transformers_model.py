"""Folders of Hugging Face transformers: safetensors only, code of the folder never."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets.extras import need
from assay.targets.foreign import foreign_call
from assay.targets.limits import LARGEST
from assay.targets.models.inputs import cast, laid_out
from assay.targets.models.queried import Queried
from assay.targets.refs import InputRef
from assay.targets.wording import amount, listed

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_TASKS = {
    "ForSequenceClassification": "AutoModelForSequenceClassification",
    "ForImageClassification": "AutoModelForImageClassification",
}


class TransformersModel(Queried):
    """A classifier of texts or of images."""

    kind = "transformers"
    batch = 16

    def __init__(self, network: Any, tokenizer: Any, ref: InputRef, manifest: dict[str, Any]) -> None:
        names = [str(network.config.id2label[index]) for index in sorted(network.config.id2label)]
        super().__init__(ref, manifest, "logits", names)
        self._network = network.eval()
        self._tokenizer = tokenizer
        self._layout = manifest["io"]["layout"] or "nchw"

    def _answer(self, part: Any) -> Any:
        import torch

        with torch.no_grad():
            found = self._network(**self._inputs(part)).logits
        return found.detach().to(torch.float64).numpy()

    def _inputs(self, part: Any) -> Any:
        import numpy as np
        import torch

        if self._tokenizer is None:
            pixels = cast(laid_out(np.asarray(part), self._layout), "float32", f"{self.shown}: the model")
            return {"pixel_values": torch.from_numpy(np.array(pixels))}
        if not hasattr(part, "columns") or len(part.columns) != 1:
            raise UnusableInput(f"{self.shown}: the model reads one column of text; name it alone in io.columns")
        texts = [str(text) for text in part.iloc[:, 0]]
        return self._tokenizer(texts, padding=True, truncation=True, return_tensors="pt")


def open_transformers(path: Path, ref: InputRef, manifest: dict[str, Any]) -> TransformersModel:
    """Open a folder as `save_pretrained` writes it.

    Raises:
        UnusableInput: no safetensors, code of its own, no classifier, or the library is not installed.
    """
    weights = [name for name in WEIGHTS if (path / name).is_file()]
    if not weights:
        raise UnusableInput(
            f"{ref.shown}: holds no {WEIGHTS[0]}, and other weights are not loaded; save it with "
            "save_pretrained(safe_serialization=True)"
        )
    size = sum(entry.stat().st_size for entry in path.glob("*.safetensors"))
    if size > LARGEST:
        raise UnusableInput(
            f"{ref.shown}: is {amount(size)}, and at most {amount(LARGEST)} is loaded; give a smaller model"
        )
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    torch = need(ref.shown, "transformers", "torch")
    library = need(ref.shown, "transformers", "transformers")
    torch.set_num_threads(1)
    again = "save it with the version of transformers that is installed, without code of its own"
    how: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    config = foreign_call(
        lambda: library.AutoConfig.from_pretrained(path, **how), f"{ref.shown}: transformers refuses its config", again
    )
    built = [str(name) for name in config.architectures or []]
    task = next((auto for end, auto in _TASKS.items() if any(name.endswith(end) for name in built)), None)
    if task is None:
        raise UnusableInput(
            f"{ref.shown}: is {listed(built) if built else 'of no architecture'}, and only classifiers of texts and "
            "images answer Assay's questions"
        )
    network = foreign_call(
        lambda: getattr(library, task).from_pretrained(path, use_safetensors=True, **how),
        f"{ref.shown}: transformers refuses it",
        again,
    )
    tokenizer = None
    if task == "AutoModelForSequenceClassification":
        tokenizer = foreign_call(
            lambda: library.AutoTokenizer.from_pretrained(path, **how),
            f"{ref.shown}: transformers refuses its tokenizer",
            again,
        )
    return TransformersModel(network, tokenizer, ref, manifest)
