"""Bad input: one sentence that names file (and place) and remedy, the right exit code, no traceback, nothing lost.

Each case spoils one thing of a target that passes. The other detectors' results must still be in the result.
"""

import gzip
import os

import pytest

DATA = {"train": {"path": "train.csv", "label": "label"}, "test": {"path": "test.csv", "label": "label"}}


def data(**changes):
    return {**DATA, **changes}


def spoil_missing(folder, manifest, **_):
    manifest(data=data(test={"path": "gone.csv", "label": "label"}))


def spoil_empty(folder, **_):
    (folder / "test.csv").write_text("")


def spoil_label(folder, manifest, **_):
    manifest(data=data(test={"path": "test.csv", "label": "lable"}))


def spoil_nan(folder, **_):
    text = (folder / "test.csv").read_text().splitlines()
    text[3] = "nan,0.1,0.2,1"
    (folder / "test.csv").write_text("\n".join(text) + "\n")


def spoil_inf(folder, **_):
    text = (folder / "test.csv").read_text().splitlines()
    text[3] = "0.3,inf,0.2,1"
    (folder / "test.csv").write_text("\n".join(text) + "\n")


def spoil_one_class(folder, **_):
    lines = [line for line in (folder / "test.csv").read_text().splitlines() if not line.endswith(",0")]
    (folder / "test.csv").write_text("\n".join(lines) + "\n")


def spoil_one_row(folder, **_):
    (folder / "test.csv").write_text("a,b,c,label\n1,2,3,1\n")


def spoil_unknown_label(folder, **_):
    with (folder / "test.csv").open("a") as stream:
        stream.write("0.1,0.2,0.3,7\n")


def spoil_shape(folder, manifest, sklearn_model, **_):
    lines = [line.split(",", 1)[1] for line in (folder / "test.csv").read_text().splitlines()]
    (folder / "test.csv").write_text("\n".join(lines) + "\n")
    manifest(model={"path": "model.skops"}, data={"test": {"path": "test.csv", "label": "label"}})


def spoil_torn_row(folder, **_):
    lines = (folder / "test.csv").read_text().splitlines()
    lines.insert(21, "1,2,3,1,5,6")
    (folder / "test.csv").write_text("\n".join(lines) + "\n")


def spoil_binary_table(folder, **_):
    (folder / "test.csv").write_bytes(bytes(range(256)) * 10)


def spoil_gzip(folder, manifest, **_):
    packed = gzip.compress(os.urandom(3000).hex().encode() + b"\n" + b"line\n" * 1000)
    (folder / "old.log.gz").write_bytes(packed[: len(packed) // 2])
    manifest(logs=[{"path": "app.log"}, {"path": "old.log.gz"}])


def spoil_binary_log(folder, manifest, **_):
    (folder / "core.log").write_bytes(b"\x00\x01\x02\x7fELF" * 500)
    manifest(logs=[{"path": "app.log"}, {"path": "core.log"}])


def spoil_empty_log(folder, manifest, **_):
    (folder / "none.log").write_text("")
    manifest(logs=[{"path": "app.log"}, {"path": "none.log"}])


def spoil_glob(folder, manifest, **_):
    manifest(logs=[{"path": "app.log"}, {"path": "logs/*.jsonl"}])


def spoil_predict(folder, manifest, **_):
    (folder / "net.py").write_text(
        "import torch\n\n\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.layer = torch.nn.Linear(3, 2)\n\n    def forward(self, x):\n        raise RuntimeError('no luck today')\n\n\n"
        "def build():\n    return Net()\n"
    )
    import torch
    from safetensors.torch import save_file

    save_file({"layer.weight": torch.zeros(2, 3), "layer.bias": torch.zeros(2)}, folder / "model.safetensors")
    manifest(model={"path": "model.safetensors", "factory": "net:build"})


def spoil_factory(folder, manifest, **_):
    spoil_predict(folder, manifest)
    (folder / "net.py").write_text("import nothing_of_that_name\n")


def spoil_unreadable(folder, **_):
    (folder / "test.csv").unlink()
    (folder / "test.csv").symlink_to("test.csv")


CASES = {
    # case: (how to spoil, words of the sentence, place in the manifest, exit code)
    "missing file": (spoil_missing, ["gone.csv", "no such file"], "assay.yaml:", 3),
    "empty file": (spoil_empty, ["test.csv", "empty"], "assay.yaml:", 3),
    "wrong label column": (spoil_label, ["test.csv", "'lable'", "did you mean 'label'"], "assay.yaml:", 3),
    "NaN in features": (spoil_nan, ["test.csv", "no value", "'a'", "row 2"], "assay.yaml:", 3),
    "inf in features": (spoil_inf, ["test.csv", "inf", "'b'", "row"], "assay.yaml:", 3),
    "one class": (spoil_one_class, ["test.csv", "class"], "assay.yaml:", 3),
    "one row": (spoil_one_row, ["test.csv", "row"], "assay.yaml:", 3),
    "label unknown to the model": (spoil_unknown_label, ["test.csv", "'7'"], "assay.yaml:", 3),
    "shape that does not fit the model": (spoil_shape, ["model.skops", "2", "3"], "assay.yaml:", 3),
    "torn row": (spoil_torn_row, ["test.csv", "line 22"], "assay.yaml:", 3),
    "binary table": (spoil_binary_table, ["test.csv"], "assay.yaml:", 3),
    "truncated gzip": (spoil_gzip, ["old.log.gz", "after line"], "", 4),
    "binary log": (spoil_binary_log, ["core.log", "binary"], "assay.yaml:", 3),
    "empty log": (spoil_empty_log, ["none.log", "empty"], "assay.yaml:", 3),
    "pattern that matches nothing": (spoil_glob, ["logs/*.jsonl", "no file matches"], "assay.yaml:", 3),
    "model that raises in predict": (spoil_predict, ["model.safetensors", "no luck today"], "assay.yaml:", 3),
    "factory that cannot be imported": (spoil_factory, ["nothing_of_that_name"], "assay.yaml:", 3),
    "symlink to itself": (spoil_unreadable, ["test.csv"], "assay.yaml:", 3),
}  # fmt: skip


def detectors_that_ran(result):
    return {outcome["detector"] for outcome in result["outcomes"] if outcome["measurements"]}


@pytest.mark.parametrize("case", CASES, ids=CASES)
def test_a_spoiled_input_is_one_sentence_and_loses_nothing(case, assay, target, manifest, request):
    spoil, words, place, code = CASES[case]
    needed = spoil.__code__.co_varnames[: spoil.__code__.co_argcount]
    fixtures = {name: request.getfixturevalue(name) for name in needed if name == "sklearn_model"}
    spoil(target, manifest=manifest, **fixtures)
    done = assay("scan", "assay.yaml")
    assert done.code == code, done.out + done.err
    assert "Traceback" not in done.out + done.err
    sentences = [finding["text"] for finding in done.result["verdict"]["findings"]]
    sentences += done.result["verdict"]["coverage"]["not_covered"]
    hits = [text for text in sentences if all(word in text for word in words)]
    assert hits, sentences
    assert any(place in text for text in hits), hits
    assert all("\n" not in text for text in hits)
    assert detectors_that_ran(done.result) - {"pii.dataset"} == {  # which runs where another data file can be read
        "artifact.integrity",
        "artifact.structure",
        "artifact.unsafe-code",
        "pii.logs",
    }


def test_the_unspoiled_target_passes(assay, target, sklearn_model, manifest):
    manifest(model={"path": "model.skops"}, data=data(trusted={"path": "trusted.csv", "label": "label"}))
    done = assay("scan", "assay.yaml", "--policy", "strict")
    assert done.code == 0, done.out + done.err
    assert done.err == ""
    assert done.out.rstrip().splitlines()[-1].startswith("checked ")


DOCUMENTS = {
    "malformed YAML": ("version: 1\nname: [x\n", "assay.yaml:2:7"),
    "unknown key": ("version: 1\nname: x\nmodle: {path: a}\n", "assay.yaml:3:1"),
    "duplicate key": ("version: 1\nname: x\nname: y\n", "assay.yaml:3:1"),
    "two manifests' worth of nonsense": ("a: 1\nb: 2\nversion: 3\n---\nmodel: [1]\n", "assay.yaml:4:1"),
    "empty": ("", "assay.yaml:1:1"),
}


@pytest.mark.parametrize(("text", "place"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_bad_manifest_is_exit_2_with_line_and_column(assay, tmp_path, text, place):
    (tmp_path / "assay.yaml").write_text(text)
    done = assay("scan", "assay.yaml")
    assert done.code == 2
    assert place in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_manifest_that_names_nothing_is_exit_3(assay, tmp_path):
    (tmp_path / "assay.yaml").write_text("version: 1\nname: x\n")
    done = assay("scan", "assay.yaml")
    assert done.code == 3
    assert "nothing to scan" in done.err


COMMANDS = {
    "no such target": (("scan", "nowhere.yaml"), "nowhere.yaml: no such file"),
    "no such policy": (("scan", "assay.yaml", "--policy", "stritc"), "did you mean 'strict'"),
    "no such format": (("scan", "assay.yaml", "-o", "jsn=x"), "did you mean 'json'"),
    "output without path": (("scan", "assay.yaml", "-o", "html"), "FORMAT=PATH"),
    "output into a folder that is not there": (("scan", "assay.yaml", "-o", "html=no/x.html"), "no does not exist"),
    "output onto a folder": (("scan", "assay.yaml", "-o", "html=."), "is a folder"),
    "budget that is no time": (("scan", "assay.yaml", "--budget", "soon"), "90s, 10m or 1h"),
    "negative seed": (("scan", "assay.yaml", "--seed", "-1"), "seed"),
    "result that is not there": (("judge", "gone.json"), "gone.json: no such file"),
    "result that is no JSON": (("judge", "app.log"), "app.log:1:"),
    "unknown command": (("scna",), "Did you mean 'scan'"),
    "unknown thing to explain": (("explain", "pii.lgos"), "did you mean 'pii.logs'"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), COMMANDS.values(), ids=COMMANDS)
def test_bad_usage_is_exit_2_and_one_sentence(assay, target, arguments, words):
    done = assay(*arguments)
    assert done.code == 2, done.out + done.err
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_result_from_a_newer_assay_is_refused_clearly(assay, target):
    done = assay("scan", "assay.yaml")
    text = done.path.read_text().replace('"schema_version": "1"', '"schema_version": "2"')
    (target / "newer.json").write_text(text)
    done = assay("judge", "newer.json")
    assert done.code == 2
    assert "update Assay" in done.err


@pytest.mark.parametrize("cut", [10, 1000, -20])
def test_a_truncated_result_is_refused(assay, target, cut):
    done = assay("scan", "assay.yaml")
    (target / "cut.json").write_text(done.path.read_text()[:cut])
    assert assay("judge", "cut.json").code == 2


def test_a_plugin_that_fails_to_import_blocks_nobody_else_and_is_seen(assay, target, tmp_path):
    plugin = tmp_path / "site"
    info = plugin / "broken_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text('[assay.detectors]\n"acme.check" = "broken_plugin:SPEC"\n'.replace('"', ""))
    (plugin / "broken_plugin.py").write_text("raise RuntimeError('boom\\nsecond line')\n")
    done = assay("scan", "assay.yaml", path=plugin)
    assert "acme.check" in done.out
    outcome = next(o for o in done.result["outcomes"] if o["detector"] == "acme.check")
    assert outcome["status"] == "failed"
    assert "RuntimeError: boom" in outcome["reason"]
    assert detectors_that_ran(done.result) == {
        "artifact.integrity",
        "artifact.structure",
        "artifact.unsafe-code",
        "pii.dataset",
        "pii.logs",
    }
    assert done.code == 0  # no rule asks for it
    (target / "p.yaml").write_text(
        "version: 1\nid: p\nextends: [builtin:baseline]\nrules:\n  - {id: acme, metric: acme.check.count, limit: {max: 0}, required: true}\n"
    )
    assert assay("scan", "assay.yaml", "--policy", "p.yaml", path=plugin).code == 3


def test_an_output_that_cannot_be_written_at_the_end_loses_no_other(assay, target):
    done = assay("scan", "assay.yaml", "-o", "html=/dev/full", "-o", "sarif=r.sarif")
    assert "/dev/full" in done.err
    assert done.code == 3  # the verdict is 0, but a report that was asked for is not there
    assert done.result["verdict"]["exit_code"] == 0
    assert (target / "r.sarif").exists()
