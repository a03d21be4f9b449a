"""`privacy.membership`: models that learn by heart are found, others are silent, and what cannot be told is said."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from assay.detector import DetectorFailed
from assay.engine.context import NoPolicy
from assay.model.errors import UnusableInput
from assay_detectors.privacy.pool import Pool, halves
from assay_detectors.privacy.references import Fit, Recipe, train
from assay_detectors.privacy.rmia import rmia


def test_a_forest_that_learns_by_heart_is_found_and_its_rows_are_named(records):
    found = records().fit(RandomForestClassifier(50, random_state=0)).run()
    assert found.auc.interval.low > 0.6
    assert found.epsilon.interval.low > 1
    assert found.tpr["0.01"].value > 0.05
    assert found.epsilon.labels == {"attack": "rmia", "references": "2 clone", "model": "model.skops"}
    assert len(found.rows) > 20
    assert found.epsilon.evidence[0].locator.file == "train.npz"
    assert max(found.rows) < 400


def test_its_regularised_twin_is_silent(records):
    found = records().fit(make_pipeline(StandardScaler(), LogisticRegression(C=0.1))).run()
    assert found.auc.interval.low < 0.55
    assert found.epsilon.interval.low < 0.5
    assert 0.5 < found.auc.detectable < 0.6


@pytest.mark.parametrize("seed", range(4))
def test_members_that_were_never_members_look_like_the_others(records, seed):
    """The null: the model was trained on other rows altogether."""
    data = records(members=700, others=300, seed=seed)
    data.train, strangers = data.train[:300], data.train[300:]
    kept, data.train = data.train, strangers
    data.fit(RandomForestClassifier(30, random_state=seed))
    data.train = kept
    found = data.run(seed=seed)
    assert found.auc.interval.low < 0.5 < found.auc.interval.high + 0.02
    assert found.epsilon.interval.low < 0.3


def test_a_model_that_knows_nothing_of_new_rows_but_all_of_the_old_is_found(records):
    data = records()
    data.y = data.rng.integers(0, 2, len(data.y))
    found = data.fit(DecisionTreeClassifier(random_state=0)).run()
    assert found.auc.interval.low > 0.7
    assert found.epsilon.interval.low > 0.5


def test_a_network_trained_too_long_is_found_by_networks_from_its_factory(records):
    found = records().network(epochs=400).run(output="logits", epochs=150, learning_rate=0.01)
    assert found.auc.interval.low > 0.6
    assert found.auc.labels["references"] == "2 factory"
    assert "epochs=150" in found.auc.method


def test_a_network_stopped_early_is_silent(records):
    found = records().network(epochs=15, width=8).run(output="logits", epochs=20)
    assert found.auc.interval.low < 0.56
    assert found.epsilon.interval.low < 0.6


def test_what_cannot_be_fitted_again_is_compared_with_forests(records):
    from skl2onnx import to_onnx

    data = records()
    model = DecisionTreeClassifier(random_state=0).fit(data.x[data.train], data.y[data.train])
    graph = to_onnx(model, data.x[:1], options={id(model): {"zipmap": False}}, target_opset=17)
    (data.folder / "model.onnx").write_bytes(graph.SerializeToString())
    data.model = "{path: model.onnx}"
    found = data.run()
    assert found.auc.labels["references"] == "2 forest"
    assert found.auc.interval.low > 0.6


def test_without_references_the_probability_alone_is_read_and_said(records):
    found = records().fit(RandomForestClassifier(50, random_state=0)).run(training="training: {recipe: none}")
    assert found.auc.labels["attack"] == "loss"
    assert any("without references" in text for text in found.said)


def test_labels_only_still_show_a_gap_and_say_what_they_hide(records):
    found = records().fit(DecisionTreeClassifier(random_state=0)).run(output="label")
    assert found.auc.interval.low > 0.55
    assert any("exactly 1" in text for text in found.said)


def test_rates_that_these_rows_cannot_resolve_are_refused_with_the_number_needed(records):
    found = records(others=250).fit(LogisticRegression()).run()
    assert set(found.tpr) == {"0.1"}
    needed = {entry.labels["fpr"]: (entry.have, entry.needed) for entry in found.refused}
    assert needed == {"0.01": (250, 299), "0.001": (250, 2995)}
    assert "FPR 0.001 at 0.95 needs 2995 non-members, there are 250" in found.refused[1].reason


def test_trusted_rows_that_are_no_copies_count_as_non_members(records):
    data = records(others=500)
    data.test, data.trusted = data.test[:250], data.test[250:]
    found = data.fit(LogisticRegression()).run()
    assert found.auc.n == 400 + 500
    data.trusted = data.train[:250]
    assert data.run().auc.n == 400 + 250


def test_trusted_rows_unlike_the_members_are_left_out_and_said(records):
    data = records(others=500)
    data.test, data.trusted = data.test[:250], data.test[250:]
    data.x[data.trusted] += 2.0
    found = data.fit(LogisticRegression()).run()
    assert found.auc.n == 400 + 250
    assert any("trusted.npz: not among the non-members" in text for text in found.said)


def test_groups_that_differ_by_themselves_are_not_assessed(records):
    data = records()
    data.x[data.test, 3] += 1.5
    with pytest.raises(DetectorFailed, match="the groups differ by themselves"):
        data.fit(RandomForestClassifier(20, random_state=0)).run()


def copied(data):
    data.test = data.train


def few(data):
    data.train, data.test = data.train[:20], data.test[:20]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(copied, "0 rows are left that are no copies, and 25 are needed"), (few, "20 rows are left")],
    ids=["members equal to non-members", "20 rows"],
)
def test_what_cannot_be_compared_is_one_sentence(records, spoil, words):
    data = records()
    spoil(data)
    with pytest.raises(DetectorFailed, match=words):
        data.fit(LogisticRegression()).run()


def test_rows_that_stand_on_both_sides_are_left_out_on_both(records):
    data = records()
    data.test = np.concatenate([data.test, data.train[:100]])
    found = data.fit(RandomForestClassifier(30, random_state=0)).run()
    assert found.auc.n == 700
    assert any("100 of 500 rows stand in train.npz too" in text for text in found.said)


def test_training_rows_that_repeat_hide_no_copies(records):
    data = records(members=200, others=200)
    data.train = np.concatenate([data.train, data.train])
    data.test = data.train[:200]
    with pytest.raises(DetectorFailed, match="0 rows are left that are no copies"):
        data.fit(DecisionTreeClassifier()).run()


@pytest.mark.parametrize("others", [300, 550, 560])
def test_a_rate_that_no_attack_could_break_is_refused(records, others):
    """A perfect attack at 1 % has a low end of 0 below 556 non-members, which would pass for safety."""

    class Asked(NoPolicy):
        def level(self, metric, labels, of):
            return 1 - 0.05 / 6

        def settled(self, metric, interval, labels):
            return labels.get("fpr") == "0.01"  # the only rate that a rule asks for

    found = records(members=300, others=others).fit(RandomForestClassifier(30, random_state=0)).run(asked=Asked())
    refused = {gap.labels["fpr"]: gap.needed for gap in found.refused}
    assert refused.get("0.01") == (None if others == 560 else 556)


def test_a_class_of_one_row_is_no_reason_to_refuse(records):
    data = records(members=300, others=300)
    data.y[data.train[0]] = 2
    found = data.fit(DecisionTreeClassifier(max_depth=4)).run(classes='["0", "1", "2"]')
    assert found.auc.n == 600


def test_the_same_seed_gives_the_same_numbers_and_another_seed_other_ones(records):
    data = records().fit(RandomForestClassifier(20, random_state=0))
    first, second, third = data.run(seed=1), data.run(seed=1), data.run(seed=2)
    assert first.done.measurements == second.done.measurements
    assert first.auc.value != third.auc.value


def test_references_unlike_the_model_are_said(records):
    found = records(noise=0.0).fit(DecisionTreeClassifier(max_depth=1)).run()
    assert not any("trained otherwise" in text for text in found.said)
    found = records(noise=0.0).network(epochs=200).run(output="logits", epochs=1, learning_rate=1e-6)
    assert any("trained otherwise than it was" in text for text in found.said)


def test_the_score_of_one_reference_is_that_of_the_paper():
    """Unseen by one reference: target / ((1 + a) p + 1 - a) / 2; seen: p is first brought down."""
    target, p = np.array([0.9, 0.9]), np.array([[0.5, 0.5]])
    out, seen = rmia(target, p, np.array([[False, True]]))
    assert out == pytest.approx(0.9 / ((1.3 * 0.5 + 0.7) / 2))
    assert seen == pytest.approx(0.9 / ((1.3 * 0.0 + 0.7) / 2))
    low, high = rmia(target, np.array([[0.8, 0.8]]), np.array([[True, True]])), (0.8 - 0.7) / 0.3
    assert low[0] == pytest.approx(0.9 / ((1.3 * high + 0.7) / 2))


def test_halves_are_complementary_even_and_know_no_group():
    rng = np.random.default_rng(0)
    codes, member = rng.integers(0, 3, 200), np.arange(200) < 120
    first = halves(Pool(np.zeros((200, 1)), codes, member), codes, 5)
    for code in range(3):
        for group in (member, ~member):
            cell = first[(codes == code) & group]
            assert abs(int(cell.sum()) - int((~cell).sum())) <= 1


def test_an_estimator_that_cannot_be_fitted_is_a_sentence():
    class Ref:
        shown, spec = "m.skops", {}

    class Model:
        kind, estimator = "sklearn", LogisticRegression(C=-1.0)

        def rows_of(self, x):
            return x

    Model.estimator.classes_ = np.array([0])
    pool = Pool(np.zeros((4, 1)), np.zeros(4), np.ones(4, bool))
    with pytest.raises(UnusableInput, match=r"m.skops: no reference model can be trained by clone and fit"):
        train("clone", Model(), Ref(), {}, pool, np.ones(4, bool), np.zeros(4, int), Recipe(1, 1e-3, 4), Fit(0, 1), 0)
