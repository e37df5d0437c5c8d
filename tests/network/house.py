"""Pods on one machine: each service a process that sees its own files under /run/siegel, found by the
chart's names on loopback addresses of its own, with the chart's ports."""

import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import certificates
import chart

USER = 65532  # as the image
# Becomes the pod: an empty /run, the pod's files in it, then the image's user, then the program.
POD = """set -e
mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/siegel && mount --bind -o ro "$1" /run/siegel && shift
exec "$@"
"""


class House:
    def __init__(self, folder: Path, binary: str, urls: dict[str, str], network: str):
        self.folder, self.network = folder, network
        self.running: dict[str, subprocess.Popen] = {}
        self.ca = certificates.Authority("siegel internal")
        for name in ("pods", "log", "objects", "config"):
            (folder / name).mkdir()
        self.binary = folder / "siegel"
        shutil.copy(binary, self.binary)
        self.portal_key = certificates.p256()
        self.secrets = {service: {key: certificates.secret(key) for key in keys} for service, keys in chart.SECRETS.items()}
        for service, url in urls.items():
            self.secrets[service]["database-url"] = url
        self.secrets["portal"]["client-key.pem"] = certificates.pem(self.portal_key)
        self.secrets["identity"]["portal-client-jwks.json"] = certificates.json.dumps(certificates.jwks(self.portal_key))

    def address(self, service: str) -> str:
        return f"{self.network}.{chart.SERVICES.index(service) + 1}"

    def names(self) -> dict[str, str]:
        """Host names to addresses: what the cluster's DNS would say."""
        return {f"{chart.RELEASE}-{service}": self.address(service) for service in chart.SERVICES}

    def furnish(self, rendered: chart.Rendered, toml: str, name: str) -> None:
        """Makes the pods' files: secrets as the chart mounts them, and a certificate each."""
        (self.folder / "config" / f"{name}.toml").write_text(toml)
        for pod in [*chart.SERVICES, "migrate"]:
            at = self.folder / "pods" / name / pod
            for service, keys in rendered.secret_files(pod).items():
                for key in keys:
                    file = at / "secrets" / service / key
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(self.secrets[service][key])
            if pod != "migrate":
                self.ca.issue(f"{chart.RELEASE}-{pod}", at / "tls")
        self._give_away()

    def _give_away(self) -> None:
        if os.getuid() == 0 and self._can_change_user():
            for path in [*(self.folder / "pods").rglob("*"), self.folder / "objects"]:
                os.chown(path, 0, USER)
                path.chmod(0o770 if path.name == "objects" else 0o750 if path.is_dir() else 0o440)

    @staticmethod
    def _can_change_user() -> bool:
        # Behind `unshare --map-root-user` there is only one user.
        return Path("/proc/self/uid_map").read_text().split()[2] != "1"

    def command(self, config: str, pod: str, *arguments: str) -> list[str]:
        user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", "--inh-caps=-all"] if self._can_change_user() else []
        at = self.folder / "pods" / config / pod
        return ["unshare", "--mount", "sh", "-c", POD, "pod", str(at), *user, str(self.binary), *arguments]

    def environment(self, service: str | None = None) -> dict[str, str]:
        """Nothing but where to listen: pods have an address each, these share a machine."""
        if service is None:
            return {"PATH": "/usr/bin:/bin"}
        ports = {"HTTP": 8080, "INTERNAL": 8443, "PROBE": 9090}
        return {"PATH": "/usr/bin:/bin"} | {f"SIEGEL__LISTEN__{name}": f"{self.address(service)}:{port}" for name, port in ports.items()}

    def once(self, config: str, pod: str, *arguments: str, seconds: float = 30) -> subprocess.CompletedProcess:
        """Runs the program to its end, or ends it."""
        command = self.command(config, pod, *arguments, "--config", str(self.folder / "config" / f"{config}.toml"))
        service = pod if pod in chart.SERVICES else None
        return subprocess.run(command, env=self.environment(service), cwd="/tmp", capture_output=True, text=True, timeout=seconds)

    def start(self, service: str, rendered: chart.Rendered, config: str = "sandbox") -> None:
        arguments = [str(self.folder / "config" / f"{config}.toml") if a == "/etc/siegel/siegel.toml" else a for a in rendered.arguments(service)]
        with (self.folder / "log" / f"{service}.log").open("ab") as log:
            self.running[service] = subprocess.Popen(self.command(config, service, *arguments), env=self.environment(service), cwd="/tmp", stdout=log, stderr=log)

    def probe(self, service: str, path: str = "/readyz", port: int = 9090) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.address(service)}:{port}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    def ready(self, service: str, seconds: float = 30) -> float | None:
        """Seconds until the service is ready; None when it ends or is not."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            if self.running[service].poll() is not None:
                return None
            if self.probe(service)[0] == 200:
                return time.monotonic() - began
            time.sleep(0.05)
        return None

    def stop(self, service: str) -> tuple[float, int]:
        """SIGTERM; seconds until the process ended, and its exit code."""
        process, began = self.running.pop(service), time.monotonic()
        process.terminate()
        try:
            code = process.wait(45)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        return time.monotonic() - began, code

    def kill(self, service: str) -> None:
        process = self.running.pop(service)
        process.kill()
        process.wait()

    def log(self, service: str, lines: int = 15) -> str:
        file = self.folder / "log" / f"{service}.log"
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.exists() else ""

    def end(self) -> None:
        for service in list(self.running):
            self.running[service].kill()
            self.running.pop(service).wait()
