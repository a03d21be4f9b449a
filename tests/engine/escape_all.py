"""A supervisor that lets a sealed worker try every escape; prints what came of them as JSON.

Run as a script, so that it can be another user: `escape_all.py FOLDER`, where FOLDER belongs to that user.
"""

import json
import os
import resource
import stat
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

import escapes

from assay.engine.supervisor import Task, Worker, WorkerDied
from assay.targets.refs import InputRef, Shard


def main(folder: Path) -> None:
    os.chdir(folder)
    listed, other = folder / "model" / "listed", folder / "other" / "secret"
    for path in (listed, other):
        path.parent.mkdir()
        path.write_text("12345")
        path.chmod(0o644)
    (listed.parent / "planted").symlink_to(other)
    swapped = listed.parent / "swapped"
    swapped.write_text("1")
    at = {
        "listed": str(listed), "other": str(other), "swapped": str(swapped),
        "planted link": str(listed.parent / "planted"), "parent": os.getpid(), "block device": block_device(),
    }  # fmt: skip
    worker = Worker({}, [InputRef("model", "model", str(listed), "model/listed")])

    def do(work, **arguments):
        try:
            answer = worker.call(Task(f"escapes:{work}", Shard("model"), arguments), 60)
        except WorkerDied as death:
            return f"the worker {death}"
        return answer.value if answer.error is None else f"raised {answer.error}"

    found = {"uid": os.getuid(), "start": do("ready"), "layers": worker.seal.layers, "held": worker.seal.held}
    found["descriptors"] = do("descriptors")
    found["listed before"] = do("reads", path=str(listed))
    swapped.unlink()
    swapped.symlink_to(other)
    before = state(listed, other)
    found["escapes"] = {name: do("escape", name=name, at=at) for name in escapes.attempts(at)}
    found["unharmed"] = before == state(listed, other)
    found["listed after"] = do("reads", path=str(listed))
    found["identity"] = do("identity")
    found["threads"] = do("threads", wanted=2000)
    worker.stop()
    print(json.dumps(found))


def block_device() -> str:
    """Return a disk of this machine; `/dev/sda`, which need not be there, where none is to be seen."""
    disks = [entry.path for entry in os.scandir("/dev") if stat.S_ISBLK(entry.stat().st_mode)]
    return min(disks, default="/dev/sda")


def state(*paths: Path) -> list[object]:
    """Return what an escape could have changed: the files, their folders, and this process's own limits."""
    stats = [path.stat() for path in paths]
    return [
        [(part.st_mode, part.st_size, part.st_mtime_ns, part.st_ctime_ns, part.st_nlink) for part in stats],
        [sorted(os.listdir(path.parent)) for path in paths],
        resource.getrlimit(resource.RLIMIT_NOFILE),
        os.getpriority(os.PRIO_PROCESS, 0),
        sorted(os.sched_getaffinity(0)),
        os.sched_getscheduler(0),
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
