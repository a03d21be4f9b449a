"""Presidio's analyzer without a model and without network: tokens of a blank pipeline, whole words as context.

Imported in workers only, inside `without_torch()`. Four traps are avoided: a blank pipeline has empty lemmas, so that
context words would do nothing; SpacyRecognizer has nothing to say without a model; context in substrings finds "lic" in
"public"; and the recognizer of e-mail addresses fetches a list of domains.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

LANGUAGE = "en"
PRESIDIO = "presidio-analyzer"
_LONGEST = 1 << 31
_ID = "recognizer_identifier"


class _Listener(logging.Handler):
    """Hears that Presidio gave a pattern up, and keeps what it says from going anywhere: it quotes values."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard = False

    def emit(self, record: logging.LogRecord) -> None:
        self.heard = True


class Span(NamedTuple):
    """What a recognizer found."""

    start: int
    end: int
    entity: str
    score: float
    recognizer: str
    """Its id."""


class Engine:
    """An analyzer with these recognizers."""

    def __init__(self, recognizers: Sequence[Any]) -> None:
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer

        self.recognizers = list(recognizers)
        self._analyzer = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers=self.recognizers, supported_languages=[LANGUAGE]),
            nlp_engine=_words(),
            supported_languages=[LANGUAGE],
            context_aware_enhancer=LemmaContextAwareEnhancer(context_matching_mode="whole_word"),
        )
        self._listener = _Listener()
        logger = logging.getLogger("presidio-analyzer")
        logger.propagate = False
        logger.handlers = [self._listener]
        logger.setLevel(logging.WARNING)

    def analyze(self, line: str, entities: Sequence[str]) -> tuple[list[Span], bool]:
        """Return what is found in a line, in order, and whether every pattern was tried to its end."""
        self._listener.heard = False
        found = self._analyzer.analyze(text=line, language=LANGUAGE, entities=list(entities))
        spans = [
            Span(one.start, one.end, one.entity_type, one.score, (one.recognition_metadata or {}).get(_ID, ""))
            for one in found
        ]
        return sorted(spans), not self._listener.heard


def _words() -> Any:
    """Return an engine of tokens whose lemmas are their lower-case forms."""
    import spacy
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from spacy.language import Language

    def lemmas(doc: Any) -> Any:
        for token in doc:
            token.lemma_ = token.lower_
        return doc

    Language.component("assay_lower_case", func=lemmas)
    nlp = spacy.blank(LANGUAGE)
    nlp.max_length = _LONGEST
    nlp.add_pipe("assay_lower_case")
    engine = SpacyNlpEngine(models=[{"lang_code": LANGUAGE, "model_name": "blank"}])
    engine.nlp = {LANGUAGE: nlp}
    return engine


def own_recognizers(names: Sequence[str]) -> list[Any]:
    """Return recognizers of Presidio by the names of their classes."""
    import presidio_analyzer.predefined_recognizers as predefined
    import tldextract

    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    made = [getattr(predefined, name)(supported_language=LANGUAGE) for name in names]
    for one in made:
        if isinstance(one, predefined.EmailRecognizer):
            one.validate_result = lambda text: extract(text).fqdn != ""
    return made


def patterns_of(recognizer: Any) -> list[tuple[str, int]] | None:
    """Return the patterns without one of which the recognizer finds nothing; None where nobody can tell."""
    from presidio_analyzer import EntityRecognizer, PatternRecognizer
    from presidio_analyzer.predefined_recognizers import IbanRecognizer

    kind = type(recognizer)
    if not isinstance(recognizer, PatternRecognizer):
        return None
    if kind.analyze not in (PatternRecognizer.analyze, IbanRecognizer.analyze):
        return None
    if kind.enhance_using_context is not EntityRecognizer.enhance_using_context:
        return None
    flags = int(recognizer.global_regex_flags or 0)
    return [(str(pattern.regex), flags) for pattern in recognizer.patterns]


def presidio_version() -> str:
    """Return the version that is installed."""
    return version(PRESIDIO)
