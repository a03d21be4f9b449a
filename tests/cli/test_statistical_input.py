"""Odd input of the statistical families: each a reasoned outcome, the right exit code, and the others lose nothing.

One target with three splits of rows, a small scikit-learn model, and one thing spoiled at a time.
"""

import numpy as np
import pytest

LABELS, ATTACK, MEMBERS = "poisoning.labels", "adversarial.whitebox", "privacy.membership"
SPLITS = {"train": 300, "test": 300, "trusted": 200}


class Rows:
    """Three splits of one distribution, a way to save them, and the manifest that names them."""

    def __init__(self, folder):
        self.folder = folder
        self.rng = np.random.default_rng(7)
        self.x, self.y, self.scale, self.columns = {}, {}, 1.0, {}
        for name, count in SPLITS.items():
            self.y[name] = self.rng.integers(0, 2, count)
            self.x[name] = self.rng.normal(size=(count, 4)) + 0.9 * (2 * self.y[name][:, None] - 1)

    def save(self, write, model=None):
        import skops.io
        from sklearn.linear_model import LogisticRegression

        for name, x in self.x.items():
            lines = [
                "a,b,c,d,label",
                *(",".join(map(repr, [*map(float, row), int(k)])) for row, k in zip(x, self.y[name], strict=True)),
            ]
            (self.folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
        model = LogisticRegression(C=0.1) if model is None else model
        skops.io.dump(model.fit(self.x["train"], self.y["train"]), self.folder / "model.skops")
        write(
            model={"path": "model.skops"},
            data={name: {"path": f"{name}.csv", "label": "label"} for name in self.x},
            training={"recipe": "clone"},
            io={"output": "proba", "classes": ["0", "1"], "columns": ["a", "b", "c", "d"]},
            columns=self.columns or None,
        )


def none(rows):
    """Spoil nothing."""


def no_trusted(rows):
    del rows.x["trusted"]


def trusted_is_train(rows):
    rows.x["trusted"], rows.y["trusted"] = rows.x["train"][:200].copy(), rows.y["train"][:200].copy()


def members_are_others(rows):
    rows.x["test"], rows.y["test"] = rows.x["train"].copy(), rows.y["train"].copy()
    del rows.x["trusted"]


def twenty_rows(rows):
    for name in rows.x:
        rows.x[name], rows.y[name] = rows.x[name][:20], rows.y[name][:20]


def one_class(rows):
    for name in ("test", "trusted"):
        rows.y[name][:] = 1


def chance_level(rows):
    for name in rows.y:
        rows.y[name] = rows.rng.integers(0, 2, len(rows.y[name]))


def out_of_bounds(rows):
    rows.columns = {"a": {"bounds": [-0.5, 0.5]}}


def saturated(rows):
    from sklearn.linear_model import LogisticRegression

    for name in rows.x:
        rows.x[name][:, 0] = np.where(rows.y[name] == 1, 500.0, -500.0) + rows.x[name][:, 1]
    return LogisticRegression(C=1e6, max_iter=5000)


RAN = ("ran", "")
CASES = [
    (none, {LABELS: RAN, ATTACK: RAN, MEMBERS: RAN}, 0),
    (no_trusted, {LABELS: ("skipped", "declares no trusted data (`data.trusted`)"), ATTACK: RAN, MEMBERS: RAN}, 0),
    (
        trusted_is_train,
        {LABELS: ("ran", "200 training rows stand in trusted.csv too; they count as trusted and were not tested")},
        0,
    ),
    (
        members_are_others,
        {MEMBERS: ("failed", "0 rows are left that are no copies, and 25 are needed"), ATTACK: RAN},
        3,
    ),
    (
        twenty_rows,
        {
            LABELS: ("failed", "train.csv: has 20 rows, and 50 are needed to compare labels"),
            MEMBERS: ("failed", "train.csv: 20 rows are left that are no copies, and 25 are needed"),
            ATTACK: RAN,
        },
        3,
    ),
    (
        one_class,
        {
            LABELS: ("ran", "class '0': a comparison of labels needs 4 trusted rows, there are 0"),
            ATTACK: ("skipped", "test.csv: every row has the one label '1'"),
            MEMBERS: ("skipped", "give rows of at least two classes (assay.yaml:"),
        },
        3,
    ),
    (
        chance_level,
        {
            LABELS: RAN,
            ATTACK: ("failed", "are expected by chance; an attack on a model that knows nothing"),
            MEMBERS: RAN,
        },
        3,
    ),
    (
        out_of_bounds,
        {ATTACK: ("ran", "outside the declared bounds, and so not attacked"), LABELS: RAN, MEMBERS: RAN},
        0,
    ),
    (saturated, {MEMBERS: ("ran", "more than half of its probabilities are exactly 1"), LABELS: RAN, ATTACK: RAN}, 0),
]


@pytest.mark.parametrize(("spoil", "expected", "code"), CASES, ids=[case[0].__name__ for case in CASES])
def test_a_reasoned_outcome(spoil, expected, code, assay, target, manifest):
    rows = Rows(target)
    model = spoil(rows)
    rows.save(manifest, model)
    done = assay("scan", "assay.yaml", "--no-cache")
    assert "Traceback" not in done.out + done.err
    assert done.err == ""
    outcomes = {outcome["detector"]: outcome for outcome in done.result["outcomes"]}
    for detector, (status, words) in expected.items():
        outcome = outcomes[detector]
        told = " | ".join(
            [outcome["reason"] or "", *outcome["not_covered"], *(gap["reason"] for gap in outcome["unresolved"])]
        )
        assert outcome["status"] == status, told
        assert words in told
    assert {outcomes[name]["status"] for name in ("artifact.unsafe-code", "pii.logs")} == {"ran"}
    assert done.code == code, done.out
