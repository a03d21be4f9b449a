"""Each layer of the seal alone: what it holds, and what it does not; no layer holds all."""

import ctypes
import sys

import pytest

from assay.engine.room import PROPERTIES
from assay.engine.seal import landlock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no seal but on Linux")

ABI = landlock.abi(ctypes.CDLL(None, use_errno=True)) if sys.platform == "linux" else 0
LANDLOCK = (
    {"read elsewhere", "exec"} | ({"tcp"} if ABI >= 4 else set()) | ({"signal the parent"} if ABI >= 6 else set())
)
HELD = {
    "none": set(),
    "namespaces": {"tcp", "udp"},
    "capabilities": set(),
    "landlock": LANDLOCK,
    "rlimits": set(),
    "seccomp": {"exec", "tcp", "udp", "fork", "signal the parent"},
    "all": set(PROPERTIES),
    "all but namespaces": set(PROPERTIES),
    "all but landlock": set(PROPERTIES) - {"read elsewhere", "write"},
    "all but seccomp": LANDLOCK | {"tcp", "udp"},
}
"""Many containers forbid user namespaces, and some Landlock: the first of these is still a seal, the second is not."""


@pytest.mark.parametrize("layer", HELD)
def test_a_layer_holds_what_is_claimed_and_no_more(run_as, layer):
    if layer.startswith(("landlock", "all")) and not ABI:
        pytest.skip("the kernel has no Landlock")
    found = run_as("layer_alone.py", layer)
    assert {name for name, held in found["held"].items() if held} == HELD[layer]
    assert found["threads"] is True


def test_no_layer_alone_is_a_seal():
    assert not [layer for layer, held in HELD.items() if not layer.startswith("all") and held == set(PROPERTIES)]


def test_limits_stop_a_byte_to_disk_and_a_gigabyte_of_memory(run_as):
    limited, free = run_as("layer_alone.py", "rlimits"), run_as("layer_alone.py", "none")
    assert (limited["a byte into a file that is open already"], free["a byte into a file that is open already"]) == (
        "EFBIG", "done",
    )  # fmt: skip
    assert (limited["a gigabyte"], free["a gigabyte"]) == ("MemoryError", "done")
    assert limited["core"] == [0, 0]


def test_root_gives_up_its_capabilities(run_as):
    before, after = run_as("layer_alone.py", "none")["capabilities"], run_as("layer_alone.py", "capabilities")
    assert after["capabilities"] & ~0b100 == 0
    assert (before != 0) is run_as.root
