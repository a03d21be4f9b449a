"""Rules for identity numbers of countries: format and check digit, and mostly words beside them."""

from __future__ import annotations

from collections.abc import Callable

from assay_detectors.pii import checksums, validate
from assay_detectors.pii.rule import CERTAIN, CHECKED, FORMAT, NAMED, STRONG, Rule, key_rules

OPEN = r"(?<![\w.+\-%])"
"""What a number must not follow: a digit, a letter, a sign, a point (`0.4111…` is a float)."""
SHUT = r"(?!\w|[.\-]\d)"
"""What a number must not be followed by."""
ANCHOR_OPEN = r"[^\w.+\-%]"

ID_WORDS = (
    *(
        "trace",
        "traceid",
        "span",
        "spanid",
        "request",
        "requestid",
        "req id",
        "reqid",
        "offset",
        "timestamp",
        "ts",
        "epoch",
    ),
    *("invoice", "order", "tracking", "sku", "ticket"),
    *("nonce", "seed", "hash", "checksum", "block", "blk", "seq", "sequence", "uuid", "guid", "correlation"),
    *("ean", "isbn", "upc", "gtin", "barcode"),
)
"""Words that name numbers of machines."""


def _by_words(entity: str, pattern: str, words: tuple[str, ...], check: Callable[[str], bool]) -> Rule:
    """Return a rule for a number that too many others look like: it needs one of the words."""
    return Rule(entity, OPEN + pattern + SHUT, FORMAT, CERTAIN, words, check=check)


def _telling(
    entity: str,
    pattern: str,
    anchor: str,
    words: tuple[str, ...],
    check: Callable[[str], bool] | None = None,
    alone: float = CHECKED,
) -> Rule:
    """Return a rule for a number whose form hardly anything else has; `anchor` ends with the character behind it."""
    return Rule(
        entity,
        OPEN + pattern + SHUT,
        alone,
        CERTAIN,
        words,
        check=check,
        unless=ID_WORDS,
        anchor=ANCHOR_OPEN + anchor + r"[^\w]",
        reach=32,
        tail=4,
    )


_BY_WORDS = (
    _by_words(
        "DE_TAX_ID",
        r"\d{2} ?\d{3} ?\d{3} ?\d{3}",
        (
            "steuer id",
            "steuerid",
            "steueridnr",
            "steueridentifikationsnummer",
            "steuernummer",
            "idnr",
            "tax id",
            "taxid",
            "tin",
        ),
        checksums.steuer_id,
    ),
    _by_words(
        "NL_BSN",
        r"\d{3}[ .]?\d{3}[ .]?\d{3}",
        ("bsn", "bsnnummer", "burgerservicenummer", "sofinummer", "citizen service number", "citizenservicenumber"),
        checksums.bsn,
    ),
    _by_words(
        "SE_PERSONNUMMER",
        r"(?:\d{2})?\d{6}[\-+]?\d{4}",
        (
            *("personnummer", "personnr", "pnr", "personal identity number", "samordningsnummer", "ssn"),
            *("personal number", "personalnumber", "national id", "nationalid"),
        ),
        checksums.personnummer,
    ),
    _by_words(
        "BR_CPF",
        r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}",
        ("cpf", "cadastro", "cpfcliente", "documento", "tax id", "taxid"),
        checksums.cpf,
    ),
    _by_words(
        "CA_SIN",
        r"\d{3}[ \-]?\d{3}[ \-]?\d{3}",
        ("sin", "social insurance", "social insurance number", "sinnumber", "socialinsurancenumber"),
        checksums.sin,
    ),
    _by_words(
        "AU_TFN",
        r"\d{3} ?\d{3} ?\d{3}",
        ("tfn", "autfn", "tax file number", "tax file", "taxfilenumber"),
        checksums.tfn,
    ),
    _by_words(
        "AU_MEDICARE",
        r"[2-6]\d{3} ?\d{5} ?\d(?:[ /]?\d)?",
        ("medicare", "medicarenumber", "medicareno", "medicarecard"),
        checksums.medicare,
    ),
    _by_words("PL_PESEL", r"\d{11}", ("pesel", "nrpesel"), validate.pesel),
    _by_words(
        "IN_AADHAAR",
        r"[2-9]\d{3}([ \-]?)\d{4}\1\d{4}",
        ("aadhaar", "aadhar", "uidai", "aadhaarnumber", "aadhaarno", "aadharno"),
        checksums.aadhaar,
    ),
    _by_words(
        "BE_NATIONAL",
        r"\d{2}\.?\d{2}\.?\d{2}-?\d{3}\.?\d{2}",
        (
            "rijksregisternummer",
            "rijksregister",
            "numero national",
            "national register number",
            "national number",
            "niss",
            "insz",
            "nrn",
            "registre national",
            "registrenational",
            "nationalnumber",
        ),
        checksums.belgian,
    ),
    _by_words(
        "IN_PAN",
        r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]",
        ("pan", "pan number", "pan card", "pancard", "pannumber", "panno"),
        bool,
    ),
    Rule("US_PASSPORT", OPEN + r"(?:\d{9}|[A-Z]\d{8})" + SHUT, FORMAT, NAMED, ("passport", "passports")),
)

_TELLING = (
    _telling(
        "FR_NIR",
        r"[12378] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}",
        r"[12378] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}",
        ("nir", "securite sociale", "numero de securite sociale", "insee", "ssn"),
        checksums.nir,
    ),
    _telling("BR_CPF", r"\d{3}\.\d{3}\.\d{3}-\d{2}", r"\d{3}\.\d{3}\.\d{3}-\d{2}", ("cpf",), checksums.cpf, STRONG),
    _telling(
        "CH_AHV",
        r"756\.\d{4}\.\d{4}\.\d{2}",
        r"756\.\d{4}\.\d{4}\.\d{2}",
        ("ahv", "ahvn13", "avs"),
        checksums.ean,
        STRONG,
    ),
    _telling(
        "FI_HETU",
        r"\d{6}[\-+A]\d{3}[0-9A-FHJ-NPR-Y]",
        r"\d{6}[\-+A]\d{3}[0-9A-Y]",
        ("hetu", "henkilotunnus", "henkilötunnus"),
        checksums.hetu,
    ),
    _telling("SG_NRIC", r"[STFGM]\d{7}[A-Z]", r"[STFGM]\d{7}[A-Z]", ("nric", "fin"), checksums.nric),
    _telling("KR_RRN", r"\d{6}-[1-8]\d{6}", r"\d{6}-[1-8]\d{6}", ("rrn", "resident registration"), checksums.rrn),
    _telling(
        "CN_RESIDENT_ID",
        r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dX]",
        r"[1-9]\d{5}(?:19|20)\d{9}[\dX]",
        ("id card", "identity card", "shenfenzheng", "resident id"),
        checksums.resident_id,
    ),
    _telling(
        "MX_CURP",
        r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d",
        r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d",
        ("curp",),
        None,
        STRONG,
    ),
    _telling(
        "ES_NIF",
        r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]",
        r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]",
        ("dni", "nif", "nie", "identidad", "documento"),
        validate.nie_or_nif,
    ),
    Rule(
        "IT_FISCAL_CODE",
        r"(?<!\w)[A-Z]{6}[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z](?!\w)",
        CHECKED,
        CERTAIN,
        ("codice fiscale", "cf"),
        check=checksums.codice_fiscale,
        base="ItFiscalCodeRecognizer",
        anchor=r"[^\w][A-Z]{6}[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2}[A-Z]",
    ),
    Rule(
        "US_ITIN",
        OPEN + r"9\d{2}[ \-](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[ \-]\d{4}" + SHUT,
        CHECKED,
        NAMED,
        ("itin", "taxpayer", "tax", "tin", "ssn"),
        anchor=ANCHOR_OPEN + r"9\d{2}[ \-]\d{2}[ \-]\d{4}[^\w]",
        reach=14,
        tail=4,
    ),
)

_PASSPORT_KEYS = (
    r"(?:[a-z]{0,16}[_\- ]?)?passport(?:[_\- ]?(?:no|num|number|nr|id))?|reisepass(?:nummer)?|"
    r"travel[_\- ]?document(?:[_\- ]?(?:no|number|id))?"
)
_PASSPORT = r"[A-Z0-9]{6,9}(?![\w\-])"

NATIONAL_RULES: tuple[Rule, ...] = (
    *_BY_WORDS,
    *_TELLING,
    *key_rules("PASSPORT", _PASSPORT_KEYS, _PASSPORT, validate.passport),
    Rule(
        "PASSPORT",
        rf"(?i:passport (?:no\.?|number|nr\.?|#) ?(?:is )?)\K{_PASSPORT}",
        NAMED,
        NAMED,
        check=validate.passport,
        anchor=r"(?i:passport) (?i:no|number|nr|#)",
    ),
)
