"""Columns of special categories of personal data (GDPR Art. 9(1)) and convictions (Art. 10), by names and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay_detectors.pii.context import mentions, words

MOST_VALUES = 500
"""Distinct values up to which a column of text is compared with the dictionaries."""
_SHARE = 0.6
_LEAST = 2
_NEUTRAL = frozenset({"other", "others", "unknown", "none", "n a", "na", "not stated", "prefer not to say", "missing"})


@dataclass(frozen=True)
class Category:
    """One special category."""

    name: str
    article: str
    names: tuple[str, ...]
    """Phrases of a column's name that say it."""
    values: frozenset[str] = frozenset()
    """Values that occur in hardly any other column."""
    weak: frozenset[str] = frozenset()
    """Values that count beside the others, and alone only under a name of `vague`."""
    vague: tuple[str, ...] = ()
    """Names that say it where the values agree."""


def _set(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(","))


CATEGORIES: tuple[Category, ...] = (
    Category(
        "health",
        "gdpr:Art.9(1)",
        (
            *(
                "diagnosis",
                "diagnoses",
                "icd",
                "icd9",
                "icd10",
                "icd 10",
                "disease",
                "illness",
                "medication",
                "allergy",
            ),
            *("allergies", "blood type", "blood group", "blood pressure", "bmi", "body mass index", "disability"),
            *("disabled", "hiv", "hiv status", "pregnant", "pregnancy", "pregnancies", "cholesterol", "glucose"),
            *("insulin", "hba1c", "symptom", "symptoms", "smoker", "smoking", "mental health", "depression", "cancer"),
            *("tumor", "tumour", "surgery", "diabetes", "diabetic", "hypertension", "stroke", "vaccinated"),
            *("vaccination", "heart rate", "medical history", "medical condition", "prescription", "sick days"),
            *("sick leave", "diagnose", "krankheit", "maladie", "mrn", "medical record", "nhs", "nhs number"),
        ),
        _set(
            "diabetes,hypertension,asthma,cancer,depression,anxiety,obesity,arthritis,hiv,epilepsy,migraine,copd,"
            "stroke,hepatitis,tuberculosis,pneumonia,influenza,schizophrenia,alzheimer,dementia,heart disease,"
            "type 2 diabetes,type 1 diabetes,bipolar disorder,ab+,ab-,o+,o-"
        ),
        _set("a+,a-,b+,b-"),
        vague=("condition", "status", "treatment", "type", "group", "reason"),
    ),
    Category(
        "religion",
        "gdpr:Art.9(1)",
        ("religion", "religious", "faith", "denomination", "creed", "church", "confession", "konfession"),
        _set(
            "catholic,roman catholic,protestant,muslim,islam,hindu,hinduism,jewish,judaism,buddhist,buddhism,sikh,"
            "atheist,agnostic,lutheran,baptist,methodist,orthodox,christian,christianity,evangelical,mormon,anglican,"
            "sunni,shia,jain"
        ),
    ),
    Category(
        "racial or ethnic origin",
        "gdpr:Art.9(1)",
        ("ethnicity", "ethnic", "ethnic group", "ethnic origin", "skin color", "skin colour", "caste", "tribe"),
        _set(
            "caucasian,hispanic,latino,latina,african american,african-american,asian-pac-islander,native american,"
            "amer-indian-eskimo,pacific islander,arab,roma,mixed race,black or african american,white british,"
            "hispanic or latino,asian american,american indian,alaska native,south asian,east asian,multiracial"
        ),
        _set("white,black,asian,indian,mixed,native,african,chinese,european"),
        vague=("race", "origin", "group"),
    ),
    Category(
        "political opinions",
        "gdpr:Art.9(1)",
        (
            "political",
            "politics",
            "political party",
            "political affiliation",
            "party affiliation",
            "ideology",
            "voted for",
        ),
        _set(
            "democrat,republican,democratic party,republican party,cdu,spd,afd,fdp,tory,labour party,libertarian,"
            "green party,liberal democrat,socialist,communist,social democrat,conservative party"
        ),
        _set("labour,conservative,liberal,independent,green,greens,left,right,centre,center,moderate"),
        vague=("party", "vote", "voted"),
    ),
    Category(
        "trade union membership",
        "gdpr:Art.9(1)",
        ("union member", "union membership", "trade union", "labor union", "labour union", "gewerkschaft", "in union"),
    ),
    Category(
        "sex life or orientation",
        "gdpr:Art.9(1)",
        ("sexual orientation", "sexuality", "sex life", "sexual preference", "sexual partners", "std status", "lgbt"),
        _set("heterosexual,homosexual,bisexual,gay,lesbian,pansexual,asexual"),
        _set("straight,queer"),
        vague=("orientation", "preference"),
    ),
    Category(
        "biometric data",
        "gdpr:Art.9(1)",
        (
            *("fingerprint", "face embedding", "face encoding", "face id", "faceprint", "iris scan", "iris code"),
            *("retina", "retina scan", "voiceprint", "voice print", "biometric", "biometrics", "palm print", "gait"),
        ),
    ),
    Category(
        "genetic data",
        "gdpr:Art.9(1)",
        ("genotype", "genome", "genetic", "dna", "snp", "allele", "brca1", "brca2", "haplotype", "karyotype"),
    ),
    Category(
        "criminal convictions or offences",
        "gdpr:Art.10",
        (
            *("conviction", "convictions", "convicted", "criminal", "criminal record", "arrest", "arrests", "arrested"),
            *("priors", "prior convictions", "felony", "felonies", "misdemeanor", "recid", "recidivism", "is recid"),
            *("two year recid", "offense", "offence", "charge degree", "parole", "probation"),
        ),
        _set("felony,misdemeanor,misdemeanour,burglary,assault,robbery,homicide,fraud conviction,manslaughter,larceny"),
    ),
)
_NOT_SPECIAL = ("device fingerprint", "browser fingerprint", "tls fingerprint", "ssl fingerprint", "file fingerprint",
                "good faith", "stroke width", "stroke style", "probation period")  # fmt: skip


def categories_of(name: str, values: Sequence[str] | None) -> list[tuple[Category, str]]:
    """Return the special categories of a column, each with why.

    Args:
        name: of the column.
        values: its distinct values where they are text and few, else None.
    """
    said = words(name)
    found: list[tuple[Category, str]] = []
    for category in CATEGORIES:
        if mentions(said, category.names) and not mentions(said, _NOT_SPECIAL):
            found.append((category, "by its name"))
        elif values is not None and (share := _agreeing(category, said, values)):
            found.append((category, f"by its values: {share:.0%} of the distinct ones are in the dictionary"))
    return found


def _agreeing(category: Category, said: str, values: Sequence[str]) -> float:
    if not category.values or not 2 <= len(values) <= MOST_VALUES:
        return 0.0
    plain = {value.strip().lower().replace("_", " ") for value in values} - _NEUTRAL
    strong, weak = plain & category.values, plain & category.weak
    share = len(strong | weak) / len(plain) if plain else 0.0
    told = len(strong) >= _LEAST or (len(strong | weak) >= _LEAST and mentions(said, category.vague))
    return share if told and share >= _SHARE else 0.0
