"""The CI kit: the commands of the GitHub action, the GitLab template and the pre-commit hook, run as their hosts do."""

import json
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
FILES = {
    "github": ROOT / "ci" / "github" / "action.yml",
    "gitlab": ROOT / "ci" / "gitlab" / "assay.gitlab-ci.yml",
    "pre-commit": ROOT / ".pre-commit-hooks.yaml",
}
EVIL = b"cposix\nsystem\n(S'true'\ntR."


def load(name):
    return YAML(typ="safe").load(FILES[name])


@pytest.fixture
def repository(tmp_path):
    """A checkout with two good models, a bad one, a broken manifest and one whose model is missing."""
    for name, content in {"good": None, "fine": None, "evil": EVIL}.items():
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "model.pkl").write_bytes(pickle.dumps({"id": name}) if content is None else content)
        (folder / "assay.yaml").write_text(f"version: 1\nname: {name}\nartifacts: [model.pkl]\n")
    (tmp_path / "broken.yaml").write_text("version: 1\nname: broken\nmodle: x\n")
    (tmp_path / "gone.yaml").write_text("version: 1\nname: gone\nartifacts: [none.pkl]\n")
    return tmp_path


def bash(command, script, folder, env):
    """Run a script with the tools of this environment, no home of ours and no network where that can be had."""
    inherited = {"LANG": "C.UTF-8", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    if "PYTHONPATH" in os.environ:
        inherited["PYTHONPATH"] = os.environ["PYTHONPATH"]
    file = folder / "step.sh"
    file.write_text(script)
    done = subprocess.run(
        [*command, str(file)], cwd=folder, env={**inherited, "ASSAY_CACHE": str(folder / "store.sqlite"), **env},
        capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    file.unlink()
    return done


@pytest.fixture
def action(repository):
    """Return a function that runs the step `scan` of the action with some inputs, as a runner does."""
    document = load("github")
    step = next(step for step in document["runs"]["steps"] if step.get("id") == "scan")

    def run(**given):
        inputs = {name: entry["default"] for name, entry in document["inputs"].items()} | {
            name.replace("_", "-"): value for name, value in given.items()
        }
        env = {name: _filled(value, inputs) for name, value in step["env"].items()}
        output, summary = repository / "output.txt", repository / "step_summary.md"
        output.unlink(missing_ok=True)
        summary.unlink(missing_ok=True)
        env |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "RUNNER_TEMP": str(repository)}
        done = bash(["bash", "--noprofile", "--norc", "-eo", "pipefail"], step["run"], repository, env)
        said = dict(line.split("=", 1) for line in output.read_text().splitlines())
        text = summary.read_text() if summary.exists() else ""
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr, outputs=said, summary=text)

    return run


def _filled(value, inputs):
    return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: inputs[found[1]], value)


def test_the_action_passes_and_writes_reports_and_summary(action, repository):
    done = action(targets="models/good/assay.yaml\nmodels/fine/assay.yaml\n")
    assert done.code == 0, done.err
    assert done.outputs["exit-code"] == "0"
    assert {p.name for p in Path(done.outputs["sarif"]).iterdir()} == {"good.sarif", "fine.sarif"}
    assert "2 targets: 2 gate open" in done.summary
    reports = repository / "assay-reports"
    assert {str(p.relative_to(reports)) for p in reports.rglob("*.*")} == {
        "good.json", "fine.json", "good.html", "fine.html", "sarif/good.sarif", "sarif/fine.sarif", "summary.md",
    }  # fmt: skip
    for file in (reports / "sarif").iterdir():
        assert json.loads(file.read_text())["version"] == "2.1.0"


CODES = {
    "a pattern with a violation": ("models/*/assay.yaml", 1),
    "a broken manifest among others": ("models/good/assay.yaml broken.yaml", 2),
    "a broken manifest alone": ("broken.yaml", 2),
    "a model that is not there": ("gone.yaml", 3),
    "a pattern without a match": ("none/*/assay.yaml", 2),
    "nothing": (" \n ", 3),
    "an option in disguise": ("--allow-unsandboxed", 2),
}


@pytest.mark.parametrize("case", CODES.values(), ids=CODES)
def test_the_action_ends_with_the_exit_code_of_assay(action, case):
    targets, code = case
    done = action(targets=targets)
    assert (done.code, done.outputs["exit-code"]) == (code, str(code)), done.err
    assert "Traceback" not in done.err


def test_the_summary_of_the_action_names_what_failed(action):
    done = action(targets="models/*/assay.yaml broken.yaml")
    assert "no-unsafe-code" in done.summary and "broken.yaml:3:1" in done.summary and "| PASS | 0 |" in done.summary
    unusable = action(targets="models/good/assay.yaml", policy="strickt")
    assert unusable.code == 2 and "exit code 2" in unusable.summary
    assert "sarif" not in unusable.outputs  # nor that of the run before


def test_the_action_deletes_nothing_where_it_writes_its_reports(action, repository):
    (repository / "own.json").write_text("{}")
    assert action(targets="models/good/assay.yaml", reports=".").code == 0
    assert (repository / "own.json").read_text() == "{}" and (repository / "good.json").exists()


@pytest.mark.parametrize("name", ["targets", "policy", "baseline", "budget", "reports"])
def test_no_input_of_the_action_is_run_as_a_command(action, repository, name):
    inputs = {"targets": "models/good/assay.yaml", name: '$(touch pwned) `touch pwned` "; touch pwned; "'}
    action_ran = action(**inputs)
    assert not (repository / "pwned").exists()
    assert action_ran.code != 0 or name == "reports"


def test_every_input_of_the_action_reaches_its_scripts_by_the_environment_only():
    for step in load("github")["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_action_installs_by_the_clients_own_registry(repository):
    document = load("github")
    step = next(step for step in document["runs"]["steps"] if step["name"] == "Install Assay")
    fake = repository / "fake"
    fake.mkdir()
    (fake / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$SAID"\n')
    (fake / "python").chmod(0o755)
    for version, extras, wanted in (
        ("model-assay", "models,data", "model-assay[models,data]"),
        ("model-assay==0.1.0", "sign", "model-assay[sign]==0.1.0"),
        ("model-assay", "", "model-assay"),
    ):
        env = {"ASSAY_VERSION": version, "ASSAY_EXTRAS": extras, "SAID": str(repository / "said")}
        path = {"PATH": f"{fake}{os.pathsep}{os.environ['PATH']}"}
        done = bash(["bash", "--noprofile", "--norc", "-eo", "pipefail"], step["run"], repository, env | path)
        assert done.returncode == 0
        assert (repository / "said").read_text().splitlines()[-1] == wanted


def test_findings_are_uploaded_even_where_the_gate_is_shut():
    step = next(step for step in load("github")["runs"]["steps"] if "uses" in step)
    assert step["uses"].startswith("github/codeql-action/upload-sarif@")
    assert "always()" in step["if"] and step["with"]["sarif_file"] == "${{ steps.scan.outputs.sarif }}"


@pytest.fixture
def job(repository):
    """Return a function that runs the script of the GitLab job with some variables."""
    document = load("gitlab")["assay"]

    def run(shell="sh", **given):
        env = {
            name: str(value).replace("$CI_PROJECT_DIR", str(repository))
            for name, value in document["variables"].items()
        }
        script = "\n".join(document["script"])
        return bash([shell, "-e"], script, repository, {**env, **given})

    return run


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_gitlab_job_ends_with_the_exit_code_and_leaves_its_reports(job, repository, shell):
    pytest.importorskip("junitparser")
    done = job(shell, ASSAY_TARGETS="models/*/assay.yaml")
    assert done.returncode == 1, done.stderr
    reports = repository / "assay-reports"
    names = {p.name for p in reports.iterdir()}
    assert {f"{n}.{e}" for n in ("good", "fine", "evil") for e in ("json", "html", "junit.xml")} <= names
    found = json.loads((reports / "gl-code-quality-report.json").read_text())
    assert found and all(entry["fingerprint"] and entry["location"]["path"] for entry in found)
    assert any("evil" in entry["location"]["path"] for entry in found)
    declared = load("gitlab")["assay"]["artifacts"]["reports"]
    assert (repository / declared["codequality"]).exists() and list(repository.glob(declared["junit"]))


def test_the_gitlab_job_fails_closed(job):
    for variables, code in (
        ({"ASSAY_TARGETS": "models/good/assay.yaml"}, 0),
        ({"ASSAY_TARGETS": "models/good/assay.yaml broken.yaml"}, 2),
        ({"ASSAY_TARGETS": "gone.yaml"}, 3),
        ({"ASSAY_TARGETS": " "}, 3),
        ({"ASSAY_TARGETS": "models/good/assay.yaml", "ASSAY_POLICY": "strickt"}, 2),
    ):
        done = job(**variables)
        assert done.returncode == code, (variables, done.stderr)


def test_the_gitlab_job_allows_no_failure_and_keeps_its_reports():
    document = load("gitlab")["assay"]
    assert "allow_failure" not in document and document["artifacts"]["when"] == "always"


@pytest.fixture
def hook(repository):
    """Return a function that runs the hook on those of some files that it takes, as pre-commit does."""
    entry = load("pre-commit")[0]

    def run(*files, args=None):
        taken = [name for name in files if re.search(entry["files"], name)]
        script = shlex.join([*shlex.split(entry["entry"]), *(entry.get("args", []) if args is None else args), *taken])
        cut = ["unshare", "-rn"] if _can_unshare() else []
        return taken, bash([*cut, "bash"], script, repository, {})

    return run


def _can_unshare():
    tool = shutil.which("unshare")
    return tool is not None and subprocess.run([tool, "-rn", "true"], check=False, capture_output=True).returncode == 0


def test_the_hook_looks_at_all_changed_model_files_in_one_run(hook):
    taken, done = hook("models/good/model.pkl", "models/fine/model.pkl", "models/good/assay.yaml", "README.md")
    assert taken == ["models/good/model.pkl", "models/fine/model.pkl"]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 targets: 2 gate open" in done.stdout


def test_the_hook_refuses_a_model_that_runs_code_and_says_which(hook):
    _, done = hook("models/good/model.pkl", "models/evil/model.pkl")
    assert done.returncode == 1
    assert "models/evil/model.pkl:\n  critical no-unsafe-code" in done.stdout
    _, alone = hook("models/evil/model.pkl")
    assert alone.returncode == 1


LAX = "version: 1\nid: lax\nextends: [builtin:baseline]\nrules:\n  - {id: no-unsafe-code, severity: low}\n"


def test_a_committed_file_is_never_an_option(hook, repository):
    (repository / "lax.pkl").write_text(LAX)
    (repository / "own.yaml").write_text("version: 1\nid: own-policy\nextends: [builtin:baseline]\n")
    names = ["--policy=lax.pkl", "-q.pkl", "--policy.pkl", "-ojson=pwned.pkl"]
    for name in names:
        (repository / name).write_bytes(pickle.dumps([1]))
    taken, done = hook(*names, "models/evil/model.pkl")
    assert taken == [*names, "models/evil/model.pkl"]
    assert done.returncode == 1, done.stdout + done.stderr
    assert "models/evil/model.pkl:\n  critical no-unsafe-code" in done.stdout and "5 targets" in done.stdout
    assert "--policy=lax.pkl" in done.stdout and "lax:" not in done.stdout and not (repository / "pwned.pkl").exists()
    _, own = hook(*names, "models/good/model.pkl", args=["--policy", "own.yaml"])  # what the user wrote still counts
    assert own.returncode == 0 and "own-policy" in own.stdout, own.stdout + own.stderr


def test_no_committed_module_is_imported_by_the_hook(hook, repository):
    for name in ("click.py", "assay.py", "json.py"):
        (repository / name).write_text("open('pwned', 'w')\n")
    _, done = hook("models/good/model.pkl")
    assert done.returncode == 0 and not (repository / "pwned").exists()


def test_the_hook_runs_only_the_artifact_family_and_is_quick(hook, repository):
    for index in range(4):
        (repository / f"m{index}.pkl").write_bytes(pickle.dumps([index]))
    started = time.process_time(), os.times()
    _, done = hook(*(f"m{index}.pkl" for index in range(4)))
    after = os.times()
    seconds = after.children_user + after.children_system - started[1].children_user - started[1].children_system
    assert done.returncode == 0 and "4 targets: 4 gate open" in done.stdout
    assert seconds < 8  # about 0.4 CPU s a file, and a start
    script = f"{BIN / 'assay'} scan m0.pkl -q -o json=r.json"
    assert bash(["bash"], script, repository, {}).returncode == 0
    outcomes = json.loads((repository / "r.json").read_text())["outcomes"]
    assert {o["detector"].split(".")[0] for o in outcomes if o["status"] == "ran"} == {"artifact"}


def test_the_hook_takes_what_is_loaded_and_leaves_text():
    pattern = re.compile(load("pre-commit")[0]["files"])
    assert all(pattern.search(f"a/b.{end}") for end in ("pkl", "pt", "onnx", "safetensors", "joblib", "keras", "gguf"))
    assert not any(pattern.search(name) for name in ("a.py", "a.md", "assay.yaml", "pkl", "a.pkl.md", "a.log"))


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_a_host(name):
    text = FILES[name].read_text()
    assert not re.search(r"https?://|[\w-]+\.(org|com|io|net)\b", text)
