"""ONNX models in onnxruntime: one matrix or one input per column; external data only from the model's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.extras import need
from assay.targets.foreign import foreign_call
from assay.targets.labels import label_text
from assay.targets.limits import LARGEST
from assay.targets.models.inputs import cast, laid_out, matrix
from assay.targets.models.queried import Queried
from assay.targets.refs import InputRef
from assay.targets.wording import amount, clip, listed, near

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
    "tensor(string)": "str",
}
"""onnxruntime's names of tensor types."""


class OnnxModel(Queried):
    """A session with one thread, on the CPU."""

    kind = "onnx"

    def __init__(self, session: Any, own: list[str] | None, ref: InputRef, manifest: dict[str, Any]) -> None:
        self._io = manifest["io"]
        output, self._output = _pick_output(session.get_outputs(), ref.shown, manifest)
        super().__init__(ref, manifest, output, own)
        self._session = session
        self._inputs = session.get_inputs()
        for item in self._inputs:
            if item.type not in DTYPES:
                raise UnusableInput(
                    f"{ref.shown}: the input {clip(item.name, 60)!r} is of type {item.type}; export a model "
                    f"that takes tensors"
                )
        first = self._inputs[0].shape
        if first and isinstance(first[0], int) and first[0] > 0:
            self.batch, self.fixed = first[0], True
        if len(self._inputs) > 1:
            self.n_features = len(self._inputs)
        elif len(first) == 2 and isinstance(first[1], int):
            self.n_features = first[1]

    def _answer(self, part: Any) -> Any:
        import numpy as np

        found = self._session.run([self._output], self._feeds(part))[0]
        if isinstance(found, list) and found and isinstance(found[0], dict):
            keys = list(found[0])
            return np.array([[row[key] for key in keys] for row in found])
        return found

    def _feeds(self, part: Any) -> dict[str, NDArray[np.generic]]:
        if len(self._inputs) == 1 and not self._by_column(part):
            item = self._inputs[0]
            return {item.name: self._whole(part, DTYPES[item.type])}
        columns = self._columns(part)
        return {item.name: self._column(columns, item) for item in self._inputs}

    def _by_column(self, part: Any) -> bool:
        """Say whether the only input is a column of the table."""
        name = self._inputs[0].name
        return hasattr(part, "columns") and part.shape[1] == 1 and name in map(str, part.columns)

    def _whole(self, part: Any, dtype: str) -> NDArray[np.generic]:
        import numpy as np

        what = f"{self.shown}: the model"
        if dtype == "str":
            table = part.to_numpy() if hasattr(part, "columns") else part
            return np.array([[str(value) for value in row] for row in table], dtype=object)
        return np.ascontiguousarray(laid_out(matrix(part, dtype, what), self._io["layout"]))

    def _columns(self, part: Any) -> dict[str, Any]:
        """Return column name -> values, also under the name that exporters make of it."""
        if hasattr(part, "columns"):
            named = {str(name): part[name] for name in part.columns}
        else:
            names = self._io["columns"] or [item.name for item in self._inputs]
            if part.ndim != 2 or part.shape[1] != len(names):
                raise UnusableInput(
                    f"{self.shown}: the model takes {len(names)} columns and got an array of shape "
                    f"{part.shape}; give a table"
                )
            named = {name: part[:, index] for index, name in enumerate(names)}
        return {re.sub(r"\W", "_", name): values for name, values in named.items()} | named

    def _column(self, columns: dict[str, Any], item: Any) -> NDArray[np.generic]:
        """Return one column, shape (n, 1), as the input wants it."""
        import numpy as np

        if item.name not in columns:
            raise UnusableInput(
                f"{self.shown}: the model has an input {clip(item.name, 60)!r} and the data have no such column"
                f"{near(item.name, columns)}; correct io.columns or the data"
            )
        values = np.asarray(columns[item.name])
        dtype = DTYPES[item.type]
        if (values.dtype.kind in "biuf") == (dtype == "str"):
            kinds = ("text", "numbers") if dtype == "str" else ("numbers", "text")
            raise UnusableInput(
                f"{self.shown}: the input {clip(item.name, 60)!r} takes {kinds[0]} and the column holds "
                f"{kinds[1]}; give the data that the model was made for"
            )
        if dtype == "str":
            missing = np.flatnonzero([not isinstance(value, str) for value in values.tolist()])
            if len(missing):
                raise UnusableInput(
                    f"{self.shown}: the input {clip(item.name, 60)!r} takes text and has no value in row "
                    f"{missing[0]} of a batch; ONNX has no missing text, fill it"
                )
            return values.astype(object).reshape(-1, 1)
        return cast(values, dtype, f"{self.shown}: the input {clip(item.name, 60)!r}").reshape(-1, 1)


def open_onnx(path: Path, ref: InputRef, manifest: dict[str, Any]) -> OnnxModel:
    """Open an ONNX file.

    Raises:
        UnusableInput: external data outside the model's folder, unknown operators, no output of the wanted
        kind.
    """
    onnx = need(ref.shown, "models", "onnx")
    runtime = need(ref.shown, "models", "onnxruntime")
    size = path.stat().st_size
    if size > LARGEST:
        raise UnusableInput(
            f"{ref.shown}: is {amount(size)}, and at most {amount(LARGEST)} is loaded; give a smaller model"
        )
    own = foreign_call(
        lambda: _looked_into(onnx, path, ref.shown, manifest),
        f"{ref.shown}: cannot be read as ONNX",
        "export it again",
    )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    session = foreign_call(
        lambda: runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"], enable_fallback=0),
        f"{ref.shown}: onnxruntime cannot load it",
        "export it again for an operator set that onnxruntime knows",
    )
    return OnnxModel(session, own, ref, manifest)


def _looked_into(onnx: Any, path: Path, shown: str, manifest: dict[str, Any]) -> list[str] | None:
    """Check where the weights lie, and return the class names that the graph holds; the graph is let go."""
    proto = onnx.load(str(path), load_external_data=False)
    _check_external(onnx, proto, path.parent, shown)
    return _own_classes(proto, manifest["io"]["classes"] or ())


def _check_external(onnx: Any, proto: Any, folder: Path, shown: str) -> None:
    """Refuse weights in files outside the model's folder: a location of `../../etc/passwd` reads that."""
    home = folder.resolve()
    for tensor in _tensors(onnx, proto):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        # every one, for readers differ in which of two they take
        for location in [item.value for item in tensor.external_data if item.key == "location"] or [""]:
            lies = f"{shown}: the tensor {clip(tensor.name, 60)!r} lies in {clip(location, 100)!r}"
            target = home / location
            inside = location and not Path(location).is_absolute() and target.resolve().is_relative_to(home)
            if not inside:
                raise UnusableInput(
                    f"{lies}, outside the model's folder, and is not read; save the model with its weights beside it"
                )
            if not target.is_file():
                raise UnusableInput(f"{lies}, and there is no such file; put it beside the model")


def _tensors(onnx: Any, message: Any) -> Iterator[Any]:
    """Yield every tensor anywhere in a message: initializers, attributes, subgraphs, functions."""
    stack = [message]
    while stack:
        current = stack.pop()
        if isinstance(current, onnx.TensorProto):
            yield current
            continue
        for field, value in current.ListFields():
            if field.message_type is not None:
                stack.extend(value if not hasattr(value, "ListFields") else [value])


def _own_classes(proto: Any, declared: Any) -> list[str] | None:
    """Return the class names that the graph holds, in the order of its outputs; None where it holds none.

    A ZipMap names them for sure. A classifier node may sit in the middle of an ensemble, so it counts only
    where it
    names the classes of the manifest.
    """
    for node in proto.graph.node:
        names = [
            label_text(item.decode("utf-8", "replace") if isinstance(item, bytes) else item)
            for attribute in node.attribute
            if attribute.name.startswith("classlabels_") or attribute.name == "classlabels"
            for item in (*attribute.ints, *attribute.strings)
        ]
        if names and (node.op_type == "ZipMap" or set(names) == {label_text(name) for name in declared}):
            return names
    return None


def _pick_output(outputs: Any, shown: str, manifest: dict[str, Any]) -> tuple[str, str]:
    """Return what kind of output is read, and its name.

    Raises:
        UnusableInput: the model has no output of the kind that `io.output` says, or several.
    """
    wanted = manifest["io"]["output"]
    maps = [item for item in outputs if item.type.startswith("seq(map(")]
    floats = [item for item in outputs if item.type in ("tensor(float)", "tensor(double)", "tensor(float16)")]
    labels = [item for item in outputs if item.type in ("tensor(int64)", "tensor(string)", "tensor(int32)")]
    if wanted is None:
        wanted = _guess(maps, floats, labels, shown, regression=manifest["task"] == "regression")
    if wanted == "label":
        chosen = labels
    elif wanted == "proba" and maps:
        chosen = maps
    else:
        sure = [item for item in floats if "prob" in item.name.lower()]
        chosen = sure if wanted == "proba" and len(sure) == 1 else floats
    if len(chosen) != 1:
        names = listed([f"{item.name}: {item.type}" for item in outputs])
        raise UnusableInput(
            f"{shown}: has {len(chosen)} outputs that may be io.output: {wanted} ({names}); export it with "
            f"one, or correct io.output"
        )
    return wanted, chosen[0].name


def _guess(maps: Any, floats: Any, labels: Any, shown: str, *, regression: bool) -> str:
    if regression:
        return "value"
    if maps or any("prob" in item.name.lower() for item in floats):
        return "proba"
    if labels and not floats:
        return "label"
    raise UnusableInput(f"{shown}: does not say what its outputs are; set io.output to proba, logits or score")
