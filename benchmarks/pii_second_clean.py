"""Fields of the second generator that nobody would call personal or secret: look-alikes, and placeholders."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable

from pii_second_secrets import b64u
from pii_second_values import ALNUM, DIGITS, HEX, RNG, UPPER, chars, luhn_fix, pick


def uid() -> str:
    return str(uuid.UUID(int=RNG.getrandbits(128), version=4))


def _wrong_luhn() -> str:
    number = luhn_fix("4" + chars(DIGITS, 14))
    return number[:-1] + str((int(number[-1]) + RNG.randint(1, 9)) % 10)


def _ean() -> str:
    start = pick(["978", "979", "400", "590", "871"]) + chars(DIGITS, 9)
    return start + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(start)) % 10)


def _vector() -> str:
    return "[" + ", ".join(f"{RNG.uniform(-3, 3):.{pick([4, 6, 8, 17])}f}" for _ in range(RNG.randint(3, 12))) + "]"


_SERVICES = [
    "payment-gateway",
    "ranker",
    "Gateway",
    "AuthService",
    "embedding-worker",
    "Llama-3-8B",
    "Mistral Large",
    "Spark Driver",
    "Claude Sonnet",
    "feature-store",
    "kafka-consumer",
    "Model Registry",
    "Search API",
    "BERT base",
    "Jenkins",
    "Prometheus",
    "Token Service",
]
CLEAN: list[Callable[[], tuple[str, str]]] = [
    lambda: ("request_id", uid()),
    lambda: ("trace_id", chars(HEX, 32)),
    lambda: ("span_id", chars(HEX, 16)),
    lambda: ("commit", chars(HEX, 40)),
    lambda: ("sha256", chars(HEX, 64)),
    lambda: ("digest", "sha256:" + chars(HEX, 64)),
    lambda: ("ts", str(17 * 10**8 + RNG.randint(0, 10**8))),
    lambda: ("epoch_ms", f"17{chars(DIGITS, 11)}"),
    lambda: ("time_ns", f"17{chars(DIGITS, 17)}"),
    lambda: ("version", f"{RNG.randint(0, 9)}.{RNG.randint(0, 40)}.{RNG.randint(0, 9)}"),
    lambda: ("lib_version", f"{RNG.randint(1, 4)}.{RNG.randint(0, 20)}.{RNG.randint(0, 9)}.{RNG.randint(0, 9)}"),
    lambda: (
        "order_id",
        pick(
            [
                chars(DIGITS, 10),
                chars(DIGITS, 12),
                f"ORD-{chars(DIGITS, 8)}",
                f"{chars(DIGITS, 3)}-{chars(DIGITS, 7)}-{chars(DIGITS, 7)}",
            ]
        ),
    ),
    lambda: ("invoice", f"INV-2025-{chars(DIGITS, 6)}"),
    lambda: (
        "tracking",
        pick(["1Z" + chars(UPPER + DIGITS, 16), chars(DIGITS, 20), chars(UPPER, 2) + chars(DIGITS, 9) + "US"]),
    ),
    lambda: ("isbn", _ean()),
    lambda: ("ean", _ean()),
    lambda: ("sku", chars(UPPER, 3) + "-" + chars(DIGITS, 6)),
    lambda: ("seq", _wrong_luhn()),
    lambda: ("object_id", chars(HEX, 24)),
    lambda: ("snowflake", chars("123456789", 1) + chars(DIGITS, 17)),
    lambda: ("job", chars(DIGITS, 9)),
    lambda: ("pid", chars("123456789", RNG.randint(3, 6))),
    lambda: ("offset", chars("123456789", RNG.randint(8, 11))),
    lambda: ("bytes", chars("123456789", RNG.randint(5, 10))),
    lambda: (
        "bbox",
        f"[{RNG.uniform(0, 640):.2f}, {RNG.uniform(0, 480):.2f}, {RNG.uniform(0, 640):.2f}, {RNG.uniform(0, 480):.2f}]",
    ),
    lambda: ("embedding", _vector()),
    lambda: ("loss", f"{RNG.random():.16f}"),
    lambda: ("lr", f"{RNG.random() * 1e-4:.3e}"),
    lambda: ("amount", f"{RNG.randint(1, 99999)}.{chars(DIGITS, 2)}"),
    lambda: ("total", f"${RNG.randint(1, 99)},{chars(DIGITS, 3)}.{chars(DIGITS, 2)}"),
    lambda: ("price_eur", f"{RNG.randint(1, 99)}.{chars(DIGITS, 3)},{chars(DIGITS, 2)} €"),
    lambda: ("model", pick(_SERVICES)),
    lambda: ("user", pick(["system", "root", "airflow", "svc-ml", "Spark Driver", "nobody", "www-data", "anonymous"])),
    lambda: ("name", pick(_SERVICES)),
    lambda: (
        "name",
        pick(["conv2d_1", "attention.q_proj", "Main Thread", "Adam Optimizer", "Random Forest", "worker-3", "GPU 0"]),
    ),
    lambda: ("host", f"ip-10-{RNG.randint(0, 255)}-{RNG.randint(0, 255)}-{RNG.randint(0, 255)}.ec2.internal"),
    lambda: (
        "svc",
        f"{pick(['redis', 'ranker', 'api'])}.{pick(['prod', 'default'])}.svc.cluster.local:{RNG.randint(1000, 9999)}",
    ),
    lambda: ("bind", "0.0.0.0:8080"),
    lambda: ("image", f"ghcr.io/org/app:v1.{RNG.randint(0, 99)}.0@sha256:{chars(HEX, 64)}"),
    lambda: ("remote", f"git@github.com:{pick(['org', 'huggingface', 'acme'])}/{pick(['repo', 'models'])}.git"),
    lambda: (
        "pkg",
        pick(["react", "lodash", "@babel/core", "user", "@types/node", "left-pad"])
        + f"@{RNG.randint(0, 19)}.{RNG.randint(0, 30)}.{RNG.randint(0, 9)}",
    ),
    lambda: (
        "message_id",
        f"<{chars(DIGITS, 14)}.{chars(UPPER + DIGITS, 8)}@{pick(['mx01', 'smtp-relay', 'localhost', 'worker-7'])}>",
    ),
    lambda: ("fingerprint", "SHA256:" + chars(ALNUM + "/+", 43)),
    lambda: ("md5", ":".join(chars(HEX, 2) for _ in range(16))),
    lambda: ("etag", f"W/'{chars(HEX, 32)}'"),
    lambda: ("thumb", "data:image/png;base64,iVBORw0KGgo" + chars(ALNUM + "/+", RNG.randint(60, 200))),
    lambda: ("grad", base64.b64encode(RNG.randbytes(RNG.randint(40, 160))).decode()),
    lambda: ("max_tokens", str(pick([256, 512, 4096]))),
    lambda: ("prompt_tokens", chars("123456789", RNG.randint(2, 4))),
    lambda: ("token_count", chars("123456789", 4)),
    lambda: ("tokens", "[" + ", ".join(str(RNG.randint(10, 50000)) for _ in range(RNG.randint(4, 12))) + "]"),
    lambda: (
        "password",
        pick(
            [
                "***",
                "********",
                "[REDACTED]",
                "<redacted>",
                "None",
                "null",
                "${DB_PASSWORD}",
                "{{ vault_password }}",
                "true",
                "<hidden>",
                "xxxxxx",
                "$DB_PASS",
                "%s",
                "REDACTED",
                "****** (masked)",
                "os.environ['DB_PASSWORD']",
                "string",
            ]
        ),
    ),
    lambda: (
        "api_key",
        pick(
            [
                "sk-****",
                "None",
                "<your-api-key>",
                "${OPENAI_API_KEY}",
                "os.environ['OPENAI_API_KEY']",
                "YOUR_API_KEY",
                "[FILTERED]",
                "sk-...abcd",
                "null",
                "vault:secret/data/openai#key",
            ]
        ),
    ),
    lambda: ("secretName", pick(["tls-cert", "regcred", "db-credentials"])),
    lambda: ("secret", "projects/" + chars(DIGITS, 12) + "/secrets/db/versions/latest"),
    lambda: ("token_type", "Bearer"),
    lambda: ("password_policy", "min_length=12"),
    lambda: ("key", pick(["user_id", "feature:ctr:7d", "layers.12.mlp.weight", "cache:" + chars(HEX, 12)])),
    lambda: ("cache_key", chars(HEX, pick([32, 40, 64]))),
    lambda: ("idempotency_key", uid()),
    lambda: ("partition_key", chars(DIGITS, 6)),
    lambda: ("primary_key", "id"),
    lambda: ("pad_token", "<|endoftext|>"),
    lambda: ("page", str(RNG.randint(1, 99))),
    lambda: ("zip", chars(DIGITS, 5)),
    lambda: ("date", f"2025-{RNG.randint(1, 12):02d}-{RNG.randint(1, 28):02d}"),
    lambda: ("release_date", f"{RNG.randint(1990, 2024)}-03-{RNG.randint(10, 28)}"),
    lambda: ("build", f"2025{RNG.randint(10, 12)}{RNG.randint(10, 28)}.{RNG.randint(1, 99)}"),
    lambda: ("duration", f"{RNG.randint(1, 900)}.{chars(DIGITS, 3)}ms"),
    lambda: ("address", "0x" + chars(HEX, 12)),
    lambda: ("address", f"/dev/shm/plasma_{chars(DIGITS, 6)}"),
    lambda: ("account", chars(DIGITS, 12)),
    lambda: ("arn", f"arn:aws:iam::{chars(DIGITS, 12)}:role/sagemaker-exec"),
    lambda: ("phone_model", pick(["SM-G991B", "iPhone14,2", "Pixel 8"])),
    lambda: ("email_sent", "true"),
    lambda: ("email", pick(["null", "<redacted>", "j***@g***.com", "[email protected]"])),
    lambda: (
        "ua",
        pick(
            [
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.6099.109 Safari/537.36",
                "python-requests/2.31.0",
                "kube-probe/1.29",
                "Mozilla/5.0 (Windows NT 10.0; Win64) Gecko/20100101 Firefox/121.0",
            ]
        ),
    ),
    lambda: ("eth_tx", "0x" + chars(HEX, 64)),
    lambda: ("pci", f"0000:{chars(HEX, 2)}:00.0"),
    lambda: ("uuid_hex", chars(HEX, 32)),
    lambda: ("decorator", pick(["@app.route('/v1')", "@torch.no_grad()", "@dataclass"])),
    lambda: ("cid", "Qm" + chars(ALNUM.replace("0", "").replace("O", "").replace("l", "").replace("I", ""), 44)),
    lambda: ("ulid", "01H" + chars("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23)),
    lambda: ("nonce", chars(ALNUM, 22)),
    lambda: ("license", "Apache-2.0"),
    lambda: ("shape", f"({RNG.randint(1, 512)}, {RNG.randint(1, 4096)}, 768)"),
    lambda: ("range", f"{chars(DIGITS, 4)}-{chars(DIGITS, 4)}"),
    lambda: ("ticket", f"JIRA-{chars(DIGITS, 5)}"),
    lambda: ("checksum", chars(HEX, 8)),
    lambda: ("progress", f"{RNG.randint(1, 100)}% {chars(DIGITS, 5)}/{chars(DIGITS, 6)}"),
    lambda: ("gpu_uuid", "GPU-" + uid()),
    lambda: ("run_id", chars("abcdefghijklmnopqrstuvwxyz0123456789", 8)),
    lambda: ("port", chars("123456789", 4)),
    lambda: (
        "weights",
        "s3://bucket-"
        + chars(HEX, 8)
        + f"/ckpt/step={chars(DIGITS, 6)}/model-{chars(DIGITS, 5)}-of-{chars(DIGITS, 5)}.safetensors",
    ),
    lambda: ("city", pick(["Berlin", "Paris", "Springfield"])),
    lambda: ("lat_ms", f"{RNG.uniform(1, 90):.3f}"),
    lambda: ("customer_id", pick(["cus_" + chars(ALNUM, 14), chars(DIGITS, 8), uid()])),
    lambda: ("payment_intent", "pi_" + chars(ALNUM, 24)),
    lambda: ("card_last4", chars(DIGITS, 4)),
    lambda: ("card_brand", "visa"),
    lambda: ("phone_verified", "false"),
    lambda: ("x5t", b64u(RNG.randbytes(20))),
    lambda: ("kid", b64u(RNG.randbytes(8))),
    lambda: ("session_id", chars(HEX, 32)),
    lambda: ("csrf", "disabled"),
    lambda: ("seed", chars(DIGITS, 10)),
    lambda: ("upc", chars(DIGITS, 12)),
    lambda: ("msg_sid", "SM" + chars(HEX, 32)),
    lambda: ("npi_count", "3"),
    lambda: ("author", pick(["dependabot[bot]", "github-actions", "CI Bot"])),
    lambda: ("mac_count", "4"),
    lambda: ("cipher", "TLS_AES_256_GCM_SHA384"),
    lambda: ("columns", "['name', 'email', 'phone', 'ssn']"),
    lambda: ("serial", ":".join(chars(HEX, 2) for _ in range(pick([8, 10, 20])))),
    lambda: ("ptr", "0x7f" + chars(HEX, 10)),
]


def clean_fields(count: int) -> list[tuple[str, str]]:
    return [pick(CLEAN)() for _ in range(count)]
