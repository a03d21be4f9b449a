"""Text that stands in a model's folder or archive: JSON, YAML, templates, XML and the few texts that loaders obey.

Most text is data or prose and is left alone after a search for a few words. What a loader obeys is read without
constructing anything and judged by `config_rules`. Standard library only; YAML and Jinja readers come when needed.
"""

from __future__ import annotations

import io
import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from assay.targets import sniff, text_probe, tf_probe

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report
    from assay_detectors.artifact.sources import Source

TEXTS = frozenset({sniff.JSON, sniff.JSONL, sniff.CSV, sniff.TEXT, sniff.UTF16})
"""Formats that this module reads."""
MAX_TEXT = 64 << 20
"""Bytes of one text that are held and parsed; longer ones are searched only."""
MAX_PLAIN_JSON = 16 << 20
"""Bytes of JSON that are parsed into values; a configuration is far smaller."""
MAX_JSON_VALUES = 3_000_000
MAX_JSON_CONTAINERS = 1_000_000
"""Values, and mappings and lists, of JSON that is parsed: each costs far more memory than its bytes."""
CODE_SUFFIXES = (".py", ".pyx", ".ipynb", ".sh")
_TEMPLATE_SUFFIXES = (".jinja", ".jinja2", ".j2")
_PROSE_SUFFIXES = (".md", ".markdown", ".rst", ".html", ".htm", ".tex", ".csv", ".tsv", ".log")
_YAML_SUFFIXES = (".yaml", ".yml")
_YAML_NAMES = ("mlmodel", "mlproject")

ACTING = (
    b"auto_map",
    b"custom_pipeline",
    b"trust_remote_code",
    b"template",
    b"{%",
    b"{{",
    b"_target_",
    b"__target__",
    b"class_path",
    b'"target"',
    b"parent_library",
    b"megatron_core",
    b'"lc"',
    b'"py/',
    b"class_name",
    b"_diffusers_version",
    b"activation_f",
    b"flavors",
    b"loader_module",
    b'"backbone"',
    b'"$',
    b'"()"',
    b'"handlers"',
    b'"formatters"',
    b'"filters"',
    b'"gradient_booster"',
    b'"weight_map"',
    b"${eval",
    b'"types"',
    b"tokenizer_class",
    b"custom_generate",
    b"_implementation",
)
"""Words without which no rule for JSON applies."""
_NAMES_CODE = re.compile(
    rb'"(?:auto_map|trust_remote_code|custom_pipelines?|chat_template|_target_|__target__|class_path|parent_library|'
    rb'megatron_core|loader_module|py/\w+)"\s*:'
)
"""Keys that only a configuration holds."""
_ACTS_ANYWHERE = (
    b"auto_map", b"trust_remote_code", b"custom_pipeline", b"_target_", b"!!python/", b"yaml.org,2002:python",
    b'"gradient_booster"', b"chat_template", b"loader_module", b'"class_name"', b"class_path", b'"lc"', b'"py/',
)  # fmt: skip
_ESCAPED = re.compile(rb"\\u00(?:2[4f]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[bB]|2[25])")
"""A letter, or a sign of such words and of templates, that is written as an escape may hide one."""
_RECOGNISED = re.compile(
    rb'"(?:architectures|model_type|tokenizer_class|processor_class|image_processor_type|feature_extractor_type|'
    rb'peft_type|transformers_version|added_tokens_decoder|base_model_name_or_path|eos_token|bos_token|idx)"'
)
YAML_ACTING = re.compile(
    rb"_target_|__target__|class_path|(?:^|\s)target\s*:|flavors|loader_module|template|\{%|\{\{|auto_map|trust_remote_code|"
    rb"custom_pipeline|backbone\s*:|\bimports\s*:|class_name|^%TAG|\\x[0-9a-fA-F]|\\u00|skops_trusted|"
    rb"\$(?!\{)[^\n]*(?:\(|__)|\$\s*(?:import|from)\s|\(\)[\"']?\s*:|\bext://|\$\{\s*eval\b|\b(?:handlers|formatters|filters)[\"']?\s*:",
    re.MULTILINE,
)
_LOOKS_YAML = re.compile(r"""(?:---|%(?:YAML|TAG)|["']?[\w.$<-][\w .$/<-]*["']?\s*:(?:\s|$)|- |\{|\[|!|\? |&)""")
_MESSAGES = re.compile(
    r"\{%-?\s*(?:for|if|set|elif)\b[^%]{0,200}\b(?:messages?|tools|conversation)\b|add_generation_prompt"
)
_ENTITY = re.compile(rb"<!ENTITY\s+(?:%\s*)?[^\s>]+\s+(?:(SYSTEM|PUBLIC)\b|[\"'])")
_DOCTYPE = re.compile(
    rb"<!DOCTYPE\s+[^\s>\[]+\s+SYSTEM\s+[\"'](?:(https?://)|(?:file|ftp|jar|netdoc|php|gopher|expect):|[/\\])[^\"'>]*"
)
_NESTED_ENTITY = re.compile(rb"<!ENTITY[^>]*&[^;\s>]+;")
_FOREIGN_TAG = re.compile(
    rb"(?:^|[:?,\[{-]|&[^\s,\[\]{}]+)[ \t]*!(?:<|[\w./!]*(?:python|%[0-9a-fA-F]{2}))|^%TAG", re.MULTILINE
)
"""A tag that a loader of YAML would look up, at a place where YAML has tags: what a text is called does not matter."""


def read_text(data: bytes, name: str, form: str, report: Report, notes: set[str]) -> bool:
    """Judge one text file; nothing in it is run.

    Args:
        data: its bytes, at most `MAX_TEXT` (`read_source` takes more).
        name: its name in its folder or archive; "" where it has none.
        form: its format by content, a constant of `assay.targets.sniff`.
        report: takes findings, and why something is not read.
        notes: takes what a reader should know but that is no gap, such as source code beside a model.

    Returns:
        Whether it is a configuration or a template of a model, so that "nothing found" is a result.
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1].lower()
    from assay_detectors.artifact.startup import judge_source

    if judge_source(_decode(data) if base.endswith(".pth") else "", name, report):
        return True
    if base.endswith(CODE_SUFFIXES):
        notes.add(f"source code is not analysed: {name[:200]}")
        return False
    if form == sniff.UTF16 or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = _from_utf16(data)
    if base.endswith(_TEMPLATE_SUFFIXES) or (
        "chat_template" in base and not base.endswith((".json", *_PROSE_SUFFIXES))
    ):
        return _template(_decode(data), report)
    if tf_probe.is_graph_text(data) or text_probe.model_text(data) or text_probe.is_lightgbm(data):
        # found by its first bytes where it is a file; what lies in an archive may show it only later
        report.unread("it is a model that is written as text, which is not analysed here")
        return True
    if form == sniff.JSONL:
        return False
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] in (b"{", b"[") and not head.startswith((b"{%", b"{{", b"{#")):
        read = _json(data, base, report)
        if read is not None:
            return read
    return _plain(data, base, report, notes)


def read_source(source: Source, name: str, form: str, report: Report, notes: set[str]) -> bool:
    """Judge one text from a file, an archive or a compressed stream, as `read_text` does; any length."""
    held, total = io.BytesIO(), 0
    while total <= MAX_TEXT and (chunk := source.read(1 << 20)):
        held.write(chunk)
        total += len(chunk)
    data = held.getvalue()  # hands its buffer over: a list that is joined would hold the text twice
    if total <= MAX_TEXT:
        return read_text(data, name, form, report, notes)
    _search(data, source, name, report)
    return bool(report.reasons)


def _search(data: bytes, source: Source, name: str, report: Report) -> None:
    """Search a text that is too large to be held: a word that some loader obeys leaves it unread."""
    if name.lower().endswith(_PROSE_SUFFIXES):
        return
    base = name.rsplit("/", 1)[-1].lower()
    named = base.endswith((*_YAML_SUFFIXES, ".jinja", ".jinja2", ".j2")) or base in _YAML_NAMES or base == "mlmodel"
    rest = b""
    chunk = data
    while chunk:
        window = rest + chunk
        if named or any(word in window for word in _ACTS_ANYWHERE):
            report.unread("it is too large to be read and names code as a configuration does", "bomb")
            return
        rest = window[-64:]
        chunk = source.read(1 << 20)


def _from_utf16(data: bytes) -> bytes:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16"
    else:
        codec = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    return data.decode(codec, "replace").encode("utf-8", "replace")


def _decode(data: bytes) -> str:
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def _template(text: str, report: Report) -> bool:
    from assay_detectors.artifact.templates import read_template

    read_template(text, report)
    return True


# JSON -----------------------------------------------------------------------------------------------------------------


def _json(data: bytes, base: str, report: Report) -> bool | None:
    """Judge JSON; None where it is none and may be something else."""
    acts = any(word in data for word in ACTING) or _ESCAPED.search(data) is not None
    from assay_detectors.artifact.config_rules import judge
    from assay_detectors.artifact.yaml_tags import MAX_YAML, MAY_TAG, mapping

    if len(data) > MAX_YAML and _FOREIGN_TAG.search(data) and not _is_json(data):
        report.unread("it names objects of Python as YAML does, and is too large to be read", "bomb")
        return True
    if len(data) > MAX_PLAIN_JSON:
        named = _NAMES_CODE.search(data) or _ESCAPED.search(data)
        found = acts and (named is not None or any(word in data for word in _ACTS_ANYWHERE))
        if found:
            report.unread("its JSON names code or a template, and is too large to be parsed", None)
        return found
    if not acts and _RECOGNISED.search(data) is None:
        return None if len(data) <= MAX_YAML and MAY_TAG.search(data) else False
    if _too_many(data):
        report.unread("its JSON holds too many values to be parsed", "bomb")
        return True
    try:
        tree: Any = json.loads(_decode(data), object_pairs_hook=mapping, parse_int=_number)
    except RecursionError:
        report.unread("its JSON is nested too deeply", "bomb")
        return True
    except ValueError:
        if base.endswith(".json") and acts and _RECOGNISED.search(data) is not None:
            report.unread("its JSON is damaged", "damaged")
            return True
        return None
    return judge(tree, report)


def _too_many(data: bytes) -> bool:
    """Say whether JSON holds more values than are parsed, by the signs that separate them."""
    containers = data.count(b"{") + data.count(b"[")
    return containers > MAX_JSON_CONTAINERS or containers + data.count(b",") > MAX_JSON_VALUES


def _is_json(data: bytes) -> bool:
    if _too_many(data):
        return False
    try:
        json.loads(_decode(data), parse_int=_number)
    except (ValueError, RecursionError):
        return False
    return True


def _number(digits: str) -> float:
    """Read an integer; beyond any that a configuration holds, only its size."""
    return int(digits) if len(digits) < 400 else float(digits)


# Everything else ------------------------------------------------------------------------------------------------------


def _plain(data: bytes, base: str, report: Report, notes: set[str]) -> bool:
    if base == "pickle_module_info.txt":
        return _pickle_module(_decode(data[:4096]).strip(), report)
    wanted = (base.startswith("requirements") and base.endswith(".txt")) or base in ("conda.yaml", "conda.yml")
    if wanted and re.search(rb"(?:git|hg|svn|bzr)\+|https?://|file:", data):
        notes.add(f"its requirements install packages from addresses, which is not judged: {base}")
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"<?xml", b"<!DOCTYPE", b"<PMML")) or (start[:1] == b"<" and b"<!ENTITY" in data):
        return _xml(data, report)
    if base.endswith(_PROSE_SUFFIXES) and not start.startswith((b"---", b"%")):
        return False
    found = _yaml(data, base, report)
    if found is None and (b"{%" in data or b"{{" in data):
        text = _decode(data[: 2 << 20])
        if not base.endswith(_PROSE_SUFFIXES) and _MESSAGES.search(text):
            from assay_detectors.artifact.templates import read_template

            read_template(text, report, required=False)
            return True
    return bool(found)


def _pickle_module(name: str, report: Report) -> bool:
    from assay_detectors.artifact.mlflow_config import PICKLE_MODULES

    if name not in PICKLE_MODULES:
        report.find("reference", name, f"makes MLflow import {name} to unpickle the model", 0, "pickle_module")
    return True


def _xml(data: bytes, report: Report) -> bool:
    """XML: what fetches, and entities that stand for one another."""
    entities = 0
    for found in islice(_ENTITY.finditer(data), 1000):
        entities += 1
        if found.group(1):
            shown = found.group(0)[:80].decode("utf-8", "replace")
            report.find("reference", shown, "an XML entity makes the reader fetch something", found.start())
    model = b"<PMML" in data[:4096]
    for found in islice(_DOCTYPE.finditer(data), 10):
        if found.group(1) and not model:  # the published type of a document, as DocBook has
            continue
        shown = found.group(0)[:80].decode("utf-8", "replace")
        report.find("reference", shown, "its document type makes the reader fetch something", found.start())
    if entities > 2 and len(_NESTED_ENTITY.findall(data)) > 1:
        report.unread("its XML entities stand for one another, as a bomb does", "bomb")
    return model


def _yaml(data: bytes, base: str, report: Report) -> bool | None:
    """Judge YAML; None where the text is none that a loader obeys."""
    from assay_detectors.artifact import yaml_tags

    named = base.endswith(_YAML_SUFFIXES) or base in _YAML_NAMES
    window = data if len(data) <= 4 << 20 else data[: 4 << 20]
    foreign = _FOREIGN_TAG.search(data) is not None
    if not (foreign or yaml_tags.MAY_TAG.search(window) or YAML_ACTING.search(window) or _has_bomb(window)):
        return None
    text = _decode(data)
    if not (named or foreign or _looks_yaml(text)):
        return None
    from assay_detectors.artifact.config_rules import judge

    if len(data) > yaml_tags.MAX_YAML:
        if named or foreign:
            report.unread("its YAML is too large to be read", "bomb")
        return named or None
    before = report.total
    try:
        documents = yaml_tags.read_yaml(text, report)
    except yaml_tags.NotYaml as error:
        if base.endswith(_PROSE_SUFFIXES):
            return None
        if named or "---" in text[:10]:
            yaml_tags.find_tags(text, report)
        if named or report.total > before:
            report.unread(str(error), "damaged")
            return True
        return None
    found = [judge(document, report) for document in documents if isinstance(document, dict | list)]
    return any(found) or report.total > before or (None if not found else False)


def _looks_yaml(text: str) -> bool:
    """Say whether the first line that counts could be one of a YAML mapping, list or tag."""
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            return _LOOKS_YAML.match(line) is not None
    return False


def _has_bomb(data: bytes) -> bool:
    """Say whether a text has so many aliases that they may stand for one another."""
    return len(re.findall(rb"(?:^|[\s\[,{:-])\*[\w-]+", data[: 1 << 20])) > 20 and b"&" in data
