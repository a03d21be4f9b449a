"""What `pii.dataset` is: identity, contract, explanation."""

from __future__ import annotations

from assay.model.spec import DetectorSpec, Explanation, MetricSpec, OptionSpec, Reference
from assay_detectors.pii.spec import FINGERPRINT_KEY

SHARE = "pii.dataset.share"
VALUES = "pii.dataset.values"
COLUMNS = "pii.dataset.personal-columns"
SPECIAL = "pii.dataset.special-columns"
SMALLEST = "pii.dataset.k"
UNIQUE = "pii.dataset.unique-share"
SMALL = "pii.dataset.small-class-share"

NOT_COVERED: tuple[str, ...] = (
    "names of people in free text, and under column names that do not say so (no NER model)",
    "card and account numbers in a column of ids of the same shape, where no more pass the check digits than by chance",
    "pixels, sound and embeddings; whole numbers under 1,000,000 and numbers with decimals",
    "quasi-identifiers whose column names say nothing, and what other tables would add to them",
)

_WHAT = (
    "Looks at every column of the data files, whatever its role. What a column holds is estimated from its distinct "
    "values (a random sample where there are many) with the rules of `pii.logs`, its name being the key. Every row is "
    "searched for values that are personal data or secrets by themselves (tier A). Columns that together describe a "
    "person (birth date or age, sex, place, occupation, and those that the manifest calls sensitive), four at most, "
    "are counted: how many rows share their values. Columns of special categories are told by name and by values."
)
_WHY = (
    "A model may repeat what it was trained on, and a training set is copied more often than a database. Addresses, "
    "cards and keys have no business there; birth date, sex and postcode single most people out without a name "
    "(Sweeney 2000). Special categories need a ground of their own (GDPR Art. 9(2)), convictions official control."
)
_READ = (
    "share: part of the distinct values of a column that are of this kind, with the interval of Clopper and Pearson; "
    "* stands for all columns where nothing was found. personal-columns: columns whose share has a low end (Wilson, 95 "
    "%) of at least 0.5, or 0.1 where the column's name says the same (0.2 where a check digit lets a tenth pass by "
    "chance). values: occurrences of tier A, by row. k: the smallest group that shares its quasi-identifiers; "
    "unique-share and small-class-share: rows that are alone, or fewer than five, in theirs. A row "
    "need not be a person. special-columns are hints, not findings of law."
)
_FIX = (
    "Drop columns that the model does not need. Revoke secrets. Replace identifiers by keyed pseudonyms kept "
    "elsewhere, make birth dates years and postcodes regions until groups are large enough, and keep a "
    "record of the ground on which special categories are processed."
)
_KIND = ("entity", "tier", "column", "source")


def _count(metric: str, title: str, unit: str, *labels: str) -> MetricSpec:
    return MetricSpec(
        id=metric, title=title, unit=unit, low=0, direction="lower-is-better", null_value=0, labels=labels
    )


def _rows(metric: str, title: str) -> MetricSpec:
    return MetricSpec(
        id=metric,
        title=title,
        unit="share of rows",
        low=0,
        high=1,
        direction="lower-is-better",
        labels=("columns", "source"),
    )


def _metrics() -> tuple[MetricSpec, ...]:
    return (
        MetricSpec(
            id=SHARE,
            title="Share of a column's distinct values that are personal data",
            unit="share of distinct values",
            low=0,
            high=1,
            direction="lower-is-better",
            null_value=0,
            labels=_KIND,
            statistical=True,
        ),
        _count(VALUES, "Occurrences of tier A in the rows", "occurrences", *_KIND),
        _count(COLUMNS, "Columns of personal data", "columns", "entity", "tier", "source"),
        _count(SPECIAL, "Columns of special categories of personal data", "columns", "category", "article", "source"),
        MetricSpec(
            id=SMALLEST,
            title="Smallest group of rows that share their quasi-identifiers",
            unit="rows",
            low=1,
            direction="higher-is-better",
            labels=("columns", "source"),
        ),
        _rows(UNIQUE, "Rows that quasi-identifiers single out"),
        _rows(SMALL, "Rows in groups under five"),
    )


SPEC = DetectorSpec(
    id="pii.dataset",
    title="Personal data and secrets in data files",
    version="1",
    family="pii",
    stage=1,
    explanation=Explanation(what=_WHAT, why=_WHY, how_to_read=_READ, how_to_fix=_FIX, cannot_see=NOT_COVERED),
    needs=(),
    metrics=_metrics(),
    options=(
        OptionSpec(
            name="sample",
            type="int",
            default=10_000,
            low=100,
            high=1_000_000,
            help="Distinct values of a column from which its share is estimated; more are drawn at random.",
        ),
        OptionSpec(
            name="engine",
            type="str",
            default="auto",
            choices=("auto", "hyperscan", "re2", "re"),
            help="Library of the prefilter; the findings are the same, the speed is not.",
        ),
        FINGERPRINT_KEY,
    ),
    extras=("pii", "data", "stats"),
    modules=("presidio_analyzer", "phonenumbers", "pandas", "scipy"),
    references=(
        Reference(title="Sweeney 2002: k-anonymity: a model for protecting privacy"),
        Reference(title="Sweeney 2000: Simple demographics often identify people uniquely"),
        Reference(title="Wilson 1927: Probable inference, the law of succession, and statistical inference"),
        Reference(title="Regulation (EU) 2016/679, Art. 4(1), 9 and 10"),
    ),
    frameworks=(
        "atlas:AML.T0037",
        "nist-aml:NISTAML.036",
        "ai-exchange:devdataleak",
        "gdpr:Art.5(1)(c)",
        "rmf:MEASURE 2.10",
        "iso42001:A.7.4",
        "cwe:CWE-359",
    ),
    body="assay_detectors.pii.dataset:DatasetDetector",
)
