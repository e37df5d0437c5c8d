"""federate.md: two lands as two programs, people both ways, caps, and an end at once."""

import json
import ssl
import tomllib
from pathlib import Path

import person
from browser import Browser, Page
from house import READY, Terminal
from pages import block
from rp import REDIRECT, Portal, registration

PAGE = "federate.md"
SECRET, PASSWORD = "ein-Geheimnis-nur-fuer-diese-Pruefung", "Kennwort der Prüfung ist lang"
LEVELS = ("basic", "low", "substantial", "high")
WANTED = ("given_name", "family_name", "date_of_birth", "city")


class Land:
    def __init__(self, terminal: Terminal, letter: str, origin: str, other: str, trust: ssl.SSLContext):
        self.letter, self.origin, self.other, self.trust = letter, origin, other, trust
        people = "".join(
            f'[[persons]]\nemail = "{level}@land-{letter}.example"\npassword = "{PASSWORD}"\nlevel = "{level}"\n'
            f'[persons.attributes]\ngiven_name = "Bea"\nfamily_name = "{level.title()}"\ndate_of_birth = "1980-02-03"\n'
            'street_and_building = "Am Markt 1"\nzip_code = "51147"\ncity = "Köln"\ncountry = "DE"\n\n'
            for level in LEVELS
        )
        portals = registration("portal", SECRET) + registration("only-from-there", SECRET, allowed_methods='["fed"]')
        terminal.write(f"{letter}-set-up.toml", portals + people)
        terminal.run(f"siegel admin apply {letter}-set-up.toml --data {letter}")
        self.portal, self.only_from_there = (Portal(origin, name, SECRET, trust) for name in ("portal", "only-from-there"))

    def browser(self) -> Browser:
        return Browser(self.trust, stop=REDIRECT)

    def log_in(self, level: str, browser: Browser, portal: Portal, *also, **ask: str) -> Page | str:
        """Somebody of the other land, whose log-in there is worth `level`, comes to a portal of this one."""
        there = person.password(f"{level}@land-{self.other[-1]}.example", PASSWORD)
        ways = (person.follow(f"to={self.other}"), there, person.allow, *also)
        return person.walk(browser, browser.open(portal.ask(**ask)), *ways)


def asked_for() -> str:
    return json.dumps({"id_token": {name: None for name in WANTED}})


def two_lands(terminal: Terminal) -> tuple[Land, Land]:
    terminal.run(block(PAGE, "1. Certificates, and a secret for each direction", "bash"))
    terminal.write("a/siegel.toml", block(PAGE, "2. Land A", "toml"))
    terminal.write("b/siegel.toml", block(PAGE, "3. Land B", "toml"))
    for line in block(PAGE, "4. Start both", "sh", "In two terminals").splitlines():
        terminal.start(line, READY)
    trust = ssl.create_default_context(cafile=str(terminal.folder / "tls/root.pem"))
    return (
        Land(terminal, "a", "https://localhost:8443", "land-b", trust),
        Land(terminal, "b", "https://127.0.0.1:9443", "land-a", trust),
    )


def as_the_page_says(check, terminal: Terminal, land: Land) -> None:
    """The account page, by the words of step 4."""
    people = tomllib.loads((terminal.folder / land.other[-1] / "demo.toml").read_text())["persona"]
    email, secret = next((p["email"], p["password"]) for p in people if p["email"] == "erika.mustermann@persona.example")
    browser = Browser(land.trust)
    page = browser.open(f"{land.origin}/account")
    if "/login/" not in page.url:
        page = person.follow("/account/login")(browser, page) or page
    page = person.walk(browser, page, person.follow(f"to={land.other}"), person.password(email, secret), person.allow)
    check(page.url.startswith(f"{land.origin}/account") and page.status == 200, f"Land {land.letter.upper()}: the page's own way ends at the account page", f"{page.url} {page.words()}")


def both_ways(check, land: Land, cap: str) -> None:
    name = f"Land {land.letter.upper()}"
    for level in LEVELS:
        worth = min(LEVELS.index(level), LEVELS.index(cap)) + 1
        browser = land.browser()
        came = land.log_in(level, browser, land.portal, claims=asked_for())
        if not check(isinstance(came, str), f"{name}: somebody of {land.other} logs in, there worth {level}", came if isinstance(came, str) else f"{came.url} {came.words()}"):
            continue
        claims = land.portal.tokens(came)["claims"]
        check((claims["trust_level"], claims["acr"]) == (worth, LEVELS[worth - 1]), f"{name}: and it is worth {LEVELS[worth - 1]} here", claims)
        check(claims["amr"] == ["fed"] and land.other not in claims["sub"] and claims["given_name"] == "Bea" and claims["family_name"] == level.title() and claims["date_of_birth"] == "1980-02-03", f"{name}: with the attributes of the page", claims)
        stated = claims["attribute_levels"]
        check("given_name" in stated and all(stated[n]["source"] == "upstream" and LEVELS.index(stated[n]["level"]) < worth for n in stated), f"{name}: vouched for by the other account, no higher than it", stated)
        city = claims.get("city")
        if land.letter == "a":
            check(city == "Köln" and stated["city"]["level"] in ("basic", "low"), f"{name}: the city counts for no more than max_level", stated)
        else:
            check(city is None, f"{name}: what no rule names is not taken over", claims)


def never_above(check, land: Land) -> None:
    """Land A's cap for Land B is substantial, and Land B's people come with high."""
    browser = land.browser()
    came = land.log_in("high", browser, land.portal, acr_values="high substantial")
    page = came
    # Between floor and aim there is an offer, which is declined.
    came = page if isinstance(page, str) else person.walk(browser, page, person.press("method", "skip"), person.allow)
    claims = land.portal.tokens(came)["claims"]
    check((claims["acr"], claims["trust_level"]) == ("substantial", 3), "asked for high or substantial, substantial comes out", claims)

    for what, ask in (("acr_values", {"acr_values": "high"}), ("essential", {"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": "high"}}})})):
        # In the session that stands, and by somebody new who goes there although it is not offered.
        page = browser.open(land.portal.ask(**ask))
        check(isinstance(page, Page) and "/step-up" in page.url and not any("to=land-b" in link for link in page.links), f"{what}: a portal that needs high gets a page that says so, and Land B is not offered on it", page if isinstance(page, str) else f"{page.url} {page.links}")
        cancelled(check, land, browser, page, what)
        fresh = land.browser()
        page = fresh.open(land.portal.ask(**ask))
        check(isinstance(page, Page) and not any("to=land-b" in link for link in page.links), f"{what}: nor on the log-in page", page)
        page = fresh.open(page.url.split("?")[0] + "/upstream?to=land-b")
        page = person.walk(fresh, page, person.password("high@land-b.example", PASSWORD), person.allow)
        check(isinstance(page, Page) and "Das andere Konto reicht für diesen Dienst nicht" in page.text, f"{what}: whoever goes there all the same is logged in, at Land A only", page if isinstance(page, str) else f"{page.url} {page.words()}")
        back = fresh.open(page.url.split("/upstream")[0])
        cancelled(check, land, fresh, back, what)
        none = fresh.open(land.portal.ask(prompt="none", **ask))
        error = land.portal.answer(none).get("error")
        check(error == ("interaction_required" if what == "acr_values" else "unmet_authentication_requirements"), f"{what}: prompt=none is answered by an error", none)

    essential = json.dumps({"id_token": {"acr": {"essential": True, "values": ["high"]}}})
    came = land.browser().open(land.only_from_there.ask(claims=essential))
    refused = isinstance(came, str) and land.only_from_there.answer(came).get("error") == "unmet_authentication_requirements"
    check(refused, "a portal that takes nothing else and must have high is refused at once", came if isinstance(came, str) else f"{came.url} {came.words()}")
    came = land.log_in("high", land.browser(), land.only_from_there, acr_values="high substantial")
    claims = land.only_from_there.tokens(came)["claims"]
    check((claims["acr"], claims["trust_level"]) == ("substantial", 3), "and gets substantial where it takes that too", claims)


def cancelled(check, land: Land, browser: Browser, page: Page | str, what: str) -> None:
    form = None if isinstance(page, str) else next((f for f in page.forms if "cancel" in f.action), None)
    came = form and browser.submit(page, form)
    error = isinstance(came, str) and land.portal.answer(came)
    check(error and error.get("error") == "unmet_authentication_requirements" and "code" not in error, f"{what}: given up, the portal gets an error and no code", came or page)


def ended_at_once(check, terminal: Terminal, land: Land) -> None:
    from_there, own = land.browser(), land.browser()
    came = land.log_in("low", from_there, land.portal, scope="openid profile")
    tokens = land.portal.tokens(came)
    came = person.walk(own, own.open(land.portal.ask()), person.password(f"low@land-{land.letter}.example", PASSWORD), person.allow)
    of_here = land.portal.tokens(came)
    check(land.portal.userinfo(tokens).status_code == 200, "before: the tokens of somebody from there are good")
    started = land.browser()
    page = started.open(land.portal.ask())
    leaving = next(link for link in page.links if "to=land-b" in link)
    at_b = started.open(leaving)

    terminal.run(block(PAGE, "4. Start both", "sh", "To end it"))
    check(land.portal.userinfo(tokens).status_code == 401, "disabled: the access token is refused")
    check(land.portal.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).get("error") == "invalid_grant", "the refresh token too")
    none = from_there.open(land.portal.ask(prompt="none"))
    check(land.portal.answer(none).get("error") == "login_required", "the session is over", none)
    page = land.browser().open(land.portal.ask())
    check(not any("to=land-b" in link for link in page.links), "Land B is no longer offered", page.links)
    page = person.walk(started, at_b, person.password("low@land-b.example", PASSWORD), person.allow)
    check(isinstance(page, Page) and page.status == 403, "a log-in that had begun there is refused", page if isinstance(page, str) else f"{page.status} {page.words()}")
    check(land.portal.userinfo(of_here).status_code == 200 and "code" in land.portal.answer(own.open(land.portal.ask(prompt="none"))), "whoever logged in here stays")

    terminal.run("siegel admin upstreams enable land-b --data a")
    none = from_there.open(land.portal.ask(prompt="none"))
    check(land.portal.answer(none).get("error") == "login_required" and land.portal.userinfo(tokens).status_code == 401, "enabled again: what was ended stays ended", none)
    again = land.portal.tokens(land.log_in("low", land.browser(), land.portal))["claims"]
    check(again["sub"] == tokens["claims"]["sub"], "and the same person logs in as before", again)


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    try:
        land_a, land_b = two_lands(terminal)
        as_the_page_says(check, terminal, land_a)
        as_the_page_says(check, terminal, land_b)
        both_ways(check, land_a, "substantial")
        both_ways(check, land_b, "high")
        never_above(check, land_a)
        ended_at_once(check, terminal, land_a)
    finally:
        terminal.end_all()
