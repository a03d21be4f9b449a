"""Rules for personal data: formats with checksum, and values known by key name or by the words before them."""

from __future__ import annotations

from assay_detectors.pii import validate
from assay_detectors.pii.rule import CERTAIN, CHECKED, FORMAT, NAMED, STRONG, Rule, key_rules, named

_OPEN = r"(?<![\w.+\-])"
"""What a number must not follow: a digit, a letter, a sign, a point (`0.4111…` is a float)."""
_SHUT = r"(?!\w|[.\-]\d)"
"""What a number must not be followed by."""

_CARD_WORDS = (
    *("card", "cards", "credit", "debit", "cc", "ccn", "pan", "visa", "mastercard", "amex", "maestro", "discover"),
    *("jcb", "diners", "cardnumber", "card number", "creditcard", "payment", "carte", "karte", "tarjeta"),
)
_ID_WORDS = (
    *("trace", "traceid", "span", "spanid", "request", "requestid", "req", "offset", "timestamp", "ts", "epoch"),
    *("nonce", "seed", "hash", "checksum", "block", "blk", "seq", "sequence", "uuid", "guid", "correlation"),
)
_SSN_WORDS = ("ssn", "ssns", "social", "social security", "ss", "taxpayer", "tin")
_PASSPORT_WORDS = ("passport", "passports", "passport no", "passport number")
_NINO_WORDS = ("nino", "national insurance", "ni number", "ni no", "insurance number")
_VERSION_WORDS = ("version", "versions", "ver", "release", "build", "v", "semver", "firmware", "revision", "rev")

_CHECKSUMMED = (
    Rule(
        "CREDIT_CARD",
        _OPEN + r"\d{4}([ \-]?)\d{4}\1\d{4}\1\d{4}" + _SHUT,
        STRONG,
        CERTAIN,
        _CARD_WORDS,
        check=validate.card,
        base="CreditCardRecognizer",
        unless=_ID_WORDS,
    ),
    Rule(
        "CREDIT_CARD",
        _OPEN + r"3[47]\d{2}([ \-]?)\d{6}\1\d{5}" + _SHUT,
        STRONG,
        CERTAIN,
        _CARD_WORDS,
        check=validate.card,
        base="CreditCardRecognizer",
        unless=_ID_WORDS,
    ),
    Rule(
        "CREDIT_CARD",
        _OPEN + r"\d(?:[ \-]?\d){11,18}" + _SHUT,
        FORMAT,
        NAMED,
        _CARD_WORDS,
        check=validate.any_card,
        unless=_ID_WORDS,
    ),
    Rule("IBAN_CODE", "", CERTAIN, CERTAIN, base="IbanRecognizer"),
    Rule(
        "IBAN_CODE",
        r"(?<![A-Za-z0-9])([A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]{4}){2,7}(?:[ \-]?[A-Za-z0-9]{1,3})?)(?![A-Za-z0-9])",
        FORMAT,
        NAMED,
        ("iban", "bank account", "account"),
        base="IbanRecognizer",
    ),
    Rule(
        "US_SSN",
        _OPEN + r"\d{3}-\d{2}-\d{4}" + _SHUT,
        STRONG,
        CERTAIN,
        _SSN_WORDS,
        check=validate.ssn,
        base="UsSsnRecognizer",
        unless=_ID_WORDS,
    ),
    Rule(
        "US_SSN",
        _OPEN + r"\d{3}([ .]?)\d{2}\1\d{4}" + _SHUT,
        FORMAT,
        NAMED,
        ("ssn", "ssns", "social security", "social security number"),
        check=validate.ssn,
        base="UsSsnRecognizer",
    ),
    Rule(
        "US_ITIN",
        _OPEN + r"9\d{2}[ \-](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[ \-]\d{4}" + _SHUT,
        CHECKED,
        NAMED,
        ("itin", "taxpayer", "tax", "tin", "ssn"),
    ),
    Rule(
        "UK_NHS",
        _OPEN + r"\d{3}[ ]\d{3}[ ]\d{4}" + _SHUT,
        CHECKED,
        CERTAIN,
        ("nhs", "nhs number", "health"),
        base="NhsRecognizer",
        unless=("phone", "tel", "telephone", "mobile", "cell", "fax", "call", "contact", "msisdn"),
    ),
    Rule(
        "UK_NHS",
        _OPEN + r"\d{3}(-?)\d{3}\1\d{4}" + _SHUT,
        FORMAT,
        NAMED,
        ("nhs", "nhs number"),
        base="NhsRecognizer",
    ),
    Rule(
        "UK_NINO",
        _OPEN + r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d{2} \d{2} \d{2} [A-D]" + _SHUT,
        CHECKED,
        NAMED,
        _NINO_WORDS,
        check=validate.nino_prefix,
        base="UkNinoRecognizer",
    ),
    Rule(
        "UK_NINO",
        _OPEN + r"(?i:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]) ?\d{2} ?\d{2} ?\d{2} ?(?i:[A-D])" + _SHUT,
        FORMAT,
        NAMED,
        _NINO_WORDS,
    ),
    Rule(
        "ES_NIF",
        _OPEN + r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]" + _SHUT,
        CHECKED,
        CERTAIN,
        ("dni", "nif", "nie", "identidad", "documento"),
        check=validate.nie_or_nif,
        unless=_ID_WORDS,
    ),
    Rule(
        "PL_PESEL",
        _OPEN + r"\d{11}" + _SHUT,
        FORMAT,
        CERTAIN,
        ("pesel",),
        check=validate.pesel,
        base="PlPeselRecognizer",
    ),
    Rule(
        "IN_AADHAAR",
        _OPEN + r"[2-9]\d{3}([ \-]?)\d{4}\1\d{4}" + _SHUT,
        FORMAT,
        CERTAIN,
        ("aadhaar", "aadhar", "uidai", "uid"),
        base="InAadhaarRecognizer",
    ),
    Rule(
        "IT_FISCAL_CODE",
        r"(?<!\w)[A-Z]{6}[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z](?!\w)",
        CHECKED,
        CERTAIN,
        ("codice fiscale", "cf"),
        base="ItFiscalCodeRecognizer",
    ),
    Rule("US_PASSPORT", _OPEN + r"(?:\d{9}|[A-Z]\d{8})" + _SHUT, FORMAT, NAMED, _PASSPORT_WORDS),
    Rule(
        "CRYPTO",
        r"(?<![A-Za-z0-9])(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25,59}(?![A-Za-z0-9])",
        CHECKED,
        NAMED,
        ("wallet", "btc", "bitcoin", "crypto"),
        base="CryptoRecognizer",
    ),
)

_NOT_BROWSER = r"(?<![\w.~])(?<!Chrome/)(?<!Edg/)(?<!OPR/)(?<!Version/)(?<!CriOS/)(?<!Chromium/)(?<!Electron/)"
"""An address must not follow a point, a letter, the mark of a package version, or the name of a browser."""
_IPV4 = r"(?<![A-Za-z]-)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\w)"
_HEX = "[0-9A-Fa-f]{1,4}"
_IPV6 = (
    rf"(?<![\w:.])(?:(?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}(?::{_HEX}){{0,6}})?::"
    rf"(?:(?:{_HEX}:){{0,6}}(?:(?:\d{{1,3}}\.){{3}}\d{{1,3}}|{_HEX}))?)(?![\w:]|\.\w)"
)
_NETWORK = (
    Rule(
        "EMAIL_ADDRESS",
        r"(?<![\w.+\-%/])(?<!//)[^\W_][\w.+\-'%]{0,63}@(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w\-])",
        STRONG,
        CERTAIN,
        ("email", "mail", "e mail", "contact", "to", "from"),
        base="EmailRecognizer",
    ),
    Rule("IP_ADDRESS", r"(?<=~)" + _IPV4, CHECKED, CHECKED, base="IpRecognizer"),
    Rule(
        "IP_ADDRESS",
        _NOT_BROWSER + _IPV4,
        STRONG,
        CERTAIN,
        ("ip", "addr", "address", "host", "client", "from"),
        base="IpRecognizer",
        unless=_VERSION_WORDS,
    ),
    Rule(
        "IP_ADDRESS",
        _IPV6,
        STRONG,
        CERTAIN,
        ("ip", "ipv6", "addr", "address", "host", "client", "from"),
        check=validate.ipv6,
        base="IpRecognizer",
    ),
    Rule(
        "MAC_ADDRESS",
        r"(?<![\w:.\-])[0-9A-Fa-f]{2}([:\-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:\-])",
        STRONG,
        CERTAIN,
        ("mac", "ether", "hwaddr", "ethernet", "device"),
        check=validate.mac,
        base="MacAddressRecognizer",
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
    Rule("URL", r"(?i:https?)://[\w.\-:\[\]]{3,255}/?[^\s\"'<>?\\]{0,512}\?[^\s\"'<>\\]{1,1024}", STRONG, STRONG),
)

_NAME = r"[^\W\d_a-z][\w'’\-]*[^\W\d_A-Z]"
_FULL_NAME = rf"{_NAME}(?: {_NAME}| [^\W\d_a-z]\.){{1,3}}(?!\w)"
_PERSON_KEYS = (
    r"(?:full|customer|patient|client|person|employee|holder|cardholder|account|contact|recipient|sender|buyer|owner|"
    r"display|legal|real)[_\- ]?name|name|patient|nombre|nom"
)
_DATE = r"(?:\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}|\d{1,2}[\-/.]\d{1,2}[\-/.]\d{4})(?!\d)"
_DOB_KEYS = r"dob|d\.o\.b\.|(?:date[_\- ]?of[_\- ]?birth)|birth[_\- ]?(?:date|day)|birthday|geburtsdatum"
_STREET = (
    r"(?i:street|st|road|rd|avenue|ave|lane|ln|boulevard|blvd|drive|dr|court|ct|square|sq|terrace|way|place|pl|close)"
)
_ADDRESS = rf"\d{{1,5}}[A-Za-z]?(?: [A-ZÀ-Ý][\w'’\-]{{1,20}}){{1,3}} {_STREET}(?!\w)\.?"
_POSTCODE = (
    r"(?:,? [A-ZÀ-Ý][\w .'’\-]{1,30}){1,2},? (?:[A-Z]{2} \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?!\w)"
)
_POINT = r"-?\d{1,2}\.\d{3,12}[,;] ?-?\d{1,3}\.\d{3,12}(?!\d|\.\d)"
_MRN = r"(?i:MRN)?[\- ]?\d{5,12}(?!\w)"

_DESCRIBED = (
    *key_rules("PERSON", _PERSON_KEYS, _FULL_NAME, validate.person, STRONG, r"(?<![\w.])"),
    Rule(
        "PERSON",
        rf"(?<!\w)(?:(?i:my name is|patient|i am|i'm|customer|dear)|(?:Mr|Mrs|Ms|Dr|Prof)\.?) \K{_FULL_NAME}",
        CHECKED,
        CHECKED,
        check=validate.person,
    ),
    *key_rules("DATE_OF_BIRTH", _DOB_KEYS, _DATE, validate.birth_date, NAMED),
    Rule(
        "DATE_OF_BIRTH",
        rf"(?<!\w)(?i:born|born on|date of birth|dob|birthday is|geboren am|né le|née le) \K{_DATE}",
        NAMED,
        NAMED,
        check=validate.birth_date,
    ),
    Rule("LOCATION", rf"(?<![\w.\-]){_ADDRESS}{_POSTCODE}", STRONG, CERTAIN, ("address", "ship to", "live at")),
    Rule(
        "LOCATION",
        rf"(?<![\w.\-]){_ADDRESS}",
        FORMAT,
        NAMED,
        ("address", "shipping address", "addr", "ship to", "live at", "lives at", "street", "home", "billing"),
    ),
    *key_rules(
        "LAT_LON",
        r"gps|lat[_\-]?(?:lon|lng|long)|latlng|coord(?:inate)?s?|geo|geo[_\-]?(?:point|location)|location|position",
        _POINT,
        validate.coordinates,
        NAMED,
    ),
    Rule("LAT_LON", rf"(?i:gps|position|coordinates?|located at) \K{_POINT}", NAMED, NAMED, check=validate.coordinates),
    Rule(
        "LAT_LON",
        named(r"lat|latitude", r"-?\d{1,2}\.\d{4,12}(?=[^\n]{1,24}(?i:lon|lng|longitude)\W)"),
        STRONG,
        STRONG,
    ),
    Rule("MEDICAL_RECORD", r"(?<![A-Za-z0-9])MRN[\-: #]?\d{6,12}(?!\w)", STRONG, CERTAIN, ("mrn", "medical")),
    *key_rules("MEDICAL_RECORD", r"mrn|medical[_\- ]?record(?:[_\- ]?(?:number|no|id))?", _MRN, None, NAMED),
    Rule("MEDICAL_RECORD", rf"(?i:medical record number|medical record no\.?|mrn) \K{_MRN}", NAMED, NAMED),
)

PERSONAL_RULES: tuple[Rule, ...] = (*_CHECKSUMMED, *_NETWORK, *_DESCRIBED)
