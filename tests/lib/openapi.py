#!/usr/bin/env python3
"""The OpenAPI document of a running suite: valid, the one `siegel openapi` prints, and kept by every operation.

    openapi.py PROGRAM ORIGIN PERSON.json [EXAMPLES]

PERSON.json is what `node tests/clients/node/person.mjs` prints. schemathesis sends EXAMPLES requests (default 30) to each
operation, with tokens that hold: never a 500, never a status, type or body that the document does not tell of.
"""

import base64
import hashlib
import json
import subprocess
import sys
import time
import uuid
import warnings
from pathlib import Path

import hypothesis
import requests
import schemathesis
from cryptography.hazmat.primitives.serialization import load_der_private_key
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "clients/python"))
import siegel_client as siegel  # noqa: E402

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Streams without end: read by tests/clients/node/postbox.mjs.
ENDLESS = "/Watch"


class Holder:
    """A token, its key, and the nonce each path was last told."""

    def __init__(self, token, proof):
        self.token, self.proof, self.nonces = token, proof, {}

    def send(self, origin, method, path, kwargs):
        """Sends once more where a nonce was asked for."""
        headers = dict(kwargs.pop("headers", None) or {})
        for _ in range(2):
            headers["Authorization"] = f"DPoP {self.token}"
            headers["DPoP"] = self.proof.make(method, origin + path, self.token, self.nonces.get(path))
            answer = requests.request(method, origin + path, headers=headers, timeout=30, **kwargs)
            fresh = answer.headers.get("DPoP-Nonce")
            self.nonces[path] = fresh or self.nonces.get(path)
            if answer.status_code != 401 or "use_dpop_nonce" not in answer.headers.get("WWW-Authenticate", ""):
                return answer
        return answer


def person(text):
    known = json.loads(text)
    proof = siegel.Proof(load_der_private_key(base64.b64decode(known["pkcs8"]), None))
    return Holder(known["token"], proof)


def authority(demo):
    proof = siegel.Proof()
    token = siegel.fetch_token(demo["origin"], demo["authority"], "urn:siegel:postbox", "postbox.deliver", proof)
    return Holder(token, proof)


def document(program, origin):
    """The document as it is served, after every doubt."""
    answer = requests.get(f"{origin}/openapi.json", timeout=30)
    answer.raise_for_status()
    served = answer.json()
    printed = json.loads(subprocess.run([program, "openapi"], check=True, capture_output=True, timeout=60).stdout)
    if served != printed:
        sys.exit("what `siegel openapi` prints is not what is served")
    OpenAPIV31SpecValidator(served).validate()
    return served


def known(value, facts, seen):
    """Every other request names a letter, a file and a recipient that there are: what lies behind is tried too."""
    if sum(seen.values()) % 2 == 0 or not isinstance(value, dict):
        return value
    inner = {k: known(v, facts, seen) for k, v in value.items()}
    return inner | {k: v for k, v in facts.items() if k in inner}


def exercise(operation, holders, facts, origin, examples):
    """Sends generated requests; answers how many, by status."""
    scopes = {scope for rule in operation.definition.raw.get("security", []) for scopes in rule.values() for scope in scopes}
    holder = holders["person" if "postbox.read" in scopes else "client"]
    seen = {}

    @hypothesis.settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def attempt(case):
        path = case.formatted_path
        kwargs = {"headers": {k: v for k, v in (case.headers or {}).items() if v.isprintable() and v.isascii()}}
        if case.query:
            kwargs["params"] = known(case.query, facts, seen)
        if case.body is not NOT_SET:
            kwargs["json"] = known(case.body, facts, seen)
        answer = holder.send(origin, case.method.upper(), path, kwargs)
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        case.validate_response(schemathesis.Response.from_requests(answer, verify=True), checks=CHECKS)

    attempt()
    return seen


def opened_letter(office, person, origin, handle):
    """Ids of a letter with a file that its recipient opened."""
    content = b"<?xml version=\"1.0\"?>\n<a/>\n"
    declaration = {"name": "a.xml", "mediaType": "application/xml", "sizeBytes": str(len(content)),
                   "sha256": base64.b64encode(hashlib.sha256(content).digest()).decode()}
    letter = {"handle": handle, "subject": "Zum Ausprobieren", "requiredLevel": "TRUST_LEVEL_SUBSTANTIAL",
              "deliveryType": "DELIVERY_TYPE_INFORMATION", "bodies": [{"language": "de", "plainText": "Guten Tag."}]}
    file = {"declaration": declaration, "content": base64.b64encode(content).decode()}
    request = {"requestId": str(uuid.uuid4()), "letter": letter, "attachments": [file]}
    sent = office.send(origin, "POST", "/v1/postbox/SenderService/Submit", {"json": request})
    sent.raise_for_status()
    opening = {"requestId": str(uuid.uuid4()), "letterId": sent.json()["letterId"]}
    opened = person.send(origin, "POST", "/v1/postbox/MailboxService/Open", {"json": opening})
    opened.raise_for_status()
    attachment = opened.json()["attachments"][0]["attachmentId"]
    return {"letterId": opening["letterId"], "attachmentId": attachment, "handle": handle, "organisationId": ""}


def main():
    warnings.filterwarnings("ignore")
    program, origin, token = sys.argv[1:4]
    examples = int(sys.argv[4]) if len(sys.argv) > 4 else 30
    served = document(program, origin)
    print(f"{len(served['paths'])} operations, valid OpenAPI {served['openapi']}")
    demo = siegel.credentials() | {"origin": origin}
    holders = {"person": person(Path(token).read_text()), "client": authority(demo)}
    handle = json.loads(Path(token).read_text())["handle"]
    facts = opened_letter(holders["client"], holders["person"], origin, handle)
    failed, began = [], time.monotonic()
    for result in schemathesis.openapi.from_dict(served).get_all_operations():
        operation = result.ok()
        if ENDLESS in operation.path:
            continue
        try:
            # Tokens are for the postbox: of other services only the refusal is seen.
            enough = examples if operation.path.startswith("/v1/postbox/") else 2
            seen = exercise(operation, holders, facts, origin, enough)
            print(f"ok    {operation.label}: {', '.join(f'{n} × {s}' for s, n in sorted(seen.items()))}")
        except Exception as error:  # noqa: BLE001: the other operations are tried as well
            failed.append(operation.label)
            print(f"FAIL  {operation.label}: {error}")
    print(f"{time.monotonic() - began:.1f} s")
    if failed:
        sys.exit(f"openapi: {len(failed)} operations do what the document does not tell")


if __name__ == "__main__":
    main()
