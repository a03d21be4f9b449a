"""`artifact.unsafe-code`: what a model file would import, call or keep a reference to when it is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from assay.detector import Context, DetectorNotApplicable
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, Reference
from assay.targets.allowlist import version
from assay.targets.base import Target
from assay_detectors.artifact.files import ONLY_LOGS, checked, clean, has_logs, only_logs, readings, size

METRIC = "artifact.unsafe-code.calls"
MAX_UNREAD_SHOWN = 5
MAX_GRANTED_SHOWN = 10
_CODE_SUFFIXES = (".py", ".pyx", ".ipynb", ".sh")

SPEC = DetectorSpec(
    id="artifact.unsafe-code",
    title="Code in model files",
    version="1",
    family="artifact",
    stage=0,
    explanation=Explanation(
        what=(
            "Reads every model file byte by byte, without loading it, and counts the imports, calls and "
            "references that it would make. Pickles (protocols 0 to 5, also inside joblib, torch, numpy and skops "
            "files, archives and compressed streams) are followed opcode by opcode on a symbolic stack. A name "
            "counts unless exactly this module and name is on the allowlist of constructors, rebuilding helpers "
            "and numeric functions; there is no list of bad names to get round. The same holds for the operators of "
            "TorchScript, torch.export, ONNX, SavedModel and TFLite, for the layers of Keras, the types of skops, the "
            "filters of chat templates (GGUF, tokenizers), and for class paths and remote code in configuration "
            "(transformers, diffusers, MLflow, Hydra). safetensors, GGUF and boosters are read for a valid header."
        ),
        why=(
            "A pickle is a program: whoever can put one into the release can run commands on every machine that "
            "loads it, before the first prediction and with the rights of the service. A reference that is only "
            "stored, such as a transformer whose function is os.system, runs at the first prediction."
        ),
        how_to_read=(
            "One number per file. 0, read to the end: nothing outside the allowlist. k: that many names outside "
            "it, each with its byte offset. 'At least k' means that the file could not be read to its end or that "
            "its format is not analysed; the evidence `unread` says why. At least 0 is not a clean file."
        ),
        how_to_fix=(
            "A name that you know (your own class, `__main__.Scaler`): move the model to a format without code "
            "(ONNX, safetensors, skops with reviewed types), or answer for it: `assay artifact trust FILE`. A name "
            "that you do not know: do not load the file; ask its producer, compare its digest with the one published, "
            "and rebuild it from source. Truncated or contradictory files: fetch them again."
        ),
        cannot_see=(
            "Backdoors that are learnt: weights that misbehave on a trigger hold no code.",
            "Python source beside the model, and what pip would install from its requirements: both are named.",
            "Text graphs of TensorFlow, 7z and rar archives: recognised and reported as not read.",
            "Memory errors in native code that crafted numbers provoke in a trusted class, as in the nodes of pickled "
            "trees or the indices of sparse matrices.",
            "What the operators of a custom library do: that one is needed is found.",
        ),
    ),
    needs=(Capability.ARTIFACT,),
    metrics=(
        MetricSpec(
            id=METRIC,
            title="Forbidden imports, calls and references",
            unit="names",
            low=0,
            direction="lower-is-better",
            null_value=0,
            labels=("file",),
        ),
    ),
    references=(
        Reference(
            title="Python documentation, pickle: restricting globals",
            url="https://docs.python.org/3/library/pickle.html",
        ),
        Reference(title="PEP 3154, pickle protocol 4 (framing)", url="https://peps.python.org/pep-3154/"),
        Reference(title="PEP 574, pickle protocol 5", url="https://peps.python.org/pep-0574/"),
    ),
    frameworks=(
        "atlas:AML.T0010",
        "atlas:AML.T0010.003",
        "atlas:AML.T0011.000",
        "owasp-ml:ML06",
        "owasp-llm:LLM03",
        "nist-aml:NISTAML.051",
        "cwe:CWE-502",
    ),
    status="stable",
    body="assay_detectors.artifact.unsafe_code:UnsafeCode",
)


class UnsafeCode:
    """Count what each model file would import, call or refer to outside the allowlist."""

    spec: ClassVar[DetectorSpec] = SPEC

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the cost by file size: 50 MB a second, and a little for each file."""
        sizes = [size(Path(ref.path)) for ref in target.of_role("model", "artifact")]
        return Cost(cpu_seconds=round(sum(sizes) / 50e6 + 0.01 * len(sizes), 3))

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Yield one measurement per model file; say which files are none. Logs without any do not concern it.

        Containers of data are measured beside models and logs; where there is nothing else, nothing was checked.
        """
        unread: list[tuple[str, str]] = []
        method = f"symbolic reading, exact-name allowlist {version()}"
        passed: Counter[str] = Counter()
        source: list[str] = []
        measured: Counter[str] = Counter()
        held: list[tuple[str, str, dict[str, Any]]] = []
        for name_of_input, shown, must, reading in readings(target, ctx, unread):
            for note in reading["notes"]:
                ctx.not_covered(f"{shown}: {clean(str(note))}")
            for name in reading["granted"]:
                ctx.not_covered(f"{clean(str(name))}: trusted by the user, not by Assay{_said(target, str(name))}")
            if reading["data"] and not must:
                if shown.endswith(_CODE_SUFFIXES):
                    source.append(shown)
                else:
                    passed[reading["format"]] += 1
            elif reading.get("held") and not reading["findings"] and not reading["reasons"]:
                held.append((name_of_input, shown, reading))
            else:
                measured[name_of_input] += 1
                yield _measure(shown, reading, method + _granted(target, reading), ctx)
        for shown, reason in unread:
            measured[shown] += 1
            yield _measure(shown, checked(None, None) | {"reasons": [reason]}, method, ctx)
        if measured or target.of_role("model") or has_logs(target) or only_logs(target):
            for name_of_input, shown, reading in held:
                measured[name_of_input] += 1
                yield _measure(shown, reading, method, ctx)
        yield from _empty_folders(target, measured, method, ctx)
        if not measured and not source and only_logs(target):
            raise DetectorNotApplicable(ONLY_LOGS)
        _tell(ctx, passed, source)


def _granted(target: Target, reading: dict[str, Any]) -> str:
    """Return what the method says of names that counted because the user trusts them."""
    names = [clean(str(name), 100) for name in reading["granted"]]
    if not names:
        return ""
    more = f" and {len(names) - MAX_GRANTED_SHOWN} more" if len(names) > MAX_GRANTED_SHOWN else ""
    files = ", ".join(f"{clean(path, 100)} sha256 {sha256[:12]}" for path, sha256 in target.trust.files)
    return f"; trusted by the user ({files}): {', '.join(names[:MAX_GRANTED_SHOWN])}{more}"


def _said(target: Target, name: str) -> str:
    entry = next((entry for entry in target.trust.entries if entry.name == name), None)
    return "" if entry is None else clean(f", as {entry.power} ({entry.by}: {entry.reason})")


def _measure(shown: str, reading: dict[str, Any], method: str, ctx: Context) -> Measurement:
    reasons = [str(reason) for reason in reading["reasons"]]
    if reading["data"]:
        reasons.append(f"its content is {reading['format']}, which is no format of models that Assay knows")
    value = max(int(reading["total"]), len(reading["findings"]))
    unread = [_unread(shown, reason) for reason in reasons]
    found = [_evidence(shown, finding) for finding in reading["findings"]]
    labels = {"file": shown}
    for evidence in (*unread, *found):
        ctx.observe(Observation(detector=SPEC.id, metric=METRIC, labels=labels, evidence=evidence))
    head = unread[:MAX_UNREAD_SHOWN]
    kept = (*head, *found[: EVIDENCE_CAP - len(head)])
    return Measurement(
        metric=METRIC,
        value=value,
        interval=Interval.at_least(value) if reasons else Interval.exact(value),
        n=1,
        labels=labels,
        method=method,
        evidence=kept,
        truncated=len(unread) + value - len(kept),
    )


def _unread(shown: str, reason: str) -> Evidence:
    return Evidence(kind="unread", locator=Locator(file=shown), note=clean(f"Not read to its end: {reason}."))


def _evidence(shown: str, finding: dict[str, Any]) -> Evidence:
    kind, offset = finding.get("kind"), finding.get("offset")
    member, opcode = finding.get("member"), finding.get("opcode")
    return Evidence(
        kind=kind if kind in ("import", "call", "reference") else "import",
        locator=Locator(
            file=shown,
            member=clean(member) if isinstance(member, str) else None,
            offset=offset if isinstance(offset, int) and offset >= 0 else None,
            opcode=clean(opcode, 40) if isinstance(opcode, str) else None,
        ),
        note=clean(str(finding.get("note", ""))),
        excerpt=clean(str(finding.get("name", ""))),
    )


def _empty_folders(target: Target, measured: Counter[str], method: str, ctx: Context) -> Iterator[Measurement]:
    """A folder that is declared as a model and holds none is not a clean model."""
    for ref in target.of_role("model"):
        if not measured[ref.name] and Path(ref.path).is_dir():
            reason = "the folder holds no file of a format of models that Assay knows"
            yield _measure(clean(ref.shown), checked(None, None) | {"reasons": [reason]}, method, ctx)


def _tell(ctx: Context, passed: Counter[str], source: list[str]) -> None:
    for form, count in sorted(passed.items()):
        ctx.not_covered(f"{count} {form} file{'s' if count > 1 else ''}: not model files")
    if source:
        rest = f" and {len(source) - 5} more" if len(source) > 5 else ""
        ctx.not_covered(f"source code is not analysed: {', '.join(source[:5])}{rest}")
