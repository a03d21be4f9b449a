"""What options name is an input: found, recorded, readable by workers; work with code of the user's stands alone."""

from pathlib import Path

import pytest

from assay.engine.context import RunContext, Surroundings
from assay.engine.option_files import with_option_files
from assay.engine.plan import Plan, Step
from assay.engine.room import listed_files
from assay.model.manifest import Manifest
from assay.model.spec import Explanation, OptionSpec
from assay.targets.refs import Shard, isolated
from assay.targets.resolve import Resolved
from assay_detectors.pii.spec import SPEC


def planned(**given):
    options = (OptionSpec(name="rules", type="str", default="", path=True, help="x"),)
    options += (OptionSpec(name="label", type="str", default="", help="x"),)
    nothing = Explanation(what="", why="", how_to_read="", how_to_fix="", cannot_see=())
    spec = SPEC.model_copy(update={"id": "a.b", "options": options, "explanation": nothing})
    return Plan((Step(spec, {"rules": "", "label": "", **given}),), ())


@pytest.mark.parametrize("given, found", [("r.toml", ["r.toml"]), ("m/", ["m"]), ("gone", []), ("", [])])
def test_what_is_there_becomes_an_input(tmp_path, given, found):
    (tmp_path / "r.toml").write_text("x")
    (tmp_path / "m").mkdir()
    resolved = Resolved(Manifest(version=1, name="t"), tmp_path, (), frozenset())
    refs = with_option_files(resolved, planned(rules=given, label="r.toml")).inputs
    assert [ref.shown for ref in refs] == found
    assert all((ref.name, ref.role, ref.spec) == ("a.b:rules", "option", {"detector": "a.b"}) for ref in refs)
    assert {Path(path).name for path in listed_files(refs)} == set(found)


@isolated
def alone(opened, shard):
    """Do nothing."""


def shared(opened, shard):
    """Do nothing."""


@pytest.mark.parametrize("work, group, sealed", [(alone, "isolated:pii.logs", True), (shared, "", False)])
def test_work_with_code_of_the_users_is_sealed_and_by_itself(work, group, sealed):
    class Tasks:
        memory = type("Memory", (), {"active": False})

    ctx = RunContext(SPEC, {}, Surroundings(Tasks, None, None, None), observing=False)
    (task,) = ctx._tasks(work, [Shard("logs:a")], {})
    assert (task.group, task.sealed) == (group, sealed)
