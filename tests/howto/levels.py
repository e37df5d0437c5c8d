"""demand-a-level.md: its requests, its tables, its setting."""

import json
from pathlib import Path

import person
from browser import Browser, Page
from house import READY, Terminal
from pages import block, rows
from rp import REDIRECT, Portal, registration

PAGE = "demand-a-level.md"
ORIGIN, SECRET, PASSWORD = "http://localhost:8080", "ein-Geheimnis-nur-fuer-diese-Pruefung", "Kennwort der Prüfung ist lang"
LEVELS = ("basic", "low", "substantial", "high")
METHODS = {"password": "pwd", "one-time password": "otp", "passkey": "hwk", "card": "sc"}


def client_of(methods: str) -> tuple[str, list[str]]:
    words = [METHODS[word] for word in methods.split(", ")]
    return "-".join(words), words


def outcome(portal: Portal, level: str, **ask: str) -> str:
    """Somebody whose password is worth `level`: `through`, `offered` a step-up, `demanded` one, or the error."""
    browser = Browser(stop=REDIRECT)
    landing = person.walk(browser, browser.open(portal.ask(**ask)), person.password(f"{level}@levels.example", PASSWORD), person.allow)
    if isinstance(landing, Page):
        if "/step-up" not in landing.url:
            raise RuntimeError(f"{landing.url} {landing.words()}")
        if not landing.offering("method", "skip"):
            return "demanded"
        landing = person.walk(browser, landing, person.press("method", "skip"), person.allow)
        return "offered" if isinstance(landing, str) and "code" in portal.answer(landing) else "demanded"
    return portal.answer(landing).get("error", "through")


def floor_and_aim(portal: Portal, **ask: str) -> tuple[int, int] | str:
    """What people of all four levels meet: from which on they come through, and from which on without a question."""
    met = [outcome(portal, level, **ask) for level in LEVELS]
    if len(set(met)) == 1 and met[0] not in ("through", "offered", "demanded"):
        return met[0]
    floor = next((i + 1 for i, what in enumerate(met) if what != "demanded"), 0)
    aim = next((i + 1 for i, what in enumerate(met) if what == "through"), 0)
    expected = ["demanded"] * (floor - 1) + ["offered"] * (aim - floor) + ["through"] * (5 - aim)
    return (floor, aim) if met == expected else f"no order in it: {met}"


def requests(check, portal: Portal) -> None:
    """The three lines, as they stand, by somebody who has the highest level."""
    browser = Browser(stop=REDIRECT)
    for line, acr in zip(block(PAGE, "From a portal", "").splitlines(), ("substantial", "high", "high"), strict=True):
        came = browser.open(f"{portal.ask()}&{line}")
        came = person.walk(browser, came, person.password("high@levels.example", PASSWORD), person.allow)
        claims = portal.tokens(came)["claims"]
        check((claims["acr"], claims["trust_level"]) == (acr, 4), f"{line} is answered by {acr}", claims)


def aliases(check, portal: Portal) -> None:
    browser, listed, others = Browser(stop=REDIRECT), [], []
    for _, own, names, _ in rows(PAGE, "| | `acr` |"):
        listed.append(own.strip("`"))
        names = [name.strip("` ") for name in names.split(",")]
        others += names
        wrong = {}
        for name in [own.strip("`"), *names]:
            came = person.walk(browser, browser.open(portal.ask(acr_values=name)), person.password("high@levels.example", PASSWORD), person.allow)
            claims = portal.tokens(came)["claims"]
            if claims["acr"] != name:
                wrong[name] = claims
        check(not wrong, f"{own} is answered in the spelling asked for, {len(names)} aliases", wrong)
    supported = portal.metadata["acr_values_supported"]
    check(supported[: len(listed)] == listed and sorted(supported) == sorted(listed + others), "acr_values_supported: our own words ascending, then the aliases of the page", supported)


def run(check, folder: Path) -> None:
    terminal = Terminal(folder)
    table = rows(PAGE, "| `acr_values` |")
    clients = {client_of(methods)[0]: client_of(methods)[1] for _, methods, _, _ in table}
    text = registration("any", SECRET) + registration("letters", SECRET, scopes='["openid", "postbox.read"]', dpop_bound="true")
    text += "".join(registration(name, SECRET, allowed_methods=json.dumps(words)) for name, words in clients.items())
    text += "".join(f'[[persons]]\nemail = "{level}@levels.example"\npassword = "{PASSWORD}"\nlevel = "{level}"\n\n' for level in LEVELS)
    terminal.write("set-up.toml", text)
    terminal.write("siegel-data/siegel.toml", block(PAGE, "From an API", "toml"))
    try:
        terminal.start("siegel up --seed set-up.toml", READY)
        portal = Portal(ORIGIN, "any", SECRET)
        requests(check, portal)
        aliases(check, portal)
        for values, methods, floor, aim in table:
            ask = {} if values == "–" else {"acr_values": values.strip("`")}
            found = floor_and_aim(Portal(ORIGIN, client_of(methods)[0], SECRET), **ask)
            expected = "unmet_authentication_requirements" if floor == "refused" else (int(floor), int(aim))
            check(found == expected, f"{values} with {methods}: floor {floor}{', aim ' + aim if aim else ''}", found)
        found = floor_and_aim(Portal(ORIGIN, "letters", SECRET), scope="openid postbox.read", acr_values="basic")
        check(found == (3, 3), "the level of a resource holds whatever the request says", found)
        found = floor_and_aim(Portal(ORIGIN, "letters", SECRET), scope="openid", acr_values="basic")
        check(found == (1, 1), "and only where its tokens are asked for", found)
    finally:
        terminal.end_all()
