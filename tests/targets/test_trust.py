"""Trust files: what is refused without the explicit flag, what ends, and what appending leaves alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assay.model.errors import InvalidInput
from assay.targets.trust import FLAG, Proposal, append_trust, load_trust

TODAY = date(2026, 11, 26)
SCALER = Proposal("mypkg.models.Scaler", "constructor", ("called once",))


def write(folder: Path, *entries: str, head: str = "version: 1\n") -> Path:
    path = folder / "trust.yaml"
    path.write_text(head + "trust:\n" + "".join(f"  - {{{entry}, reason: reviewed, by: me}}\n" for entry in entries))
    return path


def test_a_plain_class_is_trusted_with_its_power(tmp_path: Path) -> None:
    found = load_trust([write(tmp_path, "name: mypkg.models.Scaler, power: constructor")], TODAY)
    assert found.plain == [["mypkg.models", "Scaler", "constructor"]]
    assert len(found.files[0][1]) == 64


@pytest.mark.parametrize(
    "name",
    [
        "builtins.eval", "builtins.getattr", "builtins.__import__", "functools.partial", "operator.attrgetter",
        "operator.methodcaller", "pickle.loads", "torch.load", "joblib.load", "numpy.load", "importlib.import_module",
        "runpy.run_path", "marshal.loads", "types.CodeType", "types.FunctionType", "os.system", "os.path.join",
        "nt.system", "posix.system", "subprocess.Popen", "sys.exit", "ctypes.CDLL", "socket.socket", "shutil.rmtree",
        "__builtin__.eval", "cPickle.loads", "copy_reg._reconstructor", "cloudpickle.cloudpickle._make_function",
        "dill._dill._create_function", "torch.jit._script.RecursiveScriptModule", "torch.hub.helper",
        "numpy.testing._private.utils.runstring", "yaml.unsafe_load", "_testcapi.fatal_error", "numpy.savetxt",
        "torch.save", "scipy.io.savemat", "otherlib.get_class_from_dynamic_module_import", "jsonpickle.decode", "mypkg.io.load", "mypkg.eval", "pandas.io.parsers.TextFileReader",
    ],
)  # fmt: skip
def test_what_runs_code_needs_the_ugly_flag(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"name: {name}, power: rebuild")
    with pytest.raises(InvalidInput, match=f"trust.yaml:3:12: .*{FLAG}"):
        load_trust([path], TODAY)
    flagged = write(tmp_path, f"name: {name}, power: rebuild, {FLAG}: true")
    assert len(load_trust([flagged], TODAY).entries) == 1


@pytest.mark.parametrize(
    ("name", "power"),
    [
        ("mypkg.models.Loader", "constructor"),
        ("mypkg.models._rebuild_thing", "rebuild"),
        ("__main__.Scaler", "constructor"),
        ("sklearn.ensemble._gb_losses.BinomialDeviance", "constructor"),
        ("numpy.log1p", "rebuild"),
        ("mypkg.text.tokenize", "function"),
    ],
)
def test_what_a_model_of_ones_own_needs_takes_no_flag(name: str, power: str, tmp_path: Path) -> None:
    assert len(load_trust([write(tmp_path, f"name: {name}, power: {power}")], TODAY).entries) == 1


@pytest.mark.parametrize("power", ["caller", "loader"])
def test_powers_that_call_need_the_flag(power: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="its arguments decide what runs"):
        load_trust([write(tmp_path, f"name: mypkg.make, power: {power}")], TODAY)


@pytest.mark.parametrize("name", ["Scaler", "my pkg.Scaler", "mypkg..Scaler", "mypkg.1x", ".Scaler", "mypkg.", "a-b.C"])
def test_what_python_cannot_import_is_refused_even_with_the_flag(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"trust.yaml:3:"):
        load_trust([write(tmp_path, f"name: '{name}', power: data, {FLAG}: true")], TODAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 2\n", "version"),
        ("version: 1\ntrust:\n  - {name: a.B, power: god, reason: r, by: me}\n", "is not one of"),
        ("version: 1\ntrust:\n  - {name: a.B, power: data, by: me}\n", "reason: is missing"),
        ("version: 1\ntrust:\n  - {name: a.B, power: data, reason: ' ', by: me}\n", "is empty"),
        ("version: 1\ntrust:\n  - {name: a.B, power: data, reason: r, by: me, until: 5}\n", "is no date"),
        ("version: 1\ntrust:\n  - {name: a.B, power: data, reason: r, by: me, i_know: true}\n", "unknown key"),
        ("version: 1\ntrust: {a: b}\n", "must be a list"),
        ("", "is empty"),
        ("version: 1\ntrust: !!python/object:os.system x\n", "trust.yaml:2:8"),
    ],
)
def test_a_faulty_file_is_one_placed_sentence(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "trust.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"trust.yaml:\d+:\d+: ") as caught:
        load_trust([path], TODAY)
    assert said in str(caught.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        load_trust([tmp_path / "none.yaml"], TODAY)


def test_trust_ends_after_its_last_day(tmp_path: Path) -> None:
    path = write(tmp_path, "name: a.B, power: data, until: 2026-11-26", "name: a.C, power: data, until: 2026-11-25")
    found = load_trust([path], TODAY)
    assert [e.name for e in found.entries] == ["a.B"] and [e.name for e in found.expired] == ["a.C"]


def test_two_powers_for_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="keep one"):
        load_trust([write(tmp_path, "name: a.B, power: data", "name: a.B, power: rebuild")], TODAY)


@pytest.mark.parametrize(
    "before",
    [
        "version: 1\n",
        "version: 1\ntrust: []\n",
        "# mine\nversion: 1\n\ntrust:  # ours\n  - {name: x.Y, power: data, reason: r, by: me}  # keep",
        "version: 1\ntrust:\n- name: x.Y\n  power: data\n  reason: 'a # b'\n  by: me\n# end\n",
    ],
)
def test_appending_keeps_every_line_that_was_there(before: str, tmp_path: Path) -> None:
    path = tmp_path / "trust.yaml"
    path.write_text(before)
    assert append_trust(path, [SCALER], 'our "own" code', "me") == 1
    after = path.read_text()
    assert after.startswith(before.replace(" []", "").rstrip("\n")) and "# called once" in after
    assert load_trust([path], TODAY).entries[-1].reason == 'our "own" code'
    assert append_trust(path, [SCALER], "again", "me") == 0 and path.read_text() == after


@pytest.mark.parametrize(
    "before",
    [
        "trust: []\nversion: 1\n",
        "version: 1\ntrust: [{name: x.Y, power: data, reason: r, by: me}]\n",
        "version: 1\ntrust:\n  - {name: x.Y, power: data, reason: r, by: me}\n...\n",
    ],
)
def test_a_file_that_cannot_be_extended_stays_as_it_is(before: str, tmp_path: Path) -> None:
    path = tmp_path / "trust.yaml"
    path.write_text(before)
    with pytest.raises(InvalidInput, match="nothing can be added"):
        append_trust(path, [SCALER], "r", "me")
    assert path.read_text() == before and [p.name for p in tmp_path.iterdir()] == ["trust.yaml"]


def test_a_new_file_is_made(tmp_path: Path) -> None:
    assert append_trust(tmp_path / "new.yaml", [SCALER], "r", "me") == 1
    assert load_trust([tmp_path / "new.yaml"], TODAY).plain == [["mypkg.models", "Scaler", "constructor"]]
