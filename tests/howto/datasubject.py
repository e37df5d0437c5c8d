"""data-subject-requests.md: what a person takes out and deletes, and what the operator sees of it."""

import io
import json
import re
import zipfile
from pathlib import Path

import person
from browser import Browser, Page
from house import READY, Terminal, wait_for
from pages import ROOT, block, rows

PAGE = "data-subject-requests.md"
ORIGIN, PASSWORD = "http://localhost:8080", "Kennwort der Prüfung ist lang"
GOES, LOCKED = "geht@example.org", "gesperrt@example.org"
SET_UP = "".join(f'[[persons]]\nemail = "{email}"\npassword = "{PASSWORD}"\nlevel = "low"\n\n' for email in (GOES, LOCKED))


def named(kind: str) -> str:
    """The address that the page gives for something, as it stands there."""
    found = re.search(rf"\*\*[^*]*{kind}[^*]*\*\*[^(]*\(`([^`]+)`\)", (ROOT / "docs/how-to" / PAGE).read_text())
    return ORIGIN + found[1]


def export(check, browser: Browser) -> None:
    page = person.walk(browser, browser.open(named("Download everything")), person.password(GOES, PASSWORD), person.allow)
    link = next((link for link in page.links if link.endswith(".zip")), "")
    form = next((form for form in page.forms if form.action.endswith(".zip")), None)
    answer = browser.http.get(link or form.action)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    names = archive.namelist()
    promised = [row[0].strip("`") for row in rows(PAGE, "| In it |")]
    # Somebody without documents has no folder of them.
    missing = [name for name in promised if not name.endswith("/") and name not in names]
    check(not missing, "the archive holds what the page promises", f"{missing} of {names}")
    account = archive.read("account.json").decode()
    check(GOES in account and isinstance(json.loads(account), dict), "account.json says who it is about", account[:500])


def deletion(check, terminal: Terminal, browser: Browser) -> None:
    account = terminal.run(f"echo {GOES} | siegel admin accounts find").split()[-1]
    over = person.walk(browser, browser.open(named("Delete account")), person.password(GOES, PASSWORD), person.delete_account)
    check(isinstance(over, Page) and over.url.endswith("/login/deleted"), "the person deletes the account", over if isinstance(over, str) else f"{over.url} {over.words()}")
    command = re.sub(r"acc_[0-9a-f]+", account, block(PAGE, "Erasure (Art. 17, OZG § 8(5))", "sh"))
    first = terminal.run(command)
    check(account in first and re.search(r"^postbox +", first, re.M) is not None, "the command says how far it is, service by service", first)
    words = [row[0].strip("`") for row in rows(PAGE, "| Word |")]
    told = re.findall(r"waits for ([A-Z_]+)", first)
    check(set(told) <= set(words), "what a service waits for is a word of the page", first)
    wait_for(lambda: "\nfinished" in terminal.run(command), 90, f"the deletion: {terminal.run(command)}")
    last = terminal.run(command)
    check(len(re.findall(r"^\S+ +done ", last, re.M)) == 5, "at the end all five services have answered", last)
    stranger = Browser()
    asked = stranger.open(ORIGIN + "/account")
    refused = stranger.submit(asked, asked.form("password"), email=GOES, password=PASSWORD)
    check("/login" in refused.url and refused.form("password") is not None, "nobody logs in to it any more", f"{refused.url} {refused.words()}")


def locked(check, terminal: Terminal) -> None:
    """Somebody who cannot log in any more."""
    command = re.search(r"`(siegel admin accounts disable [^`]+)`", (ROOT / "docs/how-to" / PAGE).read_text())[1]
    account = terminal.run(f"echo {LOCKED} | siegel admin accounts find").split()[-1]
    terminal.run(command.replace(" ID ", f" {account} "))
    shown = terminal.run(f"siegel admin accounts show {account}")
    check("disabled" in shown and "owner-request" in shown, "an account is closed meanwhile", shown)


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    terminal.write("set-up.toml", SET_UP)
    try:
        terminal.start("siegel up --seed set-up.toml", READY)
        browser = Browser()
        export(check, browser)
        deletion(check, terminal, browser)
        locked(check, terminal)
    finally:
        terminal.end_all()
