"""Words of which names of fields are made. A key made of others may be a value, and is not shown."""

from __future__ import annotations

import re

_WORDS = """
a access account accounts action actor address addresses age agent agents alias amount answer answers api app args
arguments array attributes auth author b backend badge bank bcc bearer billing birth birthday bodies body browser by
bytes c calls card cards cart cc cell channel chat chats choice choices city client cmd code column columns comment
comments completion completions config contact contacts content contents context cookie cookies count country
created credential credentials csv currency customer customers cvv d data database date datetime db debug delta
description destination details device devices dob doc docs document documents dsn duration e email emails employee
endpoint entities entity entry env error errors event events example examples exception extra f family fax features
feedback field fields file files first firstname form format from full fullname function g gender geo given gps
group h handle header headers health history home host hostname html http iban id identifier identity ids img index
info input inputs instance instruction instructions ip ipv4 item items job json k key keys kind l label labels last
lastname lat latitude level line lines link list lng loc local locale location log logger logs lon longitude m mac
mail mails map maps medical message messages meta metadata method middle mobile mode model module more mrn msg n
name names ner nested new nhs no node note notes nr num number numbers obj object objects of old op operation option
options order orders origin output outputs owner parameters params parent part parts passport passwd password path
patient patients payload payment person personal persons phone phones pii plan platform port post postal postcode
prediction predictions private process profile project prompt prompts props provider proxy public query question
questions raw reason receiver recipient record records ref referer referrer refresh region remote reply request
requests resource response responses result results review role root route row rows rule s sample scope score secret
secrets security sender seq server service session sessions sex shipping short site size social source span src ssn
stack stage state status step street string sub subject subscriber summary surname svc system t tags target tax tel
telephone tenant text texts thread ticket time timestamp title to token tokens tool tools topic trace traceback
transaction transcript ts type types updated uri url urls usage user username users utterance v val value values var
vars vendor version w webhook x y z zip zone
"""
FIELD_WORDS: frozenset[str] = frozenset(_WORDS.split())
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]")


def is_field_name(key: str) -> bool:
    """Say whether a key is made of such words, as `camelCase`, `snake_case`, `kebab-case` or with dots."""
    parts = _PART.findall(key)
    return bool(parts) and all(part.lower() in FIELD_WORDS for part in parts)
