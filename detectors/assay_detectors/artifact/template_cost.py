"""What a Jinja template would cost to render: huge ranges, texts that grow without end. Needs jinja2."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from assay_detectors.artifact.template_values import Bindings, operands, walk

MAX_COUNT = 1_000_000
"""Steps of one loop, or characters of one padding, that no honest template asks for."""
MAX_TEXT = 10_000_000
_GROWING = frozenset({"append", "extend", "insert"})


def expensive(root: nodes.Template, bindings: Bindings) -> Iterator[tuple[int, str]]:
    """Yield (line, what) for everything that costs beyond measure whatever it is given."""
    sizes = _Sizes(bindings)
    for node in walk(root):
        what = _judge(node, sizes, bindings)
        if what:
            yield node.lineno, what
    yield from _nested_loops(root, sizes)


def _judge(node: nodes.Node, sizes: _Sizes, bindings: Bindings) -> str:
    if isinstance(node, nodes.Pow):
        return "raises to a power" if (sizes.number(node) or MAX_COUNT + 1) > MAX_COUNT else ""
    if isinstance(node, nodes.Mul):
        text = sizes.text(node)
        return "repeats a text" if text > MAX_TEXT else ""
    if isinstance(node, nodes.Call | nodes.Filter):
        given = [*node.args, *(keyword.value for keyword in node.kwargs)]
        big = max((sizes.number(value) or 0 for value in given), default=0)
        return "asks for " + str(big)[:20] + " steps or characters" if big > MAX_COUNT else ""
    if isinstance(node, nodes.Assign):
        return _grows(node.target, node.node) or ("builds a huge text" if sizes.text(node.node) > MAX_TEXT else "")
    if isinstance(node, nodes.For) and isinstance(node.iter, nodes.Name):
        return _endless(node, node.iter.name)
    return ""


def _grows(target: nodes.Node, value: nodes.Node) -> str:
    """A text that is joined to itself doubles each time."""
    name = _name(target)
    if name is None or not isinstance(value, nodes.Add | nodes.Concat):
        return ""
    return "doubles a text" if sum(_name(part) == name for part in operands(value)) > 1 else ""


def _name(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.NSRef):
        return f"{node.name}.{node.attr}"
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return None


def _endless(loop: nodes.For, name: str) -> str:
    """A loop over a list that it makes longer never ends."""
    for statement in loop.body:
        for node in walk(statement):
            if (
                isinstance(node, nodes.Call)
                and isinstance(node.node, nodes.Getattr)
                and node.node.attr in _GROWING
                and _name(node.node.node) == name
            ):
                return "adds to the list that it loops over"
    return ""


def _nested_loops(root: nodes.Template, sizes: _Sizes) -> Iterator[tuple[int, str]]:
    """Loops within loops over constant ranges multiply."""
    stack: list[tuple[nodes.Node, int]] = [(root, 1)]
    while stack:
        node, steps = stack.pop()
        if isinstance(node, nodes.For):
            steps *= sizes.length(node.iter)
            if steps > MAX_COUNT:
                yield node.lineno, "loops more than a million times"
                return
        stack.extend((child, steps) for child in node.iter_child_nodes())


class _Sizes:
    """Sizes of constant expressions; what comes from outside counts as small."""

    def __init__(self, bindings: Bindings) -> None:
        self.bindings = bindings
        self._known: dict[int, int] = {}
        self._numbers: dict[int, int | None] = {}

    def number(self, node: nodes.Node | None) -> int | None:
        """Return the largest number that an expression of constants may be, None where it has no such value."""
        if node is None:
            return None
        if id(node) not in self._numbers:
            self._numbers[id(node)] = None
            self._numbers[id(node)] = self._number(node)
        return self._numbers[id(node)]

    def _number(self, node: nodes.Node) -> int | None:
        if isinstance(node, nodes.Const):
            return int(node.value) if isinstance(node.value, int | float) and abs(node.value) < 1e300 else None
        if isinstance(node, nodes.Name | nodes.Getattr):
            found = [self.number(value) for value in self.bindings.given(node) or ()]
            return max((value for value in found if value is not None), default=None)
        if isinstance(node, nodes.Filter) and node.name in ("int", "float", "abs", "round"):
            text = node.node.value if isinstance(node.node, nodes.Const) else None
            if isinstance(text, str) and text.strip().isdecimal():
                return int(text.strip()[:300])
            return self.number(node.node)
        if isinstance(node, nodes.BinExpr):
            left, right = self.number(node.left), self.number(node.right)
            return None if left is None or right is None else _combine(node, left, right)
        return None

    def text(self, node: nodes.Node | None) -> int:
        """Return how long a text of constants is at most, capped."""
        if node is None:
            return 0
        if id(node) in self._known:
            return self._known[id(node)]
        self._known[id(node)] = 0
        size = 0
        if isinstance(node, nodes.Const):
            size = len(node.value) if isinstance(node.value, str) else 0
        elif isinstance(node, nodes.Name | nodes.Getattr):
            size = max((self.text(value) for value in self.bindings.given(node) or ()), default=0)
        elif isinstance(node, nodes.Add | nodes.Concat):
            size = sum(self.text(part) for part in operands(node))
        elif isinstance(node, nodes.Mul):
            for text, count in ((node.left, node.right), (node.right, node.left)):
                one = self.text(text)
                if isinstance(text, nodes.List | nodes.Tuple):
                    one = len(text.items)
                size = max(size, one * max(self.number(count) or 0, 0))
        self._known[id(node)] = min(size, 1 << 62)
        return self._known[id(node)]

    def length(self, node: nodes.Node) -> int:
        """Return how many steps a loop over constants takes; 1 where that depends on what it is given."""
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range":
            return max((self.number(value) or 1 for value in node.args[:2]), default=1)
        return max(self.text(node), 1)


def _combine(node: nodes.BinExpr, left: int, right: int) -> int | None:
    if isinstance(node, nodes.Add):
        return left + right
    if isinstance(node, nodes.Sub):
        return left - right
    if isinstance(node, nodes.Mul):
        return min(left * right, 10**300)
    if isinstance(node, nodes.FloorDiv | nodes.Div | nodes.Mod):
        return left
    if isinstance(node, nodes.Pow):
        huge = abs(left) > 1 and right * max(abs(left).bit_length() - 1, 1) > 900
        return 10**300 if huge else int(float(left) ** right) if left or right >= 0 else None
    return None
