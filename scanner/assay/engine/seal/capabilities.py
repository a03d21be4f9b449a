"""Give up the capabilities of root; see capabilities(7)."""

from __future__ import annotations

import ctypes
import os
import struct

_VERSION = 0x20080522
_DAC_READ_SEARCH = 1 << 2
"""With it, root can scan another user's private model; Landlock still says which files. Void in a user namespace."""


def drop(libc: ctypes.CDLL, keep_reading: bool) -> str:
    """Drop every capability of this thread, or every one but CAP_DAC_READ_SEARCH; return what is left.

    Raises:
        OSError: the kernel refuses.
    """
    header = ctypes.create_string_buffer(struct.pack("=Ii", _VERSION, 0), 8)
    data = ctypes.create_string_buffer(24)
    if libc.capget(header, data) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    effective, permitted = struct.unpack("=6I", data.raw)[:2]
    kept = _DAC_READ_SEARCH if keep_reading else 0
    left = struct.pack("=6I", effective & kept, permitted & kept, 0, 0, 0, 0)
    if libc.capset(header, ctypes.create_string_buffer(left, 24)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "all dropped but reading" if effective & kept else "all dropped"
