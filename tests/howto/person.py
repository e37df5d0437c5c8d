"""What somebody does on the log-in pages."""

import time

from browser import Browser, Page


def card(persona: str):
    """Reads this holder's simulated card."""

    def answer(browser: Browser, page: Page):
        form = page.form("pin")
        return form and browser.submit(page, form, persona=persona, pin="123456", action="identify")

    return answer


def password(email: str, secret: str):
    def answer(browser: Browser, page: Page):
        form = page.form("password")
        return form and browser.submit(page, form, email=email, password=secret)

    return answer


def press(name: str, value: str):
    def answer(browser: Browser, page: Page):
        form = page.offering(name, value)
        return form and browser.submit(page, form, **{name: value})

    return answer


def follow(part: str):
    """Follows a link that has this in its address."""

    def answer(browser: Browser, page: Page):
        link = next((link for link in page.links if part in link), None)
        return link and browser.open(link)

    return answer


def allow(browser: Browser, page: Page):
    """Agrees, and ticks whatever may be ticked."""
    form = page.offering("action", "allow")
    return form and browser.submit(page, form, action="allow", **form.boxes)


def delete_account(browser: Browser, page: Page):
    """Goes on with the deletion: ticks what is to be understood, presses its button."""
    form = next((form for form in page.forms if "/login/credentials/delete" in form.action), None)
    return form and browser.submit(page, form, **form.boxes)


def walk(browser: Browser, landing: Page | str, *ways) -> Page | str:
    """On every page does the first thing of `ways` that the page offers; answers where nothing is left to do."""
    for _ in range(25):
        if isinstance(landing, str) or landing.status >= 400:
            return landing
        if landing.refreshes:
            time.sleep(0.2)
            landing = browser.open(landing.url)
            continue
        then = next((then for way in ways if (then := way(browser, landing))), None)
        if then is None:
            return landing
        landing = then
    raise RuntimeError(f"the pages come to no end: {landing}")
