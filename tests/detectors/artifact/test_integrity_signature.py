"""Detached signatures of OpenSSF model signing: built here in its form, verified, and broken in every way."""

import base64
import datetime
import hashlib
import json

import pytest

pytest.importorskip("cryptography")
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assay_detectors.artifact.integrity_listing import Unreadable
from assay_detectors.artifact.integrity_signature import read_signature

TYPE = "application/vnd.in-toto+json"
FILES = {"a.bin": b"a", "sub/b.bin": b"bb"}
CURVES = {"p256": (ec.SECP256R1(), hashes.SHA256()), "p384": (ec.SECP384R1(), hashes.SHA384()),
          "p521": (ec.SECP521R1(), hashes.SHA512())}  # fmt: skip


def pem(private):
    public = private.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def statement(**changes):
    resources = [
        {"name": name, "algorithm": "sha256", "digest": hashlib.sha256(content).hexdigest()}
        for name, content in FILES.items()
    ]
    root = hashlib.sha256(b"".join(bytes.fromhex(entry["digest"]) for entry in resources)).hexdigest()
    how = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": [".git", "model.sig"]}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "m", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"serialization": how, "resources": resources}, **changes,
    }  # fmt: skip


def sign(private, digest=None, payload=None, material=None, **changes):
    raw = json.dumps(payload or statement()).encode()
    message = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(raw), raw)
    signature = private.sign(message, ec.ECDSA(digest)) if digest else private.sign(message)
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": material or {"publicKey": {"hint": "0" * 64}, "tlogEntries": []},
        "dsseEnvelope": {"payload": base64.b64encode(raw).decode(), "payloadType": TYPE,
                         "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}]}, **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


def read(bundle, key=None, certificates=None):
    return read_signature(json.dumps(bundle).encode(), key=key, certificates=certificates)


@pytest.mark.parametrize(("curve", "digest"), CURVES.values(), ids=CURVES)
def test_curves(curve, digest):
    private = ec.generate_private_key(curve)
    listing = read(sign(private, digest), pem(private))
    assert not listing.broken
    assert {entry.name: entry.digest for entry in listing.entries} == {
        name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()
    }
    assert listing.ignored == [".git", "model.sig"]
    assert not listing.links
    assert listing.signer.startswith(f"{curve.name} key sha256:")


def test_ed25519():
    private = ed25519.Ed25519PrivateKey.generate()
    assert read(sign(private), pem(private)).signer.startswith("ed25519 key")


def test_another_key_breaks_it(key):
    other = ec.generate_private_key(ec.SECP256R1())
    found = read(sign(key, hashes.SHA256()), pem(other))
    assert "another key made it" in found.broken
    assert found.entries == []


@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_changed_payload_breaks_it(key, at):
    bundle = sign(key, hashes.SHA256())
    raw = bytearray(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    raw[at] ^= 1
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(raw).decode()
    assert read(bundle, pem(key)).broken


def test_a_list_that_contradicts_its_own_digest_breaks_it(key):
    wrong = statement(subject=[{"name": "m", "digest": {"sha256": "0" * 64}}])
    found = read(sign(key, hashes.SHA256(), wrong), pem(key))
    assert "contradicts itself" in found.broken
    assert found.entries == []


def edited(**edits):
    """Return a statement with a part of its predicate replaced."""
    found = statement()
    found["predicate"] |= edits
    return found


STATEMENTS = {
    "other predicate": (statement(predicateType="https://model_signing/Digests/v0.1"), "model signing 1.0 or later"),
    "no statement": (statement(_type="x"), "no in-toto statement"),
    "no subject": (statement(subject=[]), "unknown form"),
    "other method": (edited(serialization={"method": "tensors", "hash_type": "sha256"}), "unknown form"),
    "blake3": (edited(resources=[{"name": "a", "algorithm": "blake3", "digest": "0" * 64}]), "does not compute"),
    "md5": (edited(resources=[{"name": "a", "algorithm": "md5", "digest": "0" * 32}]), "uses md5"),
    "short digest": (edited(resources=[{"name": "a", "algorithm": "sha256", "digest": "00"}]), "hex digits"),
    "numbers": (edited(resources=[{"name": 1, "algorithm": "sha256", "digest": "00"}]), "unknown form"),
}


@pytest.mark.parametrize(("payload", "why"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements_that_are_not_read(key, payload, why):
    with pytest.raises(Unreadable) as error:
        read(sign(key, hashes.SHA256(), payload), pem(key))
    assert why in str(error.value)


def bundle_with(**changes):
    return lambda bundle: {**bundle, **changes}


BUNDLES = {
    "no media type": (lambda b: {k: v for k, v in b.items() if k != "mediaType"}, "no Sigstore bundle"),
    "other kind": (bundle_with(mediaType="application/json"), "does not read"),
    "no envelope": (bundle_with(dsseEnvelope=None, messageSignature={}), "signs no list"),
    "other payload": (lambda b: b | {"dsseEnvelope": b["dsseEnvelope"] | {"payloadType": "x"}}, "no in-toto"),
    "two signatures": (
        lambda b: b | {"dsseEnvelope": b["dsseEnvelope"] | {"signatures": b["dsseEnvelope"]["signatures"] * 2}}, "one"
    ),
    "no base64": (lambda b: b | {"dsseEnvelope": b["dsseEnvelope"] | {"payload": "*"}}, "no base64"),
    "keyless": (
        bundle_with(verificationMaterial={"certificate": {"rawBytes": ""}, "tlogEntries": [{"logIndex": "1"}]}),
        "keyless signature",
    ),
    "certificate": (
        bundle_with(verificationMaterial={"x509CertificateChain": {"certificates": [{"rawBytes": ""}]}}),
        "declare `certificates`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "why"), BUNDLES.values(), ids=BUNDLES)
def test_bundles_that_are_not_read(key, spoil, why):
    with pytest.raises(Unreadable) as error:
        read(spoil(sign(key, hashes.SHA256())), pem(key))
    assert why in str(error.value)


def test_keys_that_are_none(key):
    bundle = sign(key, hashes.SHA256())
    for text, why in (("", "no public key"), ("-----BEGIN PUBLIC KEY-----\nAAAA\n", "no public key"),
                      (pem(rsa.generate_private_key(65537, 2048)), "rsa key")):  # fmt: skip
        with pytest.raises(Unreadable, match=why):
            read(bundle, text)


def test_without_cryptography_it_is_not_verified_and_says_how_to(key, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(Unreadable, match=r"pip install 'model-assay\[sign\]'"):
        read(sign(key, hashes.SHA256()), pem(key))


# certificates

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
SIGNING = (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True)
ISSUING = (x509.KeyUsage(False, False, False, False, False, True, False, False, False), True)
AUTHORITY = (x509.BasicConstraints(True, None), True)
LAST = (x509.BasicConstraints(True, 0), True)


def certificate(name, private, issuer, issuer_key, *extensions, days=3650, start=START):
    who = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer)]
    builder = x509.CertificateBuilder().subject_name(who[0]).issuer_name(who[1]).public_key(private.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(start + datetime.timedelta(days))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def keys():
    return {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "middle", "signer", "other")}


def chained(keys, signer, middle):
    material = {"x509CertificateChain": {"certificates": [
        {"rawBytes": base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).decode()}
        for cert in (signer, middle)
    ]}, "tlogEntries": []}  # fmt: skip
    return sign(keys["signer"], hashes.SHA256(), material=material)


def text(cert):
    return cert.public_bytes(serialization.Encoding.PEM).decode()


def trio(keys, *, signer=(SIGNING,), middle=(LAST, ISSUING), **how):
    root = certificate("root", keys["root"], "root", keys["root"], AUTHORITY, ISSUING)
    inner = certificate("middle", keys["middle"], "root", keys["root"], *middle, **how)
    return root, inner, certificate("signer", keys["signer"], "middle", keys["middle"], *signer)


def test_a_chain_to_a_trusted_authority(keys):
    root, middle, signer = trio(keys)
    found = read(chained(keys, signer, middle), certificates=text(root))
    assert not found.broken
    assert found.signer.startswith("CN=signer, secp256r1 key")
    assert "revoked" in found.told[0]


CODE, SERVER = ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH
OWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
LIMITS = (x509.NameConstraints([x509.DNSName("example.org")], None), True)
CHAINS = {
    "middle is no authority": {"middle": (ISSUING,)},
    "middle says so": {"middle": ((x509.BasicConstraints(False, None), True), ISSUING)},
    "middle may not issue": {"middle": (LAST, SIGNING)},
    "middle was not yet valid": {"start": START + datetime.timedelta(days=30)},
    "middle had expired": {"start": START - datetime.timedelta(days=90), "days": 30},
    "middle has limits": {"middle": (LAST, ISSUING, LIMITS)},
    "middle has a surprise": {"middle": (LAST, ISSUING, OWN)},
    "signer is not for signing": {"signer": (ISSUING,)},
    "signer is a server": {"signer": (SIGNING, (x509.ExtendedKeyUsage([SERVER]), False))},
    "signer says nothing": {"signer": ()},
    "signer has a surprise": {"signer": (SIGNING, OWN)},
}


@pytest.mark.parametrize("how", CHAINS.values(), ids=CHAINS)
def test_chains_that_do_not_hold(keys, how):
    root, middle, signer = trio(keys, **how)
    assert read(chained(keys, signer, middle), certificates=text(root)).broken


def test_another_root_of_the_same_name_does_not_hold(keys):
    _, middle, signer = trio(keys)
    other = certificate("root", keys["other"], "root", keys["other"], AUTHORITY, ISSUING)
    assert "does not lead to" in read(chained(keys, signer, middle), certificates=text(other)).broken


def test_a_path_longer_than_an_authority_allows(keys):
    root = certificate("root", keys["root"], "root", keys["root"], LAST, ISSUING)
    _, middle, signer = trio(keys, signer=(SIGNING, (x509.ExtendedKeyUsage([CODE]), False)))
    assert read(chained(keys, signer, middle), certificates=text(root)).broken
    assert not read(chained(keys, signer, middle), certificates=text(middle)).broken


def test_the_key_of_another_certificate_does_not_sign(keys):
    root, middle, _ = trio(keys)
    stranger = certificate("signer", keys["other"], "middle", keys["middle"], SIGNING)
    assert read(chained(keys, stranger, middle), certificates=text(root)).broken


def test_certificates_that_are_none(keys):
    root, middle, signer = trio(keys)
    with pytest.raises(Unreadable, match="no certificate in PEM"):
        read(chained(keys, signer, middle), certificates="nothing")
    with pytest.raises(Unreadable, match="declare the signer's `key`"):
        read(sign(keys["signer"], hashes.SHA256()), certificates=text(root))


# the detector with a signature


@pytest.fixture
def signed(tmp_path, key):
    """Return a function that writes and signs a model folder, spoils it, and returns value, differences and run."""
    from assay.targets.base import Target
    from assay.targets.resolve import resolve
    from assay.testing.direct import run_detector
    from assay_detectors.artifact.integrity import Integrity

    def run(payload, spoil=lambda m: None, pub=""):
        for name, content in {**FILES, "empty": b""}.items():
            (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "m" / name).write_bytes(content)
        (tmp_path / "model.sig").write_text(json.dumps(sign(key, hashes.SHA256(), payload)))
        (tmp_path / "key.pub").write_text(pub or pem(key))
        manifest = "version: 1\nname: t\nmodel: {path: m}\nintegrity: {signature: model.sig, key: key.pub}\n"
        (tmp_path / "assay.yaml").write_text(manifest)
        spoil(tmp_path / "m")
        found = resolve(tmp_path / "assay.yaml")
        said = run_detector(Integrity(), Target(found.manifest, found.root, found.inputs))
        numbers = [m for m in said.measurements if m.metric == "artifact.integrity.mismatches"]
        return [(m.value, [(e.kind, e.locator.file) for e in m.evidence]) for m in numbers], said

    return run


def shards():
    """Sign parts of one byte; files without content have no part."""
    resources = [
        {"name": f"{name}:{at}:{at + 1}", "algorithm": "sha256-sharded-1",
         "digest": hashlib.sha256(content[at : at + 1]).hexdigest()}
        for name, content in FILES.items() for at in range(len(content))
    ]  # fmt: skip
    root = hashlib.sha256(b"".join(bytes.fromhex(entry["digest"]) for entry in resources)).hexdigest()
    found = edited(resources=resources, serialization={"method": "shards", "shard_size": 1, "allow_symlinks": False})
    return found | {"subject": [{"name": "m", "digest": {"sha256": root}}]}


def linked(m):
    (m / "a.bin").rename(m.parent / "elsewhere")
    (m / "a.bin").symlink_to("../elsewhere")


SHARDS = {
    "as signed": (lambda m: None, []),
    "a byte more": (lambda m: (m / "a.bin").write_bytes(b"aa"), [("mismatch", "m/a.bin")]),
    "a byte less": (lambda m: (m / "sub" / "b.bin").write_bytes(b"b"), [("mismatch", "m/sub/b.bin")]),
    "the last byte": (lambda m: (m / "sub" / "b.bin").write_bytes(b"bc"), [("mismatch", "m/sub/b.bin")]),
    "gone": (lambda m: (m / "sub" / "b.bin").unlink(), [("missing", "m/sub/b.bin")]),
    "new": (lambda m: (m / "new").write_bytes(b"n"), [("unlisted", "m/new")]),
    "a link": (linked, [("mismatch", "m/a.bin")]),
}


@pytest.mark.parametrize(("spoil", "differences"), SHARDS.values(), ids=SHARDS)
def test_signed_parts_of_files(signed, spoil, differences):
    assert signed(shards(), spoil)[0] == [(len(differences), differences)]


def test_a_signed_folder(signed):
    assert signed(statement())[0] == [(1, [("unlisted", "m/empty")])]
    found, said = signed(
        statement(), lambda m: ((m / "empty").unlink(), (m / ".git").mkdir(), (m / ".git" / "x").touch())
    )
    assert found == [(0, [])]
    assert said.not_covered == (
        "model.sig: not compared (left out by the reference, or files of version control): m/.git/x",
    )


def test_a_signature_that_does_not_hold_is_one_mismatch_at_least(signed):
    found, said = signed(statement(), pub=pem(ec.generate_private_key(ec.SECP256R1())))
    assert found == [(1, [("mismatch", "model.sig")])]
    assert said.measurements[-1].interval.high is None


def test_a_private_key_is_not_taken_along(signed, key):
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    found, said = signed(statement(), pub=secret)
    assert found == []
    assert "holds a private key" in said.unresolved[0].reason
    assert secret.splitlines()[1] not in repr(said)
