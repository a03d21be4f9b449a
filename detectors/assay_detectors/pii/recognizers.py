"""Presidio's recognizers for our rules: explicit, offline, without language model.

What of Presidio is used: its pattern recognizers with their checksums, one per rule, called directly. What is not, and
why: its scores (a Luhn pass alone is 1.0 there), its context matching (by substring, and dead without lemmas), its
analyzer engine (a language model per line), its phone recognizer (two thirds of the time of a scan), and the look-up
of top-level domains over the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.targets.extras import without_torch
from assay_detectors.pii.personal import PERSONAL_RULES
from assay_detectors.pii.phones import PHONE_RULES
from assay_detectors.pii.portable import portable
from assay_detectors.pii.rule import Rule
from assay_detectors.pii.secrets import SECRET_RULES

RULES: tuple[Rule, ...] = (*SECRET_RULES, *PERSONAL_RULES, *PHONE_RULES)

_IGNORE_CASE = 2


@dataclass(frozen=True)
class Recognizer:
    """A rule with the recognizer that carries it out."""

    rule: Rule
    presidio: Any
    """`presidio_analyzer.PatternRecognizer`."""
    portable: tuple[str, ...]
    """What the prefilter looks for."""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the spans that match and pass Presidio's checks."""
        return [(found.start, found.end) for found in self.presidio.analyze(text, [self.rule.entity])]


def build() -> list[Recognizer]:
    """Return a recognizer per rule."""
    with without_torch():
        import presidio_analyzer
        import presidio_analyzer.predefined_recognizers as predefined

        found = []
        for number, rule in enumerate(RULES):
            presidio = _recognizer(rule, f"{rule.entity} {number}", presidio_analyzer, predefined)
            ignore_case = bool(presidio.global_regex_flags & _IGNORE_CASE)
            patterns = (portable(pattern.regex, ignore_case=ignore_case) for pattern in presidio.patterns)
            found.append(Recognizer(rule, presidio, tuple(patterns)))
    return found


def _recognizer(rule: Rule, name: str, presidio: Any, predefined: Any) -> Any:
    patterns = [presidio.Pattern(name, rule.pattern, rule.alone)] if rule.pattern else None
    kind = getattr(predefined, rule.base) if rule.base else presidio.PatternRecognizer
    recognizer = kind(supported_entity=rule.entity, patterns=patterns, name=name)
    if patterns:
        recognizer.global_regex_flags = 0
    if rule.base == "EmailRecognizer":
        recognizer.validate_result = _public_domain()
    return recognizer


def _public_domain() -> Any:
    """Return a check of the domain against the list of public suffixes inside the package: no network, no cache."""
    import tldextract

    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def check(text: str) -> bool:
        parts = extract(text.rpartition("@")[2])
        return bool(parts.domain and parts.suffix)

    return check
