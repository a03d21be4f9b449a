"""The numbers of the system calls that the filter speaks of: `name:x86-64:aarch64`, `-` where a machine has none.

One line serves both machines, so that neither is forgotten. From the kernel's own tables, up to Linux 6.10.
"""

from __future__ import annotations

MACHINES: dict[str, tuple[int, int]] = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine -> (AUDIT_ARCH, column of the tables below)."""

NEWEST = 462
"""Calls with a higher number are unknown here; they answer ENOSYS, as on an older kernel."""

DENIED = """
# Network and messages.
socket:41:198 socketpair:53:199 connect:42:203 bind:49:200 listen:50:201 accept:43:202 accept4:288:242
sendto:44:206 sendmsg:46:211 sendmmsg:307:269 shmget:29:194 shmat:30:196 shmctl:31:195 msgget:68:186
semget:64:190 mq_open:240:180 mq_unlink:241:181
# Programs and processes.
fork:57:- vfork:58:- execve:59:221 execveat:322:281 memfd_create:319:279 memfd_secret:447:447 uselib:134:-
# Other processes; the last line also shields the priority of the supervisor, whose user is the same.
kill:62:129 tkill:200:130 tgkill:234:131 rt_sigqueueinfo:129:138 rt_tgsigqueueinfo:297:240 pidfd_open:434:434
pidfd_getfd:438:438 pidfd_send_signal:424:424 ptrace:101:117 process_vm_readv:310:270 process_vm_writev:311:271
process_madvise:440:440 process_mrelease:448:448 kcmp:312:272 get_robust_list:274:100 move_pages:279:239
migrate_pages:256:238 setpriority:141:140 ioprio_set:251:30 sched_setparam:142:118 sched_setscheduler:144:119
sched_setattr:314:274
# Files: what Landlock never sees (modes, owners, times, attributes), sees only since ABI 3 (truncate), or sees too.
chmod:90:- fchmod:91:52 fchmodat:268:53 fchmodat2:452:452 chown:92:- fchown:93:55 lchown:94:- fchownat:260:54
setxattr:188:5 lsetxattr:189:6 fsetxattr:190:7 removexattr:197:14 lremovexattr:198:15 fremovexattr:199:16
utime:132:- utimes:235:- futimesat:261:- utimensat:280:88 truncate:76:45 ftruncate:77:46 fallocate:285:47
unlink:87:- unlinkat:263:35 rmdir:84:- rename:82:- renameat:264:38 renameat2:316:276 link:86:- linkat:265:37
symlink:88:- symlinkat:266:36 mkdir:83:- mkdirat:258:34 mknod:133:- mknodat:259:33 sync:162:81 syncfs:306:267
inotify_init:253:- inotify_init1:294:26 fanotify_init:300:262 name_to_handle_at:303:264 open_by_handle_at:304:265
# Who this process is.
setuid:105:146 setgid:106:144 setreuid:113:145 setregid:114:143 setresuid:117:147 setresgid:119:149
setfsuid:122:151 setfsgid:123:152 setgroups:116:159 setpgid:109:154 setsid:112:157 capset:126:91
personality:135:92 setrlimit:160:164 unshare:272:97 setns:308:268
# Mounts.
mount:165:40 umount2:166:39 pivot_root:155:41 chroot:161:51 open_tree:428:428 move_mount:429:429 fsopen:430:430
fsconfig:431:431 fsmount:432:432 fspick:433:433 mount_setattr:442:442 statmount:457:457 listmount:458:458
quotactl:179:60 quotactl_fd:443:443 swapon:167:224 swapoff:168:225
# The kernel and the machine.
bpf:321:280 perf_event_open:298:241 userfaultfd:323:282 io_uring_setup:425:425 io_uring_enter:426:426
io_uring_register:427:427 io_setup:206:0 io_submit:209:2 splice:275:76 tee:276:77 vmsplice:278:75 keyctl:250:219
add_key:248:217 request_key:249:218 init_module:175:105 finit_module:313:273 delete_module:176:106
kexec_load:246:104 kexec_file_load:320:294 reboot:169:142 syslog:103:116 acct:163:89 vhangup:153:58 iopl:172:-
ioperm:173:- modify_ldt:154:- settimeofday:164:170 clock_settime:227:112 adjtimex:159:171 clock_adjtime:305:266
sethostname:170:161 setdomainname:171:162 lookup_dcookie:212:18 lsm_set_self_attr:460:460
"""
"""Answer EPERM."""

MISSING = "clone3:435:435 openat2:437:437"
"""Answer ENOSYS: their arguments lie in memory, where a filter cannot look; libraries fall back to the older call."""

LOOKED_AT = """
clone:56:220 open:2:- openat:257:56 prlimit64:302:261 sched_setaffinity:203:122 prctl:157:167 fcntl:72:25
ioctl:16:29 mmap:9:222
"""
"""Depend on their arguments."""

SECCOMP = "seccomp:317:277"


def numbers(table: str, machine: str) -> dict[str, int]:
    """Return name -> number of the calls in `table` that `machine` has."""
    column = MACHINES[machine][1]
    entries = [word.split(":") for line in table.splitlines() if not line.startswith("#") for word in line.split()]
    return {name: int(own[column]) for name, *own in entries if own[column] != "-"}
