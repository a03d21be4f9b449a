"""`getattr` and `type`: trusted for exact pairs only, and never kept."""

from __future__ import annotations

import pickle
import zoneinfo
from pathlib import Path
from typing import Any

import pytest

from assay.targets import allowlist
from assay_detectors.artifact.reading import read_artifact

GETATTR, ZONE, TYPE = b"cbuiltins\ngetattr\n", b"czoneinfo\nZoneInfo\n", b"cbuiltins\ntype\n"


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


PAIR = ZONE + text("_unpickle") + b"\x86R"
MADE = text("Europe/Berlin") + b"K\x01\x86R"
INTERP = b"cscipy.interpolate._interpolate\ninterp1d\n"


def read(folder: Path, body: bytes) -> dict[str, Any]:
    path = folder / "model.pkl"
    path.write_bytes(b"\x80\x04" + body + b".")
    return read_artifact(path)


@pytest.mark.parametrize("protocol", range(6))
def test_time_zones_and_singletons_are_clean(tmp_path: Path, protocol: int) -> None:
    berlin, cairo = zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("Africa/Cairo")
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps([berlin, cairo, type(None), berlin, type(...), type(NotImplemented)], protocol))
    reading = read_artifact(path)
    assert (reading["total"], reading["reasons"], reading["complete"]) == (0, [], True)


def test_a_method_of_a_known_class_is_a_value(tmp_path: Path) -> None:
    fetched = GETATTR + INTERP + text("_call_linear") + b"\x86R"
    assert read(tmp_path, fetched)["total"] == 0
    assert read(tmp_path, fetched + b")R")["findings"][0]["note"].endswith("trusted as a value only")


REFUSED = {
    "another attribute": GETATTR + ZONE + text("from_file") + b"\x86R",
    "a computed attribute": GETATTR + ZONE + b"cbuiltins\nstr\n" + text("_unpickle") + b"\x85R\x86R",
    "a default": GETATTR + ZONE + text("_unpickle") + b"N\x87R",
    "another class": GETATTR + b"cdatetime\ndate\n" + text("_unpickle") + b"\x86R",
    "a module's attribute": GETATTR + b"cnumpy\ndtype\n" + text("__class__") + b"\x86R",
    "kept": GETATTR,
    "kept from the memo": b"]" + GETATTR + b"\x94" + PAIR + b"0h\x00a",
    "kept by DUP": b"]" + GETATTR + b"2" + PAIR + b"0a",
    "kept from a memo with gaps": GETATTR + b"q\x05" + PAIR + b"0h\x05",
    "fetched by a line": GETATTR + b"p7\n" + PAIR + b"0g7\n",
    "given to a class": b"ccollections\ndefaultdict\n" + GETATTR + b"\x85R",
    "the class kept": ZONE + b"\x94" + b"0" + GETATTR + b"h\x00" + text("_unpickle") + b"\x86R0h\x00",
    "the class called": ZONE + text("Europe/Berlin") + b"\x85R",
    "the class made": ZONE + text("Europe/Berlin") + b"\x85\x81",
    "used before the memo is new": GETATTR + b"\x94" + PAIR + b"0h\x00.\x80\x04N",
    "type of an object": TYPE + b"cbuiltins\nobject\n)R\x85R",
    "type with three arguments": TYPE + text("A") + b")}\x87R",
    "type kept": TYPE,
    "type as an object's class": TYPE + b")\x81",
    "another pickle": GETATTR + PAIR + b"." + b"\x80\x04" + GETATTR + b"\x94",
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_other_use_is_found(tmp_path: Path, case: str) -> None:
    reading = read(tmp_path, REFUSED[case])
    assert reading["total"] >= 1
    acting = {"builtins.getattr", "builtins.type", "zoneinfo.ZoneInfo"}
    assert acting & {found["name"] for found in reading["findings"]}
    assert all(found["offset"] is not None for found in reading["findings"])


def test_array_bytes_and_inner_pickles_are_watched_too(tmp_path: Path) -> None:
    inner = b"\x80\x04" + GETATTR + b"."
    outer = b"\x80\x04" + GETATTR + PAIR + b"0C" + bytes([len(inner)]) + inner
    path = tmp_path / "model.pkl"
    path.write_bytes(outer + b".")
    assert read_artifact(path)["total"] == 1


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/etc/passwd", "a.b/c", "", "Europe/../x", "a/b/c/d", "Europe/Berlin\n"]
)
def test_a_zone_is_named_by_plain_words(tmp_path: Path, key: str) -> None:
    assert not read(tmp_path, GETATTR + PAIR + text(key) + b"K\x01\x86R")["complete"]
    assert read(tmp_path, GETATTR + PAIR + MADE)["complete"]


def test_a_compiled_object_names_its_class(tmp_path: Path) -> None:
    made = b"ctorch\nScriptObject\n)\x81N"
    good = text("__torch__.torch.classes.quantized.LinearPackedParamsBase")
    assert read(tmp_path, made + good + b"\x86b")["total"] == 0
    assert read(tmp_path, made + text("__torch__.torch.classes.evil.Run") + b"\x86b")["total"] == 1
    assert read(tmp_path, made + b"]\x86b")["total"] == 1


def test_the_list_holds_pairs_and_neither_getattr_nor_type() -> None:
    assert allowlist.attribute("zoneinfo.ZoneInfo", "_unpickle") == "rebuild"
    assert allowlist.attribute("zoneinfo.ZoneInfo", "from_file") is None
    assert allowlist.trusted("builtins", "getattr") is None
    assert allowlist.trusted("builtins", "type") is None
    assert allowlist.trusted("zoneinfo", "ZoneInfo._unpickle") is None
