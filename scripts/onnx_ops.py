"""List the operators of ONNX and of onnxruntime's own domains, from the installed packages.

An ONNX file names operators; one that is on no list is run by a library that the file does not hold. Run
`python scripts/onnx_ops.py` after a change; `--check` says whether the file is up to date.
"""

from __future__ import annotations

import sys

from generated_json import ARTIFACT, words, write_or_check

TARGET = ARTIFACT / "onnx_ops.json"

REFUSED: dict[str, str] = {
    "com.microsoft::EPContext": "loads a compiled engine, from a file that it names or from within",
    "com.microsoft::Snpe": "loads a compiled engine",
    "com.microsoft::ATen": "calls whatever operator of torch an attribute names",
    "com.microsoft::PythonOp": "calls a Python function",
    "com.microsoft::PythonOpGrad": "calls a Python function",
    "com.microsoft::TritonOp": "calls a compiled kernel by its name",
    "org.pytorch.aten::ATen": "calls whatever operator of torch an attribute names",
    "ai.onnx.contrib::PyOp": "calls a Python function",
}
"""Operators that are known, and not trusted."""

REVIEWED: dict[str, tuple[str, ...]] = {
    "ai.onnx": tuple(
        words(
            "Affine ConstantFill Crop DynamicSlice GRUUnit GivenTensorFill ImageScaler ParametricSoftplus "
            "Scale ScaledTanh ExperimentalDetectronROIFeatureExtractor SimplifiedLayerNormalization "
            "FusedConv FusedGemm"
        )
    ),
    "ai.onnx.training": ("Gradient", "GraphCall", "Adagrad", "Adam", "Momentum"),
    "com.microsoft": tuple(
        words(
            "SoftmaxCrossEntropyLossInternal SoftmaxCrossEntropyLossInternalGrad ReduceAllL2 GistBinarizeEncoder "
            "InPlaceAccumulator ConcatTraining SplitTraining View Group PassThrough LambOptimizer AdamOptimizer "
            "BiasGeluGrad_dX FastGeluGrad GeluGrad LayerNormalizationGrad SoftmaxGrad DropoutGrad GatherGrad "
            "ConvGrad BatchNormalizationGrad BatchNormInternal Solve"
        )
    ),
}
"""Operators of old or special builds that compute."""


def collect() -> dict[str, object]:
    """Return the lists, as they are written."""
    import onnx
    import onnxruntime
    from onnx import defs
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names: dict[str, set[str]] = {domain: set(extra) for domain, extra in REVIEWED.items()}
    for schema in [*defs.get_all_schemas_with_history(), *state.get_all_operator_schema()]:
        domain = schema.domain or "ai.onnx"
        if f"{domain}::{schema.name}" not in REFUSED:
            names.setdefault(domain, set()).add(schema.name)
    return {
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        "operators": {domain: sorted(found) for domain, found in sorted(names.items())},
        "refused": dict(sorted(REFUSED.items())),
    }


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, collect))
