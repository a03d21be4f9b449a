"""What a model rests on besides its own file: recorded, signed, demanded; and looked into by no detector."""

import json
import shutil

import pytest

KEYS = ("--key", "key.pem")
GATE = ("--key", "key.pub")

NET = "import torch\n\n\ndef build():\n    return torch.nn.Sequential(torch.nn.Linear(4, 2))\n"
BY_FACTORY = (
    "version: 1\nname: net\nmodel: {path: m.safetensors, factory: 'net:build'}\ntask: classification\n"
    "io: {output: logits, classes: [a, b]}\n"
)
BESIDE = "version: 1\nname: beside\nmodel: {path: net/m.onnx}\ntask: regression\nio: {output: value}\n"


@pytest.fixture(scope="module")
def factory_scan(tmp_path_factory, tools):
    """A model whose network is built by `net.py`, and its scan."""
    torch, safetensors = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")

    folder = tmp_path_factory.mktemp("factory")
    module = torch.nn.Sequential(torch.nn.Linear(4, 2))
    safetensors.save_file(module.state_dict(), folder / "m.safetensors", metadata={"format": "pt"})
    (folder / "net.py").write_text(NET)
    (folder / "helpers").mkdir()
    (folder / "helpers" / "layers.py").write_text("SIZE = 4\n")
    (folder / "net.yaml").write_text(BY_FACTORY)
    return _scanned(folder, tools)


@pytest.fixture(scope="module")
def onnx_scan(tmp_path_factory, tools):
    """A declared ONNX model with its tensors beside it, and its scan."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    import numpy as np

    folder = tmp_path_factory.mktemp("onnx")
    (folder / "net").mkdir()
    weights = onnx.numpy_helper.from_array(np.ones((4, 1), "float32"), "w")
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, size])
        for name, size in (("x", 4), ("y", 1))
    ]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [weights]
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save_model(model, folder / "net" / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    (folder / "net" / "other.bin").write_bytes(b"no part of it")
    (folder / "net.yaml").write_text(BESIDE)
    return _scanned(folder, tools)


def _scanned(folder, tools):
    done = tools.run("scan", "net.yaml", "-q", "-o", "json=net.json", cwd=folder)
    assert done.code == 0, (done.err, (folder / "net.json").read_text()[:3000])
    tools.write_keys(folder)
    assert tools.run("attest", "net.json", *KEYS, cwd=folder).code == 0
    return folder


@pytest.fixture
def at(monkeypatch, tmp_path, capsys, tools):
    """Return a function that copies a scanned folder, and one that runs `assay` in it."""
    from assay.cli.main import run as run_here

    def call(*arguments):
        capsys.readouterr()
        code = run_here([*map(str, arguments)])
        said = capsys.readouterr()
        return tools.Done(code, said.out, said.err)

    def copy(source):
        folder = tmp_path / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        monkeypatch.chdir(folder)
        return folder, call

    return copy


def inputs(folder):
    return json.loads((folder / "net.json").read_text())["provenance"]["inputs"]


def test_the_code_of_a_factory_is_recorded_by_content_and_no_input_of_a_detector(factory_scan):
    import hashlib

    found = {entry["path"]: entry for entry in inputs(factory_scan)}
    code = {path for path, entry in found.items() if entry["role"] == "code"}
    assert code == {"net.py", "helpers/layers.py"}
    assert found["net.py"]["sha256"] == hashlib.sha256(NET.encode()).hexdigest()
    assert found["net.py"]["status"] == "usable" and found["m.safetensors"]["facts"]["factory"] == "net:build"
    result = json.loads((factory_scan / "net.json").read_text())
    files = {m["labels"].get("file") for o in result["outcomes"] for m in o["measurements"]}
    assert "m.safetensors" in files and not files & code


def test_the_gate_demands_the_code_of_the_factory(factory_scan, at):
    folder, assay = at(factory_scan)
    taken = assay("verify", "net.yaml", *GATE)
    assert taken.code == 0, taken.err
    alone = assay("verify", "m.safetensors", *GATE)
    assert alone.code == 1 and "net.py besides" in alone.sentence and "verify the manifest" in alone.sentence
    changes = {
        "other code": lambda: (folder / "net.py").write_text(NET + "# changed\n"),
        "other code of a helper": lambda: (folder / "helpers" / "layers.py").write_text("SIZE = 5\n"),
        "code that is gone": lambda: (folder / "helpers" / "layers.py").unlink(),
        "a module that would be imported in place of another": lambda: (folder / "json.py").write_text("x = 1\n"),
        "a link to a module": lambda: (folder / "json.py").symlink_to("/dev/null/none"),
        "another manifest": lambda: (folder / "net.yaml").write_text(BY_FACTORY + "# changed\n"),
        "another factory": lambda: (folder / "net.yaml").write_text(
            BY_FACTORY.replace("net:build", "helpers.layers:b")
        ),
    }
    for case, change in changes.items():
        folder, assay = at(factory_scan)
        change()
        done = assay("verify", "net.yaml", *GATE)
        assert done.code in (1, 3) and not done.out, case
        assert done.sentence and (case == "a link to a module" or done.code == 1), case


def test_an_attested_bare_file_does_not_stand_for_a_manifest(factory_scan, at):
    _, assay = at(factory_scan)
    assert assay("scan", "m.safetensors", "-q", "-o", "json=bare.json").code == 0
    assert assay("attest", "bare.json", *KEYS).code == 0
    done = assay("verify", "net.yaml", *GATE)
    assert done.code == 1 and done.sentence


def test_a_change_of_code_while_it_is_scanned_is_noticed(tmp_path):
    from assay.engine.intake import Intake
    from assay.engine.tasks import TaskRunner
    from assay.targets.resolve import resolve

    (tmp_path / "m.bin").write_bytes(b"weights")
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "net.yaml").write_text("version: 1\nname: n\nmodel: {path: m.bin, factory: 'net:build'}\n")
    resolved = resolve(tmp_path / "net.yaml")
    tasks = TaskRunner(resolved.manifest.model_dump(mode="json"), resolved.inputs)
    try:
        intake = Intake(resolved, tasks, 0)
        intake.examine(lambda done, of: None)
    finally:
        tasks.stop()
    assert [(entry.path, entry.status) for entry in intake.beside] == [("net.py", "usable")]
    (tmp_path / "net.py").write_text(NET + "# changed\n")
    intake.check_unchanged()
    assert intake.beside[0].status == "unusable" and "changed while it was scanned" in intake.beside[0].problem


def test_the_companions_of_an_onnx_model_are_recorded_and_demanded(onnx_scan, at):
    found = {entry["path"]: entry for entry in inputs(onnx_scan)}
    assert {path for path, entry in found.items() if entry["role"] == "companion"} == {"net/m.data"}
    assert found["net/m.onnx"]["facts"]["companions"] == ["net/m.data"]
    folder, assay = at(onnx_scan)
    taken = assay("verify", "net.yaml", *GATE)
    assert taken.code == 0, taken.err
    alone = assay("verify", "net/m.onnx", *GATE, "--attestation", "attestation.json")
    assert alone.code == 1 and "net/m.data besides" in alone.sentence
    (folder / "net" / "m.data").write_bytes(bytes(16))
    changed = assay("verify", "net.yaml", *GATE)
    assert changed.code == 1 and "net/m.data" in changed.sentence
    (folder / "net" / "m.data").unlink()
    assert assay("verify", "net.yaml", *GATE).code == 3


def test_every_place_of_a_tensor_is_looked_at_and_what_is_damaged_is_unknown(tmp_path):
    onnx = pytest.importorskip("onnx")
    from assay.targets.onnx_beside import UNKNOWN, companions

    def tensor(location, **more):
        made = onnx.TensorProto(name="w", data_type=1, dims=[1], **more)
        made.external_data.add(key="location", value=location)
        return made

    model = onnx.ModelProto(ir_version=8)
    graph = model.graph
    graph.initializer.append(tensor("a", data_location=1))
    graph.initializer.append(tensor("not-marked"))
    graph.initializer[0].external_data.add(key="location", value="twice")
    graph.sparse_initializer.add().values.CopyFrom(tensor("b"))
    graph.sparse_initializer[0].indices.CopyFrom(tensor("c"))
    attribute = graph.node.add().attribute.add()
    attribute.t.CopyFrom(tensor("d"))
    attribute.tensors.append(tensor("e"))
    attribute.g.initializer.append(tensor("f"))
    attribute.graphs.add().initializer.append(tensor("g"))
    attribute.sparse_tensor.values.CopyFrom(tensor("h"))
    attribute.sparse_tensors.add().values.CopyFrom(tensor("i"))
    function = model.functions.add()
    function.node.add().attribute.add().t.CopyFrom(tensor("j"))
    function.attribute_proto.add().t.CopyFrom(tensor("k"))
    model.training_info.add().initialization.initializer.append(tensor("l"))
    model.training_info[0].algorithm.initializer.append(tensor("m"))
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    assert companions(path) == sorted([*"abcdefghijklm", "not-marked", "twice"])
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert UNKNOWN in companions(path)
    path.write_bytes(whole + b"\x0b")  # a group, which ONNX has none of
    assert UNKNOWN in companions(path)


def test_what_lies_outside_of_what_a_worker_may_read_is_not_hashed(tmp_path):
    from assay.engine.beside import companions_of
    from assay.targets.resolve import resolve

    (tmp_path / "net").mkdir()
    (tmp_path / "secret.bin").write_bytes(b"secret")
    (tmp_path / "net" / "m.onnx").write_bytes(b"x")
    (tmp_path / "net" / "m.data").write_bytes(b"x")
    (tmp_path / "net.yaml").write_text(BESIDE)
    asked = {"model": ["secret.bin", "../../etc/passwd", "/etc/passwd", "net/m.data", "net/none"]}
    assert [ref.shown for ref in companions_of(resolve(tmp_path / "net.yaml").inputs, asked)] == ["net/m.data"]
