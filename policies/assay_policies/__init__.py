"""Policies: read (schema, load), judge (pure), built-in files."""
