"""Empty files: `__init__.py` and `.gitkeep` hold nothing, an empty `model.pkl` is a model that is missing.

Standard library only.
"""

from __future__ import annotations

import re

_MODEL_SUFFIX = re.compile(
    r".*\.(?:"
    r"arrow|bin|caffemodel|cbm|ckpt|cloudpickle|data|dill|engine|feather|ggml|gguf|h5|hdf|hdf5|index|jit|joblib|keras|"
    r"mar|mleap|mlmodel|model|msgpack|nemo|npy|npz|onnx|onnx_data|ot|p|params|parquet|pb|pdiparams|pdmodel|pdparams|"
    r"pickle|pk|pkl|plan|pmml|pt|pt2|pte|pth|ptl|rda|rdata|rds|safetensors|skops|tf|tflite|th|torch|trt|ubj|weights|"
    r"xgb|7z|bz2|gz|lz4|lzma|rar|tar|tgz|xz|zip|zst"
    r")|.*-\d{5}-of-\d{5}"
)


def is_model_name(name: str) -> bool:
    """Say whether the name of a file promises a model, its numbers, or something that holds them."""
    return _MODEL_SUFFIX.fullmatch(name.lower()) is not None
