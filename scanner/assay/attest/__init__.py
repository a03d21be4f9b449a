"""The signed verdict: what `assay attest` writes and `assay verify` demands."""
