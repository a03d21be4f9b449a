"""Several targets, one policy: separate results, one summary, the worst exit code; and a repository of fifty models."""

import json
import os
import pickle
import resource
import subprocess
import sys
from types import SimpleNamespace

import pytest

from assay.cli.main import run as run_here
from assay.model.result import read_result
from assay.reports.summary import ORDER, Row, markdown, remembered, terminal, worst

CLEAN = {"weights": [0.1, 0.2]}
EVIL = b"cposix\nsystem\n(S'true'\ntR."


def write_target(folder, name, content=None):
    """Write a small pickle and its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.pkl").write_bytes(pickle.dumps({**CLEAN, "id": name}) if content is None else content)
    (folder / "assay.yaml").write_text(f"version: 1\nname: {name}\nartifacts: [model.pkl]\n")
    return folder / "assay.yaml"


@pytest.fixture
def scan(tmp_path, monkeypatch, capsys):
    """Return a function that scans in `tmp_path` with a store of its own, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache" / "store.sqlite"))
    (tmp_path / "out").mkdir()

    def call(*arguments):
        capsys.readouterr()
        code = run_here(["scan", *map(str, arguments)])
        said = capsys.readouterr()
        return SimpleNamespace(code=code, out=said.out, err=said.err)

    return call


@pytest.fixture
def two(tmp_path):
    return [write_target(tmp_path / name, name) for name in ("alpha", "beta")]


def rows(text):
    """The rows of the terminal table: cells by the name of the target."""
    lines = text.split("\n\n")[0].splitlines()
    starts = [lines[0].index(head) for head in ("target", "verdict", "exit code", "findings", "measured")]
    cells = [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for line in lines[1:]]
    return {cell[0].split(" ")[0]: cell[1:] for cell in cells}


def test_each_target_has_its_own_result_and_all_have_one_summary(scan, two, tmp_path):
    done = scan(*two, "-o", "json=out/{name}.json", "-o", "sarif=out/{name}.sarif", "-o", "summary=out/summary.md")
    assert done.code == 0 and not done.err
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "alpha.json", "beta.json", "alpha.sarif", "beta.sarif", "summary.md",
    }  # fmt: skip
    for name in ("alpha", "beta"):
        assert read_result((tmp_path / "out" / f"{name}.json").read_bytes(), "r").provenance.target == name
    assert [line[0] for line in rows(done.out).values()] == ["PASS", "PASS"]
    summary = (tmp_path / "out" / "summary.md").read_text()
    assert "2 targets: 2 gate open. Exit code 0." in summary and "| alpha (" in summary


def test_the_result_is_that_of_a_scan_alone(scan, two, tmp_path):
    assert scan(*two, "-q", "-o", "json=out/{name}.json").code == 0
    assert scan(two[1], "-q", "-o", "json=out/alone.json").code == 0
    together, alone = (read_result((tmp_path / "out" / f"{n}.json").read_bytes(), n) for n in ("beta", "alone"))
    assert together.canonical() == alone.canonical()


def test_a_broken_manifest_among_them_loses_nothing_of_the_others(scan, two, tmp_path):
    (tmp_path / "broken.yaml").write_text("version: 1\nname: broken\nmodle: x\n")
    evil = write_target(tmp_path / "evil", "evil", EVIL)
    done = scan(two[0], "broken.yaml", evil, "none.yaml", two[1], "-o", "json=out/{name}.json", "-o", "summary=s.md")
    assert done.code == 2
    found = rows(done.out)
    assert {name: line[:2] for name, line in found.items()} == {
        "alpha": ["PASS", "0"], "broken.yaml": ["INVALID", "2"], "evil": ["FAIL", "1"],
        "none.yaml": ["INVALID", "2"], "beta": ["PASS", "0"],
    }  # fmt: skip
    assert {p.stem for p in (tmp_path / "out").iterdir()} == {"alpha", "evil", "beta"}
    summary = (tmp_path / "s.md").read_text()
    assert "broken.yaml:3:1" in summary and "did you mean" in summary and "no-unsafe-code" in summary


def test_the_exit_code_is_the_worst_of_all(scan, two, tmp_path):
    evil = write_target(tmp_path / "evil", "evil", EVIL)
    gone = write_target(tmp_path / "gone", "gone")
    (tmp_path / "gone" / "model.pkl").unlink()
    assert scan(*two, evil, "-q").code == 1
    assert scan(*two, evil, gone, "-q").code == 3
    assert ORDER == (130, 2, 3, 1, 4, 5, 0)
    for index, code in enumerate(ORDER):
        assert worst([*ORDER[index:], code]) == code
    assert worst([]) == 3


def test_a_crash_in_one_scan_is_a_row_and_no_more(scan, two, monkeypatch):
    import assay.cli.scan as module

    real = module.scan_one

    def fails(request, *more):
        if "alpha" in str(request.path):
            raise RuntimeError("boom")
        return real(request, *more)

    monkeypatch.setattr(module, "scan_one", fails)
    done = scan(*two)
    assert done.code == 3 and "RuntimeError: boom; this is a defect" in done.out
    assert rows(done.out)["beta"][0] == "PASS"


def test_an_interrupt_keeps_what_is_there_and_names_the_rest(scan, two, monkeypatch, tmp_path):
    import assay.cli.scan as module

    real = module.scan_one
    third = write_target(tmp_path / "gamma", "gamma")

    def stops(request, *more):
        if "beta" in str(request.path):
            raise KeyboardInterrupt
        return real(request, *more)

    monkeypatch.setattr(module, "scan_one", stops)
    done = scan(*two, third, "-o", "json=out/{name}.json", "-o", "summary=s.md")
    assert done.code == 130
    assert [line[:2] for line in rows(done.out).values()] == [
        ["PASS", "0"], ["INTERRUPTED", "130"], ["INTERRUPTED", "130"],
    ]  # fmt: skip
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["alpha.json"]
    assert (tmp_path / "s.md").read_text().count("| INTERRUPTED | 130 |") == 2


USAGE = {
    "one path for all": (["-o", "json=out/r.json"], "put {name} into the path, such as -o 'json=out/{name}.json'"),
    "standard output for all": (["-o", "json=-"], "put {name} into the path"),
    "a summary for each": (["-o", "summary=out/{name}.md"], "one summary of all targets"),
    "a summary nowhere": (["-o", "summary="], "name one file"),
    "a summary in no folder": (["-o", "summary=none/s.md"], "does not exist"),
    "summary over a report": (["-o", "json=out/{name}.md", "-o", "summary=out/alpha.md"], "written twice"),
    "two reports in one place": (["-o", "json=out/{name}", "-o", "sarif=out/{name}"], "named twice"),
    "unknown format": (["-o", "jsno=out/{name}.json"], "did you mean 'json'"),
    "no folder": (["-o", "json=none/{name}.json"], "does not exist"),
    "one baseline": (["--baseline", "r.json"], "put {name} into it"),
    "no such policy": (["--policy", "strickt"], "did you mean 'strict'"),
}


@pytest.mark.parametrize("case", USAGE.values(), ids=USAGE)
def test_wrong_usage_is_one_sentence_and_nothing_is_scanned(scan, two, case, tmp_path):
    arguments, said = case
    done = scan(*two, *arguments)
    assert done.code == 2 and said in done.err and not done.out
    assert not list((tmp_path / "out").iterdir())


def test_two_targets_of_one_name_are_refused(scan, two, tmp_path):
    twin = write_target(tmp_path / "twin", "alpha")
    done = scan(*two, twin)
    assert done.code == 2 and "both have the name 'alpha'" in done.err and not done.out
    again = scan(two[0], two[0])
    assert again.code == 2 and "given twice" in again.err


def test_bare_files_are_targets_by_their_paths(scan, two, tmp_path):
    """What a pre-commit hook runs: two files of one name in two folders."""
    done = scan("alpha/model.pkl", "beta/model.pkl", "-o", "json=out/{name}.json")
    assert done.code == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"alpha-model.pkl.json", "beta-model.pkl.json"}
    (tmp_path / "beta" / "model.pkl").write_bytes(EVIL)
    bad = scan("alpha/model.pkl", "beta/model.pkl")
    assert bad.code == 1 and "beta/model.pkl:\n  critical no-unsafe-code: " in bad.out


def test_one_target_may_have_a_template_and_a_summary(scan, two, tmp_path):
    done = scan(two[0], "-o", "json=out/{name}.json", "-o", "summary=out/summary.md")
    assert done.code == 0 and "May this model be released?" in done.out
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"alpha.json", "summary.md"}
    (tmp_path / "broken.yaml").write_text("version: 1\n")
    broken = scan("broken.yaml", "-o", "summary=out/summary.md")
    assert broken.code == 2 and "broken.yaml:1:1" in broken.err
    assert "INVALID" in (tmp_path / "out" / "summary.md").read_text()


def test_each_target_is_compared_with_its_own_baseline(scan, two, tmp_path):
    assert scan(*two, "-q", "-o", "json=out/{name}.json").code == 0
    (tmp_path / "beta" / "model.pkl").write_bytes(EVIL)
    (tmp_path / "later").mkdir()
    assert scan(*two, "-q", "--baseline", "out/{name}.json", "-o", "json=later/{name}.json").code == 1
    news = {
        n: read_result((tmp_path / "later" / f"{n}.json").read_bytes(), n).verdict.changes for n in ("alpha", "beta")
    }
    assert news["alpha"].new == 0 and news["beta"].new > 0


def test_every_plan_is_printed(scan, two):
    done = scan(*two, "--dry-run")
    assert done.code == 0 and done.out.count("would run, in this order:") == 2


def test_hostile_names_do_not_leave_the_folder_or_the_table(scan, tmp_path):
    names = ["../../up", "a|b\u202e<script>", "..", "x/y"]
    targets = [write_target(tmp_path / f"t{i}", json.dumps(name)) for i, name in enumerate(names)]
    done = scan(*targets, "-o", "json=out/{name}.json", "-o", "summary=s.md")
    assert done.code == 0
    assert len(list((tmp_path / "out").iterdir())) == len(names) and not list(tmp_path.glob("*.json"))
    for text in (done.out, (tmp_path / "s.md").read_text()):
        assert "\u202e" not in text
    assert "<script>" not in (tmp_path / "s.md").read_text()
    table = [line for line in (tmp_path / "s.md").read_text().splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {6}


def test_of_very_many_targets_those_that_fail_are_shown():
    many = [Row(f"t{i}", f"t{i}", 2 if i % 100 == 0 else 0, None, "x") for i in range(2000)]
    for text in ("".join(markdown(many, "p")), "".join(terminal(many, "p"))):
        assert all(f"t{i}" in text for i in range(0, 2000, 100))
        assert "1,500 more targets are not shown" in text and "2,000 targets" in text
        assert len(text) < 1_000_000


@pytest.mark.parametrize("models", [8, pytest.param(50, marks=pytest.mark.soak)])
def test_many_models_one_policy_the_second_run_from_the_cache(tmp_path, models):
    targets = [str(write_target(tmp_path / f"models/m{i:02}", f"m{i:02}")) for i in range(models)]
    (tmp_path / "policy.yaml").write_text("version: 1\nid: acme/all\nextends: [builtin:baseline]\n")
    (tmp_path / "out").mkdir()
    command = [
        sys.executable, "-m", "assay.cli", "scan", *targets, "--policy", "policy.yaml",
        "-o", "json=out/{name}.json", "-o", "summary=summary.md",
    ]  # fmt: skip
    env = {**os.environ, "ASSAY_CACHE": str(tmp_path / "store.sqlite")}

    def timed():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found = [read_result((tmp_path / f"out/m{i:02}.json").read_bytes(), "r") for i in range(models)]
        return done, cpu, found, (tmp_path / "summary.md").read_text()

    first, second = timed(), timed()
    print(f"CPU seconds of {models} models: first {first[1]:.1f}, second {second[1]:.1f}")
    for done, _, found, summary in (first, second):
        assert done.returncode == 0 and not done.stderr
        assert [result.provenance.target for result in found] == [f"m{i:02}" for i in range(models)]
        assert summary.count("| PASS | 0 |") == models
    assert [a.canonical() for a in first[2]] == [b.canonical() for b in second[2]]
    assert {remembered(result) for result in first[2]} == {"now"}
    assert {remembered(result) for result in second[2]} == {"unchanged since last scan"}
    assert f"{models} unchanged since last scan" in second[3] and "unchanged" not in first[3]
    assert second[0].stdout.count("unchanged since last scan") == models + 1
    assert second[1] < first[1]
