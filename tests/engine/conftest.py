"""Run scripts with Assay in them, as this user and, where the tests run as root, as an ordinary one too."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOBODY = 65534


def others_may_read(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def interpreter(place: Path) -> Path:
    """Return the `bin` of an interpreter that everybody may run: the one in use, or a copy without its packages."""
    base = Path(sys.base_prefix)
    if others_may_read(base / "bin"):
        return base / "bin"
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    skip = shutil.ignore_patterns("site-packages", "test", "idlelib", "tkinter", "config-*")
    (place / "bin").mkdir(parents=True)
    shutil.copytree(base / "lib" / name, place / "lib" / name, copy_function=link_or_copy, ignore=skip, symlinks=True)
    for library in (base / "lib").glob("libpython*"):
        shutil.copy2(library, place / "lib")
    shutil.copy2(os.path.realpath(base / "bin" / name), place / "bin" / "python")
    return place / "bin"


@pytest.fixture(scope="session")
def open_place():
    """A folder in which everybody may read: an environment with Assay's engine in it, and the scripts."""
    place = Path(tempfile.mkdtemp(prefix="seal-"))
    place.chmod(0o755)
    binaries = interpreter(place / "base")
    environment = place / "env"
    site = environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    site.mkdir(parents=True)
    source = Path(sys.modules["assay"].__file__).parent
    shutil.copytree(source, site / "assay", ignore=shutil.ignore_patterns("__pycache__"))
    (environment / "pyvenv.cfg").write_text(f"home = {binaries}\ninclude-system-site-packages = false\n")
    (environment / "bin").mkdir()
    (environment / "bin" / "python").symlink_to(binaries / ("python" if (binaries / "python").exists() else "python3"))
    for script in ("escapes.py", "escape_all.py", "layer_alone.py"):
        shutil.copy2(HERE / script, place / script)
    yield place
    shutil.rmtree(place, ignore_errors=True)


USERS = {"this user": None, "an ordinary user": NOBODY}


@pytest.fixture(scope="session", params=USERS.values(), ids=USERS)
def run_as(request, open_place):
    """A function that runs a script in a folder of its own and returns what it printed, as JSON."""
    user = request.param
    if user is not None and os.getuid() != 0:
        pytest.skip("only root can become another user; this user is an ordinary one already")

    def run(script, *arguments):
        folder = Path(tempfile.mkdtemp(dir=open_place))
        who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        if user is not None:
            os.chown(folder, user, user)
        command = [open_place / "env" / "bin" / "python", open_place / script, *arguments, folder]
        environment = {"PATH": os.environ.get("PATH", ""), "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120, **who
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    run.root = user is None and os.getuid() == 0
    return run
