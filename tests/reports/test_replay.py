"""The steps that a report prints reach the result that it names, run as they stand."""

from __future__ import annotations

import html
import os
import pickle
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.model.result import FileDigest, RunFacts, ScanResult, read_result
from assay.reports.html import render
from assay.reports.markdown import render as as_markdown
from assay.reports.replay import judge_words, result_digest, scan_words

RULES = """\
rules:
  - {id: no-code, metric: artifact.unsafe-code.calls, each: [file], limit: {max: 0}, required: true, severity: high}
"""
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "ASSAY_CACHE": "",
}


class Odd:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("true",)


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run a line in a folder with two targets and two policies, one of them with its own baseline."""
    for name in ("alpha", "beta"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.pkl").write_bytes(pickle.dumps(Odd() if name == "alpha" else {"w": 1}))
        manifest = f"version: 1\nname: {name}\nartifacts: [model.pkl]\n"
        (tmp_path / name / "assay.yaml").write_text(manifest)
    (tmp_path / "a folder").mkdir()
    (tmp_path / "scan.yaml").write_text(f"version: 1\nid: acme/scan\n{RULES}")
    own = f"version: 1\nid: acme/own\ngate: {{new_only: {{baseline: old.json}}}}\n{RULES}"
    (tmp_path / "a folder" / "own.yaml").write_text(own)

    def run(line: str) -> subprocess.CompletedProcess[str]:
        where = ENVIRONMENT | {"ASSAY_CACHE": str(tmp_path / "store.sqlite")}
        return subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=where, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def steps(page: str) -> tuple[list[str], str]:
    """The commands under `How to repeat this`, and the sha256 that they must end with."""
    part = page.partition('<h2 id="repeat">')[2].partition("</section>")[0]
    commands = [html.unescape(found) for found in re.findall(r'<pre class="code">(.*?)</pre>', part, re.S)]
    digest = re.search(r"It prints <code>([0-9a-f]{64})</code>", part)
    assert digest is not None
    return commands, digest[1]


JUDGED = {
    "another policy, a baseline": ("judge s.json --policy strict --baseline 'a folder/old.json'", "alpha"),
    "the baseline of the policy": ("judge s.json --policy 'a folder/own.yaml'", "alpha/assay.yaml"),
    "the policy of the scan": ("report s.json", "alpha/assay.yaml --baseline 'a folder/old.json'"),
}


@pytest.mark.parametrize(("judged", "target"), JUDGED.values(), ids=list(JUDGED))
def test_the_steps_of_the_page_reach_its_sha256(
    shell: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path, judged: str, target: str
) -> None:
    shell("assay scan alpha/assay.yaml -q -o json='a folder/old.json'")
    shell(f"assay scan {target} -q --policy scan.yaml -o json=s.json -ohtml=scan.html")
    assert shell(f"assay {judged} -o html=page.html -o markdown=page.md").stderr == ""
    commands, digest = steps((tmp_path / "page.html").read_text())
    assert len(commands) == 4
    for left in ("s.json", "scan.html"):
        (tmp_path / left).unlink()
    for command in commands[1:3]:
        done = shell(command)
        assert done.returncode in (0, 1, 3, 4) and done.stderr == "", done
    again = (tmp_path / "result.json").read_bytes()
    assert result_digest(read_result(again, "result.json")) == digest
    assert shell(commands[3]).stdout.strip() == digest
    assert not (tmp_path / "scan.html").exists()
    written = (tmp_path / "page.md").read_text().partition("```sh\n")[2].splitlines()
    assert written == [*commands[1:3], "```"]


def test_of_several_targets_the_steps_scan_the_one(
    shell: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    shell("assay scan alpha/assay.yaml beta --policy scan.yaml -q -o 'json=out/{name}.json' -o 'html=out/{name}.html'")
    for name in ("alpha", "beta"):
        commands, digest = steps((tmp_path / "out" / f"{name}.html").read_text())
        for command in commands[1:3]:
            shell(command)
        assert shell(commands[3]).stdout.strip() == digest


def with_argv(result: ScanResult, *argv: str, folder: str = "") -> ScanResult:
    run = RunFacts(argv=("assay", "scan", *argv), folder=folder)
    return result.model_copy(update={"provenance": result.provenance.model_copy(update={"run": run})})


WRITE = ["-o", "json=result.json"]
LINES = {
    ("x", "--seed=7"): ["x", "--seed=7", *WRITE],
    ("x", "-qo", "json=a", "-ohtml=b", "--output=sarif=c", "--output", "junit=d"): ["x", "--seed", "0", *WRITE],
    ("--baseline", "o.json", "--policy=p", "-q", "x"): ["x", "--policy=p", "-q", "--seed", "0", *WRITE],
    ("--trust", "t", "--", "-x"): ["--trust", "t", "--seed", "0", *WRITE, "--", "-x"],
    ("../a", "/b", "-o", "json=out/{name}.json"): ["../a", "/b", "--seed", "0", "-o", "json={name}.json"],
    ("x", "--policy"): ["x", "--policy", "--seed", "0", *WRITE],
    (): ["--seed", "0", *WRITE],
}


@pytest.mark.parametrize(("argv", "words"), LINES.items(), ids=[" ".join(argv) or "nothing" for argv in LINES])
def test_reports_and_baseline_of_the_scan_are_left_out(
    cases: dict[str, ScanResult], argv: tuple[str, ...], words: list[str]
) -> None:
    assert scan_words(with_argv(cases["clean"], *argv)) == ["assay", "scan", *words]


def test_the_policy_of_the_verdict_is_the_last_of_its_chain(cases: dict[str, ScanResult]) -> None:
    chain = (FileDigest(path="builtin:strict", sha256="d" * 64), FileDigest(path="my $policy.yaml", sha256="e" * 64))
    result = cases["failing"].model_copy(
        update={"provenance": cases["failing"].provenance.model_copy(update={"policies": chain})}
    )
    wanted = ["assay", "judge", "result.json", "--policy", "my $policy.yaml", *WRITE]
    assert judge_words(result) == wanted
    assert shlex.join(wanted) in as_markdown(result)
    assert html.escape(shlex.join(wanted), quote=True).replace("&#x27;", "&#39;") in render(result)
    assert judge_words(cases["nothing"]) == []
    assert "It was not recorded." in render(cases["nothing"])
