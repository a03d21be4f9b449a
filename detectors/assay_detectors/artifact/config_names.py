"""Names of code in configuration: which classes may a file name, by exact name or by the rule of its own loader?"""

from __future__ import annotations

import builtins
import re
import sys
from typing import TYPE_CHECKING

from assay.targets.allowlist import trusted

if TYPE_CHECKING:
    from assay_detectors.artifact.keras_config import CODE
from assay_detectors.artifact.keras_config import CODE
from assay_detectors.artifact.report import Report

CLASS_ROOTS = (
    "torch.nn.",
    "torch.optim.",
    "torch.utils.data.",
    "torchvision.models.",
    "torchvision.transforms.",
    "torchaudio.transforms.",
    "torchmetrics.",
    "nemo.collections.",
    "nemo.core.",
    "nemo.lightning.",
    "pytorch_lightning.",
    "lightning.pytorch.",
    "lightning.fabric.",
    "transformers.",
    "diffusers.",
    "sentence_transformers.",
    "peft.",
    "timm.",
    "monai.",
    "speechbrain.",
    "ldm.",
    "sgm.",
    "keras.layers.",
    "tensorflow.keras.layers.",
)
"""Libraries of models whose classes a configuration may name; functions of theirs are not meant."""
_FUNCTION_ROOTS = ("torch.nn.functional.", "speechbrain.nnet.", "speechbrain.processing.", "speechbrain.dataio.")
"""Where a function may be kept as a value: numeric code only."""
_SEEDS = frozenset({"torch.manual_seed", "numpy.random.seed", "random.seed", "speechbrain.utils.seed_everything"})
_SHARED = frozenset({"collections", "numbers"})
"""Modules of the standard library whose names are those of modules in the libraries above."""
_CLASS = re.compile(r"[A-Z]\w*")
_HYDRA = re.compile(r"hydra\._internal\.core_plugins\.(?:basic_launcher\.BasicLauncher|basic_sweeper\.BasicSweeper)")
"""What Hydra itself writes into the configuration that it leaves beside a model."""
_LOCAL_TAG = re.compile(
    r"!(new|name|apply|applyref|module|ref|copy|tuple|list|include|placeholder|PLACEHOLDER)(?::(.*))?"
)


def is_trusted_target(name: str, *, called: bool) -> bool:
    """Say whether exactly this name is on the allowlist, with a power that fits."""
    module, _, last = name.rpartition(".")
    power = trusted(module, last)
    return power in ("constructor", "rebuild", "data") or (power == "function" and not called)


def is_model_class(name: str) -> bool:
    """Say whether a dotted name is a class of a library of models, reached through modules of its own."""
    root = next((root for root in CLASS_ROOTS if name.startswith(root)), None)
    if root is None:
        return False
    *between, last = name.removeprefix(root).split(".")
    if last in CODE or last.endswith("Opener"):
        return False
    if last == "from_pretrained" and between:
        last = between.pop()
    return _CLASS.fullmatch(last) is not None and all(map(_is_own_module, between))


def _is_own_module(part: str) -> bool:
    """Say whether a step of a dotted name is a plain module, not one that a module happens to have imported."""
    plain = part.isidentifier() and not part.startswith("_")
    return plain and (part not in sys.stdlib_module_names or part in _SHARED)


def judge_target(name: object, key: str, report: Report, *, called: bool = True) -> None:
    """Report what a configuration makes its loader import, unless it is trusted or a class of a known library."""
    if not isinstance(name, str):
        report.find("reference", f"{key}: <computed>", f"{key} names code by something that is no text")
        return
    report.lists("imports", name, None, opcode=key)
    if "." not in name and (name.isidentifier() or not name) and not hasattr(builtins, name):
        return
    if not (is_trusted_target(name, called=called) or is_model_class(name) or _HYDRA.fullmatch(name)):
        report.find("reference", name, f"{key} makes the loader import {name}", None, key)


def judge_tag_name(tag: str, report: Report, offset: int | None) -> None:
    """Judge a local YAML tag: those of HyperPyYAML name code, a plain word is the application's own business."""
    known = _LOCAL_TAG.fullmatch(tag)
    if known is None:
        if re.fullmatch(r"![A-Za-z][\w-]*", tag) is None or tag.lower().startswith("!py"):
            report.find("reference", tag, f"holds the YAML tag {tag}, which names code", offset, "!")
        return
    kind, name = known.group(1), known.group(2)
    if kind == "include":
        if name and (name.startswith(("/", "~")) or ".." in name.split("/") or "://" in name):
            report.find("reference", tag, f"includes {name}, outside its folder", offset, "!")
    elif name and kind in ("new", "name", "apply", "applyref", "module"):
        called = kind in ("apply", "applyref", "new")
        fine = is_trusted_target(name, called=called) or is_model_class(name) or (kind == "apply" and name in _SEEDS)
        *between, last = name.split(".")
        if kind == "name" and name.startswith(_FUNCTION_ROOTS):
            fine = fine or (all(map(_is_own_module, between)) and last.isidentifier() and not last.startswith("_"))
        if not fine:
            report.find("call" if called else "reference", name, f"{tag} makes the loader import {name}", offset, "!")
