"""Shipped for authors of detectors: planted builders and a context to run a detector in."""
