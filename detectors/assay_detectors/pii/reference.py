"""The reference mode, in which Presidio's own recognizers do the work: what it measures, and what it does not.

Plain data, for driver and workers alike; imports no Presidio.
"""

from __future__ import annotations

from assay_detectors.pii.custom import PERSONAL
from assay_detectors.pii.entities import NAMES

ENGINE = "presidio"
"""Value of the option `engine`."""
RECOGNIZERS: dict[str, str] = {
    "CreditCardRecognizer": "CREDIT_CARD",
    "EmailRecognizer": "EMAIL_ADDRESS",
    "IbanRecognizer": "IBAN_CODE",
    "UsSsnRecognizer": "US_SSN",
    "UsItinRecognizer": "US_ITIN",
    "UsPassportRecognizer": "US_PASSPORT",
    "NhsRecognizer": "UK_NHS",
    "CryptoRecognizer": "CRYPTO",
    "IpRecognizer": "IP_ADDRESS",
    "MacAddressRecognizer": "MAC_ADDRESS",
    "MedicalLicenseRecognizer": PERSONAL,
}
"""Class of Presidio -> entity of ours. Telephone numbers are not among them: nothing cheap tells where its matcher of
telephone numbers finds none. Nor are driver licences, bank numbers and dates, which it finds in every log."""
MEASURED: frozenset[str] = frozenset({*RECOGNIZERS.values(), "IP_LOOPBACK"})
LEFT_OUT: tuple[str, ...] = tuple(name for name in NAMES if name not in MEASURED)
"""Entities of which nothing is known afterwards."""
THRESHOLD = 0.4
"""Least score that is reported: what Presidio gives the weakest format with a context word. Its scores are no
probabilities; a threshold of 0.5 would drop every passport and taxpayer number, context or not."""

WHY = "engine presidio does not look for it; scan with another engine"
NOT_COVERED: tuple[str, ...] = (
    "secrets, telephone numbers and all else that engine presidio does not look for: "
    f"{len(LEFT_OUT)} of {len(NAMES)} entities",
    "values that are encoded in any way (URL, JSON, base64, hex, gzip, zlib): engine presidio decodes nothing",
    "names in prose (no NER model)",
    "values split over several lines, or in pictures",
)


def method(presidio: str, min_score: float) -> str:
    """Return how it was measured."""
    return (
        f"Presidio {presidio}, reference mode: {', '.join(RECOGNIZERS)} on tokens of a blank pipeline, context by "
        f"whole words; score at least {min(min_score, THRESHOLD):g}"
    )
