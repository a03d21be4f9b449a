"""Settings for all tests: hypothesis without deadlines (shared machines), the same examples every run."""

import os
import tempfile

from hypothesis import settings

os.environ["ASSAY_CACHE"] = os.path.join(tempfile.mkdtemp(prefix="assay-tests-"), "store.sqlite")

settings.register_profile("assay", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("assay")
