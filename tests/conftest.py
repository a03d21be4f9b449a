"""Settings for all tests: hypothesis without deadlines (shared machines), the same examples every run."""

from hypothesis import settings

settings.register_profile("assay", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("assay")
