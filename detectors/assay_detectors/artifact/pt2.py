"""Archives of torch.export (`.pt2`): the graphs, and the places in them that torch evaluates as Python.

`models/*.json` names operators by a dotted path that torch follows from `torch`, `math` or `operator`: any function
that can be reached so would be called. Its guards are executed as Python code, its symbolic sizes go through sympy,
which evaluates them, and the descriptions of its inputs may name modules to import. All of it is read here against
exact lists; weights are numbers unless a configuration says that they are pickles. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from assay_detectors.artifact.expressions import is_guard, judge
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Source, Unread
from assay_detectors.artifact.strict_json import once
from assay_detectors.artifact.torchscript import higher_order, judge_class, judge_operator

MAX_PROGRAM = 64 << 20
MAX_VALUES = 5_000_000


def _words(text: str) -> list[str]:
    """Return the words of a list."""
    return text.split()


_OPERATOR = re.compile(r"torch\.ops\.(\w+)\.(\w+)(?:\.([A-Za-z0-9]\w*|_[A-Za-z0-9]\w*))?", re.ASCII)
_PLAIN = frozenset(
    [
        *(f"_operator.{name}" for name in _words("add sub mul floordiv truediv mod pow neg pos abs eq ne lt le gt ge")),
        *(f"_operator.{name}" for name in _words("and_ or_ not_ xor invert lshift rshift getitem iadd imul matmul")),
        *(f"math.{name}" for name in _words("ceil floor trunc sqrt log log2 exp pow fabs")),
        *(f"torch.sym_{name}" for name in _words("int float max min ite not sum sqrt fresh_size")),
        *(f"torch._sym_{name}" for name in _words("sqrt cos cosh sin sinh tan tanh asin acos atan log2 exp log")),
        "math.log",
        "torch.sym_constrain_range",
        "torch._check",
    ]
)
"""Functions other than operators that a graph may call."""
_SYMBOL = re.compile(r"[a-z]{1,5}_?\d{1,9}", re.ASCII)
_FACTORIES = frozenset(f"builtins.{name}" for name in ("list", "dict", "set", "tuple", "int", "float", "str", "bool"))
_MACHINE_CODE = (".so", ".o", ".a", ".dll", ".dylib", ".pyd", ".cubin", ".hsaco", ".spv", ".ptx", ".fatbin")
_SOURCE_CODE = (".cpp", ".cu", ".c", ".h")


def read_program(source: Source, report: Report) -> None:
    """Read one exported program.

    Raises:
        Unread: it is no JSON object, gives a key twice, or is larger than what is read.
    """
    program = _json(source)
    if not isinstance(program, dict) or "graph_module" not in program:
        raise Unread("it is no exported program")
    for value in _dictionaries(program):
        _judge(value, report)
    guards = program.get("guards_code", [])
    if not isinstance(guards, list):
        raise Unread("its guards are no list")
    for guard in guards:
        _judge_guard(guard, report)
    ranges = program.get("range_constraints", {})
    if not isinstance(ranges, dict) or not all(_SYMBOL.fullmatch(key) for key in ranges):
        report.unread("its ranges name something else than symbols", "damaged")


def _json(source: Source) -> Any:
    try:
        return json.loads(source.read_all(MAX_PROGRAM, "an exported program"), object_pairs_hook=once("it"))
    except (ValueError, RecursionError):
        raise Unread("it is no JSON") from None


def _dictionaries(value: Any) -> Iterable[dict[str, Any]]:
    """Yield every dictionary within, however deep."""
    pending, left = [value], MAX_VALUES
    while pending:
        value = pending.pop()
        left -= 1
        if left < 0:
            raise Unread(f"it holds more than {MAX_VALUES} values", "bomb")
        if isinstance(value, dict):
            yield value
            pending.extend(v for v in value.values() if isinstance(v, dict | list))
        elif isinstance(value, list):
            pending.extend(v for v in value if isinstance(v, dict | list))


def _judge(value: dict[str, Any], report: Report) -> None:
    """Judge the keys that torch resolves, evaluates or imports; the same key elsewhere is judged too, which is safe."""
    if "target" in value and "inputs" in value:
        _judge_target(value["target"], report)
    if "as_operator" in value:
        _judge_target(value["as_operator"], report)
    if "expr_str" in value:
        _judge_expression(value["expr_str"], report)
    for key in ("in_spec", "out_spec"):
        if value.get(key):
            _judge_spec(value[key], report)
    name = value.get("class_fqn")
    if name is not None:
        full = name if isinstance(name, str) else "<computed>"
        if not full.startswith("__torch__.torch.classes.") or not judge_class(full, report):
            report.find("reference", full, f"holds an object of the class {full}", None, "custom_obj")


def _judge_target(target: Any, report: Report) -> None:
    """Judge what a node of the graph calls."""
    shown = target if isinstance(target, str) else "<computed>"
    found = _OPERATOR.fullmatch(shown)
    if found is not None:
        space, name, _overload = found.groups()
        if space != "higher_order":
            judge_operator(f"{space}::{name}", report, "its graph")
        elif not higher_order(name):
            report.find(
                "reference", shown, f"its graph calls {shown}, which may run code of another kind", None, "node"
            )
    elif shown not in _PLAIN:
        report.find("call", shown, f"its graph calls {shown}", None, "node")


def _judge_expression(text: Any, report: Report) -> None:
    """Judge the text of a symbolic size, which sympy evaluates as Python."""
    shown = text if isinstance(text, str) else "<computed>"
    kind = judge(shown)
    if kind == "code":
        note = f"sympy evaluates the symbolic size {shown[:100]}, which is more than arithmetic"
        report.find("reference", f"expression {shown[:100]}", note, None, "expr_str")
    elif kind == "bomb":
        report.unread("a symbolic size holds powers that may not be computed in time", "bomb")


def _judge_guard(text: Any, report: Report) -> None:
    """Judge a guard, which torch executes as Python code."""
    if not isinstance(text, str) or not is_guard(text):
        shown = str(text)[:100]
        report.find("call", f"guard {shown}", f"executes the Python code {shown}", None, "guards_code")


def _judge_spec(text: Any, report: Report) -> None:
    """Judge the description of inputs or outputs: containers whose context may name modules to import."""
    pending, left = [text], 100_000
    while pending:
        value = pending.pop()
        left -= 1
        if left < 0:
            raise Unread("the description of its inputs is too long", "bomb")
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                pending.append(json.loads(value, object_pairs_hook=once("it")))
            except (ValueError, RecursionError):
                continue
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value.values())
            module, name = value.get("default_factory_module"), value.get("default_factory_name")
            if (module, name) != (None, None) and f"{module}.{name}" not in _FACTORIES:
                report.find("reference", f"{module}.{name}", f"imports {module}.{name} for its inputs", None, "in_spec")
            if "__enum__" in value:
                full = str(value.get("fqn"))[:200].replace(":", ".")
                report.find("reference", full, f"imports {full} for its inputs", None, "in_spec")


# Members --------------------------------------------------------------------------------------------------------------


def pickled_weights(source: Source) -> set[str]:
    """Return the weights and constants that a `*_config.json` says are pickles.

    Raises:
        Unread: it is no such configuration.
    """
    config = _json(source)
    entries = config.get("config") if isinstance(config, dict) else None
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise Unread("it is no configuration of weights")
    return {
        str(entry.get("path_name"))
        for entry in entries.values()
        if entry.get("use_pickle") is not False or not str(entry.get("path_name")).startswith(("weight_", "tensor_"))
    }


def judge_code(name: str, report: Report) -> bool:
    """Report a member that is compiled or compilable code; say whether it is one.

    Args:
        name: its path in the archive.
        report: the report of that member.
    """
    lower = name.lower()
    if lower.endswith(_MACHINE_CODE) or ("/aotinductor/" in f"/{lower}" and lower.endswith(_SOURCE_CODE)):
        kind = "machine code" if lower.endswith(_MACHINE_CODE) else "source code to be compiled"
        report.find("reference", name.rsplit("/", 1)[-1], f"it is {kind}, which the loader runs", None, "member")
        return True
    return False


MARKS = {
    "archive_format": "pt2",
    "serialized_exported_program.json": "pt2",
    ".data/extern_modules": "torch.package",
    "MAR-INF/MANIFEST.json": "mar",
}
"""Members that tell one kind of archive from another, and its name."""


def kinds(names: Iterable[str]) -> set[str]:
    """Return which kinds of archive these members make: a key of `MARKS` at the top, or in the one folder there."""
    found = set()
    for name in names:
        rest = name.partition("/")[2]
        for mark, kind in MARKS.items():
            if name == mark or rest == mark:
                found.add(kind)
    return found


def judge_kinds(names: Iterable[str], report: Report) -> None:
    """Report an archive of code, and a zip that is two formats at once.

    Args:
        names: the names of all its members.
        report: the report of the zip.
    """
    known = list(names)
    found = kinds(known)
    if "torch.package" in found:
        note = "it is a torch.package: its Python code runs when it is loaded"
        report.find("reference", "torch.package", note, None, "member")
    if "mar" in found and any(name.endswith((".py", ".sh", ".so")) for name in known):
        report.unread("it is a TorchServe archive with code of its own, which is not analysed")
    if "data.pkl" in {name.rpartition("/")[2] for name in known}:
        found.add("torch")
    if "schema.json" in known:
        found.add("skops")
    if "config.json" in known and ("metadata.json" in known or "model.weights.h5" in known):
        found.add("keras")
    if len(found - {"mar", "torch.package"}) > 1:
        several = " and ".join(sorted(found))
        report.unread(f"it is {several} at once, so what it holds depends on who reads it", "polyglot")


def reads_first(name: str) -> bool:
    """Say whether a member decides how others are read: which weights are pickles."""
    return name.endswith("_config.json")


def is_program(name: str) -> bool:
    """Say whether torch reads this member as an exported program."""
    return "/models/" in f"/{name}" or name.endswith("serialized_exported_program.json")


def is_config(name: str) -> bool:
    """Say whether this member says how the weights or constants are stored."""
    return is_weight(name) and reads_first(name)


def is_weight(name: str) -> bool:
    """Say whether this member holds a weight or constant, or says how they are stored."""
    return any(f"/{folder}/" in f"/{name}" for folder in ("data/weights", "data/constants"))
