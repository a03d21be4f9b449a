"""Lend every statistics test the way a policy reads a saved interval."""

import pytest

from assay.model.confidence import interval_at
from assay.model.measurement import Measurement


@pytest.fixture(scope="session")
def judged():
    """Return what `judge` makes of an estimate at another level."""

    def at(estimate, level):
        return interval_at(Measurement(metric="privacy.membership.auc", **estimate.fields()), level)

    return at
