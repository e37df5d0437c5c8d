"""mandate.md and organisation.md: one letter to one person, and a claim from the founder to the letter."""

import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import person
from browser import Browser
from house import READY, Terminal
from pages import ROOT, block, rows
from rp import REDIRECT, Portal, registration

ORIGIN, SECRET, PASSWORD = "http://localhost:8080", "ein-Geheimnis-nur-fuer-diese-Pruefung", "Kennwort der Prüfung ist lang"
GIVER, HOLDER, OTHER = "erika@example.org", "max@example.org", "fremd@example.org"
SCOPES = '["openid", "organisation.read", "organisation.write"]'
SET_UP = registration("vollmachten", SECRET, scopes=SCOPES) + "".join(
    f'[[persons]]\nemail = "{email}"\npassword = "{PASSWORD}"\nlevel = "substantial"\n\n' for email in (GIVER, HOLDER, OTHER)
)


class Caller:
    """A person at a client that may write for organisations."""

    def __init__(self, email: str):
        portal = Portal(ORIGIN, "vollmachten", SECRET)
        browser = Browser(stop=REDIRECT)
        resource = re.search(r"`resource=(urn:siegel:organisation)`", (ROOT / "docs/how-to/mandate.md").read_text())[1]
        came = browser.open(portal.ask(scope="openid organisation.read organisation.write", resource=resource))
        came = person.walk(browser, came, person.password(email, PASSWORD), person.allow)
        self.token = portal.tokens(came)["access_token"]

    def post(self, path: str, **message) -> dict:
        """The answer to what changes something; of a refusal its reason."""
        return self.ask(path, **{"requestId": secrets.token_hex(16)} | message)

    def ask(self, path: str, **message) -> dict:
        if not path.startswith("/v1/"):
            path = f"/v1/organisation/{path}"
        answer = httpx.post(ORIGIN + path, json=message, headers={"authorization": f"Bearer {self.token}"}, trust_env=False, timeout=30)
        return answer.json()


def mandates(check) -> None:
    giver, holder, other = Caller(GIVER), Caller(HOLDER), Caller(OTHER)
    first, text = block("mandate.md", "Give one letter to one person", "json").split("\n", 1)
    method, path = first.split()
    asked = json.loads(text)
    asked["scope"]["letterId"] = "ltr_" + "0" * 31 + "1"
    asked["requestId"] = secrets.token_hex(16)
    # The day of the page will be over some day.
    asked["validUntil"] = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = giver.post(path, **asked)
    mandate, code = given.get("mandate", {}), given.get("code", "")
    check(method == "POST" and mandate.get("state") == "MANDATE_STATE_PENDING" and code, "the call of the page gives a mandate that waits", given)
    check(re.match(r"^[0-9A-Z]{4}-", code) is not None, "the code looks as the page shows it", code)
    wrong = [other.post("MandateService/AcceptMandate", code=one) for one in (code[:-1] + ("2" if code[-1] != "2" else "3"), "7Q2M-0000-0000-0000-0000")]
    check([answer.get("reason") for answer in wrong] == ["MANDATE_CODE_UNKNOWN"] * 2, "a wrong code is always the same refusal", wrong)
    taken = holder.post("MandateService/AcceptMandate", code=code).get("mandate", {})
    check(taken.get("state") == "MANDATE_STATE_ACTIVE", "who has the code accepts it", taken)
    again = other.post("MandateService/AcceptMandate", code=code)
    check(again.get("reason") == "MANDATE_CODE_UNKNOWN", "a used code is no code", again)
    uses = giver.ask("MandateService/ListUses", mandateId=mandate["mandateId"])
    check(uses.get("uses", []) == [] and "reason" not in uses, "who gave it sees that nobody has used it", uses)
    ended = holder.post("MandateService/RevokeMandate", mandateId=mandate["mandateId"]).get("mandate", {})
    check(ended.get("state") == "MANDATE_STATE_REVOKED", "who holds it ends it", ended)
    listed = giver.ask("MandateService/ListPackages").get("packages", [])
    packages = [row[0].strip("`") for row in rows("mandate.md", "| Package |")]
    check(sorted(one["package"] for one in listed) == sorted(packages), "the packages are those of the page", listed)


def claim(check, terminal: Terminal) -> None:
    founder = Caller(GIVER)
    fields = {"name": "Muster GmbH", "legalForm": "GmbH", "registerKind": "HRB", "registerCourt": "Amtsgericht Schwerin", "registerNumber": "1234"}
    made = founder.post("OrganisationService/CreateOrganisation", **fields)
    organisation = made.get("organisation", {}).get("organisationId", "")
    claimed = founder.post("ClaimService/ClaimOrganisation", organisationId=organisation, method="CLAIM_METHOD_OPERATOR", claimantName="Erika Mustermann")
    number = claimed.get("claim", {}).get("claimId", "")
    if not check(number.startswith("clm_"), "a founder claims", f"{made} {claimed}"):
        return
    text = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/how-to/organisation.md").read_text(), re.S)
    approve = next(part for part in text if "organisation approve" in part)
    letter = next(part for part in text if "organisation print" in part)
    told = terminal.run(dedent(approve).replace("clm_…", number))
    check(number in told and "Muster GmbH" in told, "the operator finds the claim and approves it", told)
    told = terminal.run(dedent(letter).replace("clm_…", number))
    check((terminal.folder / "letter.pdf").read_bytes().startswith(b"%PDF-"), "the letter is printed, and sent", told)
    shown = terminal.run(f"siegel admin organisation show {number}")
    check(re.search("cool", shown, re.I) is not None, "the cooling period begins with the sending", shown)
    try:
        refused = not terminal.run(f"siegel admin organisation print {number} again.pdf")
    except RuntimeError:
        refused = True
    check(refused and not (terminal.folder / "again.pdf").exists(), "nobody prints the code again")


def dedent(script: str) -> str:
    """The lines without the indentation of their list; what a here-document holds keeps its own."""
    return re.sub(r"^ {5}", "", script, flags=re.M)


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    terminal.write("set-up.toml", SET_UP)
    try:
        terminal.start("siegel up --seed set-up.toml", READY)
        mandates(check)
        claim(check, terminal)
    finally:
        terminal.end_all()
