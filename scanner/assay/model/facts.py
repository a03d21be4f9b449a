"""What a rule may ask for in `when`: facts of the target, by name."""

from __future__ import annotations

from typing import Final, NamedTuple


class Fact(NamedTuple):
    """One fact; always text."""

    title: str
    values: tuple[str, ...] = ()
    """All values there are; empty where they cannot be listed."""


FACTS: Final[dict[str, Fact]] = {
    "target.name": Fact("name of the target, as the manifest gives it"),
    "target.task": Fact("task of the model, as the manifest gives it", ("classification", "regression")),
    "model.format": Fact("format of the model file, found from its content; unknown where models differ in it"),
}
"""Unknown facts are errors in a policy; a fact that one target does not tell is unknown, never false."""
