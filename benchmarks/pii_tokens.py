"""Made-up secrets in the formats that their issuers publish; random bodies, from a seed."""

from __future__ import annotations

import base64
import json
import string
from random import Random

from pii_people import Make, digits

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
URLSAFE = ALNUM + "_-"
BASE64 = ALNUM + "+/"
LOWER = string.ascii_lowercase + string.digits


def draw(rng: Random, alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def _body(prefix: str, alphabet: str, count: int, end: str = "") -> Make:
    return lambda rng: f"{prefix}{draw(rng, alphabet, count)}{end}"


def encoded(text: str, urlsafe: bool = True) -> str:
    raw = text.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=") if urlsafe else base64.b64encode(raw).decode()


def jwt(rng: Random, claims: dict[str, object] | None = None) -> str:
    head = {"alg": rng.choice(("HS256", "RS256", "ES256")), "typ": "JWT"}
    body = claims or {"sub": digits(rng, 8), "iat": 1700000000 + rng.randint(0, 10**7), "scope": "predict"}
    parts = (encoded(json.dumps(part, separators=(",", ":"))) for part in (head, body))
    return ".".join((*parts, draw(rng, URLSAFE, 43)))


def slack(rng: Random) -> str:
    return rng.choice(
        (
            f"xoxb-{digits(rng, 12)}-{digits(rng, 13)}-{draw(rng, ALNUM, 24)}",
            f"xoxp-{digits(rng, 11)}-{digits(rng, 11)}-{digits(rng, 12)}-{draw(rng, HEX, 32)}",
            f"https://hooks.slack.com/services/T{draw(rng, UPPER, 9)}/B{draw(rng, UPPER, 9)}/{draw(rng, ALNUM, 24)}",
        )
    )


def github(rng: Random) -> str:
    if rng.random() < 0.25:
        return f"github_pat_{draw(rng, ALNUM, 22)}_{draw(rng, ALNUM, 59)}"
    return f"gh{rng.choice('pousr')}_{draw(rng, ALNUM, 36)}"


def openai(rng: Random) -> str:
    return rng.choice(
        (f"sk-{draw(rng, ALNUM, 48)}", f"sk-proj-{draw(rng, URLSAFE, 120)}a", f"sk-svcacct-{draw(rng, ALNUM, 60)}")
    )


def azure(rng: Random) -> str:
    return f"{draw(rng, ALNUM, 3)}8Q~{draw(rng, ALNUM, 34)}"


def azure_storage(rng: Random) -> str:
    return f"{draw(rng, BASE64, 86)}=="


def private_key(rng: Random) -> str:
    return f"-----BEGIN {rng.choice(('RSA ', 'EC ', '', 'OPENSSH '))}PRIVATE KEY-----"


def password(rng: Random) -> str:
    """Return a password with at least three kinds of characters, as rules of strength ask for."""
    start = rng.choice(("Tr0ub", "h7", "Wint3r", "z", "Qx9", "m0on", "K"))
    return start + draw(rng, ALNUM, rng.randint(5, 10)) + rng.choice("!$#*^~") + str(rng.randint(0, 9))


def generic(rng: Random) -> str:
    return "q" + str(rng.randint(0, 9)) + draw(rng, ALNUM, rng.choice((22, 30, 38)))


TOKENS: dict[str, Make] = {
    "AWS_ACCESS_KEY": lambda rng: rng.choice(("AKIA", "ASIA")) + draw(rng, string.ascii_uppercase + "234567", 16),
    "GITHUB_TOKEN": github,
    "GITLAB_TOKEN": _body("glpat-", URLSAFE, 19, "x"),
    "SLACK_TOKEN": slack,
    "HUGGINGFACE_TOKEN": _body("hf_", string.ascii_letters, 34),
    "OPENAI_KEY": openai,
    "ANTHROPIC_KEY": _body("sk-ant-api03-", URLSAFE, 93, "AA"),
    "GOOGLE_API_KEY": _body("AIza", URLSAFE, 34, "k"),
    "AZURE_KEY": azure,
    "DATABRICKS_TOKEN": _body("dapi", HEX, 32),
    "STRIPE_KEY": lambda rng: f"{rng.choice(('sk', 'rk'))}_live_{draw(rng, ALNUM, rng.choice((24, 99)))}",
    "SENDGRID_KEY": lambda rng: f"SG.{draw(rng, URLSAFE, 22)}.{draw(rng, URLSAFE, 42)}z",
    "TELEGRAM_TOKEN": lambda rng: f"{rng.randint(10**9, 9 * 10**9)}:AA{draw(rng, URLSAFE, 32)}w",
    "NPM_TOKEN": _body("npm_", ALNUM, 36),
    "PYPI_TOKEN": _body("pypi-AgEIcHlwaS5vcmc", URLSAFE, 140, "A"),
    "JWT": jwt,
    "PRIVATE_KEY": private_key,
}
"""Secrets that say by themselves what they are, under the name of our entity."""

OTHER: dict[str, Make] = {
    "twilio-api-key": _body("SK", HEX, 32),
    "mailgun": _body("key-", HEX, 32),
    "digitalocean": _body("dop_v1_", HEX, 64),
    "doppler": _body("dp.pt.", ALNUM, 43),
    "linear": _body("lin_api_", ALNUM, 40),
    "notion": _body("secret_", ALNUM, 43),
    "shopify": _body("shpat_", HEX, 32),
    "square": _body("sq0csp-", URLSAFE, 42, "e"),
    "newrelic": _body("NRAK-", UPPER, 27),
    "grafana": lambda rng: f"glsa_{draw(rng, ALNUM, 32)}_{draw(rng, HEX, 8)}",
    "vault": _body("hvs.", URLSAFE, 95, "q"),
    "terraform": lambda rng: f"{draw(rng, ALNUM, 14)}.atlasv1.{draw(rng, ALNUM, 64)}",
    "postman": lambda rng: f"PMAK-{draw(rng, HEX, 24)}-{draw(rng, HEX, 34)}",
    "pulumi": _body("pul-", HEX, 40),
    "planetscale": _body("pscale_tkn_", URLSAFE, 42, "s"),
    "replicate": _body("r8_", ALNUM, 37),
    "groq": _body("gsk_", ALNUM, 52),
    "perplexity": _body("pplx-", ALNUM, 48),
    "sentry": _body("sntrys_eyJ", BASE64, 80),
    "airtable": lambda rng: f"pat{draw(rng, ALNUM, 14)}.{draw(rng, HEX, 64)}",
    "discord-webhook": lambda rng: f"https://discord.com/api/webhooks/{digits(rng, 18)}/{draw(rng, URLSAFE, 67)}k",
    "atlassian": _body("ATATT3xFfGF0", URLSAFE, 178, "="),
    "dockerhub": _body("dckr_pat_", URLSAFE, 26, "v"),
    "age": _body("AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "sendinblue": lambda rng: f"xkeysib-{draw(rng, HEX, 64)}-{draw(rng, LOWER, 16)}",
    "flyio": _body("fo1_", URLSAFE, 42, "d"),
    "rubygems": _body("rubygems_", HEX, 48),
}
"""Secrets with a published prefix for which the labels ask for any kind of secret, not for one name."""
