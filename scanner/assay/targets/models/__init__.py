"""Models that can be queried: skops, joblib and pickle, torch weights, ONNX; behind the safe-load gate."""

from assay.targets.models.open import open_model

__all__ = ["open_model"]
