"""The wheel: three unique import names, nothing of a stranger overwritten, the core install works alone."""

import hashlib
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

STRANGER = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "stranger"
version = "1"
[tool.hatch.build.targets.wheel]
packages = ["detectors", "scanner", "policies"]
"""


def sh(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(source: Path, out: Path) -> Path:
    sh(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A fresh environment with a stand-in that owns `import detectors`, then the core wheel of Assay."""
    base = tmp_path_factory.mktemp("wheel")
    stranger = base / "stranger"
    for name in ("detectors", "scanner", "policies"):
        (stranger / name).mkdir(parents=True)
        (stranger / name / "__init__.py").write_text(f"OWNER = 'stranger {name}'\n")
    (stranger / "pyproject.toml").write_text(STRANGER)
    wheel = build(ROOT, base / "ours")
    venv.create(base / "env", with_pip=True)
    python = base / "env" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    sh(*pip, build(stranger, base / "theirs"))
    before = digests(base / "env")
    sh(*pip, "-c", ROOT / "constraints.txt", wheel)
    return base / "env", wheel, before


def digests(environment: Path) -> dict[str, str]:
    site = next((environment / "lib").glob("python*/site-packages"))
    return {
        str(path.relative_to(site)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("detectors", "scanner", "policies")
        for path in (site / name).rglob("*.py")
    }


def test_wheel_holds_three_unique_roots(environment):
    _, wheel, _ = environment
    names = zipfile.ZipFile(wheel).namelist()
    roots = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert roots == {"assay", "assay_detectors", "assay_policies"}
    for needed in (
        "assay/py.typed",
        "assay_detectors/py.typed",
        "assay_policies/py.typed",
        "assay_policies/builtin/strict.yaml",
        "assay/reports/templates/report.html.j2",
        "assay/targets/allowlist.json",
    ):
        assert needed in names


def test_nothing_of_the_stranger_is_overwritten(environment):
    env, _, before = environment
    assert len(before) == 3
    assert digests(env) == before
    code = "import detectors, scanner, policies, assay; print(detectors.OWNER)"
    assert sh(env / "bin" / "python", "-c", code).strip() == "stranger detectors"


def test_core_install_lists_detectors_with_the_line_that_installs_the_rest(environment):
    env, _, _ = environment
    listed = sh(env / "bin" / "assay", "detectors", "list")
    assert "artifact.unsafe-code" in listed
    assert "pip install 'model-assay[pii]'" in listed


def test_core_install_scans_an_artifact_and_skips_the_rest_with_the_install_line(environment, tmp_path):
    env, _, _ = environment
    assay = env / "bin" / "assay"
    (tmp_path / "bad.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    (tmp_path / "a.log").write_text("hello\n")
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nartifacts: [bad.pkl]\nlogs: [{path: a.log}]\n")
    done = subprocess.run(
        [assay, "scan", tmp_path / "assay.yaml", "-o", f"json={tmp_path / 'r.json'}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3  # a required check was skipped: 3 beats 1
    assert "os.system" in done.stdout
    assert "pip install 'model-assay[pii]'" in done.stdout
    assert done.stderr == ""
    for command in (
        ("judge", "r.json", "-o", "sarif=r.sarif"),
        ("report", "r.json", "-o", "html=r.html"),
        ("policy", "check", "strict"),
    ):
        code = subprocess.run([assay, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "Traceback" not in code.stderr
        assert code.returncode in (0, 3)
    assert (tmp_path / "r.html").stat().st_size > 1000
