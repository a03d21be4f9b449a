"""SECURITY.md names tests that exist, and stays short enough to be read."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", PAGE)))


def test_the_page_names_a_test_for_every_row():
    rows = [line for line in PAGE.split("## Attacker")[1].split("\n## ")[0].splitlines() if line.startswith("|")][2:]
    assert len(rows) > 20
    assert [row for row in rows if "::test_" not in row] == []


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_named_test_exists(file, name):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_page_is_short_and_invents_no_address():
    assert len(PAGE.splitlines()) <= 200
    assert not re.search(r"\S+@\S+\.\w|https?://", PAGE)


def test_the_number_of_escapes_is_the_one_that_is_tried():
    (claimed,) = re.findall(r"(\d+) ways, as root", PAGE)
    tried = ast.parse((ROOT / "tests" / "engine" / "escapes.py").read_text(encoding="utf-8"))
    kinds = {"attempts", "programs", "kernel"}
    count = sum(
        isinstance(key, ast.Constant)
        for node in tried.body
        if isinstance(node, ast.FunctionDef) and node.name in kinds
        for table in ast.walk(node)
        if isinstance(table, ast.Dict)
        for key in table.keys
    )
    assert int(claimed) <= count
