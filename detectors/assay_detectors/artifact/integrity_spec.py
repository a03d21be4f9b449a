"""What `artifact.integrity` is: identity, contract, explanation."""

from __future__ import annotations

from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, Reference

MISMATCHES = "artifact.integrity.mismatches"
FILES = "artifact.integrity.files"

SPEC = DetectorSpec(
    id="artifact.integrity",
    title="Files as published",
    version="1",
    family="artifact",
    stage=0,
    explanation=Explanation(
        what=(
            "Computes the SHA-256 of every file of the scan, of a folder file by file, so that a verdict belongs to "
            "these bytes and no others. Where the manifest declares `integrity`, it compares them with what was "
            "published: a list of digests (text of sha256sum, GNU or BSD; or JSON, as `assay artifact manifest` writes "
            "it) or a detached signature of OpenSSF model signing 1.x (`model.sig`), verified offline by the signer's "
            "public key (ECDSA P-256, P-384, P-521, Ed25519) or by certificates of trusted authorities. A file that "
            "differs, is missing, is listed twice with different digests or under a name that leads out of the folder, "
            "and a model or artifact that is not listed, counts as one mismatch and is named."
        ),
        why=(
            "Whoever can replace a file between the producer and the release decides what the model does. Weights "
            "with a backdoor hold no code and give no other sign: only their digest is another one."
        ),
        how_to_read=(
            "One number per reference, with the files in the evidence: `mismatch`, `missing`, `unlisted`. 0: every "
            "model and artifact is byte for byte as listed. 'At least k': some file could not be read, or a signature "
            "does not hold, and then nothing that it lists is believed. Without a declared reference nothing is "
            "compared, and the metric is not measured. `artifact.integrity.files` counts the files with a digest; its "
            "method holds the digest of the whole list, its evidence the digests within folders."
        ),
        how_to_fix=(
            "Do not use the file. Fetch it again from its producer and compare; if it still differs, ask the producer "
            "which one was published. After a change of your own write the list anew (`assay artifact manifest`) or "
            "sign again, and say why it changed. A file that is not listed: remove it, or have it listed."
        ),
        cannot_see=(
            "Whether what was published is good: a digest says that nothing changed since, not that it was right.",
            "A list or a key that lies beside the files shows that they belong together, no more: who replaces the "
            "files replaces it too. It is told; keep it in another place, under another's hand.",
            "Keyless signatures: who signed stands in a public transparency log, which takes a network to ask.",
            "Whether a signer's key or certificate was revoked, and when a signature was made.",
            "Signatures of PGP, minisign or cosign over single files; digests by MD5, SHA-1 (too weak) or BLAKE3.",
            "Files that are listed and are no inputs of the scan, and data or logs that are not listed: they are "
            "counted in words.",
        ),
    ),
    needs=(),
    metrics=(
        MetricSpec(
            id=MISMATCHES,
            title="Files that are not as published",
            unit="files",
            low=0,
            direction="lower-is-better",
            null_value=0,
            labels=("file",),
            needs=(Capability.INTEGRITY,),
        ),
        MetricSpec(id=FILES, title="Files with a digest", unit="files", low=0, direction="neither"),
    ),
    extras=("sign",),
    references=(
        Reference(
            title="NIST FIPS 180-4, Secure Hash Standard", url="https://csrc.nist.gov/pubs/fips/180-4/upd1/final"
        ),
        Reference(title="OpenSSF model signing", url="https://github.com/sigstore/model-transparency"),
        Reference(
            title="DSSE: Dead Simple Signing Envelope, protocol 1.0", url="https://github.com/secure-systems-lab/dsse"
        ),
        Reference(title="in-toto Statement, version 1", url="https://in-toto.io/Statement/v1"),
    ),
    frameworks=(
        "atlas:AML.T0010",
        "atlas:AML.T0010.003",
        "owasp-ml:ML06",
        "owasp-llm:LLM03",
        "nist-aml:NISTAML.051",
        "cwe:CWE-353",
        "cwe:CWE-494",
        "cwe:CWE-347",
    ),
    status="stable",
    body="assay_detectors.artifact.integrity:Integrity",
)
