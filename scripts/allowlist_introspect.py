"""Names that installed libraries give for the allowlist, found by looking at their classes and functions.

A class enters when it belongs to a known family (estimators, modules, optimizers, sparse matrices, ...), is found under
exactly the name that pickle writes, and none of the methods that run while unpickling holds a call that could execute,
open or import (`RISKY`, looked for in the source of the classes in its MRO).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from types import ModuleType

from assay.targets.forbidden import NAMES as FORBIDDEN

RISKY = re.compile(
    r"(?<![\w.])(exec|eval|open|compile|__import__|getattr_static|load|loads)\s*\(|import_module\s*\("
    r"|\bos\.(system|popen|remove|unlink)|subprocess|_attach_methods"
)
ROUNDABOUT = re.compile(r"\bgetattr\s*\(|attrgetter|methodcaller|\bParallel\s*\(|\bdelayed\s*\(|setattr\s*\(")
"""Functions that look up what they call by name, or pass it on, are no numeric functions."""
HOOKS = (
    "__new__",
    "__init__",
    "__post_init__",
    "__setstate__",
    "__setitem__",
    "__setattr__",
    "__hash__",
    "append",
    "extend",
    "add",
)
SKIPPED_PARTS = (
    "tests",
    "conftest",
    "_build_utils",
    "externals",
    "_testing",
    "testing",
    "setup",
    "__main__",
    "_mocking",
)

Found = dict[str, dict[str, str]]


def modules_of(package: str, depth: int = 9) -> Iterator[ModuleType]:
    """Import a package and everything below it but tests; what cannot be imported is left out."""
    root = importlib.import_module(package)
    yield root
    if not hasattr(root, "__path__"):
        return
    for info in pkgutil.walk_packages(root.__path__, package + ".", onerror=lambda _name: None):
        if info.name.count(".") > depth or any(part in SKIPPED_PARTS for part in info.name.split(".")):
            continue
        try:
            yield importlib.import_module(info.name)
        except Exception:  # noqa: BLE001 - an optional dependency may fail in any way
            continue


def is_risky(cls: type, *, restoring: bool = False) -> bool:
    """Say whether a method that unpickling may run holds a risky call; not `__init__` where a state is `restoring`."""
    for base in cls.__mro__:
        for hook in HOOKS:
            if restoring and hook in ("__init__", "__post_init__"):
                continue
            method = base.__dict__.get(hook)
            if method is None or base is object:
                continue
            try:
                source = inspect.getsource(method)
            except (TypeError, OSError):
                continue
            if RISKY.search(source):
                return True
    return False


def is_importable(module: str, name: str, thing: object) -> bool:
    """Say whether pickle would find this very thing under this name."""
    return getattr(sys.modules.get(module), name, None) is thing


def add(found: Found, module: str, name: str, power: str) -> None:
    """Enter one name unless it is dotted or forbidden."""
    if name.isidentifier() and name not in FORBIDDEN and not module.startswith("__"):
        found[module].setdefault(name, power)


def classes(found: Found, package: str, families: tuple[type, ...]) -> None:
    """Enter the classes of a package that belong to one of the families, under home and public names."""
    for module in modules_of(package):
        for name, thing in list(vars(module).items()):
            if not isinstance(thing, type) or not str(thing.__module__).startswith(package.split(".")[0]):
                continue
            if not issubclass(thing, families) or is_risky(thing):
                continue
            if name == thing.__name__ and (thing.__module__ == module.__name__ or is_public(module.__name__)):
                add(found, module.__name__, name, "constructor")
            if is_importable(thing.__module__, thing.__name__, thing):
                add(found, thing.__module__, thing.__name__, "constructor")


def is_public(module: str) -> bool:
    """Say whether no part of a module's name is private."""
    return not any(part.startswith("_") for part in module.split("."))


def is_compiled(thing: type) -> bool:
    """Say whether a class is a C extension type of its own module (no Python code in it)."""
    home = sys.modules.get(thing.__module__)
    file = str(getattr(home, "__file__", "") or "")
    return file.endswith((".so", ".pyd")) and not issubclass(thing, BaseException)


def helpers(found: Found, module: ModuleType) -> None:
    """Enter Cython's rebuilding functions, which make an object of a class that is named beside them."""
    for name in vars(module):
        if name.startswith("__pyx_unpickle_") or name == "newObj":
            add(found, module.__name__, name, "rebuild")


SKLEARN_LEFT_OUT = (
    "sklearn.datasets",
    "sklearn.experimental",
    "sklearn.inspection",
    "sklearn.externals",
    "sklearn.callback",
)
SKLEARN_FUNCTIONS = [
    "cluster",
    "compose",
    "covariance",
    "cross_decomposition",
    "decomposition",
    "ensemble",
    "feature_extraction",
    "feature_selection",
    "gaussian_process",
    "linear_model",
    "manifold",
    "metrics",
    "mixture",
    "neighbors",
    "neural_network",
    "preprocessing",
    "svm",
    "tree",
    "utils.extmath",
    "externals.array_api_compat.numpy",
]


def sklearn_names(found: Found) -> None:
    """Enter every class of scikit-learn that passes `is_risky`, and its numeric functions as values."""
    for module in modules_of("sklearn"):
        if module.__name__.startswith(SKLEARN_LEFT_OUT):
            continue
        helpers(found, module)
        for name, thing in list(vars(module).items()):
            if not isinstance(thing, type) or not thing.__module__.startswith("sklearn.") or name != thing.__name__:
                continue
            home = thing.__module__ == module.__name__
            if (home or is_public(module.__name__)) and not is_risky(thing) and not issubclass(thing, BaseException):
                add(found, module.__name__, name, "constructor")
    for short in SKLEARN_FUNCTIONS:
        for module in modules_of(f"sklearn.{short}"):
            functions(found, module)


def functions(found: Found, module: ModuleType) -> None:
    """Enter the functions that a module defines itself, as values only."""
    for name, thing in vars(module).items():
        if inspect.isroutine(thing) and getattr(thing, "__module__", "") == module.__name__:
            source = "" if not inspect.isfunction(inspect.unwrap(thing)) else inspect.getsource(thing)
            if not RISKY.search(source) and not ROUNDABOUT.search(source):
                add(found, module.__name__, name, "function")


def numpy_names(found: Found) -> None:
    """Enter the names of numpy."""
    import numpy as np
    from numpy import dtypes
    from numpy.random import _generator, _mt19937, _pcg64, _philox, _sfc64, bit_generator, mtrand

    for name, thing in vars(np).items():
        if isinstance(thing, type) and issubclass(thing, np.generic | np.dtype):
            add(found, "numpy", name, "data")
        elif isinstance(thing, np.ufunc):
            for home in ("numpy", "numpy.core._multiarray_umath", "numpy._core._multiarray_umath"):
                add(found, home, name, "function")
    add(found, "numpy", "dtype", "data")
    for name in ("bool", "int", "float", "str", "object", "bool_", "float_", "unicode_", "string_", "complex_"):
        add(found, "numpy", name, "data")
    for name in dtypes.__all__:
        add(found, "numpy.dtypes", name, "data")
    for module in (_generator, _mt19937, _pcg64, _philox, _sfc64, bit_generator, mtrand):
        helpers(found, module)
        for name, thing in vars(module).items():
            if isinstance(thing, type) and thing.__module__ == module.__name__:
                add(found, module.__name__, name, "constructor")
    from numpy.polynomial._polybase import ABCPolyBase

    classes(found, "numpy.polynomial", (ABCPolyBase,))


def scipy_names(found: Found) -> None:
    """Enter the names of scipy."""
    import scipy.special
    from scipy import interpolate, optimize, spatial, stats
    from scipy.sparse import _base

    classes(found, "scipy.sparse", (_base._spbase, _base.sparray))
    for kind in ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]:
        add(found, f"scipy.sparse.{kind}", f"{kind}_matrix", "constructor")
    import numpy as np

    for name, thing in vars(scipy.special).items():
        if isinstance(thing, np.ufunc):
            for home in ("scipy.special", "scipy.special._ufuncs", "scipy.special._special_ufuncs"):
                add(found, home, name, "function")
    for module in (interpolate, spatial, optimize, stats):
        wanted = "BSpline NdBSpline PPoly BPoly CubicSpline PchipInterpolator Akima1DInterpolator interp1d interp2d"
        wanted += " RegularGridInterpolator UnivariateSpline InterpolatedUnivariateSpline LSQUnivariateSpline"
        wanted += " RectBivariateSpline LinearNDInterpolator NearestNDInterpolator BarycentricInterpolator"
        wanted += (
            " RBFInterpolator Rbf KDTree cKDTree Delaunay ConvexHull OptimizeResult LbfgsInvHessProduct gaussian_kde"
        )
        for name in wanted.split():
            thing = getattr(module, name, None)
            if isinstance(thing, type) and not is_risky(thing):
                add(found, thing.__module__, name, "constructor")
                add(found, module.__name__, name, "constructor")
    functions(found, importlib.import_module("scipy._lib.array_api_compat.numpy._aliases"))
    for module_name in ("scipy.spatial.transform._rotation", "scipy.spatial._ckdtree"):
        module = importlib.import_module(module_name)
        helpers(found, module)
        for name, thing in vars(module).items():
            if isinstance(thing, type) and thing.__module__ == module_name:
                add(found, module_name, name, "constructor")


PANDAS_NATIVE = tuple(f"pandas._libs.{part}" for part in ("arrays", "internals", "interval", "missing", "tslibs"))


def pandas_names(found: Found) -> None:
    """Enter the names of pandas."""
    import pandas as pd
    from pandas.api.extensions import ExtensionArray, ExtensionDtype
    from pandas.core.flags import Flags

    families = (pd.DataFrame, pd.Series, pd.Index, ExtensionArray, ExtensionDtype, pd.tseries.offsets.DateOffset, Flags)
    classes(found, "pandas.core", families)
    for module in modules_of("pandas.core.indexes"):
        for name, thing in vars(module).items():
            if name.startswith("_new_") and inspect.isfunction(thing):
                add(found, module.__name__, name, "rebuild")
    for module in modules_of("pandas._libs"):
        if not module.__name__.startswith(PANDAS_NATIVE):
            continue
        helpers(found, module)
        for name, thing in vars(module).items():
            if isinstance(thing, type) and thing.__module__ == module.__name__ and is_compiled(thing):
                add(found, module.__name__, name, "constructor")
    for name in [
        "DataFrame",
        "Series",
        "Index",
        "RangeIndex",
        "MultiIndex",
        "Categorical",
        "Timestamp",
        "Timedelta",
        "Period",
        "Interval",
        "NaT",
        "NA",
    ]:
        add(found, "pandas", name, "constructor")


def torch_names(found: Found) -> None:
    """Enter the names of torch."""
    import torch
    from torch.optim.lr_scheduler import LRScheduler

    for package in ("torch.nn.modules", "torch.nn.utils.rnn", "torch.nn.parameter"):
        for inner in modules_of(package):
            for name, thing in vars(inner).items():
                own = isinstance(thing, type) and thing.__module__ == inner.__name__
                if own and issubclass(thing, torch.nn.Module | torch.Tensor | tuple) and not is_risky(thing):
                    add(found, inner.__name__, name, "constructor")
    add(found, "torch.nn.utils.rnn", "PackedSequence", "constructor")
    add(found, "torch.nn.parameter", "Parameter", "constructor")
    add(found, "torch.nn.parameter", "Buffer", "constructor")
    classes(found, "torch.optim", (torch.optim.Optimizer, LRScheduler))
    functions(found, torch.nn.functional)
    for name, thing in vars(torch).items():
        if isinstance(thing, torch.dtype | torch.layout | torch.memory_format | torch.qscheme) or (
            isinstance(thing, type) and name.endswith(("Storage", "Tensor"))
        ):
            add(found, "torch", name, "data")
        elif name in [
            "relu",
            "sigmoid",
            "tanh",
            "softmax",
            "log_softmax",
            "selu",
            "celu",
            "rrelu",
            "erf",
            "exp",
            "log",
            "sqrt",
            "abs",
        ]:
            add(found, "torch", name, "function")
            add(found, "torch._C._nn", name, "function")
    for name in ("UntypedStorage", "TypedStorage", "_UntypedStorage"):
        add(found, "torch.storage", name, "data")
    for name in ("gelu", "silu", "mish", "leaky_relu", "elu_", "hardtanh"):
        add(found, "torch._C._nn", name, "function")
    torch_restored(found)


def restored(found: Found, package: str, families: tuple[type, ...], *, only: str = "") -> None:
    """Enter the classes of a package that belong to one of the families, to be made without arguments only."""
    for module in modules_of(package):
        if not re.search(only, module.__name__):
            continue
        for name, thing in vars(module).items():
            own = isinstance(thing, type) and thing.__module__ == module.__name__ and name == thing.__name__
            if own and issubclass(thing, families) and not is_risky(thing, restoring=True):
                add(found, module.__name__, name, "restored")


def torch_restored(found: Found) -> None:
    """Enter what torch restores from a dictionary: distributions and quantized layers."""
    import torch
    from torch.distributions import Distribution, constraints, transforms

    restored(found, "torch.distributions", (Distribution, transforms.Transform, constraints.Constraint))
    for package in ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic", "torch.ao.nn.quantizable", "torch.ao.nn.qat"):
        restored(found, package, (torch.nn.Module,))
    restored(found, "torch.ao.quantization.stubs", (torch.nn.Module,))
    restored(found, "torch.ao.quantization.observer", (torch.nn.Module,))


MODELLED = (
    "albert bart bert bloom camembert clip convnext deberta deberta_v2 deit distilbert electra esm falcon gemma gemma2 "
    "gpt2 gpt_neo gpt_neox gptj llama longformer marian mbart mistral mixtral mobilebert mpnet opt pegasus phi phi3 "
    "qwen2 qwen3 resnet roberta siglip squeezebert swin t5 vit wav2vec2 whisper xlm_roberta xlnet"
)
"""Architectures of transformers whose modules are looked at; the configurations of all are."""


def transformers_names(found: Found) -> None:
    """Enter configurations of transformers, its activations, and the modules of the architectures met most."""
    import torch
    from transformers import GenerationConfig, PretrainedConfig

    restored(found, "transformers.models", (PretrainedConfig,), only=r"\.configuration_\w+$")
    restored(found, "transformers.generation.configuration_utils", (GenerationConfig,))
    restored(found, "transformers.activations", (torch.nn.Module,))
    for name in MODELLED.split():
        restored(found, f"transformers.models.{name}", (torch.nn.Module,), only=r"\.modeling_[a-z0-9_]+$")


GATHERERS = {
    "numpy": ("numpy", numpy_names),
    "pandas": ("pandas", pandas_names),
    "scikit-learn": ("sklearn", sklearn_names),
    "scipy": ("scipy", scipy_names),
    "torch": ("torch", torch_names),
    "transformers": ("transformers", transformers_names),
}
"""Library -> the package to import, and what gathers its names."""


def introspect(library: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Return the installed version of a library, and module -> name -> power."""
    warnings.simplefilter("ignore")
    package, gather = GATHERERS[library]
    found: Found = defaultdict(dict)
    gather(found)
    version = str(importlib.import_module(package).__version__)
    return version, {module: dict(sorted(names.items())) for module, names in sorted(found.items()) if names}
