"""Arrays from an npz file: declared sizes are checked before anything is allocated; nothing is unpickled."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.foreign import foreign_call
from assay.targets.limits import LARGEST
from assay.targets.wording import amount, listed, near

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = {"x": "biuf", "y": "biufU"}
"""Kinds of numbers (numpy's letters) that features and labels may be."""


def read_npz(path: Path, shown: str, names: dict[str, str]) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """Return the features, shape (n, ...), and the labels, shape (n,), or None where there are only features.

    Args:
        path: the file.
        shown: its name in sentences.
        names: names of the arrays, keys `x` and `y`.

    Raises:
        UnusableInput: no such array, Python objects inside, too large, shapes that do not fit, damaged.
    """
    x, y = foreign_call(
        lambda: _read(path, shown, names), f"{shown}: is a damaged npz", "write it again with numpy.savez"
    )
    _check_shapes(x, y, names, shown)
    return x, y


def _read(path: Path, shown: str, names: dict[str, str]) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    with zipfile.ZipFile(path) as archive:
        members = _members(archive, shown)
        x = _array(archive, members, names["x"], "x", shown)
        alone = names["y"] == "y" and "y" not in members and set(members) == {names["x"]}
        return x, None if alone else _array(archive, members, names["y"], "y", shown)


def _members(archive: zipfile.ZipFile, shown: str) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    twice = [name for name, count in Counter(info.filename for info in infos).items() if count > 1]
    if twice:
        raise UnusableInput(f"{shown}: holds {listed(twice)} more than once; write it again with numpy.savez")
    return {info.filename.removesuffix(".npy"): info for info in infos}


def _array(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, use: str, shown: str
) -> NDArray[np.generic]:
    from numpy.lib import format as npy

    info = members.get(name)
    if info is None:
        raise UnusableInput(
            f"{shown}: there is no array {name!r}{near(name, members)}; it holds {listed(sorted(members))}; "
            f"name the array under `arrays: {{{use}: ...}}`"
        )
    what = f"{shown}: the array {name!r}"
    with archive.open(info) as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
        _check_declared(shape, dtype, use, what)
        declared = dtype.itemsize
        for length in shape:
            declared *= length
        stored = info.file_size - file.tell()
        if declared > LARGEST:
            raise UnusableInput(
                f"{what} declares the shape {shape}, {amount(declared)}, and at most {amount(LARGEST)} is "
                f"read; give a sample"
            )
        if declared != stored:
            raise UnusableInput(
                f"{what} declares {amount(declared)} and {amount(stored)} follow; the file is damaged, write it again"
            )
    with archive.open(info) as file:
        array: NDArray[np.generic] = npy.read_array(file, allow_pickle=False)
    return array


def _check_declared(shape: tuple[int, ...], dtype: Any, use: str, what: str) -> None:
    if dtype.hasobject:
        raise UnusableInput(
            f"{what} holds Python objects, which could run code and are never unpickled; store numbers or text: "
            "`array.astype(float)` or `array.astype(str)`"
        )
    if dtype.kind not in KINDS[use]:
        wanted = "numbers" if use == "x" else "numbers or text"
        raise UnusableInput(f"{what} is of type {dtype}; store {wanted}")
    if use == "x" and len(shape) not in (2, 3, 4):
        raise UnusableInput(f"{what} has the shape {shape}; give (n, d), (n, h, w) or (n, h, w, c)")
    if use == "x" and 0 in shape[1:]:
        raise UnusableInput(f"{what} has the shape {shape}, so no features; give at least one")
    if use == "y" and len(shape) != 1:
        hint = "y.argmax(axis=1)" if len(shape) == 2 and shape[1] > 1 else "y.ravel()"
        raise UnusableInput(f"{what} has the shape {shape}; give one label a row, shape (n,), for instance {hint}")


def _check_shapes(x: Any, y: Any, names: dict[str, str], shown: str) -> None:
    if y is not None and len(x) != len(y):
        raise UnusableInput(
            f"{shown}: {names['x']!r} has {len(x):,} rows and {names['y']!r} has {len(y):,}; give one label "
            f"for each row"
        )
