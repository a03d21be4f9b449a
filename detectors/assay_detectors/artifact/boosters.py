"""Files of XGBoost, LightGBM and CatBoost: trees as numbers, read strictly enough to say that nothing else is in them.

Their own loaders run nothing. What could still act: an objective or booster that only an extension library knows, a
parser class of LightGBM, and bytes behind the end that another reader takes for something else. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from assay.targets import sniff
from assay_detectors.artifact.booster_walk import Path, walk_json, walk_ubjson
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import CHUNK, FilePart, Held, Source, Unread

MAX_LINE = 64 << 20
MAX_CATBOOST = 256 << 20
CATBOOST_MAGIC = b"CBM1"


def read_booster(form: str, source: Source, length: int | None, report: Report) -> None:
    """Read one model of a boosting library.

    Args:
        form: `sniff.XGBOOST_JSON`, `sniff.XGBOOST_UBJ`, `sniff.LIGHTGBM`, or "catboost".
        source: its bytes.
        length: how many they are; None where that is not known.
        report: where findings go.

    Raises:
        Unread: it breaks the rules of its format.
    """
    if form == sniff.XGBOOST_JSON:
        _xgboost(walk_json(source), report)
    elif form == sniff.XGBOOST_UBJ:
        _xgboost(walk_ubjson(source), report)
    elif form == sniff.LIGHTGBM:
        _LightGbm(report).read(source)
    else:
        _catboost(source, length, report)


# XGBoost --------------------------------------------------------------------------------------------------------------

_TOP = frozenset({"learner", "version", "config", "Config", "Model"})
_BOOSTERS = frozenset({"gbtree", "dart", "gblinear"})
_OBJECTIVES = frozenset(
    {
        "reg:squarederror",
        "reg:linear",
        "reg:squaredlogerror",
        "reg:logistic",
        "reg:pseudohubererror",
        "reg:absoluteerror",
        "reg:quantileerror",
        "reg:expectileerror",
        "reg:gamma",
        "reg:tweedie",
        "gpu:reg:linear",
        "gpu:reg:logistic",
        "gpu:binary:logistic",
        "gpu:binary:logitraw",
        "binary:logistic",
        "binary:logitraw",
        "binary:hinge",
        "count:poisson",
        "survival:cox",
        "survival:aft",
        "multi:softmax",
        "multi:softprob",
        "rank:pairwise",
        "rank:ndcg",
        "rank:map",
    }
)


def _xgboost(texts: Iterator[tuple[Path, str]], report: Report) -> None:
    """Judge the names that XGBoost resolves: of the booster and of the objective."""
    for path, text in texts:
        if not path or path[0] not in _TOP:
            raise Unread(f"it holds {str(path[:1])[:80]} beside the learner", "hidden")
        if path[-1] != "name" or len(path) > 6:
            continue
        known = _OBJECTIVES if path[-2] == "objective" else _BOOSTERS if path[-2] in _PLACES else None
        if known is not None and text not in known:
            report.find("reference", text[:100], f"needs the {path[-2]} {text[:100]!r}, which XGBoost does not have")


_PLACES = frozenset({"gradient_booster", "gbtree"})


# LightGBM -------------------------------------------------------------------------------------------------------------

_NUMBERS = re.compile(rb"[-+0-9.eE naif\t\r]*")
_ENTRY = re.compile(rb"([A-Za-z_]\w*)(?:=(.*))?", re.DOTALL)
_PARAMETER = re.compile(rb"\[(\w+): ?(.*)\]\s*", re.DOTALL)
_HEADER = frozenset(
    b"tree version num_class num_tree_per_iteration label_index max_feature_idx objective average_output "
    b"feature_names monotone_constraints feature_infos tree_sizes".split()
)
_LIGHTGBM_OBJECTIVES = frozenset(
    b"regression regression_l1 huber fair poisson quantile mape gamma tweedie binary multiclass multiclassova "
    b"cross_entropy cross_entropy_lambda lambdarank rank_xendcg custom none".split()
)
_FILES = frozenset(
    b"forcedsplits_filename forcedbins_filename parser_config_file machine_list_filename machines "
    b"initscore_filename input_model".split()
)


class _LightGbm:
    """The text format, line by line; `state` is the section."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.state = "header"
        self.ended = False

    def read(self, source: Source) -> None:
        """Read every line."""
        for at, line in _lines(source):
            text = line.strip()
            if text or self.state == "parser":
                getattr(self, f"_{self.state}")(at, text)
        if not self.ended:
            raise Unread("it ends before the end of its trees", "cut-off")

    def _header(self, at: int, text: bytes) -> None:
        if text.startswith(b"Tree="):
            self.state = "trees"
            return
        if text == b"end of trees":
            self.state, self.ended = "tail", True
            return
        found = _ENTRY.fullmatch(text)
        if found is None or found[1] not in _HEADER:
            raise Unread(f"its header holds a line that is not LightGBM's, at byte {at}", "hidden")
        if found[1] == b"objective":
            name = (found[2] or b"").split(b" ")[0]
            if name not in _LIGHTGBM_OBJECTIVES:
                shown = name.decode("utf-8", "replace")[:100]
                self.report.find("reference", shown, f"needs the objective {shown!r}, which LightGBM does not have", at)

    def _trees(self, at: int, text: bytes) -> None:
        if text == b"end of trees":
            self.state, self.ended = "tail", True
            return
        found = _ENTRY.fullmatch(text)
        if found is None or not _NUMBERS.fullmatch(found[2] or b""):
            raise Unread(f"a tree holds something else than numbers at byte {at}", "hidden")

    def _tail(self, at: int, text: bytes) -> None:
        if text in (b"feature_importances:", b"feature importances:"):
            self.state = "importances"
        elif text == b"parameters:":
            self.state = "parameters"
        elif text == b"parser:":
            self.state = "parser"
            note = "names a class that reads the data, which a library of its own would hold"
            self.report.find("reference", "LightGBM parser", note, at)
        elif text.startswith(b"pandas_categorical:"):
            try:
                json.loads(text.removeprefix(b"pandas_categorical:"))
            except (ValueError, RecursionError):
                raise Unread(f"its pandas categories are no JSON, at byte {at}") from None
        else:
            raise Unread(f"something that is not LightGBM's follows its trees at byte {at}", "hidden")

    def _importances(self, at: int, text: bytes) -> None:
        if not re.fullmatch(rb".*=[-0-9.eE+]+", text, re.DOTALL):
            self.state = "tail"
            self._tail(at, text)

    def _parameters(self, at: int, text: bytes) -> None:
        if text == b"end of parameters":
            self.state = "tail"
            return
        found = _PARAMETER.fullmatch(text)
        if found is None:
            raise Unread(f"its parameters hold a line that is not LightGBM's, at byte {at}", "hidden")
        if found[1] in _FILES and found[2].strip():
            name, value = (part.decode("utf-8", "replace")[:150] for part in (found[1], found[2]))
            self.report.anomaly("outside", f"its training parameter {name} is {value}; a refit would use it", at)

    def _parser(self, at: int, text: bytes) -> None:
        if text == b"end of parser":
            self.state = "tail"


def _lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, line) without its newline."""
    rest, at = b"", 0
    while chunk := source.read(CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield at, line
            at += len(line) + 1
        if len(rest) > MAX_LINE:
            raise Unread(f"a line is longer than {MAX_LINE >> 20} MiB", "bomb")
    if rest:
        yield at, rest


# CatBoost -------------------------------------------------------------------------------------------------------------

_FORMATS = frozenset({b"FlabuffersModel_v1", b"FlatbuffersModel_v1"})
_PARTS = frozenset({b"static_provider_v1", b"text_process_v1", b"text_process_v2", b"embed_process_v1"})


def _catboost(source: Source, length: int | None, report: Report) -> None:
    """Check that a `.cbm` is a flatbuffer whose tables lie within it, and that no unknown part follows."""
    if length is None or not isinstance(source, FilePart | Held) or source.position:
        source = Held(source.read_all(MAX_CATBOOST, "a CatBoost model"))
        length = len(source.data)
    if length < 12 or source.peek(4) != CATBOOST_MAGIC:
        raise Unread("it is too short for a CatBoost model", "cut-off")
    buffer = _Flatbuffer(source, 8, int.from_bytes(source.peek(8)[4:8], "little"), length)
    root = buffer.table(0)
    version = buffer.text(root.get(0))
    if version not in _FORMATS:
        raise Unread(f"its format {version[:40]!r} is not CatBoost's")
    for at in buffer.vector(root.get(2), 100_000):
        entry = buffer.table(at)
        report.lists("contains", buffer.text(entry.get(0)).decode("utf-8", "replace"), at)
        buffer.text(entry.get(1))
    parts = [buffer.text(at).rstrip(b"\0") for at in buffer.vector(root.get(3), 100)]
    for name in parts:
        if name not in _PARTS:
            raise Unread(f"it holds a part {name[:40]!r} that is not known", "hidden")
    if not parts and buffer.stop < length:
        raise Unread("bytes follow its model", "hidden")


class _Flatbuffer:
    """Tables, texts and vectors of a flatbuffer, each checked to lie within it."""

    def __init__(self, source: FilePart | Held, start: int, size: int, length: int) -> None:
        self.source = source
        self.start = start
        self.stop = start + size
        if self.stop > length or size < 8:
            raise Unread("its model is longer than the file", "cut-off")

    def number(self, at: int, width: int = 4) -> int:
        """Return the number at `at`, an index into the buffer."""
        place = self.start + at
        if at < 0 or place + width > self.stop:
            raise Unread("a table of its model lies outside the file")
        return int.from_bytes(self.source.part(place, place + width).peek(width), "little")

    def table(self, at: int) -> dict[int, int]:
        """Return field -> place of the table that the offset at `at` leads to."""
        table = at + self.number(at)
        step = self.number(table)
        vtable = table - (step - (1 << 32) if step >> 31 else step)
        count = (self.number(vtable, 2) - 4) // 2
        if not 0 <= count < 200:
            raise Unread("a table of its model is damaged")
        fields = {index: self.number(vtable + 4 + 2 * index, 2) for index in range(count)}
        return {index: table + offset for index, offset in fields.items() if offset}

    def text(self, at: int | None) -> bytes:
        """Return the text that the offset at `at` leads to, at most 100 bytes of it; None: no text."""
        if at is None:
            return b""
        place = at + self.number(at)
        size = self.number(place)
        if self.start + place + 4 + size > self.stop:
            raise Unread("a text of its model lies outside the file")
        first = self.start + place + 4
        return self.source.part(first, first + min(size, 100)).peek(min(size, 100))

    def vector(self, at: int | None, limit: int) -> list[int]:
        """Return the places of the offsets in a vector; None: none."""
        if at is None:
            return []
        place = at + self.number(at)
        count = self.number(place)
        if count > limit or self.start + place + 4 + 4 * count > self.stop:
            raise Unread("a list of its model lies outside the file")
        return [place + 4 + 4 * index for index in range(count)]
