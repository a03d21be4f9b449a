"""Rules for places: street addresses by their form, by key or by cue, and coordinates."""

from __future__ import annotations

from dataclasses import replace

from assay_detectors.pii import validate
from assay_detectors.pii.rule import CERTAIN, CHECKED, FORMAT, NAMED, STRONG, Rule, key_rules, named

_STREET = (
    r"(?i:street|st|road|rd|avenue|ave|lane|ln|boulevard|blvd|drive|dr|court|ct|square|sq|terrace|way|place|pl|close)"
)
_ADDRESS = rf"\d{{1,5}}[A-Za-z]?(?: [A-ZÀ-Ý][\w'’\-]{{1,20}}){{1,3}} {_STREET}(?!\w)\.?"
_POSTCODE = (
    r"(?:,? [A-ZÀ-Ý][\w .'’\-]{1,30}){1,2},? (?:[A-Z]{2} \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?!\w)"
)
_ADDRESS_KEYS = (
    r"(?:street|home|shipping|billing|delivery|postal|mailing|residential|customer|patient|user|legal)?[_\- ]?"
    r"(?:address|addr|adresse|anschrift|direcci[oó]n|indirizzo|endere[cç]o|domicilio|adres)"
    r"(?:[_\- ]?(?:line)?[_\- ]?[12])?|"
    r"(?:street|address)?[_\- ]?line[_\- ]?1|street(?:[_\- ]?name)?|stra(?:ss|ß)e|calle|residence"
)
_PLACE_WORD = r"(?!HTTP/)(?:[\w’.°ºª#/\-()]|'(?=\w)){1,40}(?![\w’.°ºª#/\-()=:@]|'\w)"
_PLACE = rf"(?=[^\W_]){_PLACE_WORD}(?:(?:, ?| - | ){_PLACE_WORD}){{1,14}}"
"""Words and numbers up to the next key, quote or bracket; `validate.place` asks for a house number and a name."""
_PLACE_SAID = r"(?i:my address is|lives? at|ship(?: it)? to) "
_POINT = r"-?\d{1,3}\.\d{3,15}(?:[,;|] ?| )-?\d{1,3}\.\d{3,15}(?!\d|\.\d|[,;] ?-?\d)"
_WHOSE = "(?:gps|user|geo|home|pickup|dropoff|start|end|device|event|client|last)"
_LONGITUDE = r"(?<![A-Za-z0-9])(?i:lon|lng|long|longitude)(?![A-Za-z0-9])|[a-z](?:Lon|Lng|Longitude)(?![A-Za-z0-9])"
_LATITUDE = r"(?<![A-Za-z0-9])(?i:lat|latitude)(?![A-Za-z0-9])|[a-z]Lat(?:itude)?(?![A-Za-z0-9])"
"""Names of one coordinate, beside which the other stands."""
_STREET_ANCHOR = rf"\d[A-Za-z]? (?:[A-Za][\w'\x01\-]+ ){{1,3}}{_STREET}[^\w]"

PLACE_RULES: tuple[Rule, ...] = (
    Rule(
        "LOCATION",
        rf"(?<![\w.\-]){_ADDRESS}{_POSTCODE}",
        STRONG,
        CERTAIN,
        ("address", "ship to", "live at"),
        anchor=_STREET_ANCHOR,
        reach=120,
    ),
    Rule(
        "LOCATION",
        rf"(?<![\w.\-]){_ADDRESS}",
        FORMAT,
        NAMED,
        ("address", "shipping address", "addr", "ship to", "live at", "lives at", "street", "home", "billing"),
        anchor=_STREET_ANCHOR,
        reach=120,
    ),
    *key_rules("LOCATION", _ADDRESS_KEYS, _PLACE, cut=validate.place),
    Rule("LOCATION", rf"{_PLACE_SAID}\K{_PLACE}", CHECKED, CHECKED, cut=validate.place, anchor=_PLACE_SAID),
    *key_rules(
        "LAT_LON",
        r"gps|lat[_\-]?(?:lon|lng|long)|latlng|lnglat|ll|coord(?:inate)?s?|geo|geo[_\-]?(?:point|location)|location|position|"
        r"koordinaten|standort|coordonn[ée]es|coordenadas|ubicacion|posizione",
        _POINT,
        validate.coordinates,
        NAMED,
    ),
    Rule(
        "LAT_LON",
        rf"(?i:gps|position|coordinates?|latlng|located at) (?:is |are )?\(?\K{_POINT}",
        NAMED,
        NAMED,
        check=validate.coordinates,
        anchor=r"(?i:gps|position|coordinates?|latlng|located at) (?:is |are )?\(?-?\d",
    ),
    Rule(
        "LAT_LON",
        r"(?:\bPOINT ?\(|/@)\K-?\d{1,3}\.\d{3,15}[, ]-?\d{1,3}\.\d{3,15}(?!\d)",
        NAMED,
        NAMED,
        check=validate.coordinates,
        anchor=r"(?:[^\w]POINT ?\(|/@)-?\d",
    ),
    named("LAT_LON", rf"{_WHOSE}?(?:latitude|longitude)", r"-?1?\d{1,2}\.\d{4,15}(?![\w.])", confidence=STRONG),
    replace(
        named("LAT_LON", rf"{_WHOSE}?(?:lat|latitude)", r"-?\d{1,2}\.\d{3,15}(?![\w.])", confidence=STRONG),
        beside=_LONGITUDE,
    ),
    replace(
        named("LAT_LON", rf"{_WHOSE}?(?:lon|lng|long|longitude)", r"-?1?\d{1,2}\.\d{3,15}(?![\w.])", confidence=STRONG),
        beside=_LATITUDE,
    ),
)
