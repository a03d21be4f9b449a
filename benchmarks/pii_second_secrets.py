"""Secrets of the second generator: tokens that tell their service, and those that only a key names."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

from pii_second_values import ALNUM, DIGITS, HEX, LETTERS, RNG, UPPER, chars, pick

_BASE62 = DIGITS + UPPER + LETTERS[:26]


def gh() -> str:
    p = pick(["ghp_", "gho_", "ghs_", "ghu_", "github_pat_"])
    if p == "github_pat_":
        return p + chars(ALNUM, 22) + "_" + chars(ALNUM, 59)
    b = chars(ALNUM, 30)
    n = zlib.crc32(b.encode())
    c = ""
    while n:
        n, r = divmod(n, 62)
        c = _BASE62[r] + c
    return p + b + c.rjust(6, "0")


def b64u(b: bytes) -> str:
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def jwt(payload: dict[str, Any] | None = None) -> str:
    h = b64u(json.dumps({"alg": pick(["HS256", "RS256", "ES256"]), "typ": "JWT"}, separators=(",", ":")).encode())
    payload = payload or {"sub": chars(DIGITS, 8), "iat": 1700000000 + RNG.randint(0, 10**7), "exp": 1730000000}
    return f"{h}.{b64u(json.dumps(payload, separators=(',', ':'), ensure_ascii=False).encode())}.{b64u(RNG.randbytes(pick([32, 64, 256])))}"


_WORDS = [
    "sunshine",
    "dragon",
    "winter",
    "Summer",
    "monkey",
    "football",
    "Welcome",
    "changeme",
    "letmein",
    "Berlin",
    "coffee",
    "starwars",
    "correct",
    "horse",
    "battery",
    "Passw0rd",
    "qwerty",
    "Admin",
    "shadow",
    "tiger",
]


def password() -> str:
    k = RNG.random()
    if k < 0.3:
        return pick(_WORDS) + pick(["2024!", "#1", "123", "@99", "_prod", "!!", "1987", "$ecret"])
    if k < 0.5:
        return chars(ALNUM + "!#$%*+-.:?@_^~", RNG.randint(8, 20)).strip("-.:?") + pick("aK9x")
    if k < 0.65:
        return pick(["h0rse", "Tr0ub4dor", "S3cr3t", "p@ss", "P4ss", "Kub3"]) + pick(
            ["&3", "-Adm1n", "!w0rd", "Db#22", "_X9"]
        )
    if k < 0.8:
        return chars(ALNUM, RNG.randint(12, 28)) + pick(DIGITS)
    return "-".join(pick(_WORDS).lower() for _ in range(3)) + str(RNG.randint(1, 99))


def generic() -> str:
    return pick(
        [
            lambda: chars(HEX, 32),
            lambda: chars(ALNUM, 32),
            lambda: chars(ALNUM, 40),
            lambda: chars(HEX, 64),
            lambda: b64u(RNG.randbytes(32)),
            lambda: base64.b64encode(RNG.randbytes(24)).decode(),
            lambda: chars(ALNUM + "-_", 43),
        ]
    )()


TOKENS: dict[str, Callable[[], str]] = {
    "AWS_ACCESS_KEY": lambda: pick(["AKIA", "ASIA"]) + chars(UPPER + "234567", 16),
    "GITHUB_TOKEN": gh,
    "GITLAB_TOKEN": lambda: "glpat-" + chars(ALNUM + "_-", 19) + pick(ALNUM),
    "SLACK_TOKEN": lambda: pick(
        [
            f"xoxb-{chars('123456789', 12)}-{chars('123456789', 13)}-{chars(ALNUM, 24)}",
            f"xoxp-{chars('123456789', 11)}-{chars('123456789', 11)}-{chars('123456789', 12)}-{chars(HEX, 32)}",
            f"xapp-1-A{chars(UPPER + DIGITS, 10)}-{chars('123456789', 13)}-{chars(HEX, 64)}",
            f"https://hooks.slack.com/services/T{chars(UPPER + DIGITS, 8)}/B{chars(UPPER + DIGITS, 8)}/{chars(ALNUM, 24)}",
        ]
    ),
    "HUGGINGFACE_TOKEN": lambda: "hf_" + chars(LETTERS, 34),
    "OPENAI_KEY": lambda: pick(
        [
            f"sk-{chars(ALNUM, 20)}T3BlbkFJ{chars(ALNUM, 20)}",
            f"sk-proj-{chars(ALNUM + '-_', 74)}T3BlbkFJ{chars(ALNUM + '-_', 73)}A",
            f"sk-svcacct-{chars(ALNUM + '-_', 58)}T3BlbkFJ{chars(ALNUM + '-_', 57)}A",
        ]
    ),
    "ANTHROPIC_KEY": lambda: f"sk-ant-{pick(['api03', 'admin01'])}-{chars(ALNUM + '-_', 93)}AA",
    "GOOGLE_API_KEY": lambda: pick(
        ["AIza" + chars(ALNUM + "-_", 34) + pick(ALNUM), "GOCSPX-" + chars(ALNUM + "-_", 27) + "a"]
    ),
    "DATABRICKS_TOKEN": lambda: "dapi" + chars(HEX, 32) + pick(["", "-2", "-3"]),
    "STRIPE_KEY": lambda: pick(["sk_live_", "rk_live_", "sk_test_"]) + chars(ALNUM, pick([24, 99])),
    "SENDGRID_KEY": lambda: f"SG.{chars(ALNUM + '-_', 22)}.{chars(ALNUM + '-_', 42)}Q",
    "TELEGRAM_TOKEN": lambda: f"{RNG.randint(10**8, 10**10 - 1)}:AA{chars(ALNUM + '-_', 32)}k",
    "NPM_TOKEN": lambda: "npm_" + chars(ALNUM, 36),
    "PYPI_TOKEN": lambda: "pypi-AgEIcHlwaS5vcmc" + chars(ALNUM + "-_", RNG.randint(130, 160)) + "A",
    "AI_SERVICE_KEY": lambda: pick(
        [
            lambda: "gsk_" + chars(ALNUM, 52),
            lambda: "r8_" + chars(ALNUM, 37),
            lambda: "xai-" + chars(ALNUM, 80),
            lambda: "pplx-" + chars(ALNUM, 48),
            lambda: "pcsk_" + chars(ALNUM, 6) + "_" + chars(ALNUM, 63),
        ]
    )(),
    "CLOUD_TOKEN": lambda: pick(
        [
            lambda: "dop_v1_" + chars(HEX, 64),
            lambda: "hvs." + chars(ALNUM + "_-", 95) + "A",
            lambda: chars(ALNUM, 14) + ".atlasv1." + chars(ALNUM, 67),
            lambda: "sbp_" + chars(HEX, 40),
            lambda: (
                "vercel_blob_rw_" + chars(ALNUM, 16) + "_" + chars(ALNUM, 30)
                if RNG.random() < 0.01
                else "sbp_" + chars(HEX, 40)
            ),
        ]
    )(),
    "DEVELOPER_TOKEN": lambda: pick(
        [
            lambda: "dckr_pat_" + chars(ALNUM + "-_", 26) + "a",
            lambda: "ATATT3xFfGF0" + chars(ALNUM + "-_", 171) + "=" + chars("0123456789ABCDEF", 8),
            lambda: "glsa_" + chars(ALNUM, 32) + "_" + chars(HEX, 8),
            lambda: f"PMAK-{chars(HEX, 24)}-{chars(HEX, 34)}",
            lambda: "lin_api_" + chars(ALNUM, 40),
            lambda: "NRAK-" + chars(UPPER + DIGITS, 27),
            lambda: "pul-" + chars(HEX, 40),
            lambda: "figd_" + chars(ALNUM + "-_", 39) + "a",
            lambda: (
                "secret_" + chars(ALNUM, 43) if RNG.random() < 0.01 else "ntn_" + chars(DIGITS, 11) + chars(ALNUM, 35)
            ),
        ]
    )(),
    "MESSAGING_TOKEN": lambda: pick(
        [
            lambda: "SK" + chars(HEX, 32),
            lambda: "key-" + chars(HEX, 32),
            lambda: f"https://discord.com/api/webhooks/{chars('123456789', 18)}/{chars(ALNUM + '-_', 67)}Z",
        ]
    )(),
    "COMMERCE_KEY": lambda: pick(
        [
            lambda: "shpat_" + chars(HEX, 32),
            lambda: "sq0atp-" + chars(ALNUM + "-_", 21) + "a",
            lambda: f"access_token$production${chars('0123456789abcdefghijklmnopqrstuvwxyz', 16)}${chars(HEX, 32)}",
        ]
    )(),
    "JWT": jwt,
}
NAMED: dict[str, Callable[[], str]] = {
    "AWS_SECRET_KEY": lambda: chars(ALNUM + "/+", 40),
    "AZURE_KEY": lambda: pick(
        [
            lambda: chars(ALNUM + "/+", 86) + "==",
            lambda: chars(ALNUM + "_", 3) + pick(["7Q~", "8Q~"]) + chars(ALNUM + "_-.~", 33) + "a",
        ]
    )(),
    "PASSWORD": password,
    "GENERIC_API_KEY": generic,
}
