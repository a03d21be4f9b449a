"""Documents that a user writes: YAML with positions, so that every error names file:line:column."""
