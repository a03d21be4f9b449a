"""List the operators that TorchScript code and exported programs may use, from the installed torch.

A compiled model cannot call Python, but it may use every operator that is registered. The list holds the names of
torch's own operators less a reviewed few that reach files, other machines or raw memory; an operator that is on no list
comes from a library of its own. Run `python scripts/torch_ops.py` after a change; `--check` says whether the file is
up to date.
"""

from __future__ import annotations

import sys

from generated_json import ARTIFACT, words, write_or_check

TARGET = ARTIFACT / "torch_ops.json"

NAMESPACES = frozenset(
    words("aten prim prims quantized _quantized quantization mkldnn mkldnn_prepacked mkl onednn sparse onnx rngprims")
)
"""Namespaces of torch that compute; the others (c10d, rpc, symm_mem, inductor, debugging, ...) are not trusted."""

REFUSED: dict[str, str] = {
    "aten::save": "writes a file",
    "aten::from_file": "maps a file into memory, and may write to it",
    "aten::to_here": "fetches a value from another machine",
    "aten::confirmed_by_owner": "asks another machine",
    "aten::is_owner": "belongs to calls on other machines",
    "aten::owner": "belongs to calls on other machines",
    "aten::owner_name": "belongs to calls on other machines",
    "aten::local_value": "belongs to calls on other machines",
    "prim::rpc_async": "calls a function on another machine",
    "prim::rpc_sync": "calls a function on another machine",
    "prim::rpc_remote": "calls a function on another machine",
    "prim::PythonOp": "calls a Python function",
    "prim::IgnoredPythonOp": "calls a Python function",
    "mkldnn::data_ptr": "hands out an address in memory",
}
"""Operators of these namespaces that are not trusted, and what they do."""

REVIEWED: dict[str, tuple[str, ...]] = {
    "aten": tuple(
        words(
            "_cat _index_copy_ _lu_with_info _s_where _th_max _unique_dim cholesky_solve cumsum eig eig_helper "
            "gels geqrf lstsq matrix_rank potri pstrf rsub slow_conv_transpose2d_backward solve stft symeig trtrs "
            "torch_size norm_except_dim btrifact _indices_copy _convolution_nogroup thnn_conv2d"
        )
    ),
    "prim": tuple(
        words(
            "Constant ListConstruct TupleConstruct DictConstruct ListUnpack GetAttr SetAttr CallMethod CallFunction "
            "isinstance shape is_leaf grad name layout"
        )
    ),
    "prepacked": tuple(
        words(
            "linear_clamp_prepack linear_clamp_run conv2d_clamp_prepack conv2d_clamp_run "
            "conv2d_transpose_clamp_prepack "
            "conv2d_transpose_clamp_run unpack_prepacked_sizes_linear unpack_prepacked_sizes_conv2d"
        )
    ),
    "profiler": tuple(
        words("_record_function_enter _record_function_enter_new _record_function_exit _call_end_callbacks_on_jit_fut")
    ),
    "torchvision": tuple(
        words(
            "nms roi_align roi_pool ps_roi_align ps_roi_pool deform_conv2d _roi_align_backward _roi_pool_backward "
            "_ps_roi_align_backward _ps_roi_pool_backward _deform_conv2d_backward"
        )
    ),
}
"""Names that this build of torch does not show: of older versions, other builds, and torchvision's pure operators."""

CLASSES = tuple(
    words(
        "quantized.LinearPackedParamsBase quantized.Conv2dPackedParamsBase quantized.Conv3dPackedParamsBase "
        "quantized.EmbeddingPackedParamsBase sparse.LinearPackedParamsBase rnn.CellParamsBase xnnpack.LinearOpContext "
        "xnnpack.Conv2dOpContext xnnpack.TransposeConv2dOpContext mkldnn.ConvOpContext cuda.Stream cuda.Event"
    )
)
"""Classes of C++ below `__torch__.torch.classes` that hold weights."""

HIGHER_ORDER = tuple(
    words(
        "cond while_loop map map_impl scan associative_scan wrap wrap_with_set_grad_enabled wrap_with_autocast "
        "tag_activation_checkpoint strict_mode out_dtype auto_functionalized auto_functionalized_v2 with_effects "
        "invoke_subgraph hints_wrapper flex_attention flex_attention_backward"
    )
)
"""Operators over graphs: what they call is in the file and is judged as well."""


def collect() -> dict[str, object]:
    """Return the lists, as they are written."""
    import torch

    names: dict[str, set[str]] = {space: set(extra) for space, extra in REVIEWED.items()}
    for schema in torch._C._jit_get_all_schemas():  # type: ignore[no-untyped-call,unused-ignore]
        space, _, name = schema.name.partition("::")
        if space in NAMESPACES and schema.name not in REFUSED:
            names.setdefault(space, set()).add(name)
    return {
        "torch": torch.__version__,
        "operators": {space: sorted(found) for space, found in sorted(names.items())},
        "refused": dict(sorted(REFUSED.items())),
        "classes": sorted(CLASSES),
        "higher_order": sorted(HIGHER_ORDER),
    }


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, collect))
