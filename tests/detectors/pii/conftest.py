"""Planted values, templates and a runner for the tests of `pii.logs`."""

from __future__ import annotations

import importlib
import io
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.engine import frames
from assay.engine.context import NoPolicy, RunContext, Surroundings
from assay.engine.keys import Contents
from assay.engine.memory import Memory
from assay.engine.store import Store
from assay.engine.supervisor import Answer
from assay.engine.tasks import Interrupted, Limits, TaskRunner
from assay.model.manifest import Manifest
from assay.targets.base import Target
from assay.targets.opened import Opened
from assay.targets.refs import InputRef
from assay.testing.direct import DirectRun, run_detector
from assay_detectors.pii.spec import SPEC

PLANTED: dict[str, tuple[str, str]] = {
    # entity -> key name, value; made up, with valid checksums
    "EMAIL_ADDRESS": ("contact", "maria.lopez+ml@uni-bonn.de"),
    "CREDIT_CARD": ("card_number", "4556 7375 8689 9855"),
    "IBAN_CODE": ("iban", "DE89370400440532013000"),
    "US_SSN": ("ssn", "536-22-8741"),
    "AWS_ACCESS_KEY": ("access_key", "AKIAQRMUVYRM7WLQ7DYX"),
    "AWS_SECRET_KEY": ("aws_secret_access_key", "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"),
    "GITHUB_TOKEN": ("github_token", "ghp_TNehxyMliHSfNsPYQRiD6O7f2olvp1j363Lq"),
    "GITLAB_TOKEN": ("token", "glpat-x8Kd72bQpLmN4vRtYwZs"),
    "SLACK_TOKEN": ("slack_token", "xoxb-152218427883-851271882097-bgdzc3wPVfUPIx4jQrOBRlSC"),
    "HUGGINGFACE_TOKEN": ("hf_token", "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"),
    "OPENAI_KEY": ("api_key", "sk-proj-BI7OfKZKFgkKZ7iaqn9sTUEcyuLtmW4RYtnXCGQA0oKm"),
    "ANTHROPIC_KEY": ("api_key", "sk-ant-api03-BI7OfKZKFgkKZ7iaqn9sTUEcyuLtmW4R"),
    "GOOGLE_API_KEY": ("key", "AIzaSyD4kQ8v2LxW7nTbR5cYp9mZaJ1uHgE3fVs"),
    "DATABRICKS_TOKEN": ("token", "dapi3f9a1c7be2d84065a9c1f7e3b2d84056"),
    "STRIPE_KEY": ("key", "sk_live_9aKx7TqLm2VbNc4RtYwZs8Pd"),
    "NPM_TOKEN": ("npm", "npm_TNehxyMliHSfNsPYQRiD6O7f2olvp1j363Lq"),
    "JWT": ("id_token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxODQwMjE1OTAifQ.hv_7Nk_yApNb_F6aMwXdwOqtOz7wzj8HB9xv2cpYIo"),
    "PASSWORD": ("db_password", "9ZgMaaxx5i%K1"),
    "GENERIC_API_KEY": ("client_secret", "v8Q2mX7nLp4RzT9wK3bY6cJ1"),
    "PHONE_NUMBER": ("msisdn", "+49 30 26221334"),
    "US_ITIN": ("itin", "912-78-4321"),
    "UK_NINO": ("nino", "EC 94 23 18 A"),
    "ES_NIF": ("dni", "26912645T"),
    "PL_PESEL": ("pesel", "44051401359"),
    "IN_AADHAAR": ("aadhaar", "2345 6789 0124"),
    "IT_FISCAL_CODE": ("cf", "RSSMRA85T10A562S"),
    "UK_NHS": ("nhs_number", "943 476 5919"),
    "MEDICAL_RECORD": ("mrn", "MRN-8130972"),
    "PERSON": ("full_name", "Ingrid Okafor"),
    "LOCATION": ("shipping_address", "4369 Elm Road, Springfield, IL 62704"),
    "LAT_LON": ("gps", "50.918961,169.328483"),
    "DATE_OF_BIRTH": ("date_of_birth", "1965-06-03"),
    "IP_ADDRESS": ("client_ip", "203.0.113.77"),
    "IP_LOOPBACK": ("client_ip", "127.0.0.1"),
    "MAC_ADDRESS": ("device_mac", "54:23:6a:f8:82:74"),
}

TEMPLATES: dict[str, Callable[[str, str], str]] = {
    "json": lambda key, value: f'{{"ts": 1718000000, "input": {{"{key}": "{value}"}}, "score": 0.72}}',
    "escaped": lambda key, value: f'{{"msg": "payload", "body": "{{\\"{key}\\": \\"{value}\\"}}"}}',
    "kv": lambda key, value: f'2026-01-02T03:04:05.678Z INFO predict latency=0.1896 {key}="{value}" n=3',
    "repr": lambda key, value: f"DEBUG features={{'{key}': '{value}', 'age': 41, 'x1': 0.123456}}",
    "trace": lambda key, value: f"ValueError: could not convert string to float: '{value}' (column '{key}', row 17)",
}

CLEAN = """\
{"ts": "2026-01-02T03:04:05.678Z", "level": "INFO", "request_id": "9277a437-286d-4284-9ec2-cfcac7428764", "ms": 6.801}
trace=00-bccf2579845a1d16d28319e6e5ad2b46-2e46d699c7e3f0d8-01 span=2e46d699c7e3f0d8 trace_id=4556737586899855
sha256=252ecdd10dc3a336eee3abfed38772035e873aee5e1662b8e397ae9c9443f983 md5=47bff5415614e6dd45722662afff4f30
epoch_s=1617243372 epoch_ms=1688379452476 epoch_us=1688379452476123 epoch_ns=1631007685559848116
version=7.17.18 v23.13.172.3 release 2.1.0-rc1 version=10.2.3.4 build: 1.2.3.4 torch==2.4.1+cu121
features=[-0.70128862, -0.49895863, 2.01634765, 0.4556737586899855, 50.918961,169.328483, 1.0e-05]
card_badluhn=4556737586899856 card: 5105105105105101 num16=7659793821238263 # 4999225032087729
ORD-8854491476 order 1234567890 9 digits 582036976 shape=(8, 1901, 3775) 12 345 678
GET /predict?model=churn-lr&n=3 HTTP/1.1" 200 5401 "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"
password=None password: required token=**** passwd=<redacted> api_key=${API_KEY} "secret": null tokens=42
{"name": "Random Forest", "model_name": "Deep Network", "user": "svc", "path": "/opt/app/model.py:502"}
postgres://svc:***@db.internal/x std::vector local@host-1 icon@2x.png s3://models/prod/63c58174/weights.pt
03-17 16:15:51.863  2227  2227 V PhoneStatusBar: setLightsOn 12:34:56 2005-07-23-11.41.12.568550
val=ZoSJXyIL38lcyADR8XaWSoMb7W+4WUYdMdu7tWqY1E6xaG1JqRQeoWtB4k/A91g3 hexptr 0xfe9ee7706339
hash collision in policy: license invalid for 123456789 and 987654321; iban DE89370400440532013001
"""

Logs = Callable[..., Target]


@pytest.fixture(scope="session")
def planted() -> dict[str, tuple[str, str]]:
    return PLANTED


@pytest.fixture(scope="session")
def templates() -> dict[str, Callable[[str, str], str]]:
    return TEMPLATES


@pytest.fixture(scope="session")
def clean_log() -> str:
    return CLEAN


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    """Write each keyword's content to a file and return the target that names them all; None: the file is missing."""

    def make(**files: str | bytes | None) -> Target:
        refs = []
        for name, content in files.items():
            path = tmp_path / f"{name}.log"
            if content is not None:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
            refs.append(InputRef(f"logs:{path.name}", "log", str(path), path.name))
        return Target(Manifest(version=1, name="t"), tmp_path, tuple(refs))

    return make


@pytest.fixture
def scan() -> Callable[..., DirectRun]:
    from assay_detectors.pii.logs import LogsDetector

    return lambda target, **options: run_detector(LogsDetector(), target, **options)


SCAN = "assay_detectors.pii.scan:scan_shard"


class Here(TaskRunner):
    """Tasks in this process, counted; the worker dies with the `last` one."""

    def __init__(self, *args, last=None, during=None):
        super().__init__(*args)
        self.begun, self._last, self._during = Counter(), last, during
        self._opened = Opened(self.manifest, self.refs)
        self._count, self._one = threading.Lock(), threading.Lock()

    def renew(self, inputs):
        self.refs = tuple(inputs)
        super().renew(self.refs)

    def _ask(self, task):
        with self._count:
            self.begun[task.work] += 1
            if self._last is not None and self.begun[SCAN] > self._last:
                raise Interrupted
        module, _, name = task.work.partition(":")
        with self._one:  # a database of the prefilter serves one thread
            value = getattr(importlib.import_module(module), name)(self._opened, task.shard, **task.arguments)
        if self._during and task.work == SCAN:
            self._during()
        travelled = frames.decode(io.BytesIO(frames.encode(value)).read)
        return Answer(travelled, None, False, "", 0.0, 0.0)


class Scans:
    """Scans that share a store."""

    def __init__(self, folder):
        self.path = folder / "cache" / "store.sqlite"

    def __call__(self, target, *, jobs=1, last=None, during=None, **options):
        """Return what was measured, what was observed, and how many shards were searched; None where it was killed."""
        store = Store.open(self.path, now=time.time())
        tasks = Here({}, target.inputs, Limits(jobs=jobs), Memory(store), last=last, during=during)
        around = Surroundings(tasks, Contents(target.inputs, {}, {}, 0), lambda *_: None, NoPolicy())
        ctx = RunContext(SPEC, {option.name: option.default for option in SPEC.options} | options, around, True)
        try:
            from assay_detectors.pii.logs import LogsDetector

            found = [m.model_dump_json() for m in LogsDetector().run(target, ctx)]
        except Interrupted:
            found = None
        finally:
            tasks.stop()
            store.close()
        return found, [o.model_dump_json() for o in ctx.spool], tasks.begun[SCAN]

    def sealed(self):
        """Return how many entries there are besides the secret of the store."""
        with sqlite3.connect(self.path) as connection:
            return connection.execute("select count(*) from entries").fetchone()[0] - 1


@pytest.fixture
def scans_in() -> type[Scans]:
    """Scans that share a store in a folder."""
    return Scans
