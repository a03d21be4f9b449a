"""Assay: measure a machine-learning model's integrity, judge it by a written policy, report one verdict."""
