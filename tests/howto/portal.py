"""portal.md: the portals of ten lines, as they stand in the page."""

import json
import re
import tomllib
from pathlib import Path

import person
from browser import Browser, Page
from house import READY, Terminal
from pages import ROOT, block, rows

PAGE = "portal.md"
MODULES = ROOT / "tests/clients/node/node_modules"


def sandbox(terminal: Terminal, heading: str, page: str = PAGE) -> None:
    """Runs the block under that heading: `siegel up` in a terminal of its own, the rest in order."""
    for line in block(page, heading, "sh").splitlines():
        if line.startswith("siegel up"):
            terminal.start(line, READY)
        else:
            terminal.run(line)


def erika(terminal: Terminal) -> tuple[str, str]:
    """Who the page says to log in as."""
    people = tomllib.loads((terminal.folder / "siegel-data/demo.toml").read_text())["persona"]
    return next((p["email"], p["password"]) for p in people if p["email"] == "erika.mustermann@persona.example")


def pinned(check, text: str) -> None:
    """The versions that the page names are those it is tried with."""
    lock = json.loads((ROOT / "tests/clients/node/package-lock.json").read_text())["packages"]
    python = (ROOT / "tests/requirements.txt").read_text().lower()
    named = re.findall(r"npm install (\S+)@([\d.]+)", text)
    tried = [lock[f"node_modules/{name}"]["version"] == version for name, version in named]
    for line in re.findall(r"pip install ([^`\n]+)", text):
        found = re.findall(r"(\S+)==([\d.]+)", line)
        named += found
        tried += [bool(re.search(rf"^{name.lower()}=={re.escape(version)} ", python, re.M)) for name, version in found]
    check(bool(tried) and all(tried), "the versions named are those tried", named)


def log_in(check, terminal: Terminal, language: str) -> None:
    browser = Browser()
    landing = browser.open("http://localhost:3000/")
    seen = check("/login/" in landing.url, f"{language}: a visitor is sent to the log-in", landing.url)
    email, password = erika(terminal)
    page = person.walk(browser, landing, person.password(email, password), person.allow)
    if not (seen and isinstance(page, Page) and page.url.startswith("http://localhost:3000/")):
        check(False, f"{language}: the log-in comes back to the portal", f"{page.url} {page.words()}\n{terminal.last_log()}")
        return
    try:
        claims = json.loads(page.text)
    except ValueError:
        check(False, f"{language}: the log-in ends with claims", f"{page.status} {page.text[:500]}\n{terminal.last_log()}")
        return
    check(claims.get("aud") in ("erstes-portal", ["erstes-portal"]) and len(claims.get("sub", "")) > 20, f"{language}: the log-in ends with claims", claims)
    check(claims.get("acr") == "basic" and claims.get("trust_level") == 1 and claims.get("email") == email, f"{language}: they say at which level, and who", claims)
    # An answer that this browser did not ask for is nobody's log-in.
    forged = Browser().open("http://localhost:3000/callback?code=x&state=y&iss=http://localhost:8080")
    check(forged.status >= 400 and email not in forged.text, f"{language}: an answer nobody asked for logs nobody in", forged.text[:300])
    check("/login/" in Browser().open("http://localhost:3000/").url, f"{language}: and the portal goes on", terminal.last_log())


def demanding(check, terminal: Terminal, language: str, name: str, command: str) -> None:
    """The same program with the change that the page tells for a level."""
    told = next(row[1].strip("`") for row in rows(PAGE, "| | |") if row[0] == language)
    program = (terminal.folder / name).read_text()
    # What is told stands for the line it begins like, up to where it leaves off.
    told, kept = told.removesuffix("…"), "const ask = { redirect_uri, " if "…" in told else 'siegel.authorize_redirect(url_for("callback", _external=True))'
    if not check(program.count(kept) == 1, f"{language}: the line that changes for a level is there", program):
        return
    terminal.write(name, program.replace(kept, told))
    terminal.start(command, "")
    reachable(terminal)
    browser = Browser()
    page = browser.open("http://localhost:3000/")
    page = person.walk(browser, page, person.password(*erika(terminal)), person.press("method", "eid"), person.card("erika"), person.allow)
    claims = json.loads(page.text)
    check((claims["acr"], claims["trust_level"]) == ("substantial", 4), f"{language}: asked for substantial, the program gets it", claims)
    terminal.end_last()


def minimum(check, terminal: Terminal) -> None:
    """What the page says about `min_level`, with the same program."""
    toml = block(PAGE, "Register it", "toml")
    terminal.write("portal.toml", f'{toml}min_level = "substantial"\n')
    terminal.run("siegel admin apply portal.toml")
    terminal.start("node portal.mjs", "")
    reachable(terminal)
    browser = Browser()
    landing = browser.open("http://localhost:3000/")
    page = person.walk(browser, landing, person.password(*erika(terminal)), person.allow)
    check("/login/" in page.url and page.offering("method", "eid") is not None, "min_level: the password alone is not enough", page.words())
    page = person.walk(browser, page, person.press("method", "eid"), person.card("erika"), person.allow)
    check('"trust_level":4' in page.text, "and the card is", page.text[:300])


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    try:
        terminal.write("portal.toml", block(PAGE, "Register it", "toml"))
        sandbox(terminal, "Register it")
        pinned(check, (ROOT / "docs/how-to" / PAGE).read_text())
        (folder / "node_modules").symlink_to(MODULES)
        for heading, language, name, command, ready in (
            ("Node.js", "js", "portal.mjs", "node portal.mjs", ""),
            ("Python", "python", "portal.py", "python portal.py", "Running on"),
        ):
            check(f"`{command}`" in (ROOT / "docs/how-to" / PAGE).read_text(), f"{heading}: the page says how to run it")
            terminal.write(name, block(PAGE, heading, language))
            terminal.start(command, ready)
            reachable(terminal)
            log_in(check, terminal, heading)
            terminal.end_last()
            demanding(check, terminal, heading, name, command)
        minimum(check, terminal)
    finally:
        terminal.end_all()


def reachable(terminal: Terminal) -> None:
    terminal.run("curl --silent --output /dev/null --retry 50 --retry-connrefused --retry-delay 0 --retry-max-time 30 http://localhost:3000/favicon.ico")
