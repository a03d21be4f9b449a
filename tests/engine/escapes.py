"""Attempts to break out of a sealed worker, each a function of a few lines; run inside one by test_seal.py.

An attempt that comes back without an OSError has succeeded. Raw system calls go past what the C library would refuse.
"""

import ctypes
import fcntl
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import threading
import time

from assay.engine.seal.calls import DENIED, LOOKED_AT, MISSING, numbers

LIBC = ctypes.CDLL(None, use_errno=True)
CALLS = {
    name: number
    for table in (DENIED, LOOKED_AT, MISSING)
    for name, number in numbers(table, platform.machine()).items()
}
AT_FDCWD = -100


def call(name, *arguments):
    """Make a raw system call; raises OSError as the kernel answers."""
    wide = [ctypes.c_long(part) if isinstance(part, int) else part for part in arguments]
    found = LIBC.syscall(ctypes.c_long(CALLS[name]), *wide)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def legacy(name, *arguments):
    """As `call`, where this machine has the call; aarch64 has no `fork`, `open`, `chmod`."""
    if name not in CALLS:
        raise OSError(38, "no such call on this machine")
    return call(name, *arguments)


def create(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def child(pid):
    """End the child that should not be there."""
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def read(path):
    with open(path, "rb") as stream:
        stream.read(1)


def read_memory(pid, address):
    """Read of another process where our own stack happens to be; any answer but a refusal counts as success."""
    local, remote = (ctypes.c_size_t * 2)(address, 8), (ctypes.c_size_t * 2)(address, 8)
    call("process_vm_readv", pid, local, 1, remote, 1, 0)


def own_memory():
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(ctypes.addressof(ctypes.create_string_buffer(8)))
        memory.write(b"x")


def clone3():
    arguments = (ctypes.c_uint64 * 8)()
    arguments[4] = signal.SIGCHLD
    child(call("clone3", arguments, 64))


def sigio(pid):
    """Let the kernel send SIGKILL to another process when a pipe of ours becomes readable."""
    source, sink = os.pipe()
    fcntl.fcntl(source, fcntl.F_SETOWN, pid)
    fcntl.fcntl(source, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(source, fcntl.F_SETFL, os.O_ASYNC)
    os.write(sink, b"x")


def shared_memory(flags):
    mmap.mmap(-1, 1 << 20, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE).close()


def memfd():
    fd = call("memfd_create", ctypes.c_char_p(b"x"), 0)
    os.write(fd, b"#!/bin/true\n")
    os.execve(fd, ["x"], {})


def raise_limit(which):
    most = resource.getrlimit(which)[1] + 1
    call("prlimit64", 0, which, (ctypes.c_uint64 * 2)(most, most), 0)


def foreign_limit(pid):
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, 64))


def new_thread_namespace():
    """A thread in a mount namespace of its own: clone with CLONE_THREAD and CLONE_NEWNS."""
    call("clone", 0x00010000 | 0x800 | 0x100 | 0x00020000, 0, 0, 0, 0)


def attempts(at):
    """Return name -> attempt. `at`: the paths and process ids that the test made."""
    listed, other, pid = at["listed"], at["other"], at["parent"]
    path = ctypes.c_char_p(listed.encode())
    files = {
        "read a file that is not listed": lambda: read(other),
        "read through a link beside the listed file, swapped after listing": lambda: read(at["swapped"]),
        "read through a link in the model's folder": lambda: read(at["planted link"]),
        "read through /proc/self/root": lambda: read(f"/proc/self/root{other}"),
        "read through /proc/self/cwd": lambda: read(f"/proc/self/cwd/{os.path.relpath(other)}"),
        "read through /proc of the parent": lambda: read(f"/proc/{pid}/root{other}"),
        "read /proc/1/environ": lambda: read("/proc/1/environ"),
        "read the parent's environment": lambda: read(f"/proc/{pid}/environ"),
        "read the parent's memory map": lambda: read(f"/proc/{pid}/maps"),
        "read the user's passwords": lambda: read("/etc/passwd"),
        "list a folder": lambda: os.listdir("/etc"),
        "list the root": lambda: os.listdir("/"),
        "open /dev/mem": lambda: os.close(os.open("/dev/mem", os.O_RDONLY)),
        "open a block device": lambda: os.close(os.open(at["block device"], os.O_RDONLY)),
        "open a block device for ioctl alone": lambda: os.close(os.open(at["block device"], 3)),
        "open for ioctl alone (access mode 3)": lambda: os.close(os.open(other, 3)),
        "openat2": lambda: call("openat2", AT_FDCWD, path, (ctypes.c_uint64 * 3)(), 24),
        "open by handle": lambda: call("open_by_handle_at", AT_FDCWD, path, 0),
        "create in the working folder": lambda: create("escape"),
        "create in /tmp": lambda: create(f"/tmp/escape-{os.getpid()}"),
        "create in /dev/shm": lambda: create(f"/dev/shm/escape-{os.getpid()}"),
        "create in HOME": lambda: create(os.path.join(os.environ["HOME"], "escape")),
        "unnamed file in /tmp": lambda: os.close(os.open("/tmp", os.O_RDWR | getattr(os, "O_TMPFILE", 0), 0o600)),
        "write a listed file": lambda: os.close(os.open(listed, os.O_WRONLY)),
        "truncate a listed file": lambda: os.truncate(listed, 0),
        "truncate a listed file by opening it for reading": lambda: os.close(os.open(listed, os.O_TRUNC)),
        "truncate any file by access mode 3": lambda: os.close(os.open(other, os.O_TRUNC | 3)),
        "ftruncate a listed file": lambda: call("ftruncate", os.open(listed, os.O_RDONLY), 0),
        "chmod a listed file": lambda: os.chmod(listed, 0o777),
        "chmod any file": lambda: os.chmod(other, 0o777),
        "fchmod a listed file": lambda: os.fchmod(os.open(listed, os.O_RDONLY), 0o777),
        "fchmodat2 a listed file": lambda: call("fchmodat2", AT_FDCWD, path, 0o777, 0),
        "chown a listed file": lambda: os.chown(listed, os.getuid(), os.getgid()),
        "change the times of a listed file": lambda: os.utime(listed, (0, 0)),
        "set an attribute of a listed file": lambda: os.setxattr(listed, "user.x", b"1"),
        "unlink a listed file": lambda: os.unlink(listed),
        "rename a listed file": lambda: os.rename(listed, listed + "x"),
        "link a listed file": lambda: os.link(listed, listed + "x"),
        "symlink": lambda: os.symlink(listed, listed + "x"),
        "mkdir": lambda: os.mkdir(listed + "x"),
        "mknod": lambda: os.mknod(listed + "x", 0o600 | stat.S_IFIFO),
        "write its own memory through /proc": own_memory,
        "a lease on a listed file": lambda: fcntl.fcntl(os.open(listed, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK),
    }
    return {**files, **programs(pid, listed), **kernel(pid)}


def programs(pid, listed):
    python = os.path.realpath("/proc/self/exe")
    return {
        "exec the interpreter": lambda: os.execv(python, [python, "-c", ""]),
        "exec a listed file": lambda: os.execv(listed, [listed]),
        "exec the loader": lambda: os.execv("/lib64/ld-linux-x86-64.so.2", ["ld"]),
        "memfd and exec": memfd,
        "spawn": lambda: os.posix_spawn(python, [python, "-c", ""], {}),
        "fork": lambda: child(os.fork()),
        "raw fork": lambda: child(legacy("fork")),
        "raw vfork": lambda: child(legacy("vfork")),
        "raw clone": lambda: child(call("clone", signal.SIGCHLD, 0, 0, 0, 0)),
        "raw clone, memory shared": lambda: child(call("clone", signal.SIGCHLD | 0x00004000 | 0x100, 0, 0, 0, 0)),
        "raw clone3": clone3,
        "a thread in its own mount namespace": new_thread_namespace,
        "kill the parent": lambda: os.kill(pid, 0),
        "kill all": lambda: os.kill(-1, 0),
        "tgkill the parent": lambda: call("tgkill", pid, pid, 0),
        "queue a signal to the parent": lambda: call(
            "rt_sigqueueinfo", pid, signal.SIGUSR1, ctypes.create_string_buffer(128)
        ),
        "pidfd of the parent": lambda: call("pidfd_open", pid, 0),
        "signal the parent through SIGIO": lambda: sigio(pid),
        "ptrace the parent": lambda: call("ptrace", 16, pid, 0, 0),
        "seize the parent": lambda: call("ptrace", 0x4206, pid, 0, 0),
        "read the parent's memory": lambda: read_memory(pid, ctypes.addressof(ctypes.create_string_buffer(8))),
        "kcmp with the parent": lambda: call("kcmp", pid, os.getpid(), 0, 0, 0),
        "limit the parent": lambda: foreign_limit(pid),
        "read the parent's limits": lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE),
        "priority of the parent": lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
        "pin the parent": lambda: os.sched_setaffinity(pid, {0}),
        "schedule the parent": lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)),
        "I/O priority of the parent": lambda: call("ioprio_set", 1, pid, (3 << 13)),
        "outlive the parent": lambda: prctl(1, 0),
        "become dumpable": lambda: prctl(4, 1),
        "let itself be traced": lambda: prctl(0x59616D61, -1),
        "raise the limit of core files": lambda: raise_limit(resource.RLIMIT_CORE),
        "raise the limit of open files": lambda: raise_limit(resource.RLIMIT_NOFILE),
    }


def prctl(option, value):
    if LIBC.prctl(option, ctypes.c_long(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def kernel(pid):
    null = ctypes.c_void_p()
    return {
        "tcp": lambda: socket.create_connection(("127.0.0.1", 9), 0.2),
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
        "ipv6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
        "a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "a unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "a pair of unix sockets": lambda: socket.socketpair(),
        "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
        "shared memory of System V": lambda: call("shmget", 0, 4096, 0o1600),
        "shared memory past the limit": lambda: shared_memory(mmap.MAP_SHARED | mmap.MAP_ANONYMOUS),
        "a stack past the limit": lambda: shared_memory(mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100),
        "a message queue": lambda: call("mq_open", ctypes.c_char_p(b"x"), os.O_CREAT | os.O_RDWR, 0o600, null),
        "io_uring": lambda: call("io_uring_setup", 1, ctypes.create_string_buffer(120)),
        "setuid": lambda: os.setuid(os.getuid()),
        "setresuid": lambda: os.setresuid(os.getuid(), os.getuid(), os.getuid()),
        "setgroups": lambda: os.setgroups([]),
        "a new user namespace": lambda: call("unshare", 0x10000000),
        "a new mount namespace": lambda: call("unshare", 0x00020000),
        "join a namespace": lambda: call("setns", os.open("/proc/self/ns/net", os.O_RDONLY), 0),
        "mount": lambda: call(
            "mount", ctypes.c_char_p(b"x"), ctypes.c_char_p(b"/"), ctypes.c_char_p(b"tmpfs"), 0, null
        ),
        "fsopen": lambda: call("fsopen", ctypes.c_char_p(b"tmpfs"), 0),
        "chroot": lambda: os.chroot("/"),
        "keyctl": lambda: call("keyctl", 0, -3, 1),
        "add a key": lambda: call(
            "add_key", ctypes.c_char_p(b"user"), ctypes.c_char_p(b"x"), ctypes.c_char_p(b"y"), 1, -4
        ),
        "bpf": lambda: call("bpf", 0, null, 0),
        "userfaultfd": lambda: call("userfaultfd", 1),
        "perf": lambda: call("perf_event_open", null, 0, -1, -1, 0),
        "the kernel's log": lambda: call("syslog", 10, null, 0),
        "the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
        "the host's name": lambda: socket.sethostname("x"),
        "personality": lambda: call("personality", 0x0040000),
        "sync of all disks": lambda: os.sync() or call("sync"),
        "inotify": lambda: call("inotify_init1", 0),
        "splice": lambda: call("splice", os.pipe()[0], null, os.pipe()[1], null, 1, 2),
    }


def escape(opened, shard, name, at):
    """Make one attempt; return how it ended: `escaped`, or the number of the error."""
    try:
        attempts(at)[name]()
    except OSError as error:
        return error.errno if error.errno is not None else str(error)
    return "escaped"


def reads(opened, shard, path):
    with open(path, "rb") as stream:
        return len(stream.read())


def descriptors(opened, shard):
    """Return what each open descriptor is: `pipe`, `null` or its file type, and whether it can be written."""
    null, found = os.stat("/dev/null"), {}
    for fd in range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
        try:
            state = os.fstat(fd)
        except OSError:
            continue
        kind = (
            "pipe" if stat.S_ISFIFO(state.st_mode) else "null" if state.st_rdev == null.st_rdev else str(state.st_mode)
        )
        mode = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
        found[str(fd)] = [kind, {os.O_RDONLY: "r", os.O_WRONLY: "w", os.O_RDWR: "rw"}[mode]]
    return found


def identity(opened, shard):
    with open("/proc/self/status", encoding="ascii") as status:
        fields = dict(line.rstrip("\n").split(":", 1) for line in status)
    names = ("CapEff", "CapPrm", "NoNewPrivs", "Seccomp")
    return {name: fields[name].strip() for name in names}


def threads(opened, shard, wanted):
    """Start up to `wanted` sleeping threads; return how many started."""
    stop, started = threading.Event(), []
    threading.stack_size(65536)
    try:
        while len(started) < wanted:
            thread = threading.Thread(target=stop.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        pass
    finally:
        stop.set()
        threading.stack_size(0)
    for thread in started:
        thread.join()
    return len(started)


def allocates(opened, shard, megabytes):
    return len(bytearray(megabytes << 20))


def sleeps(opened, shard):
    time.sleep(600)


def ready(opened, shard):
    return "ready"


def forges_an_account(opened, shard, cpu):
    """Answer in the right form, but for the seconds that it says it used."""
    from assay.engine.frames import encode

    sink = next(
        fd
        for fd in range(3, 20)
        if stat.S_ISFIFO(os.fstat(fd).st_mode) and fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_WRONLY
    )
    os.write(sink, encode({"id": 1, "cpu": float(cpu), "rss": 1.0, "value": "forged"}))
    time.sleep(600)
