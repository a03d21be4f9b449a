"""Works that use the big libraries inside a sealed worker; run by test_seal_frameworks.py."""


def torch_trains(opened, shard):
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(72, 2))
    loss = torch.nn.functional.cross_entropy(net(torch.rand(8, 1, 8, 8)), torch.arange(8) % 2)
    loss.backward()
    return all(part.grad is not None and bool(part.grad.abs().sum() > 0) for part in net.parameters())


def onnx_answers(opened, shard):
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    node = helper.make_node("Softmax", ["x"], ["y"])
    graph = helper.make_graph(
        [node], "g", [value("x", TensorProto.FLOAT, [None, 3])], [value("y", TensorProto.FLOAT, [None, 3])]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.zeros((2, 3), np.float32)})[0]


def sklearn_fits_a_clone(opened, shard):
    import numpy as np
    from sklearn.base import clone
    from sklearn.ensemble import RandomForestClassifier

    x = np.random.default_rng(0).normal(size=(200, 4))
    forest = clone(RandomForestClassifier(n_estimators=5, random_state=0, n_jobs=1)).fit(x, x[:, 0] > 0)
    return float((forest.predict(x) == (x[:, 0] > 0)).mean())


def xgboost_fits(opened, shard):
    import numpy as np
    import xgboost

    x = np.random.default_rng(0).normal(size=(200, 4))
    model = xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(x, x[:, 0] > 0)
    return float((model.predict(x) == (x[:, 0] > 0)).mean())


def art_imports(opened, shard):
    import art
    from art.config import ART_DATA_PATH

    return [art.__version__, ART_DATA_PATH]


def presidio_analyzes(opened, shard):
    """E-mail addresses need the list of public suffixes, which the library would download."""
    import tldextract
    from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, EmailRecognizer

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    card = CreditCardRecognizer().analyze("card 4111 1111 1111 1111", ["CREDIT_CARD"], None)
    address = EmailRecognizer().analyze("write to ann@example.com", ["EMAIL_ADDRESS"], None)
    return [len(card), len(address)]


def pandas_reads_parquet(opened, shard):
    import pandas

    return len(pandas.read_parquet(opened.path(shard.input)))


def looks_for_a_library(opened, shard):
    import ctypes.util

    return ctypes.util.find_library("a-library-that-nobody-has")
