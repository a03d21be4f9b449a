"""The intake: examine every declared input in a worker and say in one sentence what is wrong with it.

`examine`, `compare` and `probe` are work functions: plain data in, plain data out. Light until something is
opened.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.model.visible import visible
from assay.targets import sniff
from assay.targets.digest import digest
from assay.targets.refs import InputRef, Shard
from assay.targets.wording import clip, listed, masked, masked_all, near, shown_names

if TYPE_CHECKING:
    from assay.targets.base import Dataset, OpenTarget

PROBE_ROWS = 64
LISTED_CLASSES = 100
"""Classes that the facts of a data file count one by one."""
TRAIN = "data.train"

Facts = dict[str, Any]


def identify(opened: OpenTarget, shard: Shard) -> dict[str, Any]:
    """Return `sha256` and `size` of one input, or nothing where it cannot be read; `examine` says why.

    `shard.extra` may name another file, `beside`, that was allowed for that input.
    """
    beside = shard.extra.get("beside")
    path = opened.path(shard.input) if beside is None else Path(beside)
    try:
        found = digest(path, opened.shown(shard.input))
    except UnusableInput:
        return {}
    return {"sha256": found.sha256, "size": found.size}


def examine(opened: OpenTarget, shard: Shard) -> dict[str, Any]:
    """Examine one input: identity, format, and whether it can be used. Never loads a model.

    `shard.extra` may hold the identity, where it is known already.

    Returns:
        `status` (`usable` or `unusable`), `problem` (one sentence or None), `sha256`, `size`, `format`,
        `facts`.
        Data are opened and checked whole, a log is read at its beginning, a model's sha256 is compared with the
        manifest's.
    """
    ref = opened.ref(shard.input)
    record: dict[str, Any] = {"sha256": None, "size": None, "format": None, "facts": {}}
    return record | _attempt(lambda: _examine(opened, ref, record, shard.extra))


def compare(opened: OpenTarget, shard: Shard) -> dict[str, Any]:
    """Compare `data.test` or `data.trusted` with `data.train`: columns, shape, kinds of values, labels.

    Returns:
        `status`, `problem`, `facts` with `compared_with`: the name of the file, or why nothing was compared.
    """
    return _attempt(lambda: _compare(opened, opened.ref(shard.input)))


def probe(opened: OpenTarget, shard: Shard) -> dict[str, Any]:
    """Open a model that stage 0 found clean, and ask it for a few rows of data.

    Returns:
        `status`, `problem`, `facts`: `kind`, `classes`, `rows` asked, `deterministic` (the same rows twice
        give the
        same numbers), `test_accuracy` (or `train_accuracy`) of those rows where they come with labels.
    """
    return _attempt(lambda: _probe(opened, shard.input))


def _attempt(work: Callable[[], Facts]) -> dict[str, Any]:
    """Return the facts, or the sentence that says why there are none."""
    try:
        return {"status": "usable", "problem": None, "facts": work()}
    except UnusableInput as error:
        return {"status": "unusable", "problem": str(error), "facts": {}}


def _examine(opened: OpenTarget, ref: InputRef, record: dict[str, Any], known: dict[str, Any]) -> Facts:
    """Fill in the identity, then look inside as far as the role allows."""
    path = opened.path(ref.name)
    if not known:
        found = digest(path, ref.shown)
        known = {"sha256": found.sha256, "size": found.size}
    record |= known
    try:
        record["format"] = sniff.sniff(path)
    except OSError as error:
        raise UnusableInput(
            f"{ref.shown}: cannot be read ({clip(error.strerror or '', 80)}); check its permissions"
        ) from None
    if ref.role == "model":
        _check_digest(ref, known["sha256"])
    if ref.role in ("model", "artifact", "reference") and not known["size"]:
        raise UnusableInput(f"{ref.shown}: is empty; give the file that is released")
    if ref.role == "log":
        return _log_facts(opened, ref)
    if ref.role == "data":
        return _data_facts(opened.data(ref.name), opened.manifest)
    if ref.role in ("model", "artifact") and record["format"] == sniff.ONNX:
        return _companion_facts(ref, path)
    return {}


def _companion_facts(ref: InputRef, path: Path) -> Facts:
    """Return the files that hold the tensors of an ONNX model, as paths beside its own; nothing where it holds all."""
    from assay.targets.onnx_beside import companions

    folder = posixpath.dirname(ref.shown)
    found = [visible(posixpath.normpath(posixpath.join(folder, name)))[:300] for name in companions(path)]
    return {"companions": sorted(set(found))} if found else {}


def _check_digest(ref: InputRef, sha256: str) -> None:
    wanted = ref.spec.get("sha256")
    if wanted and str(wanted).lower() != sha256:
        raise UnusableInput(
            f"{ref.shown}: has the sha256 {sha256} and the manifest says {str(wanted).lower()}; this is not "
            f"the file that was declared: restore it, or declare the new one"
        )


def _data_facts(data: Dataset, manifest: dict[str, Any]) -> Facts:
    """Return what is worth knowing of a data file; no value of a feature."""
    from assay.targets.labels import class_counts

    facts: Facts = {"rows": data.rows, "label": getattr(data, "label", None)}
    if data.columns:
        facts["columns"] = shown_names(data.columns)
    else:
        facts["shape"] = " x ".join(str(length) for length in data.x.shape)
        facts["dtype"] = str(data.x.dtype)
    if data.y is None:
        return facts
    counts = class_counts(data.y)
    if manifest["task"] == "regression" or len(counts) > LISTED_CLASSES:
        facts["label_values"] = len(counts)
    else:
        shown = masked_all([name for name, _ in counts])
        facts["classes"] = [f"{name}: {count}" for name, (_, count) in zip(shown, counts, strict=True)]
    return facts


def _compare(opened: OpenTarget, ref: InputRef) -> Facts:
    if ref.name == TRAIN or opened.manifest["data"].get("train") is None:
        return {}
    from assay.targets.datasets.match import check_match

    rows = opened.data(ref.name)
    shown = opened.shown(TRAIN)
    try:
        train = opened.data(TRAIN)
    except UnusableInput:
        return {"compared_with": f"nothing: {shown} is unusable"}
    labelled = opened.manifest["task"] != "regression" and not opened.manifest["io"]["classes"]
    check_match(rows, ref.shown, train, shown, classes=labelled)
    return {"compared_with": shown}


def _log_facts(opened: OpenTarget, ref: InputRef) -> Facts:
    """Read the first block of a log: enough to refuse a folder, an archive or a binary file.

    Of a file that was only guessed to be a log, `no_log` says what it is where it is none.
    """
    from assay.targets.log_bytes import NotText, layout
    from assay.targets.logs import LogReader

    path = opened.path(ref.name)
    reader = LogReader(path, ref.shown)
    guessed = bool(ref.spec.get("guessed"))
    try:
        first = next(iter(reader), None)
    except NotText:
        if not guessed or reader.plain:
            raise
        return {"no_log": "binary"}
    if first is not None and guessed and not reader.plain and not reader.table:
        form = sniff.sniff_bytes(first.data[: sniff.HEAD])
        if form not in sniff.DATA | {sniff.BINARY}:
            return {"no_log": form}
    if first is None:
        raise UnusableInput(
            f"{ref.shown}: {reader.problem or 'is empty, so there is nothing to scan; give a log with lines'}"
        )
    with path.open("rb") as file:
        found = layout(file.read(16), ref.shown)
    if found.table:
        from assay.targets.log_rows import row_groups

        return {"compressed": False, "compression": None, "row_groups": row_groups(path, ref.shown)}
    return {"compressed": found.compression is not None, "compression": found.compression}


def _probe(opened: OpenTarget, name: str) -> Facts:
    model = opened.model(name)
    facts: Facts = {"kind": model.kind}
    ready = [source for source in ("data.test", TRAIN) if opened.manifest["data"].get(source.removeprefix("data."))]
    if not ready:
        return facts | {"classes": list(model.classes), "rows": 0}
    source, data = _first_usable(opened, ready)
    x = data.x[:PROBE_ROWS]
    regression = opened.manifest["task"] == "regression" or opened.manifest["io"]["output"] == "value"
    answers = [_ask(model, x, source, regression=regression) for _ in range(2)]
    facts |= {"rows": len(x), "source": source, "deterministic": bool((answers[0] == answers[1]).all())}
    if regression:
        return facts
    facts["classes"] = [masked(name) for name in model.classes]
    if data.y is not None:
        facts[f"{source.removeprefix('data.')}_accuracy"] = _accuracy(
            answers[0], data.y[: len(x)], model.classes, opened.shown(name)
        )
    return facts


def _first_usable(opened: OpenTarget, names: list[str]) -> tuple[str, Dataset]:
    problems = []
    for name in names:
        try:
            return name, opened.data(name)
        except UnusableInput as error:
            problems.append(str(error))
    raise UnusableInput(f"no rows to ask the model for: {problems[0]}")


def _ask(model: Any, x: Any, source: str, *, regression: bool) -> Any:
    return model.predict_values(x, source) if regression else model.predict_proba(x, source)


def _accuracy(proba: Any, y: Any, classes: tuple[str, ...], shown: str) -> float:
    """Return the share of rows whose likeliest class is their label.

    Raises:
        UnusableInput: no label is a class of the model, so that nothing can be measured with these labels.
    """
    from assay.targets.labels import class_codes, label_names

    codes = class_codes(y, classes)
    if (codes < 0).all():
        first = str(label_names(y)[0])
        raise UnusableInput(
            f"{shown}: the data hold labels like {masked(first)!r} and the model knows the classes "
            f"{listed(classes)}{near(first, classes)}; list its classes in io.classes in "
            f"their order"
        )
    return float((proba.argmax(axis=1) == codes).mean())
