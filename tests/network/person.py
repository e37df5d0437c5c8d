"""A person in a browser without script."""

import html.parser
import ssl
import time
from urllib.parse import urljoin

import httpx


class Forms(html.parser.HTMLParser):
    """The forms of a page: action and fields."""

    def __init__(self, page: httpx.Response):
        super().__init__()
        self.forms: list[dict] = []
        self.feed(page.text)

    def handle_starttag(self, tag: str, attributes) -> None:
        a = dict(attributes)
        if tag == "form":
            self.forms.append({"action": a.get("action") or "", "fields": {}})
        elif tag in ("input", "button") and self.forms and a.get("name"):
            self.forms[-1]["fields"].setdefault(a["name"], a.get("value") or "")

    def with_fields(self, *names: str) -> dict:
        for form in self.forms:
            if all(name in form["fields"] for name in names):
                return form
        raise RuntimeError(f"no form asks for {names}")


class Person:
    def __init__(self, origin: str, trust: ssl.SSLContext):
        self.origin = origin
        self.browser = httpx.Client(verify=trust, follow_redirects=True, timeout=20, trust_env=False)

    def open(self, path: str) -> httpx.Response:
        return self.browser.get(urljoin(self.origin, path))

    def submit(self, page: httpx.Response, form: dict, **given: str) -> httpx.Response:
        url = urljoin(str(page.url), form["action"])
        return self.browser.post(url, data=form["fields"] | given, headers={"Origin": self.origin})

    def register(self, email: str, password: str, code_for) -> httpx.Response:
        """From the portal's log-in to an account; answers the page the portal shows then."""
        page = self.open("/account/login")
        for _ in range(40):
            if page.status_code != 503 and page.status_code != 502:
                break
            time.sleep(0.25)
            page = self.open("/account/login")
        if "/login/" not in page.url.path:
            raise RuntimeError(f"the portal sends nobody to the log-in: {page.status_code} {page.url.path}")
        page = self.open(page.url.path + "/register")
        page = self.submit(page, Forms(page).with_fields("email", "password"), email=email, password=password)
        page = self.submit(page, Forms(page).with_fields("code"), code=code_for(email))
        for _ in range(20):
            if not page.url.path.startswith("/login/"):
                return page
            if "refresh" not in page.headers:
                main = page.text[page.text.find("<main"):][:2000]
                raise RuntimeError(f"the log-in stops at {page.url.path} ({page.status_code}): {main}")
            time.sleep(0.3)
            page = self.open(page.url.path)
        raise RuntimeError("the log-in does not end")
