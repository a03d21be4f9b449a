"""What logs are full of and what is nobody's: ids, digests, times, vectors, versions; and addresses, which are marked."""

from __future__ import annotations

import base64
import datetime
import re
import string
from collections.abc import Callable
from random import Random

import pii_people as v
from pii_marks import mark
from pii_tokens import ALNUM, BASE64, HEX, LOWER, UPPER, draw

TITLES = (
    *("Random Forest", "Order Service", "North America", "Data Loader", "Blue Green Deploy", "Model Registry"),
    *("Nightly Build", "Green Tea", "Feature Store", "Quarterly Report", "Home Page", "Asia Pacific", "Black Friday"),
    *("Light Gradient Boosting", "Customer Support", "Shopping Cart", "Linear Probe", "Golden Gate", "Canary Release"),
    *(
        "Data Science Team",
        "Search Index",
        "Static Assets",
        "Batch Scoring",
        "Open Weather",
        "Event Bus",
        "Rolling Update",
    ),
    *("Monthly Active Users", "Chief Data Officer", "Vector Database", "Red Hat", "Silver Plan", "Cold Storage"),
)
"""Names of things, capitalised like those of people."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DAY = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
_PLACE = re.compile(r"«(\w+)»")


def _moment(rng: Random) -> datetime.datetime:
    return _DAY + datetime.timedelta(seconds=rng.randint(0, 20_000_000), microseconds=rng.randint(0, 999_999))


def _stamp(form: str) -> v.Make:
    return lambda rng: _moment(rng).strftime(form)


def _iso_ms(rng: Random) -> str:
    return _moment(rng).isoformat(timespec="milliseconds").replace("+00:00", rng.choice(("Z", "+00:00", "+02:00")))


def _uuid(rng: Random) -> str:
    text = draw(rng, HEX, 32)
    return "-".join((text[:8], text[8:12], "4" + text[13:16], "a" + text[17:20], text[20:]))


def _of(*words: str) -> v.Make:
    return lambda rng: rng.choice(words)


def _drawn(alphabet: str, count: int, prefix: str = "") -> v.Make:
    return lambda rng: prefix + draw(rng, alphabet, count)


def _between(low: int, high: int) -> v.Make:
    return lambda rng: str(rng.randint(low, high))


def _vector(rng: Random) -> str:
    return ", ".join(f"{rng.gauss(0, 1):.{rng.choice((4, 6, 8, 16))}f}" for _ in range(rng.randint(3, 12)))


def _bad_card(rng: Random) -> str:
    number = v.card_number(rng, common=True)
    return number[:-1] + str((int(number[-1]) + rng.randint(1, 9)) % 10)


def _bad_iban(rng: Random) -> str:
    text = v.iban(rng).replace(" ", "")
    return f"{text[:2]}{(int(text[2:4]) - 2 + rng.randint(1, 96)) % 97 + 2:02d}{text[4:]}"


def _isbn(rng: Random) -> str:
    body = "978" + v.digits(rng, 9)
    check = -sum(int(d) * (1 + 2 * (place % 2)) for place, d in enumerate(body)) % 10
    text = f"{body}{check}"
    return rng.choice((text, f"{text[:3]}-{text[3:4]}-{text[4:8]}-{text[8:12]}-{text[12:]}"))


def _image(rng: Random) -> str:
    return "data:image/png;base64,iVBORw0KGgo" + base64.b64encode(rng.randbytes(rng.randint(40, 200))).decode()


def _dump(rng: Random) -> str:
    data = rng.randbytes(16)
    return f"{rng.randint(0, 4095) * 16:08x}  {' '.join(f'{b:02x}' for b in data)}"


FILL: dict[str, Callable[[Random], str]] = {
    "uuid": _uuid,
    "ulid": _drawn(_CROCKFORD, 25, "0"),
    "ksuid": _drawn(ALNUM, 26, "2"),
    "nano": _drawn(ALNUM + "_-", 21),
    "oid": _drawn(HEX, 24),
    "md5": _drawn(HEX, 32),
    "sha1": _drawn(HEX, 40),
    "sha256": _drawn(HEX, 64),
    "digest": _drawn(HEX, 64, "sha256:"),
    "short": _drawn(HEX, 7),
    "span": _drawn(HEX, 16),
    "trace": _drawn(HEX, 32),
    "ptr": _drawn(HEX, 12, "0x7f"),
    "b64": lambda rng: base64.b64encode(rng.randbytes(rng.randint(12, 90))).decode(),
    "image": _image,
    "dump": _dump,
    "finger": lambda rng: ":".join(f"{b:02x}" for b in rng.randbytes(20)),
    "sri": lambda rng: "sha384-" + draw(rng, BASE64, 64),
    "epoch": _between(1_500_000_000, 1_800_000_000),
    "epoch_ms": _between(1_500_000_000_000, 1_800_000_000_000),
    "epoch_us": _between(1_500_000_000_000_000, 1_800_000_000_000_000),
    "epoch_ns": _between(15 * 10**17, 18 * 10**17),
    "epoch_f": lambda rng: f"{rng.randint(15 * 10**8, 18 * 10**8)}.{v.digits(rng, 6)}",
    "iso": _iso_ms,
    "time": _stamp("%Y-%m-%d %H:%M:%S"),
    "time_ms": lambda rng: _moment(rng).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3],
    "clf": _stamp("%d/%b/%Y:%H:%M:%S +0000"),
    "slash": _stamp("%Y/%m/%d %H:%M:%S"),
    "syslog": _stamp("%b %e %H:%M:%S"),
    "us_time": _stamp("%m/%d/%Y %I:%M:%S %p"),
    "klog": lambda rng: _moment(rng).strftime("%m%d %H:%M:%S.%f"),
    "day": _stamp("%Y-%m-%d"),
    "clock": _stamp("%H:%M:%S"),
    "int": _between(0, 99_999),
    "small": _between(0, 99),
    "big": _between(10**9, 10**11),
    "id9": _between(10**8, 10**9 - 1),
    "id10": _between(10**9, 10**10 - 1),
    "id11": _between(10**10, 10**11 - 1),
    "num16": _between(10**15, 10**16 - 1),
    "snowflake": _between(10**17, 10**18 - 1),
    "bytes": _between(1024, 10**9),
    "pid": _between(100, 65_000),
    "port": _between(1024, 65_000),
    "status": _of("200", "200", "201", "204", "301", "304", "400", "404", "429", "500", "503"),
    "float": lambda rng: f"{rng.random():.{rng.choice((3, 4, 8, 16))}f}",
    "ms": lambda rng: f"{rng.uniform(0.1, 4000):.3f}",
    "pct": lambda rng: f"{rng.uniform(0, 100):.1f}",
    "vec": _vector,
    "pair": lambda rng: f"{rng.uniform(0, 90):.4f},{rng.uniform(0, 90):.4f}",
    "sci": lambda rng: f"{rng.uniform(1, 9.99):.2f}e-{rng.randint(1, 9):02d}",
    "ver": lambda rng: f"{rng.randint(0, 24)}.{rng.randint(0, 99)}.{rng.randint(0, 40)}",
    "ver4": lambda rng: ".".join(str(rng.randint(0, 250)) for _ in range(4)),
    "rc": lambda rng: f"v{rng.randint(0, 3)}.{rng.randint(0, 30)}.0-rc.{rng.randint(1, 9)}+{draw(rng, HEX, 7)}",
    "badcard": _bad_card,
    "badiban": _bad_iban,
    "isbn": _isbn,
    "sku": lambda rng: (
        f"{draw(rng, string.ascii_uppercase, 3)}-{v.digits(rng, 4)}-{draw(rng, string.ascii_uppercase, 2)}"
    ),
    "order": lambda rng: f"{rng.choice(('ORD', 'INV', 'PO', 'CASE'))}-{rng.randint(2024, 2026)}-{v.digits(rng, 6)}",
    "parcel": lambda rng: rng.choice(
        ("1Z" + draw(rng, UPPER, 16), "9400" + v.digits(rng, 18), "JD0" + v.digits(rng, 15))
    ),
    "dashes": lambda rng: f"{v.digits(rng, 4)}-{v.digits(rng, 3)}-{v.digits(rng, 5)}",
    "range": lambda rng: f"{rng.randint(100, 999)}-{rng.randint(1000, 9999)}",
    "cron": _of("*/5 * * * *", "0 3 * * 1-5", "15 */2 1,15 * *"),
    "host": lambda rng: f"{rng.choice(('web', 'gpu', 'db', 'node', 'edge'))}-{rng.randint(1, 40):02d}",
    "dns": lambda rng: (
        f"{rng.choice(('scoring', 'features', 'ranker', 'billing'))}.{rng.choice(('svc.cluster.local', 'internal', 'prod.lan'))}"
    ),
    "pod": lambda rng: f"{rng.choice(('ranker', 'embedder', 'gateway'))}-{draw(rng, LOWER, 10)}-{draw(rng, LOWER, 5)}",
    "svc": _of("checkout", "scoring-api", "feature-store", "ranker", "tokenizer", "gateway"),
    "file": lambda rng: (
        f"/srv/{rng.choice(('app', 'ml', 'jobs'))}/{rng.choice(('serve', 'train', 'load'))}_{rng.randint(1, 9)}.py"
    ),
    "java": lambda rng: (
        f"com.acme.{rng.choice(('ranking', 'billing', 'ingest'))}.{rng.choice(('Loader', 'QueryPlanner', 'Dispatcher'))}"
    ),
    "model": _of(
        "bert-base-uncased", "xgb-churn", "resnet50", "mistral-7b-instruct", "whisper-small", "all-MiniLM-L6-v2"
    ),
    "title": _of(*TITLES),
    "word": _of("batch", "shard", "replica", "checkpoint", "tokenizer", "vocabulary", "partition", "offset"),
    "npm": lambda rng: (
        f"{rng.choice(('lodash', 'left-pad', '@babel/core', 'express'))}@{rng.randint(1, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}"
    ),
    "bucket": lambda rng: (
        f"s3://ml-artifacts/{rng.choice(('models', 'eval'))}/{draw(rng, HEX, 8)}/part-{rng.randint(0, 99):05d}.parquet"
    ),
    "arn": lambda rng: f"arn:aws:lambda:eu-central-1:{v.digits(rng, 12)}:function:scorer",
    "noval": _of(
        "***",
        "null",
        "<redacted>",
        "[FILTERED]",
        "${DB_PASSWORD}",
        "None",
        "xxxxxxxx",
        "required",
        "{{ secret }}",
        "*****",
    ),
    "agent": lambda rng: (
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{rng.randint(90, 140)}.0.{rng.randint(1000, 7000)}.{rng.randint(1, 250)} Safari/537.36"
    ),
    "ip": lambda rng: mark("IP_ADDRESS", v.ipv4(rng)),
    "lan": lambda rng: mark("IP_ADDRESS", v.private_ipv4(rng)),
    "ip6": lambda rng: mark("IP_ADDRESS", v.ipv6(rng)),
    "loop": lambda rng: mark("IP_LOOPBACK", v.loopback(rng)),
    "mac": lambda rng: mark("MAC_ADDRESS", v.mac(rng)),
}
"""Name of a place in a template -> what stands there. The last five are marked: they are addresses."""


def filled(template: str, rng: Random) -> str:
    """Fill every «name» of a template."""
    return _PLACE.sub(lambda place: FILL[place[1]](rng) if place[1] in FILL else place[0], template)


LOOK_ALIKES: tuple[str, ...] = (
    "request_id=«uuid» ulid=«ulid» took «ms» ms",
    "correlation «uuid» superseded by «uuid»",
    "object «ksuid» nano=«nano» mongo _id=«oid»",
    "checksum md5=«md5» sha1=«sha1» sha256=«sha256»",
    "pulled image registry.internal/«svc»@«digest»",
    "commit «short» («sha1») tagged «rc»",
    "traceparent=00-«trace»-«span»-01 parent=«span»",
    "start=«epoch» start_ms=«epoch_ms» start_us=«epoch_us» start_ns=«epoch_ns»",
    "ts=«epoch_f» deadline=«epoch_f» skew=«sci»",
    "embedding=[«vec»] norm=«float»",
    "loss at step «int»: «pair» lr=«sci» grad_norm=«ms»",
    "version=«ver» previous version «ver4» build «ver4»",
    "upgraded «npm» to «ver»; torch==«ver»+cu121",
    "isbn «isbn» shelf «sku» qty «small»",
    "order «order» shipped, tracking «parcel»",
    "order_number=«id10» customer_no=«id9» invoice=«num16»",
    "card rejected: checksum of «badcard» is wrong",
    "card_check=failed pan_candidate=«badcard»",
    "iban check failed: «badiban»",
    "message_id=«snowflake» offset=«id11» partition=«small»",
    "range «range» page «range» ticket «dashes»",
    "serial «dashes» batch «id9» lot «id11»",
    "thumbnail=«image»",
    "embedding_b64=«b64» dims=«int»",
    "«dump»",
    "tls fingerprint «finger»",
    "integrity «sri»",
    'schedule "«cron»" next=«iso»',
    "password=«noval» api_key=«noval»",
    '"secret": "«noval»", "max_tokens": «int», "token_count": «int»',
    "secretName: db-creds-«small» tokenizer=«model» passwordPolicy=strong",
    'name="«title»" type=«word» replicas=«small»',
    '{"name": "«title»", "kind": "«word»", "id": "«uuid»"}',
    "shape=(«small», «int», «int») dtype=float32 stride=«int»",
    "cache hit «pct»% miss «pct»% size «bytes» bytes",
    "wrote «bucket» rows=«int» bytes=«bytes»",
    "lambda «arn» duration «ms» ms billed «int» ms",
    "core dumped at «ptr» rip=«ptr» rsp=«ptr»",
    "clone git@git.internal:ml/«svc» at «short»",
    "gauge temperature=«pair» position in queue: «small»",
    "retry «small» of «small» for job «oid» in «float» s",
    "std::«word»::at «ptr», core::«word»::new, a::b::c",
    "GET /v«small»/models/«model»:predict «status» «ms»",
    "latency p50=«ms» p95=«ms» p99=«ms»",
    "session «trace» user_id=«id9» tenant=«small» plan=pro",
    "phone_model=Pixel «small» telemetry=«id10» mobile=true",
    "email_queue=«int» email_enabled=true addresses=«small» mail_server=«dns»",
    "dob_format=YYYY-MM-DD birthday_job=«time» valid until «day»",
    "account_id=«id11» passport_module=loaded ssn_check=off",
    "mac_algorithm=hmac-sha256 ip_version=«small» geo_index=rebuilt location=eu-west-«small»",
    "@Override @Transactional icon@2x.png user@«host» deploy@prod",
)
"""Lines without personal data that look as if they had some."""
