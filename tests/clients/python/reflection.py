#!/usr/bin/env python3
"""What a stranger with only the address sees: reflection v1 and v1alpha, health.

    SIEGEL_ORIGIN=http://localhost:8080 python reflection.py
"""

import subprocess
import sys

from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import siegel_client as siegel


def check(condition, message):
    if not condition:
        sys.exit(f"reflection.py: {message}")


def expected():
    """Every service that a .proto file of ours declares, except those for siblings only."""
    names = set()
    for file in sorted((siegel.ROOT / "proto").rglob("*.proto")):
        package = None
        for line in file.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if line.startswith("package "):
                package = words[1].rstrip(";")
            elif line.startswith("service "):
                names.add(f"{package}.{words[1]}")
    return names


def grpcurl(origin, *arguments):
    run = subprocess.run(
        ["grpcurl", "-plaintext", siegel.target(origin), *arguments], capture_output=True, text=True, timeout=60
    )
    check(run.returncode == 0, f"grpcurl {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout


def main():
    origin = siegel.credentials()["origin"]
    listed = set(grpcurl(origin, "list").split())
    known = expected()
    must = {"siegel.postbox.v1.SenderService", "siegel.postbox.v1.MailboxService"}
    check(must <= listed, f"grpcurl lists {sorted(listed)}, without {sorted(must - listed)}")
    ours = {name for name in listed if name.startswith("siegel.")}
    check(ours <= known, f"the server speaks what proto/ does not: {sorted(ours - known)}")
    described = grpcurl(origin, "describe", "siegel.postbox.v1.SenderService.Submit")
    check("SubmitRequest" in described, f"grpcurl describes {described!r}")
    with siegel.channel(origin) as channel:
        names = set(ProtoReflectionDescriptorDatabase(channel).get_services())
        check(names == listed, f"reflection of Python lists {sorted(names)}")
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        check(answer.status == health_pb2.HealthCheckResponse.SERVING, f"health is {answer.status}")
    print(f"reflection and health answer; {len(ours)} services of ours")


if __name__ == "__main__":
    main()
