"""retire-an-account-system.md: what the person sees of the import, and decides."""

import json

import person
from browser import Browser, Page
from caller import PASSWORD
from house import Terminal

OFFERS = "http://localhost:8080/account/offers"
PEOPLE = {"erika@example.org": "substantial", "niedrig@example.org": "low", "andere@example.org": "high"}
SET_UP = "".join(f'[[persons]]\nemail = "{email}"\npassword = "{PASSWORD}"\nlevel = "{level}"\n\n' for email, level in PEOPLE.items())


def offers_of(email: str) -> tuple[Browser, Page]:
    browser = Browser()
    page = person.walk(browser, browser.open(OFFERS), person.password(email, PASSWORD), person.allow)
    if isinstance(page, str) or page.url != OFFERS:
        raise RuntimeError(f"{email} does not come to the offers: {page}")
    return browser, page


def taken(check) -> None:
    browser, page = offers_of("erika@example.org")
    if not check("Servicekonto Altland" in page.text, "the person sees of which system", page.words()):
        return
    check("Erika" in page.text and "+49 30 123456" in page.text, "and every value", page.words())
    form = next(form for form in page.forms if "offer" in form.fields)
    boxes = {name: values for name, values in form.boxes.items() if "telephone" not in name}
    done = browser.submit(page, form, decision="take", **boxes)
    check("offer" not in [name for form in done.forms for name in form.fields], "what was taken over is no offer any more", done.words())
    account = browser.open(OFFERS.removesuffix("/offers")).text
    check("Erika" in account and "Servicekonto Altland" in account, "what was taken is in the account, with its source", account[:2000])
    check("+49 30 123456" not in account, "each value can be left out", account[:2000])


def withheld(check, terminal: Terminal, command: str, known: str) -> None:
    """Somebody whose session is below the old account's level, and somebody whom nobody knew."""
    line = json.loads(known) | {"id": "4712", "email": "Niedrig@Example.org"}
    terminal.write("low.jsonl", json.dumps(line) + "\n")
    terminal.run(command.replace("accounts.jsonl", "low.jsonl"))
    _, page = offers_of("niedrig@example.org")
    check("Servicekonto Altland" in page.text and "Erika" not in page.text and "+49 30" not in page.text, "below the level of the old account the page names the system and shows no value", page.words())
    check(not any(form.offers("decision", "take") for form in page.forms), "and nothing can be taken", page.words())
    _, page = offers_of("andere@example.org")
    check("Altland" not in page.text, "whose address nobody knew is told nothing", page.words())
