"""data-subject-requests.md: what the person's archive holds, of somebody who has something of everything."""

import io
import json
import re
import zipfile

import mandate
import person
from browser import Browser
from caller import CLIENT, ORIGIN, PASSWORD, SECRET, Caller
from house import Terminal
from pages import ROOT, rows
from rp import REDIRECT, Portal

OLD, NEW, OTHER = "+49 30 111111", "+49 30 222222", "+49 30 333333"
CONTENT = (ROOT / "tests/fixtures/bescheid.pdf").read_bytes()
LETTER = "Guten Tag, die Genehmigung ist erteilt."


def log_in(browser: Browser, email: str, address: str):
    return person.walk(browser, browser.open(address), person.password(email, PASSWORD), person.allow)


def telephone(browser: Browser, email: str, number: str) -> None:
    page = log_in(browser, email, f"{ORIGIN}/account/edit")
    browser.submit(page, page.form("telephone"), telephone=number)


def something_of_everything(terminal: Terminal, browser: Browser, email: str) -> tuple[str, str]:
    """Answers the letter, which nobody opens, and the mandate."""
    for number in (OLD, NEW):
        telephone(browser, email, number)
    page = log_in(browser, email, f"{ORIGIN}/account/documents")
    form = page.form("file")
    fields = {name: value for name, value in form.fields.items() if name != "file"}
    uploaded = {"file": ("Bescheid.pdf", CONTENT, "application/pdf")}
    browser.http.post(form.action, data=fields, files=uploaded, headers={"origin": ORIGIN})
    portal, visitor = Portal(ORIGIN, CLIENT, SECRET), Browser(stop=REDIRECT)
    asked = portal.ask(scope="openid", claims=json.dumps({"id_token": {"telephone": None, "phone_number": None}}))
    portal.tokens(log_in(visitor, email, asked))
    terminal.write("handle", Caller(email, "postbox").claims["postbox_handle"])
    letter, _ = mandate.letters(terminal, "$(cat handle)")
    caller = Caller(email)
    caller.post("OrganisationService/CreateOrganisation", name="Muster GmbH", legalForm="GmbH")
    end = mandate.in_a_month()
    given = caller.post("MandateService/GrantMandate", toKind="HOLDER_KIND_PERSON", toName="Max Beispiel", package="mail-reader", validUntil=end)
    return letter, given["mandate"]["mandateId"]


def told(archive: zipfile.ZipFile, name: str) -> dict:
    return json.loads(archive.read(f"{name}.json"))


def is_whole(check, archive: zipfile.ZipFile, page: str, email: str) -> None:
    names = archive.namelist()
    promised = [row[0].strip("`") for row in rows(page, "| In it |")]
    missing = [name for name in promised if not any(own == name or (name.endswith("/") and own.startswith(name)) for own in names)]
    check(promised and not missing, "the archive holds what the page promises", f"{missing} of {names}")
    account = told(archive, "account")
    held = [(one["value"], one["source"], one["superseded_at"] is None) for one in account["attributes"] if one["name"] == "telephone"]
    check(sorted(held) == [(OLD, "self_declared", False), (NEW, "self_declared", True)], "attributes with every earlier value and its source", held)
    sections = {"consents", "disclosures", "documents", "document_grants", "staff_accesses", "pending_change"}
    check(sections <= set(account), "what else the page names of account.json is in it", sorted(account))
    consents = [(one["client_id"], one["receipt"] is not None) for one in account["consents"]]
    check(consents == [(CLIENT, True)] and [one["client_id"] for one in account["disclosures"]] == [CLIENT], "the consent with its receipt, and what went out", account)
    check(email in archive.read("account.json").decode(), "it says who it is about", account)
    external = re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"|<script', archive.read("index.html").decode())
    check(external == [] and NEW in archive.read("index.html").decode(), "index.html is readable without a network", external)


def of_the_others(check, archive: zipfile.ZipFile, letter: str, mandate_id: str) -> None:
    """What comes from the other services."""
    log_in = told(archive, "log-in")
    kinds = [one["kind"] for one in log_in["credentials"]]
    check(kinds == ["password"] and PASSWORD not in json.dumps(log_in) and "argon" not in json.dumps(log_in), "credentials without secrets", log_in)
    check(all(log_in[part] for part in ("sessions", "sign_ins", "client_consents")) and "links" in log_in, "sessions, log-ins, links and what clients were allowed", log_in)
    check([one["name"] for one in told(archive, "organisations")["organisations"]] == ["Muster GmbH"], "the organisations of the person")
    given = told(archive, "mandates")["given"]
    check([mandate_id in json.dumps(one) for one in given] == [True], "the mandates", given)
    documents = [archive.read(name) for name in archive.namelist() if name.startswith("documents/")]
    check(documents == [CONTENT], "the documents of the safe, byte by byte", len(documents))
    mailbox = zipfile.ZipFile(io.BytesIO(archive.read("mailbox.zip")))
    everything = b"".join(mailbox.read(name) for name in mailbox.namelist())
    check(letter in mailbox.read("index.html").decode() or any(letter in name for name in mailbox.namelist()), "the mailbox with its letters", mailbox.namelist())
    check(LETTER.encode() not in everything, "unopened letters are only listed")


def on_record(check, terminal: Terminal, page: str) -> None:
    text = (ROOT / "docs/how-to" / page).read_text()
    kinds = re.search(r"Taking the archive out is on record \((.*?)\)", text)[1]
    for kind in re.findall(r"`([\w.]+)`", kinds):
        service = kind.split(".")[0]
        question = f"SELECT COUNT(*) FROM audit WHERE kind = '{kind}'"
        check(terminal.asks(service, question) == [(1,)], f"taking it out is on record: {kind}")


def export(check, terminal: Terminal, page: str, email: str, other: str, address: str) -> Browser:
    browser = Browser()
    letter, mandate_id = something_of_everything(terminal, browser, email)
    telephone(Browser(), other, OTHER)
    shown = log_in(browser, email, address)
    link = next(link for link in shown.links if link.endswith(".zip"))
    archive = zipfile.ZipFile(io.BytesIO(browser.http.get(link).content))
    is_whole(check, archive, page, email)
    of_the_others(check, archive, letter, mandate_id)
    whole = b"".join(archive.read(name) for name in archive.namelist()).decode(errors="replace")
    check(OTHER not in whole and other not in whole, "nothing of others is in it")
    on_record(check, terminal, page)
    return browser
