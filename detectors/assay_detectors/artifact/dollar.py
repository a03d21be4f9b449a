"""Texts that MONAI or a resolver of OmegaConf evaluates as Python: `$...` and `${eval:...}`.

Prices, variables of a shell and jQuery begin with a dollar sign as well; they are told apart by what they would do.

Standard library only. Nothing is evaluated; the text is parsed.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys

MAX_TEXT = 20_000
_PAGE = frozenset({"document", "window", "this", "event", "self"})
"""Names of a web page, on which jQuery is called."""
_KNOWN = frozenset(dir(builtins)) | sys.stdlib_module_names | {"monai", "torch", "np", "numpy", "_"}
"""Names that MONAI's expressions have without an import of their own, modules that one could import, and references."""
_REFERENCE = re.compile(r"@\w+(?:(?:#|::)\w+)*")
"""Another part of the configuration, as MONAI writes it."""
_IMPORT = re.compile(r"\$\s*(?:import|from)\s+\w")
_EVAL = re.compile(r"\$\{\s*eval\s*:(.*)", re.DOTALL)
_CALLED = re.compile(r"([\w.]*)\s*\(")
_ARITHMETIC = frozenset(
    str.split(
        "int float str bool len min max round abs sum range list tuple sorted pow and or not in if else "
        ".split .join .format .replace .lower .upper .strip .startswith .endswith"
    )
)
"""What an expression of a resolver may call: arithmetic and work on text."""


def is_eval(text: str) -> bool:
    """Say whether a resolver named `eval` would do more than arithmetic with this text."""
    found = _EVAL.search(text)
    if found is None:
        return False
    body = found.group(1)
    called = {name if "." not in name else "." + name.rpartition(".")[2] for name in _CALLED.findall(body)}
    return "__" in body or not called <= _ARITHMETIC | {""}


def is_code(text: str) -> bool:
    """Say whether such a text is Python that does something: it calls, imports, or reaches into what is hidden.

    `$HOME/data`, `$5.00`, `${x}`, `$(date)`, `$x^2$`, `$CMD (x)` and `$('#id').val()` are not. A text that is too long
    to be parsed is, where it could hold a call.
    """
    if not text.startswith("$") or text.startswith("${"):
        return False
    if _IMPORT.match(text):
        return True
    body = _REFERENCE.sub("_", text[1:].strip())
    if "(" not in body and "__" not in body:
        return False
    if len(body) > MAX_TEXT:
        return True
    try:
        tree = ast.parse(body)
    except (SyntaxError, ValueError):
        return False
    except (RecursionError, MemoryError):
        return True
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    if any("__" in name for name in names) or any(isinstance(n, ast.Attribute) and "__" in n.attr for n in nodes):
        return True
    if body.startswith("(") and names <= _PAGE:
        return False
    return any(isinstance(node, ast.Call) and _leads_to_code(node, _KNOWN | bound) for node in nodes)


def _leads_to_code(call: ast.Call, known: frozenset[str]) -> bool:
    """Say whether what is called begins with a name that exists, or is computed."""
    root: ast.expr = call.func
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    if isinstance(root, ast.Name):
        return root.id in known
    return not (isinstance(root, ast.Constant) and isinstance(root.value, int | float))
