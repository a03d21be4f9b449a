"""What is wrong with a `when`: which words, and the very token."""

import re
from pathlib import Path

import pytest

from assay.documents.yaml_text import parse
from assay.model.errors import InvalidInput
from assay.model.facts import FACTS
from assay_policies.load import load_policy
from assay_policies.when import parse_expression
from assay_policies.when_check import MAX_LENGTH, Names, check_expression

METRICS = {"pii.logs.count": ("tier", "entity"), "a.b.c": ()}
NAMES = Names(FACTS, METRICS, frozenset({"gone.away"}))

GOOD = [
    "target.task == 'classification'",
    "target.task in ['classification', 'regression'] and not model.format == 'onnx'",
    "value('pii.logs.count', tier='A') > 3 or value('a.b.c') <= 0.5",
    "0 < value('a.b.c') < 5",
    "'classification' == target.task",
    "value('gone.away.metric') > 1",
    "target.name == 'say # or = or && or AND'",
    "  target.task == 'classification'",
]
BAD = {
    # expression, with ~ before the token: words
    "~target.tsak == 'classification'": "did you mean 'target.task'",
    "target.task == ~'clasification'": "did you mean 'classification'",
    "target.task in ['regression', ~'clasification']": "did you mean 'classification'",
    "target.task == ~regression": "in quotes",
    "~task == 'regression'": "did you mean 'target.task'",
    "~models.format == 'x'": "did you mean 'model.format'",
    "~target.a.b == 'x'": "one dot",
    "target.task ~= 'regression'": "write `==`",
    "target.task == 'regression' ~&& True": "write `and`",
    "target.task == 'regression' ~|| True": "write `or`",
    "target.task == 'regression' ~OR True": "write `or`",
    "~!(target.task == 'regression')": "write `not`",
    "not ~true": "write `True`",
    "target.task == ~None": "no need to ask",
    "~target.task is 'regression'": "write `==`",
    "~target.task in 'regression'": "needs a list",
    "~target.task == ['regression']": "after `in`",
    "~target.task < 'b'": "is text",
    "~target.task == 3": "is text",
    "value('a.b.c') > ~'3'": "without quotes",
    "value(~'a.b.d') > 3": "did you mean 'a.b.c'",
    "value('pii.logs.count', ~teir='A') > 3": "did you mean 'tier'",
    "~value('a.b.c', 'd') > 3": "the only call is",
    "target.task == 'é' or ~target.nmae == 'x'": "target.name",
    "~value('a.b.c')": "must be a condition",
    "~1 + 1 == 2": "arithmetic",
    "target.task == 'regression' ~# and more": "comment",
    "~": "is empty",
    "target.task == 'regression' and ~-target.name == 3": "before a number",
}


@pytest.mark.parametrize("text", GOOD)
def test_good(text):
    assert check_expression(text, NAMES) is None
    parse_expression(text)


@pytest.mark.parametrize(("marked", "words"), BAD.items(), ids=BAD)
def test_bad(marked, words):
    text = marked.replace("~", "", 1)
    if "'é'" in marked:
        text = text.replace("target.task == 'é'", "target.name == 'é'")
    problem = check_expression(text, NAMES)
    assert problem is not None
    assert words in problem.sentence
    assert problem.offset == marked.index("~")


def test_length_and_depth():
    assert check_expression("True or " * 400 + "True", NAMES).offset == MAX_LENGTH
    assert "not an expression" in check_expression("(" * 300 + "True" + ")" * 300).sentence


STYLES = {
    "plain": "when: @target.nmae == 'x'\n",
    "plain over two lines": "when: target.task == 'regression'\n  and @target.nmae == 'x'\n",
    "double quoted": "when: \"target.task == 'regression' and @target.nmae == 'x'\"\n",
    "single quoted": "when: 'target.task == ''regression'' and @target.nmae == ''x'''\n",
    "escaped": 'when: "target.task == \\"regression\\" and @target.nmae == \\"x\\""\n',
    "folded": "when: >-\n  target.task == 'regression'\n  and\n\n  @target.nmae == 'x'\n",
    "literal": "when: |\n  target.task == 'regression'\n  and @target.nmae == 'x'\n",
}


@pytest.mark.parametrize("marked", STYLES.values(), ids=STYLES)
def test_the_place_in_the_file_is_that_of_the_token(marked):
    before = marked[: marked.index("@")]
    document = parse(marked.replace("@", "").encode(), "p")
    problem = check_expression(document.data["when"], NAMES)
    mark = document.inside(("when",), problem.offset)
    assert (mark.line, mark.column) == (before.count("\n") + 1, len(before.rsplit("\n", 1)[-1]) + 1)


def test_metrics_are_checked_only_where_detectors_are_known(tmp_path):
    from assay.engine.catalogue import load_catalogue

    path = tmp_path / "p.yaml"
    path.write_text(
        "version: 1\nid: x\nrules:\n  - id: r\n    metric: pii.logs.count\n    limit: {max: 0}\n"
        "    when: value('pii.logs.coutn') == 0\n"
    )
    assert load_policy(str(path)).policy.rules
    with pytest.raises(InvalidInput, match=r"p.yaml:7:17: rule 'r': when: .*did you mean 'pii.logs.count'"):
        load_policy(str(path), load_catalogue().specs)


def test_the_table_of_facts_is_the_one_that_a_scan_fills():
    source = Path(__file__).parents[2] / "scanner" / "assay" / "engine" / "scan.py"
    text = source.read_text(encoding="utf-8")
    body = text[text.index("def _facts(") :].split("\ndef ")[0]
    assert set(re.findall(r'"((?:target|model)\.[a-z]+)"', body)) == set(FACTS)
