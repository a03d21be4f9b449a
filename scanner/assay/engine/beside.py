"""What a declared model rests on besides its own file: the code of its factory, and the files that hold its tensors.

They are recorded by content and are no inputs: no detector is given them, and nothing is measured of them. What may be
recorded is what a worker may read for the model anyway (`assay.engine.room.readable_beside`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from assay.engine.room import readable_beside
from assay.targets.refs import InputRef
from assay.targets.resolve import shown_below

CODE, COMPANION = "code", "companion"
_IMPORTABLE = (".py", ".pyc", ".so")


def code_of(inputs: Iterable[InputRef]) -> list[InputRef]:
    """Return every module that a factory named among `inputs` could import from the manifest's folder, sorted."""
    found: dict[str, InputRef] = {}
    for ref in inputs:
        root = str(ref.spec.get("root") or "")
        if ref.role != "model" or not ref.spec.get("factory") or not root:
            continue
        for path in readable_beside(ref):
            if path.endswith(_IMPORTABLE) and path.startswith(os.path.join(root, "")):
                found.setdefault(path, _ref(CODE, path, root, ref))
    return [found[path] for path in sorted(found)]


def companions_of(inputs: Iterable[InputRef], named: Mapping[str, Sequence[str]]) -> list[InputRef]:
    """Return the files that the models say hold their tensors, as far as a worker may read them, sorted.

    Args:
        inputs: the inputs of the scan.
        named: model -> the paths that it names, relative to the manifest's folder.
    """
    found: dict[str, InputRef] = {}
    for ref in inputs:
        root = str(ref.spec.get("root") or "")
        if ref.role != "model" or not root or ref.name not in named:
            continue
        readable = {shown_below(path, root): path for path in readable_beside(ref)}
        for shown in named[ref.name]:
            if shown in readable:
                found.setdefault(shown, _ref(COMPANION, readable[shown], root, ref))
    return [found[shown] for shown in sorted(found)]


def _ref(role: str, path: str, root: str, model: InputRef) -> InputRef:
    shown = shown_below(path, root)
    return InputRef(f"{role}:{shown}", role, path, shown, model.where, {"of": model.name})
