"""A person at a client that calls the services in their name, as JSON."""

import base64
import hashlib
import json
import secrets
import time

import httpx
import jwt
import person
from browser import Browser
from cryptography.hazmat.primitives.asymmetric import ec
from rp import REDIRECT, Portal, registration

ORIGIN, PASSWORD = "http://localhost:8080", "Kennwort der Prüfung ist lang"
CLIENT, SECRET = "aufrufe", "ein-Geheimnis-nur-fuer-diese-Pruefung"
SCOPES = {
    "organisation": "openid organisation.read organisation.write",
    "postbox": "openid postbox postbox.read",
}


def set_up(*people: str) -> str:
    """The client, and people of level substantial. The sandbox's authority writes to handles of its own sector only."""
    scopes = sorted({scope for words in SCOPES.values() for scope in words.split()} | {"profile", "address"})
    own = {"tenant": '"musterstadt"', "sector": '"musterstadt"', "scopes": json.dumps(scopes)}
    return registration(CLIENT, SECRET, **own) + "".join(
        f'[[persons]]\nemail = "{email}"\npassword = "{PASSWORD}"\nlevel = "substantial"\n\n' for email in people
    )


class Bound(httpx.Auth):
    """Requests that prove a key (RFC 9449), anew when a nonce is asked for."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, authorization: str, token: str = ""):
        self.key, self.authorization, self.token = key, authorization, token
        self.public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))

    def auth_flow(self, request: httpx.Request):
        request.headers["authorization"] = self.authorization
        request.headers["dpop"] = self.proof(request, {})
        answer = yield request
        if answer.status_code in (400, 401) and "dpop-nonce" in answer.headers:
            request.headers["dpop"] = self.proof(request, {"nonce": answer.headers["dpop-nonce"]})
            yield request

    def proof(self, request: httpx.Request, more: dict[str, str]) -> str:
        claims = {"htm": request.method, "htu": str(request.url), "jti": secrets.token_urlsafe(16), "iat": int(time.time())} | more
        if self.token:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(self.token.encode()).digest()).rstrip(b"=").decode()
        return jwt.encode(claims, self.key, "ES256", headers={"typ": "dpop+jwt", "jwk": self.public})


class Caller:
    def __init__(self, email: str, service: str = "organisation"):
        self.service, self.key = service, ec.generate_private_key(ec.SECP256R1())
        portal, browser = Portal(ORIGIN, CLIENT, SECRET), Browser(stop=REDIRECT)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        portal.http.auth = Bound(self.key, f"Basic {basic}")
        came = browser.open(portal.ask(scope=SCOPES[service], resource=f"urn:siegel:{service}"))
        came = person.walk(browser, came, person.password(email, PASSWORD), person.allow)
        tokens = portal.tokens(came)
        if "access_token" not in tokens:
            raise RuntimeError(f"no token for {service}: {tokens}")
        self.token, self.claims = tokens["access_token"], tokens["claims"]

    def post(self, path: str, **message) -> dict:
        """The answer to what changes something; of a refusal its reason."""
        return self.ask(path, **{"requestId": secrets.token_hex(16)} | message)

    def ask(self, path: str, **message) -> dict:
        if not path.startswith("/v1/"):
            path = f"/v1/{self.service}/{path}"
        bound = Bound(self.key, f"DPoP {self.token}", self.token)
        return httpx.post(ORIGIN + path, json=message, auth=bound, trust_env=False, timeout=30).json()
