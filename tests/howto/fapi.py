"""portal-fapi.md: key, registration, log-in, a token for the postbox."""

import re
import ssl
from pathlib import Path

import person
from browser import Browser, Page
from house import READY, Terminal
from pages import ROOT, block
from portal import MODULES, erika, pinned

PAGE = "portal-fapi.md"
KEY, LOG_IN = "1. A key and a registration", "2. Log in"


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    try:
        terminal.start("siegel up", READY)
        terminal.run(block(PAGE, KEY, "sh"))
        terminal.write("mein-portal.toml", block(PAGE, KEY, "toml"))
        told = (ROOT / "docs/how-to" / PAGE).read_text()
        pinned(check, told)
        check("`siegel admin apply mein-portal.toml`" in told, "the page says how to register")
        terminal.run("siegel admin apply mein-portal.toml")
        (folder / "node_modules").symlink_to(MODULES)
        terminal.write("portal.mjs", block(PAGE, LOG_IN, "js"))
        terminal.start(block(PAGE, LOG_IN, "sh").strip(), r"open http\S+\n")
        start = re.search(r"open (http\S+)\n", terminal.last_log())[1]
        check(re.fullmatch(r"http://localhost:8080/authorize\?(client_id|request_uri)=[^&]+&(client_id|request_uri)=[^&]+", start) is not None, "the request is pushed: nothing of it is in the address", start)
        browser = Browser(ssl.create_default_context(cafile=str(folder / "localhost.crt")))
        page = person.walk(browser, browser.open(start), person.password(*erika(terminal)), person.card("erika"), person.press("method", "eid"), person.allow)
        log = terminal.last_log()
        check(isinstance(page, Page) and page.text == "logged in", "the log-in comes back to the portal", f"{page.url} {page.words()}\n{log}")
        for what, pattern in (
            ("the level asked for is in the answer", r"acr: 'substantial'"),
            ("and the one reached", r"trust_level: 4"),
            ("and the attribute, from the card", r"date_of_birth: '1964-08-12'"),
            ("and the handle for letters", r"postbox_handle: 'hdl_[0-9a-f]{32}'"),
            ("another token is for the postbox, bound to the key", r"a dpop token for the postbox, 300 s"),
        ):
            check(re.search(pattern, log) is not None, what, log)
    finally:
        terminal.end_all()
