"""The runner: whatever a detector does, it ends as an outcome, and loses nothing of the others."""

import sys
from pathlib import Path

import pytest

from assay.engine.catalogue import Broken
from assay.engine.context import NoPolicy
from assay.engine.plan import Plan, Step
from assay.engine.run import Setting, execute
from assay.engine.tasks import TaskRunner
from assay.model.outcome import Status
from assay.targets.resolve import resolve


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
    (tmp_path / "a.log").write_text("hello\n")
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nlogs: [{path: a.log}]\n")
    from demo_detectors import SPEC

    def execute_with(*bodies, broken=(), seed=0, observing=False, options=None):
        resolved = resolve(tmp_path / "assay.yaml")
        specs = [
            SPEC.model_copy(update={"body": f"demo_detectors:{body}", "stage": index + 1})
            for index, body in enumerate(bodies)
        ]
        tasks = TaskRunner(resolved.manifest.model_dump(mode="json"), resolved.inputs)
        setting = Setting(seed, lambda *told: None, NoPolicy(), observing)
        return execute(Plan(tuple(Step(spec, options or {}) for spec in specs), ()), broken, resolved, tasks, setting)

    return execute_with


BAD = {
    "Raises": (Status.FAILED, "ZeroDivisionError: secret", 1),
    "Undeclared": (Status.FAILED, "does not declare", 0),
    "OutOfRange": (Status.FAILED, "outside its range", 0),
    "Label": (Status.FAILED, "undeclared label 'wrong'", 0),
    "Twice": (Status.FAILED, "measured twice", 1),
    "NotMeasurement": (Status.FAILED, "not a Measurement", 0),
    "NaN": (Status.FAILED, "contract: Interval", 0),
    "OutsideInterval": (Status.FAILED, "lies outside its interval", 0),
    "NoRows": (Status.FAILED, "contract: Measurement: n", 0),
    "ForeignObservation": (Status.FAILED, "does not declare", 0),
    "CannotStart": (Status.FAILED, "RuntimeError: no", 0),
    "NotThere": (Status.FAILED, "AttributeError", 0),
    "Skips": (Status.SKIPPED, "nothing to do", 0),
    "Other": (Status.NOT_APPLICABLE, "another kind", 0),
    "Fails": (Status.FAILED, "one sentence", 1),
}


@pytest.mark.parametrize("body", BAD, ids=BAD)
def test_a_bad_detector_is_an_outcome_and_the_good_one_is_kept(run, body):
    status, words, kept = BAD[body]
    found = run(body, "Good").outcomes
    bad = next(outcome for outcome in found if outcome.status is not Status.RAN)
    assert bad.status is status
    assert words in bad.reason
    assert "second line" not in bad.reason
    assert len(bad.measurements) == kept
    assert [outcome.status for outcome in found].count(Status.RAN) == 1


def test_an_interrupt_keeps_what_was_done_and_cancels_the_rest(run):
    found = run("Good", "Interrupted", "Good")
    assert found.interrupted
    assert found.outcomes[0].status is Status.RAN
    assert found.records[0].sha256


def test_a_broken_plugin_is_a_failed_outcome(run):
    found = run("Good", broken=[Broken("x.y", "cannot be imported")])
    assert next(o for o in found.outcomes if o.detector == "x.y").reason == "cannot be imported"


def test_seed_decides_and_nothing_else(run):
    values = [run("Good", seed=seed).outcomes[0].measurements[0].value for seed in (0, 0, 1, 2, 3, 4, 5, 6)]
    assert values[0] == values[1]
    assert len(set(values)) == 2


def test_observations_are_spooled(run):
    found = run("Good", observing=True)
    assert [entry.metric for entry in found.spools["demo.check"]] == ["demo.check.n"]
    assert found.outcomes[0].not_covered == ("the dark side",)
    assert not run("Good").spools


@pytest.mark.parametrize("body", ["Good", "Raises", "Skips"])
def test_an_outcome_says_with_which_options_the_detector_ran(run, body):
    options = {"rows": 3, "share": 0.5, "deep": True, "how": "all"}
    outcome = run(body, options=options).outcomes[0]
    assert outcome.options == options and type(outcome.options["deep"]) is bool
    assert type(outcome.model_validate_json(outcome.model_dump_json()).options["rows"]) is int


def test_a_check_that_never_began_says_with_which_options_it_would_have_run(run):
    found = run("Interrupted", "Good", options={"rows": 3})
    assert {outcome.status for outcome in found.outcomes} == {Status.CANCELLED}
    assert all(outcome.options == {"rows": 3} for outcome in found.outcomes)
