"""`artifact.integrity`: lists of digests, signatures, and what differs from them."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from assay.detector import DetectorFailed
from assay.model.manifest import Manifest
from assay.model.result import InputRecord
from assay.targets.base import Target
from assay.targets.digest import digest
from assay.targets.published import write_manifest
from assay.targets.resolve import resolve
from assay.testing.direct import run_detector
from assay_detectors.artifact.integrity import Integrity
from assay_detectors.artifact.integrity_compare import matches
from assay_detectors.artifact.integrity_listing import Unreadable
from assay_detectors.artifact.integrity_manifest import read_list

MISMATCHES, FILES = "artifact.integrity.mismatches", "artifact.integrity.files"
A, B = hashlib.sha256(b"a").hexdigest(), hashlib.sha256(b"bb").hexdigest()


@pytest.fixture
def release(tmp_path):
    """Write a model folder of three files; return tmp_path."""
    (tmp_path / "m" / "sub").mkdir(parents=True)
    (tmp_path / "m" / "a.bin").write_bytes(b"a")
    (tmp_path / "m" / "sub" / "b.bin").write_bytes(b"bb")
    (tmp_path / "m" / "empty").write_bytes(b"")
    return tmp_path


def target_of(folder, text):
    (folder / "assay.yaml").write_text(f"version: 1\nname: t\n{text}\n")
    found = resolve(folder / "assay.yaml")
    return Target(found.manifest, found.root, found.inputs)


def look(folder, text="model: {path: m}\nintegrity: {manifest: SUMS, root: m}"):
    return run_detector(Integrity(), target_of(folder, text))


def count(run):
    """Return (value, kinds and files) of the one reference."""
    (found,) = [m for m in run.measurements if m.metric == MISMATCHES]
    return found.value, [(e.kind, e.locator.file) for e in found.evidence]


def refused(run):
    """Return the one reason why nothing was compared."""
    assert not [m for m in run.measurements if m.metric == MISMATCHES]
    (entry,) = run.unresolved
    return entry.reason


# what is read as a list

GNU = f"{A}  a.bin\n{B} *sub/b.bin\n"
GOOD_LISTS = {
    "gnu": (GNU, [("a.bin", "sha256"), ("sub/b.bin", "sha256")]),
    "crlf, comment, blank": (f"# list\r\n\r\n{A}  a.bin\r\n", [("a.bin", "sha256")]),
    "byte order mark, upper case": (f"\ufeff{A.upper()}  a.bin\n", [("a.bin", "sha256")]),
    "bsd": (f"SHA256 (a (1).bin) = {A}\n", [("a (1).bin", "sha256")]),
    "bsd sha512": (f"SHA512 (a) = {'0' * 128}", [("a", "sha512")]),
    "bsd blake2b": (f"BLAKE2b (a) = {'0' * 128}", [("a", "blake2b")]),
    "sha384 by length": (f"{'0' * 96}  a", [("a", "sha384")]),
    "escaped": (f"\\{A}  a\\nb\\\\c\n", [("a\nb\\c", "sha256")]),
    "backslash in a plain line": (f"{A}  a\\nb\n", [("a\\nb", "sha256")]),
    "spaces around names": (f"{A}   a \n", [(" a ", "sha256")]),
    "json": (
        json.dumps({"type": "assay/file-manifest", "version": 1, "files": [{"path": "a", "sha256": A, "size": 1}]}),
        [("a", "sha256")],
    ),
}  # fmt: skip
BAD_LISTS = {
    "empty": ("", "lists no file"),
    "only a comment": ("# nothing\n", "lists no file"),
    "no list": (f"{A}  a\nhello\n", "line 2 is no line of `sha256sum`"),
    "short": (f"{A[:-1]}  a\n", "line 1 has 63 hex digits"),
    "no name": (f"{A}  \n", "line 1 is no line"),
    "md5": (f"{'0' * 32}  a\n", "uses MD5"),
    "sha1": (f"{'0' * 40}  a\n", "uses SHA-1"),
    "tagged md5": (f"MD5 (a) = {'0' * 32}\n", "uses MD5"),
    "tagged blake3": (f"BLAKE3 (a) = {A}\n", "does not compute"),
    "tagged of the wrong length": (f"SHA512 (a) = {A}\n", "has 64 hex digits"),
    "unknown escape": (f"\\{A}  a\\tb\n", "escape"),
    "pgp": ("-----BEGIN PGP SIGNED MESSAGE-----\n", "signed with PGP"),
    "utf-16": ((GNU.encode("utf-16")).decode("latin-1"), "no UTF-8"),
    "json of another kind": ('{"a": 1}', "no list that Assay knows"),
    "json without files": ('{"type": "assay/file-manifest", "version": 1, "files": []}', "lists no file"),
    "json with a twin key": ('{"type": 1, "type": 2}', "twice"),
    "json without end": ("[" * 100_000, "nested too deep"),
    "json, cut": ('{"type": ', "not valid JSON"),
    "json, short digest": (
        '{"type": "assay/file-manifest", "version": 1, "files": [{"path": "a", "sha256": "00"}]}', "files[0] has no"
    ),
    "json, negative size": (
        json.dumps({"type": "assay/file-manifest", "version": 1, "files": [{"path": "a", "sha256": A, "size": -1}]}),
        "no number of bytes",
    ),
    "a signature": ('{"mediaType": "x", "dsseEnvelope": {}}', "declare it as `signature`"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "entries"), GOOD_LISTS.values(), ids=GOOD_LISTS)
def test_lists_that_are_read(text, entries):
    assert [(e.name, e.algorithm) for e in read_list(text.encode(), "SUMS").entries] == entries


@pytest.mark.parametrize(("text", "why"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_lists_that_are_refused(text, why):
    with pytest.raises(Unreadable) as error:
        read_list(text.encode("latin-1" if "utf-16" in why or "no UTF-8" in why else "utf-8"), "SUMS")
    assert why in str(error.value)


def test_the_name_of_a_list_tells_blake2_from_sha512():
    line = f"{'0' * 128}  a\n".encode()
    assert read_list(line, "SHA512SUMS").entries[0].algorithm == "sha512"
    assert read_list(line, "B2SUMS").entries[0].algorithm == "blake2b"


# what differs


@pytest.mark.parametrize("form", ["sums", "json"])
def test_a_folder_as_it_was_listed(release, form):
    (release / "SUMS").write_text(write_manifest(release / "m", form))
    run = look(release)
    assert count(run) == (0, [])
    assert not run.unresolved
    assert not run.not_covered


def test_sha256sum_reads_what_we_write(release):
    import subprocess

    (release / "m" / "a\nb\\c").write_bytes(b"odd")
    (release / "SUMS").write_text(write_manifest(release / "m"))
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "../SUMS"], cwd=release / "m", check=True)
    assert count(look(release)) == (0, [])


def change(folder):
    (folder / "m" / "a.bin").write_bytes(b"b")


CHANGES = {
    "a changed byte": (change, [("mismatch", "m/a.bin")]),
    "a removed file": (lambda f: (f / "m" / "a.bin").unlink(), [("missing", "m/a.bin")]),
    "an added file": (lambda f: (f / "m" / "new").write_bytes(b"n"), [("unlisted", "m/new")]),
    "a renamed file": (
        lambda f: (f / "m" / "a.bin").rename(f / "m" / "c.bin"), [("missing", "m/a.bin"), ("unlisted", "m/c.bin")]
    ),
    "a byte more": (lambda f: (f / "m" / "sub" / "b.bin").write_bytes(b"bb0"), [("mismatch", "m/sub/b.bin")]),
    "an empty file more": (lambda f: (f / "m" / "__init__.py").touch(), [("unlisted", "m/__init__.py")]),
    "a link to a folder": (lambda f: (f / "m" / "l").symlink_to("sub"), [("unlisted", "m/l")]),
    "a folder in place of a file": (
        lambda f: ((f / "m" / "a.bin").unlink(), (f / "m" / "a.bin").mkdir()), [("missing", "m/a.bin")]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "differences"), CHANGES.values(), ids=CHANGES)
def test_every_difference_names_its_file(release, spoil, differences):
    (release / "SUMS").write_text(write_manifest(release / "m"))
    spoil(release)
    run = look(release)
    assert count(run) == (len(differences), differences)
    assert [(o.evidence.kind, o.evidence.locator.file) for o in run.observations] == differences
    assert all(o.evidence.locator.file in o.evidence.note for o in run.observations)


def test_a_renamed_file_is_recognised_by_its_content(release):
    (release / "SUMS").write_text(write_manifest(release / "m"))
    (release / "m" / "a.bin").rename(release / "m" / "c.bin")
    notes = [o.evidence.note for o in look(release).observations]
    assert notes[1] == "m/c.bin is not listed; it has the content that is listed as a.bin"


def test_a_wrong_size_in_json(release):
    document = json.loads(write_manifest(release / "m", "json"))
    document["files"][0]["size"] += 1
    (release / "SUMS").write_text(json.dumps(document))
    assert count(look(release)) == (1, [("mismatch", "m/a.bin")])


@pytest.mark.parametrize("name", ["../m/a.bin", "/etc/passwd", "sub/../../m/a.bin"])
def test_a_name_that_leads_out_is_a_mismatch_and_is_not_looked_up(release, name):
    text = write_manifest(release / "m")
    (release / "SUMS").write_text(text + f"{A}  {name}\n")
    assert count(look(release)) == (1, [("mismatch", name)])


def test_listed_twice_with_different_digests(release):
    (release / "SUMS").write_text(write_manifest(release / "m") + f"{B}  ./a.bin\n")
    value, found = count(look(release))
    assert (value, found[0][0]) == (1, "mismatch")
    (release / "SUMS").write_text(write_manifest(release / "m") + f"{A}  ./a.bin\n")
    assert count(look(release)) == (0, [])


def test_other_algorithms_are_computed(release):
    lines = [f"SHA512 (a.bin) = {hashlib.sha512(b'a').hexdigest()}"]
    lines += [f"BLAKE2b (sub/b.bin) = {hashlib.blake2b(b'bb').hexdigest()}"]
    lines += [f"SHA384 (empty) = {hashlib.sha384(b'').hexdigest()}"]
    (release / "SUMS").write_text("\n".join(lines))
    assert count(look(release)) == (0, [])
    (release / "m" / "a.bin").write_bytes(b"A")
    assert count(look(release)) == (1, [("mismatch", "m/a.bin")])


def test_a_link_to_a_file_counts_by_what_it_leads_to(release):
    (release / "m" / "l.bin").symlink_to("a.bin")
    (release / "SUMS").write_text(write_manifest(release / "m"))
    assert count(look(release)) == (0, [])
    (release / "m" / "l.bin").unlink()
    (release / "m" / "l.bin").symlink_to("sub/b.bin")
    assert count(look(release)) == (1, [("mismatch", "m/l.bin")])


def test_a_file_that_cannot_be_read_leaves_the_number_open(release):
    (release / "SUMS").write_text(write_manifest(release / "m"))
    (release / "m" / "a.bin").unlink()
    os.mkfifo(release / "m" / "a.bin")
    run = look(release)
    (found,) = [m for m in run.measurements if m.metric == MISMATCHES]
    assert (found.value, found.interval.high) == (0, None)
    assert [(e.kind, e.note) for e in found.evidence] == [("unread", "m/a.bin is no regular file")]


# what a reference speaks about


def test_names_are_relative_to_the_folder_of_the_list(release):
    (release / "m" / "SHA256SUMS").write_text(write_manifest(release / "m"))
    run = look(release, "model: {path: m}\nintegrity: {manifest: m/SHA256SUMS}")
    assert count(run) == (0, [])
    assert any("lies beside the files" in sentence for sentence in run.not_covered)


def test_a_list_of_other_files_is_no_pass(release):
    (release / "SUMS").write_text(f"{A}  other.bin\n")
    reason = refused(look(release, "model: {path: m}\nintegrity: {manifest: SUMS}"))
    assert "lists none of the files that are scanned (it lists other.bin)" in reason
    assert "`root`" in reason


def test_a_model_that_no_reference_covers_is_no_pass(release):
    (release / "other.bin").write_bytes(b"o")
    (release / "SUMS").write_text(write_manifest(release / "m"))
    run = look(release, "artifacts: [m, other.bin]\nintegrity: {manifest: SUMS, root: m}")
    assert count(run) == (0, [])
    assert [entry.reason for entry in run.unresolved] == [
        "no declared reference speaks about other.bin; list them, or declare another reference"
    ]


def test_an_artifact_that_the_pattern_no_longer_finds_is_missing(release):
    (release / "SUMS").write_text(f"{A}  m/a.bin\n{B}  m/sub/b.bin\n{A}  m/gone.bin\n{A}  README\n")
    run = look(release, "artifacts: ['m/**/*.bin']\nintegrity: {manifest: SUMS}")
    assert count(run) == (1, [("missing", "m/gone.bin")])
    assert run.not_covered == ("SUMS: not compared (listed, but no inputs of this scan): README",)


def test_data_and_logs_are_compared_where_they_are_listed(release):
    (release / "train.csv").write_text("x,y\n1,2\n")
    (release / "app.log").write_text("line\n")
    (release / "SUMS").write_text(f"{A}  m/a.bin\n{A}  train.csv\n")
    text = "artifacts: [m/a.bin]\ndata: {train: {path: train.csv}}\nlogs: [{path: app.log}]\n"
    run = look(release, f"{text}integrity: {{manifest: SUMS}}")
    assert count(run) == (1, [("mismatch", "train.csv")])
    assert run.not_covered[0] == "SUMS: not compared (data or logs that are not listed): app.log"
    assert "lies beside the files" in run.not_covered[1]


def test_two_references(release):
    (release / "SUMS").write_text(write_manifest(release / "m"))
    (release / "OLD").write_text(f"{B}  m/a.bin\n")
    text = "artifacts: [m/a.bin]\nintegrity: [{manifest: SUMS, root: m}, {manifest: OLD}]"
    found = {m.labels["file"]: m.value for m in look(release, text).measurements if m.metric == MISMATCHES}
    assert found == {"SUMS": 0, "OLD": 1}


def test_without_a_reference_files_are_digested_and_nothing_is_compared(release):
    run = look(release, "model: {path: m}")
    (found,) = run.measurements
    assert (found.metric, found.value) == (FILES, 3)
    assert {e.locator.file: e.digest for e in found.evidence}["m/a.bin"] == A
    lines = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in
                    [("m/a.bin", b"a"), ("m/empty", b""), ("m/sub/b.bin", b"bb")])  # fmt: skip
    assert hashlib.sha256(lines.encode()).hexdigest() in found.method
    assert not run.unresolved
    assert "no `integrity` is declared" in run.not_covered[0]


def test_a_folder_that_changed_since_the_intake_fails(release):
    target = target_of(release, "model: {path: m}")
    whole = digest(release / "m", "m")
    record = InputRecord(name="model", role="model", path="m", sha256=whole.sha256, size=whole.size)
    target = Target(target.manifest, target.root, target.inputs, (record,))
    assert run_detector(Integrity(), target).measurements
    (release / "m" / "a.bin").write_bytes(b"z")
    with pytest.raises(DetectorFailed, match="m: changed while it was scanned"):
        run_detector(Integrity(), target)


def test_the_digest_of_the_intake_is_not_computed_again(release):
    target = target_of(release, "artifacts: [m/a.bin]")
    (ref,) = target.inputs
    record = InputRecord(name=ref.name, role="artifact", path=ref.shown, sha256="0" * 64, size=1)
    run = run_detector(Integrity(), Target(target.manifest, target.root, target.inputs, (record,)))
    assert hashlib.sha256(f"{'0' * 64}  m/a.bin\n".encode()).hexdigest() in run.measurements[0].method


def test_ten_thousand_files(tmp_path):
    (tmp_path / "m").mkdir()
    for number in range(10_000):
        (tmp_path / "m" / f"{number:05}").write_bytes(b"%d" % number)
    (tmp_path / "SUMS").write_text(write_manifest(tmp_path / "m"))
    (tmp_path / "m" / "00007").write_bytes(b"8")
    assert count(look(tmp_path)) == (1, [("mismatch", "m/00007")])


@pytest.mark.parametrize(
    ("path", "pattern", "hit"),
    [
        ("/r/m/a.pkl", "/r/m/*.pkl", True),
        ("/r/m/x/a.pkl", "/r/m/*.pkl", False),
        ("/r/m/x/y/a.pkl", "/r/m/**/*.pkl", True),
        ("/r/m/a.pkl", "/r/m/**/*.pkl", True),
        ("/r/m/x/a.pkl", "/r/m", True),
        ("/r/mm/a.pkl", "/r/m", False),
        ("/r/a", "/r/**", True),
        ("/q/a", "/r/**", False),
        ("/" + "a/" * 2000 + "b", "/" + "**/" * 500 + "c", False),
    ],
)
def test_patterns(path, pattern, hit):
    assert matches(path, pattern) is hit


def test_integrity_in_the_manifest():
    def ask(**entry):
        return Manifest.model_validate({"version": 1, "name": "t", "integrity": entry})

    assert ask(manifest="S").integrity[0].manifest == "S"
    for wrong in ({}, {"manifest": "S", "signature": "s", "key": "k"}, {"signature": "s"}, {"manifest": "S", "key": "k"},
                  {"signature": "s", "key": "k", "certificates": "c"}, {"root": "m"}):  # fmt: skip
        with pytest.raises(ValueError, match=r"signature|manifest"):
            ask(**wrong)


def test_writing_a_list_changes_nothing_and_tells_what_is_missing(release):
    from assay.model.errors import UnusableInput

    before = sorted(str(path) for path in release.rglob("*"))
    whole = json.loads(write_manifest(release / "m", "json"))
    assert whole["sha256"] == digest(release / "m", "m").sha256
    assert write_manifest(release / "m" / "a.bin") == f"{A}  a.bin\n"
    assert sorted(str(path) for path in release.rglob("*")) == before
    with pytest.raises(UnusableInput, match="no such file"):
        write_manifest(Path(release / "gone"))
