"""A portal with a secret that nobody runs: it asks, and redeems what the browser would bring."""

import base64
import hashlib
import secrets
import ssl
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt

REDIRECT = "https://portal.example/callback"


def registration(client_id: str, secret: str, **more: str) -> str:
    """`[[clients]]` for a set-up file; `more` are further lines as TOML values."""
    lines = {
        "client_id": f'"{client_id}"',
        "name": f'"Portal {client_id}"',
        "redirect_uris": f'["{REDIRECT}"]',
        "client_secret": f'"{secret}"',
        "purpose": '"Prüfung"',
        "scopes": '["openid", "profile", "address"]',
    } | more
    return "[[clients]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()) + "\n"


class Portal:
    def __init__(self, origin: str, client_id: str, secret: str, trust: ssl.SSLContext | bool = True):
        self.origin, self.client_id = origin, client_id
        self.http = httpx.Client(verify=trust, timeout=30, trust_env=False, auth=(client_id, secret))
        self.metadata = httpx.get(f"{origin}/.well-known/openid-configuration", verify=trust, trust_env=False).json()
        self.asked: dict[str, str] = {}

    def ask(self, **more: str) -> str:
        """The address of one authorization request."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        self.asked = {"verifier": verifier, "state": secrets.token_urlsafe(16), "nonce": secrets.token_urlsafe(16)}
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "scope": "openid",
            "state": self.asked["state"],
            "nonce": self.asked["nonce"],
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return str(httpx.URL(self.metadata["authorization_endpoint"], params=query | more))

    def answer(self, came: str) -> dict[str, str]:
        """The parameters the browser came back with, if they belong to the request."""
        found = {name: values[0] for name, values in parse_qs(urlsplit(came).query).items()}
        if found.get("state") != self.asked["state"] or found.get("iss") != self.origin:
            raise RuntimeError(f"an answer to something else: {came}")
        return found

    def tokens(self, came: str) -> dict:
        """Redeems the code; `claims` are those of the ID token, checked."""
        answer = self.answer(came)
        if "code" not in answer:
            raise RuntimeError(f"refused: {answer}")
        return self.token(grant_type="authorization_code", code=answer["code"], redirect_uri=REDIRECT, code_verifier=self.asked["verifier"])

    def token(self, **body: str) -> dict:
        tokens = self.http.post(self.metadata["token_endpoint"], data=body).json()
        if "id_token" in tokens:
            keys = {k["kid"]: jwt.PyJWK(k) for k in self.http.get(self.metadata["jwks_uri"], auth=None).json()["keys"]}
            key = keys[jwt.get_unverified_header(tokens["id_token"])["kid"]]
            tokens["claims"] = jwt.decode(tokens["id_token"], key, algorithms=["ES256"], audience=self.client_id, issuer=self.origin)
            if body["grant_type"] == "authorization_code" and tokens["claims"]["nonce"] != self.asked["nonce"]:
                raise RuntimeError("the ID token is for another request")
        return tokens

    def userinfo(self, tokens: dict) -> httpx.Response:
        return self.http.get(self.metadata["userinfo_endpoint"], auth=None, headers={"authorization": f"Bearer {tokens['access_token']}"})
