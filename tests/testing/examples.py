"""What each built-in detector brings to the battery."""

import pickle
from functools import partial

import numpy as np

from assay.testing import planted
from assay.testing.conformance import Example

EVIL = b"\x80\x04cposix\nsystem\n(S'true'\ntR."
ROWS = (220, 220, 160)


def arrays(folder, seed):
    rng = np.random.default_rng(seed)
    return planted.artifact(folder, pickle.dumps({"w": rng.normal(size=9).tolist(), "n": seed}))


def ordered(folder, seed):
    import collections

    return planted.artifact(folder, pickle.dumps(collections.OrderedDict(a=np.arange(3.0), seed=seed)))


UNSAFE_CODE = Example(
    spec="assay_detectors.artifact.unsafe_code:SPEC",
    policy="baseline",
    clean=arrays,
    bait={"numpy and collections": ordered},
    planted=lambda folder, seed: planted.artifact(folder, EVIL, offset=2),
    odd={
        "empty": lambda folder, seed: planted.artifact(folder, b""),
        "cut": lambda folder, seed: planted.artifact(folder, pickle.dumps(list(range(500)))[:-40]),
        "text": lambda folder, seed: planted.artifact(folder, b"hello there\n" * 50),
        "zip of nothing": lambda folder, seed: planted.artifact(folder, b"PK\x05\x06" + bytes(18), name="m.pt"),
    },
    error_rate=0.0,
    seeds=2,
)

SECRETS = [
    ('{"user": "maria.lopez+ml@uni-bonn.de", "ok": true}', "maria.lopez+ml@uni-bonn.de"),
    ('INFO key access_key="AKIAQRMUVYRM7WLQ7DYX"', "AKIAQRMUVYRM7WLQ7DYX"),
    ('{"card_number": "4556 7375 8689 9855"}', "4556 7375 8689 9855"),
]
LOOK_ALIKES = [
    ('{"trace": "4556737586899851", "host": "scorer@2.service"}', "no secret"),
    ('INFO password="********" digest=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', "no secret"),
]
LOGS = Example(
    spec="assay_detectors.pii.logs:SPEC",
    policy="baseline",
    clean=planted.logs,
    bait={"look-alikes": partial(planted.logs, lines=LOOK_ALIKES)},
    planted=partial(planted.logs, lines=SECRETS),
    odd={
        "empty": partial(planted.logs, count=0),
        "one line": partial(planted.logs, count=1),
    },
    secret=partial(planted.logs, lines=SECRETS),
    error_rate=0.0,
    seeds=2,
)

ODD = {
    "one class trusted": planted.one_class("trusted"),
    "one class in training": planted.one_class("train"),
    "one row": planted.few_rows(1, "train", "test", "trusted"),
    "20 rows": planted.few_rows(20, "train", "test", "trusted"),
    "gaps": planted.gaps,
    "another shape": planted.wrong_shape,
    "the same rows everywhere": planted.same_rows,
    "no signal": planted.no_signal,
}


def odd(**how):
    found = {name: partial(planted.table, rows=ROWS, spoil=spoil, **how) for name, spoil in ODD.items()}
    return {**found, "empty": planted.empty}


LABELS = Example(
    spec="assay_detectors.poisoning.spec:SPEC",
    policy="baseline",
    clean=partial(planted.table, rows=ROWS, classes=3),
    bait={
        "rare class": partial(planted.table, rows=ROWS, classes=3, spoil=planted.rare_class),
        "repeated rows": partial(planted.table, rows=ROWS, classes=3, spoil=planted.repeated_rows),
        "noisy labels": partial(planted.table, rows=ROWS, classes=3, spoil=planted.noisy_labels),
    },
    planted=partial(planted.table, rows=ROWS, classes=3, spoil=planted.wrong_labels(0.1)),
    odd=odd(),
    seeds=2,
    secret=partial(planted.table, rows=ROWS, spoil=planted.with_personal_text),
)


def steady(seed):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))


def by_heart(seed):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(40, random_state=seed)


def hairline(made):
    """Classes that lie side by side, far apart in no direction: right, and turned by any small change."""
    made.x *= 0.02
    made.x[:, 0] = np.where(made.y == 1, 0.05, -0.05) + 0.001 * made.rng.normal(size=len(made.y))
    made.x[:, 1] += 5.0 * made.rng.normal(size=len(made.y))
    made.x[:, 0] += made.x[:, 1]


def exact(seed):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1e6, max_iter=5000)


WHITEBOX = Example(
    spec="assay_detectors.adversarial.spec:SPEC",
    policy="baseline",
    clean=partial(planted.table, rows=ROWS, fit=steady),
    bait={
        "rare class": partial(planted.table, rows=ROWS, fit=steady, spoil=planted.rare_class),
        "noisy labels": partial(planted.table, rows=ROWS, fit=steady, spoil=planted.noisy_labels),
    },
    planted=partial(planted.table, rows=ROWS, fit=exact, spoil=hairline, noise=0.0),
    odd=odd(fit=steady),
    seeds=2,
)

MEMBERSHIP = Example(
    spec="assay_detectors.privacy.spec:SPEC",
    policy="baseline",
    clean=partial(planted.table, rows=ROWS, fit=steady),
    bait={
        "noisy labels": partial(planted.table, rows=ROWS, fit=steady, spoil=planted.noisy_labels),
        "repeated rows": partial(planted.table, rows=ROWS, fit=steady, spoil=planted.repeated_rows),
    },
    planted=partial(planted.table, rows=ROWS, fit=by_heart, spoil=planted.noisy_labels),
    odd=odd(fit=steady),
    seeds=2,
)

EXAMPLES = {"artifact": UNSAFE_CODE, "pii": LOGS, "poisoning": LABELS, "adversarial": WHITEBOX, "privacy": MEMBERSHIP}
