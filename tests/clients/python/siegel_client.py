"""A small Siegel client: a sender-constrained token, and gRPC calls that prove the key.

Generated code comes from proto/ at run time; nothing here knows more than the published interfaces:
RFC 7523 (private_key_jwt), RFC 9449 (DPoP), RFC 8707 (resource), gRPC.
"""

import base64
import hashlib
import importlib.resources
import os
import pathlib
import sys
import tempfile
import time
import tomllib
import uuid
from urllib.parse import urlsplit

import grpc
import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[3]


def credentials():
    """The file that `siegel up` wrote, with the origin this run talks to."""
    path = os.environ.get("SIEGEL_CREDENTIALS", "siegel-data/demo.toml")
    with open(path, "rb") as file:
        demo = tomllib.load(file)
    demo["origin"] = os.environ.get("SIEGEL_ORIGIN", demo["origin"])
    return demo


def generate(proto=ROOT / "proto"):
    """Generates Python code for every .proto file and makes it importable."""
    out = tempfile.mkdtemp(prefix="siegel-proto-")
    files = [str(f.relative_to(proto)) for f in sorted(proto.rglob("*.proto"))]
    well_known = str(importlib.resources.files("grpc_tools") / "_proto")
    arguments = ["protoc", f"-I{proto}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    if protoc.main(arguments) != 0:
        sys.exit("protoc refused proto/")
    sys.path.insert(0, out)


def target(origin):
    """Host and port for a gRPC channel."""
    parts = urlsplit(origin)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def channel(origin):
    if urlsplit(origin).scheme == "https":
        return grpc.secure_channel(target(origin), grpc.ssl_channel_credentials())
    return grpc.insecure_channel(target(origin))


def _b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Proof:
    """A DPoP key and the proofs made with it (RFC 9449 § 4.2)."""

    def __init__(self, key=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        x, y = (_b64(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def make(self, method, url, token=None, nonce=None):
        claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if token:
            claims["ath"] = _b64(hashlib.sha256(token.encode()).digest())
        if nonce:
            claims["nonce"] = nonce
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": self.jwk})


def fetch_token(origin, client, audience, scope, proof):
    """client_credentials with a signed assertion; answers an access token bound to `proof`."""
    meta = httpx.get(f"{origin}/.well-known/openid-configuration").raise_for_status().json()
    nonce = None
    for _ in range(2):
        now = int(time.time())
        assertion = {
            "iss": client["client_id"],
            "sub": client["client_id"],
            "aud": meta["issuer"],
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + 60,
        }
        form = {
            "grant_type": "client_credentials",
            "client_id": client["client_id"],
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(assertion, client["private_key_pem"], algorithm="ES256"),
            "resource": audience,
            "scope": scope,
        }
        url = meta["token_endpoint"]
        answer = httpx.post(url, data=form, headers={"DPoP": proof.make("POST", url, nonce=nonce)})
        if answer.status_code == 400 and answer.json().get("error") == "use_dpop_nonce":
            nonce = answer.headers["DPoP-Nonce"]
            continue
        if answer.status_code != 200:
            raise RuntimeError(f"token endpoint: {answer.status_code} {answer.json().get('error')}")
        body = answer.json()
        if body["token_type"].lower() != "dpop":
            raise RuntimeError(f"token is not sender-constrained but {body['token_type']}")
        return body["access_token"]
    raise RuntimeError("the token endpoint goes on asking for nonces")


class Caller:
    """Calls RPCs with one token; answers a nonce challenge by repeating the call once."""

    def __init__(self, origin, token, proof):
        self.origin, self.token, self.proof, self.nonce = origin, token, proof, None

    def metadata(self, path):
        made = self.proof.make("POST", self.origin + path, self.token, self.nonce)
        return [("authorization", f"DPoP {self.token}"), ("dpop", made)]

    def _challenged(self, error):
        found = dict(error.trailing_metadata() or ()) | dict(error.initial_metadata() or ())
        fresh = found.get("dpop-nonce")
        again = error.code() == grpc.StatusCode.UNAUTHENTICATED and fresh and fresh != self.nonce
        self.nonce = fresh or self.nonce
        return again

    def unary(self, method, path, request, timeout=30):
        for _ in range(3):
            try:
                return method(request, metadata=self.metadata(path), timeout=timeout)
            except grpc.RpcError as error:
                if not self._challenged(error):
                    raise
        raise RuntimeError(f"{path} goes on asking for nonces")

    def stream(self, method, path, request, timeout=60):
        """A server stream, from its first message on."""
        for _ in range(3):
            call = method(request, metadata=self.metadata(path), timeout=timeout)
            try:
                first = next(call)
            except grpc.RpcError as error:
                if not self._challenged(error):
                    raise
                continue

            def messages(first=first, call=call):
                yield first
                yield from call

            return call, messages()
        raise RuntimeError(f"{path} goes on asking for nonces")


def reason(error):
    """The stable reason of a refusal (google.rpc.ErrorInfo), or None."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason
    return None
