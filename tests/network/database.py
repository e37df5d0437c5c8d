"""A database with one login role and schema per service, exactly as docs/how-to/kubernetes.md says."""

import os
import secrets
import subprocess
from urllib.parse import urlsplit

PSQL = os.environ.get("PSQL", "psql")


def psql(url: str, sql: str) -> subprocess.CompletedProcess:
    return subprocess.run([PSQL, url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], capture_output=True, text=True, timeout=60)


def must(url: str, *statements: str) -> str:
    """Runs statements one by one; answers what the last one printed."""
    out = ""
    for sql in statements:
        done = psql(url, sql)
        if done.returncode:
            raise RuntimeError(f"{sql.split(' PASSWORD')[0]}: {done.stderr}")
        out = done.stdout.strip()
    return out


class Database:
    def __init__(self, admin: str, services: list[str]):
        self.admin, self.services = admin, services
        self.tag = secrets.token_hex(3)
        self.name = f"network_{self.tag}"
        must(admin, f"CREATE DATABASE {self.name}")
        self.inside = urlsplit(admin)._replace(path=f"/{self.name}").geturl()
        self.urls = {service: self._role(service) for service in services}

    def role(self, service: str) -> str:
        return f"siegel_{service}_{self.tag}"

    def _role(self, service: str) -> str:
        password, role = secrets.token_urlsafe(18), self.role(service)
        must(
            self.inside,
            f"CREATE ROLE {role} LOGIN PASSWORD '{password}'",
            f"CREATE SCHEMA {service} AUTHORIZATION {role}",
            f"ALTER ROLE {role} SET search_path = {service}",
        )
        server = urlsplit(self.admin)
        return f"postgres://{role}:{password}@{server.hostname}:{server.port}/{self.name}"

    def tables(self) -> dict[str, list[str]]:
        rows = must(self.inside, "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2")
        found: dict[str, list[str]] = {}
        for row in rows.splitlines():
            schema, table = row.split("|")
            found.setdefault(schema, []).append(table)
        return found

    def foreign_rights(self) -> list[str]:
        """Every right of a service's role on another's schema or tables; there should be none."""
        roles = ", ".join(f"('{s}', '{self.role(s)}')" for s in self.services)
        return must(
            self.inside,
            f"""SELECT r.service || ' ' || p.may || ' ' || t.schemaname || '.' || t.tablename
            FROM (VALUES {roles}) r(service, role), pg_tables t, (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) p(may)
            WHERE t.schemaname IN (SELECT service FROM (VALUES {roles}) x(service, role)) AND t.schemaname <> r.service
            AND (has_table_privilege(r.role, format('%I.%I', t.schemaname, t.tablename), p.may) OR has_schema_privilege(r.role, t.schemaname, 'USAGE'))""",
        ).splitlines()

    def drop(self) -> None:
        must(self.admin, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        for service in self.services:
            psql(self.admin, f"DROP ROLE IF EXISTS {self.role(service)}")
