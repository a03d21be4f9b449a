"""Settings for all tests: hypothesis without deadlines (shared machines), the same examples every run."""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

_FOLDER = tempfile.mkdtemp(prefix="assay-tests-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["ASSAY_CACHE"] = os.path.join(_FOLDER, "store.sqlite")

settings.register_profile("assay", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("assay")
