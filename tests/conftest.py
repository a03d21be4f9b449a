"""Settings for all tests: one thread a process, hypothesis without deadlines (shared machines), the same examples."""

import atexit
import os
import shutil
import signal
import tempfile

from hypothesis import settings

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # threads spin on shared cores; set before numpy is imported

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in `make test &`: children would inherit a deaf ear
    signal.signal(signal.SIGINT, signal.default_int_handler)

_FOLDER = tempfile.mkdtemp(prefix="assay-tests-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["ASSAY_CACHE"] = os.path.join(_FOLDER, "store.sqlite")

settings.register_profile("assay", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("assay")
