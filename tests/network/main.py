#!/usr/bin/env python3
"""`siegel migrate` and `siegel serve` on a network, with what the chart renders: databases, certificates,
an ingress, a walk of the outside client, and bad luck. Started by `run`; takes a directory of its own."""

import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path

import certificates
import chart
from connections import greeted
from database import Database, psql
from house import House
from mail import SimulatedRelay
from person import Person

HOST = "konto.musterstadt.example"
NETWORK = f"127.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 250}"
INGRESS, RELAY, PORT = f"{NETWORK}.100", f"{NETWORK}.101", 9443
ORIGIN = f"https://{HOST}:{PORT}"
RETURN = "http://127.0.0.1:9/callback"  # nobody listens: `demo` reads where the browser is sent
failures: list[str] = []


def check(ok: bool, what: str, detail: str = "") -> bool:
    print(f"{'ok  ' if ok else 'FAIL'}  {what}", flush=True)
    if not ok:
        failures.append(what)
        if detail:
            print("      " + detail.strip().replace("\n", "\n      "), flush=True)
    return ok


def step(text: str) -> None:
    print(f"--- {text}", flush=True)


def values(profile: str, keys: dict) -> dict:
    """What an operator writes; everything else is the chart's."""
    client = lambda name, **more: {"clientId": f"musterstadt-{name}", "name": name, "tenant": "musterstadt", "sector": "musterstadt", "jwks": certificates.jwks(keys[name])} | more
    return {
        "profile": profile,
        "origin": ORIGIN,
        "portal": {"tenant": "musterstadt"},
        "clients": [
            client("portal", redirectUris=[RETURN], scopes=["openid", "profile", "email", "address", "postbox", "postbox.read", "offline_access"], purpose="Bescheide empfangen"),
            client("bauamt", grantTypes=["client_credentials"], scopes=["postbox.deliver"]),
        ],
        "senders": [{"clientId": "musterstadt-bauamt", "tenant": "musterstadt", "sector": "musterstadt", "authority": "Stadt Musterstadt, Bauamt", "ars": "010010000000", "serviceId": "99012070012000"}],
        "eid": {"source": "simulated" if profile == "sandbox" else "none"},
        "smtp": {"host": "relay", "port": 2525},
    }


class Walk:
    def __init__(self, folder: Path):
        self.folder = folder
        self.keys = {"portal": certificates.p256(), "bauamt": certificates.p256()}
        self.database = Database(os.environ["SIEGEL_TEST_POSTGRES"], chart.SERVICES)
        self.house = House(folder, os.environ["SIEGEL_BIN"], self.database.urls, NETWORK)
        self.rendered = chart.Rendered(values("sandbox", self.keys))
        self.ingress: subprocess.Popen | None = None
        self._names()
        self.relay = SimulatedRelay(RELAY, 2525)
        self.persona = {"name": "Erika Mustermann", "email": "erika@persona.example", "password": secrets.token_urlsafe(18), "eid_persona": "erika"}

    def _names(self) -> None:
        """The cluster's DNS: /etc/hosts of this mount namespace."""
        names = self.house.names() | {HOST: INGRESS, "relay": RELAY}
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in names.items()))
        hosts.chmod(0o644)
        subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True)

    def prepare(self) -> None:
        toml = chart.on_one_machine(self.rendered.toml, self.folder / "objects")
        self.house.furnish(self.rendered, toml, "sandbox")
        authority = certificates.Authority("origin")
        self.edge = authority.issue(HOST, self.folder / "ingress")
        (self.edge / "nginx.conf").write_text(chart.nginx(self.rendered.ways(), f"{INGRESS}:{PORT}", HOST, self.edge))
        demo = [f'origin = "{ORIGIN}"']
        for table, name in (("portal", "portal"), ("other_portal", "portal"), ("authority", "bauamt")):
            redirect = [f'redirect_uri = "{RETURN}"'] if name == "portal" else ['tenant = "musterstadt"']
            demo += [f"[{table}]", f'client_id = "musterstadt-{name}"', *redirect, f"private_key_pem = '''\n{certificates.pem(self.keys[name])}'''"]
        demo += ["[[persona]]", *(f"{key} = {json.dumps(value)}" for key, value in self.persona.items())]
        credentials = self.folder / "demo.toml"
        credentials.write_text("\n".join(demo))
        credentials.chmod(0o600)

    def migrate(self) -> None:
        step("siegel migrate, as the hook runs it")
        began = time.monotonic()
        for round in ("brings every database up to date", "is a no-op the second time"):
            done = self.house.once("sandbox", "migrate", "migrate", seconds=120)
            check(done.returncode == 0 and done.stdout.count("up to date") == len(chart.SERVICES), f"migrate {round} ({time.monotonic() - began:.1f} s)", done.stdout + done.stderr)
            began = time.monotonic()
        tables = self.database.tables()
        check(sorted(tables) == sorted(chart.SERVICES), f"each service has its own schema, and nothing is elsewhere ({sum(map(len, tables.values()))} tables)", str(tables))
        rights = self.database.foreign_rights()
        check(not rights, "no role has any right on another's tables", "\n".join(rights))
        refused = [s for s in chart.SERVICES for other in chart.SERVICES if s != other and "permission denied" in psql(self.database.urls[s], f"SELECT count(*) FROM {other}.{tables[other][0]}").stderr]
        ways = len(chart.SERVICES) * (len(chart.SERVICES) - 1)
        check(len(refused) == ways, f"{ways} attempts of a role to read another's table are refused", f"{len(refused)} were refused")

    def start_ingress(self) -> None:
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        with (self.folder / "log/ingress.log").open("wb") as log:
            self.ingress = subprocess.Popen([nginx, "-p", str(self.edge), "-e", "stderr", "-c", str(self.edge / "nginx.conf")], stdout=log, stderr=log)

    def start(self, *services: str) -> bool:
        for service in services:
            self.house.start(service, self.rendered)
        times = {service: self.house.ready(service) for service in services}
        down = [s for s, t in times.items() if t is None]
        return check(not down, f"ready: {', '.join(services)} (the last after {max((t or 0) for t in times.values()):.1f} s)", "\n".join(f"{s}: {self.house.log(s)}" for s in down))

    def demo(self, when: str) -> bool:
        began = time.monotonic()
        command = [str(self.house.binary), "demo", "--url", ORIGIN, "--credentials", str(self.folder / "demo.toml"), "--out", str(self.folder / "demo-out"), "--json"]
        command += ["--attach", str(chart.ROOT / "tests/fixtures/bescheid.pdf"), "--attach", str(chart.ROOT / "tests/fixtures/bescheid.xml")]
        done = subprocess.run(command, env={"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(self.edge / "ca.crt")}, capture_output=True, text=True, timeout=120)
        return check(done.returncode == 0 and '"ok":true' in done.stdout, f"siegel demo over the ingress {when} ({time.monotonic() - began:.1f} s)", f"{done.stdout[-1500:]}\n{done.stderr}\n{self.logs()}")

    def logs(self) -> str:
        return "\n".join(f"[{s}] {self.house.log(s, 5)}" for s in chart.SERVICES)

    def late_identity(self) -> None:
        step("everything but identity starts")
        others = [s for s in chart.SERVICES if s != "identity"]
        self.start(*others)
        trust = ssl.create_default_context(cafile=str(self.edge / "ca.crt"))
        page = Person(ORIGIN, trust).open("/account/login")
        check(page.status_code in (502, 503) or "/login/failed" in page.url.path, f"without identity the portal says so ({page.status_code} {page.url.path})", page.text[:300])
        check(all(self.house.running[s].poll() is None for s in others), "and every service goes on")
        self.start("identity")
        began = time.monotonic()
        try:
            page = Person(ORIGIN, trust).register(self.persona["email"], self.persona["password"], self.relay.code_for)
            check(page.status_code == 200 and page.url.path.startswith("/account") and self.persona["email"] in page.text,
                  f"a person registers through the pages and the mail, and sees the account ({time.monotonic() - began:.1f} s after identity came)", f"{page.status_code} {page.url.path}\n{page.text[:500]}")
        except Exception as error:  # noqa: BLE001: reported with the logs
            check(False, "a person registers through the pages and the mail, and sees the account", f"{error!r}\n{self.logs()}")

    def probes(self) -> None:
        answers = {(s, path): self.house.probe(s, path) for s in chart.SERVICES for path in ("/livez", "/readyz", "/metrics")}
        bad = [f"{key}: {status}" for key, (status, _) in answers.items() if status != 200]
        check(not bad, f"{len(answers)} probes and metrics answer on 9090", "\n".join(bad))
        leaks = [(s, path) for s in chart.SERVICES for path in ("/livez", "/metrics") if self.house.probe(s, path, 8080)[0] == 200]
        check(not leaks, "and none of them on the public port", str(leaks))

    def strangers(self) -> None:
        step("the internal listener")
        ca, pods = self.folder / "ca.crt", self.folder / "pods/sandbox"
        ca.write_text(self.house.ca.pem())
        at = lambda pair, name="siegel-postbox": greeted(self.house.address("postbox"), name, ca, pair)
        for who in ("portal", "identity"):
            check(at(pods / who / "tls") == "greeted", f"{who} is greeted by postbox")
        stranger = certificates.Authority("siegel internal").issue("siegel-portal", self.folder / "stranger")
        nobody = self.house.ca.issue("siegel-archive", self.folder / "nobody")
        for pair, who in ((None, "a caller without a certificate"), (stranger, "the right name from another CA"), (nobody, "our CA's certificate for a name of no service")):
            answer = at(pair)
            check(answer != "greeted", f"refused: {who} ({answer})", answer)
        answer = at(pods / "portal/tls", "siegel-account")
        check("not who it should be" in answer, f"a caller that looks for account and finds postbox goes away ({answer})")
        swapped = self.folder / "pods/swapped"
        shutil.copytree(pods, swapped)
        shutil.rmtree(swapped / "account/tls")
        shutil.copytree(pods / "postbox/tls", swapped / "account/tls")
        (self.folder / "config/swapped.toml").write_text((self.folder / "config/sandbox.toml").read_text())
        self.house._give_away()
        self.refuses("swapped", "account", "serve", "account", about="certificate_file is that of postbox")

    def refuses(self, config: str, pod: str, *arguments: str, about: str) -> None:
        try:
            done = self.house.once(config, pod, *arguments)
            line = done.stderr.strip().splitlines()[-1:] or [""]
            check(done.returncode != 0 and about in line[0], f"refuses to start: {line[0]}", f"exit {done.returncode}, expected {about!r}\n{done.stderr}")
        except subprocess.TimeoutExpired:
            check(False, f"refuses to start: {about}", "it runs")

    def bad_luck(self) -> None:
        step("kill -9")
        letters = lambda: int(psql(self.database.inside, "SELECT count(*) FROM postbox.letters").stdout or -1)
        before = letters()
        self.house.kill("postbox")
        self.start("postbox")
        self.demo("after postbox was killed")
        check(letters() == before + 1 > 1, f"every letter is still there ({letters()})")
        step("SIGTERM, with every service on identity's stream")
        seconds, code = self.house.stop("identity")
        check(code == 0 and seconds < 10, f"identity ends by itself after {seconds:.1f} s, exit code {code}", self.house.log("identity"))
        self.start("identity")
        self.demo("after identity was restarted")

    def stop_all(self) -> None:
        step("SIGTERM to each")
        slowest = 0.0
        for service in chart.SERVICES:
            seconds, code = self.house.stop(service)
            slowest = max(slowest, seconds)
            if code != 0 or seconds >= 10:
                check(False, f"{service} ends by itself", f"after {seconds:.1f} s, exit code {code}\n{self.house.log(service)}")
        check(slowest < 10, f"the slowest needs {slowest:.1f} s")

    def production(self) -> None:
        step("profile production")
        rendered = chart.Rendered(values("production", self.keys))
        self.house.furnish(rendered, rendered.toml, "production")
        for service in chart.SERVICES:
            self.house.start(service, rendered, "production")
        down = [s for s in chart.SERVICES if self.house.ready(s) is None]
        check(not down, "every service starts with siegel.toml exactly as rendered", "\n".join(f"{s}: {self.house.log(s)}" for s in down))
        for service in chart.SERVICES:
            self.house.stop(service)
        for name, service, old, new, about in (
            ("http", "portal", f'origin = "{ORIGIN}"', f'origin = "http://{HOST}"', f'change the line origin = "http://{HOST}"'),
            ("card", "eid", 'source = "none"', 'source = "simulated"\npseudonym_key_file = "/tmp/siegel-network-no-such-key"', "source"),
            ("mail", "notification", 'encryption = "starttls"', 'encryption = "none"', "encryption"),
            ("unknown", "account", "[account]", "[account]\ncolour = 1", "colour"),
        ):
            self.variant(name, old, new)
            self.refuses(name, service, "serve", service, about=about)
        for service, keys in chart.SECRETS.items():
            for key in keys:
                setting = {"token-signing-key.pem": "token_signing_key", "client-key.pem": "client_key"}.get(key, key.removesuffix(".pem").replace("-", "_"))
                if setting in ("token_signing_key", "client_key", "evidence_signing_key", "key_encryption_key", "pairwise_key", "session_key", "nonce_key"):
                    name = f"{service}-without-{key}"
                    self.variant(name, "", "")
                    (self.folder / "pods" / name / service / "secrets" / service / key).unlink()
                    self.refuses(name, service, "serve", service, about=setting)

    def variant(self, name: str, old: str, new: str) -> None:
        """The production configuration with one thing wrong."""
        text = (self.folder / "config/production.toml").read_text()
        if old not in text:
            raise RuntimeError(f"the rendered siegel.toml has no {old!r}")
        (self.folder / "config" / f"{name}.toml").write_text(text.replace(old, new, 1) if old else text)
        shutil.copytree(self.folder / "pods/production", self.folder / "pods" / name)
        self.house._give_away()

    def end(self) -> None:
        if self.ingress:
            self.ingress.terminate()
            self.ingress.wait(10)
        self.house.end()
        self.database.drop()


def main() -> int:
    walk = Walk(Path(sys.argv[1]))
    try:
        walk.prepare()
        walk.migrate()
        walk.start_ingress()
        walk.late_identity()
        walk.probes()
        walk.demo("with a letter from submit to receipt")
        walk.strangers()
        walk.bad_luck()
        walk.stop_all()
        walk.production()
    finally:
        walk.end()
    print(f"network: {'FAILED: ' + str(len(failures)) if failures else 'all passed'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
