"""A project that holds a value of every kind in every place from which one could get out; and work that breaks."""

from __future__ import annotations

import base64
import csv
import gzip
import json
import sys
import urllib.parse
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from pii_marks import read
from pii_plants import PLANTS

from assay_detectors.pii.quiet import quiet

MORE = {
    "EX3849201": ("PASSPORT", "passport_no"),
    "https://shop.brightwater.example/basket?customer=1739105&item=4": ("URL", "link"),
    "127.183.14.192": ("IP_LOOPBACK", "client_ip"),
    "acme_q7w8e9r0t1y2u3i4": ("CUSTOM_SECRET", "value"),
    "st-482913": ("CUSTOM_PERSONAL", "badge"),
}
KEYS = {"hunter2pass": "PASSWORD", "Jane_Roe": "PERSON", "mariaLopezGarcia": "PERSON"}
"""Values that stand where keys do, and that no rule finds."""
GITLEAKS = """
[[rules]]
id = "acme-token"
regex = '''\\b(acme_[a-z0-9]{16})\\b'''
keywords = ["acme_"]
"""
RECOGNIZERS = """
recognizers:
  - name: Staff number
    supported_entity: STAFF
    patterns:
      - {name: staff, regex: '\\bst-\\d{6}\\b', score: 0.8}
"""
IN_PATHS = {"jane.q.public@brightwater.example": "EMAIL_ADDRESS", "736-22-8741": "US_SSN"}
MANIFEST = """\
version: 1
name: leaks
artifacts: [params.pkl]
logs: [{path: 'logs/**'}]
data:
  train: {path: headless.csv, label: label}
  test: {path: cells.csv, label: label}
  trusted: {path: mail_as_label.parquet, label: c0}
"""
POLICY = """\
version: 1
id: p
approvers: [ciso]
rules:
  - {id: columns, metric: pii.dataset.values, limit: {max: 0}, each: [source]}
  - {id: labels, metric: poisoning.labels.p-value, limit: {max_detectable: 0.1}}
  - {id: mail, metric: pii.logs.count, where: {entity: EMAIL_ADDRESS}, limit: {max: 0},
     params: {gitleaks: rules.toml, recognizers: own.yaml}}
"""


class Planted:
    """The values by kind, and lines that hold them."""

    def __init__(self, seed: int) -> None:
        """Make one value of every plant of the corpus, and of the kinds that it lacks."""
        rng = Random(seed)
        self.values: dict[str, str] = {}
        self.lines: list[str] = []
        for plant in PLANTS:
            text, labels = read(plant.value(rng))
            self.values |= {text[label.start : label.end]: label.entity for label in labels}
            self.lines.append(json.dumps({(plant.keys or ("value",))[0]: text}))
            self.lines.extend(sentence.replace("«VALUE»", text) for sentence in plant.prose[:1])
        for value, (entity, key) in MORE.items():
            self.values[value] = entity
            self.lines.append(f"{key}={value}")


def build(folder: Path, planted: Planted) -> None:
    """Write the project."""
    (folder / "logs").mkdir(parents=True)
    for name, content in _logs(planted).items():
        path = folder / "logs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    _tables(folder, list(planted.values))
    (folder / "params.pkl").write_bytes(b"\x80\x04}\x94.")
    for name, text in (
        ("assay.yaml", MANIFEST), ("policy.yaml", POLICY), ("rules.toml", GITLEAKS), ("own.yaml", RECOGNIZERS)
    ):  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")


def _logs(planted: Planted) -> dict[str, bytes]:
    lines = planted.lines
    plain = ("\n".join(lines) + "\n").encode()
    mail, ssn = IN_PATHS
    return {
        "plain.log": plain,
        "packed.log.gz": gzip.compress(plain),
        "cut.log.gz": gzip.compress(plain * 20)[:-60],
        "not_packed.log.gz": plain,
        "binary.log": bytes(range(256)) * 300 + plain,
        "keys.jsonl": "\n".join(json.dumps({value: 1}) for value in planted.values).encode(),
        "names.jsonl": "\n".join(f'{{"sessions": {{"{key}": {{"mail": "jo@acme.com"}}}}}}' for key in KEYS).encode(),
        "quoted.jsonl": "\n".join(json.dumps({"body": json.dumps({"text": line})}) for line in lines).encode(),
        "once.log": "\n".join(f"GET /?q={urllib.parse.quote(line)} 200" for line in lines).encode(),
        "twice.log": "\n".join(f"body={_code(_code(line))}" for line in lines).encode(),
        "thrice.log": "\n".join(f"body={_code(_code(line).encode().hex())}" for line in lines).encode(),
        "bomb.log": b"body=" + base64.b64encode(gzip.compress(plain + b"a" * 3_000_000)),
        "endless.log": b"x " * 1_000_000 + plain.replace(b"\n", b" "),
        "mixed.log": b"\xe9\x80 " + plain.replace(b"\n", b" \xc3\n") + "größe\n".encode("latin-1"),
        "wide.log": ("\ufeff" + plain.decode()).encode("utf-16-le"),
        f"{mail}.log": b"hello\n",
        f"{ssn}/app.log": b"hello\n",
    }


def _code(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _tables(folder: Path, values: list[str]) -> None:
    import pandas as pd

    with (folder / "headless.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*values, "label"])
        rows.writerows([*values, place % 2] for place in range(60))
    cells = {f"c{place}": [value] * 60 for place, value in enumerate(values)}
    pd.DataFrame({**cells, "label": [0, 1] * 30}).to_csv(folder / "cells.csv", index=False)
    label = {"c0": (values[:20] * 3)[:60]}
    pd.DataFrame({value: [1.5] * 60 for value in values} | label).to_parquet(folder / "mail_as_label.parquet")


@quiet
def breaks(opened: object, shard: object, **_: object) -> None:
    """Stand in for the work of a detector, and raise with all that was read in the text."""
    raise ValueError(opened.path(shard.input).read_text(errors="replace"))  # type: ignore[attr-defined]


def breaks_aloud(opened: object, shard: object, **_: object) -> None:
    """Do the same as work of somebody else would, quoting a value as Python does."""
    for line in opened.path(shard.input).read_text(errors="replace").splitlines():  # type: ignore[attr-defined]
        if "mail" in line:
            float(line)
