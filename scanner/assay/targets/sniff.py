"""Find the format of a file from its content, never from its name. Standard library only, few reads."""

from __future__ import annotations

import json
import re
import stat
import zipfile
from mmap import ACCESS_READ, mmap
from pathlib import Path

from assay.targets import data_probe, text_probe, tf_probe
from assay.targets.pickle_probe import looks_like_pickle

HEAD = 65_536
"""Bytes that `sniff` reads before it decides where else to look."""

EMPTY, FOLDER, SPECIAL = "empty", "folder", "special"
PICKLE, JOBLIB, JOBLIB_ZF, TORCH_LEGACY = "pickle", "joblib", "joblib-zf", "torch-legacy"
TORCH_ZIP, TORCHSCRIPT, NPZ, SKOPS, KERAS, ZIP = "torch-zip", "torchscript", "npz", "skops", "keras", "zip"
PT2 = "torch-export"
TAR, GZIP, BZ2, XZ, LZMA, ZLIB, ZSTD, LZ4 = "tar", "gzip", "bz2", "xz", "lzma", "zlib", "zstd", "lz4"
SEVENZIP, RAR = "7z", "rar"
NPY, SAFETENSORS, ONNX, HDF5, GGUF, SAVEDMODEL, TFLITE = (
    "npy",
    "safetensors",
    "onnx",
    "hdf5",
    "gguf",
    "savedmodel",
    "tflite",
)
TF_GRAPH, TF_METAGRAPH, TF_TEXT = tf_probe.GRAPHDEF, tf_probe.METAGRAPH, tf_probe.GRAPH_TEXT
KERAS_METADATA, TF_FINGERPRINT, TF_INDEX = tf_probe.KERAS_METADATA, tf_probe.FINGERPRINT, tf_probe.INDEX
TF_SHARD = "tf-shard"
"""Numbers of a checkpoint: never from the bytes alone, only with the index beside them."""
ONNX_TEXT, CAFFE_TEXT = text_probe.ONNX_TEXT, text_probe.CAFFE_TEXT
LIGHTGBM, XGBOOST_JSON, XGBOOST_UBJ, CATBOOST = "lightgbm-text", "xgboost-json", "xgboost-ubj", "catboost"
PARQUET, ARROW, SQLITE = "parquet", "arrow", "sqlite"
JSON, JSONL, CSV, TEXT, UTF16 = "json", "jsonl", "csv", "text", "utf-16 text"
IMAGE, PDF, EXECUTABLE, BYTECODE, BINARY = data_probe.IMAGE, "pdf", "executable", "bytecode", "binary"
MEDIA, FONT, FOLDER_VIEW = data_probe.MEDIA, data_probe.FONT, data_probe.FOLDER_VIEW
SENTENCEPIECE, TFRECORD, MSGPACK = data_probe.SENTENCEPIECE, data_probe.TFRECORD, data_probe.MSGPACK

COMPRESSED = frozenset({GZIP, BZ2, XZ, LZMA, ZLIB, ZSTD, LZ4, JOBLIB_ZF})
"""One stream within; what it holds is found when it is opened."""
HOLDERS = COMPRESSED | {ZIP, TAR}
"""Formats of which no loader makes anything by themselves: what counts is what they hold."""
ARCHIVES = frozenset({ZIP, TAR, SEVENZIP, RAR})
ZIP_BASED = frozenset({ZIP, TORCH_ZIP, TORCHSCRIPT, PT2, NPZ, SKOPS, KERAS})
PICKLES = frozenset({PICKLE, JOBLIB, TORCH_LEGACY})
BOOSTERS = frozenset({LIGHTGBM, XGBOOST_JSON, XGBOOST_UBJ, CATBOOST})
"""Trees as plain numbers: their loaders run nothing."""
ONNX_TENSORS = "onnx-tensors"
"""Numbers of an ONNX model: never from the bytes alone, only with the model beside them that names the file."""
TF_BESIDE = frozenset({TF_FINGERPRINT, TF_INDEX, TF_SHARD, ONNX_TENSORS})
"""What lies beside a model: hashes, where its numbers are, and the numbers."""
WALKED = frozenset({SENTENCEPIECE, TFRECORD, MSGPACK})
"""Data that is known by its beginning and has to be walked to its end."""
DATA = frozenset(
    {PARQUET, ARROW, SQLITE, JSON, JSONL, CSV, TEXT, UTF16, IMAGE, PDF}
    | {MEDIA, FONT, FOLDER_VIEW, SENTENCEPIECE, TFRECORD}
)
"""Formats that no loader of models executes."""

_MAGIC = (
    (b"\x93NUMPY", NPY),
    (b"\x1f\x8b", GZIP),
    (b"\xfd7zXZ\x00", XZ),
    (b"\x5d\x00\x00", LZMA),
    (b"\x28\xb5\x2f\xfd", ZSTD),
    (b"\x04\x22\x4d\x18", LZ4),
    (b"7z\xbc\xaf\x27\x1c", SEVENZIP),
    (b"Rar!\x1a\x07", RAR),
    (b"\x89HDF\r\n\x1a\n", HDF5),
    (b"CBM1", CATBOOST),
    (b"GGUF", GGUF),
    (b"FUGG", GGUF),
    (b"PAR1", PARQUET),
    (b"PARE", PARQUET),
    (b"ARROW1", ARROW),
    (b"SQLite format 3\x00", SQLITE),
    (b"\x89PNG\r\n\x1a\n", IMAGE),
    (b"\xff\xd8\xff", IMAGE),
    (b"GIF87a", IMAGE),
    (b"GIF89a", IMAGE),
    (b"II*\x00", IMAGE),
    (b"MM\x00*", IMAGE),
    (b"%PDF-", PDF),
    (b"\x7fELF", EXECUTABLE),
    (b"MZ\x90", EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", EXECUTABLE),
    (b"\xca\xfe\xba\xbe", EXECUTABLE),
)
_WORDS = frozenset({CATBOOST, GGUF, PARQUET, ARROW, RAR})
"""Formats whose marks are words that a text may begin with."""
_TORCH_MAGIC = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_ZLIB_SECOND = frozenset(b"\x01\x5e\x9c\xda")
_ZF = re.compile(rb"ZF0x[0-9a-fA-F]{1,16}L? *x[\x01\x5e\x9c\xda]")
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_R_TEXT = re.compile(rb"RD[ABX]\d\n|A\n\s*[23]\s")
"""Objects of R: its readers run what they hold."""
_TEXT_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(path: Path) -> str:
    """Return the format of the file at `path`, one of this module's constants.

    Follows a symlink, opens regular files only (a fifo would block).

    Raises:
        OSError: the file cannot be read.
    """
    info = path.stat()
    if stat.S_ISDIR(info.st_mode):
        return FOLDER
    if not stat.S_ISREG(info.st_mode):
        return SPECIAL
    if info.st_size == 0:
        return EMPTY
    with path.open("rb") as file:
        head = file.read(HEAD)
        if info.st_size <= HEAD:
            found = _by_content(head, len(head))
        else:
            with mmap(file.fileno(), 0, access=ACCESS_READ) as whole:
                found = _by_content(whole, len(whole))
        if found in (ZIP, BINARY):
            return _zip_flavour(path, found)
    return found


def sniff_bytes(head: bytes) -> str:
    """Return the format that the first bytes show; a zip is only `zip`, for its directory lies at the end."""
    if not head:
        return EMPTY
    return _by_content(head, None)


def _by_content(data: bytes | mmap, size: int | None) -> str:
    """Decide from `data`; `size` is the length of the whole, None where `data` may be cut."""
    head = data[:HEAD]
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return ZIP
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 8:
        # a header of 128 bytes and more begins like a protocol; no opcode is zero, so no pickle goes on from there
        return SAFETENSORS if head[2:3] == b"\0" and _is_safetensors(head, size) else _pickle_flavour(head)
    if looks_like_pickle(data):  # before every other mark: `GIF8` and a tar's first name are opcodes as well
        return _pickle_flavour(head)
    found = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    closed = found == PARQUET and size is not None and data[-4:] == b"PAR1"
    if found in _WORDS and not closed and not _TEXT_CONTROL.search(head):
        found = None  # a text that begins with the name of the format; in the format, numbers follow
    if found is not None:
        return _other_reading(data, head, size) or found if found in DATA else found
    if head[:3] == b"BZh" and head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return BZ2
    if _ZF.match(head):
        return JOBLIB_ZF
    if head[:3] in (b"{L\x00", b"{l\x00", b"{i\x07") and b"learner" in head[:32]:
        return XGBOOST_UBJ
    if head[4:8] == b"TFL3":
        return TFLITE
    if head[4:8] in (b"ORTM", b"ET12"):  # ONNX Runtime's own format, ExecuTorch
        return BINARY
    if head[:1] == b"x" and len(head) > 1 and head[1] in _ZLIB_SECOND and (0x7800 + head[1]) % 31 == 0:
        return ZLIB
    if _is_tar(head):
        return TAR
    if hdf5_behind(data):
        return HDF5
    if len(head) >= 4 and head[2:4] == b"\r\n" and head[1] in (0x0C, 0x0D, 0x0E) and head[4:8] == bytes(4):
        return BYTECODE
    if _is_safetensors(head, size):
        return SAFETENSORS
    if _R_TEXT.match(head):
        return BINARY
    found = _marked(data, head, size)
    if found is not None:
        return found
    found = _protobuf(data, size is None) or _textual(head, size is None or size > HEAD)
    if found in (TEXT, CSV, JSON, JSONL):
        if tf_probe.is_graph_text(data):
            return TF_TEXT
        if text_probe.is_lightgbm(data):
            return LIGHTGBM
        if text_probe.is_xgboost(data, size is None):
            return XGBOOST_JSON
        found = text_probe.model_text(data) or found
    if found is None and (size is not None or len(data) < HEAD) and tf_probe.is_index(data):
        return TF_INDEX
    return found or BINARY


def _marked(data: bytes | mmap, head: bytes, size: int | None) -> str | None:
    """Tell what stands beside models by how it begins; None for anything else."""
    if data_probe.is_sentencepiece(data):
        return SENTENCEPIECE
    if data_probe.record_length(head[:12]) is not None:
        found: str | None = TFRECORD
    else:
        found = MSGPACK if data_probe.is_msgpack(head) else data_probe.media_kind(head, size)
    return found and (_other_reading(data, head, size) or found)


def _other_reading(data: bytes | mmap, head: bytes, size: int | None) -> str | None:
    """Return what else a loader finds in data that is known by its mark: the mark of an image is no obstacle to it."""
    if _is_tar(head):
        return TAR
    if hdf5_behind(data):
        return HDF5
    flat = head[4:8] in (b"TFL3", b"ORTM", b"ET12")
    return BINARY if flat or tf_probe.is_graph_behind(data, size is None) else None


def hdf5_behind(data: bytes | mmap) -> bool:
    """Say whether an HDF5 file begins behind a block of the user's: at 512 bytes, or at any power of two beyond."""
    at = 512
    while at < len(data):
        if data[at : at + 8] == b"\x89HDF\r\n\x1a\n":
            return True
        at *= 2
    return False


def _pickle_flavour(head: bytes) -> str:
    """Tell a legacy torch file and a joblib dump from other pickles."""
    if _TORCH_MAGIC in head[:32]:
        return TORCH_LEGACY
    return JOBLIB if b"joblib.numpy_pickle" in head else PICKLE


def _zip_flavour(path: Path, otherwise: str) -> str:
    """Tell the formats that are zips by the names of their members."""
    try:
        if otherwise == BINARY and not zipfile.is_zipfile(path):
            return BINARY
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        return otherwise
    return zip_flavour(names)


def zip_flavour(names: list[str]) -> str:
    """Return the format of a zip with members of these names."""
    known = set(names)
    last = {name.rsplit("/", 1)[-1] for name in names}
    if "data.pkl" in last:
        compiled = "constants.pkl" in last or any("/code/" in f"/{name}" for name in names)
        return TORCHSCRIPT if compiled else TORCH_ZIP
    top = known | {name.partition("/")[2] for name in names}
    if "archive_format" in top or "serialized_exported_program.json" in top:
        return PT2
    if "schema.json" in known:
        return SKOPS
    if "config.json" in known and ("metadata.json" in known or "model.weights.h5" in known):
        return KERAS
    if names and all(name.endswith(".npy") for name in names):
        return NPZ
    return ZIP


def _is_tar(head: bytes) -> bool:
    """Say whether a tar header with a right checksum stands at 0 (ustar, or older without a magic)."""
    block = head[:512]
    if len(block) < 512 or not block[0]:
        return False
    digits = block[148:156].strip(b" \x00")
    if not digits or any(char not in b"01234567" for char in digits):
        return False
    return int(digits, 8) == sum(block) - sum(block[148:156]) + 8 * 32


def _is_safetensors(head: bytes, size: int | None) -> bool:
    """A length of 8 bytes, then JSON; a wrong length is still safetensors when a tensor table follows."""
    if len(head) < 10 or head[8:9] != b"{" or head[9:10] not in b'"} \n\t\r':
        return False
    length = int.from_bytes(head[:8], "little")
    return (size is None or length <= size - 8) or any(k in head[:4096] for k in (b'"data_offsets"', b'"dtype"'))


def _protobuf(data: bytes | mmap, cut: bool) -> str | None:
    """Tell ONNX and the messages of TensorFlow by the fields of their outermost message."""
    found = tf_probe.tensorflow_kind(data, cut)
    if found is not None:
        return found
    fields: dict[int, int] = {}
    at, end = 0, len(data)
    try:
        for _ in range(10_000):
            if at >= end:
                break
            key, at = tf_probe.varint(data, at, end)
            field, wire = key >> 3, key & 7
            if not field or field > 64 or wire not in (0, 2) or fields.setdefault(field, wire) != wire:
                return None
            value, at = tf_probe.varint(data, at, end)
            if wire == 2:
                if field == 2 and _TEXT_CONTROL.search(data[at : at + min(value, HEAD)]):
                    return None
                at += value
    except tf_probe.Broken:
        return None
    if at > end and not cut and 7 not in fields:
        return None
    return ONNX if fields.get(7) == 2 and fields.get(1, 0) == 0 and (1 in fields or 8 in fields) else None


def _textual(head: bytes, cut: bool) -> str | None:
    """Tell text formats apart; None for anything that is not text."""
    if head[:2] in _BOMS and len(head) > 2:
        return _utf16(head, "utf-16-le" if head[0] == 0xFF else "utf-16-be")
    body = head.removeprefix(b"\xef\xbb\xbf")
    if _TEXT_CONTROL.search(body):
        return (_utf16(body, "utf-16-le") or _utf16(body, "utf-16-be")) if len(body) >= 8 else None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        if cut and error.start >= len(body) - 4:
            text = body[: error.start].decode("utf-8")
        else:
            high = sum(byte >= 0x80 for byte in body)
            return TEXT if high * 10 < len(body) * 3 else None
    return _kind_of_text(text.lstrip(), cut)


def _utf16(head: bytes, encoding: str) -> str | None:
    """Say whether the bytes are text in UTF-16: printable, and mostly Latin where no mark says so."""
    pairs = head[: len(head) // 2 * 2]
    text = pairs.decode(encoding, "replace")
    odd = sum(not (char.isprintable() or char in "\t\n\r\ufeff") or char == "\ufffd" for char in text)
    common = sum(char < "\u0250" for char in text)
    return UTF16 if odd * 50 <= len(text) and (common * 10 >= len(text) * 7 or head[:2] in _BOMS) else None


def _kind_of_text(text: str, cut: bool) -> str:
    if text.startswith("tree\nversion=v"):
        return LIGHTGBM
    if text[:1] in ("{", "["):
        lines = text.split("\n", 2)
        if text[0] == "{" and len(lines) > 1 and lines[1][:1] == "{" and _parses(lines[0]):
            return JSONL
        return JSON if cut or _parses(text) else TEXT
    lines = [line for line in text.split("\n")[:20] if line.strip()]
    if cut and len(lines) > 1:
        lines.pop()
    for separator in (",", ";", "\t", "|"):
        counts = [line.count(separator) for line in lines]
        if len(counts) >= 2 and counts[0] and sum(count == counts[0] for count in counts) * 10 >= len(counts) * 8:
            return CSV
    return TEXT


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
