"""Poisoned training data and backdoors."""
