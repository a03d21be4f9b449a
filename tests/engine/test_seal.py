"""The seal as a whole: 110 ways out of a worker, as root and as an ordinary user; none may lead anywhere."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.engine.room import PROPERTIES
from assay.engine.seal import landlock
from assay.engine.supervisor import Task, Worker, WorkerDied
from assay.targets.refs import InputRef, Shard

HERE = Path(__file__).parent
REFUSED = {errno.EPERM, errno.EACCES}
NOT_THERE = {
    "openat2": errno.ENOSYS, "raw clone3": errno.ENOSYS, "raw fork": errno.ENOSYS, "raw vfork": errno.ENOSYS,
    "open /dev/mem": errno.ENOENT, "open a block device": errno.ENOENT,
    "open a block device for ioctl alone": errno.ENOENT, "exec the loader": errno.ENOENT,
}  # fmt: skip
"""What may be answered where the machine has no such thing, or its call is hidden from the worker."""

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no seal but on Linux")
pytestmark = needs_linux


@pytest.fixture(scope="module")
def tried(run_as):
    return run_as("escape_all.py")


def test_every_layer_is_on_and_every_probe_refused(tried):
    missing = {name: detail for name, detail in tried["layers"].items() if detail.startswith("missing")}
    if missing:
        pytest.skip(f"the kernel lacks {missing}")
    assert list(tried["layers"]) == ["namespaces", "capabilities", "landlock", "rlimits", "seccomp"]
    assert tried["held"] == dict.fromkeys(PROPERTIES, True)


def test_no_escape_succeeds(tried):
    out = {
        name: errno.errorcode.get(answer, answer)
        for name, answer in tried["escapes"].items()
        if answer not in REFUSED and answer != NOT_THERE.get(name)
    }
    assert out == {}
    assert len(tried["escapes"]) >= 110


def test_what_an_escape_could_have_changed_is_as_before(tried):
    assert tried["unharmed"] is True


def test_a_listed_file_is_readable_before_and_after(tried):
    assert (tried["listed before"], tried["listed after"]) == (5, 5)


def test_a_worker_has_two_pipes_and_nothing_else(tried):
    null = {str(fd): ["null", "rw"] for fd in (0, 1, 2)}
    assert tried["descriptors"] == {**null, "3": ["pipe", "r"], "4": ["pipe", "w"]}


def test_a_worker_has_no_power_left(tried):
    kept = 0b100 if tried["layers"]["namespaces"].startswith("missing") else 0  # CAP_DAC_READ_SEARCH
    assert int(tried["identity"]["CapEff"], 16) & ~kept == 0
    assert (tried["identity"]["NoNewPrivs"], tried["identity"]["Seccomp"]) == ("1", "2")


def test_threads_are_counted_where_the_kernel_counts_them(tried):
    if tried["uid"] == 0:
        assert tried["threads"] > 100  # the kernel never counts root's
    elif tried["layers"]["namespaces"].startswith("missing"):
        pytest.skip("without user namespaces, threads are not limited")
    else:
        assert 100 < tried["threads"] < 512


UNSEALED = {
    "read a file that is not listed", "read through /proc/self/root", "read through /proc/self/cwd", "list the root",
    "open for ioctl alone (access mode 3)", "create in the working folder", "chmod any file", "truncate a listed file",
    "truncate any file by access mode 3", "truncate a listed file by opening it for reading",
    "change the times of a listed file", "fork", "raw clone", "spawn", "udp", "a unix socket", "kill the parent",
    "read the parent's limits", "priority of the parent", "pin the parent", "outlive the parent",
    "shared memory past the limit", "a stack past the limit", "become dumpable", "inotify",
}  # fmt: skip


def test_without_the_seal_the_same_attempts_succeed(tmp_path):
    """Otherwise the table above would prove nothing."""
    listed, other = tmp_path / "listed", tmp_path / "other"
    for path in (listed, other):
        path.write_text("12345")
    at = {"listed": str(listed), "other": str(other), "swapped": "", "planted link": "", "block device": "/dev/sda"}
    code = (
        "import escapes, json, os, sys\n"
        "at, names = json.loads(sys.argv[1])\n"
        "at['parent'] = os.getpid()\n"
        "print(json.dumps({name: escapes.escape(None, None, name, at) for name in names}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps([at, sorted(UNSEALED)])], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)}, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == dict.fromkeys(UNSEALED, "escaped")


@pytest.fixture
def worker_for(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(HERE)])
    made = []

    def make(refs=(), **options):
        made.append(Worker({}, refs, **options))
        return made[-1]

    yield make
    for worker in made:
        worker.stop()


def ask(worker, work, **arguments):
    return worker.call(Task(f"escapes:{work}", Shard("x"), arguments), 60)


def test_memory_past_the_limit_is_refused_and_the_worker_lives(worker_for):
    worker = worker_for(memory_bytes=512 << 20)
    assert ask(worker, "allocates", megabytes=100).value == 100 << 20
    assert ask(worker, "allocates", megabytes=1000).error == "MemoryError"
    assert ask(worker, "ready").value == "ready"


def test_of_the_working_folder_on_the_path_only_modules_are_readable(worker_for, tmp_path, monkeypatch):
    """As after `python -m`, which puts the working folder on the path, and the user's files with it."""
    (tmp_path / "mine.py").write_text("def work(opened, shard):\n    return 'imported'\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("def work(opened, shard):\n    return 'packaged'\n")
    secret = tmp_path / "salaries.csv"
    secret.write_text("secret")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    worker = worker_for()
    assert worker.call(Task("mine:work", Shard("x"), {}), 60).value == "imported"
    assert worker.call(Task("package:work", Shard("x"), {}), 60).value == "packaged"
    assert "PermissionError" in ask(worker, "reads", path=str(secret)).error


def test_a_folder_on_the_path_that_holds_an_input_gives_no_more_than_the_input(worker_for, tmp_path, monkeypatch):
    listed, secret = tmp_path / "data" / "rows.csv", tmp_path / "data" / "salaries.csv"
    listed.parent.mkdir()
    for path in (listed, secret):
        path.write_text("12345")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    worker = worker_for([InputRef("x", "data", str(listed), "rows.csv")])
    assert ask(worker, "reads", path=str(listed)).value == 5
    assert "PermissionError" in ask(worker, "reads", path=str(secret)).error


def test_a_worker_dies_with_its_supervisor(tmp_path):
    code = (
        f"import sys; sys.path.append({str(HERE)!r})\n"
        "import threading, time\n"
        "from assay.engine.supervisor import Task, Worker\n"
        "from assay.targets.refs import Shard\n"
        "worker = Worker({}, [])\n"
        "worker.call(Task('escapes:ready', Shard('x'), {}), 60)\n"
        "print(worker.pid, flush=True)\n"
        "worker.call(Task('escapes:sleeps', Shard('x'), {}), 60)\n"
    )
    here = {**os.environ, "TMPDIR": str(tmp_path)}  # killed, it cannot tidy up
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=here) as supervisor:
        pid = int(supervisor.stdout.readline())
        assert running(pid)
        supervisor.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not running(pid)


def running(pid):
    """Say whether the process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_this_kernel_has_landlock_or_says_so(worker_for):
    import ctypes

    worker = worker_for()
    ask(worker, "ready")
    version = landlock.abi(ctypes.CDLL(None, use_errno=True))
    assert worker.seal.layers["landlock"].startswith(f"abi {version}" if version else "missing")


@pytest.mark.parametrize("cpu", ["nan", "inf", "-1"])
def test_an_answer_with_an_impossible_account_is_none(worker_for, cpu):
    with pytest.raises(WorkerDied, match="wrong form"):
        ask(worker_for(), "forges_an_account", cpu=cpu)
