"""Tell models that are written as text apart from other text: graphs of ONNX and Caffe, trees of LightGBM and XGBoost.

Standard library only.
"""

from __future__ import annotations

import mmap as maps
import re
from mmap import mmap

from assay.targets.repeats import exact

ONNX_TEXT, CAFFE_TEXT = "onnx-text", "caffe-text"
_WINDOW = 1 << 26
_GIVE_BACK = getattr(maps, "MADV_DONTNEED", None)

_GAP = exact(rb"(?:\s|#[^\n]*\n)*+")
_START = rb"(?:\xef\xbb\xbf)?" + _GAP
_ONNX_FIELD = re.compile(
    _START
    + rb"(?:ir_version|producer_name|producer_version|domain|model_version|doc_string|graph|opset_import|"
    + rb"metadata_props|training_info|functions|configuration|node)"
    + _GAP
    + rb"[:{<]"
)
_ONNX_SYNTAX = re.compile(_START + rb"<[^>]{0,4000}\bir_version\b")
_ONNX_NODE = re.compile(rb"\bop_type" + _GAP + rb":")
_JSON_NODE = re.compile(rb'"(?:opType|op_type)"\s*:')
_JSON_MODEL = re.compile(rb'"(?:irVersion|ir_version|opsetImport|opset_import|graph)"\s*:')
_CAFFE_FIELD = re.compile(
    _START
    + rb"(?:name|input|input_dim|input_shape|force_backward|state|debug_info|layers?|net|net_param|train_net)"
    + _GAP
    + rb"[:{<]"
)
_CAFFE_LAYER = re.compile(rb"\blayers?" + _GAP + rb":?" + _GAP + rb"[{<]")
_CAFFE_TYPE = re.compile(rb"\btype" + _GAP + rb":")
_LIGHTGBM_HEAD = re.compile(rb"(?:^|[\r\n])max_feature_idx=")
_LIGHTGBM_TREE = re.compile(rb"[\r\n](?:Tree=|end of trees)")
_XGBOOST_HEAD = re.compile(_START + rb'\{\s*"(?:learner|version|Model|Config|config)"\s*:')
_XGBOOST_USUAL = re.compile(_START + rb'\{\s*"learner"\s*:\s*\{\s*"(?:attributes|feature_names|gradient_booster)"')
_XGBOOST_PART = re.compile(rb'"gradient_booster"\s*:')


def _holds(data: bytes | mmap, word: bytes) -> bool:
    """Say whether `word` occurs; a large map gives back each part that was searched, so that memory stays flat."""
    if isinstance(data, bytes) or len(data) <= _WINDOW:
        return data.find(word) >= 0
    for start in range(0, len(data), _WINDOW):
        if data.find(word, start, start + _WINDOW + len(word)) >= 0:
            return True
        if _GIVE_BACK is not None:
            data.madvise(_GIVE_BACK, start, min(_WINDOW, len(data) - start))
    return False


def is_lightgbm(data: bytes | mmap) -> bool:
    """Say whether a text holds trees of LightGBM, whatever its first line and the order of its header."""
    if not _holds(data, b"max_feature_idx="):
        return False
    return bool(_LIGHTGBM_HEAD.search(data) and _LIGHTGBM_TREE.search(data))


def is_xgboost(data: bytes | mmap, cut: bool) -> bool:
    """Say whether a JSON text is a model of XGBoost, whatever the order of its keys and the space between them.

    Args:
        data: the text, or its first bytes.
        cut: whether more may follow; then its usual beginning is enough.
    """
    if cut and _XGBOOST_USUAL.match(data):
        return True
    return bool(_XGBOOST_HEAD.match(data) and _XGBOOST_PART.search(data))


def model_text(data: bytes | mmap) -> str | None:
    """Return which model a text is, `ONNX_TEXT` or `CAFFE_TEXT`; None for anything else."""
    if _ONNX_SYNTAX.match(data) or (_ONNX_FIELD.match(data) and _ONNX_NODE.search(data)):
        return ONNX_TEXT
    is_object = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
    if is_object and data.find(b'"op') >= 0 and _JSON_NODE.search(data) and _JSON_MODEL.search(data):
        return ONNX_TEXT
    if _CAFFE_FIELD.match(data) and _CAFFE_LAYER.search(data) and _CAFFE_TYPE.search(data):
        return CAFFE_TEXT
    return None
