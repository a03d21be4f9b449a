"""Promises that are checked by scanning in this process: contract, determinism, alarms, odd input, secrets."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from assay.engine.plan import resolve_options
from assay.model.errors import InvalidInput
from assay.model.outcome import Status
from assay.model.spec import OptionSpec
from assay.stats.multiplicity import most_alarms
from assay.testing.conformance import Build, Built, Example, NonConformant
from assay.testing.neighbour import neighbour_of
from assay.testing.scanning import Scanned, scan_with

_PLANTED: dict[int, tuple[Example, Built, Scanned, list[str]]] = {}
_DEFECT = re.compile(r"please report|this is a defect|Traceback|contract:")


def check_declares_what_it_measures(example: Example, folder: Path) -> None:
    """It runs on a clean target, yields declared metrics and labels, and says what it cannot see."""
    spec = example.load()
    outcome = _scan(example, _built(example.clean, folder / "clean", 0)).outcome(spec.id)
    if outcome.status is not Status.RAN or not outcome.measurements:
        raise NonConformant(f"{spec.id} does not measure a clean target: {outcome.status}, {outcome.reason}")
    said = spec.explanation
    for name in ("what", "why", "how_to_read", "how_to_fix"):
        if len(getattr(said, name)) < 20:
            raise NonConformant(f"{spec.id} does not explain {name}")
    if not said.cannot_see:
        raise NonConformant(f"{spec.id} claims to see everything: explanation.cannot_see is empty")
    for measurement in outcome.measurements:
        if not measurement.method:
            raise NonConformant(f"{measurement.metric} does not name its method")


def check_same_numbers_for_the_same_seed(example: Example, folder: Path) -> None:
    """Twice, and with two workers, it says the same to the byte."""
    spec = example.load()
    built = _built(example.planted, folder / "planted", 0)
    first, again = _scan(example, built, seed=7), _scan(example, built, seed=7)
    if first.plain(spec.id) != again.plain(spec.id):
        raise NonConformant(f"{spec.id} says something else when it is run again with the same seed")
    if first.plain(spec.id) != _scan(example, built, seed=7, jobs=2).plain(spec.id):
        raise NonConformant(f"{spec.id} says something else with two workers")


def check_same_numbers_among_others(example: Example, folder: Path) -> None:
    """Beside another detector it says the same, and leaves to that one what it found."""
    spec = example.load()
    other = neighbour_of(spec)
    built = _built(example.planted, folder / "planted", 0)
    both = scan_with([spec, other], built.manifest, example.policy, params={spec.id: example.params})
    if both.plain(spec.id) != _scan(example, built).plain(spec.id):
        raise NonConformant(f"{spec.id} says something else beside another detector")
    alone = scan_with([other], built.manifest, example.policy)
    if both.plain(other.id) != alone.plain(other.id):
        raise NonConformant(f"{spec.id} changes what other detectors see: data or model in the worker")


def check_silent_on_clean_targets(example: Example, folder: Path) -> None:
    """Clean targets raise no more alarms than its error rate allows."""
    _silent(example, folder, "clean targets", example.clean)


def check_silent_on_bait(example: Example, folder: Path) -> None:
    """Neither do targets that are odd but honest."""
    for name, build in example.bait.items():
        _silent(example, folder / name.replace(" ", "-"), f"honest targets ({name})", build)


def check_finds_the_plant_and_points_at_it(example: Example, folder: Path) -> None:
    """A planted fault violates a rule, and the evidence names its place; the same target without it does not."""
    spec = example.load()
    built, scanned, _ = _with_plant(example)
    if not scanned.alarms(spec.id):
        outcome = scanned.outcome(spec.id)
        raise NonConformant(f"{spec.id} does not find the plant ({outcome.status}, {outcome.reason})")
    evidence = [o.evidence for o in scanned.observations if o.detector == spec.id]
    evidence += [piece for m in scanned.outcome(spec.id).measurements for piece in m.evidence]
    if not built.pointed(evidence):
        raise NonConformant(f"{spec.id} finds the plant and does not point at it; evidence: {len(evidence)} pieces")


def check_bounded_memory(example: Example, folder: Path) -> None:
    """Its workers stay below the memory that the example allows."""
    spec = example.load()
    cost = _with_plant(example)[1].outcome(spec.id).cost
    if cost.peak_rss_mb > example.most_mb:
        raise NonConformant(f"{spec.id} used {cost.peak_rss_mb:.0f} MB, and {example.most_mb:.0f} are allowed")


def check_odd_input_is_a_reasoned_outcome(example: Example, folder: Path) -> None:
    """One class, one row, NaN, nothing: a number, or one sentence that is no confession of a defect."""
    spec = example.load()
    usual = set(_with_plant(example)[1].outcome(spec.id).not_covered) if example.odd else set()
    for name, build in example.odd.items():
        built = _built(build, folder / name.replace(" ", "-"), 0)
        outcome = _scan(example, built).outcome(spec.id)
        reason = outcome.reason or ""
        if outcome.status is Status.RAN:
            said = set(outcome.not_covered) - usual
            if not (outcome.measurements or outcome.unresolved or said):
                raise NonConformant(f"{spec.id} on {name}: ran, measured nothing and gives no reason")
            continue
        if not reason or _DEFECT.search(reason) or "\n" in reason:
            raise NonConformant(f"{spec.id} on {name}: {outcome.status} without a reason that helps: {reason[:200]!r}")


def check_input_is_left_as_it_was(example: Example, folder: Path) -> None:
    """No file of the target is changed, added or removed."""
    _, _, changed = _with_plant(example)
    if changed:
        raise NonConformant(f"{example.load().id} changes its input: {', '.join(changed)}")


def check_no_secret_in_any_output(example: Example, folder: Path) -> None:
    """No planted value is in result, observations or store."""
    if example.secret is None:
        return
    built = _built(example.secret, folder / "secret", 0)
    cache = folder / "store" / "store.sqlite"
    scanned = _scan(example, built, cache=cache)
    text = scanned.result.to_json() + scanned.plain(example.load().id)
    text += "".join(path.read_bytes().decode("latin-1") for path in cache.parent.glob("*"))
    shown = [secret for secret in built.secrets if secret in text]
    if shown or not built.secrets:
        raise NonConformant(f"{example.load().id} shows {len(shown)} of {len(built.secrets)} planted secrets")


def check_options_are_bounded_and_work(example: Example, folder: Path) -> None:
    """What lies beyond an option's bounds is refused, and its defaults are within."""
    spec = example.load()
    for option in spec.options:
        resolve_options(spec, {option.name: option.default})
        for wrong in _beyond(option):
            try:
                resolve_options(spec, {option.name: wrong})
            except InvalidInput:
                continue
            raise NonConformant(f"{spec.id} takes {option.name} = {wrong!r}")
        if option.type in ("int", "float") and option.low is None and option.high is None:
            raise NonConformant(f"{spec.id} does not bound its option {option.name}")


def _with_plant(example: Example) -> tuple[Built, Scanned, list[str]]:
    """Return the planted target, what a scan says of it, and its files that the scan changed; once for each example."""
    if id(example) not in _PLANTED:
        with tempfile.TemporaryDirectory(prefix="assay-plant-") as scratch:
            folder = Path(scratch) / "planted"
            built = _built(example.planted, folder, 0)
            before = _digests(folder)
            scanned = _scan(example, built)
            after = _digests(folder)
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        _PLANTED[id(example)] = (example, built, scanned, changed)
    return _PLANTED[id(example)][1:]


def _beyond(option: OptionSpec) -> list[int | float | str | None]:
    found: list[int | float | str | None] = [None]
    found += [option.low - 1] if option.low is not None else []
    found += [option.high + 1] if option.high is not None else []
    found += ["no such choice"] if option.choices else []
    return found


def _silent(example: Example, folder: Path, what: str, build: Build) -> None:
    spec = example.load()
    loud: list[str] = []
    for seed in range(example.seeds):
        scanned = _scan(example, _built(build, folder / str(seed), seed), seed=seed)
        outcome = scanned.outcome(spec.id)
        if outcome.status is not Status.RAN:
            raise NonConformant(f"{spec.id} does not measure {what}: {outcome.status}, {outcome.reason}")
        loud += scanned.alarms(spec.id)[:1]
    if len(loud) > most_alarms(example.seeds, example.error_rate):
        raise NonConformant(f"{spec.id} raises alarms on {len(loud)} of {example.seeds} {what}: {loud[0]}")


def _built(build: Build, folder: Path, seed: int) -> Built:
    folder.mkdir(parents=True)
    return build(folder, seed)


def _scan(
    example: Example, built: Built, *, seed: int = 0, jobs: int | None = None, cache: Path | None = None
) -> Scanned:
    spec = example.load()
    params = {spec.id: example.params}
    return scan_with([spec], built.manifest, example.policy, seed=seed, jobs=jobs, cache=cache, params=params)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


PROMISES: tuple[Callable[[Example, Path], None], ...] = (
    check_declares_what_it_measures,
    check_same_numbers_for_the_same_seed,
    check_same_numbers_among_others,
    check_silent_on_clean_targets,
    check_silent_on_bait,
    check_finds_the_plant_and_points_at_it,
    check_bounded_memory,
    check_odd_input_is_a_reasoned_outcome,
    check_input_is_left_as_it_was,
    check_no_secret_in_any_output,
    check_options_are_bounded_and_work,
)
