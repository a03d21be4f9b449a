"""What the options ask for beyond our own rules: the reference mode, code of the user, a model for names. Driver side.

Code is read, never run, in the driver. It travels to the work as text, so that a remembered result hangs on it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from assay.detector import Context, DetectorFailed
from assay.model.errors import UnusableInput
from assay.targets.base import Target
from assay.targets.digest import digest
from assay_detectors.pii import reference
from assay_detectors.pii.spec import NAMES_NOT_COVERED, NOT_COVERED, SPEC

_MOST_CODE = 1 << 20


@dataclass
class Asked:
    """What is asked for, and what became of the search for names."""

    engine: str
    min_score: float
    code: str = ""
    """File name and source of the user's recognizers, as JSON."""
    ner: str = ""
    """What `NameFinder` needs, as JSON."""
    ner_shown: str = ""
    looked: int = 0
    of: int = 0
    problems: dict[str, None] = field(default_factory=dict)

    @property
    def is_reference(self) -> bool:
        """Say whether Presidio's recognizers do the work."""
        return self.engine == reference.ENGINE

    @property
    def isolated(self) -> bool:
        """Say whether code or a model of the user's takes part."""
        return bool(self.code or self.ner)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the entities that are not measured at all."""
        return reference.LEFT_OUT if self.is_reference else ()

    def note(self, result: Mapping[str, Any]) -> None:
        """Take note of what a shard says of the search for names."""
        if (told := result["names"]) is not None:
            self.looked += told["looked"]
            self.of += told["of"]
            if told["problem"]:
                self.problems[told["problem"]] = None

    def partial(self, entity: str) -> bool:
        """Say whether an entity was not looked for as it was asked."""
        return entity == "PERSON" and (bool(self.problems) or self.looked < self.of)

    @property
    def not_covered(self) -> tuple[str, ...]:
        """Return what the method does not see."""
        if self.is_reference:
            return reference.NOT_COVERED
        if not self.ner:
            return NOT_COVERED
        rest = tuple(sentence for sentence in NOT_COVERED if sentence != NAMES_NOT_COVERED)
        failed = tuple(f"names in prose: {problem}" for problem in self.problems)
        return (*(failed or (self._looked,)), *rest)

    @property
    def _looked(self) -> str:
        return (
            f"names in prose: NER model {self.ner_shown}, {self.looked:,} of {self.of:,} lines with free text looked at"
        )

    def method(self, own: str) -> str:
        """Return how it was measured, where not by our rules alone, which `own` describes."""
        told = reference.method(_presidio(), self.min_score) if self.is_reference else own
        if self.ner:
            told = told.replace("no NER", f"NER model {self.ner_shown} on a sample of lines with free text")
        return f"{told}; recognizers of {json.loads(self.code)[0]}" if self.code else told


def asked_of(target: Target, ctx: Context) -> Asked:
    """Return what the options ask for.

    Raises:
        DetectorFailed: they contradict each other, or the code is not the one that is trusted.
    """
    options = ctx.options
    asked = Asked(str(options["engine"]), float(options["min_score"]))
    if asked.is_reference:
        for name in ("gitleaks", "ner_model"):
            if options[name]:
                raise DetectorFailed(f"option {name}: has no part in engine presidio; leave one of the two out")
    if given := str(options["recognizer_code"]):
        asked.code = json.dumps([given, _trusted(target, given, str(options["recognizer_code_sha256"]))])
    if given := str(options["ner_model"]):
        folder = target.root / given
        if folder.exists():
            _trusted_model(target, given, str(options["ner_model_sha256"]))
        asked.ner_shown = given
        asked.ner = json.dumps(
            {
                "model": str(folder) if folder.exists() else given,
                "shown": given,
                "lines": int(options["ner_lines"]),
                "seed": ctx.seed("names"),
                "min_score": asked.min_score,
            }
        )
    return asked


def _trusted(target: Target, given: str, wanted: str) -> str:
    """Return the source of the user's recognizers, if it is the one whose digest the policy names."""
    try:
        with (target.root / given).open("rb") as file:
            data = file.read(_MOST_CODE + 1)
        source = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DetectorFailed(f"option recognizer_code: {given} cannot be read ({type(error).__name__})") from None
    if len(data) > _MOST_CODE:
        raise DetectorFailed(f"option recognizer_code: {given} is larger than {_MOST_CODE >> 20} MB")
    found = hashlib.sha256(data).hexdigest()
    if wanted.lower() != found:
        told = (
            f"is not the code that recognizer_code_sha256 trusts ({wanted[:64]})" if wanted else "is trusted by nobody"
        )
        raise DetectorFailed(
            f"option recognizer_code: {given} {told}; if you trust it to run, set recognizer_code_sha256: {found}"
        )
    return source


def _trusted_model(target: Target, given: str, wanted: str) -> None:
    """See that a model which lies in the target's folder is the one whose digest the policy names.

    Workers have digested it already, as every input; only where there was no intake is it read here.
    """
    record = target.record(f"{SPEC.id}:ner_model")
    found = record.sha256 if record is not None else None
    if found is None:
        try:
            found = digest(target.root / given, given).sha256
        except UnusableInput as error:
            raise DetectorFailed(f"option ner_model: {error}") from None
    if wanted.lower() != found:
        told = f"is not the one that ner_model_sha256 trusts ({wanted[:64]})" if wanted else "is trusted by nobody"
        raise DetectorFailed(
            f"option ner_model: {given} {told}; if you trust it to be loaded, set ner_model_sha256: {found}"
        )


def _presidio() -> str:
    try:
        return version("presidio-analyzer")
    except PackageNotFoundError:
        return "of unknown version"
