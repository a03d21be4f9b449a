"""What each built-in detector brings to the battery."""

import os
import pickle
import zipfile
from functools import partial
from pathlib import Path

import numpy as np

from assay.testing import planted
from assay.testing.conformance import Built, Example

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


def published(folder, seed, spoil=None, listed=b""):
    """Write a folder with its list beside it; `spoil` changes the folder afterwards."""
    from assay.targets.published import write_manifest

    (folder / "m" / "sub").mkdir(parents=True)
    for name in ("a.pkl", "sub/b.pkl", "sub/c.json"):
        (folder / "m" / name).write_bytes(pickle.dumps([name, seed]) if name.endswith("pkl") else b"{}")
    (folder / "SUMS").write_bytes(write_manifest(folder / "m").encode() + listed)
    (folder / "assay.yaml").write_text(
        "version: 1\nname: planted\nartifacts: [m]\nintegrity: {manifest: SUMS, root: m}\n"
    )
    if spoil is not None:
        spoil(folder / "m")
    return Built(
        manifest=folder / "assay.yaml",
        pointed=lambda evidence: "m/a.pkl" in {piece.locator.file for piece in evidence if piece.kind == "mismatch"},
    )


INTEGRITY = Example(
    spec="assay_detectors.artifact.integrity:SPEC",
    policy="baseline",
    clean=published,
    bait={
        "touched": partial(published, spoil=lambda m: (m / "a.pkl").touch()),
        "comments": partial(published, listed=b"# by the release job\r\n\r\n"),
        "version control": partial(published, spoil=lambda m: ((m / ".git").mkdir(), (m / ".git" / "HEAD").touch())),
    },
    planted=partial(published, spoil=lambda m: (m / "a.pkl").write_bytes(pickle.dumps("other"))),
    odd={
        "no list": partial(published, listed=b"hello\n"),
        "gone": partial(published, spoil=lambda m: (m.parent / "SUMS").unlink()),
        "empty": partial(published, spoil=lambda m: (m.parent / "SUMS").write_bytes(b"")),
        "other files": partial(published, spoil=lambda m: (m.parent / "SUMS").write_bytes(b"0" * 64 + b"  q\n")),
        "a pipe": partial(published, spoil=lambda m: os.mkfifo(m / "pipe")),
    },
    error_rate=0.0,
    seeds=2,
)  # fmt: skip


def packed(folder, seed, names=("m/data.pkl", "m/version"), method=zipfile.ZIP_STORED, tail=b""):
    """Write a zip of pickles; the fault to be found is in the member `../up.pkl`."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "m.pt", "w", method) as archive:
        for name in names:
            archive.writestr(name, pickle.dumps([name, seed]))
    with (folder / "m.pt").open("ab") as stream:
        stream.write(tail)
    (folder / "assay.yaml").write_text("version: 1\nname: planted\nartifacts: [m.pt]\n")
    return Built(
        manifest=folder / "assay.yaml",
        pointed=lambda evidence: "../up.pkl" in {piece.locator.member for piece in evidence},
    )


STRUCTURE = Example(
    spec="assay_detectors.artifact.structure:SPEC",
    policy="baseline",
    clean=packed,
    bait={
        "deflated": partial(packed, method=zipfile.ZIP_DEFLATED),
        "dots in a name": partial(packed, names=("m/a..b.pkl", "m/.hidden.pkl")),
    },
    planted=partial(packed, names=("m/data.pkl", "../up.pkl")),
    odd={
        "empty": lambda folder, seed: planted.artifact(folder, b""),
        "cut": lambda folder, seed: planted.artifact(folder, pickle.dumps(list(range(500)))[:-40]),
        "tail": partial(packed, tail=b"more" * 20),
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

PEOPLE = (
    "maria.lopez{}@uni-bonn.de",
    "DE89370400440532013000",
    "4556 7375 8689 9855",
    "ghp_TNehxyMliHSfNsPYQRiD6O7f2olvp1j363L{}",
)


def people(folder, seed, plants=(), rows=300, extra=None):
    """Write a table of orders; the plants stand in its notes, twice each."""
    rng = np.random.default_rng(seed)
    notes = [f"note {n}" for n in rng.integers(0, 99, rows)]
    secrets = [plant.format(index) for index, plant in enumerate(plants)]
    places = rng.permutation(rows)[: 2 * len(secrets)]
    for place, secret in zip(places, secrets * 2, strict=True):
        notes[place] = f"sent to {secret} today"
    columns = {
        "order": rng.integers(4 * 10**15, 5 * 10**15, rows),
        "price": rng.normal(size=rows),
        "note": notes,
        **(extra or {}),
    }
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    (folder / "assay.yaml").write_text("version: 1\nname: planted\ndata: {train: {path: train.csv}}\n")
    planted_rows = {int(place) for place in places}
    return Built(
        manifest=folder / "assay.yaml",
        pointed=lambda evidence: {e.locator.row for e in evidence if e.kind == "cell"} == planted_rows,
        secrets=tuple(secrets),
    )


def broken(folder, seed, content):
    built = people(folder, seed)
    (folder / "train.csv").write_bytes(content)
    return built


DATASET = Example(
    spec="assay_detectors.pii.dataset_spec:SPEC",
    policy=str(Path(__file__).parent / "dataset_policy.yaml"),
    clean=people,
    bait={
        "ids of a card's length": partial(people, extra={"visa": range(4 * 10**15, 4 * 10**15 + 300)}),
        "times and codes": partial(people, extra={"t": range(1_700_000_000, 1_700_000_300), "zip": range(53000, 53300)}),
    },
    planted=partial(people, plants=PEOPLE),
    odd={
        "one row": partial(people, rows=1),
        "no rows": partial(people, rows=0),
        "empty": partial(broken, content=b""),
        "no text": partial(broken, content=b"a,b\n\xff\xfe,1\n"),
        "ragged": partial(broken, content=b"a,b\n1,2\n1,2,3\n"),
        "gaps": partial(broken, content=b"a,b\n,\n,\n"),
    },
    secret=partial(people, plants=PEOPLE),
    error_rate=0.0,
    seeds=2,
)  # fmt: skip

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
    planted=partial(planted.table, rows=ROWS, classes=3, spoil=planted.wrong_labels(0.15)),
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

EXAMPLES = {
    "artifact": UNSAFE_CODE,
    "integrity": INTEGRITY,
    "structure": STRUCTURE,
    "pii": LOGS,
    "dataset": DATASET,
    "poisoning": LABELS,
    "adversarial": WHITEBOX,
    "privacy": MEMBERSHIP,
}
