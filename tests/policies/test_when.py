"""`when`: three values, a small grammar, nothing else."""

import pytest

from assay.model.interval import Interval
from assay_policies.when import evaluate
from assay_policies.when_check import check_expression

FACTS = {"target.task": "classification", "target.name": "credit", "model.format": "onnx"}
VALUES = {"a.b.c": Interval(low=0.2, high=0.4, level=0.95, method="t"), "a.b.n": Interval.exact(3)}


def look(metric, labels):
    return None if labels else VALUES.get(metric)


TRUTH = {
    "target.task == 'classification'": True,
    "target.task != 'classification'": False,
    "target.task in ['regression', 'classification']": True,
    "target.task not in ['regression']": True,
    "target.nothing == 'x'": None,
    "not (target.nothing == 'x')": None,
    "target.nothing == 'x' and target.task == 'regression'": False,
    "target.nothing == 'x' or target.task == 'classification'": True,
    "target.nothing == 'x' or target.task == 'regression'": None,
    "value('a.b.c') > 0.1": True,
    "value('a.b.c') > 0.5": False,
    "value('a.b.c') > 0.3": None,
    "value('a.b.c') <= 0.4": True,
    "value('a.b.c') < 0.2": False,
    "value('a.b.n') == 3": True,
    "value('a.b.n') != 3": False,
    "value('a.b.c') == 0.3": None,
    "value('not.there.x') > 0": None,
    "value('a.b.c', fpr='0.1') > 0": None,
    "0 < value('a.b.n') < 5": True,
    "true_name == 'x'": None,
    "value('a.b.n') > -1": True,
    "True": True,
    "not False": True,
    "target.task > 3": None,
}


@pytest.mark.parametrize(("text", "truth"), TRUTH.items(), ids=TRUTH)
def test_truth(text, truth):
    assert check_expression(text) is None
    assert evaluate(text, FACTS, look) is truth


REFUSED = [
    "__import__('os').system('true')", "target.task.upper() == 'X'", "open('x') == 1", "[x for x in (1,)] == 1",
    "lambda: 1", "target.task == f'{1}'", "value('a', 'b') > 1", "value(target.task) > 1", "value('a', **{}) > 1",
    "1 + 1 == 2", "target.task", "'x'", "value('a.b.c')", "a if b else c", "(x := 1) == 1", "", "a ==", "x == None",
    "x is y", "a[0] == 1", "(" * 500 + "True" + ")" * 500, "value('a.b.c', x=1) > 2", "b'x' == 'x'",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text):
    assert check_expression(text)


def test_unknown_condition_is_inconclusive_and_a_false_one_not_applicable(build):
    record = build.record(build.outcome(build.count(2)), facts=FACTS)
    unknown = build.verdict(record, {**build.zero, "when": "target.exposed == 'yes'"})
    assert next(d for d in unknown.decisions if d.rule == "zero").verdict == "inconclusive"
    false = build.verdict(record, {**build.zero, "when": "target.task == 'regression'"})
    assert next(d for d in false.decisions if d.rule == "zero").verdict == "not_applicable"


def grown(rng, depth):
    """Return a random condition over two facts and one number."""
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(
            ["target.task == 'a'", "model.format != 'b'", "target.task in ['b', 'c']", "value('x.y.z') > 2",
             "0 < value('x.y.z') <= 3", "True", "not False"]
        )  # fmt: skip
    left, right = grown(rng, depth - 1), grown(rng, depth - 1)
    return rng.choice([f"({left}) and ({right})", f"({left}) or ({right})", f"not ({left})"])


def test_what_is_decided_while_something_is_unknown_stays_so_whatever_it_turns_out_to_be():
    import itertools
    import random

    rng = random.Random(11)
    decided = 0
    for _ in range(40):
        text = grown(rng, 4)
        assert check_expression(text) is None
        for known in itertools.product((None, "a", "b"), (None, "b", "c"), (None, 1, 3)):
            facts = dict(zip(("target.task", "model.format"), known, strict=False))
            partly = evaluate(text, {k: v for k, v in facts.items() if v}, number(known[2]))
            for full in itertools.product(*(("a", "b", "c", "d") if v is None else (v,) for v in known[:2]),
                                          (0, 2, 3, 4) if known[2] is None else (known[2],)):  # fmt: skip
                truth = evaluate(text, dict(zip(("target.task", "model.format"), full, strict=False)), number(full[2]))
                assert truth is not None
                assert partly in (None, truth), (text, known, full)
            decided += partly is not None
    assert decided > 150


def number(value):
    return lambda metric, labels: None if value is None else Interval.exact(value)
