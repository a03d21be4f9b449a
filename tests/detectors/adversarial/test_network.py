"""Networks: what gradients find, what masks them, when no more rows are drawn, and what ART adds."""

import numpy as np
import pytest

from assay.detector import DetectorFailed
from assay.engine.context import NoPolicy
from assay.model.errors import UnusableInput


def only(found):
    (measured,) = found.robust.values()
    return measured


def test_an_undefended_network_breaks_and_the_rows_are_named(network):
    found = network()(eps=0.3)
    measured = only(found)
    assert measured.value < 0.3
    assert next(iter(found.clean.values())).value > 0.9
    assert (measured.interval.method, measured.n) == ("confidence-sequence", 300)
    assert len(found.notes) == round((next(iter(found.clean.values())).value - measured.value) * 300)
    assert "numbers changed" in next(iter(found.notes.values()))


def test_no_budget_to_speak_of_breaks_nothing(network):
    found = network()(eps=1e-6)
    assert only(found).value == next(iter(found.clean.values())).value


def test_gradients_reach_what_closed_form_proves(network, weights):
    """A network that is linear: descent must break every row that can be broken."""
    import torch

    _, x, y = weights
    means = torch.from_numpy(np.stack([x[y == c].reshape(-1, 36)[:, :24].mean(axis=0) for c in range(3)]))
    flat = {"one.weight": torch.eye(24, 36), "one.bias": torch.full((24,), 10.0), "two.weight": means}
    flat["two.bias"] = -(means**2).sum(dim=1) / 2 - 10 * means.sum(dim=1)
    found = network(state=flat)(eps=0.1)
    one, two = flat["one.weight"].numpy(), flat["two.weight"].numpy()
    bias = flat["two.bias"].numpy() + two @ flat["one.bias"].numpy()
    slope, pixels = two @ one, x.reshape(len(x), -1).astype(float)
    scores = pixels @ slope.T + bias
    kept = np.ones(len(y), bool)
    for other in range(3):
        along = slope[y] - slope[other]
        step = np.where(along > 0, np.maximum(pixels - 0.1, 0), np.minimum(pixels + 0.1, 1)) - pixels
        margin = scores[np.arange(len(y)), y] - scores[:, other] + (along * step).sum(axis=1)
        kept &= (margin > 0) | (y == other)
    assert only(found).statistic.k == pytest.approx(int(kept.sum()), abs=1)


HONEST = {
    "logits times 1000": {"after": "z = z * 1000"},
    "probabilities": {"after": "z = torch.softmax(z * 10, 1)", "output": "proba"},
}


@pytest.mark.parametrize("how", HONEST.values(), ids=HONEST)
def test_flattened_outputs_do_not_save_a_model(network, how):
    plain, masked = only(network()(eps=0.3)), only(network(**how)(eps=0.3))
    assert masked.value <= plain.value + 0.05


MASKED = {
    "rounded input": ({"before": "x = torch.round(x * 4) / 4"}, "no gradient at all"),
    "labels only": (
        {"after": "z = torch.nn.functional.one_hot(z.argmax(1), 3).float()"},
        "no gradient",
    ),
    "noise": ({"after": "z = z + 0.1 * torch.randn_like(z)"}, "different answers"),
    "gradient thrown away": ({"before": "x = x.detach()"}, "no gradient at all"),
}


@pytest.mark.parametrize(("how", "words"), MASKED.values(), ids=MASKED)
def test_a_blinded_attack_can_prove_harm_and_never_safety(network, how, words):
    measured = only(network(**how)(eps=0.1))
    assert (measured.interval.low, measured.interval.method) == (None, "upper-bound")
    flags = [piece.note for piece in measured.evidence if piece.kind == "flag"]
    assert any(words in note for note in flags)


class Limit(NoPolicy):
    """Settled as soon as the interval lies on one side."""

    def __init__(self, limit):
        self.limit, self.asked = limit, 0

    def settled(self, metric, interval, labels):
        self.asked += 1
        return interval.low > self.limit or interval.high < self.limit


def test_no_more_rows_are_drawn_than_the_limit_needs(network):
    far, near = Limit(0.95), Limit(0.5)
    few = only(network()(eps=0.3, asked=far))
    assert few.n == 50
    assert only(network()(eps=0.001, asked=near)).n == 50
    assert few.interval.high < 0.95


def test_the_same_seed_gives_the_same_rows_and_another_one_others(network):
    runs = [network()(eps=0.3, seed=seed, asked=Limit(0.99)) for seed in (1, 1, 2)]
    assert runs[0].done.measurements == runs[1].done.measurements
    assert runs[0].notes != runs[2].notes


def test_whole_numbers_and_a_budget_of_l2_are_refused(weights):
    from assay_detectors.adversarial.threat import Threat, space

    images = np.rint(weights[1][:40] * 255).astype(np.uint8)
    with pytest.raises(UnusableInput, match="set norm: linf"):
        space(images, np.arange(40), {"columns": {}, "inputs": {"bounds": None}}, Threat("l2", 0.05), "t")


def test_columns_of_an_array_keep_to_what_the_manifest_says():
    from assay_detectors.adversarial.threat import Threat, space

    table = np.random.default_rng(0).uniform(0.2, 0.8, size=(30, 2))
    manifest = {
        "io": {"columns": ["a", "b"]},
        "columns": {"a": {"immutable": True}, "b": {"bounds": [0.0, 1.0]}},
        "inputs": {"bounds": None},
    }
    found = space(table, np.arange(30), manifest, Threat("linf", 5.0, "raw"), "t")
    assert (found.low[:, 0] == table[:, 0]).all()
    assert (found.high[:, 0] == table[:, 0]).all()
    assert found.low[:, 1].min() == 0.0
    assert found.high[:, 1].max() == 1.0


def test_whole_numbers_stay_whole_and_bounds_hold(network, weights, norm="linf"):
    _, x, _ = weights
    from assay_detectors.adversarial.pgd import project, random_starts, within
    from assay_detectors.adversarial.threat import Threat, space

    images = np.rint(x[:40] * 255).astype(np.uint8)
    manifest = {"columns": {}, "inputs": {"bounds": None}}
    found = space(images, np.arange(40), manifest, Threat(norm, 0.05), "t")
    rows = np.arange(40)
    rng = np.random.default_rng(0)
    for _ in range(20):
        start = random_starts(found, rows, rng) + rng.normal(0, 40, found.values.shape)
        moved = project(found, rows, start)
        assert within(found, rows, moved).all()
        again = found.rebuilt(rows, moved)
        assert again.dtype == np.uint8
        if norm == "linf":
            assert np.abs(again.astype(int) - images.astype(int)).max() <= int(0.05 * 255)


def test_a_network_at_chance_level_is_a_reason_and_no_number(network, weights):
    _, _, y = weights
    with pytest.raises(DetectorFailed, match="expected by chance"):
        network(labels=np.random.default_rng(3).permutation(y))()


def test_art_as_a_source_of_attacks_finds_nothing_that_does_not_hold(network):
    plain, art = only(network()(eps=0.2, max_rows=50)), only(network()(eps=0.2, max_rows=50, source="art"))
    assert art.value <= plain.value + 0.02
    assert "source=art" in art.method
