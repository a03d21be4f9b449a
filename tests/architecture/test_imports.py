"""Who imports whom, and what the light commands must not import."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "numpy", "torch", "art", "sklearn", "scipy", "pandas", "presidio_analyzer", "spacy", "onnx", "onnxruntime", "skops",
    "pyarrow", "hyperscan", "re2", "phonenumbers", "joblib", "safetensors", "tldextract", "zstandard", "xgboost",
)  # fmt: skip
PRODUCT = [path for folder in ("scanner", "detectors", "policies") for path in (ROOT / folder).rglob("*.py")]


def top_level_imports(path: Path) -> set[str]:
    """Modules imported when the file is imported: everything outside functions and `if TYPE_CHECKING`."""
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        todo.extend(ast.iter_child_nodes(node))
    return found


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_are_imported_inside_functions(path):
    assert not top_level_imports(path) & set(HEAVY)


def test_import_contracts():
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def modules_after(*arguments: str) -> tuple[int, set[str]]:
    """Run the command line in a fresh process; return its exit code and what it imported."""
    script = (
        "import sys, json, io\n"
        "from assay.cli.main import run\n"
        "out, sys.stdout = sys.stdout, io.StringIO()\n"
        f"code = run({list(arguments)!r})\n"
        "sys.stdout = out\n"
        "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stdout.splitlines()[-1])
    return code, set(modules)


LIGHT = {
    "help": ("--help",),
    "version": ("--version",),
    "detectors list": ("detectors", "list"),
    "detectors doctor": ("detectors", "doctor"),
    "explain": ("explain", "pii.logs"),
    "policy check": ("policy", "check", "baseline", "strict"),
    "policy schema": ("policy", "schema", "--result"),
    "init": ("init", "--print", "fixtures/credit"),
}


@pytest.mark.parametrize("arguments", LIGHT.values(), ids=LIGHT)
def test_light_commands_import_nothing_heavy(arguments):
    code, modules = modules_after(*arguments)
    assert code == 0
    assert not modules & set(HEAVY)


def test_help_imports_neither_pydantic_nor_yaml():
    _, modules = modules_after("--help")
    assert not modules & {"pydantic", "ruamel", "rich", "jinja2"}


def test_scan_of_a_file_imports_nothing_heavy_in_the_users_process(tmp_path):
    import pickle

    file = tmp_path / "m.pkl"
    file.write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    result = tmp_path / "r.json"
    code, modules = modules_after("scan", str(file), "-o", f"json={result}")
    assert code == 0
    assert not modules & set(HEAVY)
    code, modules = modules_after("judge", str(result), "--policy", "strict")
    assert code == 3  # strict requires inputs that a bare file has not
    assert not modules & set(HEAVY)
