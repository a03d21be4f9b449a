"""One data file, in a worker: columns, rare values, quasi-identifiers, special categories. Plain data, nothing raw."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.model.measurement import EVIDENCE_CAP
from assay.targets.wording import HEADLESS, clip, looks_like_a_value
from assay_detectors.pii.digests import Digests
from assay_detectors.pii.entities import BY_NAME
from assay_detectors.pii.mask import masked
from assay_detectors.pii.quiet import quiet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.targets.base import OpenTarget
    from assay.targets.refs import Shard
    from assay_detectors.pii.dataset_columns import Texts
    from assay_detectors.pii.dataset_engine import CellScanner
    from assay_detectors.pii.dataset_identity import Candidate, Classes
    from assay_detectors.pii.weigh import Found

LOCATED_CAP = 200_000
"""Values of one file that are located, and a few of every column; the rest is counted."""
_LEVEL = 0.95


@quiet
def search_table(
    opened: OpenTarget, shard: Shard, *, key: str, seed: int, sample: int, level: float, engine: str
) -> dict[str, Any]:
    """Search one data file.

    Args:
        opened: the target.
        shard: names the file.
        key: hexadecimal, of the digests by which equal values are grouped.
        seed: of the samples of distinct values.
        sample: distinct values of a column that its verdict is made from.
        level: of the intervals of shares.
        engine: of the prefilter.

    Returns:
        `rows`, `columns`, `distinct`; `problems`: what was not searched; `notes`: what else there is to say;
        `shares`: one dict for each entity of a column; `counts`: entity, column, how often; `located`: entity, column,
        row (None: in the header), mask, score, digest, chain; `special`: category, article, column, why; `classes`:
        groups by quasi-identifiers, or None.

    Raises:
        UnusableInput: nothing of the file can be read.
    """
    from assay_detectors.pii.dataset_engine import cell_scanner
    from assay_detectors.pii.dataset_read import open_columns

    ref = opened.ref(shard.input)
    search = _Search(cell_scanner(engine), Digests(bytes.fromhex(key)), seed, sample, level)
    declared = opened.manifest["columns"]
    columns = open_columns(ref)
    for name, series in columns.each:
        about = declared.get(name) or {}
        search.column(str(name), series, about.get("role") == "identifier", bool(about.get("sensitive")))
    if not search.rows:
        said = "; ".join(columns.problems) or f"{ref.shown}: has no rows that could be searched"
        raise UnusableInput(said)
    return search.result(columns.problems, ref.shown)


@dataclass
class _Search:
    """What is known of one file so far."""

    scanner: CellScanner
    digests: Digests
    seed: int
    sample: int
    level: float
    rows: int = 0
    seen: int = 0
    cut: int = 0
    given_up: int = 0
    by_chance: int = 0
    distinct: int = 0
    shares: list[dict[str, Any]] = field(default_factory=list)
    counts: list[list[Any]] = field(default_factory=list)
    located: list[list[Any]] = field(default_factory=list)
    special: list[list[Any]] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """Of the columns so far: the name that is shown, and its place in words."""
    values_as_names: int = 0
    """Columns whose names are values."""
    index: Any = None
    """Row numbers of the file, for each row that was read."""

    def column(self, name: str, series: Any, identifier: bool, sensitive: bool) -> None:
        """Search one column."""
        from assay_detectors.pii.dataset_columns import texts_of
        from assay_detectors.pii.dataset_identity import candidate

        self.seen += 1
        self.rows, self.index = len(series), series.index.to_numpy()
        shown = self._shown(name)
        texts = texts_of(series)
        if texts is not None:
            self._cells(name, shown, texts)
        if not identifier and (found := candidate(name, series, sensitive)):
            self.candidates.append(replace(found, name=shown))
        self._categories(name, shown, texts)

    def _shown(self, name: str) -> str:
        """Return the name as it may be shown: a file without a header gives its first row away as one."""
        in_name = self.scanner.text(name)
        for one in in_name:
            if BY_NAME[one.entity].tier == "A":
                self.counts.append([one.entity, f"column {self.seen}", 1])
                mask = masked(one.entity, one.value)
                self.located.append(
                    [
                        one.entity,
                        f"column {self.seen}",
                        None,
                        mask,
                        one.probability,
                        self.digests.of(one.entity, one.value),
                        one.chain,
                    ]
                )
        odd = bool(in_name) or looks_like_a_value(name)
        self.values_as_names += odd
        shown, number = clip(name, 80), f"column {self.seen}"
        if odd or not shown or shown in self.names:
            shown = number
        self.names[shown] = number
        return shown

    def _cells(self, name: str, shown: str, texts: Texts) -> None:
        from assay_detectors.pii.dataset_columns import CHECKED, by_chance, shaped
        from assay_detectors.pii.dataset_engine import CELL

        values = texts.values
        sampled = self._sampled(len(values))
        chosen = [values[place] for place in sampled]
        inside = set(map(int, sampled))
        self.distinct += len(chosen)
        self.cut += sum(len(value) > CELL for value in values)
        matches = {entity: set(map(int, sampled[fits])) for entity, fits in shaped(name, chosen).items()}
        rare = _Rare(texts)
        checked: dict[str, set[int]] = {}
        for place, found, problem in self.scanner.cells(name, values):
            self.given_up += problem is not None
            for one in found:
                if place in inside:
                    matches.setdefault(one.entity, set()).add(place)
                if BY_NAME[one.entity].tier == "A":
                    rare.add(place, one, self.digests.of(one.entity, one.value))
                if one.entity in CHECKED:
                    checked.setdefault(one.entity, set()).add(place)
        for entity, places in checked.items():
            doubted = by_chance(entity, values, places)
            self.by_chance += len(doubted)
            if entity in matches:
                matches[entity] -= doubted
            rare.forget(entity, doubted)
        for entity, places in sorted(matches.items()):
            if places:
                self._share(name, shown, entity, len(places), len(chosen), len(values))
        self.counts.extend([entity, shown, count] for entity, count in rare.counts())
        self.located.extend(rare.located(shown, max(EVIDENCE_CAP, LOCATED_CAP - len(self.located))))

    def _sampled(self, count: int) -> NDArray[np.int64]:
        import numpy as np

        if count <= self.sample:
            return np.arange(count)
        rng = np.random.default_rng([self.seed, self.seen])
        return np.sort(rng.choice(count, self.sample, replace=False))

    def _share(self, name: str, shown: str, entity: str, k: int, n: int, distinct: int) -> None:
        from assay.stats.proportions import proportion, wilson
        from assay_detectors.pii.dataset_columns import hinted, needed

        estimate, score = proportion(k, n, self.level), wilson(k, n, _LEVEL)
        assert score.low is not None and score.high is not None
        self.shares.append(
            {
                "entity": entity,
                "column": shown,
                "value": estimate.value,
                "interval": estimate.interval.model_dump(mode="json"),
                "k": k,
                "n": n,
                "distinct": distinct,
                "wilson": [score.low, score.high],
                "hinted": hinted(name, entity),
                "personal": score.low >= needed(name, entity),
            }
        )

    def _categories(self, name: str, shown: str, texts: Texts | None) -> None:
        from assay_detectors.pii.dataset_categories import MOST_VALUES, categories_of

        values = texts.values if texts is not None and len(texts.values) <= MOST_VALUES else None
        for category, why in categories_of(name, values):
            self.special.append([category.name, category.article, shown, why])

    def result(self, problems: list[str], shown: str) -> dict[str, Any]:
        """Return plain data; see `search_table`."""
        from assay_detectors.pii.dataset_engine import CELL
        from assay_detectors.pii.dataset_identity import chosen, classes

        said = list(problems)
        if self.cut:
            said.append(f"{shown}: {self.cut:,} cells are longer than {CELL:,} characters; the rest was not searched")
        if self.given_up:
            said.append(
                f"{shown}: {self.given_up:,} distinct values were not fully analysed (encoded too deep or too large)"
            )
        notes = []
        if (beyond := sum(count for *_, count in self.counts) - len(self.located)) > 0:
            notes.append(f"{shown}: {beyond:,} values of tier A are counted but not located, beyond the cap of a file")
        if self.by_chance:
            notes.append(
                f"{shown}: {self.by_chance:,} distinct values pass the check digits of a card or an account, no more "
                "than chance lets pass; they are taken for ids"
            )
        quasi = chosen(self.candidates)
        if self.values_as_names > HEADLESS * self.seen:
            self._forget_names()
            notes.append(
                f"{shown}: its columns are shown by number, because its header looks like a row of values; "
                "if it has none, give it one"
            )
        return {
            "rows": self.rows,
            "columns": self.seen,
            "distinct": self.distinct,
            "problems": said,
            "notes": notes,
            "shares": self.shares,
            "counts": self.counts,
            "located": self.located,
            "special": self.special,
            "classes": self._classes(classes(quasi, EVIDENCE_CAP)) if quasi else None,
        }

    def _forget_names(self) -> None:
        """Show every column by its number."""
        for share in self.shares:
            share["column"] = self.names.get(share["column"], share["column"])
        for rows, place in ((self.counts, 1), (self.located, 1), (self.special, 2)):
            for row in rows:
                row[place] = self.names.get(row[place], row[place])
        self.candidates = [replace(one, name=self.names.get(one.name, one.name)) for one in self.candidates]

    def _classes(self, found: Classes) -> dict[str, Any]:
        alone = [int(self.index[row]) for row in found.alone]
        return {**asdict(found), "columns": list(found.columns), "alone": alone}


class _Rare:
    """The values of tier A in one column: by distinct value while it is searched, by row at the end."""

    def __init__(self, texts: Texts) -> None:
        import numpy as np

        self._texts = texts
        self._times = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.values))
        self._kept: dict[int, list[list[Any]]] = {}
        self._counts: dict[str, int] = {}

    def add(self, place: int, one: Found, digest: str) -> None:
        """Count a value that stands in the cells of this place; keep its mask, never the value."""
        times = int(self._times[place])
        self._counts[one.entity] = self._counts.get(one.entity, 0) + times
        if len(self._kept) < LOCATED_CAP:
            self._kept.setdefault(place, []).append(
                [one.entity, masked(one.entity, one.value), one.probability, digest, one.chain]
            )

    def forget(self, entity: str, places: set[int]) -> None:
        """Take back what was found of an entity at these places, where it is the whole cell."""
        for place in places:
            self._counts[entity] -= int(self._times[place])
            self._kept[place] = [kept for kept in self._kept.get(place, []) if kept[0] != entity]

    def counts(self) -> list[tuple[str, int]]:
        """Return how often each entity occurs, over all rows."""
        return sorted((entity, count) for entity, count in self._counts.items() if count)

    def located(self, shown: str, most: int) -> list[list[Any]]:
        """Return `most` of the occurrences at most, in the order of the rows."""
        import numpy as np

        if not self._kept or most <= 0:
            return []
        wanted = np.zeros(len(self._texts.values), dtype=bool)
        wanted[list(self._kept)] = True
        codes = self._texts.codes
        found: list[list[Any]] = []
        for at in np.flatnonzero((codes >= 0) & wanted[codes]):
            for entity, *rest in self._kept[int(codes[at])]:
                found.append([entity, shown, int(self._texts.rows[at]), *rest])
            if len(found) >= most:
                break
        return found[:most]
