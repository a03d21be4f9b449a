"""From a signer's certificate to an authority that the user trusts: strict, short, offline.

Every step is checked: name and signature of the issuer, its right to issue (basic constraints, key usage, length of the
path), and that it was valid when the signer's certificate begins. Whatever is out of the ordinary refuses the chain.
Revocation is not asked, and without a trusted time nobody knows when the signature was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay_detectors.artifact.integrity_listing import Unreadable
from assay_detectors.artifact.integrity_signature import Broken, key_name

if TYPE_CHECKING:
    import datetime

    from cryptography.x509 import Certificate

MAX_DEPTH = 8


def signing_key(chain: list[bytes], trusted: str) -> tuple[Any, str]:
    """Return the signer's public key, and its name in words.

    Args:
        chain: certificates from the bundle, DER, the signer's first.
        trusted: PEM of the authorities.

    Raises:
        Broken: the chain does not lead to a trusted authority, or the certificate is not for signing.
        Unreadable: something is no certificate.
    """
    from cryptography import x509

    try:
        anchors = x509.load_pem_x509_certificates(trusted.encode())
    except ValueError:
        raise Unreadable("cannot be verified: `certificates` holds no certificate in PEM") from None
    try:
        leaf, *between = [x509.load_der_x509_certificate(raw) for raw in chain]
        _check_signer(leaf)
        if leaf not in anchors and not _reaches(leaf, between, anchors, leaf.not_valid_before_utc, 0):
            raise Broken("the signature does not hold: its certificate does not lead to one of `certificates`")
        public = leaf.public_key()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise Unreadable(f"holds a certificate that cannot be read ({type(error).__name__})") from None
    return public, f"{leaf.subject.rfc4514_string()[:120]}, {key_name(public)}"


def _check_signer(leaf: Certificate) -> None:
    """Refuse a certificate that was not issued for signing code or data."""
    from cryptography import x509

    usage, purpose = _extension(leaf, x509.KeyUsage), _extension(leaf, x509.ExtendedKeyUsage)
    _no_surprise(leaf)
    if usage is not None and not usage.digital_signature:
        raise Broken("the signature does not hold: its certificate is not for signatures (key usage)")
    if purpose is not None and x509.oid.ExtendedKeyUsageOID.CODE_SIGNING not in purpose:
        raise Broken("the signature does not hold: its certificate is not for signing code (extended key usage)")
    if usage is None and purpose is None:
        raise Broken("the signature does not hold: its certificate does not say that it is for signatures")


def _reaches(
    certificate: Certificate,
    between: list[Certificate],
    anchors: list[Certificate],
    when: datetime.datetime,
    depth: int,
) -> bool:
    """Say whether issuer after issuer leads to an anchor; `depth` authorities stand below."""
    if depth > MAX_DEPTH:
        return False
    for issuer in (*anchors, *between):
        if issuer.subject != certificate.issuer or not _may_issue(issuer, certificate, when, depth):
            continue
        if issuer in anchors:
            return True
        rest = [other for other in between if other is not issuer]
        if _reaches(issuer, rest, anchors, when, depth + 1):
            return True
    return False


def _may_issue(issuer: Certificate, certificate: Certificate, when: datetime.datetime, depth: int) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
        _no_surprise(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, Broken):
        return False
    basic, usage = _extension(issuer, x509.BasicConstraints), _extension(issuer, x509.KeyUsage)
    if basic is None or not basic.ca or (basic.path_length is not None and basic.path_length < depth):
        return False
    if usage is not None and not usage.key_cert_sign:
        return False
    return bool(issuer.not_valid_before_utc <= when <= issuer.not_valid_after_utc)


def _no_surprise(certificate: Certificate) -> None:
    """Refuse critical extensions that are not judged here, and limits on names."""
    from cryptography import x509

    judged = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)
    for extension in certificate.extensions:
        limits = isinstance(extension.value, x509.NameConstraints | x509.PolicyConstraints)
        if limits or (extension.critical and not isinstance(extension.value, judged)):
            raise Broken("the signature does not hold: a certificate has an extension that Assay does not judge")


def _extension(certificate: Certificate, kind: Any) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
