"""Rules for secrets that no prefix tells: passwords and keys by their place or by key name. Nothing is tried out."""

from __future__ import annotations

from assay_detectors.pii import validate
from assay_detectors.pii.portable import portable
from assay_detectors.pii.rule import CERTAIN, NAMED, STRONG, Rule, key_rules, named, named_after
from assay_detectors.pii.secret_tokens import TOKEN_RULES

_BY_PLACE = (
    Rule(
        "URL_CREDENTIALS",
        r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s:/@\"'<>]{0,64}:\K[^\s@/\"'<>]{2,128}(?=@[\w.\-\[])",
        CERTAIN,
        CERTAIN,
        check=validate.password,
        anchor=r"://[^\s:/@\"'<>]*:[^\s@/\"'<>]+@[\w.\-\[]",
        reach=240,
    ),
    Rule(
        "PASSWORD",
        r"(?<![A-Za-z])[Bb]asic\s\K[A-Za-z0-9+/]{8,256}={0,2}",
        NAMED,
        NAMED,
        check=validate.basic_credentials,
        anchor=r"[Bb]asic[ \t][A-Za-z0-9+/]{8}",
    ),
    Rule(
        "GENERIC_API_KEY",
        r"(?<![A-Za-z])[Bb]earer \K[A-Za-z0-9_\-.~+/]{20,512}={0,2}",
        STRONG,
        STRONG,
        check=validate.key_like,
        anchor=r"[Bb]earer [A-Za-z0-9_\-.~+/]{20}",
        tail=600,
    ),
)

_FLAG = r"--(?i:[\w\-]{0,24}(?:api[_\-]?key|token|secret|access[_\-]?key))[ \t][\"']?"
_PASSWORD_FLAG = (
    r"(?:--(?i:[\w\-]{0,24}pass(?:word|wd|phrase)?)[ \t]|(?i:identified by)[ \t]|sshpass -p ?|"
    r"curl [^|\n]{0,60}-u [\w.@\-]{1,32}:|"
    r"mysql(?:dump)? [^|\n]{0,60}-p)\\?[\"']?"
)
_BY_FLAG = (
    Rule(
        "GENERIC_API_KEY",
        rf"{_FLAG}\K[A-Za-z0-9_\-.~+/]{{16,256}}={{0,2}}",
        STRONG,
        STRONG,
        check=validate.key_like,
        anchor=_FLAG,
        reach=80,
    ),
    Rule(
        "PASSWORD",
        rf"{_PASSWORD_FLAG}\K[^\s\"'\\,;<>$]{{4,128}}",
        STRONG,
        STRONG,
        check=validate.unquoted_password,
        anchor=_PASSWORD_FLAG,
        reach=140,
    ),
)

_SAID = (
    r"(?:password|passwd|passphrase|passwort|passcode|pwd|mot de passe|contrase[ñn]a) (?:is|was|ist|to|est|es)|"
    r"(?:with|using|temporary) password"
)
_PASSWORD_NAMES = (
    r"(?:[a-z]{0,24})(?:password|passwd|passphrase|passwort|kennwort|wachtwoord|contrase[ñn]a|mot[_\- ]?de[_\- ]?passe|"
    r"senha|pwd)"
)
_PASS_NAMES = r"(?:db|user|admin|root|redis|smtp|mysql|pg|ftp|auth|login|ldap|my|rabbit|mongo)?[_\-]?pass"
_KEY_NAMES = (
    r"[a-z]{0,16}(?:api[_\- ]?key|apikey|secret[_\- ]?key|access[_\- ]?key|client[_\- ]?secret|app[_\- ]?secret|"
    r"(?:auth|access|refresh|bearer|session|webhook|oauth|bot|device)[_\- ]?token|encryption[_\- ]?key|"
    r"signing[_\- ]?key|private[_\- ]?key(?:[_\- ]?id)?|shared[_\- ]?key|secret|credential)"
)
_QUOTED = r"(?<=[\"'])[^\s\"'\\]{4,128}(?=\\{0,3}[\"'](?! ?:))"
_BARE = r"(?<![\"'])[^\s\"'\\&,;<>]{3,127}[^\s\"'\\&,;<>.:)\]}]"
_BY_NAME = (
    Rule(
        "PASSWORD",
        rf"(?<![A-Za-z])(?i:{_SAID}):? [\"']?\K[^\s\"'\\&,;<>]{{5,127}}[^\s\"'\\&,;<>.:)\]}}]",
        NAMED,
        NAMED,
        check=validate.spoken_password,
        anchor=portable(rf"(?i:{_SAID}):? "),
    ),
    named("PASSWORD", _PASSWORD_NAMES, _QUOTED, validate.password, CERTAIN, loose=True),
    named("PASSWORD", _PASSWORD_NAMES, _BARE, validate.unquoted_password, loose=True),
    named("PASSWORD", _PASSWORD_NAMES, _QUOTED, validate.spoken_password),
    named("PASSWORD", _PASS_NAMES, _QUOTED, validate.spoken_password, loose=True),
    named("PASSWORD", _PASS_NAMES, _BARE, validate.spoken_password, loose=True),
    named_after("PASSWORD", _PASSWORD_NAMES, r"[^\s\"'\\]{4,128}", validate.password),
    *key_rules(
        "AWS_SECRET_KEY",
        r"(?:(?:aws|s3|minio)[_\- ]?)?secret[_\- ]?(?:access[_\- ]?)?key",
        r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
        validate.secret_key,
        CERTAIN,
    ),
    *key_rules(
        "AZURE_KEY",
        r"(?:azure)?[_\- ]?(?:account|storage)[_\- ]?(?:account[_\- ]?)?(?:access[_\- ]?)?key",
        r"[A-Za-z0-9+/]{86}==",
        validate.secret_key,
        CERTAIN,
    ),
    *key_rules(
        "AI_SERVICE_KEY",
        r"(?:wandb|cohere|mistral|together|co)[_\-]?(?:api[_\-]?)?(?:key|token)",
        r"[A-Za-z0-9]{32,64}(?![A-Za-z0-9])",
        validate.key_like,
        CERTAIN,
    ),
    *key_rules(
        "DEVELOPER_TOKEN",
        r"(?:dd|datadog|snyk|okta|travis|codecov|algolia|fastly|heroku|cloudflare|cf)[_\-]?(?:api[_\-]?|app[_\-]?|auth[_\-]?)?"
        r"(?:key|token)",
        r"[A-Za-z0-9_\-]{30,64}(?![A-Za-z0-9_\-])",
        validate.key_like,
        CERTAIN,
    ),
    *key_rules("GENERIC_API_KEY", _KEY_NAMES, r"[A-Za-z0-9_\-.~+/]{16,256}={0,2}", validate.key_like, STRONG),
    named(
        "GENERIC_API_KEY",
        r"token",
        r"[A-Za-z0-9_\-.~+/]{24,256}={0,2}(?![\w./\-])",
        validate.key_like,
        STRONG,
        start=r"(?<![\w.\-])",
        loose=True,
    ),
)

SECRET_RULES: tuple[Rule, ...] = (*TOKEN_RULES, *_BY_PLACE, *_BY_FLAG, *_BY_NAME)
