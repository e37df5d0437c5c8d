#!/usr/bin/env python3
"""An authority takes the proof of a letter out, verifies it with the script in it, and breaks it.

    SIEGEL_ORIGIN=… SIEGEL_CREDENTIALS=… SIEGEL_HANDLE=… python proof.py SIEGEL_BIN

Every file of the package is changed by one byte, in turn: the script must see each change.
"""

import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

import pypdf

import siegel_client as siegel

siegel.generate()
import letter as authority  # noqa: E402
from siegel.postbox.v1 import postbox_pb2_grpc as postbox_grpc  # noqa: E402
from siegel.postbox.v1 import proof_pb2 as proofs  # noqa: E402

SERVICE = authority.SERVICE
check = authority.check


def fetch(caller, stub, letter_id):
    request = proofs.ExportProofRequest(letter_id=letter_id, language="de")
    _, messages = caller.stream(stub.ExportProof, f"{SERVICE}/ExportProof", request)
    return b"".join(message.chunk for message in messages)


def complete(archive):
    """Every receipt has its place in the log by now."""
    with zipfile.ZipFile(io.BytesIO(archive)) as package:
        receipts = [name for name in package.namelist() if name.startswith("receipts/") and name.endswith(".json")]
        return all("log" in json.loads(package.read(name)) for name in receipts)


def verify(folder, *options):
    run = subprocess.run([sys.executable, str(folder / "verify.py"), *options], capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout + run.stderr


def changed_byte_is_seen(folder, pristine):
    """One byte in the middle of each file; the script itself is run from outside the package."""
    script = pristine / "verify.py"
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        at = len(content) // 2
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        run = subprocess.run([sys.executable, str(script), str(folder)], capture_output=True, text=True, timeout=60)
        check(run.returncode == 1 and run.stdout.startswith("DOES NOT HOLD"),
              f"a changed byte in {path.name} was not seen: {run.returncode} {run.stdout}{run.stderr}")
        path.write_bytes(content)


def document(path, binary, keys):
    """A receipt's PDF: both standards claimed, tagged, readable, with a receipt inside that verifies."""
    reader = pypdf.PdfReader(path)
    root = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_object().get_data().decode()
    check("<pdfaid:part>3</pdfaid:part>" in xmp and "<pdfuaid:part>1</pdfuaid:part>" in xmp, f"{path.name} claims other standards")
    check(bool(root["/MarkInfo"]["/Marked"]) and "/StructTreeRoot" in root, f"{path.name} is not tagged")
    check(root["/Lang"] == "de" and root["/AF"], f"{path.name} has no language or no associated file")
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    for words in ("Ereignis", "Fingerabdruck des Schlüssels", "So prüfen Sie selbst", "UTC+0"):
        check(words in text, f"{path.name} does not say »{words}«: {text[:400]}")
    inside, = reader.attachments["receipt.json"]
    check(inside == path.with_suffix(".json").read_bytes(), f"{path.name} holds another receipt")
    with tempfile.TemporaryDirectory() as temp:
        file = pathlib.Path(temp, "receipt.json")
        file.write_bytes(inside)
        run = subprocess.run([binary, "receipt", "verify", str(file), "--keys", str(keys)], capture_output=True, text=True, timeout=60)
        check(run.returncode == 0, f"the receipt inside {path.name} does not verify: {run.stdout}{run.stderr}")
        made = pathlib.Path(temp, "own.pdf")
        run = subprocess.run([binary, "receipt", "pdf", str(file), "--keys", str(keys), "--output", str(made)],
                             capture_output=True, text=True, timeout=60)
        check(run.returncode == 0 and list(pypdf.PdfReader(made).attachments) == ["receipt.json"],
              f"siegel receipt pdf: {run.stdout}{run.stderr}")


def validated(documents):
    """veraPDF's word on both standards; `None` on machines without Maven."""
    if not shutil.which("mvn") or not shutil.which("java"):
        return None
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache", "siegel", "verapdf")
    if not list(cache.glob("greenfield-apps-*.jar")):
        pom = siegel.ROOT / "tests" / "clients" / "verapdf" / "pom.xml"
        subprocess.run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={cache}"],
                       check=True, timeout=600)
    for flavour in ("3a", "ua1"):
        command = ["java", "-cp", f"{cache}/*", "org.verapdf.apps.GreenfieldCliWrapper", "--format", "text", "-f", flavour]
        run = subprocess.run([*command, *map(str, documents)], capture_output=True, text=True, timeout=300)
        lines = run.stdout.split("\n")
        passed = [line for line in lines if line.startswith("PASS")]
        check(len(passed) == len(documents), f"veraPDF {flavour}: {run.stdout}{run.stderr}")
    return len(documents)


def main():
    binary = sys.argv[1]
    demo = siegel.credentials()
    proof = siegel.Proof()
    token = siegel.fetch_token(demo["origin"], demo["authority"], "urn:siegel:postbox", "postbox.deliver", proof)
    caller = siegel.Caller(demo["origin"], token, proof)
    with siegel.channel(demo["origin"]) as channel:
        stub = postbox_grpc.SenderServiceStub(channel)
        sent = caller.unary(stub.Submit, f"{SERVICE}/Submit", authority.submission(os.environ["SIEGEL_HANDLE"]))
        for _ in range(40):
            archive = fetch(caller, stub, sent.letter_id)
            if complete(archive):
                break
            time.sleep(0.25)
    with tempfile.TemporaryDirectory() as temp:
        folder, pristine = pathlib.Path(temp, "proof"), pathlib.Path(temp, "pristine")
        for place in (folder, pristine):
            with zipfile.ZipFile(io.BytesIO(archive)) as package:
                package.extractall(place)
        code, said = verify(folder)
        check(code == 0 and "not independently confirmed" in said, f"the package does not verify: {said}")
        check(f"letter {sent.letter_id}" in said and "0 of them in the public log" not in said, said)
        thumbprint = said.rsplit("key ", 1)[1].split(" ")[0]
        check("confirmed by you" in verify(folder, "--thumbprint", thumbprint)[1], "the thumbprint confirms nothing")
        check(verify(folder, "--thumbprint", "x" * 43)[0] == 1, "another thumbprint was taken")
        attachment = siegel.ROOT / "tests" / "fixtures" / "bescheid.pdf"
        check(verify(folder, "--attachment", str(attachment))[0] == 0, "the attachment was not found")
        check(verify(folder, "--attachment", __file__)[0] == 1, "any file counts as attachment")
        changed_byte_is_seen(folder, pristine)
        (folder / "added.txt").write_text("x")
        check(verify(folder)[0] == 1, "an added file was not seen")
        documents = sorted(pristine.glob("receipts/*.pdf"))
        check(len(documents) >= 2, "the package has no documents")
        for path in documents:
            document(path, binary, pristine / "keys.json")
        found = validated(documents)
        print("NOTE: no Maven, veraPDF was not asked" if found is None else f"veraPDF: {found} documents are PDF/A-3a and PDF/UA-1")
        print(f"proof of {sent.letter_id}: holds, {len(documents)} documents, and every changed byte is seen")


if __name__ == "__main__":
    main()
