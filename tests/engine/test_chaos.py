"""Workers die at random: the result is the same to the byte, and no more is done twice than was in flight."""

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from assay.engine.context import NoPolicy
from assay.engine.memory import Memory
from assay.engine.plan import Plan, Step
from assay.engine.run import Setting, execute
from assay.engine.store import Store
from assay.engine.tasks import Limits, TaskRunner
from assay.targets.resolve import resolve


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """Run the chaos detector with so many workers, while `disturb(tasks, ended)` runs in a thread."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
    (tmp_path / "a.log").write_text("hello\n")
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nlogs: [{path: a.log}]\n")
    from chaos_works import SPEC

    def run(jobs=1, disturb=None, store=None):
        resolved = resolve(tmp_path / "assay.yaml")
        tasks = TaskRunner(resolved.manifest.model_dump(mode="json"), resolved.inputs, Limits(jobs=jobs), Memory(store))
        ended = threading.Event()
        thread = threading.Thread(target=disturb, args=(tasks, ended)) if disturb else None
        if thread:
            thread.start()
        try:
            setting = Setting(0, lambda *told: None, NoPolicy())
            found = execute(Plan((Step(SPEC, {}),), ()), (), resolved, tasks, setting)
        finally:
            ended.set()
            if thread:
                thread.join()
        return found, tasks

    return run


def canonical(found):
    return [outcome.model_dump_json(exclude={"cost"}) for outcome in found.outcomes]


def killer(times, killed, pause=(0.05, 0.25)):
    def disturb(tasks, ended):
        pick = random.Random(7)
        while len(killed) < times and not ended.is_set():
            time.sleep(pick.uniform(*pause))
            pids = tasks.pids()
            if pids:
                pid = pick.choice(pids)
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed.append(pid)

    return disturb


def killed_until(scan, wanted, jobs):
    """Scan again and again until `wanted` workers were killed; return the runs."""
    killed, runs = [], []
    while len(killed) < wanted:
        before = len(killed)
        runs.append((scan(jobs, killer(wanted, killed)), before, killed))
    return [(found, tasks, killed) for (found, tasks), _, _ in runs], killed


def check_undisturbed(scan, wanted):
    clean, _ = scan(1)
    assert len(clean.outcomes[0].measurements) == 240
    runs, killed = killed_until(scan, wanted, 2)
    assert len(killed) >= wanted
    for found, _, _ in runs:
        assert canonical(found) == canonical(clean)
    done = sum(tasks.total.done for _, tasks, _ in runs)
    per_run = 240 + 2  # the shards, and identify and examine of one log
    assert done <= len(runs) * per_run  # a killed task gives no result, so no result is computed twice


def test_fifty_killed_workers_change_nothing(scan):
    check_undisturbed(scan, 50)


@pytest.mark.soak
def test_two_hundred_killed_workers_change_nothing(scan):
    check_undisturbed(scan, 200)


@pytest.mark.parametrize("jobs", [2, 4])
def test_the_number_of_workers_changes_nothing(scan, jobs):
    assert canonical(scan(jobs)[0]) == canonical(scan(1)[0])


def test_an_interrupted_scan_resumes_with_what_was_done(scan, tmp_path, monkeypatch):
    store = Store.open(tmp_path / "s.sqlite", now=time.time())
    clean, _ = scan(1)
    main = threading.main_thread()

    def press_ctrl_c(tasks, ended):
        while tasks.total.done < 60 and not ended.is_set():
            time.sleep(0.005)
        signal.pthread_kill(main.ident, signal.SIGINT)

    stopped, tasks = scan(2, press_ctrl_c, store)
    assert stopped.interrupted
    assert stopped.outcomes[0].status == "cancelled"
    done_before = tasks.total.done
    assert 60 <= done_before < 240
    resumed, tasks = scan(2, None, store)
    assert canonical(resumed) == canonical(clean)
    assert tasks.total.remembered >= 50
    assert tasks.total.done <= 242 - tasks.total.remembered + 1
    again, tasks = scan(2, None, store)
    assert canonical(again) == canonical(clean)
    assert again.outcomes[0].cost.remembered
    assert tasks.total.done <= 1  # only the identity of the log
    store.close()


def test_a_changed_input_or_seed_is_measured_anew(scan, tmp_path):
    store = Store.open(tmp_path / "s.sqlite", now=time.time())
    scan(2, None, store)
    (tmp_path / "a.log").write_text("changed\n")
    found, tasks = scan(2, None, store)
    assert not found.outcomes[0].cost.remembered
    assert tasks.total.done >= 240
    store.close()
