"""What `privacy.membership` is: identity, contract, explanation."""

from __future__ import annotations

from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, OptionSpec, Reference

AUC = "privacy.membership.auc"
TPR = "privacy.membership.tpr"
EPSILON = "privacy.membership.epsilon"
FPRS = (0.1, 0.01, 0.001)

NOT_COVERED: tuple[str, ...] = (
    "attackers with more or better reference models, and attacks on the model's inside (weights, stored rows, seeds)",
)

_WHAT = (
    "Plays an attacker who has a record and asks whether it was among the training rows (`data.train`) or not "
    "(`data.test`, and `data.trusted` where it is no copy). Two reference models are trained, each on a random half of "
    "all these rows, the halves complementary: by `clone` of a scikit-learn estimator, by the factory of a torch "
    "network, else by forests as a stand-in. A row's score is the model's probability of its label against what the "
    "references give it with and without the row (both-sides RMIA). No model is attacked where members and "
    "non-members differ by themselves: a blind classifier is asked first."
)
_WHY = (
    "Who can tell that a record was in the training data learns what that says: that a person was a patient, a debtor, "
    "a customer. It is also the measure of memorisation, on which other leaks rest. A model is anonymous only if "
    "the likelihood of that is insignificant for each person (EDPB Opinion 28/2024)."
)
_READ = (
    "auc: how often a random member scores above a random non-member; 0.5 is chance. tpr: share of members found "
    "when so many (`fpr`) non-members are taken for members; refused with the rows needed where there are too few. "
    "epsilon: what the surest guesses prove about this split, in the terms of differential privacy: 0 is nothing, up "
    "to 1 counts as strong protection. Intervals are judged by their low end: evidence of a leak. A quiet result "
    "means no evidence at this size (`detectable`), never that there is no leak. Rows named are the surest guesses "
    "that were right."
)
_FIX = (
    "Train less by heart: stop earlier, regularise, use more data, leave out or group rare rows; for a guarantee train "
    "with differential privacy. Give out labels or rounded scores only where that is enough, knowing that it hides "
    "little. Remove the named rows if they should never have been in the data, and train again."
)


def _metric(metric: str, title: str, unit: str, high: float | None, null: float, labels: tuple[str, ...]) -> MetricSpec:
    return MetricSpec(
        id=metric,
        title=title,
        unit=unit,
        low=0,
        high=high,
        direction="lower-is-better",
        null_value=null,
        labels=(*labels, "attack", "references", "model"),
        statistical=True,
    )


SPEC = DetectorSpec(
    id="privacy.membership",
    title="Membership of records in the training data",
    version="1",
    family="privacy",
    stage=5,
    explanation=Explanation(what=_WHAT, why=_WHY, how_to_read=_READ, how_to_fix=_FIX, cannot_see=NOT_COVERED),
    needs=(Capability.MODEL, Capability.TRAIN, Capability.TEST),
    metrics=(
        _metric(AUC, "Area under the curve of membership inference", "probability", 1, 0.5, ()),
        _metric(TPR, "Share of training rows found at a fixed false positive rate", "share of rows", 1, 0, ("fpr",)),
        _metric(EPSILON, "Epsilon that the surest guesses of membership prove", "nats", None, 0, ()),
    ),
    options=(
        OptionSpec(
            name="max_rows",
            type="int",
            default=4000,
            low=50,
            high=100_000,
            stricter="higher",
            help="Members, and non-members, that are used; more are drawn at random.",
        ),
        OptionSpec(
            name="max_shift",
            type="float",
            default=0.1,
            low=0.0,
            high=1.0,
            help="Share of rows by which members and others may differ by themselves; beyond it nothing is assessed.",
        ),
        OptionSpec(
            name="epochs",
            type="int",
            default=100,
            low=1,
            high=10_000,
            help="Passes over its rows after which a torch reference stops, if it does not fit like the model before.",
        ),
        OptionSpec(
            name="learning_rate",
            type="float",
            default=1e-3,
            low=1e-6,
            high=1.0,
            help="Of Adam, for torch references.",
        ),
        OptionSpec(
            name="batch", type="int", default=64, low=1, high=65_536, help="Rows of a step, for torch references."
        ),
    ),
    extras=("stats", "data", "models", "adversarial"),
    modules=("scipy", "sklearn"),
    references=(
        Reference(
            title="Zarifzadeh, Liu and Shokri 2024: Low-cost high-power membership inference (RMIA)",
            url="https://arxiv.org/abs/2312.03262",
        ),
        Reference(
            title="Carlini et al. 2022: Membership inference attacks from first principles",
            url="https://arxiv.org/abs/2112.03570",
        ),
        Reference(
            title="Das, Zhang and Tramer 2024: Blind baselines beat membership inference",
            url="https://arxiv.org/abs/2406.16201",
        ),
        Reference(
            title="Steinke, Nasr and Jagielski 2023: Privacy auditing with one training run",
            url="https://arxiv.org/abs/2305.08846",
        ),
    ),
    frameworks=(
        "atlas:AML.T0024.000",
        "nist-aml:NISTAML.033",
        "owasp-ml:ML04",
        "ai-exchange:modelinversionandmembership",
        "eu:Art.15(5)",
        "rmf:MEASURE 2.10",
        "iso42001:A.6.2.4",
        "iso42001:A.7.4",
    ),
    body="assay_detectors.privacy.membership:MembershipDetector",
)
