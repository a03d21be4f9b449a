"""The allowlist: exact names only, and none that runs code, opens files or calls what it is given unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assay.documents.yaml_text import parse
from assay.targets import allowlist, forbidden

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "scanner" / "assay" / "targets"
PARTS = ("allowlist.reviewed.yaml", "allowlist.introspected.yaml")

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
    assert "scikit-learn" in allowlist.version() and "numpy" in allowlist.version()


# The data: YAML for people, JSON for the scan -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def groups() -> list[dict]:
    return [group for part in PARTS for group in parse((FOLDER / part).read_bytes(), part).data["groups"]]


def test_yaml_and_json_agree(groups) -> None:
    from_yaml = {
        f"{module}.{name}": group["power"]
        for group in groups
        for module, names in group["names"].items()
        for name in names
    }
    from_json = {entry: power for power in allowlist.POWERS for entry in allowlist.entries(power)}
    assert from_yaml == from_json
    assert len(from_yaml) == sum(len(names) for group in groups for names in group["names"].values())  # nothing twice


def test_every_group_has_library_versions_power_and_reason(groups) -> None:
    for group in groups:
        assert set(group) == {"library", "versions", "power", "reason", "names"}
        assert group["power"] in allowlist.POWERS and group["versions"].startswith(">=")
        assert len(group["reason"].split()) > 4


def test_nothing_that_is_forbidden_is_in_the_data(groups) -> None:
    assert not [
        name for group in groups for names in group["names"].values() for name in names
        if name in forbidden.NAMES or not name.isidentifier()
    ]  # fmt: skip


def test_the_generator_finds_the_json_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/allowlist.py", "--data", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("bad", ["eval", "partial", "os.system"])
def test_the_generator_refuses_a_forbidden_name(bad: str, tmp_path: Path) -> None:
    part = tmp_path / "part.yaml"
    part.write_text(
        "groups:\n  - {library: x, versions: '>=1', power: data, reason: some words that say why, "
        f"names: {{x.y: ['{bad}']}}}}\n"
    )
    script = f"import sys; sys.path.insert(0, 'scripts'); import allowlist, pathlib; allowlist.read_groups(pathlib.Path({str(part)!r}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "can never be trusted" in done.stderr


def test_introspection_lets_no_forbidden_name_in() -> None:
    script = (
        "import sys, json; sys.path.insert(0, 'scripts'); import allowlist_introspect as a, collections\n"
        "found = collections.defaultdict(dict)\n"
        "for name in ('eval', 'partial', 'load', 'a.b', 'Fine'): a.add(found, 'm', name, 'data')\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"m": {"Fine": "data"}}


# What a user trusts besides -------------------------------------------------------------------------------------------


def test_an_extension_counts_inside_its_context_only() -> None:
    with allowlist.extended([("mypkg.models", "Scaler", "constructor")]) as extension:
        assert allowlist.trusted("mypkg.models", "Scaler") == "constructor"
        assert allowlist.is_known_package("mypkg")
        assert allowlist.trusted("mypkg.models", "Other") is None
        assert allowlist.trusted("mypkg", "models.Scaler") is None
    assert extension.used == {("mypkg.models", "Scaler")}
    assert list(extension.refused) == [("mypkg.models", "Other"), ("mypkg", "models.Scaler")]
    assert allowlist.trusted("mypkg.models", "Scaler") is None and not allowlist.is_known_package("mypkg")


def test_an_extension_never_makes_a_dotted_name_trusted() -> None:
    with allowlist.extended([("torch", "os.system", "constructor")]):
        assert allowlist.trusted("torch", "os.system") is None


def test_an_extension_cannot_weaken_what_the_list_follows() -> None:
    with allowlist.extended(
        [("collections", "defaultdict", "constructor"), ("numpy", "log1p", "rebuild")]
    ) as extension:
        assert allowlist.trusted("collections", "defaultdict") == "caller"
        assert allowlist.trusted("numpy", "log1p") == "rebuild"  # trusted as a value only before
    assert extension.used == {("numpy", "log1p")}
