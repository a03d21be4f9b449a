"""The nouns of a scan: frozen values that every part of Assay speaks. Import from the defining module."""
