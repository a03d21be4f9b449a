"""`assay init`: write an assay.yaml by looking at the names in a folder."""

from __future__ import annotations

from pathlib import Path

import click

from assay.model.errors import EXIT_OK, InvalidInput

_MODELS = (".skops", ".safetensors", ".onnx", ".pt", ".pth", ".pkl", ".joblib", ".pickle")
_DATA = (".parquet", ".csv", ".npz", ".jsonl")
_LOGS = (".log", ".log.gz", ".jsonl", ".jsonl.gz")
_ROLES = {"train": ("train",), "test": ("test", "valid", "eval"), "trusted": ("trusted", "verified")}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--print", "only_print", is_flag=True, help="Print it instead of writing FOLDER/assay.yaml.")
def init(folder: Path, only_print: bool) -> int:
    """Write assay.yaml for FOLDER. Looks at names only; nothing is opened. Check it before the first scan."""
    if not folder.is_dir():
        raise InvalidInput(f"{folder}: no such folder; give the folder that holds the model")
    text = draft(folder)
    if only_print:
        click.echo(text, nl=False)
        return EXIT_OK
    goal = folder / "assay.yaml"
    try:
        with goal.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise InvalidInput(f"{goal}: exists already; edit it, or use --print") from None
    except OSError as error:
        raise InvalidInput(f"{goal}: cannot be written ({error.strerror}); use --print") from None
    click.echo(f"wrote {goal}; check it, then run: assay scan {goal}")
    return EXIT_OK


def draft(folder: Path) -> str:
    """Return a manifest for the files below `folder`, with what could not be guessed as comments."""
    names = sorted(
        str(path.relative_to(folder)).replace("\\", "/")
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    logs = [name for name in names if name.endswith(_LOGS) and "log" in name.lower()]
    data = {role: _first(names, words, logs) for role, words in _ROLES.items()}
    models = [name for name in names if name.endswith(_MODELS)]
    lines = ["version: 1", f"name: {_quoted(folder.resolve().name or 'target')}"]
    if len(models) == 1:
        lines.append(f"model: {{path: {_quoted(models[0])}}}")
    elif models:
        lines += ["models:", *(f"  - {{path: {_quoted(name)}}}" for name in models)]
    else:
        lines.append("# model: {path: model.onnx}")
    if any(name.endswith((".safetensors", ".pt", ".pth")) for name in models):
        lines.append("# a file of weights needs the code that builds the module: factory: package.module:build")
    lines.append("# task: classification")
    lines.append("# io: {output: proba, classes: [no, yes]}")
    if any(data.values()):
        lines.append("data:")
        for role, name in data.items():
            if name:
                label = "" if name.endswith(".npz") else "  # add the label column: label: NAME"
                lines.append(f"  {role}: {{path: {_quoted(name)}}}{label}")
    if logs:
        lines.append("logs:")
        lines += [f"  - {{path: {_quoted(name)}}}" for name in _by_folder(logs)]
    return "\n".join(lines) + "\n"


def _first(names: list[str], words: tuple[str, ...], logs: list[str]) -> str | None:
    found = (n for n in names if n.endswith(_DATA) and n not in logs and any(w in Path(n).stem.lower() for w in words))
    return next(found, None)


def _by_folder(logs: list[str]) -> list[str]:
    """Return a pattern for a folder with several logs of one ending."""
    groups: dict[str, list[str]] = {}
    for name in logs:
        path = Path(name)
        groups.setdefault(str(path.parent / f"*{''.join(path.suffixes[-2:])}"), []).append(name)
    return [pattern.replace("\\", "/") if len(found) > 1 else found[0] for pattern, found in groups.items()]


def _quoted(text: str) -> str:
    plain = text.replace("/", "").replace("_", "").replace("-", "").replace(".", "")
    return text if plain.isalnum() and plain.isascii() and plain[:1].isalpha() else "'" + text.replace("'", "''") + "'"
