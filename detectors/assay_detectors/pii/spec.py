"""What `pii.logs` is: identity, contract, explanation."""

from __future__ import annotations

from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, OptionSpec, Reference

METRIC = "pii.logs.count"

NAMES_NOT_COVERED = "names in prose (no NER model)"
NOT_COVERED: tuple[str, ...] = (
    NAMES_NOT_COVERED,
    "values split over several lines, in pictures, or encoded more than three times or otherwise than by URL, JSON, "
    "base64, hex, gzip and zlib",
    "text in base64 or hex that stands behind more than 64 bytes which are no text, as in files and messages of a "
    "binary format, or in pieces of fewer than 12 characters; UTF-16 in base64 or hex that does not begin with Latin "
    "letters",
    "identity, licence and bank numbers of countries that are not in the list of entities",
    "values in names of files and folders: they are not searched, and every report shows them as they are",
)

_WHAT = (
    "Reads every line of every log and counts personal data and secrets: e-mail addresses, card and bank numbers, "
    "identity numbers of twenty countries, telephone numbers, addresses, names by their key, keys and tokens of ninety "
    "kinds, passwords, IP and MAC addresses. Own rules ask for formats, checksums, issuer ranges, numbering plans, key "
    "names, context words; rules of gitleaks and recognizers of Presidio (YAML, or trusted Python) can be added. URL "
    "and JSON escapes, base64, hex, gzip, zlib and JWT payloads are taken off, three deep; look-alike characters are "
    "seen through. "
    "No language model takes part unless the policy names one (`ner_model`) for names in free text; nothing is looked "
    "up and no secret is tried out. With `engine: presidio` recognizers of Presidio do the work, as a reference."
)
_WHY = (
    "Inference logs keep what users typed and what services sent, often for years and for many readers. A secret in a "
    "log is a secret that is known; personal data in a log are processed, mostly without purpose and without limit "
    "of time (GDPR Art. 5(1)(c) and (e), Art. 32)."
)
_READ = (
    "One number per kind and log file: occurrences, not persons. Tier A reports alone. Tier B needs a checksum or a "
    "telling format, and mostly a key name or context words. Tier C (IP, MAC, web addresses) is counted; whether it is "
    "a violation is for the policy to say. Equal values share a group (`EMAIL_ADDRESS-3`), so that one address in 400 "
    "lines can be told from 400 addresses; with a key of yours (`fingerprint_key`) the group is a fingerprint that is "
    "the same in every scan. A place is file, line and column, in JSON the path too (`$.user.email`), in parquet row "
    "and column. `at least` means that a log could not be read to its end. `score` is the "
    "probability that a finding of this kind and this strength of rule is right, measured on made logs (dev systems of "
    "the benchmark, one line in twenty with a value, one in four with a look-alike) and held against seeds and systems "
    "that were not used. It is true of logs like those: where look-alikes are more frequent, fewer findings are right. "
    "Rules that the user brought (gitleaks, Presidio) are not calibrated: their score is the one that they came with."
)
_FIX = (
    "Revoke secrets first: they count as known. Then stop the source (redact in the logging call, log ids in "
    "place of values, drop prompts and payloads), delete or redact the stored logs, and shorten how long they are kept."
)


def _count() -> MetricSpec:
    return MetricSpec(
        id=METRIC,
        title="Occurrences of personal data or secrets in logs",
        unit="occurrences",
        low=0,
        direction="lower-is-better",
        null_value=0,
        labels=("entity", "tier", "source"),
    )


FINGERPRINT_KEY = OptionSpec(
    name="fingerprint_key",
    type="str",
    default="",
    secret_file=True,
    help=(
        "File of 32 random bytes or more: equal values get the same fingerprint in every scan with this key, in place "
        "of a number; a path from the manifest's folder. Who has the key can find short values by trying."
    ),
)

SPEC = DetectorSpec(
    id="pii.logs",
    title="Personal data and secrets in logs",
    version="2",
    family="pii",
    stage=1,
    explanation=Explanation(what=_WHAT, why=_WHY, how_to_read=_READ, how_to_fix=_FIX, cannot_see=NOT_COVERED),
    needs=(Capability.LOGS,),
    metrics=(_count(),),
    options=(
        OptionSpec(
            name="min_score",
            type="float",
            default=0.5,
            low=0.0,
            high=1.0,
            stricter="lower",
            help="Probability under which a candidate is not reported; rules that the user brought: their own score.",
        ),
        OptionSpec(
            name="max_line_mb",
            type="int",
            default=1024,
            low=1,
            high=65536,
            stricter="higher",
            help="Megabytes of one line that are searched; a longer line makes the count `at least`.",
        ),
        OptionSpec(
            name="engine",
            type="str",
            default="auto",
            choices=("auto", "hyperscan", "re2", "re", "presidio"),
            help="Library of the prefilter; the findings are the same, the speed is not. `presidio`: the reference "
            "mode, in which recognizers of Presidio take the place of our rules; what they do not look for is not "
            "measured.",
        ),
        OptionSpec(
            name="gitleaks",
            type="str",
            default="",
            stricter="given",
            path=True,
            help="Configuration of gitleaks (TOML) whose rules are applied too; a path from the manifest's folder.",
        ),
        OptionSpec(
            name="recognizers",
            type="str",
            default="",
            stricter="given",
            path=True,
            help="Pattern recognizers of Presidio (YAML) that are applied too; a path from the manifest's folder.",
        ),
        OptionSpec(
            name="recognizer_code",
            type="str",
            default="",
            path=True,
            help="Python file with recognizers of Presidio that are applied too; a path from the manifest's folder. It "
            "is code that runs, in a sealed worker, and only where recognizer_code_sha256 names it.",
        ),
        OptionSpec(
            name="recognizer_code_sha256",
            type="str",
            default="",
            help="Sha256 of the file of recognizer_code, by which the policy trusts it.",
        ),
        OptionSpec(
            name="ner_model",
            type="str",
            default="",
            path=True,
            help="Pipeline of spaCy that finds names in free text: a folder, as a path from the manifest's folder, or "
            "the name of an installed package.",
        ),
        OptionSpec(
            name="ner_model_sha256",
            type="str",
            default="",
            help="Sha256 of the folder of ner_model, by which the policy trusts it; for a package not needed.",
        ),
        OptionSpec(
            name="ner_lines",
            type="int",
            default=2000,
            low=1,
            high=10_000_000,
            stricter="higher",
            help="Lines with free text that ner_model looks at in each log, or in each 8 MB of a large one; a seeded "
            "sample.",
        ),
        FINGERPRINT_KEY,
    ),
    extras=("pii",),
    modules=("presidio_analyzer", "phonenumbers"),
    references=(
        Reference(title="Presidio analyzer", url="https://github.com/data-privacy-stack/presidio"),
        Reference(title="ISO/IEC 7812-1: identification of issuers; Luhn check digit"),
        Reference(title="ISO 13616-1: international bank account number"),
        Reference(title="RFC 2104: HMAC", url="https://www.rfc-editor.org/rfc/rfc2104"),
    ),
    frameworks=(
        "atlas:AML.T0037",
        "atlas:AML.T0055",
        "nist-aml:NISTAML.036",
        "ai-exchange:inputdataleak",
        "ai-exchange:devdataleak",
        "eu:Art.12(1)",
        "eu:Art.15(5)",
        "rmf:MEASURE 2.10",
        "rmf:MEASURE 2.7",
        "iso42001:A.6.2.8",
        "cwe:CWE-532",
        "cwe:CWE-359",
    ),
    body="assay_detectors.pii.logs:LogsDetector",
)
