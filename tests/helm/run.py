#!/usr/bin/env python3
"""Tests of the chart in helm/siegel: lint, golden renders, Kubernetes schemas, reach, secrets, refusals.

    tests/helm/run.py            check
    tests/helm/run.py --update   write reach.json and the golden files anew, then check

Needs tests/helm/requirements.txt. No cluster, no helm binary, no network.
"""

import difflib
import json
import re
import sys
import tomllib
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import yaml

import generate

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/siegel"
GOLDEN = ROOT / "tests/helm/golden"
CASES = {"default": {}} | {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted((CHART / "ci").glob("*.yaml"))
}
KUBERNETES = ["1.31", ".".join(map(str, kubernetes_validate.latest_version().split(".")[:2]))]
RELEASE, NAMESPACE = "demo", "siegel"
NAME = "demo-siegel"
REACH = generate.reach()

# What the chart must refuse: a name, the values, and a part of the path it must blame.
REFUSED = [
    ("a simulated card in production", {"eid": {"source": "simulated"}}, "eid"),
    ("a profile nobody knows", {"profile": "prod"}, "profile"),
    ("an http origin", {"origin": "http://siegel.example"}, "origin"),
    ("an origin with a path", {"origin": "https://siegel.example/konto"}, "origin"),
    ("an unknown key", {"replicaCount": 3}, "replicaCount"),
    ("an unknown service", {"services": {"archive": {"existingSecret": "a"}}}, "archive"),
    ("a database URL as a value", {"services": {"postbox": {"databaseUrl": "postgres://u:p@h/d"}}}, "databaseUrl"),
    ("a mail password as a value", {"smtp": {"password": "x"}}, "password"),
    ("credentials inside the object store's address", {"objectStore": {"endpoint": "https://k:s@s3.example"}}, "endpoint"),
    ("a service without a Secret", {"services": {"identity": {"existingSecret": ""}}}, "existingSecret"),
    ("a service without a certificate", {"services": {"eid": {"tlsSecret": ""}}}, "tlsSecret"),
    ("a client's private key", {"clients": [{"clientId": "a", "name": "A", "tenant": "a", "scopes": ["openid"], "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "x": "M" * 43, "y": "4" * 43, "d": "8" * 43}]}}]}, "jwks"),
    ("a client with a key nobody knows", {"clients": [{"clientId": "a", "name": "A", "tenant": "a", "scopes": ["openid"], "firstParty": True}]}, "firstParty"),
    ("a sender without an authority", {"senders": [{"clientId": "a", "tenant": "a", "sector": "a"}]}, "authority"),
    ("a witness without TLS", {"postbox": {"witnesses": [{"key": "w.example+0a1b2c3d+BAAA", "url": "http://w.example"}]}}, "witnesses"),
    ("a virus scanner with its port in the name", {"clamd": {"host": "clamd.scanner:3310"}}, "clamd"),
    ("a large profile beyond two gibibytes", {"attachments": {"largeBytes": 2147483649}}, "largeBytes"),
    ("four eyes without two operators, in production", {"identity": {"fourEyes": True}}, "operators"),
    ("an operator's private key", {"identity": {"operators": [{"name": "ada", "jwk": {"kty": "EC", "crv": "P-256", "x": "M" * 43, "y": "4" * 43, "d": "8" * 43}}]}}, "jwk"),
    ("a provider's secret as a value", {"identity": {"upstreams": [{"id": "b", "name": "B", "issuer": "https://b.example", "clientId": "a", "levelCap": "low", "clientSecret": "x"}]}}, "clientSecret"),
    ("a provider without a cap", {"identity": {"upstreams": [{"id": "b", "name": "B", "issuer": "https://b.example", "clientId": "a"}]}}, "levelCap"),
    ("a level nobody knows", {"account": {"importFloor": "gold"}}, "importFloor"),
    ("a tenant's quota that is no number", {"account": {"documents": {"quotaBytesOfTenant": {"musterstadt": "20M"}}}}, "quotaBytesOfTenant"),
    ("a second address without a certificate", {"mtls": {"enabled": True, "origin": "https://mtls.example"}}, "tlsSecret"),
    ("a second address that nobody is told", {"mtls": {"enabled": True, "tlsSecret": "a"}}, "origin"),
    ("a proxy by name", {"ingress": {"trustedProxies": ["controller.ingress"]}}, "trustedProxies"),
    ("pages of anybody as callers", {"ingress": {"api": {"corsOrigins": ["https://*.example"]}}}, "corsOrigins"),
    ("no pods at all", {"defaults": {"replicas": 0}}, "replicas"),
    ("a way out of the suite with a name the reach table lacks", {"networkPolicy": {"outside": {"anywhere": {"ports": [1], "to": []}}}}, "anywhere"),
    ("a network peer that matches everything", {"networkPolicy": {"outside": {"database": {"to": [{}]}}}}, "database"),
    ("an image digest that is none", {"image": {"digest": "sha256:latest"}}, "digest"),
]

failures: list[str] = []


def check(ok: bool, what: str, detail: str = "") -> None:
    print(f"{'ok  ' if ok else 'FAIL'}  {what}")
    if not ok:
        failures.append(what)
        if detail:
            print("      " + detail.replace("\n", "\n      "))


def render(values: dict) -> tuple[str, list[dict]]:
    """The whole release as one text, and as objects."""
    with helm.Chart.load(CHART) as chart:
        parts = chart.render(values, name=RELEASE, namespace=NAMESPACE)
    manifests = {k: v for k, v in sorted(parts.items()) if k.endswith(".yaml") and v.strip()}
    text = "".join(f"# Source: {k}\n---\n{v.strip().removeprefix('---').strip()}\n---\n" for k, v in manifests.items())
    objects = [o for o in yaml.safe_load_all(text) if o]
    notes = parts.get("siegel/templates/NOTES.txt", "").strip()
    return f"{text}# NOTES.txt\n" + "".join(f"# {line}".rstrip() + "\n" for line in notes.splitlines()), objects


def of_kind(objects: list[dict], kind: str) -> dict[str, dict]:
    return {o["metadata"]["name"].removeprefix(f"{NAME}-"): o for o in objects if o["kind"] == kind}


def pods(objects: list[dict]) -> dict[str, dict]:
    found = of_kind(objects, "Deployment") | of_kind(objects, "Job")
    return {name: o["spec"]["template"]["spec"] for name, o in found.items()}


def lint(case: str, values: dict) -> None:
    report = helm.lint(CHART, values, strict=True, namespace=NAMESPACE)
    bad = report["errors"] + [m["error"] for m in report["messages"] if m["severity"] >= 2]
    check(not bad, f"{case}: helm lint --strict is clean", "\n".join(bad))


def golden(name: str, text: str, update: bool) -> None:
    path = GOLDEN / name
    if update:
        path.write_text(text)
    old = path.read_text() if path.exists() else ""
    diff = "\n".join(list(difflib.unified_diff(old.splitlines(), text.splitlines(), "golden", "rendered", lineterm="", n=1))[:40])
    check(old == text, f"the render equals golden/{name} (--update after a wanted change)", diff)


def kubernetes(case: str, objects: list[dict]) -> None:
    for version in KUBERNETES:
        bad = []
        for o in objects:
            try:
                kubernetes_validate.validate(o, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                bad.append(f"{o['kind']}/{o['metadata']['name']}: {error.message[:200]}")
        check(not bad, f"{case}: {len(objects)} objects are valid Kubernetes {version}, strictly", "\n".join(bad))


def selector(component: str) -> dict:
    labels = {"name": "siegel", "instance": RELEASE, "component": component}
    return {"podSelector": {"matchLabels": {f"app.kubernetes.io/{k}": v for k, v in labels.items()}}}


def rules(entries: list[dict], side: str) -> list[str]:
    """Rules in a form that compares: order says nothing."""
    canon = lambda x: json.dumps(x, sort_keys=True)
    return sorted(canon([sorted(map(canon, e.get(side, ["ANYBODY"]))), sorted(map(canon, e.get("ports", ["ANY PORT"])))]) for e in entries or [])


def tcp(*ports: int | str) -> list[dict]:
    return [{"protocol": "TCP", "port": p} for p in ports]


def network(case: str, values: dict, objects: list[dict]) -> None:
    """Expected rules come from reach.toml and the values alone, not from the templates."""
    with helm.Chart.load(CHART) as chart:
        v = chart.merge_values(values)
    policies = of_kind(objects, "NetworkPolicy")
    n = v["networkPolicy"]
    if not n["enabled"]:
        check(not policies, f"{case}: no NetworkPolicy when they are off")
        return
    second = ["identity-mtls"] if v["mtls"]["enabled"] else []
    check(set(policies) == {*REACH, *second, "default-deny", "migrate"}, f"{case}: one NetworkPolicy per service, one for the migration, one that denies")
    deny = policies["default-deny"]["spec"]
    check(deny["policyTypes"] == ["Ingress", "Egress"] and not deny.get("ingress") and not deny.get("egress")
          and "app.kubernetes.io/component" not in deny["podSelector"]["matchLabels"],
          f"{case}: what no policy allows is denied, both ways, for every pod of the release")
    dns = {"to": n["dns"]["to"], "ports": [{"protocol": p, "port": port} for port in n["dns"]["ports"] for p in ("UDP", "TCP")]}
    off = (set() if v["clamd"]["host"] else {"clamd"}) | (set() if v["telemetry"]["otlpEndpoint"] else {"otlp"})
    off |= set() if v["postbox"]["witnesses"] else {"witnesses"}
    grpc = json.loads((CHART / "files/grpc.json").read_text())
    paths = json.loads((CHART / "files/paths.json").read_text())
    for name, row in REACH.items():
        spec = policies[name]["spec"]
        check(spec["podSelector"] == selector(name)["podSelector"] and spec["policyTypes"] == ["Ingress", "Egress"], f"{case}: the policy {name} selects {name}, both ways")
        out = [dns, {"to": [selector(s) for s in {*row["calls"], *row["events_of"]}], "ports": tcp(8443)}]
        if "identity" in row["calls"]:
            out.append({"to": [selector("identity")], "ports": tcp(8080)})
        out += [{"to": n["outside"][o]["to"], "ports": tcp(*n["outside"][o]["ports"])} for o in row["outside"] if o not in off and n["outside"][o]["to"]]
        check(rules(spec["egress"], "to") == rules(out, "to"), f"{case}: egress of {name} is exactly its row in reach.toml",
              f"rendered {rules(spec['egress'], 'to')}\nexpected {rules(out, 'to')}")
        callers = [s for s, its in REACH.items() if name in its["calls"] + its["events_of"]]
        callers += second if "identity" in callers else []
        into = [{"from": [selector(s) for s in callers], "ports": tcp("internal", *(["http"] if name == "identity" else []))}] if callers else []
        if paths.get(name) or grpc.get(name, {}).get("public"):
            into.append({"from": n["ingressController"]["from"], "ports": tcp("http")})
        if n["metrics"]["from"]:
            into.append({"from": n["metrics"]["from"], "ports": tcp("probe")})
        check(rules(spec["ingress"], "from") == rules(into, "from"), f"{case}: ingress of {name} is exactly who may call it",
              f"rendered {rules(spec['ingress'], 'from')}\nexpected {rules(into, 'from')}")
    for name in second:
        spec, own = policies[name]["spec"], policies["identity"]["spec"]
        into = [{"from": v["mtls"]["from"], "ports": tcp("mtls")}] if v["mtls"]["from"] else []
        into += [{"from": n["metrics"]["from"], "ports": tcp("probe")}] if n["metrics"]["from"] else []
        check(spec["podSelector"] == selector(name)["podSelector"] and rules(spec["ingress"], "from") == rules(into, "from") and rules(spec["egress"], "to") == rules(own["egress"], "to"),
              f"{case}: the second address of identity is reached by its clients only, and reaches what identity does")
    migrate = policies["migrate"]["spec"]
    database = {"to": n["outside"]["database"]["to"], "ports": tcp(*n["outside"]["database"]["ports"])}
    check(rules(migrate["egress"], "to") == rules([dns, database], "to") and not migrate.get("ingress"), f"{case}: the migration reaches DNS and the database only")


def hardened(case: str, objects: list[dict]) -> None:
    for name, pod in pods(objects).items():
        box, context = pod["containers"][0], pod["securityContext"]
        inner = box["securityContext"]
        check(
            len(pod["containers"]) == 1 and context["runAsNonRoot"] and context["runAsUser"] > 0 and context["seccompProfile"] == {"type": "RuntimeDefault"}
            and inner == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            and not pod["automountServiceAccountToken"] and not pod["enableServiceLinks"] and not pod.get("hostNetwork")
            and "memory" in box["resources"]["limits"] and "cpu" in box["resources"]["requests"],
            f"{case}: the pod of {name} is not root, cannot write, holds no token, has limits",
        )
    accounts = of_kind(objects, "ServiceAccount")
    check(all(a["automountServiceAccountToken"] is False for a in accounts.values()) and set(accounts) == set(pods(objects)), f"{case}: each pod has a ServiceAccount of its own, without a token")


def secrets(case: str, values: dict, text: str, objects: list[dict]) -> None:
    check(not of_kind(objects, "Secret"), f"{case}: the chart makes no Secret")
    leak = re.search(r"BEGIN [A-Z ]*PRIVATE KEY|\w+://[^/\s:@]+:[^/\s@]+@|(?i:password|secret|token|key)\w* *[:=] *\"?(?!/)(?=\S*[A-Z])(?=\S*[0-9])[A-Za-z0-9+/=_-]{20,}", text)
    check(leak is None, f"{case}: nothing in the render looks like a secret", leak.group() if leak else "")
    for name, pod in pods(objects).items():
        check("env" not in pod["containers"][0] and "envFrom" not in pod["containers"][0], f"{case}: no secret reaches {name} as a variable")
    config = tomllib.loads(of_kind(objects, "ConfigMap")["config"]["data"]["siegel.toml"])
    for name in REACH:
        named = {path for path in files_in(config[name])}
        check(named == mounted(pods(objects)[name], name), f"{case}: the files {name} reads are the files its pod holds",
              f"config {sorted(named)}\nmounted {sorted(mounted(pods(objects)[name], name))}")
    check(set(files_in(config["internal_tls"])) == {"/run/siegel/tls/tls.crt", "/run/siegel/tls/tls.key", "/run/siegel/tls/ca.crt"}, f"{case}: the internal listener's certificate is where the pods hold it")
    held = {name: mounted(pods(objects)["migrate"], name) for name in REACH}
    check(held == {name: {f"/run/siegel/secrets/{name}/database-url"} for name in REACH}, f"{case}: the migration holds database addresses and no key")
    with helm.Chart.load(CHART) as chart:
        profile = chart.merge_values(values)["profile"]
    check(config["profile"] == profile and (profile == "sandbox" or "simulated" not in json.dumps(config)), f"{case}: siegel.toml says profile {profile}, and nothing simulated in production")


def files_in(table: dict) -> list[str]:
    own = [v for k, v in table.items() if k.endswith("_file") or k == "file"]
    tables = [t for v in table.values() for t in (v if isinstance(v, list) else [v]) if isinstance(t, dict)]
    return own + [path for t in tables for path in files_in(t)]


def mounted(pod: dict, service: str) -> set[str]:
    """Secret files of `service` in a pod."""
    volumes = {v["name"]: v for v in pod["volumes"] if "secret" in v}
    found = set()
    for mount in pod["containers"][0]["volumeMounts"]:
        if mount["mountPath"] == f"/run/siegel/secrets/{service}":
            found |= {f"{mount['mountPath']}/{item['path']}" for item in volumes[mount["name"]]["secret"]["items"]}
    return found


def second_address(case: str, values: dict, objects: list[dict]) -> None:
    """Pods for clients with certificates: identity's own, behind a Service that no other pod is behind."""
    with helm.Chart.load(CHART) as chart:
        mtls = chart.merge_values(values)["mtls"]
    found, services = pods(objects), of_kind(objects, "Service")
    data = of_kind(objects, "ConfigMap")["config"]["data"]
    if not mtls["enabled"]:
        check("identity-mtls" not in found and "identity-mtls" not in services and "mtls.toml" not in data, f"{case}: no second address when it is off")
        return
    listen, other = tomllib.loads(data["mtls.toml"]), tomllib.loads(data["siegel.toml"])
    table = listen.pop("listen")
    first = other.pop("listen")
    check(listen == other and first["mtls_origin"] == table["mtls_origin"] == mtls["origin"] and not {"mtls", "tls_certificate_file"} & set(first),
          f"{case}: both configurations of identity differ in their listeners only, and both tell the second address")
    pod = found["identity-mtls"]
    held = {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    check({str(Path(v).parent) for k, v in table.items() if k.endswith("_file")} <= held and pod["containers"][0]["args"][-1] == "/etc/siegel/mtls.toml",
          f"{case}: the pods of the second address hold its certificate and authorities")
    check(mounted(pod, "identity") == mounted(found["identity"], "identity"), f"{case}: they hold what identity's pods hold")
    behind = services["identity-mtls"]["spec"]["selector"]
    check(behind == selector("identity-mtls")["podSelector"]["matchLabels"] and all(s["spec"]["selector"] != behind for n, s in services.items() if n != "identity-mtls"),
          f"{case}: plain requests of the ingress never get there, nor clients' certificates elsewhere")


def backends(case: str, objects: list[dict]) -> None:
    """Every Ingress path ends at a Service port that ends at a container port."""
    services, bad, seen = of_kind(objects, "Service"), [], set()
    for ingress in of_kind(objects, "Ingress").values():
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            target = path["backend"]["service"]
            name = target["name"].removeprefix(f"{NAME}-")
            port = next((p for p in services[name]["spec"]["ports"] if p["name"] == target["port"]["name"]), None)
            containers = {p["name"] for p in pods(objects)[name]["containers"][0]["ports"]}
            if port is None or port["targetPort"] not in containers or path["path"] in seen:
                bad.append(f"{path['path']} -> {target}")
            seen.add(path["path"])
    check(bool(seen) and not bad, f"{case}: {len(seen)} public paths, each once, each ends at a listening port", "\n".join(bad))


def tables() -> None:
    check(generate.TARGET.read_text() == generate.text(), "files/reach.json is made from libs/grpc/reach.toml (tests/helm/generate.py)")
    names, outside = set(REACH), {"database", "otlp", "smtp", "webhooks", "object_store", "clamd", "eid_servers", "upstream_identity", "witnesses"}
    check(all(set(row) == {"calls", "events_of", "outside", "faces"} and set(row["calls"]) | set(row["events_of"]) <= names - {name}
              and set(row["outside"]) <= outside and set(row["faces"]) <= {"http", "grpc"} and all(len(v) == len(set(v)) for v in row.values())
              for name, row in REACH.items()), "reach.toml names only services, ways out and faces that exist")
    check(all("identity" in row["calls"] for name, row in REACH.items() if name != "identity"), "every service may call identity")
    check(all("grpc" in REACH[s]["faces"] for row in REACH.values() for s in row["calls"] + row["events_of"]), "whoever is called serves gRPC")
    keys = json.loads((CHART / "files/secrets.json").read_text())
    check(set(keys) == names and all("database-url" in k for k in keys.values()), "files/secrets.json knows every service")
    paths = json.loads((CHART / "files/paths.json").read_text())
    check({s for s, row in REACH.items() if "http" in row["faces"]} == set(paths), "files/paths.json has paths for exactly the services with an HTTP face")
    api = json.loads((CHART / "files/api.json").read_text())
    public = {name for name, row in json.loads((CHART / "files/grpc.json").read_text()).items() if row["public"]}
    check(set(api) == public, "files/api.json has paths for exactly the services with a public face in gRPC")
    decided = [rpc for row in json.loads((CHART / "files/grpc.json").read_text()).values() for rpc in row["public"] + row["siblings"]]
    proto = []
    for file in sorted((ROOT / "proto/siegel").rglob("*.proto")):
        source = file.read_text()
        package = re.search(r"^package ([\w.]+);", source, re.M).group(1)
        proto += [f"{package}.{s}" for s in re.findall(r"^service (\w+)", source, re.M)]
    check(sorted(decided) == sorted(proto), f"files/grpc.json says for all {len(proto)} gRPC services in proto/ whether the outside may reach them",
          f"undecided {sorted(set(proto) - set(decided))}, gone {sorted(set(decided) - set(proto))}")


def refusals() -> None:
    with helm.Chart.load(CHART) as chart:
        for name, values, blamed in REFUSED:
            try:
                chart.render(values, name=RELEASE, namespace=NAMESPACE)
                check(False, f"the chart refuses {name}", "it rendered")
            except helm.HelmError as error:
                check(blamed in str(error), f"the chart refuses {name}", f"the message does not name {blamed}: {error}")


def main() -> int:
    update = "--update" in sys.argv[1:]
    if update:
        generate.TARGET.write_text(generate.text())
        GOLDEN.mkdir(exist_ok=True)
    print(f"helm SDK {helm.helm_sdk_version()}, kubernetes-validate for {' and '.join(KUBERNETES)}, cases: {', '.join(CASES)}")
    tables()
    kinds = [(case, kind) for case in CASES for kind in ("yaml", "siegel.toml")]
    for case, values in CASES.items():
        lint(case, values)
        text, objects = render(values)
        golden(f"{case}.yaml", text, update)
        golden(f"{case}.siegel.toml", of_kind(objects, "ConfigMap")["config"]["data"]["siegel.toml"], update)
        second = of_kind(objects, "ConfigMap")["config"]["data"].get("mtls.toml")
        if second:
            golden(f"{case}.mtls.siegel.toml", second, update)
            kinds.append((case, "mtls.siegel.toml"))
        kubernetes(case, objects)
        second_address(case, values, objects)
        network(case, values, objects)
        hardened(case, objects)
        secrets(case, values, text, objects)
        backends(case, objects)
    stray = {p.name for p in GOLDEN.iterdir()} - {f"{c}.{kind}" for c, kind in kinds}
    check(not stray, "no golden file without a case", ", ".join(sorted(stray)))
    refusals()
    print(f"helm: {'FAILED: ' + str(len(failures)) if failures else 'all passed'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
