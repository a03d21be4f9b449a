"""`poisoning.labels`: planted wrong labels are found and pointed at, clean and odd-but-honest data are not."""

import numpy as np
import pytest

from assay.model.errors import UnusableInput
from assay.targets.base import Target
from assay.targets.resolve import resolve
from assay.testing.direct import run_detector
from assay_detectors.poisoning.labels import LabelsDetector
from assay_detectors.poisoning.predict import LeaveOneOut, Reference, surprise


def run(data):
    resolved = resolve(data.write())
    return run_detector(LabelsDetector(), Target(resolved.manifest, resolved.root, resolved.inputs), seed=0)


def test_random_wrong_labels_are_found_and_pointed_at(clouds):
    data = clouds().flip(0.05)
    found = data.run()
    assert found.p[None].value < 0.001
    named, wrong = set(found.rows), set(data.wrong.tolist())
    assert len(named & wrong) >= 0.8 * len(wrong)
    assert len(named - wrong) <= 3
    assert found.share.interval.low <= 0.05 <= found.share.interval.high == 1.0
    assert found.share.value == pytest.approx(0.05, abs=0.02)
    evidence = found.p[None].evidence[0]
    assert (evidence.kind, evidence.locator.file) == ("row", "train.npz")
    assert "its inputs speak for" in evidence.note


def test_the_clean_twin_is_silent(clouds):
    found = clouds().run()
    assert found.p[None].value > 0.05
    assert min(m.value for m in found.p.values()) > 0.05 / 5
    assert not found.rows
    assert found.share.interval.low == 0


def test_a_trigger_that_many_rows_share_is_found_in_its_class(clouds):
    data = clouds(train=600, trusted=240).backdoor(0.06, target=2)
    found = data.run()
    assert found.p["2"].value < 0.01
    assert found.p[None].value < 0.01
    assert len(set(found.rows) & set(data.wrong.tolist())) >= 0.5 * len(data.wrong)
    assert "labelled '2'" in found.rows[int(data.wrong[0])].note


def shifted(data):
    """Honest augmentation: copies of rows, moved, with their labels."""
    some = data.rng.permutation(data.train)[:120]
    data.x[some] += data.rng.normal(0, 1.5, (len(some), 1))


def imbalanced(data):
    """One class is rare in training, common among the trusted."""
    rare = data.train[data.y[data.train] == 1]
    data.train = np.setdiff1d(data.train, rare[: round(0.8 * len(rare))])


def repeated(data):
    """Rows that stand twice in training."""
    data.x[data.train[:80]] = data.x[data.train[80:160]]
    data.y[data.train[:80]] = data.y[data.train[80:160]]


def noisy_everywhere(data):
    """Trusted and training rows carry the same honest noise: labels that nobody can predict."""
    some = data.rng.random(len(data.y)) < 0.3
    data.y[some] = data.rng.integers(0, data.classes, int(some.sum()))


@pytest.mark.parametrize("bait", [shifted, imbalanced, repeated, noisy_everywhere], ids=lambda bait: bait.__name__)
def test_odd_but_honest_data_are_silent(clouds, bait):
    data = clouds(spread=1.4)
    bait(data)
    found = data.run()
    assert found.p[None].value > 0.01
    assert min(m.value for name, m in found.p.items() if name is not None) > 0.01 / 4
    assert not found.rows


def augmented(data):
    """Half of the training rows are smoothed: drawn towards the middle of their class; labels kept."""
    some = data.rng.permutation(data.train)[: len(data.train) // 2]
    middle = np.array([data.x[data.y == code].mean(axis=0) for code in range(data.classes)])[data.y[some]]
    data.x[some] = middle + 0.3 * (data.x[some] - middle)


def test_labels_are_not_compared_where_the_inputs_differ_within_the_classes(clouds):
    data = clouds(train=600, trusted=300)
    augmented(data)
    twins, partners = data.train[:30], data.trusted[:30]
    data.x[twins], data.y[twins] = data.x[partners], data.y[partners]
    data.y[twins[0]] = (data.y[twins[0]] + 1) % data.classes
    done = run(data)
    assert {(entry.metric.rsplit(".", 1)[1], entry.labels["scope"]) for entry in done.unresolved} == {
        (metric, scope) for metric in ("p-value", "share") for scope in ("global", "class")
    }
    assert "of the training rows differ from the trusted ones" in done.unresolved[0].reason
    (conflicts,) = done.measurements  # what is known without statistics is not lost
    assert (conflicts.metric, conflicts.value) == ("poisoning.labels.conflicts", 1)


def test_classes_mixed_otherwise_are_compared(clouds):
    data = clouds(train=900, trusted=300).flip(0.06)
    data.train = np.setdiff1d(data.train, data.train[np.isin(data.y[data.train], (1, 2))][60:])
    found = data.run()
    assert found.p[None].value < 0.01
    assert not found.refused


def test_many_rows_with_one_trigger_are_found_not_taken_for_another_origin(clouds):
    found = clouds(train=900, trusted=300).backdoor(0.15, target=1).run()
    assert found.p[None].value < 0.01
    assert found.rows


def test_what_would_have_been_seen_is_said_and_true(clouds):
    smallest = clouds().run().p[None].detectable
    assert 0.002 <= smallest <= 0.05
    seen = [clouds(seed=seed).flip(smallest).run(seed=seed).p[None].value < 0.05 for seed in range(1, 11)]
    assert sum(seen) >= 6


def test_labels_that_inputs_do_not_predict_have_no_power(clouds):
    data = clouds(classes=2)
    data.y = data.rng.integers(0, 2, len(data.y))
    found = data.run()
    assert found.p[None].detectable is None
    assert found.p[None].value > 0.01


def test_the_same_seed_gives_the_same_numbers_and_another_seed_other_ones(clouds):
    runs = [clouds().flip(0.02).run(seed=seed) for seed in (3, 3, 4)]
    assert runs[0].done.measurements == runs[1].done.measurements
    assert runs[0].p[None].value != runs[2].p[None].value


def test_trusted_rows_copied_from_training_are_left_out_and_their_corrections_named(clouds):
    data = clouds()
    copied = data.train[:150]
    data.x[data.trusted[:150]] = data.x[copied]
    data.y[data.trusted[:150]] = data.y[copied]
    data.y[copied[:4]] = (data.y[copied[:4]] + 1) % data.classes
    found = data.run()
    assert any("150 training rows stand in trusted.npz too" in text for text in found.said)
    assert found.p[None].n == 250
    assert set(found.rows) == {0, 1, 2, 3}
    assert "its copy in trusted.npz, row 2," in found.rows[2].note


def test_more_rows_than_asked_for_are_drawn_and_said(clouds):
    found = clouds().run(max_rows=150)
    assert (found.p[None].n, found.p[None].null_rows) == (150, 150)
    assert any("150 of 400 rows were compared" in text for text in found.said)


def test_a_class_without_trusted_rows_is_refused_and_the_others_are_not(clouds):
    data = clouds()
    data.trusted = data.trusted[data.y[data.trusted] != 3]
    found = data.run()
    (refused,) = (entry for entry in found.refused if entry.labels["scope"] == "class")
    assert refused.labels["class"] == "3"
    assert "needs 4 trusted rows, there are 0" in refused.reason
    assert set(found.p) == {None, "0", "1", "2"}


def test_a_label_that_a_trusted_copy_contradicts_is_counted(clouds):
    data = clouds()
    data.train = np.concatenate([data.train, data.trusted[:40]])
    data.y_train = {int(row): (data.y[row] + 1) % 4 for row in data.trusted[:7]}
    found = data.run()
    (known,) = (m for m in found.done.measurements if m.metric == "poisoning.labels.conflicts")
    assert (known.value, known.interval.low) == (7, 7)
    assert sorted(piece.locator.row for piece in known.evidence) == list(range(400, 407))


def test_inputs_unlike_the_trusted_ones_are_no_reference(clouds):
    data = clouds()
    data.x[data.train[:160]] += 4.0
    found = data.run()
    assert any("lie away from all trusted ones" in text for text in found.said)
    assert "trusted halves" not in found.p[None].method
    (gap,) = found.refused  # so that no rule passes
    assert gap.labels == {"scope": "global"}
    assert (gap.have, gap.needed) == (found.p[None].n, 400)
    assert 200 <= gap.have <= 240
    assert found.p[None].value > 0.01


def test_training_rows_unlike_any_trusted_one_are_a_sentence(clouds):
    data = clouds()
    data.x[data.train] += 4.0
    with pytest.raises(UnusableInput, match=r"of 400 rows are like any row of trusted.npz"):
        data.run()


TOO_FEW = {
    "20 rows of training": ({"train": 20}, "train.npz: has 20 rows, and 50 are needed"),
    "few trusted rows": ({"trusted": 12}, "trusted.npz: has 12 rows, and 20 are needed"),
}


@pytest.mark.parametrize(("how", "words"), TOO_FEW.values(), ids=TOO_FEW)
def test_too_few_rows_are_refused_in_one_sentence(clouds, how, words):
    with pytest.raises(UnusableInput, match=words):
        clouds(**how).run()


def test_training_rows_that_are_all_trusted_leave_nothing_to_test(clouds):
    data = clouds()
    data.train = data.trusted
    with pytest.raises(UnusableInput, match="of 200 rows 0 are left to test"):
        data.run()


def test_leave_one_out_is_what_leaving_out_gives():
    """The closed form against refitting without each row."""
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    before = LeaveOneOut(rows, 0).probabilities(labels, 3)
    for row in (0, 17, 39):
        changed = labels.copy()
        changed[row] = (labels[row] + 1) % 3
        after = LeaveOneOut(rows, 0).probabilities(changed, 3)
        # what is left of the row's own label: the classes' frequency and one factor that is fitted to all rows
        assert np.abs(after[row] - before[row]).max() < 0.05
        assert np.abs(after - before).max() > 0.001


def test_a_reference_does_not_see_the_labels_of_the_others():
    rng = np.random.default_rng(1)
    rows, labels = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    reference = np.arange(30)
    assert np.isfinite(Reference(rows, reference, 0).probabilities(labels[reference], 2)).all()


def test_surprise_has_mean_zero_where_the_probabilities_are_right():
    chance = np.random.default_rng(2).dirichlet(np.ones(4), 50)
    assert np.abs((chance * surprise(chance)).sum(axis=1)).max() < 1e-12
