"""Ways in which something could pass unread: each is seen, and none is exit 0."""

import gzip
import os
import pickle
import subprocess
import sys

import pytest

EVIL = b"cos\nsystem\n(S'true'\ntR."
CLEAN = pickle.dumps({"weights": [1.0]})
SECRETS = b"mail jane.roe@gmail.com card 4111111111111111 key AKIAIOSFODNN7EXAMPLE\n"
LOGS_ONLY = "version: 1\nname: t\nlogs: [{path: a.log.gz}, {path: good.log}]\n"


def test_a_log_cut_off_before_the_secrets_blocks(assay, tmp_path):
    packed = gzip.compress(
        b"".join(b"line %d %s\n" % (n, os.urandom(12).hex().encode()) for n in range(200_000)) + SECRETS
    )
    (tmp_path / "a.log.gz").write_bytes(packed[:-2000])
    (tmp_path / "good.log").write_text("fine\n" * 50)
    (tmp_path / "assay.yaml").write_text(LOGS_ONLY)
    done = assay("scan", "assay.yaml")
    assert done.code in (3, 4), done.out
    coverage = done.result["verdict"]["coverage"]
    assert coverage["checked"] < coverage["required"]


def folder_link(base, out):
    (base / "linked").symlink_to(out)


def deep_link(base, out):
    (base / "sub").mkdir()
    (base / "sub" / "linked").symlink_to(out)


def hidden(base, out):
    (base / ".hidden.pkl").write_bytes(EVIL)


def file_link(base, out):
    (base / "linked.pkl").symlink_to(out / "evil.pkl")


FOLDERS = {
    "link to a folder": (folder_link, 3),
    "link to a folder, deeper": (deep_link, 3),
    "hidden file": (hidden, 1),
    "link to a file": (file_link, 1),
}


@pytest.mark.parametrize(("plant", "code"), FOLDERS.values(), ids=FOLDERS)
@pytest.mark.parametrize("how", ["bare", "artifacts", "glob"])
def test_what_a_folder_hides_is_read_or_refused(assay, tmp_path, plant, code, how):
    base, out = tmp_path / "base", tmp_path / "out"
    base.mkdir()
    out.mkdir()
    (base / "clean.pkl").write_bytes(CLEAN)
    (out / "evil.pkl").write_bytes(EVIL)
    plant(base, out)
    pattern = {"artifacts": "base", "glob": "base/**/*"}.get(how)
    if pattern:
        (tmp_path / "assay.yaml").write_text(f"version: 1\nname: t\nartifacts: ['{pattern}']\n")
    done = assay("scan", "base" if how == "bare" else "assay.yaml")
    assert done.code != 0, done.out
    if how != "glob":
        assert done.code == code


def test_a_named_link_to_a_folder_is_followed(assay, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "evil.pkl").write_bytes(EVIL)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nartifacts: [link]\n")
    assert assay("scan", "assay.yaml").code == 1


def test_a_model_folder_with_a_link_that_leads_out_is_unknown(assay, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "clean.pkl").write_bytes(CLEAN)
    (tmp_path / "evil.pkl").write_bytes(EVIL)
    (tmp_path / "model" / "more.pkl").symlink_to("../evil.pkl")
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nmodel: {path: model}\n")
    assert assay("scan", "assay.yaml").code in (1, 3, 4)


def test_left_out_folders_are_named(assay, tmp_path):
    (tmp_path / "m" / ".git").mkdir(parents=True)
    (tmp_path / "m" / "clean.pkl").write_bytes(CLEAN)
    (tmp_path / "m" / ".git" / "x.pkl").write_bytes(EVIL)
    done = assay("scan", "m")
    assert done.code == 0
    assert ".git/ (not looked into)" in done.out


@pytest.mark.parametrize("beside", [None, "model.pkl"], ids=["alone", "beside a model"])
def test_rotated_and_packed_logs_are_logs(assay, tmp_path, beside):
    base = tmp_path / "rot"
    base.mkdir()
    (base / "access.log").write_bytes(b"fine\n")
    (base / "access.log.1.gz").write_bytes(gzip.compress(SECRETS))
    (base / "access.log.2").write_bytes(SECRETS)
    if beside:
        (base / beside).write_bytes(CLEAN)
    done = assay("scan", "rot")
    assert done.code == 1, done.out
    sources = {
        m["labels"]["source"] for o in done.result["outcomes"] for m in o["measurements"] if "source" in m["labels"]
    }
    assert {"access.log.1.gz", "access.log.2"} <= sources
    assert assay("scan", "rot/access.log.1.gz").code == 1


EXITS = {
    "at import": "import sys\nsys.exit(0)\n",
    "with an exception group": "raise BaseExceptionGroup('x', [SystemExit(0)])\n",
    "with GeneratorExit": "raise GeneratorExit\n",
}


@pytest.mark.parametrize("body", EXITS.values(), ids=EXITS)
def test_a_plugin_that_ends_the_process_does_not(assay, tmp_path, body):
    info = tmp_path / "site" / "plug-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[assay.detectors]\nmy.plug = plugx:SPEC\n")
    (tmp_path / "site" / "plugx.py").write_text(body)
    (tmp_path / "evil.pkl").write_bytes(EVIL)
    done = assay("scan", "evil.pkl", path=tmp_path / "site")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "my.plug" in done.out


RULE = "version: 1\nid: p\nrules:\n  - {id: r, metric: artifact.unsafe-code.calls, limit: {max: 0%s}%s}\n"
POLICIES = {
    "about something else": "version: 1\nid: p\nrules:\n  - {id: r, metric: pii.logs.count, limit: {max: 0}}\n",
    "that never applies": RULE % ("", ', required: true, when: "1 == 2"'),
}


@pytest.mark.parametrize("text", POLICIES.values(), ids=POLICIES)
def test_a_policy_that_judges_nothing_does_not_pass(assay, tmp_path, text):
    (tmp_path / "evil.pkl").write_bytes(EVIL)
    (tmp_path / "p.yaml").write_text(text)
    assert assay("scan", "evil.pkl", "--policy", "p.yaml").code == 3


UNREAD = {
    "truncated": CLEAN[:-3],
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "noise": bytes(range(128, 228)) * 3,
    "empty": b"",
}


@pytest.mark.parametrize("judge", ["interval", "point", "lower", "upper"])
@pytest.mark.parametrize("content", UNREAD.values(), ids=UNREAD)
def test_a_required_file_that_was_not_read_blocks_however_it_is_judged(assay, tmp_path, judge, content):
    (tmp_path / "m.pkl").write_bytes(content)
    (tmp_path / "p.yaml").write_text(RULE % (f", judge: {judge}", ", required: true, each: [file]"))
    assert assay("scan", "m.pkl", "--policy", "p.yaml").code in (3, 4)


def test_a_name_that_is_no_text_loses_nothing(assay, tmp_path):
    base = os.fsencode(tmp_path / "n")
    os.mkdir(base)
    with open(base + b"/bad\xff\xe2\x80\xae.pkl", "wb") as stream:
        stream.write(EVIL)
    done = assay("scan", "n")
    assert done.code == 1
    assert done.result["provenance"]["inputs"][0]["path"] == "bad\\udcff\\u202e.pkl"
    assert "\u202e" not in done.out + done.path.read_text()


@pytest.mark.parametrize("name", ["fifo.txt", "fifo.pkl", "fifo.yaml"])
def test_a_pipe_does_not_hang_the_scan(assay, tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert assay("scan", name, timeout=30).code in (2, 3, 4)


def test_a_pipe_beside_a_model_does_not_hang_the_scan(assay, target, sklearn_model, manifest):
    os.mkfifo(target / "pipe")
    manifest(model={"path": "model.skops"})
    assert assay("scan", "assay.yaml", timeout=60).code == 0


@pytest.mark.parametrize("bad", [False, True], ids=["clean", "evil"])
@pytest.mark.parametrize("sink", ["full disk", "nobody reads", "closed"])
def test_what_happens_to_standard_output_does_not_change_the_code(tmp_path, bad, sink):
    (tmp_path / "m.pkl").write_bytes(EVIL if bad else CLEAN)
    command = f"{sys.executable} -m assay.cli scan m.pkl"
    shell = {
        "full disk": f"{command} > /dev/full",
        "nobody reads": f"set -o pipefail; {command} | true",
        "closed": f"{command} >&-",
    }[sink]
    done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == int(bad)
    assert "Traceback" not in done.stderr


def test_personal_labels_stay_inside(assay, target, manifest):
    lines = (target / "test.csv").read_text().splitlines()
    (target / "test.csv").write_text("\n".join([*lines, "1,2,3,peter.pan@example.com"]) + "\n")
    done = assay("scan", "assay.yaml")
    assert done.code == 3
    manifest(io=None)
    again = assay("scan", "assay.yaml")
    for run in (done, again):
        assert "peter.pan" not in run.out + run.err + run.path.read_text()


def test_an_input_that_changes_while_it_is_scanned_is_not_judged(assay, target, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import assay.engine.run as run\n"
        "from assay.engine.intake import Intake\n"
        "check = Intake.check_unchanged\n"
        "def swapped(self):\n"
        f"    open({str(target / 'params.pkl')!r}, 'ab').write(b'x')\n"
        "    check(self)\n"
        "Intake.check_unchanged = swapped\n"
    )
    done = assay("scan", "assay.yaml", path=tmp_path / "site")
    assert done.code == 3
    assert "params.pkl: changed while it was scanned" in done.out.replace("\n  ", " ")
