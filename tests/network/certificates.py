"""Certificates and keys as an operator would make them: one CA for the house, one for the origin."""

import base64
import datetime
import hashlib
import json
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

PKCS8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def pem(key) -> str:
    return key.private_bytes(*PKCS8).decode()


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def jwks(key) -> dict:
    """The public key; its id is its thumbprint (RFC 7638)."""
    numbers = key.public_key().public_numbers()
    text = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    public = {"crv": "P-256", "kty": "EC", "x": text(numbers.x.to_bytes(32, "big")), "y": text(numbers.y.to_bytes(32, "big"))}
    kid = text(hashlib.sha256(json.dumps(public, separators=(",", ":"), sort_keys=True).encode()).digest())
    return {"keys": [public | {"alg": "ES256", "use": "sig", "kid": kid}]}


class Authority:
    def __init__(self, name: str):
        self.key = p256()
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key, x509.BasicConstraints(ca=True, path_length=0))

    def _sign(self, subject, key, *extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())

    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, host: str, folder: Path) -> Path:
        """tls.crt, tls.key and ca.crt for one DNS name."""
        key = p256()
        empty = x509.Name([])
        certificate = self._sign(empty, key, x509.BasicConstraints(ca=False, path_length=None), x509.SubjectAlternativeName([x509.DNSName(host)]))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "tls.key").write_text(pem(key))
        (folder / "ca.crt").write_text(self.pem())
        return folder


def secret(name: str) -> str:
    """What belongs into a key of a Secret, by the rules of docs/how-to/kubernetes.md."""
    if name == "log-signing-key.pem":
        return pem(ed25519.Ed25519PrivateKey.generate())
    if name.endswith(".pem"):
        return pem(p256())
    return base64.b64encode(secrets.token_bytes(32)).decode()
