"""The allowlist: exact names only, and none that runs code, opens files or calls what it is given unseen."""

from __future__ import annotations

import pytest

from assay.targets import allowlist

REFUSED = [
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("builtins", "map"),
    ("builtins", "open"),
    ("builtins", "type"),
    ("functools", "partial"),
    ("operator", "methodcaller"),
    ("os", "system"),
    ("nt", "system"),
    ("subprocess", "Popen"),
    ("torch", "load"),
    ("numpy", "load"),
    ("numpy", "memmap"),
    ("numpy", "vectorize"),
    ("joblib", "load"),
    ("pandas", "read_pickle"),
    ("pandas", "eval"),
    ("sklearn.datasets", "load_files"),
    ("torch.jit", "ScriptModule"),
    ("torch.fx.graph_module", "reduce_graph_module"),
    ("types", "CodeType"),
    ("types", "FunctionType"),
    ("cloudpickle.cloudpickle", "_make_function"),
    ("dill._dill", "_create_function"),
    ("zoneinfo", "ZoneInfo"),
    ("pathlib", "Path.read_text"),
    ("sklearn.tree", "os.system"),
]


@pytest.mark.parametrize(("module", "name"), REFUSED)
def test_what_acts_is_refused(module: str, name: str) -> None:
    assert allowlist.trusted(module, name) is None


@pytest.mark.parametrize(
    ("module", "name", "power"),
    [
        ("sklearn.linear_model._logistic", "LogisticRegression", "constructor"),
        ("sklearn.tree._tree", "Tree", "constructor"),
        ("numpy._core.multiarray", "_reconstruct", "rebuild"),
        ("numpy", "dtype", "data"),
        ("numpy", "log1p", "function"),
        ("torch._utils", "_rebuild_tensor_v2", "rebuild"),
        ("torch.storage", "_load_from_bytes", "loader"),
        ("collections", "defaultdict", "caller"),
    ],
)
def test_what_ordinary_models_need_is_there(module: str, name: str, power: str) -> None:
    assert allowlist.trusted(module, name) == power


def test_a_prefix_of_a_trusted_module_is_not_trusted() -> None:
    assert allowlist.trusted("sklearn", "LogisticRegression") is None
    assert allowlist.trusted("sklearn.linear_model._logistic", "os") is None


def test_scipy_distributions_are_refused_for_they_execute_text_from_their_state() -> None:
    entries = list(allowlist.entries())
    assert not [e for e in entries if e.startswith("scipy.stats") and e.endswith(("_gen", "_frozen"))]


def test_every_entry_has_a_known_power_and_no_dot() -> None:
    for entry in allowlist.entries():
        module, name = entry.rsplit(".", 1)
        assert name.isidentifier() and allowlist.trusted(module, name) in allowlist.POWERS


def test_callables_that_open_or_import_are_nowhere() -> None:
    acting = {"load", "loads", "open", "exec", "eval", "compile", "system", "import_module", "fromfile", "genfromtxt"}
    assert not [entry for entry in allowlist.entries() if entry.rsplit(".", 1)[1] in acting]


def test_the_version_names_the_libraries() -> None:
    assert "sklearn" in allowlist.version() and "numpy" in allowlist.version()
