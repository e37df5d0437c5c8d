"""A browser without script: cookies, redirects, links and forms."""

import html.parser
import ssl
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urljoin

import httpx

PRESSED = ("submit", "image", "button", "reset")


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    boxes: dict[str, list[str]] = field(default_factory=dict)

    def offers(self, name: str, value: str) -> bool:
        return (name, value) in self.buttons


class Page(html.parser.HTMLParser):
    """What a person sees: where, the forms, the links, the words."""

    def __init__(self, answer: httpx.Response):
        super().__init__()
        self.url, self.status, self.text = str(answer.url), answer.status_code, answer.text
        self.refreshes = "refresh" in answer.headers
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attributes) -> None:
        a = {name: value or "" for name, value in attributes}
        if tag == "a":
            self.links.append(urljoin(self.url, a.get("href", "")))
        elif tag == "form":
            self.forms.append(Form(urljoin(self.url, a.get("action", "")), a.get("method", "get").lower()))
        elif tag in ("input", "button") and self.forms:
            kind, name, value = a.get("type", "submit" if tag == "button" else "text"), a.get("name", ""), a.get("value", "")
            if kind in PRESSED:
                self.forms[-1].buttons.append((name, value))
            elif kind == "checkbox":
                self.forms[-1].boxes.setdefault(name, []).append(value or "on")
            elif name and (kind != "radio" or "checked" in a):
                self.forms[-1].fields[name] = value

    def form(self, *names: str) -> Form | None:
        return next((form for form in self.forms if all(name in form.fields for name in names)), None)

    def offering(self, name: str, value: str) -> Form | None:
        return next((form for form in self.forms if form.offers(name, value)), None)

    def words(self) -> str:
        main = self.text[max(self.text.find("<main"), 0) :]
        return " ".join(main[:1500].split())


class Browser:
    """`stop`: an address that starts so is not opened but answered (a portal nobody runs)."""

    def __init__(self, trust: ssl.SSLContext | bool = True, stop: str = ""):
        self.http = httpx.Client(verify=trust, timeout=30, trust_env=False, headers={"accept": "text/html,*/*;q=0.8", "accept-language": "de"})
        self.stop = stop

    def open(self, url: str, form: dict | None = None, origin: str = "") -> Page | str:
        for _ in range(20):
            if self.stop and url.startswith(self.stop):
                return url
            answer = self.http.get(url) if form is None else self.http.post(url, data=form, headers={"origin": origin})
            if not answer.is_redirect:
                return Page(answer)
            url, form = urljoin(url, urldefrag(answer.headers["location"])[0]), None
        raise RuntimeError(f"more than 20 redirects, the last to {url}")

    def submit(self, page: Page, form: Form, **given: str | list[str]) -> Page | str:
        if form.method == "get":
            return self.open(str(httpx.URL(form.action, params=form.fields | given)))
        return self.open(form.action, form.fields | given, origin="/".join(page.url.split("/")[:3]))
