"""`assay artifact inspect` and `trust`: what they print, what they refuse, and how they end on bad input."""

import json
import os
import pickle
import struct
import zipfile

import pytest

CONTROL = ("\x1b", "\u202e", "\u2066", "\x07")


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def imported(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def made(module: str, name: str) -> bytes:
    """Import a class and make an object of it."""
    return imported(module, name) + b")\x81"


def pickled(*parts: bytes) -> bytes:
    return b"\x80\x04" + b"0".join(parts) + b"."


OWN = pickled(made("mypkg.models", "Scaler"), imported("mypkg.models", "logit"), made("collections", "OrderedDict"))
BAD = pickled(made("mypkg.models", "Scaler"), imported("os", "system") + text("true") + b"\x85R")
DOTTED = pickled(imported("torch", "os.system") + text("true") + b"\x85R")
COMPUTED = pickled(made("builtins", "str") + text("y") + b"\x93" + b")R")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "own.pkl").write_bytes(OWN)
    (tmp_path / "bad.pkl").write_bytes(BAD)
    (tmp_path / "dotted.pkl").write_bytes(DOTTED)
    (tmp_path / "clean.pkl").write_bytes(pickle.dumps({"a": [1.0, 2.0]}))
    return tmp_path


# inspect --------------------------------------------------------------------------------------------------------------


def test_inspect_lists_imports_calls_and_findings_with_their_bytes(folder, assay):
    done = assay("artifact", "inspect", "bad.pkl")
    assert done.code == 0 and done.err == ""
    place = BAD.index(imported("os", "system")) + len(imported("os", "system")) - 1
    rows = [line.split() for line in done.out.splitlines()]
    assert [str(place), "call", "os.system"] in rows
    assert [str(place), "NOT", "TRUSTED", "os.system"] in rows
    assert "imports, calls and references outside the allowlist: 2" in done.out


def test_inspect_shows_the_power_of_what_is_trusted(folder, assay):
    done = assay("artifact", "inspect", "own.pkl")
    assert any(line.split()[1:] == ["constructor", "collections.OrderedDict"] for line in done.out.splitlines())


def test_inspect_json_holds_everything(folder, assay):
    done = assay("artifact", "inspect", "bad.pkl", "clean.pkl", "--json")
    bad, clean = json.loads(done.out)["files"]
    assert {entry["name"] for entry in bad["findings"]} == {"os.system", "mypkg.models.Scaler"}
    assert {entry["name"] for entry in bad["listing"] if entry["what"] == "imports"} >= {"os.system"}
    assert clean["complete"] and clean["total"] == 0 and clean["format"] == "pickle" and clean["sandbox"]


def test_inspect_names_the_member_and_the_rule(folder, assay):
    with zipfile.ZipFile(folder / "m.zip", "w") as archive:
        archive.writestr("inner/model.pkl", BAD)
    (folder / "bad.onnx").write_bytes(BAD)
    done = assay("artifact", "inspect", "m.zip")
    assert any("os.system" in line and "in inner/model.pkl" in line for line in done.out.splitlines())
    named = assay("artifact", "inspect", "bad.onnx")
    assert "extension: Its name promises another format than its bytes hold." in named.out


def test_inspect_says_why_a_reading_is_not_complete(folder, assay):
    (folder / "cut.pkl").write_bytes(OWN[:-9])
    done = assay("artifact", "inspect", "cut.pkl")
    assert done.code == 0 and "not read to its end: " in done.out and "nothing outside" not in done.out


def test_inspect_lets_no_control_character_through(folder, assay):
    name = "a\u202eb\x1b[31m.pkl"
    (folder / name).write_bytes(pickled(imported("ev\u202eil\x1b]0;x\x07", "n\u2066ame")))
    done = assay("artifact", "inspect", name)
    assert done.code == 0 and not any(char in done.out + done.err for char in CONTROL)
    assert "ev\\u202eil" in done.out
    proposed = assay("artifact", "trust", name)
    assert proposed.code == 1 and not any(char in proposed.out + proposed.err for char in CONTROL)


def test_inspect_cuts_long_listings_with_a_count(folder, assay):
    (folder / "long.pkl").write_bytes(pickled(*(imported("pkg.mod", f"n{i}") for i in range(50))))
    short, full = assay("artifact", "inspect", "long.pkl"), assay("artifact", "inspect", "long.pkl", "--all")
    assert "… and 20 more rows; --all shows them" in short.out and "n49" not in short.out
    assert "pkg.mod.n49" in full.out and "more rows" not in full.out


# trust ----------------------------------------------------------------------------------------------------------------


def test_trust_prints_a_block_with_the_least_power(folder, assay):
    from ruamel.yaml import YAML

    done = assay("artifact", "trust", "own.pkl")
    assert done.code == 0 and "would be clean with 2 names trusted" in done.err
    entries = YAML(typ="safe").load(done.out)["trust"]
    assert [(entry["name"], entry["power"]) for entry in entries] == [
        ("mypkg.models.Scaler", "constructor"),
        ("mypkg.models.logit", "function"),
    ]
    assert "__setstate__ run while loading" in done.out and "called, once, at byte" in done.out
    assert sorted(os.listdir(folder)) == ["bad.pkl", "clean.pkl", "dotted.pkl", "own.pkl"]


def test_the_printed_block_works_once_a_person_answers_for_it(folder, assay):
    block = assay("artifact", "trust", "own.pkl").out
    (folder / "t.yaml").write_text(block)
    refused = assay("artifact", "trust", "own.pkl", "--trust", "t.yaml")
    assert refused.code == 2 and "t.yaml:9:13: trust[0].reason: is empty" in refused.err
    (folder / "t.yaml").write_text(block.replace('""', '"our own"'))
    accepted = assay("artifact", "inspect", "own.pkl", "--trust", "t.yaml")
    assert "read to its end: nothing outside the allowlist" in accepted.out
    assert "trusted because you say so: mypkg.models.Scaler, mypkg.models.logit" in accepted.out


def test_trust_refuses_what_runs_code_and_says_what_it_would_take(folder, assay):
    done = assay("artifact", "trust", "bad.pkl")
    assert done.code == 1 and "os.system" not in done.out and "mypkg.models.Scaler" in done.out
    assert "refused: os.system" in done.err and "i_accept_that_this_runs_code: true" in done.err
    assert "would NOT be clean" in done.out


def test_trust_never_offers_a_dotted_name(folder, assay):
    done = assay("artifact", "trust", "dotted.pkl")
    assert done.code == 1 and done.out == "" and "walks through the attributes" in done.err
    assert "i_accept" not in done.err


def test_trust_cannot_help_a_computed_name(folder, assay):
    (folder / "computed.pkl").write_bytes(COMPUTED)
    done = assay("artifact", "trust", "computed.pkl")
    assert (done.code, done.out) == (1, "") and "computed while the file is loaded" in done.err


def test_trust_of_a_clean_file_prints_nothing_to_add(folder, assay):
    done = assay("artifact", "trust", "clean.pkl")
    assert (done.code, done.out) == (0, "") and "is clean already" in done.err


def test_trust_finds_what_hides_behind_a_trusted_name(folder, assay):
    """A value-only name is asked for first; that it is called shows in the next round."""
    (folder / "later.pkl").write_bytes(pickled(imported("numpy", "log1p") + b"K\x01\x85R"))
    done = assay("artifact", "trust", "later.pkl")
    assert done.code == 0 and "name: numpy.log1p" in done.out and "power: rebuild" in done.out


def test_write_appends_and_needs_somebody_to_answer(folder, assay):
    goal = folder / "t.yaml"
    goal.write_text("# ours\nversion: 1\ntrust:\n  - {name: x.Y, power: data, reason: r, by: me}  # keep\n")
    alone = assay("artifact", "trust", "own.pkl", "--write", "t.yaml")
    assert alone.code == 2 and "--reason" in alone.err and "Scaler" not in goal.read_text()
    done = assay("artifact", "trust", "own.pkl", "--write", "t.yaml", "--reason", "reviewed", "--by", "me")
    assert done.code == 0 and "added 2 of 2 to t.yaml" in done.err
    assert goal.read_text().startswith("# ours\nversion: 1\n") and "# keep" in goal.read_text()
    again = assay("artifact", "trust", "own.pkl", "--write", "t.yaml", "--reason", "reviewed", "--by", "me")
    assert "added 0 of 2" in again.err


def test_a_trust_file_beside_the_model_counts_for_nothing(folder, assay):
    block = assay("artifact", "trust", "own.pkl").out.replace('""', '"x"')
    for name in ("trust.yaml", "assay-trust.yaml", ".assay-trust.yaml"):
        (folder / name).write_text(block)
    assert "imports, calls and references outside the allowlist: 2" in assay("artifact", "inspect", "own.pkl").out


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["inspect", "trust"])
@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("missing", 2, "no such file"),
        ("folder", 2, "is a folder"),
        ("empty", 3, "is empty"),
        ("fifo", 3, "no regular file"),
        ("looped link", 2, "cannot be read"),
        ("name too long", 2, "cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(command, kind, code, said, tmp_path, assay):
    path = tmp_path / ("x" * 300 if kind == "name too long" else "x.pkl")
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "looped link":
        path.symlink_to(path)
    done = assay("artifact", command, path.name, timeout=60)
    assert (done.code, done.out) == (code, "")
    assert said in done.err and done.err.count("\n") == 1 and "Traceback" not in done.err


@pytest.mark.parametrize("command", ["inspect", "trust"])
def test_a_huge_sparse_file_ends_soon(command, tmp_path, assay):
    with open(tmp_path / "huge.bin", "wb") as file:
        file.write(b"\x80\x04")
        file.truncate(40 << 30)
    done = assay("artifact", command, "huge.bin", timeout=60)
    assert done.code in (0, 1, 3) and "Traceback" not in done.err


def test_one_bad_file_loses_no_other(folder, assay):
    (folder / "empty.pkl").touch()
    done = assay("artifact", "inspect", "empty.pkl", "clean.pkl")
    assert done.code == 3 and "clean.pkl  pickle" in done.out and done.err.count("\n") == 1


def test_the_command_imports_nothing_heavy(folder):
    import subprocess
    import sys

    script = (
        "import sys, io; from assay.cli.main import run; out, sys.stdout = sys.stdout, io.StringIO()\n"
        "run(['artifact', 'inspect', 'own.pkl']); sys.stdout = out\n"
        "print(sorted({'numpy', 'torch', 'sklearn', 'joblib', 'assay_detectors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_manifest_is_what_sha256sum_writes(assay, tmp_path):
    import hashlib

    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.pkl").write_bytes(b"one")
    (tmp_path / "m" / "b").mkdir()
    (tmp_path / "m" / "b" / "c.bin").write_bytes(b"two")
    done = assay("artifact", "manifest", "m")
    wanted = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in (("a.pkl", b"one"), ("b/c.bin", b"two"))]
    assert (done.code, done.out.splitlines()) == (0, wanted)
    assert assay("artifact", "manifest", "m", "-o", "SHA256SUMS").code == 0
    assert (tmp_path / "SHA256SUMS").read_text() == done.out


def test_a_manifest_that_would_lie_in_its_folder_or_of_nothing(assay, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a").write_bytes(b"1")
    inside = assay("artifact", "manifest", "m", "-o", "m/SHA256SUMS")
    assert inside.code == 2 and "would then hold a file that the list lacks" in inside.err
    absent = assay("artifact", "manifest", "absent")
    assert (absent.code, absent.err.strip()) == (3, "assay: absent: is not there; give a file or a folder")
    (tmp_path / "empty").mkdir()
    empty = assay("artifact", "manifest", "empty")
    assert empty.code == 3 and "holds no file, so there is nothing to list" in empty.err
