"""A small part of benchmarks/pickle_parity.py: every opcode, odd frames, memo juggling, mutations of real pickles."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

import pickle_parity
import pickle_recorder

from assay_detectors.artifact import alike, machine, runs


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The comparison sets limits and registers extensions; nothing of that may stay."""
    import copyreg
    import resource

    for module, name in ((machine, "FULL_MEMO"), (runs, "LEAST"), (runs, "OLD_FROM"), (alike, "BYTES_A_SHAPE")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(copyreg, "_inverted_registry", dict(copyreg._inverted_registry))  # type: ignore[attr-defined]
    monkeypatch.setattr(machine, "MAX_MEMO_GAP", 10_000)
    limit, soft_and_hard = resource.setrlimit, resource.getrlimit(resource.RLIMIT_AS)
    monkeypatch.setattr(resource, "setrlimit", lambda kind, pair: limit(kind, (pair[0], soft_and_hard[1])))
    yield
    limit(resource.RLIMIT_AS, soft_and_hard)


@pytest.mark.parametrize("seed", [10, 11, 12, 13])
@pytest.mark.filterwarnings("ignore")
def test_generated_pickles_are_read_as_both_of_cpythons_unpicklers_read_them(seed: int) -> None:
    counts, wrong, _ = pickle_parity.block(seed, 2_000)
    assert wrong == []
    for kind, least in (("clean", 150), ("findings", 600), ("complete", 250), ("acting", 500)):
        assert counts[f"program {kind}"] + counts[f"mutation {kind}"] > least, counts


def test_the_comparison_sees_a_reading_that_misses_an_import() -> None:
    data = b"\x80\x04cos\nsystem\n."
    native, python = pickle_recorder.both(data)
    assert native.imports == python.imports == {"os.system"} and native.stopped and python.stopped
    blind = pickle_parity.Reading(complete=True)
    assert "clean" in pickle_parity.disagreement(data, blind, native, python, False)
    partly = pickle_parity.Reading(complete=True, findings={"x.y"}, imports={"x.y"})
    assert "less" in pickle_parity.disagreement(data, partly, native, python, False)
    more = pickle_parity.Reading(complete=True, findings={"os.system"}, imports={"os.system", "x.y"})
    assert "more" in pickle_parity.disagreement(data, more, native, python, False)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04]cos\nsystem\n]R.",  # arguments that are a list: only the Python unpickler calls
        b"\x80\x04]}(e.",  # nothing is appended to a dictionary
        b"\x80\x04F 1.5\n.",
        b"\x80\x04F1e999\n.",
        b"I5\0x\n.",
        b"N2p1\0x\n.",
        b"\x80\x04]N]b.",  # a list is given a state
        b"\x80\x04\x95\x01\0\0\0\0\0\0\0K\x01.",  # an opcode across the end of a frame
        b"I010\ncos\nsystem\n(S'x'\ntR.",
        b"N(ecos\nsystem\n(S'x'\ntR.",
        b"(S'x'\nios\nsystemX",  # only the Python unpickler takes a name that has no end
        b"K\x01Nb(cos\nsystem\nS'x'\no.",
    ],
)
def test_what_the_two_unpicklers_read_differently_is_never_clean(data: bytes) -> None:
    reading = pickle_parity.ours(data)
    assert reading.outcome != "clean"


def test_the_recorder_imports_nothing() -> None:
    before = set(sys.modules)
    native, python = pickle_recorder.both(b"cantigravity\nfly\n(tR.")
    assert native.calls == python.calls == {"antigravity.fly"}
    assert set(sys.modules) == before
