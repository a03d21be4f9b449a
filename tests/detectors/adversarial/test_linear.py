"""Linear models exactly: against brute force, through pipelines, within the declared budget."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from assay.detector import DetectorFailed, DetectorNotApplicable
from assay_detectors.adversarial.linear import linear_reason, slopes, worst
from assay_detectors.adversarial.pgd import within
from assay_detectors.adversarial.spec import ROBUST
from assay_detectors.adversarial.threat import Threat, space

PLAIN = {"columns": {}, "inputs": {"bounds": None}}


class Opened:
    """A fitted estimator as the adapter shows it."""

    def __init__(self, estimator):
        self.estimator = estimator

    def decisions(self, x):
        return self.estimator.decision_function(x)


def pipeline(last=None):
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["months", "sum", "age"]), ("c", OneHotEncoder(handle_unknown="ignore"), ["job"])]
    )
    return make_pipeline(columns, LogisticRegression() if last is None else last)


def brute_force(model, found, labels):
    """Return which rows keep their class at every corner of the box: enough for a linear model."""
    kept = np.ones(len(labels), bool)
    every = np.arange(len(labels))
    for corner in itertools.product((0, 1, 2), repeat=found.width):
        choice = np.stack([(found.low, found.values, found.high)[side][:, i] for i, side in enumerate(corner)], axis=1)
        scores = model.decisions(found.rebuilt(every, choice))
        kept &= ((scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)) == labels
    return kept


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", [LogisticRegression, LinearSVC, RidgeClassifier])
@pytest.mark.parametrize("bounds", [None, (-1.0, 1.0)])
def test_exact_equals_brute_force_on_random_models(kind, classes, bounds):
    rng = np.random.default_rng(classes)
    for _ in range(10):
        x = rng.uniform(-1, 1, (40, 4))
        labels = rng.integers(0, classes, 40)
        labels[:classes] = range(classes)
        model = Opened(kind().fit(x, labels))
        manifest = {"columns": {}, "inputs": {"bounds": bounds}}
        found = space(x, np.arange(40), manifest, Threat("linf", 0.3, "raw"), "t")
        least = worst(model, found, labels, slopes(model, found, 0))
        raw = model.decisions(x)
        right = ((raw > 0).astype(int) if raw.ndim == 1 else raw.argmax(axis=1)) == labels
        assert ((least.margin > 0) & right).tolist() == brute_force(model, found, labels).tolist()
        assert within(found, np.arange(40), least.values).all()


@pytest.mark.parametrize("bounds", [None, (-1.0, 1.0)])
def test_in_l2_nothing_within_the_ball_is_worse(bounds):
    rng = np.random.default_rng(0)
    x, labels = rng.uniform(-1, 1, (30, 5)), rng.integers(0, 3, 30)
    model = Opened(LogisticRegression().fit(x, labels))
    manifest = {"columns": {}, "inputs": {"bounds": bounds}}
    found = space(x, np.arange(30), manifest, Threat("l2", 0.5, "raw"), "t")
    least = worst(model, found, labels, slopes(model, found, 0))
    assert within(found, np.arange(30), least.values).all()

    def margin(values):
        scores = model.decisions(values)
        own = scores[np.arange(30), labels].copy()
        scores[np.arange(30), labels] = -np.inf
        return own - scores.max(axis=1)

    assert np.abs(margin(least.values) - least.margin).max() < 1e-6
    for _ in range(2000):
        step = rng.normal(size=x.shape)
        step *= 0.5 * rng.random((30, 1)) ** 0.2 / np.linalg.norm(step, axis=1, keepdims=True)
        tried = np.clip(x + step, *(bounds or (-9, 9)))
        assert (margin(tried) >= least.margin - 1e-9).all()


def test_a_pipeline_is_attacked_in_the_columns_that_people_know(table):
    made = table(pipeline())
    found = made.run()
    robust, clean = found.robust["model.skops"], found.clean["model.skops"]
    assert robust.labels == {"norm": "linf", "eps": "0.1", "unit": "sd", "group": "all", "model": "model.skops"}
    assert clean.value == pytest.approx((made.model.predict(made.frame) == made.y).mean())
    assert 0 < clean.value - robust.value < 0.3
    assert (robust.interval.method, robust.statistic.k) == ("clopper-pearson", round(robust.value * 300))
    row, note = next(iter(found.notes.items()))
    assert made.model.predict(made.frame.iloc[[row]])[0] == made.y[row]
    assert "months " in note
    assert "sum " in note
    assert "age" not in note


def test_the_named_change_turns_the_saved_model(table):
    """The evidence is true: apply it by hand and ask the model."""
    made = table(pipeline())
    found = made.run(eps=0.2)
    for row, note in list(found.notes.items())[:20]:
        changed = made.frame.iloc[[row]].copy()
        for part in note.split(": ")[1].split(", "):
            name, step = part.rsplit(" ", 1)
            changed[name] = changed[name] + type(changed[name].iloc[0])(float(step))
            if name == "months":
                assert float(step) == int(float(step))
        assert changed["sum"].between(0, 5000 + 1e-3).all()
        assert made.model.predict(changed)[0] != made.y[row]
        assert made.model.predict(changed)[0] == note.split("'")[3]


def test_more_budget_never_leaves_more_robust(table):
    made = table(pipeline())
    values = [made.run(eps=eps).robust["model.skops"].value for eps in (0.02, 0.1, 0.3, 1.0, 30.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.1


NOT_LINEAR = {
    "forest": (RandomForestClassifier(5), "RandomForestClassifier is not linear"),
    "function": (make_pipeline(FunctionTransformer(np.exp), LogisticRegression()), "FunctionTransformer is not affine"),
    "clipped": (make_pipeline(MinMaxScaler(clip=True), LogisticRegression()), "MinMaxScaler cuts off"),
}


TWO = """
    version: 1
    name: loans
    models: [{path: model.skops}, {path: other.skops}]
    task: classification
    io: {output: proba, classes: [bad, good]}
    data: {test: {path: test.parquet, label: default}}
"""


@pytest.mark.parametrize("same", [True, False], ids=["answers alike", "answers otherwise"])
def test_a_model_beside_an_attacked_one_is_not_forgotten(table, same):
    import skops.io

    made = table(pipeline(), manifest=TWO)
    other = pipeline(RandomForestClassifier(5, random_state=0)).fit(made.frame, made.y)
    if same:  # a vote of one is the same model, and of no kind whose closed form is known
        other = VotingClassifier([("one", pipeline())], voting="soft").fit(made.frame, made.y)
    skops.io.dump(other, made.folder / "other.skops")
    found = made.run()
    assert set(found.robust) == {"model.skops"}
    gaps = [(gap.metric, gap.labels["model"]) for gap in found.done.unresolved]
    assert gaps == ([] if same else [(ROBUST, "other.skops")])
    assert any("other.skops: not attacked" in text for text in found.said)
    assert any("answers 300 test rows as model.skops does" in text for text in found.said) is same


@pytest.mark.parametrize(("estimator", "words"), NOT_LINEAR.values(), ids=NOT_LINEAR)
def test_what_is_not_linear_says_so(estimator, words):
    x = np.random.default_rng(0).normal(size=(30, 2))
    assert linear_reason(estimator.fit(x, np.arange(30) % 2)) == words


def test_a_number_that_is_encoded_as_a_category_is_found_out():
    frame = pd.DataFrame({"a": np.arange(60) % 5, "b": np.random.default_rng(0).normal(size=60)})
    columns = ColumnTransformer([("c", OneHotEncoder(handle_unknown="ignore"), ["a"])], remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(frame, np.arange(60) % 2)
    assert linear_reason(model) is None
    found = space(frame, np.arange(60), PLAIN, Threat("linf", 1.0), "t")
    assert "do not move in a straight line" in slopes(Opened(model), found, 0)


def test_a_forest_is_not_applicable_and_says_why(table):
    numbers = ColumnTransformer([("n", "passthrough", ["months", "sum"])])
    with pytest.raises(DetectorNotApplicable, match="RandomForestClassifier is not linear"):
        table(make_pipeline(numbers, RandomForestClassifier(5))).run()


def too_large(frame, y):
    frame.loc[:9, "sum"] = 9000.0
    return frame, y


def all_too_large(frame, y):
    frame["sum"] = 9000.0
    return frame, y


def test_rows_outside_their_bounds_are_left_out_and_named(table):
    found = table(pipeline(), change=too_large).run()
    assert found.robust["model.skops"].n == 290
    assert any("test.parquet: rows 0, 1, 2 and 7 more outside the declared bounds" in text for text in found.said)


def test_no_row_within_its_bounds_is_a_reason(table):
    with pytest.raises(DetectorFailed, match="outside the declared bounds"):
        table(pipeline(), change=all_too_large).run()


def test_a_model_at_chance_level_is_a_reason_and_no_number(table):
    def shuffled(frame, y):
        return frame, np.random.default_rng(1).permutation(y)

    with pytest.raises(DetectorFailed, match="are expected by chance"):
        table(pipeline(), change=shuffled).run()


def test_nothing_that_may_change_is_not_applicable(table):
    manifest = """
        version: 1
        name: loans
        model: {path: model.skops}
        task: classification
        io: {output: proba, classes: [bad, good]}
        data: {test: {path: test.parquet, label: default}}
        columns: {age: {immutable: true}, sum: {immutable: true}, months: {immutable: true}}
    """
    with pytest.raises(DetectorNotApplicable, match="no number of its inputs may change"):
        table(pipeline(), manifest=manifest).run()
