"""Where the values of a Jinja template come from: may a subscript be a name that the template spelt together?

Jinja reads `x[name]` as an attribute where `x` has no such item, so a computed subscript reaches everything that
`x.name` does. Honest templates subscript by keys of the data and by constants; an attack builds `__class__` from parts.
The question is answered without running anything and whatever the order of statements, by the expressions that a name
is ever given. Needs jinja2; imported only where a template is met.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

from assay_detectors.artifact import template_names as known

AS_KEY, AS_PART, AS_NUMBER = 0, 1, 2
"""How strictly a value is judged: as a whole key, as a part of one (no underscore), as a number (no text at all)."""


MAX_STEPS = 1_000_000
_ADDING = frozenset({"append", "extend", "insert", "update", "setdefault", "add"})


class TooMuch(Exception):
    """The template is beyond what a judgement may cost."""


class Bindings:
    """Every expression that each name of a template is given."""

    def __init__(self, root: nodes.Template) -> None:
        self.values: dict[str, list[nodes.Node | None]] = {}
        """By name; None: text that a block renders."""
        self.attributes: dict[str, list[nodes.Node | None]] = {}
        """By attribute, of any namespace: names may be aliases of one another."""
        self.spread: list[nodes.Node | None] = []
        """What namespaces are made of otherwise."""
        self.added: list[nodes.Node | None] = []
        """What is added to any list or mapping."""
        self.macros: dict[str, nodes.Macro] = {}
        self.parameters: set[str] = set()
        """Names of parameters, and of the targets of loops that call themselves."""
        self.loose: list[nodes.Node | None] = []
        """What calls by another name, of `caller` or of `loop` pass: any parameter may be given it."""
        self.steps = MAX_STEPS
        calls = []
        for node in walk(root):
            if isinstance(node, nodes.Call):
                calls.append(node)
            else:
                self._enter(node)
        for call in calls:
            self._enter_call(call)

    def _enter(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Assign):
            self._bind(node.target, node.node)
        elif isinstance(node, nodes.AssignBlock):
            self._bind(node.target, None)
        elif isinstance(node, nodes.For):
            self._bind(node.target, node.iter)
            if node.recursive:
                self.parameters.update(part.name for part in walk(node.target) if isinstance(part, nodes.Name))
        elif isinstance(node, nodes.With):
            for target, value in zip(node.targets, node.values, strict=False):
                self._bind(target, value)
        elif isinstance(node, nodes.Macro | nodes.CallBlock):
            if isinstance(node, nodes.Macro):
                self.macros[node.name] = node
                self.values.setdefault("varargs", [])
                self.values["kwargs"] = self.values["varargs"]
                self.parameters |= {"varargs", "kwargs"}
            self.parameters.update(argument.name for argument in node.args)
            for argument in node.args:
                self.values.setdefault(argument.name, [])
            for argument, value in zip(reversed(node.args), reversed(node.defaults), strict=False):
                self.values[argument.name].append(value)

    def _bind(self, target: nodes.Node, value: nodes.Node | None) -> None:
        if isinstance(target, nodes.Tuple | nodes.List):
            items = value.items if isinstance(value, nodes.Tuple | nodes.List) else []
            for at, inner in enumerate(target.items):
                self._bind(inner, items[at] if len(items) == len(target.items) else value)
        elif isinstance(target, nodes.NSRef):
            self.attributes.setdefault(target.attr, []).append(value)
        elif isinstance(target, nodes.Name):
            self.values.setdefault(target.name, []).append(value)

    def _enter_call(self, call: nodes.Call) -> None:
        """Give parameters, namespaces and lists what a call passes to them."""
        name = call.node.name if isinstance(call.node, nodes.Name) else None
        spread = [value for value in (call.dyn_args, call.dyn_kwargs) if value is not None]
        if name == "namespace":
            for keyword in call.kwargs:
                self.attributes.setdefault(keyword.key, []).append(keyword.value)
            self.spread += [*call.args, *spread]
        elif isinstance(call.node, nodes.Getattr):
            if call.node.attr in _ADDING:
                self.added += [*call.args, *(keyword.value for keyword in call.kwargs), *spread]
        elif name not in ("range", "dict", "raise_exception", "strftime_now"):
            self._enter_arguments(name, call, spread)

    def _enter_arguments(self, name: str | None, call: nodes.Call, spread: list[nodes.Expr]) -> None:
        """Give a macro's parameters what a call passes; a call by another name may mean any macro."""
        given: list[nodes.Node | None] = [*call.args, *(keyword.value for keyword in call.kwargs), *spread]
        if "varargs" in self.parameters:
            self.values["varargs"] += given
        macro = self.macros.get(name or "")
        if macro is None or spread:
            self.loose += given
            return
        parameters = [argument.name for argument in macro.args]
        for parameter, value in zip(parameters, call.args, strict=False):
            self.values[parameter].append(value)
        for keyword in call.kwargs:
            if keyword.key in parameters:
                self.values[keyword.key].append(keyword.value)

    def given(self, node: nodes.Node) -> list[nodes.Node | None] | None:
        """Return what a name or a namespace's attribute is ever given; None where it comes from outside."""
        if isinstance(node, nodes.Name):
            found = self.values.get(node.name)
            if found is None or node.name not in self.parameters:
                return found
            self.step(len(self.loose))
            return found + self.loose
        if isinstance(node, nodes.Getattr):
            found = self.attributes.get(node.attr)
            return None if found is None else found + self.spread
        return None

    def step(self, count: int = 1) -> None:
        """Pay for nodes that are looked at.

        Raises:
            TooMuch: a template was made to be hard to judge.
        """
        self.steps -= count
        if self.steps < 0:
            raise TooMuch

    def is_harmless_key(self, node: nodes.Node, level: int = AS_KEY) -> bool:
        """Say whether a subscript cannot be the name of an inner attribute that the template spelt."""
        return _Keys(self).harmless(node, level)

    def is_macro(self, node: nodes.Node | None) -> bool:
        """Say whether an expression can only be a macro of this template, also by way of names and lists."""
        stack, asked = [node], set[str]()
        while stack:
            node = stack.pop()
            self.step()
            if isinstance(node, nodes.Name):
                given = self.given(node)
                if given is None and node.name not in self.macros:
                    return False
                if node.name not in asked:
                    asked.add(node.name)
                    stack.extend(given or [])
            elif isinstance(node, nodes.List | nodes.Tuple):
                stack.extend(node.items)
            elif isinstance(node, nodes.Add):
                stack.extend((node.left, node.right))
            elif isinstance(node, nodes.Getitem):
                stack.append(node.node)
            else:
                return False
        return True


class _Keys:
    """One question, and which names were asked on the way."""

    def __init__(self, bindings: Bindings) -> None:
        self.bindings = bindings
        self.asked: set[tuple[int, int]] = set()

    def all(self, parts: Any, level: int) -> bool:
        return all(self.harmless(part, level) for part in parts)

    def harmless(self, node: nodes.Node | None, level: int) -> bool:
        if node is None:
            return False
        self.bindings.step()
        if (id(node), level) in self.asked:
            return True
        self.asked.add((id(node), level))
        if isinstance(node, nodes.Const | nodes.TemplateData):
            return _constant(node, level)
        if isinstance(node, nodes.Name | nodes.Getattr):
            return self._read(node, level)
        if isinstance(node, nodes.Getitem):
            sliced = isinstance(node.arg, nodes.Slice)
            if isinstance(node.arg, nodes.Const) and node.arg.value in self.bindings.attributes:
                return self._read(nodes.Getattr(node.node, node.arg.value, "load"), level)
            return self.harmless(node.node, max(level, AS_PART) if sliced else level)
        if isinstance(node, nodes.Filter):
            return self._filter(node, level)
        if isinstance(node, nodes.Call):
            return self._call(node, level)
        return self._operator(node, level)

    def _read(self, node: nodes.Name | nodes.Getattr, level: int) -> bool:
        given = self.bindings.given(node)
        if given is not None:
            holds = any(isinstance(value, nodes.List | nodes.Dict | nodes.Call) for value in given)
            return self.all(given, level) and (not holds or self.all(self.bindings.added, level))
        if isinstance(node, nodes.Getattr):
            return self.harmless(node.node, level)
        return node.name not in self.bindings.macros

    def _operator(self, node: nodes.Node, level: int) -> bool:
        if isinstance(node, nodes.Tuple | nodes.List):
            return self.all(node.items, level)
        if isinstance(node, nodes.Dict):
            return self.all([part for pair in node.items for part in (pair.key, pair.value)], level)
        if isinstance(node, nodes.Add | nodes.Concat):
            parts = list(_operands(node))
            first = parts[0]
            if level == AS_KEY and isinstance(first, nodes.Const) and isinstance(first.value, str):
                return not known.may_begin_inner(first.value) or self.all(parts, AS_PART)
            return self.all(parts, max(level, AS_PART))
        if isinstance(node, nodes.Mod):
            return self.all((node.left, node.right), AS_NUMBER)
        if isinstance(node, nodes.Mul):
            return self.all((node.left, node.right), max(level, AS_PART))
        if isinstance(node, nodes.And | nodes.Or):
            return self.all((node.left, node.right), level)
        if isinstance(node, nodes.CondExpr):
            return self.all([part for part in (node.expr1, node.expr2) if part is not None], level)
        numbers = (nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Pow, nodes.UnaryExpr, nodes.Compare, nodes.Test)
        return isinstance(node, numbers)

    def _filter(self, node: nodes.Filter, level: int) -> bool:
        if node.name in known.COUNTING:
            return True
        parts = [part for part in (node.node, *node.args) if part is not None]
        if node.name in known.PASSING:
            return self.all(parts, level)
        if node.name in known.SPELLING:
            return self.all(parts, max(level, AS_PART))
        return False

    def _call(self, node: nodes.Call, level: int) -> bool:
        target = node.node
        values: list[nodes.Node | None] = [*node.args, *(keyword.value for keyword in node.kwargs)]
        values += [value for value in (node.dyn_args, node.dyn_kwargs) if value is not None]
        if isinstance(target, nodes.Name):
            if target.name == "namespace":
                values += [value for found in self.bindings.attributes.values() for value in found]
            values += [nodes.Const(keyword.key) for keyword in node.kwargs]
            return target.name == "range" or (target.name in ("dict", "namespace") and self.all(values, level))
        if not isinstance(target, nodes.Getattr):
            return False
        if target.attr in known.COUNTING_METHODS:
            return True
        if target.attr in known.PASSING_METHODS:
            wanted = values[1:] if target.attr in ("get", "pop") else values
            return self.all([target.node, *wanted], level)
        return target.attr in known.SPELLING_METHODS and self.all([target.node, *values], max(level, AS_PART))


def _constant(node: nodes.Const | nodes.TemplateData, level: int) -> bool:
    value = node.value if isinstance(node, nodes.Const) else node.data
    if not isinstance(value, str):
        return True
    if level == AS_KEY:
        return known.is_plain(value)
    return level == AS_PART and "_" not in value and "%" not in value


def _operands(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the operands of a chain of additions or concatenations, from the left."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Concat):
            stack.extend(reversed(node.nodes))
        elif isinstance(node, nodes.Add):
            stack.extend((node.right, node.left))
        else:
            yield node


def operands(node: nodes.Node) -> list[nodes.Node]:
    """Return the operands of a chain of additions or concatenations; the node alone where it is none."""
    return list(_operands(node))


def walk(root: nodes.Node) -> Iterator[nodes.Node]:
    """Yield every node of a template, without recursion."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.iter_child_nodes())
