"""Rules for personal data: formats with checksum, and values known by key name or by the words before them."""

from __future__ import annotations

from dataclasses import replace

from assay_detectors.pii import checksums, domains, validate
from assay_detectors.pii.national import ANCHOR_OPEN, ID_WORDS, OPEN, SHUT
from assay_detectors.pii.portable import portable
from assay_detectors.pii.rule import CERTAIN, CHECKED, FORMAT, NAMED, STRONG, Rule, by_letter, key_rules

_NO_UNIT = r"(?! ?(?:[nmu]?s|[KMGT]?i?B|bytes|tokens|rows|ticks)\b)"
"""A number with a unit counts something."""

_CARD_WORDS = (
    *("card", "cards", "credit", "debit", "cc", "ccn", "pan", "visa", "mastercard", "amex", "maestro", "discover"),
    *("jcb", "diners", "cardnumber", "card number", "creditcard", "payment", "carte", "karte", "tarjeta"),
    *("kreditkarte", "paymentcard", "ccnum", "cardno", "primary account number", "primaryaccountnumber", "charge"),
)
_SSN_WORDS = ("ssn", "ssns", "social", "social security", "ss", "taxpayer", "tin")
_NINO_WORDS = (
    "nino",
    "national insurance",
    "ni number",
    "ninumber",
    "nationalinsurancenumber",
    "ni no",
    "insurance number",
)
_VERSION_WORDS = ("version", "versions", "ver", "release", "build", "v", "semver", "firmware", "revision", "rev")

_CHECKSUMMED = (
    Rule(
        "CREDIT_CARD",
        OPEN + r"\d{4}([ \-]?)\d{4}\1\d{4}\1\d{4}" + SHUT + _NO_UNIT,
        STRONG,
        CERTAIN,
        _CARD_WORDS,
        check=validate.card,
        base="CreditCardRecognizer",
        unless=ID_WORDS,
        anchor=ANCHOR_OPEN + r"[2-6](?:\d{15}|\d{3}[ \-]\d{4}[ \-]\d{4}[ \-]\d{4})[^\w]",
        reach=26,
        tail=4,
    ),
    Rule(
        "CREDIT_CARD",
        OPEN + r"3[47]\d{2}([ \-]?)\d{6}\1\d{5}" + SHUT + _NO_UNIT,
        STRONG,
        CERTAIN,
        _CARD_WORDS,
        check=validate.card,
        base="CreditCardRecognizer",
        unless=ID_WORDS,
        anchor=ANCHOR_OPEN + r"3[47](?:\d{13}|\d{2}[ \-]\d{6}[ \-]\d{5})[^\w]",
        reach=26,
        tail=4,
    ),
    Rule(
        "CREDIT_CARD",
        OPEN + r"\d(?:[ \-]?\d){11,18}" + SHUT + _NO_UNIT,
        FORMAT,
        NAMED,
        _CARD_WORDS,
        check=validate.any_card,
        unless=ID_WORDS,
        digits=12,
    ),
    Rule(
        "IBAN_CODE",
        r"(?<!\w)[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]{4}){2,7}(?:[ \-]?[A-Z0-9]{1,4})?(?![A-Za-z0-9])",
        CERTAIN,
        CERTAIN,
        base="IbanRecognizer",
        cut=validate.iban,
        anchor=r"[^\w][A-Z]{2}\d{2}[ \-]?[A-Z0-9]{4}[ \-]?[A-Z0-9]{4}",
        reach=20,
        tail=40,
    ),
    Rule(
        "IBAN_CODE",
        r"(?<![A-Za-z0-9])([A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]{4}){2,7}(?:[ \-]?[A-Za-z0-9]{1,3})?)(?![A-Za-z0-9])",
        FORMAT,
        NAMED,
        ("iban", "bank account", "account"),
        base="IbanRecognizer",
        cut=validate.iban,
    ),
    Rule(
        "US_SSN",
        OPEN + r"\d{3}-\d{2}-\d{4}" + SHUT,
        STRONG,
        CERTAIN,
        _SSN_WORDS,
        check=validate.ssn,
        base="UsSsnRecognizer",
        unless=ID_WORDS,
        anchor=ANCHOR_OPEN + r"\d{3}-\d{2}-\d{4}[^\w]",
        reach=14,
        tail=4,
    ),
    Rule(
        "US_SSN",
        OPEN + r"\d{3}([ .]?)\d{2}\1\d{4}" + SHUT,
        FORMAT,
        NAMED,
        ("ssn", "ssns", "social security", "social security number", "socialsecuritynumber", "ssnnumber"),
        check=validate.ssn,
        unless=ID_WORDS,
        base="UsSsnRecognizer",
    ),
    *key_rules(
        "US_SSN",
        r"(?:[a-z]{2,10})?ssn(?:[_\- ]?(?:number|no))?|social(?:[_\- ]?security(?:[_\- ]?(?:number|no))?)?",
        r"\d{3}(?P<gap>[ .]?)\d{2}(?P=gap)\d{4}(?![\w.\-])",
        validate.ssn,
    ),
    Rule(
        "UK_NHS",
        OPEN + r"\d{3}[ ]\d{3}[ ]\d{4}" + SHUT,
        CHECKED,
        CERTAIN,
        ("nhs", "nhs number", "health"),
        base="NhsRecognizer",
        check=checksums.nhs,
        unless=("phone", "tel", "telephone", "mobile", "cell", "fax", "call", "contact", "msisdn"),
        anchor=ANCHOR_OPEN + r"\d{3}\x20\d{3}\x20\d{4}[^\w]",
        reach=16,
        tail=4,
    ),
    Rule(
        "UK_NHS",
        OPEN + r"\d{3}(-?)\d{3}\1\d{4}" + SHUT,
        FORMAT,
        NAMED,
        ("nhs", "nhs number", "nhsnumber", "nhsno"),
        base="NhsRecognizer",
        check=checksums.nhs,
    ),
    Rule(
        "UK_NINO",
        OPEN + r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d{2} \d{2} \d{2} [A-D]" + SHUT,
        CHECKED,
        NAMED,
        _NINO_WORDS,
        check=validate.nino_prefix,
        base="UkNinoRecognizer",
        anchor=r"[A-Z]{2}\x20\d{2}\x20\d{2}\x20\d{2}\x20[A-D][^\w]",
        reach=20,
        tail=4,
    ),
    Rule(
        "UK_NINO",
        OPEN + r"(?i:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]) ?\d{2} ?\d{2} ?\d{2} ?(?i:[A-D])" + SHUT,
        FORMAT,
        NAMED,
        _NINO_WORDS,
    ),
    Rule(
        "CRYPTO",
        r"(?<!\w)(?:bc1[a-z0-9]{25,59}|[13][1-9A-HJ-NP-Za-km-z]{24,33})(?!\w)",
        CHECKED,
        NAMED,
        ("wallet", "btc", "bitcoin", "crypto"),
        base="CryptoRecognizer",
        check=checksums.bitcoin,
        anchor=r"[^\w](?:bc1[a-z0-9]{25}|[13][1-9A-HJ-NP-Za-km-z]{24})",
        reach=30,
        tail=40,
    ),
)

_NOT_BROWSER = r"(?<![\w.%])(?=\d)(?<!Chrome/)(?<!Edg/)(?<!OPR/)(?<!Version/)(?<!CriOS/)(?<!Chromium/)(?<!Electron/)"
"""An address must not follow a point, a letter, the mark of a package version, or the name of a browser."""
_IPV4 = r"(?<![A-Za-z]-)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\w)"
_HEX = "[0-9A-Fa-f]{1,4}"
_IPV6 = (
    rf"(?:(?<![\w:.])|(?<=[A-Za-z_]{{3}}:)|(?<=_\d:))(?:(?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}(?::{_HEX}){{0,6}})?::"
    rf"(?:(?:{_HEX}:){{0,6}}(?:(?:\d{{1,3}}\.){{3}}\d{{1,3}}|{_HEX}))?)(?![\w:]|\.\w)"
)
_ANCHOR_IPV4 = r"\d\.\d{1,3}\.\d{1,3}\.\d{1,3}[^\w]"
_MAC_WORDS = ("mac", "ether", "hwaddr", "ethernet", "device")
_NETWORK = (
    Rule(
        "EMAIL_ADDRESS",
        r"(?:(?<=\\[nrt])|(?<![\w.+\-%/])(?!(?<=\\)[nrt]))(?<!//)[^\W_][\w.+\-'%]{0,63}@(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w\-])",
        CERTAIN,
        CERTAIN,
        base="EmailRecognizer",
        check=domains.public,
        anchor=r"[\w.+\-'%]@[\w\-]+\.[\d.]*[A-Za-z_\-]",
        reach=160,
        solid=True,
    ),
    Rule(
        "IP_ADDRESS",
        _NOT_BROWSER + _IPV4,
        STRONG,
        STRONG,
        check=validate.ipv4,
        base="IpRecognizer",
        unless=_VERSION_WORDS,
        anchor=_ANCHOR_IPV4,
        reach=18,
        tail=4,
        solid=True,
    ),
    Rule(
        "IP_ADDRESS",
        _IPV6,
        STRONG,
        STRONG,
        check=validate.ipv6,
        base="IpRecognizer",
        anchor=r"(?:[^\w:.]|[A-Za-z_]{3}:|_\d:)(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?::|"
        r"(?::[0-9A-Fa-f]{1,4}){7}[^\w:]",
    ),
    Rule(
        "MAC_ADDRESS",
        r"(?:(?<![\w:.\-])|(?<=[A-Za-z_]{3}:)|(?<=_\d:))[0-9A-Fa-f]{2}([:\-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:\-])",
        STRONG,
        CERTAIN,
        _MAC_WORDS,
        check=validate.mac,
        base="MacAddressRecognizer",
        anchor=r"(?:[:\-][0-9A-Fa-f]{2}){5}[^\w:\-]",
        reach=20,
        tail=4,
    ),
    Rule(
        "MAC_ADDRESS",
        r"(?<![\w.\-])\d{2}(?:-\d{2}){5}(?![\w\-])",
        FORMAT,
        NAMED,
        _MAC_WORDS,
        check=validate.varied,
    ),
    Rule(
        "MAC_ADDRESS",
        r"(?<![\w:.\-])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![\w:\-]|\.\w)",
        FORMAT,
        NAMED,
        ("mac", "ether", "hwaddr", "ethernet"),
        check=validate.mac,
        base="MacAddressRecognizer",
    ),
    Rule(
        "URL",
        r"(?i:https?)://[\w.\-:\[\]]{3,255}/?[^\s\"'<>?\\]{0,512}\?[^\s\"'<>\\]{1,1024}",
        STRONG,
        STRONG,
        anchor=r"(?i:https?)://[^\s\"'<>?\\]+\?",
        reach=780,
        tail=1030,
    ),
)

_NAME = r"[^\W\d_a-z][\w'’\-]*[^\W\d_A-Z]"
_FULL_NAME = rf"{_NAME}(?: {_NAME}| [^\W\d_a-z]\.){{1,3}}(?!\w)"
_ANY_NAME = r"[^\W\d_a-z][\w'’\-]*[^\W\d_]"
_PARTICLES = r"(?:(?:van|von|de|der|den|da|di|du|dos|del|della|la|le|el|al|bin|ben|ibn|ter|ten|zu|y|af|av) ){0,2}"
_KEYED_NAME = rf"{_ANY_NAME}(?:,? {_PARTICLES}{_ANY_NAME}|,? [^\W\d_a-z]\.){{1,3}}(?!\w)"
"""Behind a key or title that hardly names anything else: `ANNA BELL`, `Bell, Anna`, `Anna van der Bell` too."""
_PERSON_KEYS = (
    r"(?:full|customer|patient|client|person|employee|holder|cardholder|account|contact|recipient|sender|buyer|owner|"
    r"display|legal|real|user|beneficiary|payee|payer|debtor|creditor|guest|passenger|student|applicant)[_\- ]?name|"
    r"patient|(?:account|card|policy)[_\- ]?holder|(?:kunden|patienten|mitarbeiter|kontakt)name|ansprechpartner|"
    r"nom[_\- ]complet|nom(?:br)?e[_\- ]completo"
)
_PART_KEYS = (
    r"(?:(?:customer|patient|client|user|employee|holder|contact|recipient)[_\-.])?(?:(?:first|last|given|family|middle|"
    r"maiden)[_\- ]?name|surname|forename|vorname|nachname|pr[ée]nom|apellidos?|cognome|achternaam|voornaam|"
    r"nom[_\- ](?:de[_\- ])?famille|primer[_\- ]nombre)"
)
_MONTH = r"[A-Za-zÀ-ÿ]{3,10}\.?"
_DATE = (
    r"(?:\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}|\d{1,2}[\-/.]\d{1,2}[\-/.]\d{4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[ \-/](?:de |of )?{_MONTH},?[ \-/](?:de )?\d{{4}}"
    rf"|[A-Z][a-z]{{2,9}}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{4}}[ \-]{_MONTH}[ \-]\d{{1,2}})(?!\d)"
)
_KEY_DATE = (
    rf"(?:{_DATE}|\d{{8}}(?!\w)|\d{{1,2}}[\-/.]\d{{1,2}}[\-/.]\d{{2}}(?!\w)|\d{{4}}, ?\d{{1,2}}, ?\d{{1,2}}(?=\)))"
)
"""Where a key says that it is a birth date; the last as Python writes it."""
_DOB_KEYS = (
    r"d\.o\.b\.|(?:user|patient|customer|client|member|req|db)?(?:dob|"
    r"date[_\- ]?of[_\- ]?birth|birth[_\- ]?(?:date|day|dt)|birthday|bday|"
    r"geburts(?:datum|tag)|fecha[_\- ]?(?:de[_\- ]?)?nacimiento)|born(?:[_\- ]?(?:on|at))?|"
    r"geb[_\-.]?datum|date[_\- ]?(?:de[_\- ]?)?naissance|"
    r"data[_\- ]?(?:di[_\- ]?|de[_\- ]?)?nas(?:cita|cimento)|geboortedatum|data[_\- ]?urodzenia|f[øo]dselsdato"
)
_DOB_SAID = (
    r"(?i:born|born on|date of birth|dob|birthday is|birthday|birth date|geboren am|geb\.(?: am)?|"
    r"n[ée]e? le|nacid[oa] el|nat[oa] il|geboren op)"
)
_MRN = r"(?i:MRN|[A-Z])?[\- ]?\d{5,12}(?!\w)"

_PEOPLE, _PERSON = by_letter(
    (
        *("user", "customer", "patient", r"client(?![_\-]?id)", "person", "employee", "candidate", "student"),
        *("applicant", "guest", "passenger"),
    )
)
_ITS, _FIELD = by_letter(
    (
        *("contact", "e-?mail", "phone", "tel", "mobile", "ssn", "dob", "birth", "birthday", "gender", "age"),
        *("passport", "address", "salary", "diagnosis", "mrn"),
    )
)
_OF_A_PERSON = (
    rf"[@{_PEOPLE}{_ITS}](?:(?:(?<![A-Za-z.].){_PERSON}|(?<![A-Za-z].){_FIELD})\w{{0,12}}\\{{0,3}}[\"']?\s?[:=>]"
    r"|(?<=\w@)[\w\-]+\.[a-z])"
)
"""Keys that stand beside the name of a person, hardly beside that of a thing, no part of a logger's name; or a mail
address."""

_DESCRIBED = (
    *key_rules("PERSON", _PERSON_KEYS, _KEYED_NAME, validate.person, STRONG),
    *key_rules("PERSON", "name|nombre|nom|nome|naam", _KEYED_NAME, validate.given_person, STRONG, r"(?<![\w.])"),
    *(
        replace(rule, beside=_OF_A_PERSON)
        for rule in key_rules("PERSON", "name|nombre|nom|nome|naam", _FULL_NAME, validate.person, STRONG, r"(?<![\w.])")
    ),
    *key_rules("PERSON", _PART_KEYS, rf"{_ANY_NAME}(?:[ \-]{_ANY_NAME}){{0,2}}(?![\w.])", validate.name_part, STRONG),
    Rule(
        "PERSON",
        rf"(?<!\w)(?:(?i:my name is|patient|i am|i'm|customer|dear)|(?:Mr|Mrs|Ms|Dr|Prof)\.?) \K{_FULL_NAME}",
        CHECKED,
        CHECKED,
        check=validate.person,
        anchor=r"[^\w](?:(?i:my name is|patient|i am|i'm|customer|dear)|(?:Mr|Mrs|Ms|Dr|Prof)\.?) [A-Za]",
    ),
    Rule(
        "PERSON",
        rf"(?<!\w)(?:(?i:my name is|patient)|(?:Mr|Mrs|Ms|Dr|Prof)\.?) \K{_KEYED_NAME}",
        CHECKED,
        CHECKED,
        check=validate.person,
        anchor=r"[^\w](?:(?i:my name is|patient)|(?:Mr|Mrs|Ms|Dr|Prof)\.?) [A-Za]",
    ),
    *key_rules("DATE_OF_BIRTH", _DOB_KEYS, _KEY_DATE, validate.birth_date, NAMED),
    Rule(
        "DATE_OF_BIRTH",
        rf"(?<!\w){_DOB_SAID}[:,]? (?:was |is )?\K(?:{_DATE}|\d{{8}}(?!\w))",
        NAMED,
        NAMED,
        check=validate.birth_date,
        anchor=portable(rf"{_DOB_SAID}[:,]? (?:was |is )?[\dA-Z]"),
    ),
    Rule(
        "MEDICAL_RECORD",
        r"(?<![A-Za-z0-9])MRN[\-: #]?\d{6,12}(?!\w)",
        STRONG,
        CERTAIN,
        ("mrn", "medical"),
        anchor=r"MRN[\-: #]?\d{6}",
    ),
    *key_rules(
        "MEDICAL_RECORD",
        r"(?:patient)?mrn|(?:medical|patient)[_\- ]?record(?:[_\- ]?(?:number|no|id))?",
        _MRN,
        None,
        NAMED,
    ),
    Rule(
        "MEDICAL_RECORD",
        rf"(?i:medical record number|medical record no\.?|mrn) \K{_MRN}",
        NAMED,
        NAMED,
        anchor=r"(?i:medical record number|medical record no\.?|mrn) [A-Za\d \-]",
    ),
)

PERSONAL_RULES: tuple[Rule, ...] = (*_CHECKSUMMED, *_NETWORK, *_DESCRIBED)
