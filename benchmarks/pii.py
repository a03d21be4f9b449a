"""Precision, recall and speed of `pii.logs` and of plain Presidio on one labelled log, side by side.

    python benchmarks/pii.py --log LOG --labels LABELS [--presidio-lines 1000] [--threshold 0.5]

LABELS has a JSON object a line: `line` (from 0) and `spans`: `[start, end, type, encoding, …]`, columns in characters.
A finding counts when it overlaps a label of its type. Values in base64 are listed apart: they are not decoded.
A finding on a line without label is `false on clean lines`, even a true address of a machine that the labels lack.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

Span = tuple[int, int, str]
LABEL_NAMES = {"HF_TOKEN": "HUGGINGFACE_TOKEN"}
FINDING_NAMES = {"URL_CREDENTIALS": "PASSWORD", "IP_LOOPBACK": "IP_ADDRESS"}
"""Ours is finer than the labels: a password in a URL is a password there, a loopback address an address."""
NOT_LABELLED = {"URL"}


def ours() -> Callable[[str], list[Span]]:
    from assay_detectors.pii.line import LineScanner

    scanner = LineScanner(0.5)
    return lambda line: [
        (f.start, f.end, FINDING_NAMES.get(f.entity, f.entity))
        for f in scanner.scan(line)
        if f.entity not in NOT_LABELLED
    ]


def presidio(threshold: float) -> Callable[[str], list[Span]]:
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


def read_labels(path: Path) -> dict[int, list[tuple[int, int, str, str]]]:
    labels = {}
    with path.open(encoding="utf-8") as file:
        for row in file:
            entry = json.loads(row)
            spans = [(s[0], s[1], LABEL_NAMES.get(s[2], s[2]), s[3]) for s in entry["spans"]]
            labels[entry["line"]] = spans
    return labels


class Score:
    """Hits, misses and false findings by type."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.encoded: Counter[bool] = Counter()
        self.clean_lines = self.false_on_clean = 0

    def add(self, labels: list[tuple[int, int, str, str]], found: list[Span]) -> None:
        for start, end, kind, encoding in labels:
            hit = any(f[2] == kind and f[0] < end and start < f[1] for f in found)
            if encoding == "b64":
                self.encoded[hit] += 1
            else:
                (self.found if hit else self.missed)[kind] += 1
        for start, end, kind in found:
            hit = any(label[2] == kind and start < label[1] and label[0] < end for label in labels)
            (self.right if hit else self.wrong)[kind] += 1
        if not labels:
            self.clean_lines += 1
            self.false_on_clean += len(found)

    def cells(self, kind: str | None) -> str:
        def of(counter: Counter[str]) -> int:
            return counter.total() if kind is None else counter[kind]

        right, wrong, found, missed = of(self.right), of(self.wrong), of(self.found), of(self.missed)
        precision = f"{right / (right + wrong):.3f}" if right + wrong else "-"
        recall = f"{found / (found + missed):.3f}" if found + missed else "-"
        return f"{precision:>9} {recall:>7} {found + missed:>7} {wrong:>6}"


def measure(find: Callable[[str], list[Span]], lines: list[str], labels: dict[int, list]) -> tuple[Score, float]:
    score, spent = Score(), 0.0
    find(lines[0])
    for number, line in enumerate(lines):
        began = time.process_time()
        found = find(line)
        spent += time.process_time() - began
        score.add(labels.get(number, []), found)
    return score, sum(len(line.encode()) + 1 for line in lines) / 1e6 / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--presidio-lines", type=int, default=1000, help="Presidio sees the first so many; 0: none")
    parser.add_argument("--threshold", type=float, default=0.5, help="score threshold of Presidio")
    given = parser.parse_args()
    lines = given.log.read_text(encoding="utf-8", errors="replace").split("\n")
    labels = read_labels(given.labels)
    first = lines[: given.presidio_lines]
    columns = [("ours, all lines", *measure(ours(), lines, labels))]
    if first:
        columns.append((f"ours, first {len(first)}", *measure(ours(), first, labels)))
        columns.append((f"Presidio >= {given.threshold:g}", *measure(presidio(given.threshold), first, labels)))
    print(f"{'':18}" + "".join(f"| {title:^32}" for title, _, _ in columns))
    print(f"{'type':18}" + "| precision  recall  labels  false" * len(columns))
    kinds = sorted({kind for _, score, _ in columns for kind in (*score.found, *score.missed, *score.wrong)})
    for kind in [*kinds, None]:
        print(f"{kind or 'ALL':18}" + "".join(f"| {score.cells(kind)} " for _, score, _ in columns))
    for title, score, speed in columns:
        rate = 1000 * score.false_on_clean / max(1, score.clean_lines)
        base64 = f"{score.encoded[True]} of {score.encoded.total()}"
        print(f"{title}: {speed:.3f} MB per CPU-s; {rate:.2f} false per 1,000 clean lines; in base64: {base64}")


if __name__ == "__main__":
    main()
