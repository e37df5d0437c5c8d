"""organisation.md: a claim from the founder to the letter, ended by who got the letter, and another recovered."""

import json
import re
from pathlib import Path

import person
import pypdf
from browser import Browser
from caller import ORIGIN, PASSWORD, Caller, set_up
from house import READY, Terminal, wait_for
from pages import ROOT, block

PAGE = "organisation.md"
FOUNDER, NEXT = "erika@example.org", "max@example.org"
ENTRY = {"kind": "HRB", "court": "Amtsgericht Schwerin", "number": "1234"}


def commands(part: str) -> str:
    """The lines with this word that stand in the list of steps, without the list's indentation."""
    text = (ROOT / "docs/how-to" / PAGE).read_text()
    (found,) = (one for one in re.findall(r"```sh\n(.*?)```", text, re.S) if part in one)
    return re.sub(r"^ {5}", "", found, flags=re.M)


def settings(terminal: Terminal) -> str:
    """What the page sets, with the files that it names."""
    terminal.run(
        "mkdir keys && head -c 32 /dev/urandom > keys/organisation-kek && chmod 600 keys/organisation-kek\n"
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=Register -keyout register.key -out organisations.pem 2>/dev/null"
    )
    return block(PAGE, "Settings", "toml")


def claimed(founder: Caller) -> tuple[str, str]:
    register = {"register" + name.title(): value for name, value in ENTRY.items()}
    made = founder.post("OrganisationService/CreateOrganisation", name="Muster GmbH", legalForm="GmbH", **register)
    organisation = made["organisation"]["organisationId"]
    wanted = {"organisationId": organisation, "method": "CLAIM_METHOD_OPERATOR", "claimantName": "Erika Mustermann"}
    return organisation, founder.post("ClaimService/ClaimOrganisation", **wanted)["claim"]["claimId"]


def proven(check, terminal: Terminal, claim: str) -> str:
    """The operator's commands of the page; answers the text of the letter."""
    told = terminal.run(commands("organisation approve").replace("clm_…", claim))
    check(told.count(claim) >= 2 and "Muster GmbH" in told and told.rstrip().endswith('"became": "cooling"\n}'), "the operator finds the claim and approves it", told)
    terminal.run("rm -f letter.pdf\n" + commands("organisation print").replace("clm_…", claim))
    again = terminal.run(f"siegel admin organisation print {claim} again.pdf 2>&1 || true")
    check("not at a point where this is done" in again and not (terminal.folder / "again.pdf").exists(), "once it counts as sent nobody prints the code again", again)
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(terminal.folder / "letter.pdf").pages)


def state(terminal: Terminal, claim: str) -> str:
    return re.search(r'"state": "([a-z_]+)"', terminal.run(f"siegel admin organisation show {claim}"))[1]


def ended(check, terminal: Terminal, founder: Caller) -> None:
    """Whoever holds the letter ends the claim."""
    organisation, claim = claimed(founder)
    letter = proven(check, terminal, claim)
    check("Schlossstraße 1" in letter and "19053 Schwerin" in letter and "Erika Mustermann" in letter, "the letter goes to the address of the proof and names the claimant", letter)
    check(state(terminal, claim).endswith("cooling") and "Nach 7 Tagen" in letter, "with the sending the cooling period begins", letter)
    early = founder.post("MemberService/InviteMember", organisationId=organisation, name="Max", email=NEXT, role="ROLE_CASE_WORKER", minimumLevel=3, locale="de")
    check(early.get("reason") == "CLAIM_COOLING", "until it ends nobody is invited", early)
    place, name, code = (re.search(rf"{word} (\S+)", letter)[1] for word in ("Seite", "Kontoname", "Widerrufscode"))
    browser, path = Browser(), re.search(r"account name and code at `([^`]+)`", (ROOT / "docs/how-to" / PAGE).read_text())[1]
    check(place == ORIGIN + path, "the letter names the page where the code is typed", place)
    typed = browser.open(place)

    def sends(name: str, code: str) -> str:
        return browser.submit(typed, typed.form("account_name", "code"), account_name=name, code=code).text

    refusal = "oder der Code wurde schon benutzt"
    wrong = [sends(name, code[:-1] + ("2" if code[-1] != "2" else "3")), sends("2222-2222-22", code)]
    check(all(refusal in text for text in wrong), "wrong and unknown codes are answered alike")
    check("Die Inanspruchnahme ist beendet" in sends(name, code), "account name and code end the claim, without an account")
    check(refusal in sends(name, code), "the code counts once")
    gone = founder.ask("OrganisationService/GetOrganisation", organisationId=organisation)
    check(state(terminal, claim).endswith("revoked") and "reason" in gone, "and the membership that goes back to it", gone)


def rejected(check, terminal: Terminal, founder: Caller) -> None:
    command = re.search(r"# or: (reject clm_…)", commands("organisation approve"))[1]
    _, claim = claimed(founder)
    terminal.run(f"siegel admin organisation {command.replace('clm_…', claim)}")
    check(state(terminal, claim).endswith("rejected"), "or the operator rejects a claim", claim)


def recovered(check, terminal: Terminal, founder: Caller, after: Caller) -> None:
    organisation, claim = claimed(founder)
    proven(check, terminal, claim)
    wait_for(lambda: state(terminal, claim) == "active", 30, "the claim has effect")
    account = terminal.run(f"echo {FOUNDER} | siegel admin accounts find").split()[-1]
    browser = Browser()
    person.walk(browser, browser.open(f"{ORIGIN}/login/credentials/delete"), person.password(FOUNDER, PASSWORD), person.delete_account)
    wait_for(lambda: "\nfinished" in terminal.run(f"siegel admin accounts deletion {account}"), 60, "the deletion")
    entries = (ENTRY, ENTRY | {"number": "99"})
    answers = [after.post("ClaimService/RequestRecovery", register=entry, claimantName="Max Mustermann") for entry in entries]
    check([sorted(answer) for answer in answers] == [sorted(answers[0])] * 2 and "reason" not in answers[0], "asked for a recovery, the answer is the same whether or not there is such an organisation", answers)
    waiting = json.loads(terminal.run("siegel admin organisation claims"))["claims"]
    found = [one["claim"] for one in waiting if one["organisation"] == organisation]
    if not check(len(found) == 1 and all(one["recovery"] for one in waiting), "the operator sees for which organisation", waiting):
        return
    letter = proven(check, terminal, found[0])
    check("Max Mustermann" in letter, "the letter names who asks", letter)
    wait_for(lambda: state(terminal, found[0]) == "active", 30, "the recovery has effect")
    members = after.ask("MemberService/ListMembers", organisationId=organisation).get("members", [])
    check([member["role"] for member in members] == ["ROLE_OWNER"], "when nobody typed the code, who asked is owner", members)


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    terminal.write("set-up.toml", set_up(FOUNDER, NEXT))
    # Where `siegel up` and `siegel admin` both read it.
    terminal.write("siegel-data/siegel.toml", settings(terminal))
    try:
        terminal.start("siegel up --seed set-up.toml", READY)
        founder = Caller(FOUNDER)
        rejected(check, terminal, founder)
        ended(check, terminal, founder)
        terminal.end_last()
        # Nobody waits seven days here.
        patient = (terminal.folder / "siegel-data/siegel.toml").read_text()
        terminal.write("siegel-data/siegel.toml", patient.replace("cooling_days = 7", "cooling_days = 0"))
        terminal.start("siegel up", READY)
        recovered(check, terminal, Caller(FOUNDER), Caller(NEXT))
    finally:
        terminal.end_all()
