"""The manifest `assay.yaml`: what is scanned. Every part but `version` and `name` is optional."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from assay.model.base import Finite, Noun

ImportString = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
PathText = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")]


def _as_text(value: Any) -> Any:
    """Class names may be written as numbers or booleans; they are names all the same."""
    return str(value) if isinstance(value, int | float) else value


ClassName = Annotated[str, BeforeValidator(_as_text)]


class ModelInput(Noun):
    """A model file; the format is found from its content."""

    path: PathText
    name: Name | None = None
    factory: ImportString | None = None
    """`package.module:build`, for a file that holds weights only; the user's own code."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")] | None = None


class Arrays(Noun):
    """Names of the arrays in an npz."""

    x: Name = "x"
    y: Name = "y"


class DataInput(Noun):
    """A table or an array file."""

    path: PathText
    label: ClassName | None = None
    """Column that holds the label."""
    arrays: Arrays = Arrays()


class DataInputs(Noun):
    """Data by role."""

    train: DataInput | None = None
    test: DataInput | None = None
    trusted: DataInput | None = None
    """Rows whose labels somebody checked."""


class Io(Noun):
    """What the model eats and says."""

    output: Literal["proba", "logits", "label", "score", "value"] | None = None
    classes: tuple[ClassName, ...] | None = None
    """Class names in the order of the model's outputs."""
    columns: tuple[Name, ...] | None = None
    """Feature columns in the order in which the model eats them."""
    dtype: Literal["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "str"] | None = None
    layout: Literal["nchw", "nhwc", "nhw", "flat"] | None = None

    @model_validator(mode="after")
    def _no_twins(self) -> Self:
        for field, names in (("classes", self.classes), ("columns", self.columns)):
            if names is not None and len(set(names)) != len(names):
                raise ValueError(f"{field} names one entry twice; remove it")
        return self


class Column(Noun):
    """What is known about one column."""

    sensitive: bool = False
    bounds: tuple[Finite, Finite] | None = None
    immutable: bool = False
    nullable: bool = False
    """Missing values are meant: the model takes them."""
    role: Literal["feature", "identifier", "label", "group", "time", "weight", "ignore"] = "feature"

    @model_validator(mode="after")
    def _bounds_ordered(self) -> Self:
        if self.bounds is not None and self.bounds[0] > self.bounds[1]:
            low, high = self.bounds
            raise ValueError(f"bounds are upside down: {low:g} > {high:g}; write the smaller one first")
        return self


class InputSpace(Noun):
    """Bounds of the feature space, for attacks."""

    bounds: tuple[Finite, Finite] | None = None


class Training(Noun):
    """How reference models are trained."""

    recipe: Literal["clone", "factory", "none"] | None = None
    signals: PathText | None = None
    """File of precomputed signals, in place of a recipe."""
    declared_epsilon: Annotated[float, Field(gt=0)] | None = None


class LogInput(Noun):
    """Log files; the path may be a glob or a folder."""

    path: PathText


class Published(Noun):
    """What the files should be: a list of digests, or a signature over one. Best kept apart from the files."""

    manifest: PathText | None = None
    """List of digests: text of `sha256sum`, or JSON of `assay artifact manifest`."""
    signature: PathText | None = None
    """Detached signature of OpenSSF model signing (`model.sig`)."""
    key: PathText | None = None
    """Public key of the signer, PEM."""
    certificates: PathText | None = None
    """Certificates of the authorities that are trusted to name signers, PEM; in place of `key`."""
    root: PathText | None = None
    """Folder (or the one file) that the listed names are relative to. Default: of a list, the folder that it lies in;
    of a signature, the model."""

    @model_validator(mode="after")
    def _one_reference(self) -> Self:
        if (self.manifest is None) == (self.signature is None):
            raise ValueError("give `manifest` or `signature`; for both write a list of two entries")
        if self.signature is None and (self.key is not None or self.certificates is not None):
            raise ValueError("`key` and `certificates` belong to a `signature`")
        if self.signature is not None and (self.key is None) == (self.certificates is None):
            raise ValueError(
                "a signature needs either `key` (the signer's public key, PEM) or `certificates` (authorities that "
                "you trust, PEM)"
            )
        return self


def _as_list(value: Any) -> Any:
    if isinstance(value, dict):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


class Manifest(Noun):
    """`assay.yaml`."""

    version: Literal[1]
    name: Name
    model: ModelInput | None = None
    models: tuple[ModelInput, ...] = ()
    artifacts: tuple[PathText, ...] = ()
    """Further files, globs allowed: checked by stage 0 only, never loaded."""
    task: Literal["classification", "regression"] | None = None
    io: Io = Io()
    data: DataInputs = DataInputs()
    columns: dict[Name, Column] = {}
    inputs: InputSpace = InputSpace()
    training: Training | None = None
    logs: tuple[LogInput, ...] = ()
    integrity: Annotated[
        tuple[Published, ...], BeforeValidator(_as_list, json_schema_input_type=Published | tuple[Published, ...])
    ] = ()
    """What the files should be; one entry or a list."""

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        if self.model is not None and self.models:
            raise ValueError("give `model` or `models`, not both")
        if len(self.models) > 1 and any(entry.signature and not entry.root for entry in self.integrity):
            raise ValueError("integrity: with several models say in `root` which of them a signature covers")
        return self

    @property
    def all_models(self) -> tuple[tuple[str, ModelInput], ...]:
        """Return `(input name, entry)` of each model."""
        if self.model is not None:
            return (("model", self.model),)
        return tuple((f"models[{index}]", entry) for index, entry in enumerate(self.models))
