"""Read one model file without running it: `read_artifact`, and the detector's work function. Standard library only."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.targets import sniff
from assay_detectors.artifact import tars
from assay_detectors.artifact.arrays import npy_length
from assay_detectors.artifact.lz4 import Lz4
from assay_detectors.artifact.onnx_wire import read_onnx
from assay_detectors.artifact.pickles import read_legacy, read_pickles
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.safetensors_header import read_header
from assay_detectors.artifact.skops_schema import MAX_SCHEMA, read_schema
from assay_detectors.artifact.sources import CODECS, MAX_DEPTH, Budget, Expanded, FilePart, Held, Region, Source, Unread
from assay_detectors.artifact.zips import Zip

if TYPE_CHECKING:
    from assay.targets.base import OpenTarget, Shard

NOT_YET = {
    sniff.KERAS: "Keras files are not analysed yet: their layers may hold code",
    sniff.HDF5: "HDF5 files are not analysed yet: a Keras model in one may hold code",
    sniff.GGUF: "GGUF files are not analysed yet: their chat template may hold code",
    sniff.SAVEDMODEL: "SavedModel graphs are not analysed yet: their operators may read and write files",
    sniff.TFLITE: "TFLite files are not analysed yet: they may need custom operators",
    sniff.TORCHSCRIPT: "TorchScript code is not analysed yet",
    sniff.SEVENZIP: "7z archives are not opened",
    sniff.RAR: "rar archives are not opened",
    sniff.ZSTD: "zstd streams are not opened",
    sniff.EXECUTABLE: "it is machine code",
    sniff.BYTECODE: "it is Python bytecode",
    sniff.BINARY: "its format is not known",
    sniff.EMPTY: "it is empty",
    sniff.FOLDER: "it is a folder where a file is expected",
    sniff.SPECIAL: "it is no regular file",
}
MAX_INNER_ZIP = 256 << 20
_CODE_SUFFIXES = (".py", ".pyx", ".ipynb", ".sh")


class Reader:
    """The reading of one file: one budget, one report at a time."""

    def __init__(self) -> None:
        self.budget = Budget()
        self.depth = 0
        self.notes: set[str] = set()

    def read(self, source: Source, length: int | None, form: str, report: Report) -> None:
        """Read content of a known format into `report`; never raises `Unread`."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise Unread(f"more than {MAX_DEPTH} containers lie within each other")
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
        elif form in sniff.COMPRESSED and form != sniff.ZSTD:
            self.compressed(source, form, report)
        elif form == sniff.TAR:
            self.tar(source, report)
        elif form == sniff.NPY:
            self.npy(source, report)
        elif form == sniff.SAFETENSORS:
            held = source if length is not None else Held(source.read_all(MAX_INNER_ZIP, "an inner safetensors file"))
            read_header(held, length if length is not None else len(held.peek(MAX_INNER_ZIP)))
        elif form == sniff.ONNX:
            self.onnx(source.read_all(2 << 30, "an ONNX file"), report)
        elif form not in sniff.DATA and form not in sniff.BOOSTERS:
            raise Unread(NOT_YET.get(form, f"{form} files are not analysed"))

    def npy(self, source: Source, report: Report) -> None:
        """Read one npy file, and those that are appended to it."""
        while True:
            length = npy_length(source)
            if length is None:
                read_pickles(source, report, self.budget, self.nested, joblib=False)
                return
            if source.skip(length) < length:
                raise Unread("its array is cut off")
            rest = source.peek(sniff.HEAD)
            if not rest:
                return
            if sniff.sniff_bytes(rest) != sniff.NPY:
                inner = report.inner("bytes behind the array")
                self.nested(rest, inner, False)
                report.absorb(inner, complete=False)
                raise Unread("bytes follow its array")

    def onnx(self, data: Any, report: Report) -> None:
        """Walk an ONNX model; files beside it are named as not read."""
        external = read_onnx(data, report)
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
        found = sniff.sniff_bytes(source.peek(sniff.HEAD))
        base = name.rsplit("/", 1)[-1]
        if base == "data.pkl" and not raw:
            read_pickles(source, report, self.budget, self.nested, joblib=False)
        elif base == "model_config.yaml":
            report.unread("configuration that names what to call (NeMo, Hydra) is not analysed yet")
        elif name.endswith(_CODE_SUFFIXES) and found in sniff.DATA:
            self.notes.add(f"source code inside an archive is not analysed: {name[:200]}")
        elif found == sniff.EMPTY and name:
            return
        elif found in sniff.DATA and not name:
            self.notes.add("data inside a compressed file is not analysed")
        elif not (raw and found == sniff.BINARY):
            self.read(source, length, found, report)

    def nested(self, data: bytes, report: Report, required: bool) -> None:
        """Read bytes that a pickle carries; what is no known format does not matter unless it is `required`."""
        found = sniff.sniff_bytes(data[: sniff.HEAD])
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
        for name, content in tars.members(source):
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
        for problem in archive.problems():
            report.unread(problem)
        if archive.flavour in NOT_YET:
            report.unread(NOT_YET[archive.flavour])
        for info in archive.infos:
            if info.is_dir() and not info.file_size:
                continue
            self.budget.member()
            inner = report.inner(info.filename)
            try:
                content = archive.open(info, inner, self.budget)
                self.zip_member(content, info, archive.flavour, inner)
                content.skip(1 << 62)
            except Unread as error:
                inner.unread(str(error), error.rule)
            report.absorb(inner)

    def zip_member(self, content: Source, info: zipfile.ZipInfo, flavour: str, report: Report) -> None:
        """Read one member by its place in the format."""
        name = info.filename
        folder, _, base = name.rpartition("/")
        if flavour == sniff.SKOPS:
            if name == "schema.json":
                read_schema(content.read_all(MAX_SCHEMA, "schema.json"), report)
            else:
                self.read_member(content, None, name, report, raw=True)
        elif flavour in (sniff.TORCH_ZIP, sniff.TORCHSCRIPT) and folder.rsplit("/", 1)[-1] in ("data", "constants"):
            inner = Report(report.member)
            self.read_member(content, None, name, inner, raw=True)
            report.absorb(inner, complete=False)
        elif flavour == sniff.TORCHSCRIPT and base in ("data.pkl", "constants.pkl"):
            inner = Report(report.member)
            read_pickles(content, inner, self.budget, self.nested, joblib=False)
            inner.findings = [
                f for f in inner.findings if not f["name"].startswith(("__torch__.", "torch.jit._pickle."))
            ]
            inner.total = len(inner.findings)
            report.absorb(inner)
        else:
            self.read_member(content, None, name, report, raw=flavour in (sniff.TORCHSCRIPT, sniff.KERAS))


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


def read_artifact(path: Path) -> dict[str, Any]:
    """Return what the file would do when it is loaded, as plain data; nothing in it is run.

    Keys: `format`; `data` (true where no loader of models executes this format); `findings` (`kind`, `name`, `member`,
    `offset`, `opcode`, `note`; at most 10,000); `total` of findings; `complete`; `reasons` why it is not; `notes`.
    """
    report = Report()
    reader = Reader()
    form = "unreadable"
    try:
        form = sniff.sniff(path)
        if form in (sniff.FOLDER, sniff.SPECIAL, sniff.EMPTY):
            report.unread(NOT_YET[form])
        elif form not in sniff.DATA:
            with path.open("rb") as file:
                _read_file(file, form, reader, report)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        report.unread(f"it cannot be read ({why})")
    return {
        "format": form,
        "data": form in sniff.DATA,
        "findings": report.findings,
        "total": report.total,
        "complete": not report.reasons,
        "reasons": report.reasons,
        "notes": sorted(reader.notes)[:20],
    }


def _read_file(file: Any, form: str, reader: Reader, report: Report) -> None:
    descriptor = file.fileno()
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        raise OSError(0, "it is no regular file")
    size = info.st_size
    if form == sniff.ONNX:
        with mmap(descriptor, 0, access=ACCESS_READ) as data:
            try:
                reader.onnx(data, report)
            except Unread as error:
                report.unread(str(error), error.rule)
    else:
        reader.read(FilePart(descriptor, 0, size), size, form, report)
    if form not in sniff.ZIP_BASED and form != sniff.TAR and zipfile.is_zipfile(file):
        inner = report.inner("zip at its end")
        reader.read(FilePart(descriptor, 0, size), size, sniff.ZIP, inner)
        report.absorb(inner)
        report.unread("it is a zip as well, so what it holds depends on who reads it")


def read_file(opened: OpenTarget, shard: Shard) -> dict[str, Any]:
    """Work function: read one file of the target, or one file below a folder that it names (`shard.extra["below"]`)."""
    path = opened.path(shard.input)
    below = shard.extra.get("below")
    return read_artifact(path / below if below else path)
