"""What no list may trust: names that run code, load files, or build functions. Standard library only.

Introspection never lets these into the allowlist. A user's trust file may name one only with
`i_accept_that_this_runs_code: true`. A denylist is never what a file is judged by (the allowlist is): this one keeps
people from opening the gate wider than they know.
"""

from __future__ import annotations

import re
import sys
from _compat_pickle import IMPORT_MAPPING
from functools import cache

from assay.targets.allowlist import entries, packages

_BY_REASON = {
    "runs text, or looks up by name what it runs": (
        "eval exec compile getattr setattr delattr __import__ import_module find_spec breakpoint globals locals vars "
        "type map filter reduce partial partialmethod methodcaller attrgetter apply run_module run_path "
        "runpy"
    ),
    "runs programs": "system popen Popen call check_call check_output getoutput spawn fork execv execve startfile",
    "opens files or addresses, and may load code from them": (
        "open input urlopen urlretrieve Request connect load loads load_module load_library load_model load_state_dict "
        "unpickle Unpickler fromfile memmap DataSource genfromtxt loadtxt loadmat read_pickle read_csv download"
    ),
    "builds functions, or keeps what is called later": (
        "CodeType FunctionType LambdaType vectorize frompyfunc delayed Parallel Memory MemorizedFunc TempMemmap "
        "GraphModule ScriptModule RecursiveScriptModule"
    ),
}
_REASON = {name: reason for reason, names in _BY_REASON.items() for name in names.split()}

NAMES = frozenset(_REASON)
"""Refused whoever defines them."""

PACKAGES = (
    "cloudpickle", "dill", "pip", "setuptools", "pkg_resources", "distutils", "pytest", "_pytest", "IPython",
    "numpy.distutils", "numpy.f2py", "numpy.testing", "numpy.ctypeslib", "torch._inductor", "torch.distributed",
    "torch.fx", "torch.hub", "torch.jit", "torch.package", "torch.utils", "joblib.memory", "joblib.parallel",
    "joblib.externals", "sklearn.externals", "pandas.io", "pandas.core.computation", "scipy._lib", "psutil", "pexpect",
    "fabric", "paramiko", "requests", "urllib3", "httpx", "aiohttp", "sh",
)  # fmt: skip
"""Packages and modules, with all below them, whose names build functions, run programs or reach the network."""

_PYTHON = (sys.stdlib_module_names | {module.split(".")[0] for module in IMPORT_MAPPING}) - {"__main__"}

_VERBS = frozenset(
    [
        "client", "command", "compile", "decode", "deserialize", "download", "dump", "dumps", "eval", "evaluate",
        "exec", "execute", "fetch", "import", "invoke", "load", "loads", "open", "parse", "pipe", "popen", "read",
        "remove", "run", "save", "send", "shell", "spawn", "subprocess", "system", "unpickle", "unsafe", "upload",
        "write",
    ]
)  # fmt: skip
"""Words in the name of a function that does more than restore an object."""

POWERS_THAT_CALL = frozenset({"caller", "loader"})
"""Powers whose argument decides what happens; the reading follows it for the names that it knows only."""


def why_never(module: str, name: str) -> str | None:
    """Say why this pair can be trusted by nobody, whatever they accept; None where it can."""
    if "." in name:
        return "it walks through the attributes of a module, so that a trusted module would lead anywhere"
    if not module or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        return "it is no name that Python could import"
    return None


def why_forbidden(module: str, name: str, power: str | None = None) -> str | None:
    """Say why this name needs `i_accept_that_this_runs_code`; None where it does not."""
    root = module.split(".")[0]
    if name in NAMES:
        return f"whoever defines it, {name} {_REASON[name]}"
    if root in _PYTHON:
        return f"{root} is part of Python itself, and what is harmless there is on the allowlist already"
    if root.startswith("_") and root != "__main__":
        return f"{root} is the private part of Python or of a library"
    if any(module == package or module.startswith(package + ".") for package in PACKAGES):
        return f"names of {module} build functions, run programs or reach files and network"
    if power in POWERS_THAT_CALL:
        return f"with the power '{power}' its arguments decide what runs"
    return None if name.lstrip("_")[:1].isupper() else _why_no_helper(module, name, power)


def _why_no_helper(module: str, name: str, power: str | None) -> str | None:
    """Say why a function is no mere helper that restores an object."""
    verb = next((word for word in re.split(r"_+|(?<=[a-z])(?=[A-Z])", name) if word.lower() in _VERBS), None)
    if verb is not None:
        return f"by its name it does more than restore an object ('{verb}')"
    root = module.split(".")[0]
    if power != "function" and root in packages() and f"{module}.{name}" not in _values():
        return f"the functions of {root} were gone through, and this one is not among those that only restore objects"
    return None


@cache
def _values() -> frozenset[str]:
    """Return the numeric functions of the list: to call one while loading is new power, but harmless."""
    return frozenset(entries("function"))
