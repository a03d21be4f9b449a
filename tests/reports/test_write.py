"""Writing a report: whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.model.errors import InvalidInput
from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.reports.json_report import render
from assay.reports.write import write


def test_a_report_replaces_the_older_one(cases: dict[str, ScanResult], tmp_path: Path) -> None:
    goal = tmp_path / "result.json"
    goal.write_text("old")
    write(cases["clean"], "json", goal)
    assert goal.read_text(encoding="utf-8") == render(cases["clean"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.json"]


def test_others_may_read_it_as_the_umask_says(cases: dict[str, ScanResult], tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write(cases["clean"], "json", tmp_path / "a.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o644


def test_a_link_stays_a_link(cases: dict[str, ScanResult], tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to(real)
    write(cases["clean"], "json", link)
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == render(cases["clean"])


def test_a_pipe_is_written_to_and_not_replaced(cases: dict[str, ScanResult], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write(cases["clean"], "json", pipe)
    reader.join(timeout=10)
    assert read == [render(cases["clean"])]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_missing_folder_is_named_with_the_remedy(cases: dict[str, ScanResult], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no/r\.json: the folder .*no does not exist.*create it") as caught:
        write(cases["clean"], "json", tmp_path / "no" / "r.json")
    assert caught.value.exit_code == 2


def test_a_folder_is_no_file(cases: dict[str, ScanResult], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"is a folder.*name a file in it"):
        write(cases["clean"], "html", tmp_path)


def test_a_file_in_place_of_a_folder(cases: dict[str, ScanResult], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="does not exist"):
        write(cases["clean"], "json", tmp_path / "file" / "r.json")


def test_a_folder_that_may_not_be_written(
    cases: dict[str, ScanResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InvalidInput, match=r"r\.json: not writable.*change its permissions"):
        write(cases["clean"], "json", tmp_path / "r.json")


def test_a_failure_half_way_leaves_the_old_file_and_no_draft(cases: dict[str, ScanResult], tmp_path: Path) -> None:
    def broken() -> Iterator[Observation]:
        raise OSError(28, "No space left on device")
        yield  # pragma: no cover

    goal = tmp_path / "all.jsonl"
    goal.write_text("old")
    with pytest.raises(InvalidInput, match=r"all\.jsonl: no report was written \(No space left on device\)"):
        write(cases["failing"], "findings", goal, broken())
    assert goal.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["all.jsonl"]
