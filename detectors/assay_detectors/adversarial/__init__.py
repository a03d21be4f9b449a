"""Adversarial susceptibility: inputs changed a little, answers changed entirely."""
