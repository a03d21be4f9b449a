"""What an honest Jinja template uses: filters, tests, functions, methods. Exact names, standard library only.

The filters and tests are those of Jinja that read no attribute by a computed name. The functions are Jinja's own and
the two that renderers of chat templates add. The methods are those of text, lists, mappings and dates.
"""

from __future__ import annotations

import re

FUNCTIONS = frozenset({"range", "dict", "namespace", "cycler", "joiner", "raise_exception", "strftime_now", "tojson"})
"""Names that a template may call without having defined them; they may not be used as values."""

HOST_NAMES = frozenset(
    [
        "lipsum",
        "config",
        "request",
        "session",
        "g",
        "url_for",
        "get_flashed_messages",
        "os",
        "sys",
        "subprocess",
        "builtins",
        "importlib",
        "socket",
        "shutil",
        "ctypes",
        "pickle",
        "posix",
    ]
)
"""Objects of the program that renders, which no renderer of chat templates offers and every escape starts from."""

FILTERS = frozenset(
    [
        "abs",
        "batch",
        "capitalize",
        "center",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "filesizeformat",
        "first",
        "float",
        "forceescape",
        "format",
        "from_json",
        "fromjson",
        "groupby",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "pprint",
        "random",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "safe",
        "select",
        "selectattr",
        "slice",
        "sort",
        "string",
        "striptags",
        "sum",
        "title",
        "tojson",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
        "urlize",
        "wordcount",
        "wordwrap",
        "xmlattr",
    ]
)

TESTS = frozenset(
    [
        "odd",
        "even",
        "divisibleby",
        "defined",
        "undefined",
        "filter",
        "test",
        "none",
        "boolean",
        "false",
        "true",
        "integer",
        "float",
        "lower",
        "upper",
        "string",
        "mapping",
        "number",
        "sequence",
        "iterable",
        "callable",
        "sameas",
        "escaped",
        "in",
        "==",
        "eq",
        "equalto",
        "!=",
        "ne",
        ">",
        "gt",
        "greaterthan",
        "ge",
        ">=",
        "<",
        "lt",
        "lessthan",
        "<=",
        "le",
    ]
)

METHODS = frozenset(
    [
        "append",
        "capitalize",
        "casefold",
        "center",
        "clear",
        "copy",
        "count",
        "cycle",
        "changed",
        "endswith",
        "expandtabs",
        "extend",
        "find",
        "get",
        "index",
        "insert",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isidentifier",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "isoformat",
        "items",
        "join",
        "keys",
        "ljust",
        "lower",
        "lstrip",
        "next",
        "partition",
        "pop",
        "remove",
        "removeprefix",
        "removesuffix",
        "replace",
        "reverse",
        "rfind",
        "rindex",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "setdefault",
        "sort",
        "split",
        "splitlines",
        "startswith",
        "strftime",
        "strip",
        "swapcase",
        "title",
        "update",
        "upper",
        "values",
        "zfill",
        "union",
        "intersection",
        "difference",
        "add",
        "discard",
    ]
)
"""Methods that a template may call on a value; `format` is judged by the fields that it reads."""

INTROSPECTION = frozenset(
    [
        "mro",
        "gi_frame",
        "gi_code",
        "gi_yieldfrom",
        "cr_frame",
        "cr_code",
        "cr_await",
        "ag_frame",
        "ag_code",
        "ag_await",
        "tb_frame",
        "tb_next",
        "f_globals",
        "f_builtins",
        "f_locals",
        "f_back",
        "f_code",
        "co_code",
        "co_consts",
        "func_globals",
        "func_code",
        "func_closure",
        "func_defaults",
        "im_class",
        "im_func",
        "im_self",
    ]
)
"""Attributes without an underscore in front that lead from a value to the interpreter."""

ATTRIBUTE_AT = {
    "map": None,
    "selectattr": 0,
    "rejectattr": 0,
    "groupby": 0,
    "sort": 2,
    "unique": 1,
    "sum": 0,
    "min": 1,
    "max": 1,
    "join": 1,
}
"""Filters that read an attribute whose name is an argument, and its place among the positional ones."""

TEST_AT = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filters that apply a test whose name is an argument."""

PASSING = frozenset({"first", "last", "default", "d", "list", "sort", "unique", "min", "max", "items", "dictsort"})
"""Filters whose result is among what they are given."""
SPELLING = frozenset(
    {"lower", "upper", "title", "capitalize", "trim", "reverse", "replace", "join", "map", "select", "sum"}
)
"""Filters whose result is made of the letters that they are given."""
COUNTING = frozenset({"length", "count", "int", "float", "abs", "round", "wordcount"})
PASSING_METHODS = frozenset({"get", "keys", "values", "items", "pop", "copy", "cycle", "next"})
SPELLING_METHODS = frozenset(
    [
        "split",
        "rsplit",
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "capitalize",
        "replace",
        "join",
        "partition",
        "rpartition",
        "removeprefix",
        "removesuffix",
        "splitlines",
        "casefold",
    ]
)
COUNTING_METHODS = frozenset({"index", "count", "find", "rfind", "startswith", "endswith", "isdigit"})

_TEMPLATE_MARK = re.compile(r"\{[{%#]")


def has_marks(text: str) -> bool:
    """Say whether a text holds anything that Jinja would act on."""
    return _TEMPLATE_MARK.search(text) is not None


def is_plain(name: str) -> bool:
    """Say whether reading an attribute of this name from a value gives data, not the interpreter's own objects."""
    return not name.startswith("_") and name not in INTROSPECTION


def may_begin_inner(prefix: str) -> bool:
    """Say whether an attribute that is not plain may begin so."""
    return not prefix or prefix.startswith("_") or any(name.startswith(prefix) for name in INTROSPECTION)


def may_render(text: str) -> bool:
    """Say whether a text holds a whole tag that Jinja would render."""
    return ("{%" in text and "%}" in text) or ("{{" in text and "}}" in text)
