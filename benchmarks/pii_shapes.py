"""How values stand in log lines: under a key, in a sentence, in a row; plain, or in one of the encodings of `pii_marks`."""

from __future__ import annotations

import re
import xml.sax.saxutils
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import pii_marks as m
from pii_fill import filled
from pii_plants import Plant

Spell = Callable[[str], str]


def _raw(marked: str) -> str:
    return marked


def _quoted(marked: str) -> str:
    return f'"{marked}"' if re.search(r"[\s,;&]", m.plain(marked)) else marked


def _xml(marked: str) -> str:
    return m.spelled(marked, xml.sax.saxutils.escape, "xml")


def _sql(marked: str) -> str:
    return m.spelled(marked, lambda text: text.replace("'", "''"), "sql")


def _twice(marked: str) -> str:
    return m.json_escaped(m.json_escaped(marked))


class Shape(NamedTuple):
    """One way of writing a value down."""

    name: str
    template: str
    spell: Spell = _raw
    keyed: bool = True
    """Whether the key stands where it says what the value is; else only values that tell by themselves."""
    spaces: bool = True
    """Whether a value may hold spaces there."""


DEV: tuple[Shape, ...] = (
    Shape("json", '{"model": "«model»", "«KEY»": "«VALUE»", "score": «float»}', m.json_escaped),
    Shape(
        "json-nested",
        '{"request": {"id": "«uuid»", "user": {"«KEY»": "«VALUE»", "n": «small»}}, "ms": «ms»}',
        m.json_escaped,
    ),
    Shape("json-tight", '{"id":«int»,"«KEY»":"«VALUE»","ok":true}', m.json_escaped),
    Shape("json-list", '{"inputs":[["«VALUE»",«float»,«small»]],"id":"«uuid»"}', m.json_escaped, keyed=False),
    Shape("json-in-json", '{"event": "«word»", "body": "{\\"«KEY»\\": \\"«VALUE»\\", \\"n\\": «small»}"}', _twice),
    Shape("escaped", 'msg="{\\"user\\":{\\"«KEY»\\":\\"«VALUE»\\"}}" n=«small»', _twice),
    Shape("kv", "op=«word» «KEY»=«VALUE» n=«small»", _quoted),
    Shape("logfmt", 'level=info «KEY»="«VALUE»" took=«ms»ms'),
    Shape("url-query", '"GET /search?«KEY»=«VALUE»&page=«small» HTTP/1.1" «status» «int»', m.form),
    Shape("full-url", "callback https://«dns»/v1/lookup?page=«small»&«KEY»=«VALUE» failed", m.url),
    Shape("form", "body: csrf=«nano»&«KEY»=«VALUE»&submit=1", m.form),
    Shape("header", "> X-«Key»: «VALUE»"),
    Shape("cookie", "Cookie: sid=«nano»; «KEY»=«VALUE»; theme=dark", m.url),
    Shape("csv", "row «int»: «id9»,«VALUE»,«float»,true", _quoted, keyed=False),
    Shape("tsv", "«int»\t«VALUE»\t«float»\t«word»", keyed=False),
    Shape(
        "sql-insert", "INSERT INTO customers (id, «KEY», score) VALUES («int», '«VALUE»', «float»)", _sql, keyed=False
    ),
    Shape("sql-where", "SELECT id FROM users WHERE «KEY» = '«VALUE»' LIMIT «small»", _sql),
    Shape("xml", '<user id="«int»"><«KEY»>«VALUE»</«KEY»></user>', _xml),
    Shape("xml-attribute", '<customer seq="«small»" «KEY»="«VALUE»"/>', _xml),
    Shape(
        "repr",
        "features={'«KEY»': '«VALUE»', 'x1': «float»}",
        lambda marked: m.spelled(marked, lambda s: s.replace("'", "\\'"), "repr"),
    ),
    Shape("dataclass", 'User(id=«int», «KEY»="«VALUE»", active=True)'),
    Shape("yaml", "settings: «KEY»: «VALUE»"),
    Shape(
        "exception",
        "ValueError: could not parse '«VALUE»' (column '«KEY»', row «int»)",
        lambda marked: m.spelled(marked, lambda s: s.replace("'", "\\'"), "repr"),
    ),
    Shape("env", "export «KEY_UP»='«VALUE»'"),
)

HELD_OUT: tuple[Shape, ...] = (
    Shape("toml", '[user] «KEY» = "«VALUE»"'),
    Shape("protobuf", 'user { seq: «small» «KEY»: "«VALUE»" }'),
    Shape("graphql", 'mutation { updateUser(«KEY»: "«VALUE»") { id } }', m.json_escaped),
    Shape("http-dump", r"POST /users HTTP/1.1\r\nHost: «dns»\r\nX-«Key»: «VALUE»\r\n\r\n"),
    Shape("curl", "curl -X POST -d '«KEY»=«VALUE»' https://«dns»/v1", m.form),
    Shape("rust", 'User { seq: «small», «KEY»: Some("«VALUE»"), active: true }'),
    Shape("go-map", "map[seq:«small» «KEY»:«VALUE» ok:true]", spaces=False),
    Shape("table", "| «KEY» | «VALUE» |", keyed=False),
    Shape("ruby", '{:seq=>«small», :«KEY»=>"«VALUE»"}'),
    Shape("change", 'changed $.user.«KEY»: null -> "«VALUE»"', keyed=False),
    Shape("sql-dump", "(«int»,'«VALUE»',NULL,«float»),", _sql, keyed=False),
    Shape("event-data", "<Data Name='«KEY»'>«VALUE»</Data>", _xml),
    Shape("elixir", '%{seq: «small», «KEY»: "«VALUE»"}'),
    Shape("ini", "«KEY» = «VALUE»"),
)
"""Only under `--systems heldout`."""

_CARRIERS: tuple[Shape, ...] = (
    Shape("carrier-json", '{"id": "«uuid»", "«KEY»": "«VALUE»", "n": «small»}', m.json_escaped),
    Shape("carrier-kv", "op=«word» «KEY»=«VALUE» n=«small»", _quoted),
    Shape("carrier-header", "< X-«Key»: «VALUE»"),
    Shape("carrier-query", '"GET /cb?«KEY»=«VALUE»&n=«small» HTTP/1.1" «status»'),
    Shape("carrier-text", "queued message «VALUE» for «svc»"),
)
_CARRIER_KEYS = ("payload", "body", "data", "blob", "state", "ctx", "envelope")


def styled(key: str, rng: Random) -> str:
    """Return the key as one of the conventions writes it."""
    first, *rest = key.split("_")
    camel = first + "".join(part.title() for part in rest)
    return rng.choice((key, key, key, camel, camel, camel[:1].upper() + camel[1:], key.replace("_", "-")))


def written(shape: Shape, key: str, value: str, rng: Random) -> str:
    """Return the shape with key and value in it."""
    name = styled(key, rng)
    keys = {"«KEY»": name, "«Key»": key.replace("_", "-").title(), "«KEY_UP»": key.upper()}
    start, _, end = shape.template.partition("«VALUE»")
    parts = []
    for text in (start, end):
        for place, written_key in keys.items():
            text = text.replace(place, written_key)
        parts.append(filled(text, rng))
    return shape.spell(value).join(parts)


def in_shape(plant: Plant, rng: Random, shapes: tuple[Shape, ...]) -> tuple[str, str]:
    """Return a message with the value, and the name of its shape."""
    value = plant.value(rng)
    if plant.prose and (not plant.keys or rng.random() < 0.2):
        return rng.choice(plant.prose).replace("«VALUE»", value), "prose"
    fitting = [s for s in shapes if (s.keyed or plant.alone) and (s.spaces or " " not in m.plain(value))]
    shape = rng.choice(fitting)
    return written(shape, rng.choice(plant.keys), value, rng), shape.name


def inner(plant: Plant, rng: Random, chain: str) -> str:
    """Return what is encoded: a JSON object, a pair, a sentence, or the value alone."""
    value = plant.value(rng)
    if chain.endswith("jwt"):
        return f'{{"sub":"{rng.randint(1, 10**6)}","{rng.choice(plant.keys)}":"{m.json_escaped(value)}","exp":{rng.randint(10**9, 2 * 10**9)}}}'
    kinds = ["json", "json", "pair"] if plant.keys else []
    kinds += ["prose"] if plant.prose else []
    kinds += ["alone"] if plant.alone and len(m.plain(value)) > 15 else []
    kind = rng.choice(kinds)
    if kind == "json":
        return f'{{"{rng.choice(plant.keys)}": "{m.json_escaped(value)}", "n": {rng.randint(0, 99)}}}'
    if kind == "pair":
        return f"{rng.choice(plant.keys)}={_quoted(value)}"
    return rng.choice(plant.prose).replace("«VALUE»", value) if kind == "prose" else value


def encoded(plant: Plant, rng: Random) -> tuple[str, str]:
    """Return a message with the value in an encoding, and the name of the chain."""
    chain = rng.choice([name for name in m.CHAINS if plant.keys or name != "jwt"])
    code = inner(plant, rng, chain)
    for step in m.CHAINS[chain]:
        code = step(code)
    shape = rng.choice(_CARRIERS)
    if not chain.startswith(("url", "base64url", "hex", "jwt")) and shape.name == "carrier-query":
        code = m.url(code)
    return written(shape, rng.choice(_CARRIER_KEYS), code, rng), f"encoded {chain}"
