"""What the chart renders: siegel.toml, and the paths of the one origin."""

import json
import re
from pathlib import Path

import helm_python as helm
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/siegel"
RELEASE = "siegel"
SECRETS = json.loads((CHART / "files/secrets.json").read_text())
SERVICES = list(SECRETS)


class Rendered:
    def __init__(self, values: dict):
        with helm.Chart.load(CHART) as chart:
            parts = chart.render(values, name=RELEASE, namespace="siegel")
        text = "\n---\n".join(part for path, part in parts.items() if path.endswith(".yaml"))
        self.objects = [o for o in yaml.safe_load_all(text) if o]
        config = next(o for o in self._kind("ConfigMap") if o["metadata"]["name"].endswith("-config"))
        self.toml = config["data"]["siegel.toml"]

    def _kind(self, kind: str) -> list[dict]:
        return [o for o in self.objects if o["kind"] == kind]

    def arguments(self, service: str) -> list[str]:
        """What the chart gives the program of a pod."""
        pod = next(o for o in self._kind("Deployment") + self._kind("Job") if o["metadata"]["name"] == f"{RELEASE}-{service}")
        return pod["spec"]["template"]["spec"]["containers"][0]["args"]

    def secret_files(self, service: str) -> dict[str, list[str]]:
        """Service to keys of its Secret, as the pod mounts them."""
        pod = next(o for o in self._kind("Deployment") + self._kind("Job") if o["metadata"]["name"] == f"{RELEASE}-{service}")
        spec = pod["spec"]["template"]["spec"]
        volumes = {v["name"]: v for v in spec["volumes"] if "secret" in v}
        found = {}
        for mount in spec["containers"][0]["volumeMounts"]:
            if mount["mountPath"].startswith("/run/siegel/secrets/"):
                found[mount["mountPath"].rsplit("/", 1)[1]] = [i["path"] for i in volumes[mount["name"]]["secret"]["items"]]
        return found

    def ways(self) -> list[tuple[str, str, bool]]:
        """Path, service, whether gRPC: what the ingress does."""
        found = []
        for ingress in self._kind("Ingress"):
            grpc = ingress["metadata"]["name"].endswith("-grpc")
            for path in ingress["spec"]["rules"][0]["http"]["paths"]:
                found.append((path["path"], path["backend"]["service"]["name"].removeprefix(f"{RELEASE}-"), grpc))
        return found


def on_one_machine(toml: str, objects: Path) -> str:
    """The two things a machine without S3 and without a relay that speaks TLS needs changed."""
    store = f'[postbox.object_store]\nkind = "files"\ndir = "{objects}"\n'
    toml, stores = re.subn(r"\[postbox\.object_store\]\n(?:\w.*\n)+", lambda _: store, toml)
    toml, relays = re.subn(r'encryption = "starttls"', 'encryption = "none"', toml)
    if (stores, relays) != (1, 1):
        raise RuntimeError("the rendered siegel.toml has changed its shape")
    return toml


def nginx(ways: list[tuple[str, str, bool]], listen: str, host: str, folder: Path) -> str:
    """The ingress: TLS, HTTP/2, and Prefix paths as ingress-nginx reads them."""
    locations = []
    for path, service, grpc in ways:
        backend = f"{RELEASE}-{service}:8080"
        to = f"grpc_pass grpc://{backend}; grpc_read_timeout 3600s; grpc_send_timeout 3600s; client_max_body_size 0;" if grpc else f"proxy_pass http://{backend};"
        # As the annotations of the Ingress `api` say.
        to += " client_max_body_size 0; proxy_request_buffering off; proxy_read_timeout 3600s;" if path.startswith("/v1") else ""
        matches = ["/"] if path == "/" else [f"= {path}", f"{path}/"]
        locations += [f"    location {match} {{ {to} }}" for match in matches]
    temporary = "\n".join(f"  {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""daemon off; user root root; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
{temporary}
  access_log off; server_tokens off; large_client_header_buffers 4 16k;
  proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto https;
  server {{
    listen {listen} ssl http2; server_name {host};
    ssl_certificate {folder}/tls.crt; ssl_certificate_key {folder}/tls.key;
{chr(10).join(locations)}
  }}
}}
"""
