"""What `poisoning.labels` is: identity, contract, explanation."""

from __future__ import annotations

from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, OptionSpec, Reference

P_VALUE = "poisoning.labels.p-value"
SHARE = "poisoning.labels.share"
CONFLICTS = "poisoning.labels.conflicts"
SHARES = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5)
"""Shares of wrong labels that are planted, in turn, until they would be seen."""

NOT_COVERED: tuple[str, ...] = (
    "clean-label poison: rows whose label is right for what they show",
    "backdoors in the model (the data alone are compared here)",
    "triggers of tables whose values lie within the ordinary range",
)

_WHAT = (
    "Asks of every training row whether its label fits its inputs, and whether such misfits are more frequent than "
    "among rows whose labels somebody checked (`data.trusted`). A label is predicted from the inputs alone, by "
    "nearest neighbours and ridge regression, once from all other rows and once from trusted rows only; its surprise "
    "is what it deviates beyond the row's own ambiguity. The p-value is that of a permutation test of trusted against "
    "training rows, for all rows and class by class. The model takes no part, so what it has learnt hides nothing."
)
_WHY = (
    "Who can slip rows into training data can teach a model wrong answers or a backdoor; labelling errors do the same "
    "without intent. Public benchmarks hold 3 % wrong labels on the average."
)
_READ = (
    "p-value: how often clean training data would look this bad. Below the rule's share of alpha there are wrong "
    "labels, by intent or by mistake; above it nothing is proven, and `detectable` says which share of random wrong "
    "labels these rows would have shown with 80 % probability (found by planting some). share: estimated share of "
    "wrong labels and, as the low end, the number that is certain; the high end is 1, for poison that looks right "
    "cannot be excluded. Suspected rows are those that are more probably wrong than right, likeliest first."
)
_FIX = (
    "Look at the suspected rows first: correct or remove what is wrong, and find out where these rows came from. If "
    "they share one label, look for a common mark in their inputs: that is how a backdoor is planted. Train again."
)

SPEC = DetectorSpec(
    id="poisoning.labels",
    title="Wrong labels in training data",
    version="1",
    family="poisoning",
    stage=5,
    explanation=Explanation(what=_WHAT, why=_WHY, how_to_read=_READ, how_to_fix=_FIX, cannot_see=NOT_COVERED),
    needs=(Capability.TRAIN, Capability.TRUSTED),
    metrics=(
        MetricSpec(
            id=P_VALUE,
            title="p-value of training labels being like trusted ones",
            unit="probability",
            low=0,
            high=1,
            direction="higher-is-better",
            labels=("scope", "class"),
            statistical=True,
        ),
        MetricSpec(
            id=SHARE,
            title="Share of training rows with a wrong label",
            unit="share of rows",
            low=0,
            high=1,
            direction="lower-is-better",
            null_value=0,
            labels=("scope", "class"),
            statistical=True,
        ),
        MetricSpec(
            id=CONFLICTS,
            title="Training rows whose trusted copy has another label",
            unit="rows",
            low=0,
            direction="lower-is-better",
        ),
    ),
    options=(
        OptionSpec(
            name="max_rows",
            type="int",
            default=10_000,
            low=100,
            high=50_000,
            stricter="higher",
            help="Training rows, and trusted rows, that are compared; more are drawn at random.",
        ),
        OptionSpec(
            name="max_shift",
            type="float",
            default=0.1,
            low=0.0,
            high=1.0,
            help="Share of training rows whose inputs may differ from all trusted ones for these to be the reference.",
        ),
    ),
    extras=("stats", "data"),
    modules=("scipy", "sklearn"),
    references=(
        Reference(
            title="Northcutt, Athalye and Mueller 2021: Pervasive label errors", url="https://arxiv.org/abs/2103.14749"
        ),
        Reference(
            title="Bates et al. 2023: Testing for outliers with conformal p-values",
            url="https://arxiv.org/abs/2104.08279",
        ),
        Reference(title="Rahimi and Recht 2007: Random features for large-scale kernel machines"),
        Reference(
            title="Allen 1974: The relationship between variable selection and data augmentation (leave-one-out)"
        ),
    ),
    frameworks=(
        "atlas:AML.T0020",
        "atlas:AML.T0059",
        "atlas:AML.T0010.002",
        "nist-aml:NISTAML.013",
        "nist-aml:NISTAML.012",
        "nist-aml:NISTAML.024",
        "owasp-ml:ML02",
        "ai-exchange:datapoison",
        "eu:Art.10(3)",
        "eu:Art.15(5)",
        "rmf:MEASURE 2.7",
        "iso42001:A.7.4",
        "iso42001:A.7.5",
    ),
    body="assay_detectors.poisoning.labels:LabelsDetector",
)
