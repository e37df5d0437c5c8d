"""mandate.md: one letter to one person, by the call of the page; who has it opens that letter and no other."""

import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from caller import Caller, set_up
from house import READY, Terminal
from pages import ROOT, block, rows

PAGE = "mandate.md"
GIVER, HOLDER, OTHER = "erika@example.org", "max@example.org", "fremd@example.org"


def letters(terminal: Terminal, handle: str) -> tuple[str, str]:
    """Two letters of an authority, sent by the program of json.md."""
    terminal.write("send.py", block("json.md", "Send a letter", "python"))
    told = [terminal.run(f"SIEGEL_HANDLE={handle} python send.py") for _ in range(2)]
    first, second = (re.search(r"ltr_[0-9a-f]{32}", one)[0] for one in told)
    return first, second


def in_a_month() -> str:
    return (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def given(check, giver: Caller, letter: str) -> tuple[str, str]:
    first, text = block(PAGE, "Give one letter to one person", "json").split("\n", 1)
    method, path = first.split()
    asked = json.loads(text)
    asked["scope"]["letterId"] = letter
    asked["requestId"] = secrets.token_hex(16)
    # The day of the page will be over some day.
    asked["validUntil"] = in_a_month()
    answer = giver.post(path, **asked)
    mandate, code = answer.get("mandate", {}), answer.get("code", "")
    check(method == "POST" and mandate.get("state") == "MANDATE_STATE_PENDING", "the call of the page gives a mandate that waits", answer)
    check(re.match(r"^[0-9A-Z]{4}-", code) is not None, "the code looks as the page shows it", code)
    return mandate["mandateId"], code


def accepted(check, code: str, holder: Caller, other: Caller) -> None:
    wrong = [code[:-1] + ("2" if code[-1] != "2" else "3"), "7Q2M-0000-0000-0000-0000"]
    told = [other.post("MandateService/AcceptMandate", code=one).get("reason") for one in wrong]
    check(told == ["MANDATE_CODE_UNKNOWN"] * 2, "a wrong code is always the same refusal", told)
    taken = holder.post("MandateService/AcceptMandate", code=code).get("mandate", {})
    check(taken.get("state") == "MANDATE_STATE_ACTIVE", "who has the code accepts it", taken)
    again = other.post("MandateService/AcceptMandate", code=code)
    check(again.get("reason") == "MANDATE_CODE_UNKNOWN", "a used code is no code", again)


def used(check, giver: Caller, holder: Caller, reader: Caller, mandate: str, principal: str, sent: tuple[str, str]) -> None:
    letter, other = sent
    opened = reader.post("MailboxService/Open", letterId=letter, principalAccountId=principal)
    check("bodies" in opened and opened["receipt"]["kind"] == "opened_by_delegate", "who holds it opens the letter, with a receipt", opened)
    refused = reader.post("MailboxService/Open", letterId=other, principalAccountId=principal)
    check("bodies" not in refused and "reason" in refused, "and no other", refused)
    listed = reader.ask("MailboxService/ListLetters", principalAccountId=principal)
    shown = [one["letterId"] for one in listed.get("letters", [])]
    check((shown, listed.get("total"), listed.get("unread")) == ([letter], "0", "0"), "the list shows that letter, and no counts", listed)
    for name, side in (("who gave it", giver), ("who holds it", holder)):
        uses = side.ask("MandateService/ListUses", mandateId=mandate).get("uses", [])
        about = [(use["about"]["letterId"], use["path"].split(".")[0]) for use in uses]
        check(about != [] and set(about) == {(letter, f"mandate:{mandate}")}, f"{name} sees what it was used for", uses)
    ended = giver.post("MandateService/RevokeMandate", mandateId=mandate).get("mandate", {})
    check(ended.get("state") == "MANDATE_STATE_REVOKED", "who gave it ends it", ended)
    late = reader.ask("MailboxService/Preview", letterId=letter, principalAccountId=principal)
    check("letter" not in late and "reason" in late, "the next question is refused", late)


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    terminal.write("set-up.toml", set_up(GIVER, HOLDER, OTHER))
    named = re.search(r"`resource=urn:siegel:(\w+)`", (ROOT / "docs/how-to" / PAGE).read_text())[1]
    try:
        terminal.start("siegel up --seed set-up.toml", READY)
        giver, holder, other = (Caller(email, named) for email in (GIVER, HOLDER, OTHER))
        sent = letters(terminal, Caller(GIVER, "postbox").claims["postbox_handle"])
        mandate, code = given(check, giver, sent[0])
        accepted(check, code, holder, other)
        principal = terminal.run(f"echo {GIVER} | siegel admin accounts find").split()[-1]
        used(check, giver, holder, Caller(HOLDER, "postbox"), mandate, principal, sent)
        listed = giver.ask("MandateService/ListPackages").get("packages", [])
        packages = [row[0].strip("`") for row in rows(PAGE, "| Package |")]
        check(sorted(one["package"] for one in listed) == sorted(packages), "the packages are those of the page", listed)
    finally:
        terminal.end_all()
