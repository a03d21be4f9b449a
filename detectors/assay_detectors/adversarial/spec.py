"""What `adversarial.whitebox` is: identity, contract, explanation."""

from __future__ import annotations

from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, OptionSpec, Reference

ROBUST = "adversarial.whitebox.robust-accuracy"
ACCURACY = "adversarial.whitebox.accuracy"

NOT_COVERED: tuple[str, ...] = (
    "attacks written for this model (adaptive attacks), and larger or other changes than the stated budget",
    "changes of categories, and changes that only make sense together",
)

_WHAT = (
    "Changes test inputs within a stated budget, with full knowledge of the model, until its answer is wrong. "
    "robust-accuracy is the share of rows that stay right. Linear models of scikit-learn, pipelines and all, are "
    "attacked exactly, in closed form. Torch networks are attacked by projected gradient descent with random starts, "
    "by turns on the cross-entropy and on a margin that scaling cannot flatten, after random noise as a baseline; "
    "rows are drawn at random and no more are drawn than the policy's limit needs (a confidence sequence allows "
    "looking at any time). Every success is tried again on the model itself and held against the budget."
)
_WHY = (
    "A model that a small change turns can be steered by whoever supplies its inputs: fraud that scores as honest, a "
    "sign that is not read. A regulator asks for resilience against attempts to alter use or performance (AI Act, "
    "Art. 15(5))."
)
_READ = (
    "Share of rows that the model gets right whatever the attacker does within `eps`, in units of `unit`: range of the "
    "declared bounds, standard deviations (sd) of each number, or raw. Of networks it is an upper bound: a stronger "
    "attack may find more. Where gradients vanish, or noise does better than gradients, the attack was blinded; "
    "the interval is then open below, and no rule can pass on it. accuracy is that of the same rows unchanged."
)
_FIX = (
    "Train with adversarial examples (Madry et al. 2018) or with a certificate for this budget, reduce what an "
    "attacker controls (validate, round, drop features), or add a second check behind the model. A defence that "
    "hides gradients defends nothing."
)


def _metric(metric: str, title: str) -> MetricSpec:
    return MetricSpec(
        id=metric,
        title=title,
        unit="share of rows",
        low=0,
        high=1,
        direction="higher-is-better",
        null_value=1,
        labels=("norm", "eps", "unit", "group", "model"),
        statistical=True,
    )


def _option(name: str, kind: str, default: object, low: float, high: float, text: str, **more: object) -> OptionSpec:
    """Return an option of which a higher value makes a stronger attacker, or more rows to attack."""
    return OptionSpec.model_validate(
        {"name": name, "type": kind, "default": default, "low": low, "high": high, "help": text, "stricter": "higher"}
        | more
    )


SPEC = DetectorSpec(
    id="adversarial.whitebox",
    title="Robustness against an attacker who knows the model",
    version="1",
    family="adversarial",
    stage=5,
    explanation=Explanation(what=_WHAT, why=_WHY, how_to_read=_READ, how_to_fix=_FIX, cannot_see=NOT_COVERED),
    needs=(Capability.MODEL, Capability.TEST),
    metrics=(
        _metric(ROBUST, "Share of answers that stay right under attack"),
        _metric(ACCURACY, "Share of right answers on the same rows, unchanged"),
    ),
    options=(
        OptionSpec(name="norm", type="str", default="linf", choices=("linf", "l2"), help="How a change is measured."),
        _option(
            "eps",
            "float",
            0.0,
            0.0,
            1e9,
            "Budget; 0: 0.1 for grey images and tables, 8/255 for images with colours.",
            default_at_most=0.1,
        ),
        OptionSpec(
            name="unit",
            type="str",
            default="auto",
            choices=("auto", "range", "sd", "raw"),
            help="Unit of the budget; auto: range for images and where bounds are declared for all inputs, else sd.",
        ),
        _option("max_rows", "int", 1000, 20, 100_000, "Test rows that are attacked at most."),
        _option("steps", "int", 40, 1, 10_000, "Steps of gradient descent."),
        _option("restarts", "int", 2, 1, 100, "Random starts of gradient descent."),
        _option("noise", "int", 20, 0, 10_000, "Random changes that are tried first."),
        OptionSpec(
            name="source",
            type="str",
            default="native",
            choices=("native", "art"),
            help="`art` also runs the attack of the Adversarial Robustness Toolbox (slow to import).",
        ),
    ),
    extras=("stats", "models", "adversarial"),
    modules=("numpy",),
    references=(
        Reference(title="Madry et al. 2018: Towards deep learning models resistant to adversarial attacks"),
        Reference(
            title="Carlini et al. 2019: On evaluating adversarial robustness", url="https://arxiv.org/abs/1902.06705"
        ),
        Reference(
            title="Athalye, Carlini and Wagner 2018: Obfuscated gradients", url="https://arxiv.org/abs/1802.00420"
        ),
        Reference(
            title="Croce and Hein 2020: Reliable evaluation of adversarial robustness",
            url="https://arxiv.org/abs/2003.01690",
        ),
    ),
    frameworks=(
        "atlas:AML.T0015",
        "atlas:AML.T0043.000",
        "nist-aml:NISTAML.022",
        "owasp-ml:ML01",
        "ai-exchange:perfectknowledgeevasion",
        "eu:Art.15(4)",
        "eu:Art.15(5)",
        "rmf:MEASURE 2.6",
        "rmf:MEASURE 2.7",
        "iso42001:A.6.2.4",
        "cwe:CWE-1039",
    ),
    body="assay_detectors.adversarial.whitebox:WhiteboxDetector",
)
