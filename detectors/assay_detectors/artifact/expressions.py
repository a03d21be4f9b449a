"""Expressions that torch evaluates when it loads an exported program: symbolic sizes and guards. Standard library only.

Sizes go through `sympy.sympify`, guards through `exec`; both run whatever Python they are given. They are parsed here,
never evaluated, and may hold nothing but arithmetic over sizes.
"""

from __future__ import annotations

import ast
import re

MAX_LENGTH = 8_000
MAX_EXPONENT = 64
MAX_CONSTANT_POWERS = 3


def _words(text: str) -> list[str]:
    """Return the words of a list."""
    return text.split()


_SYMBOL = re.compile(r"[a-z]{1,5}_?\d{1,9}", re.ASCII)
_PLAIN = re.compile(r"[\w .,()\[\]'+*/%<>=!&|^~-]*", re.ASCII)
_SIZE = re.compile(r"[a-z]{1,5}_?\d{1,9}|-?\d{1,40}(?:\.\d{0,60})?(?:[eE][+-]?\d{1,4})?", re.ASCII)
_FUNCTIONS = frozenset(
    _words(
        "FloorDiv ModularIndexing Where PythonMod Mod CleanDiv CeilToInt FloorToInt CeilDiv LShift RShift PowByNatural "
        "FloatPow FloatTrueDiv IntTrueDiv IsNonOverlappingAndDenseIndicator TruncToFloat TruncToInt RoundToInt "
        "RoundDecimal ToFloat Identity BitwiseFn_bitwise_and BitwiseFn_bitwise_or BitwiseFn_bitwise_xor Max Min Abs "
        "Pow Eq Ne Ge Gt Le Lt And Or Not Piecewise sqrt floor ceiling log exp Add Mul "
        "GreaterThan LessThan StrictGreaterThan "
        "StrictLessThan Equality Unequality Symbol Integer Float Rational ExprCondPair Tuple IntInfinity "
        "NegativeIntInfinity Infinity NegativeInfinity BooleanTrue BooleanFalse Half One Zero NegativeOne"
    )
) | {f"OpaqueUnaryFn_{name}" for name in _words("sqrt cos cosh sin sinh tan tanh asin acos atan exp log asinh log2")}
_VALUES = frozenset({"true", "false", "oo", "int_oo", "nan"})
_OPTIONS = frozenset(
    _words("positive negative integer nonnegative nonpositive nonzero zero real finite precision evaluate")
)
_POWERS = frozenset({"Pow", "PowByNatural", "FloatPow", "LShift"})
_NODES = (
    ast.Expression,
    ast.BoolOp,
    ast.boolop,
    ast.UnaryOp,
    ast.unaryop,
    ast.BinOp,
    ast.operator,
    ast.Compare,
    ast.cmpop,
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.Call,
    ast.keyword,
    ast.Tuple,
)
_GUARD_NODES = (*_NODES, ast.Subscript, ast.Attribute, ast.IfExp)
_GUARD_WORDS = _FUNCTIONS | _VALUES | {"L", "int", "float", "min", "max", "abs", "math", "inf"}
_GUARD_ATTRIBUTES = frozenset({"size", "stride", "storage_offset", "floor", "ceil", "trunc", "sqrt"})


def _parse(text: str) -> ast.Expression | None:
    if len(text) > MAX_LENGTH or not _PLAIN.fullmatch(text):
        return None
    try:
        return ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def judge(text: str) -> str:
    """Say what a symbolic size is: "arithmetic", "bomb" (powers that cannot be computed in time), or "code"."""
    tree = _parse(text)
    if tree is None:
        return "code"
    for node in ast.walk(tree):
        if not isinstance(node, _NODES) or not _is_plain(node):
            return "code"
        if isinstance(node, ast.Name) and node.id not in _FUNCTIONS | _VALUES and not _SYMBOL.fullmatch(node.id):
            return "code"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _SIZE.fullmatch(node.value):
            return "code"
    return "arithmetic" if _computable(tree) else "bomb"


def is_guard(text: str) -> bool:
    """Say whether a guard only compares sizes of inputs."""
    tree = _parse(text)
    if tree is None:
        return False
    for node in ast.walk(tree):
        if not isinstance(node, _GUARD_NODES) or not _is_plain(node):
            return False
        if isinstance(node, ast.Name) and node.id not in _GUARD_WORDS and not _SYMBOL.fullmatch(node.id):
            return False
        if isinstance(node, ast.Attribute) and node.attr not in _GUARD_ATTRIBUTES:
            return False
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not re.fullmatch(r"[\w.-]*", node.value):
            return False
    return _computable(tree)


def _is_plain(node: ast.AST) -> bool:
    """Say whether a call has a plain name and known options, and a constant is a number, a text or None."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name | ast.Attribute)
    if isinstance(node, ast.keyword):
        return node.arg in _OPTIONS and isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float | str | None)
    return True


def _computable(tree: ast.Expression) -> bool:
    """Say whether its powers of constants stay small."""
    constant = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift):
            base, exponent = node.left, node.right
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _POWERS:
            if len(node.args) != 2:
                return False
            base, exponent = node.args
        else:
            continue
        if not _has_symbol(exponent) and not _is_small(exponent):
            return False
        constant += not _has_symbol(base)
    return constant <= MAX_CONSTANT_POWERS


def _has_symbol(tree: ast.AST) -> bool:
    return any((isinstance(node, ast.Name) and node.id not in _FUNCTIONS) or _names(node) for node in ast.walk(tree))


def _names(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SYMBOL.fullmatch(node.value))


def _is_small(tree: ast.AST) -> bool:
    """Say whether an exponent is a literal number, or the quotient of two, of ordinary size."""
    numbers = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    powers = any(isinstance(node, ast.Pow | ast.LShift | ast.Mult) for node in ast.walk(tree))
    small = all(isinstance(n, int | float) and abs(n) <= MAX_EXPONENT for n in numbers)
    return len(numbers) <= 2 and not powers and small
