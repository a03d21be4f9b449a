"""The tools that are compared, each as a function from a line to spans; whatever is not installed is left out."""

from __future__ import annotations

import importlib.util
from contextlib import ExitStack

from pii_plants import NAMED
from pii_scoring import Find, Span

NOT_LABELLED = frozenset({"URL"})

_DETECT_SECRETS = {
    "AWS Access Key": "AWS_ACCESS_KEY",
    "Azure Storage Account access key": "AZURE_KEY",
    "Basic Auth Credentials": "URL_CREDENTIALS",
    "GitHub Token": "GITHUB_TOKEN",
    "GitLab Token": "GITLAB_TOKEN",
    "JSON Web Token": "JWT",
    "NPM tokens": "NPM_TOKEN",
    "OpenAI Token": "OPENAI_KEY",
    "Private Key": "PRIVATE_KEY",
    "PyPI Token": "PYPI_TOKEN",
    "SendGrid API Key": "SENDGRID_KEY",
    "Slack Token": "SLACK_TOKEN",
    "Stripe Access Key": "STRIPE_KEY",
    "Telegram Bot Token": "TELEGRAM_TOKEN",
    "Secret Keyword": "PASSWORD",
    "Public IP (ipv4)": "IP_ADDRESS",
}
_DATAFOG = {"EMAIL": "EMAIL_ADDRESS", "PHONE": "PHONE_NUMBER", "SSN": "US_SSN", "DOB": "DATE_OF_BIRTH"}
_SCRUBADUB = {
    "email": "EMAIL_ADDRESS",
    "phone": "PHONE_NUMBER",
    "credit_card": "CREDIT_CARD",
    "social_security_number": "US_SSN",
    "national_insurance_number": "UK_NINO",
    "date_of_birth": "DATE_OF_BIRTH",
    "credential": "PASSWORD",
    "twitter": "TWITTER",
    "postalcode": "POSTCODE",
}


def label_names() -> dict[str, str]:
    """Return entity -> its name among the labels; secrets that the labels do not name are secrets of some kind."""
    from assay_detectors.pii.entities import BY_NAME

    return {
        name: name if name in NAMED or name == "URL" or "gdpr:Art.32" not in entity.tags else f"SECRET_{name}"
        for name, entity in BY_NAME.items()
    }


def ours(engine: str = "auto") -> Find:
    """Return the scanner of `pii.logs`, with the names of the labels."""
    from assay_detectors.pii.line import LineScanner

    names = label_names()
    scanner = LineScanner(0.5, engine)
    return lambda line: [
        (f.start, f.end, names.get(f.entity, f.entity)) for f in scanner.scan(line) if f.entity not in NOT_LABELLED
    ]


def presidio(threshold: float) -> Find:
    """Return the analyzer with its default recognizers over a blank pipeline whose lemmas are set."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from spacy.language import Language

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # else it asks the network

    @Language.component("lower_lemmas")
    def lower_lemmas(doc: object) -> object:
        for token in doc:  # type: ignore[attr-defined]
            token.lemma_ = token.lower_
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("lower_lemmas")
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": nlp}
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(nlp_engine=engine)
    registry.remove_recognizer("SpacyRecognizer")
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine)
    return lambda line: [
        (r.start, r.end, r.entity_type) for r in analyzer.analyze(line, language="en", score_threshold=threshold)
    ]


def detect_secrets() -> Find:
    """Return its line scan with the default plugins."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    settings = ExitStack()
    settings.enter_context(default_settings())

    def find(line: str) -> list[Span]:
        spans = []
        for secret in scan_line(line):
            start = line.find(secret.secret_value) if secret.secret_value else -1
            kind = _DETECT_SECRETS.get(secret.type, f"SECRET_{secret.type}")
            spans.append((max(0, start), max(0, start) + len(secret.secret_value or line), kind))
        return spans

    find.settings = settings  # type: ignore[attr-defined]  # they end with the stack
    return find


def datafog() -> Find:
    """Return its regular expressions."""
    from datafog.processing.text_processing.regex_annotator.regex_annotator import RegexAnnotator

    annotator = RegexAnnotator()
    return lambda line: [
        (s.start, s.end, _DATAFOG.get(s.label, s.label)) for s in annotator.annotate_with_spans(line)[1].spans
    ]


def scrubadub() -> Find:
    """Return its default detectors."""
    import scrubadub as library

    scrubber = library.Scrubber()
    return lambda line: [(f.beg, f.end, _SCRUBADUB.get(f.type, f.type.upper())) for f in scrubber.iter_filth(line)]


def peers(threshold: float) -> dict[str, Find]:
    """Return every other tool that is installed."""
    found: dict[str, Find] = {}
    makers = {
        f"Presidio >= {threshold:g}": ("presidio_analyzer", lambda: presidio(threshold)),
        "detect-secrets": ("detect_secrets", detect_secrets),
        "datafog": ("datafog", datafog),
        "scrubadub": ("scrubadub", scrubadub),
    }
    for name, (module, make) in makers.items():
        if importlib.util.find_spec(module) is not None:
            found[name] = make()
    return found
