"""data-subject-requests.md: what a person takes out and deletes, and what the operator sees of it."""

import re
from pathlib import Path

import archive
import person
from browser import Browser, Page
from caller import ORIGIN, PASSWORD, set_up
from house import READY, Terminal, wait_for
from pages import ROOT, block, rows

PAGE = "data-subject-requests.md"
GOES, LOCKED = "geht@example.org", "gesperrt@example.org"


def named(kind: str) -> str:
    """The address that the page gives for something, as it stands there."""
    found = re.search(rf"\*\*[^*]*{kind}[^*]*\*\*[^(]*\(`([^`]+)`\)", (ROOT / "docs/how-to" / PAGE).read_text())
    return ORIGIN + found[1]


def settings() -> str:
    """Every key of the table, as it is when nobody sets it."""
    found = {row[0].strip("`"): row[1] for row in rows(PAGE, "| Key |")}
    lines = []
    for keys, values in found.items():
        names, defaults = re.split(r"`?, `?", keys), values.split(", ")
        lines += [f"{name} = {value}" for name, value in zip(names, defaults, strict=True) if value.isdigit()]
    return "[identity.people.deletion]\n" + "\n".join(lines) + "\n"


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
    later = terminal.run("SIEGEL_HANDLE=$(cat handle) python send.py 2>&1 || true")
    check("404 Not Found" in later and "SenderService/Submit" in later, "later deliveries are refused", later)
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
    terminal.write("set-up.toml", set_up(GOES, LOCKED))
    set_here = settings()
    check(set_here.count(" = ") == 4, "the page names the defaults of four numbers", set_here)
    terminal.write("siegel-data/siegel.toml", set_here)
    try:
        terminal.start("siegel up --seed set-up.toml", READY)
        browser = archive.export(check, terminal, PAGE, GOES, LOCKED, named("Download everything"))
        merge = Browser().open(named("Merge two accounts"))
        check(merge.form("password") is not None, "two accounts are merged after logging in", merge.words())
        deletion(check, terminal, browser)
        locked(check, terminal)
    finally:
        terminal.end_all()
