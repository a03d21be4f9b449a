"""Data files as rows: csv, parquet, jsonl and npz, by content, checked before they are used."""

from assay.targets.datasets.open import open_dataset

__all__ = ["open_dataset"]
