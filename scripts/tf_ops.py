"""Write `tf_ops.json`, the operators that a TensorFlow graph may name, from TensorFlow and tensorflow-text.

    python scripts/tf_ops.py            write the file
    python scripts/tf_ops.py --check    write nothing; exit 1 where the file is not what it would write

Run it in an environment of its own (`pip install tensorflow-cpu tensorflow-text`); the project does not need either.

The rule: TensorFlow groups its operators by the source file that registers them. A whole group is trusted where it
computes, refused where it works on files, sockets, processes, Python or libraries; `REFUSED` names the operators of a
trusted group that do so all the same, found by the names of their arguments (`SUSPECT`) and by reading their kernels.
An operator that no rule covers is refused.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from importlib import metadata
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "detectors" / "assay_detectors" / "artifact" / "tf_ops.json"

_TRUSTED = """
array audio batch bitwise boosted_trees candidate_sampling clustering composite_tensor control_flow count ctc
cudnn_rnn data_flow dataset decode_proto encode_proto experimental_dataset functional image linalg list logging
lookup manip map math nn optional parsing ragged_array ragged_conversion ragged_math random random_index_shuffle
resource_variable rnn sdca set sparse sparse_csr_matrix special_math spectral state stateful_random
stateless_random stateless_random_v2 string tpu tpu_partition training uniform_quant xla
"""
TRUSTED = frozenset(_TRUSTED.split())
GROUPS = {
    "checkpoint": "file",
    "collective": "network",
    "debug": "file",
    "filesystem": "file",
    "io": "file",
    "nccl": "network",
    "script": "python",
    "sendrecv": "network",
    "summary": "file",
}
"""What a group that is not trusted does."""

REFUSED = {
    "Abort": "process",
    "CacheDataset": "file",
    "CacheDatasetV2": "file",
    "DatasetFromGraph": "hidden",
    "DeserializeIterator": "hidden",
    "DumpTensor": "file",
    "GeneratorDataset": "hidden",
    "ImmutableConst": "file",
    "ListDataset": "hidden",
    "RecordInput": "file",
    "RemoteCall": "network",
    "SleepDataset": "process",
    "SnapshotNestedDatasetReader": "file",
    "ExperimentalSleepDataset": "process",
    "StatsAggregatorSetSummaryWriter": "file",
    "StoreMinibatchStatisticsInFdo": "file",
    "ShutdownDistributedTPU": "process",
    "WorkerHeartbeat": "process",
    "MlirPassthroughOp": "hidden",
    "TRTEngineOp": "library",
    "CreateTRTResourceHandle": "library",
    "InitializeTRTResource": "file",
    "SerializeTRTResource": "file",
    "XlaCustomCall": "library",
    "XlaCustomCallV2": "library",
    "CalibrationStatisticsSaver": "file",
    "Skipgram": "file",
}
CONDITIONAL = frozenset(["DecodeProtoV2", "EncodeProto", "FixedUnigramCandidateSampler", "PrintV2", "XlaCallModule"])
"""Trusted only with the arguments that `tf_graph.ATTRIBUTES` allows."""
SUSPECT = re.compile(
    r"(^|_)(file|filenames?|files|path|paths|address|protocol|urls?|directory|dir|logdir|patterns|query)($|_)"
)
NOT_A_FILE = frozenset(["TensorSliceDataset", "CTCBeamSearchDecoder"])
"""Operators with an argument that only sounds like a file."""

EXTRA = re.compile(
    r"Xla(?!Launch|Host|Recv|Send)\w+|Risc\w+|Placeholder\w*|HostConst|KthOrderStatistic|TopK\w*Unique|MakeUnique|"
    r"QuantizedConcatV2|AudioMicrofrontend|CustomAggregator|StochasticCastToInt|IsTensorFloat32Enabled|TPURoundRobin|"
    r"TPUCompile\w*|TPUExecute\w*|TPUReshardVariables"
)
"""Operators without a Python function of their own that compute: XLA's (jax2tf), quantisation, TPU programs."""
STRINGS_ONLY = frozenset(["ShardedFilename", "ShardedFilespec"])
"""Of the group `io`, but they only put a name together."""


def _groups() -> dict[str, str]:
    """Return operator -> group, from TensorFlow's own table of raw operators."""
    from tensorflow._api.v2 import raw_ops

    table = Path(raw_ops.__file__).read_text("utf-8")
    return {name: group for group, name in re.findall(r"^from \S*\.gen_(\w+?)(?:_ops)? import (\w+)", table, re.M)}


def _registered() -> list[Any]:
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session

    operators = op_def_pb2.OpList()
    operators.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return list(operators.op)


def _power(operator: Any, group: str | None) -> str | None:
    """Return what an operator is refused for, None where it is trusted."""
    name = operator.name
    if name in REFUSED:
        return REFUSED[name]
    if name in STRINGS_ONLY or name in CONDITIONAL:
        return None
    if name not in NOT_A_FILE and any(SUSPECT.search(a.name) for a in [*operator.input_arg, *operator.attr]):
        words = {a.name for a in [*operator.input_arg, *operator.attr]}
        return "network" if words & {"address", "protocol", "server_address"} else "file"
    if group is None:
        return None if EXTRA.fullmatch(name) else "other"
    group = group.removesuffix("_ops").replace("_ops_v2", "_v2")
    return None if group in TRUSTED else GROUPS.get(group, "other")


def build() -> str:
    """Return the text of the data file."""
    groups = _groups()
    own = {operator.name: operator for operator in _registered()}
    import tensorflow_text  # noqa: F401  (registers its operators)

    text = sorted(operator.name for operator in _registered() if operator.name not in own)
    trusted, refused = [], {}
    for name in sorted(own):
        if name.startswith("_"):
            continue
        power = _power(own[name], groups.get(name))
        if power is None:
            trusted.append(name)
        elif power != "other":
            refused.setdefault(power, []).append(name)
    sources = [f"{name} {metadata.version(name)}" for name in ("tensorflow", "tensorflow-text")]
    data = {
        "from": sources,
        "trusted": _lines(trusted),
        "text": _lines(text),
        "refused": {power: _lines(names) for power, names in sorted(refused.items())},
    }
    return json.dumps(data, indent=1) + "\n"


def _lines(names: list[str]) -> list[str]:
    return textwrap.wrap(" ".join(names), 110, break_long_words=False, break_on_hyphens=False)


def main() -> int:
    """Write or check the data file."""
    wanted = build()
    if "--check" in sys.argv:
        return int(TARGET.read_text("utf-8") != wanted)
    TARGET.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
