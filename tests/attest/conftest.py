"""A small model that passed, its saved result, and keys of every kind."""

import os
import pickle
import subprocess
import sys
from types import SimpleNamespace
from typing import NamedTuple

import pytest


class Done(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self):
        """The only line on stderr."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("assay: "), self.err
        return lines[0]


def run(*arguments, cwd, **env):
    """Run `assay ...` as a user does."""
    done = subprocess.run(
        [sys.executable, "-m", "assay.cli", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120,
        check=False, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def private_key(kind):
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    return {
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ecdsa-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ecdsa-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ecdsa-p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "ecdsa-k1": lambda: ec.generate_private_key(ec.SECP256K1()),
        "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
        "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),
    }[kind]()


def write_keys(folder, kind="ed25519", name="key", passphrase=None):
    """Write `NAME.pem` and `NAME.pub`; return both paths."""
    from cryptography.hazmat.primitives import serialization as s

    key = private_key(kind)
    locked = s.BestAvailableEncryption(passphrase) if passphrase else s.NoEncryption()
    pem, pub = folder / f"{name}.pem", folder / f"{name}.pub"
    pem.write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, locked))
    pub.write_bytes(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
    return pem, pub


@pytest.fixture(scope="session")
def tools():
    """Return the functions of this module, for fixtures that outlive a test."""
    return SimpleNamespace(run=run, write_keys=write_keys, Done=Done)


@pytest.fixture(scope="session")
def scanned(tmp_path_factory):
    """A folder with `model.pkl` (clean), `bad.pkl` and the results of their scans."""
    folder = tmp_path_factory.mktemp("scanned")
    (folder / "model.pkl").write_bytes(pickle.dumps({"weights": [0.1, 0.2]}))
    (folder / "bad.pkl").write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    assert run("scan", "model.pkl", "-q", "-o", "json=model.json", cwd=folder).code == 0
    assert run("scan", "bad.pkl", "-q", "-o", "json=bad.json", cwd=folder).code == 1
    return folder


@pytest.fixture
def here(scanned, tmp_path):
    """A copy of `scanned`, with a key."""
    import shutil

    shutil.copytree(scanned, tmp_path, dirs_exist_ok=True)
    write_keys(tmp_path)
    return tmp_path


@pytest.fixture
def dated(here):
    """Return a function that says when a saved result was scanned."""
    import json

    def write(started, name="model.json"):
        data = json.loads((here / name).read_text())
        data["provenance"]["run"]["started"] = started
        (here / name).write_text(json.dumps(data))

    return write


@pytest.fixture
def assay(here, monkeypatch, capsys):
    """Return a function that runs `assay ...` in `here`, in this process, which is quicker."""
    from assay.cli.main import run as run_here

    monkeypatch.chdir(here)

    def call(*arguments, **env):
        with monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            capsys.readouterr()
            code = run_here([*map(str, arguments)])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return call


@pytest.fixture
def assay_process(here):
    """Return a function that does the same in a process of its own."""
    return lambda *arguments, **env: run(*arguments, cwd=here, **env)


@pytest.fixture
def keys(here):
    """Return `write_keys`, which writes into `here`."""
    return lambda *arguments, **named: write_keys(here, *arguments, **named)
