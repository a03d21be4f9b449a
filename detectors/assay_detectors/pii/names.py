"""Names in prose, by a language model of the user's, on a seeded sample of the lines where people write freely.

In workers only. A model of spaCy is loaded, which may run code of packages that its configuration names: the worker is
sealed and does nothing else.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from assay.attempt import attempt
from assay.targets.extras import without_torch
from assay.targets.logs import LogBlock
from assay_detectors.pii.decode import decoded
from assay_detectors.pii.json_path import paths
from assay_detectors.pii.names_prose import BY_MODEL, free_text
from assay_detectors.pii.weigh import Found

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.targets.logs import LogWindow
    from assay_detectors.pii.scan import Tally

SCORE = 0.85
"""What Presidio gives a name that a model found; spaCy tells no score."""
LONGEST = 4000
"""Characters of a line that are looked at."""
_LABELS = frozenset({"PERSON", "PER"})
_LEAST = 2
_TORCH = ("trf", "transformer", "torch")


class _Line(NamedTuple):
    rank: int
    """Negative: the heap gives up the largest."""
    number: int
    offset: int
    text: str
    whole: bool
    """Whether the text is all of the line."""


class NameFinder:
    """Keeps a sample of the lines with free text while a shard is read; looks at them at its end."""

    def __init__(self, asked: str, start: int) -> None:
        """Begin a shard.

        Args:
            asked: `model` (path or package), `shown`, `lines`, `seed`, `min_score`, as JSON.
            start: byte at which the shard begins.
        """
        self._asked = json.loads(asked)
        self._start = start
        self._kept: list[_Line] = []
        self._endless = 0
        self.of = 0
        """Lines with free text."""
        self.looked = 0
        """Those of them that were looked at from end to end."""
        self.problem: str | None = None

    def offer(self, piece: LogBlock | LogWindow) -> None:
        """Take note of the lines of a block; an endless line is counted, and not looked at."""
        if not isinstance(piece, LogBlock):
            self.of += piece.line != self._endless
            self._endless = piece.line
            return
        offset = piece.offset
        for number, raw in enumerate(piece.data.split(b"\n"), start=piece.line):
            text = raw.decode("utf-8", "surrogateescape")
            if free_text(text):
                self._take(number, offset, text)
            offset += len(raw) + 1

    def _take(self, number: int, offset: int, text: str) -> None:
        self.of += 1
        rank = hashlib.blake2b(f"{self._asked['seed']}:{self._start}:{number}".encode(), digest_size=8).digest()
        line = _Line(-int.from_bytes(rank), number, offset, text[:LONGEST], len(text) <= LONGEST)
        if len(self._kept) < self._asked["lines"]:
            heapq.heappush(self._kept, line)
        elif line > self._kept[0]:
            heapq.heapreplace(self._kept, line)

    def finish(self, tally: Tally) -> dict[str, Any]:
        """Look at the sample; add the names in it that no rule found. Return how much was looked at, as plain data."""
        lines = sorted(self._kept, key=lambda line: line.number)
        if lines:
            nlp, self.problem = _model(self._asked["model"], self._asked["shown"])
            if nlp is not None:
                self._search(nlp, lines, tally)
        return {"looked": self.looked, "of": self.of, "problem": self.problem}

    def _search(self, nlp: Any, lines: list[_Line], tally: Tally) -> None:
        known: dict[int, list[tuple[int, int]]] = {line.number: [] for line in lines}
        for _, number, column, end, *_rest in tally.located:
            if number in known:
                known[number].append((column - 1, end - 1))
        parts = [(line, start, end) for line in lines for start, end in free_text(line.text)]
        plain = [(decoded(line.text[start:end]), line.text[start:end]) for line, start, end in parts]
        texts = [_whole(raw if code is None else code.text) for code, raw in plain]
        tried = attempt(lambda: [_people(doc) for doc in nlp.pipe(texts)])
        if tried.value is None:
            shown, what = self._asked["shown"], type(tried.error).__name__
            self.problem = f"the NER model {shown} could not look at the lines (it raised {what})"
            return
        self.looked = sum(line.whole for line in lines)
        added: dict[_Line, list[int]] = {}
        for (line, at, _), (code, raw), people in zip(parts, plain, tried.value, strict=True):
            for first, last in people:
                start, end, chain = (first, last, "") if code is None else code.span(first, last)
                value = (raw if code is None else code.text)[first:last]
                place = len(tally.located)
                self._add(tally, line, (at + start, at + end), value, chain, known[line.number])
                if len(tally.located) > place:
                    added.setdefault(line, []).append(place)
        for line, places in added.items():
            spans = sorted(known[line.number])
            told = dict(zip(spans, paths(line.text, spans), strict=True))
            for place in places:
                if path := told[tally.located[place][2] - 1, tally.located[place][3] - 1]:
                    tally.paths[place] = path
        tally.put_in_order()

    def _add(
        self,
        tally: Tally,
        line: _Line,
        span: tuple[int, int],
        value: str,
        chain: str,
        known: list[tuple[int, int]],
    ) -> None:
        start, end = span
        if self._asked["min_score"] > SCORE or any(start < b and a < end for a, b in known):
            return
        known.append(span)
        rule = f"{BY_MODEL} {self._asked['shown']}"
        offset = line.offset + len(line.text[:start].encode("utf-8", "surrogateescape"))
        tally.add(Found(start, end, "PERSON", SCORE, value, chain, rule), line.number, start + 1, offset)


def _whole(text: str) -> str:
    """Return the text without halves of characters, which spaCy cannot take."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def _people(doc: Any) -> list[tuple[int, int]]:
    ends: Iterable[Any] = doc.ents
    return [
        (one.start_char, one.end_char)
        for one in ends
        if one.label_ in _LABELS and sum(char.isalpha() for char in one.text) >= _LEAST
    ]


@lru_cache(maxsize=1)
def _model(model: str, shown: str) -> tuple[Any, str | None]:
    """Return the pipeline, or why there is none."""
    tried = attempt(lambda: _loaded(model))
    if tried.value is None:
        return None, (
            f"the NER model {shown} could not be loaded ({type(tried.error).__name__}); name a folder that spaCy's "
            "`to_disk` wrote, or an installed package of a model"
        )
    if not any(_LABELS & set(labels) for labels in tried.value.pipe_labels.values()):
        return None, f"the NER model {shown} has no label PERSON or PER; name one that was trained to find names"
    return tried.value, None


def _loaded(model: str) -> Any:
    """Load the pipeline; torch only where it is of transformers, for it costs two CPU seconds and 180 MB."""
    config = Path(model) / "config.cfg"
    told = config.read_text(encoding="utf-8") if config.is_file() else model
    with nullcontext() if any(word in told for word in _TORCH) else without_torch():
        import spacy

        return spacy.load(model)
