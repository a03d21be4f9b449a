"""The expressions of `when`: a few lines of Python's grammar, judged in three values.

Names: `target.name`, `target.task`, `model.format` (facts of the target, listed in `assay.model.facts`),
`value('metric.id', label='x')` (the interval that was measured). Operators: comparison, `in`, `and`, `or`, `not`. What
is not known is unknown, never false (Kleene's strong logic): `unknown and false` is false, `unknown or true` is true,
everything else unknown. What is wrong with an expression is found by `assay_policies.when_check`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from assay.model.interval import Interval

Truth = bool | None
Lookup = Callable[[str, Mapping[str, str]], Interval | None]


def parse_expression(text: str) -> ast.expr:
    """Return the tree; columns count from the first character that is no space."""
    return ast.parse(" ".join(text.splitlines()).strip(), mode="eval").body


def evaluate(text: str, facts: Mapping[str, str], lookup: Lookup) -> Truth:
    """Return True, False, or None for unknown. `text` has passed `when_check.check_expression`."""
    return _truth(parse_expression(text), facts, lookup)


def metrics_asked(text: str) -> tuple[str, ...]:
    """Return the metrics whose values an expression asks for, each once."""
    calls = [node for node in ast.walk(parse_expression(text)) if isinstance(node, ast.Call)]
    asked = [node.args[0].value for node in calls if node.args and isinstance(node.args[0], ast.Constant)]
    return tuple(dict.fromkeys(str(metric) for metric in asked))


def _truth(node: ast.expr, facts: Mapping[str, str], lookup: Lookup) -> Truth:
    if isinstance(node, ast.BoolOp):
        parts = [_truth(value, facts, lookup) for value in node.values]
        decisive = isinstance(node.op, ast.Or)
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    if isinstance(node, ast.UnaryOp):
        inner = _truth(node.operand, facts, lookup)
        return None if inner is None else not inner
    if isinstance(node, ast.Compare):
        sides = [_term(side, facts, lookup) for side in (node.left, *node.comparators)]
        found = [_compare(op, a, b) for op, a, b in zip(node.ops, sides, sides[1:], strict=False)]
        if False in found:
            return False
        return None if None in found else True
    assert isinstance(node, ast.Constant)
    return bool(node.value)


def _term(node: ast.expr, facts: Mapping[str, str], lookup: Lookup) -> Any:
    """Return a constant, a list of them, an Interval, or None for unknown."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_term(item, facts, lookup) for item in node.elts]
    if isinstance(node, ast.UnaryOp):
        inner = _term(node.operand, facts, lookup)
        return -inner if isinstance(inner, int | float) else None
    if isinstance(node, ast.Call):
        labels = {str(k.arg): str(k.value.value) for k in node.keywords if isinstance(k.value, ast.Constant)}
        first = node.args[0]
        assert isinstance(first, ast.Constant)
        return lookup(str(first.value), labels)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return facts.get(f"{node.value.id}.{node.attr}")
    return facts.get(node.id) if isinstance(node, ast.Name) else None


def _compare(op: ast.cmpop, left: Any, right: Any) -> Truth:
    if isinstance(op, ast.In | ast.NotIn):
        if left is None or not isinstance(right, list):
            return None
        found = [_compare(ast.Eq(), left, item) for item in right]
        inside: Truth = True if True in found else (None if None in found else False)
        return inside if isinstance(op, ast.In) or inside is None else not inside
    if left is None or right is None:
        return None
    low, high = _ends(left), _ends(right)
    if low is not None and high is not None:
        return _compare_ends(op, low, high)
    if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Eq | ast.NotEq):
        return (left == right) is isinstance(op, ast.Eq)
    return None


def _ends(term: Any) -> tuple[float, float] | None:
    if isinstance(term, Interval):
        low = float("-inf") if term.low is None else term.low
        return low, float("inf") if term.high is None else term.high
    if isinstance(term, int | float):
        return float(term), float(term)
    return None


def _compare_ends(op: ast.cmpop, a: tuple[float, float], b: tuple[float, float]) -> Truth:
    if isinstance(op, ast.Gt | ast.GtE):
        flipped = ast.Lt() if isinstance(op, ast.Gt) else ast.LtE()
        return _compare_ends(flipped, b, a)
    if isinstance(op, ast.Lt):
        return True if a[1] < b[0] else False if a[0] >= b[1] else None
    if isinstance(op, ast.LtE):
        return True if a[1] <= b[0] else False if a[0] > b[1] else None
    same: Truth = True if a == b and a[0] == a[1] else False if a[1] < b[0] or b[1] < a[0] else None
    return same if isinstance(op, ast.Eq) or same is None else not same
