"""TorchScript code and exported programs: the operators they name, and what torch would evaluate as Python."""

from __future__ import annotations

import io
import json
import pickle
import time
import zipfile
from typing import Any

import pytest

from assay_detectors.artifact import expressions, pt2, torchscript
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Held, Unread

GOOD = b"""class M(Module):
  __parameters__ = ["w", ]
  w : Tensor
  c : __torch__.torch.classes.quantized.LinearPackedParamsBase
  def forward(self: __torch__.M,
    x: Tensor,
    ops0: Optional[List[int]]=None) -> Tensor:
    _0 = "torch.save(x) is \\"only\\" text"  # torch.save is only a comment
    _1 = __torch__.torch.nn.functional.___torch_mangle_3.relu
    if torch.__is__(ops0, None):
      ops.prim.RaiseException(_0, "builtins.ValueError")
    else:
      pass
    y = annotate(List[Tensor], [])
    _2 = torch.append(y, torch.add(x, self.w, alpha=2.))
    return torch.to(ops.quantized.relu6(torch.stack(y)), ops.prim.dtype(x))
"""


def _names(report: Report) -> list[str]:
    return [finding["name"] for finding in report.findings]


def _code(body: bytes) -> Report:
    report = Report()
    torchscript.read_code(Held(body), report)
    return report


def test_ordinary_code_is_clean() -> None:
    report = _code(GOOD)
    assert not report.total and not report.reasons, (report.findings, report.reasons)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b'torch.save(x, "/tmp/f")', "aten::save"),
        (b'_0 = torch.from_file("/etc/passwd", False, 4)', "aten::from_file"),
        (b'_0 = ops.aten.from_file("/etc/passwd")', "aten::from_file"),
        (b'_0 = torch . autograd.from_file("/etc/passwd")', "aten::from_file"),
        (b'_0 = torch\n.from_file("/etc/passwd")', "aten::from_file"),
        (b'_0 = ("/etc/passwd").from_file(False)', "aten::from_file"),
        (b"_0 = fork(torch.save, x)", "aten::save"),
        (b"_0 = ops.evil.run(x)", "evil::run"),
        (b"_0 = ops.image.read_file(x)", "image::read_file"),
        (b"_0 = rpc_async(x)", "prim::rpc_async"),
        (b"t = torch\n    t.save(x)", "torch"),
        (b'_0 = getattr(torch, "save")(x)', "torch"),
        (b'_0 = getattr(ops.aten, "save")(x)', "ops.aten"),
        (b"_0 = __torch__.torch.classes.evil.Run(x)", "__torch__.torch.classes.evil.Run"),
        (b"c = __torch__.torch.classes", "__torch__.torch.classes"),
        (b'_0 = """a"""; torch.save(x)', "aten::save"),
    ],
)
def test_operators_that_act(line: bytes, name: str) -> None:
    report = Report("code/m.py")
    place = len(GOOD) + 4
    try:
        torchscript.read_code(Held(GOOD + b"    " + line + b"\n"), report)
    except Unread:
        assert b";" in line
        return
    assert name in _names(report) and len(set(_names(report))) <= 2
    assert report.findings[0]["offset"] >= place and report.findings[0]["member"] == "code/m.py"


def test_an_unknown_operator_of_torch_is_unknown() -> None:
    report = _code(b"x = torch.operator_of_tomorrow(y)\n")
    assert not report.total and "operator_of_tomorrow" in report.reasons[0]


@pytest.mark.parametrize("body", [b"x = 'no end\n", b"x = `a`", b"x = r'torch'", b"\xff\xfe", b"'" + b"a" * (1 << 20)])
def test_code_that_cannot_be_cut_into_words(body: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Unread):
        _code(body)
    assert time.process_time() - started < 2


def test_classes_in_pickles_of_torchscript() -> None:
    inner, report = Report(), Report()
    for name in (
        "__torch__.M",
        "__torch__.torch.classes.quantized.LinearPackedParamsBase",
        "torch.jit._pickle.build_intlist",
        "torch.jit._pickle.evil",
        "__torch__.torch.classes.evil.Run",
        "os.system",
    ):
        inner.find("import", name, f"imports {name}", len(inner.findings))
    torchscript.filter_pickle(inner, report)
    assert sorted(_names(report)) == ["__torch__.torch.classes.evil.Run", "os.system", "torch.jit._pickle.evil"]


def test_bytecode() -> None:
    def read(*operators: str) -> Report:
        report = Report()
        table = ("operators", tuple((name, "", 2) for name in operators))
        torchscript.read_bytecode(Held(pickle.dumps((9, ("__torch__.M.forward", table)), 2)), report)
        return report

    assert not read("aten::linear", "prim::Print").total
    assert _names(read("aten::linear", "aten::save", "evil::run")) == ["aten::save", "evil::run"]
    with pytest.raises(Unread):
        torchscript.read_bytecode(Held(b"\x80\x02X\xff\xff\xff\x7fab"), Report())


def test_real_torchscript() -> None:
    torch = pytest.importorskip("torch")
    layers = torch.nn
    module = layers.Sequential(layers.Conv1d(2, 3, 3), layers.BatchNorm1d(3), layers.ReLU(), layers.LSTM(6, 4))
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(module.eval()), stream)
    report, read = Report(), 0
    with zipfile.ZipFile(stream) as archive:
        for name in archive.namelist():
            if "/code/" in name and name.endswith(".py"):
                torchscript.read_code(Held(archive.read(name)), report)
                read += 1
    assert read > 3 and not report.total and not report.reasons, (report.findings, report.reasons)


# Exported programs ----------------------------------------------------------------------------------------------------


def _program(**changes: Any) -> dict[str, Any]:
    node = {"target": "torch.ops.aten.relu.default", "inputs": [], "outputs": [], "metadata": {}}
    size = {"as_expr": {"expr_str": "Mul(Integer(4), Symbol('s38', positive=True, integer=True))"}}
    spec = '[1, {"type": "builtins.tuple", "context": "null", "children_spec": []}]'
    return {
        "graph_module": {
            "graph": {"nodes": [node], "sym_int_values": {"n": size}},
            "module_call_graph": [{"fqn": "", "signature": {"in_spec": spec, "out_spec": spec}}],
        },
        "guards_code": ["L['x'].size()[0] == (4*(L['d']['s'].size()[0] // 4))"],
        "range_constraints": {"s38": {"min_val": 2, "max_val": 100}},
        **changes,
    }


def _read_program(program: Any) -> Report:
    report = Report("models/model.json")
    torchscript_source = program if isinstance(program, bytes) else json.dumps(program).encode()
    pt2.read_program(Held(torchscript_source), report)
    return report


def _with_node(**node: Any) -> dict[str, Any]:
    program = _program()
    program["graph_module"]["graph"]["nodes"].append({"inputs": [], "outputs": [], **node})
    return program


def test_an_ordinary_program_is_clean() -> None:
    report = _read_program(_program())
    assert not report.total and not report.reasons, (report.findings, report.reasons)


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("torch.ops.evil.run.default", ["evil::run"]),
        ("torch.ops.aten.from_file.default", ["aten::from_file"]),
        ("torch.os.system", ["torch.os.system"]),
        ("torch.ops.load_library", ["torch.ops.load_library"]),
        ("torch.ops.aten.add.__class__", ["torch.ops.aten.add.__class__"]),
        ("torch.ops.aten.add.Tensor.__call__", ["torch.ops.aten.add.Tensor.__call__"]),
        ("torchvision.os.system", ["torchvision.os.system"]),
        ("_operator.methodcaller", ["_operator.methodcaller"]),
        ("math.__loader__", ["math.__loader__"]),
        ("#ext:op", ["#ext:op"]),
        ("torch.ops.higher_order.triton_kernel_wrapper_functional", None),
        ("torch.ops.higher_order.cond", []),
        ("_operator.mul", []),
        ("torch.sym_max", []),
        (7, ["<computed>"]),
    ],
)
def test_targets(target: Any, found: list[str] | None) -> None:
    assert _names(_read_program(_with_node(target=target))) == ([target] if found is None else found)


def test_an_operator_as_argument_and_a_node_in_a_subgraph() -> None:
    graph = {"nodes": [{"target": "torch.os.system", "inputs": [], "outputs": []}]}
    inputs = [{"arg": {"as_graph": {"graph": graph}}}, {"arg": {"as_operator": "torch.ops.evil.op.default"}}]
    report = _read_program(_with_node(target="torch.ops.higher_order.cond", inputs=inputs))
    assert sorted(_names(report)) == ["evil::op", "torch.os.system"]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')",
        "().__class__.__base__",
        "s0 if eval('1') else 2",
        "lambda: 1",
        "[s0 for s0 in (1,)]",
        "(" * 5000,
    ],
)
def test_symbolic_sizes_and_guards_that_are_code(text: str) -> None:
    assert expressions.judge(text) == "code"
    assert not expressions.is_guard(text)
    program = _program(guards_code=[text])
    program["graph_module"]["graph"]["sym_int_values"]["n"]["as_expr"]["expr_str"] = text
    assert _read_program(program).total == 2


def test_a_symbol_with_the_name_of_something_else() -> None:
    assert expressions.judge("Symbol('__import__')") == "code"


@pytest.mark.parametrize("text", ["9**9**9**9", "Pow(Integer(9), Pow(Integer(9), Integer(99)))", "1 << 99999999"])
def test_powers_that_cannot_be_computed(text: str) -> None:
    assert expressions.judge(text) == "bomb"


@pytest.mark.parametrize(
    "text", ["s0 + 2*u1", "Max(1, s0)", "s0**2", "FloorDiv(Symbol('s1', integer=True), Integer(2))"]
)
def test_arithmetic(text: str) -> None:
    assert expressions.judge(text) == "arithmetic"


@pytest.mark.parametrize("text", ["L['x\"'] == 1", "L['x'] == 1\n", "L['x'].tofile('f')", "f'{1}' == 1", "1 # a", None])
def test_guards_that_leave_their_place(text: Any) -> None:
    assert _read_program(_program(guards_code=[text])).total == 1


def test_inputs_that_import() -> None:
    context = json.dumps({"default_factory_module": "os", "default_factory_name": "system", "dict_context": []})
    enum = '{"__en\\u0075m__": true, "fqn": "evil:Kind", "name": "A"}'
    children = [{"type": "x", "context": enum, "children_spec": []}]
    spec = json.dumps([1, {"type": "collections.defaultdict", "context": context, "children_spec": children}])
    program = _program()
    program["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = spec
    assert sorted(_names(_read_program(program))) == ["evil.Kind", "os.system"]


def test_programs_that_cannot_be_read() -> None:
    for raw in (b"", b"[]", b'{"a": 1, "a": 2}', b"[" * 100_000, b'{"graph_module": 1'):
        with pytest.raises(Unread):
            _read_program(raw)


def test_pickled_weights_and_members() -> None:
    entries = {
        "a": {"path_name": "weight_0", "use_pickle": False},
        "b": {"path_name": "weight_1", "use_pickle": True},
        "c": {"path_name": "opaque_obj_0", "use_pickle": False},
    }
    config = json.dumps({"config": entries}).encode()
    assert pt2.pickled_weights(Held(config)) == {"weight_1", "opaque_obj_0"}
    report = Report()
    assert pt2.judge_code("m/data/aotinductor/model/x.wrapper.so", report) and report.total == 1
    assert not pt2.judge_code("m/data/weights/weight_0", report)


@pytest.mark.parametrize(
    ("names", "findings", "reasons"),
    [
        (["m/archive_format", "m/models/model.json"], 0, 0),
        (["m/archive_format", "m/data.pkl"], 0, 1),
        (["m/data.pkl", "schema.json"], 0, 1),
        (["p/.data/extern_modules", "p/m.py"], 1, 0),
        (["MAR-INF/MANIFEST.json", "handler.py"], 0, 1),
        (["MAR-INF/MANIFEST.json", "model.pt"], 0, 0),
    ],
)
def test_archives_of_several_kinds(names: list[str], findings: int, reasons: int) -> None:
    report = Report()
    pt2.judge_kinds(names, report)
    assert (report.total, len(report.reasons)) == (findings, reasons)
