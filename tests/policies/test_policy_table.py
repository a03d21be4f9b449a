"""`assay policy test`: what holds, what fails and where, what is broken."""

from pathlib import Path

import pytest

from assay.cli.main import run

TABLES = sorted((Path(__file__).parent / "tables").glob("*.yaml"))
POLICY = """\
version: 1
id: acme/x
alpha: 0.05
rules:
  - {id: secrets, metric: pii.logs.count, where: {tier: A}, each: [entity], limit: {max: 0}, required: true, severity: high}
  - {id: leak, metric: privacy.membership.auc, limit: {max: 0.6}, when: "target.task == 'classification'"}
"""
HEAD = "version: 1\npolicy: p.yaml\ntoday: 2026-11-26\n"


@pytest.fixture
def table(tmp_path, capsys):
    def go(cases, head=HEAD, policy=POLICY):
        (tmp_path / "p.yaml").write_text(policy)
        (tmp_path / "t.yaml").write_text(head + "cases:\n" + cases)
        code = run(["policy", "test", str(tmp_path / "t.yaml")])
        done = capsys.readouterr()
        return code, done.out + done.err.replace(str(tmp_path) + "/", "")

    return go


@pytest.mark.parametrize("path", TABLES, ids=[path.stem for path in TABLES])
def test_the_tables_of_the_built_in_policies_hold(path, capsys):
    assert run(["policy", "test", str(path)]) == 0, capsys.readouterr().err


def test_a_case_that_holds(table):
    code, said = table(
        "  - name: one key in the logs\n"
        "    facts: {target.task: classification}\n"
        "    given:\n"
        "      - {metric: pii.logs.count, value: 2, labels: {tier: A, entity: AWS_KEY}}\n"
        "      - {metric: pii.logs.count, value: 0, labels: {tier: A, entity: IBAN}}\n"
        "      - {metric: privacy.membership.auc, value: 0.5, interval: [0.4, 0.7]}\n"
        "    expect:\n"
        "      verdict: fail\n      exit_code: 1\n"
        "      rules: {secrets: fail, leak: inconclusive}\n"
        "      findings: [{rule: secrets, severity: high, blocks: true, labels: {entity: AWS_KEY}, text: '2 '}]\n"
    )
    assert code == 0, said
    assert "ok: one key in the logs" in said
    assert "1 cases, 0 failed" in said


def test_a_case_that_does_not_hold_names_place_expected_and_got(table):
    code, said = table(
        "  - name: all is well\n    others: clean\n    facts: {target.task: classification}\n"
        "    expect:\n      verdict: fail\n      exit_code: 1\n      rules: {leak: fail}\n"
        "      findings: [{rule: secrets}]\n"
        "  - name: a leak\n    others: clean\n    facts: {target.task: classification}\n"
        "    given: [{metric: privacy.membership.auc, binomial: {k: 900, n: 1000}}]\n"
        "    expect: {no_findings: [secrets, leak]}\n"
    )
    assert code == 1
    assert "t.yaml:9:16: case 'all is well': expected the verdict fail, got pass\n" in said
    assert "t.yaml:10:18: case 'all is well': expected exit code 1, got 0\n" in said
    assert "t.yaml:11:21: case 'all is well': rule leak: expected fail, got pass: " in said
    assert "t.yaml:12:18: case 'all is well': no finding is as expected (rule secrets), got none of this rule\n" in said
    assert "t.yaml:17:37: case 'a leak': rule leak: expected no finding, got fail, " in said
    assert said.count("^") == 5
    assert "2 cases, 2 failed" in said


def test_what_is_not_given_was_not_checked(table):
    code, said = table(
        "  - name: nothing\n    expect: {exit_code: 3, rules: {secrets: error}}\n"
        "  - name: skipped\n    given: [{outcome: {detector: pii.logs, status: skipped, reason: no extra,"
        " missing_extras: [pii]}}]\n    expect: {exit_code: 3, rules: {secrets: skipped}}\n"
        "  - name: unknown task\n    others: clean\n    expect: {rules: {leak: inconclusive}}\n"
        "  - name: other task\n    others: clean\n    facts: {target.task: regression}\n"
        "    expect: {exit_code: 0, rules: {leak: not_applicable}}\n"
        "  - name: cut file\n    others: clean\n"
        "    given: [{metric: pii.logs.count, value: 0, complete: false, labels: {tier: A}}]\n"
        "    expect: {rules: {secrets: inconclusive}, exit_code: 4}\n"
    )
    assert code == 0, said


def test_waivers_are_judged_on_the_day_of_the_case(table):
    from assay_policies.waive import fingerprint

    mark = fingerprint("credit", "secrets", "pii.logs.count", {"entity": "IBAN"})
    waiver = (
        f"waivers:\n  - {{id: W, finding: {mark}, reason: test accounts only, kind: false_positive, approver: ann,"
        " expires: 2026-12-01, bound: {metric_max: 1}}\n"
    )
    given = "given: [{metric: pii.logs.count, value: 1, labels: {tier: A, entity: IBAN}}]"
    code, said = table(
        f"  - {{name: in time, target: credit, others: clean, {given}, facts: {{target.task: regression}},"
        " expect: {exit_code: 0, rules: {secrets: waived}}}\n"
        f"  - {{name: too late, target: credit, others: clean, {given}, facts: {{target.task: regression}},"
        " today: 2026-12-02, expect: {exit_code: 5, rules: {secrets: fail}}}\n",
        policy=POLICY + waiver,
    )
    assert code == 0, said
    code, said = table(
        f"  - {{name: worse, target: credit, {given.replace('value: 1', 'value: 2')}, expect: {{rules: {{secrets: waived}}}}}}\n",
        policy=POLICY + waiver,
    )
    assert code == 1
    assert "expected waived, got fail" in said
    assert "waiver W is void: " in said


EXPECT = "expect: {exit_code: 0}}\n"
BROKEN = {
    # The case, with ~ at the place, and words.
    "unknown rule": ("  - {name: a, expect: {rules: {~secrts: fail}}}\n", "did you mean 'secrets'"),
    "unknown verdict": ("  - {name: a, expect: {rules: {secrets: ~failed}}}\n", "did you mean 'fail'"),
    "unknown metric": (f"  - {{name: a, given: [{{metric: ~pii.logs.coutn, value: 1}}], {EXPECT}", "'pii.logs.count'"),
    "unknown label": (
        f"  - {{name: a, given: [{{metric: pii.logs.count, value: 1, labels: {{~teir: A}}}}], {EXPECT}", "'tier'"),
    "unknown detector": (
        f"  - {{name: a, given: [{{outcome: {{detector: ~pii.log, status: ran}}}}], {EXPECT}", "did you mean 'pii.logs'"),
    "unknown fact": (f"  - {{name: a, facts: {{~target.tsak: x}}, {EXPECT}", "did you mean 'target.task'"),
    "nothing expected": ("  - {name: a, expect: ~{}}\n", "expects nothing"),
    "same name": (f"  - {{name: a, {EXPECT}  - {{name: ~a, {EXPECT}", "rename one"),
    "no number": (f"  - {{name: a, given: [{{~metric: pii.logs.count}}], {EXPECT}".replace("{~", "~{"), "`value`"),
    "outside its interval": (
        f"  - {{name: a, given: [{{metric: pii.logs.count, value: 3, interval: ~[0, 1]}}], {EXPECT}", "hold the value"),
    "no cases": ("  ~[]\n", "at least one"),
}  # fmt: skip


@pytest.mark.parametrize(("marked", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_tables(table, marked, words):
    before = HEAD + "cases:\n" + marked[: marked.index("~")]
    code, said = table(marked.replace("~", "", 1))
    assert code == 2
    assert f"t.yaml:{before.count(chr(10)) + 1}:{len(before.rsplit(chr(10), 1)[-1]) + 1}: " in said, said
    assert words in said
    assert "Traceback" not in said


def test_a_policy_that_is_not_there(table):
    code, said = table(f"  - {{name: a, {EXPECT}", HEAD.replace("p.yaml", "q.yaml"))
    assert code == 2
    assert "t.yaml:2:9: " in said
    assert "no such file" in said


def test_a_broken_policy_is_told_at_its_own_place(table):
    code, said = table("  - {name: a, expect: {exit_code: 0}}\n", policy=POLICY.replace("severity", "severty"))
    assert code == 2
    assert "p.yaml:5:" in said
    assert "did you mean 'severity'" in said
