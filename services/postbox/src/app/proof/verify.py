#!/usr/bin/env python3
"""Verifies a proof package (`siegel-proof/1`): every file, signature, chain and place in the log.

    pip install "PyJWT[crypto]"
    python3 verify.py [FOLDER] [--keys FILE] [--thumbprint SHA256]
                      [--letter letter.json] [--attachment FILE ...]

Nothing but this script, Python, PyJWT and its `cryptography` is needed; no network. Exit code 0:
everything holds. The formats: docs/receipts.md and docs/how-to/prove-a-delivery.md.
"""

import argparse
import base64
import datetime
import hashlib
import json
import pathlib
import sys

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

UNLISTED = {"index.json", "index.jws"}  # the index cannot name itself


class Broken(Exception):
    """Something does not hold."""


def need(condition, message):
    if not condition:
        raise Broken(message)


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def load(path):
    return json.loads(path.read_bytes())


def thumbprint(key):
    """RFC 7638."""
    members = {name: key[name] for name in ("crv", "kty", "x", "y")}
    return sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode())


def signed(token, typ, keys):
    """The claims of a token and the key that signed it."""
    header = jwt.get_unverified_header(token)
    need(header.get("typ") == typ and header.get("alg") == "ES256", f"not a {typ} token with ES256")
    found = [key for key in keys["keys"] if key["kid"] == header["kid"]]
    need(len(found) == 1, f"no key {header['kid']}")
    need(thumbprint(found[0]) == header["kid"], "a key is not what its id says")
    options = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_sub": False, "require": []}
    try:
        key = jwt.PyJWK(found[0], algorithm="ES256")
        return jwt.decode(token, key, algorithms=["ES256"], options=options), found[0]
    except jwt.PyJWTError as error:
        raise Broken(f"a signature does not hold: {error}") from error


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def in_time(key, text):
    at, begin, end = instant(text), key.get("siegel_valid_from"), key.get("siegel_valid_to")
    need(not begin or instant(begin) <= at, "signed before its key was valid")
    need(not end or at <= instant(end), "signed after its key was valid")


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf, index, size, proof):
    """RFC 9162 section 2.1.3.2."""
    fn, sn, top = index, size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    need(0 <= index < size, "a place beyond the end of the log")
    for step in proof:
        need(sn != 0, "a proof is too long")
        if fn & 1 or fn == sn:
            top = node(step, top)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            top = node(top, step)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "a proof is too short")
    return top


def checkpoint(note, origin, keys):
    """Size and root of a checkpoint that the log signed (C2SP signed-note)."""
    body, _, signatures = note.partition("\n\n")
    lines = body.split("\n")
    need(lines[0] == origin, "a checkpoint of another log")
    for key in keys.get("siegel_log_keys", []):
        name, number, data = key.split("+", 2)
        data = base64.b64decode(data)
        for line in signatures.split("\n"):
            parts = line.split(" ")
            if name != origin or len(parts) != 3 or parts[1] != name:
                continue
            signature = base64.b64decode(parts[2])
            if signature[:4].hex() != number or data[0] != 1:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(data[1:]).verify(signature[4:], (body + "\n").encode())
                return int(lines[1]), base64.b64decode(lines[2])
            except InvalidSignature:
                raise Broken("a checkpoint's signature does not hold") from None
    raise Broken("no key of the log signed the checkpoint")


def placed(place, leaf, keys):
    size, top = checkpoint(place["checkpoint"], place["origin"], keys)
    need(root(leaf, place["index"], size, [b64(step) for step in place["proof"]]) == top,
         "a proof does not lead to the checkpoint")


def receipts(folder, keys, letter):
    """Every receipt: signature, time of its key, chain, disclosures, place in the log."""
    previous, bodies, places, key = None, [], 0, None
    for path in sorted(folder.glob("receipts/*.json")):
        file = load(path)
        need(file["format"] == "siegel-receipt/1", f"{path.name} is no receipt")
        claims, key = signed(file["jws"], "secevent+jwt", keys)
        need(claims["sub"] == letter, f"{path.name} is about another letter")
        (name, body), = claims["events"].items()
        need(name == f"urn:siegel:event:{body['kind']}", f"{path.name}: the event contradicts its kind")
        need(body.get("previous") == previous, f"{path.name} does not follow the one before it")
        in_time(key, body["recorded_time"])
        for what, shown in file.get("disclosed", {}).items():
            value = sha256(b64(shown["salt"]) + shown["value"].encode())
            need(body["commitments"].get(what) == value, f"{path.name}: {what} is not what was committed to")
        if "log" in file:
            leaf = hashlib.sha256(b64(file["leaf_salt"]) + file["jws"].encode()).digest()
            placed(file["log"], leaf, keys)
            places += 1
        previous = sha256(file["jws"].encode())
        bodies.append(body)
    need(bodies, "there is no receipt")
    return bodies, places, key


def head(folder, keys, letter):
    """The mailbox's head after this letter (recipient's copy)."""
    path = folder / "mailbox-head.json"
    if not path.exists():
        return
    it = load(path)
    need(it["letter_id"] == letter, "the mailbox's head is of another letter")
    fields = [b"siegel-mailbox-head/1", it["mailbox_id"].encode(), it["sequence"].to_bytes(8, "big"),
              b64(it["previous"]), it["letter_id"].encode(), b64(it["content_digest"]), b64(it["provided_digest"])]
    made = hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in fields)).digest()
    need(made == b64(it["head"]), "the mailbox's head is not made from its fields")
    if it.get("place"):
        placed(it["place"], hashlib.sha256(b64(it["leaf_salt"]) + made).digest(), keys)


def package(folder, keys):
    """Every file is the one that was handed out; the index says so under a signature."""
    raw = (folder / "index.json").read_bytes()
    claims, _ = signed((folder / "index.jws").read_text().strip(), "siegel-proof+jwt", keys)
    need(claims["index_sha256"] == sha256(raw), "index.json is not the one that was signed")
    index = json.loads(raw)
    need(index["format"] == "siegel-proof/1", "not a proof package of this version")
    need(claims["sub"] == index["letter_id"], "the index is signed for another letter")
    need([item["item"] for item in index["items"]] == list(range(1, 13)), "not all twelve items are there")
    listed = {file["path"]: file for file in index["files"]}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - UNLISTED
    need(there == set(listed), f"files missing or added: {sorted(there ^ set(listed))}")
    for path, file in listed.items():
        data = (folder / path).read_bytes()
        need(len(data) == file["size_bytes"] and sha256(data) == file["sha256"], f"{path} was changed")
    for item in index["items"]:
        for receipt in load(folder / item["file"])["receipts"]:
            need(receipt in listed, f"{receipt} is missing")
    return index


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--keys", type=pathlib.Path, help="a key set you fetched yourself")
    parser.add_argument("--thumbprint", help="of the signing key, from a source you trust")
    parser.add_argument("--letter", type=pathlib.Path, help="content_json of the letter")
    parser.add_argument("--attachment", type=pathlib.Path, action="append", default=[])
    args = parser.parse_args()
    try:
        keys = load(args.keys or args.folder / "keys.json")
        index = package(args.folder, keys)
        bodies, places, key = receipts(args.folder, keys, index["letter_id"])
        head(args.folder, keys, index["letter_id"])
        found = thumbprint(key)
        need(not args.thumbprint or args.thumbprint == found, f"the key is {found}, not the one you named")
        if args.letter:
            need(sha256(args.letter.read_bytes()) == bodies[0]["content_digest"], "another letter")
        for path in args.attachment:
            need(sha256(path.read_bytes()) in bodies[0]["attachment_digests"], f"{path.name} is no attachment of it")
    except (Broken, OSError, KeyError, ValueError, IndexError, TypeError, AttributeError, jwt.PyJWTError) as error:
        print(f"DOES NOT HOLD: {error}")
        return 1
    print(f"holds: letter {index['letter_id']}, {len(bodies)} receipts, {places} of them in the public log")
    for body in bodies:
        print(f"  {body['event_time']}  {body['kind']}")
    independent = args.keys or args.thumbprint
    print(f"key {found} ({'confirmed by you' if independent else 'found beside the receipts: not independently confirmed'})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
