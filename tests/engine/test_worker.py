"""Supervisor and worker: what a worker does never harms the parent, and no forged answer is accepted."""

import os
import sys
import time
from pathlib import Path

import pytest

from assay.engine.room import PROPERTIES
from assay.engine.supervisor import Task, Worker, WorkerDied
from assay.engine.tasks import Limits, OutOfTime, TaskFailed, TaskRunner
from assay.targets.refs import InputRef, Shard

REFS = [InputRef("model", "model", "/nowhere/m", "m")]


@pytest.fixture(autouse=True)
def works_on_path(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])


@pytest.fixture
def worker():
    found = Worker({"name": "t"}, REFS)
    yield found
    found.stop()


def task(name, **arguments):
    return Task(f"works:{name}", Shard("model", start=5), arguments)


def test_echo(worker):
    assert worker.call(task("echo", a=[1, None, "x"]), 30).value == {
        "input": "model", "start": 5, "a": [1, None, "x"]}  # fmt: skip


def test_no_secret_of_the_environment_reaches_a_worker(worker, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    seen = worker.call(task("environment"), 30).value
    assert "hunter2" not in seen.values()
    assert seen["PYTHONHASHSEED"] == "0"
    assert seen["OMP_NUM_THREADS"] == "1"
    assert seen["HOME"] != os.environ.get("HOME")


def test_an_exception_is_one_printable_line(worker):
    answer = worker.call(task("raises"), 30)
    assert answer.error == "ValueError: first line"
    assert answer.trace.startswith("works:raises:")
    assert worker.call(task("echo"), 30).error is None


def test_an_unusable_input_is_told_apart(worker):
    answer = worker.call(task("unusable"), 30)
    assert (answer.error, answer.unusable) == ("t.csv: row 3 is torn; mend it", True)


def test_output_of_a_model_goes_nowhere(worker, capfd):
    assert worker.call(task("prints"), 30).value == "done"
    assert capfd.readouterr() == ("", "")


DEADLY = {
    "exits_hard": "ended by itself with code 7",
    "segfaults": "killed by SIGSEGV",
    "forges_huge": "no answer (a header of",
    "forges_answer": "answered another task",
}


@pytest.mark.parametrize(("name", "words"), DEADLY.items(), ids=DEADLY)
def test_death_is_a_reason_and_the_next_task_gets_a_new_worker(worker, name, words):
    with pytest.raises(WorkerDied) as caught:
        worker.call(task(name), 30)
    assert words in str(caught.value)
    assert worker.pid is None
    assert worker.call(task("echo"), 30).error is None


@pytest.mark.parametrize("name", ["hangs", "endless"])
def test_silence_and_endless_output_end_at_the_deadline(worker, name):
    worker.call(task("echo"), 30)
    started = time.monotonic()
    with pytest.raises(WorkerDied):
        worker.call(task(name), 1)
    assert time.monotonic() - started < 10


def test_a_forged_pickle_is_never_loaded(worker, tmp_path):
    mark = tmp_path / "fired"
    with pytest.raises(WorkerDied, match="wrong first bytes"):
        worker.call(task("forges_pickle", mark=str(mark)), 30)
    assert not mark.exists()


def test_an_exit_is_an_error_like_any_other(worker):
    assert worker.call(task("exits"), 30).error == "SystemExit: 0"
    assert worker.call(task("echo"), 30).error is None


def test_an_object_does_not_travel(worker):
    assert "not plain data" in worker.call(task("returns_object"), 30).error


def test_a_task_whose_worker_died_is_done_again(tmp_path, monkeypatch):
    tasks = TaskRunner({}, REFS)
    mark = tmp_path / "mark"
    worker = tasks._workers[0]
    call = worker.call

    def call_and_mark(*arguments):
        try:
            return call(*arguments)
        except WorkerDied:
            mark.touch()
            raise

    monkeypatch.setattr(worker, "call", call_and_mark)
    assert tasks.run(task("dies_once", mark=str(mark))) == "second time"
    tasks.stop()


def test_every_property_of_the_seal_is_held_where_the_kernel_can(worker):
    worker.call(task("echo"), 30)
    assert worker.seal.held == dict.fromkeys(PROPERTIES, True)
    assert worker.seal.complete
    assert worker.seal.lines[-1] == "all probes refused"


def test_only_the_listed_files_are_readable(tmp_path):
    listed, other = tmp_path / "a" / "listed", tmp_path / "b" / "other"
    for path in (listed, other):
        path.parent.mkdir()
        path.write_text("12345")
    (tmp_path / "link").symlink_to(listed)
    refs = [InputRef("model", "artifact", str(listed), "x"), InputRef("l", "log", str(tmp_path / "link"), "y")]
    worker = Worker({}, refs)
    assert worker.call(task("reads", path=str(listed)), 30).value == 5
    assert worker.call(task("reads", path=str(tmp_path / "link")), 30).value == 5
    for path in (str(other), "/etc/passwd", "/etc/hostname", "/proc/1/environ"):
        assert "PermissionError" in worker.call(task("reads", path=path), 30).error
    worker.stop()


def test_fork_is_refused_and_threads_work(worker):
    assert "PermissionError" in worker.call(task("forks"), 30).error
    assert worker.call(task("threads"), 30).value is True


def test_a_task_that_kills_its_worker_twice_is_given_up_and_the_others_go_on():
    tasks = TaskRunner({}, REFS)
    with pytest.raises(TaskFailed, match="killed by SIGSEGV"):
        tasks.run(task("segfaults"))
    assert tasks.run(task("echo"))["input"] == "model"
    tasks.stop()


def test_the_budget_ends_a_task():
    tasks = TaskRunner({}, REFS, Limits(deadline=time.monotonic() + 1.5))
    with pytest.raises(OutOfTime):
        tasks.run(task("hangs"))
    with pytest.raises(OutOfTime):
        tasks.check()
    tasks.stop()
