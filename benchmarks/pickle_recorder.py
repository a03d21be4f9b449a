"""CPython's two unpicklers with inert classes: what a pickle would import and call, with nothing imported or called."""

from __future__ import annotations

import copyreg
import io
import pickle
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from dataclasses import dataclass, field
from typing import Any

REGISTERED = {240: ("os", "system"), 241: ("collections", "OrderedDict"), 70_000: ("builtins", "eval")}
"""Extension codes that `register` enters into copyreg."""


def register() -> None:
    """Enter the extension codes into copyreg's registry."""
    for code, pair in REGISTERED.items():
        copyreg._inverted_registry[code] = pair  # type: ignore[attr-defined]


@dataclass
class Seen:
    """What one unpickler did."""

    stopped: bool = False
    """Every pickle in the bytes was read to its STOP."""
    error: str = ""
    imports: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    """Imported things that were themselves filled or given a state."""
    computed: bool = False
    """Something was called that a call had returned."""


def _inert(name: str, seen: Seen) -> type:
    class Result:
        """What a call returns: callable, stateful, fillable, and no type."""

        def __call__(self, *_args: Any, **_keywords: Any) -> Result:
            seen.computed = True
            return make()

        def __new__(cls, *_args: Any, **_keywords: Any) -> Result:
            raise TypeError("no type")

        def __setstate__(self, _state: Any) -> None: ...
        def append(self, _item: Any) -> None: ...
        def extend(self, _items: Any) -> None: ...
        def add(self, _item: Any) -> None: ...
        def __setitem__(self, _key: Any, _value: Any) -> None: ...

    def make() -> Result:
        return object.__new__(Result)

    class Imported(type):
        """The class of what an import gives."""

        def __call__(cls, *_args: Any, **_keywords: Any) -> Any:
            seen.calls.add(name)
            return make()

        def __setstate__(cls, _state: Any) -> None:
            seen.changes.add(name)

        def append(cls, _item: Any) -> None:
            seen.changes.add(name)

        def extend(cls, _items: Any) -> None:
            seen.changes.add(name)

        def add(cls, _item: Any) -> None:
            seen.changes.add(name)

        def __setitem__(cls, _key: Any, _value: Any) -> None:
            seen.changes.add(name)

    def new(_cls: type, *_args: Any, **_keywords: Any) -> Any:
        seen.calls.add(name)
        return make()

    if name == "_codecs.encode":

        class Encoder(Imported):
            """The one trusted call whose result opcodes may look into: bytes, as protocols below 3 write them."""

            def __call__(cls, *args: Any) -> Any:
                seen.calls.add(name)
                known = len(args) == 2 and type(args[0]) is str and args[1] in ("latin1", "latin-1")
                return args[0].encode("latin-1") if known else make()

        return Encoder("Inert", (), {"__new__": new})
    return Imported("Inert", (), {"__new__": new})


def _mapped(module: str, name: str) -> tuple[str, str]:
    """Return what protocols below 3 make of a name of Python 2."""
    return NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))


def _is_old(unpickler: Any) -> bool:
    """Say whether the protocol in force is below 3; the C unpickler shows it only by what it makes of an old name."""
    if hasattr(unpickler, "proto"):
        return bool(unpickler.proto < 3)
    try:
        super(type(unpickler), unpickler).find_class("copy_reg", "_reconstructor")
    except ImportError:
        return False
    return True


def replay(base: type, data: bytes, *, encoding: str = "latin1") -> Seen:
    """Load every pickle in `data` with a recording unpickler derived from `base`."""
    seen = Seen()
    made: dict[str, type] = {}
    stream = io.BytesIO(data)

    class Recorder(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            mapped = _mapped(module, name)
            full = ".".join(mapped if mapped != (module, name) and _is_old(self) else (module, name))
            seen.imports.add(full)
            if full not in made:
                made[full] = _inert(full, seen)
            return made[full]

        def persistent_load(self, _pid: Any) -> Any:
            return _inert("persistent", seen)()

    try:
        while stream.tell() < len(data):
            copyreg._extension_cache.clear()  # type: ignore[attr-defined]
            Recorder(stream, encoding=encoding).load()
        seen.stopped = True
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001 - unpicklers raise whatever they like
        seen.error = f"{type(error).__name__}: {error}"
    seen.imports.discard("persistent")
    seen.calls.discard("persistent")
    return seen


def both(data: bytes, *, encoding: str = "latin1") -> tuple[Seen, Seen]:
    """Return what the C and the Python unpickler do with `data`."""
    return (
        replay(pickle.Unpickler, data, encoding=encoding),
        replay(pickle._Unpickler, data, encoding=encoding),  # type: ignore[attr-defined]
    )
