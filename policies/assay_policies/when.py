"""The expressions of `when`: a few lines of Python's grammar, judged in three values.

Names: `target.name`, `target.task`, `model.format`, ... (facts of the target), `value('metric.id', label='x')` (the
interval that was measured). Operators: comparison, `in`, `and`, `or`, `not`. What is not known is unknown, never false
(Kleene's strong logic): `unknown and false` is false, `unknown or true` is true, everything else unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from assay.model.interval import Interval

MAX_LENGTH = 2000
Truth = bool | None
Lookup = Callable[[str, Mapping[str, str]], Interval | None]

_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Eq, ast.NotEq,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Name, ast.Attribute, ast.Load, ast.Call, ast.keyword,
    ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip


def check_expression(text: str) -> str | None:
    """Return what is wrong with an expression, or None."""
    if len(text) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters"
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"not an expression ({getattr(error, 'msg', error)})"
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            return f"{type(node).__name__} is not allowed; use comparisons, in, and, or, not, value('metric.id')"
        problem = _node_problem(node)
        if problem:
            return problem
    if not _is_truth(tree.body):
        return "must be a condition, such as `target.task == 'classification'`"
    return None


def evaluate(text: str, facts: Mapping[str, str], lookup: Lookup) -> Truth:
    """Return True, False, or None for unknown. `text` has passed `check_expression`."""
    return _truth(ast.parse(text.strip(), mode="eval").body, facts, lookup)


def _node_problem(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call):
        named = isinstance(node.func, ast.Name) and node.func.id == "value"
        plain = len(node.args) == 1 and all(isinstance(arg, ast.Constant) for arg in node.args)
        labels = all(
            keyword.arg and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
            for keyword in node.keywords
        )
        if not (named and plain and labels and isinstance(node.args[0].value, str)):  # type: ignore[attr-defined]
            return "the only call is value('metric.id', label='text')"
    if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name):
        return "names have one dot: target.task, model.format"
    if isinstance(node, ast.Constant) and not isinstance(node.value, str | int | float | bool):
        return f"the constant {node.value!r} is not allowed"
    return None


def _is_truth(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(_is_truth(value) for value in node.values)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) and _is_truth(node.operand)
    return isinstance(node, ast.Compare) or (isinstance(node, ast.Constant) and isinstance(node.value, bool))


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
