"""Detectors that ship with Assay; one file each, one folder a family."""
