"""TorchScript: the operators and classes that its code names, against a list of torch's own. Standard library only.

TorchScript cannot call Python, but it can use every operator that is registered, among them some that read and write
files or call other machines. Its code is text below `code/`; for phones also a table in `bytecode.pkl`. Here the code
is only cut into words, as torch's own lexer cuts it: what stands in strings and comments is no name. `torch.x` is the
operator `aten::x`, `ops.n.x` is `n::x`, a method of a value may be `aten::x` too.
"""

from __future__ import annotations

import json
import pickletools
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from assay.targets.repeats import exact
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Source, Unread

MAX_CODE = 32 << 20
MAX_BYTECODE = 16 << 20
_LIST = Path(__file__).with_name("torch_ops.json")
_TOKEN = re.compile(
    exact(
        r"""(?P<text>'{3}(?:[^'\\]|\\.|'(?!''))*+'{3}|"{3}(?:[^"\\]|\\.|"(?!""))*+"{3}"""
        r"""|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")"""
        r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9][0-9.eEjx+]*)|(?P<space>(?:[ \t\r\n]|\\\n|\#[^\n]*)+)"""
        r"""|(?P<mark>[][(){}.,:;=<>!@%&|^~*/+-]|\Z)"""
    ),
    re.DOTALL,
)
_HELPERS = frozenset(
    f"torch.jit._pickle.{name}"
    for name in (
        "build_intlist",
        "build_tensorlist",
        "build_doublelist",
        "build_boollist",
        "build_tensor_from_id",
        "restore_type_tag",
    )
)
_CLASSES = "__torch__.torch.classes."
_REMOTE = frozenset({"rpc_async", "rpc_sync", "rpc_remote"})


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_LIST.read_bytes())
    data["operators"] = {space: frozenset(names) for space, names in data["operators"].items()}
    return data


def judge_operator(full: str, report: Report, where: str, offset: int | None = None) -> None:
    """Report an operator `namespace::name` unless it is one of torch's own that compute.

    Args:
        full: the name as torch registers it, without an overload.
        report: where findings go.
        where: what names it, e.g. "its code".
        offset: its place in the member.
    """
    data = _data()
    space, _, name = full.partition("::")
    if name in data["operators"].get(space, ()):
        return
    does = data["refused"].get(full)
    report.lists("imports", full, offset)
    if does:
        report.find("reference", full, f"{where} uses the operator {full}, which {does}", offset, "operator")
    elif space in ("aten", "prim", "prims"):
        report.unread(f"{where} uses operators of torch that are not known, e.g. {full[:100]}")
    else:
        note = f"{where} uses the operator {full}, which a library of its own would run"
        report.find("reference", full, note, offset, "operator")


def higher_order(name: str) -> bool:
    """Say whether this operator over graphs only calls what the file holds."""
    return name in _data()["higher_order"]


def judge_class(full: str, report: Report, offset: int | None = None) -> bool:
    """Say whether an import of the file's pickles is TorchScript's own; report a class of an unknown library.

    Args:
        full: `module.name`, as a pickle imports it.
        report: where a class of an unknown library goes.
        offset: its place in the member.
    """
    if full.startswith(_CLASSES):
        if full.removeprefix(_CLASSES) not in _data()["classes"]:
            report.find("reference", full, f"needs the class {full}, which a library of its own would run", offset)
        return True
    return full.startswith("__torch__.") or full in _HELPERS


def filter_pickle(inner: Report, report: Report) -> None:
    """Take over what a `data.pkl` of TorchScript imports, less the classes that its own code defines."""
    kept = [f for f in inner.findings if not judge_class(f["name"], report, f["offset"])]
    inner.total = inner.total - len(inner.findings) + len(kept)
    inner.findings = kept
    report.absorb(inner)


# Code -----------------------------------------------------------------------------------------------------------------


def read_code(source: Source, report: Report) -> None:
    """Read one file below `code/`.

    Raises:
        Unread: it cannot be cut into words.
    """
    text = source.read_all(MAX_CODE, "a file of TorchScript code").decode("latin-1")  # a character is a byte
    chain: list[str] = []
    start, after_dot, previous = 0, False, ""
    for kind, word, at in _words(text):
        if kind == "name":
            if chain and after_dot:
                chain.append(word)
            else:
                _judge_chain(chain, start, word, report)
                chain, start = ([word], at) if previous != "." else (["", word], at)
            after_dot = False
        elif word == "." and chain and not after_dot:
            after_dot = True
        else:
            _judge_chain(chain, start, word, report)
            chain, after_dot = [], False
        previous = word if kind == "mark" else kind


def _words(text: str) -> Iterable[tuple[str, str, int]]:
    """Yield (kind, word, place) of everything but space; a text literal is yielded empty."""
    at, end, before = 0, len(text), ""
    while at <= end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise Unread(f"its TorchScript code cannot be cut into words at byte {at}")
        kind = str(found.lastgroup)
        if kind == "text" and before == "name":
            raise Unread(f"its TorchScript code has a text with a prefix at byte {at}")
        if kind != "space":
            yield kind, "" if kind == "text" else found.group(), at
        before = kind
        if at == end:
            return
        at = found.end()


def _judge_chain(chain: list[str], start: int, follows: str, report: Report) -> None:
    """Judge a dotted name, and the word that follows it."""
    if not chain:
        return
    root = chain[0]
    if root == "torch" or root == "ops":
        parts = chain[1:]
        space = "aten"
        if root == "ops":
            space, parts = (parts[0], parts[1:]) if parts else ("", [])
        while parts and parts[0] == "autograd":
            space, parts = "aten", parts[1:]
        if parts:
            judge_operator(f"{space}::{parts[0]}", report, "its code", start)
        elif follows not in (":", "="):
            _hands_on(chain, start, report)
    elif root == "__torch__":
        if chain[1:3] == ["torch", "classes"] and len(chain) > 4:
            judge_class(".".join(chain[:5]), report, start)
        elif len(chain) == 1 or chain[1:] == ["torch"] or chain[1:3] == ["torch", "classes"]:
            _hands_on(chain, start, report)
    elif root in _REMOTE and follows == "(":
        judge_operator(f"prim::{root}", report, "its code", start)
    elif len(chain) > 1 and follows == "(" and f"aten::{chain[-1]}" in _data()["refused"]:
        judge_operator(f"aten::{chain[-1]}", report, "its code", start)


def _hands_on(chain: list[str], start: int, report: Report) -> None:
    name = ".".join(chain)
    note = f"its code hands on {name} as a whole, so which operators or classes it uses is not known"
    report.find("reference", name, note, start, "operator")


# Bytecode -------------------------------------------------------------------------------------------------------------


def read_bytecode(source: Source, report: Report) -> None:
    """Read the table of operators in `bytecode.pkl`: every text of its pickle that is the name of an operator.

    Raises:
        Unread: its opcodes cannot be followed.
    """
    raw = source.read_all(MAX_BYTECODE, "bytecode.pkl")
    try:
        for opcode, argument, at in pickletools.genops(raw):
            if opcode.name in ("FRAME", "STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4"):
                raise Unread(f"its bytecode.pkl holds {opcode.name}, which torch does not write")
            if opcode.name == "GLOBAL":
                full = str(argument).replace(" ", ".")
                if not judge_class(full, report, at):
                    report.find("import", full, f"imports {full}", at, "GLOBAL")
            elif isinstance(argument, str) and re.fullmatch(r"\w+::\w+", argument, re.ASCII):
                judge_operator(argument, report, "its bytecode", at)
            elif isinstance(argument, str) and argument.startswith(_CLASSES):
                judge_class(".".join(argument.split(".")[:5]), report, at)
    except (ValueError, IndexError, OverflowError) as error:
        raise Unread(f"its bytecode.pkl cannot be read ({str(error)[:100]})") from None
