"""Work functions that behave and misbehave, for tests of supervisor and worker."""

import hashlib
import os
import sys
import time

from assay.model.errors import UnusableInput


def echo(opened, shard, **arguments):
    return {"input": shard.input, "start": shard.start, **arguments}


def digest(opened, shard, pause, seed):
    """Something that takes a moment and depends on the shard."""
    time.sleep(pause)
    return int(hashlib.sha256(f"{seed}:{shard.start}".encode()).hexdigest()[:8], 16)


def environment(opened, shard):
    return dict(os.environ)


def raises(opened, shard):
    raise ValueError("first line\nsecond line with \x1b[31m")


def unusable(opened, shard):
    raise UnusableInput("t.csv: row 3 is torn; mend it")


def hangs(opened, shard):
    time.sleep(600)


def exits(opened, shard):
    sys.exit(0)


def exits_hard(opened, shard):
    os._exit(7)


def segfaults(opened, shard):
    import ctypes

    ctypes.string_at(0)


def prints(opened, shard):
    for _ in range(2000):
        print("x" * 1000)
        os.write(1, b"ASSY\x00\x00")
        os.write(2, b"noise\n")
    return "done"


def forks(opened, shard):
    return os.fork()


def reads(opened, shard, path):
    with open(path, "rb") as stream:
        return len(stream.read())


def threads(opened, shard):
    from assay.engine.seal.probe import threads_work

    return threads_work()


def dies_once(opened, shard, mark):
    if not os.path.exists(mark):
        os._exit(9)
    return "second time"


def returns_object(opened, shard):
    return object()


def sink():
    """The descriptor of the frames: whichever pipe is not 0, 1, 2."""
    return next(fd for fd in range(3, 20) if os.path.exists(f"/proc/self/fd/{fd}") and _writable_pipe(fd))


def _writable_pipe(fd):
    import fcntl

    return "pipe" in os.readlink(f"/proc/self/fd/{fd}") and fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_WRONLY


def forges_pickle(opened, shard, mark):
    import pickle

    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {mark}",)

    os.write(sink(), pickle.dumps(Bomb()))
    time.sleep(600)


def forges_huge(opened, shard):
    os.write(sink(), b"ASSY\xff\xff\xff\xff")
    time.sleep(600)


def forges_answer(opened, shard):
    from assay.engine.frames import encode

    os.write(sink(), encode({"id": 999, "cpu": 0.0, "rss": 0.0, "value": "forged"}))
    time.sleep(600)


def endless(opened, shard):
    fd = sink()
    os.write(fd, b"ASSY\x03\x00\x00\x00")
    while True:
        os.write(fd, b"x" * 65536)


def pid(opened, shard):
    return os.getpid()


def poisons(opened, shard):
    import json

    json.poisoned = True


def is_poisoned(opened, shard):
    import json

    return hasattr(json, "poisoned")
