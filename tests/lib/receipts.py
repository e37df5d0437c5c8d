#!/usr/bin/env python3
"""Verifies every receipt that `siegel demo` left, and breaks each one to see it refused.

usage: receipts.py SIEGEL_BIN DIR ORIGIN
Runs without a network where the machine lets us take it away (as root on Linux).
"""

import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

URLSAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def offline_prefix():
    probe = ["unshare", "--net", "true"]
    if shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0:
        return ["unshare", "--net"]
    return []


def verify(binary, file, *options):
    command = [*offline_prefix(), binary, "receipt", "verify", str(file), "--json", *options]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    try:
        report = json.loads(run.stdout)
    except json.JSONDecodeError:
        report = {}
    return run.returncode, report, run.stdout + run.stderr


def said(binary, file, *options):
    """What the command says to people."""
    command = [*offline_prefix(), binary, "receipt", "verify", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def check_key_line(binary, file, keys, thumbprint):
    """The key by its thumbprint, and where it came from: it decides what the rest is worth."""
    for options, source in (
        ((), "found beside the receipt: not independently confirmed"),
        (("--keys", str(keys)), "from the file given with --keys"),
        (("--thumbprint", thumbprint), "confirmed by the thumbprint given with --thumbprint"),
    ):
        line = f"Key SHA-256 {thumbprint} ({source})"
        check(line in said(binary, file, *options).splitlines(), f"{file.name}: no line {line!r}")
    german = f"Schlüssel SHA-256 {thumbprint} (aus der mit --keys angegebenen Datei)"
    check(german in said(binary, file, "--keys", str(keys), "--lang", "de").splitlines(), f"no line {german!r}")


def thumbprint(receipt):
    """RFC 7638 of the key that stands beside the receipt under the `kid` of its JWS."""
    head = receipt["jws"].split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def flipped(receipt, part):
    """The receipt with one bit changed in part 1 (payload) or 2 (signature) of its JWS."""
    pieces = receipt["jws"].split(".")
    text, at = pieces[part], len(pieces[part]) // 2
    pieces[part] = text[:at] + URLSAFE[URLSAFE.index(text[at]) ^ 1] + text[at + 1 :]
    return {**receipt, "jws": ".".join(pieces)}


def check(condition, message):
    if not condition:
        sys.exit(f"receipts: {message}")


def main():
    binary, directory, origin = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    files = sorted(directory.glob("receipt-*.json"))
    check(len(files) >= 2, f"{directory} holds {len(files)} receipts, expected at least two")
    with tempfile.TemporaryDirectory() as temp:
        keys = pathlib.Path(temp, "keys.json")
        keys.write_bytes(urllib.request.urlopen(f"{origin}/log/keys.json", timeout=10).read())
        for file in files:
            code, report, text = verify(binary, file)
            check(code == 0, f"{file.name} does not verify:\n{text}")
            check(report.get("trusted_keys") is False, f"{file.name}: keys found beside it count as trusted")
            code, report, text = verify(binary, file, "--keys", str(keys))
            check(code == 0, f"{file.name} does not verify with the published keys:\n{text}")
            check(report.get("trusted_keys") is True, f"{file.name}: keys given by --keys do not count as trusted")
            receipt = json.loads(file.read_text(encoding="utf-8"))
            check_key_line(binary, file, keys, thumbprint(receipt))
            for part, name in ((1, "payload"), (2, "signature")):
                # Beside the keys, as the good one was.
                broken = directory / f"broken-{name}.json"
                broken.write_text(json.dumps(flipped(receipt, part)), encoding="utf-8")
                code, _, text = verify(binary, broken, "--keys", str(keys))
                broken.unlink()
                check(code == 1, f"{file.name} with a changed {name}: exit {code}, expected 1\n{text}")
            print(f"{file.name}: holds, and is refused with one changed bit in payload or signature")
    print("network taken away during verification" if offline_prefix() else "network could not be taken away here")


if __name__ == "__main__":
    main()
