"""The reading of one file: every format to its reader, within one budget. Standard library only."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from assay.targets import sniff
from assay.targets.pickle_probe import wants_more
from assay_detectors.artifact import beside, configs, pt2, tars, torchscript
from assay_detectors.artifact.arrays import npy_length
from assay_detectors.artifact.boosters import read_booster
from assay_detectors.artifact.gguf import read_gguf
from assay_detectors.artifact.hdf5 import read_hdf5_stream
from assay_detectors.artifact.keras_config import MAX_CONFIG, read_zip_member
from assay_detectors.artifact.lz4 import Lz4
from assay_detectors.artifact.names import judge_extension, judge_name
from assay_detectors.artifact.onnx_wire import judge_external, read_onnx
from assay_detectors.artifact.pickles import read_legacy, read_pickles
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.safetensors_header import read_header
from assay_detectors.artifact.skops_schema import MAX_SCHEMA, read_schema
from assay_detectors.artifact.sources import CODECS, MAX_DEPTH, Budget, Expanded, FilePart, Held, Region, Source, Unread
from assay_detectors.artifact.tables import read_table
from assay_detectors.artifact.tf_checkpoint import SHARD
from assay_detectors.artifact.zips import Zip

NOT_YET = {
    sniff.TF_TEXT: "graphs of TensorFlow in text form are not analysed",
    sniff.ONNX_TEXT: "models of ONNX in text form are not analysed",
    sniff.CAFFE_TEXT: "models of Caffe in text form are not analysed",
    sniff.SEVENZIP: "7z archives are not opened",
    sniff.RAR: "rar archives are not opened",
    sniff.EXECUTABLE: "it is machine code",
    sniff.BYTECODE: "it is Python bytecode",
    sniff.BINARY: "its format is not known",
    sniff.EMPTY: "it is empty",
    sniff.FOLDER: "it is a folder where a file is expected",
    sniff.SPECIAL: "it is no regular file",
}
_WHOLE = frozenset({sniff.SAVEDMODEL, sniff.TF_GRAPH, sniff.TF_METAGRAPH, sniff.KERAS_METADATA, sniff.TFLITE})
"""Formats that are read as one piece: from a map of the file, or from memory."""
MAX_WHOLE = 2 << 30
_USER_BLOCK = (1 << 20) + 8
"""Bytes at the head of a member in which an HDF5 file may begin."""
MAX_INNER_ZIP = 256 << 20
_LINK = 0xA
"""File type of a symbolic link, in the attributes that a zip keeps for Unix."""


class Reader:
    """The reading of one file: one budget, one report at a time."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        """Where the file lies, for formats that keep a part of themselves in files beside it."""
        self.budget = Budget()
        self.depth = 0
        self.notes: set[str] = set()
        self.recognised = False
        """Whether anything of a model was read: its numbers, its program, or a text that configures it."""

    def read(self, source: Source, length: int | None, form: str, report: Report, name: str = "") -> None:
        """Read content of a known format into `report`; never raises `Unread`."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise Unread(f"more than {MAX_DEPTH} containers lie within each other", "bomb")
            if form in configs.TEXTS:
                self.recognised |= configs.read_source(source, name, form, report, self.notes)
            else:
                self.recognised |= form not in sniff.DATA | sniff.HOLDERS
                self._read(source, length, form, report)
        except Unread as error:
            report.unread(str(error), error.rule)
        finally:
            self.depth -= 1

    def _read(self, source: Source, length: int | None, form: str, report: Report) -> None:
        if form in (sniff.PICKLE, sniff.JOBLIB):
            read_pickles(source, report, self.budget, self.nested, joblib=True)
        elif form == sniff.TORCH_LEGACY:
            read_legacy(source, report, self.budget, self.nested)
        elif form in sniff.ZIP_BASED:
            self.zip(source, length, report)
        elif form in sniff.COMPRESSED:
            self.compressed(source, form, report)
        elif form == sniff.TAR:
            self.tar(source, report)
        elif form == sniff.NPY:
            self.npy(source, report)
        elif form == sniff.SAFETENSORS:
            held = source if length is not None else Held(source.read_all(MAX_INNER_ZIP, "an inner safetensors file"))
            read_header(held, length if length is not None else len(held.peek(MAX_INNER_ZIP)), report)
        elif form == sniff.HDF5:
            read_hdf5_stream(source, length, report, self.nested)
        elif form == sniff.ONNX:
            self.onnx(source.read_all(2 << 30, "an ONNX file"), report)
        elif form == sniff.GGUF:
            self.gguf(source, length, report)
        elif form in _WHOLE:
            self.whole(source, form, report)
        elif form in sniff.BOOSTERS:
            read_booster(form, source, length, report)
        elif form in (sniff.PARQUET, sniff.ARROW):
            read_table(source, report)
        elif form in sniff.WALKED:
            beside.read(form, source)
        elif form not in sniff.DATA | sniff.TF_BESIDE:
            raise Unread(NOT_YET.get(form, f"{form} files are not analysed"), None)

    def npy(self, source: Source, report: Report) -> None:
        """Read one npy file, and those that are appended to it."""
        while True:
            length = npy_length(source)
            if length is None:
                read_pickles(source, report, self.budget, self.nested, joblib=False)
                return
            if source.skip(length) < length:
                raise Unread("its array is cut off", "cut-off")
            rest = source.peek(sniff.HEAD)
            if not rest:
                return
            if sniff.sniff_bytes(rest) != sniff.NPY:
                inner = report.inner("bytes behind the array")
                self.nested(rest, inner, False)
                report.absorb(inner, complete=False)
                raise Unread("bytes follow its array", "hidden")

    def gguf(self, source: Source, length: int | None, report: Report) -> None:
        """Read the header of a GGUF file and judge its templates."""
        from assay_detectors.artifact.templates import read_template

        read_gguf(source, length, report, read_template)

    def whole(self, source: Source, form: str, report: Report) -> None:
        """Read a format that has to lie in one piece."""
        from assay_detectors.artifact import savedmodel, tflite

        read = {
            sniff.SAVEDMODEL: savedmodel.read_savedmodel,
            sniff.TF_GRAPH: savedmodel.read_graph,
            sniff.TF_METAGRAPH: savedmodel.read_metagraph,
            sniff.KERAS_METADATA: savedmodel.read_keras_metadata,
            sniff.TFLITE: tflite.read_tflite,
        }[form]
        mapped = source.mapped() if isinstance(source, FilePart) else None
        if mapped is not None:
            with mapped:
                read(mapped, report)
        else:
            read(source.read_all(MAX_WHOLE, f"a {form} file"), report)

    def onnx(self, data: Any, report: Report) -> None:
        """Walk an ONNX model; files beside it are named as not read."""
        external = read_onnx(data, report)
        if external and self.folder is not None and self.depth == 0:
            judge_external(external, self.folder, report)
        if external:
            self.notes.add("tensors that an ONNX file keeps in other files are numbers and are not read")

    def compressed(self, source: Source, form: str, report: Report) -> None:
        """Open one compressed stream and read what it holds."""
        if form == sniff.JOBLIB_ZF:
            head = source.peek(64)
            source.skip(head.index(b"x\x78") if b"x\x78" in head[4:] else len(head[:4]) + head[4:].index(b"x"))
            form = sniff.ZLIB
        inner = report.inner(form)
        opened: Source = Expanded(source, form, self.budget) if form in CODECS else Lz4(source, self.budget)
        try:
            self.member(opened, None, "", inner)
            opened.skip(1 << 62)
        except Unread as error:
            inner.unread(str(error), error.rule)
        report.absorb(inner)

    def member(self, source: Source, length: int | None, name: str, report: Report, *, raw: bool = False) -> None:
        """Find out what a member is, and read it. With `raw`, unknown bytes are what is expected here."""
        head = source.peek(sniff.HEAD)
        found = sniff.sniff_bytes(head)
        need = wants_more(head) if found in sniff.DATA and len(head) == sniff.HEAD else 0
        if need and (need <= configs.MAX_TEXT or need == 1 << 62):
            source = Held(source.read_all(configs.MAX_TEXT, "what may begin as a pickle"))
            found = sniff.sniff_bytes(source.data)
            need = 0
        if found in sniff.DATA and sniff.hdf5_behind(source.peek(_USER_BLOCK)):
            found = sniff.HDF5
        base = name.rsplit("/", 1)[-1]
        judge_extension(base, found, report)
        if base == "data.pkl" and not raw:
            read_pickles(source, report, self.budget, self.nested, joblib=False)
        elif found == sniff.EMPTY and name:
            return
        elif not ((raw or SHARD.fullmatch(base)) and found in (sniff.BINARY, sniff.MSGPACK)):
            self.read(source, length, found, report, name)
        source.skip(1 << 62 if need else 0)
        if need and source.position >= need:
            report.unread("it may be a pickle whose first value is too large to be read here")

    def nested(self, data: bytes, report: Report, required: bool) -> None:
        """Read bytes that a pickle carries; what is no known format does not matter unless it is `required`."""
        found = sniff.sniff_bytes(data[: sniff.HEAD])
        if len(data) > sniff.HEAD and found in sniff.DATA | {sniff.BINARY} and wants_more(data[: sniff.HEAD]):
            found = sniff.sniff_bytes(data)
        if (
            found in sniff.PICKLES
            or found in sniff.ZIP_BASED
            or found in sniff.COMPRESSED
            or found == sniff.NPY
            or required
        ):
            self.read(Held(data), len(data), found, report)

    def tar(self, source: Source, report: Report) -> None:
        """Read every member of a tar."""
        for name, content in tars.members(source, report):
            self.budget.member()
            inner = report.inner(name)
            self.read_member(content, None, name, inner)
            report.absorb(inner)

    def read_member(self, source: Source, length: int | None, name: str, report: Report, *, raw: bool = False) -> None:
        """Read one member; what goes wrong in it stays in its report."""
        try:
            self.member(source, length, name, report, raw=raw)
        except Unread as error:
            report.unread(str(error), error.rule)

    def zip(self, source: Source, length: int | None, report: Report) -> None:
        """Read every member of a zip."""
        if length is None or not isinstance(source, FilePart | Held) or source.position:
            source = Held(source.read_all(MAX_INNER_ZIP, "an inner zip"))
            length = len(source.data)
        archive = Zip(_as_file(source, length), source.part(0, length), length)
        archive.judge(report)
        if archive.flavour in NOT_YET:
            report.unread(NOT_YET[archive.flavour])
        names = [info.filename for info in archive.infos]
        pt2.judge_kinds(names, report)
        pickled: set[str] = set()
        for info in sorted(archive.infos, key=lambda info: not pt2.reads_first(info.filename)):
            self.budget.member()
            inner = report.inner(info.filename)
            judge_name(info.filename, inner)
            inner.lists("contains", info.filename, info.header_offset, size=info.file_size)
            try:
                content = archive.open(info, inner, self.budget)
                if info.external_attr >> 28 == _LINK:
                    target = content.peek(4096).decode("utf-8", "replace")
                    if tars.leads_out(info.filename, target, hard=False):
                        inner.anomaly("link", "it is a link that leads out of the archive")
                if archive.flavour == sniff.PT2:
                    self.pt2_member(content, info.filename, inner, pickled)
                else:
                    self.zip_member(content, info, archive.flavour, inner, names)
                content.skip(1 << 62)
            except Unread as error:
                inner.unread(str(error), error.rule)
            report.absorb(inner)
        archive.judge_gaps(report)

    def zip_member(
        self, content: Source, info: zipfile.ZipInfo, flavour: str, report: Report, names: list[str]
    ) -> None:
        """Read one member by its place in the format."""
        name = info.filename
        folder, _, base = name.rpartition("/")
        if name in ("config.json", "metadata.json"):
            data = content.read_all(MAX_CONFIG, name)
            if not read_zip_member(name, data, report, keras=flavour == sniff.KERAS):
                self.read_member(Held(data), len(data), name, report, raw=flavour != sniff.ZIP)
        elif flavour == sniff.SKOPS:
            if name == "schema.json":
                read_schema(content.read_all(MAX_SCHEMA, "schema.json"), report, names)
            else:
                self.read_member(content, None, name, report, raw=True)
        elif flavour == sniff.TORCHSCRIPT and "/code/" in f"/{name}" and name.endswith(".py"):
            torchscript.read_code(content, report)
        elif flavour in (sniff.TORCH_ZIP, sniff.TORCHSCRIPT) and folder.rsplit("/", 1)[-1] in ("data", "constants"):
            inner = Report(report.member)
            self.read_member(content, None, name, inner, raw=True)
            report.absorb(inner, complete=False)
        elif flavour == sniff.TORCHSCRIPT and base == "bytecode.pkl":
            torchscript.read_bytecode(content, report)
        elif flavour == sniff.TORCHSCRIPT and base.endswith((".pkl", ".debug_pkl")):
            inner = Report(report.member, listing=report.listing)
            read_pickles(content, inner, self.budget, self.nested, joblib=False)
            torchscript.filter_pickle(inner, report)
        else:
            self.read_member(content, None, name, report, raw=flavour in (sniff.TORCHSCRIPT, sniff.KERAS))

    def pt2_member(self, content: Source, name: str, report: Report, pickled: set[str]) -> None:
        """Read one member of an exported program; `pickled` gathers which weights its configurations call pickles."""
        base = name.rpartition("/")[2]
        if pt2.judge_code(name, report):
            return
        if pt2.is_program(name):
            pt2.read_program(content, report)
        elif pt2.is_config(name):
            pickled |= pt2.pickled_weights(content)
        elif pt2.is_weight(name):
            inner = Report(report.member, listing=report.listing)
            self.read_member(content, None, name, inner, raw=base not in pickled)
            report.absorb(inner, complete=base in pickled)
        else:
            self.read_member(content, None, name, report, raw="/extra/" in f"/{name}")


class _Window(io.RawIOBase):
    """A region as a seekable file, for `zipfile` to find its directory."""

    def __init__(self, region: Region, length: int) -> None:
        self._region = region
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._length)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        stop = self._length if size is None or size < 0 else min(self._at + size, self._length)
        data = self._region.part(self._at, stop).peek(max(stop - self._at, 0))
        self._at += len(data)
        return data


def _as_file(source: Region, length: int) -> Any:
    return io.BytesIO(source.data) if isinstance(source, Held) else _Window(source, length)
