"""What is wrong with the expression of a `when`: one sentence, and the character it is about."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from assay.documents.validate import near
from assay.model.facts import Fact
from assay_policies.when import parse_expression

MAX_LENGTH = 2000
MOST = 1e15
"""Above it, whole numbers are no longer told apart."""

_ALLOWED = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE,
    ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Name, ast.Attribute, ast.Load, ast.Call, ast.keyword, ast.Constant,
    ast.List, ast.Tuple,
)  # fmt: skip
_FOREIGN = {"&": "and", "|": "or", "!": "not", "?": "and, or, not", "~": "not"}
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "IN": "in", "true": "True", "false": "False"}
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Problem(NamedTuple):
    """What is wrong, and where."""

    sentence: str
    offset: int
    """Character of the expression, from 0."""


class Names(NamedTuple):
    """What an expression may ask for."""

    facts: Mapping[str, Fact]
    metrics: Mapping[str, tuple[str, ...]] | None
    """Labels of each metric; None: metrics are not known here, and any will do."""
    silent: frozenset[str] = frozenset()
    """Ids of detectors that cannot be imported: nothing is said against their metrics."""


def check_expression(text: str, names: Names | None = None) -> Problem | None:
    """Return what is wrong with an expression, or None; with `names`, also what it asks for in vain."""
    if len(text) > MAX_LENGTH:
        return Problem(f"longer than {MAX_LENGTH} characters; use several rules", MAX_LENGTH)
    shift = len(text) - len(text.lstrip())
    problem = _shape(text, names)
    return None if problem is None else problem._replace(offset=shift + problem.offset)


def _shape(text: str, names: Names | None) -> Problem | None:
    flat = " ".join(text.splitlines()).strip()
    if not flat:
        return Problem("is empty; remove it, or write a condition such as `target.task == 'classification'`", 0)
    try:
        tree = parse_expression(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _syntax(flat, error)
    comment = _comment(flat)
    if comment is not None:
        return Problem("a comment would hide the rest of the line; move it before the key", comment)
    nodes = _in_order(tree)
    for node in nodes:
        sentence = _node_problem(node)
        if sentence is not None:
            return Problem(sentence, _offset(flat, node))
    for node in nodes:
        told = _name_problem(node, names) if names is not None else None
        if told is not None:
            return Problem(told[0], _offset(flat, told[1]))
    if not _is_truth(tree):
        return Problem("must be a condition, such as `target.task == 'classification'`", _offset(flat, tree))
    return None


def _in_order(tree: ast.expr) -> list[ast.AST]:
    """Return the nodes that stand somewhere, from left to right, wholes before their parts; then the others."""
    return sorted(ast.walk(tree), key=lambda node: getattr(node, "col_offset", 1 << 30))


def _offset(flat: str, node: ast.AST) -> int:
    column = getattr(node, "col_offset", 0)
    return len(flat.encode()[:column].decode(errors="ignore"))


def _syntax(flat: str, error: BaseException) -> Problem:
    at = max(0, (getattr(error, "offset", None) or 1) - 1)
    at = min(at, len(flat) - 1)
    for index, char in enumerate(flat):
        wanted = _FOREIGN.get(char)
        if wanted and flat[index + 1 : index + 2] != "=" and _outside_quotes(flat, index):
            return Problem(f"{flat[index : index + 2].rstrip()!r} is not understood; write `{wanted}`", index)
    for wrong, right in _WORDS.items():
        index = f" {flat} ".find(f" {wrong} ")
        if right.islower() and index >= 0 and _outside_quotes(flat, index):
            return Problem(f"{wrong!r} is not understood; write `{right}`", index)
    equals = next((i for i in range(len(flat)) if _single_equals(flat, i)), None)
    if equals is not None:
        return Problem("`=` does not compare; write `==`", equals)
    message = str(getattr(error, "msg", None) or "too deeply nested").split(". ")[0]
    return Problem(
        f"not an expression ({message[:1].lower()}{message[1:]}); write it like `target.task == 'classification'`", at
    )


def _single_equals(flat: str, index: int) -> bool:
    around = flat[max(0, index - 1) : index + 2]
    return flat[index] == "=" and not set("=!<>") & set(around.replace("=", "", 1)) and _outside_quotes(flat, index)


def _outside_quotes(flat: str, index: int) -> bool:
    quote = ""
    for char in flat[:index]:
        if char in "'\"" and not quote:
            quote = char
        elif char == quote:
            quote = ""
    return not quote


def _comment(flat: str) -> int | None:
    if "#" not in flat:
        return None
    tokens = tokenize.generate_tokens(io.StringIO(flat).readline)
    return next((token.start[1] for token in tokens if token.type == tokenize.COMMENT), None)


def _node_problem(node: ast.AST) -> str | None:
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__
        what = "arithmetic" if kind == "BinOp" else kind
        return f"{what} is not allowed; use comparisons, in, and, or, not, value('metric.id')"
    if isinstance(node, ast.Call):
        return _call_problem(node)
    if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name):
        return "names have one dot: target.task, model.format"
    if isinstance(node, ast.Constant):
        if node.value is None:
            return "the constant None is not allowed; what is not known is unknown already, there is no need to ask"
        if isinstance(node.value, int | float) and not abs(node.value) <= MOST:
            return f"the number is too large; write one from {-MOST:g} to {MOST:g}"
        if not isinstance(node.value, str | int | float | bool):
            return f"the constant {node.value!r} is not allowed; use text in quotes, numbers, True, False"
    if isinstance(node, ast.Compare):
        return _compare_problem(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not _is_number(node.operand):
        return "`-` stands before a number only"
    return None


def _call_problem(node: ast.Call) -> str | None:
    named = isinstance(node.func, ast.Name) and node.func.id == "value"
    plain = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    labels = all(
        keyword.arg and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
        for keyword in node.keywords
    )
    return None if named and plain and labels else "the only call is value('metric.id', label='text')"


def _compare_problem(node: ast.Compare) -> str | None:
    for op, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.Is | ast.IsNot):
            return f"`is` is not understood; write `{'==' if isinstance(op, ast.Is) else '!='}`"
        if isinstance(op, ast.In | ast.NotIn) and not isinstance(right, ast.List | ast.Tuple):
            return "`in` needs a list, such as `target.task in ['classification', 'regression']`"
        if isinstance(right, ast.List | ast.Tuple) and not isinstance(op, ast.In | ast.NotIn):
            return "a list can only stand after `in`"
    return None


def _name_problem(node: ast.AST, names: Names) -> tuple[str, ast.AST] | None:
    """Return what is asked for in vain, and the node that does."""
    sentence: str | None = None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        sentence = _fact_problem(f"{node.value.id}.{node.attr}", names.facts)
    elif isinstance(node, ast.Call):
        return _metric_problem(node, names)
    elif isinstance(node, ast.Compare):
        return _kinds_problem(node, names.facts)
    elif isinstance(node, ast.Name) and node.id != "value":
        known = any(fact.startswith(f"{node.id}.") for fact in names.facts)
        sentence = None if known else _word_problem(node.id, names.facts)
    return None if sentence is None else (sentence, node)


def _word_problem(word: str, facts: Mapping[str, Fact]) -> str:
    if word in _WORDS:
        return f"{word!r} is not understood; write `{_WORDS[word]}`"
    fields = {fact.partition(".")[2]: fact for fact in facts}
    if word in fields:
        return f"no fact {word!r}; did you mean '{fields[word]}'?"
    hint = near(word, [fact.partition(".")[0] for fact in facts])
    return f"no fact {word!r}{hint or f'; for text write it in quotes: {word!r}'}"


def _fact_problem(name: str, facts: Mapping[str, Fact]) -> str | None:
    if name in facts:
        return None
    return f"no fact {name!r}{near(name, facts) or f'; there are {_listed(facts)}'}"


def _metric_problem(node: ast.Call, names: Names) -> tuple[str, ast.AST] | None:
    first = node.args[0]
    assert isinstance(first, ast.Constant)
    metric = str(first.value)
    if names.metrics is None or metric.rpartition(".")[0] in names.silent:
        return None
    if metric not in names.metrics:
        hint = near(metric, names.metrics) or "; `assay detectors list` shows the metrics"
        return f"no installed detector measures {metric!r}{hint}", first
    labels = names.metrics[metric]
    wrong = next((keyword for keyword in node.keywords if keyword.arg not in labels), None)
    if wrong is None:
        return None
    hint = near(str(wrong.arg), labels) or f"; it has {_listed(labels)}"
    return f"{metric} has no label {wrong.arg!r}{hint}", wrong


def _kinds_problem(node: ast.Compare, facts: Mapping[str, Fact]) -> tuple[str, ast.AST] | None:
    """Refuse a comparison that would be unknown or false for every target."""
    sides = [node.left, *node.comparators]
    for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
        for one, other in ((left, right), (right, left)):
            name = ast.unparse(one)
            fact = facts.get(name)
            if fact is not None and (isinstance(op, _ORDERED) or _is_number(other) or isinstance(other, ast.Call)):
                return f"{name} is text; compare it with text in quotes, by `==`, `!=` or `in`", one
            constants = list(_constants(other))
            quoted = next((item for item in constants if isinstance(item.value, str)), None)
            if isinstance(one, ast.Call) and quoted is not None:
                return "value(...) is a number; compare it with a number, without quotes", quoted
            if fact is None or not fact.values:
                continue
            wrong = next((item for item in constants if item.value not in fact.values), None)
            if wrong is not None:
                hint = near(str(wrong.value), fact.values) or f"; it is {' or '.join(fact.values)}"
                return f"{name} is never {wrong.value!r}{hint}", wrong
    return None


def _constants(node: ast.expr) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant):
        yield node
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from _constants(item)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


def _is_truth(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(_is_truth(value) for value in node.values)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) and _is_truth(node.operand)
    return isinstance(node, ast.Compare) or (isinstance(node, ast.Constant) and isinstance(node.value, bool))
