"""Rules for secrets: tokens by the prefix that their issuer gives them, others by key name. Nothing is tried out."""

from __future__ import annotations

from assay_detectors.pii import validate
from assay_detectors.pii.rule import CERTAIN, NAMED, STRONG, Rule, key_rules, named

_END = r"(?![A-Za-z0-9_\-])"
_START = r"(?<![A-Za-z0-9_\-])"


def _token(entity: str, body: str, start: str = r"(?<![A-Za-z0-9])", end: str = r"(?![A-Za-z0-9])") -> Rule:
    return Rule(entity, start + body + end, CERTAIN, CERTAIN)


_TOKENS = (
    _token("AWS_ACCESS_KEY", r"(?:AKIA|ASIA)[A-Z0-9]{16}"),
    _token("GITHUB_TOKEN", r"gh[pousr]_[A-Za-z0-9]{30,255}"),
    _token("GITHUB_TOKEN", r"github_pat_[A-Za-z0-9_]{50,255}"),
    _token("GITLAB_TOKEN", r"gl(?:pat|dt|rt|cbt|ptt|ft)-[A-Za-z0-9_\-]{20,64}"),
    _token("SLACK_TOKEN", r"xox[abeoprs]-[A-Za-z0-9\-]{10,250}", end=""),
    _token("SLACK_TOKEN", r"hooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,30}"),
    _token("HUGGINGFACE_TOKEN", r"hf_[A-Za-z0-9]{30,60}"),
    _token("OPENAI_KEY", r"sk-(?:proj-|svcacct-|admin-|None-)?(?!ant-)[A-Za-z0-9_\-]{20,250}"),
    _token("ANTHROPIC_KEY", r"sk-ant-[A-Za-z0-9_\-]{20,250}"),
    _token("GOOGLE_API_KEY", r"AIza[0-9A-Za-z_\-]{35}", end=_END),
    _token("AZURE_KEY", r"(?<=AccountKey=)[A-Za-z0-9+/]{86}==", start="", end=""),
    _token("AZURE_KEY", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.\-]{31,34}", end=_END),
    _token("DATABRICKS_TOKEN", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _token("STRIPE_KEY", r"(?:sk|rk)_(?:live|test)_[0-9a-zA-Z]{16,128}"),
    _token("SENDGRID_KEY", r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}", end=_END),
    _token("TELEGRAM_TOKEN", r"\d{8,10}:AA[A-Za-z0-9_\-]{33}", end=_END),
    _token("NPM_TOKEN", r"npm_[A-Za-z0-9]{36}"),
    _token("PYPI_TOKEN", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,250}"),
    _token("JWT", r"eyJ[A-Za-z0-9_\-]{8,2000}\.eyJ[A-Za-z0-9_\-]{4,3000}\.[A-Za-z0-9_\-]{0,1000}", end=""),
    _token("PRIVATE_KEY", r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----", start="", end=""),
)

_BY_PLACE = (
    Rule(
        "URL_CREDENTIALS",
        r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s:/@\"'<>]{0,64}:\K[^\s@/\"'<>]{2,128}(?=@[\w.\-\[])",
        CERTAIN,
        CERTAIN,
        check=validate.password,
    ),
    Rule(
        "PASSWORD",
        r"(?<![A-Za-z])[Bb]asic\s\K[A-Za-z0-9+/]{8,256}={0,2}",
        NAMED,
        NAMED,
        check=validate.basic_credentials,
    ),
    Rule(
        "GENERIC_API_KEY",
        r"(?<![A-Za-z])[Bb]earer\s\K[A-Za-z0-9_\-.~+/]{20,512}={0,2}",
        STRONG,
        STRONG,
        check=validate.key_like,
    ),
)

_PASSWORD_NAMES = r"(?:[a-z]{0,24})(?:password|passwd|passphrase|passwort|contrase(?:ñ|n)a|pwd)"
_KEY_NAMES = (
    r"[a-z]{0,16}(?:api[_\-]?key|apikey|secret[_\-]?key|access[_\-]?key|client[_\-]?secret|app[_\-]?secret|"
    r"auth[_\-]?token|access[_\-]?token|refresh[_\-]?token|bearer[_\-]?token|encryption[_\-]?key|"
    r"signing[_\-]?key|private[_\-]?key|shared[_\-]?key|secret|credential)"
)
_QUOTED = r"(?<=[\"'])[^\s\"'\\]{4,128}(?=\\{0,3}[\"'])"
_BARE = r"(?<![\"'])[^\s\"'\\&,;<>]{3,127}[^\s\"'\\&,;<>.:)\]}]"
_BY_NAME = (
    Rule("PASSWORD", named(_PASSWORD_NAMES, _QUOTED), CERTAIN, CERTAIN, check=validate.password),
    Rule("PASSWORD", named(_PASSWORD_NAMES, _BARE), NAMED, NAMED, check=validate.unquoted_password),
    key_rules("PASSWORD", _PASSWORD_NAMES, r"[^\s\"'\\]{4,128}", validate.password)[1],
    *key_rules(
        "AWS_SECRET_KEY",
        r"(?:aws[_\-]?)?secret[_\-]?(?:access[_\-]?)?key",
        r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
        validate.secret_key,
        CERTAIN,
    ),
    *key_rules("GENERIC_API_KEY", _KEY_NAMES, r"[A-Za-z0-9_\-.~+/]{16,256}={0,2}", validate.key_like, STRONG),
)

SECRET_RULES: tuple[Rule, ...] = (*_TOKENS, *_BY_PLACE, *_BY_NAME)
