"""Jinja templates of chat models, judged without being rendered.

A template is a program for whoever renders it. Renderers differ in how well they confine it (a sandbox that refuses
inner attributes, or none), so it is judged as if there were no confinement: it may use only filters, tests, functions
and methods that handle text, lists and mappings, and may read no attribute that leads to the interpreter.

jinja2's own parser makes the tree: it builds nodes and evaluates nothing (constants are folded by the optimizer of the
compiler, which is never called). jinja2 is imported only where a template is met.
"""

from __future__ import annotations

import string
import warnings
from typing import TYPE_CHECKING, Any

from assay_detectors.artifact import template_names as known

if TYPE_CHECKING:
    from jinja2 import nodes

    from assay_detectors.artifact.report import Report
    from assay_detectors.artifact.template_values import Bindings

MAX_TEMPLATE = 1 << 20
"""Characters of a template that are parsed; honest ones have some ten thousand."""
COMPUTED = "<computed>"


def read_template(
    text: str, report: Report, offset: int | None = None, where: str = "", *, required: bool = True
) -> None:
    """Judge one Jinja template; nothing in it is rendered or evaluated.

    Args:
        text: the template.
        report: takes the findings; `offset` is given to each of them, for the template's place in its file.
        where: what the template is called in the file, for the notes.
        required: whether a text that is no valid template is a gap in the reading. False for a value that only looks
            like one: what no Jinja parser accepts, no renderer runs.
    """
    if not known.has_marks(text):
        return
    if len(text) > MAX_TEMPLATE:
        report.unread(
            f"its template {where} has more than {MAX_TEMPLATE} characters".replace("  ", " "), "bomb", offset
        )
        return
    from assay_detectors.artifact.template_values import TooMuch

    try:
        root = _parse(text)
        _Judge(root, report, offset, where).judge()
    except (RecursionError, TooMuch):
        report.unread(f"its template {where} is nested or entangled too deeply".replace("  ", " "), "bomb", offset)
    except _Invalid as error:
        if required:
            report.unread(f"its template {where} is no valid Jinja ({error})".replace("  ", " "), "damaged", offset)


class _Invalid(Exception):
    pass


def _parse(text: str) -> nodes.Template:
    from jinja2 import Environment, TemplateSyntaxError
    from jinja2.parser import Parser

    environment = Environment(extensions=_extensions(), autoescape=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Parser(environment, text).parse()
    except TemplateSyntaxError as error:
        raise _Invalid(f"line {error.lineno}") from None
    except (ValueError, OverflowError, AssertionError, MemoryError):
        raise _Invalid("a constant cannot be read") from None


def _extensions() -> list[Any]:
    """Return the extensions of the usual renderers, and the tag by which training code marks generated text."""
    from jinja2.ext import ExprStmtExtension, Extension, LoopControlExtension

    class Generation(Extension):
        tags = {"generation"}

        def parse(self, parser: Any) -> Any:
            from jinja2 import nodes

            line = next(parser.stream).lineno
            return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True)).set_lineno(line)

    return [ExprStmtExtension, LoopControlExtension, Generation]


class _Judge:
    """One template against the allowlists."""

    def __init__(self, root: nodes.Template, report: Report, offset: int | None, where: str) -> None:
        from jinja2 import nodes

        from assay_detectors.artifact.template_values import Bindings

        self.nodes = nodes
        self.root = root
        self.report = report
        self.offset = offset
        self.where = f"{where}, " if where else ""
        self.bindings: Bindings = Bindings(root)
        self.excused: set[int] = set()
        """Names that are called or only asked whether they are defined: no values."""

    def judge(self) -> None:
        from assay_detectors.artifact.template_cost import expensive
        from assay_detectors.artifact.template_values import walk

        every = list(walk(self.root))
        nodes = self.nodes
        for node in every:
            if isinstance(node, nodes.Call) or (
                isinstance(node, nodes.Test) and node.name in ("defined", "undefined", "callable", "none")
            ):
                self.excused.add(id(node.node))
        for node in sorted(every, key=lambda node: node.lineno or 0):
            self._judge(node)
        for line, what in expensive(self.root, self.bindings):
            self._find("call", "template bomb", f"{what}, which no renderer can afford", line)
            self.report.anomaly("bomb", f"the template {what}", self.offset)

    def _find(self, kind: str, name: str, note: str, line: int | None) -> None:
        self.report.find(kind, name, f"{self.where}line {line}: {note}", self.offset, "Jinja")

    def _judge(self, node: nodes.Node) -> None:
        nodes, line = self.nodes, node.lineno
        if isinstance(node, nodes.Name):
            self._name(node)
        elif isinstance(node, nodes.Getattr):
            self._attribute(node.attr, line)
        elif isinstance(node, nodes.Getitem):
            self._subscript(node)
        elif isinstance(node, nodes.Call):
            self._call(node)
        elif isinstance(node, nodes.Filter):
            self._filter(node)
        elif isinstance(node, nodes.Test):
            if node.name not in known.TESTS:
                self._find("reference", f"is {node.name}", f"uses the unknown test {node.name}", line)
        elif isinstance(node, nodes.Include | nodes.Extends | nodes.Import | nodes.FromImport):
            tag = type(node).__name__.lower().replace("fromimport", "from")
            self._find("reference", f"{{% {tag} %}}", "loads another template", line)

    def _name(self, node: nodes.Name) -> None:
        name = node.name
        if node.ctx != "load" or name in self.bindings.values or name in self.bindings.macros:
            return
        if name in known.HOST_NAMES or name.startswith("_"):
            self.report.lists("imports", name, self.offset)
            self._find("reference", name, f"uses {name}, an object of the program that renders it", node.lineno)
        elif name in known.FUNCTIONS and id(node) not in self.excused:
            self._find("reference", name, f"uses the function {name} as a value", node.lineno)

    def _attribute(self, name: str, line: int | None) -> None:
        if not known.is_plain(name):
            self._find("reference", name, f"reads the inner attribute {name}", line)

    def _subscript(self, node: nodes.Getitem) -> None:
        nodes, key = self.nodes, node.arg
        if isinstance(key, nodes.Slice):
            return
        if isinstance(key, nodes.Const):
            if isinstance(key.value, str):
                self._attribute(key.value, node.lineno)
        elif not self.bindings.is_harmless_key(key):
            note = "reads an attribute whose name the template puts together"
            self._find("reference", COMPUTED, note, node.lineno)

    # Calls ------------------------------------------------------------------------------------------------------------

    def _call(self, node: nodes.Call) -> None:
        nodes, target = self.nodes, node.node
        if isinstance(target, nodes.Name):
            if not self._may_call(target.name):
                self.report.lists("calls", target.name, self.offset)
                self._find("call", target.name, f"calls {target.name}, which no renderer defines", node.lineno)
        elif isinstance(target, nodes.Getattr):
            self._method(target.attr, target.node, node)
        elif (
            isinstance(target, nodes.Getitem)
            and isinstance(target.arg, nodes.Const)
            and isinstance(target.arg.value, str)
        ):
            self._method(target.arg.value, target.node, node)
        elif not self.bindings.is_macro(target):
            self._find("call", COMPUTED, "calls a value that the template computes", node.lineno)

    def _may_call(self, name: str) -> bool:
        """Say whether a name is a macro, a function of the renderers, or made by one that gives a callable."""
        given = self.bindings.values.get(name)
        if given is None:
            return name in self.bindings.macros or name in ("caller", "loop") or name in known.FUNCTIONS
        nodes = self.nodes
        if given and self.bindings.is_macro(nodes.Name(name, "load")):
            return True
        return bool(given) and all(
            isinstance(value, nodes.Call)
            and isinstance(value.node, nodes.Name)
            and value.node.name == "joiner"
            and "joiner" not in self.bindings.values
            for value in given
        )

    def _method(self, name: str, base: nodes.Node, call: nodes.Call) -> None:
        if name in ("format", "format_map"):
            if not self._plain_format(base):
                self._find("call", name, f"calls {name} with fields that may read attributes", call.lineno)
        elif name not in known.METHODS and known.is_plain(name):
            self.report.lists("calls", name, self.offset)
            self._find("call", name, f"calls the method {name}, which is none of text, lists or mappings", call.lineno)

    def _plain_format(self, base: nodes.Node) -> bool:
        """Say whether a format text is a constant whose fields read no inner attribute."""
        if not isinstance(base, self.nodes.Const) or not isinstance(base.value, str):
            return False
        try:
            fields = list(string.Formatter().parse(base.value))
        except ValueError:
            return False
        return not any("_" in (name or "") and ("." in name or "[" in name) for _, name, _, _ in fields if name) and (
            not any(known.has_marks(spec or "") or "{" in (spec or "") for _, _, spec, _ in fields)
        )

    # Filters ----------------------------------------------------------------------------------------------------------

    def _filter(self, node: nodes.Filter) -> None:
        name, line = node.name, node.lineno
        if name not in known.FILTERS:
            self._find("reference", f"|{name}", f"uses the filter {name}, which is not on the allowlist", line)
            return
        named = name in known.ATTRIBUTE_AT or name in known.TEST_AT
        if named and (node.dyn_args is not None or node.dyn_kwargs is not None):
            self._find("reference", COMPUTED, f"gives the filter {name} arguments that it computes", line)
        if name in known.ATTRIBUTE_AT:
            self._attribute_argument(node, known.ATTRIBUTE_AT[name])
        if name in known.TEST_AT:
            at = known.TEST_AT[name]
            self._named_argument(node, at, known.TESTS, "test")
        if name == "map" and not any(keyword.key == "attribute" for keyword in node.kwargs):
            self._named_argument(node, 0, known.FILTERS, "filter")

    def _attribute_argument(self, node: nodes.Filter, at: int | None) -> None:
        from assay_detectors.artifact.template_values import AS_PART

        wanted = [keyword.value for keyword in node.kwargs if keyword.key == "attribute"]
        if at is not None and len(node.args) > at:
            wanted.append(node.args[at])
        for value in wanted:
            constant = value.value if isinstance(value, self.nodes.Const) else None
            if isinstance(constant, str):
                for part in constant.replace(",", ".").split("."):
                    self._attribute(part, node.lineno)
            elif constant is None and not self.bindings.is_harmless_key(value, AS_PART):
                self._find(
                    "reference", COMPUTED, "reads an attribute whose name the template puts together", node.lineno
                )

    def _named_argument(self, node: nodes.Filter, at: int, allowed: frozenset[str], what: str) -> None:
        if len(node.args) <= at:
            return
        value = node.args[at]
        name = value.value if isinstance(value, self.nodes.Const) else None
        if not isinstance(name, str):
            self._find("reference", COMPUTED, f"computes the name of a {what}", node.lineno)
        elif name not in allowed:
            self._find("reference", f"|{name}", f"uses the {what} {name}, which is not on the allowlist", node.lineno)
