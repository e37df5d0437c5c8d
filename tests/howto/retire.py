"""retire-an-account-system.md: its line, its command, its reasons, its question to the database."""

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import offers
from house import READY, Terminal
from pages import ROOT, block, rows

PAGE = "retire-an-account-system.md"
# What the command reads of an installation: here of the sandbox that runs.
INSTALLATION = """
profile = "sandbox"
origin = "http://localhost:8080"

[identity]
token_signing_key_file = "siegel-data/keys/token-signing.pem"
key_encryption_key_file = "siegel-data/keys/identity-kek"
pairwise_key_file = "siegel-data/keys/pairwise"
nonce_key_file = "siegel-data/keys/identity-nonce"
database.url = "sqlite:siegel-data/db/identity.sqlite"

[account]
key_encryption_key_file = "siegel-data/keys/account-kek"
nonce_key_file = "siegel-data/keys/account-nonce"
database.url = "sqlite:siegel-data/db/account.sqlite"
object_store = { kind = "files", dir = "siegel-data/objects/account" }

"""
SET_UP = '[[tenants]]\nid = "land"\nname = "Land"\n\n' + offers.SET_UP


def bad_lines(known: str) -> dict[str, str]:
    """For each reason of the page a line that is left out for it; `known` was imported before."""
    attribute = {"name": "given_name", "value": "Erika"}

    def line(number: int, **fields) -> str:
        return json.dumps({"id": f"b{number}", "email": "b@example.org", "level": "low"} | fields)

    def with_attributes(number: int, *attributes: dict) -> str:
        return line(number, attributes=list(attributes))

    return {
        "LINE_TOO_LONG": with_attributes(1, attribute | {"value": "x" * 70_000}),
        "LINE_MALFORMED": line(2, colour="red"),
        "ID_MALFORMED": line(3, id=""),
        "EMAIL_MALFORMED": line(4, email="nobody"),
        "LEVEL_UNKNOWN": line(5, level="top"),
        "TIME_MALFORMED": line(6, valid_until="soon"),
        "EXPIRED": line(7, valid_until="2020-01-01"),
        "ATTRIBUTE_UNKNOWN": with_attributes(8, attribute | {"name": "shoe_size"}),
        "ATTRIBUTE_TWICE": with_attributes(9, attribute, attribute),
        "VALUE_MALFORMED": with_attributes(10, {"name": "date_of_birth", "value": "long ago"}),
        "SOURCE_UNKNOWN": with_attributes(11, attribute | {"source": "rumour"}),
        "LEVEL_TOO_HIGH": with_attributes(12, attribute | {"level": "high"}),
        "ID_TWICE": line(99, email="other@example.org"),
        "IMPORTED_OTHERWISE": json.dumps(json.loads(known) | {"email": "other@example.org"}),
    }


def on_a_terminal(terminal: Terminal, command: str) -> tuple[int, str]:
    """Exit code of a command whose standard error is a terminal, and what that shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["bash", "-c", command], cwd=terminal.folder, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:  # the other side is closed: how Linux says that it is over
        pass
    os.close(ours)
    return process.wait(60), seen.decode()


def operator(check, terminal: Terminal, command: str) -> None:
    """The operator of the page with her key; somebody else with a key of their own imports nothing."""
    anna, other = (terminal.run(f"siegel admin operators new-key {name}.pem --operator anna") for name in ("anna", "other"))
    terminal.write("siegel.toml", INSTALLATION + anna)
    check(anna != other and anna.startswith("[[identity.operators]]"), "an operator gets a key", anna)
    for what, wrong in {"a wrong key": command.replace("anna.pem", "other.pem"), "no key": command.replace(" --operator-key anna.pem", "")}.items():
        done = subprocess.run(["bash", "-c", wrong], cwd=terminal.folder, capture_output=True, text=True, timeout=60)
        check(done.returncode == 1 and terminal.asks("account", "SELECT COUNT(*) FROM imported_accounts") == [(0,)], f"with {what} nothing is imported", done.stdout + done.stderr)


def imports(check, terminal: Terminal, command: str, known: str) -> None:
    said = terminal.run(command)
    check("1 lines: 1 accounts wait" in said, "the line of the page is imported", said)
    again = terminal.run(command)
    waiting = terminal.asks("account", "SELECT COUNT(*) FROM imported_accounts")
    check(again == said and waiting == [(1,)], "the same file again changes nothing", f"{again} {waiting}")
    lines = bad_lines(known)
    listed = [reason for row in rows(PAGE, "| Reason |") for reason in re.findall(r"[A-Z_]{5,}", row[0])]
    check(sorted(listed) == sorted(lines), "every reason of the page is tried", sorted(set(listed) ^ set(lines)))
    good = json.dumps({"id": "b99", "email": "b@example.org"})
    terminal.write("bad.jsonl", "\n".join([good, *lines.values()]) + "\n")
    done = subprocess.run(["bash", "-c", command.replace("accounts.jsonl", "bad.jsonl")], cwd=terminal.folder, capture_output=True, text=True, timeout=60)
    report = (terminal.folder / "bad.jsonl.report").read_text()
    found = [entry["reason"] for entry in map(json.loads, report.splitlines())]
    check(done.returncode == 2 and found == list(lines), "bad lines are left out, each with its reason", f"{done.returncode} {done.stderr} {report}")
    check(done.stderr == "", "there is no bar where standard error is no terminal", done.stderr)
    told = re.search(r"`(\{\"line\".*?\})`", "".join(" ".join(row) for row in rows(PAGE, "| Exit code |")))
    check(told is not None and set(json.loads(told[1])) == set(json.loads(report.splitlines()[0])), "the report has the fields of the page", report)


def bar(check, terminal: Terminal, command: str) -> None:
    many = "".join(json.dumps({"id": f"m{n}", "email": f"m{n}@example.org"}) + "\n" for n in range(3_000))
    terminal.write("many.jsonl", many)
    code, seen = on_a_terminal(terminal, command.replace("accounts.jsonl", "many.jsonl"))
    steps = re.findall(r"\[(#* *)\] +(\d+) %", seen)
    check(code == 0 and len(steps) >= 2 and steps[-1][1] == "100", "a bar on the terminal says how far it is, to its end", f"{code} {seen!r}")


def on_record(check, terminal: Terminal) -> None:
    text = (ROOT / "docs/how-to" / PAGE).read_text()
    named = re.findall(r"`(account\.(?:import|offer)\.\w+)`", text)
    kinds = {kind: actor for kind, actor in terminal.asks("account", "SELECT kind, actor FROM audit")}
    # Nothing was over time, and nobody declined.
    wanted = {kind for kind in named if not kind.endswith((".expired", ".declined"))}
    check(wanted <= set(kinds), "the audit trail has the events of the page", kinds)
    check(kinds["account.import.finished"].startswith("operator:anna") and "unproven" not in kinds["account.import.finished"], "and who imported, proven by the key", kinds)


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    terminal.write("set-up.toml", SET_UP)
    known = block(PAGE, "1. Write the file", "json")
    terminal.write("accounts.jsonl", known)
    command = block(PAGE, "2. Import it", "sh")
    try:
        terminal.start("siegel up --seed set-up.toml", READY)
        operator(check, terminal, command)
        imports(check, terminal, command, known)
        bar(check, terminal, command)
        offers.taken(check)
        offers.withheld(check, terminal, command, known)
        on_record(check, terminal)
        question = block(PAGE, "What is stored", "sql")
        answer = terminal.asks("account", question)
        check(sorted(answer) == [("servicekonto-alt", "claimed", 1), ("servicekonto-alt", "waits", 3_002)], "the question of the page counts what waits", answer)
    finally:
        terminal.end_all()
